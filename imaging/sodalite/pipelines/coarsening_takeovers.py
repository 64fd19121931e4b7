"""Grains that lie in a neighbour of like orientation: the points of the other step tell whether they joined it.

A grain that a neighbour consumes leaves the neighbour's crystal in its place; one that merges with it, because the
boundary between them is no longer seen, leaves its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
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
_APART_DEG = 2.0
"""Mean orientations nearer than this are not told apart by single points."""


def takeovers_told(
    events: pd.DataFrame,
    steps: Sequence[MeasuredStep],
    tracks: Mapping[int, np.ndarray],
    closed: Mapping[int, np.ndarray],
    to_first: Mapping[int, Transform],
) -> pd.DataFrame:
    """Return events with merges in which the neighbour took the place as vanish, such splits as appear.

    The other merges and splits are as sure as the misorientation of the two changed: where it stays as it is, a
    boundary about as strong as the least that counts, or one of points that were not indexed, is seen in one step and
    not in the other. Parts of one crystal that did not touch before are one for sure when they meet.

    Parameters
    ----------
    events
        See `sodalite.track.link.Tracking`; `step` is the number of a step.
    steps
        Those that are tracked, in order.
    tracks, closed
        Number of a step -> ``(rows, columns)`` tracks, 0 = none; the same with narrow gaps given to the nearest grain.
    to_first
        Number of a step -> transform to the first.
    """
    numbers = [step.number for step in steps]
    kinds, hosts = events["kind"].tolist(), events["into"].to_numpy(np.int64, copy=True)
    sure = events["confidence"].to_numpy(np.float64, copy=True)
    rows = zip(events["step"].tolist(), kinds, events["track"].tolist(), hosts.tolist(), strict=True)
    for row, (number, kind, track, host) in enumerate(list(rows)):
        if kind not in _INSTEAD:
            continue
        place = numbers.index(number)
        own, other = (steps[place - 1], steps[place]) if kind == "merge" else (steps[place], steps[place - 1])
        angles = _angles_deg(own, other, (track, host), tracks, to_first)
        if angles is None:
            continue
        apart, to_grain, to_host = angles
        if apart > _APART_DEG and to_host < to_grain:
            kinds[row], hosts[row] = _INSTEAD[kind], 0
        elif _touch(closed[own.number], track, host):
            sure[row] *= float(np.clip(2 * (1 - to_host / apart), 0, 1)) if apart > _APART_DEG else 0
    return events.assign(kind=kinds, into=hosts, confidence=sure)


def _angles_deg(
    own: MeasuredStep,
    other: MeasuredStep,
    pair: tuple[int, int],
    tracks: Mapping[int, np.ndarray],
    to_first: Mapping[int, Transform],
) -> tuple[float, float, float] | None:
    """Return how far a grain of `own` and its host are apart, and points of `other` in its place from either; degrees.

    Points count by their median. The host's orientation is taken in the step of the grain, where the grain is no part
    of it. None where the host has no point in the place.
    """
    place = tracks[own.number] == pair[0]
    points_xy = np.column_stack([axis[place] for axis in points_um(own.grid)])
    there = to_first[other.number].inverse().apply(to_first[own.number].apply(points_xy))
    row, column, inside = nodes_at(other.grid, there[:, 0], there[:, 1])
    inside &= tracks[other.number][row, column] == pair[1]
    if not inside.any():
        return None
    row, column = row[inside], column[inside]
    grain = int(own.labels[place][0]) - 1
    beside = own.labels[tracks[own.number] == pair[1]]
    neighbour = own.means[int(beside[0]) - 1] if beside.size else other.means[int(other.labels[row[0], column[0]]) - 1]
    means = turned(np.stack((own.means[grain], neighbour)), to_first[own.number].rotation_deg)
    points = other.quaternions[row, column].astype(np.float64)
    points = turned(points / np.linalg.norm(points, axis=1, keepdims=True), to_first[other.number].rotation_deg)
    group = groups_of((own, other))[own.phase[grain] - 1]
    apart = float(disorientation_deg(means[:1], means[1:], group)[0])
    angles = (disorientation_deg(points, np.tile(mean, (len(points), 1)), group) for mean in means)
    to_grain, to_host = (float(np.median(angle)) for angle in angles)
    return apart, to_grain, to_host


def _touch(closed: np.ndarray, track: int, host: int) -> bool:
    """Return whether two tracks have points side by side, corners included."""
    at = np.argwhere(closed == track)
    low, high = np.maximum(at.min(axis=0) - 1, 0), at.max(axis=0) + 2
    around = closed[low[0] : high[0], low[1] : high[1]]
    grown = cv2.dilate((around == track).astype(np.uint8), np.ones((3, 3), np.uint8))
    return bool((around[grown > 0] == host).any())
