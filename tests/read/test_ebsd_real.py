"""Real EBSD files of every vendor: shape, step, phases and indexed points, point by point against MTEX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sodalite.ebsd import Phase
from sodalite.errors import ReadError, SodaliteError
from sodalite.read import describe_ebsd, is_ebsd, read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

FACTS = [
    ("mtex/twins.ctf", "square", (137, 167), 0.3, ["6/mmm"]),
    ("mtex/titanium.txt", "hex", (97, 84), 12, [None]),
    ("mtex/P5629U1.txt", "sparse-square", (100, 301), 30, [None] * 4),
    ("mtex/DC06_2uniax.ang", "square", (101, 51), 1, ["m-3m"]),
    ("mtex/testdata_hex.ctf", "hex", (30, 30), 1, ["2/m"]),
    ("mtex/testdata_sqr.ctf", "square", (30, 30), 1, ["2/m"]),
    ("mtex/3dData/S00.ANG", "square", (40, 35), 0.4, ["m-3m"]),
    ("defdap/testDataEBSD.crc", "square", (243, 359), 0.12, ["m-3m"]),
    ("defdap/testDataEBSD.cpr", "square", (243, 359), 0.12, ["m-3m"]),
    ("payton/Example_Data1.ctf", "square", (230, 230), 1, ["m-3m"]),
    ("ebsdlib/Out_Of_Order.ang", "square", (201, 189), 0.25, ["m-3m"]),
    ("ebsdlib/EdaxAngOnly.h5", "square", (151, 186), 1.5, ["m-3m"]),
    ("pyebsd/ADI_bcc_fcc_cropped.ang", "hex", (181, 178), 0.1, ["m-3m", "m-3m"]),
    ("orix-data/sdss_ferrite_austenite.ang", "square", (100, 117), 1.5, ["m-3m", "m-3m"]),
    ("lightform/HeatingRun1_970C_2um.crc", "square", (302, 371), 2, ["m-3m", "6/mmm"]),
    ("vbluemer/x0.ctf", "square", (250, 250), 0.5, ["6/mmm"]),
    ("pymicro/Ti64-200x200.ang", "square", (200, 200), 0.4999, ["6/mmm"]),
    ("mtextools/copperSquare.crc", "square", (296, 293), 2, ["m-3m"]),
    ("mtextools/MEA_60CR_1C.ctf", "sparse-square", (375, 500), 0.96, ["m-3m"]),
    ("stabix/b12_scan01.ang", "square", (141, 156), 0.05, ["6/mmm"]),
    ("dream3d/Small_IN100_Slice1.dream3d", "square", (201, 189), 0.25, ["m-3m"]),
    ("dream3d/6_5_h5ebsd_exemplar.h5ebsd", "square", (201, 189), 0.25, ["m-3m"]),
    ("kikuchipy/ni_large_orix.h5", "square", (55, 75), 1.5, ["m-3m"]),
    ("kikuchipy/oxford_patterns.h5oina", "square", (3, 3), 1.5, [None]),
    ("kikuchipy/bruker_patterns.h5", "square", (3, 3), 1.5, ["m-3m"]),
    ("kikuchipy/bruker_patterns_roi.h5", "square", (3, 2), 1.5, ["m-3m"]),
]

MTEX = [
    ("mtex/twins.ctf", "twins_mg"),
    ("mtex/titanium.txt", "titanium_hex"),
    ("mtex/P5629U1.txt", "mylonite"),
    ("mtex/DC06_2uniax.ang", "dc06"),
    ("defdap/testDataEBSD.crc", "defdap_ni"),
    ("payton/Example_Data1.ctf", "payton1"),
    ("ebsdlib/Out_Of_Order.ang", "in100_s1"),
    ("pyebsd/ADI_bcc_fcc_cropped.ang", "adi_hex"),
    ("orix-data/sdss_ferrite_austenite.ang", "sdss"),
    ("lightform/HeatingRun1_970C_2um.cpr", "heat970_ti"),
    ("vbluemer/x0.ctf", "x0_ti"),
    ("pymicro/Ti64-200x200.ang", "ti64"),
]


@pytest.mark.parametrize(("name", "kind", "shape", "step", "groups"), FACTS, ids=[fact[0] for fact in FACTS])
def test_the_grid_is_the_published_one(
    name: str, kind: str, shape: tuple[int, int], step: float, groups: list[str | None], shared_data: Path
) -> None:
    """Kind, shape, step along a row and Laue groups are those of the data sheet."""
    ebsd = read_ebsd(shared_data / "ebsd" / name)
    assert (ebsd.grid.kind, ebsd.shape) == (kind, shape)
    assert ebsd.step_um[0] == pytest.approx(step, rel=1e-4)
    assert ebsd.step_um[1] == pytest.approx(step * (np.sqrt(0.75) if kind == "hex" else 1), rel=1e-4)
    assert [phase.laue_group for phase in ebsd.phases] == groups


@pytest.mark.parametrize(("name", "reference"), MTEX, ids=[pair[1] for pair in MTEX])
def test_every_point_and_phase_is_that_of_mtex(name: str, reference: str, shared_data: Path) -> None:
    """Sorted by y, then x, positions and phases agree with MTEX at each point."""
    ebsd = read_ebsd(shared_data / "ebsd" / name)
    truth = np.load(shared_data / "ebsd" / "reference" / f"{reference}_mtex.npz")
    np.testing.assert_allclose(ebsd.x_um, truth["x"], rtol=0, atol=1e-12 * max(1, truth["x"].max()))
    np.testing.assert_allclose(ebsd.y_um, truth["y"], rtol=0, atol=1e-12 * max(1, truth["y"].max()))
    assert np.array_equal(ebsd.phase_id, truth["phase"])


def test_shuffled_rows_equal_the_same_section_in_hdf5(shared_data: Path) -> None:
    """Sorting the shuffled file gives the float32 values of the h5ebsd exemplar, bit for bit."""
    folder = shared_data / "ebsd"
    shuffled = read_ebsd(folder / "ebsdlib/Out_Of_Order.ang")
    exemplar = read_ebsd(folder / "dream3d/6_5_h5ebsd_exemplar.h5ebsd", scan=1)
    assert np.array_equal(shuffled.euler_rad.astype(np.float32), exemplar.euler_rad.astype(np.float32))
    assert np.array_equal(shuffled.phase_id, exemplar.phase_id)
    for name in ("ci", "iq", "fit", "sem_signal"):
        assert np.array_equal(shuffled.quality[name], exemplar.quality[name])


def test_rows_written_by_columns_are_sorted(shared_data: Path) -> None:
    """A file that runs down the columns gives the same map as its values put in place one by one."""
    path = shared_data / "ebsd/vbluemer/x0.ctf"
    table = np.loadtxt(path, skiprows=15, usecols=(1, 2, 5))
    dense = np.empty((250, 250))
    dense[np.rint(table[:, 1] / 0.5).astype(int), np.rint(table[:, 0] / 0.5).astype(int)] = np.deg2rad(table[:, 2])
    ebsd = read_ebsd(path)
    assert np.array_equal(ebsd.on_grid(ebsd.euler_rad[:, 0], fill=0), dense)


def test_wrong_headers_are_named_with_both_values(shared_data: Path) -> None:
    """Step and cells of a header that the coordinates deny are both in the warning."""
    warnings = " ".join(read_ebsd(shared_data / "ebsd/mtex/3dData/S05.ANG").warnings)
    for part in ("0.1 um", "0.4 um", "140 x 160", "35 x 40"):
        assert part in warnings
    assert "156 x 142" in " ".join(read_ebsd(shared_data / "ebsd/stabix/b12_scan01.ang").warnings)
    assert "hex" in " ".join(read_ebsd(shared_data / "ebsd/ebsdlib/hostile/HexHeader.ang").warnings)


def test_free_coordinates_are_refused_or_filled_on_demand(shared_data: Path) -> None:
    """617 points of an interactive session make no grid, unless a step is given."""
    path = shared_data / "ebsd/mtex/eclogite.ctf"
    with pytest.raises(ReadError, match="617 points lie on no grid"):
        read_ebsd(path)
    filled = read_ebsd(path, step_um=20)
    assert filled.grid.kind == "sparse-square", "places outside the hull of the points stay empty"
    assert len(filled.phases) == 7
    with pytest.raises(SodaliteError, match="larger step"):
        read_ebsd(path, step_um=0.01)


def test_phases_keep_their_names_and_constants(shared_data: Path) -> None:
    """Names, lattice and the fall-back from an empty Laue group to the space group."""
    copper = read_ebsd(shared_data / "ebsd/mtextools/copperSquare.cpr").phases[0]
    assert (copper.name, copper.laue_group, copper.space_group, copper.point_group) == ("Copper", "m-3m", 214, "432")
    cubic, hexagonal = read_ebsd(shared_data / "ebsd/lightform/HeatingRun1_970C_2um.cpr").phases
    assert (cubic.point_group, hexagonal.point_group) == ("432", "622")
    assert hexagonal.lattice == pytest.approx((2.954, 2.954, 4.729, 90, 90, 120))
    assert read_ebsd(shared_data / "ebsd/kikuchipy/ni_large_orix.h5").phases[0].lattice == pytest.approx(
        (3.5236, 3.5236, 3.5236, 90, 90, 90)
    )


def test_decimal_commas_read_as_points(shared_data: Path) -> None:
    """The European and the US export of one map hold the same values."""
    folder = shared_data / "ebsd/ebsdlib/hostile"
    european, us = (read_ebsd(folder / f"Test_{name}_1.ctf") for name in ("European", "US"))
    assert np.array_equal(european.euler_rad, us.euler_rad)
    assert european.phases == us.phases
    assert all(np.array_equal(european.quality[key], us.quality[key]) for key in us.quality)


def test_every_file_reads_or_is_refused_with_a_sentence(shared_data: Path) -> None:
    """Nothing but errors of our own leaves the reader, and each names the file."""
    refusals = {}
    for path in sorted((shared_data / "ebsd").rglob("*")):
        if path.is_dir() or "reference" in path.parts or path.suffix == ".npz" or path.stat().st_size > 1e6:
            continue
        try:
            read_ebsd(path)
        except SodaliteError as error:
            refusals[path.name] = str(error)
    assert "Test_HeaderCache-1.ang" in refusals
    assert [sentence for name, sentence in refusals.items() if name not in sentence or sentence[-1] != "."] == []


def test_information_rows_tell_grid_phases_and_frame(shared_data: Path) -> None:
    """What `sodalite info` shows names the grid, each phase with its group, the share indexed and the frame."""
    rows = dict(describe_ebsd(shared_data / "ebsd/pyebsd/ADI_bcc_fcc_cropped.ang"))
    assert rows["grid"].startswith("hex, 181 rows x 178 columns")
    assert "Iron (Alpha), 22744 points" in rows["phase 1"]
    assert rows["indexed"].startswith("31946 of 32128")
    assert "'tsl'" in rows["frame"]
    assert is_ebsd(shared_data / "ebsd/mtex/twins.ctf")
    assert not is_ebsd(shared_data / "README.md")


def test_a_table_takes_the_phases_it_is_given(shared_data: Path) -> None:
    """Symmetry that a plain table lacks can be handed in."""
    titanium = Phase("Ti", "6/mmm", None, None, "a*")
    ebsd = read_ebsd(shared_data / "ebsd/mtex/titanium.txt", phases=[titanium], frame="channel5")
    assert (ebsd.phases[0].point_group, ebsd.frame) == ("622", "channel5")
