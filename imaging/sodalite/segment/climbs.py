"""Bright grains over which the trace of the electrolyte climbed, told from the electrolyte by the whole series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.evidence import middle_and_spread
from sodalite.segment.interface import edge_between_pixels, flanks
from sodalite.segment.void_shape import at_least, holding, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDEST_SHARE = 0.4, 0.25
"""Share of the image's width below which a rise is taken for a climb, with two feet in the image and with one."""

_MOST_WIDENED = 2.5
"""How many times as wide as its steep top a rise may be; farther out the face itself is no longer level."""

_SPIKE_PX = 5
_OFF_GROUND_PX, _OFF_GROUND_SD = 5.0, 3.0
"""How far above the median row of the face, and in standard deviations of its rows, the foot of a rise may lie."""

_FOOT_PX, _FOOT_SHARE = 2.0, 0.2
"""How near to its level, in px and in shares of its height, a rise is all but back."""

_STEEP, _RUN_PX = 0.25, 6
"""Slope at which a rise ends, and the columns it is taken over."""

_LEVEL_PX, _FLANK_PX = 12, 24
"""Columns beside a rise whose median is the level it begins at, and those that the line below it continues."""

_BOW_PX = 5.0
"""How far the line under a rise may bow beyond the levels beside it."""

_GAP_PX, _BAND_PX = 2, 5
"""Rows on each side of a line that its blur takes, and those behind them whose greys are compared."""

_SEARCH_PX = 3
_LEAST_STEP = 2.5
"""Step of grey at the face in units of the largest along the same line within the electrolyte."""

_SMOOTHING_PX, _DARKER_SD = 1.5, 6.0
_FOOT_ROWS = 4
"""How far above the line a void that stood from the beginning may end: higher, it is a pore of the electrolyte."""


class Climb(NamedTuple):
    """Columns over which a face rises, the line between its feet, and whether the electrolyte's face is that line.

    Attributes
    ----------
    start, stop
        First column and the one behind the last.
    chord
        ``(stop - start,)`` edge rows.
    refuted
        Whether the images show that what lies above the line is sodium.
    """

    start: int
    stop: int
    chord: np.ndarray
    refuted: bool


def find_climbs(face: np.ndarray, images: Sequence[np.ndarray], *, least_px: int) -> list[Climb]:
    """Return where the face of the electrolyte may have been traced over a bright grain of sodium.

    A grain of sodium as bright as the electrolyte hides the face below it, and a trace passes over the grain. Such a
    climb has a steep flank and comes back to the level it began at, as a protrusion of the electrolyte does. The series
    tells them apart: the electrolyte stays as it is, while sodium is stripped. What gets darker above the line between
    the feet, because a void opens or a grain moves, is sodium; so is what is parted from the electrolyte by a step of
    grey along that line, brighter or darker, that the electrolyte does not show along the same line further down.

    Parameters
    ----------
    face
        ``(x,)`` edge rows of the electrolyte, below it.
    images
        ``(y, x)`` grey levels, registered, the first one that of the face.
    least_px
        Area from which a change counts, px.
    """
    rises = _rises(face)
    if not rises:
        return []
    smooth = [np.asarray(cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), _SMOOTHING_PX)) for image in images]
    mean, darkest = np.mean(smooth, axis=0), np.min(smooth, axis=0)
    rows = np.arange(mean.shape[0])[:, None]
    solid = rows > face + _LEVEL_PX
    changed = np.zeros(solid.shape, bool)
    for image in smooth[1:]:
        changed |= _darker(image - smooth[0], solid)
    dark = _darker(smooth[0], solid)
    found = []
    for start, stop in rises:
        columns = slice(start, stop)
        line = face.copy()
        line[columns] = _chord(face, start, stop)
        chord = np.maximum(edge_between_pixels(darkest, line, reach_px=_SEARCH_PX), face)[columns]
        cut_off = (rows >= face[columns] + _GAP_PX) & (rows < line[columns] - _GAP_PX)
        foot = cut_off & (rows >= line[columns] - _GAP_PX - _FOOT_ROWS)
        sodium = changed[:, columns] & cut_off, holding(dark[:, columns] & cut_off, foot)
        shown = any(at_least(np.ascontiguousarray(part), least_px).any() for part in sodium)
        found.append(Climb(start, stop, chord, shown or _parted(mean[:, columns], face[columns], line[columns])))
    return found


def without_climbs(face: np.ndarray, climbs: Sequence[Climb]) -> np.ndarray:
    """Return the face led along the line between the feet of these climbs, ``(x,)`` edge rows."""
    lowered = face.copy()
    for climb in climbs:
        lowered[climb.start : climb.stop] = np.maximum(lowered[climb.start : climb.stop], climb.chord)
    return lowered


def _darker(plane: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Return what is darker than the electrolyte, by more than that varies, and no streak: ``(y, x)`` bool."""
    if not solid.any():
        return np.zeros(solid.shape, bool)
    middle, spread = middle_and_spread(plane[solid])
    return opened(plane < middle - _DARKER_SD * spread, 2)


def _rises(face: np.ndarray) -> list[tuple[int, int]]:
    """Return first column and the one behind the last of each rise that a steep flank begins or ends."""
    face = cv2.medianBlur(face[None].astype(np.float32), _SPIKE_PX)[0]
    ground, unevenness = middle_and_spread(face)
    highest = ground - _OFF_GROUND_PX - _OFF_GROUND_SD * unevenness
    spans = []
    for first, last in flanks(face):
        if max(face[first], face[last]) < highest:
            continue
        if face[last] < face[first]:
            spans.append((first, _back(face, first, last)))
        else:
            start = _back(face[::-1], face.size - 1 - last, face.size - 1 - first)
            spans.append((face.size - start, last + 1))
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans, key=lambda span: span[1] - span[0]):
        widest = _WIDEST_SHARE[0] if start > 0 and stop < face.size else _WIDEST_SHARE[1]
        if not start < stop <= start + widest * face.size:
            continue
        beside = [other for other in found if start < other[1] and other[0] < stop]
        hull = min([start, *(other[0] for other in beside)]), max([stop, *(other[1] for other in beside)])
        if not beside or hull[1] - hull[0] <= _MOST_WIDENED * sum(other[1] - other[0] for other in beside):
            found = [other for other in found if other not in beside] + [hull]
    return sorted(found)


def _back(face: np.ndarray, first: int, last: int) -> int:
    """Return the column at which a rise from `first` over `last` comes back to its level, or that behind the frame."""
    level = float(np.median(face[max(0, first - _LEVEL_PX) : first + 1]))
    left = level - face[last:]
    low = np.flatnonzero(left <= np.maximum(_FOOT_PX, _FOOT_SHARE * np.maximum.accumulate(left)))
    if not low.size:
        return int(face.size)
    foot = last + int(low[0])
    level_again = np.flatnonzero(face[foot + _RUN_PX :] - face[foot:-_RUN_PX] < _STEEP * _RUN_PX)
    return foot + int(level_again[0]) if level_again.size else int(face.size)


def _chord(face: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the face beside a rise, continued below it: a line, under wide rises a cubic, the level of one side."""
    left, right = np.arange(max(0, start - _FLANK_PX), start), np.arange(stop, min(face.size, stop + _FLANK_PX))
    beside = np.concatenate([left, right])
    both = min(left.size, right.size) >= _LEVEL_PX
    degree = (1 if stop - start < 3 * _FLANK_PX else 3) if both else 0
    if beside.size < _LEVEL_PX:
        return face[start:stop].copy()
    middle = (start + stop) / 2
    fitted = np.polynomial.polynomial.polyfit((beside - middle) / face.size, face[beside], degree)
    line = np.polynomial.polynomial.polyval((np.arange(start, stop) - middle) / face.size, fitted)
    levels = [float(np.median(face[side])) for side in (left, right) if side.size]
    return np.asarray(np.clip(line, min(levels) - _BOW_PX, max(levels) + _BOW_PX))


def _parted(data: np.ndarray, face: np.ndarray, chord: np.ndarray) -> bool:
    """Return whether a step of grey along the line tells what is above from the electrolyte below."""
    tall = cv2.erode((chord - face > _BAND_PX).astype(np.uint8)[None], np.ones((1, 2 * _BAND_PX - 1), np.uint8))[0]
    wide = np.flatnonzero(tall)  # clear of the flanks, whose blur is a step too
    if wide.size < 2 * _BAND_PX:
        return False
    here = max(abs(_step(data[:, wide], chord[wide] + shift)) for shift in range(-_SEARCH_PX, _SEARCH_PX + 1))
    apart = range(2 * _BAND_PX, int(data.shape[0] - chord.max()) - _BAND_PX - _GAP_PX)
    own = [abs(_step(data[:, wide], chord[wide] + shift)) for shift in apart]
    return len(own) > 4 * _BAND_PX and here > _LEAST_STEP * max(own)


def _step(data: np.ndarray, line: np.ndarray) -> float:
    """Return the difference of the mean greys of two bands below and above a line."""
    centre = np.rint(line).astype(np.intp)
    band = np.arange(_GAP_PX, _GAP_PX + _BAND_PX)[:, None]
    below, above = (np.clip(centre + place, 0, data.shape[0] - 1) for place in (band, -1 - band))
    return float(np.take_along_axis(data, below, axis=0).mean() - np.take_along_axis(data, above, axis=0).mean())
