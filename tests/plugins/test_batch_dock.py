"""The batch dock: a process of its own, a row an image, failures in words, results a click away."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import Qt

from napari_sodalite.image_series_layers import STEP_CLASSES
from napari_sodalite.section_layers import CLASSES
from napari_sodalite.session import find_layer
from plugins.conftest import SLOW_MS, write_section
from sodalite.phantoms.stripping import make_stripping
from sodalite.phantoms.tags import write_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def batch(viewer: Any, qtbot: QtBot) -> Iterator[Any]:
    """Return the batch dock."""
    _, widget = viewer.window.add_plugin_dock_widget("sodalite", "Batch")
    yield widget
    if widget.process is not None:
        widget.cancel()
        qtbot.waitUntil(lambda: widget.process is None, timeout=SLOW_MS)


def states(batch: Any) -> dict[str, str]:
    """Return image -> state as the table shows it."""
    table = batch.table
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def test_a_folder_is_measured_and_each_result_opens(
    viewer: Any, batch: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """One bad file costs that file alone; a click on a good one shows its layers."""
    assert "choose the folder" in batch.footer.run.toolTip()
    write_section(tmp_path / "in" / "good.tif")
    (tmp_path / "in" / "bad.tif").write_bytes(b"II*\0nothing")
    qtbot.keyClicks(batch.images, str(tmp_path / "in"))
    qtbot.keyClicks(batch.out, str(tmp_path / "out"))
    batch.workers.setValue(1)
    press(batch.footer.run)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    assert batch.footer.status.text() == "1 of 2 images measured."
    found = states(batch)
    assert found["good.tif"] == "measured"
    assert found["bad.tif"].endswith(".")
    assert not found["bad.tif"].startswith("bad.tif")
    assert (tmp_path / "out" / "report.html").is_file()
    assert batch.report.isEnabled()
    row = batch.rows["good.tif"]
    place = batch.table.visualItemRect(batch.table.item(row, 0)).center()
    qtbot.mouseClick(batch.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: "is open" in batch.footer.status.text(), timeout=SLOW_MS)
    assert find_layer(viewer, CLASSES) is not None
    assert viewer.layers[0].name == "good.tif"

    press(batch.footer.run)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    assert "holds a run already" in batch.footer.status.text()


def test_a_pixel_size_is_asked_for_and_told(
    viewer: Any, batch: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """Files without one fail with a sentence that names the field; told, they are measured and open in um."""
    bare = write_section(tmp_path / "in" / "bare.tif", "hitachi")
    bare.with_suffix(".txt").unlink()
    qtbot.keyClicks(batch.images, str(tmp_path / "in"))
    qtbot.keyClicks(batch.out, str(tmp_path / "first"))
    batch.workers.setValue(1)
    press(batch.footer.run)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    assert "tell it in um into 'Pixel size' above" in states(batch)["bare.tif"]
    batch.out.setText(str(tmp_path / "second"))
    batch.pixel_size.setText("1,2")
    press(batch.footer.run)
    assert "'1,2' is no number" in batch.footer.status.text()
    batch.pixel_size.setText("0.05")
    press(batch.footer.run)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    assert states(batch)["bare.tif"] == "measured"
    batch.table.itemClicked.emit(batch.table.item(0, 0))
    qtbot.waitUntil(lambda: "is open" in batch.footer.status.text(), timeout=SLOW_MS)
    assert {tuple(map(str, layer.units)) for layer in viewer.layers} == {("micrometer", "micrometer")}
    assert {tuple(layer.scale) for layer in viewer.layers} == {(0.05, 0.05)}


def test_a_cancelled_run_keeps_what_is_measured(
    batch: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """The process ends by itself after its tables are written, also where napari was started to ignore Ctrl-C."""
    for number in range(12):
        write_section(tmp_path / "in" / f"{number:02}.tif")
    qtbot.keyClicks(batch.images, str(tmp_path / "in"))
    qtbot.keyClicks(batch.out, str(tmp_path / "out"))
    batch.workers.setValue(1)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    press(batch.footer.run)
    qtbot.waitUntil(lambda: "measured" in states(batch).values(), timeout=SLOW_MS)
    signal.signal(signal.SIGINT, before)
    press(batch.footer.cancel)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    found = list(states(batch).values())
    assert 1 <= found.count("measured") < 12
    assert "Cancelled" in batch.footer.status.text()
    assert (tmp_path / "out" / "values.csv").is_file()


def test_series_are_measured_and_open(
    viewer: Any, batch: Any, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """A row a series; a click shows its images with their classes, and the dock of its kind follows."""
    _, dock = viewer.window.add_plugin_dock_widget("sodalite", "Stripping series")
    for name, seed in (("one", 4), ("two", 5)):
        (tmp_path / "in" / name).mkdir(parents=True)
        for number, step in enumerate(make_stripping(seed=seed).series.read):
            assert step.image is not None
            write_tiff(tmp_path / "in" / name / f"{number}.tif", step.image.data, step.image.spacing_um, vendor="fei")
    batch.kind.setCurrentIndex(batch.kind.findData("stripping"))
    qtbot.keyClicks(batch.images, str(tmp_path / "in"))
    qtbot.keyClicks(batch.out, str(tmp_path / "out"))
    batch.workers.setValue(1)
    press(batch.footer.run)
    qtbot.waitUntil(lambda: batch.process is None, timeout=SLOW_MS)
    assert states(batch) == {"one": "measured", "two": "measured"}
    batch.table.itemClicked.emit(batch.table.item(batch.rows["two"], 0))
    qtbot.waitUntil(lambda: "is open" in batch.footer.status.text(), timeout=SLOW_MS)
    assert find_layer(viewer, STEP_CLASSES) is not None
    assert dock.results.whose.text() == "Result of two"
    assert dock.correction.remeasure.isEnabled()
