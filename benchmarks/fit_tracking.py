"""Fits how the tell-tales of `sodalite.track.tales` weigh, and shows how well the confidences that follow hold.

`python -m benchmarks.fit_tracking imaging/sodalite/track/weights.npz` takes half an hour and needs lightgbm.
Bodies of grains with known numbers are cut into sections (`benchmarks.grain_bodies`). One in seventeen is held out, and
tells beside each confidence how many links are right. No measured map takes part.
"""

from __future__ import annotations

import sys
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.grain_bodies import KINDS, sections_of
from sodalite.ebsd import Grid
from sodalite.track.evidence import (
    MOST_ODDS,
    Trees,
    Weights,
    matching_probabilities,
    senses,
    stored,
    with_rivals,
)
from sodalite.track.link import StepGrains, laid_over
from sodalite.track.meetings import (
    Gates,
    Grains,
    boosted_meetings,
    linear_meetings,
    meetings_in_a_row,
    overlaps_in_a_row,
    sides_in_a_row,
)
from sodalite.track.tales import TALES, tales_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.track.overlaps import Pairs

SEEDS = range(17 * len(KINDS))
GATES = Gates((), 0.1, 0.5, 10.0)
_LINEAR_ROUNDS = 3
_SHRINKAGE = 1e-5
_DEPTH, _TREE_COUNT, _BOOSTED_LOOKS = 4, 300, 2
_FORKS, _LEAVES = 2**_DEPTH - 1, 2**_DEPTH
_TREES = {
    "objective": "binary", "num_leaves": _LEAVES, "max_depth": _DEPTH, "learning_rate": 0.15, "min_data_in_leaf": 200,
    "lambda_l2": 5, "bagging_fraction": 0.5, "bagging_freq": 1, "feature_fraction": 0.6, "max_bin": 63,
    "num_threads": 1, "verbose": -1, "deterministic": True, "seed": 0,
}  # fmt: skip


class Series(NamedTuple):
    """Grains of successive sections and the true number of each label."""

    grains: list[Grains]
    numbers: list[np.ndarray]


class Sample(NamedTuple):
    """Pairs of one meeting: their tales, those with rivals, whether they are one grain, and the weight of each pair."""

    pairs: Pairs
    tales: np.ndarray
    columns: np.ndarray
    true: np.ndarray
    weight: float


def series_of(sections: Sequence[np.ndarray]) -> Series:
    """Return sections as steps of a series, their labels without gaps."""
    labels, numbers = [], []
    for section in sections:
        present, dense = np.unique(section, return_inverse=True)
        first = int(present[0] > 0)
        labels.append(dense.reshape(section.shape) + first)
        numbers.append(np.concatenate((np.zeros(first, dtype=present.dtype), present)))
    steps = [StepGrains(own, Grid("square", own.shape, (1.0, 1.0), (0.0, 0.0))) for own in labels]
    return Series(laid_over(steps, GATES)[0], numbers)


def samples_of(series: Series, weights: Weights) -> list[Sample]:
    """Return the pairs of a series as the last judge leaves them; series count by the root of their pairs."""
    linear = linear_meetings(series.grains, overlaps_in_a_row(series.grains, GATES), GATES, weights)
    meetings = boosted_meetings(series.grains, linear, GATES, weights)
    sides = sides_in_a_row(series.grains, meetings)
    weight = 1 / np.sqrt(sum(meeting.pairs.first.size for meeting in meetings))
    samples = []
    for meeting, side, (before, after) in zip(meetings, sides, pairwise(series.numbers), strict=True):
        pairs = meeting.pairs
        tales = tales_of(pairs, *side)
        true = before[pairs.first] == after[pairs.second]
        samples.append(Sample(pairs, tales, with_rivals(pairs, tales, meeting.odds), true, weight))
    return samples


def fit_linear(samples: Sequence[Sample]) -> tuple[float, np.ndarray]:
    """Return constant and slopes of the matching that makes the true links likeliest (Bethe's approximation)."""
    from scipy.optimize import minimize

    tales = np.concatenate([sample.tales for sample in samples])
    true = np.concatenate([sample.true for sample in samples])
    weight = np.concatenate([np.full(sample.true.size, sample.weight) for sample in samples])
    weight /= weight.mean()
    mean, spread = tales.mean(axis=0), tales.std(axis=0) + 1e-9
    scaled = np.column_stack(((tales - mean) / spread, np.ones(true.size)))
    pairs = joined(samples)

    def cost(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        odds = np.clip(scaled @ slopes, -MOST_ODDS, MOST_ODDS)
        chance = matching_probabilities(pairs, odds)
        held = -(weight * odds)[true].sum() + log_sum(pairs, odds, chance, weight)
        shrunk = np.r_[slopes[:-1], 0]
        gradient = scaled.T @ (weight * (chance - true)) / true.size + 2 * _SHRINKAGE * shrunk
        return held / true.size + _SHRINKAGE * float(shrunk @ shrunk), gradient

    found = minimize(cost, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    slopes = found[:-1] / spread
    return float(found[-1] - slopes @ mean), slopes


def log_sum(pairs: Pairs, odds: np.ndarray, chance: np.ndarray, weight: np.ndarray) -> float:
    """Return Bethe's log of the sum over all matchings, each pair counted by its weight."""
    inside = np.clip(chance, 1e-12, 1 - 1e-12)
    total = (weight * (inside * odds - inside * np.log(inside) + (1 - inside) * np.log1p(-inside))).sum()
    for labels in (pairs.first, pairs.second):
        alone = np.clip(1 - np.bincount(labels, chance), 1e-12, 1)
        own = np.bincount(labels, weight) / np.maximum(np.bincount(labels), 1)
        total -= (own * alone * np.log(alone)).sum()
    return float(total)


def joined(samples: Sequence[Sample]) -> Pairs:
    """Return the pairs of all samples as those of one meeting: labels of each run on after those before."""
    first, second, start = [], [], np.zeros(2, dtype=np.int64)
    for sample in samples:
        first.append(sample.pairs.first + start[0])
        second.append(sample.pairs.second + start[1])
        start += (sample.pairs.first.max() + 1, sample.pairs.second.max() + 1)
    numbers = [np.unique(np.concatenate(labels), return_inverse=True)[1] for labels in (first, second)]
    return samples[0].pairs._replace(first=numbers[0], second=numbers[1])


def fit_trees(samples: Sequence[Sample]) -> Trees:
    """Return the trees of a further judge of pairs as the judge before left them."""
    import lightgbm

    columns = np.concatenate([sample.columns for sample in samples])
    true = np.concatenate([sample.true for sample in samples]).astype(float)
    weight = np.concatenate([np.full(sample.true.size, sample.weight) for sample in samples])
    data = lightgbm.Dataset(columns, label=true, weight=weight / weight.mean())
    model = lightgbm.train({**_TREES, "monotone_constraints": senses()}, data, num_boost_round=_TREE_COUNT)
    trees = [_complete(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]
    column, limit, leaf = (np.array(part) for part in zip(*trees, strict=True))
    return Trees(column.astype(np.uint8), limit.astype(np.float32), leaf.astype(np.float32))


def _complete(root: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns and limits of the forks of a tree and its leaves; a leaf above the last forks is there twice."""
    column, limit, leaf = np.zeros(_FORKS, int), np.zeros(_FORKS), np.zeros(_LEAVES)

    def fill(node: dict, place: int) -> None:
        if place >= _FORKS:
            leaf[place - _FORKS] = node["leaf_value"]
            return
        ends = "leaf_value" in node
        if not ends:
            column[place], limit[place] = node["split_feature"], node["threshold"]
        fill(node if ends else node["left_child"], 2 * place + 1)
        fill(node if ends else node["right_child"], 2 * place + 2)

    fill(root, 0)
    return column, limit, leaf


def fit(bodies: Sequence[Sequence[Series]]) -> Weights:
    """Return the weights that the links of the series of bodies tell."""
    nothing = np.zeros(len(TALES))
    nothing[list(TALES).index("core")] = 1.0
    weights = Weights(0.0, nothing, ())
    for _ in range(_LINEAR_ROUNDS):
        constant, slopes = fit_linear(_samples_of_all(bodies, weights))
        weights = weights._replace(constant=constant, slopes=slopes.astype(np.float32))
    return fit_boosted(bodies, weights)


def fit_boosted(bodies: Sequence[Sequence[Series]], linear: Weights) -> Weights:
    """Return weights with boosted judges, each taught by what the one before says of bodies that did not teach that."""
    halves = [[body for k, body in enumerate(bodies) if k // len(KINDS) % 2 == half] for half in (0, 1)]
    whole, judges = linear, [linear, linear]
    for look in range(_BOOSTED_LOOKS):
        samples = [_samples_of_all(half, judge) for half, judge in zip(halves, judges, strict=True)]
        whole = _with_judge(whole, samples[0] + samples[1])
        if look + 1 < _BOOSTED_LOOKS:
            judges = [_with_judge(judge, other) for judge, other in zip(judges, samples[::-1], strict=True)]
    return whole


def _samples_of_all(bodies: Sequence[Sequence[Series]], weights: Weights) -> list[Sample]:
    return [sample for body in bodies for series in body for sample in samples_of(series, weights)]


def _with_judge(weights: Weights, samples: Sequence[Sample]) -> Weights:
    return weights._replace(trees=(*weights.trees, fit_trees(samples)))


def reliability(bodies: Sequence[Sequence[Series]]) -> list[str]:
    """Return, for classes of confidence of the links taken, how sure they are and how many are right."""
    sure, right = [], []
    for one in chain.from_iterable(bodies):
        meetings = meetings_in_a_row(one.grains, overlaps_in_a_row(one.grains, GATES), GATES)
        for meeting, (before, after) in zip(meetings, pairwise(one.numbers), strict=True):
            rows = meeting.links(np.ones(meeting.probability.size, dtype=bool))
            sure.append(meeting.probability[rows])
            right.append(before[meeting.pairs.first[rows]] == after[meeting.pairs.second[rows]])
    confidence, good = np.concatenate(sure), np.concatenate(right)
    lines = ["confidence   links  mean confidence  right"]
    limits = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
    for low, high in pairwise(limits):
        own = (confidence > low) & (confidence <= high)
        lines.append(f"{low:.2f}-{high:.2f} {own.sum():8d} {confidence[own].mean():16.3f} {good[own].mean():6.3f}")
    return lines


def main(path: str) -> None:
    """Fit, write the weights to a file, and print the reliability on bodies held out."""
    taught, held_out = [], []
    for seed in SEEDS:
        body = [series_of(sections) for sections in sections_of(seed).values()]
        (held_out if seed >= SEEDS.stop - len(KINDS) else taught).append(body)
    np.savez_compressed(path, **stored(fit(taught)))
    print("\n".join(reliability(held_out)))


if __name__ == "__main__":
    main(sys.argv[1])
