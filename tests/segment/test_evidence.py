"""What the likelihoods of layers look at."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.evidence import layer_background, pixel_features


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("texture_px", [None, 2.0])
def test_greys_are_double_numbers_whatever_the_picture_holds(dtype: type, texture_px: float | None) -> None:
    """Stretched to 0 to 1, without rounding that would pass for noise where a picture is even."""
    data = np.random.default_rng(1).normal(100, 20, (48, 64)).clip(0, 255).astype(dtype)
    features = pixel_features(data, smoothing_px=1.0, texture_px=texture_px)
    assert features.grey.dtype == np.float64
    assert 0 <= features.grey.min() < features.grey.max() <= 1
    assert layer_background(features.grey, np.ones(data.shape, bool), scale_px=16.0).dtype == np.float32


@pytest.mark.parametrize("height", [96, 93])
def test_the_background_of_a_layer_follows_its_own_pixels_alone(height: int) -> None:
    """Greys of other layers leave it as it is, and the image turned upside down turns it, whole blocks or not."""
    grey = np.random.default_rng(2).normal(0.5, 0.05, (height, 128)) + np.linspace(0, 0.1, height)[:, None]
    member = np.zeros(grey.shape, bool)
    member[21:-34] = True
    background = layer_background(grey, member, scale_px=16.0)
    np.testing.assert_array_equal(layer_background(np.where(member, grey, 0.9), member, scale_px=16.0), background)
    turned = layer_background(grey[::-1].copy(), member[::-1].copy(), scale_px=16.0)[::-1]
    np.testing.assert_allclose(turned, background, atol=1e-6)
