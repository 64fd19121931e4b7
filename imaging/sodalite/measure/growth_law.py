"""The likelihood of D^n - D0^n = K t: best K at n = 2 and best n of a series of log sizes, each with its interval.

In ``r``, the growth over the whole series on the logarithmic scale, the law reads
``log D = log D0 + log(1 + (exp(n r) - 1) t / t_end) / n``: D0 drops out by a weighted mean, and one number is searched
for each n.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

EXPONENT_RANGE = (0.1, 40.0)
"""Exponents looked at; an interval that reaches an end is open there."""

CHI2_95 = 3.841459
"""95 % quantile of chi square with one degree of freedom."""

_GRID = 49
_GROWTH_GRID = np.linspace(-2.0, 4.0, 13)
"""Growth over the series looked at first, on the logarithmic scale: to 1/7 or 55 times the size."""
_STEPS = 8
_ZOOMS, _ZOOM_POINTS = 5, 9


class Series(NamedTuple):
    """Usable steps: progress from 0 to 1, log size, inverse covariance, and how far chi square may rise."""

    part: np.ndarray
    log_size: np.ndarray
    precision: np.ndarray
    bound: float = CHI2_95

    @property
    def mean_weights(self) -> np.ndarray:
        """Weights of the best constant, ``(steps,)``; their sum is 1."""
        weights = self.precision.sum(axis=0)
        return np.asarray(weights / weights.sum())


def constant_interval(series: Series) -> tuple[float, float, float, float]:
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


def exponent_interval(series: Series) -> tuple[float, float, float, float]:
    """Return the best n, the ends of its interval (0 and inf where open) and the misfit of n = 2."""
    best, least = best_exponent(series)
    ends = [_exponent_end(series, best, least + series.bound, side) for side in (-1, 1)]
    misfit = (float(_chi2(series, np.array([2.0]))[0]) - least) * CHI2_95 / series.bound
    return best, ends[0], ends[1], misfit


def best_exponent(series: Series) -> tuple[float, float]:
    """Return the best n and its chi square."""
    grid = np.geomspace(*EXPONENT_RANGE, _GRID)
    for _ in range(_ZOOMS):
        chi2 = _chi2(series, grid)
        at = int(chi2.argmin())
        best, least = float(grid[at]), float(chi2[at])
        grid = np.geomspace(grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)], _ZOOM_POINTS)
    return best, least


def without_scatter(series: Series) -> Series:
    """Return the same steps with sizes that lie on the best curve of n = 2."""
    two = np.array([2.0])
    return series._replace(log_size=_shape(series, two, _best_growth(series, two))[0])


def without_step(series: Series, step: int) -> Series:
    """Return the series as if one step were not there."""
    kept = np.arange(series.part.size) != step
    precision = np.linalg.inv(np.linalg.inv(series.precision)[np.ix_(kept, kept)])
    return series._replace(part=series.part[kept], log_size=series.log_size[kept], precision=precision)


def _squares(rest: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the chi square of each row of residuals."""
    return np.asarray(((rest @ precision) * rest).sum(axis=1))


def _constant_end(series: Series, k: float, level: float, pace: float) -> float:
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


def _chi2_of_constant(series: Series, constant: float) -> float:
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


def _exponent_end(series: Series, best: float, level: float, side: int) -> float:
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


def _chi2(series: Series, exponents: np.ndarray) -> np.ndarray:
    """Return the least chi square of each exponent, ``(exponents,)``."""
    return _chi2_at(series, exponents, _best_growth(series, exponents))


def _best_growth(series: Series, exponents: np.ndarray) -> np.ndarray:
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


def _chi2_at(series: Series, exponents: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return the chi square of pairs of exponent and growth, each with its best D0."""
    rest = series.log_size - _shape(series, exponents, growth)
    rest -= (rest @ series.mean_weights)[:, None]
    return _squares(rest, series.precision)


def _initial(series: Series, exponent: float, growth: float) -> float:
    shape = _shape(series, np.array([exponent]), np.array([growth]))[0]
    return math.exp(float((series.log_size - shape) @ series.mean_weights))


def _shape(series: Series, exponents: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Return log(D / D0), ``(pairs, steps)``: log(1 - part + part exp(n r)) / n, without overflow."""
    exponent = (exponents * growth)[:, None]
    with np.errstate(divide="ignore"):
        early = np.log1p(-series.part)[None, :]
        late = np.log(series.part)[None, :] + exponent
    return np.asarray(np.logaddexp(early, late) / exponents[:, None])
