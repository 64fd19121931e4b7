"""The cross-section dock in a real window: open, run, look, correct, undo, and what it says when it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

import sodalite
from napari_sodalite.bar_ruler import RULER
from napari_sodalite.section_layers import ANCHORS, CLASSES, DEAD, INTERFACES, VOIDS
from napari_sodalite.session import find_layer, known_of
from plugins.conftest import SLOW_MS, canvas, canvas_of, open_file, write_section
from sodalite.classes import SectionClass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

ROLES = (CLASSES, VOIDS, DEAD, INTERFACES, ANCHORS)


def test_a_run_shows_true_layers_and_numbers(
    viewer: Any, dock: Any, section: Path, run: Callable[..., Any], qtbot: QtBot
) -> None:
    """Layers in um over the picture, every number with its definition, and a canvas that is not blank."""
    layer = open_file(viewer, section)
    assert "0.05 µm" in dock.calibration.pixels.text()
    before = canvas(viewer)
    assert before.std() > 20
    measured = run()
    assert [known_of(item).get("role") for item in viewer.layers[1:]] == list(ROLES)
    assert {tuple(map(str, item.units)) for item in viewer.layers} == {("micrometer", "micrometer")}
    assert {tuple(item.scale) for item in viewer.layers} == {tuple(layer.scale)}
    assert viewer.canvas.overlays.scale_bar is not None
    qtbot.wait(200)
    assert np.abs(canvas(viewer).astype(int) - before).mean() > 5
    assert dock.results.table.rowCount() == len(measured.result.values)
    for row, quantity in enumerate(measured.result.values):
        assert sodalite.GLOSSARY[quantity.quantity].meaning in dock.results.table.item(row, 1).toolTip()
    assert [words in dock.results.key.text() for words in ("sodium", "void", "dead&nbsp;sodium")] == [True] * 3
    table = dock.results.table
    assert sum(table.columnWidth(column) for column in range(3)) <= table.viewport().width()
    table.selectRow(0)
    quantity = measured.result.values[0]
    assert sodalite.GLOSSARY[quantity.quantity].meaning in table.details.text()
    assert dock.footer.run.toolTip().endswith("(F5)")
    assert viewer.canvas.overlays.scale_bar.visible
    assert dock.tabs.currentIndex() == 2 - 1
    dock.results.open_plots()
    qtbot.waitUntil(lambda: bool(dock.results.plots.plots), timeout=SLOW_MS)
    assert canvas_of(dock.results.plots).std() > 20
    assert [item.figure.axes[0].get_ylabel() for item in dock.results.plots.plots] == [
        "thickness (µm)", "voids",
    ]  # fmt: skip


def test_a_cancelled_run_leaves_no_layer(viewer: Any, dock: Any, section: Path, press: Any, qtbot: QtBot) -> None:
    """Whichever stage it was in, nothing of it is kept, and the dock is ready again."""
    open_file(viewer, section)
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        press(dock.footer.run)
        press(dock.footer.cancel)
    assert len(viewer.layers) == 1
    assert dock.session.current is None
    assert "Cancelled" in dock.footer.status.text()
    assert dock.footer.run.isEnabled()
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        press(dock.footer.run)
        with qtbot.waitSignal(dock.jobs.stepped, timeout=SLOW_MS, check_params_cb=lambda step: step.done == 2):
            pass
        dock.jobs.cancel()
    assert len(viewer.layers) == 1


def test_an_object_selected_in_the_table_is_centred(
    viewer: Any, dock: Any, section: Path, run: Callable[..., Any]
) -> None:
    """A row of napari's table and its object are one selection, and the camera follows."""
    open_file(viewer, section)
    result = run().result
    voids = find_layer(viewer, VOIDS)
    assert voids is not None
    row = result.tables["voids"].iloc[-1]
    voids.selected_label = int(row["label"])
    half_um = 0.5 * voids.scale[0]
    assert viewer.scene.camera.center[1:] == pytest.approx((row["z_um"] - half_um, row["x_um"] - half_um))
    position = np.round(np.array([row["z_um"], row["x_um"]]) / voids.scale - 0.5).astype(int)
    assert voids.data[tuple(position)] in (0, row["label"])
    assert voids.get_color(int(row["label"])).tolist() == [1, 1, 1, 1]


def test_the_brush_and_undo(
    viewer: Any, dock: Any, section: Path, run: Callable[..., Any], press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """A painted void is measured, told in the provenance, and undone in one step."""
    open_file(viewer, section)
    first = run()
    assert not dock.correction.undo.isEnabled()
    assert "no earlier result" in dock.correction.undo.toolTip()
    dock.tabs.setCurrentIndex(2)
    qtbot.mouseClick(dock.correction.brushes.swatches[SectionClass.VOID], Qt.MouseButton.LeftButton)
    classes = find_layer(viewer, CLASSES)
    assert classes is not None
    assert (classes.mode, classes.selected_label) == ("paint", SectionClass.VOID)
    assert [item for item, swatch in dock.correction.brushes.swatches.items() if swatch.isChecked()] == [
        SectionClass.VOID
    ]
    classes.selected_label = int(SectionClass.SODIUM)
    assert dock.correction.brushes.swatches[SectionClass.SODIUM].isChecked()
    classes.mode = "pan_zoom"
    assert not any(swatch.isChecked() for swatch in dock.correction.brushes.swatches.values())
    classes.brush_size = 9
    classes.paint((85, 160), int(SectionClass.VOID))
    edited = int((classes.data != first.traced).sum())
    assert edited > 0
    assert "press Re-measure (F6)" in dock.footer.status.text()
    press(dock.results.save)
    assert "your corrections are not measured yet" in dock.footer.status.text()
    press(dock.footer.run)
    assert "Run would take back your corrections" in dock.footer.status.text()
    assert not dock.jobs.running
    second = run(dock.correction.remeasure)
    assert second.result.provenance["edited"]["pixels"] == edited
    assert second.result.provenance["edited"]["into"] == {"void": edited}
    assert second.result["void_fraction"].value > first.result["void_fraction"].value
    run(dock.correction.undo)
    classes = find_layer(viewer, CLASSES)
    assert classes is not None
    np.testing.assert_array_equal(classes.data, first.traced)
    assert dock.session.current is first
    assert not dock.correction.undo.isEnabled()


def test_a_deleted_object_becomes_its_surroundings(
    viewer: Any, dock: Any, section: Path, run: Callable[..., Any], press: Callable[[Any], None]
) -> None:
    """The void is sodium then, and is gone when measured again; without a selection a hint is given."""
    open_file(viewer, section)
    first = run()
    dock.tabs.setCurrentIndex(2)
    viewer.layers.selection.active = viewer.layers[0]
    press(dock.correction.delete)
    assert "Select a void" in notification_manager.records[-1].message
    voids = find_layer(viewer, VOIDS)
    assert voids is not None
    viewer.layers.selection.active = voids
    table = first.result.tables["voids"]
    voids.selected_label = int(table.loc[~table["on_border"], "label"].iloc[0])
    press(dock.correction.delete)
    second = run(dock.correction.remeasure)
    assert second.result["void_count"].value == first.result["void_count"].value - 1
    assert set(second.result.provenance["edited"]["into"]) == {"sodium"}


def test_the_preview_shows_the_columns_in_view(viewer: Any, dock: Any, section: Path, qtbot: QtBot) -> None:
    """It follows the view, newest wins, and leaves when switched off."""
    layer = open_file(viewer, section)
    dock.tabs.setCurrentIndex(0)
    dock.preview.switch.setChecked(True)
    qtbot.waitUntil(lambda: find_layer(viewer, "preview") is not None, timeout=SLOW_MS)
    viewer.scene.camera.zoom *= 3
    qtbot.waitUntil(lambda: _preview_width(viewer) < layer.data.shape[1], timeout=SLOW_MS)
    shown = find_layer(viewer, "preview")
    assert shown is not None
    assert shown.data.shape[0] == layer.data.shape[0]
    dock.preview.switch.setChecked(False)
    assert find_layer(viewer, "preview") is None
    qtbot.waitUntil(lambda: not dock.preview.jobs.running, timeout=SLOW_MS)


def test_a_preview_hides_the_result_below_it(
    viewer: Any, dock: Any, run: Callable[..., Any], section: Path, qtbot: QtBot
) -> None:
    """Two sheets of colours would mix; what the user has hidden stays hidden when the result comes back."""
    open_file(viewer, section)
    run()
    before = {layer.name: layer.visible for layer in viewer.layers}
    dock.preview.switch.setChecked(True)
    qtbot.waitUntil(lambda: find_layer(viewer, "preview") is not None, timeout=SLOW_MS)
    assert not any(
        layer.visible for layer in viewer.layers if layer.name.startswith(("classes", "voids", "interfaces"))
    )
    dock.preview.switch.setChecked(False)
    assert {layer.name: layer.visible for layer in viewer.layers} == before
    qtbot.waitUntil(lambda: not dock.preview.jobs.running, timeout=SLOW_MS)


def _preview_width(viewer: Any) -> int:
    layer = find_layer(viewer, "preview")
    return layer.data.shape[1] if layer is not None else 10**6


def test_nothing_open_says_so(dock: Any) -> None:
    """Every button that cannot be pressed says why."""
    assert "open a micrograph" in dock.footer.run.toolTip()
    assert "open a micrograph" in dock.footer.status.text()
    assert "press Run" in dock.correction.remeasure.toolTip()
    assert "press Run" in dock.results.save.toolTip()
    assert "nothing is running" in dock.footer.cancel.toolTip()


def open_without_size(viewer: Any, folder: Path) -> Any:
    """Return the layer of a micrograph that has lost the side file with its pixel size."""
    path = write_section(folder / "bare.tif", "hitachi")
    path.with_suffix(".txt").unlink()
    return open_file(viewer, path)


def test_a_missing_calibration_is_asked_for_once(
    viewer: Any, dock: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """A red line, a field to type into, and then everything is in um."""
    layer = open_without_size(viewer, tmp_path)
    assert dock.calibration.pixels.wrong
    assert "no pixel size is known" in dock.footer.run.toolTip()
    assert dock.calibration.ask.isVisible()
    qtbot.keyClicks(dock.calibration.pixel_size, "abc")
    press(dock.calibration.set_size)
    assert "is no number" in dock.calibration.pixels.text()
    dock.calibration.pixel_size.clear()
    qtbot.keyClicks(dock.calibration.pixel_size, "0.05")
    press(dock.calibration.set_size)
    assert tuple(layer.scale) == (0.05, 0.05)
    assert not dock.calibration.ask.isVisible()
    assert dock.footer.run.isEnabled()


def test_a_pixel_is_measured_with_the_bar_in_the_picture(
    viewer: Any, dock: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """A line along the burned-in bar and its length in um give the size of a pixel; the line goes when it is set."""
    layer = open_without_size(viewer, tmp_path)
    ruler = dock.calibration.ruler
    assert ruler.isVisible()
    qtbot.keyClicks(ruler.length, "5")
    press(ruler.draw)
    qtbot.waitUntil(lambda: find_layer(viewer, RULER) is not None, timeout=SLOW_MS)
    line = find_layer(viewer, RULER)
    assert line is not None
    assert line.mode == "add_line"
    line.add_lines([[200, 20], [200, 145]])
    assert dock.calibration.pixel_size.text() == "0.04"
    line.add_lines([[200, 20], [200, 120]])
    assert dock.calibration.pixel_size.text() == "0.05"
    press(dock.calibration.set_size)
    assert tuple(layer.scale) == (0.05, 0.05)
    assert list(viewer.layers) == [layer]
    assert not ruler.isVisible()


def test_an_ambiguous_tilt_is_red_until_the_factor_is_told(
    viewer: Any, dock: Any, tmp_path: Path, qtbot: QtBot
) -> None:
    """The header's words are in the tooltip; the factor typed stretches the image."""
    layer = open_file(viewer, write_section(tmp_path / "tilted.tif", "fei", stage_tilt_deg=30.0))
    assert dock.calibration.tilt.wrong
    assert "leaves the true heights open" in dock.calibration.tilt.toolTip()
    assert not dock.footer.run.isEnabled()
    qtbot.keyClicks(dock.form.fields["tilt_factor"], "1.5")
    assert not dock.calibration.tilt.wrong
    assert tuple(layer.scale) == pytest.approx((0.075, 0.05))
    assert dock.footer.run.isEnabled()


def test_an_image_without_sodium_is_a_sentence(viewer: Any, dock: Any, run: Callable[..., Any]) -> None:
    """Two layers alone leave no room for sodium: the number is zero or withheld, and the dock says what to do."""
    data = np.full((200, 256), 200, np.uint8)
    data[100:] = 60
    noisy = np.clip(data + np.random.default_rng(1).normal(0, 6, data.shape), 0, 255).astype(np.uint8)
    viewer.add_image(noisy, name="bare", scale=(0.05, 0.05), units=("um", "um"))
    dock.form.fields["layers"].setCurrentText("collector,sodium,electrolyte")
    run()
    assert dock.footer.status.wrong
    assert dock.footer.status.text().startswith("bare: no sodium was found")


@pytest.mark.parametrize(("seed", "doubt"), [(1, "hardly differ at"), (2, "is cut by the image's upper edge")])
def test_faces_that_hardly_show_are_a_sentence(
    viewer: Any, dock: Any, run: Callable[..., Any], seed: int, doubt: str
) -> None:
    """What is measured in an image of noise is shown with the doubt that it deserves."""
    noise = np.random.default_rng(seed).normal(120, 20, (200, 256))
    viewer.add_image(np.clip(noise, 0, 255).astype(np.uint8), name="noise", scale=(0.05, 0.05), units=("um", "um"))
    run()
    assert dock.footer.status.wrong
    assert dock.footer.status.text().startswith("noise: the ")
    assert doubt in dock.footer.status.text()


def test_labels_of_another_shape_are_a_sentence(viewer: Any, dock: Any, section: Path, run: Callable[..., Any]) -> None:
    """Both shapes are named, and nothing is shown."""
    open_file(viewer, section)
    other = viewer.add_labels(np.ones((50, 60), np.uint8), name="mine")
    dock.tabs.setCurrentIndex(2)
    dock.correction.labels.setCurrentIndex(dock.correction.labels.findData(other))
    run(dock.correction.remeasure)
    assert dock.footer.status.wrong
    assert "labels of shape (50, 60)" in dock.footer.status.text()
    assert len(viewer.layers) == 2


def test_a_wrong_setting_stops_the_run_with_the_models_words(
    viewer: Any, dock: Any, section: Path, qtbot: QtBot
) -> None:
    """The button says what is wrong, and takes it back."""
    open_file(viewer, section)
    qtbot.keyClicks(dock.form.fields["charge_mah_cm2"], "-1")
    assert "Charge (mAh cm⁻²): found -1; write a number from 0" in dock.footer.run.toolTip()
    assert dock.footer.status.wrong
    dock.form.fields["charge_mah_cm2"].clear()
    qtbot.keyClicks(dock.form.fields["charge_mah_cm2"], "1.5")
    assert dock.footer.run.isEnabled()
    assert dock.form.recipe().charge_mah_cm2 == 1.5
