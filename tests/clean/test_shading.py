from __future__ import annotations

import numpy as np
import pytest

from sodalite.clean.shading import remove_shading
from sodalite.errors import MeasurementError

ROWS, COLUMNS = 480, 640
SCALE_PX = 40.0


def shaded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two layers with a dark void under a slanted illumination, the illumination and the phases."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    phases = np.where(rows < 200, 1, 2).astype(np.uint8)
    phases[np.hypot(rows - 300, columns - 320) < 60] = 0
    light = 0.06 * (columns - COLUMNS / 2) + 10 * np.cos(rows / 120)
    noise = np.random.default_rng(0).normal(0, 4, phases.shape)
    return np.array([40.0, 160.0, 90.0])[phases] + light + noise, light, phases


def test_planted_light_goes_and_layers_stay() -> None:
    """Within each layer less than 15 % of a planted illumination stay."""
    data, light, phases = shaded()
    flat = remove_shading(data, scale_px=SCALE_PX, mask=phases)
    removed = data - flat
    for phase in (1, 2):
        layer = phases == phase
        assert (removed - light)[layer].std() < 0.15 * light.std()
        assert np.corrcoef(removed[layer], light[layer])[0, 1] > 0.98


def test_without_phases_layers_count_as_shading() -> None:
    """The documented price of no mask: the step between two layers shrinks."""
    data, _, phases = shaded()
    flat = remove_shading(data, scale_px=SCALE_PX)
    assert flat[phases == 1].mean() - flat[phases == 2].mean() < 60


def test_result_is_float32_with_the_mean_of_the_solid() -> None:
    """The mean over the mask stays, the type is float32, the argument is untouched."""
    data, _, phases = shaded()
    before = data.copy()
    flat = remove_shading(data, scale_px=SCALE_PX, mask=phases)
    assert flat.dtype == np.float32
    assert flat[phases > 0].mean(dtype=float) == pytest.approx(data[phases > 0].mean(), abs=1e-3)
    np.testing.assert_array_equal(data, before)


def test_even_light_stays_and_a_second_pass_finds_little() -> None:
    """An even image comes back as it is; flattening twice changes less than a fifth of what flattening once did."""
    even = np.full((ROWS, COLUMNS), 77, np.uint8)
    np.testing.assert_allclose(remove_shading(even, scale_px=SCALE_PX), even, atol=1e-4)
    data, _, phases = shaded()
    once = remove_shading(data, scale_px=SCALE_PX, mask=phases)
    twice = remove_shading(once, scale_px=SCALE_PX, mask=phases)
    assert (twice - once).std() < (once - data).std() / 5


def test_mirror_and_grey_scale_commute_with_flattening() -> None:
    """Mirroring or rescaling the grey levels before or after flattening gives the same."""
    data, _, phases = shaded()
    flat = remove_shading(data, scale_px=SCALE_PX, mask=phases)
    mirrored = remove_shading(data[::-1, ::-1], scale_px=SCALE_PX, mask=phases[::-1, ::-1])
    np.testing.assert_allclose(mirrored[::-1, ::-1], flat, atol=1e-2)
    np.testing.assert_allclose(remove_shading(2 * data - 30, scale_px=SCALE_PX, mask=phases), 2 * flat - 30, atol=1e-2)


def test_coarse_background_equals_the_full_size_one() -> None:
    """Computed on squares of 16 px the background is within 2 grey levels of scikit-image's full-size Gaussian."""
    from skimage.filters import gaussian

    data, _, _ = shaded()
    full = gaussian(data, SCALE_PX, mode="reflect", preserve_range=True)
    removed = data - remove_shading(data, scale_px=SCALE_PX)
    difference = removed - (full - full.mean())
    assert np.abs(difference).max() < 2


def test_a_mask_of_another_shape_is_refused() -> None:
    """The message names the mask and both shapes."""
    with pytest.raises(MeasurementError, match=r"mask: shape \(2, 3\).*\(480, 640\)"):
        remove_shading(np.zeros((ROWS, COLUMNS)), scale_px=SCALE_PX, mask=np.ones((2, 3), bool))
