"""Faces of a layer: their rows in a labelled image, and their place between pixels in the grey one."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numba
import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.segment.evidence import main_grey, middle_and_spread
from sodalite.segment.ranks import median

_HALF_PX = 5
_LEVEL_PX = 2
_LEAST_ALONG_PX, _MOST_ALONG_PX = 1.0, 4.0
"""Averaging along an edge: with 2 px at the least, waves of 2 px amplitude and 14, 20 and 30 px length kept 0.61, 0.78
and 0.91 of their Rq at SNR 8; with 1 px 0.82, 0.90 and 0.97."""
_EDGE_NOISE_PX = 0.3
_BESIDE_PX = (2, 8)
_OWN_GREY_PX = ((4, 60, 2), (12, 60, 2))
"""Rows above and below the electrolyte's face that show the grey of sodium, and of the electrolyte clear of light from
above: first, past the last, and step."""

_STEEP = 1.0
_FLANK_PX = (4, 12)
"""Least rise of a flank, and how far beside it greys are looked at."""
_LEAST_COLUMNS = 20
_LEAST_CONTRAST = 0.25

_BLUR_REACH_PX, _BLUR_LEVEL, _BLUR_CLEAR = 7, 5, 20.0
"""Rows beside an edge that show its blur, outermost half rows that show the two greys, and least step between these in
standard errors."""

_BLUR_PX = (0.4, 2.5)

_SPECK_PX = 5
"""Electrolyte pixels in fewer rows than this, such as a stray brush stroke, do not end the layer."""

_OUTGROWTH_WIDTH_PX = 15
_OUTGROWTH_DEPTH_PX = 6

_SODIUM_LAYER = (SectionClass.SODIUM, SectionClass.VOID, SectionClass.CRACK)
_UPPER = (SectionClass.COLLECTOR, SectionClass.CAP, SectionClass.INTERLAYER)
_LOWER = (SectionClass.ELECTROLYTE, SectionClass.DEAD_SODIUM, SectionClass.PORE)


def edge_between_pixels(
    data: np.ndarray, rows: np.ndarray, *, reach_px: float, least_along_px: float = _LEAST_ALONG_PX
) -> np.ndarray:
    """Return where an edge runs between the pixels, from the grey levels on its two sides.

    In a strip that follows the edge the rows are counted as a whole or in part to the upper side, by their grey
    between the levels above and below: the position that preserves the first moment of an edge under any symmetric
    blur (Tabatabai and Mitchell 1984, 10.1109/TPAMI.1984.4767502). Flanks steeper than 45 degrees are placed sideways
    in the same way: half a pixel beside a flank ten times as steep would be five in height. Where both sides are about
    equally grey, or the strip leaves the image, the edge stays where it is.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    rows
        ``(x,)`` edge rows; NaN where there is no edge.
    reach_px
        How far an edge may move: up or down, on flanks sideways.
    least_along_px
        Standard deviation of the averaging along the edge; more is taken where noise asks for it.

    Returns
    -------
    numpy.ndarray
        ``(x,)`` float64 edge rows.
    """
    upright = _between_rows(data, rows, reach_px, least_along_px)
    placed = upright.copy()
    for first, last in flanks(upright):
        x, y = _flank_sideways(data, upright, first, last, reach_px)
        inside = np.flatnonzero((np.arange(rows.size) + 0.5 > x[0]) & (np.arange(rows.size) + 0.5 < x[-1]))
        placed[inside] = np.interp(inside + 0.5, x, y)
    return placed


def stretches(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the past-last column of each stretch of true flags ``(x,)``."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return bounds[::2], bounds[1::2]


def flanks(rows: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last column of the stretches that run steeper than 45 degrees one way, over 4 rows or more."""
    steps = np.diff(rows)
    way = np.where(np.abs(steps) > _STEEP, np.sign(steps), 0)
    ends = np.flatnonzero(np.diff(way)) + 1
    stretches = zip(np.concatenate(([0], ends)), np.concatenate((ends, [way.size])), strict=True)
    return [(int(a), int(b)) for a, b in stretches if abs(way[a]) == 1 and abs(rows[b] - rows[a]) >= _FLANK_PX[0]]


def _flank_sideways(
    data: np.ndarray, rows: np.ndarray, first: int, last: int, reach_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places x, ascending, and y of a flank in each image row that it crosses, put right along x."""
    columns = np.arange(first, last + 1)
    order = np.argsort(rows[columns])
    low, high = rows[columns[order[[0, -1]]]]
    crossed = np.arange(int(np.ceil(low - 0.5)), int(np.floor(high - 0.5)) + 1)
    crossed = crossed[(crossed >= 0) & (crossed < data.shape[0])]
    x = np.interp(crossed + 0.5, rows[columns[order]], columns[order] + 0.5)
    left, right = max(first - _FLANK_PX[1], 0), last + _FLANK_PX[1] + 1
    beside = np.ascontiguousarray(data[crossed[0] : crossed[-1] + 1, left:right].T)
    found = _between_rows(beside, x - left, reach_px, _LEAST_ALONG_PX) + left
    upwards = slice(None, None, -1 if rows[last] < rows[first] else 1)
    return np.maximum.accumulate(found[upwards]), crossed[upwards] + 0.5


def _between_rows(data: np.ndarray, rows: np.ndarray, reach_px: float, least_along_px: float) -> np.ndarray:
    """Return the edge's place in each column alone, ``(x,)`` float64."""
    height = data.shape[0]
    known = np.isfinite(rows)
    if not known.any():
        return rows.astype(np.float64)
    columns = np.arange(rows.size)
    centre = np.rint(np.interp(columns, columns[known], rows[known])).astype(np.int64)
    index = centre[None, :] + np.arange(-_HALF_PX, _HALF_PX)[:, None]
    raw = np.take_along_axis(data, np.clip(index, 0, height - 1), axis=0).astype(np.float32)
    along_px = _along_px(raw, least_along_px)
    strip = cv2.GaussianBlur(raw, (0, 0), sigmaX=along_px, sigmaY=1e-6)
    # the strip's steps are averaged as the greys in it are, or the edge would keep to whole rows on every slope
    middle = cv2.GaussianBlur(centre[None, :].astype(np.float64), (0, 0), sigmaX=along_px, sigmaY=1e-6)[0]
    upper = strip[:_LEVEL_PX].mean(axis=0)
    lower = strip[-_LEVEL_PX:].mean(axis=0)
    contrast = np.abs(upper - lower)
    usable = known & (index[0] >= 0) & (index[-1] < height)
    if usable.any():
        usable &= contrast > _LEAST_CONTRAST * np.median(contrast[usable])
    share = np.clip((strip - lower) / np.where(usable, upper - lower, 1), 0, 1)
    found = middle - _HALF_PX + share.sum(axis=0)
    moved = np.clip(found, rows - reach_px, rows + reach_px)
    return np.where(usable, np.clip(moved, 0, height), rows).astype(np.float64)


def _along_px(strip: np.ndarray, least_px: float) -> float:
    """Return the standard deviation of the averaging along an edge that keeps the noise of its place below 0.3 px.

    The place is a sum over the strip's rows in units of the contrast; averaging with sigma s divides its variance by
    2 sqrt(pi) s. More than 4 px would take the roughness with it. A single place tells nothing of the noise.
    """
    if strip.shape[1] < 2:
        return least_px
    noise = 1.4826 / np.sqrt(2) * median(np.abs(np.diff(strip, axis=1)))
    contrast = float(np.median(np.abs(strip[:_LEVEL_PX].mean(axis=0) - strip[-_LEVEL_PX:].mean(axis=0))))
    variance = len(strip) * (noise / max(contrast, 1e-6)) ** 2
    return float(np.clip(variance / (2 * np.sqrt(np.pi) * _EDGE_NOISE_PX**2), least_px, _MOST_ALONG_PX))


def edge_blur_px(data: np.ndarray, rows: np.ndarray, clear: np.ndarray, *, assumed_px: float) -> float:
    """Return the standard deviation of the Gaussian blur of an edge, in pixels down a column.

    Along the edge the greys are averaged by their distance from it, in half pixels: a share s that runs from 0 to 1.
    The integral of s (1 - s) over an edge blurred by sigma is sigma / sqrt(pi); noise takes its variance from it. The
    blur that a pixel's own width and the scatter of the edge's place add is not taken off: together below 0.1 px.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    rows
        ``(x,)`` edge rows between the pixels; NaN where there is no edge.
    clear
        ``(x,)`` bool, columns where nothing but the two phases lies beside the edge.
    assumed_px
        What is returned where too few columns are clear or the edge has no contrast.
    """
    reach = _BLUR_REACH_PX
    inside = np.flatnonzero(clear & np.isfinite(rows) & (rows > reach + 1) & (rows < len(data) - reach - 1))
    if inside.size < _LEAST_COLUMNS:
        return assumed_px
    centre = np.rint(rows[inside]).astype(np.intp)
    grey = data[centre + np.arange(-reach, reach)[:, None], inside].astype(np.float64)
    below = np.arange(0.5 - reach, reach)[:, None] + (centre - rows[inside])
    place = np.clip(np.floor(2 * (below + reach)).astype(np.intp), 0, 4 * reach - 1).ravel()
    count = np.bincount(place, minlength=4 * reach)[1:-1]
    mean = np.bincount(place, grey.ravel(), minlength=4 * reach)[1:-1] / np.maximum(count, 1)
    upper, lower = mean[:_BLUR_LEVEL].mean(), mean[-_BLUR_LEVEL:].mean()
    noise = float(np.mean(np.diff(grey[:2], axis=1) ** 2)) / 2 if inside.size > 1 else 0.0
    if (count == 0).any() or (upper - lower) ** 2 <= noise / inside.size * _BLUR_CLEAR**2:
        return assumed_px
    share = (mean - lower) / (upper - lower)
    width = share * (1 - share) + noise / count / (upper - lower) ** 2
    sigma = math.sqrt(math.pi) / 2 * float(width[_BLUR_LEVEL:-_BLUR_LEVEL].sum())
    return float(np.clip(sigma, *_BLUR_PX))


class FaceStep(NamedTuple):
    """The median step of the grey at a face, and that in units of its scatter along the face (contrast, d')."""

    step: float
    contrast: float


def face_contrast(data: np.ndarray, rows: np.ndarray) -> float:
    """Return how clearly grey levels step at a face, d'.

    A traced line through noise, or through an image without the layers, gives 0 to 0.5; faces of real and simulated
    sections 0.5 to 16. A face that shows by its texture alone can be right at a low contrast. NaN where the face runs
    along the frame.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    rows
        ``(x,)`` integer edge rows.
    """
    return face_step(data, rows).contrast


def face_step(data: np.ndarray, rows: np.ndarray) -> FaceStep:
    """Return the step of grey levels ``(y, x)`` at a face of edge rows ``(x,)``; NaN where it runs along the frame."""
    height = len(data)
    beside = np.arange(*_BESIDE_PX)[:, None]
    inside = (rows > _BESIDE_PX[1]) & (rows < height - _BESIDE_PX[1])
    if inside.sum() < _LEAST_COLUMNS:
        return FaceStep(float("nan"), float("nan"))
    above = np.take_along_axis(data, np.clip(rows - 1 - beside, 0, height - 1), axis=0).mean(axis=0)[inside]
    below = np.take_along_axis(data, np.clip(rows + beside, 0, height - 1), axis=0).mean(axis=0)[inside]
    middle, scatter = middle_and_spread(above - below)
    return FaceStep(abs(middle), abs(middle) / max(scatter, 1e-9))


def greys_beside(data: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Return the most frequent grey above the electrolyte's face and the median one below it.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    rows
        ``(x,)`` integer edge rows.
    """
    above, below = (np.arange(*bounds)[:, None] for bounds in _OWN_GREY_PX)
    return main_grey(at_rows(data, rows - 1 - above).ravel())[0], median(at_rows(data, rows + below))


def at_rows(data: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the values of ``(y, x)`` data at rows ``(n, x)`` of each column, those of the frame beyond it."""
    return np.take_along_axis(data, np.clip(rows, 0, len(data) - 1), axis=0)


def sodium_faces(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole-pixel rows of the sodium layer's upper and lower face in every column.

    The layer is the envelope of sodium, void and crack pixels between what lies above it (collector, cap, interlayer
    or outside) and the electrolyte below it. Sodium that reaches into the electrolyte by more than six pixels over a
    width below fifteen is an outgrowth of the layer, such as a filament, and does not move the face. Where a column
    holds nothing of the layer but what lies above and below it, the two faces coincide: no sodium there. A face is NaN
    where the image's frame cuts the layer or where the column shows neither.

    Parameters
    ----------
    labels
        ``(y, x)`` class ids, collector side above.

    Returns
    -------
    collector_row, electrolyte_row
        ``(x,)`` float64 edge rows.
    """
    height = labels.shape[0]
    layer, above, below = (any_of(labels, classes) for classes in (_SODIUM_LAYER, _UPPER, _LOWER))
    held = np.asarray(layer.any(axis=0))
    bare = ~held & below.any(axis=0) & above.any(axis=0)
    first = np.where(held, first_rows(layer), height - first_rows(above[::-1]))
    last = np.where(held, _first_below(below, layer, first), first)
    last = np.where(held, np.maximum(_without_outgrowths(last, np.asarray(held | bare)), first), last)
    upper, lower = first.astype(np.float64), last.astype(np.float64)
    cut_above, cut_below = held & (first == 0), held & ((last >= height) | _is_outside(labels, last))
    upper[~held & ~bare | cut_above] = np.nan
    lower[~held & ~bare | cut_below] = np.nan
    return upper, lower


@numba.njit(cache=True, nogil=True)
def first_rows(mask: np.ndarray) -> np.ndarray:
    """Return the first True row of each column, 0 where there is none: ``(x,)`` int64; row by row as memory lies."""
    rows, columns = mask.shape
    first = np.full(columns, -1)
    missing = columns
    for y in range(rows):
        for x in range(columns):
            if mask[y, x] and first[x] < 0:
                first[x] = y
                missing -= 1
        if missing == 0:
            break
    return np.maximum(first, 0)


def _first_below(below: np.ndarray, layer: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the first row of the electrolyte under the layer; where there is none, the end of the layer."""
    height = len(layer)
    solid = cv2.morphologyEx(below.astype(np.uint8), cv2.MORPH_OPEN, np.ones((_SPECK_PX, 1), np.uint8)) > 0
    solid &= np.arange(height, dtype=np.int32)[:, None] >= first.astype(np.int32)
    return np.where(solid.any(axis=0), first_rows(solid), height - first_rows(layer[::-1]))


def _without_outgrowths(rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the rows of a lower face with its narrow, deep downward spikes cut at the level beside them."""
    filled = np.where(known, rows, 0).astype(np.float32)[None, :]
    opened = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((1, _OUTGROWTH_WIDTH_PX), np.uint8))[0]
    return np.where(known & (rows - opened > _OUTGROWTH_DEPTH_PX), opened.astype(np.int64), rows)


def _is_outside(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    height, width = labels.shape
    return labels[np.clip(rows, 0, height - 1), np.arange(width)] == SectionClass.OUTSIDE
