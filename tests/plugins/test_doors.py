"""A click, a folder and a line of code give the same bytes; so do corrections by hand through click and command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

import sodalite
from napari_sodalite.grain_layers import GRAINS
from napari_sodalite.section_layers import ANCHORS, CLASSES
from napari_sodalite.series_layers import TRACKS
from napari_sodalite.session import find_layer
from plugins.conftest import LAYERS, SLOW_MS, open_file, write_map
from sodalite.classes import SectionClass
from sodalite.cli import main
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.series import make_series, write_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

TABLES = ("values.csv", "summary.csv", "profile.csv", "voids.csv", "dead_sodium.csv", "labels.tif", "voids.tif")
GRAIN_TABLES = ("values.csv", "summary.csv", "grains.csv", "boundaries.csv", "sensitivity.csv", "column_width.csv",
                "labels.tif")  # fmt: skip
SERIES_TABLES = ("values.csv", "summary.csv", "steps.csv", "tracks.csv", "events.csv", "kinetics.csv", "rates.csv",
                 "velocities.csv", "labels_00.tif", "labels_02.tif")  # fmt: skip
CHARGE = 1.25


def same(one: Path, two: Path, names: tuple[str, ...] = TABLES) -> None:
    """Check that two result folders hold the same bytes."""
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_three_doors_and_two_corrections(
    viewer: Any,
    dock: Any,
    section: Path,
    tmp_path: Path,
    run: Callable[..., Any],
    save: Callable[..., Path],
    qtbot: QtBot,
) -> None:
    """Click = folder = script; a stroke of the brush = `--labels`; a moved anchor = `--anchors`."""
    images, name = section.parent, section.stem
    open_file(viewer, section)
    qtbot.keyClicks(dock.form.fields["charge_mah_cm2"], f"{CHARGE}")
    run()
    clicked = save(tmp_path / "clicked")
    recipe = str(clicked / "recipe.yaml")
    assert main(["run", recipe, str(images), "-o", str(tmp_path / "folder"), "--workers", "1"]) == 0
    same(clicked / name, tmp_path / "folder" / name)
    script = sodalite.CrossSection(layers=LAYERS, charge_mah_cm2=CHARGE).run(sodalite.read_image(section))
    same(clicked / name, script.save(tmp_path / "script"))

    anchors = find_layer(viewer, ANCHORS)
    assert anchors is not None
    points = anchors.data.copy()
    points[3, 0] -= 4
    anchors.data = points
    assert "press Re-measure (F6)" in dock.footer.status.text()
    run(dock.correction.remeasure)
    dragged = save(tmp_path / "dragged")
    command = ["run", recipe, str(images), "--workers", "1", "-o"]
    assert main([*command, str(tmp_path / "anchored"), "--anchors", str(dragged)]) == 0
    same(dragged / name, tmp_path / "anchored" / name)

    classes = find_layer(viewer, CLASSES)
    assert classes is not None
    classes.brush_size = 7
    classes.paint((85, 160), int(SectionClass.VOID))
    painted_labels = classes.data.copy()
    run(dock.correction.remeasure)
    painted = save(tmp_path / "painted")
    assert main([*command, str(tmp_path / "labelled"), "--labels", str(painted)]) == 0
    same(painted / name, tmp_path / "labelled" / name)
    np.testing.assert_array_equal(sodalite.load_result(painted / name).labels["labels"], painted_labels)


def test_an_earlier_result_comes_back_as_layers(
    viewer: Any,
    dock: Any,
    section: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., Any],
    qtbot: QtBot,
) -> None:
    """Its numbers, its settings and its classes; with the image open it can be measured again."""
    recipe = sodalite.CrossSection(layers=LAYERS, void_seed_sd=6.5)
    folder = recipe.run(sodalite.read_image(section)).save(tmp_path / "earlier")
    open_file(viewer, section)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    run(dock.open)
    assert dock.form.recipe() == recipe
    assert find_layer(viewer, CLASSES) is not None
    assert dock.correction.remeasure.isEnabled()
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(tmp_path))
    assert "no complete result folder" in dock.footer.status.text()


@pytest.mark.parametrize("dock", ["EBSD grains"], indirect=True)
@pytest.mark.parametrize("lattice", ["square", "hex"])
def test_three_doors_and_two_corrections_of_a_map(
    viewer: Any,
    dock: Any,
    lattice: str,
    tmp_path: Path,
    run: Callable[..., Any],
    save: Callable[..., Path],
    press: Callable[[Any], None],
) -> None:
    """Click = folder = script; grains merged and deleted by clicks = `--labels`."""
    file = write_map(tmp_path / "maps" / "map.ang", lattice=lattice)
    open_file(viewer, file)
    dock.form.fields["growth_direction"].setCurrentText("up")
    run()
    clicked = save(tmp_path / "clicked")
    command = ["run", str(clicked / "recipe.yaml"), str(file.parent), "--workers", "1", "-o"]
    assert main([*command, str(tmp_path / "folder")]) == 0
    same(clicked / "map", tmp_path / "folder" / "map", GRAIN_TABLES)
    script = sodalite.Grains(growth_direction="up").run(sodalite.read_ebsd(file))
    same(clicked / "map", script.save(tmp_path / "script"), GRAIN_TABLES)

    dock.tabs.setCurrentIndex(2)
    grains = find_layer(viewer, GRAINS)
    assert grains is not None
    for label in (4, 6):
        grains.selected_label = label
    press(dock.correction.merge)
    grains.selected_label = 11
    press(dock.correction.delete)
    run(dock.correction.remeasure)
    edited = save(tmp_path / "edited")
    assert main([*command, str(tmp_path / "labelled"), "--labels", str(edited)]) == 0
    same(edited / "map", tmp_path / "labelled" / "map", GRAIN_TABLES)


@pytest.mark.parametrize("dock", ["EBSD coarsening"], indirect=True)
def test_three_doors_of_a_series(
    viewer: Any,
    dock: Any,
    tmp_path: Path,
    run: Callable[..., Any],
    save: Callable[..., Path],
    press: Callable[[Any], None],
) -> None:
    """Click = folder = script, tables, labels and pictures, also after grains of a step were merged and painted."""
    scene = MapScene(frame="tsl", noise_deg=0.3)
    phantom = make_series(
        (60, 80), 0.5, grains=40, times_h=(0, 2, 4), growth_um2_h=1.5, seed=1, drift_um=1, scene=scene
    )
    write_series(phantom, tmp_path / "series")
    viewer.open(str(tmp_path / "series"), plugin="sodalite")
    dock.form.fields["min_pixels"].setText("6")
    dock.form.changed.emit()
    run()
    clicked = save(tmp_path / "clicked")
    command = ["run", str(clicked / "recipe.yaml"), str(tmp_path / "series"), "--workers", "1", "-o"]
    assert main([*command, str(tmp_path / "folder")]) == 0
    same(clicked / "series", tmp_path / "folder" / "series", (*SERIES_TABLES, "film_strip.png", "growth.png"))
    recipe = sodalite.Coarsening(min_pixels=6)
    script = recipe.run(recipe.read(tmp_path / "series"))
    same(clicked / "series", script.save(tmp_path / "script"), SERIES_TABLES)

    dock.tabs.setCurrentIndex(2)
    tracks = find_layer(viewer, TRACKS)
    assert tracks is not None
    viewer.dims.set_current_step(0, 2)
    grains = np.bincount(tracks.data[2].ravel()).argsort()[::-1]
    tracks.mode = "pick"
    for label in grains[grains > 0][:2].tolist():
        tracks.selected_label = label
    press(dock.correction.merge)
    middle = tracks.data.shape[1] // 2
    tracks.brush_size = 60
    tracks.paint((0, middle, middle), int(tracks.data.max()) + 1)
    run(dock.correction.remeasure)
    edited = save(tmp_path / "edited")
    assert main([*command, str(tmp_path / "labelled"), "--labels", str(edited)]) == 0
    same(edited / "series", tmp_path / "labelled" / "series", SERIES_TABLES)
    told = {step: sodalite.load_result(edited / "series").labels[f"labels_{step:02d}"] for step in range(3)}
    same(edited / "series", recipe.run(recipe.read(tmp_path / "series"), told).save(tmp_path / "told"), SERIES_TABLES)
