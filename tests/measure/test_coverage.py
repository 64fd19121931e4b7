"""Coverage of the interface, its interval and its bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sodalite.errors import MeasurementError
from sodalite.measure.coverage import coverage_quantities


def _alternating(seed: int, bare_um: float, covered_um: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    runs = [np.full(1 + int(rng.exponential(mean)), level) for mean, level in ((bare_um, 0.0), (covered_um, 5.0)) * 200]
    return np.concatenate(runs)[:3000]


def test_share_by_hand() -> None:
    """Three of four columns are above the limit; a column at the limit is not."""
    (quantity,) = coverage_quantities(np.array([1.0, 2.0, 0.5, 3.0]), least_thickness_um=0.5)
    assert quantity.value == 0.75
    assert quantity.n == 4
    assert "0.5 um or less is not counted" in quantity.note


def test_columns_without_a_face_do_not_count() -> None:
    """NaN columns leave numerator and denominator, and the note says how many were left."""
    (quantity,) = coverage_quantities(np.array([1.0, np.nan, 0.0, np.nan]), least_thickness_um=0.1)
    assert quantity.value == 0.5
    assert "50 % of the columns" in quantity.note
    (blind,) = coverage_quantities(np.full(3, np.nan), least_thickness_um=0.1)
    assert math.isnan(blind.value)


def test_interval_covers_renewal_truth() -> None:
    """Random runs with mean lengths 20 and 80 cover 0.8 of the line: its interval holds that in >= 90 % of 200."""
    found = [coverage_quantities(_alternating(seed, 20, 80), least_thickness_um=1.0)[0] for seed in range(200)]
    hits = np.mean([quantity.low <= 80.5 / 101 <= quantity.high for quantity in found])
    assert hits >= 0.90


def test_full_and_empty_give_one_sided_bounds() -> None:
    """Everything covered is a lower bound by the rule of three, nothing covered an upper one."""
    gross = 10 + np.random.default_rng(0).normal(size=600)
    (full,) = coverage_quantities(gross, least_thickness_um=1.0)
    (empty,) = coverage_quantities(gross, least_thickness_um=99.0)
    assert full.value == 1.0
    assert full.low == pytest.approx(1 - 3 / 600, abs=3e-3)
    assert math.isinf(full.high)
    assert empty.value == 0.0
    assert empty.high == pytest.approx(3 / 600, abs=3e-3)


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 20)))
def test_mirror_and_scale_change_nothing(gross: np.ndarray) -> None:
    """A mirrored line, or one in other units, has the same coverage."""
    value = coverage_quantities(gross, least_thickness_um=3.0)[0].value
    assert coverage_quantities(gross[::-1], least_thickness_um=3.0)[0].value == value
    assert coverage_quantities(gross * 2, least_thickness_um=6.0)[0].value == value


def test_negative_limit_is_refused() -> None:
    """The message names the field."""
    with pytest.raises(MeasurementError, match="least_thickness_um"):
        coverage_quantities(np.ones(3), least_thickness_um=-1.0)
