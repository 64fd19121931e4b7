"""Light that falls off to one side of the picture or to both, read off the sodium beside its lower face."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from sodalite.segment.ranks import median, quantiles

_LEAST_CHANGE = 0.05
"""Change from side to side below which the picture is left as it is: no decision about a void hangs on less."""

_LEAST_BOW, _SPREAD_APART = 0.12, 0.1
"""Fall from the middle to both sides from which it is believed: grains and curtains of 17 real sections feign up to
0.09; and how far apart two places must be, in the square of their distance from the middle, to tell of it."""

_BLOCKS, _LEAST_BLOCKS, _LEAST_PIXELS = 32, 8, 200
_BAND_SHARE, _FACE_PX = 0.25, 8
_SAMPLE_PX = 150_000
_ALIKE, _ROUNDS = 0.2, 3
"""Greys this near to the line so far are sodium's: grains and curtains differ by less, voids and lit rims by more."""


def with_even_light(data: np.ndarray, layer: np.ndarray, lower_face: np.ndarray) -> np.ndarray:
    """Return the image divided by the light that falls off across it, or the image itself where hardly any does.

    A detector on one side, or the walls of the trench, make a section darker by a fifth from side to side (up to 0.18
    in 17 real ones). How deep a void is, and what is too bright for sodium, would then depend on where it lies: on the
    17 sections with 0.28 more of it the voids' IoU with their labels falls from 0.75 to 0.66 to 0.71, and is 0.75 with
    the light made even; with a quarter less at both sides it is 0.70 and 0.74.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    layer
        ``(y, x)`` bool, the sodium layer with its voids.
    lower_face
        ``(x,)`` lower edge rows of the layer.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` of the type of `data`, as bright in its middle; what would be brighter than white is white.
    """
    rate, bow = light_change(data, layer, lower_face)
    if max(abs(rate), abs(bow)) < _LEAST_CHANGE:
        return data
    place = (np.arange(data.shape[1], dtype=np.float32) + 0.5) / data.shape[1] - 0.5
    even = np.multiply(data, np.exp(np.float32(-rate) * place - np.float32(bow) * (2 * place) ** 2), dtype=np.float32)
    if data.dtype.kind == "u":
        np.minimum(np.rint(even, out=even), np.float32(np.iinfo(data.dtype).max), out=even)
    return even.astype(data.dtype)


def light_change(data: np.ndarray, layer: np.ndarray, lower_face: np.ndarray) -> tuple[float, float]:
    """Return the natural logarithms of the light at the right side over the left, and at both over the middle.

    A straight line through the logarithms of the sodium's grey in upright blocks beside the lower face, by the median
    of the slopes between all pairs (Theil, Proc. K. Ned. Akad. Wet. 53 (1950) 386): three blocks of ten may be wrong.
    What is left falls with the square of the distance from the middle where both halves say so. 0 where it is not told;
    parameters as in `with_even_light`.
    """
    height, width = data.shape
    reach = int(_BAND_SHARE * height)
    top, bottom = max(int(lower_face.min()) - reach, 0), min(int(lower_face.max()), height)
    step = max(1, math.isqrt((bottom - top) * width // _SAMPLE_PX))
    grid = slice(top, bottom, step), slice(None, None, step)
    rows, face = np.arange(top, bottom, step)[:, None], lower_face[::step]
    band = layer[grid] & (rows < face - _FACE_PX) & (rows >= face - reach)
    borders = np.linspace(0, band.shape[1], _BLOCKS + 1).astype(int)
    greys = [data[grid][:, a:b][band[:, a:b]].astype(np.float32) for a, b in pairwise(borders.tolist())]
    seen = [block.size * step**2 >= _LEAST_PIXELS for block in greys]
    # not the medians, for voids may be half of a block
    levels = np.array(
        [quantiles(block, (0.75,))[0] if there else 0.0 for block, there in zip(greys, seen, strict=True)]
    )
    known = np.flatnonzero(levels > 0)
    if known.size < _LEAST_BLOCKS:
        return 0.0, 0.0
    place, blocks = (known + 0.5) / _BLOCKS - 0.5, [greys[k] for k in known]
    rate, level = _line(place, np.log(levels[known]))
    bow = 0.0
    for turn in range(_ROUNDS + 1):
        expected = np.exp(level + rate * place + bow * (2 * place) ** 2)
        alike = [block[np.abs(block - own) < _ALIKE * own] for block, own in zip(blocks, expected, strict=True)]
        logs = np.log([median(block) if block.size else own for block, own in zip(alike, expected, strict=True)])
        rate, level = _line(place, logs)
        if turn + 2 > _ROUNDS:
            bow = _bow(place, logs - rate * place)
            level = float(np.median(logs - rate * place - bow * (2 * place) ** 2))
    return rate, bow


def _bow(x: np.ndarray, y: np.ndarray) -> float:
    """Return by how much y falls, below 0, from the middle to the sides; 0 where little, or in one half alone."""
    bows = []
    for half in (x < 0, x >= 0, np.ones(x.size, bool)):
        square, height = (2 * x[half]) ** 2, y[half]
        first, second = np.triu_indices(square.size, 1)
        apart = np.abs(square[second] - square[first]) > _SPREAD_APART
        if not apart.any():
            return 0.0
        bows.append(float(np.median((height[second] - height[first])[apart] / (square[second] - square[first])[apart])))
    left, right, both = bows
    return both if both < -_LEAST_BOW and max(left, right) < both / 2 else 0.0


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the slope and the height at 0 of the line through points of which many may be off."""
    first, second = np.triu_indices(x.size, 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return slope, float(np.median(y - slope * x))
