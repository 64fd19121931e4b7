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
