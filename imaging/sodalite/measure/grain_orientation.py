"""Orientation within grains: the mean, the spread about it (GROD, GOS) and the local change (KAM).

Angles are disorientations under the proper group of the phase, ``2 atan2(|vector part|, scalar part)``, which keeps
its digits at small angles where the arccos of a scalar product loses them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.mean_orientation import mean_orientations
from sodalite.ebsd.neighbours import forward_offsets, point_of_node
from sodalite.ebsd.symmetry import angle_rad, relative, symmetry_table, twice_arctangent
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid
    from sodalite.ebsd.symmetry import SymmetryTable

_ROUNDING_RAD = 1e-11
"""Angles to a mean below this are rounding: 1e-14 in grains of one orientation, 1e-7 the step of float32 angles."""

__all__ = ["grod_deg", "kam_deg", "mean_by_grain", "mean_orientations"]


def grod_deg(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    labels: np.ndarray,
    means: np.ndarray,
) -> np.ndarray:
    """Return the grain reference orientation deviation, ``(n,)`` float64, degrees; NaN outside grains.

    The angle between a point and the mean orientation of its grain; its mean over a grain is the grain orientation
    spread, ``gos = mean_by_grain(grod, labels)``.

    Parameters
    ----------
    quaternions, phase_id, groups, labels
        As in `mean_orientations`.
    means
        ``(grains, 4)``, the mean orientations of the grains.

    Raises
    ------
    MeasurementError
        When the arrays do not fit each other or a group is unknown.
    """
    points = _points(quaternions, phase_id, labels)
    if labels.size and int(labels.max()) > len(means):
        raise MeasurementError(f"means: {len(means)} rows for grains up to {int(labels.max())}; give one a grain.")
    out = np.full(labels.size, np.nan)
    reference = np.ascontiguousarray(means, dtype=np.float64)
    _write_grod(points, phase_id.ravel(), symmetry_table(tuple(groups)), labels.ravel(), reference, out)
    out[out < _ROUNDING_RAD] = 0.0
    return np.degrees(out)


def mean_by_grain(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean of a value over each grain, ``(grains,)`` float64; row k is grain k + 1.

    Points that are NaN do not count; grains without any are NaN.

    Parameters
    ----------
    values
        ``(n,)`` floats.
    labels
        ``(n,)`` integers, 0 = none.
    """
    count = int(labels.max()) if labels.size else 0
    totals, counts = np.zeros(count + 1), np.zeros(count + 1)
    _add_values(values, labels, totals, counts)
    with np.errstate(invalid="ignore"):
        return totals[1:] / counts[1:]


def kam_deg(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    labels: np.ndarray,
    *,
    order: int,
    max_deg: float,
) -> np.ndarray:
    """Return the kernel average misorientation, ``(n,)`` float64, degrees; NaN where a point has no such neighbour.

    The mean disorientation to the neighbours of the same grain that are at most `order` steps away and differ by less
    than `max_deg`; neighbours across a boundary are left out.

    Parameters
    ----------
    quaternions, phase_id, groups, labels
        As in `mean_orientations`.
    grid
        Where the points lie.
    order
        How many steps between nearest points a neighbour may be away, at least 1.
    max_deg
        Pairs that differ by more are taken for boundaries; 180 keeps all of a grain.

    Raises
    ------
    MeasurementError
        When the arrays do not fit each other, `order` is below 1 or a group is unknown.
    """
    if order < 1:
        raise MeasurementError(f"order: {order} neighbours cannot be averaged; give 1 or more.")
    points = _points(quaternions, phase_id, labels)
    nodes = point_of_node(grid).reshape(grid.shape)
    out, counts = np.zeros(labels.size), np.zeros(labels.size, dtype=np.uint16)
    _add_kam(
        points,
        phase_id.ravel(),
        symmetry_table(tuple(groups)),
        labels.ravel(),
        nodes,
        forward_offsets(grid, order),
        math.radians(max_deg),
        out,
        counts,
    )
    out[counts == 0] = np.nan
    return np.degrees(np.divide(out, counts, out=out, where=counts > 0), out=out)


def _points(quaternions: np.ndarray, phase_id: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if quaternions.size != 4 * labels.size or phase_id.size != labels.size:
        raise MeasurementError(
            f"labels: found {labels.size} for quaternions {quaternions.shape} and phases {phase_id.shape}; "
            "give one a point."
        )
    return np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)


@njit(cache=True, nogil=True)
def _add_values(values: np.ndarray, labels: np.ndarray, totals: np.ndarray, counts: np.ndarray) -> None:
    """Add up and count the values of each label that are not NaN."""
    for i in range(labels.size):
        if not np.isnan(values[i]):
            totals[labels[i]] += values[i]
            counts[labels[i]] += 1


@njit(cache=True, nogil=True)
def _write_grod(
    points: np.ndarray,
    phase_id: np.ndarray,
    table: SymmetryTable,
    labels: np.ndarray,
    means: np.ndarray,
    out: np.ndarray,
) -> None:
    forms, orders, near = table.forms, table.counts, table.near
    for i in range(labels.size):
        if labels[i] > 0:
            k, own = phase_id[i], np.int64(labels[i]) - 1
            w, x, y, z = relative(
                means[own, 0], means[own, 1], means[own, 2], means[own, 3],
                points[i, 0], points[i, 1], points[i, 2], points[i, 3],
            )  # fmt: skip
            if w >= near[k]:
                out[i] = twice_arctangent(x * x + y * y + z * z, w)
            else:
                out[i] = angle_rad(means[own], points[i], forms[k], orders[k], near[k])


@njit(cache=True, nogil=True)
def _add_kam(
    points: np.ndarray,
    phase_id: np.ndarray,
    table: SymmetryTable,
    labels: np.ndarray,
    nodes: np.ndarray,
    forward: np.ndarray,
    limit: float,
    totals: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Add the angle of every pair to both its points and count it; each pair is met at its earlier point."""
    forms, orders, near = table.forms, table.counts, table.near
    rows, columns = nodes.shape
    for row in range(rows):
        for column in range(columns):
            p = nodes[row, column]
            if p < 0 or labels[p] == 0:
                continue
            phase = phase_id[p]
            for step in range(forward.shape[1]):
                v, u = row + forward[row % 2, step, 0], column + forward[row % 2, step, 1]
                if v >= rows or u < 0 or u >= columns:
                    continue
                q = nodes[v, u]
                if q < 0 or labels[q] != labels[p]:
                    continue
                w, x, y, z = relative(
                    points[p, 0], points[p, 1], points[p, 2], points[p, 3],
                    points[q, 0], points[q, 1], points[q, 2], points[q, 3],
                )  # fmt: skip
                if w >= near[phase]:
                    angle = twice_arctangent(x * x + y * y + z * z, w)
                else:
                    angle = angle_rad(points[p], points[q], forms[phase], orders[phase], near[phase])
                if angle < limit:
                    totals[p] += angle
                    totals[q] += angle
                    counts[p] += np.uint16(1)
                    counts[q] += np.uint16(1)
