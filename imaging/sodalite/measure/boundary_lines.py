"""Lines between grains: chains of pixel edges from junction to junction, and how they are smoothed."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def _edge(ids: np.ndarray, i: int, j: int, toward: int) -> tuple[int, int]:
    """Return the grains beside the pixel edge that leaves corner (i, j) towards 0 E, 1 S, 2 W or 3 N; 0, 0 for none."""
    if toward == 2:
        j, toward = j - 1, 0
    elif toward == 3:
        i, toward = i - 1, 1
    rows, columns = ids.shape
    if toward == 0:
        if i <= 0 or i >= rows or j < 0 or j >= columns:
            return 0, 0
        a, b = ids[i - 1, j], ids[i, j]
    else:
        if j <= 0 or j >= columns or i < 0 or i >= rows:
            return 0, 0
        a, b = ids[i, j - 1], ids[i, j]
    if a == b or a == 0 or b == 0:
        return 0, 0
    return min(a, b), max(a, b)


@njit(cache=True)
def _is_junction(ids: np.ndarray, i: int, j: int) -> bool:
    """Return whether other than two edges of one pair of grains meet at a corner."""
    degree, low, high = 0, 0, 0
    for toward in range(4):
        a, b = _edge(ids, i, j, toward)
        if a == 0:
            continue
        degree += 1
        if degree > 1 and (a != low or b != high):
            return True
        low, high = a, b
    return degree != 2


@njit(cache=True)
def _count(ids: np.ndarray) -> int:
    edges = 0
    for i in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            edges += _edge(ids, i, j, 0)[0] > 0
            edges += _edge(ids, i, j, 1)[0] > 0
    return edges


@njit(cache=True)
def _walk(
    ids: np.ndarray, walked: np.ndarray, i: int, j: int, toward: int, points: np.ndarray, used: int, closed: bool
) -> int:
    """Write the line that leaves a corner: the corner, the middles of its edges and the last corner; return the end.

    A closed line, which has no junction, starts and ends at the middle of its first edge.
    """
    down, right = (0, 1, 0, -1), (1, 0, -1, 0)
    first = used
    if not closed:
        points[used] = (i, j)
        used += 1
    while True:
        points[used] = (i + 0.5 * down[toward], j + 0.5 * right[toward])
        used += 1
        walked[i + min(down[toward], 0), j + min(right[toward], 0), toward % 2] = True
        i, j = i + down[toward], j + right[toward]
        if not closed and _is_junction(ids, i, j):
            points[used] = (i, j)
            return used + 1
        onward = -1
        for turn in range(4):
            if turn != (toward + 2) % 4 and _edge(ids, i, j, turn)[0] > 0:
                onward = turn
        toward = onward
        if walked[i + min(down[toward], 0), j + min(right[toward], 0), toward % 2]:
            points[used] = points[first]
            return used + 1


@njit(cache=True)
def trace_chains(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the boundaries between grains as chains of points.

    Parameters
    ----------
    ids
        ``(y, x)`` int64, 0 = no grain.

    Returns
    -------
    points
        ``(points, 2)`` float64, (y, x) in px from the image's corner: junctions and middles of pixel edges.
    start
        ``(chains + 1,)`` int64, where each chain starts in `points`.
    pair
        ``(chains, 2)`` int64, the grains at both sides, the smaller number first.
    """
    edges = _count(ids)
    points = np.empty((3 * edges, 2))
    start, pair = np.zeros(edges + 1, np.int64), np.zeros((edges, 2), np.int64)
    walked = np.zeros((ids.shape[0] + 1, ids.shape[1] + 1, 2), np.bool_)
    chains, used = 0, 0
    for closed in (False, True):
        for i in range(ids.shape[0] + 1):
            for j in range(ids.shape[1] + 1):
                if not closed and not _is_junction(ids, i, j):
                    continue
                for toward in range(2 if closed else 4):
                    a, b = _edge(ids, i, j, toward)
                    row, column = i - (toward == 3), j - (toward == 2)
                    if a == 0 or walked[row, column, toward % 2]:
                        continue
                    used = _walk(ids, walked, i, j, toward, points, used, closed)
                    pair[chains] = (a, b)
                    chains += 1
                    start[chains] = used
    return points[:used].copy(), start[: chains + 1].copy(), pair[:chains].copy()


def number_junctions(points: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the number of the junction at both ends of each chain, ``(chains, 2)`` int64, and how many there are.

    -1 for closed chains, which end where they start, at the middle of an edge instead of a corner.
    """
    ends = np.full((start.size - 1, 2), -1, dtype=np.int64)
    if len(points) == 0:
        return ends, 0
    tips = points[np.stack((start[:-1], start[1:] - 1), axis=1)]
    at_corner = (tips == np.floor(tips)).all(axis=(1, 2))
    corner = tips[at_corner, :, 0] * (points[:, 1].max() + 1) + tips[at_corner, :, 1]
    unique, number = np.unique(corner, return_inverse=True)
    ends[at_corner] = number.reshape(-1, 2)
    return ends, unique.size


@njit(cache=True)
def smooth_chains(
    points: np.ndarray, start: np.ndarray, ends: np.ndarray, junctions: int, rounds: int, junction_rounds: int
) -> np.ndarray:
    """Return the points after rounds of the binomial filter 1 2 1.

    Parameters
    ----------
    points, start
        As `trace_chains` returns them.
    ends, junctions
        As `number_junctions` returns them.
    rounds
        How often each point inside a chain goes to the mean of itself and the middle of its neighbours.
    junction_rounds
        In how many of them junctions of three chains or more do so too; the others stay.
    """
    now, before = points.copy(), points.copy()
    for turn in range(rounds):
        before[:] = now
        around, met = np.zeros((junctions, 2)), np.zeros(junctions)
        for chain in range(start.size - 1):
            first, last = start[chain], start[chain + 1] - 1
            for k in range(first + 1, last):
                now[k] = 0.25 * before[k - 1] + 0.5 * before[k] + 0.25 * before[k + 1]
            if ends[chain, 0] < 0:
                now[first] = 0.25 * before[last - 1] + 0.5 * before[first] + 0.25 * before[first + 1]
                now[last] = now[first]
                continue
            around[ends[chain, 0]] += before[first + 1]
            around[ends[chain, 1]] += before[last - 1]
            met[ends[chain, 0]] += 1
            met[ends[chain, 1]] += 1
        if turn >= junction_rounds:
            continue
        for chain in range(start.size - 1):
            for side in range(2):
                junction, at = ends[chain, side], start[chain + side] - side
                if junction >= 0 and met[junction] > 2:
                    now[at] = 0.5 * before[at] + 0.5 * around[junction] / met[junction]
    return now


@njit(cache=True)
def kept_points(points: np.ndarray, start: np.ndarray, tolerance: float) -> np.ndarray:
    """Return which points stay when no point may be farther than the tolerance from the straight parts, ``(n,)`` bool.

    Ramer 1972, 10.1016/S0146-664X(72)80017-0; Douglas and Peucker 1973, 10.3138/FM57-6770-U75U-7727.
    """
    keep = np.zeros(len(points), np.bool_)
    parts = np.empty((len(points) + 2, 2), np.int64)
    for chain in range(start.size - 1):
        parts[0] = (start[chain], start[chain + 1] - 1)
        keep[parts[0, 0]] = keep[parts[0, 1]] = True
        waiting = 1
        while waiting:
            waiting -= 1
            first, last = parts[waiting]
            at = _farthest(points, first, last, tolerance)
            if at >= 0:
                keep[at] = True
                parts[waiting] = (first, at)
                parts[waiting + 1] = (at, last)
                waiting += 2
    return keep


@njit(cache=True)
def _farthest(points: np.ndarray, first: int, last: int, tolerance: float) -> int:
    """Return the point farthest from the straight part between two, -1 if none is beyond the tolerance."""
    y, x = points[first]
    down, right = points[last] - points[first]
    length = np.hypot(down, right)
    most, at = tolerance, -1
    for k in range(first + 1, last):
        dy, dx = points[k, 0] - y, points[k, 1] - x
        distance = abs(dy * right - dx * down) / length if length > 0 else np.hypot(dy, dx)
        if distance > most:
            most, at = distance, k
    return at
