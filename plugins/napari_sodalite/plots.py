"""A dock of figures: those of the report, side by side, in the colours of the viewer, drawn by a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtWidgets import QWidget

from napari_sodalite.jobs import Newest
from napari_sodalite.writer import DRAWING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.figure import Figure

    from napari_sodalite.measurements import Measurement

_GROUND, _INK = "#262930", "#f0f1f2"
_DARK: dict[str, Any] = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), _GROUND),
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color"), _INK),
}
_HEIGHT_PX = 130
_SETTLE_MS = 150
"""After the last change of the dock's size, until the figures are drawn in the new one."""


class Plot(NamedTuple):
    """A figure and the share of the dock's width that it takes."""

    figure: Figure
    share: int


class PlotsDock(QWidget):
    """Figures side by side.

    Matplotlib takes a second to load and to draw, and what a figure shows may have to be computed: a worker does all of
    it, and the window shows pictures. What is asked for meanwhile is drawn next, all but the last of it never.

    Attributes
    ----------
    plots
        What is shown; empty as long as it is drawn.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plots: list[Plot] = []
        self.jobs = Newest(self._planned, _SETTLE_MS, self)
        self._pictures: list[QImage] = []
        self._words, self._dark = "", True
        self._draw: Callable[[], Iterable[Plot]] | None = None
        self.jobs.done.connect(self._show)
        self.jobs.failed.connect(self._say)
        self.setMinimumHeight(_HEIGHT_PX)

    def show_plots(self, draw: Callable[[], Iterable[Plot]], *, dark: bool) -> None:
        """Draw figures in the place of those shown before."""
        self._draw, self._dark, self.plots = draw, dark, []
        self.jobs.now()

    def resizeEvent(self, event: Any) -> None:
        """Draw the figures in the new size, once it is settled."""
        super().resizeEvent(event)
        if self._draw is not None:
            self.jobs.soon()

    def paintEvent(self, event: Any) -> None:
        """Show the pictures, or in words why there are none."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), QColor(_GROUND if self._dark else "white"))
        left, places = 0.0, _widths([plot.share for plot in self.plots], self.width())
        for picture, width in zip(self._pictures, places, strict=False):
            painter.drawImage(QRectF(left, 0, width, self.height()), picture)
            left += width
        if self._words:
            painter.setPen(QColor(_INK if self._dark else "black"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
        painter.end()

    def _planned(self) -> tuple[Any, ...] | None:
        if self._draw is None:
            return None
        if not self.plots:
            self._pictures = []
            self._say("Drawing …")
        size_px = self.width(), self.height()
        return _drawn, self._draw, self.plots, size_px, self.devicePixelRatioF(), self._dark

    def _show(self, drawn: tuple[Any, list[Plot], list[np.ndarray]]) -> None:
        draw, plots, pictures = drawn
        if draw is self._draw:
            self.plots = plots
            self._pictures = [_image(picture) for picture in pictures]
            self._say("" if plots else "There is nothing to draw.")

    def _say(self, words: str) -> None:
        self._words = words
        self.update()


def _drawn(
    draw: Callable[[], Iterable[Plot]], plots: Sequence[Plot], size_px: tuple[int, int], ratio: float, dark: bool
) -> tuple[Any, list[Plot], list[np.ndarray]]:
    """Return figures, those given or else new ones, and their pictures ``(y, x, 4)`` uint8 on a screen of `ratio`."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    style: Any = _DARK if dark else {}
    with DRAWING, mpl.rc_context(style):
        shown, pictures = list(plots or draw()), []
        for plot, width in zip(shown, _widths([plot.share for plot in shown], size_px[0]), strict=True):
            canvas = FigureCanvasAgg(plot.figure)
            plot.figure.set_dpi(mpl.rcParamsDefault["figure.dpi"] * ratio)
            dots = plot.figure.dpi / ratio
            plot.figure.set_size_inches(max(1.0, width) / dots, max(1.0, size_px[1]) / dots)
            canvas.draw()
            pictures.append(np.array(canvas.buffer_rgba()))
    return draw, shown, pictures


def _widths(shares: Sequence[int], width_px: float) -> list[float]:
    return [width_px * share / sum(shares) for share in shares]


def _image(picture: np.ndarray) -> QImage:
    height, width = picture.shape[:2]
    return QImage(picture.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def section_plots(measurement: Measurement) -> list[Plot]:
    """Return thickness along the interface and void sizes."""
    from sodalite.report import profile_figure, void_size_figure

    result = measurement.result
    drawn = {"profile": (profile_figure, 2), "voids": (void_size_figure, 1)}
    return [Plot(_short(draw(result)), share) for name, (draw, share) in drawn.items() if name in result.tables]


def series_plots(measurement: Measurement) -> list[Plot]:
    """Return how grains grow, and the size distributions of all steps; a low dock has no room for long titles."""
    from sodalite.report.series_figures import growth_figure, size_steps_figure

    growth, sizes = growth_figure(measurement.result), size_steps_figure(measurement.result)
    for axes in (*growth.axes, *sizes.axes):
        axes.set_title("")
    for axes, words in zip((*growth.axes, *sizes.axes), ("diameter (µm)", "grains", "below (%)"), strict=False):
        axes.set_ylabel(words)
    return [Plot(growth, 1), Plot(_short(sizes), 2)]


def stripping_plots(measurement: Measurement) -> list[Plot]:
    """Return the area of the voids over the steps, and where along the interface they open."""
    from sodalite.report.void_pictures import opening_figure, void_area_figure

    areas = _named_within(void_area_figure(measurement.result))
    return [Plot(areas, 1), Plot(opening_figure(measurement.result), 1)]


def front_plots(measurement: Measurement) -> list[Plot]:
    """Return the front in all frames, and its thickness over time."""
    from sodalite.report.front_pictures import fronts_figure, thickness_figure

    thickness = _named_within(thickness_figure(measurement.result))
    return [Plot(fronts_figure(measurement.result), 1), Plot(thickness, 1)]


def _named_within(figure: Figure) -> Figure:
    """Return a figure of two axes, named inside and above them: beside such low ones their names run together."""
    upper, lower = figure.axes
    upper.text(0.02, 0.95, upper.get_ylabel(), transform=upper.transAxes, va="top", fontsize=6)
    names = [f"{marker} {name}" for name, marker in zip(lower.get_legend_handles_labels()[1], "■▲", strict=False)]
    lower.set_title(", ".join([lower.get_ylabel(), *names]), loc="left", fontsize=6, pad=1)
    legend = lower.get_legend()
    if legend is not None:
        legend.remove()
    for axes in (upper, lower):
        axes.set_ylabel("")
    return figure


def _short(figure: Figure) -> Figure:
    """Return a figure whose labels fit beside low and below narrow axes."""
    for axes in figure.axes:
        axes.set_xlabel(axes.get_xlabel().replace("equivalent circle ", "").replace("mean diameter", "mean"))
        axes.set_ylabel(axes.get_ylabel().removeprefix("number of ").replace(" per bin", ""))
    return figure


def grain_plots(measurement: Measurement) -> list[Plot]:
    """Return grain sizes and, where the map is open, directions of boundaries and what its colours mean."""
    from sodalite.report.map_figures import counted_labels, key_figure, rose_figure, size_figure

    result, ebsd = measurement.result, measurement.sample
    sizes = size_figure(result)
    for axes in _short(sizes).axes:
        # how many were counted would lie over the bars
        axes.set_xlabel("; ".join([axes.get_xlabel(), *(text.get_text() for text in axes.texts)]))
        for text in list(axes.texts):
            text.remove()
        legend = axes.get_legend()
        for text in () if legend is None else legend.get_texts():
            text.set(text=text.get_text().removeprefix("by "), fontsize=6)
    if ebsd is None:
        return [Plot(sizes, 1)]
    rose = _low_rose(rose_figure(counted_labels(result), ebsd))
    present = [phase for phase, points in zip(ebsd.phases, ebsd.phase_counts, strict=True) if points]
    key = key_figure(present, measurement.recipe.colour_direction)
    return [Plot(sizes, 7), Plot(rose, 3), Plot(key, 1 + 2 * min(2, len(present)))]


def _low_rose(figure: Figure) -> Figure:
    """Return a rose as large as a low dock allows: its title at its side, the outer one of its circles labelled."""
    (axes,) = figure.axes
    polar: Any = axes
    figure.supylabel("boundary length (%)", fontsize=7)
    axes.set_title("")
    outer = polar.get_rmax()
    polar.set_rgrids([outer / 2, outer], labels=["", f"{outer:g}"], angle=22.5, fontsize=6)
    for label in polar.get_yticklabels():
        # a white rim is for a white ground
        label.set_path_effects([])
    return figure
