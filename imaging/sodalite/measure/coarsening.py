"""Coarsening kinetics, D^n - D0^n = K t: constant at n = 2 and exponent, each with the interval the data carry.

The fit is least squares on log D, because map after map scatters by a share of its size; generalized least squares
where the maps show the same grains, whose sizes err together (`size_covariance`).

An exponent from few steps, small growth or large scatter says nothing: with five steps, D_end / D0 = 1.3 and 2 % of
scatter n has a 95 % range from 0.3 to 7. Such an exponent is withheld, and so is one whose interval is narrow by luck:
what steps can tell is judged by the interval that sizes without scatter on the best curve of n = 2 would have, as an
experiment is judged before its data are seen (Cowan 2011, 10.1140/epjc/s10052-011-1554-0).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.growth_law import (
    CHI2_95,
    EXPONENT_RANGE,
    Series,
    best_exponent,
    constant_interval,
    exponent_interval,
    without_scatter,
    without_step,
)

LEAST_STEPS = 5
WIDEST_EXPONENT = 4.0
"""An exponent whose 95 % interval is wider is not identifiable."""

UNTOLD_SCATTER = 0.02
"""Scatter of mean sizes, as a share, expected where none is told: that of 500 grains of sizes that vary by 45 %."""

_MORE_STEPS = 2
"""Steps of that scatter added to a series before its own is believed: that of five may be small by luck."""

_CONTRADICTED = 0.01
"""Probability of a scatter from which the errors told, or the law, are contradicted."""


class GrowthFit(NamedTuple):
    """What a series of mean sizes tells of the law.

    Attributes
    ----------
    constant, constant_low, constant_high
        K of ``D^2 - D0^2 = K t`` with its 95 % profile-likelihood interval, um2 per unit of progress.
    initial_um
        D0 of that fit.
    exponent, exponent_low, exponent_high
        Best n and its 95 % profile-likelihood interval; NaN when `withheld` tells that there is none.
    exponent_range
        The interval of n as found, also where n is withheld; 0 and inf where it is open.
    misfit
        Likelihood-ratio chi square of n = 2 against the best n, one degree of freedom.
    withheld
        Why there is no exponent; empty when there is one.
    steps
        Steps that were used.
    scatter
        Scatter of the sizes about the best law, divided by the errors told; NaN where these explain it or are not told.
    odd_step
        Place of the one step that the law of the others does not explain; -1 when there is none.
    """

    constant: float
    constant_low: float
    constant_high: float
    initial_um: float
    exponent: float
    exponent_low: float
    exponent_high: float
    exponent_range: tuple[float, float]
    misfit: float
    withheld: str
    steps: int
    scatter: float = math.nan
    odd_step: int = -1

    @property
    def excludes_two(self) -> bool:
        """Whether the data contradict n = 2 at 95 %."""
        low, high = self.exponent_range
        return not low <= 2.0 <= high


def fit_growth(
    progress: np.ndarray, size_um: np.ndarray, relative_se: np.ndarray, covariance: np.ndarray | None = None
) -> GrowthFit:
    """Return the fit of ``D^n - D0^n = K t``.

    Intervals are those of the profile likelihood: all values whose best fit has a chi square at most 3.84 above the
    least. Where the scatter exceeds the errors told, these are widened by the square root of the reduced chi square
    (Birge 1932, 10.1103/PhysRev.40.207). Where it contradicts them (1 %) or half of the steps have none, the scatter is
    the measure of errors, with the quantile of F in place of chi square; untold errors are taken as equal. A step
    without an error among more with one does not count: its few grains would move K many times as much as the others.

    Parameters
    ----------
    progress
        ``(steps,)`` float64: time (h), charge or number of the step, rising; NaN leaves a step out.
    size_um
        ``(steps,)`` float64 mean grain size, um; NaN leaves a step out.
    relative_se
        ``(steps,)`` standard error of each size divided by it; NaN where unknown.
    covariance
        ``(steps, steps)`` of the log sizes, see `size_covariance`; None where every step has a sample of its own.

    Raises
    ------
    MeasurementError
        When the arrays differ in length or progress goes back.
    """
    usable = _usable(progress, size_um, relative_se)
    count = int(usable.sum())
    if count < 2 or float(np.ptp(progress[usable])) <= 0:
        return _nothing(f"{count} usable step{'s' if count != 1 else ''}", count)
    together = None if covariance is None else covariance[np.ix_(usable, usable)]
    length, series, told = _series(progress[usable], size_um[usable], relative_se[usable], together)
    judged = _judge(series, told)
    series = series._replace(bound=judged.bound)
    k, k_low, k_high, initial = constant_interval(series)
    best, low, high, misfit = math.nan, 0.0, math.inf, math.nan
    if math.isfinite(series.bound):
        best, low, high, misfit = exponent_interval(series)
    why = _why_withheld(count, (k_low, k_high), low, high) or _why_blind(series, judged.foreseen)
    if not why and best <= EXPONENT_RANGE[0]:
        why = f"growth speeds up more than by any power law (95 %: n below {high:.2g}), as after a late start"
    shown = (math.nan,) * 3 if why else (best, low, high)
    odd = int(np.flatnonzero(usable)[judged.odd]) if judged.odd >= 0 else -1
    ks = (k / length, k_low / length, k_high / length)
    return GrowthFit(*ks, initial, *shown, (low, high), misfit, why, count, judged.scatter, odd)


def growth_curve(fit: GrowthFit, progress: np.ndarray) -> np.ndarray:
    """Return the size in um at each `progress` (counted from the first step) by the fit at n = 2."""
    return np.sqrt(np.maximum(fit.initial_um**2 + fit.constant * np.asarray(progress, float), 0.0))


def growth_band(
    fit: GrowthFit,
    progress: np.ndarray,
    size_um: np.ndarray,
    relative_se: np.ndarray,
    at: np.ndarray,
    covariance: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the size by the fit at n = 2 and the ends of its 95 % band, each as long as `at`, um.

    ``D^2`` is a straight line; its error is that of a weighted line through the squares. Without errors the band is as
    narrow as the line.

    Parameters
    ----------
    fit
        Of the same steps.
    progress, size_um, relative_se
        ``(steps,)`` as in `fit_growth`, without NaN but for the errors.
    at
        Progress at which the band is asked for.
    covariance
        As in `fit_growth`.
    """
    counts = _usable(progress, size_um, relative_se)
    since = progress[counts] - progress[counts][0]
    middle = growth_curve(fit, at - progress[counts][0])
    if not np.isfinite(relative_se[counts]).all():
        return middle, middle, middle
    squares_um2 = 2 * size_um[counts] ** 2
    of_logs = (np.diag(relative_se**2) if covariance is None else covariance)[np.ix_(counts, counts)]
    line = np.stack((np.ones(since.size), since), axis=1)
    spread = np.linalg.inv(line.T @ np.linalg.inv(np.outer(squares_um2, squares_um2) * of_logs) @ line)
    places = np.stack((np.ones(at.size), at - progress[counts][0]), axis=1)
    error = 1.96 * np.sqrt(((places @ spread) * places).sum(axis=1))
    ends = [np.sqrt(np.maximum(middle**2 + side * error, 0.0)) for side in (-1, 1)]
    return middle, ends[0], ends[1]


def trends_disagree(progress: np.ndarray, sizes: tuple[np.ndarray, np.ndarray], errors: tuple[np.ndarray, ...]) -> bool:
    """Return whether two mean sizes of the same maps (number- and area-weighted) tell different stories.

    They do when their slopes of log D over progress differ by more than twice the error of the difference.

    Parameters
    ----------
    progress
        ``(steps,)``.
    sizes, errors
        Two times ``(steps,)`` sizes in um and their relative standard errors, NaN where unknown.
    """
    slopes = []
    for size_um, relative_se in zip(sizes, errors, strict=True):
        known = np.isfinite(progress) & np.isfinite(size_um) & np.isfinite(relative_se) & (size_um > 0)
        if known.sum() < 3 or np.ptp(progress[known]) <= 0:
            return False
        weight = 1 / relative_se[known] ** 2
        t = progress[known] - np.average(progress[known], weights=weight)
        spread = float((weight * t * t).sum())
        slopes.append((float((weight * t * np.log(size_um[known])).sum()) / spread, 1 / spread))
    (one, variance), (other, other_variance) = slopes
    return abs(one - other) > 2 * math.sqrt(variance + other_variance)


def _usable(progress: np.ndarray, size_um: np.ndarray, relative_se: np.ndarray) -> np.ndarray:
    """Return which steps count: those with a size and, if these are more than half of them, with an error."""
    if not progress.shape == size_um.shape == relative_se.shape or progress.ndim != 1:
        raise MeasurementError(
            f"progress: {progress.shape} values, {size_um.shape} sizes, {relative_se.shape} errors; give one a step."
        )
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(progress) & np.isfinite(size_um) & (size_um > 0)
        told = usable & np.isfinite(relative_se) & (relative_se > 0)
    if (np.diff(progress[usable]) < 0).any():
        raise MeasurementError("progress: goes back from one step to the next; put the steps in order.")
    return np.asarray(told if 2 * told.sum() > usable.sum() else usable)


def _series(
    t: np.ndarray, size_um: np.ndarray, relative_se: np.ndarray, covariance: np.ndarray | None
) -> tuple[float, Series, bool]:
    """Return the length of the series, its steps and whether their errors are told."""
    length = float(t[-1] - t[0])
    told = bool(np.isfinite(relative_se).all() and (relative_se > 0).all())
    precision = np.linalg.inv(np.diag(relative_se**2) if covariance is None else covariance) if told else np.eye(t.size)
    return length, Series((t - t[0]) / length, np.log(size_um), precision), told


class _Judgement(NamedTuple):
    """How far chi square may rise, inf where unknown, and is expected to; scatter and odd step of `GrowthFit`."""

    bound: float
    foreseen: float
    scatter: float = math.nan
    odd: int = -1


def _judge(series: Series, told: bool) -> _Judgement:
    """Return how the scatter about the best law agrees with the errors told, or measures them."""
    from scipy.stats import f as f_distribution

    free = series.part.size - 3
    if free < 1:
        bound = CHI2_95 if told else math.inf
        return _Judgement(bound, bound)
    least = best_exponent(series)[1]
    quantile = float(f_distribution.ppf(0.95, 1, free))
    if not told:
        foreseen = quantile * (least + _MORE_STEPS * UNTOLD_SCATTER**2) / (free + _MORE_STEPS)
        return _Judgement(quantile * max(least / free, 1e-24), foreseen, odd=_odd_step(series, least, told))
    if not _contradicts(least, free):
        bound = CHI2_95 * max(1.0, least / free)
        return _Judgement(bound, bound)
    bound = quantile * least / free
    return _Judgement(bound, bound, math.sqrt(least / free), _odd_step(series, least, told))


def _contradicts(chi2: float, free: int) -> bool:
    from scipy.stats import chi2 as chi2_distribution

    return bool(chi2_distribution.sf(chi2, free) < _CONTRADICTED)


def _odd_step(series: Series, least: float, told: bool) -> int:
    """Return the one step without which the others keep to a law; -1 when there is none or more than one would do.

    With errors told they do when chi square agrees with these, else when the step lies off the law of the others by
    Student's test of one out of so many (Bonferroni).
    """
    from scipy.stats import f as f_distribution

    count, free = series.part.size, series.part.size - 4
    if count < LEAST_STEPS:
        return -1
    rest = np.array([best_exponent(without_step(series, step))[1] for step in range(count)])
    if told:
        odd = [not _contradicts(chi2, free) for chi2 in rest.tolist()]
    else:
        odd = f_distribution.sf((least - rest) * free / np.maximum(rest, 1e-24), 1, free) < _CONTRADICTED / count
    return int(np.argmax(odd)) if np.sum(odd) == 1 else -1


def _why_withheld(count: int, constant: tuple[float, float], low: float, high: float) -> str:
    """Return why the exponent is withheld; an empty text when it is not."""
    width = f"its 95 % interval is {low:.2g} to {high:.2g}" if math.isfinite(high) else f"95 %: above {low:.2g}"
    if count < LEAST_STEPS:
        return f"{count} usable steps, an exponent needs {LEAST_STEPS}"
    if not constant[0] > 0:
        return "the sizes fall" if constant[1] < 0 else "no growth beyond the scatter"
    if not high - low <= WIDEST_EXPONENT:
        return f"not identifiable from these steps ({width}, wider than {WIDEST_EXPONENT:g})"
    return ""


def _why_blind(series: Series, foreseen: float) -> str:
    """Return that such steps cannot tell the exponent, be its interval narrow by luck; an empty text when they can."""
    _, low, high, _ = exponent_interval(without_scatter(series)._replace(bound=foreseen))
    if high - low <= WIDEST_EXPONENT:
        return ""
    width = f"{low:.2g} to {high:.2g}" if math.isfinite(high) else f"above {low:.2g}"
    return f"not identifiable from such steps (for n = 2 they would give {width}, wider than {WIDEST_EXPONENT:g})"


def _nothing(why: str, count: int) -> GrowthFit:
    nan = math.nan
    return GrowthFit(nan, nan, nan, nan, nan, nan, nan, (0.0, math.inf), nan, why, count)
