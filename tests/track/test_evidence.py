"""How tales, orientations and rivals become probabilities."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.track.evidence import (
    boosted_log_odds,
    fitted,
    least_probability,
    matching_probabilities,
    orientation_log_odds,
    senses,
    shared_probabilities,
    with_rivals,
)
from sodalite.track.overlaps import Pairs
from sodalite.track.tales import TALES


def pairs_of(first: list[int], second: list[int]) -> Pairs:
    """Return pairs of which only the labels count."""
    nothing = np.ones(len(first))
    return Pairs(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), *([nothing] * 8))


def test_matchings_are_counted_as_they_are() -> None:
    """Without rings of pairs the probabilities are those of all matchings, added up one by one."""
    pairs, odds = pairs_of([1, 1, 2, 2, 3], [1, 2, 2, 3, 3]), np.array([1.0, 0.5, 2.0, -1.0, 0.3])
    total, each = 0.0, np.zeros(5)
    for chosen in itertools.product((False, True), repeat=5):
        taken = np.array(chosen)
        if all(np.unique(labels[taken]).size == taken.sum() for labels in (pairs.first, pairs.second)):
            total += np.exp(odds[taken].sum())
            each += taken * np.exp(odds[taken].sum())
    assert matching_probabilities(pairs, odds) == pytest.approx(each / total, abs=1e-6)


def test_pairs_of_one_grain_share_what_there_is() -> None:
    """Of two pairs of one grain no more than one is right; a pair alone keeps its own probability."""
    rivals = pairs_of([1, 1], [1, 2])
    found = shared_probabilities(rivals, np.array([2.0, 1.0]))
    assert found.sum() == pytest.approx(1)
    assert found[0] > found[1]
    assert shared_probabilities(pairs_of([1], [1]), np.zeros(1)) == pytest.approx([0.5])
    for probabilities in (shared_probabilities, matching_probabilities):
        assert probabilities(pairs_of([], []), np.zeros(0)).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_links_from_the_least_probability_on_are_best_together(each: list[float]) -> None:
    """No other number of links, likeliest first, promises a better F1, as far as the limit may follow."""
    probability = np.sort(each)[::-1]
    harmonic = 2 * np.cumsum(probability) / (np.arange(1, probability.size + 1) + max(probability.sum(), 1e-300))
    taken = int((probability > least_probability(probability)).sum())
    free = harmonic[probability > 0.4]
    assert not free.size or harmonic[taken - 1] >= free.max() - 1e-9


def test_certain_links_need_more_than_one_half() -> None:
    """Where all is certain a pair has to be likelier one grain than not; where nothing is, links below 0.4 stay out."""
    assert least_probability(np.array([1.0, 1.0, 0.0])) == pytest.approx(0.5)
    assert least_probability(np.full(9, 0.2)) == pytest.approx(0.4)
    assert least_probability(np.zeros(3)) == pytest.approx(0.5)


def test_rivals_count_for_both_grains() -> None:
    """A pair alone has no rivals; the odds of two rivals add up."""
    columns = with_rivals(pairs_of([1, 1, 2], [1, 2, 1]), np.zeros((3, len(TALES))), np.log([1.0, 2.0, 3.0]))
    assert columns[:, -2] == pytest.approx([np.log(3) + np.log(4), np.log(2), np.log(2)])
    assert columns[0, -1] == pytest.approx(np.log(4))


@pytest.mark.parametrize("column", [k for k, sense in enumerate(senses()) if sense])
def test_each_tale_acts_in_its_own_sense(column: int) -> None:
    """More of a tale never turns the log-odds against its sense, whatever the others say."""
    rng = np.random.default_rng(column)
    for others in rng.normal(0, 2, (20, len(senses()))):
        row = np.tile(others, (50, 1))
        row[:, column] = np.linspace(-10, 10, 50)
        for trees in fitted().trees:
            assert (senses()[column] * np.diff(boosted_log_odds(row, trees)) >= -1e-6).all()


def test_near_orientations_speak_for_one_grain() -> None:
    """The nearer the more, and the more the rarer near orientations are among neighbours."""
    odds = orientation_log_odds(np.array([0.0, 3.0, 10.0]), 10.0, 0.01)
    assert (np.diff(odds) < 0).all()
    assert odds[0] > 5
    assert (orientation_log_odds(np.zeros(1), 10.0, 0.5) < odds[:1]).all()
