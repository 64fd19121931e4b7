"""Decimal text to floats in compiled code.

Clinger's fast path (PLDI 1990): a mantissa below 2**53 and a power of ten up to 22 are both exact, so one
multiplication or division rounds once and gives the same bits as ``float``. Whatever does not fit is left to the
caller.
"""

from __future__ import annotations

import numba
import numpy as np

_POWERS = np.array([10.0**k for k in range(23)])
_EXACT = np.uint64(1 << 53)
_ZERO, _ONE = np.uint64(0), np.uint64(1)  # unsigned bytes positions: no test for negative ones on each access


@numba.njit(cache=True)
def parse_lines(
    text: np.ndarray,
    start: int,
    kinds: np.ndarray,
    slots: np.ndarray,
    needed: int,
    separator: int,
    decimal_comma: bool,
    wide: np.ndarray,
    narrow: np.ndarray,
    phase: np.ndarray,
    small: np.ndarray,
    row: int,
    odd: np.ndarray,
) -> tuple[np.uint64, int, int, int, int, int]:
    """Parse whole lines of `text` from byte `start` on into the columns, until the text, the columns or `odd` are full.

    `text` ends with a line feed. `odd` takes (row, kind, slot, begin, end) of tokens that are left to Python. Returns
    the byte reached, the next row, the numbers of odd tokens, of short lines, the first short line, and of lines.
    """
    p = np.uint64(start)
    line = 0
    odds = 0
    short = 0
    first_short = 0
    columns = kinds.size
    while p < text.size and row < phase.size and odds + columns <= odd.shape[0]:
        line += 1
        p = _blanks(text, p, separator)
        if text[p] == 10 or text[p] == 35:
            p = _next_line(text, p)
            continue
        before = odds
        column = 0
        while column < columns and text[p] != 10:
            begin = p
            if kinds[column] == 0:
                p = _token_end(text, p, separator)
            else:
                value, p, good = _number(text, p, separator, decimal_comma)
                if not good or not _store(value, kinds[column], slots[column], wide, narrow, phase, small, row):
                    odds = _note(odd, odds, row, kinds[column], slots[column], begin, p)
            column += 1
            if separator != 0 and text[p] == separator:
                p += _ONE
            p = _blanks(text, p, separator)
        if column < needed:
            odds = before
            short += 1
            if short == 1:
                first_short = line
        else:
            for missing in range(column, columns):
                if kinds[missing] == 2:
                    narrow[slots[missing], row] = np.nan
                elif kinds[missing] == 4:
                    odds = _note(odd, odds, row, kinds[missing], slots[missing], p, p)
            row += 1
        p = _next_line(text, p)
    return p, row, odds, short, first_short, line


@numba.njit(inline="always")
def _note(odd: np.ndarray, odds: int, row: int, kind: int, slot: int, begin: np.uint64, end: np.uint64) -> int:
    odd[odds, 0] = row
    odd[odds, 1] = kind
    odd[odds, 2] = slot
    odd[odds, 3] = begin
    odd[odds, 4] = end
    return odds + 1


@numba.njit(inline="always")
def _blanks(text: np.ndarray, p: np.uint64, separator: int) -> np.uint64:
    while (text[p] == 32 or text[p] == 9 or text[p] == 13 or text[p] == 0) and text[p] != separator:
        p += _ONE
    return p


@numba.njit(inline="always")
def _next_line(text: np.ndarray, p: np.uint64) -> np.uint64:
    while text[p] != 10:
        p += _ONE
    return p + _ONE


@numba.njit(inline="always")
def _token_end(text: np.ndarray, p: np.uint64, separator: int) -> np.uint64:
    if separator != 0:
        while text[p] != separator and text[p] != 10:
            p += _ONE
    else:
        while text[p] > 32:
            p += _ONE
        while text[p] < 32 and text[p] != 10 and text[p] != 13 and text[p] != 9:
            p += _ONE
    return p


@numba.njit(inline="always")
def _store(
    value: float,
    kind: int,
    slot: int,
    wide: np.ndarray,
    narrow: np.ndarray,
    phase: np.ndarray,
    small: np.ndarray,
    row: int,
) -> bool:
    if kind == 1:
        wide[slot, row] = value
    elif kind == 2:
        narrow[slot, row] = value
    else:
        whole = int(value)
        low, high = (0, 256) if kind == 4 else (-100, 32000)
        if whole != value or whole < low or whole >= high:
            return False
        if kind == 4:
            small[slot, row] = whole
        else:
            phase[row] = whole
    return True


@numba.njit(inline="always")
def _digits(text: np.ndarray, p: np.uint64, mantissa: np.uint64) -> tuple[np.uint64, np.uint64]:
    digit = np.uint8(text[p] - np.uint8(48))
    while digit <= np.uint8(9):
        mantissa = mantissa * np.uint64(10) + np.uint64(digit)
        p += _ONE
        digit = np.uint8(text[p] - np.uint8(48))
    return mantissa, p


@numba.njit(inline="always")
def _number(text: np.ndarray, p: np.uint64, separator: int, decimal_comma: bool) -> tuple[float, np.uint64, bool]:
    """Return value, the end of the token, and whether the value is exact."""
    negative = text[p] == 45
    if negative or text[p] == 43:
        p += _ONE
    begin = p
    mantissa, p = _digits(text, p, np.uint64(0))
    digits = p - begin
    fraction = _ZERO
    if text[p] == 46 or (decimal_comma and text[p] == 44):
        p += _ONE
        begin = p
        mantissa, p = _digits(text, p, mantissa)
        fraction = p - begin
        digits += fraction
    exponent = -np.int64(fraction)
    if digits > 0 and (text[p] == 101 or text[p] == 69):
        shift, p = _exponent(text, p + _ONE)
        exponent += shift
    stop = p
    end = p if text[p] <= 32 and separator == 0 else _token_end(text, p, separator)
    while stop < end and (text[stop] == 32 or text[stop] == 9 or text[stop] == 13):
        stop += _ONE
    if stop == end and 0 < digits <= 19 and mantissa <= _EXACT and -22 <= exponent <= 22:
        value = float(mantissa)
        value = value / _POWERS[-exponent] if exponent < 0 else value * _POWERS[exponent]
        return (-value if negative else value), end, True
    return 0.0, end, False


@numba.njit
def _exponent(text: np.ndarray, p: np.uint64) -> tuple[np.int64, np.uint64]:
    """Return the power of ten after an ``e``, far out of range when there is none, and where it ends."""
    shrinking = text[p] == 45
    if shrinking or text[p] == 43:
        p += _ONE
    begin = p
    power, p = _digits(text, p, np.uint64(0))
    if p == begin or p - begin > 4:
        return np.int64(10000), p
    return (-np.int64(power) if shrinking else np.int64(power)), p
