"""Links between the grains of successive steps and the tracks they form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
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
    raise NotImplementedError
