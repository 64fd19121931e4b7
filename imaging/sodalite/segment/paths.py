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
    reach = np.empty(rows, np.float64)
    came_from = np.empty((columns, rows), np.int32)
    for x in range(1, columns):
        source = came_from[x]
        shift = offset[x] - offset[x - 1]
        for row in range(rows):
            before = min(max(row + shift, 0), rows - 1)
            reach[row] = total[before] + jump_cost * abs(row + shift - before)
            source[row] = before
        for row in range(1, rows):
            if reach[row - 1] + jump_cost < reach[row]:
                reach[row] = reach[row - 1] + jump_cost
                source[row] = source[row - 1]
        for row in range(rows - 2, -1, -1):
            if reach[row + 1] + jump_cost < reach[row]:
                reach[row] = reach[row + 1] + jump_cost
                source[row] = source[row + 1]
        for row in range(rows):
            total[row] = reach[row] + cost[x, row]
    path = np.empty(columns, np.int64)
    path[columns - 1] = np.argmin(total)
    for x in range(columns - 1, 0, -1):
        path[x - 1] = came_from[x, path[x]]
    return path + offset
