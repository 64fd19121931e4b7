"""The coarsening dock in a real window: open a folder, run, go through the steps, select, open again, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import sodalite
from napari_sodalite.series_layers import EVENTS, MAPS, TRACKS
from napari_sodalite.session import find_layer
from plugins.conftest import SLOW_MS, canvas, canvas_of
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.series import make_series, write_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.parametrize("dock", ["EBSD coarsening"], indirect=True)
TIMES_H = (0.0, 2.0, 4.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a series of three maps in which grains vanish."""
    scene = MapScene(frame="tsl", noise_deg=0.3)
    series = make_series((60, 80), 0.5, grains=40, times_h=TIMES_H, growth_um2_h=1.5, seed=1, scene=scene)
    write_series(series, tmp_path / "series")
    return tmp_path / "series"


@pytest.fixture
def opened(viewer: Any, dock: Any, folder: Path) -> Any:
    """Return the layer of a series, its folder dropped on the window."""
    return viewer.open(str(folder), plugin="sodalite")[0]


def layer_of(viewer: Any, role: str) -> Any:
    """Return the layer of a role."""
    found = find_layer(viewer, role)
    assert found is not None
    return found


def test_a_run_shows_steps_tracks_and_events(
    viewer: Any, dock: Any, opened: Any, folder: Path, run: Callable[..., Any], qtbot: QtBot
) -> None:
    """A slider over the steps; a track has one colour in all; rings where grains vanish; every number and figure."""
    assert dock.calibration.folder.text() == str(folder)
    assert "3 maps, 0 to 4 h" in dock.calibration.steps.text()
    assert viewer.dims.nsteps[0] == len(TIMES_H)
    assert viewer.dims.current_step[0] == 0
    qtbot.waitUntil(lambda: canvas(viewer).std() > 20, timeout=SLOW_MS)
    result = run().result
    tracks = layer_of(viewer, TRACKS)
    assert layer_of(viewer, MAPS).data.shape == (*tracks.data.shape, 3)
    for step in range(len(TIMES_H)):
        own = result.tables["tracks"].query("step == @step")["track"]
        assert set(np.unique(tracks.data[step])) - {0} == set(own)
    found = [set(np.unique(tracks.data[step])) - {0} for step in (0, len(TIMES_H) - 1)]
    common = sorted(set.intersection(*found))
    assert len(common) > 10
    assert len({tuple(tracks.get_color(label)) for label in common}) > 5
    assert [str(unit) for unit in tracks.units] == ["pixel", "micrometer", "micrometer"]
    events = layer_of(viewer, EVENTS)
    vanished = events.features["kind"] == "vanish"
    assert vanished.sum() == (result.tables["events"]["kind"] == "vanish").sum() > 0
    np.testing.assert_array_equal(
        tracks.data[tuple(np.rint(events.data[vanished]).astype(int).T)] > 0, np.ones(vanished.sum(), bool)
    )
    assert dock.results.table.rowCount() == len(result.values)
    dock.results.open_plots()
    qtbot.waitUntil(lambda: bool(dock.results.plots.plots), timeout=SLOW_MS)
    assert canvas_of(dock.results.plots).std() > 20
    assert len(dock.results.plots.plots) == 2


def test_rows_and_grains_are_one_selection(
    viewer: Any, dock: Any, opened: Any, run: Callable[..., Any], qtbot: QtBot
) -> None:
    """A click on a row goes to a step where the grain is and centres it; a picked grain selects its row."""
    run()
    viewer.dims.set_current_step(0, 2)
    tracks, events = layer_of(viewer, TRACKS), layer_of(viewer, EVENTS)
    gone = int(events.features.query("kind == 'vanish' and step == 1")["track"].iloc[0])
    dock.results.open_objects()
    rows = dock.results.objects.table
    row = rows.model().index(gone, 0)
    qtbot.waitUntil(lambda: rows.visualRect(row).isValid(), timeout=SLOW_MS)
    rows.scrollTo(row)
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualRect(row).center())
    assert tracks.selected_label == gone
    assert viewer.dims.current_step[0] == 0
    assert tracks.get_color(gone).tolist() == [1, 1, 1, 1]
    centre = viewer.scene.camera.center
    mean = np.argwhere(tracks.data[0] == gone).mean(axis=0)
    np.testing.assert_allclose(centre[1:], tracks.data_to_world((0, *mean))[1:])
    tracks.mode = "pick"
    tracks.selected_label = 5
    assert {index.row() for index in rows.selectedIndexes()} == {5}
    assert viewer.scene.camera.center == centre
    events.selected_data = {len(events.data) - 1}
    assert viewer.dims.current_step[0] == round(events.data[-1, 0])
    np.testing.assert_allclose(viewer.scene.camera.center[1:], events.data_to_world(events.data[-1])[1:])


def test_grains_corrected_in_one_step_are_tracked_again(
    viewer: Any, dock: Any, opened: Any, run: Callable[..., Any], press: Callable[[Any], None]
) -> None:
    """Two grains of a step become one and one is left out there alone; the numbers follow; Undo brings them back."""
    first = run()
    dock.tabs.setCurrentIndex(2)
    viewer.dims.set_current_step(0, 1)
    tracks, table = layer_of(viewer, TRACKS), first.result.tables["tracks"]
    size = table.query("step == 1").set_index("track")["pixels"].sort_values()
    gone, lost, kept = (int(size.index[place]) for place in (2, 4, -1))
    tracks.mode = "pick"
    for label in (kept, gone):
        tracks.selected_label = label
    press(dock.correction.merge)
    tracks.selected_label = lost
    press(dock.correction.delete)
    second = run(dock.correction.remeasure)
    assert second.result.provenance["edited"]["pixels"] == size[gone] + size[lost]
    after = second.result.tables["tracks"]
    assert [len(after.query("step == @step")) - len(table.query("step == @step")) for step in range(3)] == [0, -2, 0]
    assert size[kept] + size[gone] in set(after.query("step == 1")["pixels"])
    run(dock.correction.undo)
    np.testing.assert_array_equal(tracks.data, layer_of(viewer, TRACKS).data)
    assert dock.session.current is first


def test_a_cancelled_run_leaves_no_layer(viewer: Any, dock: Any, opened: Any, press: Any, qtbot: QtBot) -> None:
    """Nothing of it is kept in whichever stage it was."""
    stages = ("Reading the series", "Reading step_00", "Finding the grains of step_00",
              "Measuring the grains of step_01", "Laying step_01", "Tracking", "Measuring growth",
              "Preparing the layers")  # fmt: skip
    for stage in stages:
        with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
            with qtbot.waitSignal(
                dock.jobs.stepped,
                timeout=SLOW_MS,
                check_params_cb=lambda step, stage=stage: step.text.startswith(stage),
            ):
                press(dock.footer.run)
            dock.jobs.cancel()
        assert list(viewer.layers) == [opened]
    assert dock.session.current is None


def test_a_folder_without_a_series_is_a_sentence(viewer: Any, dock: Any, tmp_path: Path) -> None:
    """The tooltip of Run says what to do, with no folder and with a wrong one."""
    assert "choose the folder of a series" in dock.footer.run.toolTip()
    dock.calibration.folder.setText(str(tmp_path))
    assert not dock.footer.run.isEnabled()
    assert dock.calibration.steps.wrong
    assert "a series needs two steps or more" in dock.footer.run.toolTip()


def test_a_broken_step_costs_itself(viewer: Any, dock: Any, folder: Path, run: Callable[..., Any]) -> None:
    """It is black in the slider, the others keep their numbers, and a sentence names it."""
    (folder / "step_01.ang").write_bytes(b"broken")
    viewer.open(str(folder), plugin="sodalite")
    result = run().result
    tracks = layer_of(viewer, TRACKS)
    assert [bool(step.any()) for step in tracks.data] == [True, False, True]
    assert result["measured_step_count"].value == 2
    assert "step_01.ang" in dock.footer.status.text()


def test_an_earlier_result_comes_back_as_layers(
    viewer: Any, dock: Any, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    """With its settings; with its maps where the folder is chosen, and without them where it is not."""
    recipe = sodalite.Coarsening(min_pixels=4)
    earlier = recipe.run(recipe.read(folder)).save(tmp_path / "earlier")
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(earlier))
    assert dock.form.recipe() == recipe
    assert find_layer(viewer, MAPS) is None
    assert layer_of(viewer, TRACKS).data.shape == (3, 60, 80)
    dock.calibration.folder.setText(str(folder))
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(earlier))
    assert find_layer(viewer, MAPS) is not None
