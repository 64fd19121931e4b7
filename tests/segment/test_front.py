"""The front of a deposit on drawn frames with known edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.segment.front import deposit_share, find_glare, learn_backdrop, trace_front
from sodalite.segment.substrate import trace_base

SHAPE, BASE = (120, 200), 40.3
SUBSTRATE, DEPOSIT, LIQUID = 50.0, 95.0, 170.0
NOTHING = np.zeros(SHAPE, bool)


def covered(edge: np.ndarray | float) -> np.ndarray:
    """Return the share of each pixel above an edge."""
    return np.clip(np.broadcast_to(edge, (SHAPE[1],)) - np.arange(SHAPE[0])[:, None], 0, 1)


def frame(front: np.ndarray | float, seed: int = 0, noise: float = 3.0, deposit: float = DEPOSIT) -> np.ndarray:
    """Return a frame whose substrate ends at `BASE` and whose deposit ends at `front`."""
    substrate, both = covered(BASE), covered(front)
    scene = SUBSTRATE * substrate + deposit * (both - substrate) + LIQUID * (1 - both)
    return gaussian_filter(scene, 1.0) + np.random.default_rng(seed).normal(0, noise, SHAPE)


def traced(data: np.ndarray, last: np.ndarray, glare: np.ndarray = NOTHING) -> np.ndarray:
    """Return the front's rows in a frame of a series that ends with `last`."""
    first = frame(BASE)
    base = trace_base(first, NOTHING, stiffness_px=40.0)
    backdrop = learn_backdrop(first, base, NOTHING, [last])
    return trace_front(backdrop, deposit_share(backdrop, data), glare).row


@pytest.mark.parametrize("front", [BASE, BASE + 0.6, BASE + 2.5, BASE + 7.0, 80.7])
@pytest.mark.parametrize("deposit", [95.0, 230.0])
def test_flat_fronts_are_right_between_pixels(front: float, deposit: float) -> None:
    """Deposits of a fraction of a pixel to forty, darker and brighter than the electrolyte."""
    rows = traced(frame(front, 1, deposit=deposit), frame(90.0, 2, deposit=deposit))
    assert rows.mean() == pytest.approx(front, abs=0.15)


def test_a_wavy_front_keeps_its_shape() -> None:
    """A sine of ten pixels is followed to half a pixel."""
    wave = 70 + 5 * np.sin(2 * np.pi * np.arange(200) / 50)
    assert np.sqrt(np.mean((traced(frame(wave, 1), frame(95.0, 2)) - wave) ** 2)) < 0.5


def test_needles_are_followed_to_their_tips() -> None:
    """Needles that taper from four pixels to nothing over thirty rows: to two and a half pixels of their tips."""
    places, half = np.arange(25, 200, 30) + 0.5, 8
    fine = (np.arange(SHAPE[1] * half) + 0.5) / half
    apart = np.abs(fine[:, None] - places).min(axis=1)
    edge = 70 + 30 * np.clip(1 - (apart / 2) ** 2, 0, 1)
    rows = np.arange(SHAPE[0])[:, None]
    both = np.clip(edge - rows, 0, 1).reshape(SHAPE[0], SHAPE[1], half).mean(axis=2)
    scene = SUBSTRATE * covered(BASE) + DEPOSIT * (both - covered(BASE)) + LIQUID * (1 - both)
    seen = gaussian_filter(scene, 1.0) + np.random.default_rng(1).normal(0, 3, SHAPE)
    found = traced(seen, frame(90.0, 2))
    tips = [found[int(place) - 2 : int(place) + 3].max() for place in places]
    assert min(tips) > 97.5
    assert max(tips) < 101.5


def test_spots_away_from_the_deposit_do_not_count() -> None:
    """What has changed but does not hang together with the substrate is no deposit."""
    data = frame(60.0, 1)
    data[90:100, 50:60] = DEPOSIT
    assert np.abs(traced(data, frame(80.0, 2)) - 60.0).max() < 1.5


def test_the_front_under_a_spot_of_light_is_unknown() -> None:
    """Columns in which a saturated spot hides the front are NaN, the others are right."""
    data = frame(60.0, 1)
    data[55:66, 100:111] = 255
    rows = traced(data, frame(80.0, 2), find_glare(data, saturation=255))
    assert np.isnan(rows[100:111]).all()
    assert np.isfinite(np.delete(rows, slice(95, 116))).all()
    assert np.nanmean(rows) == pytest.approx(60.0, abs=0.2)


def test_a_needle_that_runs_through_a_spot_of_light_is_followed_beyond_it() -> None:
    """Its tip is found, a stripe beside the spot that the needle's rows do not go on from is none of it."""
    data = frame(60.0, 1)
    data[55:100, 60:66] = DEPOSIT
    data[74:82, 50:76] = 255
    data[74:82, 45:48] = DEPOSIT
    rows = traced(data, frame(80.0, 2), find_glare(data, saturation=255))
    assert rows[61:65] == pytest.approx(100.0, abs=1.0)
    assert np.isnan(rows[[50, 56, 70, 76]]).all()
    assert rows[44:48] == pytest.approx(60.0, abs=1.0)


def test_a_needle_that_ends_under_a_spot_of_light_is_unknown() -> None:
    """However little of the spot's border it touches."""
    data = frame(60.0, 1)
    data[55:80, 60:64] = DEPOSIT
    data[74:94, 40:84] = 255
    rows = traced(data, frame(80.0, 2), find_glare(data, saturation=255))
    assert np.isnan(rows[40:84]).all()


def test_without_growth_there_is_no_step() -> None:
    """Frames that only differ by noise have no deposit, and their front is the substrate."""
    first = frame(BASE)
    base = trace_base(first, NOTHING, stiffness_px=40.0)
    backdrop = learn_backdrop(first, base, NOTHING, [frame(BASE, seed) for seed in (1, 2)])
    assert math.isnan(backdrop.step)
    front = trace_front(backdrop, deposit_share(backdrop, frame(BASE, 3)), NOTHING)
    assert front.row == pytest.approx(base, abs=1.0)


def test_light_that_is_left_over_in_a_noiseless_film_is_no_deposit() -> None:
    """Compression takes the noise: an electrolyte two greys darker than in the first frame stays electrolyte."""
    first = np.rint(frame(BASE, noise=0.0))
    base = trace_base(first, NOTHING, stiffness_px=40.0)
    last = np.rint(frame(70.0, noise=0.0)) - 2.0
    backdrop = learn_backdrop(first, base, NOTHING, [last])
    assert backdrop.step == pytest.approx(DEPOSIT - LIQUID - 2, abs=1.0)
    assert trace_front(backdrop, deposit_share(backdrop, last), NOTHING).row == pytest.approx(70.0, abs=0.3)


def test_an_overexposed_picture_has_no_spots() -> None:
    """Where a fifth is saturated, brightness tells nothing."""
    data = np.full(SHAPE, 100.0)
    data[:30] = 255
    assert not find_glare(data, saturation=255).any()
    assert not find_glare(data, saturation=math.inf).any()


def test_a_front_that_has_left_the_picture_is_told() -> None:
    """Columns that the deposit fills to the last row are marked, those beside them are not."""
    edge = np.where(np.arange(200) < 80, 200.0, 70.0)
    first = frame(BASE)
    base = trace_base(first, NOTHING, stiffness_px=40.0)
    backdrop = learn_backdrop(first, base, NOTHING, [frame(90.0, 2)])
    front = trace_front(backdrop, deposit_share(backdrop, frame(edge, 1)), NOTHING)
    assert front.beyond[:77].all()
    assert not front.beyond[83:].any()
    assert front.row[:77] == pytest.approx(np.full(77, SHAPE[0]))
