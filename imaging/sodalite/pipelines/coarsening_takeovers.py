"""Grains that lie in a neighbour of like orientation: the points of the other step tell whether they joined it.

A grain that a neighbour consumes leaves the neighbour's crystal in its place; one that merges with it, because the
boundary between them is no longer seen, leaves its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.measure.misorientation import disorientation_deg
from sodalite.pipelines.coarsening_registration import groups_of, turned
from sodalite.track.raster import nodes_at, points_um

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sodalite.pipelines.coarsening_steps import MeasuredStep
    from sodalite.track.transform import Transform

_INSTEAD = {"merge": "vanish", "split": "appear"}


def takeovers_told(
    events: pd.DataFrame,
    steps: Sequence[MeasuredStep],
    labels: Mapping[int, np.ndarray],
    to_first: Mapping[int, Transform],
) -> pd.DataFrame:
    """Return events with merges in which the neighbour took the place as vanish, such splits as appear.

    Parameters
    ----------
    events
        See `sodalite.track.link.Tracking`; `step` is the number of a step.
    steps
        Those that are tracked, in order.
    labels
        Number of a step -> ``(rows, columns)`` tracks.
    to_first
        Number of a step -> transform to the first.
    """
    numbers = [step.number for step in steps]
    kinds, hosts = events["kind"].tolist(), events["into"].to_numpy(np.int64, copy=True)
    rows = zip(events["step"].tolist(), kinds, events["track"].tolist(), hosts.tolist(), strict=True)
    for row, (number, kind, track, host) in enumerate(list(rows)):
        if kind not in _INSTEAD:
            continue
        place = numbers.index(number)
        own, other = (steps[place - 1], steps[place]) if kind == "merge" else (steps[place], steps[place - 1])
        if _is_taken_over(own, other, track, host, labels, to_first):
            kinds[row], hosts[row] = _INSTEAD[kind], 0
    return events.assign(kind=kinds, into=hosts)


def _is_taken_over(
    own: MeasuredStep,
    other: MeasuredStep,
    track: int,
    host: int,
    labels: Mapping[int, np.ndarray],
    to_first: Mapping[int, Transform],
) -> bool:
    """Return whether most points of `other` in the place of a grain of `own` are nearer to the host's orientation.

    The host's orientation is taken in the step of the grain, where the grain is no part of it.
    """
    place = labels[own.number] == track
    points_xy = np.column_stack([axis[place] for axis in points_um(own.grid)])
    there = to_first[other.number].inverse().apply(to_first[own.number].apply(points_xy))
    row, column, inside = nodes_at(other.grid, there[:, 0], there[:, 1])
    inside &= labels[other.number][row, column] == host
    if not inside.any():
        return False
    row, column = row[inside], column[inside]
    grain = int(own.labels[place][0]) - 1
    beside = own.labels[labels[own.number] == host]
    neighbour = own.means[int(beside[0]) - 1] if beside.size else other.means[int(other.labels[row[0], column[0]]) - 1]
    means = turned(np.stack((own.means[grain], neighbour)), to_first[own.number].rotation_deg)
    points = other.quaternions[row, column].astype(np.float64)
    points = turned(points / np.linalg.norm(points, axis=1, keepdims=True), to_first[other.number].rotation_deg)
    group = groups_of((own, other))[own.phase[grain] - 1]
    to_grain, to_host = (disorientation_deg(points, np.tile(mean, (len(points), 1)), group) for mean in means)
    return bool((to_host < to_grain).mean() > 0.5)
