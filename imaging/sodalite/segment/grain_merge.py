"""Grains joined or dropped after they were found: twins, subgrains with near mean orientations, small ones."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd.mean_orientation import mean_orientations
from sodalite.ebsd.neighbours import edges_between
from sodalite.ebsd.symmetry import (
    angle_rad,
    nearest_equivalent,
    operators_of,
    special_deviations,
    special_variants,
    symmetry_table,
)
from sodalite.errors import SegmentationError
from sodalite.segment.grain_fill import join_grains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid


def merge_twins(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    labels: np.ndarray,
    *,
    phase: int,
    axis: tuple[float, float, float],
    angle_deg: float,
    tolerance_deg: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with twins of one phase joined to one grain, and which boundary edges are twin boundaries.

    Two grains are joined when any edge between them has the misorientation of the twin, to within the tolerance:
    60 degrees about (1, 1, 1) with 8.66 (Brandon) for cubic Sigma 3.

    Parameters
    ----------
    quaternions, phase_id, groups, grid
        As in `sodalite.segment.grains.find_grains`.
    labels
        ``(n,)`` grain of each point.
    phase
        Number of the phase that twins.
    axis, angle_deg
        Of the twin, in Cartesian crystal axes.
    tolerance_deg
        Largest deviation from it.

    Returns
    -------
    merged, twin
        ``(n,)`` uint32, and ``(edges,)`` bool in the order of `sodalite.ebsd.neighbours.edges_between`.

    Raises
    ------
    SegmentationError
        When there is no such phase.
    """
    if not 1 <= phase <= len(groups):
        raise SegmentationError(f"phase: {phase} is none of the {len(groups)} phases; give 1 to {len(groups)}.")
    edges = edges_between(labels, grid)
    points = np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)
    phase_id = np.asarray(phase_id).ravel()
    deviation = np.empty(edges.first.size)
    variants = special_variants(axis, angle_deg, groups[phase - 1])
    special_deviations(points, edges.first, edges.second, variants, deviation)
    twin = deviation <= math.radians(tolerance_deg)
    twin &= (phase_id[edges.first] == phase) & (phase_id[edges.second] == phase)
    return join_grains(labels, labels[edges.first[twin]], labels[edges.second[twin]]), twin


def merge_subgrains(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    labels: np.ndarray,
    *,
    threshold_deg: float,
) -> np.ndarray:
    """Return labels ``(n,)`` uint32 with touching subgrains joined while their mean orientations differ by less.

    The second of two thresholds: `labels` come from a low one, 1 or 2 degrees, where gradients break up; the nearest
    pair is joined first and its mean, weighted by area, stands for both from then on. Unlike a single threshold a
    slow gradient cannot chain points of any difference into one grain.

    Parameters
    ----------
    quaternions, phase_id, groups, grid
        As in `sodalite.segment.grains.find_grains`.
    labels
        ``(n,)`` subgrain of each point, 0 = none.
    threshold_deg
        Means of one grain's parts differ by less when they are joined.
    """
    labels = np.asarray(labels).ravel()
    phase_id = np.asarray(phase_id).ravel()
    edges = edges_between(labels, grid)
    same = phase_id[edges.first] == phase_id[edges.second]
    pairs = np.sort(np.stack((labels[edges.first[same]], labels[edges.second[same]])).astype(np.int64), axis=0)
    means = mean_orientations(quaternions, phase_id, groups, labels)
    sizes = np.bincount(labels, minlength=len(means) + 1)[1:].astype(np.float64)
    phases = np.zeros(len(means), dtype=np.int64)
    phases[labels[labels > 0].astype(np.int64) - 1] = phase_id[labels > 0]
    joined = _join_nearest(np.unique(pairs, axis=1).T - 1, means, sizes, phases, groups, math.radians(threshold_deg))
    one, other = (np.array(joined, dtype=np.int64).reshape(-1, 2) + 1).T
    return join_grains(labels, one, other)


def _join_nearest(
    pairs: np.ndarray,
    means: np.ndarray,
    sizes: np.ndarray,
    phases: np.ndarray,
    groups: Sequence[str | np.ndarray],
    limit: float,
) -> list[tuple[int, int]]:
    """Return the pairs of grains to join, the nearest first, means being updated after each."""
    table = symmetry_table(tuple(groups))
    neighbours: dict[int, set[int]] = {}
    for one, other in pairs.tolist():
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)

    def angle(i: int, j: int) -> float:
        k = phases[i]
        return float(angle_rad(means[i], means[j], table.forms[k], table.counts[k], table.near[k]))

    version = [0] * len(means)
    queue = [(angle(i, j), i, j, 0, 0) for i, j in pairs.tolist()]
    queue = [entry for entry in queue if entry[0] < limit]
    heapq.heapify(queue)
    joined = []
    while queue:
        _, i, j, age_i, age_j = heapq.heappop(queue)
        if version[i] != age_i or version[j] != age_j:
            continue
        joined.append((i, j))
        _absorb_mean(i, j, means, sizes, operators_of(groups[phases[i] - 1]), table.near[phases[i]])
        version[i], version[j] = version[i] + 1, -1
        for k in neighbours.pop(j) - {i}:
            neighbours[k].discard(j)
            neighbours[k].add(i)
            neighbours[i].add(k)
        neighbours[i].discard(j)
        for k in sorted(neighbours[i]):
            first, second = min(i, k), max(i, k)
            near = angle(first, second)
            if near < limit:
                heapq.heappush(queue, (near, first, second, version[first], version[second]))
    return joined


def _absorb_mean(i: int, j: int, means: np.ndarray, sizes: np.ndarray, operators: np.ndarray, near: float) -> None:
    """Give grain i the mean and the size of grains i and j."""
    equivalent = np.empty(4)
    nearest_equivalent(means[i], means[j], operators, near, equivalent)
    total = sizes[i] * means[i] + sizes[j] * equivalent
    means[i] = total / np.linalg.norm(total)
    sizes[i] += sizes[j]
