"""A dock of figures: those of the report, side by side, in the colours of the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QWidget

if TYPE_CHECKING:
    from sodalite import Result

_GROUND, _INK = "#262930", "#f0f1f2"
_DARK: dict[str, Any] = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), _GROUND),
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color"), _INK),
}
_SHARES = {"profile": 2, "voids": 1}
"""Table of a result -> share of the width that its figure takes."""
_HEIGHT_PX = 130


class PlotsDock(QWidget):
    """The figures of one result; empty until there is one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvases: list[Any] = []
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.setMinimumHeight(_HEIGHT_PX)

    def show_result(self, result: Result | None, *, dark: bool) -> None:
        """Draw the figures of a result; none for None."""
        import matplotlib as mpl
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg

        from sodalite.report import profile_figure, void_size_figure

        for canvas in self.canvases:
            self.row.removeWidget(canvas)
            canvas.deleteLater()
        shown = [name for name in _SHARES if result is not None and name in result.tables]
        style: Any = _DARK if dark else {}
        with mpl.rc_context(style):
            draw: dict[str, Any] = {"profile": profile_figure, "voids": void_size_figure}
            self.canvases = [FigureCanvasQTAgg(draw[name](result)) for name in shown]
        for name, canvas in zip(shown, self.canvases, strict=True):
            self.row.addWidget(canvas, stretch=_SHARES[name])
