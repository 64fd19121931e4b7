"""Corrections by hand, whatever is corrected: which labels are measured again, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_sodalite.buttons import Button
from napari_sodalite.session import find_layer, known_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NO_RESULT = "there is no result; press Run first"


class CorrectionPanel(QWidget):
    """What a kind offers for correcting, above the buttons Re-measure and Undo.

    Attributes
    ----------
    changed
        Emitted when other labels are to be measured.
    corrected
        Emitted when the user has corrected something.
    role
        Of the layer that is corrected.
    """

    changed = Signal()
    corrected = Signal()

    def __init__(
        self,
        viewer: Any,
        role: str,
        tools: Sequence[Button],
        remeasure: Callable[[], object],
        undo: Callable[[], object],
    ) -> None:
        super().__init__()
        self.viewer, self.role, self.tools = viewer, role, tools
        self.labels = QComboBox()
        self.labels.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.labels.setToolTip("The labels to measure: those of the result after your corrections, or a layer of yours")
        self.remeasure = Button("Re-measure", "Measure the corrected labels as they are", remeasure)
        self.remeasure.setShortcut("F6")
        self.undo = Button("Undo", "Bring back the result before the last Run or Re-measure", undo)
        self._corrected: Any = None
        self._held = ""
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(6, 6, 6, 6)
        self.column.setSpacing(6)

    def begin(self) -> None:
        """Lay out what all kinds have and follow the layers of the viewer; called when the rest is laid out."""
        self.column.addWidget(heading("Measure"))
        self.column.addLayout(line_of(QLabel("Labels"), self.labels))
        self.column.addLayout(line_of(self.remeasure, self.undo))
        self.column.addStretch(1)
        self.labels.currentIndexChanged.connect(self.changed)
        for event in (self.viewer.layers.events.inserted, self.viewer.layers.events.removed):
            event.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List the label layers and say what can be done."""
        if not isalive(self):
            return
        chosen, layers = self.chosen(), [layer for layer in self.viewer.layers if isinstance(layer, Labels)]
        candidates = [layer for layer in layers if known_of(layer).get("role") in (None, self.role)]
        self.labels.blockSignals(True)
        self.labels.clear()
        for layer in reversed(candidates):
            self.labels.addItem(layer.name, layer)
        target = chosen if chosen in candidates else find_layer(self.viewer, self.role)
        self.labels.setCurrentIndex(max(0, self.labels.findData(target)))
        self.labels.blockSignals(False)
        layer = find_layer(self.viewer, self.role)
        missing = self._held if layer is not None else NO_RESULT
        if layer is not None and self.note not in layer.events.paint.callbacks:
            layer.events.paint.connect(self.note)
        for button in self.tools:
            button.allow(missing)
        self.offer(missing)
        self.changed.emit()

    def hold(self, reason: str) -> None:
        """Let nothing be corrected for some reason, or for none any more."""
        if reason != self._held:
            self._held = reason
            self.refresh()

    def chosen_is_own(self) -> bool:
        """Return whether the labels to measure are a layer of the user's, of no result."""
        layer = self.chosen()
        return layer is not None and known_of(layer).get("role") is None

    def offer(self, missing: str) -> None:
        """Follow the layers with what a kind has besides; `missing` says why nothing can be corrected."""
        raise NotImplementedError

    def unmeasured(self) -> bool:
        """Return whether the user has corrected what is shown, and nothing was measured since."""
        layer = find_layer(self.viewer, self.role)
        if layer is None or self._corrected is None or known_of(layer).get("result") is not self._corrected:
            return False
        measured = known_of(layer)["measured"]
        # part by part, up to the first that differs: the window waits for this
        return any((now != then).any() for now, then in zip(np.asarray(layer.data), measured, strict=False))

    def note(self, event: Any) -> None:
        """Remember which result was corrected, and tell of it."""
        if isalive(self):
            self._corrected = known_of(event.source).get("result")
            if self._corrected is not None:
                self.corrected.emit()

    def chosen(self) -> Labels | None:
        """Return the layer whose labels are measured; None where there is none."""
        return self.labels.currentData()


def heading(text: str) -> QLabel:
    """Return a heading within a panel."""
    return QLabel(f"<b>{text}</b>")


def line_of(*widgets: QWidget) -> QHBoxLayout:
    """Return widgets side by side, choices twice as wide as buttons."""
    line = QHBoxLayout()
    line.setSpacing(6)
    for widget in widgets:
        line.addWidget(widget, stretch=0 if isinstance(widget, QLabel) else 2 if isinstance(widget, QComboBox) else 1)
    return line
