"""What tells one grain from two: motion, neighbours, waists, orientations, rivals."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.track.evidence import find_contacts, log_odds, orientation_log_odds, probabilities
from sodalite.track.overlaps import Pairs


def bricks(width: int = 10) -> np.ndarray:
    """Return twelve square grains in three rows."""
    y, x = np.indices((3 * width, 4 * width))
    return 1 + (y // width) * 4 + x // width


def own_pairs(labels: np.ndarray) -> Pairs:
    """Return each grain paired with itself."""
    numbers, points = np.unique(labels, return_counts=True)
    size = points.astype(float)
    return Pairs(numbers, numbers, size, size, size)


def odds_of(labels: np.ndarray, *, radius_before: float) -> np.ndarray:
    """Return the log-odds of each grain to be itself, when it had some radius in the step before."""
    contacts = find_contacts(labels, 12)
    radius = np.full(13, 5.6)
    beyond = (np.full(13, radius_before), np.full(13, np.nan))
    return log_odds(own_pairs(labels), (contacts, contacts), np.arange(13), (radius, radius), beyond)


def test_contacts_are_shares_of_the_outline() -> None:
    """A brick inside has four neighbours with a quarter each; its outline follows from the length of its sides."""
    contacts = find_contacts(bricks(), 12)
    assert contacts.share[[6], :].toarray()[0, [2, 5, 7, 10]] == pytest.approx([0.25] * 4)
    assert contacts.outline[6] == pytest.approx(40 * np.pi / 4)
    assert {tuple(pair) for pair in contacts.pairs.tolist()} >= {(1, 2), (1, 5), (6, 10)}
    gap = bricks()
    gap[9:11] = 0
    assert find_contacts(gap, 12).share[[6], :].toarray()[0, 2] == pytest.approx(0.25, abs=0.05)


def test_a_waist_speaks_against_one_grain() -> None:
    """A grain that was larger before it has its size is no worse off growing on than being born; a waist costs."""
    unknown, steady, waist = (odds_of(bricks(), radius_before=r).min() for r in (np.nan, 5.6, 11.2))
    assert unknown == steady
    assert waist < steady - 1


def test_other_neighbours_speak_against_one_grain() -> None:
    """The same place among other grains is less likely the same grain."""
    labels = bricks()
    contacts = find_contacts(labels, 12)
    strange = np.r_[0, np.roll(np.arange(1, 13), 5)]
    radius, beyond = (np.full(13, 5.6),) * 2, (np.full(13, np.nan),) * 2
    kept, lost = (log_odds(own_pairs(labels), (contacts,) * 2, p, radius, beyond) for p in (np.arange(13), strange))
    assert kept[5] > lost[5] + 2


def test_near_orientations_speak_for_one_grain() -> None:
    """The nearer the more, and the more the rarer near orientations are among neighbours."""
    odds = orientation_log_odds(np.array([0.0, 3.0, 10.0]), 10.0, 0.01)
    assert (np.diff(odds) < 0).all()
    assert odds[0] > 5
    assert (orientation_log_odds(np.zeros(1), 10.0, 0.5) < odds[:1]).all()


def test_probabilities_share_out_each_grain() -> None:
    """Of two pairs of one grain no more than one is right; a rival takes from the other."""
    ones = np.ones(2)
    rivals = Pairs(np.array([1, 1]), np.array([1, 2]), ones, ones, ones)
    found = probabilities(rivals, np.array([2.0, 1.0]))
    assert found.sum() < 1
    assert found[0] > found[1]
    alone = Pairs(*(column[:1] for column in rivals))
    assert probabilities(alone, np.array([0.0])) == pytest.approx([0.5])
    assert probabilities(Pairs(*(column[:0] for column in rivals)), np.zeros(0)).size == 0
