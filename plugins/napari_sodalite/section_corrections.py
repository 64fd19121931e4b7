"""Corrections of a cross-section: paint a class, delete an object, drag an anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QComboBox, QSizePolicy

from napari_sodalite.buttons import Button, Sentence, hint
from napari_sodalite.correction_panel import CorrectionPanel, heading, line_of
from napari_sodalite.interfaces import moved_anchors
from napari_sodalite.palette import Palette
from napari_sodalite.section_layers import ANCHORS, CLASSES, OBJECTS
from napari_sodalite.session import find_layer, known_of
from sodalite.classes import SectionClass

if TYPE_CHECKING:
    from collections.abc import Callable


class SectionCorrections(CorrectionPanel):
    """Palette, objects and anchors."""

    def __init__(self, viewer: Any, remeasure: Callable[[], object], undo: Callable[[], object]) -> None:
        self.delete = Button("Delete object", "Turn the object selected in the void or dead-sodium layer into what "
                             "surrounds it", self.delete_object)  # fmt: skip
        self.move_anchors = Button("Move anchors", "Show points on the interfaces: drag one and press Re-measure",
                                   self.show_anchors)  # fmt: skip
        self.add_anchor = Button("Add anchor", "Click on the image to set an anchor on the interface named beside",
                                 self.add_anchors)  # fmt: skip
        super().__init__(viewer, CLASSES, (self.delete, self.move_anchors, self.add_anchor), remeasure, undo)
        self.remeasure.does = "Measure the corrected classes as they are; moved anchors trace again"
        self.brushes = Palette(viewer, CLASSES, SectionClass)
        self.interface = QComboBox()
        self.interface.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.interface.setToolTip("The interface on which a new anchor lies")
        self.interface.currentTextChanged.connect(self._name_new_anchors)
        self.column.addWidget(heading("Paint with"))
        self.column.addWidget(self.brushes)
        keys = Sentence()
        keys.say("[ and ] change the brush, Ctrl+Z takes a stroke back.")
        self.column.addWidget(keys)
        self.column.addWidget(heading("Objects"))
        self.column.addWidget(self.delete)
        self.column.addWidget(heading("Interfaces"))
        self.column.addWidget(self.move_anchors)
        self.column.addLayout(line_of(self.interface, self.add_anchor))
        self.begin()

    def offer(self, missing: str) -> None:
        """List the interfaces, and let the brush be taken."""
        anchors = find_layer(self.viewer, ANCHORS)
        if anchors is not None and self.note not in anchors.events.data.callbacks:
            anchors.events.data.connect(self.note)
        self.interface.clear()
        self.interface.addItems(list(known_of(anchors).get("proposed", {})) if anchors is not None else [])
        self.brushes.allow(missing)

    def unmeasured(self) -> bool:
        """Return whether classes or anchors were corrected, and nothing was measured since."""
        return bool(self.anchors()) or super().unmeasured()

    def anchors(self) -> dict[str, np.ndarray]:
        """Return the anchors that the user has moved, added or deleted, and those already used, by interface."""
        layer = find_layer(self.viewer, ANCHORS)
        if layer is None:
            return {}
        known = known_of(layer)
        moved = moved_anchors(layer.data, list(layer.features["interface"]), known["proposed"])
        return {**known["used"], **moved} if moved else {}

    def delete_object(self) -> None:
        """Turn the selected void or dead-sodium object into its surroundings; napari's undo brings it back."""
        layer, classes = self.viewer.layers.selection.active, find_layer(self.viewer, CLASSES)
        role = known_of(layer).get("role") if layer is not None else None
        if role not in OBJECTS or classes is None or layer.selected_label == 0:
            hint("Select a void or a dead-sodium object first: click it in its layer, or its row in the table.")
            return
        place = np.nonzero(np.asarray(layer.data) == layer.selected_label)
        if len(place[0]):
            classes.data_setitem(place, surrounding_class(np.asarray(classes.data), place))
            layer.data_setitem(place, 0)

    def show_anchors(self) -> None:
        """Make the anchors visible and ready to be dragged."""
        self._anchor_mode("select")

    def add_anchors(self) -> None:
        """Make the next clicks set anchors on the chosen interface."""
        self._anchor_mode("add")
        self._name_new_anchors(self.interface.currentText())

    def _anchor_mode(self, mode: str) -> None:
        layer = find_layer(self.viewer, ANCHORS)
        if layer is not None:
            layer.visible = True
            self.viewer.layers.selection.active = layer
            layer.mode = mode

    def _name_new_anchors(self, name: str) -> None:
        layer = find_layer(self.viewer, ANCHORS)
        if layer is not None and name:
            layer.feature_defaults = {"interface": name}


def surrounding_class(classes: np.ndarray, place: tuple[np.ndarray, ...]) -> int:
    """Return the class that touches an object along most of its outline, other than the object's own."""
    import cv2

    top, left = (max(0, int(axis.min()) - 1) for axis in place)
    window = classes[top : int(place[0].max()) + 2, left : int(place[1].max()) + 2]
    mask = np.zeros(window.shape, np.uint8)
    mask[place[0] - top, place[1] - left] = 1
    ring = (cv2.dilate(mask, np.ones((3, 3), np.uint8)) > mask) & (window != classes[place[0][0], place[1][0]])
    return int(np.bincount(window[ring], minlength=1).argmax()) if ring.any() else int(SectionClass.OUTSIDE)
