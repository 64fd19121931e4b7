"""Number tables in text, parsed in one pass to the bit that Python's ``float`` gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BufferedReader
    from pathlib import Path

WIDE: tuple[str, ...] = ("phi1", "Phi", "phi2", "x", "y")
"""Columns kept as float64, in the order of the rows of `Table.wide`; every table has them."""

SLACK = 64
"""Bytes before the text and beyond it that compiled code may load with its first and its last."""

GROUP = 128
"""Lines whose columns are parsed one after the other: their text and its marks stay in a processor's first cache."""

_BLOCK = 1 << 17
_LINE_AT_MOST = 1 << 24
_WIDE, _NARROW, _PHASE, _SMALL = 1, 2, 3, 4
_NAMES_AT_MOST = 200
_NAME_AT_MOST = 200
_MISSING = frozenset(
    {"", "nan", "-nan", "na", "n/a", "null", "-nan(ind)", "nan(ind)", "-1.#ind", "1.#qnan", "-1.#qnan"}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table's columns are and how its numbers are written.

    Attributes
    ----------
    start
        Byte at which the first line of numbers begins.
    columns
        Name -> position of the columns to keep: those of `WIDE`, ``phase`` (optional) and any others.
    separator
        Byte between columns, empty for any run of blanks.
    decimal_comma
        Whether ``,`` is the decimal sign.
    small
        Columns of counts from 0 to 255, kept as bytes; where one is not, all are read again as float32.
    phase_names
        Text of the phase column in lower case -> number, for files that write names there.
    collects_names
        Whether names that are not among those get the next numbers, in the order in which they come.
    phase_last
        Whether the phase is the last column, so that a name with blanks goes on to the end of its line.
    """

    start: int
    columns: Mapping[str, int]
    separator: bytes = b""
    decimal_comma: bool = False
    small: frozenset[str] = frozenset()
    phase_names: Mapping[str, int] | None = None
    collects_names: bool = False
    phase_last: bool = False


@dataclass(slots=True)
class Table:
    """Columns of a text: `wide` ``(5, n)`` float64, `phase` ``(n,)`` int16, `narrow` name -> float32 or uint8.

    `phase_names` holds name -> number of the phases that are named in the column of phases.
    """

    wide: np.ndarray
    phase: np.ndarray
    narrow: dict[str, np.ndarray]
    dropped: int = 0
    phase_names: dict[str, int] = field(default_factory=dict)


def read_table(path: Path, layout: Layout) -> Table:
    """Return the columns of a text of numbers, read block by block.

    Lines that are blank or begin with ``#`` are passed over; a last line that breaks off is left out and counted in
    `Table.dropped`; a missing value outside `WIDE` and phase is NaN.

    Raises
    ------
    ReadError
        When the file has no line of numbers, a line is too short, or a value is no number.
    """
    with path.open("rb") as stream:
        stream.seek(layout.start)
        try:
            table = _Filling(path, layout).fill(stream)
        except _NotSmallError:
            stream.seek(layout.start)
            table = _Filling(path, replace(layout, small=frozenset())).fill(stream)
    if table.phase.size == 0:
        raise ReadError(f"{path.name}: there is no line of measurements below the header; export the map again.")
    return table


def plain_text(line: bytes) -> str:
    """Return bytes as text: UTF-8, or the western code page that instruments write names in when they are none."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


class _NotSmallError(Exception):
    """A column of bytes holds something else."""


class _Filling:
    """The arrays of a table while they fill."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self.names_known, self.names_met = dict(layout.phase_names or {}), dict[str, int]()
        others = [name for name in layout.columns if name not in WIDE and name != "phase"]
        self.small_names = [name for name in others if name in layout.small]
        self.names = [name for name in others if name not in layout.small]
        last = max(layout.columns.values())
        self.kinds, self.slots = np.zeros(last + 1, np.uint8), np.zeros(last + 1, np.uint8)
        for name, position in layout.columns.items():
            kind, slot = self._place(name)
            self.kinds[position], self.slots[position] = kind, slot
        needed = [position for name, position in layout.columns.items() if name in WIDE or name == "phase"]
        self.needed = max(needed) + 1
        self.rows, self.lines, self.short_rows, self.short_line = 0, 0, 0, 0
        self.odd = np.empty((GROUP * self.kinds.size, 5), dtype=np.int64)
        self.marks, self.ends = np.empty(0, np.uint32), np.empty(0, np.uint32)
        self.wide: np.ndarray = np.empty((5, 0))
        self.phase: np.ndarray = np.zeros(0, np.int16)
        self.narrow: np.ndarray = np.empty((len(self.names), 0), np.float32)
        self.small: np.ndarray = np.empty((len(self.small_names), 0), np.uint8)

    def _place(self, name: str) -> tuple[int, int]:
        if name in WIDE:
            return _WIDE, WIDE.index(name)
        if name in self.small_names:
            return _SMALL, self.small_names.index(name)
        return (_PHASE, 0) if name == "phase" else (_NARROW, self.names.index(name))

    def _reserve(self, capacity: int) -> None:
        wide, phase = np.empty((5, capacity)), np.zeros(capacity, np.int16)
        narrow, small = (
            np.empty((len(self.names), capacity), np.float32),
            np.empty((len(self.small_names), capacity), np.uint8),
        )
        if self.rows:
            wide[:, : self.rows], phase[: self.rows] = self.wide[:, : self.rows], self.phase[: self.rows]
            narrow[:, : self.rows], small[:, : self.rows] = self.narrow[:, : self.rows], self.small[:, : self.rows]
        self.wide, self.phase, self.narrow, self.small = wide, phase, narrow, small

    def fill(self, stream: BufferedReader) -> Table:
        """Parse the stream to its end, in one buffer that begins with what the last block left over."""
        left = self.path.stat().st_size - self.layout.start
        text = _buffer(min(_BLOCK, left) + 1)
        held = 0
        while taken := stream.readinto(text.data[held:-1]):
            left, held = left - taken, held + taken
            end = self._parse(text, held, left)
            if end:
                text[: held - end] = text[end:held].copy()
                held -= end
            elif text.size > _LINE_AT_MOST:
                raise ReadError(f"{self.path.name}: a line is longer than {held} bytes; this is no table.")
            elif held == text.size - 1:
                larger = _buffer(2 * held + 1)
                larger[:held] = text[:held]
                text = larger
        if held:
            text[held] = 10
            self._parse(text, held + 1, 0)
        return self._finished()

    def _parse(self, text: np.ndarray, held: int, left: int) -> int:
        """Parse the whole lines among `held` bytes, with `left` to come, and return the byte behind them."""
        from sodalite.read.ebsd_numbers import parse_lines
        from sodalite.read.ebsd_tokens import AT_ONCE, mark_fields, mark_tokens

        if self.ends.size < held:
            most = 2 * held if self.layout.separator else held + held % 2 + AT_ONCE
            self.marks, self.ends = np.empty(most, np.uint32), np.empty(held, np.uint32)
        if self.layout.separator:
            count, end = mark_fields(text, held, self.layout.separator[0], self.marks, self.ends)
        else:
            count, end = mark_tokens(text, held, self.marks, self.ends)
        how = (self.kinds, self.slots, self.needed, self.layout.decimal_comma)
        tokens, ends = self.marks.view(np.uint64), self.ends[:count]
        line = 0
        while line < count:
            if self.rows == self.phase.size:
                self._reserve(self.rows + count - line + int(1.01 * left * count / end) + 8)
            columns = (self.wide, self.narrow, self.phase, self.small)
            line, self.rows, odds, short, first = parse_lines(
                text, tokens, ends, line, *how, *columns, self.rows, self.odd
            )
            if short and not self.short_rows:
                self.short_line = self.lines + first
            self.short_rows += short
            for row, kind, slot, begin, until in self.odd[:odds].tolist():
                token = text[begin:until].tobytes()
                if kind == _PHASE and self.layout.phase_last and not token[:1].isdigit():
                    token = text[begin : begin + _NAME_AT_MOST].tobytes().split(b"\n", 1)[0]
                self._put(row, kind, slot, plain_text(token).strip().strip('"').strip())
        self.lines += count
        return int(end)

    def _put(self, row: int, kind: int, slot: int, token: str) -> None:
        """Store a token that the fast path leaves to Python: long mantissas, NaN, names of phases."""
        if kind == _SMALL:
            raise _NotSmallError
        value = self._number(token, kind)
        if value is None:
            raise ReadError(
                f"{self.path.name}: row {row + 1} of the data has {token[:40]!r} where a number is expected."
            )
        if kind == _PHASE:
            if not (value == int(value) and -100 <= value < 32000):
                raise ReadError(f"{self.path.name}: row {row + 1} of the data has {token[:40]!r} for a phase number.")
            self.phase[row] = int(value)
        elif kind == _WIDE:
            self.wide[slot, row] = value
        else:
            with np.errstate(over="ignore"):
                self.narrow[slot, row] = value

    def _number(self, token: str, kind: int) -> float | None:
        if kind == _PHASE:
            named = self.names_known.get(token.lower())
            if named is not None:
                return named
        elif token.lower() in _MISSING:
            return float("nan")
        try:
            value = float(token.replace(",", ".") if self.layout.decimal_comma else token)
        except ValueError:
            return self._next_number(token) if kind == _PHASE else None
        return value if kind != _PHASE or np.isfinite(value) else None

    def _next_number(self, name: str) -> float | None:
        if not self.layout.collects_names or len(self.names_met) == _NAMES_AT_MOST or not name:
            return None
        number = len(self.names_met) + 1
        self.names_met[name] = self.names_known[name.lower()] = number
        return number

    def _finished(self) -> Table:
        if self.short_rows > 1 or (self.short_rows == 1 and self.short_line != self.lines):
            raise ReadError(
                f"{self.path.name}: line {self.short_line} of the data has fewer than {self.needed} values; "
                "export the map again."
            )
        narrow = {name: self.narrow[i, : self.rows] for i, name in enumerate(self.names)}
        narrow |= {name: self.small[i, : self.rows] for i, name in enumerate(self.small_names)}
        return Table(self.wide[:, : self.rows], self.phase[: self.rows], narrow, self.short_rows, self.names_met)


def _buffer(size: int) -> np.ndarray:
    """Return room for `size` bytes of text, amid those that compiled code loads with the first and the last."""
    return np.zeros(SLACK + size + SLACK, dtype=np.uint8)[SLACK:-SLACK]
