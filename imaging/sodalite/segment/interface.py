"""Faces of a layer: their rows in a labelled image, and their place between pixels in the grey one."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.classes import SectionClass

_HALF_PX = 7
_LEVEL_PX = 3
_ALONG_PX = 2.0
_LEAST_CONTRAST = 0.25

_SODIUM_LAYER = (SectionClass.SODIUM, SectionClass.VOID, SectionClass.CRACK)


def edge_between_pixels(data: np.ndarray, rows: np.ndarray, *, reach_px: float) -> np.ndarray:
    """Return where an edge runs between the pixels, from the grey levels on its two sides.

    In a strip that follows the edge the rows are counted as a whole or in part to the upper side, by their grey
    between the levels above and below: the position that preserves the first moment of an edge under any symmetric
    blur (Tabatabai and Mitchell 1984, 10.1109/TPAMI.1984.4767502). Where both sides are about equally grey, or the
    strip leaves the image, the edge stays where it is.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    rows
        ``(x,)`` edge rows; NaN where there is no edge.
    reach_px
        How far an edge may move.

    Returns
    -------
    numpy.ndarray
        ``(x,)`` float64 edge rows.
    """
    height, width = data.shape
    known = np.isfinite(rows)
    centre = np.rint(np.where(known, rows, 0)).astype(np.int64)
    index = centre[None, :] + np.arange(-_HALF_PX, _HALF_PX)[:, None]
    strip = np.take_along_axis(data, np.clip(index, 0, height - 1), axis=0).astype(np.float32)
    strip = cv2.GaussianBlur(strip, (0, 0), sigmaX=_ALONG_PX, sigmaY=1e-6)
    upper = strip[:_LEVEL_PX].mean(axis=0)
    lower = strip[-_LEVEL_PX:].mean(axis=0)
    contrast = np.abs(upper - lower)
    usable = known & (index[0] >= 0) & (index[-1] < height)
    if usable.any():
        usable &= contrast > _LEAST_CONTRAST * np.median(contrast[usable])
    share = np.clip((strip - lower) / np.where(usable, upper - lower, 1), 0, 1)
    found = centre - _HALF_PX + share.sum(axis=0)
    moved = np.clip(found, rows - reach_px, rows + reach_px)
    return np.where(usable, np.clip(moved, 0, height), rows).astype(np.float64)


def sodium_faces(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole-pixel rows of the sodium layer's upper and lower face in every column.

    The layer is the envelope of sodium, void and crack pixels between what lies above it (collector, cap, interlayer
    or outside) and the electrolyte below it. Where a column holds none of them but its neighbours upwards and
    downwards are both in the image, the two faces coincide: no sodium there. A face is NaN where the image's frame
    cuts the layer or where the column shows neither.

    Parameters
    ----------
    labels
        ``(y, x)`` class ids, collector side above.

    Returns
    -------
    collector_row, electrolyte_row
        ``(x,)`` float64 edge rows.
    """
    height, width = labels.shape
    layer = np.isin(labels, _SODIUM_LAYER)
    held = layer.any(axis=0)
    below = np.isin(labels, (SectionClass.ELECTROLYTE, SectionClass.DEAD_SODIUM, SectionClass.PORE))
    above = np.isin(labels, (SectionClass.COLLECTOR, SectionClass.CAP, SectionClass.INTERLAYER))
    first = np.where(held, layer.argmax(axis=0), -1)
    last = np.where(held, height - layer[::-1].argmax(axis=0), -1)
    bare = ~held & below.any(axis=0) & above.any(axis=0)
    first = np.where(bare, height - above[::-1].argmax(axis=0), first).astype(np.float64)
    last = np.where(bare, first, last).astype(np.float64)
    outside_below = _class_at(labels, last) == SectionClass.OUTSIDE
    first[~held & ~bare | (first == 0) & held] = np.nan
    last[~held & ~bare | (last == height) & held | outside_below & held] = np.nan
    return first, last


def _class_at(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    height, width = labels.shape
    return labels[np.clip(rows.astype(np.int64), 0, height - 1), np.arange(width)]
