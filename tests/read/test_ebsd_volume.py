"""Volumes of DREAM.3D whose arrays have names of their own, and dictionary indexing of EMsoft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sodalite.ebsd import quaternions_from_euler
from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

EULER = np.random.default_rng(0).uniform(0.1, 3.0, (6, 3)).astype(np.float32)


def volume(path: Path, cells: dict[str, Any], ensemble: dict[str, Any] | None = None) -> Path:
    """Write a volume of 3 x 2 x 1 cells as DREAM3D-NX does."""
    with h5py.File(path, "w") as file:
        place = file.create_group("DataStructure/Image")
        place.attrs.update({"_DIMENSIONS": [3, 2, 1], "_SPACING": [0.5, 0.5, 1.0], "_ORIGIN": [0.0, 0.0, 0.0]})
        for name, values in cells.items():
            place[f"Cell Data/{name}"] = values
        for name, values in (ensemble or {}).items():
            place[f"Phase Data/{name}"] = values
    return path


@pytest.mark.parametrize("kind", ["angles", "quaternions"])
def test_arrays_are_found_by_what_their_names_and_components_say(kind: str, tmp_path: Path) -> None:
    """Quaternions have their scalar last; colours and grain numbers beside them are not taken for orientations."""
    quaternions = np.roll(quaternions_from_euler(EULER), -1, axis=1).astype(np.float32)
    held = {"angles": ("euler_bunge", EULER), "quaternions": ("Quats (filled)", quaternions)}
    name, values = held[kind]
    cells = {
        name: values.reshape(1, 2, 3, -1),
        "Euler colours": np.zeros((1, 2, 3, 3), np.uint8),
        "Parent Phase": np.ones((1, 2, 3, 1), np.int32),
        "Phase fraction": np.ones((1, 2, 3, 1), np.float32),
    }
    ebsd = read_ebsd(volume(tmp_path / "a.dream3d", cells, {"Crystal Structure": np.uint32([[999], [1]])}))
    assert ebsd.phases[0].laue_group == "m-3m"
    expected = quaternions_from_euler(EULER)
    assert np.allclose(np.abs((ebsd.quaternions * expected).sum(axis=1)), 1, atol=1e-6)


def test_a_volume_without_orientations_says_what_it_has(tmp_path: Path) -> None:
    """Arrays that nothing in their names tells apart are listed."""
    path = volume(tmp_path / "a.dream3d", {"A": EULER.reshape(1, 2, 3, 3), "B": np.ones((1, 2, 3, 1), np.int32)})
    with pytest.raises(ReadError, match="its image geometry has A, B: call one EulerAngles or Quats and one Phases"):
        read_ebsd(path)


@pytest.mark.parametrize("kind", ["table", "dictionary"])
def test_emsoft_scans_with_angles_alone(kind: str, tmp_path: Path) -> None:
    """Without phi1, Phi, phi2 in columns of their own: a table, or the places of a dictionary in degrees, from 1."""
    scan = "Scan 1/EBSD/"
    order = np.array([3, 1, 2, 6, 4, 5, 1, 1])  # EMsoft fills the last batch of patterns
    tables = {
        "table": {"EulerAngles": EULER},
        "dictionary": {
            "DictionaryEulerAngles": np.rad2deg(EULER),
            "TopMatchIndices": np.stack((order, order[::-1]), axis=1).astype(np.int32),
        },
    }
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in tables[kind].items():
            file[f"{scan}Data/{name}"] = values
        header = {"nColumns": 3, "nRows": 2, "Step X": 0.5, "Step Y": 0.5, "Phase/1/MaterialName": "Ni"}
        for name, value in header.items():
            file[f"{scan}Header/{name}"] = value
        file[f"{scan}Header/Phase/1/Symmetry"] = 43
    ebsd = read_ebsd(tmp_path / "a.h5")
    expected = EULER if kind == "table" else EULER[order[:6] - 1]
    assert ebsd.euler_rad == pytest.approx(expected, abs=1e-6)
    assert (ebsd.shape, ebsd.phases[0].laue_group) == ((2, 3), "m-3m")


def test_matches_beyond_the_dictionary_are_damage(tmp_path: Path) -> None:
    """A place that the dictionary does not have is refused."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["Scan 1/EBSD/Data/DictionaryEulerAngles"] = EULER
        file["Scan 1/EBSD/Data/TopMatchIndices"] = np.int32([[1], [7]])
        file["Scan 1/EBSD/Header/nColumns"] = 2
    with pytest.raises(ReadError, match="beyond the 6 entries"):
        read_ebsd(tmp_path / "a.h5")
