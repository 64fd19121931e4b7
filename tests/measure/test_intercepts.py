"""Lineal intercepts against counts by hand, exact expectations and stretched maps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measure.voronoi_maps import exact_edges, labels_at, table_of, voronoi_labels
from sodalite.errors import MeasurementError
from sodalite.measure.grain_size import planimetric_count
from sodalite.measure.intercepts import column_width_profile, intercept_quantities, mean_intercept

ALL = ("left", "right", "top", "bottom")


def test_chords_by_hand() -> None:
    """Cut ends count one half, half a step shorter, film ends one; gaps in a grain join, gaps between end both."""
    line = np.array([[1, 1, 2, 2, 2, 3]])
    assert mean_intercept(line, (1.0, 0.5), axis="x", is_hexagonal=False, cut_borders=ALL)[0::3] == (5 * 0.5 / 2, 2.0)
    assert mean_intercept(line, (1.0, 0.5), axis="x", is_hexagonal=False, cut_borders=())[0::3] == (6 * 0.5 / 3, 3.0)
    assert mean_intercept(line, (1.0, 0.5), axis="x", is_hexagonal=False, cut_borders=("left",)).chords == 2.5
    gaps = np.array([[0, 1, 0, 1, 0, 2, 2]])
    assert mean_intercept(gaps, (1.0, 1.0), axis="x", is_hexagonal=False, cut_borders=())[0::3] == (2.0, 2.0)
    again = np.array([[1, 2, 1, 2]])
    assert mean_intercept(again, (1.0, 1.0), axis="x", is_hexagonal=False, cut_borders=ALL).chords == 3.0


def test_squares_have_the_intercept_of_their_side() -> None:
    """A chequerboard of 8 by 5 pixels has intercepts of exactly 8 and 5 in true lengths."""
    ids = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((5, 8), dtype=int))
    assert mean_intercept(ids, (2.0, 0.5), axis="x", is_hexagonal=False, cut_borders=()).mean_um == 4.0
    assert mean_intercept(ids, (2.0, 0.5), axis="y", is_hexagonal=False, cut_borders=()).mean_um == 10.0
    assert mean_intercept(ids, (2.0, 0.5), axis="x", is_hexagonal=False, cut_borders=ALL).mean_um == pytest.approx(
        (80 - 1) * 0.5 / 9
    )


@pytest.mark.parametrize(("pixels", "most"), [(10, 0.10), (25, 0.06), (100, 0.03), (400, 0.015)])
def test_against_the_exact_edges(pixels: int, most: float) -> None:
    """Intercepts exceed those of the exact edges by no more than what pixels miss, and never fall below."""
    shape = (round(math.sqrt(2000 * pixels)),) * 2
    ids, exact = voronoi_labels(2000, shape, seed=3), exact_edges(2000, shape, seed=3)
    for axis, truth in (("x", exact.intercept_x_px), ("y", exact.intercept_y_px)):
        found = mean_intercept(ids, (1.0, 1.0), axis=axis, is_hexagonal=False, cut_borders=ALL).mean_um
        assert 0 < found / truth - 1 < most


def test_poisson_voronoi_expectation() -> None:
    """The mean intercept is pi / 4 of the root of the mean area, to 1.5 % at 400 pixels a grain."""
    ids = voronoi_labels(3000, (1095, 1095), seed=2)
    table = table_of(ids)
    root = math.sqrt(ids.size / planimetric_count(table, cut_borders=ALL))
    x, y = (item.value for item in intercept_quantities(ids, (1.0, 1.0), is_hexagonal=False, cut_borders=ALL))
    assert (x + y) / 2 / root == pytest.approx(math.pi / 4, rel=0.015)


@pytest.mark.parametrize("stretch", [1.5, 2.0, 3.0, 5.0])
def test_stretched_maps_give_the_stretch(stretch: float) -> None:
    """l_y / l_x of an affine stretch k is k, to 3 %."""
    ids = voronoi_labels(1500, (800, 800), stretch=stretch, seed=5)
    x, y = (item.value for item in intercept_quantities(ids, (1.0, 1.0), is_hexagonal=False, cut_borders=ALL))
    assert y / x == pytest.approx(stretch, rel=0.03)


def test_hexagonal_maps_agree() -> None:
    """The same grains on a hexagonal grid of as many points have the same intercepts to 2 % along both axes."""
    shape, sy = (400, 400), math.sqrt(math.sqrt(3) / 2)
    row, column = np.indices((round(400 / sy), round(400 * sy)))
    ids = labels_at(400, shape, (row + 0.5) * sy, (column + 0.25 + 0.5 * (row % 2)) / sy, seed=7)
    square = voronoi_labels(400, shape, seed=7)
    for axis in ("x", "y"):
        ours = mean_intercept(ids, (sy, 1 / sy), axis=axis, is_hexagonal=True, cut_borders=ALL).mean_um
        theirs = mean_intercept(square, (1.0, 1.0), axis=axis, is_hexagonal=False, cut_borders=ALL).mean_um
        assert ours == pytest.approx(theirs, rel=0.02)


def test_small_windows_are_not_biased() -> None:
    """Boundaries found between the points of small windows are as dense as in a large one, to 1 %."""
    ids = voronoi_labels(2500, (500, 500), seed=11)
    whole = mean_intercept(ids, (1.0, 1.0), axis="x", is_hexagonal=False, cut_borders=ALL)
    parts = [ids[:, first : first + 20] for first in range(0, 500, 20)]
    found = [
        mean_intercept(np.ascontiguousarray(p), (1, 1), axis="x", is_hexagonal=False, cut_borders=ALL) for p in parts
    ]
    assert sum(part.chords for part in found) < whole.chords
    mean = sum(part.mean_um * part.chords for part in found) / sum(part.chords for part in found)
    assert mean == pytest.approx(whole.mean_um, rel=0.01)


def test_intervals_hold_the_truth() -> None:
    """Of 60 maps of 50 grains at least 55 intervals hold pi / 4 of the root of the mean area."""
    truth, held = math.pi / 4 * 20, 0
    for seed in range(60):
        found = mean_intercept(
            voronoi_labels(50, (141, 141), seed=seed), (1, 1), axis="x", is_hexagonal=False, cut_borders=ALL
        )
        held += found.low_um <= truth <= found.high_um
    assert held >= 55


def test_column_widths_over_height() -> None:
    """Columns that double in width half-way up have 4 and 8 um in the bands below and above."""
    ids = np.zeros((42, 64), dtype=np.int32)
    ids[1:21] = 1 + np.arange(64) // 8
    ids[21:41] = 100 + np.arange(64) // 4
    table = column_width_profile(ids, (0.5, 1.0), bands=4, cut_borders=())
    assert table["width_um"].tolist() == [8.0, 8.0, 4.0, 4.0]
    assert table["z_um"].tolist() == [3.0, 8.0, 13.0, 18.0]
    assert (table["low_um"] < table["width_um"]).all()
    assert table["grains"].tolist() == [8, 8, 16, 16]


def test_one_grain_has_no_intercept() -> None:
    """A map of one cut grain withholds both intercepts and says why."""
    found = intercept_quantities(np.ones((5, 5), dtype=np.int32), (1.0, 1.0), is_hexagonal=False, cut_borders=ALL)
    assert [item.note for item in found] == [f"no line along {axis} crosses a grain boundary" for axis in "xy"]
    assert all(math.isnan(item.value) for item in found)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_mirror_turn_and_units(seed: int) -> None:
    """Mirrors keep intercepts, a transposed map swaps them, doubled pixels double them and their intervals."""
    ids = voronoi_labels(30, (40, 50), seed=seed)
    base = intercept_quantities(ids, (0.5, 0.4), is_hexagonal=False, cut_borders=ALL)
    mirrored = intercept_quantities(ids[::-1, ::-1], (0.5, 0.4), is_hexagonal=False, cut_borders=ALL)
    turned = intercept_quantities(ids.T, (0.4, 0.5), is_hexagonal=False, cut_borders=ALL)
    doubled = intercept_quantities(ids, (1.0, 0.8), is_hexagonal=False, cut_borders=ALL)
    for one, two, three, four in zip(base, mirrored, turned[::-1], doubled, strict=True):
        numbers = np.array([(item.value, item.low, item.high) for item in (one, two, three, four)])
        np.testing.assert_allclose(numbers, numbers[0] * np.array([1, 1, 1, 2])[:, None])


def test_wrong_inputs_are_named() -> None:
    """Unknown axes and empty maps are refused."""
    with pytest.raises(MeasurementError, match="axis: found 'z'"):
        mean_intercept(np.ones((3, 3), dtype=int), (1, 1), axis="z", is_hexagonal=False, cut_borders=ALL)
    with pytest.raises(MeasurementError, match="bands: found 3 bands for 0 rows"):
        column_width_profile(np.zeros((3, 3), dtype=int), (1, 1), bands=3, cut_borders=ALL)
