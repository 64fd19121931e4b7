"""A form generated from a recipe's model: a row a field, its description the tooltip, its limits those of the model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import yaml
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget
from superqt import QCollapsible

import sodalite
from sodalite.recipe import limits_text
from sodalite.report.numbers import pretty_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite import Recipe

_UNITS = {
    "_mah_cm2": "mAh cm-2",
    "_ma_cm2": "mA cm⁻²",
    "_g_cm3": "g cm⁻³",
    "_percent": "%",
    "_area_px": "px",
    "_um2": "um2",
    "_um": "um",
    "_deg": "deg",
    "_px": "px",
    "_sd": "s.d.",
    "_s": "s",
}
"""Ends of field names -> unit; the name without its end is the label."""

_LEAST_PX = 70
_NOTHING = {"frame": "from the file"}
"""Field -> what leaving a choice open is called; a dash where it is not said here."""
SUGGESTIONS = {
    "layers": (
        "collector,sodium,electrolyte",
        "cap,collector,sodium,electrolyte",
        "collector,interlayer,sodium,electrolyte",
        "sodium,electrolyte",
        "collector,electrolyte",
    ),
    "transform": ("rigid", "affine", "none"),
}
"""Values that a text field offers; any other may be typed."""
_WIDE = "layers"
"""The field whose values are too long to stand beside their label."""


class RecipeForm(QWidget):
    """Every field of a recipe; `changed` is emitted when the user has changed one.

    The `common` fields come first, the rest is folded; those shown `elsewhere` are left to the dock to place.
    """

    changed = Signal()

    def __init__(self, model: type[Recipe], common: Sequence[str], elsewhere: Sequence[str] = ()) -> None:
        super().__init__()
        self.model = model
        self.fields = {name: self._field(name) for name in model.model_fields}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._rows(common))
        self.more = QCollapsible("More settings", self, expandedIcon="▾", collapsedIcon="▸")
        self.more.setToolTip("Every other setting; a run uses them folded or not")
        folded = QWidget()
        folded.setLayout(self._rows([name for name in self.fields if name not in (*common, *elsewhere)]))
        self.more.addWidget(folded)
        layout.addWidget(self.more)
        self.show_recipe(model())

    def recipe(self) -> Recipe:
        """Return the recipe that the form shows.

        Raises
        ------
        RecipeError
            When a value is outside its limits; the sentence calls the field as its label does.
        """
        try:
            return self.model.from_fields({name: _value(widget) for name, widget in self.fields.items()})
        except sodalite.RecipeError as error:
            name, mark, reason = str(error).partition(":")
            if name not in self.fields:
                raise
            raise sodalite.RecipeError(f"{label_of(name)}{mark}{reason}") from error

    def show_recipe(self, recipe: Recipe) -> None:
        """Put the values of `recipe` into the form; emits `changed` once."""
        self.blockSignals(True)
        for name, widget in self.fields.items():
            _show(widget, getattr(recipe, name))
        self.blockSignals(False)
        self.changed.emit()

    def _rows(self, names: Sequence[str]) -> QFormLayout:
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        rows.setContentsMargins(0, 2, 0, 2)
        rows.setVerticalSpacing(4)
        for name in names:
            label = QLabel(label_of(name))
            label.setToolTip(self.fields[name].toolTip())
            label.setBuddy(self.fields[name])
            if name == _WIDE:
                rows.addRow(label)
                rows.addRow(self.fields[name])
            else:
                rows.addRow(label, self.fields[name])
        return rows

    def _field(self, name: str) -> QWidget:
        info = self.model.model_fields[name]
        widget = self._widget(name, info.annotation)
        widget.setObjectName(name)
        widget.setAccessibleName(label_of(name))
        widget.setToolTip(_explained(self.model, name))
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        widget.setMinimumWidth(_LEAST_PX)
        return widget

    def _widget(self, name: str, kind: Any) -> QWidget:
        if kind is bool:
            box = QCheckBox()
            box.toggled.connect(self.changed)
            return box
        choices, optional = _choices(kind)
        if choices:
            nothing = _NOTHING.get(name, "—") if optional else None
            return self._choice(choices, editable=False, nothing=nothing)
        if name in SUGGESTIONS:
            return self._choice(SUGGESTIONS[name], editable=True)
        line = QLineEdit()
        line.setPlaceholderText("none" if type(None) in get_args(kind) else "")
        line.textEdited.connect(self.changed)
        return line

    def _choice(self, items: Sequence[str], *, editable: bool, nothing: str | None = None) -> _Choice:
        box = _Choice()
        box.setEditable(editable)
        if nothing is not None:
            box.addItem(nothing)
            box.nothing = nothing
        box.addItems(list(items))
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.currentTextChanged.connect(self.changed)
        return box


class _Choice(QComboBox):
    """A choice that the mouse wheel does not change while one scrolls past it.

    Attributes
    ----------
    nothing
        The item that stands for no choice; None where one has to be made.
    """

    nothing: str | None = None

    def wheelEvent(self, event: Any) -> None:
        event.ignore()


def label_of(name: str) -> str:
    """Return a field's name in words, its unit in brackets."""
    end = next((end for end in _UNITS if name.endswith(end)), "")
    words = name.removesuffix(end).replace("_", " ") + (" area" if end == "_area_px" else "")
    return f"{words[:1].upper()}{words[1:]}" + (f" ({pretty_unit(_UNITS[end])})" if end else "")


def _explained(model: type[Recipe], name: str) -> str:
    """Return what a field means; a recipe file's null is an empty field here, its true and false are a tick or none."""
    info = model.model_fields[name]
    meaning = re.sub(r"\bnull\b", "empty", str(info.description))
    default = "empty" if info.default is None else info.default
    if isinstance(default, bool):
        default = "ticked" if default else "not ticked"
    limits = f"{limits_text(model, name)} Default: {default}".strip()
    return f"<p><b>{name}</b></p><p>{meaning}.</p><p>{limits}.</p>"


def _choices(kind: Any) -> tuple[list[str], bool]:
    """Return the words that a field of this type may take, and whether none of them may be chosen, too."""
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Literal:
            return [str(item) for item in get_args(part)], type(None) in get_args(kind)
    return [], False


def _value(widget: QWidget) -> Any:
    if isinstance(widget, QCheckBox):
        return widget.isChecked()
    if isinstance(widget, _Choice):
        text = widget.currentText().strip()
        if text == widget.nothing:
            return None
        return text if widget.isEditable() else yaml.safe_load(text)
    assert isinstance(widget, QLineEdit)
    try:
        return yaml.safe_load(widget.text())
    except yaml.YAMLError as error:
        name = widget.objectName()
        raise sodalite.RecipeError(f"{name}: {widget.text()!r} is not readable; type a number.") from error


def _show(widget: QWidget, value: Any) -> None:
    if isinstance(widget, QCheckBox):
        widget.setChecked(value)
    elif isinstance(widget, _Choice):
        widget.setCurrentText(widget.nothing or "" if value is None else str(value))
        if widget.lineEdit() is not None:
            widget.lineEdit().setCursorPosition(0)
    elif isinstance(widget, QLineEdit):
        widget.setText("" if value is None else f"{value}")
