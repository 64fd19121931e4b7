"""Anchors: an interface runs through them, and within its reach of the line between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.segment.anchors import allowed_rows, guide, ordered, within

WIDTH, HEIGHT = 60, 40


@given(
    st.lists(st.tuples(st.integers(0, WIDTH - 1), st.integers(5, 35)), min_size=1, max_size=5, unique_by=lambda p: p[0])
)
def test_the_reach_is_a_hand_s_at_an_anchor_and_widens_beside_it(points: list[tuple[int, int]]) -> None:
    """In the column of an anchor three pixels are left, and never more than the reach elsewhere."""
    line = guide(np.array([(x + 0.5, row) for x, row in points]), WIDTH, reach_px=15.0)
    assert line is not None
    for x, row in points:
        assert line.row[x] == row
        assert line.reach_px[x] == 3.0
    assert line.reach_px.max() <= 15.0
    assert np.abs(np.diff(line.reach_px)).max() <= 1.0


def test_no_anchors_bind_nothing() -> None:
    """Neither an empty list nor none at all."""
    assert guide(None, WIDTH, reach_px=15.0) is None
    assert guide(np.empty((0, 2)), WIDTH, reach_px=15.0) is None


@pytest.mark.parametrize("rows", [(30, 32, 35), (3, 5, 8)])
def test_interfaces_without_anchors_give_way(rows: tuple[int, ...]) -> None:
    """Those beside one that is held stay on their sides of it, wherever they were."""
    line = guide(np.array([[30.5, 20.0]]), WIDTH, reach_px=4.0)
    assert line is not None
    rules = ordered([None, allowed_rows(line, (HEIGHT, WIDTH), 1), None])
    moved = within(np.repeat(np.array(rows)[:, None], WIDTH, axis=1), rules)
    assert (np.diff(moved, axis=0) >= 0).all()
    assert abs(moved[1, 30] - 20) <= 3
    assert moved[0].max() <= 24
    assert moved[2].min() >= 16
