"""Whether the steps of a series stand in their order: grains that are gone do not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.pipelines.coarsening_tracks import Tracked

_FEW_BACK, _SHARE_BACK = 5, 0.01
"""Grains that may come back by chance, at least, and over all: of 170 to 600 grains of series in order 0 to 4 do, of
numbered sections through bodies of twice as many up to 40, which no other order helps."""
_FEWER = 0.5
"""Share of the grains that come back that another order may leave to be the likelier one."""
_BADLY_INDEXED = 0.8
"""Share of points in grains, over that of the other steps, below which grains are missing because of it."""


def out_of_order(tracked: Tracked, names: Sequence[str]) -> list[str]:
    """Return a sentence when many fewer grains come back with one step in another place; `names` are of all steps."""
    if len(tracked.steps) <= 2:
        return []
    seen = _presence(tracked)
    order = list(range(len(tracked.steps)))
    told = _come(seen)[0]
    chance = max(_FEW_BACK, _SHARE_BACK * len(seen))
    if told <= chance:
        return []
    moves = [_moved(order, one, to) for one in order for to in order if one != to]
    (back, _), best = min((_come(seen[:, move]), move) for move in moves)
    if told - back <= chance or back > _FEWER * told:
        return []
    strange = max(order[1:-1], key=lambda place: int(_gone_between(seen, place)))
    name = names[tracked.steps[strange].number]
    filled = np.array([float((step.labels > 0).mean()) for step in tracked.steps])
    missing = int(_gone_between(seen, strange))
    what = f"{name}: {missing} grains that the steps before and after it show are gone"
    if filled[strange] < _BADLY_INDEXED * float(np.median(np.delete(filled, strange))):
        return [f"{what}, as {filled[strange]:.0%} of its points are in grains: check how well it is indexed."]
    at = best.index(strange)
    place = f"after {names[tracked.steps[best[at - 1]].number]}" if at else "at the start"
    return [
        f"{what}, and fewer with it {place}: it may stand in the wrong place of the series; check the order and the "
        "times."
    ]


def _presence(tracked: Tracked) -> np.ndarray:
    """Return whether each step has each grain, ``(grains, steps)``: 1 yes, 0 no, -1 its place is out of view.

    Grains that a border cuts in any step are left out.
    """
    rows = tracked.tracks
    cut = rows.loc[rows["on_border"].astype(bool), "track"]
    rows = rows[~rows["track"].isin(cut)]
    tracks, row = np.unique(rows["track"].to_numpy(), return_inverse=True)
    numbers = [step.number for step in tracked.steps]
    column = np.searchsorted(numbers, rows["step"].to_numpy())
    places = rows[["x_um", "y_um"]].to_numpy(float).copy()
    for place, step in enumerate(tracked.steps):
        own = column == place
        places[own] = tracked.to_first[step.number].apply(places[own] - step.grid.origin_um[::-1])
    centre = np.column_stack([np.bincount(row, axis) / np.bincount(row) for axis in places.T])
    seen = np.zeros((len(tracks), len(numbers)), dtype=np.int8)
    for place, step in enumerate(tracked.steps):
        there = tracked.to_first[step.number].inverse().apply(centre)
        ends = np.array(step.grid.shape[::-1]) * np.array(step.grid.spacing_um[::-1])
        seen[~((there >= 0) & (there <= ends)).all(axis=1), place] = -1
    seen[row, column] = 1
    return seen


def _come(seen: np.ndarray) -> tuple[int, int]:
    """Return how many times grains come back after they were gone, and how many come at all after the first step."""
    before = np.maximum.accumulate(seen == 1, axis=1)[:, :-1]
    # out of view nothing changes: the last known state is carried on
    state = seen.copy()
    for place in range(1, seen.shape[1]):
        state[:, place] = np.where(seen[:, place] < 0, state[:, place - 1], seen[:, place])
    come = (state[:, 1:] == 1) & (state[:, :-1] == 0)
    return int((come & before).sum()), int(come.sum())


def _gone_between(seen: np.ndarray, place: int) -> int:
    return int(((seen[:, place - 1] == 1) & (seen[:, place] == 0) & (seen[:, place + 1] == 1)).sum())


def _moved(order: list[int], one: int, to: int) -> list[int]:
    rest = [place for place in order if place != one]
    return [*rest[:to], one, *rest[to:]]
