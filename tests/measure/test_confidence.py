"""Intervals against exact values, other libraries and their coverage of planted truths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sodalite.errors import MeasurementError
from sodalite.measure import confidence
from sodalite.measure.voids import USUAL_DEGREES, USUAL_LOG_SD

if TYPE_CHECKING:
    import numpy.typing as npt

DRAWS = 80
LEAST_COVERED = 70
"""Of 80 draws at a true coverage of 0.95, fewer than 70 happen once in 600."""


@pytest.mark.parametrize(("fields", "multiplier"), [(3, 4.303), (5, 2.776), (10, 2.262), (20, 2.093), (30, 2.045)])
def test_student_multipliers(fields: int, multiplier: float) -> None:
    """The multipliers are those of every t table."""
    assert confidence.student_multiplier(fields - 1) == pytest.approx(multiplier, abs=5e-4)


def test_five_fields() -> None:
    """Five fields have the published mean, sd, half width and relative accuracy."""
    summary = confidence.summarize_fields([0.12, 0.09, 0.15, 0.11, 0.13])
    assert summary.mean == pytest.approx(0.12)
    assert summary.sd == pytest.approx(0.02236, abs=5e-6)
    assert summary.high - summary.mean == pytest.approx(0.02776, abs=5e-6)
    assert summary.relative_accuracy_percent == pytest.approx(23.14, abs=5e-3)


def test_fields_that_say_little() -> None:
    """One field has no interval, withheld ones are left out, none at all is an error."""
    single = confidence.summarize_fields([2.0, math.nan])
    assert single.n == 1
    assert math.isnan(single.low)
    with pytest.raises(MeasurementError, match="no finite value"):
        confidence.summarize_fields([math.nan])


@given(st.integers(0, 10_000))
def test_poisson_interval_is_exact(count: int) -> None:
    """At the ends, the tails of the Poisson distribution hold 2.5 % each."""
    low, high = confidence.poisson_interval(count)
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025, rel=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_count_interval_covers_clusters() -> None:
    """Six clusters of twelve objects on average: the expected number is held, that of lone objects is Poisson's."""
    rng, covered = np.random.default_rng(12), 0
    for _ in range(DRAWS):
        centres = rng.uniform(-150, 1150, rng.poisson(6 * 1.3))
        places = rng.normal(np.repeat(centres, rng.poisson(12, centres.size)), 30)
        low, high = confidence.count_interval(np.histogram(places, 1000, (0, 1000))[0])
        covered += low <= 72 <= high
    assert covered >= LEAST_COVERED
    lone = np.zeros(1000, int)
    lone[[100, 300, 500, 700, 900]] = 1
    assert confidence.count_interval(lone) == confidence.poisson_interval(5)


def test_rule_of_three() -> None:
    """Nothing seen bounds the expected number by 3.00 from one side and by 3.69 from two."""
    assert confidence.poisson_upper(0) == pytest.approx(-math.log(0.05))
    assert confidence.poisson_interval(0)[1] == pytest.approx(-math.log(0.025))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(case: tuple[int, int]) -> None:
    """The score interval is that of scipy."""
    successes, trials = case
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert confidence.wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_impossible_shares_are_refused() -> None:
    """More successes than trials are no share."""
    with pytest.raises(MeasurementError, match="no share"):
        confidence.wilson_interval(3, 2)


def _discs(rng: np.random.Generator, shape: tuple[int, int], fraction: float, radius: float) -> np.ndarray:
    """Boolean model of equal discs: ``A_A = 1 - exp(-density pi radius**2)``."""
    rows, columns = (side + 2 * radius for side in shape)
    count = rng.poisson(-math.log1p(-fraction) / (math.pi * radius**2) * rows * columns)
    y, x = np.indices(shape, sparse=True)
    covered = np.zeros(shape, bool)
    for row, column in zip(rng.uniform(0, rows, count), rng.uniform(0, columns, count), strict=True):
        covered |= (y + 0.5 - row + radius) ** 2 + (x + 0.5 - column + radius) ** 2 <= radius**2
    return covered


@pytest.mark.parametrize(("fraction", "radius"), [(0.02, 4.0), (0.05, 8.0), (0.1, 20.0), (0.3, 8.0), (0.3, 20.0)])
def test_area_fraction_interval_covers(fraction: float, radius: float) -> None:
    """The single-image interval covers the Boolean model's fraction, with 60 small voids or with 3 large ones."""
    rng = np.random.default_rng(20)
    covered = 0
    for _ in range(DRAWS):
        voids = _discs(rng, (100, 400), fraction, radius)
        interval = confidence.area_fraction_interval(voids, np.ones_like(voids), (1.0, 1.0))
        covered += math.isnan(interval.low) or interval.low <= fraction <= interval.high
    assert covered >= LEAST_COVERED


def test_area_fraction_of_a_single_void_is_bounded() -> None:
    """One void in 0.2 % of a section: the population has more than a hundredth of that and less than 20 %."""
    voids = np.zeros((200, 1000), bool)
    voids[90:110, 500:520] = True
    low, high, _ = confidence.area_fraction_interval(voids, np.ones_like(voids), (1.0, 1.0))
    assert 0.00002 < low < 0.001
    assert 0.01 < high < 0.2


def test_area_fraction_variance_is_that_of_the_covariance() -> None:
    """The interval's width follows the exact covariance of Boolean discs."""
    fraction, radius, side = 0.1, 6.0, 400
    lag = np.hypot(*np.meshgrid(*(np.arange(-2 * radius, 2 * radius + 1),) * 2))
    part = np.clip(lag / (2 * radius), 0, 1)
    both = 2 * radius**2 * (np.arccos(part) - part * np.sqrt(1 - part**2))
    density = -math.log1p(-fraction) / (math.pi * radius**2)
    covariance = (1 - fraction) ** 2 * np.expm1(density * both)
    expected = math.sqrt(covariance.sum()) / side / (fraction * (1 - fraction))
    rng = np.random.default_rng(3)
    whole = np.ones((side, side), bool)
    found = [
        1 / math.sqrt(confidence.area_fraction_interval(_discs(rng, (side, side), fraction, radius), whole, (1, 1))[2])
        for _ in range(6)
    ]
    assert np.mean(found) == pytest.approx(expected, rel=0.08)


@pytest.fixture(scope="module")
def voids() -> np.ndarray:
    """Return a section with 8 % of voids 7 px in radius."""
    return _discs(np.random.default_rng(5), (150, 300), 0.08, 7.0)


def test_area_fraction_interval_covers_clusters() -> None:
    """Voids in clusters far wider than a void: the interval holds the fraction in at least 70 of 80 draws."""
    rng, found = np.random.default_rng(3), []
    for _ in range(80):
        rows, columns = np.mgrid[:100, :800]
        voids = np.zeros((100, 800), bool)
        for centre in rng.uniform(-100, 900, rng.poisson(6)):
            for x, y in zip(rng.normal(centre, 30, 12), rng.uniform(0, 100, 12), strict=True):
                voids |= (rows - y) ** 2 + (columns - x) ** 2 <= 16
        interval = confidence.area_fraction_interval(voids, np.ones_like(voids), (1.0, 1.0))
        found.append((voids.mean(), interval.low, interval.high))
    fraction = np.mean([mean for mean, _, _ in found])
    assert sum(not low > fraction and not high < fraction for _, low, high in found) >= LEAST_COVERED


def test_area_fraction_interval_ignores_what_is_outside(voids: np.ndarray) -> None:
    """Voids and pixels outside the region change nothing, and neither does a mirror."""
    region = np.zeros_like(voids)
    region[20:120, 30:280] = True
    region[20:60, 30:90] = False
    interval = confidence.area_fraction_interval(voids, region, (0.1, 0.1))
    assert confidence.area_fraction_interval(voids & region, region, (0.1, 0.1)) == pytest.approx(interval)
    mirrored = confidence.area_fraction_interval(voids[::-1, ::-1], region[::-1, ::-1], (0.1, 0.1))
    assert mirrored == pytest.approx(interval)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100))
def test_area_fraction_interval_has_no_unit(voids: np.ndarray, factor: float) -> None:
    """Another pixel size leaves the interval of a fraction alone."""
    region = np.ones_like(voids)
    once = confidence.area_fraction_interval(voids, region, (0.05, 0.08))
    scaled = confidence.area_fraction_interval(voids, region, (0.05 * factor, 0.08 * factor))
    assert scaled == pytest.approx(once)


def test_block_averages_keep_the_interval(voids: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Averaging blocks of nine pixels changes the width of the interval by less than 3 %."""
    region = np.ones_like(voids)
    fine = confidence.area_fraction_interval(voids, region, (1, 1))
    monkeypatch.setattr(confidence, "MAX_COVARIANCE_PIXELS", voids.size // 9)
    coarse = confidence.area_fraction_interval(voids, region, (1, 1))
    assert coarse != fine
    assert coarse.high - coarse.low == pytest.approx(fine.high - fine.low, rel=0.03)


def test_anisotropic_pixels_give_the_same_interval(voids: np.ndarray) -> None:
    """Every second row of a section, at twice the height, has nearly the interval of the whole."""
    fine = confidence.area_fraction_interval(voids, np.ones_like(voids), (1, 1))
    half = confidence.area_fraction_interval(voids[::2], np.ones_like(voids[::2]), (2, 1))
    assert half.n_effective == pytest.approx(fine.n_effective, rel=0.1)


def test_fraction_without_contrast_has_no_interval() -> None:
    """A region without any void, or of nothing else, has no covariance; an empty region is an error."""
    nothing = np.zeros((20, 30), bool)
    assert math.isnan(confidence.area_fraction_interval(nothing, ~nothing, (1, 1)).low)
    assert math.isnan(confidence.area_fraction_interval(~nothing, ~nothing, (1, 1)).high)
    with pytest.raises(MeasurementError, match="region"):
        confidence.area_fraction_interval(nothing, nothing, (1, 1))


def test_mean_of_independent_samples() -> None:
    """White noise gives nearly the textbook interval, and missing samples are left out."""
    noise = np.random.default_rng(2).normal(5, 1, 2000)
    noise[100:200] = np.nan
    interval = confidence.mean_interval(noise)
    known = noise[np.isfinite(noise)]
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * known.std() / math.sqrt(known.size), rel=0.1)
    assert math.isnan(confidence.mean_interval([1.0, 2.0]).low)
    assert confidence.mean_interval([3.0] * 5)[:2] == (3.0, 3.0)


@pytest.mark.parametrize("width", [2, 12, 40])
def test_mean_interval_covers(width: int) -> None:
    """The interval of a correlated profile's mean covers it, however long its correlation."""
    rng = np.random.default_rng(8)
    kernel = np.hanning(2 * width + 1)
    covered = 0
    for _ in range(DRAWS):
        profile = np.convolve(rng.normal(size=1500 + 2 * width), kernel, mode="valid")
        interval = confidence.mean_interval(profile)
        covered += interval.low <= 0 <= interval.high
    assert covered >= LEAST_COVERED


@pytest.mark.parametrize(("count", "spread"), [(3, 0.3), (10, 0.6), (40, 0.9)])
def test_size_interval_covers(count: int, spread: float) -> None:
    """The interval of a mean size covers that of a lognormal population, narrow or wide."""
    rng = np.random.default_rng(4)
    truth = math.exp(spread**2 / 2)
    intervals = [_of_sizes(rng.lognormal(0, spread, count)) for _ in range(DRAWS)]
    assert sum(low <= truth <= high for low, high, _ in intervals) >= LEAST_COVERED


def _of_sizes(sizes: npt.ArrayLike) -> confidence.Interval:
    return confidence.size_mean_interval(sizes, usual_log_sd=USUAL_LOG_SD, usual_degrees=USUAL_DEGREES)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_size_interval_of_few_unlike_sizes_covers(count: int) -> None:
    """Of few sizes of which one in ten is six times the others, most samples are alike; the mean is held."""
    rng = np.random.default_rng(14)
    intervals = [_of_sizes(rng.choice([1.0, 6.0], count, p=[0.9, 0.1])) for _ in range(DRAWS)]
    assert sum(low <= 1.5 <= high for low, high, _ in intervals) >= LEAST_COVERED


def test_size_interval_of_many_is_the_textbook_one() -> None:
    """A thousand sizes outweigh the usual scatter: the interval is that of the mean within 10 % of its width."""
    sizes = np.random.default_rng(3).lognormal(0, 0.4, 1000)
    interval = _of_sizes(sizes)
    textbook = 2 * 1.96 * sizes.std(ddof=1) / math.sqrt(1000)
    assert interval.high - interval.low == pytest.approx(textbook, rel=0.1)


def test_sizes_that_say_nothing() -> None:
    """One size has no interval and a size of zero is refused."""
    assert math.isnan(_of_sizes([2.0]).low)
    with pytest.raises(MeasurementError, match="smallest"):
        _of_sizes([0.0, 1.0])
