"""Interfaces as lines and anchors, and back into what the tracer takes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sodalite.interfaces import (
    interface_names,
    interface_paths,
    interface_rows,
    moved_anchors,
    propose_anchors,
    to_canvas,
)

STACK = ("collector", "sodium", "electrolyte")
LABELS = np.repeat(np.array([[0], [1], [1], [2], [3], [2], [5], [4], [5]], np.uint8), 20, axis=1)


def test_rows_are_edges_between_layers() -> None:
    """Voids belong to the sodium, dead sodium to the electrolyte, the outside to nobody."""
    rows = interface_rows(LABELS, STACK, upside_down=False)
    assert interface_names(STACK) == list(rows) == ["collector/sodium", "sodium/electrolyte"]
    assert rows["collector/sodium"] == pytest.approx(np.full(20, 3.0))
    assert rows["sodium/electrolyte"] == pytest.approx(np.full(20, 6.0))


def test_an_image_upside_down_has_the_mirrored_rows() -> None:
    """Row r of n rows becomes n - r."""
    rows = interface_rows(LABELS[::-1], STACK, upside_down=True)
    assert rows["collector/sodium"] == pytest.approx(np.full(20, 6.0))
    assert rows["sodium/electrolyte"] == pytest.approx(np.full(20, 3.0))


def test_lines_are_cut_where_the_interface_is_not_seen() -> None:
    """A line in napari's (y, x) runs through pixel centres, half a pixel above the edge."""
    rows = np.array([4.0, 4.0, 4.0, np.nan, 6.0, 6.0])
    lines = interface_paths(rows)
    assert [line.tolist() for line in lines] == [[[3.5, 0], [3.5, 2]], [[5.5, 4], [5.5, 5]]]


def test_anchors_feed_the_tracer_only_where_one_was_moved() -> None:
    """An untouched interface stays free; a touched one is held by all its anchors, in (x, row) of edge pixels."""
    proposed = {"a/b": propose_anchors(np.full(40, 7.0)), "b/c": propose_anchors(np.full(40, 20.0))}
    points = np.concatenate([to_canvas(anchors) for anchors in proposed.values()])
    names = [name for name, anchors in proposed.items() for _ in anchors]
    assert moved_anchors(points, names, proposed) == {}
    points[2, 0] += 3
    moved = moved_anchors(points, names, proposed)
    assert list(moved) == ["a/b"]
    assert moved["a/b"][:, 1].tolist() == [7, 7, 10, *[7] * 6]
    np.testing.assert_allclose(moved["a/b"][:, 0], proposed["a/b"][:, 0])
