"""Grains beside a neighbour of like orientation: consumed ones vanish, those whose boundary is lost merge."""

from __future__ import annotations

import math

import numpy as np
import pytest

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


def run(steps: list[tuple[np.ndarray, np.ndarray]]) -> list[str]:
    """Return the kinds of the events that are found with these labels."""
    y, x = (axis.ravel() * STEP_UM for axis in np.indices((60, 60)))
    rng, ones = np.random.default_rng(1), np.ones(3600, dtype=np.int16)
    maps = []
    for number, (_, crystals) in enumerate(steps):
        noise = rng.normal(0, 0.003, (3600, 3))
        noisy = multiply(np.column_stack((np.ones(3600), noise)), crystals.reshape(-1, 4))
        noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
        maps.append(EbsdMap.from_quaternions(noisy, ones, (SODIUM,), x, y, frame="tsl", name=f"s{number}.ang"))
    found = Coarsening(transform="none").run(MapSeries.from_maps(maps), [labels for labels, _ in steps])
    return found.tables["events"]["kind"].tolist()


@pytest.mark.parametrize(("stays", "gone", "come"), [(False, "vanish", "appear"), (True, "merge", "split")])
def test_the_crystal_in_its_place_tells_what_became_of_a_grain(stays: bool, gone: str, come: str) -> None:
    """The neighbour's crystal in the place of the grain is an end, its own there a boundary that is not seen."""
    there, away = scene(seen=True, crystal_stays=stays), scene(seen=False, crystal_stays=stays)
    assert run([there, away]) == [gone]
    assert run([away, there]) == [come]
