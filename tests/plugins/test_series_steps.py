"""Steps of a series that a worker reads when the slider comes to them, in a real window that stays awake."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QTimer

from napari_sodalite.aside import run_aside
from napari_sodalite.series_steps import StepPictures
from plugins.conftest import SLOW_MS, canvas
from sodalite import ReadError
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.series import make_series, write_series

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

MAIN = threading.main_thread()


class SlowFiles:
    """Reads grey pictures, each once it is allowed to; one of them is broken."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.read: list[int] = []
        self.threads: set[threading.Thread] = set()
        names = [f"step_{number}" for number in range(6)]
        self.pictures = StepPictures(names, self, (20, 30))
        self.pictures.keep(0, np.full((20, 30, 3), 90, np.uint8))

    def __call__(self, step: int) -> np.ndarray:
        """Return the pixels of a step."""
        self.threads.add(threading.current_thread())
        self.allowed.wait(20)
        self.read.append(step)
        if step == 4:
            raise ReadError("step_4.ang: no map; leave it out.")
        return np.full((20, 30, 3), 100 + step, np.uint8)


def test_the_newest_step_is_read_next_and_shown(viewer: Any, qtbot: QtBot) -> None:
    """The window never waits; what the slider passed is not read; a broken step says so and stays black."""
    files = SlowFiles()
    layer = viewer.add_image(files.pictures, rgb=True)
    assert layer.data is files.pictures
    assert viewer.dims.current_step[0] == 2
    for step in (1, 0, 5, 3):
        viewer.dims.set_current_step(0, step)
        assert layer._slice.image.view.any() == (step == 0)
    files.allowed.set()
    qtbot.waitUntil(lambda: files.read == [2, 3], timeout=SLOW_MS)
    qtbot.waitUntil(lambda: (layer._slice.image.view == 103).all(), timeout=SLOW_MS)
    viewer.dims.set_current_step(0, 4)
    told = lambda: notification_manager.records[-1].message if notification_manager.records else ""  # noqa: E731
    qtbot.waitUntil(lambda: "step_4.ang: no map; leave it out." in told(), timeout=SLOW_MS)
    assert not layer._slice.image.view.any()
    viewer.dims.set_current_step(0, 3)
    assert (layer._slice.image.view == 103).all()
    assert files.read == [2, 3, 4]
    assert MAIN not in files.threads


def test_a_script_gets_what_it_takes() -> None:
    """Read on the spot, without a window that looks at it; a broken step is black."""
    files = SlowFiles()
    files.allowed.set()
    pictures = files.pictures
    assert (pictures.shape, pictures.ndim, len(pictures), pictures.size) == ((6, 20, 30, 3), 4, 6, 10800)
    assert pictures[-1].min() == 105
    assert pictures[2, 3:5, 7].shape == (2, 3)
    np.testing.assert_array_equal(np.asarray(pictures)[:, 0, 0, 0], [90, 101, 102, 103, 0, 105])
    np.testing.assert_array_equal(pictures[1:4, 0, 0, 0], [101, 102, 103])


def test_a_folder_dropped_on_the_window_is_read_step_by_step(viewer: Any, tmp_path: Path, qtbot: QtBot) -> None:
    """The canvas shows the step in the middle, where napari puts the slider, then the last one."""
    scene, times_h = MapScene(frame="tsl", noise_deg=0.3), (0.0, 1.0, 2.0)
    series = make_series((30, 40), 0.5, grains=20, times_h=times_h, growth_um2_h=1.5, seed=1, scene=scene)
    write_series(series, tmp_path / "maps")
    viewer.open(str(tmp_path / "maps"), plugin="sodalite")
    qtbot.waitUntil(lambda: canvas(viewer).std() > 20, timeout=SLOW_MS)
    middle = canvas(viewer)
    viewer.dims.set_current_step(0, 2)
    qtbot.waitUntil(lambda: canvas(viewer).std() > 20, timeout=SLOW_MS)
    assert np.abs(canvas(viewer).astype(int) - middle).mean() > 5


def test_the_window_draws_while_a_reader_reads(viewer: Any) -> None:
    """Its timers beat; what is wrong with a file is raised where napari waits for it."""
    beats: list[threading.Thread] = []
    ended = threading.Event()
    timer = QTimer()
    timer.timeout.connect(lambda: (beats.append(threading.current_thread()), len(beats) > 3 and ended.set()))
    timer.start(5)

    def read(path: str) -> str:
        assert threading.current_thread() is not MAIN
        assert ended.wait(20)
        return path.upper()

    assert run_aside(read, "a") == "A"
    timer.stop()
    assert set(beats) == {MAIN}

    def fail() -> None:
        raise ReadError("a.tif: broken; copy it again.")

    with pytest.raises(ReadError, match="copy it again"):
        run_aside(fail)
