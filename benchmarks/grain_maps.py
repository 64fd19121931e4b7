"""EBSD maps from the file to all that is measured, by size: points a second of each step, memory, and DefDAP beside.

The peers run once, at the smallest size; what they do with a point does not become faster on larger maps.
"""

from __future__ import annotations

import math
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.ebsd_reading import ANG_HEADER, read_with_orix
from benchmarks.grains import DATA, EQUAL_MAPS, MILLION, THRESHOLD_DEG, tile
from benchmarks.harness import Row, compare_slow, cpu_seconds, fastest, inform, installed, versus
from benchmarks.launch import cost_of
from sodalite.ebsd.frames import euler_from_quaternions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.ebsd import EbsdMap

SIDES = (500, 1000, 2000, 4000)
STEP_UM = 0.5
_PIPELINE = """
import sys
from sodalite.pipelines.grains import Grains
recipe = Grains()
recipe.run(recipe.read(sys.argv[1]))
"""


class Report(NamedTuple):
    """What DefDAP, too, makes of a file."""

    labels: np.ndarray
    ecd_um: np.ndarray
    means: np.ndarray
    grod_deg: np.ndarray
    gos_deg: np.ndarray
    kam_deg: np.ndarray
    rgb: np.ndarray


def run() -> list[Row]:
    """Return rates of reading, grains, KAM and the recipe `grains` by size, memory, and whole reports from files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{side}.ang" for side in SIDES]
        for side, path in zip(SIDES, paths, strict=True):
            with path.open("w", encoding="ascii") as stream:
                stream.writelines(_write_ang(side))
        return [*_beside_defdap(paths[0]), *_by_size(paths), *_by_memory(paths[0], paths[2])]


def report(path: Path) -> Report:
    """Return labels, sizes, orientations, deviations, KAM and colours of the map in a file."""
    from sodalite.measure.grain_orientation import grod_deg, kam_deg, mean_by_grain, mean_orientations
    from sodalite.read import read_ebsd
    from sodalite.report.map_colours import ipf_colours
    from sodalite.segment.grains import find_grains

    ebsd = read_ebsd(path)
    points = (ebsd.quaternions, ebsd.phase_id, [phase.operators for phase in ebsd.phases])
    labels = find_grains(*points, ebsd.grid, threshold_deg=THRESHOLD_DEG)
    ecd_um = np.sqrt(4 / math.pi * ebsd.grid.point_area_um2 * np.bincount(labels)[1:])
    means = mean_orientations(*points, labels)
    grod = grod_deg(*points, labels, means)
    kam = kam_deg(*points, ebsd.grid, labels, order=1, max_deg=THRESHOLD_DEG)
    return Report(labels, ecd_um, means, grod, mean_by_grain(grod, labels), kam, ipf_colours(ebsd, "z", points[0]))


def _beside_defdap(path: Path) -> list[Row]:
    """Return the rows of whole reports; DefDAP's has no sizes but those that its grains have anyway."""
    if not installed("defdap"):
        return []
    from benchmarks.peer_grains import defdap_report

    paths = [path, *(DATA / name for name in EQUAL_MAPS if DATA.is_dir())]
    rows = []
    for each in paths:
        ours, peer = report(each), defdap_report(each, THRESHOLD_DEG)
        assert int(ours.labels.max()) == int(peer.data.grains.max()), each
        seconds = compare_slow(partial(report, each), partial(defdap_report, each, THRESHOLD_DEG))
        rows.append(versus(f"file to report: {each.name}, {ours.labels.size} points, DefDAP", seconds, "grains_report"))
    return rows


def _by_size(paths: list[Path]) -> list[Row]:
    from sodalite.read import read_ebsd

    peers = _peer_rates(paths[0])
    rows = []
    for path in paths:
        ebsd = read_ebsd(path)
        rounds = 7 if ebsd.size <= MILLION**2 else 2
        rates = {"read .ang": ebsd.size / fastest(partial(read_ebsd, path), rounds)} | _rates(ebsd, rounds)
        for step, rate in rates.items():
            peer = peers.get(step, math.nan)
            name = f"{step}: {ebsd.size / 1e6:g} million points"
            rows.append(Row(name, rate / 1e6, peer / 1e6, rate / peer, math.nan, "Mpoint/s"))
    return rows


def _rates(ebsd: EbsdMap, rounds: int) -> dict[str, float]:
    """Return the points a second of each step after reading."""
    from sodalite.measure.grain_orientation import kam_deg
    from sodalite.pipelines.grains import Grains
    from sodalite.segment.grains import find_grains

    points = (ebsd.quaternions, ebsd.phase_id, [phase.operators for phase in ebsd.phases])
    find = partial(find_grains, *points, ebsd.grid, threshold_deg=THRESHOLD_DEG)
    kam = partial(kam_deg, *points, ebsd.grid, find(), order=1, max_deg=THRESHOLD_DEG)
    tasks = {"grains": find, "KAM": kam, "recipe grains": partial(Grains().run, ebsd)}
    return {step: ebsd.size / fastest(task, rounds) for step, task in tasks.items()}


def _peer_rates(path: Path) -> dict[str, float]:
    """Return the points a second of the faster peer for reading, and of DefDAP for the rest.

    DefDAP's nearest to the recipe are grains, mean orientations, deviations from them and KAM.
    """
    rates = {}
    if installed("orix"):
        rates["read .ang"] = SIDES[0] ** 2 / fastest(partial(read_with_orix, path), 2)
    if installed("defdap"):
        from benchmarks.peer_grains import defdap_grains, defdap_spread, quiet, read_with_defdap

        found = read_with_defdap(path)
        grains = cpu_seconds(partial(defdap_grains, found, THRESHOLD_DEG))
        spread = cpu_seconds(partial(defdap_spread, found))
        with quiet():
            kam = cpu_seconds(found.calc_kam)
        for step, seconds in {"grains": grains, "KAM": kam, "recipe grains": grains + spread + kam}.items():
            rates[step] = SIDES[0] ** 2 / seconds
    return rates


def _by_memory(small: Path, large: Path) -> list[Row]:
    """Return the memory that each further point takes, from the file to the result, in a process of its own."""
    peaks = [cost_of(sys.executable, "-c", _PIPELINE, str(path)).peak_mb * 2**20 for path in (small, large)]
    points = SIDES[2] ** 2 - SIDES[0] ** 2
    return [inform("recipe grains: bytes a point, from the file to the result", (peaks[1] - peaks[0]) / points, "B")]


def _write_ang(side: int) -> Iterator[str]:
    """Yield the lines of a map, row by row; rows and columns beyond a thousand repeat angles."""
    base = tile(min(side, MILLION))
    own = min(side, MILLION)
    angles = [f"{a:9.5f} {b:9.5f} {c:9.5f}" for a, b, c in euler_from_quaternions(base.quaternions).tolist()]
    across = [f" {column * STEP_UM:12.5f} " for column in range(side)]
    yield ANG_HEADER.format(side=side)
    for row in range(side):
        line = angles[row % own * own : (row % own + 1) * own] * (side // own)
        rest = f"{row * STEP_UM:12.5f}  1500.0  0.700  1      1  0.500\n"
        yield "".join([angle + x + rest for angle, x in zip(line, across, strict=True)])
