"""The lit floors of voids upon the electrolyte."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.void_floors import lit_floors

SODIUM, ELECTROLYTE = 190.0, 70.0
FACE = np.full(400, 160)
ROWS = np.arange(260)[:, None]
VOID = (ROWS >= 90) & (ROWS < 145) & (np.abs(np.arange(400) - 200) < 80)
"""As found: it ends fifteen rows above the face, where a film would be as grey as it."""

BELOW = VOID.any(axis=0) & (ROWS >= 145) & (ROWS < FACE)


def picture(inside: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return a section whose void shows one grey a row, and what lies between it and the face another."""
    data = np.where(ROWS < FACE, SODIUM, ELECTROLYTE)
    data = np.where(VOID, inside, np.where(BELOW, below, data))
    return cv2.GaussianBlur(data, (0, 0), 1.2) + np.random.default_rng(0).normal(0, 4, data.shape)


def test_a_floor_that_fades_into_the_electrolyte_belongs_to_the_void() -> None:
    """The light of the back wall goes on from the void found to the face, and there is none besides."""
    fade = ELECTROLYTE + 45 / (1 + np.exp((ROWS - 152) / 5.0))
    floors = lit_floors(picture(fade, fade), VOID, FACE)
    assert floors[BELOW].mean() > 0.95
    assert not floors[~BELOW].any()


@pytest.mark.parametrize(("inside", "below"), [(30.0, 115.0), (115.0, 115.0), (30.0, SODIUM), (110.0, 170.0)], ids=str)
def test_what_rises_or_ends_at_an_edge_is_no_floor(inside: float, below: float) -> None:
    """Films are brighter than the void, or end at the face; sodium is as bright as sodium."""
    assert not lit_floors(
        picture(np.full_like(ROWS, inside, float), np.full_like(ROWS, below, float)), VOID, FACE
    ).any()


def test_without_voids_near_the_face_there_are_no_floors() -> None:
    """A void far above, or one that reaches the face, has none."""
    data = picture(np.full(ROWS.shape, 30.0), np.full(ROWS.shape, SODIUM))
    assert not lit_floors(data, VOID, FACE + 60).any()
    assert not lit_floors(data, VOID | BELOW, FACE).any()
