"""Frames, densities and roses of maps show directions and proportions as they are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sodalite.ebsd import Grid, Phase
from sodalite.phantoms.maps import SODIUM, make_map
from sodalite.pipelines.grains import Grains
from sodalite.report.map_density import REACH, SIDE, inverse_density, pole_density, pole_families, rotate
from sodalite.report.map_figures import ROSE_BINS, boundary_shares, counted_grains, counted_labels, key_figure
from sodalite.report.map_frame import boundary_mask, frame_map

if TYPE_CHECKING:
    from sodalite.phantoms.maps import MapPhantom

IDENTITY = np.array([[1.0, 0.0, 0.0, 0.0]])


def random_quaternions(count: int) -> np.ndarray:
    """Return uniform random rotations."""
    q = np.random.default_rng(1).normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def spot(density: np.ndarray) -> tuple[float, float]:
    """Return where a density is highest, x right and y down in radii of the disc."""
    row, column = np.unravel_index(np.nanargmax(density), density.shape)
    return (2 * column / (SIDE - 1) - 1) * REACH, (2 * row / (SIDE - 1) - 1) * REACH


@pytest.mark.parametrize("spacing_um", [(0.5, 0.5), (0.3, 0.7)])
def test_frames_keep_true_proportions(spacing_um: tuple[float, float]) -> None:
    """A picture is as high and wide as the map, with one scale along both axes; every point is seen."""
    grid = Grid("square", (40, 60), spacing_um, (0.0, 0.0))
    frame = frame_map(grid)
    height, width = frame.node.shape
    assert height / width == pytest.approx(40 * spacing_um[0] / (60 * spacing_um[1]), rel=0.002)
    assert frame.y_px_per_um == pytest.approx(frame.x_px_per_um, rel=0.002)
    assert np.array_equal(np.unique(frame.node), np.arange(2400))


@pytest.mark.parametrize("parity", [0, 1])
def test_hexagonal_points_become_hexagons_at_their_places(parity: int) -> None:
    """Inner points take equal areas, and the middle of each area is the place of the point."""
    step = 0.5
    grid = Grid("hex", (12, 14), (step * math.sqrt(3) / 2, step), (0.0, 0.0), parity)
    frame = frame_map(grid)
    counts = np.bincount(frame.node.ravel(), minlength=168)
    for row in range(2, 10):
        for column in range(2, 11):
            node = row * 14 + column
            y, x = (values.mean() for values in np.nonzero(frame.node == node))
            shift = 0.5 if row % 2 == parity else 0.0
            assert (x + 0.5) / frame.x_px_per_um == pytest.approx((column + 0.5 + shift) * step, abs=0.03 * step)
            assert (y + 0.5) / frame.y_px_per_um == pytest.approx((row + 0.5) * grid.spacing_um[0], abs=0.03 * step)
            area = counts[node] / (frame.x_px_per_um * frame.y_px_per_um)
            assert area == pytest.approx(grid.point_area_um2, rel=0.03)


def test_boundaries_are_drawn_between_grains_only() -> None:
    """A line where two grains meet, none beside places without a grain."""
    ids = np.array([[1, 1, 2, 2, 0, 3]])
    assert boundary_mask(ids, 1).tolist() == [[0, 1, 0, 0, 0, 0]]
    assert boundary_mask(ids, 2).tolist() == [[0, 1, 1, 0, 0, 0]]


def test_random_orientations_have_a_density_of_one() -> None:
    """Pole figures and inverse ones of random crystals lie at 1 MRD everywhere, at the rim too."""
    quaternions = random_quaternions(20_000)
    for density in (
        pole_density(quaternions, pole_families(SODIUM)["{111}"], 5.0),
        inverse_density(random_directions(20_000), "m-3m", 5.0),
    ):
        inside = density[np.isfinite(density)]
        assert inside.mean() == pytest.approx(1.0, abs=0.03)
        assert inside.min() > 0.6
        assert inside.max() < 1.4


def random_directions(count: int) -> np.ndarray:
    """Return uniform random unit vectors."""
    v = np.random.default_rng(2).normal(size=(count, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def test_poles_of_one_crystal_lie_where_they_must() -> None:
    """A crystal turned by 20 degrees about the map's normal: {100} at the centre, a pole 20 degrees from it turned."""
    angle = math.radians(20)
    turned = np.array([[math.cos(angle / 2), 0.0, 0.0, -math.sin(angle / 2)]])
    poles = pole_families(SODIUM)["{100}"]
    assert len(poles) == 3
    assert spot(pole_density(turned, np.array([[0.0, 0.0, 1.0]]), 5.0)) == pytest.approx((0, 0), abs=0.02)
    tilted = np.array([[math.sin(math.radians(20)), 0.0, -math.cos(math.radians(20))]])
    x, y = spot(pole_density(turned, tilted, 5.0))
    assert math.hypot(x, y) == pytest.approx(math.sqrt(2) * math.sin(math.radians(20 / 2)), abs=0.02)
    assert math.degrees(math.atan2(y, x)) == pytest.approx(20, abs=3)


@pytest.mark.parametrize(("family", "corner"), [("110", "101"), ("111", "111"), ("100", "001")])
def test_a_fibre_shows_in_both_figures(family: str, corner: str) -> None:
    """Crystals with <hkl> upwards: the pole figure is highest at the top of its rim, the inverse one at hkl."""
    phantom = make_map((30, 30), 0.5, grains=60, seed=3, texture=family, texture_spread_deg=1.0, least_deg=0.0)
    quaternions = phantom.ebsd.map_quaternions
    x, y = spot(pole_density(quaternions, pole_families(SODIUM)[f"{{{family}}}"], 5.0))
    assert abs(x) < 0.05
    assert abs(abs(y) - 1) < 0.05
    along = rotate(quaternions, np.array([0.0, -1.0, 0.0]))
    place = spot(inverse_density(along, "m-3m", 5.0))
    unit = np.array([int(digit) for digit in corner]) / math.sqrt(sum(int(digit) for digit in corner))
    wanted = unit[:2] / math.sqrt(1 + unit[2]) * (1, -1)
    assert place == pytest.approx(tuple(wanted), abs=0.03)


@pytest.mark.parametrize(("laue_group", "counts"), [("m-3m", (3, 6, 4)), ("6/mmm", (1, 3, 3)), ("mmm", (1, 1, 1))])
def test_families_have_one_pole_of_each_pair(laue_group: str, counts: tuple[int, ...]) -> None:
    """{100}, {110}, {111} have 3, 6 and 4 axes; the hexagonal families 1, 3 and 3."""
    assert tuple(len(poles) for poles in pole_families(Phase("p", laue_group)).values()) == counts


def columns(lattice: str, lean_deg: float) -> MapPhantom:
    """Return a map of straight columns from edge to edge."""
    return make_map(
        (90, 90), 0.5, grains=14, seed=5, lattice=lattice, structure="columnar", lean_deg=lean_deg, noise_deg=0.0
    )


@pytest.mark.parametrize("lattice", ["square", "hex"])
def test_roses_of_columns_point_up(lattice: str) -> None:
    """Boundaries of upright columns lie at 90 degrees, the seventh of the twelve directions."""
    phantom = columns(lattice, 0.0)
    shares = boundary_shares(phantom.labels, phantom.ebsd)
    assert shares.size == ROSE_BINS
    assert shares.sum() == pytest.approx(1)
    assert shares.argmax() == 6
    assert shares[5:8].sum() > 0.95


def test_roses_lean_with_the_columns() -> None:
    """Columns that lean by 30 degrees lie at 60 or 120 degrees, and mirrored ones at the other."""
    phantom = columns("square", 30.0)
    shares = boundary_shares(phantom.labels, phantom.ebsd)
    mirrored = boundary_shares(phantom.labels[:, ::-1].copy(), phantom.ebsd)
    assert {int(shares.argmax()), int(mirrored.argmax())} == {4, 8}


def test_sizes_are_of_the_grains_that_count() -> None:
    """Grains left out of the numbers or cut by the border are not in the histogram; all stay if none counts."""
    grains = pd.DataFrame(
        {"counted": [True, True, False], "on_border": [False, True, False], "ecd_um": [1.0, 2.0, 3.0]}
    )
    assert counted_grains(grains)["ecd_um"].tolist() == [1.0]
    assert len(counted_grains(grains.assign(counted=False))) == 3


def test_the_rose_knows_only_grains_that_count() -> None:
    """Single points of noise, too small to count, leave the directions of the boundaries of the others."""
    phantom = make_map((60, 60), 1.0, grains=12, seed=4)
    euler = phantom.ebsd.euler_rad.copy()
    spots = np.random.default_rng(0).choice(len(euler), 150, replace=False)
    euler[spots] = np.random.default_rng(1).uniform(0, 3, (150, 3))
    result = Grains(min_pixels=10).run(replace(phantom.ebsd, euler_rad=euler))
    labels = counted_labels(result)
    assert set(np.unique(labels)) - {0} == set(result.tables["grains"].query("counted")["label"])
    assert (result.labels["labels"].ravel()[spots] > 0).all()
    assert (labels.ravel()[spots] == 0).mean() > 0.9


def test_a_key_names_the_corners_of_each_phase() -> None:
    """One sector a phase, its corners in words; a phase without symmetry has none."""
    figure = key_figure([Phase("Na", "m-3m"), Phase("Ti", "6/mmm"), Phase("?", None)], "y")
    assert [axes.get_title() for axes in figure.axes] == ["Na", "Ti"]
    corners = [{text.get_text() for text in axes.texts} for axes in figure.axes]
    assert corners[0] == {"001", "101", "111"}
    assert "0001" in corners[1]
    assert figure.get_suptitle() == "IPF y"
    assert "no symmetry" in key_figure([Phase("?", None)], "y").get_suptitle()
