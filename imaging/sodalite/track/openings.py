"""Voids through the steps of a stripping: which one is which, and which opened, merged, shrank or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHARED = 0.2
"""Share of the smaller of two voids that must lie on the other for them to be one: growth covers what was there."""

_SHRUNK = 0.8
"""Share of its former area below which a void counts as shrunk; outlines move by less from noise."""


class Event(NamedTuple):
    """What happened to a void: in which step, what (open, merge, split, shrink, close, left_view), to which track.

    `into` is the track that it merged into or split from, 0 where there is none.
    """

    step: int
    kind: str
    track: int
    into: int


class Tracks(NamedTuple):
    """Voids through the steps.

    Attributes
    ----------
    numbers
        For each step ``(voids + 1,)``: the track of each void of that step; 0 at 0.
    events
        In the order of steps.
    """

    numbers: tuple[np.ndarray, ...]
    events: tuple[Event, ...]


def track_openings(
    objects: Sequence[np.ndarray], *, breaks: Sequence[bool], standing: Sequence[np.ndarray] | None = None
) -> Tracks:
    """Return which voids of successive steps are the same.

    Voids stay where they are and grow, so a void continues the track that covers most of it; other tracks under it have
    merged into it. Of several voids on one former void the one with most of it goes on, the others split off. A track
    whose place is void-free closes; it has left the view where its last void reached the frame.

    Parameters
    ----------
    objects
        For each step ``(y, x)`` numbers of its voids from 1, 0 = none, all registered on one frame.
    breaks
        For each step whether it shows another plane than the step before: no track crosses it.
    standing
        For each step ``(y, x)`` bool, void already in the first image of its plane: such voids do not open.
    """
    numbers: list[np.ndarray] = []
    events: list[Event] = []
    made = 0
    for step, here in enumerate(objects):
        count = int(here.max(initial=0))
        number = np.zeros(count + 1, np.int64)
        fresh = step == 0 or breaks[step]
        parted = set() if fresh else _continue(step, objects[step - 1], numbers[-1], here, number, events)
        for void in range(1, count + 1):
            if number[void] == 0:
                made += 1
                number[void] = made
                there = standing is not None and bool(standing[step][here == void].any())
                if not fresh and not there and void not in parted:
                    events.append(Event(step, "open", made, 0))
        numbers.append(number)
    return Tracks(tuple(numbers), tuple(sorted(events)))


def _continue(
    step: int, before: np.ndarray, tracks: np.ndarray, here: np.ndarray, number: np.ndarray, events: list[Event]
) -> set[int]:
    """Give the voids of a step the tracks of the step before, tell of those that end; return what split off."""
    parted: set[int] = set()
    shared = _overlap(before, here, tracks.size, number.size)
    area_before, area_here = np.bincount(before.ravel()), np.bincount(here.ravel())
    belongs = shared >= _SHARED * np.minimum(area_before[:, None], area_here[None])
    belongs[0], belongs[:, 0] = False, False
    claims = np.where(belongs, shared, 0)
    for old in np.argsort(-area_before[1:], kind="stable") + 1:
        successors = np.flatnonzero(claims[old])
        if not successors.size:
            events.append(Event(step, "left_view" if _at_frame(before == old) else "close", int(tracks[old]), 0))
            continue
        heir = int(successors[claims[old, successors].argmax()])
        if number[heir]:
            events.append(Event(step, "merge", int(tracks[old]), int(number[heir])))
            continue
        number[heir] = tracks[old]
        rest = {int(other) for other in successors if other != heir and not number[other]}
        parted |= rest
        if area_here[successors].sum() < _SHRUNK * area_before[old] and not _at_frame(here == heir):
            events.append(Event(step, "shrink", int(tracks[old]), 0))
        events.extend(Event(step, "split", int(tracks[old]), int(tracks[old])) for _ in rest)
    return parted


def _overlap(before: np.ndarray, here: np.ndarray, olds: int, news: int) -> np.ndarray:
    pairs = np.bincount(before.ravel() * news + here.ravel(), minlength=olds * news)
    return pairs.reshape(olds, news)


def _at_frame(mask: np.ndarray) -> bool:
    return bool(mask[:, 0].any() or mask[:, -1].any() or mask[0].any() or mask[-1].any())
