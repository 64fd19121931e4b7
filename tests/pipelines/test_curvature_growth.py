"""The coarsening recipe on grains that grow by curvature: links, vanished grains, kinetics against another truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from grain_growth_truth import Growth, grow, seen_maps
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries

if TYPE_CHECKING:
    import sodalite

STEP_UM, HOURS = 0.25, 0.05
"""Side of a pixel, and hours in a unit of the growth's time."""
MOBILITY_UM2_H = STEP_UM**2 / HOURS
MARGIN = 10
"""Grains this near to the frame may leave the view: nodes."""


class Grown(NamedTuple):
    """A growth, what is measured on it, and the true grain of each step and track."""

    growth: Growth
    truth: list[np.ndarray]
    result: sodalite.Result
    true: dict[tuple[int, int], int]


@pytest.fixture(scope="module")
def grown() -> Grown:
    """Return five maps of grains that grow, seen with noise, gaps, drift and turn."""
    growth = grow(110, 220, steps=(20, 40, 60, 80, 100), seed=3)
    maps, truth = seen_maps(growth, (180, 180), every_px=1, step_um=STEP_UM, seed=3, drift_px=2.0, turn_deg=0.5)
    result = Coarsening(min_pixels=4).run(MapSeries.from_maps(maps, times_h=growth.times * HOURS))
    true = {
        (step, int(track)): int(np.bincount(numbers[result.labels[f"labels_{step:02d}"] == track]).argmax())
        for step, numbers in enumerate(truth)
        for track in np.unique(result.labels[f"labels_{step:02d}"])[1:]
    }
    return Grown(growth, truth, result, true)


def test_the_growth_obeys_von_neumann_and_mullins(grown: Grown) -> None:
    """The truth itself: dA/dt = (pi / 3) (n - 6) to the error of its time step; nothing is lost."""
    growth = grown.growth
    sides, rates = [], []
    for k, hours in enumerate(np.diff(growth.times)):
        same = (growth.neighbours[k] == growth.neighbours[k + 1]) & (growth.areas[k + 1] > 0)
        sides.append(growth.neighbours[k][same])
        rates.append((growth.areas[k + 1] - growth.areas[k])[same] / hours)
    slope, start = np.polyfit(np.concatenate(sides), np.concatenate(rates), 1)
    assert slope == pytest.approx(math.pi / 3, rel=0.06)
    assert -start / slope == pytest.approx(6, abs=0.1)
    np.testing.assert_allclose(growth.areas.sum(axis=1), growth.labels[0].size, rtol=2e-3)


def test_links_are_those_of_the_growth(grown: Grown) -> None:
    """Every link joins a grain to itself, and nearly every grain of two successive maps is joined."""
    true, steps = grown.true, range(len(grown.truth) - 1)
    linked = [(true[k, track], true[k + 1, track]) for k, track in true if (k + 1, track) in true]
    of_step = [{number for (k, _), number in true.items() if k == step} for step in range(len(grown.truth))]
    wanted = sum(len(of_step[k] & of_step[k + 1]) for k in steps)
    right = sum(one == other for one, other in linked)
    assert right / len(linked) >= 0.998
    assert right / wanted >= 0.98


def test_every_grain_that_is_gone_has_vanished(grown: Grown) -> None:
    """Grains away from the frame that the growth has consumed are vanish events of their step, and no others are."""
    events = grown.result.tables["events"]
    vanish = events[events["kind"] == "vanish"]
    found = {(grown.true[step - 1, track], step) for step, track in zip(vanish["step"], vanish["track"], strict=True)}
    planted = set()
    for (step, _), number in grown.true.items():
        rows, columns = np.nonzero(grown.truth[step] == number)
        side = grown.truth[step].shape[0] - 1
        inside = min(rows.min(), columns.min(), side - rows.max(), side - columns.max()) > MARGIN
        if inside and step + 1 < len(grown.truth) and grown.growth.areas[step + 1][number] == 0:
            planted.add((number, step + 1))
    assert len(planted) >= 5
    assert planted <= found
    # a grain of fewer points than the recipe keeps is gone too
    assert all(grown.growth.areas[step][number] < 8 for number, step in found)
    assert not set(events["kind"]) & {"appear", "split", "merge"}


def test_kinetics_are_those_of_the_growth(grown: Grown) -> None:
    """The mobility over neighbours and its zero, Hillert's line, and K within its interval."""
    result, growth = grown.result, grown.growth
    mobility = result["von_neumann_mobility"]
    assert mobility.value == pytest.approx(MOBILITY_UM2_H, rel=0.08)
    assert result["von_neumann_neighbours"].value == pytest.approx(6, abs=0.15)
    assert result["hillert_critical_ratio"].low < 1.1
    assert result["hillert_critical_ratio"].high > 1
    whole = [2 * STEP_UM * np.sqrt(areas[areas > 0] / np.pi).mean() for areas in growth.areas]
    constant = np.polyfit(growth.times * HOURS, np.square(whole), 1)[0]
    assert result["growth_constant"].low < constant < result["growth_constant"].high


def test_steps_lie_where_they_were_seen(grown: Grown) -> None:
    """Drift and turn are found although boundaries moved: every step is tracked, to half a step."""
    steps = grown.result.tables["steps"]
    assert steps["tracked"].all()
    assert (steps["residual_um"] < 0.5 * STEP_UM).all()
