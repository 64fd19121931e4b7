"""Medians and quantiles against those of numpy."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.ranks import column_medians, median, quantiles

FRACTIONS = (0.0, 0.005, 0.25, 0.5, 0.99, 1.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 2, 3, 10, 501, 4000])
def test_ranks_are_to_the_bit_those_of_numpy(dtype: type, size: int) -> None:
    """Bytes, words and floats, odd and even numbers of them."""
    values = np.random.default_rng(size).normal(120, 30, size).clip(0, 255).astype(dtype)
    assert median(values) == np.median(values)
    np.testing.assert_array_equal(quantiles(values, FRACTIONS), np.quantile(values, FRACTIONS))


def test_the_values_keep_their_order_and_may_have_two_axes() -> None:
    """Every other row and third column of a picture, which stays as it is."""
    picture = np.random.default_rng(1).normal(0, 1, (20, 31)).astype(np.float32)
    before = picture.copy()
    assert median(picture[::2, ::3]) == np.median(picture[::2, ::3])
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_column_medians_leave_out_what_is_not_known(dtype: type) -> None:
    """Gaps in every column, and one column of nothing else."""
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (16, 50)).astype(dtype)
    values[rng.random(values.shape) < 0.4] = np.nan
    values[0] = 1.0
    np.testing.assert_array_equal(column_medians(values), np.nanmedian(values, axis=0))
    values[:, 7] = np.nan
    assert np.flatnonzero(np.isnan(column_medians(values))).tolist() == [7]
