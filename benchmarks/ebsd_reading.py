"""Reading EBSD text: maps of a million points beside orix's readers, the same bits checked before any time is taken."""

from __future__ import annotations

import tempfile
import tracemalloc
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Row, compare, inform, installed, versus

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 1000
ANG_HEADER = """# TEM_PIXperUM          1.000000
#
# Phase 1
# MaterialName      Sodium
# Formula           Na
# Symmetry              43
# LatticeConstants      4.291 4.291 4.291  90.000  90.000  90.000
# NumberFamilies        0
#
# GRID: SqrGrid
# XSTEP: 0.500000
# YSTEP: 0.500000
# NCOLS_ODD: {side}
# NCOLS_EVEN: {side}
# NROWS: {side}
#
"""
_CTF_HEADER = """Channel Text File
Prj\tmap
Author\tnobody
JobMode\tGrid
XCells\t{side}
YCells\t{side}
XStep\t0.5
YStep\t0.5
AcqE1\t0
AcqE2\t0
AcqE3\t0
Euler angles refer to Sample Coordinate system (CS0)!\tMag\t300\tKV\t20\tTiltAngle\t70\tTiltAxis\t0
Phases\t1
4.291;4.291;4.291\t90;90;90\tSodium\t11\t229
Phase\tX\tY\tBands\tError\tEuler1\tEuler2\tEuler3\tMAD\tBC\tBS
"""


def run() -> list[Row]:
    """Return CPU time and memory of reading .ang and .ctf, beside orix where it is installed."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("map.ang", _write_ang), ("map.ctf", _write_ctf)):
            path = Path(folder) / name
            with path.open("w", encoding="ascii") as stream:
                stream.writelines(write(SIDE))
            rows += _beside_orix(path)
    return rows


def _beside_orix(path: Path) -> list[Row]:
    from sodalite.read import read_ebsd

    suffix = path.suffix
    memory = inform(f"read {suffix}: bytes a point while reading", _peak_bytes(path) / SIDE**2, "B")
    if not installed("orix"):
        return [memory]
    _assert_same(path)
    seconds = compare(lambda: read_ebsd(path), lambda: read_with_orix(path))
    return [versus(f"read {suffix}: 10^6 points, orix", seconds, "ebsd_reading"), memory]


def read_with_orix(path: Path) -> Any:
    """Return the crystal map that orix reads."""
    from orix.io import plugins

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.suffix == ".ang":
            return plugins.ang.file_reader(str(path), autogen_names=False)
        return plugins.ctf.file_reader(str(path))


def _assert_same(path: Path) -> None:
    """Stop when one value of ours has other bits than Python's ``float`` gives or orix reads another orientation."""
    import pandas as pd

    from sodalite.read import read_ebsd

    ebsd, xmap = read_ebsd(path), read_with_orix(path)
    ang = path.suffix == ".ang"
    skip = 0 if ang else _CTF_HEADER.count("\n")
    separator = r"\s+" if ang else "\t"
    table = pd.read_csv(path, sep=separator, comment="#", header=None, skiprows=skip, dtype=str).to_numpy()
    euler, place = (slice(0, 3), (3, 4)) if ang else (slice(5, 8), (1, 2))
    exact = table[:, euler].astype(np.float64)
    assert np.array_equal(ebsd.euler_rad, exact if ang else np.deg2rad(exact))
    assert np.array_equal(ebsd.x_um, table[:, place[0]].astype(np.float64))
    assert np.array_equal(ebsd.y_um, table[:, place[1]].astype(np.float64))
    assert np.array_equal(xmap.x, ebsd.x_um)
    assert np.array_equal(xmap.y, ebsd.y_um)
    assert np.abs(np.abs((xmap.rotations.data * ebsd.quaternions).sum(axis=-1)) - 1).max() < 1e-12


def _peak_bytes(path: Path) -> float:
    from sodalite.read import read_ebsd

    read_ebsd(path)
    tracemalloc.start()
    read_ebsd(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(peak)


def _write_ang(side: int) -> Iterator[str]:
    yield ANG_HEADER.format(side=side)
    rng = np.random.default_rng(0)
    for row in range(side):
        euler, others = rng.uniform(0, 6.28, (side, 3)), rng.uniform(0, 1, (side, 4))
        yield "".join(
            f"{a:9.5f} {b / 2:9.5f} {c:9.5f} {column / 2:12.5f} {row / 2:12.5f} "
            f"{2000 * iq:7.1f} {ci:6.3f}  1 {int(6e4 * sem):6d} {3 * fit:6.3f}\n"
            for column, ((a, b, c), (iq, ci, sem, fit)) in enumerate(zip(euler.tolist(), others.tolist(), strict=True))
        )


def _write_ctf(side: int) -> Iterator[str]:
    yield _CTF_HEADER.format(side=side)
    rng = np.random.default_rng(0)
    for row in range(side):
        euler, counts = rng.uniform(0, 360, (side, 3)), rng.integers(0, 255, (side, 4))
        yield "".join(
            f"1\t{column / 2:.4f}\t{row / 2:.4f}\t{bands % 13}\t0\t{a:#.5g}\t{b / 2:#.5g}\t{c:#.5g}\t"
            f"{mad / 200:.4f}\t{bc}\t{bs}\n"
            for column, ((a, b, c), (bands, mad, bc, bs)) in enumerate(
                zip(euler.tolist(), counts.tolist(), strict=True)
            )
        )
