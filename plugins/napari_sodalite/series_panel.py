"""A series of EBSD maps: the folder that holds it, and what it says of its steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QGroupBox, QHBoxLayout, QLineEdit

import sodalite
from napari_sodalite.buttons import Button, Sentence
from napari_sodalite.jobs import sentence_of
from napari_sodalite.session import known_of

if TYPE_CHECKING:
    from napari_sodalite.recipe_form import RecipeForm
    from sodalite import Result


class SeriesPanel(QGroupBox):
    """Folder, steps and times; `changed` is emitted when the folder has changed."""

    changed = Signal()
    picked = Signal()
    layer = None
    """A series is a folder: no layer of the viewer."""

    def __init__(self, viewer: Any, form: RecipeForm) -> None:
        super().__init__("1  Series")
        self.viewer, self.form = viewer, form
        self.folder, self.steps = QLineEdit(), Sentence()
        what = "Folder with the maps of one place in the order of their names, or with series.csv (file, time_h …)"
        self.folder.setToolTip(what)
        rows = QFormLayout(self)
        rows.setContentsMargins(8, 4, 8, 6)
        rows.setVerticalSpacing(3)
        line = QHBoxLayout()
        line.addWidget(self.folder)
        pick = Button("…", what, self._pick)
        pick.setMaximumWidth(32)
        line.addWidget(pick)
        rows.addRow("Folder", line)
        rows.addRow("Steps", self.steps)
        rows.addRow("Axes", form.fields["frame"])
        self.found: Any = None
        self.fault = ""
        self.folder.textChanged.connect(self.refresh)
        viewer.layers.events.inserted.connect(self._take_up)
        self.refresh()
        self._take_up()

    def sample(self) -> Path:
        """Return the folder; its maps are read when they are measured.

        Raises
        ------
        ReadError
            When it holds no series.
        """
        if self.fault:
            raise sodalite.ReadError(self.fault)
        return Path(self.folder.text())

    @property
    def origin(self) -> str | None:
        """What a measurement of the chosen series comes from: its folder."""
        return self.folder.text() or None

    def choose(self, folder: str) -> None:
        """Choose a folder."""
        self.folder.setText(folder)

    def candidates(self) -> list[tuple[Any, Any]]:
        """Return the folder with its series, where there is one."""
        return [] if self.found is None else [(self.origin, self.found)]

    def fits(self, sample: Any, result: Result) -> bool:
        """Return whether series and result have steps of the same names."""
        return set(result.tables["steps"]["file"]) == {step.name for step in sample.steps}

    def problem(self) -> str:
        """Return why the folder cannot be measured; empty where it can."""
        return self.fault

    def refresh(self) -> None:
        """Look into the folder."""
        self.found, self.fault = None, ""
        if not self.folder.text():
            self.fault = "choose the folder of a series"
            self.steps.say(self.fault)
        else:
            try:
                self.found = self.form.model().read(self.folder.text())
                self.steps.say(_words(self.found))
            except (sodalite.SodaliteError, OSError) as error:
                self.fault = sentence_of(error)
                self.steps.say(self.fault, wrong=True)
        self.changed.emit()

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        self.steps.restyle(dark)

    def _take_up(self, event: Any = None) -> None:
        """Choose the folder of a series that is opened; at first that of the one opened last."""
        if isalive(self):
            layers = self.viewer.layers if event is None else [event.value]
            for folder in [known_of(layer)["folder"] for layer in layers if "folder" in known_of(layer)][-1:]:
                self.folder.setText(folder)
                if len(self.viewer.layers) == 1:
                    # napari begins in the middle of the slider
                    self.viewer.dims.set_current_step(0, 0)

    def _pick(self) -> None:
        self.folder.setText(QFileDialog.getExistingDirectory(self, "Folder of the series") or self.folder.text())


def _words(series: Any) -> str:
    times = series.times_h
    told = "times unknown" if times is None else f"{times[0]:g} to {times[-1]:g} h"
    return f"{len(series.steps)} maps, {told}"
