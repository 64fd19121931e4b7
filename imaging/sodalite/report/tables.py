"""What a run left in its folder, read image by image so that memory stays flat."""

from __future__ import annotations

import csv
import json
import math
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np


class Value(NamedTuple):
    """One row of values.csv."""

    quantity: str
    value: float
    low: float
    high: float
    unit: str
    n: int
    note: str


class ImageValues(NamedTuple):
    """All numbers of one image."""

    image: str
    values: tuple[Value, ...]


class Table(NamedTuple):
    """A table as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def iter_values(path: Path) -> Iterator[ImageValues]:
    """Yield the numbers of each image in the order of values.csv; nothing where there is no such file."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        for image, rows in groupby(csv.DictReader(stream), key=lambda row: row["image"]):
            yield ImageValues(image, tuple(map(_value, rows)))


def read_table(path: Path) -> Table | None:
    """Return a small table as text; None where there is no such file."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [tuple(row) for row in csv.reader(stream)]
    return Table(rows[0], tuple(rows[1:])) if rows else None


def read_columns(path: Path, columns: Sequence[str]) -> dict[str, np.ndarray] | None:
    """Return columns of a table as float64 arrays, empty fields as NaN; None without the file or the columns."""
    if not path.is_file():
        return None
    import pandas as pd

    table = pd.read_csv(path, usecols=lambda name: name in columns)
    if set(columns) - set(table.columns):
        return None
    return {name: pd.to_numeric(table[name], errors="coerce").to_numpy(float) for name in columns}


def read_record(path: Path) -> dict[str, Any]:
    """Return a JSON record; an empty one where the file is missing or broken."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def image_folder(out: Path, image: str) -> Path:
    """Return the folder with the results of `image`: its path, or its path without the extension."""
    plain = str(PurePosixPath(image).with_suffix("")) if PurePosixPath(image).name else image
    candidates = [out / plain, out / image]
    return next(
        (path for path in candidates if read_record(path / "provenance.json").get("name") == image), candidates[0]
    )


def _value(row: dict[str, str]) -> Value:
    number = {name: _number(row.get(name)) for name in ("value", "low", "high", "n")}
    count = 0 if math.isnan(number["n"]) else int(number["n"])
    return Value(
        row["quantity"],
        number["value"],
        number["low"],
        number["high"],
        row.get("unit") or "",
        count,
        row.get("note") or "",
    )


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan
