"""Grains beside a neighbour of like orientation: consumed ones vanish, those whose boundary is lost merge."""

from __future__ import annotations

import math

import numpy as np

from disc_series import STEP_UM
from polycrystals import multiply, random_rotations
from sodalite.ebsd import EbsdMap
from sodalite.phantoms.maps import SODIUM
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries

APART_DEG = 7.0
"""Misorientation of the small grain and its neighbour: a boundary, and little enough to be taken for one grain."""


def scene(*, seen: bool, crystal_stays: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of four squares and a disc in one of them, 0 where the disc is not seen apart; and crystals."""
    y, x = np.indices((60, 60))
    labels = 1 + (y >= 30) * 2 + (x >= 30)
    disc = np.hypot(y - 15, x - 15) < 6
    crystals = random_rotations(6, np.random.default_rng(4))
    half = math.radians(APART_DEG) / 2
    crystals[5] = multiply(np.array([math.cos(half), math.sin(half), 0, 0]), crystals[1][None])[0]
    inside = 5 if seen or crystal_stays else 1
    return np.where(disc & seen, 5, labels), crystals[np.where(disc, inside, labels)]


def run(steps: list[tuple[np.ndarray, np.ndarray]]) -> list[tuple[str, float]]:
    """Return the kinds of the events that are found with these labels, and how sure they are."""
    y, x = (axis.ravel() * STEP_UM for axis in np.indices((60, 60)))
    rng, ones = np.random.default_rng(1), np.ones(3600, dtype=np.int16)
    maps = []
    for number, (_, crystals) in enumerate(steps):
        noise = rng.normal(0, 0.003, (3600, 3))
        noisy = multiply(np.column_stack((np.ones(3600), noise)), crystals.reshape(-1, 4))
        noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
        maps.append(EbsdMap.from_quaternions(noisy, ones, (SODIUM,), x, y, frame="tsl", name=f"s{number}.ang"))
    found = Coarsening(transform="none").run(MapSeries.from_maps(maps), [labels for labels, _ in steps])
    events = found.tables["events"]
    return list(zip(events["kind"], events["confidence"], strict=True))


def test_a_grain_that_its_neighbour_consumed_has_vanished() -> None:
    """The neighbour's crystal in the place of a grain is its end, and the other way round its beginning."""
    there, away = scene(seen=True, crystal_stays=False), scene(seen=False, crystal_stays=False)
    for steps, expected in (([there, away], "vanish"), ([away, there], "appear")):
        ((kind, sure),) = run(steps)
        assert kind == expected
        assert sure > 0.9


def test_a_boundary_that_is_not_seen_is_an_event_in_doubt() -> None:
    """Where the grain's own crystal stays, a merge is the doing of the threshold, and so is the split before it."""
    there, away = scene(seen=True, crystal_stays=True), scene(seen=False, crystal_stays=True)
    for steps, expected in (([there, away], "merge"), ([away, there], "split")):
        ((kind, sure),) = run(steps)
        assert kind == expected
        assert sure < 0.1


def test_parts_of_one_crystal_that_meet_have_merged_for_sure() -> None:
    """Two parts with a grain between them are one when that has gone."""
    y, x = np.indices((60, 60))
    crystals = random_rotations(6, np.random.default_rng(4))
    around = (y < 15) | (y > 45) | (x < 8) | (x > 50)
    before = np.select([around, x < 30, x > 36], [1, 2, 3], 4)
    after = np.where(around, 1, 2)
    orientation = {1: 1, 2: 2, 3: 2, 4: 4}
    steps = [(labels, crystals[np.vectorize(orientation.get)(labels)]) for labels in (before, after)]
    kinds = dict(run(steps))
    assert kinds["merge"] > 0.9
    assert kinds["vanish"] > 0.9
