"""Mean orientations of groups of points: the sum of the equivalents that lie nearest to a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import nearest_equivalent, operators_of, symmetry_table

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
        _add_up(points, phase_id.ravel(), labels, operators, orders, near, means, sums)
        with np.errstate(invalid="ignore"):
            sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.nanmax(np.abs(sums - means)) if (first >= 0).any() else 0.0
        means = sums
        if moved < _STILL:
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
) -> None:
    """Add to each label's sum the equivalents of its points that are nearest to its reference."""
    equivalent = np.empty(4)
    for i in range(labels.size):
        if labels[i] > 0:
            own, phase = np.int64(labels[i]) - 1, phase_id[i]
            w = 0.0
            for k in range(4):
                w += references[own, k] * points[i, k]
            if abs(w) >= near[phase]:
                for k in range(4):
                    sums[own, k] += points[i, k] if w >= 0 else -points[i, k]
                continue
            nearest_equivalent(references[own], points[i], operators[phase, : orders[phase]], near[phase], equivalent)
            for k in range(4):
                sums[own, k] += equivalent[k]
