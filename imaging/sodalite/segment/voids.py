"""Voids of the sodium layer: pixels darker than the sodium around them, and the rims and bright interiors they own."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from sodalite.segment.evidence import layer_background, main_grey

_GUARD_PX = 15
"""Rows beside a face where blur and interlayers are as dark as a shallow void."""

_SMOOTHING_PX = 1.2
_CURTAIN_PX = 5
_BACKGROUND_PX = 48.0
_RIM_PX = 4
_BRIGHT_REACH_PX = 12


class Voids(NamedTuple):
    """What was found in the sodium layer.

    Attributes
    ----------
    mask
        ``(y, x)`` bool, void pixels.
    separability
        Distance of the mean greys of void and sodium in units of their pooled standard deviation; NaN without voids.
    note
        Empty, or why the voids are to be doubted.
    """

    mask: np.ndarray
    separability: float
    note: str


def find_voids(
    data: np.ndarray, layer: np.ndarray, faces: tuple[np.ndarray, np.ndarray], *, seed_sd: float, grow_sd: float,
    least_px: int,
) -> Voids:
    """Return the voids inside the traced sodium layer.

    The sodium's own grey, followed over the layer, is the reference; its scatter is read off the bright side, where
    no void is. A void has a core `seed_sd` below it and reaches to where the grey is half-way between its own depth
    and the sodium, so that blur does not make it larger or smaller. Bright rims and shine-through interiors that it
    surrounds belong to it. Close to a face only what is darker than half of the darkest void counts as a core, and
    films thinner than five pixels do not: there, blur and interlayers look like shallow voids.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    layer
        ``(y, x)`` bool, the sodium layer between its faces.
    faces
        Upper and lower edge rows ``(x,)`` of the layer; NaN where a face is not in the image.
    seed_sd, grow_sd
        Depths of a void's core and of its surroundings, in standard deviations of the sodium's grey.
    least_px
        Voids of fewer pixels are noise.
    """
    empty = np.zeros(layer.shape, bool)
    if not layer.any():
        return Voids(empty, math.nan, "")
    depth, scatter = _depth(data, layer)
    shallow = _without_curtains(layer & (depth < -grow_sd * scatter))
    near = _beside_faces(layer, faces)
    film = _film_grey(depth, near & layer, scatter)
    open_shallow = cv2.morphologyEx(_bytes(shallow & ~(film & near)), cv2.MORPH_OPEN, _disc(2)) > 0
    shallow = np.where(near, open_shallow, shallow)
    darkest = float(np.percentile(depth[layer], 0.5))
    core = shallow & (depth < np.where(near, min(0.45 * darkest, -seed_sd * scatter), -seed_sd * scatter))
    mask = _holding(shallow, core)
    mask = _half_way(mask, depth)
    mask = _with_bright_parts(mask, layer & (depth > 3 * scatter)) & layer
    mask = _filled(mask) & layer
    mask = _at_least(mask, least_px)
    return Voids(mask, _separability(depth, layer, mask, scatter), "")


def _depth(data: np.ndarray, layer: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the grey relative to the sodium's own, and the scatter of the sodium around it."""
    grey = cv2.GaussianBlur(data.astype(np.float32), (0, 0), _SMOOTHING_PX)
    mode, spread = main_grey(grey[layer])
    sodium = layer & (np.abs(grey - mode) < 6 * spread)
    depth = grey - layer_background(grey, sodium, scale_px=_BACKGROUND_PX)
    centre, _ = main_grey(depth[sodium])
    bright = depth[sodium & (depth > centre)] - centre
    scatter = 1.4826 * float(np.median(bright)) if bright.size else 1e-6
    bright = bright[bright < 4 * scatter]
    return depth - np.float32(centre), max(1.4826 * float(np.median(bright)), 1e-6) if bright.size else 1e-6


def _beside_faces(layer: np.ndarray, faces: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the pixels within the guard rows of a face: ``(y, x)`` bool."""
    rows = np.arange(layer.shape[0])[:, None]
    near = np.zeros(layer.shape, bool)
    for face, sign in zip(faces, (1, -1), strict=True):
        distance = sign * (rows - np.where(np.isfinite(face), face, -1e6 * sign))
        near |= (distance >= -1) & (distance < _GUARD_PX)
    return near & layer


def _film_grey(depth: np.ndarray, near: np.ndarray, scatter: float) -> np.ndarray:
    """Return pixels as grey as a smooth film along the faces, such as an interlayer between sodium and electrolyte."""
    mean = cv2.GaussianBlur(depth, (0, 0), 2)
    local = np.sqrt(np.maximum(cv2.GaussianBlur(depth * depth, (0, 0), 2) - mean * mean, 0))
    smooth = near & (depth < -3 * scatter) & (local < 1.2 * scatter)
    if smooth.sum() < 200:
        return np.zeros(depth.shape, bool)
    grey, _ = main_grey(depth[smooth])
    return np.abs(depth - grey) < 2.5 * scatter


def _without_curtains(mask: np.ndarray) -> np.ndarray:
    """Return the mask without vertical streaks narrower than five pixels."""
    return cv2.morphologyEx(_bytes(mask), cv2.MORPH_OPEN, np.ones((1, _CURTAIN_PX), np.uint8)) > 0


def _holding(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Return the connected parts of `mask` that hold a pixel of `core`."""
    count, parts = cv2.connectedComponents(_bytes(mask), connectivity=4)
    keep = np.zeros(count, bool)
    keep[parts[core & mask]] = True
    keep[0] = False
    return keep[parts]


def _half_way(mask: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the mask with its outermost pixels kept only where they are darker than half of the void beside them."""
    core = cv2.erode(_bytes(mask), _disc(_RIM_PX)) > 0
    deepest = cv2.erode(np.where(mask, depth, 0).astype(np.float32), _disc(_RIM_PX))
    return mask & (core | (depth < 0.5 * deepest))


def _with_bright_parts(mask: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Return the mask with the bright pixels that adjoin it within reach, and the slit between closed."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform(_bytes(~mask), cv2.DIST_L2, 3)
    rim = _holding(bright & (distance < _BRIGHT_REACH_PX), bright & (distance < 3))
    return cv2.morphologyEx(_bytes(mask | rim), cv2.MORPH_CLOSE, _disc(2)) > 0 if rim.any() else mask


def _filled(mask: np.ndarray) -> np.ndarray:
    """Return the mask with its holes filled."""
    padded = cv2.copyMakeBorder(_bytes(~mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, parts = cv2.connectedComponents(padded, connectivity=4)
    return (parts != parts[0, 0])[1:-1, 1:-1] | mask


def _at_least(mask: np.ndarray, least_px: int) -> np.ndarray:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(_bytes(mask), connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= least_px
    keep[0] = False
    return keep[parts]


def _separability(depth: np.ndarray, layer: np.ndarray, mask: np.ndarray, scatter: float) -> float:
    """Return d' between voids and sodium, the void's spread about its own median counted too."""
    if not mask.any():
        return math.nan
    inside = depth[mask]
    middle = float(np.median(inside))
    spread = 1.4826 * float(np.median(np.abs(inside - middle)))
    return abs(middle) / math.sqrt((spread**2 + scatter**2) / 2)


def _bytes(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint8)


def _disc(radius_px: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
