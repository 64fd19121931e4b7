"""The grains recipe from EBSD map to result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import sodalite
from sodalite.batch.inputs import find_inputs
from sodalite.cli import main
from sodalite.ebsd import FRAMES
from sodalite.errors import CalibrationError, MeasurementError, ReadError, RecipeError
from sodalite.phantoms.map_files import write_ang, write_ctf
from sodalite.phantoms.maps import MapPhantom, make_map
from sodalite.pipelines.grains import Frame, Grains

GROWTH_QUANTITIES = ("columnarity", "boundary_alignment", *(f"texture_{hkl}_fraction" for hkl in ("100", "110", "111")))

FOLLOW_STEP = ("ecd_mean", "ecd_area", "grain_area", "intercept_mean", "boundary_length_density", "astm_g")


@pytest.fixture(scope="module")
def phantom() -> MapPhantom:
    """Return a square map of two dozen whole grains with points that are not indexed."""
    return make_map((120, 160), 0.5, grains=60, seed=2, unindexed_fraction=0.03, noise_deg=0.3)


@pytest.fixture(scope="module")
def result(phantom: MapPhantom) -> sodalite.Result:
    """Return what is measured on it with every grain kept."""
    return Grains(min_pixels=1).run(phantom.ebsd)


@pytest.fixture(scope="module")
def film() -> MapPhantom:
    """Return a columnar film between two faces, <110> along growth."""
    return make_map((100, 160), 0.5, grains=14, seed=4, structure="columnar", film_um=(10, 40), texture="110")


@pytest.mark.parametrize("lattice", ["square", "hex"])
def test_planted_grains_are_found_one_by_one(lattice: str) -> None:
    """Labels are those drawn, points and areas exact, GOS and KAM those of the definition."""
    drawn = make_map((90, 110), 0.4, grains=40, seed=5, lattice=lattice, unindexed_fraction=0.02)
    found = Grains(min_pixels=1).run(drawn.ebsd)
    assert found.labels["labels"].dtype == np.uint32
    np.testing.assert_array_equal(found.labels["labels"], drawn.labels)
    table = found.tables["grains"]
    for column in ("label", "pixels"):
        np.testing.assert_array_equal(table[column], drawn.grains[column])
    for column in ("area_um2", "ecd_um", "gos_deg", "x_um", "y_um"):
        np.testing.assert_allclose(table[column], drawn.grains[column], atol=1e-6, err_msg=column)
    many = table["pixels"] > 1
    np.testing.assert_allclose(table["kam_deg"][many], drawn.grains["kam_deg"][many], atol=1e-6)
    assert set(table["phase"]) == {"Sodium"}
    assert set(found.arrays) == ({"grain_ids"} if lattice == "hex" else set())


@pytest.mark.parametrize(
    ("quantity", "relative"),
    [
        ("grain_count", 0),
        ("indexed_fraction", 0),
        ("gos_mean", 1e-6),
        ("kam_mean", 0.01),
        ("misorientation_mean", 0.02),
    ],
)
def test_planted_quantities_are_measured(
    phantom: MapPhantom, result: sodalite.Result, quantity: str, relative: float
) -> None:
    """Counts are exact; boundaries weigh with their smoothed length here and by links in the truth."""
    assert result[quantity].value == pytest.approx(phantom.truth[quantity], rel=relative)


def test_every_quantity_is_emitted_once(result: sodalite.Result) -> None:
    """The numbers are those of the glossary of grains, in its order."""
    from sodalite.glossary import GLOSSARY_OF

    assert [q.quantity for q in result] == list(GLOSSARY_OF["grains"])


def test_small_grains_are_listed_but_do_not_count(phantom: MapPhantom, result: sodalite.Result) -> None:
    """`min_pixels` changes numbers, not labels; the table tells which grains count."""
    large = Grains(min_pixels=100).run(phantom.ebsd)
    np.testing.assert_array_equal(large.labels["labels"], result.labels["labels"])
    table = large.tables["grains"]
    assert len(table) == phantom.truth["grain_count"]
    assert list(table["counted"]) == list(table["pixels"] >= 100)
    assert large["grain_count"].value == table["counted"].sum() < len(table)


def test_sensitivity_holds_the_run_itself(phantom: MapPhantom, result: sodalite.Result) -> None:
    """Sixteen rows; the one of the recipe's own settings has its numbers."""
    table = result.tables["sensitivity"]
    assert len(table) == 16
    own = table[(table["boundary_deg"] == 5) & (table["min_pixels"] == 1)].iloc[0]
    for quantity, column in (("grain_count", "grain_count"), ("ecd_mean", "ecd_mean_um")):
        assert own[column] == pytest.approx(result[quantity].value)


def test_without_growth_direction_numbers_are_withheld(result: sodalite.Result) -> None:
    """Columnarity, alignment and texture tell that the field is not set."""
    for quantity in GROWTH_QUANTITIES:
        assert np.isnan(result[quantity].value)
        assert result[quantity].note == "growth_direction is not set"
    assert result.tables["grains"]["spans_film"].isna().all()
    assert "column_width" not in result.tables


def test_columns_of_a_film(film: MapPhantom) -> None:
    """All columns span the film, boundaries stand upright, all crystals have <110> along growth."""
    found = Grains(growth_direction="up").run(film.ebsd)
    assert found["columnarity"].value == 1
    assert found["boundary_alignment"].value == pytest.approx(1)
    assert found["texture_110_fraction"].value == film.truth["texture_110_fraction"] == 1
    assert found.tables["grains"]["spans_film"].all()
    width = found.tables["column_width"]
    assert list(width["height_um"]) == pytest.approx([1.5 + 3 * k for k in range(10)])
    # 13 boundaries in the 159 gaps of 0.5 um between the first point and the last
    assert list(width["width_um"]) == pytest.approx([159 * 0.5 / 13] * 10)


@pytest.mark.parametrize(("direction", "top_um", "bottom_um"), [("up", 10, 40), ("down", 40, 10), ("-y", None, 40)])
def test_faces_of_the_film_may_be_stated(
    film: MapPhantom, direction: str, top_um: float | None, bottom_um: float
) -> None:
    """The true faces change nothing; faces twice as far apart leave no column."""
    found = Grains(growth_direction=direction, film_top_um=top_um, film_bottom_um=bottom_um).run(film.ebsd)
    assert found["columnarity"].value == 1
    if top_um is not None:
        wide = {"film_top_um": top_um + 2 * (top_um - bottom_um), "film_bottom_um": bottom_um}
        assert Grains(growth_direction=direction, **wide).run(film.ebsd)["columnarity"].value == 0


@pytest.mark.parametrize(("named", "axis"), [("up", "-y"), ("down", "y"), ("left", "-x"), ("right", "x")])
def test_words_and_axes_are_the_same_directions(film: MapPhantom, named: str, axis: str) -> None:
    """Both spellings give equal numbers."""
    one, other = (Grains(growth_direction=name).run(film.ebsd) for name in (named, axis))
    for before, after in zip(one, other, strict=True):
        assert after.value == pytest.approx(before.value, nan_ok=True)


def test_out_of_the_map_only_texture_is_measured(film: MapPhantom) -> None:
    """Growth along z leaves columnarity withheld."""
    found = Grains(growth_direction="z").run(film.ebsd)
    assert np.isfinite(found["texture_100_fraction"].value)
    assert found["columnarity"].note == "growth_direction z leaves the map"


def test_its_own_labels_give_the_same_numbers(phantom: MapPhantom, result: sodalite.Result) -> None:
    """Measuring the labels that a run found changes nothing."""
    recipe = Grains(min_pixels=1)
    again = recipe.measure(phantom.ebsd, recipe.segment(phantom.ebsd))
    for before, after in zip(result, again, strict=True):
        assert before == after or (np.isnan(before.value) and np.isnan(after.value))
    with pytest.raises(MeasurementError, match="label this very map"):
        recipe.run(phantom.ebsd, np.zeros((3, 3), np.uint32))


def test_provenance_tells_what_sampling_and_threshold_leave_open(result: sodalite.Result) -> None:
    """The budget holds sampling, scale and how far the sizes move at the next thresholds of the sensitivity table."""
    budget = result.provenance["uncertainty_budget"]
    mean, table = result["ecd_mean"], result.tables["sensitivity"]
    both = np.hypot(budget["ecd_mean"]["sampling"], budget["ecd_mean"]["scale"])
    assert both == pytest.approx([mean.value - mean.low, mean.high - mean.value])
    near = table[table["boundary_deg"].isin([2, 10]) & (table["min_pixels"] == 1)]["ecd_mean_um"]
    moved = [max(0, mean.value - near.min()), max(0, near.max() - mean.value)]
    assert budget["ecd_mean"].get("threshold", [0, 0]) == pytest.approx(moved, abs=1e-9)
    assert "step of the file" in result.provenance["scale"]


def test_the_scale_widens_intervals_as_the_step_would_move_the_numbers(phantom: MapPhantom) -> None:
    """Half the width that the scale adds to each interval is how far the number moves with a step larger by as much."""
    percent = 1.0
    exact, told = (Grains(min_pixels=1, scale_uncertainty_percent=each).run(phantom.ebsd) for each in (0.0, percent))
    (y_um, x_um), factor = phantom.ebsd.spacing_um, 1 + 1.959964 * percent / 100
    larger = replace(phantom.ebsd, grid=replace(phantom.ebsd.grid, spacing_um=(y_um * factor, x_um * factor)))
    moved = Grains(min_pixels=1, scale_uncertainty_percent=0.0).run(larger)
    names = [q.quantity for q in exact if np.isfinite([q.low, q.high]).all() and q.quantity.startswith(FOLLOW_STEP)]
    assert len(names) >= 6
    for name in names:
        added = np.sqrt((told[name].high - told[name].value) ** 2 - (exact[name].high - exact[name].value) ** 2)
        assert added == pytest.approx(abs(moved[name].value - exact[name].value), rel=0.03), name


def test_filling_and_clean_up_are_counted(phantom: MapPhantom) -> None:
    """Filled points belong to grains without changing what was indexed; clean-ups tell how much they changed."""
    filled = Grains(min_pixels=1, fill=True).run(phantom.ebsd)
    assert (filled.labels["labels"] > 0).all()
    assert filled["indexed_fraction"].value == pytest.approx(0.97)
    assert filled.provenance["filled_fraction"] == pytest.approx(0.03)
    cleaned = Grains(gap_steps=3, replace_spikes=True, island_pixels=5).run(phantom.ebsd)
    changed = cleaned.provenance["clean_up_changed_fraction"]
    assert changed["gap_steps"] == pytest.approx(0.03)
    assert 0 < changed["replace_spikes"] < 0.001
    assert 0 < changed["island_pixels"] < 0.001
    assert cleaned["grain_count"].value == Grains().run(phantom.ebsd)["grain_count"].value
    assert cleaned["indexed_fraction"].value == pytest.approx(0.97)


@pytest.mark.parametrize("fill", [False, True])
def test_twins_are_merged(fill: bool) -> None:
    """Each lamella joins the crystal it was cut from; neighbours that no twin boundary joins stay apart."""
    drawn = make_map((90, 120), 0.5, grains=20, seed=9, twins=4, unindexed_fraction=0.02)
    plain, merged = (Grains(min_pixels=1, fill=fill, merge_twins=join).run(drawn.ebsd) for join in (False, True))
    assert plain["sigma3_fraction"].value > 0
    assert merged["sigma3_fraction"].value == 0
    assert merged["grain_count"].value < plain["grain_count"].value


def test_two_thresholds_break_a_gradient_that_one_chains() -> None:
    """A crystal bent by 0.5 degrees a point is one grain at 5 degrees and several whose means differ by less."""
    bent = make_map((30, 120), 1.0, grains=1, seed=3, gradient_deg_um=0.5, noise_deg=0.0)
    one, several = (Grains(min_pixels=1, boundary_low_deg=low).run(bent.ebsd) for low in (None, 0.4))
    assert several["grain_count"].value > one["grain_count"].value


def test_phases_are_chosen_by_name_or_number() -> None:
    """Grains of other phases are gone; a name that no phase has is refused."""
    from sodalite.phantoms.maps import ALUMINIUM, SODIUM

    drawn = make_map(
        (60, 80), 0.5, grains=30, seed=6, phases=(SODIUM, ALUMINIUM), film_phases=2, phase_fractions=(0.5, 0.5)
    )
    both = Grains(min_pixels=1).run(drawn.ebsd)
    parts = [Grains(min_pixels=1, phases=name).run(drawn.ebsd) for name in ("sodium", "2")]
    assert sum(part["grain_count"].value for part in parts) == both["grain_count"].value
    assert [set(part.tables["grains"]["phase"]) for part in parts] == [{"Sodium"}, {"Aluminium"}]
    assert "between phases" in both["misorientation_mean"].note
    with pytest.raises(MeasurementError, match="phases names none"):
        Grains(phases="NZSP").run(drawn.ebsd)


def test_numbers_follow_their_unit(phantom: MapPhantom, tmp_path: Path) -> None:
    """With a step told twice as large lengths double, areas quadruple, angles stay."""
    write_ang(phantom.ebsd, tmp_path / "map.ang")
    recipe = Grains(growth_direction="up", min_pixels=5)
    small, large = (recipe.run(recipe.read(tmp_path / "map.ang", pixel_size_um=step)) for step in (None, 1.0))
    power = {"": 0, "deg": 0, "um": 1, "um2": 2, "um-1": -1}
    for before, after in zip(small, large, strict=True):
        if before.quantity.startswith("astm_g"):
            assert before.value - after.value == pytest.approx(2, abs=0.001)
        else:
            factor = 2.0 ** power[before.unit]
            assert after.value == pytest.approx(before.value * factor, nan_ok=True), before.quantity
    with pytest.raises(CalibrationError, match="is no step"):
        recipe.read(tmp_path / "map.ang", pixel_size_um=-1.0)


def test_turning_the_map_turns_the_directions(film: MapPhantom) -> None:
    """Rows as columns and growth to the left instead of up give the same film."""
    from sodalite.ebsd import EbsdMap

    ebsd = film.ebsd
    turned = EbsdMap.from_points(
        ebsd.euler_rad, ebsd.phase_id, ebsd.phases, ebsd.y_um, ebsd.x_um, frame=ebsd.frame, name="turned"
    )
    upright, lying = Grains(growth_direction="up").run(ebsd), Grains(growth_direction="left").run(turned)
    for quantity in ("grain_count", "ecd_mean", "columnarity", "boundary_alignment", "aspect_ratio_mean"):
        assert lying[quantity].value == pytest.approx(upright[quantity].value, rel=0.01), quantity
    for column in ("height_um", "width_um"):
        np.testing.assert_allclose(lying.tables["column_width"][column], upright.tables["column_width"][column])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"boundary_deg": 0}, "boundary_deg"),
        ({"boundary_low_deg": 5}, "boundary_low_deg"),
        ({"growth_direction": "sideways"}, "growth_direction"),
        ({"film_top_um": 1}, "film_top_um"),
        ({"film_top_um": 5, "film_bottom_um": 1, "growth_direction": "up"}, "film_top_um"),
        ({"frame": "unknown"}, "frame"),
    ],
)
def test_a_wrong_recipe_is_one_short_sentence(fields: dict[str, object], named: str) -> None:
    """The message names the field and does not print the whole recipe."""
    with pytest.raises(RecipeError, match=named) as error:
        Grains.from_fields(fields)
    assert len(str(error.value)) < 200


def test_frames_of_the_recipe_are_those_of_maps() -> None:
    """The recipe offers every frame that a map may have."""
    assert set(get_args(Frame)) == set(FRAMES)


def test_folder_and_script_agree(phantom: MapPhantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and labels are the same to the byte, pictures are there, notes beside the maps are left alone."""
    monkeypatch.setattr("sodalite.batch.run.code_hash", lambda: "code")
    maps = tmp_path / "maps"
    (maps / "sub").mkdir(parents=True)
    write_ang(phantom.ebsd, maps / "square.ang")
    hexagonal = make_map((40, 50), 0.5, grains=12, seed=3, lattice="hex", frame="channel5")
    write_ctf(hexagonal.ebsd, maps / "sub" / "hex.ctf")
    (maps / "notes.txt").write_text("The first map was taken twice.")
    command = ["run", "grains", str(maps), "--set", "growth_direction=up", "--workers", "1", "--figures", "-o"]
    assert main([*command, str(tmp_path / "out")]) == 0
    for image in ("square.ang", "sub/hex.ctf"):
        recipe = Grains(growth_direction="up")
        sample = recipe.read(maps / image)
        folder = recipe.run(replace(sample, name=image)).save(tmp_path / "script" / Path(image).stem)
        own = tmp_path / "out" / Path(image).with_suffix("")
        for path in folder.iterdir():
            if path.name != "provenance.json":
                assert path.read_bytes() == (own / path.name).read_bytes(), path.name
        assert {"ipf.png", "grains.png", "kam.png", "overlay.png"} <= {path.name for path in own.iterdir()}
        assert len(list(own.glob("*.svg"))) == 3
    ids = sodalite.load_result(tmp_path / "out/sub/hex").arrays["grain_ids"]
    np.testing.assert_array_equal(ids, hexagonal.grain_ids)
    assert main([*command, str(tmp_path / "again"), "--labels", str(tmp_path / "out")]) == 0
    assert (tmp_path / "again/grains.csv").read_bytes() == (tmp_path / "out/grains.csv").read_bytes()


def test_a_pair_of_files_is_one_sample(tmp_path: Path) -> None:
    """Of .cpr and .crc the second stands for both; a .cpr alone is offered, and its partner missed by name."""
    for name in ("a.cpr", "a.crc", "B.CPR", "B.CRC", "lone.cpr"):
        (tmp_path / name).write_text("[General]\n")
    _, inputs = find_inputs([tmp_path], tmp_path / "out", Grains.extensions, pairs=Grains.pairs, takes=Grains.takes)
    assert [item.image for item in inputs] == ["B.CRC", "a.crc", "lone.cpr"]
    with pytest.raises(ReadError, match=r"lone\.crc"):
        Grains().read(tmp_path / "lone.cpr")


@pytest.mark.parametrize(
    ("file", "fields", "grains"),
    [
        ("defdap/testDataEBSD.crc", {"min_pixels": 1}, 141),
        ("defdap/testDataEBSD.crc", {"min_pixels": 10}, 109),
        ("defdap/testDataEBSD.crc", {"min_pixels": 100}, 76),
        ("mtex/titanium.txt", {"min_pixels": 1, "boundary_deg": 15, "symmetry": "6/mmm"}, 85),
        ("mtex/twins.ctf", {"min_pixels": 1, "boundary_deg": 15}, 121),
        ("pymicro/Ti64-200x200.ang", {"min_pixels": 1}, 359),
        ("lightform/HeatingRun1_970C_2um.crc", {"min_pixels": 1}, 2258),
        ("pyebsd/ADI_bcc_fcc_cropped.ang", {"min_pixels": 1, "fill": True}, 494),
        ("mtex/P5629U1.txt", {"min_pixels": 1, "fill": True, "symmetry": "-1,312,2/m,2/m"}, 4850),
    ],
)
def test_real_maps_have_the_grains_of_other_programs(
    shared_data: Path, file: str, fields: dict[str, object], grains: int
) -> None:
    """Counts that DefDAP, pymicro and MTEX give for the same settings."""
    recipe = Grains.from_fields(fields)
    assert recipe.run(recipe.read(shared_data / "ebsd" / file))["grain_count"].value == grains


def test_a_published_mean_area_is_met(shared_data: Path) -> None:
    """ASTM E2627 on the example of mtex-grain-size: 50 grains, 693.7 um2, 7.539 by the constants of E112."""
    recipe = Grains()
    found = recipe.run(recipe.read(shared_data / "ebsd/payton/Example_Data1.ctf"))["astm_g_e2627"]
    assert found.n == 50
    assert "7.539 by the constants of ASTM E112" in found.note
    assert 10 ** ((-2.995 - found.value) / 3.3223) * 1e6 == pytest.approx(693.7, abs=0.05)


def test_unknown_symmetry_is_asked_for(shared_data: Path) -> None:
    """A table without phases is refused in a sentence that names the field."""
    recipe = Grains()
    with pytest.raises(MeasurementError, match="set symmetry"):
        recipe.run(recipe.read(shared_data / "ebsd/mtex/titanium.txt"))
