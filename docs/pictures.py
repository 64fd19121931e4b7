"""Photographs of the napari docks in use: ``python docs/pictures.py FOLDER`` on a screen of at least 1366 x 768."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_sodalite.grain_layers import GRAINS
from napari_sodalite.section_layers import ANCHORS, VOIDS
from napari_sodalite.series_layers import EVENTS
from napari_sodalite.session import find_layer
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.sample_images import write_samples
from sodalite.phantoms.series import make_series, write_series

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = (1366, 768)
_PATIENCE_S = 600.0


def main(folder: Path) -> None:
    """Write the pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        images = Path(place, "images")
        write_samples(images)
        _sections(folder, images)
        _grains(folder)
        _coarsening(folder, Path(place, "series"))
        _stripping(folder)
        _front(folder)
        _batch(folder, images, Path(place, "results"))


def _sections(folder: Path, images: Path) -> None:
    viewer, dock = _window("Cross-section")
    viewer.open(str(images / "loose_centre.tif"), plugin="sodalite")
    dock.form.fields["charge_mah_cm2"].setText("1.0")
    dock.form.changed.emit()
    dock.form.more.expand(animate=False)
    _shoot(viewer, folder / "cross_section_settings.png")
    dock.form.more.collapse(animate=False)
    _run(dock)
    _plot(dock)
    dock.results.table.selectRow(0)
    _shoot(viewer, folder / "cross_section.png")
    viewer.theme = "light"
    dock.results.open_objects()
    voids = find_layer(viewer, VOIDS)
    assert voids is not None
    voids.selected_label = 5
    _wait(lambda: bool(dock.results.plots.plots))
    viewer.scene.camera.zoom *= 2
    _shoot(viewer, folder / "cross_section_objects.png", reset=False)
    viewer.theme = "dark"
    for name in ("Plots", "Features table widget (napari)"):
        viewer.window.remove_dock_widget(viewer.window.dock_widgets[name])
    dock.tabs.setCurrentIndex(2)
    dock.correction.show_anchors()
    layer = find_layer(viewer, ANCHORS)
    assert layer is not None
    layer.selected_data = {12}
    _shoot(viewer, folder / "cross_section_correct.png")
    viewer.close()


def _grains(folder: Path) -> None:
    viewer, dock = _window("EBSD grains")
    viewer.open_sample("sodalite", "equiaxed_grains")
    _run(dock)
    _plot(dock)
    _shoot(viewer, folder / "grains.png")
    dock.tabs.setCurrentIndex(2)
    dock.correction.pick_grains()
    layer = find_layer(viewer, GRAINS)
    assert layer is not None
    for label in (77, 84):
        layer.selected_label = label
    _shoot(viewer, folder / "grains_correct.png")
    viewer.close()


def _coarsening(folder: Path, series: Path) -> None:
    scene = MapScene(frame="tsl", noise_deg=0.3)
    times_h = (0.0, 1.0, 2.0, 4.0, 8.0)
    drawn = make_series(
        (120, 160), 0.5, grains=90, times_h=times_h, growth_um2_h=1.5, seed=3, drift_um=2.0, scene=scene
    )
    write_series(drawn, series)
    viewer, dock = _window("EBSD coarsening")
    dock.calibration.folder.setText(str(series))
    _run(dock)
    _plot(dock)
    events = find_layer(viewer, EVENTS)
    assert events is not None
    vanished = events.data[:, 0].astype(int)
    viewer.dims.set_current_step(0, int(np.bincount(vanished).argmax()))
    _shoot(viewer, folder / "coarsening.png")
    viewer.close()


def _stripping(folder: Path) -> None:
    viewer, dock = _window("Stripping series")
    viewer.open_sample("sodalite", "stripped_interface")
    _run(dock)
    _plot(dock)
    dock.results.table.selectRow(4)
    viewer.dims.set_current_step(0, 4)
    _shoot(viewer, folder / "stripping.png")
    viewer.close()


def _front(folder: Path) -> None:
    viewer, dock = _window("Growth front")
    viewer.open_sample("sodalite", "growing_front")
    dock.form.fields["grows_from"].setCurrentText("bottom")
    _run(dock)
    _plot(dock)
    viewer.dims.set_current_step(0, 9)
    _shoot(viewer, folder / "front.png")
    viewer.close()


def _batch(folder: Path, images: Path, out: Path) -> None:
    (images / "broken.tif").write_bytes(b"II*\0")
    viewer, dock = _window("Batch")
    dock.images.setText(str(images))
    dock.out.setText(str(out))
    dock.footer.run.click()
    _wait(lambda: dock.process is None)
    row = dock.rows["loose_edge.tif"]
    dock.table.itemClicked.emit(dock.table.item(row, 0))
    _wait(lambda: not dock.jobs.running)
    dock.table.selectRow(row)
    _shoot(viewer, folder / "batch.png")
    viewer.close()


def _run(dock: Any) -> None:
    dock.footer.run.click()
    _wait(lambda: not dock.jobs.running)


def _plot(dock: Any) -> None:
    dock.results.open_plots()
    _wait(lambda: bool(dock.results.plots.plots))


def _window(dock: str) -> tuple[napari.Viewer, Any]:
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window._qt_window.resize(*_SIZE)
    _, widget = viewer.window.add_plugin_dock_widget("sodalite", dock)
    return viewer, widget


def _shoot(viewer: napari.Viewer, path: Path, *, reset: bool = True) -> None:
    _breathe(0.5)
    if reset:
        viewer.reset_view()
    _breathe(1.0)
    viewer.window.screenshot(str(path), flash=False)


def _wait(over: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not over():
        if time.monotonic() > end:
            sys.exit("the dock did not finish; run it by hand to see why")
        _breathe(0.05)


def _breathe(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/pictures.py FOLDER")
    main(Path(sys.argv[1]))
