"""The numbers of a result as a table: value, unit and interval; what one means, and its note, is told of a row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QBrush, QColor, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_sodalite.buttons import RED, Sentence
from sodalite import GLOSSARY
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from sodalite import Quantity, Result

HEADER = ("Quantity", "Value", "95 % interval", "Note")
_VALUE, _INTERVAL, _NOTE = 1, 2, 3
_WIDTHS_PX = (60, 86)
"""Of value and interval at least; names take what is left and may be cut short, notes are told below the table."""
_SMALLER = 0.9
"""The table's font beside the window's: name, value and interval fit beside each other."""
_ROW_PX = 22
_LEAST_PX = 110
_DETAILS_PX = 64
_ASK = "Select a row to read here what the number means, and its note."


class ValuesTable(QTableWidget):
    """One row a number; Ctrl+C copies the selected rows for a spreadsheet, with their notes.

    Attributes
    ----------
    details
        Line below the table that tells of the selected row.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADER), parent)
        self.details = Sentence()
        self.details.setMinimumHeight(_DETAILS_PX)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._values: list[Quantity] = []
        self._dark = True
        self.setHorizontalHeaderLabels(list(HEADER))
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setWordWrap(False)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * _SMALLER)
        self.setFont(font)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setColumnHidden(_NOTE, True)
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.itemSelectionChanged.connect(self._tell)

    def sizeHint(self) -> QSize:
        """Return little height: the table takes what is left, and the page around it need not scroll."""
        return QSize(super().sizeHint().width(), _LEAST_PX)

    def show_result(self, result: Result | None) -> None:
        """Show the numbers of a result; none for None."""
        self._values = list(result) if result is not None else []
        self.setRowCount(len(self._values))
        for row, quantity in enumerate(self._values):
            for column, text in enumerate(cells(quantity)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip(quantity))
                if column in (_VALUE, _INTERVAL):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        for column, least in zip((_VALUE, _INTERVAL), _WIDTHS_PX, strict=True):
            self.setColumnWidth(column, max(least, self.sizeHintForColumn(column) + 4))
        self.restyle(self._dark)
        self._tell()

    def restyle(self, dark: bool) -> None:
        """Use the colours of a dark or a light theme: doubtful values are red."""
        self._dark = dark
        for row, quantity in enumerate(self._values):
            self.item(row, _VALUE).setForeground(QBrush(QColor(RED[dark])) if quantity.doubt else QBrush())

    def _tell(self) -> None:
        """Say below the table what the selected number means."""
        rows = {index.row() for index in self.selectedIndexes()}
        if len(rows) != 1 or not self._values:
            self.details.say(_ASK if self._values else "")
            return
        quantity = self._values[rows.pop()]
        meaning, note = GLOSSARY[quantity.quantity].meaning, quantity.note
        self.details.say(f"<b>{quantity.quantity}</b>: {meaning}" + (f" <i>{note}</i>" if note else ""))
        self.details.setToolTip(tooltip(quantity))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected rows as tab-separated text; everything else as usual."""
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            lines = ["\t".join(self.item(row, column).text() for column in range(len(HEADER))) for row in rows]
            QApplication.clipboard().setText("\n".join(["\t".join(HEADER), *lines]))
            return
        super().keyPressEvent(event)


def cells(quantity: Quantity) -> tuple[str, str, str, str]:
    """Return a number's name, value with unit, interval and note as they are shown."""
    name = quantity.quantity.replace("_", " ")
    if math.isnan(quantity.value):
        return name, "withheld", "", quantity.note
    text = format_value(quantity.quantity, quantity.value, quantity.low, quantity.high, quantity.unit)
    value, bracket, interval = text.partition(" (")
    return name, value, interval.removesuffix(")") if bracket else "", quantity.note


def tooltip(quantity: Quantity) -> str:
    """Return what a quantity means, its unit, its source and its note."""
    definition = GLOSSARY[quantity.quantity]
    unit = f" [{definition.unit}]" if definition.unit else ""
    note = f"<p><i>{quantity.note}</i></p>" if quantity.note else ""
    count = f"<p>n = {quantity.n}</p>" if quantity.n else ""
    return (
        f"<p><b>{quantity.quantity}</b>{unit}</p><p>{definition.meaning}</p><p>{definition.standard}</p>{count}{note}"
    )
