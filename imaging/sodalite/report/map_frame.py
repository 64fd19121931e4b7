"""How a map is laid out on square pixels: which node each pixel shows, in true proportions, and where grains meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from sodalite.ebsd import Grid

LONG_SIDE_PX = 1536
"""Maps are enlarged by a whole number as long as their long side stays below this; it holds a million points."""
MOST_SIDE_PX = 2048


class MapFrame(NamedTuple):
    """Pixels of a picture and the nodes of the grid that they show.

    Attributes
    ----------
    node
        ``(y, x)`` int32: row * columns + column of the nearest node.
    y_px_per_um, x_px_per_um
        Scale of the picture.
    point_px
        Pixels along x that one point takes.
    shape
        Rows and columns of the grid.
    """

    node: np.ndarray
    y_px_per_um: float
    x_px_per_um: float
    point_px: float
    shape: tuple[int, int]

    def sample(self, raster: np.ndarray) -> np.ndarray:
        """Return what values of the nodes, ``(rows, columns, ...)``, show in each pixel, ``(y, x, ...)``.

        Raises
        ------
        MeasurementError
            When there is not one value for each node.
        """
        if raster.shape[:2] != self.shape:
            raise MeasurementError(
                f"labels: an array of {raster.shape} for a grid of {self.shape}; draw the map that was measured."
            )
        return np.take(raster.reshape(-1, *raster.shape[2:]), self.node, axis=0)


def frame_map(grid: Grid, *, px_per_um: float | None = None) -> MapFrame:
    """Return the frame that shows a map in true proportions; hexagonal nodes become their hexagons.

    Parameters
    ----------
    px_per_um
        Scale of the picture; None takes one that suits a report.
    """
    rows, columns = grid.shape
    y_um, x_um = grid.spacing_um
    shift = 0.5 if grid.lattice == "hex" else 0.0
    height_um, width_um = rows * y_um, columns * x_um
    longest = max(height_um, width_um)
    least = min(y_um, x_um)
    per_um = max(1, int(LONG_SIDE_PX * least / longest)) / least
    per_um = min(per_um, MOST_SIDE_PX / longest) if px_per_um is None else px_per_um
    height, width = max(1, round(height_um * per_um)), max(1, round(width_um * per_um))
    v, u = (np.arange(height) + 0.5) * rows / height - 0.5, (np.arange(width) + 0.5) * columns / width - 0.5
    nearest = np.rint(v).astype(np.int32)[:, None] * columns + np.rint(u).astype(np.int32)[None, :]
    node = _hexagons(grid, v, u) if shift else nearest
    return MapFrame(node, height / height_um, width / width_um, width / columns, grid.shape)


def _hexagons(grid: Grid, v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the nearest node of the two rows beside each pixel; `v` and `u` are coordinates in rows and columns."""
    rows, columns = grid.shape
    column, across = [], []
    for parity in (0, 1):
        shifted = parity == grid.shifted_parity
        nearest = np.clip(np.rint(u - 0.5 * shifted), 0, columns - 1 - shifted).astype(np.int32)
        column.append(nearest)
        across.append(((u - nearest - 0.5 * shifted) * grid.spacing_um[1]) ** 2)
    above = np.clip(np.floor(v), 0, rows - 1).astype(np.int32)
    below = np.minimum(above + 1, rows - 1)
    columns_of, across_of = np.stack(column), np.stack(across)
    far = [((v - row) * grid.spacing_um[0]) ** 2 for row in (above, below)]
    use_above = across_of[above % 2] + far[0][:, None] <= across_of[below % 2] + far[1][:, None]
    nodes = [(row * columns)[:, None] + columns_of[row % 2] for row in (above, below)]
    return np.where(use_above, nodes[0], nodes[1]).astype(np.int32)


def boundary_mask(ids: np.ndarray, line_px: int) -> np.ndarray:
    """Return where grains meet in a picture of grain ids ``(y, x)``, as uint8 0 or 1, `line_px` wide.

    Borders of places without a grain are left out: they are dark already.
    """
    import cv2

    mask = np.zeros(ids.shape, np.uint8)
    across = (ids[:, 1:] != ids[:, :-1]) & (ids[:, 1:] > 0) & (ids[:, :-1] > 0)
    down = (ids[1:] != ids[:-1]) & (ids[1:] > 0) & (ids[:-1] > 0)
    mask[:, :-1][across] = 1
    mask[:-1][down] = 1
    if line_px > 1:
        mask = np.asarray(cv2.dilate(mask, np.ones((line_px, line_px), np.uint8), anchor=(line_px // 2, line_px // 2)))
        mask[ids == 0] = 0
    return mask
