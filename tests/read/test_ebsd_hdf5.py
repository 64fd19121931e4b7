"""Readers of EBSD in HDF5: layouts built by hand after their specifications, and damaged files."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sodalite.errors import CalibrationError, ReadError, SodaliteError
from sodalite.read import describe_ebsd, read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

X, Y = (values.ravel().astype(np.float32) for values in np.meshgrid(0.5 * np.arange(3), 0.5 * np.arange(2)))
EULER = np.random.default_rng(0).uniform(0, 3, (6, 3)).astype(np.float32)


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write datasets by their paths and return the file."""
    with h5py.File(path, "w") as file:
        for name, value in content.items():
            file[name] = value
    return path


def h5oina() -> dict[str, Any]:
    """Return an AZtec scan after the published specification of h5oina."""
    phase = "1/EBSD/Header/Phases/1/"
    return {
        "Manufacturer": "Oxford Instruments",
        "1/EBSD/Data/Euler": EULER,
        "1/EBSD/Data/Phase": np.array([1, 1, 0, 1, 1, 1], np.uint8),
        "1/EBSD/Data/X": X,
        "1/EBSD/Data/Y": Y,
        "1/EBSD/Data/Mean Angular Deviation": np.full(6, np.pi / 180, np.float32),
        "1/EBSD/Header/X Step": np.float32(0.5),
        "1/EBSD/Header/Y Step": np.float32(0.5),
        "1/EBSD/Header/X Cells": np.int32(3),
        "1/EBSD/Header/Y Cells": np.int32(2),
        phase + "Phase Name": "Sodium",
        phase + "Lattice Dimensions": np.float32([[4.291, 4.291, 4.291]]),
        phase + "Lattice Angles": np.float32([[np.pi / 2] * 3]),
        phase + "Laue Group": np.int32([11]),
        phase + "Space Group": np.int32([229]),
    }


def edax() -> dict[str, Any]:
    """Return an OIM scan."""
    data, header = "Scan 1/EBSD/Data/", "Scan 1/EBSD/Header/"
    columns = {data + name: EULER[:, i] for i, name in enumerate(("Phi1", "Phi", "Phi2"))}
    return columns | {
        data + "X Position": X,
        data + "Y Position": Y,
        data + "CI": np.float32([0.5, 0.5, -1, 0.1, 0.2, 0.3]),
        data + "Phase": np.zeros(6, np.int8),
        data + "Valid": np.zeros(6, np.int8),
        header + "Step X": np.array([0.5], ">f4"),
        header + "Step Y": np.array([0.5], ">f4"),
        header + "nColumns": np.array([3], ">i4"),
        header + "nRows": np.array([2], ">i4"),
        header + "Grid Type": np.array([b"SqrGrid"]),
        header + "Phase/1/MaterialName": np.array([b"Sodium"]),
        header + "Phase/1/Symmetry": np.array([43], ">i4"),
    }


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


def test_positions_of_orix_in_pixels_take_the_step_that_is_told(tmp_path: Path) -> None:
    """Px is no length: refused without a step."""
    data, header = "crystal_map/data/", "crystal_map/header/"
    content = {data + name: EULER[:, i].astype(float) for i, name in enumerate(("phi1", "Phi", "phi2"))}
    content |= {data + "x": 2 * X, data + "y": 2 * Y, data + "phase_id": np.zeros(6, int), header + "scan_unit": "px"}
    path = write(tmp_path / "a.h5", content)
    with pytest.raises(CalibrationError, match="'px', which is no length; tell the step"):
        read_ebsd(path)
    assert read_ebsd(path, step_um=0.3).step_um == pytest.approx((0.3, 0.3))


def test_dream3d_8_volumes_give_their_sections(tmp_path: Path) -> None:
    """Geometry in attributes, phases in an ensemble that begins with an invalid one."""
    cells = "DataStructure/Volume/Cells/"
    content = {
        cells + "EulerAngles": np.stack((EULER, EULER + 1)).reshape(2, 2, 3, 3),
        cells + "Phases": np.ones((2, 2, 3, 1), np.int32),
        "DataStructure/Volume/Ensembles/CrystalStructures": np.array([[999], [1]], np.uint32),
        "DataStructure/Volume/Ensembles/LatticeConstants": np.float32([[0] * 6, [4.29, 4.29, 4.29, 90, 90, 90]]),
    }
    path = write(tmp_path / "a.dream3d", content)
    with h5py.File(path, "a") as file:
        file["DataStructure/Volume"].attrs.update({"_DIMENSIONS": [3, 2, 2], "_SPACING": [0.5, 0.5, 1.0]})
    ebsd = read_ebsd(path, scan=1)
    assert (ebsd.shape, ebsd.step_um, ebsd.frame, ebsd.phases[0].laue_group) == ((2, 3), (0.5, 0.5), "map", "m-3m")
    assert np.array_equal(ebsd.euler_rad, (EULER + 1).astype(np.float64))
    with pytest.raises(ReadError, match="0 to 1"):
        read_ebsd(path, scan=2)
    with h5py.File(path, "a") as file:  # a synthetic volume keeps the angles and phases of its grains too
        file["DataStructure/Volume/Grains/EulerAngles"] = EULER[:4]
        file["DataStructure/Volume/Grains/Phases"] = np.ones((4, 1), np.int32)
    assert np.array_equal(read_ebsd(path, scan=1).euler_rad, ebsd.euler_rad)


def test_dream3d_4_volumes_keep_their_geometry_beside_the_cells(tmp_path: Path) -> None:
    """Version 4 has datasets of the container where later ones have a group or attributes."""
    place = "VoxelDataContainer/"
    content = {
        place + "CELL_DATA/EulerAngles": EULER,
        place + "CELL_DATA/Phases": np.ones((6, 1), np.int32),
        place + "DIMENSIONS": np.int64([3, 2, 1]),
        place + "SPACING": np.float32([0.5, 0.25, 1]),
        place + "ORIGIN": np.float32([0, 0, 0]),
        place + "CELL_ENSEMBLE_DATA/CrystalStructures": np.uint32([[999], [1]]),
    }
    content |= {place + "FIELD_DATA/EulerAngles": EULER[:4], place + "FIELD_DATA/Phases": np.ones((4, 1), np.int32)}
    ebsd = read_ebsd(write(tmp_path / "a.dream3d", content))
    assert (ebsd.shape, ebsd.step_um, ebsd.phases[0].laue_group) == ((2, 3), (0.5, 0.25), "m-3m")
    assert [warning.split(":")[0] for warning in ebsd.warnings] == ["DREAM.3D names no reference frame"]


def test_arrays_larger_than_ten_files_are_refused(tmp_path: Path) -> None:
    """A dataset of a billion points that were never written is damage, not a reason to fill the memory."""
    path = write(tmp_path / "a.h5", {key: value for key, value in edax().items() if not key.endswith("/Phi1")})
    with h5py.File(path, "a") as file:
        file.create_dataset("Scan 1/EBSD/Data/Phi1", (10**9,), np.float32, chunks=(10**6,))
    with pytest.raises(ReadError, match="ten times"):
        read_ebsd(path)


@pytest.mark.parametrize("name", ["Phi1", "Phase", "X Position"])
def test_columns_of_another_length_are_refused(name: str, tmp_path: Path) -> None:
    """Shortened columns end in a sentence or are replaced by what the header states, never in a crash."""
    content = edax()
    content[f"Scan 1/EBSD/Data/{name}"] = content[f"Scan 1/EBSD/Data/{name}"][:3]
    with suppress(SodaliteError):
        assert read_ebsd(write(tmp_path / "a.h5", content)).shape == (2, 3)


def test_a_scan_without_points_is_refused(tmp_path: Path) -> None:
    """Columns of no length end in their own sentence."""
    content = h5oina() | {"1/EBSD/Data/Euler": EULER[:0], "1/EBSD/Data/Phase": np.zeros(0, np.uint8)}
    with pytest.raises(ReadError, match="holds no point"):
        read_ebsd(write(tmp_path / "a.h5oina", content))


def test_damaged_bytes_never_escape_as_other_errors(tmp_path: Path) -> None:
    """300 files with spoiled bytes or cut ends read or are refused."""
    whole = write(tmp_path / "whole.h5", h5oina()).read_bytes()
    rng = np.random.default_rng(5)
    path = tmp_path / "spoiled.h5"
    for _ in range(300):
        content = bytearray(whole[: rng.integers(len(whole) // 2, len(whole) + 1)])
        for at in rng.integers(0, len(content), rng.integers(1, 12)):
            content[at] = rng.integers(256)
        path.write_bytes(content)
        with suppress(SodaliteError):
            assert read_ebsd(path).size <= 100


def test_names_whose_free_places_form_a_circle_are_refused(tmp_path: Path) -> None:
    """Whichever group is damaged so: those that are looked into are named, and the library never walks the circle."""
    whole = write(tmp_path / "whole.h5", edax()).read_bytes()
    heaps = [at for at in range(len(whole)) if whole.startswith(b"HEAP", at)]
    refused = []
    for heap in heaps:
        content = bytearray(whole)
        place = int.from_bytes(whole[heap + 24 : heap + 32], "little")
        content[heap + 16 : heap + 24] = (8).to_bytes(8, "little")
        content[place + 8 : place + 16] = (8).to_bytes(8, "little")
        path = tmp_path / "circle.h5"
        path.write_bytes(content)
        try:
            assert read_ebsd(path).shape == (2, 3)
        except ReadError as error:
            refused.append(str(error))
    assert len(heaps) == len(refused) == 7
    assert all("does not end" in sentence for sentence in refused)
    assert "the names of / does" in refused[0]


def test_strings_whose_heap_leads_nowhere_are_refused(tmp_path: Path) -> None:
    """An object of no size, or a huge one, would keep the library for ever; a string of 2 GB would take as much."""
    whole = write(tmp_path / "whole.h5oina", h5oina()).read_bytes()
    heap = whole.index(b"GCOL")
    path = tmp_path / "stuck.h5oina"
    for at, size in ((16, 2**63), (32 + (len(h5oina()["Manufacturer"]) + 7) // 8 * 8, 2**63)):
        path.write_bytes(whole[: heap + at + 8] + size.to_bytes(8, "little") + whole[heap + at + 16 :])
        with pytest.raises(ReadError, match="do not end"):
            read_ebsd(path)
    path.write_bytes(whole[: heap + 16] + bytes(16) + whole[heap + 32 :])
    with pytest.raises(ReadError, match="do not end"):
        read_ebsd(path)
    place = whole.index((6).to_bytes(4, "little") + heap.to_bytes(8, "little"))
    path.write_bytes(whole[:place] + (2**31).to_bytes(4, "little") + whole[place + 4 :])
    with pytest.raises(ReadError, match="strings of /1/EBSD/Header/Phases/1/Phase Name"):
        read_ebsd(path)
    path.write_bytes(whole[: place + 12] + (99).to_bytes(4, "little") + whole[place + 16 :])
    with pytest.raises(ReadError, match="strings of /1/EBSD/Header/Phases/1/Phase Name"):
        read_ebsd(path)
    path.write_bytes(whole.replace(b"\x19\x01", b"\x19\xda"))  # strings that pass for sequences crash the library
    with pytest.raises(ReadError, match="holds no text"):
        read_ebsd(path)
    assert read_ebsd(tmp_path / "whole.h5oina").phases[0].name == "Sodium"


def test_a_guard_follows_headers_that_go_on_elsewhere(tmp_path: Path) -> None:
    """A group with so many attributes that its header is in pieces is read; so is one behind a user block."""
    path = write(tmp_path / "a.h5", edax())
    with h5py.File(path, "a") as file:
        file["Scan 1"].attrs.update({f"note {number}": np.zeros(20) for number in range(30)})
    assert read_ebsd(path).shape == (2, 3)
    with h5py.File(tmp_path / "b.h5", "w", userblock_size=512) as file:
        for name, value in edax().items():
            file[name] = value
    assert read_ebsd(tmp_path / "b.h5").shape == (2, 3)
