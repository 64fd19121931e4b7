"""Links between steps: relabelled copies, drift, gaps, events, orientations, numbered sections of a superalloy."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from disc_series import disc_labels
from polycrystals import multiply, random_rotations
from sodalite.ebsd import Grid
from sodalite.ebsd.mean_orientation import mean_orientations
from sodalite.ebsd.symmetry import operators_of
from sodalite.errors import MeasurementError
from sodalite.phantoms.series import make_series
from sodalite.track.link import StepGrains, Tracking, track_grains
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

STEP_UM = 0.5


def step(labels: np.ndarray, transform: Transform | None = None, quaternions: np.ndarray | None = None) -> StepGrains:
    """Return a step of labels that are renumbered 1, 2, ... without gaps."""
    _, dense = np.unique(labels, return_inverse=True)
    dense = dense.reshape(labels.shape) + (labels.min() > 0)
    grid = Grid("square", labels.shape, (STEP_UM, STEP_UM), (0.0, 0.0))
    own = None if quaternions is None else quaternions[np.unique(labels[labels > 0])]
    return StepGrains(dense.astype(np.uint32), grid, own, to_first=transform or Transform.identity())


def track(steps: list[StepGrains], *, gap: int = 1) -> Tracking:
    """Return the tracks with the gates of the recipe."""
    groups = [] if steps[0].orientations is None else ["432"]
    return track_grains(
        steps, groups=groups, min_iou=0.1, min_containment=0.5, max_misorientation_deg=10.0, max_gap_steps=gap
    )


def test_copies_have_one_track_a_grain_and_no_events() -> None:
    """Three equal steps, numbered at random: every track runs through all of them."""
    labels = disc_labels(0)
    rng = np.random.default_rng(3)
    steps = [step(rng.permutation(25)[labels] + 1) for _ in range(3)]
    found = track(steps)
    assert found.events.empty
    assert (found.tracks.groupby("track").size() == 3).all()
    for number in range(24):
        place = labels == number + 1
        labels_of = [int(np.bincount(s.labels[place]).argmax()) for s in steps]
        rows = found.tracks.set_index(["step", "label"])["track"]
        assert len({rows[k, label] for k, label in enumerate(labels_of)}) == 1


def test_known_drift_and_turn_make_no_events_inside() -> None:
    """A step seen shifted and turned, with its transform, is linked as a copy; what it does not show has left."""
    whole = disc_labels(0)
    angle, shift = math.radians(4.0), np.array([3.0, -2.0])
    matrix = np.array([[math.cos(angle), -math.sin(angle), shift[0]], [math.sin(angle), math.cos(angle), shift[1]]])
    y, x = np.indices(whole.shape) * STEP_UM
    row, column = (
        np.rint((matrix[axis, 0] * x + matrix[axis, 1] * y + matrix[axis, 2]) / STEP_UM).astype(int) for axis in (1, 0)
    )
    inside = (row >= 0) & (row < whole.shape[0]) & (column >= 0) & (column < whole.shape[1])
    seen = np.where(inside, whole[np.where(inside, row, 0), np.where(inside, column, 0)], 0)
    grid = Grid("square", whole.shape, (STEP_UM, STEP_UM), (0.0, 0.0))
    found = track([StepGrains(whole, grid), StepGrains(seen, grid, to_first=Transform.given(matrix))])
    rows = found.tracks.pivot(index="track", columns="step", values="label").dropna()
    assert (rows[0] == rows[1]).all()
    assert set(found.events["kind"]) <= {"left_view", "entered_view"}


def test_vanished_and_appeared_discs_are_events_of_their_step() -> None:
    """Discs gone at the second step vanish there; read backwards they appear."""
    first, second = disc_labels(0), disc_labels(6)
    gone = set(np.unique(first)) - set(np.unique(second))
    assert len(gone) > 3
    forth, back = track([step(first), step(second)]), track([step(second), step(first)])
    assert forth.events["kind"].tolist() == ["vanish"] * len(gone)
    assert back.events["kind"].tolist() == ["appear"] * len(gone)
    assert set(forth.events["step"]) == {1}
    assert forth.events["confidence"].between(0, 1).all()


def test_a_gap_of_one_step_is_bridged() -> None:
    """A grain missing from one step keeps its track; with no gap allowed it vanishes and another appears."""
    whole = disc_labels(0)
    missing = np.where(whole == 24, 12, whole)
    steps = [step(whole), step(missing), step(whole)]
    assert track(steps).events.empty
    assert sorted(track(steps, gap=0).events["kind"]) == ["appear", "vanish"]


def test_orientation_tells_what_overlap_cannot() -> None:
    """Another crystal in the place of a disc is no link; a disc that takes its host's orientation has merged."""
    whole = disc_labels(0)
    quaternions = random_rotations(60, np.random.default_rng(1))
    replaced = np.where(whole == 24, 40, whole)
    kinds = track([step(whole, quaternions=quaternions), step(replaced, quaternions=quaternions)]).events["kind"]
    assert sorted(kinds) == ["appear", "vanish"]
    joined = quaternions.copy()
    joined[24] = joined[12]
    swallowed = np.where(whole == 24, 12, whole)
    events = track([step(whole, quaternions=joined), step(swallowed, quaternions=joined)]).events
    assert events["kind"].tolist() == ["merge"]
    assert track([step(swallowed, quaternions=joined), step(whole, quaternions=joined)]).events["kind"].tolist() == [
        "split"
    ]


def test_steps_that_do_not_belong_together_are_refused() -> None:
    """One step alone, or orientations for some only."""
    whole = disc_labels(0)
    with pytest.raises(MeasurementError, match="two or more"):
        track([step(whole)])
    quaternions = random_rotations(60, np.random.default_rng(1))
    with pytest.raises(MeasurementError, match="for all or for none"):
        track([step(whole), step(whole, quaternions=quaternions)])


def disc_in_a_square(radius: float) -> np.ndarray:
    """Return grain 1 with a round grain 2 inside."""
    y, x = np.indices((40, 40))
    return 1 + (np.hypot(y - 20, x - 20) < radius)


def test_a_grain_that_shrank_before_it_vanished_is_no_noise() -> None:
    """The confidence of an end follows the largest the grain ever was: a speck of one step stays doubtful."""
    speck, bare = step(disc_in_a_square(1)), step(disc_in_a_square(0))
    assert (track([bare, speck, bare]).events["confidence"] < 0.2).all()
    events = track([step(disc_in_a_square(7)), step(disc_in_a_square(4)), speck, bare]).events
    assert events["kind"].tolist() == ["vanish"]
    assert events["confidence"].item() > 0.95


def test_what_the_frame_cuts_has_left_the_view() -> None:
    """A grain at the border that is gone has not vanished."""
    bare = np.ones((40, 40), dtype=int)
    bordered = bare.copy()
    bordered[:6, :6] = 2
    assert track([step(bordered), step(bare)]).events["kind"].tolist() == ["left_view"]
    assert track([step(bare), step(bordered)]).events["kind"].tolist() == ["entered_view"]


def test_a_symmetric_copy_of_an_orientation_is_the_same_grain() -> None:
    """Which of the equivalent descriptions a step has does not matter."""
    whole = disc_labels(0)
    quaternions = random_rotations(60, np.random.default_rng(1))
    operators = operators_of("432")[np.random.default_rng(2).integers(24, size=60)]
    assert track([step(whole, quaternions=q) for q in (quaternions, multiply(operators, quaternions))]).events.empty


@pytest.mark.parametrize("seed", [3, 8])
def test_every_planted_end_is_found(seed: int) -> None:
    """Crystals of a growth phantom that vanish are found, at their step, and at most one other is taken for gone."""
    phantom = make_series(grains=90, times_h=(0.0, 2.0, 4.0, 7.0, 11.0), growth_um2_h=1.2, seed=seed)
    steps = [
        StepGrains(
            seen.labels, seen.ebsd.grid,
            mean_orientations(seen.ebsd.quaternions, seen.ebsd.phase_id, ("432",), seen.grain_ids),
        )
        for seen in phantom.maps
    ]  # fmt: skip
    events = track(steps).events
    names = phantom.tracks.set_index(["step", "label"])["track"]
    ends = events[events["kind"].isin(["vanish", "left_view"])]
    crystal = [(int(names[row.step - 1, row.label]), row.step) for row in ends.itertuples()]
    planted = set(phantom.vanished.itertuples(index=False, name=None))
    assert planted <= set(crystal)
    sure = (ends["kind"] == "vanish") & (ends["confidence"] >= 0.5)
    assert sum(found not in planted for found, kept in zip(crystal, sure, strict=True) if kept) <= 1


def numbered_sections(
    shared_data: Path, axis: int, every: int
) -> tuple[np.ndarray, list[StepGrains], list[np.ndarray]]:
    """Return sections of a superalloy across an axis, numbered at random, and the true number of each label."""
    stored = np.load(shared_data / "ebsd" / "dream3d" / "SmallIN100_FeatureIds_100cubed.npz")
    sections = np.moveaxis(stored[stored.files[0]], axis, 0)[::every]
    rng = np.random.default_rng(0)
    steps, numbers = [], []
    for section in sections:
        present = np.unique(section)
        shuffled = rng.permutation(present.size) + 1
        table = np.zeros(int(present.max()) + 1, dtype=np.int64)
        table[present] = shuffled
        steps.append(StepGrains(table[section].astype(np.uint32), Grid("square", section.shape, (0.25, 0.25), (0, 0))))
        back = np.zeros(present.size + 1, dtype=np.int64)
        back[shuffled] = present
        numbers.append(back)
    return sections, steps, numbers


def links_of(tracks: pd.DataFrame, numbers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each link of successive sections is right, and its confidence."""
    true = np.concatenate([numbers[k][rows["label"]] for k, rows in tracks.groupby("step")])
    rows = tracks.sort_values("step", kind="stable").assign(true=true).sort_values(["track", "step"])
    later = rows.shift(-1)
    linked = (rows["track"] == later["track"]) & (later["step"] == rows["step"] + 1)
    return (rows["true"] == later["true"])[linked].to_numpy(), later["confidence"][linked].to_numpy(float)


@pytest.mark.parametrize(
    ("axis", "every", "precision", "recall"),
    [
        (0, 1, 0.99, 0.987),
        (0, 2, 0.965, 0.95),
        (0, 4, 0.872, 0.855),
        (1, 2, 0.983, 0.975),
        (1, 4, 0.925, 0.888),
        (2, 2, 0.975, 0.97),
        (2, 4, 0.895, 0.865),
    ],
)
def test_numbered_sections_of_a_superalloy(
    shared_data: Path, axis: int, every: int, precision: float, recall: float
) -> None:
    """Sections numbered at random, without orientations: links beside the true numbers of the volume."""
    sections, steps, numbers = numbered_sections(shared_data, axis, every)
    right, confidence = links_of(track(steps).tracks, numbers)
    wanted = sum(np.intersect1d(a, b).size for a, b in itertools.pairwise(sections))
    assert right.mean() >= precision
    assert right.sum() / wanted >= recall
    # the confidence is the probability of being right
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.05)
    sure = confidence > 0.9
    assert right[sure].mean() > 0.9
    assert right[sure].mean() > right[~sure].mean() + 0.1


def test_orientations_tell_sections_of_a_superalloy_apart(shared_data: Path) -> None:
    """With an orientation for each grain, to a degree, hardly a link between every fourth section is wrong."""
    sections, steps, numbers = numbered_sections(shared_data, 0, 4)
    rng = np.random.default_rng(5)
    crystals = random_rotations(1000, rng)
    oriented = []
    for step_grains, back in zip(steps, numbers, strict=True):
        own = crystals[back[1:]] + np.radians(0.25) * rng.normal(size=(back.size - 1, 4))
        oriented.append(step_grains._replace(orientations=own / np.linalg.norm(own, axis=1, keepdims=True)))
    right, _ = links_of(track(oriented).tracks, numbers)
    assert right.mean() >= 0.99
    assert right.sum() / sum(np.intersect1d(a, b).size for a, b in itertools.pairwise(sections)) >= 0.93
