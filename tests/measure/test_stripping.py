"""Voids of a stripped interface as numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.stripping import (
    curtain_change_fraction,
    onset_charge_mah_cm2,
    opening_um,
    void_area_um2,
    void_capacity_ratio,
    void_zone_depth_um,
)

SPACING = (0.1, 0.2)


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    """Return a rectangular void in a picture of 40 x 100 px whose electrolyte begins at row 30."""
    mask = np.zeros((40, 100), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def test_area_honours_both_pixel_sizes() -> None:
    """A rectangle's area is exact; half a pixel of outline and twice the scale are its interval."""
    found = void_area_um2(box(20, 10, 10, 30), SPACING, scale_relative_sd=0.0)
    assert found.value == pytest.approx(6.0)
    assert (found.low, found.high) == pytest.approx((6.0 - 76 * 0.02 / 2, 6.0 + 80 * 0.02 / 2))
    wide = void_area_um2(box(20, 10, 10, 30), SPACING, scale_relative_sd=0.02)
    assert wide.high - 6.0 == pytest.approx(math.hypot(0.8, 2 * 1.959964 * 0.02 * 6.0), rel=1e-6)
    lit = void_area_um2(box(20, 10, 10, 30), SPACING, scale_relative_sd=0.0, bright_px=50)
    assert (lit.value, lit.value - lit.low) == pytest.approx((6.0, math.hypot(0.76, 1.0)))


def test_no_void_is_zero_without_width() -> None:
    """An empty picture has the area 0 from 0 to 0."""
    assert void_area_um2(np.zeros((5, 5), bool), SPACING, scale_relative_sd=0.02)[:3] == (0, 0, 0)


def test_the_mean_opening_is_area_over_length() -> None:
    """The opening's mean times the width is the area."""
    void = box(20, 10, 10, 30)
    assert opening_um(void, SPACING).mean() * 100 * 0.2 == pytest.approx(6.0)


def test_depth_of_a_rectangle() -> None:
    """95 % of a rectangle that stands on the face lie within 95 % of its height; lifted, it is deeper."""
    face = np.full(100, 30.0)
    assert void_zone_depth_um(box(10, 10, 20, 30), face, SPACING) == pytest.approx(0.95 * 2.0, abs=0.01)
    assert void_zone_depth_um(box(5, 10, 20, 30), face, SPACING) == pytest.approx(0.5 + 0.95 * 2.0, abs=0.01)
    assert void_zone_depth_um(np.zeros((40, 100), bool), face, SPACING) == 0
    assert void_zone_depth_um(box(10, 10, 20, 30), np.full(100, np.nan), SPACING) == 0


def test_kappa_is_void_over_stripped_thickness() -> None:
    """What was open before does not count; the interval holds the value and both sources of width."""
    rng = np.random.default_rng(2)
    first = np.full(400, 0.1)
    opening = first + np.abs(rng.normal(0.4, 0.2, 400))
    found = void_capacity_ratio(opening, first, stripped_um=2.0, area_relative=(0.05, 0.05))
    assert found.value == pytest.approx((opening.mean() - 0.1) / 2.0)
    assert found.low < found.value - 0.05 * opening.mean() / 2.0
    assert found.high > found.value + 0.05 * opening.mean() / 2.0


def test_kappa_is_withheld_with_a_reason() -> None:
    """Without charge there is no ratio, with too few voids no interval, with other lengths an error."""
    zero = void_capacity_ratio(np.ones(9), np.zeros(9), stripped_um=0.0, area_relative=(0.0, 0.0))
    assert math.isnan(zero.value)
    assert "no charge" in zero.note
    ramp = void_capacity_ratio(np.linspace(0, 1, 50), np.zeros(50), stripped_um=1.0, area_relative=(0.0, 0.0))
    assert ramp.value == pytest.approx(0.5)
    assert math.isnan(ramp.low)
    assert "withheld" in ramp.note
    with pytest.raises(MeasurementError, match="register the images"):
        void_capacity_ratio(np.ones(9), np.zeros(8), stripped_um=1.0, area_relative=(0.0, 0.0))


@pytest.mark.parametrize(("areas", "value", "low", "high"), [
    ([0, 0, 1, 2], 0.25, 0.2, 0.3),
    ([1, 1, 1, 2], math.nan, math.nan, math.nan),
    ([0, 0, 0, 0], math.nan, 0.4, math.inf),
])  # fmt: skip
def test_the_onset_is_bracketed(areas: list[float], value: float, low: float, high: float) -> None:
    """Between two images nothing is known; no void at all is a bound."""
    found = onset_charge_mah_cm2(areas, [0.0, 0.2, 0.3, 0.4])
    assert found[:3] == pytest.approx((value, low, high), nan_ok=True)
    assert found.note


def test_new_curtains_are_told_from_noise() -> None:
    """Noise gives nothing, stripes give their relative standard deviation, a slow shading nothing."""
    rng = np.random.default_rng(5)
    first = rng.normal(100, 10, (80, 600))
    region = np.ones(first.shape, bool)
    noisy = rng.normal(100, 10, first.shape)
    assert curtain_change_fraction(noisy, first, region) < 0.005
    stripes = 5 * np.sign(np.sin(np.arange(600)))
    assert curtain_change_fraction(noisy + stripes, first, region) == pytest.approx(0.05, rel=0.1)
    slow = noisy + np.linspace(-10, 10, 600)
    assert curtain_change_fraction(slow, first, region) < 0.012
    assert math.isnan(curtain_change_fraction(noisy, first, np.zeros(first.shape, bool)))
