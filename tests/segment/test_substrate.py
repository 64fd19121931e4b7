"""The face of a substrate in frames with known edges, in even and in uneven light."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.segment.front import find_glare
from sodalite.segment.substrate import base_clearness, trace_base

SHAPE, BASE = (160, 240), 40.3
SUBSTRATE, LIQUID = 50.0, 170.0
NOTHING = np.zeros(SHAPE, bool)


def frame(light: np.ndarray | float = 1.0, liquid: float = LIQUID, seed: int = 0) -> np.ndarray:
    """Return a frame in some light whose substrate ends at `BASE`."""
    covered = np.clip(BASE - np.arange(SHAPE[0])[:, None] + np.zeros(SHAPE), 0, 1)
    scene = gaussian_filter(SUBSTRATE * covered + liquid * (1 - covered), 1.0) * light
    return (scene + np.random.default_rng(seed).normal(0, 3.0, SHAPE)).astype(np.float32)


def test_the_base_lies_between_pixels() -> None:
    """The mean of the traced face is right to a twentieth of a pixel, under a spot of light too."""
    assert trace_base(frame(), NOTHING, stiffness_px=40.0).mean() == pytest.approx(BASE, abs=0.05)
    lit = frame()
    lit[36:46, 90:100] = 255
    base = trace_base(lit, find_glare(lit, saturation=255), stiffness_px=40.0)
    assert base == pytest.approx(np.full(SHAPE[1], BASE), abs=0.8)


def test_base_is_found_under_uneven_light() -> None:
    """Light that more than doubles towards the far side parts a picture more than its substrate does."""
    rows = np.arange(220)[:, None] + np.zeros(400)
    picture = np.where(rows < 26, 90.0, 140.0) * (0.6 + 0.8 * rows / 220)
    noisy = (picture + np.random.default_rng(1).normal(0, 7, picture.shape)).astype(np.float32)
    base = trace_base(noisy, np.zeros(picture.shape, bool), stiffness_px=40.0)
    assert np.abs(base - 26).max() < 1.5


@pytest.mark.parametrize("seed", range(3))
def test_a_dark_corner_does_not_draw_the_base_away(seed: int) -> None:
    """Where the light falls off towards one side, the face keeps to its stretches that show clearly."""
    y, x = np.meshgrid(np.linspace(-1, 1, SHAPE[0]), np.linspace(-1, 1, SHAPE[1]), indexing="ij")
    light = 1 + 0.3 * (0.5 * x + 0.9 * y) - 0.14 * (x**2 + y**2)
    base = trace_base(frame(light, seed=seed), NOTHING, stiffness_px=40.0)
    assert np.abs(base - BASE).max() < 1.5


def test_a_face_that_hardly_shows_is_told() -> None:
    """A plain face shows with d' of 10 and more, one of equal greys with less than 2."""
    for liquid, clear in ((LIQUID, True), (SUBSTRATE, False)):
        data = frame(liquid=liquid)
        clearness = base_clearness(data, NOTHING, trace_base(data, NOTHING, stiffness_px=40.0))
        assert clearness > 10 if clear else clearness < 2
