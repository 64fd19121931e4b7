"""The classes as buttons that take the brush; the one that the brush paints with is framed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

from napari_sodalite.section_layers import class_name
from napari_sodalite.session import find_layer
from sodalite.classes import CLASS_RGB, SectionClass

if TYPE_CHECKING:
    from collections.abc import Iterable

_ICON = QSize(12, 12)
_COLUMNS = 2
_PAINTS = ("paint", "fill", "polygon")
_FRAME = "QToolButton:checked { border: 2px solid #3a9fd6; border-radius: 3px; font-weight: bold; }"


class Palette(QWidget):
    """A button a class; each takes the brush of the layer of a role."""

    def __init__(self, viewer: Any, role: str, classes: Iterable[SectionClass]) -> None:
        super().__init__()
        self.viewer, self._role = viewer, role
        self.swatches = {item: self._swatch(item) for item in classes}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for place, swatch in enumerate(self.swatches.values()):
            grid.addWidget(swatch, place // _COLUMNS, place % _COLUMNS)
        self.setStyleSheet(_FRAME)
        viewer.layers.selection.events.active.connect(self._show_brush)

    def _swatch(self, item: SectionClass) -> QToolButton:
        swatch = QToolButton()
        swatch.setText(class_name(item))
        swatch.setCheckable(True)
        square = QPixmap(_ICON)
        square.fill(QColor(*CLASS_RGB[item]))
        swatch.setIcon(QIcon(square))
        swatch.setIconSize(_ICON)
        swatch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        swatch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        swatch.clicked.connect(lambda: self.paint_with(item))
        return swatch

    def allow(self, missing: str) -> None:
        """Let the brush be taken, or say why not; follow the layer that is painted."""
        layer = find_layer(self.viewer, self._role)
        if layer is not None and self._show_brush not in layer.events.mode.callbacks:
            layer.events.mode.connect(self._show_brush)
            layer.events.selected_label.connect(self._show_brush)
        for swatch in self.swatches.values():
            swatch.setEnabled(not missing)
            swatch.setToolTip(f"Not now: {missing}" if missing else f"Paint {swatch.text()} into the classes")
        self._show_brush()

    def paint_with(self, item: SectionClass) -> None:
        """Take the brush of the layer with this class."""
        layer = find_layer(self.viewer, self._role)
        if layer is not None:
            layer.visible = True
            self.viewer.layers.selection.active = layer
            layer.selected_label = int(item)
            layer.mode = "paint"
        self._show_brush()

    def _show_brush(self, _: Any = None) -> None:
        """Frame the class that a stroke would paint now, if any."""
        if not isalive(self):
            return
        layer = find_layer(self.viewer, self._role)
        painted = None
        if layer is not None and layer is self.viewer.layers.selection.active and layer.mode in _PAINTS:
            painted = layer.selected_label
        for item, swatch in self.swatches.items():
            swatch.setChecked(item == painted)
