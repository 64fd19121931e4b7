"""How benchmarks measure: CPU time, interleaved rounds, ratio of minima, and the goals of goals.toml."""

from __future__ import annotations

import gc
import importlib.util
import math
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

GOALS = Path(__file__).with_name("goals.toml")
ROUNDS = 7
"""Interleaved rounds: the ratio of minima over 7 rounds spreads about 1 % beside two busy neighbours."""

LEAST_S = 0.02
"""Seconds that a measurement lasts at least."""


class Row(NamedTuple):
    """One line of the benchmark table; reached when `ratio` is at least `goal`.

    A limit is a row too: `peer` is the limit and `goal` 1. A row that only informs has a NaN `goal`.
    """

    name: str
    ours: float
    peer: float
    ratio: float
    goal: float
    unit: str

    @property
    def verdict(self) -> str:
        """``reached``, ``missed``, or nothing where no goal is set."""
        if math.isnan(self.goal):
            return ""
        return "reached" if self.ratio >= self.goal else "missed"


def goal(name: str) -> float:
    """Return the smallest acceptable ratio peer / ours called `name` in the table ``[ratio]`` of goals.toml."""
    return float(tomllib.loads(GOALS.read_text(encoding="utf-8"))["ratio"][name])


def limit(name: str) -> float:
    """Return the largest acceptable value called `name` in the table ``[limit]`` of goals.toml."""
    return float(tomllib.loads(GOALS.read_text(encoding="utf-8"))["limit"][name])


def compare(ours: Callable[[], object], peer: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the smallest CPU seconds of `ours` and of `peer` over interleaved rounds, after one warm-up of each."""
    _one_thread()
    ours()
    peer()
    pairs = [(cpu_seconds(ours), cpu_seconds(peer)) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def compare_slow(ours: Callable[[], object], peer: Callable[[], object], rounds: int = 2) -> tuple[float, float]:
    """Return the smallest CPU seconds of `ours` over `ROUNDS` and of a peer too slow for that over `rounds`."""
    seconds = [(fastest(ours), cpu_seconds(peer)) for _ in range(rounds)]
    return min(pair[0] for pair in seconds), min(pair[1] for pair in seconds)


def fastest(task: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the smallest CPU seconds of `task` over `rounds`, after a warm-up."""
    _one_thread()
    task()
    return min(cpu_seconds(task) for _ in range(rounds))


def cpu_seconds(task: Callable[[], object]) -> float:
    """Return the CPU seconds, over all threads of this process, that one call of `task` takes.

    A short task is called until `LEAST_S` are over: what the collection of garbage left in the caches is not its own.
    """
    gc.collect()
    calls = 0
    start = now = time.process_time()
    while calls == 0 or now - start < LEAST_S:
        task()
        calls += 1
        now = time.process_time()
    return (now - start) / calls


def versus(name: str, seconds: tuple[float, float], goal_name: str | None = None) -> Row:
    """Return the row of a comparison made by `compare`; without `goal_name` it only informs."""
    ours, peer = seconds
    return Row(name, ours, peer, peer / ours, goal(goal_name) if goal_name else math.nan, "s CPU")


def within(name: str, value: float, limit_name: str, unit: str) -> Row:
    """Return the row of a value that must not exceed the limit `limit_name`."""
    bound = limit(limit_name)
    return Row(name, value, bound, bound / value, 1.0, unit)


def inform(name: str, value: float, unit: str) -> Row:
    """Return a row that shows a value without a peer or a goal."""
    return Row(name, value, math.nan, math.nan, math.nan, unit)


def installed(*modules: str) -> bool:
    """Return whether all the named peer packages can be imported."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


def table_head() -> str:
    """Return the first two lines of the Markdown table."""
    return "| benchmark | ours | peer or limit | ratio | goal | unit | |\n|---|---:|---:|---:|---:|---|---|\n"


def table_line(row: Row) -> str:
    """Return a row as a line of the Markdown table."""
    cells = (row.name, *(_number(value) for value in row[1:5]), row.unit, row.verdict)
    return f"| {' | '.join(cells)} |\n"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)
