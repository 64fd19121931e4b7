"""Registration of series whose grains grow much from step to step, or that show several places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from disc_series import disc_labels, map_of
from polycrystals import random_rotations
from sodalite.ebsd import EbsdMap
from sodalite.phantoms.maps import SODIUM
from sodalite.pipelines import coarsening_registration
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries

if TYPE_CHECKING:
    import pytest

SHIFT = (8, -5)
"""Rows and columns by which the second map of a place lies beside the first."""


def coarse_pair(*, same_crystals: bool, seed: int = 2) -> MapSeries:
    """Return two maps: of 300 grains the smaller half vanishes and the centres of the others move, the map shifts."""
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(-20, 220, (430, 2))
    wide = np.stack(np.indices((240, 240)), axis=-1).reshape(-1, 2) - 20
    area = np.bincount(cKDTree(seeds).query(wide)[1], minlength=len(seeds))
    kept = np.flatnonzero(area > np.median(area))
    moved = seeds[kept] + rng.normal(0, 2, (kept.size, 2))
    places = np.stack(np.indices((200, 200)), axis=-1).reshape(-1, 2)
    before = cKDTree(seeds).query(places)[1]
    after = kept[cKDTree(moved).query(places + SHIFT)[1]]
    crystals = random_rotations(len(seeds), rng)
    others = crystals if same_crystals else random_rotations(len(seeds), rng)
    return MapSeries.from_maps([_map(before, crystals, "s0.ang"), _map(after, others, "s1.ang")], times_h=(0, 5))


def _map(cells: np.ndarray, crystals: np.ndarray, name: str) -> EbsdMap:
    y, x = np.indices((200, 200)) * 0.5
    ones = np.ones(cells.size, dtype=np.int16)
    return EbsdMap.from_quaternions(crystals[cells], ones, (SODIUM,), x.ravel(), y.ravel(), frame="tsl", name=name)


def test_grains_that_grew_much_show_the_same_place() -> None:
    """Where boundaries moved too far to fit orientations lay the maps over each other, and the numbers say so."""
    found = Coarsening().run(coarse_pair(same_crystals=True))
    steps = found.tables["steps"]
    assert list(steps["tracked"]) == [True, True]
    np.testing.assert_allclose([steps["shift_y_um"][1], steps["shift_x_um"][1]], np.array(SHIFT) * 0.5, atol=1.0)
    assert found["vanished_count"].value > 100
    assert "s1.ang: grains changed too much since s0.ang" in found["measured_step_count"].note
    assert found.provenance["transforms"]["s1.ang"]["source"] == "grains"


def test_other_crystals_in_like_boundaries_vouch_for_nothing() -> None:
    """The same boundaries with other orientations stay another place."""
    found = Coarsening().run(coarse_pair(same_crystals=False))
    assert list(found.tables["steps"]["tracked"]) == [True, False]


def place(seed: int, time_h: float) -> EbsdMap:
    """Return a map of discs of one of many places at a time."""
    return map_of(disc_labels(time_h, seed=seed)[:, :: 1 - 2 * (seed % 2)], f"p{seed}_{time_h:g}.ang", seed=seed)


def test_of_several_places_the_one_with_most_maps_is_tracked() -> None:
    """Two maps of one place before and among four of another cost themselves, with the way out."""
    maps = [place(20, 0.0), place(31, 0.0), place(20, 1.0), *(place(31, time) for time in (1.0, 2.0, 3.0))]
    found = Coarsening(min_pixels=4).run(MapSeries.from_maps(maps))
    assert list(found.tables["steps"]["tracked"]) == [False, True, False, True, True, True]
    for number, other in ((0, "p20_1.ang"), (2, "p20_0.ang")):
        note = found.tables["steps"]["note"][number]
        assert f"fits {other} and not the 4 maps that are tracked" in note


def test_steps_of_which_none_fits_cost_a_few_comparisons_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight places no map is laid over another, and none is compared with all."""
    compared = []
    laid = coarsening_registration._transform

    def counted(*arguments: object) -> object:
        compared.append(arguments)
        return laid(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(coarsening_registration, "_transform", counted)
    found = Coarsening(min_pixels=4).run(MapSeries.from_maps([place(60 + k, 0.0) for k in range(8)]))
    assert list(found.tables["steps"]["tracked"]) == [True, *7 * [False]]
    assert len(compared) <= 3 * 7
