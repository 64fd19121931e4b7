"""Pictures of a series: strips with arrows at vanished grains, figures, a film, and panels of steps that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from disc_series import disc_labels, disc_maps, map_of
from sodalite.errors import MeasurementError
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries
from sodalite.report.series_figures import growth_figure, size_steps_figure
from sodalite.report.series_frames import ARROW_RGB
from sodalite.report.series_pictures import write_series_pictures
from sodalite.result import Result

if TYPE_CHECKING:
    from pathlib import Path

TIMES_H = (0.0, 4.0, 8.0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """Return a measured series with a film, and the folder of its pictures."""
    series = MapSeries.from_maps(disc_maps(TIMES_H), times_h=TIMES_H, name="discs")
    result = Coarsening(min_pixels=4, animate=True).run(series)
    return result, write_series_pictures(result, series, tmp_path_factory.mktemp("pictures"))


def red(path: Path) -> int:
    """Return how many pixels have the colour of the arrows."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return int((picture == ARROW_RGB).all(axis=2).sum())


def test_every_picture_is_there(drawn: tuple[Result, Path]) -> None:
    """Strips, previews, figures and the film, none of them flat."""
    folder = drawn[1]
    names = {"film_strip.png", "overlay.png", "overlay.jpg", "tracks.png", "grains.jpg", "sizes.png", "growth.png"}
    assert {path.name for path in folder.iterdir()} == names | {"film.gif"}
    for name in names:
        assert cv2.imread(str(folder / name)).std() > 20, name
    assert (folder / "overlay.png").read_bytes() != (folder / "film_strip.png").read_bytes()


def test_arrows_point_at_grains_that_vanish(drawn: tuple[Result, Path], tmp_path: Path) -> None:
    """A series with vanishing grains has red arrows, one without has none."""
    assert (drawn[0].tables["events"]["kind"] == "vanish").any()
    assert red(drawn[1] / "film_strip.png") > 50
    still = MapSeries.from_maps([map_of(disc_labels(0), f"s{k}.ang") for k in range(2)])
    result = Coarsening(min_pixels=4).run(still)
    assert red(write_series_pictures(result, still, tmp_path) / "tracks.png") == 0
    assert not (tmp_path / "film.gif").exists()


def test_a_new_section_has_no_arrows(tmp_path: Path) -> None:
    """Grains that a new plane does not show are not marked as vanished, as they are not counted."""
    maps = [map_of(disc_labels(time), f"s{k}.ang") for k, time in enumerate((0.0, 6.0))]
    section = MapSeries.from_maps(maps, repolished=(False, True))
    result = Coarsening(min_pixels=4).run(section)
    assert (result.tables["events"]["kind"] == "vanish").any()
    assert red(write_series_pictures(result, section, tmp_path) / "tracks.png") == 0


def test_the_film_has_a_frame_a_step(drawn: tuple[Result, Path]) -> None:
    """Three frames that differ, in a loop."""
    with Image.open(drawn[1] / "film.gif") as film:
        assert film.n_frames == len(TIMES_H)
        assert film.info["loop"] == 0
        frames = []
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB"), dtype=int))
    assert np.abs(frames[0] - frames[2]).mean() > 0.1


def test_growth_shows_means_law_and_new_sections(drawn: tuple[Result, Path]) -> None:
    """Two means over hours with lines and bands; a repolished step has a mark; nothing measured, nothing drawn."""
    axes = growth_figure(drawn[0]).axes[0]
    assert axes.get_xlabel() == "time (h)"
    assert len(axes.collections) >= 2
    maps = disc_maps(TIMES_H)
    polished = Coarsening(min_pixels=4).run(MapSeries.from_maps(maps, repolished=(False, False, True)))
    axes = growth_figure(polished).axes[0]
    assert axes.get_xlabel() == "step"
    assert [text.get_text() for text in axes.texts] == ["new section"]
    bare = Result((), {}, {}, (1.0, 1.0))
    for figure in (growth_figure, size_steps_figure):
        with pytest.raises(MeasurementError, match="measure the series first"):
            figure(bare)


def test_steps_of_another_place_are_hollow() -> None:
    """Their means are in the fit, and the figure shows which they are."""
    maps = [*disc_maps(TIMES_H), map_of(disc_labels(3.0, seed=99)[::-1, ::-1], "elsewhere.ang", seed=5)]
    axes = growth_figure(Coarsening(min_pixels=4).run(MapSeries.from_maps(maps))).axes[0]
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [len(line.get_xdata()) for line in hollow] == [1, 1]


def test_a_step_that_failed_has_an_empty_panel(tmp_path: Path) -> None:
    """A broken first step is drawn as a dark panel, the others as usual."""
    maps = disc_maps(TIMES_H)
    maps[0] = map_of(disc_labels(0), "coarse.ang", step_um=2.0)
    series = MapSeries.from_maps(maps, times_h=TIMES_H)
    result = Coarsening(min_pixels=4).run(series)
    assert cv2.imread(str(write_series_pictures(result, series, tmp_path) / "film_strip.png")).std() > 20


def test_figures_without_a_whole_grain_say_so(drawn: tuple[Result, Path]) -> None:
    """Where the frame cuts every grain the axes hold a sentence and no made-up numbers."""
    from dataclasses import replace

    result, _ = drawn
    steps = result.tables["steps"].copy()
    steps.loc[:, [name for name in steps if name.startswith("ecd_")]] = np.nan
    tracks = result.tables["tracks"].assign(on_border=True)
    cut = replace(result, tables={**result.tables, "steps": steps, "tracks": tracks})
    for figure in (growth_figure(cut), size_steps_figure(cut)):
        for axes in figure.axes:
            assert "no step has a whole grain" in axes.texts[-1].get_text()
            assert len(axes.get_yticks()) == 0
