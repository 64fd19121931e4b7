"""Numbers as a reader wants them: rounded by their interval, one-sided where they are bounds, or withheld and why."""

from __future__ import annotations

import math

_UNITS = {
    "um": "µm",
    "um2": "µm²",
    "um-1": "µm⁻¹",
    "mm-2": "mm⁻²",
    "mAh cm-2": "mAh cm⁻²",
    "um2/h": "µm² h⁻¹",
    "um/h": "µm h⁻¹",
    "um2/(mAh cm-2)": "µm² (mAh cm⁻²)⁻¹",
    "um/min": "µm min⁻¹",
    "um/min/(mA cm-2)": "µm min⁻¹ (mA cm⁻²)⁻¹",
    "deg": "°",
}
_WORDS = {
    "ecd": "ECD", "cv": "CV", "sd": "SD", "rq": "Rq", "ra": "Ra", "p5": "P5", "p95": "P95", "gos": "GOS", "kam": "KAM",
    "astm": "ASTM", "g": "G",
}  # fmt: skip
_SHARES = ("coverage",)
_DIGITS_WITHOUT_INTERVAL = 4
_DIGITS_OF_INTERVAL = 2


def pretty_unit(unit: str) -> str:
    """Return a unit of the glossary as it is printed: ``um2`` becomes ``µm²``."""
    return _UNITS.get(unit, unit)


def quantity_label(quantity: str) -> str:
    """Return the name of a quantity in words: ``void_ecd_mean`` becomes ``void ECD mean``; units stand elsewhere."""
    words = quantity.removesuffix("_mm2").split("_")
    return " ".join(_WORDS.get(word, word) for word in words)


def format_value(
    quantity: str, value: float, low: float = math.nan, high: float = math.nan, unit: str = "", note: str = ""
) -> str:
    """Return a number with its 95 % interval and unit, in one line.

    Half the interval's width sets the digits: two significant ones of it. Shares are given in per cent, counts as whole
    numbers, nothing as ``0``. A bound is ``at most`` or ``at least``; a withheld number (NaN) is the word and the
    reason in `note`.
    """
    if math.isnan(value):
        return f"withheld: {note}" if note else "withheld"
    shown = pretty_unit(unit)
    if _is_share(quantity, unit):
        value, low, high, shown = 100 * value, 100 * low, 100 * high, "%"
    if "count" in quantity.split("_"):
        return _with_count_interval(value, low, high)
    decimals = _decimals(value, low, high)
    tail = f" {shown}" if shown else ""
    text = _fixed(value, decimals)
    if math.isfinite(low) and math.isfinite(high):
        return f"{text}{tail} ({_fixed(low, decimals)} to {_fixed(high, decimals)})"
    for word, bound in (("at most", high), ("at least", low)):
        if math.isfinite(bound):
            limit = f"{word} {_fixed(bound, decimals)}{tail}"
            return limit if value == 0 or _fixed(bound, decimals) == text else f"{text}{tail} ({limit})"
    return f"{text}{tail}"


def format_plain(value: float) -> str:
    """Return a bare number with four significant digits, without an exponent where it stays readable."""
    return _fixed(value, _decimals(value, math.nan, math.nan))


def _is_share(quantity: str, unit: str) -> bool:
    return not unit and ("fraction" in quantity.split("_") or quantity in _SHARES)


def _with_count_interval(value: float, low: float, high: float) -> str:
    text = _fixed(value, 0)
    if math.isfinite(low) and math.isfinite(high):
        return f"{text} ({_fixed(low, 0)} to {_fixed(high, 0)})"
    return text


def _decimals(value: float, low: float, high: float) -> int:
    both = math.isfinite(low) and math.isfinite(high) and high > low
    if both:
        size, digits = (high - low) / 2, _DIGITS_OF_INTERVAL
    else:
        bound = next((abs(b) for b in (high, low) if math.isfinite(b) and b != 0), 0.0)
        size, digits = abs(value) or bound, _DIGITS_WITHOUT_INTERVAL if value else _DIGITS_OF_INTERVAL
    if not math.isfinite(size) or size == 0:
        return 0
    return min(9, digits - 1 - math.floor(math.log10(size)))


def _fixed(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) >= 1e7:
        return f"{value:.4g}"
    if decimals < 0:
        return f"{round(value, decimals):.0f}"
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text
