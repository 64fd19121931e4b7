"""Sections that lie askew by whole points."""

from __future__ import annotations

import numpy as np
import pytest

from disc_series import disc_labels
from sodalite.track.contacts import find_contacts
from sodalite.track.meetings import Gates, Grains, overlaps_in_a_row
from sodalite.track.misplacement import misplacements
from step_bricks import view_of


def askew(labels: list[np.ndarray]) -> np.ndarray:
    """Return where steps lie over the first."""
    views = [view_of(step + 1) for step in labels]
    grains = [
        Grains(view, find_contacts(view.closed, view.points.size - 1), None, np.ones(view.points.size, dtype=int))
        for view in views
    ]
    return misplacements(grains, overlaps_in_a_row(grains, Gates((), 0.1, 0.5, 10.0)))


def test_a_step_askew_is_found_and_the_next_one_too() -> None:
    """Shifts of whole points add up; steps that lie well stay."""
    whole = disc_labels(0)
    shifted = np.roll(whole, (1, -2), axis=(0, 1))
    assert askew([whole, whole]).tolist() == [[0, 0], [0, 0]]
    assert askew([whole, shifted, shifted]).tolist() == [[0, 0], [-2, 1], [-2, 1]]


@pytest.mark.parametrize("seed", range(3))
def test_grains_that_move_each_on_its_own_are_no_misplacement(seed: int) -> None:
    """Centres that move at random by points leave the steps where they are."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((120, 120))
    centres = np.stack(np.meshgrid(np.arange(10, 120, 20), np.arange(10, 120, 20)), axis=-1).reshape(-1, 2)
    steps = []
    for _ in range(2):
        places = centres + rng.normal(0, 1.5, centres.shape)
        distance = np.hypot(y - places[:, :1, None], x - places[:, 1:, None])
        steps.append(np.where(distance.min(axis=0) < 8, distance.argmin(axis=0) + 1, 0))
    assert not askew(steps).any()
