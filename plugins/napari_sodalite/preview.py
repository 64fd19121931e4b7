"""The preview: classes of the columns in view, traced again a moment after a setting or the view has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QCheckBox

import sodalite
from napari_sodalite import stages
from napari_sodalite.jobs import Jobs
from napari_sodalite.micrographs import KEY, image_of, shown_spacing_um
from napari_sodalite.result_layers import class_colors
from napari_sodalite.session import find_layer
from napari_sodalite.spatial import spatial

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image as ImageLayer

_WAIT_MS = 350
_MOST_PX = 2_000_000
_LEAST_COLUMNS = 64
ROLE = "preview"


class Preview(QObject):
    """Newest wins: what was asked for while a preview is traced is traced next, all but the last of it never."""

    def __init__(
        self,
        viewer: Any,
        source: Callable[[], tuple[Any, Any] | None],
        say: Callable[..., None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.viewer, self._source, self._say = viewer, source, say
        self.switch = QCheckBox("Preview the columns in view")
        self.switch.setToolTip("Trace what is in view whenever a setting or the view changes; full height, because "
                               "the layers are traced as a whole")  # fmt: skip
        self.jobs = Jobs(self)
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._trace)
        self.switch.toggled.connect(self._toggle)
        self.jobs.done.connect(self._show)
        self.jobs.failed.connect(lambda sentence: self._say(sentence, wrong=True))
        self.jobs.ended.connect(self._next)
        viewer.scene.camera.events.center.connect(self.ask)
        viewer.scene.camera.events.zoom.connect(self.ask)

    def ask(self) -> None:
        """Trace soon, if the preview is on."""
        if isalive(self) and self.switch.isChecked():
            self._timer.start()

    def clear(self) -> None:
        """Switch the preview off and take its layer away."""
        self.switch.setChecked(False)
        self._remove()

    def _toggle(self, on: bool) -> None:
        if on:
            self.ask()
        else:
            self._timer.stop()
            self.jobs.cancel()
            self._remove()

    def _trace(self) -> None:
        if self.jobs.running:
            self._again = True
            return
        source = self._source()
        if source is None:
            return
        recipe, layer = source
        try:
            image = image_of(layer)
        except sodalite.SodaliteError as error:
            self._say(str(error), wrong=True)
            return
        self._spacing_um = shown_spacing_um(image, recipe.tilt_factor)
        self.jobs.start(stages.preview, recipe, image, columns_in_view(layer))

    def _next(self) -> None:
        if self._again and isalive(self):
            self._again = False
            self.ask()

    def _show(self, found: tuple[slice, np.ndarray]) -> None:
        if not self.switch.isChecked():
            return
        from napari.utils.colormaps import DirectLabelColormap

        columns, labels = found
        self._remove()
        active = self.viewer.layers.selection.active
        self.viewer.add_labels(
            labels,
            name=f"preview, columns {columns.start} to {columns.stop}",
            translate=(0, columns.start * self._spacing_um[1]),
            colormap=DirectLabelColormap(color_dict=class_colors()),
            opacity=0.4,
            metadata={KEY: {"role": ROLE}},
            **spatial(self._spacing_um),
        )
        self.viewer.layers.selection.active = active

    def _remove(self) -> None:
        layer = find_layer(self.viewer, ROLE)
        if layer is not None:
            self.viewer.layers.remove(layer)


def columns_in_view(layer: ImageLayer) -> slice:
    """Return the columns of an image that are in view, about their middle where they are too many for a preview."""
    rows, width = layer.data.shape[:2]
    left, right = (int(corner[1]) for corner in layer.corner_pixels)
    middle, most = (left + right) / 2, max(_LEAST_COLUMNS, _MOST_PX // rows)
    half = min(max(right - left, _LEAST_COLUMNS), most) / 2
    first = int(np.clip(middle - half, 0, max(0, width - 2 * half)))
    return slice(first, min(width, first + int(2 * half)))
