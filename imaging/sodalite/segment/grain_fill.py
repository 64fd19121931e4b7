"""Grains that fill the map: points that are not indexed go to the nearest grain, and grains meet across them.

The cells of the indexed points (Voronoi) cover the map; two indexed points are neighbours when their cells share an
edge. Where every point is indexed these are the four or six neighbours of the grid. Source: Bachmann, Hielscher,
Schaeben, Ultramicroscopy 111 (2011) 1720, 10.1016/j.ultramic.2011.08.002.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.neighbours import (
    lowest_of_nearest,
    neighbour_offsets,
    nodes_inside,
    places_um,
    point_of_node,
)
from sodalite.ebsd.symmetry import cosine_half, symmetry_table
from sodalite.segment.grains import find_grains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid
    from sodalite.ebsd.symmetry import SymmetryTable

_SHORT = 1e-6
"""Edges shorter than this, in steps, are corners where four cells of a square grid meet."""


def find_filled_grains(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    *,
    threshold_deg: float,
    threads: int = 1,
) -> np.ndarray:
    """Return the grain of each point, ``(n,)`` uint32, without gaps: 1, 2, ... in the order of first indexed points.

    Points that are not indexed have the grain of the nearest indexed point, among several of the lowest grain. Where
    no point is indexed all are 0. Parameters and errors as of `sodalite.segment.grains.find_grains`.
    """
    labels = find_grains(quaternions, phase_id, groups, grid, threshold_deg=threshold_deg, threads=threads)
    phase_id = np.asarray(phase_id).ravel()
    own, near = _beside_gaps(phase_id, grid)
    if own.size == 0:
        return labels
    places = places_um(grid)
    empty = np.flatnonzero(phase_id == 0)
    pairs = _facing_pairs(places[near], _frame_um(grid), 2 * _widest_gap_um(grid, phase_id))
    first, second = near[pairs[:, 0]], near[pairs[:, 1]]
    # the outer rows of `near` only close the cells of the points beside a gap
    beside = np.isin(first, own) | np.isin(second, own)
    meeting = beside & (phase_id[first] == phase_id[second]) & (labels[first] != labels[second])
    first, second = first[meeting], second[meeting]
    points = np.ascontiguousarray(quaternions).reshape(-1, 4)
    cosine = math.cos(math.radians(threshold_deg) / 2)
    close = _are_close(points, phase_id, symmetry_table(tuple(groups)), cosine, first, second)
    labels = join_grains(labels, labels[first[close]], labels[second[close]])
    if empty.size:
        labels[empty] = lowest_of_nearest(places, empty, own, labels[own])[1]
    return labels


def join_grains(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return labels ``(n,)`` uint32 with pairs of grains joined, numbered again in the order of the lowest old label.

    Parameters
    ----------
    labels
        ``(n,)`` integers, 0 = none.
    one, other
        ``(k,)``, the labels of the pairs.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(labels.max()) + 1 if labels.size else 1
    links = coo_array((np.ones(one.size, dtype=bool), (one, other)), shape=(count, count))
    found = connected_components(links, directed=False)[1]
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.uint32)
    rank[np.argsort(first)] = np.arange(first.size, dtype=np.uint32)
    return rank[inverse][labels]


@njit(cache=True, nogil=True)
def _are_close(
    points: np.ndarray, phase_id: np.ndarray, table: SymmetryTable, cosine: float, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Return whether each pair of points of one phase differs by less than a threshold, ``(k,)`` bool."""
    close = np.empty(first.size, dtype=np.bool_)
    for i in range(first.size):
        k = phase_id[first[i]]
        close[i] = cosine_half(points[first[i]], points[second[i]], table.forms[k], table.counts[k]) > cosine
    return close


def _gaps(phase_id: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return which nodes have an indexed point and which should have one, both ``(rows, columns)`` bool."""
    nodes = point_of_node(grid)
    indexed = np.zeros(nodes.size, dtype=bool)
    indexed[nodes >= 0] = phase_id[nodes[nodes >= 0]] > 0
    indexed = indexed.reshape(grid.shape)
    return indexed, ~indexed & nodes_inside(grid)


def _beside_gaps(phase_id: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the indexed points whose cells may reach into a gap, and these with the indexed points next to them."""
    indexed, gap = _gaps(phase_id, grid)
    order = 2 if grid.lattice == "square" else 1
    wide = _spread(gap, grid, order)
    nodes = point_of_node(grid)
    return nodes[(wide & indexed).ravel()], nodes[(_spread(wide, grid, order) & indexed).ravel()]


def _widest_gap_um(grid: Grid, phase_id: np.ndarray) -> float:
    """Return at least the largest distance of a node of a gap from an indexed point, um."""
    from scipy.ndimage import distance_transform_edt

    _, gap = _gaps(phase_id, grid)
    # a row shifted by half a step is off by at most that
    return float(distance_transform_edt(gap, sampling=grid.spacing_um).max()) + 2 * max(grid.spacing_um)


def _spread(mask: np.ndarray, grid: Grid, order: int) -> np.ndarray:
    """Return a mask widened to all nodes at most `order` steps away."""
    rows, columns = mask.shape
    y, x = np.nonzero(mask)
    wide = mask.copy()
    for parity, steps in enumerate(neighbour_offsets(grid, order)):
        own = y % 2 == parity
        for dy, dx in steps:
            v, u = y[own] + dy, x[own] + dx
            kept = (v >= 0) & (v < rows) & (u >= 0) & (u < columns)
            wide[v[kept], u[kept]] = True
    return wide


def _frame_um(grid: Grid) -> tuple[float, float, float, float]:
    """Return the frame of the map, one step beyond its outermost points: x, y from and to, um.

    Half a step would cut the edge between two points at the border that have two gaps between them to no length.
    """
    places, (dy, dx) = places_um(grid), grid.spacing_um
    (x0, y0), (x1, y1) = places.min(axis=0), places.max(axis=0)
    return x0 - dx, y0 - dy, x1 + dx, y1 + dy


def _facing_pairs(places: np.ndarray, frame: tuple[float, float, float, float], reach: float) -> np.ndarray:
    """Return the pairs of points whose Voronoi cells share an edge inside the frame, ``(k, 2)`` indices.

    No cell extends further than `reach` from its point.
    """
    from scipy.spatial import Voronoi

    x0, y0, x1, y1 = frame
    # images of the points beyond each side close the outer cells along the frame
    images = [places]
    for axis, side in ((0, x0), (0, x1), (1, y0), (1, y1)):
        image = places[np.abs(places[:, axis] - side) <= reach]
        image[:, axis] = 2 * side - image[:, axis]
        images.append(image)
    cells = Voronoi(np.concatenate(images))
    vertices = np.array(cells.ridge_vertices)
    own = (cells.ridge_points < len(places)).all(axis=1) & (vertices >= 0).all(axis=1)
    ends = cells.vertices[vertices[own]]
    step = math.sqrt((x1 - x0) * (y1 - y0) / max(1, len(places)))
    return cells.ridge_points[own][np.hypot(*(ends[:, 0] - ends[:, 1]).T) > _SHORT * step]
