"""The pool itself: workers that never start, a pool that breaks, one thread a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.fakes import double, double_unless_locked, end_at_once, end_unless, threads
from sodalite.batch.engine import Limits, run_isolated
from sodalite.errors import SodaliteError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_item_has_one_outcome() -> None:
    """Many items on two workers: each is answered once."""
    outcomes = list(run_isolated(double, range(50), Limits(2, 60, 2)))
    assert sorted(outcome.item for outcome in outcomes) == list(range(50))
    assert all(outcome.answer == 2 * outcome.item for outcome in outcomes)


def test_workers_use_one_thread_each() -> None:
    """Libraries do not compete with the workers for the processors."""
    (outcome,) = run_isolated(threads, [0], Limits(1, 60, 2))
    assert outcome.answer == {"cv2": 1, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def test_workers_that_cannot_start_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no worker lives long enough to take an item there is a sentence, not a wait for ever."""
    monkeypatch.setattr("sodalite.batch.engine.prepare_worker", end_at_once)
    with pytest.raises(SodaliteError, match="end before they start"):
        list(run_isolated(double, [1, 2], Limits(2, 60, 2)))


def test_a_pool_that_breaks_hands_its_items_to_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A worker that ends without an item in hand costs none."""
    (tmp_path / "broken").write_text("")
    monkeypatch.setenv("BROKEN", str(tmp_path / "broken"))
    monkeypatch.setattr("sodalite.batch.engine.prepare_worker", end_unless)
    outcomes = list(run_isolated(double, [1, 2, 3], Limits(1, 60, 2)))
    assert sorted(outcome.answer or 0 for outcome in outcomes) == [2, 4, 6]


def test_workers_that_fall_silent_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A worker that dies with the lock of the answers in its hand silences the others; only its own item is lost."""
    (tmp_path / "broken").write_text("")
    monkeypatch.setenv("BROKEN", str(tmp_path / "broken"))
    monkeypatch.setattr("sodalite.batch.engine._PATIENCE_S", 2)
    outcomes = list(run_isolated(double_unless_locked, range(6), Limits(2, 5, 2)))
    assert sorted(outcome.item for outcome in outcomes) == list(range(6))
    assert {outcome.item: outcome.answer for outcome in outcomes if not outcome.failure} == {
        i: 2 * i for i in range(6) if i != 3
    }
