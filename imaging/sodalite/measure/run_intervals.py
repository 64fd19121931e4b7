"""95 % intervals of what alternating runs along a line share: the length they take up, the mean height they give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import Interval, logit_interval, poisson_upper, student_multiplier

if TYPE_CHECKING:
    import numpy.typing as npt


def share_interval_of_runs(counted_um: npt.ArrayLike, other_um: npt.ArrayLike, *, bound_run_um: float) -> Interval:
    """Return the interval of the share of a line that the counted runs take up (alternating renewal process).

    ``Var(logit c) = cv_counted**2 / n_counted + cv_other**2 / n_other`` with Student's t of ``min(n) - 1`` degrees of
    freedom. With fewer than two runs of either kind there is only a one-sided bound: the Poisson upper bound of the
    number of runs times their length, which with no run is the rule of three.

    Parameters
    ----------
    counted_um, other_um
        Lengths of the two kinds of runs in um, those cut by the ends included.
    bound_run_um
        Run length that a bound assumes where the runs seen are shorter, in um.

    Returns
    -------
    Interval
        `n_effective` is the smaller number of runs.

    Raises
    ------
    MeasurementError
        When there is no run at all.
    """
    counted = np.asarray(counted_um, dtype=float)
    other = np.asarray(other_um, dtype=float)
    total = float(counted.sum() + other.sum())
    if total <= 0:
        raise MeasurementError("runs: the line has no length; trace the face first.")
    least = min(counted.size, other.size)
    if least >= 2:
        spread = sum((run.std(ddof=1) / run.mean()) ** 2 / run.size for run in (counted, other))
        low, high = logit_interval(float(counted.sum()) / total, math.sqrt(spread), least - 1)
        return Interval(low, high, least)
    rare = counted if counted.sum() <= other.sum() else other
    run_um = max(bound_run_um, float(rare.max(initial=0.0)))
    bound = min(1.0, poisson_upper(rare.size) * run_um / total)
    low, high = (0.0, bound) if rare is counted else (1 - bound, 1.0)
    return Interval(low, high, rare.size)


def mean_interval_of_runs(areas_um2: npt.ArrayLike, held_um: npt.ArrayLike, other_um: npt.ArrayLike) -> Interval:
    """Return the interval of the mean height along a line that is zero but for some runs (renewal-reward process).

    The mean is the area a run over the length from one run to the next. Its logarithm varies as the means over runs of
    ``area / mean area - length / mean cycle`` and of ``length / mean cycle`` between them; Student's t takes
    ``min(n) - 1`` degrees of freedom. With one run the upper end is the Poisson bound of runs of its area.

    Parameters
    ----------
    areas_um2, held_um, other_um
        Area and length of each run, and lengths between them; NaN ends where fewer than two of these lie between runs.

    Raises
    ------
    MeasurementError
        When there is no run with an area.
    """
    areas, held, other = (np.asarray(given, dtype=float) for given in (areas_um2, held_um, other_um))
    if not (areas.size and areas.sum() > 0):
        raise MeasurementError("runs: none has an area; give a bound instead.")
    mean = float(areas.sum() / (held.sum() + other.sum()))
    least = min(held.size, other.size)
    if least >= 2:
        cycle = held.mean() + other.mean()
        parts = (areas / areas.mean() - held / cycle, other / cycle)
        logarithm = math.sqrt(sum(float(part.var(ddof=1)) / part.size for part in parts))
        factor = math.exp(min(student_multiplier(least - 1) * logarithm, 700.0))
        return Interval(mean / factor, mean * factor, least)
    if held.size == 1:
        return Interval(0.0, mean * poisson_upper(1), least)
    return Interval(math.nan, math.nan, least)
