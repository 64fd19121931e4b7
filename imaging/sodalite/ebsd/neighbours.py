"""Neighbours on a grid: offsets within some steps, edges between labelled points and their lengths, nearest points."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from sodalite.ebsd.grid import Grid

_TIED = 1e-5
"""Distances that differ by less are one: files round the distance of hexagonal rows, to 0.0866026 for 0.0866025."""


class Edges(NamedTuple):
    """Edges between neighbouring points with different labels.

    Attributes
    ----------
    first, second
        ``(m,)`` int64, the points on either side; `first` comes earlier in the map.
    length_um
        ``(m,)`` float64, length of the edge that the cells of the two points share, um.
    """

    first: np.ndarray
    second: np.ndarray
    length_um: np.ndarray


def neighbour_offsets(grid: Grid, order: int) -> np.ndarray:
    """Return which nodes are at most `order` steps away, ``(2, k, 2)`` int64: parity of the row, neighbour, (dy, dx).

    A step leads to one of the four (square) or six (hexagonal) nearest nodes.
    """
    found = []
    for parity in (0, 1):
        reached = {(0, 0)}
        for _ in range(order):
            reached |= {(y + dy, x + dx) for y, x in reached for dy, dx in _nearest(grid, (parity + y) % 2)}
        found.append(sorted(reached - {(0, 0)}))
    return np.array(found, dtype=np.int64)


def forward_offsets(grid: Grid, order: int) -> np.ndarray:
    """Return the half of `neighbour_offsets` that leads to later nodes: each pair is met once, at its earlier node."""
    return np.array([[step for step in each if tuple(step) > (0, 0)] for each in neighbour_offsets(grid, order)])


def point_of_node(grid: Grid) -> np.ndarray:
    """Return the point at each node, ``(rows * columns,)`` int64, -1 where there is none."""
    nodes = grid.shape[0] * grid.shape[1]
    if grid.node is None:
        return np.arange(nodes)
    points = np.full(nodes, -1, dtype=np.int64)
    points[grid.node] = np.arange(grid.node.size)
    return points


def nodes_inside(grid: Grid) -> np.ndarray:
    """Return which nodes belong to the grid, ``(rows, columns)`` bool: not the ends of short hexagonal rows."""
    inside = np.ones(grid.shape, dtype=bool)
    if grid.lattice == "hex" and grid.node is not None:
        last = np.zeros(grid.shape, dtype=bool)
        last.ravel()[grid.node] = True
        for parity in (0, 1):
            inside[parity::2, -1] = last[parity::2, -1].any()
    return inside


def edges_between(labels: np.ndarray, grid: Grid) -> Edges:
    """Return the edges between neighbours whose labels, both above 0, differ.

    Parameters
    ----------
    labels
        ``(n,)`` integers, one a point.
    """
    points = point_of_node(grid).reshape(grid.shape)
    arguments = (np.ascontiguousarray(labels).ravel(), points, forward_offsets(grid, 1))
    count = _write_edges(*arguments, np.empty((0, 3), dtype=np.int64))
    edges = np.empty((count, 3), dtype=np.int64)
    _write_edges(*arguments, edges)
    along, across = edge_lengths_um(grid)
    return Edges(edges[:, 0], edges[:, 1], np.where(edges[:, 2] == 0, along, across))


def edge_lengths_um(grid: Grid) -> tuple[float, float]:
    """Return the length of the edge between two points of a row and between points of two rows, um.

    Edges are those of the Voronoi cells of the grid: rectangles, or hexagons, not necessarily regular.
    """
    dy, dx = grid.spacing_um
    if grid.lattice == "square":
        return dy, dx
    upright = max(0.0, (dy * dy - dx * dx / 4) / dy)
    return upright, float(np.hypot(dx / 2, dy - upright))


def places_um(grid: Grid) -> np.ndarray:
    """Return the place of each point on the ideal grid, ``(n, 2)``: x, y in um from the node in row 0 and column 0."""
    dy, dx = grid.spacing_um
    shift = 0.5 * (grid.row % 2 == grid.shifted_parity)
    return np.stack(((grid.col + shift) * dx, grid.row * dy), axis=1)


def within_hull(places: np.ndarray, points: np.ndarray, *, margin: float) -> np.ndarray:
    """Return which places ``(m, 2)`` lie inside the convex hull of the points ``(n, 2)`` or at most `margin` off it."""
    from scipy.spatial import ConvexHull

    inside = np.ones(len(places), dtype=bool)
    if len(points) > 3:
        for facet in ConvexHull(points, qhull_options="QJ").equations:
            inside &= places @ facet[:2] + facet[2] <= margin
    return inside


def lowest_of_nearest(
    places: np.ndarray, own: np.ndarray, others: np.ndarray, rank: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the nearest of `others` is from each of `own`, um, and the lowest rank of those at that distance.

    Parameters
    ----------
    places
        ``(n, 2)``, um, see `places_um`.
    own, others
        ``(m,)`` and ``(k,)``, neither empty: points by their numbers.
    rank
        ``(k,)`` integers, one for each of `others`.
    """
    from scipy.spatial import cKDTree

    tree, count = cKDTree(places[others]), 0
    tied = np.ones((own.size, 1), dtype=bool)
    while tied[:, -1].any() and count < others.size:
        count = min(max(8, 2 * count), others.size)
        distance, nearest = (np.reshape(each, (own.size, -1)) for each in tree.query(places[own], k=count))
        tied = distance <= distance[:, :1] * (1 + _TIED)
    return distance[:, 0], np.where(tied, rank[nearest], np.iinfo(rank.dtype).max).min(axis=1)


def _nearest(grid: Grid, parity: int) -> list[tuple[int, int]]:
    if grid.lattice == "square":
        return [(-1, 0), (0, -1), (0, 1), (1, 0)]
    right = int(parity == grid.shifted_parity)
    return [(-1, right - 1), (-1, right), (0, -1), (0, 1), (1, right - 1), (1, right)]


@njit(cache=True, nogil=True)
def _write_edges(labels: np.ndarray, points: np.ndarray, forward: np.ndarray, edges: np.ndarray) -> int:
    """Write (first, second, dy) of each edge as far as `edges` has room; return how many there are."""
    rows, columns = points.shape
    count = 0
    for y in range(rows):
        for x in range(columns):
            p = points[y, x]
            if p < 0 or labels[p] == 0:
                continue
            for k in range(forward.shape[1]):
                dy, v = forward[y % 2, k, 0], x + forward[y % 2, k, 1]
                if y + dy >= rows or v < 0 or v >= columns:
                    continue
                q = points[y + dy, v]
                if q < 0 or labels[q] == 0 or labels[q] == labels[p]:
                    continue
                if count < edges.shape[0]:
                    edges[count, 0], edges[count, 1], edges[count, 2] = p, q, dy
                count += 1
    return count
