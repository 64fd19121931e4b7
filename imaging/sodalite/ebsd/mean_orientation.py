"""Mean orientations of groups of points: the sum of the equivalents that lie nearest to a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import nearest_operator, operators_of, product, symmetry_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS = 20
_STILL = 1e-12


def mean_orientations(
    quaternions: np.ndarray, phase_id: np.ndarray, groups: Sequence[str | np.ndarray], labels: np.ndarray
) -> np.ndarray:
    """Return the mean orientation of each label, ``(labels, 4)`` float64 unit quaternions; row k is label k + 1.

    Each point is brought to the equivalent nearest to a reference, at first the label's first point, then the mean so
    far, until the means stand still. The normalised sum is the mean that minimises the squared chords to the points
    (Markley et al., J. Guid. Control Dyn. 30 (2007) 1193, 10.2514/1.28949, for one hemisphere). Labels without a
    point are NaN.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` unit quaternions from specimen to crystal.
    phase_id
        ``(n,)`` integers, one phase a label.
    groups
        Proper point group of each phase, 1 first.
    labels
        ``(n,)`` integers, 0 = none.
    """
    labels = np.ascontiguousarray(labels).ravel()
    points = np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)
    count = int(labels.max()) if labels.size else 0
    operators, orders = _padded(groups)
    near = symmetry_table(tuple(groups)).near
    first = np.full(count, -1)
    _find_first(labels, first)
    means = np.full((count, 4), np.nan)
    means[first >= 0] = points[first[first >= 0]]
    for _ in range(_ROUNDS):
        sums = np.zeros_like(means)
        settled = _add_up(points, phase_id.ravel(), labels, operators, orders, near, means, sums)
        with np.errstate(invalid="ignore"):
            sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.nanmax(np.abs(sums - means)) if (first >= 0).any() else 0.0
        means = sums
        if settled or moved < _STILL:
            break
    return means


def _padded(groups: Sequence[str | np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the operators of phases 0 (the identity alone), 1, 2 ... in one array, and their numbers."""
    each = [np.array([[1.0, 0.0, 0.0, 0.0]]), *map(operators_of, groups)]
    padded = np.zeros((len(each), max(map(len, each)), 4))
    for number, operators in enumerate(each):
        padded[number, : len(operators)] = operators
    return padded, np.array([len(operators) for operators in each])


@njit(cache=True, nogil=True)
def _find_first(labels: np.ndarray, first: np.ndarray) -> None:
    """Write the first point of each label."""
    for i in range(labels.size - 1, -1, -1):
        if labels[i] > 0:
            first[np.int64(labels[i]) - 1] = i


@njit(cache=True, nogil=True)
def _add_up(
    points: np.ndarray,
    phase_id: np.ndarray,
    labels: np.ndarray,
    operators: np.ndarray,
    orders: np.ndarray,
    near: np.ndarray,
    references: np.ndarray,
    sums: np.ndarray,
) -> bool:
    """Add to each label's sum the equivalents of its points that are nearest to its reference.

    The operator that served a label last is tried first: one that brings a point `near` is the nearest, and neighbours
    were reduced alike. Returns whether all are so near that the mean, which is no farther from the reference than the
    farthest of them, has the same nearest equivalents.
    """
    last = np.zeros(references.shape[0], np.int64)
    sure = np.sqrt((1 + near) / 2)
    settled = True
    for i in range(labels.size):
        if labels[i] > 0:
            own, phase = np.int64(labels[i]) - 1, phase_id[i]
            w, e0, e1, e2, e3 = _equivalent(points, i, operators, phase, last[own], references, own)
            if abs(w) < near[phase]:
                last[own] = nearest_operator(references[own], points[i], operators[phase, : orders[phase]])
                w, e0, e1, e2, e3 = _equivalent(points, i, operators, phase, last[own], references, own)
            settled &= abs(w) >= sure[phase]
            sign = 1.0 if w >= 0 else -1.0
            sums[own, 0] += sign * e0
            sums[own, 1] += sign * e1
            sums[own, 2] += sign * e2
            sums[own, 3] += sign * e3
    return settled


@njit(cache=True, nogil=True)
def _equivalent(
    points: np.ndarray, i: int, operators: np.ndarray, phase: int, s: int, references: np.ndarray, own: np.int64
) -> tuple[float, float, float, float, float]:
    """Return the cosine of half the angle between an equivalent of a point and its reference, and the equivalent."""
    e0, e1, e2, e3 = product(
        operators[phase, s, 0], operators[phase, s, 1], operators[phase, s, 2], operators[phase, s, 3],
        points[i, 0], points[i, 1], points[i, 2], points[i, 3],
    )  # fmt: skip
    w = references[own, 0] * e0 + references[own, 1] * e1 + references[own, 2] * e2 + references[own, 3] * e3
    return w, e0, e1, e2, e3
