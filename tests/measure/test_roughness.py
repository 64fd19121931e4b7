"""Height parameters against a sine wave, the filter's transmission and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from sodalite.errors import MeasurementError
from sodalite.measure import roughness

SINE_RA, SINE_RQ, SINE_RKU = 0.636620, 0.707107, 1.5
STEP_UM = 0.1


def _sine(amplitude_um: float, wave_um: float, columns: int = 4000) -> np.ndarray:
    return amplitude_um * np.sin(2 * np.pi * (np.arange(columns) + 0.5) * STEP_UM / wave_um)


def test_parameters_of_a_sine() -> None:
    """Ra = 2A/pi, Rq = A/sqrt 2, Rz = 2A, Rku = 1.5 and Rsk = 0."""
    heights = _sine(3.0, 10.0)
    assert roughness.ra_um(heights) == pytest.approx(3 * SINE_RA, rel=1e-3)
    assert roughness.rq_um(heights) == pytest.approx(3 * SINE_RQ, rel=1e-5)
    assert roughness.rz_um(heights) == pytest.approx(6.0, rel=1e-3)
    assert roughness.rku(heights) == pytest.approx(SINE_RKU, rel=1e-5)
    assert roughness.rsk(heights) == pytest.approx(0.0, abs=1e-9)


def test_normal_heights_have_kurtosis_three() -> None:
    """White normal heights have Rsk 0 and Rku 3."""
    heights = np.random.default_rng(1).normal(size=100_000)
    assert roughness.rsk(heights) == pytest.approx(0.0, abs=0.03)
    assert roughness.rku(heights) == pytest.approx(3.0, abs=0.06)


@pytest.mark.parametrize("wave_um", [5.0, 10.0, 20.0, 40.0, 80.0])
def test_filter_transmission(wave_um: float) -> None:
    """The mean line passes exp(-pi (alpha cutoff / wave)^2) of a wave: one half at the cut-off (ISO 16610-21)."""
    cutoff_um, alpha = 20.0, math.sqrt(math.log(2) / math.pi)
    heights = roughness.roughness_profile_um(_sine(1.0, wave_um), STEP_UM, cutoff_um=cutoff_um)
    expected = 1 - math.exp(-math.pi * (alpha * cutoff_um / wave_um) ** 2)
    if wave_um == cutoff_um:
        assert expected == pytest.approx(0.5)
    whole_waves = heights[: int(heights.size * STEP_UM // wave_um * wave_um / STEP_UM)]
    assert roughness.rq_um(whole_waves) == pytest.approx(expected * SINE_RQ, rel=0.01)


def test_tilt_is_removed() -> None:
    """A straight tilted face has no roughness, and a tilt under a sine changes nothing inside the ends."""
    ramp = np.linspace(0, 70, 4000)
    flat = roughness.roughness_profile_um(ramp, STEP_UM, cutoff_um=30.0)
    assert np.abs(flat).max() < 1e-9
    tilted, level = (
        roughness.roughness_profile_um(_sine(2.0, 5.0) + extra, STEP_UM, cutoff_um=30.0) for extra in (ramp, 0.0)
    )
    assert roughness.rq_um(tilted) == pytest.approx(roughness.rq_um(level), rel=1e-6)


def test_ends_are_left_out_when_long_enough() -> None:
    """Half a cut-off goes at each end of a profile of two cut-offs or more; shorter ones keep their ends."""
    profile = np.random.default_rng(0).normal(size=400)
    assert roughness.roughness_profile_um(profile, STEP_UM, cutoff_um=20.0).size == 200
    assert roughness.roughness_profile_um(profile, STEP_UM, cutoff_um=30.0).size == 400
    short = roughness.roughness_profile_um(profile, STEP_UM, cutoff_um=50.0)
    np.testing.assert_allclose(short, profile - roughness.line_um(profile))


def test_missing_columns_are_bridged() -> None:
    """A tenth of the columns missing at random moves Rq of a sine by less than 2 %."""
    row = _sine(4.0, 5.0) / 0.2 + 100
    holes = row.copy()
    holes[np.random.default_rng(2).random(row.size) < 0.1] = np.nan
    whole, torn = (
        roughness.roughness_quantities(face, face, (0.2, STEP_UM), cutoff_um=50.0)[0] for face in (row, holes)
    )
    assert whole.quantity == "roughness_rq_collector"
    assert whole.value == pytest.approx(4 * SINE_RQ, rel=2e-3)
    assert torn.value == pytest.approx(whole.value, rel=0.02)
    assert torn.n < whole.n


def _rough(rng: np.random.Generator, columns: int, length_px: float) -> np.ndarray:
    """Return heights of unit variance whose correlation falls exponentially over a length, the roughest kind."""
    keep = math.exp(-1 / length_px)
    steps = rng.normal(size=columns) * math.sqrt(1 - keep**2)
    steps[0] /= math.sqrt(1 - keep**2)
    return np.asarray(lfilter([1], [1, -keep], steps))


def test_interval_covers_the_truth() -> None:
    """Rq and Ra with 38 independent lengths: the intervals hold the truth in >= 92 % of 150."""
    rng, hits = np.random.default_rng(5), {"roughness_rq_collector": 0, "roughness_ra_collector": 0}
    truth = dict(zip(hits, (1.0, math.sqrt(2 / math.pi)), strict=True))
    for _ in range(150):
        row = _rough(rng, 2250, 30.0)
        for quantity in roughness.roughness_quantities(row, row, (1.0, 1.0), cutoff_um=9e9):
            if quantity.quantity in hits and not math.isnan(quantity.low):
                hits[quantity.quantity] += quantity.low <= truth[quantity.quantity] <= quantity.high
            elif quantity.quantity in hits:
                hits[quantity.quantity] += 1
    assert min(hits.values()) / 150 >= 0.92


def test_intervals_of_skewed_faces_cover() -> None:
    """Faces of many flats and few pits (squares of Gaussian heights): Rq, Ra and the mean held in >= 89 % of 150."""
    rng = np.random.default_rng(6)
    hits: dict[str, list[bool]] = {"rq": [], "ra": [], "mean": []}
    for _ in range(150):
        row = _rough(rng, 2250, 30.0) ** 2
        rq, _, ra, _ = roughness.roughness_quantities(row, row, (1.0, 1.0), cutoff_um=9e9)
        mean = roughness.profile_interval(float(row.mean()), row)
        truths = {"rq": (rq, math.sqrt(2)), "ra": (ra, 4 * math.exp(-0.5) / math.sqrt(2 * math.pi)), "mean": (mean, 1)}
        for name, (found, truth) in truths.items():
            if not math.isnan(found.low):
                hits[name].append(found.low <= truth <= found.high)
    assert all(len(held) > 100 for held in hits.values())
    assert min(np.mean(held) for held in hits.values()) >= 0.89


def test_a_short_profile_has_no_interval() -> None:
    """A profile of four independent lengths looks flatter than the face: its Rq gets an interval in < 5 % of 100."""
    rng = np.random.default_rng(8)
    rows = [_rough(rng, 300, 40.0) for _ in range(100)]
    found = [roughness.roughness_quantities(row, row, (1.0, 1.0), cutoff_um=9e9)[0] for row in rows]
    assert sum(math.isfinite(each.low) for each in found) < 5
    few = roughness.roughness_quantities(np.full(4, 9.0), np.full(4, 9.0), (1.0, 1.0), cutoff_um=9e9)[0]
    assert math.isnan(few.low)


def test_short_profile_says_so() -> None:
    """A profile shorter than the cut-off only loses its line, and the note says it."""
    row = 50 + np.random.default_rng(0).normal(size=200)
    for quantity in roughness.roughness_quantities(row, row, (1.0, 1.0), cutoff_um=500.0):
        assert "only a line is removed" in quantity.note
    for quantity in roughness.roughness_quantities(row, row, (1.0, 1.0), cutoff_um=50.0):
        assert "half a cut-off left out" in quantity.note


def test_absent_face_is_withheld() -> None:
    """A face that is not in the image has no roughness; the other one keeps its own."""
    row = 50 + np.random.default_rng(0).normal(size=200)
    found = {q.quantity: q for q in roughness.roughness_quantities(row, row * np.nan, (1.0, 1.0), cutoff_um=50.0)}
    assert math.isnan(found["roughness_rq_electrolyte"].value)
    assert "0 of 200 columns" in found["roughness_rq_electrolyte"].note
    assert found["roughness_rq_collector"].value > 0


def test_trend_has_no_interval() -> None:
    """A mere trend is no sample of independent lengths: its mean gets no interval."""
    interval = roughness.profile_interval(0.5, np.linspace(0, 1, 1000))
    assert math.isnan(interval.low)
    assert "withheld" in interval.note


@given(st.integers(0, 2**32 - 1))
def test_mirror_and_units(seed: int) -> None:
    """Mirroring changes nothing; twice the pixel size and the cut-off double every roughness."""
    rows = 100 + np.random.default_rng(seed).normal(size=(2, 300)).cumsum(axis=1)
    base = roughness.roughness_quantities(*rows, (0.5, 0.2), cutoff_um=15.0)
    mirrored = roughness.roughness_quantities(*rows[:, ::-1], (0.5, 0.2), cutoff_um=15.0)
    doubled = roughness.roughness_quantities(*rows, (1.0, 0.4), cutoff_um=30.0)
    for one, other, twice in zip(base, mirrored, doubled, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-9)
        assert twice.value == pytest.approx(2 * one.value, rel=1e-9)


def test_cutoff_must_be_positive() -> None:
    """The message names the field."""
    with pytest.raises(MeasurementError, match="cutoff_um"):
        roughness.mean_line_um(np.ones(5), 1.0, cutoff_um=0.0)
