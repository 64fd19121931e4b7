"""The third step: the numbers, the plots, the table of objects, and saving."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import numpy as np
from napari.utils.colormaps import DirectLabelColormap
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.layer_data import selected_colors
from napari_sodalite.plots import PlotsDock
from napari_sodalite.session import find_layer, known_of
from napari_sodalite.values_table import ValuesTable
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from napari_sodalite.layer_data import KeyEntry
    from napari_sodalite.measurements import Measurement
    from napari_sodalite.plots import Plot
    from sodalite import Result


_OBJECTS_PX = 240
"""Height of the table of objects: some four rows below what napari puts above them."""
_FITTED_ROWS = 20
"""To which the columns of the table of objects are fitted."""


class Look(NamedTuple):
    """How results of one kind are shown.

    Attributes
    ----------
    headlines
        Quantity -> what to call it above the table.
    objects
        Roles of the layers whose labels are objects, the first one's table is offered; those with ``centres_um`` are
        centred when selected.
    plots
        Draws the figures of a measurement.
    plots_show, objects_show
        Tooltips of the buttons.
    objects_title
        What the button calls them.
    marks
        Roles of the layers of points whose rows can be selected, too.
    key
        What the colours over the picture mean: sign, colour and words of each.
    """

    headlines: Mapping[str, str]
    objects: tuple[str, ...]
    plots: Callable[[Measurement], Iterable[Plot]]
    plots_show: str
    objects_show: str
    objects_title: str = "Objects"
    marks: tuple[str, ...] = ()
    key: Callable[[Measurement], Sequence[KeyEntry]] = lambda _: ()


class ResultsPanel(QWidget):
    """Headlines, the table of all numbers, and what can be done with them."""

    def __init__(self, viewer: Any, look: Look, save: Callable[[], object]) -> None:
        super().__init__()
        self.viewer, self.look = viewer, look
        self.measurement: Measurement | None = None
        self.dark = True
        self.whose, self.headlines, self.key = Sentence(), Sentence(), Sentence()
        self.table = ValuesTable()
        self.plots: PlotsDock | None = None
        self.objects: Any = None
        self._followed: WeakSet[Any] = WeakSet()
        self.show_plots = Button("Plots", look.plots_show, self.open_plots)
        self.show_objects = Button(look.objects_title, look.objects_show, self.open_objects)
        self.show_objects.setVisible(bool(look.objects or look.marks))
        self.save = Button("Save result…", "Write tables, labels, figures and the recipe into a folder that the "
                           "command line takes up", save)  # fmt: skip
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.whose)
        column.addWidget(self.headlines)
        column.addWidget(self.key)
        column.addWidget(self.table, stretch=1)
        column.addWidget(self.table.details)
        grid = QGridLayout()
        grid.addWidget(self.show_plots, 0, 0)
        grid.addWidget(self.show_objects, 0, 1)
        grid.addWidget(self.save, 1, 0, 1, 2)
        column.addLayout(grid)
        self.headlines.say("Press Run to measure.")
        self.tell_whose("")
        self.key.hide()

    def show_measurement(self, measurement: Measurement) -> None:
        """Show a measurement everywhere."""
        self.measurement = measurement
        result = measurement.result
        lines = [f"<b>{title}</b> {_headline(result, name)}" for name, title in self.look.headlines.items()]
        self.headlines.say("<br>".join(lines))
        self.key.say(" ".join(entry.html for entry in self.look.key(measurement)))
        self.key.setVisible(bool(self.key.text()))
        self.key.setToolTip("What the colours over the picture mean")
        self.table.show_result(result)
        for role in self.look.objects:
            layer = find_layer(self.viewer, role)
            if layer is not None:
                layer.events.selected_label.connect(self._centre)
        for role in self.look.marks:
            layer = find_layer(self.viewer, role)
            if layer is not None and layer not in self._followed:
                self._followed.add(layer)
                layer.selected_data.events.items_changed.connect(partial(self._centre_mark, layer))
        self._draw_plots()

    def tell_whose(self, foreign: str) -> None:
        """Say whose result is shown; in red when it is not that of what is chosen."""
        name = "" if self.measurement is None else self.measurement.result.name
        self.whose.setVisible(bool(name))
        self.whose.say(f"Result of {name}" + (", not of what is chosen above" if foreign else ""), wrong=bool(foreign))

    def allow(self, reason: str) -> None:
        """Let the buttons be pressed, or say why not."""
        for button in (self.show_plots, self.show_objects, self.save):
            button.allow(reason)

    def open_plots(self) -> None:
        """Show the plots below the image."""
        if self.plots is None or not isalive(self.plots):
            self.plots = PlotsDock()
            self._keep_sides()
            self.viewer.window.add_dock_widget(self.plots, name="Plots", area="bottom", add_vertical_stretch=False)
        self.plots.parentWidget().show()
        self._draw_plots()

    def open_objects(self) -> None:
        """Show napari's own table for a layer of objects, the selected one where it is such a layer."""
        layers = [layer for layer in (find_layer(self.viewer, role) for role in (*self.look.objects, *self.look.marks))
                  if layer is not None]  # fmt: skip
        if not layers:
            return
        selection = self.viewer.layers.selection
        chosen = selection.active
        if chosen not in layers:
            # the table of a layer without objects has its row for the background alone
            chosen = next((item for item in layers if len(item.features) > 1), layers[0])
        # napari fits its columns to each of 1000 rows, for 2.6 s of a large map
        selection.clear()
        dock, self.objects = self.viewer.window.add_plugin_dock_widget("napari", "Features table widget")
        self.objects.table.horizontalHeader().setResizeContentsPrecision(_FITTED_ROWS)
        selection.active = chosen
        window = self.window()
        self._keep_sides()
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        if self.plots is not None and isalive(self.plots):
            window.tabifyDockWidget(self.plots.parentWidget(), dock)
            QTimer.singleShot(0, dock.raise_)
        window.resizeDocks([dock], [_OBJECTS_PX], Qt.Orientation.Vertical)

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        self.dark = dark
        self.whose.restyle(dark)
        self.table.restyle(dark)
        self._draw_plots()

    def _draw_plots(self) -> None:
        measurement = self.measurement
        if measurement is not None and self.plots is not None and isalive(self.plots):
            self.plots.show_plots(lambda: self.look.plots(measurement), dark=self.dark)

    def _centre(self, event: Any) -> None:
        """Paint the selected object white and bring it into the middle, unless it was picked on the canvas."""
        layer = event.source
        if not isalive(self):
            return
        label, known = int(layer.selected_label), known_of(layer)
        if "centres_um" not in known:
            return
        # a new colormap makes napari tell of the selected label again
        with layer.events.selected_label.blocker(self._centre):
            layer.colormap = DirectLabelColormap(color_dict=selected_colors(known["shade"], label))
        if layer.mode != "pick" and 0 < label < len(known["centres_um"]):
            self._look_at(known["centres_um"][label])
        QTimer.singleShot(0, self._scroll_to_row)

    def _centre_mark(self, layer: Any, event: Any) -> None:
        """Bring the one selected mark into view, in its step, unless it was picked on the canvas."""
        if isalive(self) and len(layer.selected_data) == 1 and layer.mode != "select":
            step, *place = layer.data_to_world(layer.data[next(iter(layer.selected_data))])
            self.viewer.dims.set_current_step(0, round(step))
            self._look_at(np.array(place))

    def _look_at(self, place_um: np.ndarray) -> None:
        """Bring a place (y, x) into the middle; of one a step, that of the step shown or the nearest to it."""
        if place_um.ndim == 2:
            seen = np.flatnonzero(np.isfinite(place_um[:, 0]))
            if not seen.size:
                return
            step = int(seen[np.abs(seen - self.viewer.dims.current_step[0]).argmin()])
            self.viewer.dims.set_current_step(0, step)
            place_um = place_um[step]
        if np.isfinite(place_um[0]):
            self.viewer.scene.camera.center = (0.0, *map(float, place_um))

    def _scroll_to_row(self) -> None:
        """Bring the row that napari has selected into view; it selects without scrolling."""
        if isalive(self) and self.objects is not None and isalive(self.objects):
            for index in self.objects.table.selectedIndexes()[:1]:
                self.objects.table.scrollTo(index)

    def _keep_sides(self) -> None:
        """Let docks below the image end beside those at its sides, which keep their height on a small screen."""
        window = self.window()
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)


def _headline(result: Result, name: str) -> str:
    try:
        quantity = result[name]
    except KeyError:
        return "not measured"
    return format_value(name, quantity.value, quantity.low, quantity.high, quantity.unit)
