"""Misorientations against orix, exact coincidence lattices and the distribution of random cubic pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polycrystals import hexagonal, multiply, polycrystal, random_rotations, square, turn
from sodalite.ebsd import Grid, Phase
from sodalite.ebsd.symmetry import operators_of
from sodalite.errors import MeasurementError
from sodalite.measure.misorientation import (
    CSL,
    MACKENZIE_MAX_DEG,
    BoundarySegments,
    boundary_segments,
    brandon_deg,
    disorientation_deg,
    mackenzie_cdf,
    mackenzie_pdf,
    special_deviation_deg,
)

CONJUGATE = (1, -1, -1, -1)
LAUE = ("-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m")


def pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, BoundarySegments]:
    """Return the points of pairs of orientations and a segment between each two."""
    count = len(first)
    index, empty = np.arange(count), np.zeros(count)
    points = np.concatenate((first, second))
    return points, BoundarySegments(index, index + count, index + 1, index + count + 1, empty, empty)


@pytest.mark.parametrize("laue", LAUE)
def test_disorientations_are_those_of_orix(laue: str) -> None:
    """Random pairs of every Laue group."""
    from sodalite.ebsd.orix_door import orix_orientations

    rng, phase = np.random.default_rng(len(laue)), Phase("", laue)
    one, other = random_rotations(300, rng), random_rotations(300, rng)
    theirs = orix_orientations(one, phase).angle_with(orix_orientations(other, phase), degrees=True)
    np.testing.assert_allclose(disorientation_deg(one, other, phase.operators), theirs, atol=1e-9)


@pytest.mark.parametrize("deg", [1e-7, 1e-3, 1.0, 44.9])
def test_small_turns_keep_their_digits(deg: float) -> None:
    """A turn about a fourfold axis has its own angle, to twelve digits also where the arccos would keep none."""
    start = random_rotations(20, np.random.default_rng(1))
    turned = multiply(turn(deg, (0, 0, 1)), start)
    np.testing.assert_allclose(disorientation_deg(start, turned, "432"), deg, rtol=1e-7, atol=1e-12)


def test_moments_of_random_pairs_are_those_of_mackenzie() -> None:
    """Mean 40.74, median 42.34, standard deviation 11.32 (of 8 million draws), mode 45 and 62.80 degrees at most."""
    edges = np.linspace(0, MACKENZIE_MAX_DEG, 20_001)
    middle, share = (edges[1:] + edges[:-1]) / 2, np.diff(mackenzie_cdf(edges))
    mean = float(middle @ share)
    assert mean == pytest.approx(40.74, abs=5e-3)
    assert math.sqrt(float((middle - mean) ** 2 @ share)) == pytest.approx(11.32, abs=0.01)
    assert np.interp(0.5, mackenzie_cdf(edges), edges) == pytest.approx(42.34, abs=5e-3)
    assert edges[mackenzie_pdf(edges).argmax()] == pytest.approx(45.0, abs=5e-3)
    assert abs(MACKENZIE_MAX_DEG - 62.7994) < 1e-4


def test_mackenzie_is_exact_below_45_degrees() -> None:
    """Below 45 degrees the density is (2 / 15) (1 - cos t) per degree, and 1 of 44 pairs is below 15."""
    angle = np.array([5.0, 15.0, 30.0, 45.0])
    np.testing.assert_allclose(mackenzie_pdf(angle), 2 / 15 * (1 - np.cos(np.radians(angle))), rtol=1e-12)
    np.testing.assert_allclose(mackenzie_cdf(np.array([15.0, 45.0])), [0.022768, 0.598102], atol=1e-6)
    np.testing.assert_allclose(mackenzie_cdf(np.array([-1.0, MACKENZIE_MAX_DEG, 90.0])), [0, 1, 1], atol=1e-9)
    assert (mackenzie_pdf(np.array([-1.0, 63.0])) == 0).all()


def test_random_cubic_pairs_follow_mackenzie() -> None:
    """The largest distance of two hundred thousand random pairs from the curve is that of a sample of it."""
    rng = np.random.default_rng(5)
    angle = np.sort(disorientation_deg(random_rotations(200_000, rng), random_rotations(200_000, rng), "432"))
    assert angle[-1] < MACKENZIE_MAX_DEG
    distance = np.abs(mackenzie_cdf(angle) - (np.arange(angle.size) + 0.5) / angle.size).max()
    assert distance * math.sqrt(angle.size) < 1.36  # Kolmogorov, 95 %


@pytest.mark.parametrize(
    ("sigma", "angle_deg", "axis"),
    [(3, 60.0, (1, 1, 1)), (5, 36.8699, (1, 0, 0)), (7, 38.2132, (1, 1, 1)), (9, 38.9424, (1, 1, 0)),
     (11, 50.4788, (1, 1, 0))],
)  # fmt: skip
def test_coincidence_lattices_have_their_angle_and_axis(
    sigma: int, angle_deg: float, axis: tuple[int, int, int]
) -> None:
    """Angles are the published ones; sigma times the rotation has whole numbers alone, and nothing smaller has."""
    assert CSL[sigma] == (axis, pytest.approx(angle_deg, abs=5e-5))
    w, x, y, z = turn(CSL[sigma][1], CSL[sigma][0])[0]
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix = np.eye(3) + 2 * w * cross + 2 * cross @ cross
    whole = [n for n in range(1, 2 * sigma) if np.abs(n * matrix - np.rint(n * matrix)).max() < 1e-9]
    assert whole[0] == sigma


@pytest.mark.parametrize("sigma", list(CSL))
def test_special_deviations_are_the_angle_between_misorientations(sigma: int) -> None:
    """Against every operator on both sides and both orders of the crystals; a planted turn off the lattice is met."""
    rng = np.random.default_rng(sigma)
    axis, angle_deg = CSL[sigma]
    one, other = random_rotations(40, rng), random_rotations(40, rng)
    moved = multiply(other, one * CONJUGATE)
    operators, lattice = operators_of("432"), turn(angle_deg, axis)
    best = np.zeros(40)
    for special in (lattice, lattice * CONJUGATE):
        for left in operators:
            for right in operators:
                best = np.maximum(best, np.abs(moved @ multiply(multiply(left[None], special), right[None]).ravel()))
    points, segments = pairs(one, other)
    found = special_deviation_deg(points, segments, "432", axis=axis, angle_deg=angle_deg)
    np.testing.assert_allclose(found, 2 * np.degrees(np.arccos(np.minimum(best, 1))), atol=1e-6)

    off = multiply(turn(2.0, (0.3, -0.5, 0.8)), multiply(lattice, one))
    points, segments = pairs(one, multiply(operators[rng.integers(24, size=40)], off))
    np.testing.assert_allclose(
        special_deviation_deg(points, segments, "432", axis=axis, angle_deg=angle_deg), 2.0, atol=1e-6
    )


def test_brandon_narrows_with_sigma() -> None:
    """15 degrees over the root of sigma: 8.66, 6.71 and 5 degrees."""
    assert [brandon_deg(sigma) for sigma in (3, 5, 9)] == pytest.approx([8.660, 6.708, 5.0], abs=1e-3)


@pytest.mark.parametrize("grid", [square(12, 15), hexagonal(12, 15)], ids=["square", "hex"])
def test_segments_have_the_angle_across_and_the_length_of_their_edge(grid: Grid) -> None:
    """Each edge between two grains once, the smaller label first; the edges of a grain of one point close around it."""
    quaternions, planted = polycrystal(grid, 6, 1.0, seed=3)
    labels = (planted + 2).astype(np.uint32)
    inner = int(np.flatnonzero((grid.row == 6) & (grid.col == 7))[0])
    labels[inner] = 1
    phase_id = np.ones(labels.size, np.int16)
    phase_id[0] = 2
    found = boundary_segments(quaternions, phase_id, ("432", "622"), grid, labels)
    assert (found.grain_1 < found.grain_2).all()
    assert (labels[found.point_1] != labels[found.point_2]).all()
    same = phase_id[found.point_1] == phase_id[found.point_2]
    expected = disorientation_deg(quaternions[found.point_1], quaternions[found.point_2], "432")
    np.testing.assert_array_equal(found.angle_deg, np.where(same, expected, np.nan))
    around = found.length_um[(found.point_1 == inner) | (found.point_2 == inner)]
    side = 0.5 if grid.lattice == "square" else 0.5 / math.sqrt(3)
    np.testing.assert_allclose(around, side)
    assert around.size == (4 if grid.lattice == "square" else 6)


@given(seed=st.integers(0, 1000), group=st.sampled_from(["432", "622", "32", "222", "2"]))
@settings(max_examples=30, deadline=None)
def test_symmetric_copies_and_a_turned_specimen_change_no_angle(seed: int, group: str) -> None:
    """An operator on either crystal, the crystals exchanged and the specimen turned leave every angle."""
    rng = np.random.default_rng(seed)
    one, other, specimen = random_rotations(5, rng), random_rotations(5, rng), random_rotations(1, rng)
    operators = operators_of(group)
    angle = disorientation_deg(one, other, group)
    copies = [operators[rng.integers(len(operators), size=5)] for _ in range(2)]
    turned = (multiply(copy, multiply(each, specimen)) for copy, each in zip(copies, (other, one), strict=True))
    again = disorientation_deg(*turned, group)
    np.testing.assert_allclose(again, angle, atol=1e-9)


def test_orientations_come_in_pairs() -> None:
    """Arrays of different lengths and unknown groups are refused by name."""
    rng = np.random.default_rng(0)
    with pytest.raises(MeasurementError, match="found 3 orientations for 2"):
        disorientation_deg(random_rotations(2, rng), random_rotations(3, rng), "432")
    with pytest.raises(MeasurementError, match="no point group"):
        disorientation_deg(random_rotations(2, rng), random_rotations(2, rng), "m-5")
