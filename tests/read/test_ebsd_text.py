"""Readers of EBSD text: every number to the bit, every variant of .ang, .ctf and plain tables, damaged files."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.errors import ReadError, SodaliteError
from sodalite.read import read_ebsd
from sodalite.read.ebsd_table import Layout, read_table

if TYPE_CHECKING:
    from sodalite.ebsd import EbsdMap

ANG = """# TEM_PIXperUM 1.0
# Phase 1
# MaterialName  Sodium
# Symmetry              43
# LatticeConstants      4.291 4.291 4.291  90.000  90.000  90.000
{more}# GRID: SqrGrid
# XSTEP: 0.5
# YSTEP: 0.5
# NCOLS_ODD: 3
# NCOLS_EVEN: 3
# NROWS: 2
#
"""
CTF = """Channel Text File
Prj\tmap
JobMode\tGrid
XCells\t3
YCells\t2
XStep\t0.5
YStep\t0.5
Euler angles refer to Sample Coordinate system (CS0)!
Phases\t1
4.291;4.291;4.291\t90;90;90\tSodium metal\t11\t229
Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS
"""
PLACES = [(0.5 * column, 0.5 * row) for row in range(2) for column in range(3)]


def ang_rows(tail: str = "100.0 0.5 0 1 1.0", places: list[tuple[float, float]] = PLACES) -> str:
    """Return rows of an .ang file whose columns after the position are `tail`."""
    return "".join(f" {0.1 * i:.5f} 1.00000 2.00000 {x:.5f} {y:.5f} {tail}\n" for i, (x, y) in enumerate(places))


def ctf_rows(places: list[tuple[float, float]] = PLACES) -> str:
    """Return rows of a .ctf file."""
    return "".join(f"1\t{x:.4f}\t{y:.4f}\t8\t0\t{10 * i}.5\t40\t50\t0.5\t100\t200\n" for i, (x, y) in enumerate(places))


def read(tmp_path: Path, name: str, text: str | bytes, **options: object) -> EbsdMap:
    """Return the map of a file with that content."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_ebsd(path, **options)  # type: ignore[arg-type]


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.5f}"),
    st.decimals(allow_nan=False, allow_infinity=False, places=7).map(str),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(["+1.5", "-.5", "7.", "1e-5", "1E+22", "0.1e1", "-0", "9007199254740993", "4.9e-324", "1e400"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[numbers] * 5), min_size=1, max_size=30), st.sampled_from([b"", b"\t", b";"]), st.booleans())
def test_numbers_have_the_bits_of_float(rows: list[tuple[str, ...]], separator: bytes, with_comma: bool) -> None:
    """Whatever way a number is written, the result is Python's, to the last bit."""
    text = "".join((separator.decode() or "  ").join(row) + "\r\n" for row in rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.txt"
        path.write_text(text.replace(".", ",") if with_comma else text)
        layout = Layout(0, {name: i for i, name in enumerate(("phi1", "Phi", "phi2", "x", "y"))}, separator, with_comma)
        table = read_table(path, layout)
    expected = np.array([[float(token) for token in row] for row in rows]).T
    assert np.array_equal(table.wide.view(np.uint64), expected.view(np.uint64))


@pytest.mark.parametrize(
    ("tail", "names"),
    [
        ("100.0 0.5 0", ["iq", "ci"]),
        ("100.0 0.5 0 1 1.0", ["iq", "ci", "sem_signal", "fit"]),
        ("100.0 0.5 0 1 1.0 0.0 0.0 0.0", ["iq", "ci", "sem_signal", "fit"]),
        ("100.0 0.5 0 1 1.0 0.0 4139851999106752800000000000.000000 0.0 0.0", ["iq", "ci", "sem_signal", "fit"]),
    ],
)
def test_ang_files_of_8_10_13_and_14_columns(tail: str, names: list[str], tmp_path: Path) -> None:
    """Further columns without a name are passed over, whatever they hold."""
    ebsd = read(tmp_path, "map.ang", ANG.format(more="") + ang_rows(tail))
    assert (list(ebsd.quality), ebsd.shape, ebsd.phase_counts, ebsd.warnings) == (names, (2, 3), (6,), ())
    assert ebsd.phases[0].name == "Sodium"


def test_old_ang_files_with_the_fit_before_the_phase(tmp_path: Path) -> None:
    """Where the eighth column has fractions and the ninth whole numbers, the ninth is the phase."""
    ebsd = read(tmp_path, "map.ang", ANG.format(more="") + ang_rows("100.0 0.5 1.234 1"))
    assert ebsd.phase_counts == (6,)
    assert ebsd.quality["fit"][0] == np.float32(1.234)


@pytest.mark.parametrize(
    "headings", ["# COLUMN_HEADERS: phi1, PHI, phi2, x, y, IQ, CI, Phase index, SEM, FIT, PRIAS\n",
                 "# Column names: phi1, Phi, phi2, x, y, image_quality, confidence_index, phase_id, signal, fit\n"],
)  # fmt: skip
def test_headings_in_the_header_name_the_columns(headings: str, tmp_path: Path) -> None:
    """OIM 8 and orix write which column is what."""
    ebsd = read(tmp_path, "map.ang", ANG.format(more=headings) + ang_rows("100.0 0.5 1 2 1.0 7"))
    assert ebsd.phase_counts == (6,)


def test_files_of_the_first_versions_know_no_phase(tmp_path: Path) -> None:
    """Six or seven columns are a map of one phase, and it is said."""
    for tail, names in (("100.0", ["iq"]), ("100.0 0.5", ["iq", "ci"])):
        ebsd = read(tmp_path, "a.ang", ANG.format(more="") + ang_rows(tail))
        assert (list(ebsd.quality), ebsd.indexed.sum(), ebsd.phases[0].name) == (names, 6, "Sodium")
        assert "no phase for each point" in ebsd.warnings[0]


def test_angles_that_no_radian_reaches_are_degrees(tmp_path: Path) -> None:
    """An .ang file in degrees reads as the same map; one spoiled value does not turn a map of radians."""
    radians = read(tmp_path, "a.ang", ANG.format(more="") + ang_rows())
    text = "".join(
        f"{np.rad2deg(0.1 * i):.5f} {np.rad2deg(1):.5f} {np.rad2deg(2):.5f} {x} {y} 100.0 0.5 0 1 1.0\n"
        for i, (x, y) in enumerate(PLACES)
    )
    degrees = read(tmp_path, "b.ang", ANG.format(more="") + text)
    np.testing.assert_allclose(degrees.euler_rad, radians.euler_rad, atol=1e-6)
    assert "read as degrees" in degrees.warnings[0]
    many = [(0.5 * k, 0.0) for k in range(50)]
    spoiled = read(tmp_path, "c.ang", ANG.format(more="") + ang_rows(places=many).replace(" 2.00000", " 99.0", 1))
    assert spoiled.euler_rad[1].tolist() == [0.1, 1.0, 2.0]


def test_names_in_a_western_code_page_are_kept(tmp_path: Path) -> None:
    """Instruments write names as the computer's code page has them."""
    path = tmp_path / "a.ctf"
    path.write_bytes((CTF.replace("Sodium metal", "Aust\xe9nite") + ctf_rows()).encode("cp1252"))
    assert read_ebsd(path).phases[0].name == "Aust\xe9nite"


def test_astar_writes_nanometres(tmp_path: Path) -> None:
    """Positions of ACOM files become um."""
    ebsd = read(tmp_path, "map.ang", ANG.format(more="# File created from ACOM RES results\n") + ang_rows("9 8 1 80"))
    assert ebsd.step_um == pytest.approx((5e-4, 5e-4))
    assert "reliability" in ebsd.quality


def test_astar_points_without_reliability_are_not_indexed(tmp_path: Path) -> None:
    """-1 stands where a share of 0 to 1 would, as in MTEX's sample ACOM.ang."""
    header = ANG.format(more="# File created from ACOM RES results\n")
    rows = ang_rows("16.9 -1.000 1 1", PLACES[:2]) + ang_rows("30.2 0.200 1 1", PLACES[2:])
    assert read(tmp_path, "map.ang", header + rows).indexed.tolist() == [False] * 2 + [True] * 4


def test_emsphinx_counts_phases_from_zero(tmp_path: Path) -> None:
    """255 is no solution; points outside the region have no angle and no quality; a named phase is EDAX's."""
    more = "# Phase 2\n# MaterialName\n# Symmetry 62\n# LatticeConstants 1 1 1 90 90 120\n"
    header = ANG.format(more=more).replace("  Sodium", "")
    masked = " 0.0 0.0 0.0 0.5 0.5 0.0 0.000 0 131.0 0.0\n 0.0 0.0 0.0 1.0 0.5 9.0 0.100 0 131.0 1.0\n"
    rows = ang_rows("9 0.5 0", PLACES[:2]) + ang_rows("9 0.5 1", PLACES[2:3]) + ang_rows("9 0.5 255", PLACES[3:4])
    assert read(tmp_path, "map.ang", header + rows + masked).phase_id.tolist() == [1, 1, 2, 0, 0, 1]
    named = header.replace("MaterialName", "MaterialName Sodium", 1)
    assert read(tmp_path, "edax.ang", named + ang_rows("9 0.5 0") + "\n").phase_id.tolist() == [0] * 6


@pytest.mark.parametrize("mark", ["100 -1.0 0 1 1.0", "100 -2.0 -1 1 1.0", "100 0.1 -1 1 1.0"])
def test_points_marked_as_not_indexed(mark: str, tmp_path: Path) -> None:
    """CI of -1 or -2 and phase -1 all mean: no orientation."""
    text = ANG.format(more="") + ang_rows(places=PLACES[:5]) + ang_rows(mark, [PLACES[5]])
    assert read(tmp_path, "map.ang", text).indexed.tolist() == [True] * 5 + [False]


def test_angles_of_four_pi_are_not_indexed(tmp_path: Path) -> None:
    """TSL writes 4 pi into the angles of a point that it could not index, at times with phi1 = 0."""
    text = ANG.format(more="") + ang_rows(places=PLACES[:5]) + " 0.0 12.56637 12.56637 1.0 0.5 9 0.5 0 1 1\n"
    assert read(tmp_path, "map.ang", text).indexed.sum() == 5


def test_phases_of_an_ang_file_are_numbered_by_their_numbers(tmp_path: Path) -> None:
    """Phase 2 may stand first in the header; 0 beside other numbers is not indexed; names may stand in the column."""
    more = "# Phase 2\n# MaterialName Gold Leaf\n# Symmetry 62\n# LatticeConstants 1 1 1 90 90 120\n"
    header = ANG.format(more="").replace("# Phase 1", more + "# Phase 1")
    ebsd = read(tmp_path, "map.ang", header + ang_rows("9 0.5 2", PLACES[:2]) + ang_rows("9 0.5 1", PLACES[2:]))
    assert [phase.name for phase in ebsd.phases] == ["Sodium", "Gold Leaf"]
    assert ebsd.phase_counts == (4, 2)
    ebsd = read(tmp_path, "map.ang", header + ang_rows("9 0.5 0", PLACES[:2]) + ang_rows("9 0.5 1", PLACES[2:]))
    assert ebsd.phase_counts == (4, 0)
    assert read(tmp_path, "named.ang", ANG.format(more="") + ang_rows("9 0.5 Sodium")).phase_counts == (6,)
    from_zero = header.replace("Phase 1", "Phase 0").replace("Phase 2", "Phase 1")
    rows = ang_rows("9 0.5 1", PLACES[:2]) + ang_rows("9 0.5 0", PLACES[2:5]) + ang_rows("9 0.5 -1", PLACES[5:])
    ebsd = read(tmp_path, "mtex.ang", from_zero + rows)
    assert [phase.name for phase in ebsd.phases] == ["Sodium", "Gold Leaf"]
    assert ebsd.phase_id.tolist() == [2, 2, 1, 1, 1, 0]


@pytest.mark.parametrize("change", ["tabs", "blanks", "comma", "crlf", "extra", "missing", "shuffled", "float bands"])
def test_ctf_variants_give_one_map(change: str, tmp_path: Path) -> None:
    """Separators, line ends, column order and row order do not change what is measured."""
    text = CTF + ctf_rows()
    changed = {
        "tabs": text,
        "blanks": (CTF + ctf_rows()).replace("\t", " "),
        "comma": text.replace("4.291", "4,291").replace(".", ","),
        "crlf": text.replace("\n", "\r\n"),
        "extra": text.replace("BC\tBS", "BC\tBS\tGrainIndex").replace("\t200\n", "\t200\t5\n"),
        "missing": text.replace("\t200\n", "\n"),
        "shuffled": CTF + "".join(ctf_rows().splitlines(keepends=True)[::-1]),
        "float bands": text.replace("\t8\t0\t", "\t1234.5\t0\t"),
    }[change]
    first, second = read(tmp_path, "a.ctf", text), read(tmp_path, "b.ctf", changed)
    assert np.array_equal(first.euler_rad, second.euler_rad)
    assert np.array_equal(first.euler_rad[:, 0], np.deg2rad([0.5, 10.5, 20.5, 30.5, 40.5, 50.5]))
    assert (first.phases, first.shape, first.step_um) == (second.phases, second.shape, second.step_um)
    assert first.phases[0].name == "Sodium metal"
    assert second.quality["bands"][0] == (1234.5 if change == "float bands" else 8)


def test_tables_are_read_by_their_headings_or_the_users(tmp_path: Path) -> None:
    """Tables with known headings needs nothing, others need a mapping, and degrees are told from radians."""
    rows = [f"{i},1.0,2.0,{x},{y},1" for i, (x, y) in enumerate(PLACES)]
    known = read(tmp_path, "a.csv", "phi1,Phi,phi2,x,y,phase\n" + "\n".join(rows))
    other = read(
        tmp_path, "b.csv", "a,b,c,d,e,f\n" + "\n".join(rows),
        columns={"phi1": "a", "Phi": "b", "phi2": "c", "x": 3, "y": 4, "phase": "f"},
    )  # fmt: skip
    bare = read(
        tmp_path, "c.csv", "\n".join(rows), columns={"phi1": 0, "Phi": 1, "phi2": 2, "x": 3, "y": 4, "phase": 5}
    )
    assert np.array_equal(known.euler_rad, other.euler_rad)
    assert np.array_equal(known.euler_rad, bare.euler_rad)
    hexagonal = [f"{i},1.0,2.0,{i % 7 + i // 7 % 2 / 2},{i // 7 * 0.75**0.5:.4f},1" for i in range(42)]
    assert read(tmp_path, "h.csv", "phi1,Phi,phi2,x,y,phase\n" + "\n".join(hexagonal)).grid.lattice == "hex"
    degrees = read(tmp_path, "d.csv", "phi1_deg,Phi,phi2,x,y,phase\n" + "\n".join(rows))
    np.testing.assert_allclose(degrees.euler_rad, np.deg2rad(known.euler_rad))
    with pytest.raises(ReadError, match="no column for"):
        read(tmp_path, "e.csv", "a,b,c,d,e,f\n" + "\n".join(rows))


def test_the_users_columns_are_for_tables_alone(tmp_path: Path) -> None:
    """What names the columns of a table leaves the .ang and .ctf files beside it as they are."""
    columns = {"phi1": "A", "Phi": "B", "phi2": "C", "x": 3, "y": 4, "phase": 5}
    for name, text in (("a.ang", ANG.format(more="") + ang_rows()), ("a.ctf", CTF + ctf_rows())):
        assert np.array_equal(
            read(tmp_path, name, text, columns=columns).euler_rad, read_ebsd(tmp_path / name).euler_rad
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        ((CTF + ctf_rows()).encode("utf-16"), "UTF-16"),
        (b"\x00\x01\x02" * 99, "none of the EBSD formats"),
        (ANG.format(more="").encode(), "no line of measurements"),
        ((ANG.format(more="") + ang_rows().replace("1.00000", "what", 1)).encode(), "'what' where a number"),
        ((ANG.format(more="") + ang_rows() + "1 2\n" + ang_rows()).encode(), "fewer than"),
        ((ANG.format(more="") + ang_rows() + ang_rows()).encode(), "already taken"),
        ((ANG.format(more="") + ang_rows("9 0.5 77777")).encode(), "phase number"),
        (CTF.encode(), "no line of measurements"),
        (b"Channel Text File\nPhases\t1\n", "headings"),
        (b"[General]\nx=1\n", "no Channel 5 project|missing"),
        (b"just words\nand more\n", "neither an EBSD file nor"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "damaged"),
    ],
)
def test_damaged_files_are_named_errors(text: bytes, message: str, tmp_path: Path) -> None:
    """Each kind of damage has a sentence."""
    with pytest.raises(ReadError, match=message):
        read(tmp_path, "broken.dat", text)


def test_a_line_that_breaks_off_is_left_out_and_told(tmp_path: Path) -> None:
    """The last line of a killed export does not spoil the others."""
    ebsd = read(tmp_path, "cut.ang", ANG.format(more="") + ang_rows(places=PLACES[:5]) + " 0.1 1.0")
    assert ebsd.size == 5
    assert any("breaks off" in sentence for sentence in ebsd.warnings)


def test_a_header_that_lies_about_its_size_costs_nothing(tmp_path: Path) -> None:
    """123456789 columns in the header are one warning, not one array."""
    import tracemalloc

    text = (CTF + ctf_rows()).replace("XCells\t3", "XCells\t123456789123456789")
    tracemalloc.start()
    ebsd = read(tmp_path, "huge.ctf", text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ebsd.shape == (2, 3)
    assert "123456789123456" in ebsd.warnings[0]
    assert peak < 20e6


@pytest.mark.parametrize("value", ["1e400", "4.0", "0", "-3", "\u00b2", "9" * 5000])
@pytest.mark.parametrize("key", ["XCells\t3", "XStep\t0.5", "Phases\t1", "11\t229"])
def test_impossible_numbers_in_a_header_are_passed_over(key: str, value: str, tmp_path: Path) -> None:
    """Infinite, negative, superscript and endless numbers do not keep the points from being read."""
    head = key.split("\t")[0]
    ebsd = read(tmp_path, "odd.ctf", (CTF + ctf_rows()).replace(key, f"{head}\t{value}"))
    assert (ebsd.shape, ebsd.step_um) == ((2, 3), (0.5, 0.5))


SEEDS = {
    "a.ang": (ANG.format(more="") + ang_rows()).encode(),
    "a.ctf": (CTF + ctf_rows()).encode(),
    "a.txt": b"phi1 Phi phi2 phase x y\n" + b"".join(b"1 2 3 1 %.1f %.1f\n" % place for place in PLACES),
}
TOKENS = [
    b"nan",
    b"-1",
    b"1e308",
    b"inf",
    b"9" * 30,
    b"#",
    b"\t",
    b"\n",
    b"\r",
    b"",
    b",",
    b".",
    b"\x00",
    b"\xff",
    b"1e",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SEEDS)), st.lists(st.tuples(st.floats(0, 1), st.sampled_from(TOKENS), st.integers(0, 60)))
)
def test_whatever_is_done_to_a_text_ends_in_a_map_or_a_sentence(
    name: str, edits: list[tuple[float, bytes, int]]
) -> None:
    """Cut, pasted and spoiled files never crash, hang or fill the memory."""
    content = SEEDS[name]
    for where, token, length in edits:
        at = int(where * len(content))
        content = content[:at] + token + content[at + length :]
    start = time.process_time()
    with TemporaryDirectory() as folder, suppress(SodaliteError):
        path = Path(folder) / name
        path.write_bytes(content)
        assert read_ebsd(path).size * 8 <= len(content)
    assert time.process_time() - start < 5
