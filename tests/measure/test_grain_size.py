"""Grain sizes against the standards' numbers, exact expectations and a published set of grains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measure.voronoi_maps import table_of, voronoi_labels
from sodalite.errors import MeasurementError
from sodalite.glossary import GLOSSARY
from sodalite.measure.grain_size import (
    border_weights,
    e2627_g,
    grain_size_quantities,
    intercept_g,
    intercept_g_quantity,
    planimetric_count,
    planimetric_g,
)
from sodalite.measure.intercepts import intercept_quantities

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.quantity import Quantity

ALL = ("left", "right", "top", "bottom")


def sizes(
    ids: np.ndarray,
    spacing_um: tuple[float, float] = (1.0, 1.0),
    cut_borders: tuple[str, ...] = ALL,
    min_pixels: int = 1,
) -> dict[str, Quantity]:
    """Return the quantities of a square label image by name."""
    found = grain_size_quantities(
        table_of(ids, spacing_um, cut_borders),
        point_count=ids.size,
        indexed_count=int((ids > 0).sum()),
        extent_um=(ids.shape[0] * spacing_um[0], ids.shape[1] * spacing_um[1]),
        step_um=spacing_um,
        cut_borders=cut_borders,
        min_pixels=min_pixels,
    )
    return {item.quantity: item for item in found}


@pytest.mark.parametrize(
    ("number", "area_um2", "intercept_um"), [(0, 129032, 320.0), (5, 4032.3, 56.6), (10, 126.0, 10.0)]
)
def test_numbers_of_the_standard(number: float, area_um2: float, intercept_um: float) -> None:
    """Areas and intercepts of the sizes 0, 5 and 10 of ASTM E112 give these sizes."""
    assert planimetric_g(area_um2) == pytest.approx(number, abs=2e-3)
    assert intercept_g(intercept_um) == pytest.approx(number, abs=4e-3)


def test_textbook_and_constants() -> None:
    """25 grains in a square inch at 75x are size 4.81; the two standards differ by 0.040 at an ECD of 100 um."""
    per_mm2 = 25 * 75**2 / 25.4**2
    assert planimetric_g(1e6 / per_mm2) == pytest.approx(4.81, abs=0.01)
    assert planimetric_g(math.pi * 2500) == pytest.approx(4.038, abs=1e-3)
    assert e2627_g(math.pi * 2500) == pytest.approx(3.998, abs=1e-3)
    assert planimetric_g(100.0) == pytest.approx(16.9774 - math.log2(100.0), abs=5e-4)
    assert intercept_g(10.0) == pytest.approx(16.6439 - 2 * math.log2(10.0), abs=5e-4)


def test_counts_and_means_by_hand() -> None:
    """16 squares: 4 inside, 8 at sides and 4 at corners count 4 + 4 + 1 = 9, as if the window lay at their centres."""
    ids = np.arange(1, 17, dtype=np.int32).reshape(4, 4).repeat(3, axis=0).repeat(3, axis=1)
    found = sizes(ids)
    assert planimetric_count(table_of(ids), cut_borders=ALL) == 9.0
    assert found["grain_count"].value == 16
    assert found["grain_count"].note == "12 cut by the border"
    assert (found["ecd_mean"].n, found["grain_area_mean"].value) == (4, 9.0)
    assert math.isnan(found["ecd_mean"].low)
    assert found["ecd_mean"].note == "4 grains, no interval below 5; 12 cut by the border, left out"
    assert found["astm_g_planimetric"].value == pytest.approx(planimetric_g(144 / 9))
    film = planimetric_count(table_of(ids, cut_borders=("left", "right")), cut_borders=("left", "right"))
    assert film == 8 + 0.5 * 8


def test_squares_have_no_spread() -> None:
    """A hundred equal squares, none cut, have one size in every mean, ECD 2 sqrt(A / pi), and a spread of 1."""
    ids = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((6, 6), dtype=int))
    found = sizes(ids, (0.5, 0.5), cut_borders=())
    for name in ("mean", "area_weighted_mean", "median", "geometric_mean", "max"):
        assert found[f"ecd_{name}"].value == pytest.approx(2 * math.sqrt(9 / math.pi)), name
    assert found["ecd_geometric_sd"].value == pytest.approx(1.0)
    assert found["grain_area_mean"].value == found["grain_area_mean_unbiased"].value == pytest.approx(9.0)
    assert found["astm_g_planimetric"].value == pytest.approx(planimetric_g(9.0))


@pytest.mark.parametrize("pixels", [10, 25, 400])
def test_poisson_voronoi_sizes(pixels: int) -> None:
    """The mean ECD is 1.0893 of the root of the mean area, to 1 % also at 10 pixels a grain."""
    side = round(math.sqrt(3000 * pixels))
    found = sizes(voronoi_labels(3000, (side, side), seed=11))
    root, weighted = math.sqrt(found["grain_area_mean"].value), found["ecd_area_weighted_mean"].value
    assert found["ecd_mean"].value / root == pytest.approx(1.0893, rel=0.01)
    # lognormal: the area-weighted mean is the number mean times exp(2 s^2); cells are less skewed
    spread = math.log(found["ecd_geometric_sd"].value)
    assert 1.05 < weighted / found["ecd_mean"].value < math.exp(2 * spread**2)


def test_intercept_and_planimetric_numbers_differ() -> None:
    """For Poisson-Voronoi grains G from intercepts is 0.364 above G from areas, for hexagons 0.156."""
    ids = voronoi_labels(3000, (1095, 1095), seed=2)
    both = intercept_quantities(ids, (1.0, 1.0), is_hexagonal=False, cut_borders=ALL)
    intercept = intercept_g_quantity(*both)
    assert intercept.value - sizes(ids)["astm_g_planimetric"].value == pytest.approx(0.3635, abs=0.05)
    assert intercept.low < intercept.value < intercept.high
    assert intercept_g(0.84397 * 20) - planimetric_g(400) == pytest.approx(0.156, abs=1e-3)


def test_intervals_and_borders_of_single_maps() -> None:
    """Of 80 maps of 50 grains at least 72 intervals of each mean hold the truth; Miles-Lantuejoul is right to 3 %."""
    truth = {"grain_area_mean_unbiased": 400.0, "astm_g_planimetric": planimetric_g(400.0), "ecd_mean": 1.0893 * 20}
    held, area = dict.fromkeys(truth, 0), []
    for seed in range(80):
        found = sizes(voronoi_labels(50, (141, 141), seed=seed))
        area.append([found[name].value for name in ("grain_area_mean", "grain_area_mean_unbiased")])
        for name, value in truth.items():
            held[name] += found[name].low <= value <= found[name].high
    assert min(held.values()) >= 72, held
    excluded, unbiased = np.mean(area, axis=0) / 400
    assert 0.90 < excluded < 1.0
    assert unbiased == pytest.approx(1.0, abs=0.03)


def test_films_lose_no_grains_at_their_faces() -> None:
    """In a film of columns all but the two lateral grains are whole, and the weights know the width alone."""
    ids = np.kron(np.arange(1, 13)[None], np.ones((30, 8), dtype=int))
    film = sizes(ids, cut_borders=("left", "right"))
    assert (film["ecd_mean"].n, film["grain_area_mean_unbiased"].value) == (10, pytest.approx(240.0))
    assert math.isnan(sizes(ids)["ecd_mean"].value)
    assert sizes(ids)["ecd_mean"].note == "every grain is cut by the border"
    table = table_of(ids, cut_borders=("left", "right"))
    weights = border_weights(table, (30.0, 96.0), (1.0, 1.0), cut_borders=("left", "right"))
    np.testing.assert_allclose(weights, [0, *[96 / (96 - 9)] * 10, 0])


def test_lognormal_diameters() -> None:
    """Of lognormal diameters the fit gives back median and factor, and the area-weighted mean is mean exp(2 s^2)."""
    ecd = np.exp(np.random.default_rng(3).normal(np.log(8.0), 0.3, 4000))
    area = np.pi / 4 * ecd**2
    table = pd.DataFrame(
        {
            "pixels": 500,
            "area_um2": area,
            "ecd_um": ecd,
            "on_border": False,
            "corners": 0,
            "width_um": ecd,
            "height_um": ecd,
        }
    )
    found = {
        item.quantity: item
        for item in grain_size_quantities(
            table, point_count=9, indexed_count=9, extent_um=(1e4, 1e4), step_um=(1, 1), cut_borders=ALL, min_pixels=1
        )
    }
    mean, spread = found["ecd_geometric_mean"], found["ecd_geometric_sd"]
    assert mean.low < 8.0 < mean.high
    assert spread.low < math.exp(0.3) < spread.high
    assert spread.value == pytest.approx(math.exp(0.3), rel=0.01)
    assert found["ecd_area_weighted_mean"].value / found["ecd_mean"].value == pytest.approx(math.exp(0.18), rel=0.01)


def test_miles_lantuejoul_weights_are_exact_for_pixels() -> None:
    """Slid over all places, an object is whole as often as its weight says."""
    whole = sum(x > 0 and x + 4 < 20 and y > 0 and y + 3 < 12 for y in range(-3, 12) for x in range(-4, 20))
    table = pd.DataFrame({"width_um": [4.0], "height_um": [3.0], "on_border": [False]})
    (weight,) = border_weights(table, (12.0, 20.0), (1.0, 1.0), cut_borders=ALL)
    assert weight == pytest.approx(12 * 20 / whole)


def test_payton_grains(shared_data: Path) -> None:
    """ASTM E2627 on a published synthetic map: 50 grains of 693.7 um2 on average; at that area E112 gives 7.539."""
    reference = np.load(shared_data / "ebsd" / "reference" / "payton1_mtex.npz")
    ids = reference["keep_5"].reshape(230, 230)
    found = sizes(ids)["astm_g_e2627"]
    assert found.n == 50
    assert found.value == pytest.approx(e2627_g(693.7), abs=2e-4)
    assert planimetric_g(693.7) == pytest.approx(7.539, abs=1e-3)


def test_the_least_size_is_a_rule() -> None:
    """A grain of exactly the least number of points counts, one below does not; E2627 keeps its own 100."""
    ids = np.zeros((40, 60), dtype=np.int32)
    ids[5:15, 5:15], ids[20:29, 5:16], ids[5:14, 30:41] = 1, 2, 3
    assert sizes(ids)["astm_g_e2627"].n == 1
    assert sizes(ids, min_pixels=99)["grain_count"].value == 3
    found = sizes(ids, min_pixels=100)["grain_count"]
    assert (found.value, found.note) == (1, "2 below 100 points left out")
    assert "ASTM E2627 wants 500" in sizes(ids)["astm_g_e2627"].note


def test_a_map_without_grains() -> None:
    """Counts are zero and every size is withheld with a reason."""
    found = sizes(np.zeros((10, 10), dtype=np.int32))
    assert (found["grain_count"].value, found["indexed_fraction"].value) == (0, 0)
    rest = [item for name, item in found.items() if name not in ("grain_count", "indexed_fraction")]
    assert all(math.isnan(item.value) and item.note for item in rest)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_mirror_and_units(seed: int) -> None:
    """Mirrored maps give the same numbers; doubled steps move each by its unit, ASTM numbers by -2."""
    ids = voronoi_labels(60, (100, 120), seed=seed)
    base, mirrored, doubled = sizes(ids, (0.5, 0.4)), sizes(ids[::-1], (0.5, 0.4)), sizes(ids, (1.0, 0.8))
    for name, item in base.items():
        factor = {"": 1.0, "um": 2.0, "um2": 4.0}[GLOSSARY[name].unit]
        # the constants of the standards are rounded: log10(4) times 3.321928 and 3.3223
        shift = -math.log10(4) * {"astm_g_planimetric": 3.321928, "astm_g_e2627": 3.3223}.get(name, 0.0)
        numbers = np.array([item.value, item.low, item.high])
        np.testing.assert_allclose([mirrored[name].value, mirrored[name].low, mirrored[name].high], numbers, rtol=1e-9)
        moved = np.array([doubled[name].value, doubled[name].low, doubled[name].high])
        np.testing.assert_allclose(moved, numbers * factor + shift, rtol=1e-9)


def test_wrong_inputs_are_named() -> None:
    """A least size below one point and more indexed points than points are refused."""
    ids = np.ones((4, 4), dtype=np.int32)
    with pytest.raises(MeasurementError, match="min_pixels: found 0"):
        sizes(ids, min_pixels=0)
    with pytest.raises(MeasurementError, match="indexed_count: found 9 of 4 points"):
        grain_size_quantities(
            table_of(ids),
            point_count=4,
            indexed_count=9,
            extent_um=(4, 4),
            step_um=(1, 1),
            cut_borders=ALL,
            min_pixels=1,
        )
