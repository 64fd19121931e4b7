"""Growth of single grains: area rates against size (Hillert) and against neighbours (von Neumann-Mullins).

Hillert's law dR/dt = alpha M gamma (1 / R_c - 1 / R) reads dA/dt = 2 pi m (R / R_c - 1) with m = alpha M gamma: a
straight line in R. The critical radius moves with the mean as a structure coarsens, so the line is drawn over R / <R>
of each step. Hillert 1965, 10.1016/0001-6160(65)90200-2.

dA/dt = (pi / 3) M gamma (n - 6) holds for a structure of two dimensions (von Neumann 1952; Mullins 1956,
10.1063/1.1722511). The section of a solid does not obey it: the line over the number of neighbours is a diagnostic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.measure.confidence import student_multiplier

if TYPE_CHECKING:
    import pandas as pd

LEAST_RATES = 10
"""A line through fewer rates is not drawn."""

_RATE_COLUMNS = (
    "track", "step", "step_after", "ecd_um", "relative_size", "neighbours", "area_change_um2", "area_rate_um2_h",
)  # fmt: skip


class Line(NamedTuple):
    """A straight line through area rates, with 95 % intervals.

    Attributes
    ----------
    slope, slope_low, slope_high
        Rate per unit of the abscissa, um2 per unit of time.
    zero, zero_low, zero_high
        Abscissa at which grains neither grow nor shrink; NaN where the slope may be 0.
    start, start_low, start_high
        Rate at abscissa 0.
    rates, grains
        How many rates of how many grains.
    """

    slope: float
    slope_low: float
    slope_high: float
    zero: float
    zero_low: float
    zero_high: float
    start: float
    start_low: float
    start_high: float
    rates: int
    grains: int


def growth_rates(grains: pd.DataFrame, times_h: np.ndarray, plane: np.ndarray) -> pd.DataFrame:
    """Return one row a grain and pair of its successive steps: what it gained between them.

    A pair counts when both steps show the same plane and no border cuts the grain in either. A grain that vanishes has
    no rate: its last step bounds it from one side only.

    Columns
    -------
    track, step, step_after
        The grain and both steps.
    ecd_um, relative_size
        Mean of both steps, of the diameter and of its ratio to the mean diameter of the step's whole grains.
    neighbours
        In the earlier step.
    area_change_um2, area_rate_um2_h
        Later less earlier area, and that per hour; NaN without times.

    Parameters
    ----------
    grains
        One row a grain of a step: track, step, area_um2, ecd_um, neighbours, on_border.
    times_h
        ``(steps,)`` hours; NaN where unknown.
    plane
        ``(steps,)`` integers: equal where steps show the same plane.
    """
    import pandas as pd

    whole = grains[~grains["on_border"].astype(bool)].sort_values(["track", "step"], kind="stable")
    mean = whole.groupby("step")["ecd_um"].transform("mean")
    whole = whole.assign(relative_size=whole["ecd_um"] / mean)
    later = whole.shift(-1)
    pairs = (whole["track"] == later["track"]).to_numpy()
    before, after = whole[pairs], later[pairs]
    first, last = before["step"].to_numpy(np.int64), after["step"].to_numpy(np.int64)
    change = after["area_um2"].to_numpy(float) - before["area_um2"].to_numpy(float)
    table = pd.DataFrame(
        {
            "track": before["track"].to_numpy(np.int64),
            "step": first,
            "step_after": last,
            "ecd_um": 0.5 * (before["ecd_um"].to_numpy(float) + after["ecd_um"].to_numpy(float)),
            "relative_size": 0.5 * (before["relative_size"].to_numpy(float) + after["relative_size"].to_numpy(float)),
            "neighbours": before["neighbours"].to_numpy(np.int64),
            "area_change_um2": change,
            "area_rate_um2_h": change / (times_h[last] - times_h[first]),
        },
        columns=list(_RATE_COLUMNS),
    )
    return table[plane[first] == plane[last]].reset_index(drop=True)


def rate_line(abscissa: np.ndarray, rate: np.ndarray, track: np.ndarray) -> Line | None:
    """Return the least-squares line of rates over `abscissa`; None with fewer than 10 rates or a single abscissa.

    Rates of one grain at several steps depend on each other: the errors are those of grains (sandwich estimator
    clustered by grain, Liang and Zeger 1986, 10.1093/biomet/73.1.13), with Student's t.

    Parameters
    ----------
    abscissa, rate
        ``(n,)`` float64; NaN leaves a rate out.
    track
        ``(n,)`` which grain each belongs to.
    """
    known = np.isfinite(abscissa) & np.isfinite(rate)
    x, y, grain = abscissa[known], rate[known], np.unique(track[known], return_inverse=True)[1]
    count = int(grain.max(initial=-1)) + 1
    if x.size < LEAST_RATES or count < 3 or np.ptp(x) == 0:
        return None
    design = np.column_stack((np.ones(x.size), x))
    bread = np.linalg.inv(design.T @ design)
    start, slope = bread @ design.T @ y
    score = design * (y - start - slope * x)[:, None]
    of_grain = np.stack([np.bincount(grain, column, minlength=count) for column in score.T])
    covariance = bread @ (of_grain @ of_grain.T) @ bread * count / (count - 2)
    return _line(float(start), float(slope), covariance, student_multiplier(count - 2), x.size, count)


def _line(start: float, slope: float, covariance: np.ndarray, t: float, rates: int, grains: int) -> Line:
    start_half, slope_half = t * math.sqrt(covariance[0, 0]), t * math.sqrt(covariance[1, 1])
    zero = _zero_crossing(start, slope, covariance, t)
    ends = (slope, slope - slope_half, slope + slope_half, *zero, start, start - start_half, start + start_half)
    return Line(*ends, rates, grains)


def _zero_crossing(start: float, slope: float, covariance: np.ndarray, t: float) -> tuple[float, float, float]:
    """Return -start / slope with its interval after Fieller (1954, 10.1111/j.2517-6161.1954.tb00159.x)."""
    quadratic = slope**2 - t**2 * covariance[1, 1]
    if quadratic <= 0:
        return math.nan, math.nan, math.nan
    middle = -(start * slope - t**2 * covariance[0, 1]) / quadratic
    root = middle**2 - (start**2 - t**2 * covariance[0, 0]) / quadratic
    half = math.sqrt(max(root, 0.0))
    return -start / slope, middle - half, middle + half
