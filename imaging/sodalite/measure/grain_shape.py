"""One row a grain: size, shape, place and whether a border cuts it, from the points of a map in one pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError
from sodalite.measure.grain_grid import BORDERS, check_borders, unit_direction
from sodalite.measure.grain_statistics import mean_of_grains

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from sodalite.quantity import Quantity

HEXAGON_VARIANCE = 5 / 72
"""Second moment about its centre of a regular hexagon of width 1, divided by its area."""


def grain_table(
    ids: np.ndarray,
    x_um: np.ndarray,
    y_um: np.ndarray,
    phase_id: np.ndarray,
    *,
    step_um: tuple[float, float],
    is_hexagonal: bool,
    cut_borders: Collection[str],
    growth_xy: tuple[float, float] | None,
) -> pd.DataFrame:
    """Return one row a grain, ordered by label; an empty table where there is none.

    Columns
    -------
    label, phase, pixels
        Number of the grain, phase of its first point, number of its points.
    area_um2, ecd_um
        Points times the area of one; equivalent circle diameter 2 sqrt(A / pi).
    aspect_ratio
        Square root of the ratio of the principal second moments, each point with its own extent: exact for a rectangle
        of pixels, 1 for a single point of a regular grid.
    long_axis_deg
        From the growth direction, or from the map's x axis where none is given, to the long axis; above -90 to 90,
        counterclockwise as seen on the map (x right, y down). NaN where the grain has no longer axis.
    x_um, y_um
        Centroid, in the coordinates of the points.
    width_um, height_um
        Extents along x and y, the extent of a point included.
    on_border
        Whether a point of the grain lies on a border that cuts grains.
    corners
        How many corners of the map the grain holds.

    Parameters
    ----------
    ids
        ``(n,)`` integers, 0 = no grain.
    x_um, y_um
        ``(n,)`` positions of the points on a grid, um; x to the right, y down.
    phase_id
        ``(n,)`` integers.
    step_um
        Distance between rows and between the points of a row (y, x), um.
    is_hexagonal
        Whether every second row is shifted by half a step.
    cut_borders
        Which of left, right, top and bottom cut grains, see `sodalite.measure.grain_grid.cutting_borders`.
    growth_xy
        Growth direction in the map, x to the right and y down; None when unknown.

    Raises
    ------
    MeasurementError
        When the arrays differ in length, or a border or the direction makes no sense.
    """
    import pandas as pd

    _check(ids, x_um, y_um, phase_id, cut_borders)
    reference = (1.0, 0.0) if growth_xy is None else unit_direction(growth_xy)
    near = (0.75 * step_um[0], 0.75 * step_um[1])
    labels = np.ascontiguousarray(ids.ravel(), dtype=np.int64)
    sums, boxes, touched, phase = _sums(
        labels, x_um.ravel().astype(float), y_um.ravel().astype(float), phase_id.ravel().astype(np.int64), *near
    )
    found = np.flatnonzero(sums[:, 0] > 0)
    sums, boxes, touched = sums[found], boxes[found], touched[found]
    area_um2 = sums[:, 0] * step_um[0] * step_um[1]
    cut = [name in cut_borders for name in BORDERS]
    table = pd.DataFrame(
        {
            "label": found,
            "phase": phase[found],
            "pixels": sums[:, 0].astype(np.int64),
            "area_um2": area_um2,
            "ecd_um": 2.0 * np.sqrt(area_um2 / np.pi),
            **_axes(sums, step_um, is_hexagonal, reference),
            "x_um": sums[:, 1] / sums[:, 0] + sums[:, 6],
            "y_um": sums[:, 2] / sums[:, 0] + sums[:, 7],
            "width_um": boxes[:, 1] - boxes[:, 0] + step_um[1],
            "height_um": boxes[:, 3] - boxes[:, 2] + step_um[0],
            "on_border": touched[:, :4][:, cut].any(axis=1),
            "corners": touched[:, 4:].sum(axis=1),
        }
    )
    return table


def shape_quantities(table: pd.DataFrame) -> list[Quantity]:
    """Return aspect_ratio_mean: the number mean over the grains that no border cuts.

    Parameters
    ----------
    table
        Rows of `grain_table` that count: those with enough points.
    """
    ratio = table.loc[~table["on_border"], "aspect_ratio"].to_numpy(float)
    why = "every grain is cut by the border" if len(table) else "no grain is large enough"
    return [mean_of_grains("aspect_ratio_mean", ratio, np.ones(ratio.size), power=0, note="", why_none=why)]


def _check(
    ids: np.ndarray, x_um: np.ndarray, y_um: np.ndarray, phase_id: np.ndarray, cut_borders: Collection[str]
) -> None:
    check_borders(cut_borders)
    if ids.dtype.kind not in "iu" or int(ids.min(initial=0)) < 0:
        raise MeasurementError(f"ids: found {ids.dtype}, smallest {ids.min()}; give integers, 0 for no grain.")
    for name, values in (("x_um", x_um), ("y_um", y_um), ("phase_id", phase_id)):
        if values.size != ids.size:
            raise MeasurementError(f"{name}: found {values.size} values for {ids.size} points; give one a point.")


def _axes(
    sums: np.ndarray, step_um: tuple[float, float], is_hexagonal: bool, reference: tuple[float, float]
) -> dict[str, np.ndarray]:
    sy_um, sx_um = step_um
    own = (sy_um**2 / 12, sx_um**2 / 12)
    if is_hexagonal:
        own = (HEXAGON_VARIANCE * (sy_um * 2 / math.sqrt(3)) ** 2, HEXAGON_VARIANCE * sx_um**2)
    x, y, xx, yy, xy = (sums[:, 1:6] / sums[:, :1]).T
    variance_x, variance_y = xx - x * x + own[1], yy - y * y + own[0]
    covariance = xy - x * y
    half_sum, half_difference = (variance_x + variance_y) / 2, (variance_x - variance_y) / 2
    spread = np.hypot(half_difference, covariance)
    # y runs down, so the angle as seen on the map is that of (x, -y)
    angle = np.degrees(0.5 * np.arctan2(-covariance, half_difference))
    angle -= math.degrees(math.atan2(-reference[1], reference[0]))
    wrapped = 90.0 - (90.0 - angle) % 180.0
    round_ones = spread <= 1e-9 * half_sum
    return {
        "aspect_ratio": np.sqrt((half_sum + spread) / (half_sum - spread)),
        "long_axis_deg": np.where(round_ones, np.nan, wrapped),
    }


@njit(cache=True, nogil=True)
def _sums(
    ids: np.ndarray, x_um: np.ndarray, y_um: np.ndarray, phase_id: np.ndarray, near_y: float, near_x: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return per label its sums and first point, its box x0, x1, y0, y1, the borders and corners it holds, its phase.

    The sums are those of 1, x, y, x^2, y^2 and xy from the first point, where they lose no digits on large maps.
    """
    count = ids.max() + 1 if ids.size else 1
    sums = np.zeros((count, 8))
    boxes = np.empty((count, 4))
    boxes[:, ::2], boxes[:, 1::2] = np.inf, -np.inf
    touched = np.zeros((count, 8), np.int64)
    phase = np.zeros(count, np.int64)
    if ids.size == 0:
        return sums, boxes, touched, phase
    x0, x1, y0, y1 = x_um.min(), x_um.max(), y_um.min(), y_um.max()
    for k in range(ids.size):
        label = ids[k]
        if label == 0:
            continue
        total, box, edge = sums[label], boxes[label], touched[label]
        if total[0] == 0:
            phase[label] = phase_id[k]
            total[6], total[7] = x_um[k], y_um[k]
        x, y = x_um[k] - total[6], y_um[k] - total[7]
        total[0] += 1
        total[1] += x
        total[2] += y
        total[3] += x * x
        total[4] += y * y
        total[5] += x * y
        box[0], box[1] = min(box[0], x), max(box[1], x)
        box[2], box[3] = min(box[2], y), max(box[3], y)
        left, right = x_um[k] - x0 < near_x, x1 - x_um[k] < near_x
        top, bottom = y_um[k] - y0 < near_y, y1 - y_um[k] < near_y
        edge[0], edge[1] = edge[0] | left, edge[1] | right
        edge[2], edge[3] = edge[2] | top, edge[3] | bottom
        edge[4], edge[5] = edge[4] | (left & top), edge[5] | (right & top)
        edge[6], edge[7] = edge[6] | (left & bottom), edge[7] | (right & bottom)
    return sums, boxes, touched, phase
