"""Cheapest paths: brute force, and moved strips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.segment.paths import cheapest_path


def total(cost: np.ndarray, path: np.ndarray, jump_cost: float) -> float:
    """Return what a path costs."""
    return float(cost[path, np.arange(path.size)].sum() + jump_cost * np.abs(np.diff(path)).sum())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), jump_cost=st.floats(0.01, 2.0))
def test_no_path_is_cheaper(seed: int, jump_cost: float) -> None:
    """Of all 4^5 paths through a small image none costs less."""
    cost = np.random.default_rng(seed).random((4, 5)).astype(np.float32)
    best = min(total(cost, np.array(path), jump_cost) for path in itertools.product(range(4), repeat=5))
    found = cheapest_path(cost, np.zeros(5, np.int64), jump_cost)
    assert total(cost, found, jump_cost) == pytest.approx(best, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_strip_that_follows_the_edge_gives_the_same_path(seed: int) -> None:
    """Shifting every column of the cost and saying so in the offset changes nothing."""
    rng = np.random.default_rng(seed)
    cost = np.full((30, 12), 9.0, np.float32)
    cost[10:20] = rng.random((10, 12))
    offset = rng.integers(-5, 5, 12)
    rows = np.arange(10, 20)[:, None] - 10
    moved = np.full((30, 12), 9.0, np.float32)
    np.put_along_axis(moved, rows + 10 - offset, cost[10:20], axis=0)
    straight = cheapest_path(cost, np.zeros(12, np.int64), 0.3)
    followed = cheapest_path(moved, offset, 0.3)
    np.testing.assert_array_equal(followed, straight)
