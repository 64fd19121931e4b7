"""A micrograph: how large its pixels are and how it is tilted; asked for where the file is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QWidget

import sodalite
from napari_sodalite.bar_ruler import BarRuler
from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.jobs import sentence_of
from napari_sodalite.micrographs import image_of, shown_spacing_um, tell_pixel_size, told_size_um
from napari_sodalite.sample_panel import SamplePanel, same_name
from napari_sodalite.session import known_of
from napari_sodalite.spatial import set_spatial

if TYPE_CHECKING:
    from typing import Any

    from napari.layers import Image as ImageLayer

    from sodalite import Image, Result


class CalibrationPanel(SamplePanel):
    """Image, pixel size and tilt."""

    nothing = "open a micrograph with File > Open"

    def __init__(self, viewer: Any, tilt_field: QLineEdit) -> None:
        self.pixels, self.tilt = Sentence(), Sentence()
        super().__init__("Image", "The micrograph to measure: a grey image layer", viewer, (self.pixels, self.tilt))
        self.tilt_field = tilt_field
        self.pixel_size = QLineEdit()
        self.pixel_size.setPlaceholderText("µm, e.g. 0.0122")
        self.pixel_size.setToolTip("Width of a pixel in um, for files that do not tell it; it is never guessed")
        self.set_size = Button("Set", "Give the image this pixel size", self._set_pixel_size)
        self.pixel_size.returnPressed.connect(self._set_pixel_size)
        self.ruler = BarRuler(viewer)
        self.ruler.measured.connect(lambda size_um: self.pixel_size.setText(f"{size_um:.5g}"))
        self._lay_out()
        self.begin()

    def _lay_out(self) -> None:
        self.rows.addRow("Pixels", self.pixels)
        self.ask = QWidget()
        line = QHBoxLayout(self.ask)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.pixel_size)
        line.addWidget(self.set_size)
        self.rows.addRow("Pixel size", self.ask)
        self.rows.addRow("or its bar", self.ruler)
        self.rows.addRow("Tilt", self.tilt)
        self.tilt_field.setPlaceholderText("from the file")
        self.rows.addRow("Tilt factor", self.tilt_field)

    def takes(self, layer: ImageLayer) -> bool:
        """Return whether a layer shows neither an EBSD map nor a series, nor belongs to a result."""
        known = known_of(layer)
        return "role" not in known and isinstance(known.get("sample"), sodalite.Image | None)

    def read(self, layer: ImageLayer) -> Image:
        """Return the micrograph of a layer, see `image_of`."""
        return image_of(layer)

    def check(self, sample: Image) -> None:
        """Do nothing if the heights of the image are known, see `sodalite.correct_tilt`."""
        sodalite.correct_tilt(sample, self.tilt_factor())

    def fits(self, sample: Image, result: Result) -> bool:
        """Return whether image and classes have the same name and shape."""
        return same_name(sample, result) and sample.data.shape == result.labels["labels"].shape

    def tilt_factor(self) -> float | None:
        """Return the factor that the user has typed; None where it is left to the file or is no number."""
        try:
            return float(self.tilt_field.text())
        except ValueError:
            return None

    def describe(self) -> None:
        """Show pixel size and tilt, and ask for what is missing."""
        unknown = False
        self.pixels.say(self.nothing)
        self.tilt.say("")
        if self.layer is not None:
            unknown = self._show_pixels()
        for asked in (self.ask, self.ruler):
            self.rows.setRowVisible(asked, unknown)
        self.rows.setRowVisible(self.tilt, bool(self.tilt.text()))
        self.ruler.lie_over(self.layer)

    def _show_pixels(self) -> bool:
        """Show pixel size and tilt; return whether the pixel size is still to be told."""
        try:
            image = self.sample()
        except sodalite.CalibrationError:
            self.pixels.say("no pixel size in the file: type or measure it", wrong=True)
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
            tell_pixel_size(self.layer, told_size_um(self.pixel_size.text()))
        except sodalite.SodaliteError as error:
            self.pixels.say(sentence_of(error), wrong=True)
            return
        self.ruler.take_away()
        self.viewer.reset_view()
        self.refresh()
