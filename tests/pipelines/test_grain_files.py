"""Maps as the grain recipe takes them from files: columns, scans and steps that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sodalite.cli import main
from sodalite.errors import ReadError, RecipeError
from sodalite.pipelines.grains import Grains

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "".join(f"{200 * (k % 8 > 3)},30,40,{0.5 * (k % 8)},{0.5 * (k // 8)},1\n" for k in range(48))


def test_columns_of_a_table_are_named_on_the_command_line(tmp_path: Path) -> None:
    """By heading or position, as text or a mapping; the symmetry that is told is not called unknown any more."""
    path = tmp_path / "points.csv"
    path.write_text("a,b,c,d,e,f\n" + ROWS)
    columns = "phi1=a,Phi=b,phi2=c,x=3,y=4,phase=f"
    pairs = dict(pair.split("=") for pair in columns.split(","))
    for told in (columns, pairs):
        recipe = Grains.from_fields({"columns": told, "symmetry": "m-3m", "min_pixels": 1})
        result = recipe.run(recipe.read(path))
        assert result["grain_count"].value == 2
        assert not any("symmetry" in sentence for sentence in result.provenance["warnings"])
    with pytest.raises(ReadError, match="say which they are with columns"):
        Grains().read(path)
    with pytest.raises(RecipeError, match="'a' names no column"):
        Grains.from_fields({"columns": "a"})


def test_info_tells_of_tables_and_what_they_leave_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table is described like any map; one without known headings says how to name them."""
    (tmp_path / "known.csv").write_text("phi1,Phi,phi2,x,y,phase\n" + ROWS)
    (tmp_path / "other.csv").write_text("a,b,c,d,e,f\n" + ROWS)
    assert main(["info", str(tmp_path / "known.csv"), str(tmp_path / "other.csv")]) == 1
    said = capsys.readouterr()
    assert "6 rows x 8 columns" in said.out
    assert "symmetry is unknown" in said.out
    assert "say which they are with columns" in said.err


def test_a_result_knows_of_the_other_scans_of_its_file(tmp_path: Path) -> None:
    """The note stands in the provenance, from which terminal and report take it; the number of a page takes a scan."""
    path = tmp_path / "two.oh5"
    with h5py.File(path, "w") as file:
        for number in (1, 2):
            data = f"Scan {number}/EBSD/Data/"
            for name, values in zip(("Phi1", "Phi", "Phi2"), np.full((3, 48), number / 10), strict=True):
                file[data + name] = values
            file[data + "Phase"] = np.zeros(48, np.int8)
            file[data + "X Position"], file[data + "Y Position"] = np.arange(48) % 8 / 2, np.arange(48) // 8 / 2
            file[f"Scan {number}/EBSD/Header/Phase/1/Symmetry"] = np.int32([43])
    assert Grains().read(path, page=2).euler_rad[0, 0] == 0.2
    noted = Grains().run(Grains().read(path)).provenance["warnings"]
    assert "the file holds 2 scans (Scan 1, Scan 2); Scan 1 was read" in noted[0]
