"""Clean-up of maps: planted spikes, islands and gaps are found, what is no such thing is left, nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polycrystals import hexagonal, multiply, square, turn
from sodalite.ebsd.symmetry import operators_of
from sodalite.segment.grain_cleanup import absorb_islands, changed_fraction, fill_gaps, replace_spikes

if TYPE_CHECKING:
    from sodalite.ebsd import Grid

GRIDS = [square(13, 14), hexagonal(13, 14)]
IDS = ["square", "hex"]


def halves(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return two crystals, 30 degrees apart, beside each other, all of phase 1, in equivalent descriptions."""
    quaternions = np.where((grid.col < 7)[:, None], turn(0.0, (0, 0, 1)), turn(30.0, (0, 0, 1)))
    operators = operators_of("432")
    chosen = np.random.default_rng(1).integers(len(operators), size=len(quaternions))
    return multiply(operators[chosen], quaternions), np.ones(len(quaternions), np.int16)


def at(grid: Grid, row: int, column: int) -> int:
    """Return the point at a node."""
    return int(np.flatnonzero((grid.row == row) & (grid.col == column))[0])


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_a_spike_takes_what_most_around_it_have(grid: Grid) -> None:
    """A single point unlike all around it changes; two that agree, and the boundary, stay."""
    quaternions, phase_id = halves(grid)
    spike, pair = at(grid, 4, 3), [at(grid, 9, 10), at(grid, 9, 11)]
    quaternions[[spike, *pair]] = turn(40.0, (1, 2, 3))
    source = replace_spikes(quaternions, phase_id, ("432",), grid, threshold_deg=5)
    assert np.flatnonzero(source != np.arange(source.size)).tolist() == [spike]
    assert grid.col[source[spike]] < 7
    assert changed_fraction(source) == pytest.approx(1 / source.size)


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_islands_below_the_limit_are_absorbed(grid: Grid) -> None:
    """Grains of one and two points go, one of three stays; gaps stay gaps."""
    quaternions, phase_id = halves(grid)
    one, two = [at(grid, 2, 2)], [at(grid, 6, 10), at(grid, 6, 11)]
    three, gap = [at(grid, 10, k) for k in (2, 3, 4)], at(grid, 3, 10)
    for number, island in enumerate((one, two, three), start=1):
        quaternions[island] = turn(10.0 * number, (1, 2, 3))
    phase_id[gap] = 0
    source = absorb_islands(quaternions, phase_id, ("432",), grid, threshold_deg=5, min_pixels=3)
    assert np.flatnonzero(source != np.arange(source.size)).tolist() == sorted(one + two)
    assert grid.col[source[one[0]]] < 7 <= grid.col[source[two]].min()


def test_gaps_are_filled_as_far_as_they_may() -> None:
    """A strip of five rows: with a reach of two steps its middle stays empty, with three it is filled."""
    grid = square(13, 14)
    phase_id = np.where(np.abs(grid.row - 6) <= 2, 0, 1)
    for reach, left in ((2.0, {6}), (3.0, set())):
        source = fill_gaps(phase_id, grid, max_steps=reach)
        assert set(grid.row[(phase_id == 0) & (source == np.arange(source.size))].tolist()) == left
    above = source[at(grid, 5, 5)]
    assert (grid.row[above], grid.col[above]) == (3, 5)


def test_the_earliest_of_many_at_one_distance_is_taken() -> None:
    """Twelve points are five steps away, (0, 5), (3, 4) ...: the first in the order of the map is the one above."""
    grid = square(15, 15)
    y, x = grid.row - 7, grid.col - 7
    phase_id = np.where(y * y + x * x < 25, 0, 1)
    source = fill_gaps(phase_id, grid, max_steps=5)
    assert source[at(grid, 7, 7)] == at(grid, 2, 7)


def test_a_clean_up_changes_no_point_that_it_names_as_kept() -> None:
    """The raw map is still there: sources of changed points are unchanged ones, and an empty map has none."""
    grid = square(13, 14)
    quaternions, phase_id = halves(grid)
    quaternions[::17] = turn(40.0, (1, 2, 3))
    source = absorb_islands(quaternions, phase_id, ("432",), grid, threshold_deg=5, min_pixels=4)
    np.testing.assert_array_equal(source[source], source)
    assert 0 < changed_fraction(source) < 0.1
    assert changed_fraction(np.empty(0, np.int64)) == 0
