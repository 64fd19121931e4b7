"""Voids followed through the steps of a stripping."""

from __future__ import annotations

import numpy as np

from sodalite.track.openings import Event, track_openings


def objects(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Return a picture of rectangles (top, left, height, width) numbered from 1."""
    picture = np.zeros((30, 60), np.int32)
    for number, (top, left, height, width) in enumerate(boxes, 1):
        picture[top : top + height, left : left + width] = number
    return picture


def test_growing_voids_keep_their_track() -> None:
    """A void that covers what was there goes on, whatever its number in the step; a new one opens."""
    steps = [objects(), objects((20, 10, 5, 5)), objects((20, 40, 5, 5), (18, 8, 7, 10))]
    tracks = track_openings(steps, breaks=[False] * 3)
    assert [number.tolist() for number in tracks.numbers] == [[0], [0, 1], [0, 2, 1]]
    assert tracks.events == (Event(1, "open", 1, 0), Event(2, "open", 2, 0))


def test_two_voids_merge_into_the_larger() -> None:
    """Of two voids under one the larger goes on, the smaller has merged into it."""
    steps = [objects((20, 10, 5, 10), (20, 24, 5, 5)), objects((19, 9, 6, 22))]
    tracks = track_openings(steps, breaks=[False, False])
    assert tracks.numbers[1].tolist() == [0, 1]
    assert tracks.events == (Event(1, "merge", 2, 1),)


def test_shrinking_splitting_and_closing_are_told() -> None:
    """A void that loses area shrinks, one in two pieces splits, one that is gone closes or has left the view."""
    first = objects((20, 5, 6, 10), (20, 25, 5, 12), (20, 45, 5, 5), (20, 57, 5, 3))
    second = objects((22, 7, 4, 6), (20, 25, 5, 6), (20, 32, 5, 5))
    kinds = [(event.kind, event.track) for event in track_openings([first, second], breaks=[False, False]).events]
    assert sorted(kinds) == [("close", 3), ("left_view", 4), ("shrink", 1), ("split", 2)]


def test_no_track_crosses_a_new_plane() -> None:
    """After polishing, voids are others, and nothing is said to have opened or closed."""
    steps = [objects((20, 10, 5, 5)), objects((20, 10, 5, 5))]
    tracks = track_openings(steps, breaks=[False, True])
    assert tracks.numbers[1].tolist() == [0, 2]
    assert tracks.events == ()


def test_identical_steps_have_no_events() -> None:
    """Nothing happens where nothing changes."""
    steps = [objects((20, 10, 5, 5), (20, 40, 4, 9))] * 4
    assert track_openings(steps, breaks=[False] * 4).events == ()
