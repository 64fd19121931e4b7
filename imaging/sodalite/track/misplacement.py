"""Steps on one raster that lie askew by whole points, as the moves of their grains tell.

Sections of a series that was never registered lie up to two points beside each other (Small IN100: standard deviations
of 0.25 and 0.44 along the milling direction, 0.1 along the others), which costs more of small grains than what the
sections are apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.track.meetings import Grains, Meeting

_LEAST_POINTS, _LEAST_IOU = 60, 0.3
"""Grains of this size that overlap that much tell how their steps lie."""
_LEAST_GRAINS = 10
_SURE = 3.0
"""A median move counts from this many standard errors on."""
_MOST_SHARE = 0.25
"""Steps that would stray over more than this share of the map lean rather than lie askew."""


def misplacements(grains: Sequence[Grains], meetings: Sequence[Meeting]) -> np.ndarray:
    """Return how far each step lies from its place over the first, ``(steps, 2)`` whole points along x and y."""
    moves = [_common_move(*steps) for steps in zip(grains, grains[1:], meetings, strict=False)]
    places = np.concatenate((np.zeros((1, 2)), np.cumsum(np.rint(moves), axis=0)))
    return places if np.ptp(places, axis=0).max() <= _MOST_SHARE * min(grains[0].view.labels.shape) else 0 * places


def _common_move(first: Grains, second: Grains, meeting: Meeting) -> np.ndarray:
    """Return the median move of the grains of two steps along x and y, in points; 0 where chance makes as much."""
    pairs = meeting.pairs
    large = np.minimum(pairs.size_first, pairs.size_second) >= _LEAST_POINTS
    told = (meeting.partner[pairs.first] == pairs.second) & large & (pairs.iou > _LEAST_IOU)
    if told.sum() < _LEAST_GRAINS:
        return np.zeros(2)
    one, two = pairs.first[told], pairs.second[told]
    moves = np.column_stack([getattr(second.view, axis)[two] - getattr(first.view, axis)[one] for axis in ("x", "y")])
    median = np.median(moves, axis=0)
    # the error of a median is pi / 2 times that of a mean in variance; the spread by quartiles, which outliers leave
    spread = np.subtract(*np.quantile(moves, (0.75, 0.25), axis=0)) / 1.349
    error = np.sqrt(np.pi / 2 / told.sum()) * spread
    return np.where(np.abs(median) > _SURE * error, median, 0.0)
