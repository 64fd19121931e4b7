"""Which grains of two steps can be one, and how likely each pair is: overlap, shape, neighbours and orientation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.symmetry import operators_of
from sodalite.track.evidence import log_odds, orientation_log_odds, probabilities
from sodalite.track.overlaps import Pairs, find_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.track.evidence import Contacts
    from sodalite.track.overlaps import View


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
        ``(labels + 1,)`` the grain of the second step that overlap and orientation make of each of the first, 0 = none.
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
    alone = [meet(first, second, gates) for first, second in pairwise(grains)]
    before = [np.full(step.phase.size, np.nan) for step in grains]
    after = [np.full(step.phase.size, np.nan) for step in grains]
    for k, meeting in enumerate(alone):
        linked = np.flatnonzero(meeting.partner)
        after[k], before[k + 1] = np.zeros(after[k].size), np.zeros(before[k + 1].size)
        after[k][linked] = grains[k + 1].view.radius[meeting.partner[linked]]
        before[k + 1][meeting.partner[linked]] = grains[k].view.radius[linked]
    return [
        meeting._replace(log_odds=_log_odds(grains[k], grains[k + 1], meeting, (before[k], after[k + 1]), gates))
        for k, meeting in enumerate(alone)
    ]


def meet(first: Grains, second: Grains, gates: Gates) -> Meeting:
    """Return which grains of two steps can be one, by these two steps alone."""
    pairs = find_pairs(first.view, second.view)
    angle = misorientations_deg(first, second, pairs.first, pairs.second, gates)
    allowed = (pairs.iou >= gates.min_iou) | (pairs.containment >= gates.min_containment)
    allowed &= angle <= gates.max_misorientation_deg
    pairs, angle = Pairs(*(column[allowed] for column in pairs)), angle[allowed]
    likeness = 1 - angle / (2 * gates.max_misorientation_deg)
    taken = assigned(pairs.first, pairs.second, _overlap_score(pairs) * likeness)
    partner = np.zeros(first.phase.size, dtype=np.int64)
    partner[pairs.first[taken]] = pairs.second[taken]
    found = Meeting(pairs, angle, partner, np.zeros(angle.size))
    unknown = (np.full(first.phase.size, np.nan), np.full(second.phase.size, np.nan))
    return found._replace(log_odds=_log_odds(first, second, found, unknown, gates))


def _log_odds(
    first: Grains, second: Grains, meeting: Meeting, beyond: tuple[np.ndarray, np.ndarray], gates: Gates
) -> np.ndarray:
    """Return the log-odds of the pairs of two steps; `beyond` as in `sodalite.track.evidence.log_odds`."""
    radius = (first.view.radius, second.view.radius)
    odds = log_odds(meeting.pairs, (first.contacts, second.contacts), meeting.partner, radius, beyond)
    if first.orientations is None or second.orientations is None:
        return odds
    limit = gates.max_misorientation_deg
    return odds + orientation_log_odds(meeting.angle_deg, limit, _chance(first, second, gates))


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
