"""Colour keys beside the pictures of a map: the sector of crystal directions and the scale of a number."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import Phase
from sodalite.ebsd.phase import CUBIC
from sodalite.report.map_colours import colour_table, in_sector, project, scale_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

PANEL_PX = 340
"""Width of the panel that holds the keys."""
PANEL_RGB = (22, 24, 29)
_TEXT_RGB = (240, 242, 245)
_KEY_PX = 260
_LINE_PX = 32
_TITLE_PX = 56
_MOST_KEYS = 3
_LEAST_SCALE_PX = 160
_FONT = 0.8
"""Font scale of OpenCV."""
_RAW_PX = 900
_CRYSTAL_AXES = {"a": "zxy", "b": "xyz", "c": "yzx"}
"""Unique axis of a monoclinic crystal -> its Cartesian axes along x, y and z of the key."""


def ipf_panel(phases: Sequence[Phase], height: int, title: str) -> np.ndarray:
    """Return a panel ``(at least height, PANEL_PX, 3)`` with the key of each Laue group, three at most.

    Parameters
    ----------
    phases
        In the order of their keys; those of one Laue group share it.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for phase in phases:
        if phase.laue_group is not None:
            names.setdefault((phase.laue_group, phase.unique_axis), []).append(phase.name)
    keys = [(names[kind], *sector_picture(*kind)) for kind in list(names)[:_MOST_KEYS]]
    panel = _blank(max(height, _TITLE_PX + sum(key.shape[0] + (3 + len(own)) * _LINE_PX for own, key, _ in keys)))
    _put(panel, title, 20, 36)
    top = _TITLE_PX
    for own, key, corners in keys:
        for name in own:
            _put(panel, _shortened(name), 20, top + 22)
            top += _LINE_PX
        left = (PANEL_PX - key.shape[1]) // 2
        panel[top + _LINE_PX : top + _LINE_PX + key.shape[0], left : left + key.shape[1]] = key
        for corner, x, y in corners:
            above = y < key.shape[0] / 2
            row = top + _LINE_PX + (round(y) - 8 if above else round(y) + 26)
            column = left + round(x) - _text_width(corner) // 2
            _put(panel, corner, min(max(2, column), PANEL_PX - 2 - _text_width(corner)), row)
        top += key.shape[0] + 3 * _LINE_PX
    return panel


def scale_panel(height: int, title: str, top_value: float) -> np.ndarray:
    """Return a panel ``(at least height, PANEL_PX, 3)`` with the colours from 0 to `top_value`."""
    panel = _blank(max(height, 70 + _LEAST_SCALE_PX + 24))
    _put(panel, title, 20, 36)
    first, last = 70, min(len(panel) - 24, 560)
    panel[first:last, 40:90] = scale_colours()[np.linspace(255, 0, last - first).astype(np.intp)][:, None]
    for tick in scale_ticks(top_value):
        row = round(last - tick / top_value * (last - first))
        _put(panel, f"{tick:.3g}", 108, min(row + 9, len(panel) - 4))
    return panel


def beside(picture: np.ndarray, panel: np.ndarray) -> np.ndarray:
    """Return a picture with a panel to its right, continued below in the panel's colour where that is higher."""
    below = np.full((len(panel) - len(picture), picture.shape[1], 3), PANEL_RGB, np.uint8)
    return np.hstack([np.vstack([picture, below]), panel])


def scale_ticks(top: float) -> list[float]:
    """Return three to five even steps from 0 to `top`, of one digit where there are such."""
    parts = next((n for n in (4, 3, 5) if f"{top / n:.6e}"[1:8] == ".000000"), 4)
    return [top * k / parts for k in range(parts + 1)]


@lru_cache(maxsize=16)
def sector_picture(laue_group: str, unique_axis: str = "b") -> tuple[np.ndarray, tuple[tuple[str, float, float], ...]]:
    """Return the fundamental sector in stereographic projection, coloured, and its corners.

    Parameters
    ----------
    laue_group, unique_axis
        Of the phase, see `sodalite.ebsd.Phase`; the axis names the corners of 2/m alone.

    Returns
    -------
    picture
        ``(y, x, 3)`` uint8 on the panel's background.
    corners
        Indices of the direction and its place x, y in the picture.
    """
    import cv2

    table = colour_table(Phase("", laue_group))
    axis = np.linspace(1, -1, _RAW_PX)
    y, x = np.meshgrid(axis, -axis, indexing="ij")
    square = x * x + y * y
    directions = (np.stack((2 * x, 2 * y, 1 - square), axis=-1) / (1 + square)[..., None]).reshape(-1, 3)
    inside = (square.ravel() <= 1) & in_sector(directions, table.axes)
    picture = np.full((_RAW_PX * _RAW_PX, 3), PANEL_RGB, np.uint8)
    cell = ((project(directions[inside], table.axes) - table.low) / table.step).astype(np.intp)
    picture[inside] = table.rgb[tuple(np.clip(cell, 0, len(table.rgb) - 1).T)]
    shape = inside.reshape(_RAW_PX, _RAW_PX)
    rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
    crop = picture.reshape(_RAW_PX, _RAW_PX, 3)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = _KEY_PX / max(crop.shape[:2])
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    size = max(1, round(crop.shape[1] * factor)), max(1, round(crop.shape[0] * factor))
    small = np.asarray(cv2.resize(crop, size, interpolation=how))
    corners = []
    for text, unit in named_directions(laue_group, unique_axis):
        place = unit[:2] / (1 + unit[2])
        column, row = (place * (1, -1) + 1) / 2 * (_RAW_PX - 1)
        corners.append((text, (column - columns[0]) * factor, (row - rows[0]) * factor))
    return small, tuple(corners)


def named_directions(laue_group: str, unique_axis: str = "b") -> list[tuple[str, np.ndarray]]:
    """Return the low-index directions of the fundamental sector: text and unit vector in the axes of the key, z >= 0.

    The key has x along a, and in 2/m y along the unique axis, whose crystals have no right angles: there the texts are
    Cartesian axes of the crystal.
    """
    axes = colour_table(Phase("", laue_group)).axes
    named = _low_indices(laue_group)
    if laue_group == "2/m":
        own = dict(zip("xyz", _CRYSTAL_AXES[unique_axis], strict=True))
        named = [(text.replace(text[-1], own[text[-1]]), vector) for text, vector in named]
    units = [(text, np.array(vector) / np.linalg.norm(vector)) for text, vector in named]
    return [(text, unit) for text, unit in units if in_sector(unit[None], axes)[0]]


def _low_indices(laue_group: str) -> list[tuple[str, tuple[float, float, float]]]:
    if laue_group in CUBIC:
        return [(f"{h}{k}{m}", (h, k, m)) for h in (0, 1) for k in (0, 1) for m in (0, 1) if h + k + m]
    if laue_group in ("mmm", "4/m", "4/mmm"):
        return [("001", (0, 0, 1)), ("100", (1, 0, 0)), ("110", (1, 1, 0)), ("010", (0, 1, 0))]
    if laue_group in ("-1", "2/m"):  # without right angles the axes of the lattice lie elsewhere: Cartesian ones
        return [("z", (0, 0, 1)), ("x", (1, 0, 0)), ("-x", (-1, 0, 0)), ("y", (0, 1, 0)), ("-y", (0, -1, 0))]
    names = ["2-1-10", "10-10", "11-20", "01-10", "-12-10", "-1100"]
    names += ["-2110", "-1010", "-1-120", "0-110", "1-210", "1-100"]
    turns = np.deg2rad(30 * np.arange(12))
    ring = [(name, (float(np.cos(t)), float(np.sin(t)), 0.0)) for name, t in zip(names, turns, strict=True)]
    return [("0001", (0.0, 0.0, 1.0)), *ring]


def _blank(height: int) -> np.ndarray:
    return np.full((height, PANEL_PX, 3), PANEL_RGB, np.uint8)


def _put(canvas: np.ndarray, text: str, x: int, y: int) -> None:
    import cv2

    for colour, thickness in ((PANEL_RGB, 5), (_TEXT_RGB, 1)):  # a dark rim where a corner's name lies on its colours
        cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, _FONT, colour, thickness, cv2.LINE_AA)


def _text_width(text: str) -> int:
    import cv2

    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, _FONT, 1)[0][0])


def _shortened(text: str) -> str:
    """Return a text that fits into the panel, with dots where it was cut."""
    kept = text
    while kept and _text_width(kept if kept == text else kept + "...") > PANEL_PX - 32:
        kept = kept[:-1]
    return kept if kept == text else kept.rstrip() + "..."
