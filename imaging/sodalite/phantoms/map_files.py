"""EBSD files as EDAX, Oxford and orix write them, from any map, to the last bit unless fewer decimals are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd.phase import LAUE_ORDER
from sodalite.errors import ReadError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from sodalite.ebsd import EbsdMap, Phase

_TSL_CODES = {"m-3m": "43", "m-3": "23", "6/mmm": "62", "6/m": "6", "-3m": "32", "-3": "3"} | {
    "4/mmm": "42", "4/m": "4", "mmm": "22", "2/m": "2", "-1": "1",
}  # fmt: skip
_ANG_QUALITIES = ("iq", "ci", "sem_signal", "fit")
_CTF_COUNTS = ("bc", "bs")
_CTF_TITLE = "Channel Text File"
_CTF_FRAME = "Euler angles refer to Sample Coordinate system (CS0)!"
_CUBE = (1.0, 1.0, 1.0, 90.0, 90.0, 90.0)


def write_ang(ebsd: EbsdMap, path: str | os.PathLike[str], *, decimals: int | None = None) -> None:
    """Write a map as EDAX's OIM does; points not indexed get Euler angles of 4 pi, CI -1 and phase 0.

    Parameters
    ----------
    ebsd
        In frame ``tsl``, with crystal x along a. Qualities iq, ci, sem_signal and fit are kept, absent ones are 0.
    decimals
        Of angles and positions; None writes as many as tell every float64 apart.

    Raises
    ------
    ReadError
        When the file would be read in another frame than the map has.
    """
    _check(ebsd, "tsl", "a", ".ang")
    angles = np.where(ebsd.indexed[:, None], ebsd.euler_rad, 4 * np.pi)
    values = [ebsd.quality.get(name, np.zeros(ebsd.size, np.float32)) for name in _ANG_QUALITIES]
    values[1] = np.where(ebsd.indexed, values[1], np.float32(-1))
    columns = [
        *(_texts(column, decimals) for column in (*angles.T, ebsd.x_um, ebsd.y_um)),
        *(_texts(column, None) for column in values[:2]),
        _texts(ebsd.phase_id, None),
        *(_texts(column, None) for column in values[2:]),
    ]
    lines = (" ".join(row) for row in zip(*columns, strict=True))
    _write(path, [*_ang_header(ebsd), *lines])


def _ang_header(ebsd: EbsdMap) -> list[str]:
    rows, columns = ebsd.shape
    odd, even = columns, columns
    if ebsd.grid.lattice == "hex":
        odd, even = (columns, columns - 1) if ebsd.grid.shifted_parity == 1 else (columns - 1, columns)
    lines = ["TEM_PIXperUM 1.000000", "x-star 0.5", "y-star 0.5", "z-star 0.6", "WorkingDistance 15.0", ""]
    for number, phase in enumerate(ebsd.phases, start=1):
        lattice = "  ".join(f"{value:.6g}" for value in phase.lattice or _CUBE)
        lines += [f"Phase {number}", f"MaterialName {phase.name}", f"Formula {phase.name}", "Info "]
        lines += [f"Symmetry {_TSL_CODES[phase.laue_group or '-1']}", f"LatticeConstants {lattice}"]
        lines += ["NumberFamilies 0", ""]
    lines += [f"GRID: {'HexGrid' if ebsd.grid.lattice == 'hex' else 'SqrGrid'}"]
    lines += [f"{axis}STEP: {step:.6g}" for axis, step in zip("XY", ebsd.step_um, strict=True)]
    lines += [f"NCOLS_ODD: {odd}", f"NCOLS_EVEN: {even}", f"NROWS: {rows}", "", "OPERATOR: sodalite", ""]
    return [f"# {line}".rstrip() for line in lines]


def write_ctf(ebsd: EbsdMap, path: str | os.PathLike[str], *, decimals: int | None = None) -> None:
    """Write a map as a Channel Text File; points not indexed get phase 0, angles 0 and error 3.

    Angles are degrees: read again they are right to one unit in the last place of a float64 radian.

    Parameters
    ----------
    ebsd
        In frame ``channel5``, with crystal x along a*. Qualities bands, error, mad, bc and bs are kept.
    decimals
        Of angles and positions; None writes as many as tell every float64 apart.

    Raises
    ------
    ReadError
        When the file would be read in another frame than the map has.
    """
    _check(ebsd, "channel5", "a*", ".ctf")
    angles = np.rad2deg(np.where(ebsd.indexed[:, None], ebsd.euler_rad, 0.0))
    quality = {name: ebsd.quality.get(name, np.zeros(ebsd.size, np.uint8)) for name in ("bands", "error", "mad")}
    counts = [ebsd.quality.get(name, np.zeros(ebsd.size, np.uint8)) for name in _CTF_COUNTS]
    columns = [
        _texts(ebsd.phase_id, None),
        *(_texts(column, decimals) for column in (ebsd.x_um, ebsd.y_um)),
        _texts(quality["bands"], None),
        _texts(quality["error"], None),
        *(_texts(column, decimals) for column in angles.T),
        _texts(quality["mad"], None),
        *(_texts(column, None) for column in counts),
    ]
    lines = ("\t".join(row) for row in zip(*columns, strict=True))
    _write(path, [*_ctf_header(ebsd), *lines])


def _ctf_header(ebsd: EbsdMap) -> list[str]:
    rows, columns = ebsd.shape
    x_step, y_step = ebsd.step_um
    lines = [_CTF_TITLE, f"Prj\t{ebsd.name}", "Author\tsodalite", "JobMode\tGrid", f"XCells\t{columns}"]
    lines += [f"YCells\t{rows}", f"XStep\t{x_step:.6g}", f"YStep\t{y_step:.6g}", "AcqE1\t0", "AcqE2\t0", "AcqE3\t0"]
    lines += [f"{_CTF_FRAME}\tMag\t1000\tCoverage\t100\tDevice\t0\tKV\t20\tTiltAngle\t70\tTiltAxis\t0"]
    lines += [f"Phases\t{len(ebsd.phases)}", *map(_ctf_phase, ebsd.phases)]
    return [*lines, "Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS"]


def _ctf_phase(phase: Phase) -> str:
    a, b, c, alpha, beta, gamma = (f"{value:.6g}" for value in phase.lattice or _CUBE)
    laue = LAUE_ORDER.index(phase.laue_group or "-1") + 1
    return f"{a};{b};{c}\t{alpha};{beta};{gamma}\t{phase.name}\t{laue}\t{phase.space_group or 0}\t\t\t"


def write_orix_h5(ebsd: EbsdMap, path: str | os.PathLike[str]) -> None:
    """Write a map by orix's own HDF5 writer.

    Raises
    ------
    ReadError
        When the grid is hexagonal, which orix has not, or the frame is not the one that the file is read in.
    """
    from sodalite.ebsd.orix_door import save_map

    _check(ebsd, "tsl", "a", "orix")
    save_map(ebsd, path)


def _check(ebsd: EbsdMap, frame: str, axis: str, kind: str) -> None:
    turned = [phase.name for phase in ebsd.phases if phase.x_axis != axis]
    if ebsd.frame != frame or turned:
        raise ReadError(
            f"{ebsd.name}: {kind} files are read in frame {frame} with crystal x along {axis}, found {ebsd.frame} "
            f"and {', '.join(turned) or 'no other axis'}; make the map with frame={frame!r}."
        )


def _texts(column: np.ndarray, decimals: int | None) -> list[str]:
    """Return numbers as text: the shortest that is read back as the same number, or with `decimals`."""
    if decimals is not None:
        return [f"{value:.{decimals}f}" for value in column.tolist()]
    if column.dtype.kind != "f":
        return [str(value) for value in column.tolist()]
    return [np.format_float_positional(value, unique=True, trim="-") for value in column]


def _write(path: str | os.PathLike[str], lines: Iterable[str]) -> None:
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"{line}\n" for line in lines)
