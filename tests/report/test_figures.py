"""Figures show the tables' own numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.report import profile_figure, void_size_figure, write_figures
from sodalite.report.svg import histogram_svg, profile_svg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sodalite.image import Image
    from sodalite.result import Result

    Section = Callable[..., tuple[Result, Image]]


def test_profile_figure_plots_the_profile(section: Section) -> None:
    """The lines hold the table's thickness, gaps included, and the mean is marked."""
    result, _ = section()
    gross, net, mean = profile_figure(result).axes[0].lines
    np.testing.assert_array_equal(gross.get_ydata(), result.tables["profile"]["gross_um"])
    np.testing.assert_array_equal(net.get_xdata(), result.tables["profile"]["x_um"])
    assert mean.get_ydata()[0] == 12.34


def test_void_size_figure_counts_every_void(section: Section) -> None:
    """The bars add up to the number of voids."""
    result, _ = section()
    assert sum(bar.get_height() for bar in void_size_figure(result).axes[0].patches) == 3


def test_figures_are_written_alike_and_leave_settings_alone(section: Section, tmp_path: Path) -> None:
    """Equal results give equal bytes; matplotlib's global settings stay as they were."""
    result, _ = section()
    before = dict(mpl.rcParams)
    first = [path.read_bytes() for path in write_figures(result, tmp_path / "a")]
    assert [path.read_bytes() for path in write_figures(result, tmp_path / "b")] == first
    assert len(first) == 4
    assert dict(mpl.rcParams) == before


def test_missing_tables_are_named(section: Section) -> None:
    """A result without voids' table says so."""
    result, _ = section()
    with pytest.raises(MeasurementError, match="voids"):
        void_size_figure(type(result)((), {}, {}, result.spacing_um))


def test_histogram_bars_add_up() -> None:
    """The areas of the inline bars share the objects as numpy's histogram does."""
    sizes_um = np.random.default_rng(1).gamma(3, 0.4, 200)
    heights = [float(h) for h in re.findall(r'<rect [^>]*height="([\d.]+)"', histogram_svg(sizes_um, "t", "x"))]
    counts = [h * 200 / sum(heights) for h in heights]
    assert counts == pytest.approx(np.rint(counts), abs=0.15)
    assert sum(np.rint(counts)) == 200


def test_profile_breaks_at_gaps() -> None:
    """A line with one gap is drawn as two pieces, short or long."""
    for columns in (100, 5000):
        thickness = np.ones(columns)
        thickness[columns // 3 : columns // 2] = np.nan
        drawing = profile_svg(np.arange(columns) * 0.01, {"gross": thickness}, "t")
        (path,) = re.findall(r'class="s1" d="(M[^"]*L[^"]*)"', drawing)
        assert path.count("M") == 2


@pytest.mark.parametrize("sizes", [[], [np.nan], [0.0]])
def test_nothing_to_draw_draws_nothing(sizes: list[float]) -> None:
    """No objects give no empty axes."""
    assert histogram_svg(np.array(sizes, float), "t", "x") == ""


def test_names_in_figures_are_text() -> None:
    """A title with markup is shown, not run."""
    assert "<b>" not in histogram_svg(np.array([1.0]), "<b>", "<b>")
