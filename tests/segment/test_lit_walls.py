"""Walls that shine are told from edges of the sodium, on drawn voids."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter

from sodalite.segment.lit_walls import with_lit_walls

SHAPE, FACE, FINE = (90, 320), 60, 4
SODIUM, ELECTROLYTE, VOID = 120.0, 150.0, 30.0
ROWS = np.full(SHAPE[1], float(FACE))


def share(fine: np.ndarray) -> np.ndarray:
    """Return the share of each pixel."""
    return fine.reshape(SHAPE[0], FINE, SHAPE[1], FINE).mean((1, 3))


def domes() -> np.ndarray:
    """Return half-ellipses on the face, finely drawn."""
    y, x = ((np.arange(size * FINE) + 0.5) / FINE for size in SHAPE)
    height = FACE - y[:, None]
    places = ((60, 30, 18), (150, 24, 20), (250, 36, 14))
    inside = [((x - centre) / half) ** 2 + (height / top) ** 2 < 1 for centre, half, top in places]
    return np.any(inside, axis=0) & (height > 0)


def drawn(void: np.ndarray, bright: np.ndarray, blur: float) -> np.ndarray:
    """Return a picture with noise; `bright` is the excess over sodium where that or a wall shines, in steps."""
    below = np.arange(SHAPE[0])[:, None] >= FACE
    solid = np.where(below, ELECTROLYTE, SODIUM)
    step = SODIUM - VOID
    grey = solid * (1 - share(void)) + VOID * share(void) + step * bright
    return (gaussian_filter(grey, blur) + np.random.default_rng(1).normal(0, 5, SHAPE)).astype(np.float32)


def walled(width: float, blur: float, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return voids, their dark parts and a picture in which walls of a width shine, all around or on the right."""
    void = domes()
    wall = void & (distance_transform_edt(void) / FINE <= width)
    if side == "right":
        wall &= gaussian_filter(void.astype(float), (0, 8), order=(0, 1)) < 0
    image = drawn(void, share(wall) * (200.0 - VOID) / (SODIUM - VOID), blur)
    return share(void), share(void & ~wall) > 0.5, image


@pytest.mark.parametrize(("width", "blur"), [(1.5, 0.8), (2.0, 0.8), (3.0, 0.8), (3.0, 1.2)])
@pytest.mark.parametrize("side", ["all", "right"])
def test_a_wall_belongs_to_its_void(width: float, blur: float, side: str) -> None:
    """Even bands that end as sharply as they begin are counted: right to 4 %, where the dark alone is 8 to 47 % low."""
    void, dark, image = walled(width, blur, side)
    (found,), wide_px = with_lit_walls([dark], [image], ROWS, void_grey=VOID)
    assert dark.sum() < 0.92 * void.sum()
    assert found.sum() == pytest.approx(void.sum(), rel=0.04)
    assert 0.7 * width < wide_px < width + 1


def test_what_blur_leaves_open_is_not_decided() -> None:
    """A band narrower than its blur may be an edge or a wall: the dark stands."""
    _, dark, image = walled(1.0, 1.2, "all")
    assert with_lit_walls([dark], [image], ROWS, void_grey=VOID)[1] == 0


@pytest.mark.parametrize("blur", [0.8, 1.2, 1.6])
@pytest.mark.parametrize(("excess", "decay"), [(0.0, 1.0), (0.4, 1.5), (0.5, 3.0), (1.0, 1.0), (0.8, 2.0)])
def test_an_edge_belongs_to_the_sodium(excess: float, decay: float, blur: float) -> None:
    """Sodium that becomes brighter towards the void, by as much as an edge can, is not counted."""
    void = domes()
    outside = distance_transform_edt(~void) / FINE
    bright = share(np.where(void, 0.0, excess * np.exp(-outside / decay)))
    dark = share(void) > 0.5
    (found,), wide_px = with_lit_walls([dark], [drawn(void, bright, blur)], ROWS, void_grey=VOID)
    np.testing.assert_array_equal(found, dark)
    assert wide_px == 0


def test_without_voids_nothing_is_added() -> None:
    """Images without voids, and voids too small to tell, stay as they are."""
    none = np.zeros(SHAPE, bool)
    assert with_lit_walls([none], [np.full(SHAPE, SODIUM)], ROWS, void_grey=VOID)[1] == 0
    small = none.copy()
    small[FACE - 4 : FACE, 50:56] = True
    masks, wide_px = with_lit_walls([small], [np.where(small, VOID, SODIUM)], ROWS, void_grey=VOID)
    assert wide_px == 0
    np.testing.assert_array_equal(masks[0], small)
