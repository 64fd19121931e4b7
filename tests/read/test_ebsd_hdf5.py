"""Readers of EBSD in HDF5: layouts built by hand after their specifications, and damaged files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from read.ebsd_scans import EULER, X, Y, edax, h5oina, write
from sodalite.errors import CalibrationError, ReadError, SodaliteError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path


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
