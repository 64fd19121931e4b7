"""The rise of a face between drawn images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from sodalite.track.face_drift import face_rise_px

SHAPE = (140, 400)
STRIPES = 8 * gaussian_filter(np.random.default_rng(1).normal(size=SHAPE[1]), 2)
X = np.arange(SHAPE[1])


def face_row(x: np.ndarray) -> np.ndarray:
    """Return a gently waving face."""
    return 70 + 3 * np.sin(x / 60) + 1.5 * np.sin(x / 23)


def drawn(y: float, x: float, *, voids: bool = False, contrast: float = 40.0, seed: int = 0) -> np.ndarray:
    """Return metal on a solid without texture that has drifted below the stripes of a camera."""
    depth = np.arange(SHAPE[0])[:, None] + 0.5 - y - face_row(X - x)
    grey = 120 + contrast * ndtr(depth / 1.2)
    if voids:
        grey = np.where((np.sin((X - x) / 15) > 0.2) & (depth < 0) & (depth > -12), 30, grey)
    return gaussian_filter(grey, 0.6) + STRIPES * 4 + np.random.default_rng(seed).normal(0, 5, SHAPE)


@pytest.mark.parametrize("voids", [False, True])
@pytest.mark.parametrize(("y", "x"), [(0.0, 0.0), (7.3, 0.0), (-5.6, 4.0), (11.5, -9.0)])
def test_a_face_under_stripes_tells_its_rise(y: float, x: float, voids: bool) -> None:
    """Stripes of a third of the contrast, and voids over two fifths of the face, cost no quarter of a pixel."""
    moved = drawn(y, x, voids=voids, seed=2)
    found = face_rise_px(drawn(0, 0), moved, face_row(X), x_px=x, reach_px=20)
    assert found == pytest.approx(y, abs=0.25)


def test_what_is_not_to_be_told_is_not() -> None:
    """A face beyond reach, one that has vanished, and one of two alike tell nothing."""
    first = drawn(0, 0)
    assert face_rise_px(first, drawn(30, 0), face_row(X), x_px=0, reach_px=20) is None
    assert face_rise_px(first, drawn(0, 0, contrast=0.0), face_row(X), x_px=0, reach_px=20) is None
    twice = drawn(0, 0, seed=2) + drawn(15, 0, seed=3)
    assert face_rise_px(first, twice, face_row(X), x_px=0, reach_px=20) is None
