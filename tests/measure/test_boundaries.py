"""Boundary lines against exact edges of Voronoi maps, circles and stretched maps."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measure.voronoi_maps import exact_edges, labels_at, voronoi_labels
from sodalite.errors import MeasurementError
from sodalite.measure.boundaries import (
    boundary_network,
    boundary_quantities,
    boundary_table,
    hidden_share,
    inclination_table,
)
from sodalite.measure.boundary_lines import trace_chains
from sodalite.measure.grain_grid import brick_image

UP = (0.0, -1.0)
EXPECTED = {1.5: 0.296, 2.0: 0.480, 3.0: 0.682, 5.0: 0.844}


def alignment(ids: np.ndarray, spacing_um: tuple[float, float] = (1.0, 1.0), growth_xy: tuple[float, float] = UP):
    """Return boundary_alignment of a label image."""
    return boundary_quantities(
        ids, spacing_um, boundary_network(ids, spacing_um, is_hexagonal=False), growth_xy=growth_xy
    )[0]


def test_chains_by_hand() -> None:
    """Three grains at a junction have three chains from it to the border; an island has a closed one."""
    points, start, pair = trace_chains(np.array([[1, 1, 2], [1, 3, 2], [3, 3, 2]]))
    assert pair.tolist() == [[1, 2], [2, 3], [1, 3]]
    assert points[start[0] : start[1]].tolist() == [[0, 2], [0.5, 2], [1, 2]]
    assert points[start[2] : start[3]].tolist() == [[1, 2], [1, 1.5], [1.5, 1], [2, 0.5], [2, 0]]
    island = np.ones((4, 4), dtype=np.int64)
    island[1:3, 1:3] = 2
    points, start, pair = trace_chains(island)
    assert (len(points), pair.tolist()) == (9, [[1, 2]])
    assert points[0].tolist() == points[-1].tolist()


def test_every_edge_is_walked_once() -> None:
    """The chains hold the middle of each pixel edge between two grains exactly once."""
    ids = voronoi_labels(150, (90, 110), seed=8)
    ids[ids % 11 == 0] = 0
    points, start, _ = trace_chains(ids.astype(np.int64))
    middles = points[(points % 1 != 0).sum(axis=1) == 1]
    closed = sum((points[a] == points[b - 1]).all() and (points[a] % 1).any() for a, b in pairwise(start))
    both_x, both_y = (ids[:, 1:] > 0) & (ids[:, :-1] > 0), (ids[1:] > 0) & (ids[:-1] > 0)
    edges = ((ids[:, 1:] != ids[:, :-1]) & both_x).sum() + ((ids[1:] != ids[:-1]) & both_y).sum()
    assert len(middles) == edges + closed
    assert len(np.unique(middles, axis=0)) == edges


@pytest.mark.parametrize(("pixels", "tolerance"), [(25, 0.01), (100, 0.005), (400, 0.005)])
def test_length_of_exact_edges(pixels: int, tolerance: float) -> None:
    """Poisson-Voronoi edges are right to 0.5 % (1 % at 25 pixels a grain); pixel edges are 4 / pi too long."""
    shape = (round(math.sqrt(1500 * pixels)),) * 2
    ids = voronoi_labels(1500, shape, seed=1)
    exact = exact_edges(1500, shape, seed=1).length_px
    assert boundary_network(ids, (1.0, 1.0), is_hexagonal=False).length_um.sum() == pytest.approx(exact, rel=tolerance)
    edges = (ids[:, 1:] != ids[:, :-1]).sum() + (ids[1:] != ids[:-1]).sum()
    assert edges == pytest.approx(exact * 4 / math.pi, rel=0.05)


def test_length_density_of_poisson_voronoi() -> None:
    """L_A = 2 sqrt(n) for n grains per area, inside the interval; the interval of 1500 grains is +-3 %."""
    ids = voronoi_labels(1500, (775, 775), seed=6)
    network = boundary_network(ids, (0.5, 0.5), is_hexagonal=False)
    density = boundary_quantities(ids, (0.5, 0.5), network, growth_xy=None)[1]
    truth = 2 * math.sqrt(1500 / 387.5**2)
    assert density.low <= truth <= density.high
    assert density.high / density.low == pytest.approx(1.05, abs=0.02)
    assert len(network.pair) / len(np.unique(ids)) == pytest.approx(3.0, rel=0.05)


def test_sides_of_poisson_voronoi() -> None:
    """Inner grains have 6 neighbours on average with a variance of 1.7808."""
    shape = (1200, 1200)
    ids = voronoi_labels(3600, shape, seed=9)
    table = boundary_table(boundary_network(ids, (1.0, 1.0), is_hexagonal=False))
    sides = np.bincount(table[["label_1", "label_2"]].to_numpy().ravel(), minlength=int(ids.max()) + 1)
    rim = np.concatenate([ids[:25].ravel(), ids[-25:].ravel(), ids[:, :25].ravel(), ids[:, -25:].ravel()])
    inner = np.setdiff1d(np.unique(ids), rim)
    assert sides[inner].mean() == pytest.approx(6.0, abs=0.05)
    assert sides[inner].var() == pytest.approx(1.7808, abs=0.2)


@pytest.mark.parametrize(("radius", "tolerance"), [(5, 0.025), (10, 0.005), (50, 0.005)])
def test_circles(radius: float, tolerance: float) -> None:
    """An island's boundary is 2 pi r to 0.5 %, 2.5 % at a radius of 5 pixels, and has no direction."""
    y, x = np.mgrid[-60.2:59.8, -59.7:60.3]
    ids = 1 + (np.hypot(y, x) < radius).astype(np.int32)
    network = boundary_network(ids, (1.0, 1.0), is_hexagonal=False)
    assert network.length_um.sum() == pytest.approx(2 * math.pi * radius, rel=tolerance)
    assert alignment(ids).value == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("stretch", EXPECTED)
def test_alignment_of_stretched_maps(stretch: float) -> None:
    """C2 of an affine stretch k is the closed form to 0.03, and that of the exact edges is inside the interval."""
    shape = (1095, 1095)
    ids = voronoi_labels(3000, shape, stretch=stretch, seed=3)
    found = alignment(ids)
    assert found.value == pytest.approx(EXPECTED[stretch], abs=0.03)
    assert found.low <= exact_edges(3000, shape, stretch=stretch, seed=3).alignment <= found.high
    across = alignment(np.ascontiguousarray(ids.T))
    assert across.value == pytest.approx(-found.value, abs=0.005)
    assert alignment(ids, growth_xy=(1.0, 1.0)).value == pytest.approx(0, abs=0.03)


def test_alignment_at_a_hundred_pixels() -> None:
    """With 100 pixels a grain C2 stays within 0.03 of the exact edges for every stretch, always towards 0."""
    for stretch in (1.0, *EXPECTED):
        ids = voronoi_labels(3000, (548, 548), stretch=stretch, seed=4)
        exact = exact_edges(3000, (548, 548), stretch=stretch, seed=4).alignment
        assert -0.03 < alignment(ids).value - exact < 0.005, stretch


def test_inclinations_of_a_map_without_direction() -> None:
    """Each of six bins from 0 to 90 degrees has a sixth of the length, to 2 percentage points."""
    ids = voronoi_labels(3000, (1095, 1095), seed=3)
    table = inclination_table(boundary_network(ids, (1.0, 1.0), is_hexagonal=False), growth_xy=UP, bins=6)
    assert table["fraction"].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(table["fraction"], 1 / 6, atol=0.02)
    assert table["to_deg"].tolist() == [15, 30, 45, 60, 75, 90]


def test_hexagonal_maps_agree() -> None:
    """Bricks of a hexagonal grid give the length to 1 % and the alignment to 0.02."""
    shape, sy = (600, 600), math.sqrt(math.sqrt(3) / 2)
    row, column = np.indices((round(600 / sy), round(600 * sy)))
    for stretch in (1.0, 2.0):
        ids = labels_at(900, shape, (row + 0.5) * sy, (column + 0.25 + 0.5 * (row % 2)) / sy, stretch=stretch, seed=7)
        image = brick_image(ids, (sy, 1 / sy), shifted_parity=1)
        exact = exact_edges(900, shape, stretch=stretch, seed=7)
        network = boundary_network(*image, is_hexagonal=True)
        found = boundary_quantities(*image, network, growth_xy=UP)[0]
        assert network.length_um.sum() == pytest.approx(exact.length_px, rel=0.01)
        assert found.value == pytest.approx(exact.alignment, abs=0.02)
        assert found.low <= exact.alignment <= found.high


@pytest.mark.parametrize("lean_deg", [0.0, 10.0, 20.0, 30.0, 40.0])
def test_leaning_columns(lean_deg: float) -> None:
    """Straight columns that lean have C2 = cos(2 lean) to 0.02 on both lattices, though rows shift in steps."""
    slope = math.tan(math.radians(lean_deg))
    for is_hexagonal, sy in ((False, 1.0), (True, math.sqrt(3) / 2)):
        row, column = np.indices((80, 240))
        x = column + 0.5 * (row % 2) * is_hexagonal
        ids = 1 + ((x - 0.3 - slope * row * sy) // 11 + 20).astype(np.int32)
        image = brick_image(ids, (sy, 1.0), shifted_parity=1 if is_hexagonal else -1)
        network = boundary_network(*image, is_hexagonal=is_hexagonal)
        found = boundary_quantities(*image, network, growth_xy=UP)[0]
        assert found.value == pytest.approx(math.cos(math.radians(2 * lean_deg)), abs=0.02)


def test_columns_are_aligned() -> None:
    """Upright columns have C2 = 1, lying layers -1, on oblong pixels too."""
    columns = np.kron(np.arange(1, 11)[None], np.ones((30, 8), dtype=int))
    assert alignment(columns, (0.3, 0.7)).value == pytest.approx(1.0)
    assert alignment(columns.T, (0.3, 0.7)).value == pytest.approx(-1.0)
    density = boundary_quantities(
        columns, (0.5, 1.0), boundary_network(columns, (0.5, 1.0), is_hexagonal=False), growth_xy=UP
    )[1]
    assert density.value == pytest.approx(9 * 15 / (80 * 15))


def test_grains_of_one_point_have_length_but_no_direction() -> None:
    """Islands of one pixel in upright columns leave C2 at 1; their own boundary is at most that of a pixel."""
    ids = np.kron(np.arange(1, 11)[None], np.ones((30, 8), dtype=int))
    ids[4::8, 4::8] = 11 + np.arange(40).reshape(4, 10)[: len(ids[4::8]), : ids[4::8, 4::8].shape[1]]
    network = boundary_network(ids, (1.0, 1.0), is_hexagonal=False)
    islands = network.length_um[network.pair[:, 1] > 10]
    assert ((islands > 0) & (islands <= 4)).all()
    assert alignment(ids).value == pytest.approx(1.0)
    alone = np.ones((5, 5), dtype=int)
    alone[2, 2] = 2
    found = boundary_quantities(
        alone, (1.0, 1.0), boundary_network(alone, (1.0, 1.0), is_hexagonal=False), growth_xy=UP
    )
    assert found[0].note == "no boundary is long enough to have a direction"


def without_seams(ids: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return the map without a share of the points that touch another grain, as poor patterns there leave it."""
    seam = np.zeros(ids.shape, dtype=bool)
    for lines, mark in ((ids, seam), (ids.T, seam.T)):
        differs = lines[1:] != lines[:-1]
        mark[1:] |= differs
        mark[:-1] |= differs
    return np.where(seam & (np.random.default_rng(seed).random(ids.shape) < share), 0, ids)


@pytest.mark.parametrize("lost", [0.05, 0.15, 0.25])
def test_intervals_hold_what_gaps_hide(lost: float) -> None:
    """Length and alignment of the whole map are in the intervals of one that lost seams, and the share is told."""
    ids = voronoi_labels(300, (300, 300), seed=4, stretch=3.0)
    seams = without_seams(ids, lost, seed=1)
    whole, holed = (
        boundary_quantities(each, (1.0, 1.0), boundary_network(each, (1.0, 1.0), is_hexagonal=False), growth_xy=UP)
        for each in (ids, seams)
    )
    for true, found in zip(whole, holed, strict=True):
        assert found.low <= true.value <= found.high
        assert "of the boundaries are hidden in gaps between grains" in found.note
        assert true.note == ""


def test_boundaries_mostly_hidden_are_withheld() -> None:
    """Gaps that part most grains leave neither length nor direction; holes within a grain and wide gaps hide none."""
    ids = np.kron(np.arange(1, 11)[None], np.ones((30, 8), dtype=int))
    ids[:, 8:56:8] = 0
    found = boundary_quantities(ids, (1.0, 1.0), boundary_network(ids, (1.0, 1.0), is_hexagonal=False), growth_xy=UP)
    assert [item.note for item in found] == [
        "67 % of the boundaries are hidden in gaps between grains; fill the map first"
    ] * 2
    ids[:, 8:56:8] = ids[:, 7:55:8]
    ids[10:12, 3::8] = 0
    ids[:, 40:44] = 0
    assert hidden_share(ids) == 0


def test_no_boundary_no_growth_no_grain() -> None:
    """Withheld numbers say why; a single grain has no boundary length."""
    one, none = np.ones((5, 5), dtype=np.int32), np.zeros((5, 5), dtype=np.int32)
    network = boundary_network(one, (1.0, 1.0), is_hexagonal=False)
    found = boundary_quantities(one, (1.0, 1.0), network, growth_xy=UP)
    assert (found[0].note, found[1].value) == ("no boundary is long enough to have a direction", 0.0)
    assert boundary_quantities(one, (1.0, 1.0), network, growth_xy=None)[0].note == "no growth direction was given"
    empty = boundary_quantities(none, (1.0, 1.0), boundary_network(none, (1.0, 1.0), is_hexagonal=False), growth_xy=UP)
    assert [item.note for item in empty] == ["no grain is large enough"] * 2
    assert boundary_table(network).empty
    with pytest.raises(MeasurementError, match="bins: found 0"):
        inclination_table(network, growth_xy=UP, bins=0)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_mirror_and_units(seed: int) -> None:
    """Mirrored maps give the same lengths and alignment; doubled pixels double lengths and halve the density."""
    ids = voronoi_labels(40, (60, 70), seed=seed)
    base = boundary_table(boundary_network(ids, (0.5, 0.4), is_hexagonal=False))
    mirrored = boundary_table(boundary_network(ids[:, ::-1], (0.5, 0.4), is_hexagonal=False))
    doubled = boundary_table(boundary_network(ids, (1.0, 0.8), is_hexagonal=False))
    np.testing.assert_allclose(mirrored["length_um"], base["length_um"])
    np.testing.assert_allclose(doubled["length_um"], 2 * base["length_um"])
    one, two, large = (
        boundary_quantities(image, step, boundary_network(image, step, is_hexagonal=False), growth_xy=UP)
        for image, step in ((ids, (0.5, 0.4)), (ids[:, ::-1], (0.5, 0.4)), (ids, (1.0, 0.8)))
    )
    assert two[0].value == pytest.approx(one[0].value, abs=0.02)
    assert large[0].value == pytest.approx(one[0].value)
    assert (large[1].value, large[1].low) == pytest.approx((one[1].value / 2, one[1].low / 2))
