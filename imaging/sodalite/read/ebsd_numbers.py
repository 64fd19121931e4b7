"""Decimal text to floats in compiled code.

First every place where a token begins or ends is marked, 64 bytes at a time; then the short tokens of a column, for
some hundred lines, are gathered in words of eight digits and become numbers several at a time. So hardly a branch
hangs on a single byte, which a processor cannot foresee: 10^6 points in 40 % of the time that going from byte to byte
takes.

Clinger's fast path (PLDI 1990): a mantissa up to 2**53 and a power of ten up to 22 are both exact, so one
multiplication or division rounds once and gives the same bits as ``float``. Whatever does not fit is left to the
caller.
"""

from __future__ import annotations

import numba
import numpy as np

from sodalite.read.ebsd_bytes import bytes_equal, eight_bytes, first_bit
from sodalite.read.ebsd_table import GROUP

_POWERS = np.array([10.0**k for k in range(23)])
_WHOLE_POWERS = np.array([10**k for k in range(9)], dtype=np.uint64)
_EXACT = np.uint64(1 << 53)
_LINE_FEED, _HASH, _MINUS, _PLUS, _POINT, _COMMA = (np.uint8(ord(sign)) for sign in "\n#-+.,")
# whatever indexes is unsigned, which spares a test for negative numbers on each access
_ZERO, _ONE, _TWO, _THREE, _SEVEN, _EIGHT = (np.uint64(k) for k in (0, 1, 2, 3, 7, 8))
_SIXTEEN, _HALF, _LAST, _WORD = (np.uint64(k) for k in (16, 32, 63, 64))
_ALL = np.uint64(2**64 - 1)
_EVERY_BYTE = np.uint64(0x0101010101010101)
_TOP_BITS, _ZEROS, _BEYOND_NINE = (np.uint64(byte) * _EVERY_BYTE for byte in (0x80, 0x30, 0x76))
_PAIRS = np.uint64(0x000000FF000000FF)
_FIRST_PAIRS, _LATER_PAIRS = np.uint64(100 + (1000000 << 32)), np.uint64(1 + (10000 << 32))


@numba.njit(cache=True, error_model="numpy")
def mark_tokens(text: np.ndarray, stop: int, marks: np.ndarray) -> int:
    """Write where the tokens of the whole lines before byte `stop` begin and end, and where lines end.

    `marks` are in rising order; the line feed right behind a token is marked once. Tokens stand between blanks, which
    are space, tab, carriage return and NUL. `text` goes on for `SLACK` bytes. Returns the number of marks.
    """
    marked = 0
    inside = _ZERO
    for base in range(_ZERO, np.uint64(stop), _WORD):
        feed = bytes_equal(text, base, 10)
        blank = feed | bytes_equal(text, base, 32) | bytes_equal(text, base, 9)
        blank |= bytes_equal(text, base, 13) | bytes_equal(text, base, 0)
        token = ~blank
        change = (token ^ ((token << _ONE) | inside)) | feed
        if stop - base < 64:
            change &= ~(_ALL << np.uint64(stop - base))
        inside = token >> _LAST
        while change != _ZERO:
            marks[np.uint64(marked)] = base + first_bit(change)
            marked += 1
            change &= change - _ONE
    return _up_to_last_line(text, marks, marked)


@numba.njit(cache=True, error_model="numpy")
def mark_fields(text: np.ndarray, stop: int, separator: int, marks: np.ndarray) -> int:
    """As `mark_tokens`, for fields between single separators, without the blanks around them.

    An empty field counts, unless it is the last of its line.
    """
    marked = begin = 0
    for place in range(stop):
        if text[place] != separator and text[place] != _LINE_FEED:
            continue
        end = place
        while begin < end and _is_blank(text[begin]):
            begin += 1
        while begin < end and _is_blank(text[end - 1]):
            end -= 1
        if begin < end or text[place] == separator:
            marks[marked], marks[marked + 1] = begin, end
            marked += 2
        if text[place] == _LINE_FEED and (begin == end or end < place):
            marks[marked] = place
            marked += 1
        begin = place + 1
    return _up_to_last_line(text, marks, marked)


@numba.njit(inline="always")
def _is_blank(byte: int) -> bool:
    return byte == 32 or byte == 9 or byte == 13 or byte == 0


@numba.njit(error_model="numpy")
def _up_to_last_line(text: np.ndarray, marks: np.ndarray, marked: int) -> int:
    while marked > 0 and text[marks[marked - 1]] != _LINE_FEED:
        marked -= 1
    return marked


@numba.njit(cache=True, error_model="numpy")
def parse_lines(
    text: np.ndarray,
    marks: np.ndarray,
    marked: int,
    mark: int,
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
) -> tuple[int, int, int, int, int, int]:
    """Parse the lines from `mark` on into the columns, until the `marked`, the columns or `odd` are at an end.

    `odd` takes (row, kind, slot, begin, end) of tokens that are left to Python. Returns the mark and the row reached,
    the numbers of odd tokens and of short lines, the first short line, and the number of lines.
    """
    odds = short = first_short = lines = 0
    firsts, counts = np.empty(GROUP, np.int64), np.empty(GROUP, np.int64)
    words, lengths, signs = np.empty(GROUP, np.uint64), np.ones(GROUP, np.uint64), np.ones(GROUP)
    values, doubtful = np.empty(GROUP), np.empty(GROUP, np.bool_)
    while mark < marked and row < phase.size and odds + GROUP * kinds.size <= odd.shape[0]:
        rows = 0
        while mark < marked and rows < min(GROUP, phase.size - row):
            lines += 1
            sign = text[marks[mark]]
            firsts[rows] = mark
            mark, counts[rows] = _next_line(text, marks, mark)
            if sign in (_LINE_FEED, _HASH):
                continue
            if counts[rows] < needed:
                short += 1
                first_short = first_short if short > 1 else lines
                continue
            rows += 1
        for column in range(kinds.size):
            kind, slot = kinds[column], slots[column]
            if kind == 0:
                continue
            _gather(text, marks, firsts, counts, rows, column, words, lengths, signs)
            found = _values(words, lengths, signs, rows, decimal_comma, values, doubtful)
            if found:
                _spell(text, marks, firsts, counts, rows, column, decimal_comma, values, doubtful)
            found |= _store(values, rows, kind, slot, row, wide, narrow, phase, small, doubtful)
            if found:
                odds = _note(marks, firsts, counts, rows, column, kind, slot, row, doubtful, odd, odds)
        row += rows
    return mark, row, odds, short, first_short, lines


@numba.njit(error_model="numpy")
def _next_line(text: np.ndarray, marks: np.ndarray, mark: int) -> tuple[int, int]:
    """Return the first mark of the next line and the number of tokens of the one that begins at `mark`."""
    at = mark
    while text[marks[np.uint64(at)]] != _LINE_FEED:
        at += 1
    return at + 1, (at + 1 - mark) // 2


@numba.njit(error_model="numpy")
def _note(
    marks: np.ndarray,
    firsts: np.ndarray,
    counts: np.ndarray,
    rows: int,
    column: int,
    kind: int,
    slot: int,
    row: int,
    doubtful: np.ndarray,
    odd: np.ndarray,
    odds: int,
) -> int:
    """Add the doubtful tokens of a column to `odd`, and missing ones where a number must be; return their number."""
    for place in range(rows):
        missing = column >= counts[place]
        if doubtful[place] and not (missing and kind == 2):
            at = firsts[place] + 2 * column
            odd[odds, 0], odd[odds, 1], odd[odds, 2] = row + place, kind, slot
            odd[odds, 3], odd[odds, 4] = (0, 0) if missing else (marks[at], marks[at + 1])
            odds += 1
    return odds


@numba.njit(error_model="numpy")
def _gather(
    text: np.ndarray,
    marks: np.ndarray,
    firsts: np.ndarray,
    counts: np.ndarray,
    rows: int,
    column: int,
    words: np.ndarray,
    lengths: np.ndarray,
    signs: np.ndarray,
) -> None:
    """Write the digits of short tokens of a column, each less ``0``, at the ends of words, and their length and sign.

    The word of a long or missing token holds no digit.
    """
    second = np.uint64(column) * _TWO
    for place in range(np.uint64(rows)):
        words[place] = _ALL
        if column < counts[place]:
            at = np.uint64(firsts[place]) + second
            begin = np.uint64(marks[at])
            negative = text[begin] == _MINUS
            first = begin + np.uint64(negative)
            length = np.uint64(marks[at + _ONE]) - first
            word = (eight_bytes(text, first) ^ _ZEROS) << ((_WORD - _EIGHT * length) & _LAST)
            words[place] = word if length <= _EIGHT else _ALL
            lengths[place] = length
            signs[place] = -1.0 if negative else 1.0


@numba.njit(error_model="numpy")
def _values(
    words: np.ndarray,
    lengths: np.ndarray,
    signs: np.ndarray,
    rows: int,
    decimal_comma: bool,
    values: np.ndarray,
    doubtful: np.ndarray,
) -> bool:
    """Write the numbers of short tokens and which are doubtful; return whether any is.

    Without a branch or a call, so that the compiler takes several tokens at a time.
    """
    sign = np.uint64((_COMMA if decimal_comma else _POINT) ^ 48) * _EVERY_BYTE
    some = np.uint8(0)
    for place in range(np.uint64(rows)):
        word = words[place]
        found = _sign_bit(word, sign)
        upto = found ^ (found - _ONE)
        digits = ((word << _EIGHT) & upto) | (word & ~upto) if found != _ZERO else word
        after = _SEVEN - min(first_bit(found) >> _THREE, _SEVEN)
        strange = (_strange(digits) != _ZERO) | (lengths[place] <= np.uint64(found != _ZERO))
        values[place] = float(np.int64(_eight_digits(digits))) / _POWERS[after] * signs[place]
        doubtful[place] = strange
        some |= np.uint8(strange)
    return some != 0


@numba.njit(error_model="numpy")
def _spell(
    text: np.ndarray,
    marks: np.ndarray,
    firsts: np.ndarray,
    counts: np.ndarray,
    rows: int,
    column: int,
    decimal_comma: bool,
    values: np.ndarray,
    doubtful: np.ndarray,
) -> None:
    """Give the doubtful values of a column, the exact one where there is a way to it, NaN where it is missing."""
    sign = np.uint64((_COMMA if decimal_comma else _POINT) ^ 48) * _EVERY_BYTE
    for place in range(rows):
        if not doubtful[place]:
            continue
        value, good = np.nan, False
        if column < counts[place]:
            at = firsts[place] + 2 * column
            begin, end = np.uint64(marks[at]), np.uint64(marks[at + 1])
            negative = text[begin] == _MINUS
            first = begin + np.uint64(negative)
            if first + _EIGHT < end:
                value, good = _long_number(
                    eight_bytes(text, first), eight_bytes(text, first + _EIGHT), end - first, sign
                )
                value = -value if negative else value
            if not good:
                value, good = _spelled(text, np.int64(begin), np.int64(end), decimal_comma)
        values[place], doubtful[place] = value, not good


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
    doubtful: np.ndarray,
) -> bool:
    """Write values into their column; return whether one is no whole number that it can hold, which is marked."""
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
            doubtful[place] |= number != values[place]
            some |= doubtful[place]
            if kind == 4:
                small[slot, row + place] = number
            else:
                phase[row + place] = number
    return some


@numba.njit(inline="always")
def _long_number(word: np.uint64, later: np.uint64, length: np.uint64, sign: np.uint64) -> tuple[float, bool]:
    """Return the value of a token of 9 bytes or more, of which two words hold the first 16, and whether it is exact.

    It has up to seven digits before the decimal `sign` and eight after it.
    """
    word, later = word ^ _ZEROS, later ^ _ZEROS
    found = _sign_bit(word, sign)
    before = min(first_bit(found) // _EIGHT, _SEVEN)
    after = length - before - _ONE
    whole = word << ((_WORD - _EIGHT * before) & _LAST)
    part = ((word >> _EIGHT * before) >> _EIGHT) | (later << (_EIGHT * (_SEVEN - before)))
    part <<= (_WORD - _EIGHT * after) & _LAST
    good = (found != _ZERO) & (before > _ZERO) & (after <= _EIGHT) & ((_strange(whole) | _strange(part)) == _ZERO)
    after = min(after, _EIGHT)
    mantissa = _eight_digits(whole) * _WHOLE_POWERS[after] + _eight_digits(part)
    return float(np.int64(mantissa)) / _POWERS[after], good & (mantissa <= _EXACT)


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
def _spelled(text: np.ndarray, begin: np.int64, end: np.int64, decimal_comma: bool) -> tuple[float, bool]:
    """Return the value of a token of any form, read byte by byte, and whether it is exact."""
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
        return (-value if negative else value), True
    return 0.0, False


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
