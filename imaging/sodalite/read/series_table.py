"""The table series.csv of a series: one row a step, checked column by column."""

from __future__ import annotations

import csv
import math
import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from sodalite.errors import ReadError
from sodalite.read.fields import decode_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLE = "series.csv"
_COLUMNS = ("file", "image", "frame", "time_h", "charge_mAh_cm2", "repolished", "note")
_ABOVE = re.compile(r"\s*(#|$)|sep=.?\s*$", re.IGNORECASE)
# With semicolons between the columns a comma is a decimal sign; else only where it cannot part thousands.
_ANY_COMMA, _DECIMAL_COMMA = re.compile(r"^([-+]?\d*),(\d+)$"), re.compile(r"^([-+]?\d*),(\d{1,2}|\d{4,})$")
_LONGEST_NAME, _LONGEST_PART = 80, 255
_YES = {"1": True, "true": True, "yes": True, "y": True, "x": True}
_NO = {"": False, "0": False, "false": False, "no": False, "n": False}


class Row(NamedTuple):
    """One step as the table tells it; None and empty where it does not."""

    file: str
    image: str
    frame: int | None
    time_h: float | None
    charge_mah_cm2: float | None
    repolished: bool
    note: str


def read_rows(path: Path) -> tuple[list[Row], list[str]]:
    """Return the steps in the order of their times, and sentences about what was put right.

    Columns are separated by commas, semicolons or tabs; numbers may have decimal commas where they can be nothing else.

    Raises
    ------
    ReadError
        Naming the column and file: unknown columns, no file, files that come twice or are not in the folder of the
        table, values that are no numbers, times or charges that only some steps have, equal times.
    """
    header, lines = _cells(path)
    rows = [_row(cells) for cells in lines]
    for column in ("time_h", "charge_mAh_cm2"):
        _check_whole(rows, column)
    seen: set[tuple[str, int | None]] = set()
    for row in rows:
        if (row.file, row.frame) in seen:
            raise ReadError(f"{TABLE}, column file: {row.file} comes twice; keep the row that is true.")
        seen.add((row.file, row.frame))
    if "time_h" not in header or not rows or rows[0].time_h is None:
        return rows, []
    return _in_time(rows)


def _in_time(rows: list[Row]) -> tuple[list[Row], list[str]]:
    ordered = sorted(rows, key=lambda row: row.time_h or 0.0)
    for before, after in pairwise(ordered):
        if before.time_h == after.time_h:
            raise ReadError(
                f"{TABLE}, column time_h: {before.file} and {after.file} are both at {after.time_h:g} h; give each "
                "step its own time."
            )
    if ordered == rows:
        return rows, []
    at = next(k for k in range(1, len(rows)) if (rows[k].time_h or 0.0) < (rows[k - 1].time_h or 0.0))
    return ordered, [
        f"{TABLE}, column time_h: {rows[at].file} at {rows[at].time_h:g} h stands after {rows[at - 1].file} at "
        f"{rows[at - 1].time_h:g} h; the steps are measured in the order of their times."
    ]


def _cells(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and the rows of the table as text, empty rows and empty columns behind the last left out."""
    separator, start, lines = _lines(path)
    known = {name.casefold(): name for name in _COLUMNS}
    header = [known.get(name.casefold(), name) for name in (_trimmed(lines[0]) if lines else [])]
    unknown = [name[:_LONGEST_NAME] for name in header if name not in _COLUMNS]
    if "file" not in header or unknown or len(set(header)) < len(header):
        found = f"column {unknown[0]!r} is unknown" if unknown else "column file is not there, or one comes twice"
        raise ReadError(f"{TABLE}: {found}; give columns {', '.join(_COLUMNS)}, of which only file must be there.")
    rows = []
    for number, line in enumerate(lines[1:], start=start + 2):
        if not any(line):
            continue
        line = line[: len(header)] + _trimmed(line[len(header) :])
        if len(line) != len(header):
            raise ReadError(
                f"{TABLE}, line {number}: found {len(line)} values for {len(header)} columns; put it right."
            )
        cells = dict(zip(header, line, strict=True))
        comma = _ANY_COMMA if separator == ";" else _DECIMAL_COMMA
        cells |= {name: comma.sub(r"\1.\2", cells[name]) for name in ("time_h", "charge_mAh_cm2") if name in cells}
        rows.append(cells)
    return header, rows


def _lines(path: Path) -> tuple[str, int, list[list[str]]]:
    """Return the separator, how many lines stand above the columns, and the cells of the lines from there on.

    Blank lines, comments behind ``#`` and the line ``sep=;`` of spreadsheets may stand above.
    """
    try:
        written = decode_text(path.read_bytes()).splitlines()
        start = next((number for number, line in enumerate(written) if not _ABOVE.match(line)), 0)
        separator = max(",;\t", key=written[start].count) if written else ","
        return (
            separator,
            start,
            [[cell.strip() for cell in line] for line in csv.reader(written[start:], delimiter=separator)],
        )
    except (OSError, csv.Error) as error:
        raise ReadError(f"{TABLE}: not readable as a table ({error}); save it as CSV in UTF-8.") from error


def _trimmed(cells: list[str]) -> list[str]:
    """Return the cells without those at the end that are empty, as spreadsheets leave them."""
    last = max((number for number, cell in enumerate(cells) if cell), default=-1)
    return cells[: last + 1]


def _row(cells: Mapping[str, str]) -> Row:
    file = _inside(cells["file"], "file")
    if not file:
        raise ReadError(f"{TABLE}, column file: a row names no file; give one a row.")
    frame = cells.get("frame", "")
    if frame and not frame.isdecimal():
        raise ReadError(f"{TABLE}, column frame: found {frame!r} for {file}; give a whole number from 0.")
    flag = cells.get("repolished", "").casefold()
    if flag not in _YES and flag not in _NO:
        raise ReadError(f"{TABLE}, column repolished: found {flag!r} for {file}; give 1 or 0.")
    return Row(
        file,
        _inside(cells.get("image", ""), "image"),
        int(frame) if frame else None,
        _number(cells, "time_h", file),
        _number(cells, "charge_mAh_cm2", file),
        flag in _YES,
        cells.get("note", ""),
    )


def _inside(written: str, column: str) -> str:
    """Return the path of a file as it is called in the folder of the table."""
    path = posixpath.normpath(written.replace("\\", "/")) if written else ""
    impossible = any(len(part.encode(errors="replace")) > _LONGEST_PART for part in path.split("/"))
    if path.startswith(("/", "..")) or path[1:2] == ":" or impossible:
        found = written[:_LONGEST_NAME]
        raise ReadError(f"{TABLE}, column {column}: {found} is not in the folder of the table; put the file there.")
    return path


def _number(cells: Mapping[str, str], column: str, file: str) -> float | None:
    text = cells.get(column, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ReadError(f"{TABLE}, column {column}: found {text!r} for {file}; give a number.")
    return value


def _check_whole(rows: list[Row], column: str) -> None:
    values = {row.file: row.time_h if column == "time_h" else row.charge_mah_cm2 for row in rows}
    empty = [file for file, value in values.items() if value is None]
    if empty and len(empty) < len(values):
        raise ReadError(f"{TABLE}, column {column}: empty for {empty[0]}; give it for every step or for none.")
