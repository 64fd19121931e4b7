"""Grains of EBSD maps beside DefDAP and orix: equal partitions first, then CPU time, memory and growth with the map.

Maps of 600 points a grain, as in the nickel map that DefDAP comes with, each point turned by about 0.2 degrees.
"""

from __future__ import annotations

import time
import tracemalloc
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.harness import Row, compare, compare_slow, fastest, inform, installed, versus, within
from sodalite.ebsd import Grid
from sodalite.ebsd.frames import euler_from_quaternions

THRESHOLD_DEG = 5.0
MILLION = 1000
LARGEST = 8000
"""Rows and columns of the maps of one million and of 64 million points; larger maps repeat the first."""
POINTS_PER_GRAIN = 600
NOISE_RAD = np.radians(0.2)
GROUPS = ("432", "23", "622", "6", "422", "32", "3", "222", "2", "1")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ebsd"
EQUAL_MAPS = ("defdap/testDataEBSD.crc", "payton/Example_Data1.ctf", "mtex/DC06_2uniax.ang")
"""Real maps that DefDAP divides into the same grains."""
OTHER_MAPS = ("mtex/twins.ctf", "vbluemer/x0.ctf")
"""Real maps whose times alone are compared: DefDAP places one point otherwise, or scrambles columns and rows."""


class Tile(NamedTuple):
    """A square map of one phase: quaternions ``(n, 4)``, phases ``(n,)``, its grid."""

    quaternions: np.ndarray
    phase_id: np.ndarray
    grid: Grid


def run() -> list[Row]:
    """Return the rows about finding grains; those of peers and of real maps where these are."""
    return [*_beside_orix(), *_beside_defdap(), *_on_real_maps(), *_by_symmetry(), *_by_memory(), *_by_size()]


def tile(side: int, *, lattice: str = "square", dtype: type = np.float64) -> Tile:
    """Return a map of `side` rows and columns, cut from a million points or repeating them."""
    repeats = -(-side // MILLION)
    quaternions = np.tile(_million().astype(dtype), (repeats, repeats, 1))[:side, :side].reshape(-1, 4)
    grid = Grid(lattice, (side, side), (1.0, 1.0), (0.0, 0.0), -1 if lattice == "square" else 0)
    return Tile(np.ascontiguousarray(quaternions), np.ones(side * side, dtype=np.int16), grid)


def find(sample: Tile, group: str = "432", threads: int = 1) -> np.ndarray:
    """Return the grains of a map, ``(n,)`` uint32."""
    from sodalite.segment.grains import find_grains

    return find_grains(
        sample.quaternions, sample.phase_id, (group,), sample.grid, threshold_deg=THRESHOLD_DEG, threads=threads
    )


def same_partition(one: np.ndarray, two: np.ndarray) -> bool:
    """Return whether two labellings group the points alike, whatever they call the groups."""
    pairs = np.unique(np.stack((one.ravel(), two.ravel()), axis=1).astype(np.int64), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))


@lru_cache(maxsize=1)
def _million() -> np.ndarray:
    """Return the quaternions of a Voronoi map, ``(1000, 1000, 4)`` float64."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    count = MILLION**2 // POINTS_PER_GRAIN
    points = np.indices((MILLION, MILLION)).reshape(2, -1).T
    cell = cKDTree(rng.uniform(0, MILLION, (count, 2))).query(points)[1]
    orientation = rng.normal(size=(count, 4))
    orientation /= np.linalg.norm(orientation, axis=1, keepdims=True)
    quaternions = orientation[cell] + rng.normal(scale=NOISE_RAD / 2, size=(len(points), 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.asarray(quaternions.reshape(MILLION, MILLION, 4))


def _beside_orix() -> list[Row]:
    if not installed("orix"):
        return []
    from benchmarks.peer_grains import orix_grains

    sample = tile(MILLION)
    peer = partial(orix_grains, sample.quaternions, MILLION, THRESHOLD_DEG)
    assert same_partition(find(sample), peer())
    return [
        versus("grains: 10^6 cubic points, orix", compare_slow(partial(find, sample), peer), "grains_orix"),
        versus(
            "grains: 10^6 cubic points of float32, orix",
            (fastest(partial(find, tile(MILLION, dtype=np.float32))), fastest(peer, 1)),
        ),
    ]


def _beside_defdap() -> list[Row]:
    """Return the rows of the steps that both have; DefDAP begins with the quaternion objects that it works on."""
    if not installed("defdap"):
        return []
    from benchmarks.peer_grains import defdap_grains, defdap_map, defdap_spread, quiet
    from sodalite.measure.grain_orientation import grod_deg, kam_deg, mean_orientations

    sample = tile(MILLION)
    found = defdap_map(euler_from_quaternions(sample.quaternions), MILLION)
    peer, built = (partial(defdap_grains, found, THRESHOLD_DEG, built=before) for before in (False, True))
    labels = find(sample)
    assert same_partition(labels, peer())
    points = (sample.quaternions, sample.phase_id, ("432",))

    def spread() -> np.ndarray:
        return grod_deg(*points, labels, mean_orientations(*points, labels))

    kam = partial(kam_deg, *points, sample.grid, labels, order=1, max_deg=THRESHOLD_DEG)
    with quiet():
        return [
            versus("grains: 10^6 cubic points, DefDAP", compare_slow(partial(find, sample), peer), "grains_defdap"),
            versus("grains: DefDAP, its quaternions built before", compare_slow(partial(find, sample), built)),
            versus("mean orientations and GROD: DefDAP", compare_slow(spread, partial(defdap_spread, found))),
            versus("KAM: DefDAP, which ignores symmetry", compare_slow(kam, found.calc_kam)),
        ]


def _on_real_maps() -> list[Row]:
    if not (DATA.is_dir() and installed("defdap")):
        return []
    from benchmarks.peer_grains import defdap_grains, read_with_defdap
    from sodalite.read import read_ebsd
    from sodalite.segment.grains import find_grains

    rows = []
    for name in (*EQUAL_MAPS, *OTHER_MAPS):
        ebsd, found = read_ebsd(DATA / name), read_with_defdap(DATA / name)
        groups = [phase.operators for phase in ebsd.phases]
        ours = partial(find_grains, ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=THRESHOLD_DEG)
        peer = partial(defdap_grains, found, THRESHOLD_DEG)
        assert name in OTHER_MAPS or same_partition(ebsd.on_grid(ours(), fill=0), peer()), name
        title = f"grains: {Path(name).name}, {ebsd.size} points, DefDAP"
        rows.append(versus(title, compare_slow(ours, peer), "grains_real_map"))
    return rows


def _by_symmetry() -> list[Row]:
    """Return how much longer other groups and hexagonal grids take than cubic crystals on a square grid."""
    samples = {lattice: tile(MILLION, lattice=lattice) for lattice in ("square", "hex")}
    seconds = {
        (group, lattice): fastest(partial(find, sample, group))
        for lattice, sample in samples.items()
        for group in GROUPS
    }
    cubic = seconds["432", "square"]
    slowest = max(seconds, key=lambda key: seconds[key])
    named = {"group 622": ("622", "square"), "hexagonal grid": ("432", "hex"), f"slowest, {' '.join(slowest)}": slowest}
    return [
        within(f"grains: {name}, of 432 on a square grid", seconds[key] / cubic, "grains_symmetry", "x")
        for name, key in named.items()
    ]


def _by_memory() -> list[Row]:
    """Return the bytes a point beside the map, and the time of that of a copy of all that is read and written."""
    sample = tile(2 * MILLION)
    read, labels = sample.quaternions, find(sample)
    copies = np.empty_like(read), np.empty_like(labels)

    def copy() -> None:
        np.copyto(copies[0], read)
        np.copyto(copies[1], labels)

    ours, peer = compare(partial(find, sample), copy)
    tracemalloc.start()
    find(sample)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [
        within("grains: bytes a point beside the map", peak / labels.size, "grains_point_bytes", "B"),
        within("grains: of the time of copying what is read and written", ours / peer, "grains_roofline", "x"),
    ]


def _by_size() -> list[Row]:
    """Return the time per point at 64 million, and the gain of a second thread, whose labels are the same."""
    one, large = (tile(side, dtype=np.float32) for side in (MILLION, LARGEST))
    growth = fastest(partial(find, large), 3) / fastest(partial(find, one)) / (LARGEST / MILLION) ** 2
    single = find(large)
    assert all(np.array_equal(single, find(large, threads=threads)) for threads in (2, 3))
    walls = [min(_wall_seconds(large, threads) for _ in range(3)) for threads in (1, 2)]
    return [
        within("grains: time a point at 64 million, of that at one million", growth, "grains_growth", "x"),
        inform("grains: two threads at 64 million, wall clock", walls[0] / walls[1], "x"),
    ]


def _wall_seconds(sample: Tile, threads: int) -> float:
    start = time.perf_counter()
    find(sample, threads=threads)
    return time.perf_counter() - start
