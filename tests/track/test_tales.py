"""What overlap, shape, neighbours and the steps beyond say of one grain in two steps."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.track.overlaps import View, find_pairs
from sodalite.track.tales import TALES, tales_of
from step_bricks import SAME, bricks, side_of, view_of

NAMES = list(TALES)
INSIDE = 5
"""Row of the pair of brick 6 with itself."""


def tale(name: str, beyond: View | None = None, **taken: np.ndarray) -> float:
    """Return a tale of an inner brick to be itself, with a step beyond on one side."""
    view = view_of(bricks())
    side = side_of(view, beyond=beyond, **taken)
    return float(tales_of(find_pairs(view, view), side, side_of(view))[INSIDE, NAMES.index(name)])


def moved(**grains: float) -> View:
    """Return bricks whose size in points or centre along x is another."""
    view = view_of(bricks())
    return view._replace(**{name: getattr(view, name) * grains[name] for name in grains})


def test_points_inside_count_more_than_points_at_the_outline() -> None:
    """A rim that is lost costs less of the core than of the area; a grain cut in two is less whole and has a rival."""
    whole = bricks()
    rim = whole.copy()
    rim[10:20, 10] = 5
    pairs = find_pairs(view_of(whole), view_of(rim))
    brick = (pairs.first == 6) & (pairs.second == 6)
    assert pairs.shared[brick] / pairs.size_first[brick] == pytest.approx(0.9)
    assert 0.95 < pairs.core[brick] < 1
    assert pairs.swapped[brick] == pytest.approx(0.5, abs=0.2)
    halved = np.where((whole == 6) & (np.indices(whole.shape)[1] < 15), 13, whole)
    cut = find_pairs(view_of(whole), view_of(halved))
    assert cut.whole[cut.first == 6] == pytest.approx([1.5, 1.5])
    assert cut.rival[cut.first == 6] == pytest.approx([0.5, 0.5])
    assert cut.rival[cut.first == 7] == pytest.approx(0)


def test_ellipses_tell_place_size_and_form_apart() -> None:
    """A shift alone leaves the shape, a stretch leaves the place, a larger copy leaves the form."""
    y, x = np.indices((60, 60))
    disc = 1 + (np.hypot(y - 30, x - 30) < 10)
    found = {}
    for name, other in {
        "shifted": 1 + (np.hypot(y - 30, x - 34) < 10),
        "larger": 1 + (np.hypot(y - 30, x - 30) < 15),
        "stretched": 1 + (np.hypot((y - 30) / 1.5, (x - 30) * 1.5) < 10),
    }.items():
        views = view_of(disc), view_of(other)
        pairs = find_pairs(*views)
        sides = [side_of(view, partner=np.arange(3)) for view in views]
        row = tales_of(pairs, *sides)[(pairs.first == 2) & (pairs.second == 2)][0]
        found[name] = {tale: row[NAMES.index(tale)] for tale in ("shift", "shape", "form", "ratio")}
    least = {tale: min(rows[tale] for rows in found.values()) for tale in ("shift", "shape", "form")}
    assert found["shifted"]["shift"] > least["shift"] + 1
    assert found["shifted"]["shape"] == pytest.approx(least["shape"], abs=0.1)
    assert found["larger"]["ratio"] == pytest.approx(np.log(1.5), abs=0.05)
    assert found["larger"]["form"] == pytest.approx(least["form"], abs=0.3)
    assert found["stretched"]["form"] > least["form"] + 1


def test_the_step_beyond_tells_of_ends_waists_jumps_and_bends() -> None:
    """A grain that was wider beyond has a waist, one that was smaller has none; its centre jumps; it ends."""
    assert tale("waist", moved(points=0.25)) == pytest.approx(-np.log(2))
    assert tale("waist", moved(points=4.0)) == tale("widens", moved(points=4.0)) == pytest.approx(np.log(2))
    assert tale("widens", moved(points=0.25)) == 0
    assert tale("bend", moved()) == 0 < tale("bend", moved(points=4.0))
    assert tale("jump", moved(x=1.3)) > tale("jump", moved()) + 1
    assert tale("ends", moved(), onward=0 * SAME) == 1
    assert tale("ends") == 0


def test_other_neighbours_and_other_moves_are_told() -> None:
    """The same place among other grains keeps fewer neighbours; a grain that stays where others move strays."""
    assert tale("kept") == pytest.approx(1)
    assert tale("kept", partner=np.r_[0, np.roll(np.arange(1, 13), 5)]) == pytest.approx(0.75)
    view = view_of(bricks())
    places = view.x + 3.0
    places[6] -= 3.0
    sides = side_of(view), side_of(view._replace(x=places))
    stray = tales_of(find_pairs(view, view), *sides)[:, NAMES.index("stray")]
    assert stray[INSIDE] > np.delete(stray, INSIDE).max() + 0.5


def test_tales_are_the_same_backwards() -> None:
    """Which of two steps comes first does not matter."""
    rng = np.random.default_rng(4)
    labels = bricks()
    views = [view_of(labels), view_of(np.roll(labels, (3, 2), axis=(0, 1)))]
    partner = np.r_[0, rng.permutation(12) + 1]
    sides = [
        side_of(view, partner=links, beyond=views[0])
        for view, links in zip(views, (partner, np.argsort(partner)), strict=True)
    ]
    forth, back = find_pairs(*views), find_pairs(*views[::-1])
    order = np.lexsort((back.first, back.second))
    assert tales_of(back, *sides[::-1])[order] == pytest.approx(tales_of(forth, *sides))
