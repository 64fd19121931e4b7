"""Errors that steps share: closed forms, and intervals that hold what they promise when one sample is followed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from sodalite.measure.coarsening import GrowthFit, fit_growth
from sodalite.measure.shared_grains import OWN_ERROR, size_covariance

STEPS = 6


def grain_rows(ecd_um: np.ndarray, track: np.ndarray | None = None) -> pd.DataFrame:
    """Return the table of ``(steps, grains)`` diameters; NaN leaves a grain out of a step."""
    step, grain = np.nonzero(np.isfinite(ecd_um))
    known = ecd_um[step, grain]
    number = np.arange(ecd_um.shape[1]) if track is None else track
    columns = {"track": number[grain], "step": step, "ecd_um": known, "area_um2": math.pi / 4 * known**2}
    return pd.DataFrame(columns).assign(border_weight=1.0)


def widening(grains: int, steps: int) -> float:
    """Return by how much the covariance is wider than that of the sample."""
    return (grains - 1) / (grains - steps - 2)


def test_variances_are_those_of_means() -> None:
    """Each step's variance is that of the mean of its sample, s^2 / n / mean^2."""
    ecd = np.random.default_rng(0).lognormal(1.0, 0.3, (3, 200))
    found = size_covariance(grain_rows(ecd), range(3), by_area=False)
    assert found is not None
    expected = ecd.var(axis=1, ddof=1) / 200 / ecd.mean(axis=1) ** 2
    np.testing.assert_allclose(np.diag(found), expected * (1 + OWN_ERROR**2) * widening(200, 3), rtol=1e-9)


@pytest.mark.parametrize("by_area", [False, True])
def test_the_same_grains_err_together_and_others_alone(by_area: bool) -> None:
    """Grains that all grow by one factor correlate fully; new grains at each step hardly."""
    rng = np.random.default_rng(1)
    ecd = rng.lognormal(1.0, 0.3, 400) * np.array([1.0, 1.3, 1.7])[:, None]
    same = size_covariance(grain_rows(ecd), range(3), by_area=by_area)
    alone = np.full((3, 1200), np.nan)
    for step in range(3):
        alone[step, 400 * step : 400 * (step + 1)] = ecd[step]
    new = size_covariance(grain_rows(alone), range(3), by_area=by_area)
    assert same is not None
    assert new is not None
    np.testing.assert_allclose(same[0, 1] / same[0, 0], 1 / (1 + OWN_ERROR**2), rtol=1e-9)
    assert abs(new[0, 1] / new[0, 0]) < 1e-12


def test_area_weighted_variance_is_that_of_resampling() -> None:
    """The area-weighted mean scatters over bootstrap samples as told."""
    rng = np.random.default_rng(2)
    ecd = rng.lognormal(1.0, 0.3, (2, 500))
    found = size_covariance(grain_rows(ecd), range(2), by_area=True)
    assert found is not None
    drawn = ecd[0][rng.integers(0, 500, (2000, 500))]
    logs = np.log((drawn**3).sum(axis=1) / (drawn**2).sum(axis=1))
    assert math.sqrt(found[0, 0]) == pytest.approx(logs.std(), rel=0.05)


def test_too_few_grains_have_no_covariance() -> None:
    """Fewer than five grains a step, a step without grains, or grains of one size give none."""
    ecd = np.random.default_rng(3).lognormal(1.0, 0.3, (STEPS, 29))
    assert size_covariance(grain_rows(ecd), range(STEPS), by_area=False) is None
    assert size_covariance(grain_rows(np.ones((2, 50))), range(2), by_area=False) is None
    assert size_covariance(grain_rows(ecd), [0, 9], by_area=False) is None


def follow(seed: int, *, shared: bool) -> GrowthFit:
    """Return the fit of 100 followed grains that grow from a mean of 5 um to twice that at n = 2, each its own way."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0.0, 12.0, STEPS)
    law = np.sqrt(1 + 3 * time / 12)
    first = rng.gamma(9.0, 5 / 9, 100)
    wander = np.exp(
        np.cumsum(0.05 * rng.standard_normal((STEPS, 100)), axis=0) - 0.00125 * np.arange(1, STEPS + 1)[:, None]
    )
    ecd = first * law[:, None] * wander
    errors = ecd.std(axis=1, ddof=1) / ecd.mean(axis=1) / 10
    covariance = size_covariance(grain_rows(ecd), range(STEPS), by_area=False) if shared else None
    return fit_growth(time, ecd.mean(axis=1), errors, covariance)


def test_followed_grains_give_honest_intervals() -> None:
    """The intervals of K and n hold the truth in 93 % of draws or more; n is far narrower than for apart samples."""
    fits = [follow(seed, shared=True) for seed in range(200)]
    true = 5.0**2 * 3 / 12
    assert np.mean([fit.constant_low <= true <= fit.constant_high for fit in fits]) >= 0.93
    assert np.mean([fit.exponent_range[0] <= 2 <= fit.exponent_range[1] for fit in fits]) >= 0.93
    apart = [follow(seed, shared=False) for seed in range(20)]
    width = [np.median(np.diff([fit.exponent_range for fit in some])) for some in (fits, apart)]
    assert width[0] < 0.5 * width[1]
