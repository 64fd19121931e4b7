"""The pictures of a map are written, to scale, with what is not indexed in the colour that the words name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sodalite.ebsd import EbsdMap
from sodalite.errors import MeasurementError
from sodalite.phantoms.maps import NZSP, SODIUM, make_map
from sodalite.pipelines.grains import Grains
from sodalite.report import write_pictures
from sodalite.report.caption import round_length_um
from sodalite.report.map_colours import UNINDEXED_RGB, UNKNOWN_RGB, ipf_colours
from sodalite.report.map_frame import frame_map
from sodalite.report.map_keys import PANEL_PX
from sodalite.report.maps import write_map_pictures

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.result import Result

PICTURES = {
    "ipf.png", "overlay.png", "grains.png", "kam.png", "gos.png", "pole_figures.png", "size_histogram.png",
    "boundary_rose.png", "image.jpg", "overlay.jpg", "grains.jpg",
}  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> tuple[Result, EbsdMap]:
    """Return a film of two phases with points not indexed, and its result."""
    ebsd = make_map(
        (60, 80), 0.4, grains=15, seed=1, phases=(SODIUM, NZSP), film_um=(4.0, 16.0), outside=(0, 2),
        unindexed_fraction=0.02,
    ).ebsd  # fmt: skip
    return Grains().run(ebsd), ebsd


def read(path: Path) -> np.ndarray:
    """Return a picture as RGB."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR))[..., ::-1]


def test_every_picture_is_written_and_the_same_again(measured: tuple[Result, EbsdMap], tmp_path: Path) -> None:
    """One call writes them all, a second one the same bytes; figures as SVG too where asked for."""
    result, ebsd = measured
    first, second = (write_pictures(result, ebsd, tmp_path / name) for name in "ab")
    assert {path.name for path in first.iterdir()} == PICTURES
    assert all((second / path.name).read_bytes() == path.read_bytes() for path in first.iterdir())
    write_map_pictures(result, ebsd, tmp_path / "c", svg=True)
    assert {path.name for path in (tmp_path / "c").glob("*.svg")} == {
        "pole_figures.svg", "size_histogram.svg", "boundary_rose.svg",
    }  # fmt: skip
    assert not (tmp_path / "c" / "kam.png").exists()
    plain, keyed = read(first / "image.jpg"), read(first / "overlay.jpg")
    key = keyed[:, round(keyed.shape[0] * plain.shape[1] / plain.shape[0]) + 4 :]
    assert key.shape[1] > keyed.shape[1] / 8
    assert np.ptp(key.astype(int), axis=2).max() > 200  # the colours of the sector, on the panel's grey


@pytest.mark.parametrize(("step_um", "lattice"), [((0.4, 0.4), "square"), ((0.7, 0.3), "square"), ((0.1, 0.1), "hex")])
def test_scale_bar_is_true(step_um: tuple[float, float], lattice: str, tmp_path: Path) -> None:
    """The white bar is a round length in the scale of the picture, for oblong and hexagonal points too."""
    ebsd = make_map((50, 70), step_um, grains=8, seed=2, lattice=lattice).ebsd
    write_map_pictures(Grains().run(ebsd), ebsd, tmp_path)
    frame = frame_map(ebsd.grid)
    height, width = frame.node.shape
    picture = read(tmp_path / "grains.png")[:height]
    bar_px = (picture == 255).all(axis=2).sum(axis=1).max()
    field_um = width / frame.x_px_per_um
    assert field_um == pytest.approx(70 * ebsd.step_um[0], rel=1e-3)
    assert bar_px / frame.x_px_per_um == pytest.approx(round_length_um(0.2 * field_um), rel=0.01)


def test_points_not_indexed_are_black_as_the_words_say(measured: tuple[Result, EbsdMap], tmp_path: Path) -> None:
    """Each pixel of the IPF picture without boundaries has its point's colour; no crystal is as dark."""
    result, ebsd = measured
    write_pictures(result, ebsd, tmp_path)
    frame = frame_map(ebsd.grid)
    height, width = frame.node.shape
    picture = read(tmp_path / "ipf.png")
    assert picture.shape[1] == width + PANEL_PX
    field = picture[:height, :width]
    away = np.ones((height, width), dtype=bool)
    away[-height // 8 :, -width // 3 :] = False  # the scale bar
    lost = (ebsd.phase_id == 0)[frame.node] & away
    assert (field[lost] == UNINDEXED_RGB).all()
    colour = ipf_colours(ebsd, "z")[frame.node]
    line = (field == (8, 8, 8)).all(axis=2)
    assert np.array_equal(field[away & ~line], colour[away & ~line])
    for name in ("gos.png", "kam.png", "grains.png"):
        assert (read(tmp_path / name)[:height, :width][lost] == UNINDEXED_RGB).all(), name


def test_places_without_a_point_look_like_those_not_indexed(tmp_path: Path) -> None:
    """A map with a hole shows it in the same colour in every picture."""
    whole = make_map((40, 40), 0.5, grains=8, seed=3).ebsd
    kept = np.ones(whole.size, dtype=bool).reshape(40, 40)
    kept[10:20, 5:15] = False
    there = kept.ravel()
    ebsd = EbsdMap.from_points(
        whole.euler_rad[there], whole.phase_id[there], whole.phases, whole.x_um[there], whole.y_um[there],
        frame=whole.frame, name="hole",
    )  # fmt: skip
    write_pictures(Grains().run(ebsd), ebsd, tmp_path)
    frame = frame_map(ebsd.grid)
    hole = ~kept.ravel()[frame.node]
    for name in ("ipf.png", "kam.png", "gos.png", "grains.png"):
        picture = read(tmp_path / name)[: len(hole), : hole.shape[1]]
        assert (picture[hole] == UNINDEXED_RGB).all(), name


def test_points_without_a_neighbour_in_their_grain_are_grey(measured: tuple[Result, EbsdMap], tmp_path: Path) -> None:
    """NaN is grey inside a grain and black outside."""
    result, ebsd = measured
    write_map_pictures(result, ebsd, tmp_path, kam_deg=np.full(ebsd.shape, np.nan))
    frame = frame_map(ebsd.grid)
    height, width = frame.node.shape
    picture = read(tmp_path / "kam.png")[: height // 2, :width]
    inside = frame.sample(np.asarray(result.labels["labels"]) > 0)[: height // 2]
    line = (picture == (8, 8, 8)).all(axis=2)
    assert (picture[inside & ~line] == UNKNOWN_RGB).all()
    assert (picture[~inside] == UNINDEXED_RGB).all()


def test_results_of_another_map_are_refused(measured: tuple[Result, EbsdMap], tmp_path: Path) -> None:
    """Labels of another shape, and results without labels, end in a sentence."""
    result, ebsd = measured
    other = make_map((20, 20), 0.5, grains=4, seed=1).ebsd
    with pytest.raises(MeasurementError, match="labels"):
        write_map_pictures(result, other, tmp_path)
    with pytest.raises(MeasurementError, match="measure the map first"):
        write_map_pictures(replace(result, labels={}), ebsd, tmp_path)


@pytest.mark.parametrize("shape", [(3, 200), (200, 3), (2, 2)])
def test_thin_and_tiny_maps_are_drawn(shape: tuple[int, int], tmp_path: Path) -> None:
    """Maps of a few rows, columns or points have pictures with their words."""
    ebsd = make_map(shape, 0.5, grains=3, seed=4).ebsd
    write_pictures(Grains(min_pixels=1).run(ebsd), ebsd, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == PICTURES
    assert read(tmp_path / "kam.png").shape[1] >= 960
