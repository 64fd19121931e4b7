"""The preview: what is in view, segmented again a moment after a setting or the view has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QCheckBox

import sodalite
from napari_sodalite.jobs import Newest, sentence_of
from napari_sodalite.layer_data import PREVIEW
from napari_sodalite.layer_turns import put_layer
from napari_sodalite.session import find_layer, known_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_sodalite.layer_data import LayerData

    Plan = Callable[[], tuple[Any, ...] | None]

_WAIT_MS = 350


class Preview(QObject):
    """The switch, the work and the layer of a preview.

    The layers of a result are hidden as long as a preview lies over them: the colours of both would mix.
    """

    def __init__(
        self, viewer: Any, title: str, tooltip: str, plan: Plan, say: Callable[..., None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.viewer, self._plan, self._say = viewer, plan, say
        self.switch = QCheckBox(title)
        self.switch.setToolTip(tooltip)
        self.jobs = Newest(self._planned, _WAIT_MS, self)
        self._hidden: list[Any] = []
        self.switch.toggled.connect(self._toggle)
        self.jobs.done.connect(self._show)
        self.jobs.failed.connect(lambda sentence: self._say(sentence, wrong=True))
        viewer.scene.camera.events.center.connect(self.ask)
        viewer.scene.camera.events.zoom.connect(self.ask)

    def ask(self) -> None:
        """Trace soon, if the preview is on."""
        if isalive(self) and self.switch.isChecked():
            self.jobs.soon()

    def clear(self) -> None:
        """Switch the preview off and take its layer away."""
        self.switch.setChecked(False)
        self._remove()

    def _toggle(self, on: bool) -> None:
        if on:
            self.ask()
        else:
            self.jobs.forget()
            self._remove()

    def _planned(self) -> tuple[Any, ...] | None:
        try:
            return self._plan()
        except sodalite.SodaliteError as error:
            self._say(sentence_of(error), wrong=True)
            return None

    def _show(self, found: LayerData | None) -> None:
        if found is None:
            self._remove()
        elif self.switch.isChecked():
            self.jobs.take_turns(self._shown(found))

    def _shown(self, found: LayerData) -> Iterator[None]:
        active = self.viewer.layers.selection.active
        self._hide_results()
        for piece in put_layer(self.viewer, found):
            yield piece
            if not self.switch.isChecked():
                self._remove()
                return
        self.viewer.layers.selection.active = active

    def _hide_results(self) -> None:
        for layer in self.viewer.layers:
            if layer.visible and "result" in known_of(layer):
                layer.visible = False
                self._hidden.append(layer)

    def _remove(self) -> None:
        for hidden in self._hidden:
            hidden.visible = True
        self._hidden.clear()
        layer = find_layer(self.viewer, PREVIEW)
        if layer is not None:
            self.viewer.layers.remove(layer)
