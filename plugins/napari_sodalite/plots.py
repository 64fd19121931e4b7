"""A dock of figures: those of the report, side by side, in the colours of the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtWidgets import QHBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.figure import Figure

    from napari_sodalite.measurements import Measurement

_GROUND, _INK = "#262930", "#f0f1f2"
_DARK: dict[str, Any] = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), _GROUND),
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color"), _INK),
}
_HEIGHT_PX = 130


class Plot(NamedTuple):
    """A figure and the share of the dock's width that it takes."""

    figure: Figure
    share: int


class PlotsDock(QWidget):
    """Figures side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvases: list[Any] = []
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.setMinimumHeight(_HEIGHT_PX)

    def show_plots(self, draw: Callable[[], Iterable[Plot]], *, dark: bool) -> None:
        """Draw figures in the place of those shown before."""
        import matplotlib as mpl
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg

        for canvas in self.canvases:
            self.row.removeWidget(canvas)
            canvas.deleteLater()
        style: Any = _DARK if dark else {}
        with mpl.rc_context(style):
            plots = list(draw())
            self.canvases = [FigureCanvasQTAgg(plot.figure) for plot in plots]
        for plot, canvas in zip(plots, self.canvases, strict=True):
            self.row.addWidget(canvas, stretch=plot.share)


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


def _short(figure: Figure) -> Figure:
    """Return a figure whose labels fit below narrow axes."""
    for axes in figure.axes:
        axes.set_xlabel(axes.get_xlabel().replace("equivalent circle ", "").replace("mean diameter", "mean"))
    return figure


def grain_plots(measurement: Measurement) -> list[Plot]:
    """Return grain sizes and, where the map is open, directions of boundaries."""
    from sodalite.report.map_figures import counted_labels, rose_figure, size_figure

    result, ebsd = measurement.result, measurement.sample
    sizes = size_figure(result)
    for axes in sizes.axes:
        # how many were counted would lie over the bars
        axes.set_xlabel("; ".join([axes.get_xlabel(), *(text.get_text() for text in axes.texts)]))
        for text in list(axes.texts):
            text.remove()
    return [Plot(sizes, 2), *([] if ebsd is None else [Plot(_low_rose(rose_figure(counted_labels(result), ebsd)), 1)])]


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
