"""The statistics of cells and groups, where a table says which image belongs to which cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def write_groups(base: Path, sources: Sequence[Path], out: Path) -> bool:
    """Write groups.csv when a cells.csv lies beside the images; return whether it was written.

    Raises
    ------
    MeasurementError
        When several folders hold a cells.csv, or the table cannot be read or does not fit the images.
    """
    places = dict.fromkeys([base, *(source.parent for source in sources)])
    tables = [place / "cells.csv" for place in places if (place / "cells.csv").is_file()]
    if not tables:
        return False
    if len(tables) > 1:
        raise MeasurementError(f"{tables[1]}: a second cells.csv beside {tables[0]}; keep one for all images.")
    import pandas as pd

    from sodalite.measure.groups import group_values
    from sodalite.result import write_csv

    try:
        cells = pd.read_csv(tables[0], dtype={"image": str})
    except (OSError, ValueError) as error:
        raise MeasurementError(f"{tables[0]}: not readable as a table ({error}); save it as CSV.") from error
    write_csv(out / "groups.csv", group_values(pd.read_csv(out / "values.csv"), cells))
    return True
