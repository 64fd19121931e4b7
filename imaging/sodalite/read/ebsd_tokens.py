"""Where the tokens and the lines of a text are, in compiled code that marks 64 bytes at a time."""

from __future__ import annotations

import numba
import numpy as np

from sodalite.read.ebsd_bytes import bits_set, bytes_equal, first_bit

AT_ONCE = 8
"""Marks written at once, whether there are so many or not: a processor cannot foresee a branch at each."""

_LINE_FEED = np.uint8(10)
_ZERO, _ONE, _LAST, _WORD, _AT_ONCE = (np.uint64(k) for k in (0, 1, 63, 64, AT_ONCE))
_ALL = np.uint64(2**64 - 1)


@numba.njit(cache=True, error_model="numpy")
def mark_tokens(text: np.ndarray, stop: int, marks: np.ndarray, lines: np.ndarray) -> tuple[int, int]:
    """Write where the tokens before byte `stop` begin and end, and how many there are up to the end of each line.

    Tokens stand between blanks, which are space, tab, carriage return and NUL. `text` goes on for `SLACK` bytes,
    `marks` has room for `AT_ONCE` more than are written. Returns the number of whole lines and the byte behind them.
    """
    marked = inside = end = _ZERO
    count = 0
    for base in range(_ZERO, np.uint64(stop), _WORD):
        feed = bytes_equal(text, base, 10)
        blank = feed | bytes_equal(text, base, 32) | bytes_equal(text, base, 9)
        blank |= bytes_equal(text, base, 13) | bytes_equal(text, base, 0)
        token = ~blank
        change = token ^ ((token << _ONE) | inside)
        if stop - base < 64:
            before = ~(_ALL << np.uint64(stop - base))
            change, feed = change & before, feed & before
        inside = token >> _LAST
        while feed != _ZERO:
            lines[count] = (marked + bits_set(change & (feed ^ (feed - _ONE)))) >> _ONE
            count, end = count + 1, base + first_bit(feed) + _ONE
            feed &= feed - _ONE
        marked, mark = marked + bits_set(change), marked
        while change != _ZERO:
            for k in range(_AT_ONCE):
                marks[mark + k] = base + first_bit(change)
                change &= change - _ONE
            mark += _AT_ONCE
    return count, int(end)


@numba.njit(cache=True, error_model="numpy")
def mark_fields(text: np.ndarray, stop: int, separator: int, marks: np.ndarray, lines: np.ndarray) -> tuple[int, int]:
    """As `mark_tokens`, for fields between single separators, without the blanks around them.

    An empty field counts, unless it is the last of its line.
    """
    marked = begin = count = whole = 0
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
        begin = place + 1
        if text[place] == _LINE_FEED:
            lines[count] = marked // 2
            count, whole = count + 1, begin
    return count, whole


@numba.njit(inline="always")
def _is_blank(byte: int) -> bool:
    return byte == 32 or byte == 9 or byte == 13 or byte == 0
