"""The electrolyte's light below voids, told from films of another phase."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.halos import face_without_halos

SODIUM, ELECTROLYTE, VOID = 150.0, 70.0, 20.0
BOTTOM = 120
FACE = np.full(400, BOTTOM + 18)
INSIDE = slice(110, 290)


def scene(below: np.ndarray, *, sd: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Return a section with a void over columns 100 to 300, and its mask; `below` is the grey from its bottom on."""
    data = np.full((300, 400), SODIUM)
    data[BOTTOM:] = ELECTROLYTE
    void = np.zeros(data.shape, bool)
    void[BOTTOM - 30 : BOTTOM, 100:300] = True
    data[void] = VOID
    data[BOTTOM : BOTTOM + below.size, 100:300] = below[:, None]
    data = cv2.GaussianBlur(data, (0, 0), 1.0)
    return data + np.random.default_rng(0).normal(0, sd, data.shape), void


def decay(contrast: float, length_px: float) -> np.ndarray:
    """Greys that fall to the electrolyte's over a length."""
    return ELECTROLYTE + contrast * np.exp(-np.arange(60) / length_px)


def test_a_halo_belongs_to_the_electrolyte() -> None:
    """Light that fades evenly below a void does not part the void from the electrolyte."""
    for length_px in (5.0, 8.0, 12.0):
        data, void = scene(decay(70.0, length_px))
        face = face_without_halos(data, void, FACE)
        assert (face[INSIDE] == BOTTOM).all()
        assert (face[:95] == FACE[:95]).all()
        assert (face[305:] == FACE[305:]).all()


def test_a_film_keeps_the_void_from_the_electrolyte() -> None:
    """Sodium, and another phase with a rim of light, end at an edge: the face stays below them."""
    sodium = np.full(18, SODIUM)
    glass = np.full(18, 105.0) + 30 * np.exp(-np.arange(18) / 4.0)
    for film in (sodium, glass):
        data, void = scene(film)
        np.testing.assert_array_equal(face_without_halos(data, void, FACE), FACE)


def test_thin_light_is_told_from_a_thin_film_by_its_tail() -> None:
    """Four rows below a void: the blurred edge of a film falls evenly, light goes on."""
    face = np.full(400, BOTTOM + 8)
    data, void = scene(decay(70.0, 3.5), sd=2.0)
    assert (face_without_halos(data, void, face)[INSIDE] == BOTTOM).all()
    for thickness in (6, 8):
        data, void = scene(np.full(thickness, SODIUM), sd=2.0)
        np.testing.assert_array_equal(face_without_halos(data, void, face), face)


def test_noise_that_hides_the_light_leaves_the_face() -> None:
    """Without a clear fall of the grey nothing is decided."""
    data, void = scene(decay(2.0, 8.0), sd=30.0)
    np.testing.assert_array_equal(face_without_halos(data, void, FACE), FACE)


def test_without_voids_near_the_face_it_stays() -> None:
    """A void farther than forty rows away, or none, tells nothing about the face."""
    data, void = scene(decay(70.0, 8.0))
    np.testing.assert_array_equal(face_without_halos(data, void, FACE + 60), FACE + 60)
    np.testing.assert_array_equal(face_without_halos(data, np.zeros_like(void), FACE), FACE)
