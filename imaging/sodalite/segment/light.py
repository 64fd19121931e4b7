"""Light that falls off from one side of the picture to the other, read off the sodium beside its lower face."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from sodalite.segment.ranks import median, quantiles

_LEAST_CHANGE = 0.05
"""Change from side to side below which the picture is left as it is: no decision about a void hangs on less."""

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
    the light made even.

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
    rate = light_change(data, layer, lower_face)
    if abs(rate) < _LEAST_CHANGE:
        return data
    place = (np.arange(data.shape[1], dtype=np.float32) + 0.5) / data.shape[1] - 0.5
    even = np.multiply(data, np.exp(np.float32(-rate) * place), dtype=np.float32)
    if data.dtype.kind == "u":
        np.minimum(np.rint(even, out=even), np.float32(np.iinfo(data.dtype).max), out=even)
    return even.astype(data.dtype)


def light_change(data: np.ndarray, layer: np.ndarray, lower_face: np.ndarray) -> float:
    """Return the natural logarithm of the light at the right side over that at the left one, 0 where it is not told.

    A straight line through the logarithms of the sodium's grey in upright blocks beside the lower face, by the median
    of the slopes between all pairs (Theil, Proc. K. Ned. Akad. Wet. 53 (1950) 386): three blocks of ten may be wrong.
    Parameters as in `with_even_light`.
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
        return 0.0
    place, blocks = (known + 0.5) / _BLOCKS - 0.5, [greys[k] for k in known]
    rate, level = _line(place, np.log(levels[known]))
    for _ in range(_ROUNDS):
        expected = np.exp(level + rate * place)
        alike = [block[np.abs(block - own) < _ALIKE * own] for block, own in zip(blocks, expected, strict=True)]
        levels = np.array([median(block) if block.size else own for block, own in zip(alike, expected, strict=True)])
        rate, level = _line(place, np.log(levels))
    return rate


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the slope and the height at 0 of the line through points of which many may be off."""
    first, second = np.triu_indices(x.size, 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return slope, float(np.median(y - slope * x))
