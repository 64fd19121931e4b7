"""Decimal text to floats in compiled code.

The tokens of a column, for some hundred lines, are gathered in words of eight digits and become numbers several at a
time. So hardly a branch hangs on a single byte, which a processor cannot foresee: 10^6 points in a quarter of the time
that going from byte to byte takes. Arrays are passed one by one, for a tuple of them counts references at each call.

Clinger's fast path (PLDI 1990): a mantissa up to 2**53 and a power of ten up to 22 are both exact, so one
multiplication or division rounds once and gives the same bits as ``float``. Whatever does not fit is left to the
caller.
"""

from __future__ import annotations

import numba
import numpy as np

from sodalite.read.ebsd_bytes import eight_bytes, first_bit
from sodalite.read.ebsd_table import GROUP

_POWERS = np.array([10.0**k for k in range(23)])
_EXACT, _EIGHT_PLACES = np.uint64(1 << 53), np.uint64(10**8)
_HASH, _MINUS, _POINT, _COMMA = (np.uint8(ord(sign)) for sign in "#-.,")
# whatever indexes is unsigned, which spares a test for negative numbers on each access
_ZERO, _ONE, _THREE, _SEVEN, _EIGHT, _FIFTEEN = (np.uint64(k) for k in (0, 1, 3, 7, 8, 15))
_SIXTEEN, _HALF, _LAST_BYTE = (np.uint64(k) for k in (16, 32, 56))
_LOW_HALF, _LAST_BIT, _WORD = np.uint64(2**32 - 1), np.uint64(63), np.uint64(64)
_EVERY_BYTE = np.uint64(0x0101010101010101)
_TOP_BITS, _ZEROS, _BEYOND_NINE = (np.uint64(byte) * _EVERY_BYTE for byte in (0x80, 0x30, 0x76))
_PAIRS = np.uint64(0x000000FF000000FF)
_FIRST_PAIRS, _LATER_PAIRS = np.uint64(100 + (1000000 << 32)), np.uint64(1 + (10000 << 32))
_FIRST, _COUNT = np.uint64(0), np.uint64(1)
"""Rows of an array of lines: the first token of each and how many it has."""
_TAIL, _HEAD, _LENGTH, _MINUSES = (np.uint64(k) for k in range(4))
"""Rows of an array of digits: the last eight bytes of tokens, the eight before, their lengths, and whether minus."""


@numba.njit(cache=True, error_model="numpy")
def parse_lines(
    text: np.ndarray,
    tokens: np.ndarray,
    ends: np.ndarray,
    line: int,
    kinds: np.ndarray,
    slots: np.ndarray,
    needed: int,
    decimal_comma: bool,
    wide: np.ndarray,
    narrow: np.ndarray,
    phase: np.ndarray,
    small: np.ndarray,
    row: int,
    odd: np.ndarray,
) -> tuple[int, int, int, int, int]:
    """Parse the lines from `line` on into the columns, until the lines, the columns or `odd` are at an end.

    `tokens` hold where each begins and, in the upper half, ends; `ends` count them up to the end of each line. `text`
    has 16 bytes before the first. `odd` takes (row, kind, slot, begin, end) of tokens that are left to Python. Returns
    the line and the row reached, the numbers of odd tokens and of short lines, and the first of these.
    """
    odds = short = first_short = 0
    lines, digits, values = np.empty((2, GROUP), np.uint64), np.empty((4, GROUP), np.uint64), np.empty(GROUP)
    while line < ends.size and row < phase.size and odds + GROUP * kinds.size <= odd.shape[0]:
        rows, fewest = 0, kinds.size
        while line < ends.size and rows < min(GROUP, phase.size - row):
            first = ends[line - 1] if line else 0
            count = ends[line] - first
            line += 1
            if count == 0 or text[tokens[first] & _LOW_HALF] == _HASH:
                continue
            if count < needed:
                short += 1
                first_short = first_short if short > 1 else line
                continue
            lines[_FIRST, rows], lines[_COUNT, rows] = first, count
            rows, fewest = rows + 1, min(fewest, count)
        for column in range(kinds.size):
            kind, slot = kinds[column], slots[column]
            if kind == 0:
                continue
            if column >= fewest:
                values[:] = np.nan
            if column >= fewest or _values(text, tokens, lines, rows, np.uint64(column), decimal_comma, digits, values):
                _spell(text, tokens, lines, rows, np.uint64(column), decimal_comma, values)
            if _store(values, rows, kind, slot, row, wide, narrow, phase, small):
                odds = _note(tokens, lines, rows, np.uint64(column), kind, slot, row, values, odd, odds)
        row += rows
    return line, row, odds, short, first_short


@numba.njit(inline="always")
def _token(tokens: np.ndarray, lines: np.ndarray, place: np.uint64, column: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return where the token of a line in a column begins and ends, the same place twice when it is missing."""
    there = column < lines[_COUNT, place]
    token = tokens[lines[_FIRST, place] + (column if there else _ZERO)]
    end = token >> _HALF
    return (token & _LOW_HALF if there else end), end


@numba.njit(error_model="numpy")
def _note(
    tokens: np.ndarray,
    lines: np.ndarray,
    rows: int,
    column: np.uint64,
    kind: int,
    slot: int,
    row: int,
    values: np.ndarray,
    odd: np.ndarray,
    odds: int,
) -> int:
    """Add the tokens of a column without a value to `odd`, and missing ones where one must be; return their number."""
    for place in range(np.uint64(rows)):
        missing = column >= lines[_COUNT, place]
        if np.isnan(values[place]) and not (missing and kind == 2):
            odd[odds, 0], odd[odds, 1], odd[odds, 2] = row + np.int64(place), kind, slot
            odd[odds, 3], odd[odds, 4] = _token(tokens, lines, np.uint64(place), column)
            odds += 1
    return odds


@numba.njit(error_model="numpy")
def _gather(
    text: np.ndarray, tokens: np.ndarray, lines: np.ndarray, rows: int, column: np.uint64, digits: np.ndarray
) -> tuple[np.uint64, bool]:
    """Write the last bytes and the lengths of the tokens of a column; return the greatest, and whether any has a minus.

    Every line has such a token.
    """
    longest, negative = _ZERO, np.uint8(0)
    for place in range(np.uint64(rows)):
        token = tokens[lines[_FIRST, place] + column]
        begin, end = token & _LOW_HALF, token >> _HALF
        digits[_TAIL, place] = eight_bytes(text, end - _EIGHT)
        digits[_LENGTH, place] = end - begin
        longest = max(longest, end - begin)
        negative |= np.uint8(text[begin] == _MINUS)
    return longest, negative != 0


@numba.njit(error_model="numpy")
def _gather_heads(
    text: np.ndarray, tokens: np.ndarray, lines: np.ndarray, rows: int, column: np.uint64, digits: np.ndarray
) -> None:
    """Write the bytes before the last eight."""
    for place in range(np.uint64(rows)):
        end = tokens[lines[_FIRST, place] + column] >> _HALF
        digits[_HEAD, place] = eight_bytes(text, end - _SIXTEEN)


@numba.njit(error_model="numpy")
def _take_signs(
    text: np.ndarray, tokens: np.ndarray, lines: np.ndarray, rows: int, column: np.uint64, digits: np.ndarray
) -> None:
    """Write the signs of tokens, and take them off their lengths."""
    for place in range(np.uint64(rows)):
        begin = tokens[lines[_FIRST, place] + column] & _LOW_HALF
        negative = text[begin] == _MINUS
        digits[_LENGTH, place] -= np.uint64(negative)
        digits[_MINUSES, place] = negative


@numba.njit(error_model="numpy")
def _values(
    text: np.ndarray,
    tokens: np.ndarray,
    lines: np.ndarray,
    rows: int,
    column: np.uint64,
    decimal_comma: bool,
    digits: np.ndarray,
    values: np.ndarray,
) -> bool:
    """Write the numbers of tokens up to 16 digits, NaN where one is doubtful; return whether any is.

    Its loops are without a branch or a call, so that the compiler takes several tokens at a time.
    """
    sign = np.uint64((_COMMA if decimal_comma else _POINT) ^ 48) * _EVERY_BYTE
    longest, negative = _gather(text, tokens, lines, rows, column, digits)
    if negative:
        _take_signs(text, tokens, lines, rows, column, digits)
    some = False
    if longest <= _EIGHT:
        for place in range(np.uint64(rows)):
            values[place], strange = _value(_ZEROS, digits[_TAIL, place], digits[_LENGTH, place], sign)
            some |= strange
    else:
        _gather_heads(text, tokens, lines, rows, column, digits)
        for place in range(np.uint64(rows)):
            values[place], strange = _value(digits[_HEAD, place], digits[_TAIL, place], digits[_LENGTH, place], sign)
            some |= strange
    if negative:
        for place in range(np.uint64(rows)):
            values[place] = -values[place] if digits[_MINUSES, place] else values[place]
    return some


@numba.njit(inline="always")
def _value(head: np.uint64, word: np.uint64, length: np.uint64, sign: np.uint64) -> tuple[float, bool]:
    """Return the number whose digits are the last bytes of two words, `length` in all, and whether it is doubtful: NaN.

    The bytes before the decimal `sign` move up to close its gap.
    """
    word = _last_bytes(word, length)
    head = _last_bytes(head, length - _EIGHT) if length > _EIGHT else _ZERO
    found, found_before = _sign_bit(word, sign), _sign_bit(head, sign)
    later = word if found == _ZERO else _closed(word, head >> _LAST_BYTE, found)
    early = head if (found == _ZERO) & (found_before == _ZERO) else head << _EIGHT
    if (found == _ZERO) & (found_before != _ZERO):
        early = _closed(head, _ZERO, found_before)
    after = _SEVEN - (first_bit(found) >> _THREE)
    if found == _ZERO:
        after = _ZERO if found_before == _ZERO else _FIFTEEN - (first_bit(found_before) >> _THREE)
    some = np.uint64((found | found_before) != _ZERO)
    mantissa = _eight_digits(early) * _EIGHT_PLACES + _eight_digits(later)
    strange = ((_strange(early) | _strange(later)) != _ZERO) | (length <= some) | (length > _SIXTEEN)
    strange |= mantissa > _EXACT
    value = float(np.int64(mantissa)) / _POWERS[after]
    return (np.nan if strange else value), strange


@numba.njit(inline="always")
def _last_bytes(word: np.uint64, count: np.uint64) -> np.uint64:
    """Return the last of eight bytes, each less ``0``, and nothing before them; all of them when `count` is zero."""
    before = (_WORD - _EIGHT * min(count, _EIGHT)) & _LAST_BIT
    return ((word ^ _ZEROS) >> before) << before


@numba.njit(inline="always")
def _closed(word: np.uint64, before: np.uint64, found: np.uint64) -> np.uint64:
    """Return a word whose byte with the `found` bit is gone, the bytes before it one further up, `before` first."""
    upto = found ^ (found - _ONE)
    return (((word << _EIGHT) | before) & upto) | (word & ~upto)


@numba.njit(error_model="numpy")
def _spell(
    text: np.ndarray,
    tokens: np.ndarray,
    lines: np.ndarray,
    rows: int,
    column: np.uint64,
    decimal_comma: bool,
    values: np.ndarray,
) -> None:
    """Give the doubtful values of a column, the exact one where there is a way to it, NaN where there is none."""
    for place in range(np.uint64(rows)):
        if np.isnan(values[place]):
            begin, end = _token(tokens, lines, np.uint64(place), column)
            values[place] = _spelled(text, np.int64(begin), np.int64(end), decimal_comma)


@numba.njit(error_model="numpy")
def _store(
    values: np.ndarray,
    rows: int,
    kind: int,
    slot: int,
    row: int,
    wide: np.ndarray,
    narrow: np.ndarray,
    phase: np.ndarray,
    small: np.ndarray,
) -> bool:
    """Write values into their column; return whether any is NaN.

    So becomes what is no whole number that the column can hold.
    """
    low, high = (0, 256) if kind == 4 else (-100, 32000)
    some = False
    for place in range(rows):
        if kind == 1:
            wide[slot, row + place] = values[place]
        elif kind == 2:
            narrow[slot, row + place] = values[place]
        else:
            fits = values[place] >= low and values[place] < high
            number = int(values[place]) if fits else 0
            if number != values[place]:
                values[place] = np.nan
            if kind == 4:
                small[slot, row + place] = number
            else:
                phase[row + place] = number
        some |= np.isnan(values[place])
    return some


@numba.njit(inline="always")
def _sign_bit(word: np.uint64, sign: np.uint64) -> np.uint64:
    """Return a word whose lowest bit is the top one of the first byte that is the `sign`, zero without one."""
    signs = word ^ sign
    return (signs - _EVERY_BYTE) & ~signs & _TOP_BITS


@numba.njit(inline="always")
def _strange(word: np.uint64) -> np.uint64:
    """Return zero when all bytes of a word are at most nine."""
    return ((word + _BEYOND_NINE) | word) & _TOP_BITS


@numba.njit(inline="always")
def _eight_digits(word: np.uint64) -> np.uint64:
    """Return the number whose digits are the bytes of a word, the lowest first: twos, then fours, then all eight."""
    word = word * np.uint64(10) + (word >> _EIGHT)
    return ((word & _PAIRS) * _FIRST_PAIRS + ((word >> _SIXTEEN) & _PAIRS) * _LATER_PAIRS) >> _HALF


@numba.njit(error_model="numpy")
def _spelled(text: np.ndarray, begin: np.int64, end: np.int64, decimal_comma: bool) -> float:
    """Return the value of a token of any form, read byte by byte, NaN where it is not exact."""
    p = begin
    negative = text[p] == 45
    if negative or text[p] == 43:
        p += 1
    first = p
    mantissa, p = _digits(text, p, end, _ZERO)
    digits = p - first
    exponent = np.int64(0)
    if p < end and (text[p] == 46 or (decimal_comma and text[p] == 44)):
        first = p + 1
        mantissa, p = _digits(text, first, end, mantissa)
        exponent = first - p
        digits -= exponent
    if p < end and (text[p] == 101 or text[p] == 69):
        shift, p = _exponent(text, p + 1, end)
        exponent += shift
    if p == end and 0 < digits <= 19 and mantissa <= _EXACT and -22 <= exponent <= 22:
        value = float(mantissa)
        value = value / _POWERS[-exponent] if exponent < 0 else value * _POWERS[exponent]
        return -value if negative else value
    return np.nan


@numba.njit(error_model="numpy")
def _digits(text: np.ndarray, p: np.int64, end: np.int64, mantissa: np.uint64) -> tuple[np.uint64, np.int64]:
    while p < end and 48 <= text[p] <= 57:
        mantissa = mantissa * np.uint64(10) + np.uint64(text[p] - 48)
        p += 1
    return mantissa, p


@numba.njit(error_model="numpy")
def _exponent(text: np.ndarray, p: np.int64, end: np.int64) -> tuple[np.int64, np.int64]:
    """Return the power of ten after an ``e``, far out of range when there is none, and where it ends."""
    shrinking = p < end and text[p] == 45
    if shrinking or (p < end and text[p] == 43):
        p += 1
    first = p
    power, p = _digits(text, p, end, _ZERO)
    if p == first or p - first > 4:
        return np.int64(10000), p
    return (-np.int64(power) if shrinking else np.int64(power)), p
