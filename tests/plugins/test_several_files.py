"""Several files in one window: the newest is chosen, and what was measured on one is not taken for another's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from napari.layers import Image

from napari_sodalite.section_layers import CLASSES, OBJECTS
from napari_sodalite.series_layers import MAPS, TRACKS
from napari_sodalite.session import find_layer, known_of
from plugins.conftest import SLOW_MS, open_file, write_section
from sodalite.classes import SectionClass
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.series import make_series, write_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def two(viewer: Any, dock: Any, run: Callable[..., Any], tmp_path: Path) -> tuple[Any, Any]:
    """Return the layers of two sections of one shape; the first is measured before the second is opened."""
    first = open_file(viewer, write_section(tmp_path / "first.tif"))
    run()
    return first, open_file(viewer, write_section(tmp_path / "second.tif"))


def pick(dock: Any, layer: Any) -> None:
    """Choose a layer as a user does."""
    choice = dock.calibration.choice
    choice.setCurrentIndex(choice.findData(layer))
    choice.activated.emit(choice.currentIndex())


def pictures_above(viewer: Any, role: str) -> list[str]:
    """Return the names of the pictures that hide the layer of a role."""
    layer = find_layer(viewer, role)
    assert layer is not None
    return [item.name for item in viewer.layers[viewer.layers.index(layer) :] if isinstance(item, Image)]


def test_a_file_that_is_opened_is_chosen(viewer: Any, dock: Any, two: tuple[Any, Any]) -> None:
    """A layer that a filter makes is not; without the chosen one another is."""
    first, second = two
    assert dock.calibration.layer is second
    viewer.add_image(first.data, name="filtered")
    assert dock.calibration.layer is second
    viewer.layers.remove(second)
    assert dock.calibration.layer is not None


def test_a_result_is_not_corrected_on_another_image(viewer: Any, dock: Any, two: tuple[Any, Any]) -> None:
    """Both have one shape: only the dock can know, and says whose the result is."""
    first, _ = two
    assert dock.results.whose.wrong
    assert dock.results.whose.text().startswith("Result of first.tif, not")
    for button in (dock.correction.remeasure, dock.correction.delete, dock.correction.move_anchors):
        assert "the result is that of first.tif" in button.toolTip()
        assert not button.isEnabled()
    assert not dock.correction.brushes.swatches[SectionClass.VOID].isEnabled()
    own = viewer.add_labels(find_layer(viewer, CLASSES).data, name="mine")  # type: ignore[union-attr]
    dock.correction.labels.setCurrentIndex(dock.correction.labels.findData(own))
    assert dock.correction.remeasure.isEnabled()
    pick(dock, first)
    assert not dock.results.whose.wrong
    assert dock.correction.remeasure.isEnabled()
    assert dock.correction.brushes.swatches[SectionClass.VOID].isEnabled()


def test_what_is_chosen_and_its_result_lie_on_top(
    viewer: Any, dock: Any, two: tuple[Any, Any], run: Callable[..., Any]
) -> None:
    """The picture opened last hides what was measured on the one before; Run and Undo show theirs."""
    first, second = two
    assert pictures_above(viewer, CLASSES) == ["second.tif"]
    pick(dock, first)
    assert pictures_above(viewer, CLASSES) == []
    pick(dock, second)
    assert pictures_above(viewer, CLASSES) == ["second.tif"]
    assert run().result.name == "second.tif"
    assert not any(pictures_above(viewer, role) for role in (CLASSES, *OBJECTS))
    assert viewer.layers.index(second) > viewer.layers.index(first)
    run(dock.correction.undo)
    assert dock.calibration.layer is first
    assert viewer.layers.index(first) > viewer.layers.index(second)
    assert pictures_above(viewer, CLASSES) == []


def test_a_file_that_is_opened_during_a_run_comes_after_it(
    viewer: Any, dock: Any, press: Callable[[Any], None], tmp_path: Path, qtbot: QtBot
) -> None:
    """What was measured is shown on its own image, which is chosen again."""
    first = open_file(viewer, write_section(tmp_path / "first.tif"))
    second = write_section(tmp_path / "second.tif")
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        press(dock.footer.run)
        layer = open_file(viewer, second)
        assert dock.calibration.layer is layer
    assert dock.calibration.layer is first
    assert dock.session.current.result.name == "first.tif"
    assert pictures_above(viewer, CLASSES) == []
    assert not dock.results.whose.wrong


def test_a_result_finds_its_image_among_those_open(
    viewer: Any, dock: Any, two: tuple[Any, Any], run: Callable[..., Any], tmp_path: Path, qtbot: QtBot
) -> None:
    """By its name and shape, whatever is chosen."""
    first, _ = two
    folder = dock.session.current.result.save(tmp_path / "earlier")
    run()
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(folder))
    assert dock.calibration.layer is first
    assert dock.session.current.origin is first
    assert dock.correction.remeasure.isEnabled()
    viewer.layers.remove(first)
    with qtbot.waitSignal(dock.jobs.ended, timeout=SLOW_MS):
        dock.open_folder(str(folder))
    assert dock.session.current.origin is None
    assert "open that, then its result again" in dock.correction.remeasure.toolTip()
    viewer.layers.clear()
    viewer.open(str(folder), plugin="sodalite")
    assert "opened beside the dock" in dock.correction.remeasure.toolTip()


@pytest.mark.parametrize("dock", ["EBSD coarsening"], indirect=True)
def test_each_series_keeps_its_maps(viewer: Any, dock: Any, run: Callable[..., Any], tmp_path: Path) -> None:
    """The folder opened last is chosen, and what is measured on it does not fill the pictures of the first."""
    scene = MapScene(frame="tsl", noise_deg=0.3)
    for name, seed in (("one", 1), ("two", 2)):
        series = make_series((60, 80), 0.5, grains=40, times_h=(0.0, 4.0), growth_um2_h=1.5, seed=seed, scene=scene)
        write_series(series, tmp_path / name)
    (one,) = viewer.open(str(tmp_path / "one"), plugin="sodalite")
    run()
    (two,) = viewer.open(str(tmp_path / "two"), plugin="sodalite")
    assert dock.calibration.folder.text() == str(tmp_path / "two")
    assert "the result is that of one" in dock.correction.remeasure.toolTip()
    run()
    assert dock.session.current.result.name == "two"
    assert [known_of(layer)["folder"] for layer in (one, two)] == [str(tmp_path / name) for name in ("one", "two")]
    assert (one.name, two.name) == (f"{MAPS} · one", f"{MAPS} · two")
    assert not pictures_above(viewer, TRACKS)
