"""Edges of needles and walls between the pixels, against shapes drawn with eight parts a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.segment.front_edge import THIN_PEAK, edge_map, outermost_rows

PARTS, FACE = 8, 20.0
SHAPE = (100, 120)
Y, X = ((np.indices((SHAPE[0] * PARTS, SHAPE[1] * PARTS)) + 0.5) / PARTS).astype(np.float32)
BASE = np.full(SHAPE[1], 5.0)


def needle(place: float, width: float, slant: float, length: float = 50.0) -> np.ndarray:
    """Return a needle with a round tip that grows from `FACE`, in parts of pixels."""
    u = Y - FACE
    tip = length - width / 2
    off = np.hypot(X - place - slant * np.minimum(u, tip), np.maximum(u - tip, 0))
    return (Y <= FACE) | (off < width / 2)


def seen(drawn: np.ndarray, blur_px: float, noise: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the covered share as a camera sees it, and the outermost deposit of each column averaged over it."""
    share = gaussian_filter(drawn.reshape(SHAPE[0], PARTS, SHAPE[1], PARTS).mean(axis=(1, 3)), blur_px)
    last = (len(drawn) - drawn[::-1].argmax(axis=0)) / PARTS
    rough = share + np.random.default_rng(seed).normal(0, noise, SHAPE)
    return rough.astype(np.float32), last.reshape(SHAPE[1], PARTS).mean(axis=1)


def found(share: np.ndarray) -> np.ndarray:
    """Return the front's rows of all that is covered."""
    edges = edge_map(share)
    return outermost_rows(edges, edges.excess > 0, BASE)


@pytest.mark.parametrize("slant", [0.0, 0.2, 0.4])
@pytest.mark.parametrize(("width", "blur_px", "noise"), [
    (4.0, 0.7, 0.03), (4.0, 1.0, 0.05), (4.0, 1.4, 0.03), (6.0, 1.0, 0.1), (9.0, 1.4, 0.03),
])  # fmt: skip
def test_walls_and_overhangs_are_right_to_half_a_pixel(
    width: float, slant: float, blur_px: float, noise: float
) -> None:
    """Sideways: the area under the front of a needle 50 px high is right to a half of a column of its height."""
    for seed, place in enumerate((40.3, 55.75)):
        share, truth = seen(needle(place, width, slant), blur_px, noise, seed)
        assert abs((found(share) - truth).sum()) < 0.5 * 50
        assert np.median(np.abs(found(share) - truth)) < 0.2


@pytest.mark.parametrize("width", [2.0, 3.0, 4.0, 8.0])
def test_a_wall_stands_where_it_is_whatever_its_blur(width: float) -> None:
    """From four thirds of the blur upwards the level that the peak tells gives the width to 0.3 px."""
    share, truth = seen(needle(60.0, width, 0.0), 1.5 if width < 8 else 2.0)
    across = edge_map(share).excess[45]
    inside = np.flatnonzero(across > 0)
    left, right = inside[0], inside[-1]
    ends = [place - across[place] / (across[place] - across[step]) * (place - step) for place, step in
            ((left, left - 1), (right, right + 1))]  # fmt: skip
    assert ends[1] - ends[0] == pytest.approx(width, abs=0.3)
    assert truth.max() == pytest.approx(found(share).max(), abs=2.0)


def test_the_peak_tells_a_needle_thinner_than_its_blur() -> None:
    """Three standard deviations of the blur are wide, one and a half are thin; away from edges all is wide."""
    for width, thin in ((4.5, False), (2.25, True)):
        edges = edge_map(seen(needle(60.0, width, 0.0), 1.5)[0])
        assert bool(edges.peak[45, 60] < THIN_PEAK) is thin
        assert edges.peak[:10].min() == 1


def test_a_flat_front_is_right_between_pixels() -> None:
    """At every fraction of a pixel, also where the picture ends."""
    for place in (30.0, 30.375, 30.5, 30.875):
        share, _ = seen(place >= Y, 1.0)
        assert found(share) == pytest.approx(np.full(SHAPE[1], place), abs=0.05)
    assert found(np.ones(SHAPE, np.float32)) == pytest.approx(np.full(SHAPE[1], SHAPE[0]))
    assert found(np.zeros(SHAPE, np.float32)) == pytest.approx(BASE)
