"""Links between the grains of successive steps, the tracks they form, and the events at their ends.

Two grains can be one when they overlap enough and their mean orientations agree. Of all such pairs of two steps those
are taken that are likeliest as a whole (assignment problem; Crouse 2016, 10.1109/TAES.2016.140952), and a grain stays
alone where that is likelier still, see `sodalite.track.evidence`. Ends and beginnings of tracks become events only
where both steps show the place: a grain at the frame has left the view, a grain that lies in a neighbour of its own
orientation has merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.track.contacts import find_contacts
from sodalite.track.events import find_events
from sodalite.track.meetings import Gates, Grains, Meeting, meet, meetings_in_a_row, overlaps_in_a_row
from sodalite.track.misplacement import misplacements
from sodalite.track.overlaps import common_views, on_one_raster
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.ebsd.grid import Grid

__all__ = ["StepGrains", "Tracking", "Transform", "track_grains"]


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
        confidence (0 to 1, how likely the link to the track's step before is right; NaN at its first).
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
    gates = Gates(tuple(groups), min_iou, min_containment, max_misorientation_deg)
    grains, overlaps = laid_over(steps, gates)
    meetings = meetings_in_a_row(grains, overlaps, gates)
    tracks, confidence = _chain(grains, meetings, gates, max_gap_steps)
    rows = _track_table(grains, tracks, confidence)
    return Tracking(rows, find_events(grains, tracks, meetings, gates))


def laid_over(steps: Sequence[StepGrains], gates: Gates) -> tuple[list[Grains], list[Meeting]]:
    """Return the grains of steps on their common raster and which of them overlap; unregistered steps fall in place."""
    grains = _seen(steps)
    overlaps = overlaps_in_a_row(grains, gates)
    if not on_one_raster([step.grid for step in steps], [step.to_first for step in steps]):
        return grains, overlaps
    askew = misplacements(grains, overlaps)
    if not askew.any():
        return grains, overlaps
    away = askew * steps[0].grid.spacing_um[::-1]
    placed = [
        step._replace(to_first=Transform.given(np.column_stack((np.eye(2), -shift))))
        for step, shift in zip(steps, away, strict=True)
    ]
    grains = _seen(placed)
    return grains, overlaps_in_a_row(grains, gates)


def _seen(steps: Sequence[StepGrains]) -> list[Grains]:
    views = common_views([s.labels for s in steps], [s.grid for s in steps], [s.to_first for s in steps])
    return [
        Grains(view, find_contacts(view.closed, view.points.size - 1), _turned(step), _phases(step))
        for view, step in zip(views, steps, strict=True)
    ]


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


def _chain(
    grains: Sequence[Grains], meetings: Sequence[Meeting], gates: Gates, max_gap_steps: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the track of each label of each step, ``(labels + 1,)``, 0 = none, and the confidence of its link."""
    tracks = [np.zeros(step.phase.size, dtype=np.int64) for step in grains]
    confidence = [np.full(step.phase.size, np.nan) for step in grains]
    highest = 0
    for k, step in enumerate(grains):
        for back in range(1, min(k, max_gap_steps + 1) + 1):
            before = tracks[k - back]
            meeting = meetings[k - 1] if back == 1 else meet(grains[k - back], step, gates)
            going_on = np.isin(before, np.concatenate([t[t > 0] for t in tracks[k - back + 1 : k + 1]]))
            first, second = meeting.pairs.first, meeting.pairs.second
            taken = meeting.links(~going_on[first] & (tracks[k][second] == 0))
            tracks[k][second[taken]] = before[first[taken]]
            confidence[k][second[taken]] = meeting.probability[taken]
        new = step.labels[tracks[k][step.labels] == 0]
        tracks[k][new] = np.arange(highest + 1, highest + 1 + new.size)
        highest += new.size
    return tracks, confidence


def _track_table(
    grains: Sequence[Grains], tracks: Sequence[np.ndarray], confidence: Sequence[np.ndarray]
) -> pd.DataFrame:
    import pandas as pd

    parts = [
        pd.DataFrame({"track": tracks[k][step.labels], "step": k, "label": step.labels,
                      "confidence": confidence[k][step.labels]})
        for k, step in enumerate(grains)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True).sort_values(["track", "step"], ignore_index=True)
