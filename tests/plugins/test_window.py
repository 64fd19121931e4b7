"""The window itself: many of them in one process, none left behind, and none that freezes while it works."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from plugins.conftest import SLOW_MS
from sodalite.phantoms.sections import make_section

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

VIEWERS = 40
DOCKS = ("Cross-section", "EBSD grains", "EBSD coarsening", "Batch")


def test_forty_viewers_in_one_process(make_napari_viewer: Callable[..., Any]) -> None:
    """Each opens with a dock and closes; the fixture fails when a window is left."""
    for number in range(VIEWERS):
        viewer = make_napari_viewer(show=False, strict_qt="raise")
        viewer.window.add_plugin_dock_widget("sodalite", DOCKS[number % len(DOCKS)])
        viewer.close()


def test_a_dock_that_was_closed_hears_nothing(viewer: Any) -> None:
    """Layers, themes and cameras may change afterwards."""
    _, dock = viewer.window.add_plugin_dock_widget("sodalite", "Cross-section")
    viewer.window.remove_dock_widget(dock)
    viewer.add_image(np.eye(8))
    viewer.theme = "light"
    viewer.scene.camera.zoom *= 2
    viewer.layers.clear()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_red_reads_in_both_themes(viewer: Any, dock: Any, theme: str) -> None:
    """A wrong line is redder than it is anything else."""
    viewer.theme = theme
    dock.footer.say("wrong", wrong=True)
    style = dock.footer.status.styleSheet()
    red, green, blue = (int(style.partition("#")[2][i : i + 2], 16) for i in (0, 2, 4))
    assert red > 1.3 * max(green, blue)


def test_the_window_stays_alive_during_a_run(
    viewer: Any, dock: Any, run: Callable[..., Any], qtbot: QtBot, record_property: Callable[[str, object], None]
) -> None:
    """The longest gap between two beats of a timer is reported, of a run and of one that fills its layers anew.

    So is the time that the window's thread worked in one gap: on a busy machine it waits, too.
    """
    small = make_section((600, 800), (0.05, 0.05), seed=5, collector_um=6.0, sodium_um=9.0, void_fraction=0.02).image
    data = np.tile(small.data, (1, 4))
    viewer.add_image(data, name="large", scale=(0.05, 0.05), units=("um", "um"))
    for which in ("first", "second"):
        beats, worked = [time.perf_counter()], [time.thread_time()]
        timer = QTimer()
        timer.timeout.connect(lambda beats=beats: beats.append(time.perf_counter()))
        timer.timeout.connect(lambda worked=worked: worked.append(time.thread_time()))
        timer.start(5)
        run()
        timer.stop()
        longest_ms = 1000 * float(np.diff(beats).max())
        record_property(f"longest_stall_of_the_{which}_run_ms", longest_ms)
        record_property(f"longest_work_of_the_{which}_run_ms", 1000 * float(np.diff(worked).max()))
        assert len(beats) > 10
        assert longest_ms < SLOW_MS
