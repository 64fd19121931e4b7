"""The scale bar is there where it is right, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from plugins.conftest import canvas, open_file, write_section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot


def bare_file(folder: Path) -> Path:
    """Return a micrograph that has lost the side file with its pixel size."""
    path = write_section(folder / "bare.tif", "hitachi")
    path.with_suffix(".txt").unlink()
    return path


def test_no_bar_over_nothing(viewer: Any, dock: Any, section: Path) -> None:
    """It comes with the first picture in um and goes with the last; switched off by hand it stays off."""
    bar = viewer.canvas.overlays.scale_bar
    assert not bar.visible
    layer = open_file(viewer, section)
    assert bar.visible
    layer.visible = False
    assert not bar.visible
    layer.visible = True
    bar.visible = False
    viewer.add_image(layer.data, scale=layer.scale, units=layer.units)
    assert not bar.visible


def test_a_picture_without_pixel_size_costs_the_bar_alone(
    viewer: Any, dock: Any, section: Path, tmp_path: Path, press: Callable[[Any], None], qtbot: QtBot
) -> None:
    """Drawn beside those in um, which keep their units, without a warning of napari's; told its size it has the bar."""
    before = len(notification_manager.records)
    first, bare = open_file(viewer, section), open_file(viewer, bare_file(tmp_path))
    bar = viewer.canvas.overlays.scale_bar
    qtbot.wait(200)
    said = [record.message for record in notification_manager.records][before:]
    assert [words.partition(":")[0] for words in said] == ["bare.tif"]
    assert "drawn as wide as what is open" in said[0]
    assert viewer.layers.units is not None
    assert np.ptp(bare.extent.world[:, 1]) == pytest.approx(np.ptp(first.extent.world[:, 1]), rel=0.01)
    assert canvas(viewer).std() > 20
    assert not bar.visible
    bare.visible = False
    assert bar.visible
    bare.visible = True
    assert dock.calibration.layer is bare
    qtbot.keyClicks(dock.calibration.pixel_size, "0.02")
    press(dock.calibration.set_size)
    assert bar.visible
    assert tuple(bare.scale) == (0.02, 0.02)


def test_whichever_is_opened_first(viewer: Any, section: Path, tmp_path: Path, qtbot: QtBot) -> None:
    """No dock need be open."""
    before = len(notification_manager.records)
    bare = open_file(viewer, bare_file(tmp_path))
    assert [str(unit) for unit in bare.units] == ["pixel", "pixel"]
    open_file(viewer, section)
    qtbot.wait(200)
    assert viewer.layers.units is not None
    assert not any("Inconsistent" in record.message for record in list(notification_manager.records)[before:])
