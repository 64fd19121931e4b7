"""Series whose steps stand in the wrong order, or one of which is too badly indexed to tell."""

from __future__ import annotations

import numpy as np
import pytest

from disc_series import disc_labels, map_of
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.coarsening_order import _come
from sodalite.pipelines.map_series import MapSeries

CELLS = (5, 8)


def gone_sentences(times_h: tuple[float, ...], badly_indexed: int | None = None) -> list[str]:
    """Return the sentences about grains that are gone, of discs at times in the order given."""
    maps = []
    for number, time in enumerate(times_h):
        labels = disc_labels(time, cells=CELLS)
        if number == badly_indexed:
            labels = np.where(np.random.default_rng(0).random(labels.shape) < 0.75, 0, labels)
        maps.append(map_of(labels, f"s{number}.ang"))
    found = Coarsening(transform="none").run(MapSeries.from_maps(maps))
    return [text for text in found.provenance["warnings"] if "are gone" in text]


@pytest.mark.parametrize("times_h", [(0.0, 3.0, 8.0, 10.0), (10.0, 8.0, 3.0, 0.0)])
def test_steps_in_order_are_not_doubted(times_h: tuple[float, ...]) -> None:
    """Forwards nothing comes back; backwards grains appear, which those of a film that is plated do."""
    assert gone_sentences(times_h) == []


def test_exchanged_steps_are_told_with_their_place() -> None:
    """A fifth of the grains gone in one step and there in the next: the step belongs behind that."""
    (sentence,) = gone_sentences((0.0, 8.0, 3.0, 10.0))
    assert sentence.startswith("s1.ang: ")
    assert "fewer with it after s2.ang: it may stand in the wrong place of the series; check the order" in sentence


def test_a_badly_indexed_step_is_no_wrong_order() -> None:
    """Grains are missing from a map that is three quarters empty."""
    (sentence,) = gone_sentences((0.0, 3.0, 8.0, 10.0), badly_indexed=1)
    assert sentence.startswith("s1.ang: ")
    assert "check how well it is indexed" in sentence


def test_a_map_without_an_indexed_point_says_so() -> None:
    """Not that its grains are too small."""
    maps = [map_of(disc_labels(0.0) * (number != 1), f"s{number}.ang") for number in range(3)]
    found = Coarsening(transform="none").run(MapSeries.from_maps(maps))
    assert found.provenance["failed_steps"]["s1.ang"]["message"].startswith("s1.ang: no point is indexed")


def test_a_file_that_came_twice_is_told() -> None:
    """Two real maps never have the same points."""
    maps = [map_of(disc_labels(time), f"s{number}.ang") for number, time in enumerate((0.0, 3.0, 0.0))]
    told = Coarsening(transform="none").run(MapSeries.from_maps(maps)).provenance["warnings"]
    assert "s2.ang: holds the same points as s0.ang; check that it is the right file." in told
    assert not [text for text in told if text.startswith("s1.ang: holds")]


def test_what_is_out_of_view_does_not_come_back() -> None:
    """Grains count once for each return after they were known to be gone."""
    seen = np.array([[1, 0, 1, 0, 1], [1, -1, 1, 1, 1], [1, 0, -1, 1, 0], [0, 0, 1, 1, -1], [-1, 1, 1, 1, 1]])
    assert _come(seen) == (3, 4)


def test_where_each_step_is_a_new_section_no_event_is_told_from_it() -> None:
    """Counts are withheld, not zero, and no grain is said to have vanished beside the rates."""
    maps = [map_of(disc_labels(time, cells=CELLS), f"s{number}.ang") for number, time in enumerate((0.0, 3.0, 8.0))]
    recipe = Coarsening(transform="none")
    new = recipe.run(MapSeries.from_maps(maps, times_h=(0, 3, 8), repolished=(False, True, True)))
    assert np.isnan(new["vanished_count"].value)
    assert new["vanished_count"].note == "no two steps show the same plane"
    one = recipe.run(MapSeries.from_maps(maps, times_h=(0, 3, 8), repolished=(False, False, True)))
    gone = one.tables["events"].query("kind == 'vanish' and not other_plane")
    assert one["vanished_count"].value == len(gone) > 0
    assert one["hillert_mobility"].note == f"no rate is known of {len(gone)} vanished grains"
