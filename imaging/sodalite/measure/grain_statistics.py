"""Means and shares over the grains of one map with 95 % intervals that hold for few, unequal and neighbouring grains.

Grains of one map are no independent draws: where one is large its neighbours tend to be large too. The number of
Poisson-Voronoi grains in a window has the variance of a Poisson count, so that the mean area of n grains scatters by
1 / sqrt(n) and lengths by half of that, about twice what a bootstrap over the grains would give. That scatter is the
least that intervals here assume.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sodalite.measure.confidence import Interval, logit_interval, student_multiplier
from sodalite.quantity import Quantity

LEAST_GRAINS = 5
"""With fewer grains a value carries no interval."""


class Scatter(NamedTuple):
    """Relative standard error of a mean and its degrees of freedom."""

    relative_sd: float
    degrees: float


def weighted_scatter(values: np.ndarray, weights: np.ndarray, *, power: float) -> Scatter:
    """Return the relative standard error of ``sum(w v) / sum(w)`` over grains, linearised, v above 0.

    Parameters
    ----------
    values, weights
        ``(n,)`` float64.
    power
        Power of length in the unit of `values`: the least relative error is ``power / (2 sqrt(n))``.
    """
    mean = float(np.average(values, weights=weights))
    share = weights / weights.sum()
    effective = 1 / float((share**2).sum())
    if effective < 2:
        return Scatter(math.inf, 1.0)
    influence = share * (values / mean - 1)
    sd = math.sqrt(float((influence**2).sum()) * effective / (effective - 1))
    return Scatter(max(sd, abs(power) / (2 * math.sqrt(effective))), effective - 1)


def scaled_ends(value: float, scatter: Scatter) -> tuple[float, float]:
    """Return the ends of the interval of a positive value, on the logarithmic scale with Student's t."""
    if not math.isfinite(scatter.relative_sd):
        return math.nan, math.nan
    factor = math.exp(min(student_multiplier(scatter.degrees) * scatter.relative_sd, 700.0))
    return value / factor, value * factor


def mean_of_grains(
    quantity: str, values: np.ndarray, weights: np.ndarray, *, power: float, note: str, why_none: str
) -> Quantity:
    """Return a weighted mean over grains as a quantity: withheld without grains, without interval for very few.

    Parameters
    ----------
    quantity
        Name in the glossary.
    values, weights
        ``(n,)`` float64, above 0.
    power
        As in `weighted_scatter`.
    note
        How the value is to be read.
    why_none
        Why it is withheld when there is no grain.
    """
    if values.size == 0:
        return Quantity.withheld(quantity, why_none)
    mean = float(np.average(values, weights=weights))
    if values.size < LEAST_GRAINS:
        return Quantity(quantity, mean, n=values.size, note=joined(few_grains(values.size), note))
    low, high = scaled_ends(mean, weighted_scatter(values, weights, power=power))
    return Quantity(quantity, mean, low, high, values.size, note)


def share_interval(chosen: np.ndarray, weights: np.ndarray) -> Interval:
    """Return the interval of the share of weight that the chosen grains hold.

    The exact binomial interval (Clopper and Pearson 1934, 10.1093/biomet/26.4.404) of the effective number of grains
    ``sum(w)**2 / sum(w**2)``, or the linearised logit interval where that is wider: it knows when the heavy grains are
    the chosen ones. Random shares of 10 % in 40 grains of unequal weight were held in 98 % of the maps tried.

    Parameters
    ----------
    chosen
        ``(n,)`` bool.
    weights
        ``(n,)`` float64, above 0.
    """
    from scipy.special import betaincinv

    part = weights / weights.sum()
    effective = 1 / float((part**2).sum())
    share = float(part[chosen].sum())
    count, rest = share * effective, (1 - share) * effective
    low = float(betaincinv(count, rest + 1, 0.025)) if chosen.any() else 0.0
    high = float(betaincinv(count + 1, rest, 0.975)) if not chosen.all() else 1.0
    if 0 < share < 1 and effective >= 2:
        variance = float((part**2 * (chosen - share) ** 2).sum()) * effective / (effective - 1)
        logit = logit_interval(share, math.sqrt(variance) / (share * (1 - share)), effective - 1)
        low, high = min(low, logit[0]), max(high, logit[1])
    return Interval(low, high, effective)


def how_many(count: float, one: str, many: str) -> str:
    """Return a number with what it counts, as in ``1 grain`` and ``2.5 grains``."""
    return f"{count:.4g} {one if count == 1 else many}"


def few_grains(count: int, one: str = "grain", many: str = "grains") -> str:
    """Return the note of a value from too few grains for an interval, or from too few of what else is told."""
    return f"{how_many(count, one, many)}, no interval below {LEAST_GRAINS}"


def joined(*parts: str) -> str:
    """Return notes as one."""
    return "; ".join(part for part in parts if part)
