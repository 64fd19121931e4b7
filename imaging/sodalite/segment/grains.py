"""Grains of an EBSD map: connected points of one phase whose neighbours differ by less than a threshold.

Neighbours are the four nearest points on a square grid and the six on a hexagonal one; the disorientation is taken
under the proper point group of the phase. Definition: ISO 13067:2020 and ASTM E2627, with the neighbours and groups of
MTEX (Bachmann, Hielscher, Schaeben, Ultramicroscopy 111 (2011) 1720, 10.1016/j.ultramic.2011.08.002).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd.symmetry import symmetry_table
from sodalite.errors import SegmentationError
from sodalite.segment import grain_forest, grain_tree
from sodalite.segment.grain_links import GUARD
from sodalite.segment.grain_tree import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sodalite.ebsd.grid import Grid


def find_grains(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    *,
    threshold_deg: float,
    threads: int = 1,
) -> np.ndarray:
    """Return the grain of each point, ``(n,)`` uint32: 0 = not indexed, 1, 2, ... in the order of their first points.

    Labels do not depend on the number of threads. Besides them memory grows by 8 bytes a run, a stretch of a row
    within a grain, of which a map has one for ten points and more.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` unit quaternions, float32 or float64, scalar first, from specimen to crystal, in rows.
    phase_id
        ``(n,)`` integers: 0 = not indexed, k = phase k.
    groups
        Proper point group of each phase, 1 first: a name or its operators, see `sodalite.ebsd.symmetry`.
    grid
        Where the points lie.
    threshold_deg
        Neighbours belong together when their disorientation is below.
    threads
        How many strips of rows to work on at a time.

    Raises
    ------
    SegmentationError
        When the arrays do not fit the grid or each other, or the threshold is not between 0 and 180 degrees.
    MeasurementError
        When a group is unknown.
    """
    scan = scan_of(quaternions, phase_id, groups, grid, threshold_deg)
    rows, columns = grid.shape
    threads = max(1, min(threads, rows // 2))
    cuts = np.linspace(0, rows, threads + 1).astype(int).tolist()
    labels = np.empty(rows * columns, dtype=np.uint32)
    with _workers(threads) as each:
        starts, parents = _join(list(each(lambda k: grain_tree.grow_strip(scan, cuts[k], cuts[k + 1]), range(threads))))
        for row in cuts[1:-1]:
            grain_tree.close_seam(scan, row, starts, parents)
        grain_forest.number_grains(parents)
        strips = [(first * columns, stop * columns) for first, stop in pairwise(cuts)]
        list(each(lambda strip: grain_forest.paint(starts, parents, strip[0], strip[1], labels), strips))
    return labels if grid.node is None else labels[grid.node]


def scan_of(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    threshold_deg: float,
) -> Scan:
    """Return a map as the compiled functions take it; raises as `find_grains`."""
    size = grid.shape[0] * grid.shape[1] if grid.node is None else grid.node.size
    if quaternions.shape[-1:] != (4,) or quaternions.size != 4 * size or phase_id.size != size:
        raise SegmentationError(
            f"quaternions: found shapes {quaternions.shape} and {phase_id.shape} for {size} points of the grid; "
            "give (n, 4) quaternions and (n,) phases."
        )
    lowest, highest = (int(phase_id.min()), int(phase_id.max())) if size else (0, 0)
    if not 0 <= lowest <= highest <= len(groups):
        raise SegmentationError(f"phase_id: must be 0 to {len(groups)}, the number of groups; give one a phase.")
    if not 0 < threshold_deg < 180:
        raise SegmentationError(f"threshold_deg: {threshold_deg} is no angle between 0 and 180; give one, such as 5.")
    cosine = math.cos(math.radians(threshold_deg) / 2)
    return Scan(
        np.ascontiguousarray(quaternions).reshape(-1, 4),
        np.ascontiguousarray(phase_id, dtype=np.int16).ravel(),
        np.empty(0, dtype=np.int64) if grid.node is None else grid.node,
        grid.shape[1],
        grid.shifted_parity,
        (cosine - GUARD, cosine + GUARD, cosine),
        symmetry_table(tuple(groups)),
        lowest if grid.node is None and lowest == highest else 0,
    )


@contextmanager
def _workers(threads: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """Yield what maps a function over strips: plainly for one, else in threads."""
    if threads == 1:
        yield map
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool.map


def _join(strips: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return first nodes and parents of the runs of all strips, whose parents count from the strip's first."""
    if len(strips) == 1:
        return strips[0]
    before = np.cumsum([0, *(starts.size for starts, _ in strips[:-1])])
    parents = [
        np.where(own == grain_forest.NO_GRAIN, own, own + np.int32(first))
        for (_, own), first in zip(strips, before, strict=True)
    ]
    return np.concatenate([starts for starts, _ in strips]), np.concatenate(parents)
