"""Plain tables of points: headings with units, phases by name, columns that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sodalite.errors import CalibrationError, ReadError
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


def test_columns_that_an_oim_export_lists_are_known(tmp_path: Path) -> None:
    """Angles are radians as it says, in the frame of TSL; names of phases go on to the end of the line."""
    listed = (
        "# Header: Project1::Map1::All data::Grain Size   1/22/2008\n#\n"
        "# Column 1-3: phi1, PHI, phi2 (orientation of point in radians)\n"
        "# Column 4-5: x, y (coordinates of point in microns)\n# Column 6:   IQ (image quality)\n"
        "# Column 7:   CI (confidence index)\n# Column 8:   Fit (degrees)\n# Column 9:   Grain ID (integer)\n"
        "# Column 10:  edge (1 for grains at edges of scan and 0 for interior grains)\n# Column 11:  phase name\n"
    )
    names = ["Titanium (Alpha)", "Titanium (Beta)"] * 3
    rows = [f"1.5 0.5 {0.1 * i:.5f} {x} {y} 81.3 0.9 1.75 {i} 1   {names[i]}  \n" for i, (x, y) in enumerate(PLACES)]
    ebsd = read(tmp_path / "a.txt", listed + "".join(rows))
    assert [phase.name for phase in ebsd.phases] == ["Titanium (Alpha)", "Titanium (Beta)"]
    assert ebsd.phase_id.tolist() == [1, 2] * 3
    assert (ebsd.frame, list(ebsd.quality)) == ("tsl", ["iq", "ci", "fit", "grainid", "edge"])
    assert ebsd.euler_rad[1] == pytest.approx([1.5, 0.5, 0.1])


def test_a_column_without_heading_is_left_out(tmp_path: Path) -> None:
    """A separator at the ends of the lines, as Flamenco writes it, makes no quality."""
    rows = "\n".join(f"1\t{x}\t{y}\t200\t30\t40\t0.5\t" for x, y in PLACES)
    assert list(read(tmp_path / "a.txt", f"Phase\tX\tY\tEuler1\tEuler2\tEuler3\tMAD\t\n{rows}\n").quality) == ["mad"]


def test_a_table_without_known_headings_says_how_to_name_them(tmp_path: Path) -> None:
    """The sentence shows the words of the file and the form of the answer."""
    with pytest.raises(ReadError, match="among a, b, c, d, e; say which they are with columns, as in phi1=A"):
        read(tmp_path / "a.csv", "a,b,c,d,e\n" + "\n".join(f"1,2,3,{x},{y}" for x, y in PLACES))


def test_the_phases_of_an_aztec_table_keep_their_numbers(tmp_path: Path) -> None:
    """Names and numbers stand above the headings, the number of each point under Crystal ID."""
    rows = "\n".join(f"{i},{i % 3},{x},{y},200,30,40" for i, (x, y) in enumerate(PLACES))
    above = "Phase,ID\nNot Indexed,0\nSodium, bcc,1\nNZSP,2\n\n"
    ebsd = read(tmp_path / "a.csv", f"{above}Point,Crystal ID,X,Y,Euler 1,Euler 2,Euler 3\n{rows}\n")
    assert [phase.name for phase in ebsd.phases] == ["Sodium, bcc", "NZSP"]
    assert ebsd.phase_id.tolist() == [0, 1, 2, 0, 1, 2]
    assert (ebsd.frame, ebsd.phases[0].x_axis) == ("channel5", "a*")
    assert ebsd.warnings[0] == "the table names its phases alone: symmetry is unknown, give it."


def test_the_phases_of_an_inl_table_have_their_symmetry(tmp_path: Path) -> None:
    """DREAM.3D's files for the Idaho National Laboratory name phases and TSL symmetries; phase 0 is not indexed."""
    above = "# X_STEP: 0.5\n# Phase_1: Sodium \n# Symmetry_1: 43\n# Features_1: 3\n# Phase_2: NZSP\n# Symmetry_2: 20\n"
    rows = "\n".join(f"0.1 0.2 0.3 {x} {y} 0 7 {i % 3} 43" for i, (x, y) in enumerate(PLACES))
    ebsd = read(tmp_path / "a.txt", f"{above}# phi1 PHI phi2 x y z FeatureId PhaseId Symmetry\n{rows}\n")
    assert [(phase.name, phase.laue_group) for phase in ebsd.phases] == [("Sodium", "m-3m"), ("NZSP", "2/m")]
    assert ebsd.phase_id.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("symbol", "laue"), [("I m#ovl3m", "m-3m"), ("P6#sub3/mmc", "6/mmm"), ("R #ovl3 c", "-3m"), ("P2#sub1/c", "2/m")]
)
def test_the_phases_of_an_esprit_table_have_their_symmetry(symbol: str, laue: str, tmp_path: Path) -> None:
    """Space group and constants stand above the headings, and the frame is Bruker's."""
    keys = zip(("A", "B", "C", "Alpha", "Beta", "Gamma"), (4.29, 4.29, 5, 90, 90, 120), strict=True)
    lattice = "".join(f"# {key}: {value}\n" for key, value in keys)
    above = f"#Phase: 1\n# Name: Sodium\n# Spacegroup: {symbol}\n{lattice}"
    rows = "\n".join(f"{x}\t{y}\t200\t30\t40\t1" for x, y in PLACES)
    ebsd = read(tmp_path / "a.txt", f"{above}#X\tY\tphi1\tPHI\tphi2\tPhase\n{rows}\n")
    assert (ebsd.phases[0].name, ebsd.phases[0].laue_group, ebsd.frame) == ("Sodium", laue, "bruker")
    assert ebsd.phases[0].lattice == (4.29, 4.29, 5.0, 90.0, 90.0, 120.0)


def test_steps_that_no_microscope_makes_are_refused(tmp_path: Path) -> None:
    """Positions of 1e300 would make areas that are no numbers."""
    rows = "\n".join(f"200,30,40,{x * 1e300},{y * 1e300}" for x, y in PLACES)
    with pytest.raises(CalibrationError, match="no microscope steps"):
        read(tmp_path / "a.csv", f"Euler1,Euler2,Euler3,X,Y\n{rows}\n")


def test_a_column_too_far_to_the_right_is_not_found(tmp_path: Path) -> None:
    """A damaged heading that repeats itself may push one beyond the columns that are read."""
    headings = ",".join(["phi1", "Phi", "phi2", "y", *["ci"] * 150, "x"])
    rows = "\n".join(",".join(["0.1", "0.2", "0.3", f"{y}", *["1"] * 150, f"{x}"]) for x, y in PLACES)
    with pytest.raises(ReadError, match="no column for x among"):
        read(tmp_path / "a.csv", f"{headings}\n{rows}\n")


@pytest.mark.parametrize("packed", [b"PK\x03\x04", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c"])
def test_packed_files_are_refused_with_what_to_do(packed: bytes, tmp_path: Path) -> None:
    """Archives are named as such, whatever their extension says."""
    (tmp_path / "a.ang").write_bytes(packed + bytes(100))
    with pytest.raises(ReadError, match="unpack it"):
        read_ebsd(tmp_path / "a.ang")


@pytest.mark.parametrize(("ending", "advice"), [(".osc", "as .ang"), (".bcf", "as .ctf"), (".ebsp", "index them")])
def test_files_of_vendors_own_kinds_are_refused_with_what_to_export(ending: str, advice: str, tmp_path: Path) -> None:
    """Bytes that only the vendor's program reads."""
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"\xb9\x0b\xef\xff\x02" + bytes(100))
    with pytest.raises(ReadError, match=advice):
        read_ebsd(path)
