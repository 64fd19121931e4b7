"""Lines between grains: chains of pixel edges from junction to junction, and how they are smoothed."""

from __future__ import annotations

import numpy as np
from numba import njit

_DOWN = np.array([0, 1, 0, -1])
"""Rows that a step E, S, W or N goes down; the columns it goes right are those of the next."""


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
    base = int(ids.max(initial=0)) + 1
    edges = _edges(ids, base)
    points, start, code = _chains(edges, int(np.count_nonzero(edges)))
    return points, start, np.stack((code // base, code % base), axis=1)


def _edges(ids: np.ndarray, base: int) -> np.ndarray:
    """Return the pair of grains beside the edge that leaves each corner eastwards and southwards, 0 for none.

    ``(y + 1, x + 1, 2)`` int64; a pair is the smaller number times `base` plus the larger one.
    """
    edges = np.zeros((ids.shape[0] + 1, ids.shape[1] + 1, 2), dtype=np.int64)
    sides = ((ids[:-1], ids[1:], edges[1:-1, :-1, 0]), (ids[:, :-1], ids[:, 1:], edges[:-1, 1:-1, 1]))
    for one, other, target in sides:
        low = np.minimum(one, other)
        np.multiply(low * base + np.maximum(one, other), (one != other) & (low > 0), out=target)
    return edges


@njit(cache=True, nogil=True)
def _is_junction(edges: np.ndarray, i: int, j: int) -> bool:
    """Return whether other than two edges of one pair of grains meet at a corner."""
    west, north = edges[i, j - 1, 0] if j > 0 else 0, edges[i - 1, j, 1] if i > 0 else 0
    degree, first = 0, 0
    for pair in (edges[i, j, 0], edges[i, j, 1], west, north):
        if pair == 0:
            continue
        degree += 1
        if degree > 1 and pair != first:
            return True
        first = pair
    return degree != 2


@njit(cache=True, nogil=True)
def _walk(
    edges: np.ndarray, walked: np.ndarray, i: int, j: int, toward: int, points: np.ndarray, used: int, closed: bool
) -> int:
    """Write the line that leaves a corner towards 0 E, 1 S, 2 W or 3 N; return where it ends in `points`.

    These are the corner, the middles of its edges and the last corner; a closed line, which has no junction, starts and
    ends at the middle of its first edge.
    """
    first = used
    if not closed:
        points[used, 0], points[used, 1] = i, j
        used += 1
    while True:
        down, right = _DOWN[toward], _DOWN[(toward + 1) % 4]
        row, column = i + min(down, 0), j + min(right, 0)
        if walked[row, column, toward % 2]:
            points[used, 0], points[used, 1] = points[first, 0], points[first, 1]
            return used + 1
        walked[row, column, toward % 2] = True
        points[used, 0], points[used, 1] = i + 0.5 * down, j + 0.5 * right
        used += 1
        i, j = i + down, j + right
        if not closed and _is_junction(edges, i, j):
            points[used, 0], points[used, 1] = i, j
            return used + 1
        back = (toward + 2) % 4
        for turn in range(4):
            row, column = i + min(_DOWN[turn], 0), j + min(_DOWN[(turn + 1) % 4], 0)
            if turn != back and row >= 0 and column >= 0 and edges[row, column, turn % 2] > 0:
                toward = turn


@njit(cache=True, nogil=True)
def _chains(edges: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points, starts and pairs of all chains: first those that leave a junction, then the closed ones."""
    points = np.empty((3 * count, 2))
    start, code = np.zeros(count + 1, np.int64), np.zeros(count, np.int64)
    walked = np.zeros(edges.shape, np.bool_)
    chains, used = 0, 0
    for closed in (False, True):
        for i in range(edges.shape[0]):
            for j in range(edges.shape[1]):
                if not closed and not _is_junction(edges, i, j):
                    continue
                for toward in range(2 if closed else 4):
                    row, column = i + min(_DOWN[toward], 0), j + min(_DOWN[(toward + 1) % 4], 0)
                    if row < 0 or column < 0 or edges[row, column, toward % 2] == 0:
                        continue
                    if not walked[row, column, toward % 2]:
                        used = _walk(edges, walked, i, j, toward, points, used, closed)
                        code[chains] = edges[row, column, toward % 2]
                        chains += 1
                        start[chains] = used
    return points[:used].copy(), start[: chains + 1].copy(), code[:chains].copy()


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


@njit(cache=True, nogil=True)
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
    now = points.copy()
    for turn in range(rounds):
        before = now.copy()
        around, met = np.zeros((junctions, 2)), np.zeros(junctions)
        for chain in range(start.size - 1):
            first, last = start[chain], start[chain + 1] - 1
            one, other = ends[chain, 0], ends[chain, 1]
            for axis in range(2):
                for k in range(first + 1, last):
                    now[k, axis] = 0.25 * before[k - 1, axis] + 0.5 * before[k, axis] + 0.25 * before[k + 1, axis]
                if one < 0:
                    middle = 0.5 * (before[last - 1, axis] + before[first + 1, axis])
                    now[first, axis] = 0.5 * before[first, axis] + 0.5 * middle
                    now[last, axis] = now[first, axis]
                else:
                    around[one, axis] += before[first + 1, axis]
                    around[other, axis] += before[last - 1, axis]
            if one >= 0:
                met[one] += 1
                met[other] += 1
        if turn < junction_rounds:
            _move_junctions(now, before, start, ends, around, met)
    return now


@njit(cache=True, nogil=True)
def _move_junctions(
    now: np.ndarray, before: np.ndarray, start: np.ndarray, ends: np.ndarray, around: np.ndarray, met: np.ndarray
) -> None:
    """Write the junctions of three chains or more half-way to the mean of the points next to them."""
    for chain in range(start.size - 1):
        for side in range(2):
            junction, at = ends[chain, side], start[chain + side] - side
            if junction >= 0 and met[junction] > 2:
                for axis in range(2):
                    now[at, axis] = 0.5 * before[at, axis] + 0.5 * around[junction, axis] / met[junction]


@njit(cache=True, nogil=True)
def kept_points(points: np.ndarray, start: np.ndarray, tolerance: float) -> np.ndarray:
    """Return which points stay when no point may be farther than the tolerance from the straight parts, ``(n,)`` bool.

    Ramer 1972, 10.1016/S0146-664X(72)80017-0; Douglas and Peucker 1973, 10.3138/FM57-6770-U75U-7727.
    """
    keep = np.zeros(len(points), np.bool_)
    parts = np.empty((len(points) + 2, 2), np.int64)
    for chain in range(start.size - 1):
        parts[0, 0], parts[0, 1] = start[chain], start[chain + 1] - 1
        keep[parts[0, 0]] = keep[parts[0, 1]] = True
        waiting = 1
        while waiting > 0:
            waiting -= 1
            first, last = parts[waiting, 0], parts[waiting, 1]
            at = _farthest(points, first, last, tolerance)
            if at >= 0:
                keep[at] = True
                parts[waiting, 1] = at
                parts[waiting + 1, 0], parts[waiting + 1, 1] = at, last
                waiting += 2
    return keep


@njit(cache=True, nogil=True)
def _farthest(points: np.ndarray, first: int, last: int, tolerance: float) -> int:
    """Return the point farthest from the straight part between two, -1 if none is beyond the tolerance."""
    y, x = points[first, 0], points[first, 1]
    down, right = points[last, 0] - y, points[last, 1] - x
    length = np.hypot(down, right)
    most, at = tolerance, -1
    for k in range(first + 1, last):
        dy, dx = points[k, 0] - y, points[k, 1] - x
        distance = abs(dy * right - dx * down) / length if length > 0 else np.hypot(dy, dx)
        if distance > most:
            most, at = distance, k
    return at
