"""The first step: which image, how large its pixels are and how it is tilted; asked for where the file is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image as ImageLayer
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QGroupBox, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

import sodalite
from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.jobs import sentence_of
from napari_sodalite.micrographs import image_of, shown_spacing_um, tell_pixel_size
from napari_sodalite.spatial import set_spatial

if TYPE_CHECKING:
    from typing import Any

    from sodalite import Image


class CalibrationPanel(QGroupBox):
    """Image, pixel size and tilt; `changed` is emitted when one of them has changed."""

    changed = Signal()

    def __init__(self, viewer: Any, tilt_field: QLineEdit, parent: QWidget | None = None) -> None:
        super().__init__("1  Image", parent)
        self.viewer, self.tilt_field = viewer, tilt_field
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.choice.setToolTip("The micrograph to measure: a grey image layer")
        self.pixel_size = QLineEdit()
        self.pixel_size.setPlaceholderText("um, e.g. 0.0122")
        self.pixel_size.setToolTip("Width of a pixel in um, for files that do not tell it; it is never guessed")
        self.set_size = Button("Set", "Give the image this pixel size", self._set_pixel_size)
        self.pixels, self.tilt = Sentence(), Sentence()
        self._lay_out()
        self.choice.currentIndexChanged.connect(self.refresh)
        self.pixel_size.returnPressed.connect(self._set_pixel_size)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed, viewer.layers.events.reordered):
            event.connect(self._list_layers)
        self._list_layers()

    def _lay_out(self) -> None:
        rows = QFormLayout(self)
        rows.setContentsMargins(8, 4, 8, 6)
        rows.setVerticalSpacing(3)
        rows.addRow("Layer", self.choice)
        rows.addRow("Pixels", self.pixels)
        self.ask = QWidget()
        line = QHBoxLayout(self.ask)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.pixel_size)
        line.addWidget(self.set_size)
        rows.addRow("Pixel size", self.ask)
        self.ask_label = rows.labelForField(self.ask)
        rows.addRow("Tilt", self.tilt)
        self.tilt_field.setPlaceholderText("from the file")
        rows.addRow("Tilt factor", self.tilt_field)

    @property
    def layer(self) -> ImageLayer | None:
        """The chosen layer; None where there is none."""
        return self.choice.currentData()

    def image(self) -> Image:
        """Return the chosen micrograph.

        Raises
        ------
        SodaliteError
            When no layer is chosen, or it is not calibrated or no grey image.
        """
        if self.layer is None:
            raise sodalite.ReadError("There is no image layer; open a micrograph with File > Open.")
        return image_of(self.layer)

    def tilt_factor(self) -> float | None:
        """Return the factor that the user has typed; None where it is left to the file or is no number."""
        try:
            return float(self.tilt_field.text())
        except ValueError:
            return None

    def problem(self) -> str:
        """Return why this image cannot be measured yet; empty where it can."""
        try:
            sodalite.correct_tilt(self.image(), self.tilt_factor())
        except sodalite.SodaliteError as error:
            return sentence_of(error)
        return ""

    def choose(self, layer: ImageLayer) -> None:
        """Choose a layer of the viewer."""
        self.choice.setCurrentIndex(self.choice.findData(layer))

    def refresh(self) -> None:
        """Show what is known of the chosen image now."""
        unknown = False
        self.pixels.say("open a micrograph with File > Open", wrong=False)
        self.tilt.say("")
        if self.layer is not None:
            unknown = self._show_pixels()
        self.ask.setVisible(unknown)
        self.ask_label.setVisible(unknown)
        self.changed.emit()

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        for line in (self.pixels, self.tilt):
            line.restyle(dark)

    def _show_pixels(self) -> bool:
        """Show pixel size and tilt; return whether the pixel size is still to be told."""
        try:
            image = self.image()
        except sodalite.CalibrationError:
            self.pixels.say("no pixel size in the file: type it below", wrong=True)
            return True
        except sodalite.SodaliteError as error:
            self.pixels.say(sentence_of(error), wrong=True)
            return False
        rows, columns = image.data.shape
        y_um, x_um = image.spacing_um
        size = f"{x_um:.5g} µm" if x_um == y_um else f"{x_um:.5g} × {y_um:.5g} µm"
        self.pixels.say(f"{columns} × {rows}, {size}")
        self.pixels.setToolTip(f"{columns} × {rows} px of {size}, from: {image.meta.pixel_size_source}")
        self._show_tilt(image)
        return False

    def _show_tilt(self, image: Image) -> None:
        try:
            tilt = sodalite.correct_tilt(image, self.tilt_factor()).meta.tilt
        except sodalite.CalibrationError as error:
            self.tilt.say("open: type the factor below; hover for why", wrong=True)
            self.tilt.setToolTip(sentence_of(error))
        else:
            assert tilt is not None
            doubt = f" ± {tilt.relative_uncertainty:.1%}" if tilt.relative_uncertainty else ""
            self.tilt.say(f"heights × {tilt.factor:.4g}{doubt}")
            self.tilt.setToolTip(f"True height / measured height = {tilt.factor:.4g}: {tilt.reason}")
            assert self.layer is not None
            spacing_um = shown_spacing_um(image, self.tilt_factor())
            if tuple(self.layer.scale) != spacing_um:
                set_spatial(self.layer, spacing_um)

    def _set_pixel_size(self) -> None:
        if self.layer is None:
            return
        try:
            tell_pixel_size(self.layer, _number(self.pixel_size.text()))
        except sodalite.SodaliteError as error:
            self.pixels.say(sentence_of(error), wrong=True)
            return
        self.viewer.reset_view()
        self.refresh()

    def _list_layers(self) -> None:
        if not isalive(self):
            return
        chosen = self.layer
        layers = [layer for layer in self.viewer.layers if isinstance(layer, ImageLayer)]
        self.choice.blockSignals(True)
        self.choice.clear()
        for layer in reversed(layers):
            self.choice.addItem(layer.name, layer)
        if chosen in layers:
            self.choose(chosen)
        self.choice.blockSignals(False)
        if self.layer is not chosen or not layers:
            self.refresh()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise sodalite.CalibrationError(f"Pixel size: {text!r} is no number; type um, such as 0.0122.") from error
