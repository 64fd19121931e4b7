"""Stripping phantoms: the truth closes the charge balance and the pictures show it."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.phantoms.stripping import UM_PER_MAH_CM2, make_stripping


def test_the_truth_closes() -> None:
    """Void area, thickness and kappa agree with each other and with the pixels' exact shares."""
    phantom = make_stripping((200, 320), (0.06, 0.06), seed=4, kappa=0.1, charges_mah_cm2=(0.0, 0.2, 0.4), lenses=3)
    pixels = phantom.voids.sum(axis=(1, 2)) * 0.06**2
    np.testing.assert_allclose(pixels, phantom.truth["void_area_um2"], rtol=2e-3, atol=1e-9)
    width = phantom.truth["void_area_um2"] / phantom.truth["void_thickness_um"].where(lambda um: um > 0)
    assert width.iloc[1] == pytest.approx(width.iloc[2])
    last = phantom.truth.iloc[-1]
    stripped_um = last["stripped_charge_mah_cm2"] * UM_PER_MAH_CM2
    assert last["void_capacity_ratio"] == pytest.approx(last["void_thickness_um"] / stripped_um)
    assert pixels[-1] / (320 * 0.06) / stripped_um == pytest.approx(0.1, rel=0.01)


def test_the_first_image_shows_no_void_and_the_last_is_darker() -> None:
    """Voids are dark where the first image has sodium."""
    phantom = make_stripping((200, 320), (0.06, 0.06), seed=4, drift_px=0.0, brightness=0.0, lenses=3)
    first, last = (phantom.series.steps[index].image for index in (0, -1))
    assert first is not None
    assert last is not None
    inside = phantom.voids[-1] == 1
    assert phantom.truth["void_count"].iloc[0] == 0
    assert first.data[inside].mean() - last.data[inside].mean() > 80


def test_equal_seeds_give_equal_series() -> None:
    """A seed fixes every pixel."""
    one, two = (make_stripping((160, 320), (0.06, 0.06), seed=8, lenses=2) for _ in range(2))
    for step, other in zip(one.series.steps, two.series.steps, strict=True):
        assert step.image is not None
        assert other.image is not None
        np.testing.assert_array_equal(step.image.data, other.image.data)


def test_too_much_stripping_is_refused() -> None:
    """More than the layer holds, or voids that do not fit, cannot be drawn."""
    with pytest.raises(ValueError, match="make it thicker"):
        make_stripping(seed=1, charges_mah_cm2=(0.0, 2.0), kappa=0.02)
    with pytest.raises(ValueError, match="do not fit"):
        make_stripping(seed=1, kappa=0.9)
