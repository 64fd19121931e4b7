"""The forest of runs: stretches of rows within a grain, joined below the first of each grain, numbered and painted.

Runs are numbered as they come. The parent of a run comes before it, a root is its own parent, and the root of a grain
is the run of its first point, so that numbering the roots in order numbers the grains by their first points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NO_GRAIN = np.int32(-1)
"""Parent of a run that is not indexed."""

_STRIDE = 16
"""Labels that are written at a time."""


@njit(cache=True, nogil=True)
def first_from(rising: np.ndarray, value: int) -> int:
    """Return the place of the first of rising integers not below a value; `searchsorted` takes longer to compile."""
    low, high = 0, rising.size
    while low < high:
        middle = (low + high) // 2
        if rising[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, forceinline=True)
def join(parents: np.ndarray, run: int, above: int) -> None:
    """Link a run to one above: an ancestor of that will do; only meetings of two trees need their roots."""
    own, other = parents[run], parents[above]
    if own in (NO_GRAIN, other):
        return
    if own == run:
        parents[run] = other
    else:
        parents[run] = parents[above] = unite(parents, own, other)


@njit(cache=True, nogil=True)
def unite(parents: np.ndarray, i: int, j: int) -> int:
    """Join the trees of two runs below the earlier root and return that root."""
    p, q = _root(parents, i), _root(parents, j)
    root = min(p, q)
    parents[max(p, q)] = root
    return root


@njit(cache=True, nogil=True)
def _root(parents: np.ndarray, i: int) -> int:
    """Return the root of a run, halving the path to it."""
    parent = parents[i]
    while parent != i:
        grandparent = parents[parent]
        parents[i] = grandparent
        i, parent = grandparent, parents[grandparent]
    return i


@njit(cache=True, nogil=True)
def number_grains(parents: np.ndarray) -> int:
    """Replace parents by labels 1, 2, ... in the order of first points, 0 = none; return the number of grains."""
    count = 0
    for run in range(parents.size):
        parent = parents[run]
        if parent == NO_GRAIN:
            parents[run] = 0
        elif parent == run:
            count += 1
            parents[run] = count
        else:
            parents[run] = parents[parent]
    return count


@njit(cache=True, nogil=True)
def paint(starts: np.ndarray, grains: np.ndarray, first: int, stop: int, labels: np.ndarray) -> None:
    """Write the grain of each run of nodes ``first .. stop - 1`` into `labels`, ``(nodes,)`` uint32."""
    begin, end = first_from(starts, first), first_from(starts, stop)
    last = max(begin, first_from(starts, stop - _STRIDE) - 1)
    for run in range(begin, last):
        _paint_past(np.uint64(starts[run]), np.uint64(starts[run + 1]), np.uint32(grains[run]), labels)
    for run in range(last, end):
        for i in range(starts[run], starts[run + 1] if run + 1 < end else stop):
            labels[i] = np.uint32(grains[run])


@njit(cache=True, nogil=True, forceinline=True)
def _paint_past(i: np.uint64, stop: np.uint64, grain: np.uint32, labels: np.ndarray) -> None:
    """Write a grain in whole strides, each an instruction or two; what they pass is painted over by the next run."""
    while i < stop:
        for k in range(_STRIDE):
            labels[i + np.uint64(k)] = grain
        i += np.uint64(_STRIDE)
