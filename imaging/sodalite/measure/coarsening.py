"""Coarsening kinetics, D^n - D0^n = K t: constant at n = 2 and exponent, each with the interval the data carry.

The fit is least squares on log D, because map after map scatters by a share of its size; generalized least squares
where the maps show the same grains, whose sizes err together (`size_covariance`). In ``r``, the growth over the
whole series on the logarithmic scale, the law reads ``log D = log D0 + log(1 + (exp(n r) - 1) t / t_end) / n``: D0
drops out by a weighted mean, and one number is searched for each n.

An exponent from few steps, small growth or large scatter says nothing: with five steps, D_end / D0 = 1.3 and 2 % of
scatter n has a 95 % range from 0.3 to 7. Such an exponent is withheld.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sodalite.errors import MeasurementError

LEAST_STEPS = 5
WIDEST_EXPONENT = 4.0
"""An exponent whose 95 % interval is wider is not identifiable."""

EXPONENT_RANGE = (0.1, 40.0)
"""Exponents looked at; an interval that reaches an end is open there."""

_GRID = 49
_GROWTH_GRID = np.linspace(-2.0, 4.0, 13)
"""Growth over the series looked at first, on the logarithmic scale: to 1/7 or 55 times the size."""
_STEPS = 8
_ZOOMS, _ZOOM_POINTS = 5, 9
_CHI2_95 = 3.841459
"""95 % quantile of chi square with one degree of freedom."""


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

    @property
    def excludes_two(self) -> bool:
        """Whether the data contradict n = 2 at 95 %."""
        low, high = self.exponent_range
        return not low <= 2.0 <= high


class _Series(NamedTuple):
    """Usable steps: progress from 0 to 1, log size, inverse covariance, and how far chi square may rise."""

    part: np.ndarray
    log_size: np.ndarray
    precision: np.ndarray
    bound: float

    @property
    def mean_weights(self) -> np.ndarray:
        """Weights of the best constant, ``(steps,)``; their sum is 1."""
        weights = self.precision.sum(axis=0)
        return np.asarray(weights / weights.sum())


def fit_growth(
    progress: np.ndarray, size_um: np.ndarray, relative_se: np.ndarray, covariance: np.ndarray | None = None
) -> GrowthFit:
    """Return the fit of ``D^n - D0^n = K t``.

    Intervals are those of the profile likelihood: all values whose best fit has a chi square at most 3.84 above the
    least. Where the scatter exceeds the errors told, these are widened by the square root of the reduced chi square
    (Birge 1932, 10.1103/PhysRev.40.207); where no error is told for a step, errors are taken as equal, and the scatter
    itself is their measure, with the quantile of F in place of chi square.

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
    t, series = _series(progress[usable], size_um[usable], relative_se[usable], together)
    constant = _constant(series)
    if not math.isfinite(series.bound):
        low, high = (0.0, math.inf)
        best, misfit = math.nan, math.nan
    else:
        best, low, high, misfit = _exponent(series)
    why = _why_withheld(count, constant, low, high)
    shown = (math.nan,) * 3 if why else (best, low, high)
    k, k_low, k_high, initial = constant
    return GrowthFit(k / t, k_low / t, k_high / t, initial, *shown, (low, high), misfit, why, count)


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
    middle = growth_curve(fit, at - progress[0])
    if not np.isfinite(relative_se).all():
        return middle, middle, middle
    squares_um2 = 2 * size_um**2
    of_logs = np.diag(relative_se**2) if covariance is None else covariance
    line = np.stack((np.ones(progress.size), progress - progress[0]), axis=1)
    spread = np.linalg.inv(line.T @ np.linalg.inv(np.outer(squares_um2, squares_um2) * of_logs) @ line)
    places = np.stack((np.ones(at.size), at - progress[0]), axis=1)
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
    if not progress.shape == size_um.shape == relative_se.shape or progress.ndim != 1:
        raise MeasurementError(
            f"progress: {progress.shape} values, {size_um.shape} sizes, {relative_se.shape} errors; give one a step."
        )
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(progress) & np.isfinite(size_um) & (size_um > 0)
    if (np.diff(progress[usable]) < 0).any():
        raise MeasurementError("progress: goes back from one step to the next; put the steps in order.")
    return np.asarray(usable)


def _series(
    t: np.ndarray, size_um: np.ndarray, relative_se: np.ndarray, covariance: np.ndarray | None
) -> tuple[float, _Series]:
    """Return the length of the series and its steps; `bound` is how far chi square may rise, inf where unknown."""
    from scipy.stats import f as f_distribution

    length = float(t[-1] - t[0])
    part, log_size = (t - t[0]) / length, np.log(size_um)
    told = bool(np.isfinite(relative_se).all() and (relative_se > 0).all())
    precision = np.linalg.inv(np.diag(relative_se**2) if covariance is None else covariance) if told else np.eye(t.size)
    series = _Series(part, log_size, precision, _CHI2_95)
    free = t.size - 3
    if free < 1:
        return length, series if told else series._replace(bound=math.inf)
    least = float(_chi2(series, np.geomspace(*EXPONENT_RANGE, _GRID)).min()) / free
    if told:
        return length, series._replace(bound=_CHI2_95 * max(1.0, least))
    return length, series._replace(bound=float(f_distribution.ppf(0.95, 1, free)) * max(least, 1e-24))


def _squares(rest: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the chi square of each row of residuals."""
    return np.asarray(((rest @ precision) * rest).sum(axis=1))


def _constant(series: _Series) -> tuple[float, float, float, float]:
    """Return K at n = 2 over the whole series, um2, its interval and D0 in um."""
    two = np.array([2.0])
    growth = _best_growth(series, two)
    initial = _initial(series, 2.0, float(growth[0]))
    k = initial**2 * math.expm1(2 * float(growth[0]))
    if not math.isfinite(series.bound):
        return k, math.nan, math.nan, initial
    least = float(_chi2_at(series, two, growth)[0])
    scale = float(np.exp(2 * series.log_size).max())
    low, high = (_constant_end(series, k, least + series.bound, side * scale) for side in (-1, 1))
    return k, low, high, initial


def _constant_end(series: _Series, k: float, level: float, pace: float) -> float:
    """Return where the least chi square of a given K reaches `level`, going from `k` in steps that double."""
    from scipy.optimize import brentq

    def above(constant: float) -> float:
        return _chi2_of_constant(series, constant) - level

    inner, outer = k, k + pace / 64
    while above(outer) <= 0:
        inner, outer = outer, outer + 2 * (outer - inner)
        if abs(outer - k) > 1e4 * abs(pace):
            return math.copysign(math.inf, pace)
    return float(brentq(above, inner, outer, xtol=1e-9 * abs(pace)))


def _chi2_of_constant(series: _Series, constant: float) -> float:
    """Return the least chi square of ``D^2 = D0^2 + K part`` over D0."""
    square = np.exp(2 * series.log_size)
    low, high = math.log(square.min()) - 4, math.log(square.max()) + 2
    for _ in range(_ZOOMS + 2):
        grid = np.linspace(low, high, 4 * _ZOOM_POINTS)
        # the smallest square of the series is the first one or, for a shrinking one, the last one
        initial = np.exp(grid) + max(0.0, -constant)
        rest = series.log_size - 0.5 * np.log(initial[:, None] + constant * series.part)
        chi2 = _squares(rest, series.precision)
        at = int(chi2.argmin())
        low, high = float(grid[max(at - 1, 0)]), float(grid[min(at + 1, grid.size - 1)])
    return float(chi2[at])


def _exponent(series: _Series) -> tuple[float, float, float, float]:
    """Return the best n, the ends of its interval (0 and inf where open) and the misfit of n = 2."""
    grid = np.geomspace(*EXPONENT_RANGE, _GRID)
    for _ in range(_ZOOMS):
        chi2 = _chi2(series, grid)
        at = int(chi2.argmin())
        best, least = float(grid[at]), float(chi2[at])
        grid = np.geomspace(grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)], _ZOOM_POINTS)
    ends = [_exponent_end(series, best, least + series.bound, side) for side in (-1, 1)]
    misfit = (float(_chi2(series, np.array([2.0]))[0]) - least) * _CHI2_95 / series.bound
    return best, ends[0], ends[1], misfit


def _exponent_end(series: _Series, best: float, level: float, side: int) -> float:
    """Return the exponent farthest from the best one on one side, up to which chi square stays below `level`."""
    from scipy.optimize import brentq

    end = EXPONENT_RANGE[0] if side < 0 else EXPONENT_RANGE[1]
    if best == end:
        return 0.0 if side < 0 else math.inf
    grid = np.geomspace(best, end, _GRID)
    outside = np.flatnonzero(_chi2(series, grid) > level)
    if outside.size == 0:
        return 0.0 if side < 0 else math.inf
    first = int(outside[0])
    if first == 0:
        return best
    inner, outer = float(grid[first - 1]), float(grid[first])
    return float(brentq(lambda n: float(_chi2(series, np.array([n]))[0]) - level, inner, outer, xtol=1e-6))


def _chi2(series: _Series, exponents: np.ndarray) -> np.ndarray:
    """Return the least chi square of each exponent, ``(exponents,)``."""
    return _chi2_at(series, exponents, _best_growth(series, exponents))


def _best_growth(series: _Series, exponents: np.ndarray) -> np.ndarray:
    """Return the growth that fits best for each exponent, ``(exponents,)``: from a grid on by Gauss-Newton steps."""
    points = _GROWTH_GRID.size
    pairs = np.repeat(exponents, points), np.tile(_GROWTH_GRID, exponents.size)
    growth = _GROWTH_GRID[_chi2_at(series, *pairs).reshape(-1, points).argmin(axis=1)]
    reach = float(_GROWTH_GRID[1] - _GROWTH_GRID[0])
    low, high = growth - reach, growth + reach
    mean_weights, precision = series.mean_weights, series.precision / np.trace(series.precision)
    for _ in range(_STEPS):
        shape = _shape(series, exponents, growth)
        slope = np.exp(np.log(np.maximum(series.part, 1e-300)) + exponents[:, None] * (growth[:, None] - shape))
        slope -= (slope @ mean_weights)[:, None]
        pull = slope @ precision
        step = ((series.log_size - shape) * pull).sum(axis=1) / np.maximum((slope * pull).sum(axis=1), 1e-12)
        growth = np.clip(growth + step, low, high)
    return np.asarray(growth)


def _chi2_at(series: _Series, exponents: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return the chi square of pairs of exponent and growth, each with its best D0."""
    rest = series.log_size - _shape(series, exponents, growth)
    rest -= (rest @ series.mean_weights)[:, None]
    return _squares(rest, series.precision)


def _initial(series: _Series, exponent: float, growth: float) -> float:
    shape = _shape(series, np.array([exponent]), np.array([growth]))[0]
    return math.exp(float((series.log_size - shape) @ series.mean_weights))


def _shape(series: _Series, exponents: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return log(D / D0), ``(pairs, steps)``: log(1 - part + part exp(n r)) / n, without overflow."""
    exponent = (exponents * growth)[:, None]
    with np.errstate(divide="ignore"):
        early = np.log1p(-series.part)[None, :]
        late = np.log(series.part)[None, :] + exponent
    return np.asarray(np.logaddexp(early, late) / exponents[:, None])


def _why_withheld(count: int, constant: tuple[float, ...], low: float, high: float) -> str:
    """Return why the exponent is withheld; an empty text when it is not."""
    width = f"its 95 % interval is {low:.2g} to {high:.2g}" if math.isfinite(high) else f"95 %: above {low:.2g}"
    if count < LEAST_STEPS:
        return f"{count} usable steps, an exponent needs {LEAST_STEPS}"
    if not constant[1] > 0:
        return "no growth beyond the scatter"
    if not high - low <= WIDEST_EXPONENT:
        return f"not identifiable from these steps ({width}, wider than {WIDEST_EXPONENT:g})"
    return ""


def _nothing(why: str, count: int) -> GrowthFit:
    nan = math.nan
    return GrowthFit(nan, nan, nan, nan, nan, nan, nan, (0.0, math.inf), nan, why, count)
