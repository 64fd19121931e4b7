"""Phantom maps keep what they state: neighbours apart, shares exact, truth by closed forms and by other code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sodalite.ebsd.symmetry import angle_rad, symmetry_table
from sodalite.phantoms.map_cells import neighbour_pairs
from sodalite.phantoms.map_orientations import crystal_direction
from sodalite.phantoms.maps import ALUMINIUM, LITHIUM, NZSP, SODIUM, MapPhantom, make_map
from sodalite.segment.grains import find_grains

if TYPE_CHECKING:
    from collections.abc import Mapping

SCENES: dict[str, dict[str, Any]] = {
    "random": {"grains": 60, "unindexed_fraction": 0.03, "unindexed_boundary_fraction": 0.2, "unindexed_bands": 1},
    "hex": {"grains": 60, "lattice": "hex", "unindexed_fraction": 0.03, "frame": "channel5"},
    "twins": {"grains": 30, "twins": 5, "noise_deg": 0.3},
    "phases": {"grains": 50, "phases": (SODIUM, NZSP, LITHIUM), "film_phases": 3, "phase_fractions": (0.5, 0.3, 0.2)},
    "film": {
        "grains": 10, "structure": "columnar", "lean_deg": 8.0, "film_um": (8.0, 40.0), "outside": (2, 3),
        "phases": (SODIUM, ALUMINIUM, NZSP), "texture": "110", "textured_fraction": 0.8,
    },
    "bent": {"grains": 40, "gradient_deg_um": 0.2, "noise_deg": 0.1},
}  # fmt: skip


@pytest.fixture(params=SCENES)
def phantom(request: pytest.FixtureRequest) -> MapPhantom:
    """One of the scenes."""
    return make_map((90, 110), 0.5, seed=3, **SCENES[request.param])


def groups(phantom: MapPhantom) -> list[np.ndarray]:
    """Return the operators of the phases."""
    return [phase.operators for phase in phantom.ebsd.phases]


@pytest.mark.parametrize("threshold_deg", [3.0, 5.0, 8.0])
def test_a_flood_fill_finds_exactly_the_grains(phantom: MapPhantom, threshold_deg: float) -> None:
    """Any threshold between the noise and the least disorientation gives the planted ids, point by point."""
    ebsd = phantom.ebsd
    found = find_grains(ebsd.map_quaternions, ebsd.phase_id, groups(phantom), ebsd.grid, threshold_deg=threshold_deg)
    assert np.array_equal(found, phantom.grain_ids)


def test_no_neighbours_are_close(phantom: MapPhantom) -> None:
    """The closed forms of `ebsd.symmetry` confirm the least disorientation and the list of boundaries."""
    table = symmetry_table(tuple(groups(phantom)))
    grains, borders = phantom.grains, phantom.boundaries
    cell, phase = grains["cell"].to_numpy(), grains["phase"].to_numpy()
    for row in borders.itertuples():
        number = phase[row.grain_a - 1]
        a, b = (phantom.orientations[cell[label - 1]] for label in (row.grain_a, row.grain_b))
        angle = np.rad2deg(angle_rad(a, b, table.forms[number], table.counts[number], table.near[number]))
        assert angle == pytest.approx(row.disorientation_deg, abs=1e-4)
    assert borders.loc[~borders["twin"], "disorientation_deg"].min() >= phantom.scene.least_deg


def test_tables_and_truth_agree(phantom: MapPhantom) -> None:
    """Pixels add up to the indexed points, and sizes are those of equal circles."""
    grains, truth = phantom.grains, phantom.truth
    assert grains["pixels"].sum() == (phantom.grain_ids > 0).sum() == phantom.ebsd.indexed.sum()
    np.testing.assert_allclose(np.pi / 4 * grains["ecd_um"] ** 2, grains["area_um2"])
    assert truth["grain_count"] == len(grains) == phantom.grain_ids.max()
    assert truth["indexed_fraction"] == phantom.ebsd.indexed.mean()


def test_equal_seeds_give_equal_maps() -> None:
    """The seed decides everything, and another seed another map."""
    one, two, other = (make_map((40, 50), 0.5, grains=20, seed=seed, unindexed_fraction=0.1) for seed in (1, 1, 2))
    assert np.array_equal(one.ebsd.euler_rad, two.ebsd.euler_rad)
    assert all(np.array_equal(one.ebsd.quality[name], two.ebsd.quality[name]) for name in one.ebsd.quality)
    assert not np.array_equal(one.grain_ids, other.grain_ids)


def test_steps_scale_lengths_alone() -> None:
    """Doubling the step doubles lengths and quadruples areas; angles and ids stay."""
    one, two = (make_map((60, 80), step, grains=30, seed=4) for step in (0.5, 1.0))
    assert np.array_equal(one.grain_ids, two.grain_ids)
    np.testing.assert_allclose(two.grains["area_um2"], 4 * one.grains["area_um2"])
    np.testing.assert_allclose(two.grains["ecd_um"], 2 * one.grains["ecd_um"])
    np.testing.assert_allclose(two.grains["gos_deg"], one.grains["gos_deg"])


def test_a_linear_bend_has_the_textbook_gos_and_kam() -> None:
    """Rotation g along x over a grain of width L: GOS = g L / 4 and KAM over four neighbours = g step / 2."""
    bend, step = 0.05, 0.5
    phantom = make_map((80, 400), step, grains=4, structure="columnar", seed=2, noise_deg=0.0, gradient_deg_um=bend)
    inner = phantom.grains[phantom.grains["pixels"] > 4000]
    width = inner["pixels"] / 80 * step
    np.testing.assert_allclose(inner["gos_deg"], bend * width / 4, rtol=0.002)
    np.testing.assert_allclose(inner["kam_deg"], bend * step / 2, rtol=0.03)


def test_noise_has_the_stated_spread() -> None:
    """Rotations of sigma about each axis lie sigma sqrt(8 / pi) from their mean on average (Maxwell's distribution)."""
    phantom = make_map((150, 150), 0.5, grains=3, seed=5, noise_deg=0.4)
    large = phantom.grains[phantom.grains["pixels"] > 2000]
    np.testing.assert_allclose(large["gos_deg"], 0.4 * np.sqrt(8 / np.pi), rtol=0.02)


def test_shares_of_unindexed_points_are_exact() -> None:
    """Random and boundary points are left out in the numbers asked for."""
    phantom = make_map((80, 100), 0.5, grains=40, seed=6, unindexed_fraction=0.05)
    assert (~phantom.ebsd.indexed).sum() == 400
    phantom = make_map((80, 100), 0.5, grains=40, seed=6, unindexed_boundary_fraction=0.5)
    first, second = neighbour_pairs(phantom.ebsd.grid)
    apart = phantom.cell_ids[first] != phantom.cell_ids[second]
    edge = np.unique(np.concatenate((first[apart], second[apart])))
    assert set(np.flatnonzero(~phantom.ebsd.indexed)) <= set(edge)
    assert (~phantom.ebsd.indexed).sum() == round(0.5 * edge.size)


def test_a_fibre_points_along_growth() -> None:
    """The share of textured crystals has <110> at the growth direction, as scattered as asked for."""
    phantom = make_map(
        (60, 300), 0.5, grains=60, structure="columnar", seed=7, texture="110", textured_fraction=0.75,
        texture_spread_deg=2.0,
    )  # fmt: skip
    direction = np.sort(np.abs(crystal_direction(phantom.orientations, phantom.scene.growth)), axis=1)
    angle = np.rad2deg(np.arccos(np.minimum(direction[:, 1:].sum(axis=1) / np.sqrt(2), 1)))
    assert 0.75 <= (angle < 8).mean() <= 0.75 + 0.15
    assert phantom.truth["texture_110_fraction"] > 0.7


def test_twins_are_counted_and_sigma_three() -> None:
    """Each lamella borders its parent at 60 degrees."""
    phantom = make_map((100, 100), 0.5, grains=20, seed=8, twins=4)
    twins = phantom.boundaries[phantom.boundaries["twin"]]
    np.testing.assert_allclose(twins["disorientation_deg"], 60, atol=1e-6)
    lamellae = np.maximum(*(phantom.grains["cell"].to_numpy()[twins[side] - 1] for side in ("grain_a", "grain_b")))
    assert len(np.unique(lamellae)) == 4


def intercepts_um(labels: np.ndarray, step_um: float, axis: int) -> float:
    """Return the mean intercept along an axis from the number of boundaries crossed."""
    crossings = np.count_nonzero(np.diff(labels.astype(np.int64), axis=axis))
    return step_um * labels.size / crossings


def test_stretched_cells_have_the_ratio_of_the_stretch() -> None:
    """An affine stretch by k makes intercepts along y k times those along x, but for the few cells of one map."""
    phantom = make_map((600, 600), 0.5, grains=1500, seed=9, stretch=3.0, least_deg=2.0)
    ratio = intercepts_um(phantom.labels, 0.5, 0) / intercepts_um(phantom.labels, 0.5, 1)
    assert ratio == pytest.approx(3.0, rel=0.08)


def test_cells_are_those_of_a_poisson_process() -> None:
    """Areas of cells inside have the coefficient of variation 0.5293 of Poisson-Voronoi cells (Brakke)."""
    phantom = make_map((700, 700), 0.5, grains=1200, seed=10, least_deg=2.0)
    inside = phantom.grains[~phantom.grains["on_border"]]["area_um2"]
    assert inside.mean() == pytest.approx(350**2 / 1200, rel=0.05)
    assert inside.std() / inside.mean() == pytest.approx(0.5293, abs=0.05)


def test_columns_span_the_film() -> None:
    """Every column runs from face to face; the film's phase is nowhere else."""
    phantom = make_map((90, 120), 0.5, seed=3, **(SCENES["film"] | {"lean_deg": 0.0}))
    rows = phantom.ebsd.on_grid(phantom.ebsd.phase_id, fill=0)
    assert set(np.unique(rows[16:80])) == {1}
    assert not (rows[:16] == 1).any()
    assert not (rows[80:] == 1).any()
    film = phantom.labels[16:80]
    assert (film == film[0]).all()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lattice": "round"}, "lattice"),
        ({"twins": 500}, "ask for fewer"),
        ({"least_deg": 62.0}, "ask for less"),
        ({"phases": (NZSP,), "twins": 1}, "cubic"),
        ({"outside": (4, 0)}, "outside"),
        ({"phase_fractions": (0.5, 0.5)}, "phase_fractions"),
    ],
)
def test_impossible_scenes_are_refused(fields: Mapping[str, Any], words: str) -> None:
    """What cannot be drawn is named."""
    with pytest.raises(ValueError, match=words):
        make_map((40, 40), 0.5, grains=10, seed=1, **fields)
