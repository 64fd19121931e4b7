"""The coarsening recipe from maps to result: planted discs, bad series, given labels and transforms, real sections."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from disc_series import MOBILITY_UM2_H, STEP_UM, disc_labels, disc_maps, map_of, radii_um, write_discs
from measure.voronoi_maps import voronoi_labels
from polycrystals import random_rotations
from sodalite.ebsd import EbsdMap
from sodalite.errors import MeasurementError, ReadError, RecipeError
from sodalite.glossary import GLOSSARY, GLOSSARY_OF
from sodalite.phantoms.maps import NZSP, SODIUM
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries

if TYPE_CHECKING:
    from pathlib import Path

    import sodalite

TIMES_H = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
CELLS = 12
RECIPE = Coarsening(min_pixels=4)


@pytest.fixture(scope="module")
def series() -> MapSeries:
    """Return six maps in which twelve discs shrink and some vanish."""
    return MapSeries.from_maps(disc_maps(TIMES_H), times_h=TIMES_H, name="discs")


@pytest.fixture(scope="module")
def result(series: MapSeries) -> sodalite.Result:
    """Return what is measured on it."""
    return RECIPE.run(series)


def planted_vanish() -> dict[int, int]:
    """Return disc -> first step that does not show it with 4 points."""
    gone = {}
    for disc in range(1, CELLS + 1):
        sizes = [int((disc_labels(time) == CELLS + disc).sum()) for time in TIMES_H]
        first = next((step for step, size in enumerate(sizes) if size < RECIPE.min_pixels), None)
        if first is not None:
            gone[disc] = first
    return gone


def track_of(result: sodalite.Result, label: int, step: int = 0) -> int:
    """Return the track of a planted label."""
    ids = result.labels[f"labels_{step:02d}"][disc_labels(TIMES_H[step]) == label]
    return int(np.bincount(ids).argmax())


def test_every_planted_disc_that_vanishes_is_found(result: sodalite.Result) -> None:
    """Vanish events are those planted, at their steps; nothing appears, merges, splits or leaves."""
    planted = planted_vanish()
    assert len(planted) >= 3
    events = result.tables["events"]
    vanish = events[events["kind"] == "vanish"]
    found = dict(zip(vanish["track"], vanish["step"], strict=True))
    assert found == {track_of(result, CELLS + disc): step for disc, step in planted.items()}
    assert result["vanished_count"].value == len(planted)
    for kind in ("appeared", "merged", "split", "left_view"):
        assert result[f"{kind}_count"].value == 0, kind


def test_tracks_keep_their_number_and_orientation(result: sodalite.Result) -> None:
    """Every grain has one number in all steps, in labels and table; its orientation does not move."""
    for label in (1, CELLS, 2 * CELLS):
        assert len({track_of(result, label, step) for step in range(6)}) == 1
    tracks = result.tables["tracks"]
    assert (tracks["label"] == tracks["track"]).all()
    assert tracks["misorientation_deg"].max() < 0.1
    step_3 = tracks[tracks["step"] == 3].set_index("track")
    ids, pixels = np.unique(result.labels["labels_03"], return_counts=True)
    for track, count in zip(ids.tolist(), pixels.tolist(), strict=True):
        if track:
            assert step_3.loc[track, "area_um2"] == pytest.approx(count * STEP_UM**2)


def test_areas_fall_linearly_and_boundaries_move_as_planted(result: sodalite.Result) -> None:
    """A disc loses 2 pi m of area an hour, and its boundary moves by the change of its radius towards it."""
    rates, motion = result.tables["rates"], result.tables["velocities"]
    track = track_of(result, 2 * CELLS)
    own = rates[rates["track"] == track]
    assert own["area_rate_um2_h"].mean() == pytest.approx(-2 * math.pi * MOBILITY_UM2_H, rel=0.03)
    host = track_of(result, CELLS)
    pair = motion[(motion["track_1"] == min(track, host)) & (motion["track_2"] == max(track, host))]
    moved = [radii_um(CELLS, a)[-1] - radii_um(CELLS, b)[-1] for a, b in itertools.pairwise(TIMES_H)]
    sign = 1 if host < track else -1
    np.testing.assert_allclose(sign * pair["displacement_um"], moved, atol=0.08)
    np.testing.assert_allclose(pair["velocity_um_h"], pair["displacement_um"] / 2)


def test_every_quantity_is_emitted_once(result: sodalite.Result) -> None:
    """The numbers are those of the glossary of coarsening, in the glossary's order; what is withheld says why."""
    names = [q.quantity for q in result]
    assert set(names) == set(GLOSSARY_OF["coarsening"])
    assert names == sorted(names, key=list(GLOSSARY).index)
    assert all(q.note for q in result if math.isnan(q.value))
    assert result["growth_constant_charge"].note == "no charge is told"


def test_identical_maps_have_no_events_and_no_motion() -> None:
    """Three copies: every grain found again, nothing moves, no exponent."""
    copies = [map_of(disc_labels(0), f"s{k}.ang") for k in range(3)]
    found = RECIPE.run(MapSeries.from_maps(copies, times_h=(0, 1, 2)))
    assert found.tables["events"].empty
    assert found["tracked_fraction"].value == 1
    assert found["boundary_velocity"].value == pytest.approx(0, abs=1e-9)
    assert found["growth_constant"].value == pytest.approx(0, abs=1e-6)
    assert math.isnan(found["growth_exponent"].value)
    assert found["growth_exponent"].note.startswith("3 usable steps")


def test_an_error_of_the_scale_is_one_for_all_steps(series: MapSeries, result: sodalite.Result) -> None:
    """The scale widens the interval of K by twice its own, side by side, and leaves values and exponent as they are."""
    exact = RECIPE.replace(scale_uncertainty_percent=0).run(series)
    assert [q.value for q in exact if np.isfinite(q.value)] == [q.value for q in result if np.isfinite(q.value)]
    assert repr(exact["growth_exponent"]) == repr(result["growth_exponent"])
    relative = 1.959964 * RECIPE.scale_uncertainty_percent / 100
    for name, power in (("growth_constant", 2), ("growth_constant_step", 2), ("ecd_mean_last", 1)):
        before, after = exact[name], result[name]
        for end in ("low", "high"):
            moved = np.hypot(getattr(before, end) - before.value, power * relative * before.value)
            assert abs(getattr(after, end) - after.value) == pytest.approx(moved, rel=1e-5), name


def test_without_times_rates_are_withheld_and_steps_counted(series: MapSeries) -> None:
    """What needs hours says that none are told; displacements and the constant a step remain."""
    found = RECIPE.run([step.ebsd for step in series.steps if step.ebsd is not None])
    for name in ("growth_constant", "boundary_velocity", "hillert_mobility", "von_neumann_mobility"):
        assert found[name].note == "no times are told"
    assert math.isfinite(found["growth_constant_step"].value)
    assert found["boundary_displacement"].value > 0


def test_a_new_section_breaks_rates_but_no_distribution(series: MapSeries, result: sodalite.Result) -> None:
    """Across a repolished step there are no velocities and rates, and its events do not count."""
    flags = (False, False, False, True, False, False)
    maps = [step.ebsd for step in series.steps if step.ebsd is not None]
    found = RECIPE.run(MapSeries.from_maps(maps, times_h=TIMES_H, repolished=flags))
    for name in ("velocities", "rates"):
        assert set(found.tables[name]["step"]) == {0, 1, 3, 4}
        assert set(result.tables[name]["step"]) == {0, 1, 2, 3, 4}
    assert found["growth_constant"].value == result["growth_constant"].value
    crossing = planted_vanish()
    assert found["vanished_count"].value == sum(step != 3 for step in crossing.values())
    assert (found.tables["events"]["other_plane"] == (found.tables["events"]["step"] == 3)).all()


def test_bad_steps_cost_themselves(series: MapSeries) -> None:
    """Another magnification and another phase each get a sentence; the rest is measured."""
    maps = [step.ebsd for step in series.steps if step.ebsd is not None]
    maps[1] = map_of(disc_labels(2.0), "coarse.ang", step_um=1.0)
    maps[4] = map_of(disc_labels(8.0), "nzsp.ang", phase=NZSP)
    found = RECIPE.run(MapSeries.from_maps(maps, times_h=TIMES_H))
    assert found["measured_step_count"].value == 4
    note = found["measured_step_count"].note
    assert "coarse.ang: step 1 x 1 um where the other maps have 0.5 x 0.5 um" in note
    assert "nzsp.ang: phases NZSP where the other maps have Sodium" in note
    assert list(found.labels) == ["labels_00", "labels_02", "labels_03", "labels_05"]
    assert list(found.tables["steps"]["tracked"]) == [True, False, True, True, False, True]
    assert found.provenance["failed_steps"]["nzsp.ang"]["error"] == "MeasurementError"


def test_a_map_of_another_place_is_not_tracked(series: MapSeries) -> None:
    """A step that does not fit keeps its sizes and has the reason; the steps around it are tracked through."""
    maps = [step.ebsd for step in series.steps if step.ebsd is not None]
    maps[2] = map_of(disc_labels(3.0, seed=99)[::-1, ::-1], "elsewhere.ang", seed=5)
    found = RECIPE.run(MapSeries.from_maps(maps, times_h=TIMES_H))
    steps = found.tables["steps"]
    assert list(steps["tracked"]) == [True, True, False, True, True, True]
    assert "elsewhere.ang: does not fit" in steps["note"][2]
    assert np.isfinite(steps["ecd_mean_um"][2])
    assert "step 2 counts, which does not lie over the others" in found["growth_constant"].note
    assert set(found.tables["tracks"]["step"]) == {0, 1, 3, 4, 5}


def test_a_first_map_of_another_place_costs_itself() -> None:
    """Where nothing fits the first map the others are tracked without it."""
    maps = disc_maps(TIMES_H[:4])
    maps[0] = map_of(disc_labels(3.0, seed=99)[::-1, ::-1], "elsewhere.ang", seed=5)
    found = RECIPE.run(MapSeries.from_maps(maps))
    assert list(found.tables["steps"]["tracked"]) == [False, True, True, True]
    assert "elsewhere.ang: no later map fits on it" in found.tables["steps"]["note"][0]
    assert found["vanished_count"] == RECIPE.run(MapSeries.from_maps(maps[1:]))["vanished_count"]


def test_maps_of_different_places_have_a_growth_constant_but_no_tracks() -> None:
    """Samples of places that do not fit: K of the whole structures, though a border cuts and points are missing."""
    sides, hours, windows = (9.0, 20.0), 4.0, 12
    mosaics = [voronoi_labels((900 / side) ** 2, (900, 900), seed=k) for k, side in enumerate(sides)]
    first_um, last_um = (_mean_of_centred_um(mosaic) for mosaic in mosaics)
    rng, constants = np.random.default_rng(0), []
    for place in range(windows):
        row, column = 220 * (place // 4), 220 * (place % 4)
        cut = (slice(row, row + 220), slice(column, column + 220))
        seen = [np.where(rng.random((220, 220)) < 0.03, 0, mosaic[cut]) for mosaic in mosaics]
        maps = [_map_of_many(labels, f"m{k}.ang", rng) for k, labels in enumerate(seen)]
        found = Coarsening().run(MapSeries.from_maps(maps, times_h=(0.0, hours)))
        constants.append(found["growth_constant"].value)
        assert np.isnan(found["tracked_fraction"].value)
        assert found["tracked_fraction"].note == "no two steps fit each other"
    assert np.mean(constants) == pytest.approx((last_um**2 - first_um**2) / hours, rel=0.02)


def _mean_of_centred_um(mosaic: np.ndarray) -> float:
    """Return the mean diameter of the grains whose centre lies off the border, which choice favours no size."""
    areas = np.bincount(mosaic.ravel())[1:]
    centres = np.array([np.bincount(mosaic.ravel(), place.ravel())[1:] / areas for place in np.indices(mosaic.shape)])
    inside = ((centres > 60) & (centres < np.array(mosaic.shape)[:, None] - 60)).all(axis=0)
    return float(2 * STEP_UM * np.sqrt(areas[inside] / np.pi).mean())


def _map_of_many(labels: np.ndarray, name: str, rng: np.random.Generator) -> EbsdMap:
    quaternions = random_rotations(int(labels.max()) + 1, rng)[labels.ravel()]
    y, x = np.indices(labels.shape) * STEP_UM
    indexed = (labels.ravel() > 0).astype(np.int16)
    return EbsdMap.from_quaternions(quaternions, indexed, (SODIUM,), x.ravel(), y.ravel(), frame="tsl", name=name)


def test_folders_with_trouble_are_measured_as_far_as_they_go(tmp_path: Path) -> None:
    """A broken file, a missing one and rows out of order: a sentence each, the other steps measured."""
    folder = write_discs(tmp_path / "s", TIMES_H)
    (folder / "s1.ang").write_bytes(b"broken")
    (folder / "s2.ang").unlink()
    lines = (folder / "series.csv").read_text().splitlines()
    (folder / "series.csv").write_text("\n".join([lines[0], *lines[:3:-1], *lines[1:4], ""]))
    found = RECIPE.run(RECIPE.read(folder))
    note = found["measured_step_count"].note
    assert found["measured_step_count"].value == 4
    assert set(found.provenance["failed_steps"]) == {"s1.ang", "s2.ang"}
    assert note.count("s2.ang") == 1
    assert "s2.ang: is not in the folder" in note
    assert "in the order of their times" in note
    assert list(found.tables["steps"]["time_h"]) == list(TIMES_H)


def test_steps_in_the_wrong_order_are_told(result: sodalite.Result) -> None:
    """Grains that are gone in one step and back in the next say so; in the right order nothing does."""
    told = "check the order"
    assert told not in result["measured_step_count"].note
    exchanged = MapSeries.from_maps(disc_maps((0.0, 16.0, 4.0)), times_h=(0.0, 4.0, 16.0))
    note = RECIPE.run(exchanged)["measured_step_count"].note
    assert note.startswith("s1.ang: ")
    assert told in note


def test_a_map_that_breaks_off_is_in_its_place(series: MapSeries) -> None:
    """Grains that lie where a shorter map shows nothing are not gone from it."""
    maps = [step.ebsd for step in series.steps if step.ebsd is not None]
    maps[2] = map_of(disc_labels(TIMES_H[2])[:50], "s2.ang")
    found = RECIPE.run(MapSeries.from_maps(maps, times_h=TIMES_H))
    assert list(found.tables["steps"]["tracked"]) == [True] * 6
    assert not [text for text in found.provenance["warnings"] if "wrong place" in text]


def test_what_files_contradict_themselves_in_is_told_of_each() -> None:
    """Once where all files do, led by the name of the step where one does."""
    maps = [dataclasses.replace(ebsd, warnings=("header: old",)) for ebsd in disc_maps(TIMES_H[:3])]
    maps[1] = dataclasses.replace(maps[1], warnings=("header: old", "cells: too few"))
    told = RECIPE.run(MapSeries.from_maps(maps)).provenance["warnings"]
    assert told == ["header: old", "s1.ang: cells: too few"]


def test_points_in_no_grain_are_told_until_they_are_filled() -> None:
    """A tenth of the points missing at random makes grains too small; a hole in the map does not."""
    rng = np.random.default_rng(3)
    holed, scattered = disc_labels(0.0), disc_labels(0.0)
    holed[20:50, 30:70] = 0
    scattered[rng.random(scattered.shape) < 0.1] = 0
    for labels, fill, told in ((holed, False, False), (scattered, False, True), (scattered, True, False)):
        found = Coarsening(min_pixels=4, fill=fill).run(
            MapSeries.from_maps([map_of(labels, f"s{k}.ang") for k in range(2)])
        )
        assert ("set fill=true" in found["ecd_mean_first"].note) == told


def test_folders_that_are_no_series_are_refused(tmp_path: Path) -> None:
    """One map, no map, or fewer than two maps that can be measured."""
    folder = write_discs(tmp_path / "one", TIMES_H[:1], table=False)
    with pytest.raises(ReadError, match="needs two steps or more"):
        RECIPE.read(folder)
    (folder / "t.ang").write_bytes(b"broken")
    with pytest.raises(MeasurementError, match="1 of 2 steps can be measured"):
        RECIPE.run(RECIPE.read(folder))
    with pytest.raises(MeasurementError, match="two or more"):
        RECIPE.run([map_of(disc_labels(0), "a")])


def test_given_labels_are_measured(series: MapSeries, result: sodalite.Result) -> None:
    """The labels of a result give its numbers again; a step without them is segmented."""
    again = RECIPE.run(series, list(result.labels.values()))
    assert [q.value for q in again] == pytest.approx([q.value for q in result], nan_ok=True)
    assert again.provenance["labels"] == "given"
    shuffled = [np.where(labels > 0, 900 - labels, 0) for labels in result.labels.values()]
    renamed = RECIPE.run(series, shuffled)
    for name, table in again.tables.items():
        assert table.equals(renamed.tables[name]), name
    some = RECIPE.run(series, {0: result.labels["labels_00"]})
    assert [q.value for q in some] == pytest.approx([q.value for q in result], nan_ok=True)
    with pytest.raises(MeasurementError, match="labels of 2 steps for 6"):
        RECIPE.run(series, list(result.labels.values())[:2])


def test_a_drifted_map_is_laid_back(series: MapSeries, result: sodalite.Result) -> None:
    """A shift of 7 rows and 4 columns is found to half a step, or taken as told; the tracks stay."""
    whole = [disc_labels(time) for time in TIMES_H[:3]]
    crops = [whole[0][:90, :120], whole[1][7:97, 4:124], whole[2][7:97, 4:124]]
    sample = MapSeries.from_maps([map_of(labels, f"s{k}.ang") for k, labels in enumerate(crops)], times_h=(0, 2, 4))
    told = "1,0,2,0,1,3.5;1,0,0,0,1,0"
    for transform in ("rigid", "affine", told):
        found = RECIPE.replace(transform=transform).run(sample)
        steps = found.tables["steps"]
        np.testing.assert_allclose(steps["shift_x_um"], [0, 2, 2], atol=0.5 * STEP_UM, err_msg=transform)
        np.testing.assert_allclose(steps["shift_y_um"], [0, 3.5, 3.5], atol=0.5 * STEP_UM, err_msg=transform)
        assert found["tracked_fraction"].value > 0.9
    with pytest.raises(MeasurementError, match="3 groups of numbers for 3 steps"):
        RECIPE.replace(transform=";".join(["1,0,0,0,1,0"] * 3)).run(sample)


def test_transforms_can_be_lists_and_nonsense_is_refused() -> None:
    """Nested lists become text; words, short and flat matrices are refused with the reason."""
    recipe = Coarsening.from_fields({"transform": [[1, 0, 0.5], [0, 1, -0.5]]})
    np.testing.assert_array_equal(recipe.given_transforms, [[[1, 0, 0.5], [0, 1, -0.5]]])
    assert Coarsening.from_fields({"transform": None}).transform == "none"
    for wrong in ("turned", "1,0,0", "1,0,0,1,0,0"):
        with pytest.raises(RecipeError, match="transform"):
            Coarsening.from_fields({"transform": wrong})
    with pytest.raises(RecipeError, match="boundary_low_deg"):
        Coarsening.from_fields({"boundary_low_deg": 9})


def test_numbers_follow_the_step_of_the_maps(series: MapSeries, result: sodalite.Result) -> None:
    """With points twice as far apart every number moves as its unit says."""
    powers = {"": 0, "um": 1, "um2": 2, "um2/h": 2, "um/h": 1, "um2/(mAh cm-2)": 2}
    large = RECIPE.run(MapSeries.from_maps(disc_maps(TIMES_H, step_um=2 * STEP_UM), times_h=TIMES_H))
    for before, after in zip(result, large, strict=True):
        if before.quantity == "registration_residual":
            continue
        factor = 2.0 ** powers[before.unit]
        assert after.value == pytest.approx(before.value * factor, rel=1e-3, abs=1e-6, nan_ok=True), before.quantity


def test_sections_of_titanium_are_tracked(shared_data: Path) -> None:
    """Four FIB sections of one place: large grains through all of them, one that shrinks beside one that grows."""
    found = Coarsening(min_pixels=20).run(Coarsening().read(shared_data / "ebsd" / "stabix"))
    tracks = found.tables["tracks"]
    through = tracks.groupby("track").filter(lambda rows: len(rows) == 4)
    area = through.pivot_table(index="track", columns="step", values="area_um2")
    assert len(area) >= 2
    rising, falling = (area.diff(axis=1).iloc[:, 1:] > 0).all(axis=1), (area.diff(axis=1).iloc[:, 1:] < 0).all(axis=1)
    assert rising.any()
    assert falling.any()
    assert through["misorientation_deg"].max() < 10


def test_sections_of_steel_are_one_series(shared_data: Path) -> None:
    """Twelve parallel sections register and keep most of their grains from one to the next."""
    found = Coarsening().run(Coarsening().read(shared_data / "ebsd" / "mtex" / "3dData"))
    assert found["measured_step_count"].value == 12
    assert found["tracked_fraction"].value > 0.7


def test_orientations_refuse_what_boundaries_would_take() -> None:
    """A map with the same boundaries and other crystals does not fit: it shows another place."""
    maps = [map_of(disc_labels(0), "s0.ang"), map_of(disc_labels(1), "s1.ang"), map_of(disc_labels(2), "x.ang", seed=5)]
    found = RECIPE.run(MapSeries.from_maps(maps))
    assert list(found.tables["steps"]["tracked"]) == [True, True, False]
    assert "grains agree in orientation on 0% of the common area" in found.tables["steps"]["note"][2]
