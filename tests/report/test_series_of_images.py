"""Pictures of strippings and growing fronts show what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.image_series import ImageSeries
from sodalite.phantoms.front import FrontPhantom, make_front
from sodalite.phantoms.stripping import StrippingPhantom, make_stripping
from sodalite.pipelines.front import Front
from sodalite.pipelines.image_series_pictures import laid_pictures
from sodalite.pipelines.stripping import Stripping
from sodalite.report.front_pictures import fronts_figure, thickness_figure
from sodalite.report.panels import MOST_PANELS, panel_frame, shown_steps
from sodalite.report.pictures import write_pictures
from sodalite.report.void_pictures import VOID_RGB, opening_figure, void_area_figure

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.result import Result


@pytest.fixture(scope="module")
def stripped() -> tuple[StrippingPhantom, Result]:
    """Return a short stripping, measured."""
    phantom = make_stripping(seed=4, charges_mah_cm2=(0.0, 0.3, 0.5), lenses=3, kappa=0.08)
    return phantom, Stripping().run(phantom.series)


@pytest.fixture(scope="module")
def grown() -> tuple[FrontPhantom, Result]:
    """Return a short growth from the left, measured."""
    phantom = make_front((140, 200), seed=5, frames=5, rate_um_min=5.0, substrate_um=45.0, fingers=2, grows_from="left")
    return phantom, Front(grows_from="left").run(phantom.series)


def test_images_are_laid_as_they_were_measured(stripped: tuple[StrippingPhantom, Result]) -> None:
    """Set back, cut and matched in brightness, the electrolyte of every step is that of the first."""
    phantom, result = stripped
    laid = list(laid_pictures(result, phantom.series, [0, 1, 2]))
    assert [picture.number for picture in laid] == [0, 1, 2]
    assert laid[2].data.shape == result.labels["labels"].shape[1:]
    electrolyte = (result.labels["labels"] == 5).all(axis=0)
    medians = [float(np.median(picture.data[electrolyte])) for picture in laid]
    assert np.ptp(medians) < 1.5
    with pytest.raises(MeasurementError, match="draw the series that was"):
        list(laid_pictures(result, ImageSeries("other", phantom.series.steps[::-1]), [0]))


def test_voids_are_coloured_by_their_track(stripped: tuple[StrippingPhantom, Result], tmp_path: Path) -> None:
    """The sheet holds the colour of each tracked void, and is the same twice."""
    phantom, result = stripped
    write_pictures(result, phantom.series, tmp_path)
    picture = cv2.imread(str(tmp_path / "voids.png"))[..., ::-1].astype(int)
    for rgb in VOID_RGB[:3]:
        assert (np.abs(picture - rgb).max(axis=-1) < 12).sum() > 50
    before = (tmp_path / "voids.png").read_bytes()
    write_pictures(result, phantom.series, tmp_path)
    assert (tmp_path / "voids.png").read_bytes() == before
    assert (tmp_path / "overlay.jpg").stat().st_size > 10_000


def test_curves_hold_the_measured_numbers(stripped: tuple[StrippingPhantom, Result]) -> None:
    """Void area over stripped charge, one opening profile a step."""
    _, result = stripped
    upper = void_area_figure(result).axes[0]
    measured = upper.lines[0]
    np.testing.assert_allclose(measured.get_xdata(), [0.0, 0.3, 0.5])
    np.testing.assert_allclose(measured.get_ydata(), result.tables["steps"]["void_area_um2"])
    assert "0.08" in upper.get_title()
    assert len(opening_figure(result).axes[0].get_legend().get_texts()) == 3


def test_fronts_are_drawn(grown: tuple[FrontPhantom, Result], tmp_path: Path) -> None:
    """The sheet shows deposit and substrate, the curves every frame and the rate."""
    phantom, result = grown
    write_pictures(result, phantom.series, tmp_path)
    picture = cv2.imread(str(tmp_path / "frames.png"))[..., ::-1].astype(int)
    for rgb in ((255, 225, 70), (70, 200, 255)):
        assert (np.abs(picture - rgb).max(axis=-1) < 12).sum() > 200
    assert len(fronts_figure(result).axes[0].lines) == 5
    curve = thickness_figure(result).axes[0]
    np.testing.assert_allclose(curve.lines[0].get_ydata(), result.tables["steps"]["thickness_um"])
    assert "growth rate" in curve.get_title()


def test_a_front_that_has_left_the_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Panels of frames that the deposit fills say so instead of a number."""
    from sodalite.report import laid_panels

    phantom = make_front((140, 200), seed=5, frames=6, rate_um_min=22.0, substrate_um=45.0)
    result = Front(grows_from="bottom").run(phantom.series)
    remarks: list[str] = []
    drawn = laid_panels.sheet
    monkeypatch.setattr(
        laid_panels, "sheet", lambda panels, scale: remarks.extend(p.remark for p in panels) or drawn(panels, scale)
    )
    write_pictures(result, phantom.series, tmp_path)
    assert remarks[0].endswith("m")
    assert remarks[-1] == "front out of view"


def test_long_series_show_a_dozen_steps() -> None:
    """The first and the last are among them, the distances even; panels keep true proportions."""
    assert shown_steps(4) == [0, 1, 2, 3]
    shown = shown_steps(100)
    assert len(shown) == MOST_PANELS
    assert (shown[0], shown[-1]) == (0, 99)
    assert set(np.diff(shown)) == {9}
    frame = panel_frame((100, 300), (0.2, 0.1), 5)
    assert frame.y_px_per_um == pytest.approx(frame.x_px_per_um, rel=0.01)
    assert frame.width / frame.height == pytest.approx(1.5, rel=0.01)
