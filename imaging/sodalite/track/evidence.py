"""How likely two overlapping grains of successive steps are one: four tell-tales of shape, and orientation.

A grain lies where it lay, its outline moves no further than others do, it keeps its neighbours, and its size has no
waist: the root of the area of a convex grain is concave through parallel sections (Brunn-Minkowski), and a grain that
shrinks goes on shrinking. Each grain is one of those that it overlaps or none of them (McFadden's conditional logit,
1974); the weights were fitted to sections of a nickel superalloy, see `_WEIGHTS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.track.raster import without_gaps

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sodalite.track.overlaps import Pairs

_CONSTANT = -0.93
_WEIGHTS = (0.72, -0.96, 4.3, -2.5)
"""Weights of log-odds of containment, log of excess motion, share of neighbours kept and bend of the radius.

From sections 0 to 49 of Small IN100 (10.1186/2193-9772-3-5), each, every second and every fourth, in a fit that also
had the log of IoU, left out for its weight of 0.16. Without it the fit gives -1.11 and 0.72, -1.08, 4.38, -2.61, and
sections 50 to 99 alone -1.33 and 0.74, -0.82, 4.56, -2.73.
"""
_SOFT_POINTS = 0.15
"""Motion of an outline in points that the raster alone makes."""
_SURE = 0.98
"""Shares of containment count up to here: one point more or less says nothing."""
_MOST_BEND = 2.0
_SPREADS = 3.0
"""The largest misorientation of one grain in two steps is this many spreads of a Maxwell distribution."""


class Contacts(NamedTuple):
    """Who borders on whom in one step.

    Attributes
    ----------
    share
        ``(labels + 1, labels + 1)`` share of each grain's outline, frame left out, that each other grain has.
    outline
        ``(labels + 1,)`` length of that outline, points.
    pairs
        ``(m, 2)`` labels of grains that touch, the smaller first.
    """

    share: csr_array
    outline: np.ndarray
    pairs: np.ndarray


def find_contacts(labels: np.ndarray, highest: int) -> Contacts:
    """Return the contacts of a view, ``(rows, columns)`` with labels up to `highest`; narrow gaps are closed before."""
    from scipy.sparse import csr_array

    closed = without_gaps(np.maximum(labels, 0)).astype(np.int64)
    ends = []
    for one, other in ((closed[1:], closed[:-1]), (closed[:, 1:], closed[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        ends.append(np.stack((np.minimum(one[meet], other[meet]), np.maximum(one[meet], other[meet]))))
    low, high = np.concatenate(ends, axis=1)
    codes, edges = np.unique(low * (highest + 1) + high, return_counts=True)
    pairs = np.column_stack((codes // (highest + 1), codes % (highest + 1)))
    row, column = np.concatenate((pairs, pairs[:, ::-1])).T
    # edges of pixels are longer than the outline that they follow, by 4 / pi where it runs in all directions
    length = np.tile(edges, 2) * np.pi / 4
    outline = np.bincount(row, length, highest + 1)
    share = csr_array((length / outline[row], (row, column)), shape=(highest + 1, highest + 1))
    return Contacts(share, outline, pairs)


def log_odds(
    pairs: Pairs,
    contacts: tuple[Contacts, Contacts],
    partner: np.ndarray,
    radius: tuple[np.ndarray, np.ndarray],
    beyond: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return the log of the odds of each pair to be one grain against neither of them going on, ``(m,)``.

    Parameters
    ----------
    pairs
        Pairs of grains of two steps that can be one.
    contacts
        Of both steps.
    partner
        ``(labels + 1,)`` the grain of the second step that overlap alone makes of each of the first, 0 = none.
    radius
        ``(labels + 1,)`` radii of the grains of both steps.
    beyond
        ``(labels + 1,)`` radius in the step before of each grain of the first, and in the step after of each of the
        second; 0 where it has none there, NaN where there is no such step.
    """
    if pairs.first.size == 0:
        return np.zeros(0)
    inside = np.clip(pairs.containment, 1 - _SURE, _SURE)
    tales = (
        np.log(inside / (1 - inside)),
        _excess_motion(pairs, contacts, partner),
        _neighbours_kept(pairs, contacts, partner),
        _bend(pairs, radius, beyond),
    )
    return _CONSTANT + sum(weight * tale for weight, tale in zip(_WEIGHTS, tales, strict=True))


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
    return np.asarray(weight / (1 + rivals[0] + rivals[1] - weight))


def _excess_motion(pairs: Pairs, contacts: tuple[Contacts, Contacts], partner: np.ndarray) -> np.ndarray:
    """Return the log of how far each pair's outline moved over what is usual between the two steps."""
    outline = contacts[0].outline[pairs.first] + contacts[1].outline[pairs.second]
    motion = (pairs.size_first + pairs.size_second - 2 * pairs.shared) / (0.5 * outline + 1)
    linked = np.flatnonzero(partner[pairs.first] == pairs.second)
    if linked.size == 0:
        return np.zeros(motion.size)
    order = linked[np.argsort(motion[linked], kind="stable")]
    weight = np.cumsum(np.minimum(pairs.size_first, pairs.size_second)[order])
    usual = motion[order[np.searchsorted(weight, 0.5 * weight[-1])]]
    return np.log((motion + _SOFT_POINTS) / (usual + _SOFT_POINTS))


def _neighbours_kept(pairs: Pairs, contacts: tuple[Contacts, Contacts], partner: np.ndarray) -> np.ndarray:
    """Return the share of each first grain's outline whose neighbours border on the second grain again."""
    from scipy.sparse import csr_array

    first, second = (c.share for c in contacts)
    linked = np.flatnonzero(partner)
    renamed = csr_array((np.ones(linked.size), (linked, partner[linked])), shape=(first.shape[0], second.shape[0]))
    before, after = (first @ renamed)[pairs.first], second[pairs.second]
    return np.asarray(before.minimum(after).sum(axis=1)).ravel()


def _bend(pairs: Pairs, radius: tuple[np.ndarray, np.ndarray], beyond: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return how far the radii of each pair and of the steps beside it bend upwards, over their mean."""
    one, two = radius[0][pairs.first], radius[1][pairs.second]
    total = np.zeros(one.size)
    for here, there, before in ((one, two, beyond[0][pairs.first]), (two, one, beyond[1][pairs.second])):
        bend = (there - 2 * here + before) / (0.5 * (one + two))
        total += np.nan_to_num(np.clip(bend, 0, _MOST_BEND))
    return total
