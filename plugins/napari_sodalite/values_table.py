"""The numbers of a result as a table: value, unit, interval and note, each defined in its tooltip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from sodalite import GLOSSARY
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from sodalite import Quantity, Result

HEADER = ("Quantity", "Value", "95 % interval", "Note")
_WIDTHS_PX = (150, 60, 86)
_TOGETHER_PX = 366
"""Name, value and interval, when the dock is as narrow as it gets; of these, names may be cut short."""
_SMALLER = 0.9
"""The table's font beside the window's: name, value and interval fit beside each other."""
_ROW_PX = 22


class ValuesTable(QTableWidget):
    """One row a number; Ctrl+C copies the selected rows for a spreadsheet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADER), parent)
        self.setHorizontalHeaderLabels(list(HEADER))
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setWordWrap(False)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * _SMALLER)
        self.setFont(font)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for column, width_px in enumerate(_WIDTHS_PX):
            self.setColumnWidth(column, width_px)
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)

    def show_result(self, result: Result | None) -> None:
        """Show the numbers of a result; none for None."""
        values = list(result) if result is not None else []
        self.setRowCount(len(values))
        for row, quantity in enumerate(values):
            for column, text in enumerate(cells(quantity)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip(quantity))
                if column in (1, 2):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        for column in (1, 2):
            self.setColumnWidth(column, max(_WIDTHS_PX[column], self.sizeHintForColumn(column) + 4))
        left_px = _TOGETHER_PX - self.columnWidth(1) - self.columnWidth(2)
        self.setColumnWidth(0, max(_WIDTHS_PX[0], min(self.sizeHintForColumn(0) + 4, left_px)))

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
