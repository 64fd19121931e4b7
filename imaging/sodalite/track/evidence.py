"""How likely two overlapping grains of successive steps are one: tell-tales of shape weighed up, and orientation.

Each grain is one of those that it overlaps or none of them, and so is each of the other step. Tales are first weighed
linearly, as such a matching (its probabilities by belief propagation: Bayati, Shah & Sharma 2008,
10.1109/TIT.2007.915695), which tells who the neighbours and the grains beyond are likely to be; then twice more by
boosted trees (Friedman 2001, 10.1214/aos/1013203451) in which each tale may act in its own sense only. Each judge goes
by the partners and the odds of the one before. All were fitted to sections through grown, random and twinned bodies of
grains, see `benchmarks/fit_tracking.py`; no measured map took part.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.track.tales import TALES

if TYPE_CHECKING:
    from sodalite.track.overlaps import Pairs

MOST_ODDS = 25.0
"""Log-odds count up to here."""
_MOST_RIVALS = 20.0
_LEAST_PROBABILITY = 0.4
"""Links that are less likely than this are left to the user even where few are sure."""
_DIGITS = 12
"""Rivals are added in the order of their numbers, which leaves no trace in this many digits."""
_SPREADS = 3.0
"""The largest misorientation of one grain in two steps is this many spreads of a Maxwell distribution."""
_SWEEPS = 20
"""Messages of the belief propagation are within 1e-6 of their limits after this many rounds, 0.02 at the worst."""


class Trees(NamedTuple):
    """Boosted trees of one judge, all of the same depth.

    Attributes
    ----------
    column, limit
        ``(trees, forks)`` column that each fork asks for, and up to which value it goes left; fork k leads to forks
        2 k + 1 and 2 k + 2.
    leaf
        ``(trees, forks + 1)`` what a tree adds to the log-odds.
    """

    column: np.ndarray
    limit: np.ndarray
    leaf: np.ndarray


class Weights(NamedTuple):
    """What the fit has left.

    Attributes
    ----------
    constant, slopes
        Of the linear log-odds; one slope a tale.
    trees
        Of each further judge, in order.
    """

    constant: float
    slopes: np.ndarray
    trees: tuple[Trees, ...]


def stored(weights: Weights) -> dict[str, np.ndarray]:
    """Return weights as the arrays that `fitted` reads."""
    trees = {name: np.stack([getattr(judge, name) for judge in weights.trees]) for name in Trees._fields}
    return {"constant": np.array(weights.constant), "slopes": weights.slopes, **trees}


@cache
def fitted() -> Weights:
    """Return the weights that come with the package."""
    with files("sodalite.track").joinpath("weights.npz").open("rb") as stream, np.load(stream) as arrays:
        trees = tuple(Trees(*judge) for judge in zip(*(arrays[name] for name in Trees._fields), strict=True))
        return Weights(float(arrays["constant"]), arrays["slopes"], trees)


def linear_log_odds(tales: np.ndarray, weights: Weights) -> np.ndarray:
    """Return the log of the odds of each pair to be one grain against neither of them going on, ``(m,)``."""
    return np.clip(weights.constant + tales @ weights.slopes, -MOST_ODDS, MOST_ODDS)


def with_rivals(pairs: Pairs, tales: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Return tales, what the judge before says of each pair, and of its rivals, ``(m, len(TALES) + 3)``."""
    weight = np.exp(odds)
    rivals = [
        np.log1p(np.maximum(np.bincount(labels, weight)[labels] - weight, 0)) if weight.size else weight
        for labels in (pairs.first, pairs.second)
    ]
    most = np.minimum(np.maximum(*rivals), _MOST_RIVALS)
    return np.column_stack((tales, odds, np.minimum(rivals[0] + rivals[1], _MOST_RIVALS), most))


def boosted_log_odds(columns: np.ndarray, trees: Trees) -> np.ndarray:
    """Return the log of the odds of each pair to be one grain or not, ``(m,)``, of the columns of `with_rivals`."""
    columns = np.ascontiguousarray(columns.T)
    odds = np.zeros(columns.shape[1])
    row = np.arange(odds.size)
    forks = trees.column.shape[1]
    for column, limit, leaf in zip(*trees, strict=True):
        fork = np.zeros(odds.size, dtype=np.int64)
        for _ in range(forks.bit_length()):
            fork = 2 * fork + 1 + (columns[column[fork], row] > limit[fork])
        odds += leaf[fork - forks]
    return np.clip(odds, -MOST_ODDS, MOST_ODDS)


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


def matching_probabilities(pairs: Pairs, odds: np.ndarray) -> np.ndarray:
    """Return how likely each pair is one grain of all matchings in which no grain has two partners, ``(m,)``.

    Parameters
    ----------
    pairs
        The pairs.
    odds
        ``(m,)`` log-odds of each, against neither of its grains going on.
    """
    weight = np.exp(np.clip(odds, -MOST_ODDS, MOST_ODDS))
    if weight.size == 0:
        return weight
    forth = back = weight / (1 + weight)
    for _ in range(_SWEEPS):
        forth = weight / (1 + np.maximum(np.bincount(pairs.first, back)[pairs.first] - back, 0))
        back = weight / (1 + np.maximum(np.bincount(pairs.second, forth)[pairs.second] - forth, 0))
    ratio = forth * back / weight
    return np.round(ratio / (1 + ratio), _DIGITS)


def shared_probabilities(pairs: Pairs, odds: np.ndarray) -> np.ndarray:
    """Return how likely each pair is one grain, ``(m,)``; pairs of a grain that would add up to more than 1 share it.

    Parameters
    ----------
    pairs
        The pairs.
    odds
        ``(m,)`` log-odds of each to be one grain or not.
    """
    probability = 1 / (1 + np.exp(-np.clip(odds, -MOST_ODDS, MOST_ODDS)))
    if odds.size == 0:
        return probability
    most = np.ones(odds.size)
    for labels in (pairs.first, pairs.second):
        most = np.maximum(most, np.bincount(labels, probability)[labels])
    return np.round(probability / most, _DIGITS)


def least_probability(probability: np.ndarray) -> float:
    """Return from where on pairs are linked so that precision and recall of the links together are likely best.

    That is half the best F1 that the probabilities promise (Lipton, Elkan & Naryanaswamy 2014,
    10.1007/978-3-662-44851-9_15), 0.5 where all is certain; never less than `_LEAST_PROBABILITY`.

    Parameters
    ----------
    probability
        ``(m,)`` how likely each pair is one grain.
    """
    total = probability.sum()
    if total == 0:
        return 0.5
    right = np.cumsum(np.sort(probability)[::-1])
    best = (2 * right / (np.arange(1, right.size + 1) + total)).max()
    return max(0.5 * float(best), _LEAST_PROBABILITY)


def senses() -> list[int]:
    """Return in which sense each column of `with_rivals` may act: 1 for one grain, -1 against, 0 either."""
    return [*TALES.values(), 1, -1, -1]
