"""Interfaces between the layers: lines to look at, and anchors to drag that feed the tracer.

Rows of the core are edges (pixel i covers [i, i + 1)), napari's coordinates are pixel centres: half a pixel apart.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import LAYER_CLASS, SectionClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HALF_PX = 0.5
_LINE_TOLERANCE_PX = 0.25
_ANCHORS = 9
_NEAR_PX = 3


def interface_names(stack: Sequence[str]) -> list[str]:
    """Return the interfaces of a stack of layers, as anchors name them: ``collector/sodium`` ..."""
    return [f"{upper}/{lower}" for upper, lower in itertools.pairwise(stack)]


def interface_rows(labels: np.ndarray, stack: Sequence[str], upside_down: bool) -> dict[str, np.ndarray]:
    """Return interface -> edge row in every column ``(x,)`` float64, NaN where the column does not show it.

    Parameters
    ----------
    labels
        ``(y, x)`` class ids.
    stack
        Layers from the collector side to the electrolyte.
    upside_down
        Whether the electrolyte lies above in the image.
    """
    scene = labels[::-1] if upside_down else labels
    depth = _depths(stack)[scene]
    rows = {}
    for place, name in enumerate(interface_names(stack)):
        below = depth > place
        above = (depth >= 0) & ~below
        edge = np.where(below.any(axis=0) & above.any(axis=0), below.argmax(axis=0).astype(np.float64), np.nan)
        rows[name] = len(labels) - edge if upside_down else edge
    return rows


def interface_paths(rows: np.ndarray) -> list[np.ndarray]:
    """Return an interface as lines ``(n, 2)`` in napari's (y, x), cut where it is not in the image."""
    import cv2

    seen = np.isfinite(rows)
    breaks = np.flatnonzero(np.diff(seen.astype(np.int8))) + 1
    lines = []
    for columns in np.split(np.arange(len(rows)), breaks):
        if len(columns) > 1 and seen[columns[0]]:
            points = np.column_stack([columns, rows[columns] - _HALF_PX]).astype(np.float32)
            lines.append(cv2.approxPolyDP(points[:, None], _LINE_TOLERANCE_PX, False)[:, 0, ::-1])
    return lines


def propose_anchors(rows: np.ndarray) -> np.ndarray:
    """Return anchors on an interface ``(n, 2)`` as (x, row) in edge pixels, spread evenly over where it is seen."""
    seen = np.flatnonzero(np.isfinite(rows))
    if not len(seen):
        return np.empty((0, 2))
    columns = seen[np.linspace(0, len(seen) - 1, min(_ANCHORS, len(seen))).round().astype(int)]
    heights = [np.nanmedian(rows[max(0, c - _NEAR_PX) : c + _NEAR_PX + 1]) for c in columns]
    return np.column_stack([columns + _HALF_PX, heights])


def to_canvas(anchors: np.ndarray) -> np.ndarray:
    """Return anchors (x, row) as napari points (y, x)."""
    return np.asarray(anchors, float).reshape(-1, 2)[:, ::-1] - _HALF_PX


def moved_anchors(
    points: np.ndarray, names: Sequence[str], proposed: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the anchors of those interfaces whose points were moved, added or deleted; the others need none.

    All points of such an interface count: those left in place hold the line where it is.
    """
    here = np.asarray(names, object)
    anchors = {}
    for name, before in proposed.items():
        now = np.asarray(points, float).reshape(-1, 2)[here == name][:, ::-1] + _HALF_PX
        same = now.shape == before.shape and np.allclose(now, before, atol=1e-6)
        if not same and len(now):
            anchors[name] = now[np.argsort(now[:, 0], kind="stable")]
    return anchors


def _depths(stack: Sequence[str]) -> np.ndarray:
    """Return class id -> how many interfaces lie above it; -1 for what belongs to no layer."""
    depths = np.full(256, -1, np.int8)
    for place, name in enumerate(stack):
        depths[LAYER_CLASS[name]] = place
    last = len(stack) - 1
    depths[SectionClass.VOID] = stack.index("sodium") if "sodium" in stack else last - 1
    for item in (SectionClass.DEAD_SODIUM, SectionClass.CRACK, SectionClass.PORE):
        depths[item] = last
    return depths
