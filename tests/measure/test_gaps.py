"""Openings at the interface against planted gaps, and the bound where there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.errors import MeasurementError
from sodalite.measure.gaps import gap_profile, gap_quantities
from sodalite.phantoms.sections import make_section

if TYPE_CHECKING:
    from sodalite.quantity import Quantity


def _measure(
    labels: np.ndarray,
    upper: np.ndarray,
    lower: np.ndarray,
    spacing: tuple[float, float] = (0.1, 0.1),
    sigma: float = 1.0,
) -> dict[str, Quantity]:
    return {each.quantity: each for each in gap_quantities(labels, upper, lower, spacing, edge_sigma_px=sigma)}


def _slab(opening: int, width: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = np.full((40, 100), 2, np.uint8)
    labels[:10], labels[30:] = 1, 5
    labels[30 - opening : 30, 20 : 20 + width] = 3
    return labels, np.full(100, 10.0), np.full(100, 30.0)


@pytest.mark.parametrize("spacing", [(0.05, 0.05), (0.04, 0.06)])
@pytest.mark.parametrize(
    "scene",
    [
        {"layers": ("collector", "electrolyte"), "sodium_um": 0.0, "gap_um": 1.5, "gap_runs": 2},
        {"layers": ("collector", "electrolyte"), "sodium_um": 0.0, "gap_um": 0.25, "gap_runs": 3},
        {"gap_um": 0.4, "gap_runs": 4, "electrolyte_rq_um": 0.2},
        {"electrolyte_lenses": 6, "collector_lenses": 3, "void_fraction": 0.02},
    ],
)
def test_planted_gaps(scene: dict[str, object], spacing: tuple[float, float]) -> None:
    """The mean opening of the open places lies within half a pixel; voids inside the sodium are no gap."""
    phantom = make_section((int(24 / spacing[0]), int(48 / spacing[1])), spacing, seed=3, **scene)
    found = _measure(phantom.labels, phantom.collector_row, phantom.electrolyte_row, spacing)
    share = phantom.truth["gap_open_fraction"]
    assert found["gap_mean"].value / share == pytest.approx(phantom.truth["gap_mean"] / share, abs=0.5 * spacing[0])
    assert found["gap_open_fraction"].value == pytest.approx(share, abs=0.02)
    assert found["gap_max"].value == pytest.approx(phantom.truth["gap_max"], abs=1.5 * spacing[0])


def test_gap_by_hand() -> None:
    """Five rows open over 30 of 100 columns."""
    found = _measure(*_slab(5))
    assert found["gap_mean"].value == pytest.approx(0.15)
    assert found["gap_max"].value == pytest.approx(0.5)
    assert found["gap_open_fraction"].value == pytest.approx(0.3)
    assert found["gap_mean"].low <= 0.15 <= found["gap_mean"].high


@pytest.mark.parametrize(
    ("opening", "sigma", "seen"), [(2, 1.0, True), (1, 1.0, False), (2, 1.2, False), (3, 1.2, True)]
)
def test_just_above_and_just_below_the_limit(opening: int, sigma: float, seen: bool) -> None:
    """The limit is two pixels or twice the blur: openings at it count, those below do not."""
    found = _measure(*_slab(opening), sigma=sigma)
    assert found["gap_detection_limit"].value == pytest.approx(0.1 * max(2, 2 * sigma))
    assert (found["gap_open_fraction"].value > 0) is seen


def test_no_gap_is_a_bound() -> None:
    """Without a gap the zero comes with an upper bound and says over which length it holds."""
    found = _measure(*_slab(0))
    assert found["gap_max"].value == 0
    assert found["gap_open_fraction"].note.startswith("no gap wider than 0.2 um over 10 um")
    assert found["gap_open_fraction"].high == pytest.approx(3.0 * 20 / 100, abs=1e-3)
    assert found["gap_mean"].high == pytest.approx(0.2)


def test_a_void_inside_is_no_gap() -> None:
    """A void two pixels off both faces opens no gap; one that reaches a face does, with all of its height."""
    labels, upper, lower = _slab(0)
    labels[14:26, 40:50] = 3
    assert np.nanmax(gap_profile(labels, upper, lower, (0.1, 0.1))) == 0
    labels[26:30, 45] = 3
    assert np.nanmax(gap_profile(labels, upper, lower, (0.1, 0.1))) == pytest.approx(1.6)


def test_faces_between_pixels() -> None:
    """Where all between the faces is open, the opening is their distance, not a count of pixels."""
    labels = np.full((40, 60), 3, np.uint8)
    labels[:10], labels[13:] = 1, 5
    profile = gap_profile(labels, np.full(60, 9.8), np.full(60, 13.3), (0.1, 0.1))
    assert profile == pytest.approx(np.full(60, 0.35))


def test_missing_faces_withhold() -> None:
    """Where no column shows both faces every value is withheld; a negative blur is refused."""
    labels, upper, lower = _slab(5)
    assert all(math.isnan(each.value) and each.note for each in _measure(labels, upper * np.nan, lower).values())
    with pytest.raises(MeasurementError, match="edge_sigma_px"):
        gap_quantities(labels, upper, lower, (1, 1), edge_sigma_px=-1)


def test_the_mean_opening_has_an_honest_interval() -> None:
    """Gaps 4 px deep along a third of the line, eleven of them: in 100 draws the interval misses at most 12 times."""
    rng, hits = np.random.default_rng(2), 0
    for _ in range(100):
        labels, upper, lower = _slab(0)
        labels, upper, lower = np.tile(labels, 10), np.tile(upper, 10), np.tile(lower, 10)
        closed, opened = rng.exponential(60, 100).astype(int) + 1, rng.exponential(30, 100).astype(int) + 1
        kinds = np.repeat(np.arange(200) % 2, np.stack([closed, opened], axis=1).ravel())[1000:2000]
        labels[26:30, kinds == 1] = 3
        mean = _measure(labels, upper, lower)["gap_mean"]
        hits += mean.low <= 0.4 * 30.5 / 91 <= mean.high
    assert hits >= 88


def test_one_gap_gives_an_upper_bound() -> None:
    """One gap bounds the mean from above alone; gaps that leave one closed stretch have no interval."""
    one = _measure(*_slab(5))["gap_mean"]
    assert (one.low, one.high) == (0.0, 0.5)
    labels, upper, lower = _slab(0)
    labels[25:30, :10], labels[25:30, -10:] = 3, 3
    two = _measure(labels, upper, lower)["gap_mean"]
    assert math.isnan(two.low)
    assert "fewer than two closed stretches" in two.note


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100), flipped=st.booleans())
def test_scaling_and_mirror(factor: float, flipped: bool) -> None:
    """Openings follow the pixel size, the open share does not, and a mirror changes neither."""
    turn = slice(None, None, -1) if flipped else slice(None)
    labels, upper, lower = _slab(5)
    once, other = _measure(labels, upper, lower), _measure(labels[:, turn], upper, lower, (0.1 * factor, 0.1 * factor))
    for name in once:
        unit = 1 if name == "gap_open_fraction" else factor
        assert other[name].value == pytest.approx(once[name].value * unit)
        assert other[name].high == pytest.approx(once[name].high * unit, nan_ok=True)
