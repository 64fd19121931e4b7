"""Numbers, lengths, angles and sections out of the text that instruments write into headers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

V = TypeVar("V")

_UM_PER_UNIT: Final = {
    "fm": 1e-9,
    "pm": 1e-6,
    "nm": 1e-3,
    "um": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "\u00e5": 1e-4,
    "\u00c5": 1e-4,
    "\u212b": 1e-4,
}
_NAMES: Final = {"angstrom": "\u00e5", "nanometer": "nm", "micrometer": "um", "micron": "um", "millimeter": "mm"}
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\d.]*,\d)\s*(\S+)?")
# A comma before three digits is a decimal sign here and a thousands sign there: such a number is not taken. A whole
# part of 0 or of more than three digits, another number of digits behind it, or an exponent leave the decimal sign.
_DECIMAL_COMMA = re.compile(
    r"^([-+]?)(0|\d{4,}|\d+(?=,(?:\d{1,2}|\d{4,})(?!\d))|\d+(?=,\d+[eE])),(?=\d+(?:[eE][-+]?\d+)?(?![\d.,]))"
)
# Micro sign and Greek mu, what they become in code page 932 or as UTF-8 that was read as Latin, and ImageJ's escape.
_MICRO: Final = (
    "\u00ce\u00bc", "\u00b5", "\u03bc", "\u0192\u00ca", "\u00c2u", "\u00c3\u201au", "\\u00B5", "\\u00b5"
)  # fmt: skip


def number(text: object) -> float | None:
    """Return the finite number that `text` starts with, or None where there is none (empty, ``notafloat``, NaN)."""
    match = _match(str(text))
    if match is None:
        return None
    value = float(match.group(1))
    return value if math.isfinite(value) else None


def _match(text: str) -> re.Match[str] | None:
    return _LENGTH.match(_DECIMAL_COMMA.sub(r"\1\2.", text.strip()))


def positive(text: object) -> float | None:
    """Return the number in `text` if it is above zero, else None."""
    value = number(text)
    return value if value is not None and value > 0 else None


def um_per_unit(unit: str) -> float | None:
    """Return how many um one `unit` (``nm``, ``micron``, ``µm`` ...) is, or None for an unknown unit."""
    for sign in _MICRO:
        unit = unit.replace(sign, "u")
    unit = unit.split("/")[0].strip(" ,;()[]")
    word = unit.lower() if len(unit) > 1 else unit
    return _UM_PER_UNIT.get(_NAMES.get(word.removesuffix("s").replace("metre", "meter"), word))


def length_um(text: str | None, default_unit: str | None = None) -> float | None:
    """Return a length above zero such as ``12.33 nm`` in um, or None where number or unit is missing.

    The default is for a number alone: ``24.8 ?m`` has a unit, though nobody knows which.
    """
    match = _match(text or "")
    if match is None:
        return None
    scale = um_per_unit(match.group(2) or default_unit or "")
    value = float(match.group(1))
    return value * scale if scale is not None and math.isfinite(value) and value > 0 else None


def kilovolts(text: str | None) -> float | None:
    """Return a voltage in kV; a bare number and one in ``V`` or ``Volt`` are volts."""
    value = number(text)
    return value if value is None or re.search(r"\d\s*k", text or "", re.IGNORECASE) else value / 1e3


def flag(text: str | None) -> bool | None:
    """Return what a switch says (yes/on/true/1, no/off/false/0), or None where it says nothing."""
    word = (text or "").strip().lower()
    if word in ("yes", "on", "true", "1"):
        return True
    return False if word in ("no", "off", "false", "0") else None


def degrees(radians: float | None) -> float | None:
    """Return an angle in degrees; None stays None."""
    return None if radians is None else math.degrees(radians)


def decode_text(raw: bytes) -> str:
    """Return header bytes as text: UTF-16 with or without its mark, UTF-8, else Latin (code page 1252)."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    # ASCII in UTF-16 has a NUL beside every letter.
    if raw[:64].count(0) * 3 > len(raw[:64]):
        return raw.decode("utf-16-le" if raw[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


class AnyCase(Mapping[str, V]):
    """Values by a name that is found in whatever case it was written: versions differ (``[System]``, ``[SYSTEM]``)."""

    def __init__(self, pairs: Iterable[tuple[str, V]] = ()) -> None:
        self._values = {name.casefold(): value for name, value in pairs}

    def __getitem__(self, name: str) -> V:
        return self._values[name.casefold()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


Fields = AnyCase[str]


def sections(text: str) -> AnyCase[Fields]:
    """Return ``[Section]`` and ``key=value`` lines as section -> key -> value; keys before any section under ``""``."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    current = found[""]
    for line in re.split(r"[\r\n]+", text.replace("\0", "")):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            current = found.setdefault(stripped[1:-1].casefold(), [])
        elif "=" in stripped:
            key, _, value = stripped.partition("=")
            current.append((key.strip(), value.strip()))
    return AnyCase((name, AnyCase(pairs)) for name, pairs in found.items())


def record(fields: Mapping[str, str | None]) -> dict[str, str]:
    """Return the fields that are there, those empty shown as ``empty``, for messages."""
    return {name: value or "empty" for name, value in fields.items() if value is not None}
