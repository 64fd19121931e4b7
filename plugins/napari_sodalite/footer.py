"""The foot of a dock: Run and Cancel, the progress and one sentence on how things stand; always in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from napari_sodalite.buttons import Button, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sodalite.measurements import Step

_TWO_LINES_PX = 34


class Footer(QWidget):
    """Run, Cancel, a progress bar and a sentence."""

    def __init__(self, run: Callable[[], object], cancel: Callable[[], object]) -> None:
        super().__init__()
        self._awaited = ""
        self.run = Button("Run", "Trace the layers and measure them", run)
        self.run.setShortcut("F5")
        self.cancel = Button("Cancel", "End the job at its next stage; nothing of it is kept", cancel)
        self.cancel.setShortcut("Shift+F5")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.status = Sentence()
        self.status.setMinimumHeight(_TWO_LINES_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(4)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, stretch=2)
        buttons.addWidget(self.cancel, stretch=1)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.status)
        self.rest()

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence; in red when `wrong`."""
        self.status.say(text, wrong=wrong)

    def wait_for(self, reason: str) -> None:
        """Say what Run waits for, where nothing else is said; nothing without a reason."""
        if self.status.text() in ("", self._awaited):
            self._awaited = reason[:1].upper() + reason[1:].rstrip(".") + "." if reason else ""
            self.say(self._awaited)

    def busy(self, text: str) -> None:
        """Show that something has begun, its length not yet known."""
        self.bar.setRange(0, 0)
        self.say(text)

    def show_step(self, step: Step) -> None:
        """Show what is being done and how much is done."""
        self.bar.setRange(0, step.total)
        self.bar.setValue(step.done)
        self.say(f"{step.text} …")

    def rest(self) -> None:
        """Show that nothing runs."""
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        if self.status.text().endswith("…"):
            self.say("Cancelled; nothing was changed.")

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        self.status.restyle(dark)
