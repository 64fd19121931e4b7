"""Grains that fill gaps: points that are not indexed go to the nearest grain, by whole numbers and every pair."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polycrystals import hexagonal, polycrystal, square, turn
from sodalite.segment.grain_fill import find_filled_grains, join_grains
from sodalite.segment.grains import find_grains

if TYPE_CHECKING:
    from sodalite.ebsd import Grid

GRIDS = (square(30, 25), hexagonal(24, 22), hexagonal(25, 20, parity=0))


def squared_distances(grid: Grid) -> np.ndarray:
    """Return the squared distances of all points, ``(n, n)`` whole numbers: in quarters of a step's square."""
    y, x = grid.row, 2 * grid.col + (grid.row % 2 == grid.shifted_parity)
    weight = 4 if grid.lattice == "square" else 3
    return weight * (y[:, None] - y) ** 2 + (x[:, None] - x) ** 2


def gappy(grid: Grid, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return orientations and phases of grains with a large gap, single points and a border that are not indexed."""
    quaternions, _ = polycrystal(grid, 10, 0.5, seed=seed)
    rng = np.random.default_rng(seed)
    hole = np.hypot(grid.row - 12, grid.col - 11) < 5.5
    phase_id = np.where(hole | (rng.random(len(quaternions)) < 0.15) | (grid.row == 0), 0, 1)
    return quaternions, phase_id.astype(np.int16)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: f"{grid.lattice}{grid.shape}")
@pytest.mark.parametrize("seed", [0, 1])
def test_gaps_go_to_the_nearest_grain(grid: Grid, seed: int) -> None:
    """At one distance the lowest grain has them; indexed points of one phase keep a grain of their own."""
    quaternions, phase_id = gappy(grid, seed)
    labels = find_filled_grains(quaternions, phase_id, ("432",), grid, threshold_deg=5)
    indexed = np.flatnonzero(phase_id)
    distance = squared_distances(grid)[:, indexed]
    nearest = distance == distance.min(axis=1, keepdims=True)
    expected = np.where(nearest, labels[indexed].astype(np.int64), labels.size).min(axis=1)
    np.testing.assert_array_equal(labels, expected)


def test_rounded_rows_of_a_hexagonal_grid_decide_nothing() -> None:
    """Files write 0.433013 for 0.4330127: points at one distance stay so."""
    grid = hexagonal(24, 22)
    rounded = replace(grid, spacing_um=(round(grid.spacing_um[0], 6), grid.spacing_um[1]))
    quaternions, phase_id = gappy(grid, 2)
    one, other = (
        find_filled_grains(quaternions, phase_id, ("432",), each, threshold_deg=5) for each in (grid, rounded)
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("grid", GRIDS[:2], ids=["square", "hex"])
def test_grains_meet_across_a_gap(grid: Grid) -> None:
    """One crystal on both sides of an empty row is one grain when filled and two when not; two crystals stay two."""
    quaternions = np.repeat(turn(0.0, (0, 0, 1)), grid.row.size, axis=0)
    phase_id = np.where(grid.row == 10, 0, 1).astype(np.int16)
    assert find_grains(quaternions, phase_id, ("432",), grid, threshold_deg=5).max() == 2
    assert (find_filled_grains(quaternions, phase_id, ("432",), grid, threshold_deg=5) == 1).all()
    quaternions[grid.row > 10] = turn(20.0, (0, 0, 1))
    filled = find_filled_grains(quaternions, phase_id, ("432",), grid, threshold_deg=5)
    np.testing.assert_array_equal(filled, np.where(grid.row <= 10, 1, 2))


def test_without_gaps_filling_changes_nothing() -> None:
    """And without an indexed point nothing is a grain."""
    grid = square(12, 12)
    quaternions, _ = polycrystal(grid, 6, 0.5, seed=4)
    everywhere = np.ones(144, np.int16)
    plain = find_grains(quaternions, everywhere, ("432",), grid, threshold_deg=5)
    filled = find_filled_grains(quaternions, everywhere, ("432",), grid, threshold_deg=5)
    np.testing.assert_array_equal(filled, plain)
    assert not find_filled_grains(quaternions, 0 * everywhere, ("432",), grid, threshold_deg=5).any()


def test_joined_grains_are_numbered_again() -> None:
    """Chains of pairs are one grain; numbers follow the lowest old one, and 0 stays 0."""
    labels = np.array([0, 1, 2, 3, 4, 5], np.uint32)
    joined = join_grains(labels, np.array([5, 3]), np.array([3, 2]))
    assert joined.tolist() == [0, 1, 2, 2, 3, 2]
    assert joined.dtype == np.uint32
