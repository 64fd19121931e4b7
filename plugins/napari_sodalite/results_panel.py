"""The third step: the numbers, the plots, the table of objects, and saving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.colormaps import DirectLabelColormap
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.plots import PlotsDock
from napari_sodalite.result_layers import OBJECTS, VOIDS, object_colors
from napari_sodalite.session import find_layer, known_of
from napari_sodalite.values_table import ValuesTable
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from sodalite import Result

_HEADLINES = {
    "thickness_gross_mean": "Gross thickness",
    "void_fraction": "Void fraction",
    "contact_fraction_electrolyte": "Contact",
    "dead_sodium_count": "Dead sodium",
}


class ResultsPanel(QWidget):
    """Headlines, the table of all numbers, and what can be done with them."""

    def __init__(self, viewer: Any, save: Callable[[], object]) -> None:
        super().__init__()
        self.viewer = viewer
        self.result: Result | None = None
        self.dark = True
        self.headlines, self.table = Sentence(), ValuesTable()
        self.plots: PlotsDock | None = None
        self.show_plots = Button("Plots", "Thickness profile and void sizes in a dock below the image", self.open_plots)
        self.show_objects = Button("Objects", "The table of voids or dead sodium: a row selects and centres its object",
                                   self.open_objects)  # fmt: skip
        self.save = Button("Save result…", "Write tables, labels, figures and the recipe into a folder that the "
                           "command line takes up", save)  # fmt: skip
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.headlines)
        column.addWidget(self.table, stretch=1)
        grid = QGridLayout()
        grid.addWidget(self.show_plots, 0, 0)
        grid.addWidget(self.show_objects, 0, 1)
        grid.addWidget(self.save, 1, 0, 1, 2)
        column.addLayout(grid)
        self.headlines.say("Press Run to measure the image.")

    def show_result(self, result: Result) -> None:
        """Show a result everywhere."""
        self.result = result
        lines = [f"<b>{title}</b> {_headline(result, name)}" for name, title in _HEADLINES.items()]
        self.headlines.say("<br>".join(lines))
        self.table.show_result(result)
        for role in OBJECTS:
            layer = find_layer(self.viewer, role)
            if layer is not None:
                layer.events.selected_label.connect(self._centre)
        if self.plots is not None and isalive(self.plots):
            self.plots.show_result(result, dark=self.dark)

    def allow(self, reason: str) -> None:
        """Let the buttons be pressed, or say why not."""
        for button in (self.show_plots, self.show_objects, self.save):
            button.allow(reason)

    def open_plots(self) -> None:
        """Show the plots below the image."""
        if self.plots is None or not isalive(self.plots):
            self.plots = PlotsDock()
            self.viewer.window.add_dock_widget(self.plots, name="Plots", area="bottom", add_vertical_stretch=False)
        self.plots.parentWidget().show()
        self.plots.show_result(self.result, dark=self.dark)

    def open_objects(self) -> None:
        """Show napari's own table for the layer of voids, or of dead sodium when that is selected."""
        active = self.viewer.layers.selection.active
        layers = [find_layer(self.viewer, role) for role in OBJECTS]
        if active not in layers:
            self.viewer.layers.selection.active = find_layer(self.viewer, VOIDS)
        dock, _ = self.viewer.window.add_plugin_dock_widget("napari", "Features table widget")
        window = self.window()
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        if self.plots is not None and isalive(self.plots):
            window.tabifyDockWidget(self.plots.parentWidget(), dock)
            QTimer.singleShot(0, dock.raise_)

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        self.dark = dark
        if self.plots is not None and isalive(self.plots):
            self.plots.show_result(self.result, dark=dark)

    def _centre(self, event: Any) -> None:
        """Paint the selected object white and bring it into the middle, unless it was picked on the canvas."""
        layer = event.source
        if not isalive(self):
            return
        label = int(layer.selected_label)
        # a new colormap makes napari tell of the selected label again
        with layer.events.selected_label.blocker(self._centre):
            layer.colormap = DirectLabelColormap(color_dict=object_colors(known_of(layer)["role"], label))
        if layer.mode != "pick" and 0 < label < len(layer.features):
            y_um, x_um = (float(layer.features[name].iloc[label]) for name in ("z_um", "x_um"))
            half_y, half_x = (0.5 * size for size in layer.scale)
            self.viewer.scene.camera.center = (0.0, y_um - half_y, x_um - half_x)


def _headline(result: Result, name: str) -> str:
    try:
        quantity = result[name]
    except KeyError:
        return "not measured"
    return format_value(name, quantity.value, quantity.low, quantity.high, quantity.unit)
