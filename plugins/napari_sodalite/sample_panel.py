"""The first step of every dock: which layer is measured, and whether all is known that measuring it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image as ImageLayer
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QGroupBox, QSizePolicy

import sodalite
from napari_sodalite.jobs import sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sodalite.buttons import Sentence
    from sodalite import Result


class SamplePanel(QGroupBox):
    """The choice of a layer and what is known of it; `changed` is emitted when one of them has changed.

    Attributes
    ----------
    lines
        Sentences that turn red.
    nothing
        What to do when there is no layer to choose.
    """

    changed = Signal()
    nothing = "open a file with File > Open"

    def __init__(self, title: str, tooltip: str, viewer: Any, lines: Sequence[Sentence]) -> None:
        super().__init__(title)
        self.viewer, self.lines = viewer, lines
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.choice.setToolTip(tooltip)
        self.rows = QFormLayout(self)
        self.rows.setContentsMargins(8, 4, 8, 6)
        self.rows.setVerticalSpacing(3)
        self.rows.addRow("Layer", self.choice)

    def begin(self) -> None:
        """Follow the layers of the viewer; called when all rows are laid out."""
        self.choice.currentIndexChanged.connect(self.refresh)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._list_layers)
        self._list_layers()

    @property
    def layer(self) -> ImageLayer | None:
        """The chosen layer; None where there is none."""
        return self.choice.currentData()

    def takes(self, layer: ImageLayer) -> bool:
        """Return whether an image layer may be chosen here."""
        raise NotImplementedError

    def read(self, layer: ImageLayer) -> Any:
        """Return the sample that a layer shows.

        Raises
        ------
        SodaliteError
            When it shows none.
        """
        raise NotImplementedError

    def check(self, sample: Any) -> None:
        """Do nothing if the sample can be measured with what is known of it.

        Raises
        ------
        SodaliteError
            When it cannot.
        """
        raise NotImplementedError

    def fits(self, sample: Any, result: Result) -> bool:
        """Return whether a result may have been measured on a sample."""
        raise NotImplementedError

    def describe(self) -> None:
        """Show what is known of the chosen layer."""
        raise NotImplementedError

    def sample(self) -> Any:
        """Return the chosen sample.

        Raises
        ------
        SodaliteError
            When no layer is chosen, or it shows no sample.
        """
        if self.layer is None:
            raise sodalite.ReadError(f"There is nothing to measure: {self.nothing}.")
        return self.read(self.layer)

    def candidate(self) -> Any:
        """Return the chosen sample for a result that may have been measured on it; None where there is none."""
        try:
            return self.sample()
        except sodalite.SodaliteError:
            return None

    def problem(self) -> str:
        """Return why the chosen layer cannot be measured yet; empty where it can."""
        try:
            self.check(self.sample())
        except sodalite.SodaliteError as error:
            return sentence_of(error)
        return ""

    def choose(self, layer: ImageLayer) -> None:
        """Choose a layer of the viewer."""
        self.choice.setCurrentIndex(self.choice.findData(layer))

    def refresh(self) -> None:
        """Show what is known of the chosen layer now."""
        self.describe()
        self.changed.emit()

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        for line in self.lines:
            line.restyle(dark)

    def _list_layers(self) -> None:
        if not isalive(self):
            return
        chosen = self.layer
        layers = [layer for layer in self.viewer.layers if isinstance(layer, ImageLayer) and self.takes(layer)]
        self.choice.blockSignals(True)
        self.choice.clear()
        for layer in reversed(layers):
            self.choice.addItem(layer.name, layer)
        if chosen in layers:
            self.choose(chosen)
        self.choice.blockSignals(False)
        if self.layer is not chosen or not layers:
            self.refresh()
