"""Corrections of grains: join two that are one, leave one out; what is measured again is what one sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.buttons import Button, Sentence, hint
from napari_sodalite.correction_panel import CorrectionPanel, heading
from napari_sodalite.session import find_layer, known_of

if TYPE_CHECKING:
    from collections.abc import Callable


class GrainCorrections(CorrectionPanel):
    """Pick, merge, delete; of a series in the step that is shown.

    `where` says so in the tooltips, `does` what Re-measure does.
    """

    def __init__(
        self, viewer: Any, role: str, remeasure: Callable[[], object], undo: Callable[[], object], *, where: str = "",
        does: str,
    ) -> None:  # fmt: skip
        self.pick = Button("Pick grains", "Click on grains to pick them: the last two are those to be merged",
                           self.pick_grains)  # fmt: skip
        self.merge = Button("Merge the last two", f"Make one grain of the two picked last{where}", self.merge_grains)
        self.delete = Button("Delete the last", f"Leave the grain picked last out{where}: its points belong to none",
                             self.delete_grain)  # fmt: skip
        super().__init__(viewer, role, (self.pick, self.merge, self.delete), remeasure, undo)
        self.remeasure.does = does
        self.picked: list[int] = []
        self._picked_in: Any = None
        self.says = Sentence()
        self.column.addWidget(heading("Grains"))
        for widget in (self.pick, self.says, self.merge, self.delete):
            self.column.addWidget(widget)
        self.begin()

    def offer(self, missing: str) -> None:
        """Listen to the layer of grains; forget what was picked in another result."""
        layer = find_layer(self.viewer, self.role)
        if layer is None:
            return
        if self._remember not in layer.events.selected_label.callbacks:
            layer.events.selected_label.connect(self._remember)
        result = known_of(layer).get("result")
        if result is not self._picked_in:
            self._picked_in = result
            self._forget()

    def pick_grains(self) -> None:
        """Let clicks on the canvas pick grains."""
        layer = find_layer(self.viewer, self.role)
        if layer is not None:
            layer.visible = True
            self.viewer.layers.selection.active = layer
            # a click on what is selected already tells nothing
            layer.selected_label = 0
            layer.mode = "pick"

    def merge_grains(self) -> None:
        """Give the points of the grain picked last to the one before; napari's undo brings it back."""
        if len(self.picked) < 2:
            hint("Pick two grains first: click them on the map or their rows in the table, one after the other.")
            return
        kept, gone = self.picked
        self._relabel(gone, kept)

    def delete_grain(self) -> None:
        """Take the points of the grain picked last out of all grains; napari's undo brings it back."""
        if not self.picked:
            hint("Pick a grain first: click it on the map or its row in the table.")
            return
        self._relabel(self.picked[-1], 0)

    def _relabel(self, old: int, new: int) -> None:
        layer = find_layer(self.viewer, self.role)
        if layer is None:
            return
        step = self.viewer.dims.current_step[: layer.ndim - 2]
        place = np.nonzero(np.asarray(layer.data)[step] == old)
        if len(place[0]):
            layer.data_setitem((*(np.full_like(place[0], number) for number in step), *place), new)
        self._forget()
        if new:
            layer.selected_label = new

    def _remember(self, event: Any) -> None:
        label = int(event.source.selected_label)
        if "result" in known_of(event.source) and label and label not in self.picked[-1:]:
            self.picked = [*self.picked[-1:], label]
            self._tell()

    def _forget(self) -> None:
        self.picked = []
        self._tell()

    def _tell(self) -> None:
        words = ("no grain is picked", "grain {}", "grain {}, then grain {}")
        self.says.say("Picked: " + words[len(self.picked)].format(*self.picked))
