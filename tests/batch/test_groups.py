"""Charges that a table of cells states for its images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sodalite.batch.groups import find_cells, image_charges
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from pathlib import Path


def test_charges_are_read_where_they_are_told(tmp_path: Path) -> None:
    """A row without a charge states none."""
    (tmp_path / "cells.csv").write_text("image,cell,charge_mah_cm2\na.tif,one,2.5\nb.tif,one,\n", encoding="utf-8")
    cells = find_cells(tmp_path, [])
    assert cells is not None
    assert image_charges(cells) == {"a.tif": 2.5}


@pytest.mark.parametrize("charge", ["many", "-1", "nan"])
def test_a_charge_that_is_none_is_refused(tmp_path: Path, charge: str) -> None:
    """Words, negative and missing numbers are no charge."""
    (tmp_path / "cells.csv").write_text(f"image,cell,charge_mah_cm2\na.tif,one,{charge}\n", encoding="utf-8")
    with pytest.raises(MeasurementError, match="charge_mah_cm2"):
        image_charges(tmp_path / "cells.csv")


def test_two_tables_of_cells_are_refused(tmp_path: Path) -> None:
    """Images of one run belong to one table."""
    (tmp_path / "deep").mkdir()
    for folder in (tmp_path, tmp_path / "deep"):
        (folder / "cells.csv").write_text("image,cell\n", encoding="utf-8")
    with pytest.raises(MeasurementError, match="a second cells"):
        find_cells(tmp_path, [tmp_path / "deep" / "a.tif"])
