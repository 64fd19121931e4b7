"""APEX projects built by hand: records with matrices that only the header places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

EULER = np.random.default_rng(0).uniform(0.1, 3, (6, 3))
RECORD = np.dtype([("Orientations", "<f4", (9,)), ("IQ", "<f4"), ("CI", "<f4"), ("Phase", "<i4"), ("Fit", "<f4")])


def turned(axis: int, angle: float) -> np.ndarray:
    """Return the matrix that turns the axes about one of them."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) if axis == 2 else np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def project(path: Path, phase: list[int], *, phases: int = 1, grid: str = "SqrGrid", setting: int = 1) -> Path:
    """Write a project with one map of two rows of three, or of three and two on a hexagonal grid."""
    records = np.zeros(len(phase), RECORD)
    for k, (phi1, tilt, phi2) in enumerate(EULER[: len(phase)]):
        records["Orientations"][k] = (turned(2, phi2) @ turned(0, tilt) @ turned(2, phi1)).ravel()
    records["Phase"], records["CI"] = phase, 0.5
    area = "Project/Sample/Area 1/OIM Map 1/"
    with h5py.File(path, "w") as file:
        file[area + "EBSD/ANG/DATA/DATA"] = records
        for number in range(1, phases + 1):
            place = f"{area}EBSD/ANG/HEADER/Phase/{number}/"
            file[place + "Material Name"] = np.array([f"phase {number}".encode()])
            file[place + "Symmetry"] = np.int32([43])
            for key, value in zip(("A", "B", "C", "Alpha", "Beta", "Gamma"), (4.29,) * 3 + (90.0,) * 3, strict=True):
                file[f"{place}Lattice Constant {key}"] = np.float32([value])
        stated = {"Step X": 0.5, "Step Y": 0.25, "Number Of Columns": 3, "Number Of Rows": 2}
        for key, number in (stated | {"CoOrdinate System Id": setting}).items():
            file[f"{area}Sample/{key}"] = np.array([number])
        file[f"{area}Sample/Grid Type"] = np.array([grid.encode()])
    return path


def test_matrices_become_the_angles_they_were_made_of(tmp_path: Path) -> None:
    """Angles, lattice, frame and places come out of records and header."""
    ebsd = read_ebsd(project(tmp_path / "a.edaxh5", [0] * 6, setting=2))
    np.testing.assert_allclose(ebsd.euler_rad, EULER, atol=1e-5)
    assert (ebsd.shape, ebsd.step_um, ebsd.frame) == ((2, 3), (0.5, 0.25), "tsl-2")
    assert ebsd.phases[0].lattice == pytest.approx((4.29, 4.29, 4.29, 90, 90, 90))
    assert (ebsd.phases[0].laue_group, ebsd.indexed.all(), list(ebsd.quality)) == ("m-3m", True, ["iq", "ci", "fit"])


def test_several_phases_are_counted_from_zero(tmp_path: Path) -> None:
    """-1 is not indexed; 0 and 1 are two phases, as are 1 and 2."""
    from_zero = read_ebsd(project(tmp_path / "a.edaxh5", [-1, 0, 1, 1, 0, 1], phases=2))
    assert from_zero.phase_id.tolist() == [0, 1, 2, 2, 1, 2]
    from_one = read_ebsd(project(tmp_path / "b.edaxh5", [-1, 1, 2, 2, 1, 2], phases=2))
    assert from_one.phase_id.tolist() == [0, 1, 2, 2, 1, 2]


def test_rows_of_a_hexagonal_grid_are_shifted(tmp_path: Path) -> None:
    """Three points and two between them make a hexagonal grid."""
    path = project(tmp_path / "a.edaxh5", [0] * 5, grid="HexGrid")
    with h5py.File(path, "a") as file:
        file["Project/Sample/Area 1/OIM Map 1/Sample/Step Y"][...] = 0.5 * np.sqrt(0.75)
    ebsd = read_ebsd(path)
    assert (ebsd.grid.kind, ebsd.shape) == ("hex", (2, 3))
    assert ebsd.x_um.tolist() == [0, 0.5, 1, 0.25, 0.75]


def test_records_that_do_not_fit_their_header_are_refused(tmp_path: Path) -> None:
    """Five records are no two rows of three."""
    with pytest.raises(ReadError, match="place its 5 points"):
        read_ebsd(project(tmp_path / "a.edaxh5", [0] * 5))
