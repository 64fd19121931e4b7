"""Bands of charging along the scan lines, and gaps that are none."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.scan_bands import find_scan_bands
from sodalite.segment.voids import find_voids

SHAPE = (200, 400)
TOP, BOTTOM = 40, 160


def layer() -> np.ndarray:
    """Return a layer between two level faces."""
    rows = np.arange(SHAPE[0])[:, None]
    return np.broadcast_to((rows >= TOP) & (rows < BOTTOM), SHAPE).copy()


def contrast(rng: np.random.Generator) -> np.ndarray:
    """Return the noise of a layer, with two voids as dark as voids are."""
    noise = rng.normal(0, 1, SHAPE).astype(np.float32)
    noise[66:75, 50:90] -= 40
    noise[110:130, 200:240] -= 40
    return noise


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_band_is_told_with_its_fading(sign: int) -> None:
    """A band that fades to a half along the scan lines is found as it is, a void within it left out."""
    grey = contrast(np.random.default_rng(1))
    band = np.zeros(SHAPE, np.float32)
    band[66:90] = sign * np.linspace(12, 6, SHAPE[1])
    found = find_scan_bands(grey + band, layer())
    assert found.offset is not None
    assert np.abs(found.offset - band)[68:88].max() < 1.5
    assert not found.offset[:60].any()
    assert not found.doubtful


def test_gaps_are_no_bands() -> None:
    """Neither a gap along a face nor one with rough edges, as a crack has, begins along a scan line."""
    rng = np.random.default_rng(2)
    grey = contrast(rng)
    grey[BOTTOM - 10 : BOTTOM] -= 12
    edge = 100 + np.cumsum(rng.choice([-1, 0, 1], SHAPE[1]))
    rows = np.arange(SHAPE[0])[:, None]
    grey[(rows >= edge) & (rows < edge + 25)] -= 12
    found = find_scan_bands(grey, layer())
    assert found.offset is None
    assert not found.doubtful


def test_a_band_without_darker_voids_is_left_and_doubted() -> None:
    """Where nothing tells how dark voids are, a dark band may be one: it is counted and a note says so."""
    rng = np.random.default_rng(3)
    grey = np.where(layer(), 120, 200) + rng.normal(0, 4, SHAPE)
    grey[80:100] -= 60
    faces = np.full(SHAPE[1], float(TOP)), np.full(SHAPE[1], float(BOTTOM))
    voids = find_voids(grey.astype(np.uint8), layer(), faces, seed_sd=5, grow_sd=2, least_px=30)
    assert voids.mask[85:95].mean() > 0.9
    assert "charging" in voids.note


def test_a_band_that_joins_voids_is_none_of_them() -> None:
    """Its greys lie a sixth of the way down to the voids that it connects."""
    rng = np.random.default_rng(4)
    grey = np.where(layer(), 120, 200) + rng.normal(0, 2, SHAPE)
    void = np.zeros(SHAPE, bool)
    void[70:110, 100:130] = void[90:120, 300:340] = True
    grey[void] -= 75
    grey[85:97] -= 13
    faces = np.full(SHAPE[1], float(TOP)), np.full(SHAPE[1], float(BOTTOM))
    voids = find_voids(grey.astype(np.uint8), layer(), faces, seed_sd=5, grow_sd=2, least_px=30)
    assert np.count_nonzero(voids.mask ^ void) < 0.1 * void.sum()
    assert not voids.note
