"""Clean-up of a map before its grains are found: wild spikes, small islands and gaps, reversible and counted.

Nothing is overwritten: a clean-up says which point each point takes its orientation from. ``source`` is ``(n,)``; the
cleaned map is ``quaternions[source]`` and ``phase_id[source]``, and the raw one is still there. Clean-ups follow one
another as ``first[second]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.neighbours import lowest_of_nearest, neighbour_offsets, places_um, point_of_node
from sodalite.ebsd.symmetry import cosine_half, symmetry_table
from sodalite.segment.grains import find_grains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid
    from sodalite.ebsd.symmetry import SymmetryTable


def changed_fraction(source: np.ndarray) -> float:
    """Return the fraction of points that a clean-up changed."""
    return float((source != np.arange(source.size)).mean()) if source.size else 0.0


def replace_spikes(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    *,
    threshold_deg: float,
) -> np.ndarray:
    """Return where each point takes its orientation from after wild spikes are replaced, ``(n,)`` int64.

    A spike is an indexed point that agrees with none of its neighbours while at least half of them agree with one of
    them; it takes that one's orientation. Parameters as of `sodalite.segment.grains.find_grains`.
    """
    points = np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)
    source = np.arange(len(points))
    cosine = np.cos(np.radians(threshold_deg) / 2)
    nodes, offsets = point_of_node(grid).reshape(grid.shape), neighbour_offsets(grid, 1)
    phases = np.asarray(phase_id).ravel()
    _write_spikes(points, phases, symmetry_table(tuple(groups)), cosine, nodes, offsets, source)
    return source


def absorb_islands(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    *,
    threshold_deg: float,
    min_pixels: int,
) -> np.ndarray:
    """Return where each point takes its orientation from after small grains are absorbed, ``(n,)`` int64.

    Points of grains with fewer than `min_pixels` points take the orientation of the nearest point of a larger grain,
    at one distance of the earliest. Parameters as of `sodalite.segment.grains.find_grains`.
    """
    labels = find_grains(quaternions, phase_id, groups, grid, threshold_deg=threshold_deg)
    sizes = np.bincount(labels)
    small = (labels > 0) & (sizes[labels] < min_pixels)
    return _from_nearest(small, (labels > 0) & ~small, grid)


def fill_gaps(phase_id: np.ndarray, grid: Grid, *, max_steps: float) -> np.ndarray:
    """Return where each point takes its orientation from after gaps are filled, ``(n,)`` int64.

    A point that is not indexed takes the orientation and the phase of the nearest indexed point, at one distance of
    the earliest, if that is at most `max_steps` of the smaller step of the grid away.
    """
    indexed = np.asarray(phase_id).ravel() > 0
    return _from_nearest(~indexed, indexed, grid, max_steps * min(grid.spacing_um))


def _from_nearest(wanted: np.ndarray, offered: np.ndarray, grid: Grid, reach_um: float = np.inf) -> np.ndarray:
    source = np.arange(wanted.size)
    own, others = np.flatnonzero(wanted), np.flatnonzero(offered)
    if own.size == 0 or others.size == 0:
        return source
    distance, earliest = lowest_of_nearest(places_um(grid), own, others, others)
    source[own] = np.where(distance <= reach_um * (1 + 1e-9), earliest, own)
    return source


@njit(cache=True, nogil=True)
def _write_spikes(
    points: np.ndarray,
    phase_id: np.ndarray,
    table: SymmetryTable,
    cosine: float,
    nodes: np.ndarray,
    offsets: np.ndarray,
    source: np.ndarray,
) -> None:
    """Write the neighbour that replaces each spike."""
    rows, columns = nodes.shape
    around = np.empty(offsets.shape[1], dtype=np.int64)
    for y in range(rows):
        for x in range(columns):
            p = nodes[y, x]
            if p < 0 or phase_id[p] == 0:
                continue
            count = 0
            for k in range(offsets.shape[1]):
                v, u = y + offsets[y % 2, k, 0], x + offsets[y % 2, k, 1]
                if 0 <= v < rows and 0 <= u < columns and nodes[v, u] >= 0:
                    around[count] = nodes[v, u]
                    count += 1
            best, most = p, 0
            for i in range(count):
                q = around[i]
                if _agree(points, phase_id, table, cosine, p, q):
                    best, most = p, 0
                    break
                votes = 0
                for j in range(count):
                    votes += _agree(points, phase_id, table, cosine, q, around[j])
                if phase_id[q] > 0 and votes > most:
                    best, most = q, votes
            if most > 1 and 2 * most >= count:
                source[p] = best


@njit(cache=True, nogil=True)
def _agree(points: np.ndarray, phase_id: np.ndarray, table: SymmetryTable, cosine: float, p: int, q: int) -> bool:
    """Return whether two indexed points are of one phase and differ by less than the threshold."""
    k = phase_id[p]
    if k == 0 or k != phase_id[q]:
        return False
    return cosine_half(points[p], points[q], table.forms[k], table.counts[k]) > cosine
