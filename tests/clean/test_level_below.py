"""The electrolyte's grey set back, on drawn faces."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from sodalite.clean.level_below import level_below

SHAPE, FACE = (120, 300), 60.3
ROWS = FACE + 2 * np.sin(np.arange(SHAPE[1]) / 40)
DEPTH = np.arange(SHAPE[0])[:, None] + 0.5 - ROWS


def drawn(electrolyte: float, *, halo: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return metal of 120 above an electrolyte that is brighter towards the face by a halo; the texture stays."""
    texture = gaussian_filter(np.random.default_rng(5).normal(0, 20, SHAPE), 2)
    grey = 120 + (electrolyte + halo * np.exp(-np.maximum(DEPTH, 0) / 20) - 120) * ndtr(DEPTH / 1.2)
    return (grey + texture + np.random.default_rng(seed).normal(0, 3, SHAPE)).astype(np.float32)


@pytest.mark.parametrize(("electrolyte", "halo"), [(90.0, 0.0), (230.0, 0.0), (160.0, 60.0), (160.0, -70.0)])
def test_a_changed_electrolyte_looks_as_before(electrolyte: float, halo: float) -> None:
    """Darker than the metal, far brighter, or charged at its face: two greys remain, at the blurred face too."""
    first = drawn(160.0)
    found, change = level_below(drawn(electrolyte, halo=halo, seed=1), first, ROWS)
    assert change == pytest.approx((electrolyte + halo * np.exp(-5 / 20) - 160) / 40, abs=0.1)
    for low, high in ((-60, -3), (-3, -1), (-1, 1), (1, 3), (3, 60)):
        there = (low < DEPTH) & (high > DEPTH)
        assert abs(float((found - first)[there].mean())) < 2


def test_what_has_hardly_changed_is_left_alone() -> None:
    """A few greys more, or a face at the image's end, change nothing."""
    image, first = drawn(168.0, seed=1), drawn(160.0)
    assert level_below(image, first, ROWS)[0] is image
    assert level_below(image, first, np.full(SHAPE[1], 118.0)) == (image, 0.0)
