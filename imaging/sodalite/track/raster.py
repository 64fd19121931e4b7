"""Steps on a common raster of square pixels: which node lies where, grain boundaries as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sodalite.ebsd.grid import Grid

_SPECK_POINTS = 4
"""Grains with fewer points are noise of the indexing more often than not: their outlines are left out."""
_GAP_POINTS = 4.0
"""Gaps of labels are closed to this distance in pixels, so that boundaries go through lines that were not indexed."""


def extent_um(grid: Grid) -> tuple[float, float]:
    """Return the distance between the outermost points along (y, x), um; hexagonal rows count their shift."""
    shift = 0.5 if grid.lattice == "hex" else 0.0
    return (grid.shape[0] - 1) * grid.spacing_um[0], (grid.shape[1] - 1 + shift) * grid.spacing_um[1]


def nodes_at(grid: Grid, x_um: np.ndarray, y_um: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the row and column of the node nearest to each place, and whether the place is on the map.

    Places are measured from the point in row 0 and column 0; on the map is what lies within half a step of a node. On
    hexagonal grids the nearer of the two rows about the place decides.
    """
    dy, dx = grid.spacing_um
    rows, columns = grid.shape
    first = _start_um(grid, np.zeros(1, dtype=np.int64))
    if grid.lattice == "square":
        row, column = np.rint(y_um / dy).astype(np.int64), np.rint(x_um / dx).astype(np.int64)
    else:
        above = np.floor(y_um / dy).astype(np.int64)
        found = []
        for line in (above, above + 1):
            start = _start_um(grid, line) - first
            at = np.rint((x_um - start) / dx)
            found.append((line, at.astype(np.int64), np.hypot(x_um - start - at * dx, y_um - line * dy)))
        nearer = found[0][2] <= found[1][2]
        row = np.where(nearer, found[0][0], found[1][0])
        column = np.where(nearer, found[0][1], found[1][1])
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return np.where(inside, row, 0), np.where(inside, column, 0), inside


def points_um(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of every node from the point in row 0 and column 0, each ``(rows, columns)`` float64."""
    rows, columns = grid.shape
    row = np.arange(rows)
    start = _start_um(grid, row) - _start_um(grid, row[:1])
    x = start[:, None] + np.arange(columns) * grid.spacing_um[1]
    return x, np.broadcast_to((row * grid.spacing_um[0])[:, None], (rows, columns))


def on_raster(grid: Grid, values: np.ndarray, pixel_um: float) -> np.ndarray:
    """Return the values of the nearest nodes on square pixels whose first centre is row 0 and column 0."""
    if grid.lattice == "square" and grid.spacing_um == (pixel_um, pixel_um):
        return values
    height, width = extent_um(grid)
    y = np.arange(round(height / pixel_um) + 1) * pixel_um
    x = np.arange(round(width / pixel_um) + 1) * pixel_um
    row, column, inside = nodes_at(grid, *np.meshgrid(x, y))
    return np.where(inside, values[row, column], np.zeros(1, dtype=values.dtype))


def boundary_picture(labels: np.ndarray) -> np.ndarray:
    """Return how much grain boundary each pixel holds, ``(rows, columns)`` float32.

    Each edge between two grains counts half for either pixel, so that the picture's centre of mass is on the edge.
    Specks are left out and gaps closed before.
    """
    pixels = np.bincount(labels.ravel().astype(np.int64))
    kept = without_gaps(np.where((pixels >= _SPECK_POINTS)[labels], labels, 0))
    picture = np.zeros(kept.shape, dtype=np.float32)
    for axis in (0, 1):
        before, after = (np.moveaxis(kept, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        edge = (before != after) & (before > 0) & (after > 0)
        line = np.moveaxis(picture, axis, 0)
        line[:-1] += 0.5 * edge
        line[1:] += 0.5 * edge
    return picture


def without_gaps(labels: np.ndarray) -> np.ndarray:
    """Return labels, 0 = none, with narrow gaps given to the nearest grain."""
    from scipy.ndimage import distance_transform_edt

    if labels.all() or not labels.any():
        return labels
    distance, (row, column) = distance_transform_edt(labels == 0, return_indices=True)
    return np.where(distance <= _GAP_POINTS, labels[row, column], 0)


def _start_um(grid: Grid, row: np.ndarray) -> np.ndarray:
    """Return the shift of rows towards +x, um."""
    return np.where(row % 2 == grid.shifted_parity, 0.5 * grid.spacing_um[1], 0.0)
