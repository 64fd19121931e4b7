"""Grains of synthetic polycrystals against a plain loop over all operators and scipy's components."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from polycrystals import hexagonal, multiply, polycrystal, random_rotations, square, turn
from sodalite.ebsd.neighbours import neighbour_offsets
from sodalite.ebsd.symmetry import linear_forms, operators_of
from sodalite.errors import MeasurementError, SegmentationError
from sodalite.segment.grains import find_grains

if TYPE_CHECKING:
    from sodalite.ebsd import Grid

NAMES = ("1", "2", "222", "4", "422", "3", "32", "312", "6", "622", "23", "432")
GRIDS = (square(13, 17), hexagonal(12, 15), hexagonal(13, 9, parity=0), square(1, 40), square(40, 1))


def plain_grains(q: np.ndarray, phase_id: np.ndarray, groups: tuple[str, ...], grid: Grid, deg: float) -> np.ndarray:
    """Return grains by the definition: every pair of neighbours, every operator, arccos, components."""
    places = {(int(y), int(x)): i for i, (y, x) in enumerate(zip(grid.row, grid.col, strict=True))}
    offsets = neighbour_offsets(grid, 1)
    links = []
    for (y, x), i in places.items():
        for dy, dx in offsets[y % 2]:
            j = places.get((y + int(dy), x + int(dx)), -1)
            if j < 0 or phase_id[i] == 0 or phase_id[i] != phase_id[j]:
                continue
            moved = multiply(q[j : j + 1], q[i : i + 1] * (1, -1, -1, -1))
            cosine = np.abs(multiply(operators_of(groups[phase_id[i] - 1]), moved)[:, 0]).max()
            if 2 * np.degrees(np.arccos(min(1.0, cosine))) < deg:
                links.append((i, j))
    first, second = np.array(links, dtype=int).reshape(-1, 2).T
    found = connected_components(coo_array((np.ones(first.size), (first, second)), shape=(len(q),) * 2))[1]
    labels = np.zeros(len(q), dtype=np.uint32)
    names: dict[int, int] = {}
    for i in np.flatnonzero(phase_id):
        labels[i] = names.setdefault(int(found[i]), len(names) + 1)
    return labels


@pytest.mark.parametrize("group", NAMES)
@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: f"{grid.lattice}{grid.shape}")
def test_grains_are_the_components_of_the_definition(grid: Grid, group: str) -> None:
    """Labels equal the plain loop's, two phases and gaps included, whatever the threads and the precision."""
    rng = np.random.default_rng(len(group) + grid.shape[0])
    q, _ = polycrystal(grid, 12, 3.0, seed=1)
    operators = operators_of(group)
    q = multiply(operators[rng.integers(len(operators), size=len(q))], q)
    phase_id = rng.choice([0, 1, 1, 1, 2], size=len(q)).astype(np.int16)
    phase_id[: len(q) // 2] = 1
    groups = (group, "432")
    wanted = plain_grains(q, phase_id, groups, grid, 5.0)
    for threads in (1, 2, 5):
        labels = find_grains(q, phase_id, groups, grid, threshold_deg=5.0, threads=threads)
        np.testing.assert_array_equal(labels, wanted)
    assert labels.dtype == np.uint32
    single = find_grains(q.astype(np.float32), phase_id, groups, grid, threshold_deg=5.0)
    np.testing.assert_array_equal(single, wanted)


@pytest.mark.parametrize("group", NAMES)
def test_linear_forms_give_the_smallest_angle_of_all_equivalents(group: str) -> None:
    """The largest form in absolute components equals the largest scalar part over the operators on both sides."""
    operators = operators_of(group)
    q = random_rotations(200, np.random.default_rng(0))
    both = max(
        np.abs(multiply(multiply(s[None], q), t[None])[:, 0]).max(initial=0) for s in operators for t in operators
    )
    each = np.max([np.abs(multiply(multiply(s[None], q), t[None])[:, 0]) for s in operators for t in operators], axis=0)
    forms = np.abs(q) @ linear_forms(group).T
    np.testing.assert_allclose(forms.max(axis=1), each, atol=1e-12)
    assert forms.max() == pytest.approx(both)


@given(st.sampled_from(NAMES), st.integers(0, 2**31), st.floats(0.5, 20))
@settings(max_examples=25, deadline=None)
def test_symmetric_copies_and_turned_specimens_change_nothing(group: str, seed: int, deg: float) -> None:
    """Each point may be any equivalent of its orientation and either sign, and the specimen may be turned."""
    grid, rng = square(9, 11), np.random.default_rng(seed)
    q, _ = polycrystal(grid, 6, 2.0, seed)
    phase_id = np.ones(len(q), dtype=np.int16)
    labels = find_grains(q, phase_id, (group,), grid, threshold_deg=deg)
    operators = operators_of(group)
    copies = multiply(operators[rng.integers(len(operators), size=len(q))], q) * rng.choice([-1, 1], (len(q), 1))
    np.testing.assert_array_equal(find_grains(copies, phase_id, (group,), grid, threshold_deg=deg), labels)
    turned = multiply(q, random_rotations(1, rng))
    np.testing.assert_array_equal(find_grains(turned, phase_id, (group,), grid, threshold_deg=deg), labels)


@pytest.mark.parametrize(("deg", "grains"), [(4.9999, 2), (5.0001, 1)])
@pytest.mark.parametrize("group", ["432", "622", "1"])
def test_a_ten_thousandth_of_a_degree_decides(group: str, deg: float, grains: int) -> None:
    """Two crystals 5 degrees apart are one grain just above that threshold and two just below, in every copy."""
    q = np.repeat(np.concatenate((turn(0, (0, 0, 1)), turn(5, (1, 2, 3)))), 20, axis=0)
    labels = find_grains(q, np.ones(40, dtype=np.int16), (group,), square(2, 20), threshold_deg=deg)
    assert labels.max() == grains


def test_a_threshold_chains() -> None:
    """A gradient of 1 degree a step is one grain at 2 degrees however far it goes: the definition, not a fault."""
    q = turn(np.arange(40.0), (0, 0, 1))
    labels = find_grains(q, np.ones(40, dtype=np.int16), ("1",), square(1, 40), threshold_deg=2.0)
    assert labels.max() == 1


def test_wrong_input_is_named() -> None:
    """Arrays that do not fit, phases without a group and impossible thresholds are refused with a sentence."""
    q, phase_id, grid = np.tile([1.0, 0, 0, 0], (6, 1)), np.ones(6, dtype=np.int16), square(2, 3)
    with pytest.raises(SegmentationError, match="6 points of the grid"):
        find_grains(q[:5], phase_id, ("1",), grid, threshold_deg=5)
    with pytest.raises(SegmentationError, match="phase_id"):
        find_grains(q, phase_id + 1, ("1",), grid, threshold_deg=5)
    with pytest.raises(SegmentationError, match="threshold_deg"):
        find_grains(q, phase_id, ("1",), grid, threshold_deg=0)
    with pytest.raises(MeasurementError, match="no point group"):
        find_grains(q, phase_id, ("5",), grid, threshold_deg=5)
    with pytest.raises(MeasurementError, match="axes along x, y and z"):
        find_grains(q, phase_id, (np.array([[1, 0, 0, 0], turn(120, (1, 2, 0))[0]]),), grid, threshold_deg=5)
