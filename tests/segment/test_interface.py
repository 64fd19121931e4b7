"""Faces of the sodium layer, on whole pixels and between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.classes import SectionClass as Is
from sodalite.segment.interface import edge_between_pixels, face_contrast, flanks, sodium_faces

if TYPE_CHECKING:
    from collections.abc import Callable


def blurred_edge(rows: np.ndarray, height: int, sigma_px: float) -> np.ndarray:
    """Return grey 160 above and 60 below an edge blurred by a Gaussian, integrated over each pixel by sampling."""
    samples = (np.arange(height * 16) + 0.5) / 16
    step = np.array([[math.erf((row - z) / (math.sqrt(2) * sigma_px)) for row in rows] for z in samples])
    return (110 + 50 * step).reshape(height, 16, rows.size).mean(axis=1).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(place=st.floats(15.0, 25.0), sigma_px=st.floats(0.4, 1.2), side=st.sampled_from([math.floor, math.ceil]))
def test_a_straight_edge_is_found_between_the_pixels(
    place: float, sigma_px: float, side: Callable[[float], int]
) -> None:
    """A blurred edge anywhere between two rows is placed within a twentieth of a pixel, from a start within one."""
    data = blurred_edge(np.full(9, place), 40, sigma_px)
    found = edge_between_pixels(data, np.full(9, side(place)), reach_px=2.0)
    assert found == pytest.approx(np.full(9, place), abs=0.05)


@settings(max_examples=25, deadline=None)
@given(gain=st.floats(0.1, 20.0), offset=st.floats(-50, 50))
def test_brightness_and_contrast_do_not_move_an_edge(gain: float, offset: float) -> None:
    """The place of an edge does not depend on how grey levels are scaled or inverted."""
    data = blurred_edge(20 + np.sin(np.arange(60) / 9), 40, 1.0)
    start = np.full(60, 20.0)
    plain = edge_between_pixels(data, start, reach_px=2.0)
    assert edge_between_pixels(gain * data + offset, start, reach_px=2.0) == pytest.approx(plain, abs=2e-3)
    assert edge_between_pixels(255 - data, start, reach_px=2.0) == pytest.approx(plain, abs=2e-3)


def test_an_edge_moves_no_farther_than_it_may() -> None:
    """Labels decide: an edge three pixels away only pulls by the reach."""
    data = blurred_edge(np.full(9, 23.0), 40, 1.0)
    assert edge_between_pixels(data, np.full(9, 20.0), reach_px=0.75) == pytest.approx(np.full(9, 20.75))


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.sampled_from([0, 0, 5, -6, 3]), min_size=8, max_size=60), seed=st.integers(0, 99))
def test_a_jagged_edge_is_placed_too(steps: list[int], seed: int) -> None:
    """Flanks side by side, each of which the next one would straighten away, are placed and stay near."""
    rows = 20.0 + np.array(steps)
    noise = np.random.default_rng(seed).normal(100, 5, (48, rows.size))
    found = edge_between_pixels(noise + 60 * (np.arange(48)[:, None] > rows), rows, reach_px=2.0)
    assert np.abs(found - rows).max() <= 13


@pytest.mark.parametrize("slope", [3.0, 8.0, -8.0])
def test_a_steep_flank_is_placed_sideways(slope: float) -> None:
    """On a flank between two plateaus the place is right to a tenth of a pixel across, from labels half a pixel off."""
    columns = np.arange(60) + 0.5
    rows = np.clip(60 + slope * (columns - 30.3), 25, 95)
    y, x = np.mgrid[:120, :60] + 0.5
    across = (y - 60 - slope * (x - 30.3)) / math.hypot(1, slope)
    depth = np.clip(np.maximum(across, y - 95), None, y - 25)
    data = 110 + 50 * np.tanh(1.2 * depth)
    start = np.rint(np.clip(60 + slope * (columns - 30.8), 25, 95))
    (first, last), *others = flanks(start)
    assert not others
    inner = np.arange(first + 2, last - 1)
    found = edge_between_pixels(data, start, reach_px=1.0)
    assert np.abs(found - rows)[inner].max() < 0.1 * math.hypot(1, slope)


@pytest.mark.parametrize(("wave_px", "least"), [(14, 0.8), (20, 0.88), (30, 0.95)])
def test_short_waves_keep_their_height(wave_px: int, least: float) -> None:
    """Where noise asks for no averaging along the face, waves of 2 px keep their Rq (SNR 8)."""
    rows = 30.0 + 2 * np.sin(2 * np.pi * np.arange(420) / wave_px)
    data = blurred_edge(rows, 60, 1.0)
    noise = np.random.default_rng(3).normal(0, np.ptp(data) / 8, data.shape)
    found = edge_between_pixels(data + noise, np.rint(rows), reach_px=2.0)
    assert least < found.std() / rows.std() < 1.05


def test_flanks_are_steep_and_high() -> None:
    """A stretch counts when it rises by four rows one way; saw teeth and gentle slopes do not."""
    rows = np.array([9, 9, 12, 15, 15, 14, 15, 14, 15, 9, 8.5, 8, 7.5, 7, 6.5, 6, 8, 6])
    assert flanks(rows) == [(1, 3), (8, 9)]
    assert flanks(np.full(9, np.nan)) == []


def test_where_there_is_no_contrast_or_no_room_an_edge_stays() -> None:
    """Flat grey, the image's frame and unknown rows give back what was given."""
    data = blurred_edge(np.full(9, 20.0), 40, 1.0)
    data[:, 4] = 100
    rows = np.full(9, 20.4)
    rows[0], rows[8] = 1.0, np.nan
    found = edge_between_pixels(data, rows, reach_px=0.75)
    assert found[0] == 1.0
    assert np.isnan(found[8])


def stack(sodium: tuple[int, int] = (10, 20)) -> np.ndarray:
    """Return 30 rows of collector, sodium and electrolyte in 40 columns."""
    labels = np.full((30, 40), Is.ELECTROLYTE, np.uint8)
    labels[: sodium[0]] = Is.COLLECTOR
    labels[sodium[0] : sodium[1]] = Is.SODIUM
    return labels


def test_the_faces_enclose_sodium_and_voids() -> None:
    """Voids at both faces belong to the layer."""
    labels = stack()
    labels[10:12, 5:9] = Is.VOID
    labels[18:20, 20:30] = Is.VOID
    upper, lower = sodium_faces(labels)
    assert (upper == 10).all()
    assert (lower == 20).all()


def test_a_place_without_sodium_has_no_thickness() -> None:
    """Collector upon electrolyte gives two faces in one place."""
    labels = stack()
    labels[10:20, 7] = Is.COLLECTOR
    upper, lower = sodium_faces(labels)
    assert upper[7] == lower[7] == 20


def test_a_layer_cut_by_the_frame_has_no_face_there() -> None:
    """The upper face is unknown where sodium reaches the top of the image, the lower where it reaches the bottom."""
    upper, lower = sodium_faces(stack((0, 20)))
    assert np.isnan(upper).all()
    assert (lower == 20).all()
    assert np.isnan(sodium_faces(stack((10, 30)))[1]).all()


def test_dead_sodium_and_filaments_do_not_move_the_face() -> None:
    """Neither a sphere in the electrolyte nor a thin filament that grows into it counts as layer."""
    labels = stack()
    labels[24:27, 10:14] = Is.DEAD_SODIUM
    labels[20:29, 30:33] = Is.SODIUM
    assert (sodium_faces(labels)[1] == 20).all()


def test_a_wide_bulge_moves_the_face() -> None:
    """Roughness wider than a filament is part of the face."""
    labels = stack()
    labels[20:28, 10:30] = Is.SODIUM
    assert (sodium_faces(labels)[1][12:28] == 28).all()


def test_bare_outside_has_no_faces() -> None:
    """Columns without any named layer have none."""
    labels = stack()
    labels[:, 3] = Is.OUTSIDE
    upper, lower = sodium_faces(labels)
    assert np.isnan(upper[3])
    assert np.isnan(lower[3])


def test_the_contrast_of_a_face_tells_it_from_noise() -> None:
    """A step of five sd stands out along the face, a line through noise does not, whatever its sign."""
    rng = np.random.default_rng(4)
    noise = rng.normal(100, 10, (80, 300))
    step = noise + 50 * (np.arange(80)[:, None] >= 40)
    rows = np.full(300, 40)
    assert face_contrast(noise, rows) < 0.3
    assert face_contrast(step, rows) > 5
    assert face_contrast(-step, rows) == pytest.approx(face_contrast(step, rows))
    assert math.isnan(face_contrast(step, np.zeros(300, int)))


def test_a_flank_that_crosses_one_row_of_the_image_is_placed() -> None:
    """A face that falls from beyond the frame to its first row: no noise can be told, and none is."""
    rows = np.concatenate([np.full(40, -6.0), np.full(40, 1.0)])
    picture = np.where(np.arange(60)[:, None] < rows, 150.0, 80.0)
    assert np.isfinite(edge_between_pixels(picture, rows, reach_px=3.0)).all()
