"""Links between the grains of successive steps, the tracks they form, and the events at their ends.

Two grains can be one when they overlap enough and their mean orientations agree. Of all such pairs of two steps those
are taken that agree best as a whole (assignment problem; Crouse 2016, 10.1109/TAES.2016.140952). Ends and beginnings
of tracks become events only where both steps show the place: a grain at the frame has left the view, a grain that lies
in a neighbour of its own orientation has merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.symmetry import operators_of
from sodalite.errors import MeasurementError
from sodalite.track.overlaps import Pairs, common_views, find_pairs, indexed_share, on_frame
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.ebsd.grid import Grid
    from sodalite.track.overlaps import View

__all__ = ["StepGrains", "Tracking", "Transform", "track_grains"]

_ENDS, _STARTS = ("vanish", "merge", "left_view"), ("appear", "split", "entered_view")
_SURE_POINTS = 12.0
"""A grain of this many points is no noise of the indexing, more often than not."""
_MERGED_SHARE = 0.5
"""Share of a grain that has to lie in another one for the two to have merged."""


class StepGrains(NamedTuple):
    """The grains of one step.

    Attributes
    ----------
    labels
        ``(rows, columns)`` grain of each node, from 1, 0 = none.
    grid
        Where the nodes lie.
    orientations
        ``(grains, 4)`` mean orientation of grain k + 1 in row k, specimen to crystal; None where there are none.
    phase
        ``(grains,)`` phase of each grain, from 1; None when there is one.
    to_first
        Transform from this step to the first one.
    """

    labels: np.ndarray
    grid: Grid
    orientations: np.ndarray | None = None
    phase: np.ndarray | None = None
    to_first: Transform = Transform.identity()


class Tracking(NamedTuple):
    """Grains through the steps.

    Attributes
    ----------
    tracks
        One row a grain of a step: track (from 1, by first appearance, then label), step (from 0), label,
        confidence (0 to 1, of the link to the track's step before; NaN at its first).
    events
        One row an event: step (from 0, the first one that shows it), kind (vanish, appear, merge, split, left_view,
        entered_view), track, label (in `step`; for vanish and left_view in the last step that has the grain), into
        (track that it merged into or split from; 0 = none), confidence (0 to 1).
    """

    tracks: pd.DataFrame
    events: pd.DataFrame


def track_grains(
    steps: Sequence[StepGrains],
    *,
    groups: Sequence[str | np.ndarray],
    min_iou: float,
    min_containment: float,
    max_misorientation_deg: float,
    max_gap_steps: int,
) -> Tracking:
    """Return the tracks of grains through all steps, and what happened to them.

    Parameters
    ----------
    steps
        In order, two or more.
    groups
        Proper point group of each phase, 1 first; empty without orientations.
    min_iou
        Two grains can be one when they share this part of their union,
    min_containment
        or this part of the smaller of them.
    max_misorientation_deg
        Two grains can be one when their mean orientations differ by no more, in degrees.
    max_gap_steps
        Steps that a grain may be missing from without its track ending.

    Raises
    ------
    MeasurementError
        When there are fewer than two steps, or some have orientations and some have not.
    """
    if len(steps) < 2:
        raise MeasurementError(f"steps: {len(steps)} given; tracking needs two or more.")
    oriented = [step.orientations is not None for step in steps]
    if any(oriented) and not all(oriented):
        raise MeasurementError("steps: some have orientations and some have not; give them for all or for none.")
    views = common_views([s.labels for s in steps], [s.grid for s in steps], [s.to_first for s in steps])
    grains = [_Grains(view, _turned(step), _phases(step)) for view, step in zip(views, steps, strict=True)]
    gates = _Gates(tuple(groups), min_iou, min_containment, max_misorientation_deg)
    tracks, confidence = _chain(grains, gates, max_gap_steps)
    rows = _track_table(grains, tracks, confidence)
    return Tracking(rows, _events(grains, tracks, gates))


class _Grains(NamedTuple):
    """One step on the common raster: its view, orientations and phases ``(labels + 1, ...)``."""

    view: View
    orientations: np.ndarray | None
    phase: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels that have a point."""
        return np.flatnonzero(self.view.points[1:]) + 1


class _Gates(NamedTuple):
    groups: tuple[str | np.ndarray, ...]
    min_iou: float
    min_containment: float
    max_misorientation_deg: float


class _Links(NamedTuple):
    """Which grain of the second step each of the first is, 0 = none, and how sure that is."""

    of_first: np.ndarray
    confidence: np.ndarray


def _turned(step: StepGrains) -> np.ndarray | None:
    """Return orientations relative to the first step, row 0 for no grain; the map's z axis points into it."""
    if step.orientations is None:
        return None
    half = np.radians(step.to_first.rotation_deg) / 2
    c, s = np.cos(half), -np.sin(half)
    w, x, y, z = step.orientations.T
    turned = np.stack((w * c - z * s, x * c + y * s, y * c - x * s, z * c + w * s), axis=1)
    return np.concatenate((np.zeros((1, 4)), turned))


def _phases(step: StepGrains) -> np.ndarray:
    highest = int(step.labels.max(initial=0))
    own = np.ones(highest, dtype=np.int64) if step.phase is None else np.asarray(step.phase, dtype=np.int64)
    return np.concatenate(([0], own))


def _angle_deg(first: _Grains, second: _Grains, one: np.ndarray, two: np.ndarray, gates: _Gates) -> np.ndarray:
    """Return the disorientation of pairs of grains, 0 without orientations, 180 between phases."""
    angle = np.where(first.phase[one] == second.phase[two], 0.0, 180.0)
    if first.orientations is None or second.orientations is None:
        return angle
    for number in np.unique(first.phase[one]).tolist():
        own = np.flatnonzero((first.phase[one] == number) & (angle == 0))
        p, q = first.orientations[one[own]], second.orientations[two[own]]
        scalar = (p * q).sum(axis=1)
        vector = p[:, :1] * q[:, 1:] - q[:, :1] * p[:, 1:] - np.cross(q[:, 1:], p[:, 1:])
        relative = np.column_stack((scalar, vector))
        cosine = np.abs(relative @ operators_of(gates.groups[number - 1]).T).max(axis=1)
        angle[own] = np.degrees(2 * np.arccos(np.minimum(cosine, 1.0)))
    return angle


def _link(first: _Grains, second: _Grains, gates: _Gates, free: tuple[np.ndarray, np.ndarray] | None) -> _Links:
    """Return the links of two steps; `free` tells which labels of both may be linked, None all."""
    pairs = find_pairs(first.view, second.view)
    angle = _angle_deg(first, second, pairs.first, pairs.second, gates)
    allowed = (pairs.iou >= gates.min_iou) | (pairs.containment >= gates.min_containment)
    allowed &= angle <= gates.max_misorientation_deg
    if free is not None:
        allowed &= free[0][pairs.first] & free[1][pairs.second]
    pairs = Pairs(*(column[allowed] for column in pairs))
    likeness = 1 - angle[allowed] / (2 * gates.max_misorientation_deg)
    score = _overlap_score(pairs) * likeness
    taken = _assigned(pairs.first, pairs.second, score)
    of_first = np.zeros(first.phase.size, dtype=np.int64)
    sure = np.zeros(first.phase.size)
    of_first[pairs.first[taken]] = pairs.second[taken]
    sure[pairs.first[taken]] = np.sqrt(score[taken])
    return _Links(of_first, sure)


def _overlap_score(pairs: Pairs) -> np.ndarray:
    """Return the cosine of two grains' areas times the share of the smaller in the larger, ``(m,)`` from 0 to 1."""
    return pairs.shared / np.sqrt(pairs.size_first * pairs.size_second) * pairs.containment


def _assigned(first: np.ndarray, second: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the rows of the pairs with the highest total score of which no two share a grain."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if first.size == 0:
        return np.zeros(0, dtype=np.int64)
    one, row = np.unique(first, return_inverse=True)
    two, column = np.unique(second, return_inverse=True)
    count = one.size + two.size
    graph = coo_array((np.ones(first.size), (row, one.size + column)), shape=(count, count))
    group = connected_components(graph, directed=False)[1][row]
    order = np.argsort(group, kind="stable")
    taken = []
    for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if part.size == 1:
            taken.append(part)
            continue
        rows, at_row = np.unique(row[part], return_inverse=True)
        columns, at_column = np.unique(column[part], return_inverse=True)
        profit = np.zeros((rows.size, columns.size))
        number = np.full(profit.shape, -1)
        profit[at_row, at_column], number[at_row, at_column] = score[part], part
        best = number[linear_sum_assignment(profit, maximize=True)]
        taken.append(best[best >= 0])
    return np.concatenate(taken)


def _chain(grains: Sequence[_Grains], gates: _Gates, max_gap_steps: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the track of each label of each step, ``(labels + 1,)``, 0 = none, and the confidence of its link."""
    tracks = [np.zeros(step.phase.size, dtype=np.int64) for step in grains]
    confidence = [np.full(step.phase.size, np.nan) for step in grains]
    highest = 0
    for k, step in enumerate(grains):
        for back in range(1, min(k, max_gap_steps + 1) + 1):
            before = grains[k - back]
            going_on = np.isin(tracks[k - back], np.concatenate([t[t > 0] for t in tracks[k - back + 1 : k + 1]]))
            links = _link(before, step, gates, (~going_on, tracks[k] == 0))
            linked = np.flatnonzero(links.of_first)
            tracks[k][links.of_first[linked]] = tracks[k - back][linked]
            confidence[k][links.of_first[linked]] = links.confidence[linked]
        new = step.labels[tracks[k][step.labels] == 0]
        tracks[k][new] = np.arange(highest + 1, highest + 1 + new.size)
        highest += new.size
    return tracks, confidence


def _track_table(
    grains: Sequence[_Grains], tracks: Sequence[np.ndarray], confidence: Sequence[np.ndarray]
) -> pd.DataFrame:
    import pandas as pd

    parts = [
        pd.DataFrame({"track": tracks[k][step.labels], "step": k, "label": step.labels,
                      "confidence": confidence[k][step.labels]})
        for k, step in enumerate(grains)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True).sort_values(["track", "step"], ignore_index=True)


def _events(grains: Sequence[_Grains], tracks: Sequence[np.ndarray], gates: _Gates) -> pd.DataFrame:
    """Return what happened where tracks end and begin."""
    import pandas as pd

    rows: list[tuple[int, str, int, int, int, float]] = []
    largest = _largest(grains, tracks)
    for k in range(1, len(grains)):
        later, earlier = np.unique(np.concatenate(tracks[k:])), np.unique(np.concatenate(tracks[:k]))
        before, after = grains[k - 1], grains[k]
        ended = before.labels[~np.isin(tracks[k - 1][before.labels], later)]
        begun = after.labels[~np.isin(tracks[k][after.labels], earlier)]
        for kind, label, host, sure in _ends(before, after, ended, largest[tracks[k - 1]], gates, _ENDS):
            merged = kind == "merge"
            place, into = (host, int(tracks[k][host])) if merged else (label, 0)
            rows.append((k, kind, int(tracks[k - 1][label]), place, into, sure))
        for kind, label, host, sure in _ends(after, before, begun, largest[tracks[k]], gates, _STARTS):
            into = int(tracks[k - 1][host]) if kind == "split" else 0
            rows.append((k, kind, int(tracks[k][label]), label, into, sure))
    table = pd.DataFrame(rows, columns=["step", "kind", "track", "label", "into", "confidence"])
    return table.sort_values(["step", "track", "kind"], ignore_index=True)


def _largest(grains: Sequence[_Grains], tracks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the most points that each track has in any step, ``(tracks + 1,)``."""
    largest = np.zeros(max(int(track.max(initial=0)) for track in tracks) + 1)
    for step, track in zip(grains, tracks, strict=True):
        np.maximum.at(largest, track, step.view.points)
    return largest


def _ends(
    own: _Grains,
    other: _Grains,
    labels: np.ndarray,
    largest: np.ndarray,
    gates: _Gates,
    kinds: tuple[str, str, str],
) -> list[tuple[str, int, int, float]]:
    """Return what became of grains of one step that have no partner in another: kind, label, host and confidence.

    A grain that never had more than a few points may be noise of the indexing; one that has shrunk to them is none.
    """
    at_frame, seen = on_frame(own.view, other.view), indexed_share(own.view, other.view)
    pairs = find_pairs(own.view, other.view)
    order = np.lexsort((pairs.second, -pairs.shared, pairs.first))
    first = order[np.r_[True, np.diff(pairs.first[order]) > 0]] if order.size else order
    host = np.zeros(own.phase.size, dtype=np.int64)
    part = np.zeros(own.phase.size)
    host[pairs.first[first]] = pairs.second[first]
    part[pairs.first[first]] = pairs.shared[first] / pairs.size_first[first]
    found = []
    for label in labels.tolist():
        size = 1 - float(np.exp(-largest[label] / _SURE_POINTS))
        if at_frame[label]:
            found.append((kinds[2], label, 0, size))
            continue
        joined = part[label] >= _MERGED_SHARE and host[label] > 0
        angle = _angle_deg(own, other, np.array([label]), host[label : label + 1], gates)[0] if joined else 180.0
        same = angle <= gates.max_misorientation_deg and own.orientations is not None
        found.append((kinds[1] if same else kinds[0], label, int(host[label]), size * float(seen[label])))
    return found
