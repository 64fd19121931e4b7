"""Grains joined after they were found: twins of any axis and angle, subgrains along a gradient, small ones dropped."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polycrystals import multiply, random_rotations, square, turn
from sodalite.errors import SegmentationError
from sodalite.segment.grain_merge import merge_subgrains, merge_twins
from sodalite.segment.grains import find_grains

GRID = square(6, 40)


def stripes(turns: list[np.ndarray]) -> np.ndarray:
    """Return orientations of upright stripes, each turned from the one before, ``(n, 4)``."""
    each = [random_rotations(1, np.random.default_rng(7))[0]]
    for step in turns:
        each.append(multiply(step, each[-1][None])[0])
    return np.array(each)[GRID.col * len(each) // GRID.shape[1]]


@pytest.mark.parametrize(
    ("group", "axis", "angle_deg"),
    [("432", (1, 1, 1), 60.0), ("432", (1, 1, 0), 38.942), ("622", (math.sqrt(3) / 2, 0.5, 0), 86.3)],
)
def test_twins_of_any_axis_and_angle_are_joined(group: str, axis: tuple[float, float, float], angle_deg: float) -> None:
    """A twin within the tolerance is joined, one just beyond it and another boundary are not."""
    within, beyond = (turn(angle_deg - off, axis) for off in (4.9, 5.1))
    quaternions, ones = stripes([within, turn(25.0, (1, 2, 5)), beyond]), np.ones(240, np.int16)
    labels = find_grains(quaternions, ones, (group,), GRID, threshold_deg=5)
    merged, twin = merge_twins(
        quaternions, ones, (group,), GRID, labels, phase=1, axis=axis, angle_deg=angle_deg, tolerance_deg=5
    )
    assert (labels.max(), merged.max(), twin.sum()) == (4, 3, 6)
    np.testing.assert_array_equal(merged == 1, GRID.col < 20)


def test_twins_of_other_phases_are_left() -> None:
    """Only edges with the phase on both sides count, and there must be such a phase."""
    quaternions = stripes([turn(60.0, (1, 1, 1)), turn(60.0, (1, 1, 1))])
    phase_id = np.where(GRID.col < 27, 1, 2).astype(np.int16)
    labels = find_grains(quaternions, phase_id, ("432", "432"), GRID, threshold_deg=5)
    rest = {"axis": (1.0, 1.0, 1.0), "angle_deg": 60.0, "tolerance_deg": 8.66}
    merged, _ = merge_twins(quaternions, phase_id, ("432", "432"), GRID, labels, phase=1, **rest)  # type: ignore[arg-type]
    assert (labels.max(), merged.max()) == (3, 2)
    with pytest.raises(SegmentationError, match="none of the 2 phases"):
        merge_twins(quaternions, phase_id, ("432", "432"), GRID, labels, phase=3, **rest)  # type: ignore[arg-type]


def test_subgrains_are_joined_by_their_means() -> None:
    """Steps of 3 and 3.5 degrees about one axis: a threshold of 5 chains all ten; of means, pairs are 6.5 apart."""
    steps = [turn(3.0 if number % 2 == 0 else 3.5, (1, 2, 3)) for number in range(9)]
    quaternions, ones = stripes(steps), np.ones(240, np.int16)
    assert find_grains(quaternions, ones, ("432",), GRID, threshold_deg=5).max() == 1
    labels = find_grains(quaternions, ones, ("432",), GRID, threshold_deg=2)
    merged = merge_subgrains(quaternions, ones, ("432",), GRID, labels, threshold_deg=5)
    assert (labels.max(), merged.max()) == (10, 5)
    np.testing.assert_array_equal(merged, 1 + GRID.col // 8)
