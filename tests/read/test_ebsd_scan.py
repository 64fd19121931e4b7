"""Scans of AZtec, OIM, EMsoft and EMSphInx: positions, phases, marks and what their headers say of the axes."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from read.ebsd_scans import EULER, X, Y, edax, h5oina, write
from sodalite.errors import ReadError
from sodalite.read import describe_ebsd, read_ebsd

if TYPE_CHECKING:
    from pathlib import Path


def test_aztec_scans_keep_phases_and_mark_phase_zero(tmp_path: Path) -> None:
    """Radians, angstrom, phase 0 and degrees of MAD come out as the specification says."""
    ebsd = read_ebsd(write(tmp_path / "a.h5oina", h5oina()))
    assert (ebsd.shape, ebsd.frame, ebsd.phase_id.tolist()) == ((2, 3), "channel5", [1, 1, 0, 1, 1, 1])
    assert np.array_equal(ebsd.euler_rad, EULER.astype(np.float64))
    sodium = ebsd.phases[0]
    assert (sodium.name, sodium.laue_group, sodium.space_group) == ("Sodium", "m-3m", 229)
    assert sodium.lattice == pytest.approx((4.291, 4.291, 4.291, 90, 90, 90))
    assert ebsd.quality["mad"][0] == pytest.approx(1.0)


def test_aztec_points_outside_the_area_are_left_out(tmp_path: Path) -> None:
    """Positions of NaN make a sparse grid; without coordinates the cells of the header place the points."""
    content = h5oina()
    content["1/EBSD/Data/X"] = np.where(np.arange(6) == 4, np.nan, X)
    ebsd = read_ebsd(write(tmp_path / "a.h5oina", content))
    assert (ebsd.size, ebsd.grid.missing, ebsd.shape) == (5, 1, (2, 3))
    without = {key: value for key, value in h5oina().items() if key[-2:] not in ("/X", "/Y")}
    assert np.array_equal(read_ebsd(write(tmp_path / "b.h5oina", without)).x_um, X)


def test_oim_scans_and_their_marks(tmp_path: Path) -> None:
    """CI of -1, flags that differ between points, and positions of -1111111 are not indexed or left out."""
    ebsd = read_ebsd(write(tmp_path / "a.h5", edax()))
    assert (ebsd.frame, ebsd.indexed.sum(), ebsd.phases[0].laue_group) == ("tsl", 5, "m-3m")
    flagged = edax() | {"Scan 1/EBSD/Data/Valid": np.array([0, 1, 0, 0, 0, 0], np.int8)}
    assert read_ebsd(write(tmp_path / "b.h5", flagged)).indexed.tolist() == [True, False, False, True, True, True]
    lost = edax() | {f"Scan 1/EBSD/Data/{axis} Position": np.r_[v[:5], -1111111.0] for axis, v in (("X", X), ("Y", Y))}
    assert read_ebsd(write(tmp_path / "c.h5", lost)).size == 5
    setting = edax() | {"Scan 1/EBSD/Header/Coordinate System/ID": np.array([3], ">i4")}
    assert read_ebsd(write(tmp_path / "d.h5", setting)).frame == "tsl-3"


def test_emsoft_takes_rows_from_the_header_and_the_refinement(tmp_path: Path) -> None:
    """EMsoft repeats one y for all rows; refined angles replace the first answer."""
    content = edax() | {
        "EMheader/x": 1,
        "NMLparameters/x": 1,
        "Scan 1/EBSD/Data/Y Position": np.zeros(6, np.float32),
        "Scan 1/EBSD/Data/RefinedEulerAngles": EULER[::-1],
    }
    ebsd = read_ebsd(write(tmp_path / "a.h5", content))
    assert np.array_equal(ebsd.y_um, Y)
    assert np.array_equal(ebsd.euler_rad, EULER[::-1].astype(np.float64))


def test_emsphinx_counts_phases_from_zero(tmp_path: Path) -> None:
    """255 is no solution, (0, 0, 0) with no quality a point outside the region; columns are maps."""
    data, header = "Scan 1/EBSD/Data/", "Scan 1/EBSD/Header/"
    content = edax() | {
        "Manufacturer": "EMSphInx",
        data + "Phase": np.array([[0, 1, 255], [0, 0, 1]], np.uint8),
        data + "Metric": np.float32([[0.5, 0.4, 0.1], [0, 0.3, 0.2]]),
        header + "Phase/2/MaterialName": "",
        header + "Phase/2/Symmetry": np.int32(62),
    }
    for name in ("X Position", "Y Position", "CI", "Valid"):
        del content[data + name]
    for name in ("Phi1", "Phi", "Phi2"):
        content[data + name] = np.where(np.arange(6) == 3, 0, content[data + name]).reshape(2, 3)
    path = write(tmp_path / "a.h5", content)
    ebsd = read_ebsd(path)
    assert ebsd.phase_id.tolist() == [1, 2, 0, 0, 1, 2]
    assert [phase.laue_group for phase in ebsd.phases] == ["m-3m", "6/mmm"]
    assert dict(describe_ebsd(path))["step"] == "x 0.5 um, y 0.5 um, from the header"


@pytest.mark.parametrize(
    ("stated", "x_axis"),
    [("a || x, b* || y, c* || z", "a"), ("a* || x, b || y, c || z", "a*"), ("X||a*", "a*"), ("", "a")],
)
def test_oim_states_how_crystals_lie_in_cartesian_axes(stated: str, x_axis: str, tmp_path: Path) -> None:
    """The header's word goes before the usual of the vendor, which turns trigonal crystals by 30 degrees."""
    content = edax() | {"Scan 1/EBSD/Header/Cartesian Alignment": np.array([stated.encode() + b"\x00"])}
    assert read_ebsd(write(tmp_path / "a.oh5", content)).phases[0].x_axis == x_axis


@pytest.mark.parametrize(("angle", "told"), [(0.0, False), (np.pi, False), (np.nan, False), (0.3, True)])
def test_scans_at_an_angle_to_the_tilt_axis_are_told(angle: float, told: bool, tmp_path: Path) -> None:
    """Half a turn is how AZtec scans; anything between it and none makes the map and its angles differ."""
    content = h5oina() | {"1/EBSD/Header/Scanning Rotation Angle": np.float32([angle])}
    warnings = read_ebsd(write(tmp_path / "a.h5oina", content)).warnings
    assert any("turned by 17.2 degrees" in sentence for sentence in warnings) == told


def test_surfaces_turned_against_the_specimen_are_told(tmp_path: Path) -> None:
    """Angles refer to the surface; whoever means the specimen's axes has to know."""
    content = h5oina() | {"1/EBSD/Header/Specimen Orientation Euler": np.float32([[np.pi / 2, 0, 0]])}
    warnings = read_ebsd(write(tmp_path / "a.h5oina", content)).warnings
    assert [sentence.split(":")[0] for sentence in warnings] == [
        "the acquisition surface is turned by (90, 0, 0) degrees"
    ]


def test_a_laue_group_without_number_is_known_by_its_symbol(tmp_path: Path) -> None:
    """AZtec writes both; a phase of the user's own may have the symbol alone."""
    content = h5oina() | {"1/EBSD/Header/Phases/1/Laue Group": np.int32([0])}
    del content["1/EBSD/Header/Phases/1/Space Group"]
    path = write(tmp_path / "a.h5oina", content)
    assert read_ebsd(path).phases[0].laue_group is None
    with h5py.File(path, "a") as file:
        file["1/EBSD/Header/Phases/1/Laue Group"].attrs["Symbol"] = "m-3m"
    assert read_ebsd(path).phases[0].laue_group == "m-3m"


def test_acquisitions_without_ebsd_say_what_they_hold(tmp_path: Path) -> None:
    """An AZtec file may have element maps and electron images alone."""
    content = {"1/EDS/Data/X": X, "1/Electron Image/Header/X Cells": np.int32(3)}
    with pytest.raises(ReadError, match="it holds EDS, Electron Image: export the acquisition with its EBSD data"):
        read_ebsd(write(tmp_path / "a.h5oina", content))


def test_oim_9_counts_phases_from_zero_and_names_their_laue_groups_by_number(tmp_path: Path) -> None:
    """As PyEBSDIndex writes such files: phase 0 is a phase, and a confidence of -1 alone says not indexed."""
    content = edax() | {"Scan 1/EBSD/Data/Phase": np.int8([0, 0, 0, 1, 1, 1])}
    del content["Scan 1/EBSD/Header/Phase/1/Symmetry"], content["Scan 1/EBSD/Header/Phase/1/MaterialName"]
    for number, (name, code) in enumerate((("Sodium", 43), ("NZSP", 62))):
        content[f"Scan 1/EBSD/Header/Phase/{number}/MaterialName"] = np.array([name.encode() + b"\x00"])
        content[f"Scan 1/EBSD/Header/Phase/{number}/LGsymID"] = np.array([code], np.int32)
    ebsd = read_ebsd(write(tmp_path / "a.oh5", content))
    assert ebsd.phase_id.tolist() == [1, 1, 0, 2, 2, 2]
    assert [(phase.name, phase.laue_group) for phase in ebsd.phases] == [("Sodium", "m-3m"), ("NZSP", "6/mmm")]


def test_several_scans_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    """The first is read with a note; a wrong name lists what there is."""
    second = {key.replace("Scan 1", "Scan 2"): value for key, value in edax().items()}
    second["Scan 2/EBSD/Data/Phi1"] = EULER[:, 0] + 1
    path = write(tmp_path / "a.h5", edax() | second)
    assert any("2 scans" in sentence for sentence in read_ebsd(path).warnings)
    assert np.array_equal(read_ebsd(path, scan=2).euler_rad, read_ebsd(path, scan="Scan 2").euler_rad)
    assert read_ebsd(path, scan=2).euler_rad[0, 0] == np.float64(EULER[0, 0] + np.float32(1))
    with pytest.raises(ReadError, match="Scan 1, Scan 2"):
        read_ebsd(path, scan=7)


def test_scans_without_a_number_of_their_own_are_counted(tmp_path: Path) -> None:
    """Maps of several samples are numbered in the order in which the note lists them, or go by a part of their name."""
    content = {}
    for k, place in enumerate(("B/Map 1", "A/Map 2", "A/Map 1")):
        content |= {key.replace("Scan 1", place): value for key, value in edax().items()}
        content[f"{place}/EBSD/Data/Phi1"] = EULER[:, 0] + k
    path = write(tmp_path / "a.oh5", content)
    assert "0 = A/Map 1, 1 = A/Map 2, 2 = B/Map 1" in read_ebsd(path).warnings[0]
    firsts = [read_ebsd(path, scan=scan).euler_rad[0, 0] for scan in (0, 1, 2, "b/map")]
    assert np.subtract(firsts, EULER[0, 0]).tolist() == pytest.approx([2, 1, 0, 0], abs=1e-6)
    with pytest.raises(ReadError, match="no scan 'A'"):
        read_ebsd(path, scan="A")


def test_what_aztec_crystal_made_stands_behind_what_was_acquired(tmp_path: Path) -> None:
    """Processed points have no positions of their own; the acquired ones are read unless the others are asked for."""
    content = h5oina() | {
        "1/Data Processing/Data/Euler": EULER + 1,
        "1/Data Processing/Data/Phase": np.ones(6, np.uint8),
        "1/Data Processing/Header/Specimen Symmetry": "Triclinic",
    }
    path = write(tmp_path / "a.h5oina", content)
    acquired, processed = read_ebsd(path), read_ebsd(path, scan="Data Processing")
    assert (acquired.indexed.sum(), processed.indexed.sum()) == (5, 6)
    assert "1 = 1/Data Processing" in acquired.warnings[0]
    assert np.array_equal(processed.x_um, acquired.x_um)
    assert processed.phases == acquired.phases
    assert np.array_equal(read_ebsd(path, scan=1).euler_rad, (EULER + 1).astype(np.float64))


def test_hexagonal_cells_place_points_without_coordinates(tmp_path: Path) -> None:
    """Rows of three and two, the second shifted by half a step."""
    content = {key: value[:5] if "/Data/" in key else value for key, value in edax().items() if "Position" not in key}
    content["Scan 1/EBSD/Header/Grid Type"] = np.array([b"HexGrid"])
    content["Scan 1/EBSD/Header/Step Y"] = np.array([0.5 * np.sqrt(0.75)], ">f4")
    ebsd = read_ebsd(write(tmp_path / "a.oh5", content))
    assert (ebsd.grid.kind, ebsd.x_um.tolist()) == ("hex", [0, 0.5, 1, 0.25, 0.75])


def test_no_memory_is_taken_for_rows_that_a_damaged_header_counts(tmp_path: Path) -> None:
    """Hundreds of millions of rows of three points are refused by their number."""
    content = {key: value for key, value in h5oina().items() if not key.endswith(("/X", "/Y"))}
    content["1/EBSD/Header/Y Cells"] = np.int32(900_000_000)
    path = write(tmp_path / "a.h5oina", content)
    tracemalloc.start()
    with pytest.raises(ReadError, match="neither coordinates nor the header's cells place its 6 points"):
        read_ebsd(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
