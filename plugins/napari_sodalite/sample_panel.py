"""The first step of every dock: which layer is measured, and whether all is known that measuring it takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from napari.layers import Image as ImageLayer
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QGroupBox, QSizePolicy

import sodalite
from napari_sodalite.jobs import sentence_of
from napari_sodalite.session import known_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sodalite.buttons import Sentence
    from sodalite import Result


class SamplePanel(QGroupBox):
    """The choice of a layer and what is known of it; `changed` is emitted when one of them has changed.

    A file that is opened is chosen: it lies on top and is what one looks at.

    Attributes
    ----------
    picked
        Emitted when the user has chosen a layer by hand.
    lines
        Sentences that turn red.
    nothing
        What to do when there is no layer to choose.
    """

    changed = Signal()
    picked = Signal()
    nothing = "open a file with File > Open"

    def __init__(self, title: str, tooltip: str, viewer: Any, lines: Sequence[Sentence]) -> None:
        super().__init__(f"1  {title}")
        self.viewer, self.lines = viewer, lines
        self.choice = QComboBox()
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.choice.setToolTip(tooltip)
        self.rows = QFormLayout(self)
        self.rows.setContentsMargins(8, 4, 8, 6)
        self.rows.setVerticalSpacing(3)
        self.rows.addRow(title, self.choice)

    def begin(self) -> None:
        """Follow the layers of the viewer; called when all rows are laid out."""
        self.choice.currentIndexChanged.connect(self.refresh)
        self.choice.activated.connect(self.picked)
        events = self.viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._list_layers)
        self._list_layers()

    @property
    def layer(self) -> ImageLayer | None:
        """The chosen layer; None where there is none."""
        return self.choice.currentData()

    @property
    def origin(self) -> ImageLayer | None:
        """What a measurement of the chosen sample comes from: its layer."""
        return self.layer

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
        """Return whether a result was measured on a sample, as far as its name and its shape tell."""
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

    def candidates(self) -> list[tuple[Any, Any]]:
        """Return every layer that may be chosen, with its sample."""
        found = []
        for layer in (self.choice.itemData(row) for row in range(self.choice.count())):
            with suppress(sodalite.SodaliteError):
                found.append((layer, self.read(layer)))
        return found

    def problem(self) -> str:
        """Return why the chosen layer cannot be measured yet; empty where it can."""
        try:
            self.check(self.sample())
        except sodalite.SodaliteError as error:
            return sentence_of(error)
        return ""

    def choose(self, layer: ImageLayer) -> None:
        """Choose a layer; nothing changes where the user has removed it."""
        place = self.choice.findData(layer)
        if place >= 0:
            self.choice.setCurrentIndex(place)

    def refresh(self) -> None:
        """Show what is known of the chosen layer now."""
        self.describe()
        self.changed.emit()

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        for line in self.lines:
            line.restyle(dark)

    def _list_layers(self, event: Any = None) -> None:
        if not isalive(self):
            return
        chosen = before = self.layer
        if event is not None and event.type == "inserted" and _is_opened(event.value):
            chosen = event.value
        layers = [layer for layer in self.viewer.layers if isinstance(layer, ImageLayer) and self.takes(layer)]
        self.choice.blockSignals(True)
        self.choice.clear()
        for layer in reversed(layers):
            self.choice.addItem(layer.name, layer)
        self.choose(chosen if chosen in layers else before)
        self.choice.blockSignals(False)
        if self.layer is not before or not layers:
            self.refresh()


def _is_opened(layer: ImageLayer) -> bool:
    """Return whether a layer shows a file or a sample; one that a filter has made is not chosen by itself."""
    return "sample" in known_of(layer) or layer.source.path is not None


def same_name(sample: Any, result: Result) -> bool:
    """Return whether a sample is called as the one of a result; a batch names its images with their folder."""
    return PurePath(sample.name).name == PurePath(result.name).name
