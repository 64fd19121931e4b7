"""Colours of a series in grey: luminance where it tells, else the mix that tells."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.read.colour import find_mix, luminance

SHAPE = (80, 120)
LIQUID = (118.0, 145.0, 150.0)
REDDISH = (190.0, 120.0, 90.0)
"""As bright as the liquid, and of another colour."""


def picture(front: int, deposit: tuple[float, float, float], *, lamp: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return an RGB picture whose deposit ends at a row, in a light that falls off to the right."""
    scene = np.where(np.arange(SHAPE[0])[:, None, None] < front, deposit, LIQUID) * np.ones((*SHAPE, 1))
    light = lamp * np.linspace(1.1, 0.8, SHAPE[1])[None, :, None]
    grain = np.random.default_rng(seed).normal(0, 3.0, (*SHAPE, 3))
    return np.clip(np.rint(scene * light + grain), 0, 255).astype(np.uint8)


def test_luminance_is_kept_where_it_tells() -> None:
    """A deposit that is darker, no change at all, and grey pictures need no other mix."""
    dark = [picture(front, (70.0, 60.0, 50.0), seed=front) for front in (0, 20, 40)]
    assert find_mix(dark) is None
    assert find_mix([picture(0, REDDISH, seed=seed) for seed in range(3)]) is None
    assert find_mix([np.repeat(luminance(each)[..., None], 3, axis=2) for each in dark]) is None


@pytest.mark.parametrize("lamp", [0.8, 1.2])
def test_a_colour_as_bright_as_the_liquid_is_told(lamp: float) -> None:
    """Where luminance does not step at all, the mix does by ten times its noise, whatever the lamp does."""
    frames = [picture(0, REDDISH), picture(20, REDDISH, seed=1), picture(40, REDDISH, lamp=lamp, seed=2)]
    mix = find_mix(frames)
    assert mix is not None
    assert np.dot(mix.weights, LIQUID) == pytest.approx(0, abs=1.0)
    assert "red" in mix.sentence()
    grey = mix.grey(frames[-1]).astype(float)
    deposit, liquid = grey[5:35], grey[45:75]
    noise = [float(np.diff(side, axis=1).std()) / np.sqrt(2) for side in (deposit, liquid)]
    assert abs(deposit.mean() - liquid.mean()) > 10 * max(noise)
    first = mix.grey(frames[0]).astype(float)[45:75]
    assert liquid.mean() == pytest.approx(first.mean(), abs=0.5 * first.std())
    assert np.ptp(liquid.mean(axis=0)) < 6 * liquid.std() / np.sqrt(30)


def test_spots_of_light_are_saturated() -> None:
    """A place without colour left is told from all others."""
    mix = find_mix([picture(0, REDDISH), picture(40, REDDISH, seed=1)])
    assert mix is not None
    lit = picture(40, REDDISH, seed=2)
    lit[50:60, 50:60] = 255
    grey = mix.grey(lit)
    assert (grey[50:60, 50:60] == np.iinfo(grey.dtype).max).all()
    assert (np.delete(grey, slice(50, 60), axis=0) < 0.95 * np.iinfo(grey.dtype).max).all()
