"""From the grains of registered steps to tracks: links, events, neighbours and moving boundaries."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.measure.boundary_motion import MOTION_COLUMNS, boundary_motion
from sodalite.measure.grain_grid import brick_image
from sodalite.measure.misorientation import disorientation_deg
from sodalite.pipelines.coarsening_registration import groups_of, resample, turned
from sodalite.pipelines.coarsening_steps import GAP_STEPS
from sodalite.pipelines.coarsening_takeovers import takeovers_told
from sodalite.track.link import StepGrains, Tracking, track_grains
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sodalite.ebsd import Grid
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.coarsening_steps import MeasuredStep

_TRACK_COLUMNS = (
    "track", "step", "label", "area_um2", "ecd_um", "x_um", "y_um", "misorientation_deg", "pixels", "neighbours",
    "on_border", "border_weight", "phase", "confidence",
)  # fmt: skip
_EVENT_COLUMNS = ("step", "kind", "track", "label", "into", "confidence")


class Tracked(NamedTuple):
    """Grains of a series through its steps.

    Attributes
    ----------
    steps
        Steps that lie over each other, in order.
    to_first
        Number of a step -> transform to the first of them.
    to_before
        Number of a step -> transform to the one before.
    labels
        Number of a step -> ``(rows, columns)`` uint32 tracks, 0 = none.
    closed
        The same with narrow gaps between grains given to the nearest one.
    tracks
        One row a grain of a step, ordered by track and step.
    events
        One row an event.
    """

    steps: tuple[MeasuredStep, ...]
    to_first: Mapping[int, Transform]
    to_before: Mapping[int, Transform]
    labels: Mapping[int, np.ndarray]
    closed: Mapping[int, np.ndarray]
    tracks: pd.DataFrame
    events: pd.DataFrame


def track_steps(recipe: Coarsening, measured: Sequence[MeasuredStep], to_before: Mapping[int, Transform]) -> Tracked:
    """Return the tracks of the grains of all steps that lie over each other."""
    steps = tuple(step for step in measured if step.number in to_before)
    to_first: dict[int, Transform] = {steps[0].number: Transform.identity()}
    for before, after in pairwise(steps):
        to_first[after.number] = to_first[before.number].after(to_before[after.number])
    tracking = _tracking(recipe, steps, to_first) if len(steps) > 1 else _untracked(steps[0])
    number = np.array([step.number for step in steps])
    tracks = tracking.tracks.assign(step=number[tracking.tracks["step"].to_numpy(np.int64)])
    closed = {step.number: _closed(step.labels, step.grid) for step in steps}
    table = _table(steps, to_first, tracks, closed)
    track_of = {step.number: _track_of(step, tracks) for step in steps}
    labels = {step.number: track_of[step.number][step.labels] for step in steps}
    closed = {number: track_of[number][grains] for number, grains in closed.items()}
    events = tracking.events.assign(step=number[tracking.events["step"].to_numpy(np.int64)])
    events = takeovers_told(events, steps, labels, closed, to_first)
    # the labels that are written are tracks
    events = events.assign(label=events["track"]).reindex(columns=list(_EVENT_COLUMNS))
    return Tracked(steps, to_first, to_before, labels, closed, table, events)


def motion_table(tracked: Tracked, times_h: np.ndarray, plane: np.ndarray) -> pd.DataFrame:
    """Return how the boundary of each pair of grains moved from step to step; steps of another plane are left out.

    Columns: step, step_after, those of `sodalite.measure.boundary_motion.boundary_motion`, and velocity_um_h, NaN
    without times.

    Parameters
    ----------
    tracked
        The tracks.
    times_h, plane
        ``(steps,)`` of the series: hours, NaN where unknown; equal numbers where steps show the same plane.
    """
    import pandas as pd

    columns = ["step", "step_after", *MOTION_COLUMNS, "velocity_um_h"]
    parts = []
    for before, after in pairwise(tracked.steps):
        if plane[before.number] != plane[after.number]:
            continue
        moved = _motion(tracked, before, after)
        hours = times_h[after.number] - times_h[before.number]
        parts.append(
            moved.assign(step=before.number, step_after=after.number, velocity_um_h=moved["displacement_um"] / hours)
        )
    if not parts:
        return pd.DataFrame(columns=columns, dtype=float)
    return pd.concat(parts, ignore_index=True)[columns]


def _tracking(recipe: Coarsening, steps: Sequence[MeasuredStep], to_first: Mapping[int, Transform]) -> Tracking:
    return track_grains(
        [StepGrains(s.labels, s.grid, s.means, s.phase, to_first[s.number]) for s in steps],
        groups=groups_of(steps),
        min_iou=recipe.min_iou,
        min_containment=recipe.min_containment,
        max_misorientation_deg=recipe.max_misorientation_deg,
        max_gap_steps=recipe.max_missing_steps,
    )


def _untracked(step: MeasuredStep) -> Tracking:
    """Return a track for each grain of the one step there is, where no two steps fit each other."""
    import pandas as pd

    label = step.grains["label"].to_numpy(np.int64)
    tracks = pd.DataFrame({"track": label, "step": 0, "label": label, "confidence": math.nan})
    return Tracking(tracks, pd.DataFrame({name: [] for name in _EVENT_COLUMNS}))


def _track_of(step: MeasuredStep, tracks: pd.DataFrame) -> np.ndarray:
    """Return the track of each grain of a step, ``(grains + 1,)``, 0 for no grain."""
    own = tracks[tracks["step"] == step.number]
    track_of = np.zeros(len(step.grains) + 1, dtype=np.uint32)
    track_of[own["label"].to_numpy(np.int64)] = own["track"].to_numpy(np.uint32)
    return track_of


def _table(
    steps: Sequence[MeasuredStep],
    to_first: Mapping[int, Transform],
    tracks: pd.DataFrame,
    closed: Mapping[int, np.ndarray],
) -> pd.DataFrame:
    """Return the tracks with what is known of the grain in each step."""
    import pandas as pd

    parts = []
    for step in steps:
        own = tracks[tracks["step"] == step.number]
        grains = step.grains.assign(neighbours=_neighbours(step, closed[step.number]))
        merged = own.merge(grains, on="label", how="left", validate="one_to_one")
        row = merged["label"].to_numpy(np.int64) - 1
        own_turned = turned(step.means[row], to_first[step.number].rotation_deg)
        parts.append(merged.assign(**{f"q{k}": own_turned[:, k] for k in range(4)}))
    table = pd.concat(parts, ignore_index=True).sort_values(["track", "step"], kind="stable", ignore_index=True)
    table["misorientation_deg"] = _turns(table, groups_of(steps))
    # the labels that are written are tracks
    table["label"] = table["track"]
    return table[list(_TRACK_COLUMNS)]


def _turns(table: pd.DataFrame, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Return how far each grain's mean orientation lies from that in its step before, degrees; NaN at the first."""
    quaternions = table[["q0", "q1", "q2", "q3"]].to_numpy(float)
    track, phase = table["track"].to_numpy(), table["phase"].to_numpy(np.int64)
    later = np.flatnonzero((track[1:] == track[:-1]) & (phase[1:] == phase[:-1])) + 1
    turns = np.full(len(table), np.nan)
    for number in np.unique(phase[later]):
        own = later[phase[later] == number]
        turns[own] = disorientation_deg(quaternions[own - 1], quaternions[own], groups[number - 1])
    return turns


def _neighbours(step: MeasuredStep, closed: np.ndarray) -> np.ndarray:
    """Return the number of grains that each grain meets, ``(grains,)``; narrow gaps between grains do not part them."""
    ids = brick_image(closed.astype(np.int64), step.grid.spacing_um, shifted_parity=step.grid.shifted_parity).ids
    pairs = []
    for one, other in ((ids[1:], ids[:-1]), (ids[:, 1:], ids[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        pairs.append(np.unique(np.minimum(one[meet], other[meet]) << 32 | np.maximum(one[meet], other[meet])))
    met = np.unique(np.concatenate(pairs))
    sides = np.concatenate((met >> 32, met & 0xFFFFFFFF))
    return np.bincount(sides, minlength=len(step.grains) + 1)[1:]


def _closed(labels: np.ndarray, grid: Grid) -> np.ndarray:
    """Return labels with gaps up to three steps from a grain given to the nearest one."""
    from sodalite.segment.grain_cleanup import fill_gaps

    flat = labels.ravel() if grid.node is None else labels.ravel()[grid.node]
    if flat.all():
        return labels
    source = fill_gaps((flat > 0).astype(np.int16), grid, max_steps=GAP_STEPS)
    if grid.node is None:
        return flat[source].reshape(labels.shape)
    closed = np.zeros_like(labels)
    closed.ravel()[grid.node] = flat[source]
    return closed


def _motion(tracked: Tracked, before: MeasuredStep, after: MeasuredStep) -> pd.DataFrame:
    grid = before.grid
    old = tracked.closed[before.number]
    new = resample(tracked.closed[after.number], after.grid, grid, tracked.to_before[after.number])
    images = [brick_image(ids, grid.spacing_um, shifted_parity=grid.shifted_parity) for ids in (old, new)]
    is_hexagonal = grid.lattice == "hex"
    return boundary_motion(images[0].ids, images[1].ids, images[0].spacing_um, is_hexagonal=is_hexagonal)
