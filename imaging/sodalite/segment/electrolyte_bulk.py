"""The electrolyte's face as the end of its bulk: films and voids that a trace left on the electrolyte's side."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.evidence import main_grey
from sodalite.segment.ranks import column_medians, median

_SMOOTHING_PX = 1.0
_AROUND_PX = 60
"""Rows above and below the face that are looked at: they show both greys, and hold the deepest groove of a face."""

_CLEAR_PX, _BESIDE_PX = 12, 4
"""Rows between the face and where the electrolyte's, and the sodium's, own grey is read."""

_ASIDE_PX = 64
"""Columns on each side whose lowest face is that below which a column shows the electrolyte: where a trace climbs over
the lit wall of a void, what is right below it is the wall."""

_COLUMN_SHARE, _COLUMN_PX = 0.25, 4.0
"""How far a column's grey may part from the electrolyte's, of the step to sodium, and over what width it is followed:
curtains do, dead sodium below the face does not."""

_OTHER_SHARE, _OTHER_SD = 0.15, 4.0
"""Share of the step to sodium, and noise, from which a pixel is not electrolyte: glass films between silver and silicon
(4 to 5 kV) are at 0.35 to 0.7 of the step."""

_EDGE_PX = 12
"""Rows within which an edge, or the light of something bright that spreads into the electrolyte, rises."""

_NECK_PX = 2
_PIECE_SHARE = 0.1
"""Size of a piece relative to the largest from which it is bulk, though cut off by a curtain or the trench's floor."""

_LEAST_DEPTH_PX = 4
_OUTGROWTHS_PX = ((9, 6), (17, 17), (33, 33), (65, 65))
"""Widths below which, and depths beyond which, what reaches down moves no face: it is narrower than it is deep, an
outgrowth such as a filament or the dark curtain below a void."""


def face_of_bulk(data: np.ndarray, face: np.ndarray, outside_below: np.ndarray) -> np.ndarray:
    """Return the electrolyte's face, led below what is cut off from the electrolyte's bulk: ``(x,)`` int64 rows.

    The electrolyte is one connected solid of one grey. A film upon it that is nearer to its grey than to sodium's, or a
    void as grey as it, can lie on the wrong side of a trace; but the film, or the bright rim of the void, parts them
    from the bulk. Where at least four rows below the face belong to no large piece of the electrolyte's grey, the face
    is the top of the bulk; necks narrower than five pixels do not join a piece to it. Where sodium and electrolyte
    are nearly as grey, nothing moves.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    face
        ``(x,)`` int64 edge rows.
    outside_below
        ``(y, x)`` bool, what lies below the electrolyte, such as the floor of the trench; it counts as its bulk.
    """
    start, size = _start_rows(face)
    rows = start + np.arange(size)[:, None]
    inside = (rows >= 0) & (rows < len(data))
    index = np.clip(rows, 0, len(data) - 1)
    grey = cv2.GaussianBlur(np.take_along_axis(data, index, axis=0).astype(np.float32), (0, 0), _SMOOTHING_PX)
    edge = face - start
    parting = _from_electrolyte(grey, edge)
    if parting is None:
        return face
    solid = (parting < 1) | np.take_along_axis(outside_below, index, axis=0)
    below = np.arange(size)[:, None] >= edge
    bulk = _large_pieces(solid & below & inside)
    bulk[-1] = True
    depth = np.where(below & bulk, np.arange(size)[:, None] - edge, size).min(axis=0)
    depth[depth >= size - edge - _CLEAR_PX] = 0
    depth -= _light_above(parting, edge + depth)
    return np.maximum(face, _without_outgrowths(face + _deep_runs(depth)))


def _start_rows(face: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the first row of each column in a strip along the straight line through the face, and its height."""
    columns = np.arange(face.size)
    line = np.rint(np.polynomial.Polynomial.fit(columns, face, 1)(columns)).astype(np.int64)
    off = face - line
    return line + off.min() - _AROUND_PX, int(np.ptp(off)) + 2 * _AROUND_PX


def _from_electrolyte(grey: np.ndarray, edge: np.ndarray) -> np.ndarray | None:
    """Return how far a grey parts from the electrolyte's in its column, 1 where it is no more that of electrolyte.

    None where its grey and sodium's are too near.
    """
    under, over = np.arange(_CLEAR_PX, _AROUND_PX, 2), np.arange(_BESIDE_PX, _AROUND_PX, 2)
    lowest = cv2.dilate(edge[None, :].astype(np.float32), np.ones((1, 2 * _ASIDE_PX + 1), np.uint8))[0].astype(np.int64)
    below = np.take_along_axis(grey, np.minimum(lowest + under[:, None], len(grey) - 1), axis=0)
    above = np.take_along_axis(grey, edge - 1 - over[:, None], axis=0)
    middle = median(below)
    step = main_grey(above.ravel())[0] - middle
    reach = _COLUMN_SHARE * abs(step)
    own = np.where(np.abs(below - middle) < abs(step) / 2, below, np.nan)
    own[0] = middle  # for columns that show no electrolyte
    column = np.clip(column_medians(own), middle - reach, middle + reach).astype(np.float32)
    column = cv2.GaussianBlur(column[None, :], (0, 0), sigmaX=_COLUMN_PX, sigmaY=1e-6)[0]
    spread = 1.4826 * median(np.abs(below - column))
    if abs(step) <= _OTHER_SD * spread:
        return None
    return np.asarray(np.abs(grey - column) / max(_OTHER_SHARE * abs(step), _OTHER_SD * spread))


def _light_above(parting: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the rows by which an edge at half height lies above the first trace of what is over it: ``(x,)`` int64."""
    above = np.take_along_axis(parting, np.maximum(row - 1 - np.arange(_EDGE_PX)[:, None], 0), axis=0)
    return np.asarray((above >= above.max(axis=0) / 2).argmax(axis=0))


def _large_pieces(solid: np.ndarray) -> np.ndarray:
    """Return the pieces of at least a tenth of the largest, cut at narrow necks."""
    pixels = solid.astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _NECK_PX + 1, 2 * _NECK_PX + 1))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(pixels, cv2.MORPH_OPEN, disc))
    area = stats[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    large = (area >= max(_PIECE_SHARE * area.max(), 1)).astype(np.uint8)[parts]
    for _ in range(_NECK_PX + 1):
        large = cv2.bitwise_and(cv2.dilate(large, np.ones((3, 3), np.uint8)), pixels)
    return large > 0


def _deep_runs(depth: np.ndarray) -> np.ndarray:
    """Return the depths of those runs of columns that are deep and wide enough somewhere, 0 elsewhere."""
    wide = _without_narrow(depth, _OUTGROWTHS_PX[0][0])
    bounds = np.flatnonzero(np.diff(depth > 0)) + 1
    kept = np.zeros_like(depth)
    for first, last in zip(np.r_[0, bounds], np.r_[bounds, depth.size], strict=True):
        if wide[first:last].max() >= _LEAST_DEPTH_PX:
            kept[first:last] = depth[first:last]
    return kept


def _without_outgrowths(face: np.ndarray) -> np.ndarray:
    """Return the face with what reaches down narrow and deep cut at the level beside it."""
    for width_px, depth_px in _OUTGROWTHS_PX:
        level = _without_narrow(face, width_px)
        face = np.where(face - level > depth_px, level, face)
    return face


def _without_narrow(rows: np.ndarray, width_px: int) -> np.ndarray:
    """Return rows ``(x,)`` with what is larger than on both sides, over less than a width, cut."""
    plane = rows.astype(np.float32)[None, :]
    return cv2.morphologyEx(plane, cv2.MORPH_OPEN, np.ones((1, width_px), np.uint8))[0].astype(np.int64)
