"""Gap lines: openings between sodium and electrolyte so low that blur leaves no more of them than a dark line."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.interface import at_rows, greys_beside, stretches
from sodalite.segment.ranks import median

_SMOOTHING_PX = 0.8
_NEAR_PX, _SIDE_PX = 10, 10
"""Rows on both sides of the face among which the darkest is looked for, and on both sides of that one for what is
brighter. A trace may keep to either edge of a gap."""

_BLUR_PX = 3
"""Rows below the ceiling that its blur brightens."""

_NOISE_PX, _LAG_PX = (12, 60, 2), 4
_LEAST_SHARE, _LEAST_SD = 0.25, 5.0
"""Depth of a line below both of its sides, of the step from sodium to electrolyte and in noise. At 28 nm a pixel a gap
that 11 nm a pixel show to be 90 nm high is at 0.4 to 0.9 of the step; shares of 0.15 to 0.35 find it alike."""

_LEAST_LENGTH_PX, _LARGEST_STEP_PX = 12, 3


def find_gap_lines(data: np.ndarray, face: np.ndarray, ceiling: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of the gap line at the electrolyte's face in each column, and the row past its last.

    A gap of few pixels is darker than what is on both sides of it, which the blur of a single edge never is, however
    bright one side. It may be too low for the core of a void, and the trace takes one of its two edges for the face.
    Its own edges are where the grey is half-way between it and each side. A line runs on from column to column for at
    least twelve; where there is none, both rows are the face.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    face
        ``(x,)`` int64 edge rows.
    ceiling
        ``(x,)`` rows where the sodium begins: between a bright collector and the electrolyte, thin sodium is a dark
        line itself, which gave 7 of 18 drawn layers of 14 to 30 px 2 to 9 points of void too much.
    """
    top = max(int(face.min()) - _NOISE_PX[1] - 1, 0)
    grey = cv2.GaussianBlur(
        data[top : int(face.max()) + _NOISE_PX[1] + _LAG_PX].astype(np.float32), (0, 0), _SMOOTHING_PX
    )
    edge = face - top
    sodium, electrolyte = greys_beside(grey, edge)
    least = max(_LEAST_SHARE * abs(sodium - electrolyte), _LEAST_SD * _noise(grey, edge))
    reach = _NEAR_PX + _SIDE_PX
    strip = at_rows(grey, edge - reach + np.arange(2 * reach + 1)[:, None])
    middle = _SIDE_PX + strip[_SIDE_PX:-_SIDE_PX].argmin(axis=0)
    darkest = at_rows(strip, middle[None, :])[0]
    aside = np.arange(1, _SIDE_PX + 1)[:, None]
    over, under = at_rows(strip, middle - aside), at_rows(strip, middle + aside)
    over = np.where(face - reach + middle - aside >= ceiling + _BLUR_PX, over, -np.inf)
    upper, lower = over.max(axis=0), under.max(axis=0)
    line = _runs(np.minimum(upper, lower) - darkest > least, face + middle)
    first = middle - (over > (upper + darkest) / 2).argmax(axis=0)
    past = middle + 1 + (under > (lower + darkest) / 2).argmax(axis=0)
    return face + np.where(line, first - reach, 0), face + np.where(line, past - reach, 0)


def _noise(grey: np.ndarray, edge: np.ndarray) -> float:
    """Return the standard deviation of the electrolyte's grey over a few pixels down a column, free of curtains."""
    rows = edge + np.arange(*_NOISE_PX)[:, None]
    change = np.abs(at_rows(grey, rows + _LAG_PX) - at_rows(grey, rows))
    return 1.4826 / np.sqrt(2) * median(change)


def _runs(line: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the columns of lines that are long enough and nowhere jump to another row."""
    kept = np.zeros_like(line)
    for piece in np.split(np.arange(line.size), np.flatnonzero(np.abs(np.diff(row)) > _LARGEST_STEP_PX) + 1):
        for start, stop in zip(*stretches(line[piece]), strict=True):
            kept[piece[start:stop]] = stop - start >= _LEAST_LENGTH_PX
    return kept
