"""Thin openings between sodium and electrolyte."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.gap_lines import find_gap_lines

SODIUM, ELECTROLYTE, VOID = 150.0, 80.0, 20.0
FACE = np.full(400, 120)
TOP = np.zeros(400, int)


def picture(scene: np.ndarray, *, sd: float = 4.0) -> np.ndarray:
    """Blur and noise of a micrograph."""
    return cv2.GaussianBlur(scene, (0, 0), 1.2) + np.random.default_rng(0).normal(0, sd, scene.shape)


def scene() -> np.ndarray:
    """Sodium over electrolyte."""
    return np.where(np.arange(240)[:, None] < FACE, SODIUM, ELECTROLYTE)


@pytest.mark.parametrize("height", [1, 3, 6])
@pytest.mark.parametrize("shift", [0, -1], ids=["traced above", "traced below"])
def test_a_gap_is_found_whichever_of_its_edges_was_traced(height: int, shift: int) -> None:
    """Its rows are known to a pixel and a half; a gap of one row is as high as the blur makes it."""
    data = scene()
    data[120 : 120 + height, 100:300] = VOID
    first, past = find_gap_lines(picture(data), FACE - shift * height, TOP)
    inside = slice(105, 295)
    assert np.abs(first[inside] - 120).mean() <= 1.5
    assert np.abs(past[inside] - 120 - height).mean() <= 1.5
    assert (first == past)[:95].all()
    assert (first == past)[305:].all()


def test_a_gap_on_a_slope_is_followed() -> None:
    """Ten degrees are no jump."""
    face = 100 + np.rint(0.17 * np.arange(400)).astype(int)
    rows = np.arange(260)[:, None]
    data = np.where(rows < face, SODIUM, np.where(rows < face + 3, VOID, ELECTROLYTE))
    first, past = find_gap_lines(picture(data), face, TOP)
    assert (past > first).mean() > 0.95


@pytest.mark.parametrize("rim", [0.0, 60.0], ids=["plain", "bright rim"])
def test_an_edge_alone_is_no_gap(rim: float) -> None:
    """However bright its rim, the blur of an edge is nowhere darker than both of its sides."""
    data = scene()
    data[117:120] += rim
    first, past = find_gap_lines(picture(data, sd=8.0), FACE, TOP)
    np.testing.assert_array_equal(first, FACE)
    np.testing.assert_array_equal(past, FACE)


def test_short_dark_marks_are_no_gaps() -> None:
    """Curtains and specks are narrower than a line is long."""
    data = scene()
    data[118:124, 200:208] = VOID
    first, past = find_gap_lines(picture(data), FACE, TOP)
    assert (first == past).all()


def test_mirrored_sections_have_mirrored_gaps() -> None:
    """Left and right are treated alike."""
    data = scene()
    data[120:123, 100:200] = VOID
    data = picture(data)
    found, mirror = find_gap_lines(data, FACE, TOP), find_gap_lines(data[:, ::-1], FACE, TOP)
    for line, mirrored in zip(found, mirror, strict=True):
        np.testing.assert_array_equal(line, mirrored[::-1])


@pytest.mark.parametrize("thickness", [7, 10, 14])
def test_thin_sodium_darker_than_both_its_neighbours_is_no_gap(thickness: int) -> None:
    """Only what is darker than the sodium itself is; a gap below thin sodium is found."""
    rows, ceiling = np.arange(240)[:, None], FACE - thickness
    data = np.where(rows < ceiling, 200.0, np.where(rows < FACE, 100.0, 150.0))
    first, past = find_gap_lines(picture(data), FACE, ceiling)
    assert (first == past).all()
    data = np.where((rows >= FACE) & (rows < FACE + 3), VOID, data)
    first, past = find_gap_lines(picture(data), FACE, ceiling)
    assert (past > first).mean() > 0.95
