"""Lit voids are cut off along their foot; bumps under thin voids, and faces without any, stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.domes import face_below_domes

ROWS, COLUMNS, LEVEL, HALF_WIDTH, HEIGHT = 150, 220, 100, 26.0, 13.0
SODIUM, ELECTROLYTE, DARK, LIT = 152.0, 74.0, 20.0, 74.0


def section(floor_share: float | None, *, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture with a dome, and the face that climbs over it.

    The dome is a void lit from below or, given a share of its height, an electrolyte with a void of this share upon it.
    """
    fine = 3
    y, x = (np.mgrid[: ROWS * fine, : COLUMNS * fine] + 0.5) / fine
    height = HEIGHT * np.sqrt(np.maximum(1 - ((x - COLUMNS / 2) / HALF_WIDTH) ** 2, 0))
    ramp = np.clip((y - LEVEL + HEIGHT) / HEIGHT, 0, 1)
    inside = DARK + (LIT - DARK) * ramp
    if floor_share is not None:
        inside = np.where(y < LEVEL - HEIGHT + floor_share * HEIGHT, DARK, ELECTROLYTE)
    grey = np.where(y < LEVEL - height, SODIUM, np.where(y < LEVEL, inside, ELECTROLYTE))
    grey = cv2.GaussianBlur(grey.reshape(ROWS, fine, COLUMNS, fine).mean(axis=(1, 3)), (0, 0), 1.0)
    face = LEVEL - height[0].reshape(COLUMNS, fine).mean(axis=1)
    return grey + np.random.default_rng(0).normal(0, noise, grey.shape), face


@pytest.mark.parametrize("noise", [9.0, 24.0])
def test_a_lit_void_is_cut_off_along_its_foot(noise: float) -> None:
    """SNR 8 and 3: the face continues that beside the void, to two pixels."""
    picture, face = section(None, noise=noise)
    np.testing.assert_allclose(face_below_domes(picture, face), LEVEL, atol=2)


@pytest.mark.parametrize("floor_share", [0.0, 0.35, 0.5])
@pytest.mark.parametrize("noise", [9.0, 24.0])
def test_a_bump_of_the_electrolyte_stays(floor_share: float, noise: float) -> None:
    """A bump, bare or under a void with a sharp bottom, is the electrolyte's."""
    picture, face = section(floor_share, noise=noise)
    np.testing.assert_array_equal(face_below_domes(picture, face), face)


def test_a_brighter_electrolyte_hides_no_void() -> None:
    """Where sodium is the darker one, a lit void is as grey as sodium and no dome stands out."""
    picture, face = section(None, noise=9.0)
    np.testing.assert_array_equal(face_below_domes(255 - picture, face), face)


def test_a_flat_face_stays() -> None:
    """No dome, nothing moved."""
    flat = np.full(COLUMNS, float(LEVEL))
    picture = np.where(np.arange(ROWS)[:, None] < LEVEL, SODIUM, ELECTROLYTE) + np.zeros(COLUMNS)
    np.testing.assert_array_equal(face_below_domes(picture, flat), flat)
