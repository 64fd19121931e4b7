"""A ruler: a line drawn along the scale bar that is burned into a picture, and the length that the bar stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QWidget

import sodalite
from napari_sodalite.buttons import Button
from napari_sodalite.jobs import Jobs
from napari_sodalite.layer_data import KEY
from napari_sodalite.micrographs import told_size_um
from napari_sodalite.section_layers import prepare_lines
from napari_sodalite.session import find_layer

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

RULER = "scale bar"
_COLOUR = "#ff9f1a"
_LEAST_PX = 2.0


class BarRuler(QWidget):
    """The bar's length in um and a button to draw a line along it; `measured` tells the size of a pixel in um.

    Where several lines were drawn the last one counts.
    """

    measured = Signal(float)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.length = QLineEdit()
        self.length.setPlaceholderText("µm, e.g. 5")
        self.length.setToolTip("What the scale bar in the picture stands for, in um")
        does = "Draw a line from one end of the bar in the picture to the other; zoom in first, a pixel counts"
        self.draw = Button("Draw along it", does, self._prepare)
        self._jobs = Jobs(self)
        self._jobs.done.connect(self._lay)
        self._below: ImageLayer | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.length)
        row.addWidget(self.draw)
        self.length.textEdited.connect(self._tell)

    def lie_over(self, layer: ImageLayer | None) -> None:
        """Measure in the pixels of this layer."""
        self._below = layer

    def take_away(self) -> None:
        """Remove the line."""
        line = find_layer(self.viewer, RULER)
        if line is not None:
            self.viewer.layers.remove(line)

    def _prepare(self) -> None:
        if not self._jobs.running:
            self._jobs.start(prepare_lines)

    def _lay(self) -> None:
        if self._below is None or self._below not in self.viewer.layers:
            return
        line = find_layer(self.viewer, RULER)
        if line is None:
            below = self._below
            width = max(1.0, below.data.shape[-1] / 600)
            place = {"scale": below.scale, "units": below.units, "axis_labels": below.axis_labels}
            known = {KEY: {"role": RULER}}
            line = Shapes(None, ndim=2, name=RULER, edge_color=_COLOUR, edge_width=width, metadata=known, **place)
            line.events.data.connect(self._tell)
            self.viewer.layers.append(line)
        self.viewer.layers.selection.active = line
        line.mode = "add_line"

    def _tell(self, _: Any = None) -> None:
        if not isalive(self):
            return
        line, text = find_layer(self.viewer, RULER), self.length.text()
        if line is None or not len(line.data) or not text:
            return
        ends = np.asarray(line.data[-1])
        length_px = float(np.linalg.norm(ends[-1] - ends[0]))
        try:
            length_um = told_size_um(text)
        except sodalite.CalibrationError:
            return
        if length_px >= _LEAST_PX and length_um > 0:
            self.measured.emit(length_um / length_px)
