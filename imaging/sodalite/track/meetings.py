"""Which grains of two steps can be one, and how likely each pair is: overlap, shape, neighbours and orientation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.symmetry import operators_of
from sodalite.track.evidence import Side, log_odds, orientation_log_odds, probabilities
from sodalite.track.overlaps import Pairs, find_pairs, on_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.track.evidence import Contacts
    from sodalite.track.overlaps import View

_LEAST_PROBABILITY = 0.4
"""Pairs are linked from here on: a grain that is taken for two costs two events and its rates, one wrong link less."""
_LOOKS = 2
"""Pairs are judged by the partners that overlap makes, then by those that the first judgement makes."""


class Grains(NamedTuple):
    """One step on the common raster: its view, contacts, orientations and phases ``(labels + 1, ...)``."""

    view: View
    contacts: Contacts
    orientations: np.ndarray | None
    phase: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Labels that have a point."""
        return np.flatnonzero(self.view.points[1:]) + 1


class Gates(NamedTuple):
    """What two grains have to share to be one at all, see `sodalite.track.link.track_grains`."""

    groups: tuple[str | np.ndarray, ...]
    min_iou: float
    min_containment: float
    max_misorientation_deg: float


class Meeting(NamedTuple):
    """Pairs of grains of two steps that can be one.

    Attributes
    ----------
    pairs, angle_deg
        The pairs and their misorientations.
    partner
        ``(labels + 1,)`` the grain of the second step that each of the first is taken for, 0 = none.
    log_odds
        Of each pair to be one grain, against neither of them going on.
    """

    pairs: Pairs
    angle_deg: np.ndarray
    partner: np.ndarray
    log_odds: np.ndarray

    @property
    def probability(self) -> np.ndarray:
        """How likely each pair is one grain, beside every other pair of either grain and neither, ``(m,)``."""
        return probabilities(self.pairs, self.log_odds)

    def links(self, free: np.ndarray) -> np.ndarray:
        """Return the rows of those of the pairs that are taken for one grain, of pairs that are free, ``(m,)`` bool."""
        probability = self.probability
        rows = np.flatnonzero(free & (probability > _LEAST_PROBABILITY))
        return rows[assigned(self.pairs.first[rows], self.pairs.second[rows], probability[rows])]

    def back(self, second: Grains) -> np.ndarray:
        """Return the grain of the first step that each of the second is taken for, ``(labels + 1,)``, 0 = none."""
        linked = np.flatnonzero(self.partner)
        back = np.zeros(second.phase.size, dtype=np.int64)
        back[self.partner[linked]] = linked
        return back

    def alone(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Return how likely each of `count` labels has no partner; `labels` are those of the pairs' one side."""
        return np.clip(1 - np.bincount(labels, self.probability, count), 0, 1)


def misorientations_deg(first: Grains, second: Grains, one: np.ndarray, two: np.ndarray, gates: Gates) -> np.ndarray:
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


def meetings_in_a_row(grains: Sequence[Grains], gates: Gates) -> list[Meeting]:
    """Return the pairs of all successive steps; what lies before and after two steps counts for their pairs."""
    meetings = [_by_overlap(first, second, gates) for first, second in pairwise(grains)]
    for _ in range(_LOOKS):
        meetings = [
            _judged(
                grains[k : k + 2],
                meeting,
                (grains[k - 1], meetings[k - 1].back(grains[k])) if k else None,
                (grains[k + 2], meetings[k + 1].partner) if k + 1 < len(meetings) else None,
                gates,
            )
            for k, meeting in enumerate(meetings)
        ]
    return meetings


def meet(first: Grains, second: Grains, gates: Gates) -> Meeting:
    """Return which grains of two steps can be one, by these two steps alone."""
    return _judged((first, second), _by_overlap(first, second, gates), None, None, gates)


def _by_overlap(first: Grains, second: Grains, gates: Gates) -> Meeting:
    """Return the pairs of two steps, each grain's partner by overlap and orientation, and odds not yet known."""
    pairs = find_pairs(first.view, second.view)
    angle = misorientations_deg(first, second, pairs.first, pairs.second, gates)
    allowed = (pairs.iou >= gates.min_iou) | (pairs.containment >= gates.min_containment)
    allowed &= angle <= gates.max_misorientation_deg
    pairs, angle = Pairs(*(column[allowed] for column in pairs)), angle[allowed]
    likeness = 1 - angle / (2 * gates.max_misorientation_deg)
    taken = assigned(pairs.first, pairs.second, _overlap_score(pairs) * likeness)
    return Meeting(pairs, angle, _partner(first, pairs, taken), np.zeros(angle.size))


def _judged(
    steps: Sequence[Grains],
    meeting: Meeting,
    before: tuple[Grains, np.ndarray] | None,
    after: tuple[Grains, np.ndarray] | None,
    gates: Gates,
) -> Meeting:
    """Return the pairs of two steps with their log-odds, and the partners that follow from them.

    Parameters
    ----------
    steps
        The two.
    meeting
        Their pairs, and who is taken for whom so far.
    before, after
        The step on either far side, and which of its grains each grain is taken for; None where there is none.
    """
    first, second = steps
    cut = on_frame(first.view, second.view), on_frame(second.view, first.view)
    sides = [
        Side(own.view, own.contacts, partner, edge, beyond[0].view if beyond else None,
             beyond[1] if beyond else np.zeros(own.phase.size, dtype=np.int64))
        for own, partner, edge, beyond in zip(
            steps, (meeting.partner, meeting.back(second)), cut, (before, after), strict=True
        )
    ]  # fmt: skip
    odds = log_odds(meeting.pairs, *sides)
    if first.orientations is not None and second.orientations is not None:
        limit = gates.max_misorientation_deg
        odds = odds + orientation_log_odds(meeting.angle_deg, limit, _chance(first, second, gates))
    judged = meeting._replace(log_odds=odds)
    return judged._replace(partner=_partner(first, meeting.pairs, judged.links(np.ones(odds.size, dtype=bool))))


def _partner(first: Grains, pairs: Pairs, taken: np.ndarray) -> np.ndarray:
    partner = np.zeros(first.phase.size, dtype=np.int64)
    partner[pairs.first[taken]] = pairs.second[taken]
    return partner


def _chance(first: Grains, second: Grains, gates: Gates) -> float:
    """Return the share of neighbours whose orientations would pass for one grain's, by Laplace's rule of succession."""
    angles = np.concatenate(
        [
            misorientations_deg(step, step, step.contacts.pairs[:, 0], step.contacts.pairs[:, 1], gates)
            for step in (first, second)
        ]
    )
    return float((angles <= gates.max_misorientation_deg).sum() + 1) / (angles.size + 2)


def _overlap_score(pairs: Pairs) -> np.ndarray:
    """Return the cosine of two grains' areas times the share of the smaller in the larger, ``(m,)`` from 0 to 1."""
    return pairs.shared / np.sqrt(pairs.size_first * pairs.size_second) * pairs.containment


def assigned(first: np.ndarray, second: np.ndarray, score: np.ndarray) -> np.ndarray:
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
