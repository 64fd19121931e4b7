"""The docks of series of images: open a folder, run, slide, correct, open again; the same bytes as the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

import sodalite
from napari_sodalite.image_series_layers import OPENINGS, STEP_CLASSES, TIPS
from napari_sodalite.layer_turns import made
from napari_sodalite.readers import get_reader
from napari_sodalite.session import find_layer, known_of
from plugins.conftest import SLOW_MS, canvas, canvas_of
from sodalite.classes import SectionClass
from sodalite.cli import main
from sodalite.phantoms.front import make_front
from sodalite.phantoms.stripping import make_stripping
from sodalite.phantoms.tags import write_tiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

STRIPPING = ("values.csv", "summary.csv", "steps.csv", "tracks.csv", "events.csv", "openings.csv", "labels.tif",
             "voids.tif")  # fmt: skip
FRONT = ("values.csv", "summary.csv", "steps.csv", "fronts.csv", "protrusions.csv", "labels.tif")


def write_images(folder: Path, series: Any, told: str) -> Path:
    """Write the images of a phantom and its series.csv with the column that is told; the second one is broken."""
    folder.mkdir()
    column = {"charge_mAh_cm2": "charge_mah_cm2"}.get(told, told)
    rows = [f"file,{told}"]
    for number, step in enumerate(series.steps):
        write_tiff(folder / f"step{number}.tif", step.image.data, step.image.spacing_um, vendor="fei")
        rows.append(f"step{number}.tif,{getattr(step, column)}")
    (folder / "step1.tif").write_bytes(b"broken")
    (folder / "series.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def open_folder(dock: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """Return what chooses a folder in the dock and waits for its images."""

    def finish(folder: Path) -> Any:
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        with qtbot.waitSignal(dock.calibration.jobs.ended, timeout=SLOW_MS):
            dock.calibration._pick_folder()
        return dock.calibration.layer

    return finish


def same(one: Path, two: Path, names: tuple[str, ...]) -> None:
    """Check that two result folders hold the same bytes."""
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def layer_of(viewer: Any, role: str) -> Any:
    """Return the layer of a role."""
    found = find_layer(viewer, role)
    assert found is not None
    return found


@pytest.mark.parametrize("dock", ["Stripping series"], indirect=True)
def test_stripping(
    viewer: Any, dock: Any, tmp_path: Path, open_folder: Any, run: Any, save: Any, press: Any, qtbot: QtBot
) -> None:
    """Click = folder = script, also after a void was painted in one step; voids are tracked over the slider's steps."""
    assert "press Folder" in dock.footer.run.toolTip()
    folder = write_images(tmp_path / "series.1", make_stripping(seed=4).series, "charge_mAh_cm2")
    layer = open_folder(folder)
    assert "5 of 6 images readable" in dock.calibration.steps.text()
    assert viewer.dims.current_step[0] == 0
    result = run().result
    assert "step1.tif" in dock.footer.status.text()
    assert "void" in dock.results.key.text()
    classes, voids = layer_of(viewer, STEP_CLASSES), layer_of(viewer, OPENINGS)
    assert layer.data.shape == classes.data.shape == voids.data.shape == (6, *result.labels["labels"].shape[1:])
    assert not classes.data[1].any()
    np.testing.assert_array_equal(classes.data[[0, 2, 3, 4, 5]], result.labels["labels"])
    viewer.dims.set_current_step(0, 5)
    qtbot.wait(200)
    assert canvas(viewer).std() > 20
    voids.selected_label = int(result.tables["tracks"]["track"].iloc[-1])
    press(dock.results.show_plots)
    qtbot.waitUntil(lambda: bool(dock.results.plots.plots), timeout=SLOW_MS)
    assert canvas_of(dock.results.plots).std() > 20
    clicked = save(tmp_path / "clicked")
    command = ["run", str(clicked / "recipe.yaml"), str(folder), "--workers", "1", "-o"]
    assert main([*command, str(tmp_path / "folder")]) == 1
    same(clicked / "series.1", tmp_path / "folder" / "series.1", (*STRIPPING, "voids.png", "void_area.png"))
    recipe = sodalite.Stripping()
    same(clicked / "series.1", recipe.run(recipe.read(folder)).save(tmp_path / "script"), STRIPPING)
    dock.tabs.setCurrentIndex(2)
    press(dock.correction.brushes.swatches[SectionClass.VOID])
    assert classes.mode == "paint"
    classes.brush_size = 15
    classes.paint((5, 150, 100), int(SectionClass.VOID))
    again = run(dock.correction.remeasure).result
    assert again.provenance["edited"]["into"].keys() == {"void"}
    edited = save(tmp_path / "edited")
    assert main([*command, str(tmp_path / "labelled"), "--labels", str(edited)]) == 1
    same(edited / "series.1", tmp_path / "labelled" / "series.1", STRIPPING)
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(clicked / "series.1"))
    assert dock.session.current.origin is layer
    np.testing.assert_array_equal(layer_of(viewer, STEP_CLASSES).data[[0, 2, 3, 4, 5]], result.labels["labels"])


@pytest.mark.parametrize("dock", ["Growth front"], indirect=True)
def test_front(viewer: Any, dock: Any, tmp_path: Path, open_folder: Any, run: Any, save: Any, qtbot: QtBot) -> None:
    """The side is asked for; click = folder = script; a result opens without its frames, too."""
    folder = write_images(tmp_path / "frames", make_front(seed=2, frames=6, fingers=2).series, "time_h")
    layer = open_folder(folder)
    assert "choose the side" in dock.footer.run.toolTip()
    dock.form.fields["grows_from"].setCurrentText("bottom")
    result = run().result
    assert set(np.unique(layer_of(viewer, STEP_CLASSES).data[-1])) == {1, 2, 5}
    assert "deposit" in dock.results.key.text()
    tips, table = layer_of(viewer, TIPS), result.tables["protrusions"]
    assert len(table) == len(tips.data) > 0
    np.testing.assert_array_equal(tips.features["height_um"], table["height_um"])
    last = tips.data[table["step"] == 5]
    assert len(last) == result["protrusion_count_last"].value
    classes = layer_of(viewer, STEP_CLASSES).data[5]
    for _, row, column in last:
        assert classes[int(row - 2), int(column)] == SectionClass.ELECTROLYTE
        assert classes[int(row + 2), int(column)] == SectionClass.SODIUM
    assert tips.features["largest"].groupby(tips.features["step"]).sum().eq(1).all()
    dock.results.open_plots()
    qtbot.waitUntil(lambda: bool(dock.results.plots.plots), timeout=SLOW_MS)
    clicked = save(tmp_path / "clicked")
    assert main(["run", str(clicked / "recipe.yaml"), str(folder), "--workers", "1", "-o", str(tmp_path / "out")]) == 1
    same(clicked / "frames", tmp_path / "out" / "frames", (*FRONT, "frames.png"))
    recipe = sodalite.Front(grows_from="bottom")
    same(clicked / "frames", recipe.run(recipe.read(folder)).save(tmp_path / "script"), FRONT)
    viewer.layers.clear()
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(clicked / "frames"))
    assert dock.session.current.origin is None
    assert [known_of(item)["role"] for item in viewer.layers] == [STEP_CLASSES, TIPS]
    assert layer not in viewer.layers
    assert len(viewer.layers[0].data) == len(result.labels["labels"]) + 1


@pytest.mark.parametrize(("dock", "phantom", "told"), [
    ("Stripping series", make_stripping, "charge_mAh_cm2"),
    ("Growth front", make_front, "time_h"),
], indirect=["dock"])  # fmt: skip
def test_what_was_wrong_with_a_series_goes_with_it(
    dock: Any, phantom: Any, told: str, tmp_path: Path, open_folder: Any
) -> None:
    """It stays while its own series is looked at."""
    for name in ("one", "other"):
        write_images(tmp_path / name, phantom(seed=4).series, told)
    assert open_folder(tmp_path / "one") is not None
    dock._fail("step1.tif: broken.")
    dock.calibration.refresh()
    assert dock.footer.status.text() == "step1.tif: broken."
    open_folder(tmp_path / "other")
    assert "broken" not in dock.footer.status.text()
    assert not dock.footer.status.wrong


@pytest.mark.parametrize("dock", ["Stripping series"], indirect=True)
def test_images_without_pixel_size_ask_for_it(
    viewer: Any, dock: Any, tmp_path: Path, open_folder: Any, qtbot: QtBot
) -> None:
    """In red, with the first image named; the size that is typed opens them."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for number, step in enumerate(make_stripping(seed=4).series.read):
        cv2.imwrite(str(folder / f"step{number}.png"), step.image.data)  # type: ignore[union-attr]
    assert open_folder(folder) is None
    assert dock.calibration.steps.wrong
    assert "tell it in um into 'Pixel size' below" in dock.calibration.steps.text()
    qtbot.keyClicks(dock.calibration.pixel_size, "0.05")
    with qtbot.waitSignal(dock.calibration.jobs.ended, timeout=SLOW_MS):
        dock.calibration.pixel_size.returnPressed.emit()
    assert "6 images" in dock.calibration.steps.text()
    assert dock.footer.run.isEnabled()


def test_a_folder_of_images_with_a_table_opens_as_a_series(tmp_path: Path) -> None:
    """Without the table nobody can know that its images belong together."""
    folder = write_images(tmp_path / "series", make_stripping(seed=4).series, "charge_mAh_cm2")
    reader = get_reader(str(folder))
    assert reader is not None
    (layer,) = reader(str(folder))
    assert layer.data.shape[0] == 6
    assert not layer.data[1].any()
    assert layer.attributes["units"] == ("pixel", "um", "um")
    (folder / "series.csv").unlink()
    assert get_reader(str(folder)) is None


@pytest.mark.parametrize("dock", ["Growth front"], indirect=True)
def test_a_film_opens_in_pixels_until_their_size_is_told(viewer: Any, dock: Any, tmp_path: Path, qtbot: QtBot) -> None:
    """Its frames are a stack; with a size and the time between frames it is measured as on the command line."""
    phantom = make_front(seed=2, frames=5)
    path = str(tmp_path / "growth.avi")
    film = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 10.0, phantom.colours[0].shape[1::-1])
    for frame in phantom.colours:
        film.write(np.ascontiguousarray(frame[..., ::-1]))
    film.release()
    reader = get_reader(path)
    assert reader is not None
    viewer.layers.append(made(reader(path)[0]))
    assert dock.calibration.layer.data.shape == (5, *phantom.colours[0].shape[:2])
    assert {str(unit) for unit in dock.calibration.layer.units} == {"pixel"}
    assert dock.calibration.steps.wrong
    assert "no pixel size is known" in dock.calibration.problem()
    qtbot.keyClicks(dock.calibration.pixel_size, "1.0")
    with qtbot.waitSignal(dock.calibration.jobs.ended, timeout=SLOW_MS):
        dock.calibration.pixel_size.returnPressed.emit()
    assert [layer.name for layer in viewer.layers] == ["growth.avi"]
    assert [str(unit) for unit in viewer.layers[0].units] == ["pixel", "micrometer", "micrometer"]
    assert "5 images" in dock.calibration.steps.text()
