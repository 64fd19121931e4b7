"""The EBSD dock in a real window: open, run, select, merge, delete, measure again, and what it says when it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_sodalite.grain_layers import GRAINS
from napari_sodalite.session import find_layer, known_of
from plugins.conftest import SLOW_MS, canvas, canvas_of, open_file, write_map

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

DOCK = "EBSD grains"
pytestmark = pytest.mark.parametrize("dock", [DOCK], indirect=True)


@pytest.fixture
def layer(viewer: Any, dock: Any, ebsd_file: Path) -> Any:
    """Return the layer of a map, opened beside the dock."""
    return open_file(viewer, ebsd_file)


def grains_of(viewer: Any) -> Any:
    """Return the layer of grains."""
    found = find_layer(viewer, GRAINS)
    assert found is not None
    return found


def test_a_run_shows_grains_in_um_and_every_number(
    viewer: Any, dock: Any, layer: Any, run: Callable[..., Any], qtbot: QtBot
) -> None:
    """Colours below, outlines above, a row a grain with the background first; the canvas is not blank."""
    assert layer.rgb
    assert "160 × 120, square, 0.5 µm" in dock.calibration.grid.text()
    assert "Sodium" in dock.calibration.phases.text()
    assert canvas(viewer).std() > 20
    measured = run()
    grains = grains_of(viewer)
    assert {tuple(map(str, item.units)) for item in viewer.layers} == {("micrometer", "micrometer")}
    assert tuple(grains.scale) == tuple(layer.scale) == (0.5, 0.5)
    table = measured.result.tables["grains"]
    assert np.unique(grains.data[grains.data > 0]).tolist() == table["label"].tolist() == [*range(1, len(table) + 1)]
    assert len(grains.features) == len(table) + 1
    np.testing.assert_array_equal(grains.features["ecd_um"][1:], table["ecd_um"])
    assert dock.results.table.rowCount() == len(measured.result.values)
    dock.results.open_plots()
    qtbot.waitUntil(lambda: bool(dock.results.plots.plots), timeout=SLOW_MS)
    assert canvas_of(dock.results.plots).std() > 20
    assert [item.figure.axes[0].name for item in dock.results.plots.plots] == [
        "rectilinear", "polar", "rectilinear",
    ]  # fmt: skip


def test_rows_and_grains_are_one_selection(
    viewer: Any, dock: Any, layer: Any, run: Callable[..., Any], qtbot: QtBot
) -> None:
    """A click on a row selects and centres the grain; a grain picked on the map selects its row."""
    table = run().result.tables["grains"].set_index("label")
    dock.results.open_objects()
    grains, rows = grains_of(viewer), dock.results.objects.table
    row = rows.model().index(7, 0)
    qtbot.waitUntil(lambda: rows.visualRect(row).isValid(), timeout=SLOW_MS)
    rows.scrollTo(row)
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualRect(row).center())
    assert grains.selected_label == 7
    assert viewer.scene.camera.center[1:] == pytest.approx(tuple(table.loc[7, ["y_um", "x_um"]]))
    assert grains.get_color(7).tolist() == [1, 1, 1, 1]
    centre = viewer.scene.camera.center
    grains.mode = "pick"
    grains.selected_label = 20
    assert {index.row() for index in rows.selectedIndexes()} == {20}
    assert viewer.scene.camera.center == centre


def test_merged_and_deleted_grains_are_measured_as_edited(
    viewer: Any, dock: Any, layer: Any, run: Callable[..., Any], press: Callable[[Any], None]
) -> None:
    """Two grains become one and one is left out; numbers run on without gaps; Undo brings the first result back."""
    first = run()
    dock.tabs.setCurrentIndex(2)
    press(dock.correction.merge)
    assert "Pick two grains first" in notification_manager.records[-1].message
    grains, pixels = grains_of(viewer), np.bincount(first.traced.ravel())
    press(dock.correction.pick)
    assert grains.mode == "pick"
    grains.selected_label = 1
    assert dock.correction.says.text() == "Picked: grain 1"
    for label in (3, 5):
        grains.selected_label = label
    assert dock.correction.says.text() == "Picked: grain 3, then grain 5"
    press(dock.correction.merge)
    grains.selected_label = 9
    press(dock.correction.delete)
    second = run(dock.correction.remeasure)
    moved = min(pixels[3], pixels[5]) + pixels[9]
    assert second.result.provenance["edited"]["pixels"] == moved
    assert second.result.provenance["labels"] == "given"
    table = second.result.tables["grains"].set_index("label")
    assert len(table) == len(first.result.tables["grains"]) - 2
    assert table.index.tolist() == [*range(1, len(table) + 1)]
    assert table.loc[3, "pixels"] == pixels[3] + pixels[5]
    assert len(grains_of(viewer).features) == len(table) + 1
    third = run(dock.correction.remeasure)
    assert third.result.provenance["edited"]["pixels"] == moved
    dock.session.previous = first
    run(dock.correction.undo)
    np.testing.assert_array_equal(grains_of(viewer).data, first.traced)


def test_a_cancelled_run_leaves_no_layer(viewer: Any, dock: Any, layer: Any, press: Any, qtbot: QtBot) -> None:
    """Nothing of it is kept in whichever stage it was."""
    for stage in range(4):
        with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
            with qtbot.waitSignal(
                dock.jobs.stepped, timeout=SLOW_MS, check_params_cb=lambda step, stage=stage: step.done == stage
            ):
                press(dock.footer.run)
            dock.jobs.cancel()
        assert list(viewer.layers) == [layer]
    assert dock.session.current is None


def test_the_preview_follows_the_view(viewer: Any, dock: Any, layer: Any, qtbot: QtBot) -> None:
    """Grains of the points in view, of fewer points when zoomed in."""
    dock.preview.switch.setChecked(True)
    qtbot.waitUntil(lambda: find_layer(viewer, "preview") is not None, timeout=SLOW_MS)
    viewer.scene.camera.zoom *= 3
    qtbot.waitUntil(lambda: _preview_points(viewer) < 160 * 120 / 2, timeout=SLOW_MS)
    dock.preview.switch.setChecked(False)
    assert list(viewer.layers) == [layer]
    qtbot.waitUntil(lambda: not dock.preview.jobs.running, timeout=SLOW_MS)


def _preview_points(viewer: Any) -> int:
    shown = find_layer(viewer, "preview")
    return shown.data.size if shown is not None else 10**6


def test_a_hexagonal_map_is_resampled_only_to_look_at(
    viewer: Any, dock: Any, tmp_path: Path, run: Callable[..., Any], press: Callable[[Any], None]
) -> None:
    """Pixels show hexagons; the result and its corrections are those of the points."""
    open_file(viewer, write_map(tmp_path / "hex.ang", lattice="hex"))
    first = run()
    grains = grains_of(viewer)
    assert grains.data.shape != first.traced.shape
    assert set(np.unique(grains.data)) == set(np.unique(first.traced))
    for label in (3, 5):
        grains.selected_label = label
    dock.tabs.setCurrentIndex(2)
    press(dock.correction.merge)
    second = run(dock.correction.remeasure)
    pixels = np.bincount(first.traced.ravel())
    assert second.result.provenance["edited"]["pixels"] == min(pixels[3], pixels[5])
    assert second.result.tables["grains"].set_index("label").loc[3, "pixels"] == pixels[3] + pixels[5]


def test_a_phase_without_symmetry_is_asked_for_once(viewer: Any, dock: Any, tmp_path: Path, qtbot: QtBot) -> None:
    """A red line and a field to type into."""
    path = write_map(tmp_path / "bare.ang")
    text = path.read_text()
    assert "Symmetry" in text
    lines = [line for line in text.splitlines() if "Symmetry" not in line]
    path.write_text("\n".join(lines) + "\n")
    open_file(viewer, path)
    assert dock.calibration.phases.wrong
    assert "set symmetry to its Laue group" in dock.footer.run.toolTip()
    assert dock.calibration.symmetry.isVisible()
    qtbot.keyClicks(dock.calibration.symmetry, "m-3m")
    assert not dock.calibration.phases.wrong
    assert dock.footer.run.isEnabled()


def test_labels_of_another_shape_are_a_sentence(viewer: Any, dock: Any, layer: Any, run: Callable[..., Any]) -> None:
    """Both shapes are named, and nothing is shown."""
    other = viewer.add_labels(np.ones((50, 60), np.uint8), name="mine")
    dock.tabs.setCurrentIndex(2)
    dock.correction.labels.setCurrentIndex(dock.correction.labels.findData(other))
    run(dock.correction.remeasure)
    assert dock.footer.status.wrong
    assert "labels of shape (50, 60)" in dock.footer.status.text()
    assert len(viewer.layers) == 2


def test_labels_of_your_own_are_measured(viewer: Any, dock: Any, layer: Any, run: Callable[..., Any]) -> None:
    """A layer drawn elsewhere counts as it is."""
    halves = np.ones((120, 160), np.uint8)
    halves[:, 80:] = 7
    viewer.add_labels(halves, name="halves")
    dock.tabs.setCurrentIndex(2)
    result = run(dock.correction.remeasure).result
    assert result["grain_count"].value == 2
    assert known_of(grains_of(viewer))["result"] is result
