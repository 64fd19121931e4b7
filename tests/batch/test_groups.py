"""Charges that a table of cells states for its images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sodalite.batch.groups import find_cells, image_charges, read_cells, write_groups
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from pathlib import Path


def test_charges_are_read_where_they_are_told(tmp_path: Path) -> None:
    """A row without a charge states none."""
    (tmp_path / "cells.csv").write_text("image,cell,charge_mah_cm2\na.tif,one,2.5\nb.tif,one,\n", encoding="utf-8")
    cells = find_cells(tmp_path, [])
    assert cells is not None
    assert image_charges(cells) == {"a.tif": 2.5}


@pytest.mark.parametrize(
    "text",
    [
        "image,cell,charge_mAh_cm2\na.tif,one,1.5\nb.tif,two,\n",
        "\ufeffImage; Cell ;Charge_mAh_cm2\r\na.tif;one;1,5\r\nb.tif;two;\r\n\r\n",
        'image\tcell\tcharge_mah_cm2\na.tif\tone\t"1.5"\nb.tif\ttwo\n',
    ],
)
def test_tables_as_spreadsheets_save_them(tmp_path: Path, text: str) -> None:
    """Separators, decimal commas, marks, blanks and capitals of spreadsheets are understood."""
    (tmp_path / "cells.csv").write_text(text, encoding="utf-8", newline="")
    assert [(row["image"], row["cell"]) for row in read_cells(tmp_path / "cells.csv")] == [
        ("a.tif", "one"),
        ("b.tif", "two"),
    ]
    assert image_charges(tmp_path / "cells.csv") == {"a.tif": 1.5}


def test_a_charge_that_is_none_is_named_and_costs_no_groups(tmp_path: Path) -> None:
    """The groups do not need the charge, but a run that could not use it has to say so."""
    (tmp_path / "cells.csv").write_text("image,cell,charge_mah_cm2\na.tif,one,1O\n", encoding="utf-8")
    (tmp_path / "values.csv").write_text("image,quantity,value,unit,low,high,n,note\na.tif,coverage,1,,,,1,\n")
    with pytest.raises(MeasurementError, match=r"charge_mah_cm2 1O of a\.tif"):
        write_groups(tmp_path, [tmp_path / "a.tif"], tmp_path)
    assert (tmp_path / "groups.csv").read_text().splitlines()[1].startswith("one,all,coverage,,1,")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("typo.tif,two", "no image 'typo.tif'"),
        ("b.tif,", r"no cell for b\.tif"),
        ("b.tif", r"no cell for b\.tif"),
        (",two", "no image ''"),
    ],
)
def test_a_row_that_fits_nothing_is_named_and_costs_no_groups(tmp_path: Path, row: str, message: str) -> None:
    """A misspelt image or an empty cell would leave its cell with too few fields, and nobody would know."""
    (tmp_path / "cells.csv").write_text(f"image,cell\n./a.tif,one\nother.tif,one\n{row}\n", encoding="utf-8")
    (tmp_path / "other.tif").write_bytes(b"")  # not measured this time
    (tmp_path / "values.csv").write_text("image,quantity,value,unit,low,high,n,note\na.tif,coverage,1,,,,1,\n")
    with pytest.raises(MeasurementError, match=message):
        write_groups(tmp_path, [tmp_path / "a.tif", tmp_path / "b.tif"], tmp_path)
    assert (tmp_path / "groups.csv").read_text().splitlines()[1].startswith("one,all,coverage,,1,")


@pytest.mark.parametrize("text", ["", "image,cell\n"])
def test_an_empty_table_is_refused(tmp_path: Path, text: str) -> None:
    """A table without rows belongs to no image."""
    (tmp_path / "cells.csv").write_text(text)
    with pytest.raises(MeasurementError, match="no row under a line of names"):
        read_cells(tmp_path / "cells.csv")


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
