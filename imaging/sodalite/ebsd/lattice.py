"""Lattices found from coordinates: the step and origin of one axis, and the node of every point."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

MAX_RESIDUAL = 0.45
"""Largest distance from a node, in steps, that text rounded to few digits may cause before nodes become ambiguous."""

_FLOAT32_NOISE = 4 * 2.0**-23
_EMPTY = np.uint64(2**64 - 1)  # the bits of a NaN, which no coordinate has


@dataclass(frozen=True, slots=True)
class Axis:
    """Nodes along one axis: origin and step in the unit of the coordinates, their count, and the largest residual."""

    origin: float
    step: float
    count: int
    residual: float


def fit_axis(values: np.ndarray) -> Axis | None:
    """Return the coarsest regular spacing that holds every value, None when there is none.

    Parameters
    ----------
    values
        ``(n,)`` finite float64 in any order, repeated as often as they like.

    Returns
    -------
    Axis
        With step NaN and count 1 when all values are the same.
    """
    levels = _levels(values)
    gaps = np.diff(levels)
    # far from the origin float32 would blur the steps that text still tells: those are no noise
    noise = min(_FLOAT32_NOISE * float(np.abs(levels[[0, -1]]).max()), float(gaps.max(initial=0.0)) / 4)
    levels = levels[np.concatenate(([True], gaps > noise))]
    if levels.size == 1:
        return Axis(float(levels[0]), float("nan"), 1, 0.0)
    smallest = float(np.diff(levels).min())
    for divisor in (1, 2, 3):
        step, count = _climb(levels, smallest / divisor)
        if not np.isfinite(step) or count > 2**31:
            return None
        offsets = (levels - levels[0]) / step
        residual = float(np.abs(offsets - np.rint(offsets)).max())
        if residual <= MAX_RESIDUAL / divisor:
            return Axis(float(levels[0]), float(step), int(count), residual)
    return None


def _levels(values: np.ndarray) -> np.ndarray:
    """Return the different values, rising; but for many different ones a hash table spares sorting all of them."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    for slots in (1 << 11, 1 << 15):  # the small one stays in the first cache
        table = np.full(slots, _EMPTY)
        if _distinct(bits, table):
            return np.sort(table[table != _EMPTY].view(np.float64))
    return np.unique(values)


@numba.njit(cache=True, nogil=True)
def _distinct(bits: np.ndarray, table: np.ndarray) -> bool:
    """Put every different value into the open hash table; False when more than half of it would fill."""
    mask = np.uint64(table.size - 1)
    filled = 0
    last = _EMPTY
    for value in bits:
        if value == last:
            continue
        last = value
        # Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the high bits are the mixed ones
        slot = (value * np.uint64(11400714819323198485)) >> np.uint64(40) & mask
        while table[slot] != _EMPTY and table[slot] != value:
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == _EMPTY:
            table[slot] = value
            filled += 1
            if 2 * filled > table.size:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def _climb(levels: np.ndarray, step: float) -> tuple[float, float]:
    """Return the step and the node count of sorted levels; the step is corrected as the lever grows."""
    node = 0.0
    for i in range(1, levels.size):
        offset = levels[i] - levels[0]
        node += max(1.0, np.rint(offset / step - node))
        step = offset / node
    return step, node + 1


@numba.njit(cache=True, nogil=True)
def survey(x: np.ndarray, y: np.ndarray, x0: float, ux: float, y0: float, uy: float) -> tuple[bool, bool]:
    """Return whether points occur with an even and with an odd sum of node numbers."""
    even = False
    odd = False
    for k in range(x.size):
        total = int(np.rint((x[k] - x0) / ux)) + int(np.rint((y[k] - y0) / uy))
        if total & 1:
            odd = True
        else:
            even = True
        if even and odd:
            break
    return even, odd


@numba.njit(cache=True, nogil=True)
def is_raster(x: np.ndarray, y: np.ndarray, x0: float, ux: float, y0: float, uy: float, columns: int) -> bool:
    """Return whether the points are all nodes of a full grid, row after row."""
    for k in range(x.size):
        i = int(np.rint((x[k] - x0) / ux))
        j = int(np.rint((y[k] - y0) / uy))
        if j * columns + i != k:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def repeated_row(x: np.ndarray, y: np.ndarray) -> int:
    """Return the length of a row when every row has the x of the first and one y of its own, else the whole size.

    Such points, which most maps are made of, need no fit but of one row and one column.
    """
    columns = 1
    while columns < x.size and y[columns] == y[0]:
        columns += 1
    if x.size % columns:
        return x.size
    for start in range(0, x.size, columns):
        same = True
        for k in range(columns):
            same &= (x[start + k] == x[k]) & (y[start + k] == y[start])
        if not same:
            return x.size
    return columns


@numba.njit(cache=True, nogil=True)
def number_nodes(
    x: np.ndarray,
    y: np.ndarray,
    x0: float,
    ux: float,
    y0: float,
    uy: float,
    columns: int,
    stagger: bool,
    nodes: np.ndarray,
) -> None:
    """Write each point's node, row by row, into `nodes`; with a stagger, two half steps make a column."""
    for k in range(x.size):
        i = int(np.rint((x[k] - x0) / ux))
        j = int(np.rint((y[k] - y0) / uy))
        nodes[k] = j * columns + (i // 2 if stagger else i)
