"""Faces that climb over a void are led below it; pores, dips and borders are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.pockets import seat_face

ROWS, COLUMNS, LEVEL = 160, 300, 100
SODIUM, ELECTROLYTE, VOID = 150.0, 80.0, 15.0


def scene(centre: tuple[int, int], radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a section with a disc of void around (row, column), and whether each pixel is void."""
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
    grey = np.where(y < LEVEL, SODIUM, ELECTROLYTE)
    grey = np.where(disc, VOID, grey) + np.random.default_rng(0).normal(0, 3, y.shape)
    return grey, disc


def climbing(void: np.ndarray) -> np.ndarray:
    """Return a face at the level of the electrolyte that climbs over the part of a void above it."""
    above = void[:LEVEL]
    return np.where(above.any(axis=0), above.argmax(axis=0), LEVEL).astype(float)


@pytest.mark.parametrize("radius", [8, 20])
def test_a_face_that_climbs_over_a_void_is_led_below_it(radius: int) -> None:
    """A half disc upon the electrolyte: the face runs along its flat side, to a pixel."""
    grey, void = scene((LEVEL, 150), radius)
    void[LEVEL:] = False
    grey[LEVEL:] = np.where(grey[LEVEL:] < 48, ELECTROLYTE, grey[LEVEL:])
    seated = seat_face(grey, climbing(void))
    np.testing.assert_allclose(seated, LEVEL, atol=1)


def test_a_pore_below_a_flat_face_stays_a_pore() -> None:
    """What lies below the line between the feet belongs to the electrolyte."""
    grey, _ = scene((LEVEL + 12, 150), 10)
    flat = np.full(COLUMNS, float(LEVEL))
    np.testing.assert_array_equal(seat_face(grey, flat), flat)


def test_a_deep_pore_under_a_climb_is_not_cut_in_two() -> None:
    """A disc that reaches far below the line between the feet stays as it was traced."""
    grey, void = scene((LEVEL, 150), 20)
    traced = climbing(void)
    np.testing.assert_array_equal(seat_face(grey, traced), traced)


def test_a_void_with_one_foot_stays() -> None:
    """At the border of the image one foot is not seen, and the face stays as it was traced."""
    grey, void = scene((LEVEL, 4), 10)
    traced = climbing(void)
    np.testing.assert_array_equal(seat_face(grey, traced), traced)


def test_an_electrolyte_out_of_the_image_is_left_alone() -> None:
    """A face at the lower border has nothing below it to compare with."""
    grey, _ = scene((20, 150), 5)
    low = np.full(COLUMNS, float(ROWS))
    np.testing.assert_array_equal(seat_face(grey, low), low)


def test_the_blur_of_the_face_joins_no_pockets() -> None:
    """Beside a bright solid the face's own blur is dark all along it, and the pocket is still led below."""
    grey, void = scene((LEVEL, 150), 14)
    void[LEVEL:] = False
    y = np.arange(ROWS)[:, None] + 0.5
    grey = np.where(void, VOID, np.where(y < LEVEL, 65.0, 205.0))
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(0).normal(0, 10, grey.shape)
    np.testing.assert_allclose(seat_face(grey, climbing(void)), LEVEL, atol=1.5)
