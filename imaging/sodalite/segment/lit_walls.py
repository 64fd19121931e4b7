"""Walls of voids that shine: a bright band around the dark of a void that is no edge of the sodium."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.void_shape import filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT_PX = np.arange(-3.0, 9.01, 0.5)
"""Distances from the outline of the dark at which the mean grey is compared with both models."""

_BLURS_PX, _OFFSETS_PX = np.arange(0.6, 2.61, 0.2), np.arange(-1.5, 1.51, 0.15)
_WIDTHS_PX = np.arange(0.6, 5.01, 0.2)
_DECAYS_PX = np.array([0.7, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0])
_MOST_EDGE, _MOST_WALL = 1.0, 1.5
"""Brightest edge and wall, in steps from void to sodium above it. An edge emits from two surfaces, at most twice what
a flat one does; around the voids of 20 real sections it is 0.03 to 0.4 and falls off over three to eight pixels."""

_LEAST_EXCESS_PX, _WIDEST_PX = 0.5, 4.6
"""Brightness times width from which a band tells its shape, and the width from which it has no outer outline."""

_LEAST_RATIO, _MOST_MISFIT, _LEAST_GAIN = 1.4, 0.04, 0.006
"""How much worse an edge must fit than a wall, relative and in steps, and how badly a wall may: drawn walls of 1, 2 and
3 px came to ratios of 1.6, 2.7 and 4, drawn edges that decay over 1 to 3 px to 0.9 to 0.5."""

_LEAST_PX = 150
_FLOOR_PX = 4.0
_FAR_PX, _AROUND_PX = (6.0, 13.0), 4.0
_MARGIN_PX = 16


class _Around(NamedTuple):
    """What lies around the voids of an image: rows cut out, distance to the dark, height over the face, four sides."""

    rows: slice
    outward: np.ndarray
    height: np.ndarray
    sides: tuple[np.ndarray, ...]


def with_lit_walls(
    masks: Sequence[np.ndarray], images: Sequence[np.ndarray], face: np.ndarray, *, void_grey: float
) -> tuple[list[np.ndarray], float]:
    """Return voids with the walls that shine around their dark parts, and how wide these are at most, px.

    Edges of sodium shine too, and belong to it: their excess is largest at the outline and falls off into the sodium,
    where a wall is even and ends as sharply as it begins. Both are fitted to the mean grey across the outline, blurred
    alike, on four sides of the voids of all images together, for walls are lit from one side. A band is a wall only
    where an edge, which is at most twice as bright as flat sodium, fits clearly worse. What lies between such a void
    and the electrolyte is its floor.

    Parameters
    ----------
    masks
        ``(y, x)`` bool, the dark parts of voids in each image.
    images
        ``(y, x)`` grey levels.
    face
        ``(x,)`` edge rows of the electrolyte.
    void_grey
        Grey of voids.
    """
    shown = [(mask, _around(mask, face)) for mask in masks]
    seen = [
        _profiles(np.asarray(image, np.float32), around, void_grey)
        for image, (mask, around) in zip(images, shown, strict=True)
        if around is not None
    ]
    if not seen:
        return list(masks), 0.0
    outer = [_outer_px(*side) for side in np.sum(seen, axis=0)]
    if not any(outer):
        return list(masks), 0.0
    whole = [mask if around is None else _widened(mask, around, outer) for mask, around in shown]
    return whole, max(outer)


def _around(mask: np.ndarray, face: np.ndarray) -> _Around | None:
    """Return what lies around voids; nothing without any."""
    held = np.flatnonzero(mask.any(axis=1))
    if not held.size:
        return None
    rows = slice(max(int(held[0]) - _MARGIN_PX, 0), int(held[-1]) + 1 + _MARGIN_PX)
    dark = mask[rows].astype(np.uint8)
    far, deep = (cv2.distanceTransform(part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for part in (1 - dark, dark))
    outward = np.where(dark > 0, 0.5 - deep, far - 0.5)
    down, right = np.gradient(cv2.GaussianBlur(outward, (0, 0), 1.0))
    up = -down >= np.abs(right)
    beside = ~up & (np.abs(right) > down)
    sides = (beside & (right < 0), up & (right < 0), up & (right >= 0), beside & (right > 0))
    height = face - np.arange(len(mask))[rows, None] - 0.5
    return _Around(rows, outward, height, sides)


def _profiles(image: np.ndarray, around: _Around, void_grey: float) -> np.ndarray:
    """Return for each side ``(2, distance)``: sums of the greys in steps from void to sodium, and their numbers."""
    grey = image[around.rows]
    off = (around.outward > _FAR_PX[0]) & (around.outward < _FAR_PX[1]) & (around.height > _FLOOR_PX)
    total, weight = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), _AROUND_PX) for part in (np.where(off, grey, 0), off)
    )
    value = (grey - void_grey) / np.maximum(total / np.maximum(weight, 1e-6) - void_grey, 1.0)
    place = np.rint((around.outward - _AT_PX[0]) / 0.5).astype(np.intp)
    known = (weight > 1e-2) & (around.height > _FLOOR_PX) & (place >= 0) & (place < _AT_PX.size)
    return np.array([
        [np.bincount(place[known & side], each[known & side], _AT_PX.size) for each in (value, np.ones_like(value))]
        for side in around.sides
    ])  # fmt: skip


def _outer_px(sums: np.ndarray, numbers: np.ndarray) -> float:
    """Return how far the outer outline of a wall lies from the dark, px; 0 where the bright band is no wall."""
    if numbers.sum() < _LEAST_PX:
        return 0.0
    weight = numbers / (numbers + 20.0)
    mean = sums / np.maximum(numbers, 1)
    wall, outer, excess = min(_fits(mean, weight, _walls(), _MOST_WALL))
    edge, *_ = min(_fits(mean, weight, _edges(), _MOST_EDGE))
    shaped = excess > _LEAST_EXCESS_PX and wall < _MOST_MISFIT
    return outer if shaped and edge > max(_LEAST_RATIO * wall, wall + _LEAST_GAIN) else 0.0


def _fits(
    mean: np.ndarray, weight: np.ndarray, bands: Iterator[tuple[float, np.ndarray, np.ndarray]], most: float
) -> Iterator[tuple[float, float, float]]:
    """Return of each width of a band its misfit, its outer end in px and its brightness times width."""
    for width, step, band in bands:
        rest = mean - step
        bright = np.clip((weight * band * rest).sum(-1) / (weight * band * band).sum(-1), 0, most)
        misfit = (weight * (rest - bright[..., None] * band) ** 2).sum(-1) / weight.sum()
        best = np.unravel_index(misfit.argmin(), misfit.shape)
        even = width <= _WIDEST_PX
        yield math.sqrt(misfit[best]), float(_OFFSETS_PX[best[1]]) + width, float(bright[best]) * width * even


def _walls() -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Return for each width the blurred step and band of a wall, ``(blur, offset, distance)`` each."""
    from scipy.special import ndtr

    blur, at = _grid()
    for width in _WIDTHS_PX:
        yield float(width), ndtr(at / blur), ndtr(at / blur) - ndtr((at - width) / blur)


def _edges() -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """Return for each length of decay the blurred step and excess of an edge, ``(blur, offset, distance)`` each."""
    from scipy.special import ndtr

    blur, at = _grid()
    for decay in _DECAYS_PX:
        rise = np.exp(np.clip(blur**2 / (2 * decay**2) - at / decay, -60, 60))
        yield float(decay), ndtr(at / blur), rise * ndtr(at / blur - blur / decay)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    return _BLURS_PX[:, None, None], _AT_PX - _OFFSETS_PX[None, :, None]


def _widened(mask: np.ndarray, around: _Around, outer: Sequence[float]) -> np.ndarray:
    """Return voids grown by their walls, above the electrolyte, and joined to it where a wall may lie between."""
    grown = mask[around.rows].copy()
    for side, reach in zip(around.sides, outer, strict=True):
        grown |= side & (around.outward <= reach)
    below = grown.shape[0] - grown[::-1].argmax(axis=0)
    gap = np.take_along_axis(around.height, np.minimum(below, len(grown) - 1)[None], axis=0)[0]
    floor = grown.any(axis=0) & (gap <= max(outer) + 1)
    grown |= floor & (np.arange(len(grown))[:, None] >= below)
    whole = mask.copy()
    whole[around.rows] = (filled(grown) | mask[around.rows]) & ((around.height > 0) | mask[around.rows])
    return whole
