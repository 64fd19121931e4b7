"""What lies above the stack."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sodalite.segment.outside import find_outside_above, find_outside_below


def section(cap_grey: int) -> np.ndarray:
    """Return a cap or vacuum over a layer over an electrolyte, with noise."""
    data = np.random.default_rng(2).normal(120, 6, (300, 400))
    data[:60] += cap_grey - 120
    data[200:] -= 60
    return np.clip(data, 0, 255).astype(np.uint8)


def test_a_bright_top_surface_is_outside() -> None:
    """The saturated surface above the layer is found to a few pixels."""
    outside = find_outside_above(section(250), np.full(400, 200))
    assert abs(int(outside.sum()) - 60 * 400) < 4 * 400


def test_a_layer_that_fills_the_image_has_nothing_outside() -> None:
    """Noise and the layer's own grey are no outside."""
    assert not find_outside_above(section(120), np.full(400, 200)).any()


def test_shadows_enclosed_by_the_outside_belong_to_it() -> None:
    """Dark debris on the surface is no layer."""
    data = section(250)
    data[20:40, 100:140] = 90
    assert find_outside_above(data, np.full(400, 200))[30, 120]


def test_the_floor_of_the_trench_is_outside() -> None:
    """Bright debris along the lower frame is no electrolyte, nor what lies under its peaks; a bright inclusion is."""
    data = section(120)
    data[270:] = 230
    data[230:270, 100:110] = 230
    outside = find_outside_below(data, np.full(400, 200))
    assert outside[275:].all()
    assert outside[240:, 102:108].all()
    assert not outside[:225].any()


def test_an_inclusion_cut_by_the_lower_frame_is_not_outside() -> None:
    """A sphere that the frame cuts touches too little of it."""
    data = section(120)
    data[260:, 180:230] = 230
    assert not find_outside_below(data, np.full(400, 200)).any()


def test_a_floor_as_grey_as_the_electrolyte_is_told_by_its_roughness() -> None:
    """Rubble whose spots are as often darker as brighter."""
    data = section(120).astype(np.float32)
    spots = cv2.GaussianBlur(np.random.default_rng(3).normal(size=data.shape), (0, 0), 8)
    data[250:] += (40 * spots / spots.std())[250:]
    outside = find_outside_below(np.clip(data, 0, 255).astype(np.uint8), np.full(400, 100))
    assert outside[255:].mean() > 0.98
    assert not outside[:225].any()


def test_a_charged_band_beside_the_floor_is_not_its_edge() -> None:
    """A bright band that runs from the rubble in one corner to the other side does not come down to the frame."""
    data = section(120).astype(np.float32)
    spots = cv2.GaussianBlur(np.random.default_rng(3).normal(size=data.shape), (0, 0), 8)
    data[240:, :200] = 200 + (20 * spots / spots.std())[240:, :200]
    data[242:252] += 60
    outside = find_outside_below(np.clip(data, 0, 255).astype(np.uint8), np.full(400, 100))
    assert outside[255:, :180].all()
    assert not outside[:, 300:].any()


@pytest.mark.parametrize("streaks", ["curtains", "charging"])
def test_streaks_are_no_floor(streaks: str) -> None:
    """Curtains that grow with depth, and bands of charging, vary along one axis alone."""
    data = section(120).astype(np.float32)
    wave = cv2.GaussianBlur(np.random.default_rng(4).normal(size=(1, 400)), (0, 0), 4)
    wave *= 25 / wave.std()
    ramp = np.clip((np.arange(300)[:, None] - 200) / 40, 0, 1)
    data += ramp * (wave if streaks == "curtains" else wave[:, :300].T)
    assert not find_outside_below(np.clip(data, 0, 255).astype(np.uint8), np.full(400, 100)).any()


def test_a_bright_curtain_below_the_surface_is_the_layers() -> None:
    """Ten pixels wide it hangs down from the surface and opens no void beside it; the surface is found as before."""
    data = section(250)
    plain = find_outside_above(data, np.full(400, 200))
    data[60:190, 150:160] = 250
    outside = find_outside_above(data, np.full(400, 200))
    assert not outside[70:].any()
    np.testing.assert_array_equal(outside[:50], plain[:50])
