"""Fixtures of the plugin's tests: a real window with the docks in it, and sections to open."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

_MISSING = [name for name in ("napari", "pytestqt", "qtpy") if importlib.util.find_spec(name) is None]
_NO_DISPLAY = sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
_LEFT_OUT = bool(_MISSING or _NO_DISPLAY)
collect_ignore_glob = ["test_*.py"] if _LEFT_OUT else []

# napari reads its settings when it is imported: the user's own must neither be used nor be changed
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-settings-")) / "settings.yaml")

SLOW_MS = 120_000
"""More than a first run takes while its kernels are compiled on a busy machine."""
LAYERS = "collector,sodium,electrolyte"


def pytest_report_header() -> str:
    """Say why the window tests are left out, where they are."""
    why = f"{', '.join(_MISSING)} not installed" if _MISSING else "no display; use xvfb-run" if _NO_DISPLAY else ""
    return f"napari plugin: {'left out, ' + why if why else 'tested in a real window'}"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a machine without a screen pass, where nobody can install one; never the machine that guards the branch."""
    if _LEFT_OUT and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not os.environ.get("CI"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    """Return a viewer with a window on the screen."""
    shown = make_napari_viewer(show=True)
    shown.window._qt_window.resize(1366, 768)
    return shown


@pytest.fixture
def dock(viewer: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return the cross-section dock, or the one that is named, opened as the menu does."""
    _, widget = viewer.window.add_plugin_dock_widget("sodalite", getattr(request, "param", "Cross-section"))
    yield widget
    widget.jobs.cancel()


@pytest.fixture
def press(qtbot: QtBot) -> Callable[[Any], None]:
    """Return what clicks on a button with the mouse."""
    from qtpy.QtCore import Qt

    def click(button: Any) -> None:
        assert button.isEnabled(), button.toolTip()
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    return click


@pytest.fixture
def run(qtbot: QtBot, dock: Any, press: Callable[[Any], None]) -> Callable[..., Any]:
    """Return what presses a button of the dock and waits for the job to end; Run unless another is named."""

    def finish(button: Any = None) -> Any:
        with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
            press(button or dock.footer.run)
        return dock.session.current

    return finish


@pytest.fixture
def save(dock: Any, press: Callable[[Any], None], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return what presses Save and chooses a folder."""
    from qtpy.QtWidgets import QFileDialog

    def finish(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        dock.tabs.setCurrentIndex(1)
        with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
            press(dock.results.save)
        return folder

    return finish


@pytest.fixture
def section(tmp_path: Path) -> Path:
    """Return the file of a section with voids, as FEI's software writes it."""
    return write_section(tmp_path / "images" / "section.tif")


def write_section(path: Path, vendor: str = "fei", **header: Any) -> Path:
    """Write a section with voids and dead sodium as a vendor's software does."""
    from sodalite.phantoms.sections import make_section
    from sodalite.phantoms.tags import write_tiff

    path.parent.mkdir(parents=True, exist_ok=True)
    phantom = make_section(
        (240, 320), (0.05, 0.05), seed=3, collector_um=2.0, sodium_um=4.5, void_fraction=0.03, spheres=2, dead_um=0.9,
        snr=8.0,
    )  # fmt: skip
    return write_tiff(path, phantom.image.data, (0.05, 0.05), vendor=vendor, **header)


@pytest.fixture
def ebsd_file(tmp_path: Path) -> Path:
    """Return the file of an EBSD map, as EDAX's software writes it."""
    return write_map(tmp_path / "maps" / "map.ang")


def write_map(path: Path, **scene: Any) -> Path:
    """Write a map of some sixty grains as EDAX's software does."""
    from sodalite.phantoms.map_files import write_ang
    from sodalite.phantoms.maps import make_map

    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {"grains": 60, "seed": 2, "unindexed_fraction": 0.02, "noise_deg": 0.3, "frame": "tsl"}
    write_ang(make_map((120, 160), 0.5, **{**fields, **scene}).ebsd, path, decimals=5)
    return path


def canvas(viewer: Any) -> Any:
    """Return what the window really draws, (y, x, 3)."""
    return viewer.window.screenshot(canvas_only=True, flash=False)[..., :3]


def canvas_of(widget: Any) -> Any:
    """Return what a widget really shows, (y, x, 3)."""
    from qtpy.QtGui import QImage

    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3]


def open_file(viewer: Any, path: Path) -> Any:
    """Open a file with this plugin and return its layer."""
    return viewer.open(str(path), plugin="sodalite")[0]
