"""Tables of a whole run, joined from those of its images without holding them in memory."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

from sodalite.batch.files import read_record
from sodalite.report.files import replacing
from sodalite.result import VALUE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FAILURE_COLUMNS = ("image", "error", "message")


def join_tables(out: Path, folders: Sequence[Path]) -> list[str]:
    """Write values.csv, summary.csv and every table of the images' folders into `out`; return the tables' names.

    Rows keep the order of `folders`. Tables whose columns differ get all columns in order of appearance.
    """
    names: dict[str, None] = {"values": None, "summary": None}
    for folder in folders:
        names.update(dict.fromkeys((read_record(folder) or {}).get("tables", ())))
    for name in names:
        files = [path for folder in folders if (path := folder / f"{name}.csv").is_file()]
        _join(files, out / f"{name}.csv", VALUE_COLUMNS if name == "values" else ("image",))
    return list(names)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table of text, header always, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _join(files: Sequence[Path], target: Path, columns_without_files: Sequence[str]) -> None:
    headers = [_header(path) for path in files]
    columns = list(dict.fromkeys(name for header in headers for name in header)) or list(columns_without_files)
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerow(columns)
        for path, header in zip(files, headers, strict=True):
            with path.open(encoding="utf-8", newline="") as source:
                if header == columns:
                    source.readline()
                    shutil.copyfileobj(source, stream)
                else:
                    rows = csv.DictReader(source)
                    csv.DictWriter(stream, columns, restval="", lineterminator="\n").writerows(rows)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as source:
        return next(csv.reader(source), [])
