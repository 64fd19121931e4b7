"""Voids that open in a series, on pictures drawn from half-ellipses and polygons of another hand than the phantoms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.opening import Opened, find_openings
from sodalite.segment.undisturbed import undisturbed

SHAPE, FACE, FINE = (150, 320), 100, 4
SODIUM, ELECTROLYTE, VOID, NOISE = 120.0, 160.0, 40.0, 10.0
GRAINS = ((0, 0.0), (60, -28.0), (110, 12.0), (170, -30.0), (215, 24.0), (260, -10.0))
"""Where columnar grains begin, and how much brighter than the mean they are: up to three times the noise."""

UPPER, ROWS = np.zeros(SHAPE[1]), np.full(SHAPE[1], float(FACE))


def caps(*places: tuple[float, float, float]) -> np.ndarray:
    """Return the share of each pixel under half-ellipses on the face: centre, half width and height, px."""
    y, x = ((np.arange(size * FINE) + 0.5) / FINE for size in SHAPE)
    height = FACE - y[:, None]
    fine = np.zeros((SHAPE[0] * FINE, SHAPE[1] * FINE), bool)
    for centre, half, top in places:
        fine |= (((x - centre) / half) ** 2 + (height / top) ** 2 < 1) & (height > 0)
    return fine.reshape(SHAPE[0], FINE, SHAPE[1], FINE).mean((1, 3))


def drawn(void: np.ndarray, seed: int, *, grains: bool = True, halo: float = 0.0, move: int = 0) -> np.ndarray:
    """Return a noisy picture of channelling grains on an electrolyte with voids and a charged band at the face."""
    rng = np.random.default_rng(seed)
    grey = np.full(SHAPE, SODIUM)
    for start, step in GRAINS if grains else ():
        grey[:, start + move :] = SODIUM + step
    below = np.arange(SHAPE[0])[:, None] >= FACE
    grey = np.where(below, ELECTROLYTE, grey * (1 - void) + VOID * void)
    depth = np.arange(SHAPE[0])[:, None] - FACE
    grey = cv2.GaussianBlur(grey, (0, 0), 1.1) + halo * np.where(below, 1.0, -0.6) * np.exp(-np.abs(depth) / 25)
    return (grey + rng.normal(0, NOISE, SHAPE)).astype(np.float32)


def found(*images: np.ndarray, face: np.ndarray = ROWS) -> Opened:
    """Return what the defaults find."""
    return find_openings(images, [UPPER] * len(images), face, seed_sd=5.0, grow_sd=2.0, least_px=30)


@pytest.mark.parametrize("halo", [0.0, 20.0])
def test_voids_in_channelling_grains_have_their_area(halo: float) -> None:
    """Under grains of many greys, charged or not, labels are within 6 % and none stands before."""
    true = caps((85, 18, 12), (190, 14, 10), (236, 12, 9))
    first, last = found(drawn(np.zeros(SHAPE), 1), drawn(true, 2, halo=halo)).steps
    assert not first.mask.any()
    assert last.mask.sum() == pytest.approx(true.sum(), rel=0.06)


@pytest.mark.parametrize("reach_px", [15.0, 40.0])
def test_sodium_that_charges_beside_voids_takes_none_away(reach_px: float) -> None:
    """Tails along the scan lines as bright as half of the voids are dark neither hide them nor are part of them."""
    true = caps((85, 18, 12), (190, 14, 10), (236, 12, 9))
    lag = np.exp(-np.arange(SHAPE[1]) / reach_px)
    tails = np.array([np.convolve(row, lag / lag.sum())[: SHAPE[1]] for row in cv2.GaussianBlur(true, (0, 0), 2)])
    bright = (60 * tails / tails.max() * (1 - true)).astype(np.float32)
    first, last = found(drawn(np.zeros(SHAPE), 1), drawn(true, 2) + bright).steps
    assert not first.mask.any()
    assert last.mask.sum() == pytest.approx(true.sum(), rel=0.06)


@pytest.mark.parametrize("change", [{"halo": 25.0}, {"move": 4}, {"grains": True}], ids=str)
def test_what_is_no_void_opens_none(change: dict[str, float]) -> None:
    """Charging, grains that move and dark grains are no voids."""
    images = drawn(np.zeros(SHAPE), 3), drawn(np.zeros(SHAPE), 4, **change)  # type: ignore[arg-type]
    for step in found(*images).steps:
        assert not step.mask.any()
        assert "no void population" in step.note


def test_grains_that_come_down_are_no_part_of_voids() -> None:
    """Slanted grains follow the collector by eight pixels: what they leave and where they arrive is not void."""
    true = caps((85, 18, 12), (190, 14, 10), (236, 12, 9))
    rng, (y, x) = np.random.default_rng(11), np.indices(SHAPE)
    images = []
    for void, down in ((np.zeros(SHAPE), 0), (true, 8)):
        stripe = np.sin((x + 0.7 * (y - down)) / 11)
        grain = np.where(stripe > 0.8, -30.0, np.where(stripe < -0.8, 24.0, 0.0))
        grey = np.where(y >= FACE, ELECTROLYTE, (SODIUM + grain) * (1 - void) + VOID * void)
        images.append((cv2.GaussianBlur(grey, (0, 0), 1.1) + rng.normal(0, NOISE, SHAPE)).astype(np.float32))
    steps = find_openings(images, [UPPER, UPPER + 8], ROWS, seed_sd=5.0, grow_sd=2.0, least_px=30).steps
    assert not (steps[1].mask & (true == 0)).any()
    assert steps[1].mask.sum() == pytest.approx(true.sum(), rel=0.08)


def test_curtains_are_no_voids_and_are_told() -> None:
    """Stripes of a twentieth of the grey, others in each image, are not counted; that they are there is said."""
    rng = np.random.default_rng(14)
    stripes = cv2.GaussianBlur(rng.normal(0, 1, (2, SHAPE[1])), (0, 0), sigmaX=2.0, sigmaY=1e-6)
    images = [
        (drawn(np.zeros(SHAPE), seed, grains=False) * (1 + 0.05 * stripe / stripe.std())).astype(np.float32)
        for seed, stripe in enumerate(stripes)
    ]
    steps = found(*images).steps
    assert not any(step.mask.any() for step in steps)
    assert any("not counted" in step.unsure for step in steps)


def test_standing_voids_are_told_from_dark_grains() -> None:
    """What opens tells how dark voids are: the one that stood in a dark grain is found and does not take it along."""
    stood = caps((185, 20, 14))
    both = caps((185, 22, 15), (85, 18, 12))
    first, last = found(drawn(stood, 5), drawn(both, 6)).steps
    assert first.mask.sum() == pytest.approx(stood.sum(), rel=0.06)
    assert last.mask.sum() == pytest.approx(both.sum(), rel=0.06)
    assert last.standing.sum() == pytest.approx(stood.sum(), rel=0.06)


def test_a_face_hidden_by_a_bright_grain_is_found_by_the_void() -> None:
    """A trace that runs five pixels too high is led down to the bottom of the void that opens there."""
    true = caps((236, 16, 12))
    wrong = ROWS - 6 * ((np.arange(SHAPE[1]) > 205) & (np.arange(SHAPE[1]) < 270))
    opened = found(drawn(np.zeros(SHAPE), 7), drawn(true, 8), face=wrong)
    np.testing.assert_allclose(opened.face[226:247], FACE, atol=1)
    assert opened.steps[1].mask.sum() == pytest.approx(true.sum(), rel=0.06)


def test_a_place_without_its_void_looks_like_its_surroundings() -> None:
    """Sodium goes on over the void and the electrolyte's edge under it; elsewhere only noise is smoothed."""
    true = caps((150, 25, 14))
    plain = drawn(np.zeros(SHAPE), 9, grains=False)
    filled = undisturbed(drawn(true, 9, grains=False), true > 0, ROWS)
    clean = undisturbed(plain, np.zeros(SHAPE, bool), ROWS)
    assert np.abs(filled - clean)[70:110, 120:180].mean() < NOISE / 2
    np.testing.assert_array_equal(filled[:, :100], clean[:, :100])
