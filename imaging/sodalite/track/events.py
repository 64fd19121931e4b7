"""What happened where tracks end and begin: grains that vanish, appear, merge, split, leave or enter the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.track.meetings import misorientations_deg
from sodalite.track.overlaps import find_pairs, indexed_share, on_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.track.meetings import Gates, Grains, Meeting

_ENDS, _STARTS = ("vanish", "merge", "left_view"), ("appear", "split", "entered_view")
_SURE_POINTS = 12.0
"""A grain of this many points is no noise of the indexing, more often than not."""
_MERGED_SHARE = 0.5
"""Share of a grain that has to lie in another one for the two to have merged."""


def find_events(
    grains: Sequence[Grains], tracks: Sequence[np.ndarray], meetings: Sequence[Meeting], gates: Gates
) -> pd.DataFrame:
    """Return what happened where tracks end and begin, see `sodalite.track.link.Tracking`.

    Parameters
    ----------
    grains, tracks
        Of all steps; tracks ``(labels + 1,)``, 0 = none.
    meetings
        Of successive steps.
    gates
        What two grains have to share to be one.
    """
    import pandas as pd

    rows: list[tuple[int, str, int, int, int, float]] = []
    largest = _largest(grains, tracks)
    for k in range(1, len(grains)):
        later, earlier = np.unique(np.concatenate(tracks[k:])), np.unique(np.concatenate(tracks[:k]))
        before, after = grains[k - 1], grains[k]
        ended = before.labels[~np.isin(tracks[k - 1][before.labels], later)]
        begun = after.labels[~np.isin(tracks[k][after.labels], earlier)]
        pairs = meetings[k - 1].pairs
        gone, fresh = (
            (largest[tracks[at]], meetings[k - 1].alone(labels, tracks[at].size))
            for at, labels in ((k - 1, pairs.first), (k, pairs.second))
        )
        for kind, label, host, sure in _ends(before, after, ended, gone, gates, _ENDS):
            merged = kind == "merge"
            place, into = (host, int(tracks[k][host])) if merged else (label, 0)
            rows.append((k, kind, int(tracks[k - 1][label]), place, into, sure))
        for kind, label, host, sure in _ends(after, before, begun, fresh, gates, _STARTS):
            into = int(tracks[k - 1][host]) if kind == "split" else 0
            rows.append((k, kind, int(tracks[k][label]), label, into, sure))
    table = pd.DataFrame(rows, columns=["step", "kind", "track", "label", "into", "confidence"])
    return table.sort_values(["step", "track", "kind"], ignore_index=True)


def _largest(grains: Sequence[Grains], tracks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the most points that each track has in any step, ``(tracks + 1,)``."""
    largest = np.zeros(max(int(track.max(initial=0)) for track in tracks) + 1)
    for step, track in zip(grains, tracks, strict=True):
        np.maximum.at(largest, track, step.view.points)
    return largest


def _ends(
    own: Grains,
    other: Grains,
    labels: np.ndarray,
    known: tuple[np.ndarray, np.ndarray],
    gates: Gates,
    kinds: tuple[str, str, str],
) -> list[tuple[str, int, int, float]]:
    """Return what became of grains of one step that have no partner in another: kind, label, host and confidence.

    A grain that never had more than a few points may be noise of the indexing; one that has shrunk to them is none.

    Parameters
    ----------
    own, other, gates, kinds
        The steps, what two grains have to share to be one, and how the events are called.
    labels
        Of the grains.
    known
        ``(labels + 1,)`` each: the most points that a grain has in any step, how likely it has no partner.
    """
    at_frame, seen = on_frame(own.view, other.view), indexed_share(own.view, other.view)
    host, part = _hosts(own, other)
    angle = np.full(own.phase.size, 180.0)
    joined = labels[(part[labels] >= _MERGED_SHARE) & (host[labels] > 0)]
    angle[joined] = misorientations_deg(own, other, joined, host[joined], gates)
    found = []
    for label in labels.tolist():
        sure = 1 - float(np.exp(-known[0][label] / _SURE_POINTS))
        if at_frame[label]:
            found.append((kinds[2], label, 0, sure))
        elif angle[label] <= gates.max_misorientation_deg and own.orientations is not None:
            found.append((kinds[1], label, int(host[label]), sure * float(seen[label])))
        else:
            found.append((kinds[0], label, int(host[label]), sure * float(seen[label] * known[1][label])))
    return found


def _hosts(own: Grains, other: Grains) -> tuple[np.ndarray, np.ndarray]:
    """Return which grain of another step holds most of each grain, 0 = none, and which share, ``(labels + 1,)``."""
    pairs = find_pairs(own.view, other.view)
    order = np.lexsort((pairs.second, -pairs.shared, pairs.first))
    first = order[np.r_[True, np.diff(pairs.first[order]) > 0]] if order.size else order
    host, part = np.zeros(own.phase.size, dtype=np.int64), np.zeros(own.phase.size)
    host[pairs.first[first]] = pairs.second[first]
    part[pairs.first[first]] = pairs.shared[first] / pairs.size_first[first]
    return host, part
