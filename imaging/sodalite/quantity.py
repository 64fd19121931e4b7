"""One measured number with its interval, or the reason why it is withheld."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sodalite.glossary import GLOSSARY, Definition

if TYPE_CHECKING:
    from typing import Self

__all__ = ["CHECK_OVERLAY", "GLOSSARY", "Definition", "Quantity", "column_name", "counted", "unit_suffix"]

CHECK_OVERLAY = "check the overlay"
"""How a part of a note ends after which the number is to be believed only if the picture is right."""

_SUFFIX = {
    "": "", "um": "um", "um2": "um2", "um-1": "um-1", "mm-2": "mm2", "mAh cm-2": "mah_cm2", "deg": "deg",
    "um2/h": "um2_h", "um/h": "um_h", "um2/(mAh cm-2)": "um2_per_mah_cm2",
    "min": "min", "um/min": "um_min", "um/min/(mA cm-2)": "um_min_per_ma_cm2",
}  # fmt: skip


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of the glossary.

    Attributes
    ----------
    quantity
        Name in the glossary.
    value
        In the glossary's unit; NaN when withheld.
    low, high
        Ends of the 95 % interval; infinite where the bound is one-sided, NaN where there is no interval.
    n
        How many independent things were counted: columns, voids, runs, grains.
    note
        Why the value is withheld or doubtful, or how it is to be read.

    Raises
    ------
    KeyError
        When the name is not in the glossary: a number without a definition is not emitted.
    ValueError
        When the value is withheld without a reason.
    """

    quantity: str
    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        if self.quantity not in GLOSSARY:
            raise KeyError(f"{self.quantity}: no such quantity in the glossary; define it there before it is emitted.")
        if math.isnan(self.value) and not self.note:
            raise ValueError(f"{self.quantity}: a withheld value needs a note that says why.")
        for name in ("value", "low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def __str__(self) -> str:
        """Return the number as one would say it: value, unit, interval and note."""
        said = f"{self.value:.4g} {self.unit}".rstrip() if math.isfinite(self.value) else "withheld"
        interval = "" if math.isnan(self.low) else f" ({self.low:.4g} to {self.high:.4g})"
        return f"{self.quantity} = {said}{interval}{f', {self.note}' if self.note else ''}"

    @classmethod
    def withheld(cls, quantity: str, why: str) -> Self:
        """Return a quantity without a value and the reason for it."""
        return cls(quantity, math.nan, note=why)

    @property
    def unit(self) -> str:
        """Unit from the glossary; empty for a pure number."""
        return GLOSSARY[self.quantity].unit

    @property
    def doubt(self) -> str:
        """What in the note asks for a look at the picture before the number is believed; empty for most."""
        return next((part for part in self.note.split("; ") if part.endswith(CHECK_OVERLAY)), "")

    def with_note(self, note: str) -> Self:
        """Return a copy with `note` added to the notes."""
        return replace(self, note="; ".join(part for part in (self.note, note) if part))


def unit_suffix(unit: str) -> str:
    """Return how `unit` is written at the end of a column name."""
    return _SUFFIX[unit]


def column_name(quantity: str) -> str:
    """Return the column of the wide table: the quantity and its unit, the unit once."""
    suffix = unit_suffix(GLOSSARY[quantity].unit)
    return quantity if not suffix or quantity.endswith(f"_{suffix}") else f"{quantity}_{suffix}"
