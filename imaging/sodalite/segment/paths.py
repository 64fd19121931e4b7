"""Cheapest paths from left to right through a cost image: the traced interfaces."""

from __future__ import annotations

import cv2
import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def running_cost(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the cost of an edge at every row: the sum over the rows above it of `below` less `above`.

    Parameters
    ----------
    above, below
        ``(rows, x)`` float32, evidence for the layers on the two sides.

    Returns
    -------
    numpy.ndarray
        ``(rows + 1, x)`` float32.
    """
    rows, columns = above.shape
    cost = np.zeros((rows + 1, columns), np.float32)
    for row in range(rows):
        for x in range(columns):
            cost[row + 1, x] = cost[row, x] + (below[row, x] - above[row, x])
    return cost


def cheapest_path(cost: np.ndarray, offset: np.ndarray, jump_cost: float) -> np.ndarray:
    """Return the row of the cheapest path in every column.

    The path pays ``cost[row - offset[x], x]`` in each column and `jump_cost` for every row that it moves between
    columns. A cost linear in the jump lets it follow vertical steps, and makes each column cost two sweeps instead of a
    search over all pairs of rows (Felzenszwalb and Huttenlocher 2012, 10.4086/toc.2012.v008a019).

    Parameters
    ----------
    cost
        ``(rows, x)`` float32.
    offset
        ``(x,)`` int64, the image row that the first row of `cost` stands for in each column.
    jump_cost
        In the unit of `cost`, per row.

    Returns
    -------
    numpy.ndarray
        ``(x,)`` int64.
    """
    return _swept(cv2.transpose(cost), offset, jump_cost)


@numba.njit(cache=True, nogil=True)
def _swept(cost: np.ndarray, offset: np.ndarray, jump_cost: float) -> np.ndarray:
    """Return the cheapest path through a cost ``(x, rows)``."""
    columns, rows = cost.shape
    total = cost[0].astype(np.float64)
    reach, down, up = np.empty((3, rows), np.float64)
    down_from, up_from = np.empty((2, rows), np.int32)
    came_from = np.empty((columns, rows), np.int32)
    for x in range(1, columns):
        shift = offset[x] - offset[x - 1]
        for row in range(rows):
            before = min(max(row + shift, 0), rows - 1)
            reach[row] = total[before] + jump_cost * abs(row + shift - before)
        _sweep(reach, jump_cost, down, down_from, up, up_from)
        for row in range(rows):
            upwards = up[row] < down[row]
            total[row] = (up[row] if upwards else down[row]) + cost[x, row]
            source = up_from[row] if upwards else down_from[row]
            came_from[x, row] = min(max(source + shift, 0), rows - 1)
    path = np.empty(columns, np.int64)
    path[columns - 1] = np.argmin(total)
    for x in range(columns - 1, 0, -1):
        path[x - 1] = came_from[x, path[x]]
    return path + offset


@numba.njit(cache=True, nogil=True)
def _sweep(
    reach: np.ndarray, jump_cost: float, down: np.ndarray, down_from: np.ndarray, up: np.ndarray, up_from: np.ndarray
) -> None:
    """Fill in the least cost to reach each row from those above it and from those below it, and the row it is from.

    Each step waits for the one before: both ways at once, without a branch, they wait together.
    """
    rows = reach.size
    falling, falls_from, rising, rises_from = reach[0], 0, reach[rows - 1], rows - 1
    down[0], down_from[0], up[rows - 1], up_from[rows - 1] = falling, falls_from, rising, rises_from
    for row in range(1, rows):
        falling += jump_cost
        falls_from = falls_from if falling < reach[row] else row
        falling = min(falling, reach[row])
        down[row], down_from[row] = falling, falls_from
        mirrored = rows - 1 - row
        rising += jump_cost
        rises_from = rises_from if rising < reach[mirrored] else mirrored
        rising = min(rising, reach[mirrored])
        up[mirrored], up_from[mirrored] = rising, rises_from
