"""The data bar at the foot of a micrograph, found in the picture where no tag tells its height.

A bar is drawn: one grey level fills most of every row, little is noisy, letters stand in lines, and it is pasted onto
the micrograph with an edge that runs straight across. A flat layer, a black field or a saturated one fails at least one
of these, pores in a saturated layer stand in no lines. Ask the tags first
(`sodalite.image.Acquisition.databar_source`); what is found here has to be reported.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

FLAT_SHARES = (0.30, 0.60)
"""A row is flat where its commonest grey fills more than this share; the second is for dark fields above a bar."""
LARGEST_GAP_ROWS = 6
"""Rows that are not flat may interrupt a bar, or stand below it, up to this many."""
LARGEST_SHARE = 0.25
"""A bar takes at most this share of the rows; a page margin or a black field takes more."""
_SMALLEST_ROWS = 8
_ROWS_ABOVE = 10
_TYPICAL_SHARE = 0.60
_EMPTY_SHARE = 0.90
_MARK_SHARES = (0.005, 0.50)
_NEAR_SHARE = 0.25
_LETTER_SHARE = 0.65
_LETTERS = (4, 2000)
_SMALLEST_LETTER_PX = 4
_IN_LINE_PX = 1


class _Rows(NamedTuple):
    """Share and value of the commonest grey level of each row, from the bottom row upwards."""

    share: np.ndarray
    level: np.ndarray


def find_databar_rows(data: np.ndarray) -> int:
    """Return how many rows at the foot of a picture are a data bar, 0 where none is certain.

    Parameters
    ----------
    data
        Grey levels ``(y, x)``, integer or float, untouched: filtering or rescaling hides a bar.

    Returns
    -------
    int
        Rows from the bottom, image rows caught below the bar included. Exact on 18 of 18 bars of a Zeiss Crossbeam
        (78 of 768 rows), three of Zeiss Merlin, Supra and Ultra and one of an FEI Teneo; 0 on 12 pictures without and
        on saturated layers with pores and a straight edge, 294 of 400 of which passed for bars without `_letters`.
    """
    limit = int(data.shape[0] * LARGEST_SHARE)
    if limit < _SMALLEST_ROWS or data.shape[1] < _SMALLEST_ROWS:
        return 0
    rows = _commonest(data[::-1][: limit + _ROWS_ABOVE + LARGEST_GAP_ROWS])
    for flat in FLAT_SHARES:
        height = _walk_up(rows.share > flat)
        if _SMALLEST_ROWS <= height <= limit and _steps_sharply(rows.share, height, flat):
            return height if _is_drawn(data, rows, height) else 0
    return 0


def _commonest(flipped: np.ndarray) -> _Rows:
    shares, levels = [], []
    for row in flipped:
        values, counts = _counted(row)
        best = int(counts.argmax())
        shares.append(counts[best] / row.size)
        levels.append(float(values[best]))
    return _Rows(np.array(shares), np.array(levels))


def _counted(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the grey levels of a row and how often each occurs."""
    if row.dtype not in (np.uint8, np.uint16):
        return np.unique(row, return_counts=True)
    # Whole numbers of few bits need no sorting: 3 instead of 59 ms on 3072 x 2048 pixels.
    counts = np.bincount(row)
    return np.arange(counts.size), counts


def _walk_up(flat: np.ndarray) -> int:
    """Return the height of the flat rows from the bottom, stopping at the first gap that is too wide."""
    height = 0
    for index in np.flatnonzero(flat):
        if index - height > LARGEST_GAP_ROWS:
            break
        height = int(index) + 1
    return height


def _steps_sharply(share: np.ndarray, height: int, flat: float) -> bool:
    """Return whether the rows right above the bar are not flat at all while the bar's are."""
    above = share[height : height + _ROWS_ABOVE]
    return bool(
        above.size
        and np.median(above) <= flat
        and share[height - 1] - np.median(above) >= FLAT_SHARES[0]
        and np.median(share[:height]) >= _TYPICAL_SHARE
    )


def _is_drawn(data: np.ndarray, rows: _Rows, height: int) -> bool:
    """Return whether the bar has empty rows and letters, and few grey levels close to its background as noise has.

    Compression to JPEG leaves 4 to 18 % of close levels around the letters, the noise of a dark field 30 % and more.
    """
    empty = rows.share[:height] >= _EMPTY_SHARE
    if empty.sum() < 2:
        return False
    values, counts = np.unique(rows.level[:height], return_counts=True)
    background = float(values[counts.argmax()])
    bar = data[data.shape[0] - height :].astype(np.float64)
    span = float(data.max()) - float(data.min())
    distance = np.abs(bar - background) / span
    marks, near = (distance > 0.25).mean(), ((distance > 0) & (distance < 0.03)).mean()
    drawn = _MARK_SHARES[0] <= marks <= _MARK_SHARES[1] and near <= _NEAR_SHARE
    return bool(drawn and _letters(distance > 0.25))


def _letters(marks: np.ndarray) -> bool:
    """Return whether most marks stand in lines: of one height, on one base, within a pixel, with two others at least.

    0.81 to 0.98 of the marks of 24 real bars do, and of pores strewn at random at most 0.52 of 200.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    _, top, width, height, _ = stats[1:].T
    size = (height >= _SMALLEST_LETTER_PX) & (height <= 0.75 * marks.shape[0]) & (width <= 3 * height)
    base, tall = (top + height)[size], height[size]
    if not _LETTERS[0] <= tall.size <= _LETTERS[1]:
        return False
    alike = (np.abs(base[:, None] - base) <= _IN_LINE_PX) & (np.abs(tall[:, None] - tall) <= _IN_LINE_PX)
    return bool((alike.sum(axis=1) >= 3).mean() >= _LETTER_SHARE)
