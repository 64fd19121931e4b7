"""Corrections of the classes of a series of images: the brush paints into the step that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sodalite.buttons import Sentence
from napari_sodalite.correction_panel import CorrectionPanel, heading
from napari_sodalite.image_series_layers import STEP_CLASSES
from napari_sodalite.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sodalite.classes import SectionClass


class StepCorrections(CorrectionPanel):
    """The brush, for the classes that occur."""

    def __init__(
        self, viewer: Any, classes: Sequence[SectionClass], remeasure: Callable[[], object], undo: Callable[[], object]
    ) -> None:
        super().__init__(viewer, STEP_CLASSES, (), remeasure, undo)
        self.remeasure.does = "Measure the corrected classes of every step as they are"
        self.brushes = Palette(viewer, STEP_CLASSES, classes)
        self.column.addWidget(heading("Paint with, in the step that is shown"))
        self.column.addWidget(self.brushes)
        keys = Sentence()
        keys.say("[ and ] change the brush, Ctrl+Z takes a stroke back.")
        self.column.addWidget(keys)
        self.begin()

    def offer(self, missing: str) -> None:
        """Let the brush be taken, or say why not."""
        self.brushes.allow(missing)
