"""Buttons that say why they cannot be pressed, and labels that turn red."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel, QPushButton, QSizePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

RED = {True: "#ff7b72", False: "#b3001b"}
"""Dark theme or not -> a red that reads on it (contrast above 5)."""


class Button(QPushButton):
    """A button with a tooltip for when it can be pressed, and another that says why it cannot."""

    def __init__(self, text: str, does: str, press: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.does = does
        self.setMinimumWidth(40)
        self.allow()
        self.clicked.connect(lambda: press())

    def allow(self, reason: str = "") -> None:
        """Let the button be pressed, or say for which reason it cannot."""
        self.setEnabled(not reason)
        key = self.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(f"Not now: {reason}" if reason else f"{self.does} ({key})" if key else self.does)


def hint(sentence: str) -> None:
    """Tell the user in a corner of the window what to do first."""
    from napari.utils.notifications import show_info

    show_info(sentence)


class Sentence(QLabel):
    """A line of text that wraps and is red when something is wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.dark, self.wrong = True, False

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence; in red when `wrong`."""
        self.wrong = wrong
        self.setText(text)
        self.setToolTip(text)
        self.restyle(self.dark)

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme."""
        self.dark = dark
        self.setStyleSheet(f"color: {RED[dark]};" if self.wrong else "")
