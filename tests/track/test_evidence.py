"""What tells one grain from two: neighbours, cores, waists, jumps, orientations, rivals."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.ebsd import Grid
from sodalite.track.evidence import Side, find_contacts, log_odds, orientation_log_odds, probabilities
from sodalite.track.overlaps import Pairs, View, common_views, find_pairs
from sodalite.track.transform import Transform


def bricks(width: int = 10) -> np.ndarray:
    """Return twelve square grains in three rows."""
    y, x = np.indices((3 * width, 4 * width))
    return 1 + (y // width) * 4 + x // width


def view_of(labels: np.ndarray) -> View:
    """Return labels as they are seen."""
    return common_views([labels], [Grid("square", labels.shape, (1.0, 1.0), (0.0, 0.0))], [Transform.identity()])[0]


def odds_of(beyond: View | None, *, partner: np.ndarray | None = None, onward: np.ndarray | None = None) -> np.ndarray:
    """Return the log-odds of each brick to be itself, between a step beyond and nothing."""
    view, same = view_of(bricks()), np.arange(13)
    contacts, cut = find_contacts(view.closed, 12), np.zeros(13, dtype=bool)
    first = Side(view, contacts, same if partner is None else partner, cut, beyond, same if onward is None else onward)
    return log_odds(find_pairs(view, view), first, Side(view, contacts, first.partner, cut, None, same))


def moved(**grains: float) -> View:
    """Return bricks whose size in points or centre along x is another."""
    view = view_of(bricks())
    return view._replace(**{name: getattr(view, name) * grains[name] for name in grains})


def test_contacts_are_shares_of_the_outline() -> None:
    """A brick inside has four neighbours with a quarter each, also across a narrow gap."""
    contacts = find_contacts(bricks(), 12)
    assert contacts.share[[6], :].toarray()[0, [2, 5, 7, 10]] == pytest.approx([0.25] * 4)
    assert {tuple(pair) for pair in contacts.pairs.tolist()} >= {(1, 2), (1, 5), (6, 10)}
    gap = bricks()
    gap[9:11] = 0
    assert find_contacts(view_of(gap).closed, 12).share[[6], :].toarray()[0, 2] == pytest.approx(0.25, abs=0.05)


def test_points_inside_count_more_than_points_at_the_outline() -> None:
    """A rim that is lost costs less of the core than of the area; a grain cut in two is less whole."""
    whole = bricks()
    rim = whole.copy()
    rim[10:20, 10] = 5
    pairs = find_pairs(view_of(whole), view_of(rim))
    brick = (pairs.first == 6) & (pairs.second == 6)
    assert pairs.shared[brick] / pairs.size_first[brick] == pytest.approx(0.9)
    assert 0.95 < pairs.core[brick] < 1
    halved = np.where((whole == 6) & (np.indices(whole.shape)[1] < 15), 13, whole)
    cut = find_pairs(view_of(whole), view_of(halved))
    assert cut.whole[cut.first == 6] == pytest.approx([1.5, 1.5])


def test_a_waist_a_jump_and_an_end_speak_against_one_grain() -> None:
    """A grain that had its size and place in the step before is likelier one than one that had not."""
    steady = odds_of(moved())[5]
    assert odds_of(moved(points=0.25))[5] > odds_of(moved(points=4.0))[5] + 1
    assert odds_of(moved(x=1.3))[5] < steady - 1
    assert odds_of(moved(), onward=np.zeros(13, dtype=np.int64))[5] < steady


def test_other_neighbours_speak_against_one_grain() -> None:
    """The same place among other grains is less likely the same grain."""
    strange = np.r_[0, np.roll(np.arange(1, 13), 5)]
    assert odds_of(None)[5] > odds_of(None, partner=strange)[5] + 1


def test_pairs_have_the_same_odds_backwards() -> None:
    """Which of two steps comes first does not matter."""
    rng = np.random.default_rng(4)
    labels = bricks()
    other = np.roll(labels, (3, 2), axis=(0, 1))
    views = [view_of(labels), view_of(other)]
    partner = rng.permutation(13)
    back = np.argsort(partner)
    sides = [
        Side(view, find_contacts(view.closed, 12), links, np.zeros(13, dtype=bool), views[0], np.arange(13))
        for view, links in zip(views, (partner, back), strict=True)
    ]
    forth = find_pairs(*views)
    odds = dict(zip(zip(forth.first, forth.second, strict=True), log_odds(forth, *sides), strict=True))
    turned = find_pairs(*views[::-1])
    found = log_odds(turned, *sides[::-1])
    assert found == pytest.approx([odds[two, one] for one, two in zip(turned.first, turned.second, strict=True)])


def test_near_orientations_speak_for_one_grain() -> None:
    """The nearer the more, and the more the rarer near orientations are among neighbours."""
    odds = orientation_log_odds(np.array([0.0, 3.0, 10.0]), 10.0, 0.01)
    assert (np.diff(odds) < 0).all()
    assert odds[0] > 5
    assert (orientation_log_odds(np.zeros(1), 10.0, 0.5) < odds[:1]).all()


def test_probabilities_share_out_each_grain() -> None:
    """Of two pairs of one grain no more than one is right; a rival takes from the other."""
    ones = np.ones(2)
    rivals = Pairs(np.array([1, 1]), np.array([1, 2]), *([ones] * 5))
    found = probabilities(rivals, np.array([2.0, 1.0]))
    assert found.sum() < 1
    assert found[0] > found[1]
    alone = Pairs(*(column[:1] for column in rivals))
    assert probabilities(alone, np.array([0.0])) == pytest.approx([0.5])
    assert probabilities(Pairs(*(column[:0] for column in rivals)), np.zeros(0)).size == 0
