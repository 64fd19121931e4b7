"""Grains that lie in a neighbour of like orientation: the points of the other step tell whether they joined it.

A grain that a neighbour consumes leaves the neighbour's crystal in its place; one that merges with it, because the
boundary between them is no longer seen, leaves its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.measure.misorientation import disorientation_deg
from sodalite.pipelines.coarsening_registration import groups_of, turned
from sodalite.pipelines.coarsening_steps import GAP_STEPS
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
    told = [row for row, kind in enumerate(kinds) if kind in _INSTEAD]
    seen = [_seen(step, tracks[step.number], closed[step.number], to_first[step.number]) for step in steps if told]
    for row in told:
        place = numbers.index(events["step"].iloc[row])
        own, other = (seen[place - 1], seen[place]) if kinds[row] == "merge" else (seen[place], seen[place - 1])
        track, host = int(events["track"].iloc[row]), int(hosts[row])
        angles = _angles_deg(own, other, track, host)
        if angles is None:
            continue
        apart, to_grain, to_host = angles
        if apart > _APART_DEG and to_host < to_grain:
            kinds[row], hosts[row] = _INSTEAD[kinds[row]], 0
        elif _touch(own, track, host):
            sure[row] *= float(np.clip(2 * (1 - to_host / apart), 0, 1)) if apart > _APART_DEG else 0
    return events.assign(kind=kinds, into=hosts, confidence=sure)


class _Seen(NamedTuple):
    """A step: its tracks, the same with gaps closed, the place of its nodes in the first step, where each track lies.

    `boxes` holds the rows and columns of track k + 1 in row k, `label_of` the label of each track, 0 = none.
    """

    step: MeasuredStep
    tracks: np.ndarray
    closed: np.ndarray
    to_first: Transform
    x_um: np.ndarray
    y_um: np.ndarray
    boxes: list[tuple[slice, ...]]
    label_of: np.ndarray


def _seen(step: MeasuredStep, tracks: np.ndarray, closed: np.ndarray, to_first: Transform) -> _Seen:
    from scipy.ndimage import find_objects

    label_of = np.zeros(int(tracks.max(initial=0)) + 1, dtype=np.int64)
    label_of[tracks] = step.labels
    return _Seen(step, tracks, closed, to_first, *points_um(step.grid), find_objects(tracks.astype(np.int32)), label_of)


def _angles_deg(own: _Seen, other: _Seen, track: int, host: int) -> tuple[float, float, float] | None:
    """Return how far a grain of `own` and its host are apart, and points of `other` in its place from either; degrees.

    Points count by their median. The host's orientation is taken in the step of the grain, where the grain is no part
    of it. None where the host has no point in the place.
    """
    box = own.boxes[track - 1]
    place = own.tracks[box] == track
    there = own.to_first.apply(np.column_stack((own.x_um[box][place], own.y_um[box][place])))
    there = other.to_first.inverse().apply(there)
    row, column, inside = nodes_at(other.step.grid, there[:, 0], there[:, 1])
    inside &= other.tracks[row, column] == host
    if not inside.any():
        return None
    grain = int(own.label_of[track]) - 1
    has_host = host < own.label_of.size and own.label_of[host] > 0
    beside = own.step.means[own.label_of[host] - 1] if has_host else other.step.means[other.label_of[host] - 1]
    means = turned(np.stack((own.step.means[grain], beside)), own.to_first.rotation_deg)
    points = other.step.quaternions[row[inside], column[inside]].astype(np.float64)
    points = turned(points / np.linalg.norm(points, axis=1, keepdims=True), other.to_first.rotation_deg)
    group = groups_of((own.step, other.step))[own.step.phase[grain] - 1]
    apart = float(disorientation_deg(means[:1], means[1:], group)[0])
    angles = (disorientation_deg(points, np.tile(mean, (len(points), 1)), group) for mean in means)
    to_grain, to_host = (float(np.median(angle)) for angle in angles)
    return apart, to_grain, to_host


def _touch(own: _Seen, track: int, host: int) -> bool:
    """Return whether two tracks have points side by side, corners included, narrow gaps between grains closed."""
    margin = math.ceil(GAP_STEPS) + 2
    box = tuple(slice(max(part.start - margin, 0), part.stop + margin) for part in own.boxes[track - 1])
    around = own.closed[box]
    grown = cv2.dilate((around == track).astype(np.uint8), np.ones((3, 3), np.uint8))
    return bool((around[grown > 0] == host).any())
