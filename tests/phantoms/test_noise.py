"""Blur, noise and artefacts against the numbers that define them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.phantoms import noise


def rng() -> np.random.Generator:
    """Return the same random numbers for each test."""
    return np.random.default_rng(7)


def test_blur_of_a_step_is_the_error_function() -> None:
    """Behind a Gaussian the edge of a half plane becomes an error function of the stated width."""
    step = np.zeros((3, 60))
    step[:, 30:] = 1
    position = np.arange(60) + 0.5 - 30
    edges = np.array([math.erf(p / (2.0 * math.sqrt(2))) for p in position])
    assert np.abs(noise.blurred(step, 2.0)[1] - (1 + edges) / 2).max() < 0.01


@pytest.mark.parametrize("grey", [50.0, 150.0])
def test_noise_has_the_stated_sd_and_half_of_it_is_poisson(grey: float) -> None:
    """At the reference grey the sd is the stated one; elsewhere the Poisson half of the variance follows the grey."""
    picture = noise.noisy(np.full((400, 400), grey), noise_sd=12.0, reference_grey=150.0, rng=rng())
    assert picture.mean() == pytest.approx(grey, abs=0.1)
    assert picture.std() == pytest.approx(12.0 * math.sqrt(0.5 + 0.5 * grey / 150.0), rel=0.01)


def test_no_noise_leaves_the_picture_alone() -> None:
    """A noise of zero returns an equal picture that is not the same array."""
    flat = np.full((4, 4), 9.0)
    quiet = noise.noisy(flat, noise_sd=0.0, reference_grey=9.0, rng=rng())
    np.testing.assert_array_equal(quiet, flat)
    assert quiet is not flat


def test_curtains_run_along_columns() -> None:
    """Stripes vary across the picture by the stated amplitude and far less along it."""
    gain = noise.curtains((300, 400), amplitude=0.04, flames=0, rng=rng())
    assert gain.mean(axis=0).std() == pytest.approx(0.04, rel=0.1)
    assert np.abs(np.diff(gain, axis=0)).mean() < 0.05 * np.abs(np.diff(gain, axis=1)).mean()


def test_flames_add_stripes_that_begin_inside() -> None:
    """With flames the rows at the bottom differ more from those at the top than without."""
    plain = noise.curtains((300, 400), amplitude=0.04, flames=0, rng=rng())
    flames = noise.curtains((300, 400), amplitude=0.04, flames=8, rng=rng())
    assert np.ptp(flames - plain) > 0.04


def test_shading_keeps_its_bounds() -> None:
    """The gain stays within the stated half range about 1 and reaches it."""
    gain = noise.shading((80, 120), amplitude=0.1, rng=rng())
    assert np.abs(gain - 1).max() == pytest.approx(0.1)


def test_charging_only_brightens() -> None:
    """Charging adds bands along the scan and takes nothing away."""
    added = noise.charging((100, 200), amplitude_grey=20.0, streaks=2, rng=rng())
    assert added.min() >= 0
    assert added.max() > 5
    assert added.std(axis=0).mean() > added.std(axis=1).mean()


def test_artefacts_of_zero_strength_change_nothing() -> None:
    """Without amplitude curtains, shading and charging are neutral."""
    assert np.all(noise.curtains((5, 6), amplitude=0.0, flames=3, rng=rng()) == 1)
    assert np.all(noise.shading((5, 6), amplitude=0.0, rng=rng()) == 1)
    assert np.all(noise.charging((5, 6), amplitude_grey=0.0, streaks=3, rng=rng()) == 0)


def test_grain_contrast_is_level_inside_grains() -> None:
    """Channelling contrast stays within -1 and 1 and most neighbouring pixels share a grain."""
    axis = (np.arange(200) + 0.5) * 0.1
    level = noise.grain_contrast(axis, axis, grain_um=5.0, rng=rng())
    assert np.abs(level).max() <= 1
    assert np.mean(np.diff(level, axis=1) == 0) > 0.9
