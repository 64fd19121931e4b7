"""What becomes of points that contradict the rest of their file: phases nobody describes, places far away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "Channel Text File\nPhases\t1\n4.291;4.291;4.291\t90;90;90\tSodium metal\t11\t229\n"
HEADINGS = "Phase\tX\tY\tEuler1\tEuler2\tEuler3\n"


def ctf(path: Path, phase: np.ndarray, x_um: np.ndarray, y_um: np.ndarray) -> Path:
    """Write a .ctf file of points with these phases and places."""
    rows = (f"{number}\t{x:.4f}\t{y:.4f}\t30\t40\t50\n" for number, x, y in zip(phase, x_um, y_um, strict=True))
    path.write_text(HEADER + HEADINGS + "".join(rows))
    return path


def raster() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return phases and places of 400 points."""
    return np.ones(400, int), 0.5 * np.tile(np.arange(20), 20), 0.5 * np.repeat(np.arange(20), 20)


@pytest.mark.parametrize(("count", "names"), [(4, ["Sodium metal"]), (5, ["Sodium metal", "phase 7"])])
def test_few_points_of_a_phase_nobody_describes_are_not_indexed(count: int, names: list[str], tmp_path: Path) -> None:
    """Up to a hundredth of the points costs only those points; more of them ask for their symmetry."""
    phase, x_um, y_um = raster()
    phase[:count] = 7
    ebsd = read_ebsd(ctf(tmp_path / "a.ctf", phase, x_um, y_um))
    assert [found.name for found in ebsd.phases] == names
    assert ebsd.indexed.sum() == (400 if len(names) > 1 else 396)
    assert ebsd.warnings[0].startswith(f"{count} points have phase 7, which the header does not describe")


def test_a_column_that_is_no_phase_is_refused(tmp_path: Path) -> None:
    """A number of its own for each point is a grain's or damage."""
    _, x_um, y_um = raster()
    with pytest.raises(ReadError, match="its points have 400 different phases"):
        read_ebsd(ctf(tmp_path / "a.ctf", np.arange(1, 401), x_um, y_um))


@pytest.mark.parametrize(("place_um", "axis"), [(4e7, "x"), (-1e3, "y")])
def test_a_point_far_away_is_named(place_um: float, axis: str, tmp_path: Path) -> None:
    """One damaged position is the reason that there is no grid, whatever the grid makes of it."""
    phase, *places = raster()
    places["xy".index(axis)][50] = place_um
    path = ctf(tmp_path / "a.ctf", phase, *places)
    with pytest.raises(ReadError, match=rf"1 of 400 points.*\(point 51\) at {axis} = .*from 0 to 9\.5 um"):
        read_ebsd(path)


def test_lines_that_end_with_cr_alone_are_read(tmp_path: Path) -> None:
    """Files of old Macs hold the same map."""
    path = ctf(tmp_path / "a.ctf", *raster())
    mac = tmp_path / "b.ctf"
    mac.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r"))
    expected, found = read_ebsd(path), read_ebsd(mac)
    assert (found.name, found.shape, found.phases) == ("b.ctf", expected.shape, expected.phases)
    assert np.array_equal(found.euler_rad, expected.euler_rad)


@pytest.mark.parametrize(
    ("general", "told"),
    [
        ("Description=Exported from MTEX", "MTEX wrote the file"),
        ("ScanningRotationAngle=90", "the scan is turned by 90 degrees"),
        ("ScanningRotationAngle=180", ""),
        ("[AcquisitionSurface]\nEuler1=0\nEuler2=20", "the acquisition surface is turned by (0, 20, 0) degrees"),
    ],
)
def test_what_a_project_says_of_its_axes_is_told(general: str, told: str, tmp_path: Path) -> None:
    """Angles that MTEX may have turned, and scans that are neither along nor against the tilt axis."""
    job = "[Job]\nxCells=3\nyCells=2\nGridDistX=0.5\nGridDistY=0.5\n[Fields]\nCount=3\nField1=3\nField2=4\nField3=5\n"
    phases = "[Phases]\nCount=1\n[Phase1]\nStructureName=Na\nLaueGroup=11\nSpaceGroup=229\n"
    (tmp_path / "a.cpr").write_text(f"[General]\n{general}\n{job}{phases}")
    record = np.zeros(6, dtype=[("phase", "u1"), ("euler", "<f4", 3)])
    record["phase"] = 1
    (tmp_path / "a.crc").write_bytes(record.tobytes())
    warnings = read_ebsd(tmp_path / "a.cpr").warnings
    assert [warning.startswith(told) for warning in warnings] == ([True] if told else [])


def test_a_text_file_that_mtex_wrote_is_told(tmp_path: Path) -> None:
    """MTEX names itself behind each phase."""
    path = ctf(tmp_path / "a.ctf", *raster())
    path.write_text(path.read_text().replace("\t229\n", "\t229\t\t\tCreated from mtex\n"))
    assert [warning.split(":")[0] for warning in read_ebsd(path).warnings] == ["MTEX wrote the file"]
