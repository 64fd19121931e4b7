"""Colours of map points: orix's inverse pole figure colours by a table, grains at random, scalars by a scale."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd import Phase, frame_axes
from sodalite.ebsd.orix_door import direction_colours, sector_centre
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd import EbsdMap

TABLE_SIDE = 256
UNINDEXED_RGB = (16, 17, 20)
UNKNOWN_RGB = (90, 94, 102)
"""Points of a phase without symmetry, and points without a value."""
MAP_DIRECTIONS = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
"""Name -> direction on the map: x right, y down, z into it."""
_MOST_OPERATORS = 24
_BLOCK = 512
_SPHERE_POINTS = 40_000
_GOLDEN = (math.sqrt(5) - 1) / 2


class ColourTable(NamedTuple):
    """The colours of one phase over a cell around the centre of its fundamental sector.

    A direction is turned by the operator that brings it nearest to the centre (or its opposite), and projected
    stereographically from there: two coordinates find its colour.

    Attributes
    ----------
    axes
        ``(24, 3, 3)``: for each operator the centre and two directions across it, turned back; zeros beyond the order.
    low, step
        ``(2,)``: coordinate of the table's edge and size of its cells.
    rgb
        ``(256, 256, 3)`` uint8.
    """

    axes: np.ndarray
    low: np.ndarray
    step: np.ndarray
    rgb: np.ndarray


def map_direction(direction: str | Sequence[float]) -> np.ndarray:
    """Return a direction on the map as a unit vector, ``(3,)``: x right, y down, z inwards.

    Raises
    ------
    MeasurementError
        When it is neither x, y, z nor three numbers.
    """
    vector = MAP_DIRECTIONS.get(direction) if isinstance(direction, str) else tuple(direction)
    if vector is None or len(vector) != 3 or not np.linalg.norm(vector) > 0:
        raise MeasurementError(f"direction: {direction!r} is no direction of a map; give x, y, z or three numbers.")
    return np.array(vector, dtype=np.float64) / np.linalg.norm(vector)


def ipf_colours(ebsd: EbsdMap, direction: str | Sequence[float], quaternions: np.ndarray | None = None) -> np.ndarray:
    """Return the inverse pole figure colours of all points, ``(n, 3)`` uint8: those of orix's TSL key.

    Parameters
    ----------
    ebsd
        The map; points that are not indexed become nearly black, those of a phase without symmetry grey.
    direction
        Of the map, whose place in each crystal is coloured: ``x`` (right), ``y`` (down), ``z`` (normal) or a vector.
    quaternions
        Those of the map where they are at hand, which spares computing them.
    """
    along = frame_axes(ebsd.frame).T @ map_direction(direction)
    tables = [colour_table(phase) if phase.laue_group else None for phase in ebsd.phases]
    blank = ColourTable(
        np.zeros((_MOST_OPERATORS, 3, 3)), np.zeros(2), np.ones(2), np.full((1, 1, 3), UNKNOWN_RGB, np.uint8)
    )
    quaternions = ebsd.quaternions if quaternions is None else quaternions
    rgb = np.empty((ebsd.size, 3), dtype=np.uint8)
    rgb[:] = UNINDEXED_RGB
    for number, table in enumerate(tables, start=1):
        _colour_points(quaternions, ebsd.phase_id, number, along, *(table or blank), rgb)
    return rgb


def colour_table(phase: Phase) -> ColourTable:
    """Return the colours of a phase; equal symmetries share one table."""
    oblique = phase.lattice if phase.laue_group == "2/m" else None
    return _table(Phase("", phase.laue_group, oblique, phase.space_group, phase.x_axis))


@lru_cache(maxsize=16)
def _table(phase: Phase) -> ColourTable:
    centre = sector_centre(phase)
    side = np.cross(centre, (0.0, 0.0, 1.0) if abs(centre[2]) < 0.9 else (1.0, 0.0, 0.0))
    side /= np.linalg.norm(side)
    base = np.stack((centre, side, np.cross(centre, side)))
    axes = np.zeros((_MOST_OPERATORS, 3, 3))
    turns = np.stack([_matrix(operator) for operator in phase.operators])
    axes[: len(turns)] = base @ turns
    projected = project(_sphere(_SPHERE_POINTS), axes)
    low, high = projected.min(axis=0), projected.max(axis=0)
    margin = 0.01 * (high - low)
    low, step = low - margin, (high - low + 2 * margin) / TABLE_SIDE
    cells = low + (np.indices((TABLE_SIDE, TABLE_SIDE)).reshape(2, -1).T + 0.5) * step
    square = (cells**2).sum(axis=1, keepdims=True)
    directions = np.concatenate(((1 - square), 2 * cells), axis=1) / (1 + square) @ base
    rgb = np.rint(255 * np.clip(direction_colours(directions, phase), 0, 1)).astype(np.uint8)
    return ColourTable(axes, low, step, rgb.reshape(TABLE_SIDE, TABLE_SIDE, 3))


def project(directions: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return table coordinates ``(n, 2)`` of crystal directions ``(n, 3)``, see `ColourTable`."""
    scalar = directions @ axes[:, 0].T
    best = np.abs(scalar).argmax(axis=1)
    sign = np.sign(scalar[np.arange(best.size), best])
    turned = np.einsum("nij,nj->ni", axes[best], directions) * np.where(sign == 0, 1, sign)[:, None]
    return np.asarray(turned[:, 1:] / (1 + turned[:, :1]))


def in_sector(directions: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return which crystal directions lie in the cell around the centre of the fundamental sector, edges included."""
    scalar = np.abs(directions @ axes[:, 0].T)
    return np.asarray(directions @ axes[0, 0] >= scalar.max(axis=1) - 1e-6)


def _matrix(quaternion: np.ndarray) -> np.ndarray:
    """Return the rotation matrix of ``v -> q v q*``."""
    w, x, y, z = quaternion
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + 2 * w * cross + 2 * cross @ cross)


def _sphere(count: int) -> np.ndarray:
    """Return evenly spread directions (Fibonacci's spiral)."""
    number = np.arange(count) + 0.5
    z, azimuth = 1 - 2 * number / count, 2 * np.pi * _GOLDEN * number
    radius = np.sqrt(1 - z * z)
    return np.stack((radius * np.cos(azimuth), radius * np.sin(azimuth), z), axis=1)


@njit(cache=True, nogil=True)
def _colour_points(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    number: int,
    along: np.ndarray,
    axes: np.ndarray,
    low: np.ndarray,
    step: np.ndarray,
    table: np.ndarray,
    rgb: np.ndarray,
) -> None:
    """Write the colours of the points of phase `number`, whose crystals have ``q v q*`` along v."""
    colours = table.reshape(-1, 3)
    points, nearest = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    directions, cosines = np.empty((3, _BLOCK)), np.empty(_BLOCK)
    for start in range(0, phase_id.size, _BLOCK):
        stop = min(start + _BLOCK, phase_id.size)
        count = _turn(quaternions, phase_id, number, along, start, stop, points, directions)
        _find_nearest(axes, directions, count, cosines, nearest)
        _find_cells(axes, directions, count, cosines, nearest, low, step, table.shape)
        for m in range(np.uint64(count)):
            p, cell = np.uint64(points[m]), np.uint64(nearest[m])
            rgb[p, 0], rgb[p, 1], rgb[p, 2] = colours[cell, 0], colours[cell, 1], colours[cell, 2]


@njit(cache=True, nogil=True)
def _turn(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    number: int,
    along: np.ndarray,
    start: int,
    stop: int,
    points: np.ndarray,
    directions: np.ndarray,
) -> int:
    """Write which points are of a phase, and where they have `along` in their crystals; return how many there are."""
    count = 0
    for p in range(start, stop):
        if phase_id[p] != number:
            continue
        w, i, j, k = quaternions[p, 0], quaternions[p, 1], quaternions[p, 2], quaternions[p, 3]
        a = 2 * (j * along[2] - k * along[1])
        b = 2 * (k * along[0] - i * along[2])
        c = 2 * (i * along[1] - j * along[0])
        directions[0, count] = along[0] + w * a + j * c - k * b
        directions[1, count] = along[1] + w * b + k * a - i * c
        directions[2, count] = along[2] + w * c + i * b - j * a
        points[count] = p
        count += 1
    return count


@njit(cache=True, nogil=True)
def _find_nearest(
    axes: np.ndarray, directions: np.ndarray, count: int, cosines: np.ndarray, nearest: np.ndarray
) -> None:
    """Write which operator's centre each direction, or its opposite, is nearest to, and the cosine to that.

    Operator by operator, so that the compiler takes several points at a time: a fifth of the time.
    """
    cosines[:count] = 0.0
    nearest[:count] = 0
    for n in range(axes.shape[0]):
        a, b, c = axes[n, 0, 0], axes[n, 0, 1], axes[n, 0, 2]
        for m in range(count):
            cosine = a * directions[0, m] + b * directions[1, m] + c * directions[2, m]
            nearer = abs(cosine) > abs(cosines[m])
            cosines[m] = cosine if nearer else cosines[m]
            nearest[m] = n if nearer else nearest[m]


@njit(cache=True, nogil=True)
def _find_cells(
    axes: np.ndarray,
    directions: np.ndarray,
    count: int,
    cosines: np.ndarray,
    nearest: np.ndarray,
    low: np.ndarray,
    step: np.ndarray,
    shape: tuple[int, int, int],
) -> None:
    """Write over the operators of directions the cells of the table that they lie in."""
    for m in range(np.uint64(count)):
        at, x, y, z = np.uint64(nearest[m]), directions[0, m], directions[1, m], directions[2, m]
        scale = (1.0 if cosines[m] >= 0 else -1.0) / (1.0 + abs(cosines[m]))
        u = scale * (axes[at, 1, 0] * x + axes[at, 1, 1] * y + axes[at, 1, 2] * z)
        v = scale * (axes[at, 2, 0] * x + axes[at, 2, 1] * y + axes[at, 2, 2] * z)
        row = min(max(int((u - low[0]) / step[0]), 0), shape[0] - 1)
        column = min(max(int((v - low[1]) / step[1]), 0), shape[1] - 1)
        nearest[m] = row * shape[1] + column


def grain_colours(count: int) -> np.ndarray:
    """Return a colour for each grain id, ``(count + 1, 3)`` uint8; 0 is nearly black, the same ids look the same."""
    import cv2

    number = np.arange(count + 1, dtype=np.float64)
    hsv = np.empty((1, count + 1, 3), np.uint8)
    hsv[0, :, 0] = (180 * (number * _GOLDEN % 1)).astype(np.uint8)
    hsv[0, :, 1] = (90 + 110 * (number * math.sqrt(2) % 1)).astype(np.uint8)
    hsv[0, :, 2] = (150 + 100 * (number * math.sqrt(3) % 1)).astype(np.uint8)
    rgb = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))[0]
    rgb[0] = UNINDEXED_RGB
    return rgb


def scale_colours() -> np.ndarray:
    """Return the colours of a scale from low to high, ``(256, 3)`` uint8 (viridis: even steps of lightness)."""
    import cv2

    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_VIRIDIS)
    return np.ascontiguousarray(np.asarray(ramp)[:, 0, ::-1])


def scalar_colours(values: np.ndarray, top: float) -> np.ndarray:
    """Return the colours of values ``(y, x)`` on a scale from 0 to `top`, ``(y, x, 3)`` uint8; NaN becomes grey."""
    known = np.isfinite(values)
    level = np.clip(np.where(known, values, 0) * (255 / top), 0, 255).astype(np.uint8)
    rgb = scale_colours()[level]
    rgb[~known] = UNKNOWN_RGB
    return rgb
