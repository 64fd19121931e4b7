"""EBSD grids on square pixels: a pixel a point on a square grid, hexagons resampled on the others, only to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sodalite.spatial import spatial

if TYPE_CHECKING:
    from sodalite.ebsd import Grid

_ENLARGED_UP_TO_PX = 1536


class Raster(NamedTuple):
    """Which node of a grid each pixel shows.

    Attributes
    ----------
    node
        ``(y, x)`` int32, ``row * columns + column``; None where pixels are nodes.
    spacing_um, origin_um
        Size of the pixels and centre of the first one, (y, x).
    """

    node: np.ndarray | None
    spacing_um: tuple[float, float]
    origin_um: tuple[float, float]

    @property
    def place(self) -> dict[str, Any]:
        """Layer attributes that put the pixels where the file has the points."""
        return {**spatial(self.spacing_um), "translate": self.origin_um}

    def show(self, nodes: np.ndarray) -> np.ndarray:
        """Return values of the nodes ``(rows, columns, ...)`` as pixels ``(y, x, ...)``."""
        if self.node is None:
            return nodes
        return np.take(nodes.reshape(-1, *nodes.shape[2:]), self.node, axis=0)

    def take_back(self, shown: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """Return values of the nodes after the pixels that `nodes` gave were edited to `shown`."""
        if self.node is None:
            return shown
        changed = shown != self.show(nodes)
        edited = nodes.ravel().copy()
        edited[self.node[changed]] = shown[changed]
        return edited.reshape(nodes.shape)


def raster_of(grid: Grid) -> Raster:
    """Return the pixels that show a grid in true proportions."""
    if grid.lattice != "hex":
        return Raster(None, grid.spacing_um, grid.origin_um)
    from sodalite.report.map_frame import frame_map

    rows, columns = grid.shape
    (row_um, column_um), (top_um, left_um) = grid.spacing_um, grid.origin_um
    enlarged = int(np.clip(_ENLARGED_UP_TO_PX // max(rows, columns), 1, 4))
    frame = frame_map(grid, px_per_um=enlarged / min(row_um, column_um))
    y_um, x_um = 1 / frame.y_px_per_um, 1 / frame.x_px_per_um
    return Raster(frame.node, (y_um, x_um), (top_um + (y_um - row_um) / 2, left_um + (x_um - column_um) / 2))


def plain_raster(spacing_um: tuple[float, ...]) -> Raster:
    """Return the pixels of labels whose grid is not known any more: its rows as they are stored."""
    return Raster(None, (spacing_um[-2], spacing_um[-1]), (0.0, 0.0))
