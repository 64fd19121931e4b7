"""Cells: which image belongs to which cell and with what charge, and the statistics of each."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


def image_charges(cells: Path) -> dict[str, float]:
    """Return image -> charge in mAh cm-2 for the images whose row states one.

    Raises
    ------
    MeasurementError
        When the table cannot be read or a charge is no number of 0 or above.
    """
    charges = {}
    try:
        with cells.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                told = (row.get("charge_mah_cm2") or row.get("charge_mAh_cm2") or "").strip()
                if told:
                    charges[row["image"]] = float(told)
    except (OSError, ValueError, KeyError) as error:
        raise MeasurementError(
            f"{cells}: image or charge_mah_cm2 unreadable ({error}); give a number a row."
        ) from error
    wrong = [value for value in charges.values() if not (math.isfinite(value) and value >= 0)]
    if wrong:
        raise MeasurementError(f"{cells}: charge_mah_cm2 {wrong[0]} is impossible; give a number of 0 or above.")
    return charges


def write_groups(base: Path, sources: Sequence[Path], out: Path) -> bool:
    """Write groups.csv when a cells.csv lies beside the images; return whether it was written.

    Raises
    ------
    MeasurementError
        When several folders hold a cells.csv, or the table cannot be read or does not fit the images.
    """
    table = find_cells(base, sources)
    if table is None:
        return False
    import pandas as pd

    from sodalite.measure.groups import group_values
    from sodalite.result import write_csv

    try:
        cells = pd.read_csv(table, dtype={"image": str})
    except (OSError, ValueError) as error:
        raise MeasurementError(f"{table}: not readable as a table ({error}); save it as CSV.") from error
    values = pd.read_csv(out / "values.csv", converters={"image": str, "unit": str, "note": str})
    write_csv(out / "groups.csv", group_values(values, cells))
    return True
