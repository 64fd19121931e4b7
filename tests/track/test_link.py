"""Grains linked through steps, and what happens at the ends of their tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polycrystals import multiply, random_rotations
from sodalite.ebsd import Grid
from sodalite.ebsd.symmetry import operators_of
from sodalite.errors import MeasurementError
from sodalite.measure.grain_orientation import mean_orientations
from sodalite.phantoms.series import make_series
from sodalite.track.link import StepGrains, Tracking, track_grains
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.phantoms.maps import MapPhantom

SIDE = 40
RULES: dict[str, Any] = {
    "min_iou": 0.1, "min_containment": 0.5, "max_misorientation_deg": 10.0, "max_gap_steps": 1
}  # fmt: skip


def quarters() -> np.ndarray:
    """Return four square grains, 1 2 above 3 4."""
    y, x = np.indices((SIDE, SIDE))
    return 1 + (x >= SIDE // 2) + 2 * (y >= SIDE // 2)


def with_disc(radius: float, label: int = 5) -> np.ndarray:
    """Return the quarters with a round grain inside the second."""
    y, x = np.indices((SIDE, SIDE))
    return np.where(np.hypot(y - 10, x - 30) < radius, label, quarters())


def track(*steps: np.ndarray, orientations: np.ndarray | None = None, gap: int = 1) -> Tracking:
    """Return the tracks of label images on one grid of steps of 1 um."""
    grid = Grid("square", steps[0].shape, (1.0, 1.0), (0.0, 0.0))
    turned = [None if orientations is None else orientations[: step.max()] for step in steps]
    grains = [StepGrains(step, grid, q) for step, q in zip(steps, turned, strict=True)]
    return track_grains(grains, groups=() if orientations is None else ("432",), **RULES | {"max_gap_steps": gap})


def kinds(tracking: Tracking) -> list[tuple[int, str, int]]:
    """Return step, kind and track of every event."""
    return list(tracking.events[["step", "kind", "track"]].itertuples(index=False, name=None))


def test_identical_steps_have_no_events_however_they_are_numbered() -> None:
    """Every grain goes on, whatever its label is called in the next step."""
    numbers = np.array([0, 3, 1, 4, 2])
    tracking = track(quarters(), numbers[quarters()], quarters())
    assert kinds(tracking) == []
    steps = tracking.tracks.pivot_table(index="track", columns="step", values="label")
    assert np.array_equal(steps[0], steps[2])
    assert np.array_equal(steps[1], numbers[steps[0].astype(int)])


def test_a_known_shift_and_turn_make_no_events() -> None:
    """A map laid in its place by its transform is the same map."""
    phantom = make_series(
        (60, 80), 1.0, grains=25, times_h=(0, 1, 2), growth_um2_h=0.0, seed=5, drift_um=4.0, turn_deg=6.0
    )
    steps = [
        StepGrains(step.labels, step.ebsd.grid, to_first=Transform(matrix, "rigid"))
        for step, matrix in zip(phantom.maps, phantom.transforms, strict=True)
    ]
    tracking = track_grains(steps, groups=(), **RULES)
    events = tracking.events[~tracking.events["kind"].isin(["left_view", "entered_view"])]
    assert events[events["confidence"] >= 0.5].empty


def test_a_grain_that_shrank_before_it_vanished_is_no_noise() -> None:
    """The confidence of an end follows the largest the grain ever was: a speck of one step stays doubtful."""
    speck = with_disc(1.0)
    assert kinds(track(quarters(), speck, quarters())) == [(1, "appear", 5), (2, "vanish", 5)]
    assert (track(quarters(), speck, quarters()).events["confidence"] < 0.2).all()
    shrinking = track(with_disc(7), with_disc(4), speck, quarters())
    assert kinds(shrinking) == [(3, "vanish", 5)]
    assert shrinking.events["confidence"].item() > 0.95


def test_a_gap_of_one_step_is_bridged() -> None:
    """A grain that is missing from one step keeps its track, unless no gap is allowed."""
    steps = with_disc(6), quarters(), with_disc(6)
    assert kinds(track(*steps)) == []
    assert kinds(track(*steps, gap=0)) == [(1, "vanish", 5), (2, "appear", 6)]


def test_orientation_tells_grains_at_one_place_apart() -> None:
    """Another orientation at the same place is another grain; a symmetric copy of it is the same."""
    first = random_rotations(5, np.random.default_rng(1))
    other = np.vstack((first[:4], random_rotations(1, np.random.default_rng(2))))
    copy = multiply(operators_of("432")[[3, 7, 11, 15, 19]], first)
    grid = Grid("square", (SIDE, SIDE), (1.0, 1.0), (0.0, 0.0))

    def events(second: np.ndarray) -> list[tuple[int, str, int]]:
        steps = [StepGrains(with_disc(6), grid, q) for q in (first, second)]
        return kinds(track_grains(steps, groups=("432",), **RULES))

    assert sorted(events(other)) == [(1, "appear", 6), (1, "vanish", 5)]
    assert events(copy) == events(first) == []


def test_grains_of_one_orientation_merge_and_split() -> None:
    """A grain that lies in a neighbour of its own orientation afterwards has merged; backwards it has split."""
    q = random_rotations(5, np.random.default_rng(3))
    q[4] = q[1]
    merged = track(with_disc(6), quarters(), orientations=q)
    assert kinds(merged) == [(1, "merge", 5)]
    assert merged.events["into"].item() == 2
    split = track(quarters(), with_disc(6), orientations=q)
    assert kinds(split) == [(1, "split", 5)]


def test_what_the_frame_cuts_has_left_the_view() -> None:
    """A grain at the border that is gone has not vanished."""
    bordered = quarters()
    bordered[:6, :6] = 5
    assert kinds(track(bordered, quarters())) == [(1, "left_view", 5)]
    assert kinds(track(quarters(), bordered)) == [(1, "entered_view", 5)]


def orientations_of(phantom: MapPhantom) -> np.ndarray:
    """Return the mean orientation of each grain of a map."""
    ebsd = phantom.ebsd
    return mean_orientations(ebsd.quaternions, ebsd.phase_id, ("432",), phantom.grain_ids)


@pytest.mark.parametrize("seed", [3, 8])
def test_every_planted_end_is_found(seed: int) -> None:
    """Crystals of a growth phantom that vanish inside the view are found, at their step, and hardly any other."""
    phantom = make_series(grains=90, times_h=(0.0, 2.0, 4.0, 7.0, 11.0), growth_um2_h=1.2, seed=seed)
    steps = [StepGrains(step.labels, step.ebsd.grid, orientations_of(step)) for step in phantom.maps]
    tracking = track_grains(steps, groups=("432",), **RULES)
    names = phantom.tracks.set_index(["step", "label"])["track"]
    ends = tracking.events[tracking.events["kind"].isin(["vanish", "left_view"])]
    found = {(int(names[row.step - 1, row.label]), row.step) for row in ends.itertuples()}
    sure = ends[(ends["kind"] == "vanish") & (ends["confidence"] >= 0.5)]
    planted = set(phantom.vanished.itertuples(index=False, name=None))
    assert planted <= found
    assert sum((int(names[row.step - 1, row.label]), row.step) not in planted for row in sure.itertuples()) <= 1


def test_too_few_steps_and_mixed_steps_are_refused() -> None:
    """One sentence each."""
    with pytest.raises(MeasurementError, match="two or more"):
        track(quarters())
    grid = Grid("square", (SIDE, SIDE), (1.0, 1.0), (0.0, 0.0))
    q = random_rotations(4, np.random.default_rng(0))
    with pytest.raises(MeasurementError, match="some have orientations"):
        track_grains([StepGrains(quarters(), grid, q), StepGrains(quarters(), grid)], groups=("432",), **RULES)


@pytest.mark.parametrize(("every", "precision", "recall"), [(1, 0.97, 0.98), (2, 0.92, 0.94), (4, 0.76, 0.85)])
def test_sections_of_a_nickel_alloy(shared_data: Path, every: int, precision: float, recall: float) -> None:
    """Grains of serial sections, numbered at random in each and without orientations, are found again this well."""
    (ids,) = np.load(shared_data / "ebsd/dream3d/SmallIN100_FeatureIds_100cubed.npz").values()
    rng = np.random.default_rng(0)
    sections, names = ids[::every], []
    labels = []
    for section in sections:
        own, place = np.unique(section, return_inverse=True)
        number = rng.permutation(own.size) + 1
        labels.append(np.where(section > 0, number[place].reshape(section.shape), 0))
        names.append(dict(zip(number.tolist(), own.tolist(), strict=True)))
    rows = track(*labels).tracks
    steps = [dict(zip(part["track"], part["label"], strict=True)) for _, part in rows.groupby("step")]
    linked = right = known = 0
    for k in range(1, len(sections)):
        both = steps[k - 1].keys() & steps[k].keys()
        linked += len(both)
        right += sum(names[k - 1][steps[k - 1][number]] == names[k][steps[k][number]] for number in both)
        known += np.setdiff1d(np.intersect1d(sections[k - 1], sections[k]), [0]).size
    assert right / linked >= precision
    assert right / known >= recall
