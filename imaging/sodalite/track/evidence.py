"""How likely two overlapping grains of successive steps are one: seven tell-tales of shape, and orientation.

A grain keeps its neighbours, is not cut up, covers its core again, and goes on beyond the two steps: there its size has
no waist (the root of the area of a convex grain is concave through parallel sections, Brunn-Minkowski, and a grain that
shrinks goes on shrinking) and its centre moves straight on. Each grain is one of those that it overlaps or none of them
(McFadden's conditional logit, 1974); the weights were fitted to sections of a nickel superalloy, see `_WEIGHTS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sodalite.track.overlaps import Pairs, View

_CONSTANT = -4.26
_WEIGHTS = (3.14, 2.89, 0.30, -0.41, 1.27, -1.09, -0.71, 1.05)
"""Weights of the log-odds of the tales of `_tales`, in their order.

From sections 0 to 49 of Small IN100 (10.1186/2193-9772-3-5), each, every second and every fourth with equal weight. The
sections across the other two axes of the volume give 2.46, 3.31, 0.19, -0.47, 1.62, -0.83, -1.02 and 0.90. Containment,
IoU, motion of the outline, distance of the centres, or squares and products of these tales add nothing.
"""
_SURE = 0.995
"""Shares of the core count up to here: one point more or less says nothing."""
_MOST_RATIO = 5.0
_SOFT_JUMP = 0.1
"""Jump of a centre, over the sum of the radii, that the outlines' noise alone makes."""
_DIGITS = 12
"""Neighbours and rivals are added in the order of their numbers, which leaves no trace in this many digits."""
_SPREADS = 3.0
"""The largest misorientation of one grain in two steps is this many spreads of a Maxwell distribution."""


class Contacts(NamedTuple):
    """Who borders on whom in one step.

    Attributes
    ----------
    share
        ``(labels + 1, labels + 1)`` share of each grain's outline, frame left out, that each other grain has.
    pairs
        ``(m, 2)`` labels of grains that touch, the smaller first.
    """

    share: csr_array
    pairs: np.ndarray


class Side(NamedTuple):
    """One of two steps that meet, and what its grains lead on to in the step on its far side.

    Attributes
    ----------
    view, contacts
        Of the step.
    partner
        ``(labels + 1,)`` the grain of the other step that each grain is taken for, 0 = none.
    cut
        ``(labels + 1,)`` whether the frame of either step cuts the grain.
    beyond
        The step on the far side, None where there is none.
    onward
        ``(labels + 1,)`` the grain in `beyond` that each grain is taken for, 0 = none.
    """

    view: View
    contacts: Contacts
    partner: np.ndarray
    cut: np.ndarray
    beyond: View | None
    onward: np.ndarray


def find_contacts(closed: np.ndarray, highest: int) -> Contacts:
    """Return the contacts of grains, ``(rows, columns)`` with labels up to `highest`, 0 = none."""
    from scipy.sparse import csr_array

    closed = closed.astype(np.int64)
    ends = []
    for one, other in ((closed[1:], closed[:-1]), (closed[:, 1:], closed[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        ends.append(np.stack((np.minimum(one[meet], other[meet]), np.maximum(one[meet], other[meet]))))
    low, high = np.concatenate(ends, axis=1)
    codes, edges = np.unique(low * (highest + 1) + high, return_counts=True)
    pairs = np.column_stack((codes // (highest + 1), codes % (highest + 1)))
    row, column = np.concatenate((pairs, pairs[:, ::-1])).T
    length = np.tile(edges, 2)
    share = csr_array(
        (length / np.bincount(row, length, highest + 1)[row], (row, column)), shape=(highest + 1, highest + 1)
    )
    return Contacts(share, pairs)


def log_odds(pairs: Pairs, first: Side, second: Side) -> np.ndarray:
    """Return the log of the odds of each pair to be one grain against neither of them going on, ``(m,)``."""
    if pairs.first.size == 0:
        return np.zeros(0)
    tales = zip(_WEIGHTS, _tales(pairs, first, second), strict=True)
    return np.asarray(_CONSTANT + sum(weight * tale for weight, tale in tales))


def orientation_log_odds(angle_deg: np.ndarray, limit_deg: float, chance: float) -> np.ndarray:
    """Return what the misorientation of pairs within a limit adds to their log-odds, ``(m,)``.

    Of one grain it follows a Maxwell distribution, of two grains the density of rotations, which rises as its square.

    Parameters
    ----------
    angle_deg, limit_deg
        Misorientation of each pair, and the largest that one grain may have.
    chance
        Share of pairs of different grains within the limit.
    """
    peak = np.sqrt(2 / np.pi) * _SPREADS**3 / 3
    return np.log(peak / chance) - 0.5 * (_SPREADS * angle_deg / limit_deg) ** 2


def probabilities(pairs: Pairs, odds: np.ndarray) -> np.ndarray:
    """Return how likely each pair is one grain, beside every other pair of either grain and neither, ``(m,)``."""
    weight = np.exp(np.clip(odds, -50, 50))
    rivals = [np.bincount(labels, weight)[labels] for labels in (pairs.first, pairs.second)] if weight.size else [0, 0]
    return np.round(weight / (1 + rivals[0] + rivals[1] - weight), _DIGITS)


def _tales(pairs: Pairs, first: Side, second: Side) -> tuple[np.ndarray, ...]:
    """Return the neighbours kept, how whole, the core, frames that cut, ends beyond, waist, jump, waist times jump.

    All are dimensionless and stay as they are when the steps are read backwards. A centre that jumps tells least of a
    grain with a waist, which is hardly one anyway, so that their product counts too.
    """
    kept = 0.5 * (_neighbours_kept(pairs.first, pairs.second, first, second)
                  + _neighbours_kept(pairs.second, pairs.first, second, first))  # fmt: skip
    core = np.clip(pairs.core, 1 - _SURE, _SURE)
    cut = first.cut[pairs.first] + second.cut[pairs.second].astype(np.float64)
    ends, waist, jump = (
        one + two
        for one, two in zip(
            _beyond(pairs.first, pairs.second, first, second),
            _beyond(pairs.second, pairs.first, second, first),
            strict=True,
        )
    )
    return kept, pairs.whole, np.log(core / (1 - core)), cut, ends, waist, jump, waist * jump


def _neighbours_kept(own: np.ndarray, other: np.ndarray, here: Side, there: Side) -> np.ndarray:
    """Return the share of each own grain's outline whose neighbours border on the other grain again."""
    from scipy.sparse import csr_array

    linked = np.flatnonzero(here.partner)
    shape = (here.partner.size, there.partner.size)
    renamed = csr_array((np.ones(linked.size), (linked, here.partner[linked])), shape=shape)
    before, after = (here.contacts.share @ renamed)[own], there.contacts.share[other]
    return np.asarray(before.minimum(after).sum(axis=1)).ravel()


def _beyond(own: np.ndarray, other: np.ndarray, here: Side, there: Side) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of pairs whether the own grain ends in the step beyond, how much it was wider there, how far it jumps.

    Width is the log of the ratio of radii, the jump the log of the bend of the centre's way over both radii; both are 0
    where the grain is not seen beyond, all three where there is no such step.
    """
    nothing = np.zeros(own.size)
    if here.beyond is None:
        return nothing, nothing, nothing
    onward = here.onward[own]
    seen = onward > 0
    radius, wide = here.view.radius[own], here.beyond.radius[onward]
    ratio = np.divide(wide, radius, out=np.ones(own.size), where=seen)
    ways = [
        getattr(there.view, axis)[other] - 2 * getattr(here.view, axis)[own] + getattr(here.beyond, axis)[onward]
        for axis in ("x", "y")
    ]
    bend = np.where(seen, np.hypot(*ways) / (radius + there.view.radius[other]), 1.0)
    jump = np.where(seen, np.log(bend + _SOFT_JUMP), 0.0)
    return (~seen).astype(np.float64), np.log(np.clip(ratio, 1 / _MOST_RATIO, _MOST_RATIO)), jump
