"""Which grains of two steps can be one, and how likely each pair is: overlap, shape, neighbours and orientation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.symmetry import operators_of
from sodalite.track.evidence import (
    Trees,
    Weights,
    boosted_log_odds,
    fitted,
    least_probability,
    linear_log_odds,
    matching_probabilities,
    orientation_log_odds,
    shared_probabilities,
    with_rivals,
)
from sodalite.track.overlaps import Pairs, find_pairs, on_frame
from sodalite.track.tales import Beyond, Side, tales_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.track.contacts import Contacts
    from sodalite.track.overlaps import View

_LINEAR_LOOKS = 2
"""Pairs are judged linearly by the partners that overlap makes, then by those that the first judgement makes."""


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
    odds
        ``(m,)`` log-odds of each pair to be one grain, orientation apart.
    probability
        How likely each pair is one grain, beside every other pair of either grain and neither, ``(m,)``.
    partner
        ``(labels + 1,)`` the grain of the second step that each of the first is taken for, 0 = none.
    """

    pairs: Pairs
    angle_deg: np.ndarray
    odds: np.ndarray
    probability: np.ndarray
    partner: np.ndarray

    def links(self, free: np.ndarray) -> np.ndarray:
        """Return the rows of those of the pairs that are taken for one grain, of pairs that are free, ``(m,)`` bool."""
        rows = np.flatnonzero(free & (self.probability > least_probability(self.probability)))
        return rows[assigned(self.pairs.first[rows], self.pairs.second[rows], self.probability[rows])]

    def back(self, second: Grains) -> np.ndarray:
        """Return the grain of the first step that each of the second is taken for, ``(labels + 1,)``, 0 = none."""
        linked = np.flatnonzero(self.partner)
        back = np.zeros(second.phase.size, dtype=np.int64)
        back[self.partner[linked]] = linked
        return back

    def sure(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how likely the partner of each grain of the first step is right, and of the second; 0 for none."""
        first, second = self.pairs.first, self.pairs.second
        taken = np.flatnonzero(self.partner[first] == second)
        here = np.bincount(first[taken], self.probability[taken], self.partner.size)
        return here, np.bincount(second[taken], self.probability[taken])

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


def overlaps_in_a_row(grains: Sequence[Grains], gates: Gates) -> list[Meeting]:
    """Return the pairs of all successive steps and each grain's partner by overlap and orientation alone."""
    return [_by_overlap(first, second, gates) for first, second in pairwise(grains)]


def meetings_in_a_row(grains: Sequence[Grains], overlaps: Sequence[Meeting], gates: Gates) -> list[Meeting]:
    """Return the pairs of all successive steps; what lies before and after two steps counts for their pairs."""
    return boosted_meetings(grains, linear_meetings(grains, overlaps, gates, fitted()), gates, fitted())


def linear_meetings(
    grains: Sequence[Grains], overlaps: Sequence[Meeting], gates: Gates, weights: Weights
) -> list[Meeting]:
    """Return the pairs of all successive steps as the linear log-odds judge them."""
    return _looked(grains, overlaps, gates, weights, [None] * _LINEAR_LOOKS)


def boosted_meetings(
    grains: Sequence[Grains], linear: Sequence[Meeting], gates: Gates, weights: Weights
) -> list[Meeting]:
    """Return the pairs of all successive steps as the last of the boosted judges sees them."""
    return _looked(grains, linear, gates, weights, weights.trees)


def _looked(
    grains: Sequence[Grains],
    meetings: Sequence[Meeting],
    gates: Gates,
    weights: Weights,
    judges: Sequence[Trees | None],
) -> list[Meeting]:
    """Return the pairs of all successive steps as judges see them, each by the partners of the one before."""
    found = list(meetings)
    for trees in judges:
        found = [
            _judged(grains[k : k + 2], meeting, sides, gates, weights, trees)
            for k, (meeting, sides) in enumerate(zip(found, sides_in_a_row(grains, found), strict=True))
        ]
    return found


def meet(first: Grains, second: Grains, gates: Gates) -> Meeting:
    """Return which grains of two steps can be one, by these two steps alone."""
    return meetings_in_a_row((first, second), overlaps_in_a_row((first, second), gates), gates)[0]


def sides_in_a_row(grains: Sequence[Grains], meetings: Sequence[Meeting]) -> list[tuple[Side, Side]]:
    """Return both sides of each meeting, with what their grains are taken for so far."""
    forth = [meeting.partner for meeting in meetings]
    back = [meeting.back(second) for meeting, second in zip(meetings, grains[1:], strict=True)]
    sure = [(here, _filled(there, b.size)) for (here, there), b in zip([m.sure() for m in meetings], back, strict=True)]
    sides = []
    for k, (first, second) in enumerate(pairwise(grains)):
        before = after = None
        if k:
            farther = _radii_beyond(back[k - 1], back[k - 2], grains[k - 2]) if k > 1 else None
            before = Beyond(grains[k - 1].view, back[k - 1], sure[k - 1][1], _or_unknown(farther, first))
        if k + 1 < len(meetings):
            farther = _radii_beyond(forth[k + 1], forth[k + 2], grains[k + 3]) if k + 2 < len(meetings) else None
            after = Beyond(grains[k + 2].view, forth[k + 1], sure[k + 1][0], _or_unknown(farther, second))
        cut = on_frame(first.view, second.view), on_frame(second.view, first.view)
        sides.append((
            Side(first.view, first.contacts, forth[k], sure[k][0], cut[0], before),
            Side(second.view, second.contacts, back[k], sure[k][1], cut[1], after),
        ))  # fmt: skip
    return sides


def _radii_beyond(onward: np.ndarray, farther: np.ndarray, there: Grains) -> np.ndarray:
    """Return the radius in points of what each grain leads on to in two steps, 0 where it has ended."""
    label = farther[onward]
    return np.where((onward > 0) & (label > 0), there.view.radius[label], 0.0)


def _or_unknown(radius: np.ndarray | None, own: Grains) -> np.ndarray:
    return np.full(own.phase.size, np.nan) if radius is None else radius


def _filled(values: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate((values, np.zeros(size - values.size)))


def _by_overlap(first: Grains, second: Grains, gates: Gates) -> Meeting:
    """Return the pairs of two steps and each grain's partner by overlap and orientation, taken for certain."""
    pairs = find_pairs(first.view, second.view)
    angle = misorientations_deg(first, second, pairs.first, pairs.second, gates)
    allowed = (pairs.iou >= gates.min_iou) | (pairs.containment >= gates.min_containment)
    allowed &= angle <= gates.max_misorientation_deg
    pairs, angle = Pairs(*(column[allowed] for column in pairs)), angle[allowed]
    likeness = 1 - angle / (2 * gates.max_misorientation_deg)
    taken = assigned(pairs.first, pairs.second, _overlap_score(pairs) * likeness)
    probability = np.zeros(angle.size)
    probability[taken] = 1.0
    return Meeting(pairs, angle, np.zeros(angle.size), probability, _partner(first, pairs, taken))


def _judged(
    steps: Sequence[Grains],
    meeting: Meeting,
    sides: tuple[Side, Side],
    gates: Gates,
    weights: Weights,
    trees: Trees | None,
) -> Meeting:
    """Return the pairs of two steps with their probabilities by the tales of both sides, and the partners that follow.

    Parameters
    ----------
    steps, sides
        The two.
    meeting
        Their pairs, who is taken for whom so far and the odds for that.
    gates
        What two grains have to share to be one.
    weights
        Of the linear judge,
    trees
        and of the boosted one that judges in its place.
    """
    first, second = steps
    pairs = meeting.pairs
    if pairs.first.size == 0:
        return meeting
    tales = tales_of(pairs, *sides)
    if trees is None:
        odds = linear_log_odds(tales, weights)
    else:
        odds = boosted_log_odds(with_rivals(pairs, tales, meeting.odds), trees)
    by_all = odds
    if first.orientations is not None and second.orientations is not None:
        limit = gates.max_misorientation_deg
        by_all = odds + orientation_log_odds(meeting.angle_deg, limit, _chance(first, second, gates))
    probabilities = matching_probabilities if trees is None else shared_probabilities
    judged = meeting._replace(odds=odds, probability=probabilities(pairs, by_all))
    return judged._replace(partner=_partner(first, pairs, judged.links(np.ones(odds.size, dtype=bool))))


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
