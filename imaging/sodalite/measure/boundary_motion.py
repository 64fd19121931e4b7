"""Motion of grain boundaries between two registered steps: area swept per length of boundary, with a sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.boundaries import boundary_network, boundary_table
from sodalite.measure.grain_statistics import scaled_ends, weighted_scatter

if TYPE_CHECKING:
    import pandas as pd

MOTION_COLUMNS = ("track_1", "track_2", "length_um", "gained_um2", "lost_um2", "swept_um2", "displacement_um")
_LEAST_PAIRS = 5


def boundary_motion(
    before: np.ndarray, after: np.ndarray, spacing_um: tuple[float, float], *, is_hexagonal: bool
) -> pd.DataFrame:
    """Return how the boundary between each pair of grains moved; one row a pair, ordered by the numbers.

    Columns
    -------
    track_1, track_2
        The grains, the smaller number first.
    length_um
        Mean length of their boundary in both steps, smoothed lines (`sodalite.measure.boundaries`). For a circle that
        shrinks the displacement is then exactly the change of its radius, also when it vanishes.
    gained_um2, lost_um2
        Area that went from grain 2 to grain 1, and from 1 to 2.
    swept_um2
        Gained less lost: positive where grain 1 grows.
    displacement_um
        Swept area per length; NaN where the two have no boundary in either step.

    Parameters
    ----------
    before, after
        ``(y, x)`` integers on the same grid: numbers of the grains, the same in both; 0 = none, which moves nothing. A
        hexagonal map has to be drawn as bricks first (`sodalite.measure.grain_grid.brick_image`).
    spacing_um
        Pixel size (y, x), um.
    is_hexagonal
        Whether the images are such bricks.

    Raises
    ------
    MeasurementError
        When the steps differ in shape.
    """
    import pandas as pd

    if before.shape != after.shape:
        raise MeasurementError(f"after: found shape {after.shape}, before has {before.shape}; register the steps.")
    seen = (before > 0) & (after > 0)
    both = [np.where(seen, step, 0) for step in (before, after)]
    lengths = [_lengths(step, spacing_um, is_hexagonal) for step in both]
    parts = pd.concat([_exchanged(both[0], both[1], spacing_um), *lengths])
    table = parts.groupby(level=[0, 1]).sum()
    table["swept_um2"] = table["gained_um2"] - table["lost_um2"]
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.where(table["length_um"] > 0, table["swept_um2"] / table["length_um"], np.nan)
    table["displacement_um"] = moved
    return table.reset_index()[list(MOTION_COLUMNS)]


def mean_speed(displacement_um: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, str]:
    """Return the weighted mean of absolute displacements (or velocities), the ends of its interval and a note.

    Parameters
    ----------
    displacement_um
        ``(pairs,)``; NaN is left out.
    weight
        ``(pairs,)``: length of boundary, or length times duration.
    """
    known = np.isfinite(displacement_um) & (weight > 0)
    speed, weight = np.abs(displacement_um[known]), weight[known]
    if speed.size == 0:
        return math.nan, math.nan, math.nan, "no boundary between grains that are seen in both steps"
    mean = float(np.average(speed, weights=weight))
    if mean == 0:
        return 0.0, math.nan, math.nan, "no boundary moved"
    if speed.size < _LEAST_PAIRS:
        return mean, math.nan, math.nan, f"{speed.size} boundaries, no interval below {_LEAST_PAIRS}"
    return mean, *scaled_ends(mean, weighted_scatter(speed, weight, power=0)), ""


def _exchanged(before: np.ndarray, after: np.ndarray, spacing_um: tuple[float, float]) -> pd.DataFrame:
    """Return the areas that changed hands, indexed by the pair."""
    import pandas as pd

    moved = before != after
    old, new = before[moved].astype(np.int64), after[moved].astype(np.int64)
    area_um2 = spacing_um[0] * spacing_um[1]
    grown = new < old
    frame = pd.DataFrame(
        {
            "track_1": np.minimum(old, new),
            "track_2": np.maximum(old, new),
            "gained_um2": area_um2 * grown,
            "lost_um2": area_um2 * ~grown,
        }
    )
    return frame.groupby(["track_1", "track_2"]).sum()


def _lengths(labels: np.ndarray, spacing_um: tuple[float, float], is_hexagonal: bool) -> pd.DataFrame:
    """Return half the length of each pair's boundary, indexed by the pair: two steps then add up to the mean."""
    table = boundary_table(boundary_network(labels, spacing_um, is_hexagonal=is_hexagonal))
    table = table.rename(columns={"label_1": "track_1", "label_2": "track_2"}).set_index(["track_1", "track_2"])
    return 0.5 * table[["length_um"]]
