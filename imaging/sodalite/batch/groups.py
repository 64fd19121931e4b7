"""Cells: which image belongs to which cell and with what charge, and the statistics of each."""

from __future__ import annotations

import csv
import io
import math
import os
from typing import TYPE_CHECKING

from sodalite.batch.paths import written
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SEPARATORS = (",", ";", "\t")
_LEAST_LINES = 2


def find_cells(base: Path, sources: Sequence[Path]) -> Path | None:
    """Return the cells.csv beside the images; None where there is none.

    Raises
    ------
    MeasurementError
        When several folders hold one.
    """
    places = dict.fromkeys([base, *(source.parent for source in sources)])
    tables = [place / "cells.csv" for place in places if (place / "cells.csv").is_file()]
    if len(tables) > 1:
        raise MeasurementError(f"{tables[1]}: a second cells.csv beside {tables[0]}; keep one for all images.")
    return tables[0] if tables else None


def read_cells(cells: Path) -> list[dict[str, str]]:
    """Return the rows of a cells.csv, names of columns in small letters, blanks around names and values left out.

    Read is what spreadsheets save: commas, semicolons or tabs between the columns, UTF-8 or code page 1252.

    Raises
    ------
    MeasurementError
        When the file cannot be read or holds no row.
    """
    try:
        raw = cells.read_bytes()
    except OSError as error:
        raise MeasurementError(f"{cells}: cannot be opened ({error.strerror}); check who may read it.") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    head = text.partition("\n")[0]
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=head.count)))
    if len(lines) < _LEAST_LINES:
        raise MeasurementError(f"{cells}: no row under a line of names; give one row an image.")
    names = [name.strip().lower() for name in lines[0]]
    empty = [""] * len(names)
    rows = [dict(zip(names, (*map(str.strip, line), *empty), strict=False)) for line in lines[1:] if any(line)]
    return [row | {"image": _slashed(row["image"])} if "image" in row else row for row in rows]


def _slashed(image: str) -> str:
    return image.replace(os.sep, "/").removeprefix("./")


def image_charges(cells: Path) -> dict[str, float]:
    """Return image -> charge in mAh cm-2 for the images whose row states one; a decimal comma is understood.

    Raises
    ------
    MeasurementError
        When the table cannot be read or a charge is no number of 0 or above.
    """
    charges = {}
    for row in read_cells(cells):
        told = row.get("charge_mah_cm2", "")
        try:
            charge = float(told.replace(",", ".")) if told else None
        except ValueError:
            charge = math.nan
        if charge is not None and not (math.isfinite(charge) and charge >= 0):
            raise MeasurementError(
                f"{cells}: charge_mah_cm2 {told} of {row.get('image')} is impossible; give a number of 0 or above."
            )
        if charge is not None and row.get("image"):
            charges[row["image"]] = charge
    return charges


def write_groups(base: Path, sources: Sequence[Path], out: Path) -> bool:
    """Write groups.csv when a cells.csv lies beside the images; return whether it was written.

    Raises
    ------
    MeasurementError
        When several folders hold a cells.csv, or the table cannot be read or does not fit the images; after the groups
        are written, which go without, also when a row names no cell, no image there is, or a charge that is none.
    """
    table = find_cells(base, sources)
    if table is None:
        return False
    import pandas as pd

    from sodalite.measure.groups import group_values
    from sodalite.result import write_csv

    rows = read_cells(table)
    in_cells = [row for row in rows if row.get("cell", "no such column")]
    cells = pd.DataFrame(in_cells or rows).replace("", None)
    values = pd.read_csv(out / "values.csv", converters={"image": str, "unit": str, "note": str})
    write_csv(out / "groups.csv", group_values(values, cells))
    _check_rows(table, rows, base, sources)
    image_charges(table)
    return True


def _check_rows(table: Path, rows: Sequence[Mapping[str, str]], base: Path, sources: Sequence[Path]) -> None:
    """Refuse rows without a cell, and those that name neither an input nor any other file."""
    inputs = {written(source.relative_to(base).as_posix()) for source in sources}
    for row in rows:
        image = row["image"]
        if not row["cell"]:
            raise MeasurementError(f"{table}: no cell for {image or 'a row without an image'}; fill it in.")
        if image not in inputs and not (image and (base / image).exists()):
            raise MeasurementError(f"{table}: there is no image {image!r} in the folder {base.name}; correct its name.")
