"""What boundaries are: low-angle and Sigma-3 shares of planted bicrystals, at their thresholds and between phases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polycrystals import multiply, random_rotations, square, turn
from sodalite.ebsd.symmetry import operators_of
from sodalite.measure.boundaries import boundary_network, boundary_table
from sodalite.measure.boundary_character import (
    boundary_characters,
    character_quantities,
    misorientation_table,
    segment_lengths_um,
    sigma_3_segments,
)
from sodalite.measure.misorientation import boundary_segments, brandon_deg

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.measure.misorientation import BoundarySegments

CUBIC = {1: operators_of("432")}
GRID = square(12, 30)


def characters(
    turns: list[np.ndarray], phases: tuple[int, ...] = ()
) -> tuple[pd.DataFrame, BoundarySegments, np.ndarray]:
    """Return one row a pair of upright stripes of which each is turned from the one before, and edges with lengths."""
    orientations = [random_rotations(1, np.random.default_rng(2))[0]]
    for each in turns:
        orientations.append(multiply(each, orientations[-1][None])[0])
    stripe = GRID.col * len(orientations) // GRID.shape[1]
    labels, phase_id = (stripe + 1).astype(np.uint32), np.array(phases or [1] * len(orientations), np.int16)[stripe]
    quaternions = np.array(orientations)[stripe]
    segments = boundary_segments(quaternions, phase_id, ("432", "432"), GRID, labels)
    table = boundary_table(boundary_network(labels.reshape(GRID.shape), GRID.spacing_um, is_hexagonal=False))
    length_um = segment_lengths_um(segments, table)
    sigma_3 = sigma_3_segments(quaternions, phase_id, segments, CUBIC)
    return boundary_characters(segments, length_um, sigma_3, table), segments, length_um


def test_edges_share_the_smoothed_length_of_their_pair() -> None:
    """Lengths of edges add up to those of the lines."""
    table, _, length_um = characters([turn(20, (1, 2, 3)), turn(40, (1, 0, 0))])
    assert float(length_um.sum()) == pytest.approx(float(table["length_um"].sum()))
    np.testing.assert_allclose(length_um, table["length_um"].iloc[0] / GRID.shape[0])


@pytest.mark.parametrize(("angle_deg", "share"), [(14.99, 1.0), (15.01, 0.0)])
def test_low_angle_boundaries_end_at_fifteen_degrees(angle_deg: float, share: float) -> None:
    """Just below and just above, with the angle itself beside."""
    table, _, _ = characters([turn(angle_deg, (0, 0, 1))])
    assert table["low_angle_fraction"].tolist() == [share]
    assert table["misorientation_deg"].iloc[0] == pytest.approx(angle_deg)


@pytest.mark.parametrize(("off_deg", "share"), [(-0.01, 1.0), (0.01, 0.0)])
def test_sigma_3_ends_at_the_angle_of_brandon(off_deg: float, share: float) -> None:
    """A twin turned further by just less and by just more than 8.66 degrees about a common axis."""
    table, _, _ = characters([turn(60 - brandon_deg(3) - off_deg, (1, 1, 1))])
    assert table["sigma3_fraction"].tolist() == [share]


def test_boundaries_between_phases_have_no_angle() -> None:
    """They are left out and counted; a Sigma 3 between crystals of the second phase is none of a cubic one here."""
    twin = turn(60, (1, 1, 1))
    table, _, _ = characters([twin, twin, twin], phases=(1, 1, 2, 2))
    assert table["sigma3_fraction"].tolist()[0] == 1.0
    assert np.isnan(table["sigma3_fraction"].to_numpy()[1:]).all()
    assert np.isnan(table["misorientation_deg"].to_numpy()).tolist() == [False, True, False]
    mean, low, sigma_3 = character_quantities(table)
    assert mean.value == pytest.approx(60.0)
    assert "1 boundary between phases left out" in mean.note
    assert (low.value, low.n, sigma_3.value, sigma_3.n) == (0.0, 2, 1.0, 1)


def test_shares_of_length_have_intervals_that_hold_them() -> None:
    """Three boundaries of six are twins: a half of the length, within an interval inside 0 to 1."""
    twin, other = turn(60, (1, 1, 1)), turn(30, (1, 0, 0))
    table, _, _ = characters([twin, other, twin, other, twin, other])
    share = character_quantities(table)[2]
    assert share.value == pytest.approx(0.5)
    assert 0 < share.low < 0.5 < share.high < 1


def test_without_boundaries_numbers_are_withheld() -> None:
    """A single grain has none, and each number says so."""
    for quantity in character_quantities(characters([])[0]):
        assert math.isnan(quantity.value)
        assert quantity.note.startswith(("there is no boundary", "no boundary"))


def test_the_distribution_of_angles_stands_beside_chance() -> None:
    """Lengths fall into their bins; random shares are those of Mackenzie and add up to 1, of others there are none."""
    _, segments, length_um = characters([turn(12, (1, 0, 0)), turn(38, (1, 1, 0))])
    table = misorientation_table(segments, length_um, bin_deg=5.0, cubic=True)
    assert table.loc[table["length_um"] > 0, "from_deg"].tolist() == [10.0, 35.0]
    assert float(table["fraction"].sum()) == pytest.approx(1.0)
    assert float(table["random_fraction"].sum()) == pytest.approx(1.0)
    assert float(table["random_fraction"].iloc[:3].sum()) == pytest.approx(0.022768, abs=1e-6)
    assert misorientation_table(segments, length_um, bin_deg=5.0, cubic=False)["random_fraction"].isna().all()
