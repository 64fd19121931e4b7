"""Plain tables of points: headings with units, phases by name, columns that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.ebsd import EbsdMap

PLACES = [(0.5 * column, 0.5 * row) for row in range(2) for column in range(3)]


def read(path: Path, text: str, encoding: str = "utf-8") -> EbsdMap:
    """Write a table and return its map."""
    path.write_text(text, encoding=encoding)
    return read_ebsd(path)


@pytest.mark.parametrize(
    ("heading", "per_um"),
    [("X (µm),Y (µm)", 1.0), ("x_um,y_um", 1.0), ("X [mm],Y [mm]", 1e-3), ("x (nm),y (nm)", 1e3), ("x,y", 1.0)],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_units_in_headings_are_heeded(heading: str, per_um: float, encoding: str, tmp_path: Path) -> None:
    """The same map in um, mm or nm, whatever the code page of the micro sign; degrees by their sign."""
    rows = "\n".join(f"{i}.5,3,2,{x * per_um:.7g},{y * per_um:.7g}" for i, (x, y) in enumerate(PLACES))
    ebsd = read(tmp_path / "a.csv", f"Euler 1 (°),Euler 2 (°),Euler 3 (°),{heading}\n{rows}\n", encoding)
    assert ebsd.step_um == pytest.approx((0.5, 0.5))
    assert ebsd.euler_rad[0] == pytest.approx(np.deg2rad([0.5, 3, 2]))


def test_phases_by_name_are_numbered_as_they_come(tmp_path: Path) -> None:
    """Names make phases, those of no solution make points that are not indexed."""
    names = ["Zero Solution", "Na bcc", "NZSP", "Na bcc", "not indexed", "NZSP"]
    rows = "\n".join(f"{name};{x};{y};200;30;40" for name, (x, y) in zip(names, PLACES, strict=True))
    ebsd = read(tmp_path / "a.csv", f"Phase;X;Y;Euler1;Euler2;Euler3\n{rows}\n")
    assert [phase.name for phase in ebsd.phases] == ["Na bcc", "NZSP"]
    assert ebsd.phase_id.tolist() == [0, 1, 2, 1, 0, 2]


def test_a_column_without_heading_is_left_out(tmp_path: Path) -> None:
    """A separator at the ends of the lines, as Flamenco writes it, makes no quality."""
    rows = "\n".join(f"1\t{x}\t{y}\t200\t30\t40\t0.5\t" for x, y in PLACES)
    assert list(read(tmp_path / "a.txt", f"Phase\tX\tY\tEuler1\tEuler2\tEuler3\tMAD\t\n{rows}\n").quality) == ["mad"]


def test_a_table_without_known_headings_says_how_to_name_them(tmp_path: Path) -> None:
    """The sentence shows the words of the file and the form of the answer."""
    with pytest.raises(ReadError, match="among a, b, c, d, e; say which they are with columns, as in phi1=A"):
        read(tmp_path / "a.csv", "a,b,c,d,e\n" + "\n".join(f"1,2,3,{x},{y}" for x, y in PLACES))
