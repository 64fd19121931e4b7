"""Starts of tracing: slabs of a stack under uneven light, and beside what is no layer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.segment.evidence import pixel_features
from sodalite.segment.layers import trace_layers
from sodalite.segment.slabs import slab_starts, spaces_beyond

SHAPE = (480, 500)
TOP, BOTTOM = 90, 150


def stack(rng: np.random.Generator) -> np.ndarray:
    """Return the grey of collector, sodium and electrolyte with noise, as float."""
    rows = np.arange(SHAPE[0])[:, None]
    return np.select([rows < TOP, rows < BOTTOM], [205.0, 150.0], 80.0) + rng.normal(0, 9, SHAPE)


def patches(rng: np.random.Generator, mean: float, sd: float, size_px: float) -> np.ndarray:
    """Return the uneven grey of rubble or of a lit surface."""
    field = gaussian_filter(rng.standard_normal(SHAPE), size_px)
    return mean + sd * field / field.std()


def byte(grey: np.ndarray) -> np.ndarray:
    """Return grey as the bytes of an image."""
    return np.clip(grey, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rubble_below_and_a_lit_surface_above_are_no_layers(seed: int) -> None:
    """In a trench the three layers are found between the surface behind the cut and what fell on the floor."""
    rng = np.random.default_rng(seed)
    rows = np.arange(SHAPE[0])[:, None]
    grey = np.where(rows >= 380, patches(rng, 120, 50, 12), stack(rng))
    grey = np.where(rows < 25, patches(rng, 235, 12, 8), grey)
    edges = trace_layers(
        byte(grey), layer_count=3, stiffness_px=40.0, anchors=[None, None], reach_px=15.0, outside_above=True
    )
    assert np.abs(edges - np.array([[TOP], [BOTTOM]])).mean(axis=1).max() < 1.5


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_spaces_are_told_from_layers_by_their_texture(seed: int) -> None:
    """A surface and rubble as grey as the layers are no layers, while a stack alone has neither."""
    rng = np.random.default_rng(seed)
    rows = np.arange(SHAPE[0])[:, None]
    plain = byte(stack(rng))
    grey = np.where(rows >= 300, patches(rng, 120, 30, 6), stack(rng))
    grey = byte(np.where(rows < 40, patches(rng, 190, 15, 6), grey))
    found, none = (spaces_beyond(data, pixel_features(data, smoothing_px=1, texture_px=4), 3) for data in (grey, plain))
    assert (found.above, found.below) == (True, True)
    assert np.abs(found.edges[:, 0] - [40, TOP, BOTTOM, 300]).max() <= 10
    assert (none.above, none.below) == (False, False)


def test_the_image_as_it_is_comes_first() -> None:
    """A plain stack is cut near its faces, and no slab of the first start is taken for none of the layers."""
    features = pixel_features(byte(stack(np.random.default_rng(3))), smoothing_px=1.2, texture_px=4.0)
    start = next(slab_starts(features, 3, [None, None], outside_above=True))
    assert not start.outside
    assert start.edges[:, 0] == pytest.approx([TOP, BOTTOM], abs=12)


def test_where_anchors_allow_a_face_it_starts() -> None:
    """A face that must run through the lower half starts there."""
    features = pixel_features(byte(stack(np.random.default_rng(4))), smoothing_px=1.2, texture_px=4.0)
    allowed = np.zeros((SHAPE[0] + 1, SHAPE[1]), bool)
    allowed[300:320] = True
    start = next(slab_starts(features, 3, [None, allowed], outside_above=False))
    assert 290 <= start.edges[1, 0] <= 330
