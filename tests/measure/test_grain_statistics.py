"""Intervals over grains: weighted means and shares of few, unequal grains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.measure.confidence import student_multiplier
from sodalite.measure.grain_statistics import (
    few_grains,
    how_many,
    mean_of_grains,
    scaled_ends,
    share_interval,
    weighted_scatter,
)


def mean_ecd(values: list[float]):
    """Return the mean of some diameters as a quantity."""
    given = np.array(values)
    return mean_of_grains("ecd_mean", given, np.ones(given.size), power=1, note="noted", why_none="none here")


def test_equal_weights_are_the_textbook() -> None:
    """With equal weights and no floor the relative error is s / (mean sqrt(n)) with n - 1 degrees of freedom."""
    values = np.array([3.0, 4.0, 5.0, 7.0, 9.0])
    scatter = weighted_scatter(values, np.ones(5), power=0)
    assert scatter.relative_sd == pytest.approx(values.std(ddof=1) / values.mean() / math.sqrt(5))
    assert scatter.degrees == pytest.approx(4)
    low, high = scaled_ends(5.6, scatter)
    assert math.log(high / low) == pytest.approx(2 * student_multiplier(4) * scatter.relative_sd)


def test_neighbours_keep_a_floor() -> None:
    """Equal grains still scatter by 1 / sqrt(n) in area and half of that in length; a dominant grain counts alone."""
    assert weighted_scatter(np.full(25, 2.0), np.ones(25), power=1).relative_sd == pytest.approx(0.1)
    assert weighted_scatter(np.full(25, 2.0), np.ones(25), power=2).relative_sd == pytest.approx(0.2)
    assert weighted_scatter(np.array([1.0, 2.0]), np.array([1.0, 1e-9]), power=1).relative_sd == math.inf


def test_few_grains_have_a_value_but_no_interval() -> None:
    """Four grains give a mean without interval and say so, five give both, none withholds."""
    four, five, none = mean_ecd([1, 2, 3, 4]), mean_ecd([1, 2, 3, 4, 5]), mean_ecd([])
    assert (four.value, four.note) == (2.5, "4 grains, no interval below 5; noted")
    assert math.isnan(four.low)
    assert five.low < five.value < five.high
    assert math.isnan(none.value)
    assert none.note == "none here"


def test_notes_count_in_words() -> None:
    """One is singular, half a grain plural, and what is few may be something else."""
    assert [how_many(count, "grain", "grains") for count in (1, 0.5, 12)] == ["1 grain", "0.5 grains", "12 grains"]
    assert few_grains(3, "boundary", "boundaries").startswith("3 boundaries, no interval")


def test_shares_at_the_ends_are_the_exact_binomial() -> None:
    """None or all of 20 equal grains: the other end is 1 - 0.025^(1/20); half of them 0.27 to 0.73."""
    none = share_interval(np.zeros(20, dtype=bool), np.ones(20))
    every = share_interval(np.ones(20, dtype=bool), np.ones(20))
    assert (none.low, none.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    assert (every.low, every.high) == (pytest.approx(0.025 ** (1 / 20)), 1.0)
    half = share_interval(np.arange(20) < 10, np.ones(20))
    assert (half.low, half.high) == (pytest.approx(0.2720, abs=1e-4), pytest.approx(0.7280, abs=1e-4))


@pytest.mark.parametrize(("grains", "share"), [(15, 0.3), (40, 0.1), (40, 0.6)])
def test_shares_that_follow_size_are_held(grains: int, share: float) -> None:
    """Where large grains are chosen more often, at least 92 % of the intervals hold the expected share of area."""
    held, maps = 0, 400
    truth_rng = np.random.default_rng(99)
    area = np.exp(truth_rng.normal(0, 0.7, 200_000))
    truth = area[truth_rng.random(area.size) < np.minimum(1, share * area)].sum() / area.sum()
    for seed in range(maps):
        rng = np.random.default_rng(seed)
        area = np.exp(rng.normal(0, 0.7, grains))
        interval = share_interval(rng.random(grains) < np.minimum(1, share * area), area)
        held += interval.low <= truth <= interval.high
    assert held >= 0.92 * maps
