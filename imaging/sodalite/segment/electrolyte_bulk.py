"""The electrolyte's face as the end of its bulk: films and voids that a trace left on the electrolyte's side."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.evidence import main_grey
from sodalite.segment.interface import stretches
from sodalite.segment.ranks import column_medians, median

_SMOOTHING_PX = 1.0
_AROUND_PX = 60
"""Rows above and below the face that are looked at: they show both greys, and hold the deepest groove of a face."""

_CLEAR_PX, _BESIDE_PX = 12, 4
"""Rows between the face and where the electrolyte's, and the sodium's, own grey is read."""

_ASIDE_PX = 200
"""Columns on each side whose lowest face is that below which a column shows the electrolyte: where a trace climbs over
the lit wall of a void, what is right below it is the wall. The widest voids on 15 of 17 real electrolytes have 58
to 386 px."""

_COLUMN_SHARE, _COLUMN_PX = 0.25, 4.0
"""How far a column's grey may part from the electrolyte's, of the step to sodium, and over what width it is followed:
curtains do, dead sodium below the face does not."""

_OTHER_SHARE, _OTHER_SD = 0.15, 4.0
"""Share of the step to sodium, and noise, from which a pixel is not electrolyte: glass films between silver and silicon
(4 to 5 kV) are at 0.35 to 0.7 of the step."""

_EDGE_PX = 12
"""Rows within which an edge, or the light of something bright that spreads into the electrolyte, rises."""

_EDGE_ROWS_PX, _LEAST_EDGE = ((0, 3), (2, 6)), 1.0
"""Rows on both sides whose greys show a faint rim's edge, and that of a film, and by how much they differ there, in the
least that parts a pixel from the electrolyte. On 17 real sections films end with 1.0 to 6, light and shade that fade
have 0.2 to 0.9, and twice 1.5."""

_LIGHT_PX, _EDGE_CLEAR_PX, _LEAST_LIT_PX = 40, 2, 9
"""How far below the end of a film its light is taken for the film by a trace, from how far below it on that light is
looked at, and over how many columns at least."""

_NECK_PX = 2
_PIECE_SHARE = 0.1
"""Size of a piece relative to the largest from which it is bulk, though cut off by a curtain or the trench's floor."""

_BULB_NECKS_2PX, _BULB_WIDTH, _BULB_SHARE = (2, 4, 8), 2.0, 1 / 3
"""Half widths of the necks behind which a bulb is no bulk, in pixels of the halved picture, its width in those of the
neck at least, and its size in that of the largest piece at most: noise opens the film below a lit void, but only in a
part of its width."""

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
    are nearly as grey, nothing moves. Light and shade of what stands on the electrolyte part from its grey as well, but
    they fade and have no end: the face is led below nothing that ends without an edge, and from where it runs in light
    up to the edge of what lights it.

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
    solid = (np.abs(parting) < 1) | np.take_along_axis(outside_below, index, axis=0)
    below = np.arange(size)[:, None] >= edge
    bulk = _without_bulbs(_large_pieces(solid & below & inside))
    bulk[-1] = True
    depth = np.where(below & bulk, np.arange(size)[:, None] - edge, size).min(axis=0)
    depth[depth >= size - edge - _CLEAR_PX] = 0
    depth -= _light_above(np.abs(parting), edge + depth)
    led = np.maximum(face, _without_outgrowths(face + _deep_runs(depth)))
    strength = _edge_strength(parting)
    return _out_of_light(parting, strength, _led_to_edges(strength, edge, led - start)) + start


def _start_rows(face: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the first row of each column in a strip along the straight line through the face, and its height."""
    columns = np.arange(face.size)
    line = np.rint(np.polynomial.Polynomial.fit(columns, face, 1)(columns)).astype(np.int64)
    off = face - line
    return line + off.min() - _AROUND_PX, int(np.ptp(off)) + 2 * _AROUND_PX


def _from_electrolyte(grey: np.ndarray, edge: np.ndarray) -> np.ndarray | None:
    """Return how much brighter a grey is than the electrolyte's in its column, +-1 where it is no more electrolyte's.

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
    return np.asarray((grey - column) / max(_OTHER_SHARE * abs(step), _OTHER_SD * spread))


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


def _without_bulbs(bulk: np.ndarray) -> np.ndarray:
    """Return the bulk without what hangs on it by a neck far narrower than itself: the lit inside of a void."""
    coarse = np.ascontiguousarray(bulk[::2, ::2]).view(np.uint8)
    inset = cv2.distanceTransform(coarse, cv2.DIST_L2, 3)
    bulb = np.zeros(coarse.shape, np.uint8)
    for neck in _BULB_NECKS_2PX:
        _, parts, stats, _ = cv2.connectedComponentsWithStats((inset > neck).view(np.uint8), connectivity=4)
        chosen = np.zeros(len(stats), np.uint8)
        area = stats[1:, cv2.CC_STAT_AREA]
        for part in 1 + np.flatnonzero(area < _BULB_SHARE * area.max(initial=0)):
            x, y, width, height = stats[part, : cv2.CC_STAT_AREA]
            box = np.s_[y : y + height, x : x + width]
            hangs = y + height + neck < len(coarse)
            chosen[part] = hangs and inset[box][parts[box] == part].max() >= _BULB_WIDTH * neck
        if chosen.any():
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * neck + 3, 2 * neck + 3))
            cv2.max(bulb, cv2.dilate(chosen[parts], disc), dst=bulb)
    if not bulb.any():
        return bulk
    whole = np.repeat(np.repeat(bulb, 2, axis=0), 2, axis=1)[: bulk.shape[0], : bulk.shape[1]]
    return _large_pieces(bulk & (whole == 0))


def _deep_runs(depth: np.ndarray) -> np.ndarray:
    """Return the depths of those runs of columns that are deep and wide enough somewhere, 0 elsewhere."""
    wide = _without_narrow(depth, _OUTGROWTHS_PX[0][0])
    bounds = np.flatnonzero(np.diff(depth > 0)) + 1
    kept = np.zeros_like(depth)
    for first, last in zip(np.r_[0, bounds], np.r_[bounds, depth.size], strict=True):
        if wide[first:last].max() >= _LEAST_DEPTH_PX:
            kept[first:last] = depth[first:last]
    return kept


def _edge_strength(parting: np.ndarray) -> np.ndarray:
    """Return how much the greys above and below each edge row differ, in the unit of parting."""
    height, reach = len(parting), _EDGE_ROWS_PX[-1][1]
    rows = parting[np.clip(np.arange(-reach, height + reach), 0, height - 1)]
    differences = []
    for near, far in _EDGE_ROWS_PX:
        mean = cv2.blur(rows, (1, far - near), anchor=(0, 0))
        above, below = (mean[reach + off :][:height] for off in (-far, near))
        differences.append(np.abs(above - below))
    return np.maximum(*differences)


def _led_to_edges(strength: np.ndarray, edge: np.ndarray, led: np.ndarray) -> np.ndarray:
    """Return the edge, led to its lower rows in those runs of columns where something ends there."""
    there = np.take_along_axis(strength, np.minimum(led, len(strength) - 1)[None, :], axis=0)[0]
    kept = edge.copy()
    for first, last in zip(*stretches(led > edge), strict=True):
        if np.median(there[first:last]) >= _LEAST_EDGE:
            kept[first:last] = led[first:last]
    return kept


def _out_of_light(parting: np.ndarray, strength: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Return the edge, lifted where it runs in light that fades, to the sharpest row of the first edge above it."""
    up = np.arange(_LIGHT_PX)[:, None]
    rows = np.maximum(edge - up, 0)
    along = cv2.GaussianBlur(strength, (0, 0), sigmaX=_COLUMN_PX, sigmaY=1e-6)
    above = np.take_along_axis(along, rows, axis=0)
    first = (above >= _LEAST_EDGE).argmax(axis=0)
    lift = np.where((up >= first) & (up < first + _EDGE_PX), above, 0).argmax(axis=0)
    sharpest = np.take_along_axis(above, lift[None, :], axis=0)[0]
    clear = (up < lift - _EDGE_CLEAR_PX) | (up == 0)
    light = np.where(clear, np.take_along_axis(parting, rows, axis=0), 0).sum(axis=0)
    lit = (first > 0) & (light > 0) & (above[0] < sharpest / 2)
    lifted = edge.copy()
    for start, stop in zip(*stretches(lit), strict=True):
        if stop - start >= _LEAST_LIT_PX:
            lifted[start:stop] -= lift[start:stop]
    return lifted


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
