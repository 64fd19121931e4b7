"""Intervals of runs along a line against exact bounds and their coverage of planted truths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.errors import MeasurementError
from sodalite.measure.region import usual_void_px
from sodalite.measure.run_intervals import share_interval_of_runs

DRAWS = 80
LEAST_COVERED = 70
"""Of 80 draws at a true coverage of 0.95, fewer than 70 happen once in 600."""


def _alternating_runs(rng: np.random.Generator, contact: float, length_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Stationary alternating renewal process of voided runs (gamma, mean 10) and contact runs (exponential)."""
    count = int(length_um / 2) + 200
    mean_contact = 10 * contact / (1 - contact)
    lengths = np.stack([rng.gamma(2, 5, count), rng.exponential(mean_contact, count)], axis=1).ravel()
    ends = np.cumsum(lengths)
    left = rng.uniform(0.1, 0.3) * ends[-1]
    inside = np.clip(ends, left, left + length_um) - np.clip(ends - lengths, left, left + length_um)
    return inside[1::2][inside[1::2] > 0], inside[::2][inside[::2] > 0]


@pytest.mark.parametrize(("contact", "expected_voids"), [(0.5, 10), (0.8, 4), (0.8, 30), (0.95, 10), (0.99, 2)])
def test_run_interval_covers(contact: float, expected_voids: int) -> None:
    """The renewal interval covers the contact fraction, with two voided runs or with thirty."""
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(DRAWS):
        touching, voided = _alternating_runs(rng, contact, expected_voids * 10 / (1 - contact))
        interval = share_interval_of_runs(touching, voided, bound_run_um=10)
        covered += interval.low <= contact <= interval.high
    assert covered >= LEAST_COVERED


@pytest.mark.parametrize("expected_voids", [0.5, 1, 2])
def test_run_interval_covers_where_faces_without_voids_are_common(expected_voids: float) -> None:
    """Runs of a twentieth of the length on average, and a face or two in three without any: contact is held."""
    rng = np.random.default_rng(10)
    contact = 1 - 0.05 * expected_voids
    covered = 0
    for _ in range(DRAWS):
        touching, voided = _alternating_runs(rng, contact, 200.0)
        bound_um = usual_void_px(1000) * 200.0 / 1000
        interval = share_interval_of_runs(touching, voided, bound_run_um=bound_um)
        covered += interval.low <= contact <= interval.high
    assert covered >= LEAST_COVERED


def test_too_few_runs_give_a_bound() -> None:
    """Without a voided run the share is bounded by the rule of three, with one by 4.74 runs as long as it."""
    none = share_interval_of_runs([100.0], [], bound_run_um=2.0)
    assert none[:2] == pytest.approx((1 - 0.02 * -math.log(0.05), 1.0))
    one = share_interval_of_runs([50.0, 45.0], [5.0], bound_run_um=2.0)
    assert one[:2] == pytest.approx((1 - 0.05 * 4.7439, 1.0), abs=1e-5)
    assert share_interval_of_runs([], [100.0], bound_run_um=2.0).low == 0.0
    with pytest.raises(MeasurementError, match="no length"):
        share_interval_of_runs([], [], bound_run_um=1.0)


@given(factor=st.floats(1e-3, 1e3))
def test_run_interval_has_no_unit(factor: float) -> None:
    """Lengths in another unit leave the interval of a share alone, and both shares mirror each other."""
    touching, voided = np.array([12.0, 7.0, 30.0]), np.array([2.0, 3.0])
    once = share_interval_of_runs(touching, voided, bound_run_um=1.0)
    assert share_interval_of_runs(touching * factor, voided * factor, bound_run_um=factor) == pytest.approx(once)
    other = share_interval_of_runs(voided, touching, bound_run_um=1.0)
    assert (1 - other.high, 1 - other.low) == pytest.approx(once[:2])
