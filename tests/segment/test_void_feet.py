"""Feet of voids are placed to a pixel where three greys meet, in any order of the greys, and the rest is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.classes import SectionClass
from sodalite.segment.interface import edge_blur_px
from sodalite.segment.void_feet import voided_columns, with_fitted_feet

ROWS, COLUMNS, LEVEL, HALF_WIDTH, HEIGHT = 90, 160, 50, 28.0, 12.0
NOWHERE = np.full(COLUMNS, np.nan)


def section(greys: tuple[float, float, float], *, blur_px: float, noise: float) -> np.ndarray:
    """Return the picture of half an ellipse of void upon a flat electrolyte; greys of sodium, void, electrolyte."""
    fine = 4
    y, x = (np.mgrid[: ROWS * fine, : COLUMNS * fine] + 0.5) / fine
    void = (((x - COLUMNS / 2) / HALF_WIDTH) ** 2 + ((y - LEVEL) / HEIGHT) ** 2 < 1) & (y < LEVEL)
    grey = np.where(void, greys[1], np.where(y < LEVEL, greys[0], greys[2]))
    grey = grey.reshape(ROWS, fine, COLUMNS, fine).mean(axis=(1, 3))
    return cv2.GaussianBlur(grey, (0, 0), blur_px) + np.random.default_rng(0).normal(0, noise, grey.shape)


def labels(lost_px: float) -> np.ndarray:
    """Return the labels with so many columns lost at each end."""
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    off = np.abs(x - COLUMNS / 2)
    void = (off / HALF_WIDTH) ** 2 + ((y - LEVEL) / HEIGHT) ** 2 < 1
    void &= (y < LEVEL) & (off < HALF_WIDTH - np.maximum(lost_px - (LEVEL - y) / 2, 0))
    found = np.where(y < LEVEL, SectionClass.SODIUM, SectionClass.ELECTROLYTE).astype(np.uint8)
    found[void] = SectionClass.VOID
    return found


def width_px(found: np.ndarray, face: np.ndarray) -> int:
    """Return how many columns the void interrupts."""
    return int(np.count_nonzero(voided_columns(found, face)))


@pytest.mark.parametrize("greys", [(62.0, 20.0, 145.0), (180.0, 30.0, 95.0), (120.0, 20.0, 190.0), (150.0, 20.0, 75.0)])
@pytest.mark.parametrize("lost_px", [-1.0, 0.0, 3.0])
@pytest.mark.parametrize("blur_px", [0.7, 1.4])
def test_a_void_ends_where_it_does(greys: tuple[float, float, float], lost_px: float, blur_px: float) -> None:
    """Half an ellipse of 56 px: found to two pixels from labels that lost three or won one at each end."""
    picture = section(greys, blur_px=blur_px, noise=4.0)
    face = np.full(COLUMNS, float(LEVEL))
    found = with_fitted_feet(picture, labels(lost_px), (NOWHERE, face), (blur_px, blur_px))
    assert width_px(found, face) == pytest.approx(2 * HALF_WIDTH, abs=2)


def test_the_collector_s_side_is_the_mirror_of_the_electrolyte_s() -> None:
    """Upside down the same pixels are void, bit for bit."""
    picture = section((62.0, 20.0, 145.0), blur_px=1.0, noise=4.0)
    face = np.full(COLUMNS, float(LEVEL))
    lower = with_fitted_feet(picture, labels(3.0), (NOWHERE, face), (1.0, 1.0))
    upper = with_fitted_feet(picture[::-1], labels(3.0)[::-1], (ROWS - face, NOWHERE), (1.0, 1.0))
    np.testing.assert_array_equal(upper[::-1], lower)


def test_without_voids_nothing_changes() -> None:
    """A bare face, and one that is not in the image."""
    bare = np.where(labels(0.0) == SectionClass.VOID, np.uint8(SectionClass.SODIUM), labels(0.0))
    picture = section((62.0, 20.0, 145.0), blur_px=1.0, noise=4.0)
    face = np.full(COLUMNS, float(LEVEL))
    np.testing.assert_array_equal(with_fitted_feet(picture, bare, (NOWHERE, face), (1.0, 1.0)), bare)
    np.testing.assert_array_equal(with_fitted_feet(picture, labels(3), (NOWHERE, NOWHERE), (1.0, 1.0)), labels(3))


def test_other_classes_beside_a_foot_stay() -> None:
    """Dead sodium under a foot is not relabelled."""
    found = labels(3.0)
    found[LEVEL + 1 : LEVEL + 4, 40:60] = SectionClass.DEAD_SODIUM
    picture = section((62.0, 20.0, 145.0), blur_px=1.0, noise=4.0)
    after = with_fitted_feet(picture, found, (NOWHERE, np.full(COLUMNS, float(LEVEL))), (1.0, 1.0))
    np.testing.assert_array_equal(after == SectionClass.DEAD_SODIUM, found == SectionClass.DEAD_SODIUM)


@pytest.mark.parametrize("blur_px", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("noise", [0.0, 15.0])
def test_the_blur_of_an_edge_is_measured(blur_px: float, noise: float) -> None:
    """On a sloping edge of 70 grey levels, to 0.15 px."""
    rows = LEVEL + 0.07 * np.arange(600)
    y = np.arange(ROWS)[:, None]
    picture = 150 - 70 * np.clip(y + 1 - rows, 0, 1)
    picture = cv2.GaussianBlur(picture, (0, 0), blur_px) + np.random.default_rng(1).normal(0, noise, picture.shape)
    clear = np.ones(rows.size, bool)
    assert edge_blur_px(picture, rows, clear, assumed_px=9.0) == pytest.approx(blur_px, abs=0.15)
    assert edge_blur_px(picture, rows, ~clear, assumed_px=9.0) == 9.0
