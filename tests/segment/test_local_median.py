"""The median around each pixel against the definition."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.local_median import local_median


def by_definition(image: np.ndarray, reach_px: int) -> np.ndarray:
    """Return the medians of the known pixels, window by window."""
    out = np.full(image.shape, np.nan, np.float32)
    for y, x in np.ndindex(image.shape):
        window = image[max(y - reach_px, 0) : y + reach_px + 1, max(x - reach_px, 0) : x + reach_px + 1]
        known = window[np.isfinite(window)]
        if known.size:
            out[y, x] = np.median(known)
    return out


@pytest.mark.parametrize("shape", [(23, 31), (3, 2), (1, 40), (40, 1)])
@pytest.mark.parametrize("decimals", [0, 6])
def test_local_median_is_the_median_of_what_is_known(shape: tuple[int, int], decimals: int) -> None:
    """With gaps, whole rows unknown, many equal greys, and pictures smaller than the window."""
    rng = np.random.default_rng(3)
    image = rng.normal(0, 3, shape).round(decimals).astype(np.float32)
    image[rng.random(shape) < 0.2] = np.nan
    image[: shape[0] // 3] = np.nan
    np.testing.assert_array_equal(local_median(image, 4), by_definition(image, 4))


def test_a_brighter_picture_has_a_brighter_median() -> None:
    """Adding a grey to all adds it to the medians, across zero too."""
    image = np.random.default_rng(4).integers(-50, 50, (12, 15)).astype(np.float32)
    np.testing.assert_array_equal(local_median(image + 64, 2), local_median(image, 2) + 64)
