"""Local thickness against its definition evaluated by brute force, against slabs, discs and tilted layers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sodalite.errors import MeasurementError
from sodalite.measure.local_thickness import local_thickness_um, mean_local_thickness_um
from sodalite.measure.local_thickness_discs import paint_discs


def _by_definition(mask: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """Return the local thickness by comparing every pixel with every disc of the half-pixel lattice."""
    unit = min(spacing)
    sy, sx = spacing[0] / unit / 2, spacing[1] / unit / 2
    background = np.zeros((2 * mask.shape[0] + 1, 2 * mask.shape[1] + 1), dtype=bool)
    for row, column in np.argwhere(~mask):
        background[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] = True
    u, v = np.indices(background.shape)
    squared = np.full(background.shape, np.inf)
    for row, column in np.argwhere(background):
        squared = np.minimum(squared, ((u - row) * sy) ** 2 + ((v - column) * sx) ** 2)
    largest = np.zeros(mask.shape)
    for row, column in np.argwhere(mask):
        holds = ((u - 2 * row - 1) * sy) ** 2 + ((v - 2 * column - 1) * sx) ** 2 < squared * (1 - 1e-9)
        largest[row, column] = squared[holds].max()
    return 2 * np.sqrt(largest) * unit


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(1.0, 1.0), (1.27, 1.0), (0.5, 0.8)]), st.floats(0.8, 3.0))
def test_equals_the_definition(seed: int, spacing: tuple[float, float], grain_px: float) -> None:
    """On random shapes, square or oblong pixels, every pixel has the value of the definition."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(21, 26)), grain_px)
    mask = noise > np.median(noise)
    np.testing.assert_allclose(local_thickness_um(mask, spacing), _by_definition(mask, spacing), rtol=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(2.0, 12.0), st.floats(0.2, 0.8))
def test_square_pixels_equal_oblong_ones(seed: int, grain_px: float, share: float) -> None:
    """Images wider than a 64-bit word have the same values from the integer kernel and from the general one."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(150, 170)), grain_px)
    mask = noise > np.quantile(noise, share)
    searched = local_thickness_um(mask, (1.0, 1.0 + 1e-13))
    np.testing.assert_allclose(local_thickness_um(mask, (1.0, 1.0)), searched, rtol=1e-11)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.6), st.booleans(), st.sampled_from([90, 240]))
def test_thick_layers_equal_the_general_kernel(seed: int, slope: float, turned: bool, thick: int) -> None:
    """Layers so thick that discs are compared along the gradient, and distances take 32 bits, keep every value."""
    noise = np.random.default_rng(seed).normal(scale=1.5, size=(2, 160)).cumsum(axis=1)
    top = 20 + slope * np.arange(160) + np.clip(noise[0], -15, 15)
    middle = np.arange(thick + 170)[:, None] + 0.5
    mask = (middle > top) & (middle < top + thick + np.clip(noise[1], -15, 15))
    mask = mask.T if turned else mask
    searched = local_thickness_um(mask, (1.0, 1.0 + 1e-13))
    np.testing.assert_allclose(local_thickness_um(mask, (1.0, 1.0)), searched, rtol=1e-11)


def test_single_background_pixel_bounds_a_wide_mask() -> None:
    """Far from the only background pixel, columns without background and discs beyond the frame are right too."""
    mask = np.ones((33, 47), dtype=bool)
    mask[5, 40] = False
    np.testing.assert_allclose(local_thickness_um(mask, (1.0, 1.0)), _by_definition(mask, (1.0, 1.0)), rtol=1e-12)


def test_masks_thicker_than_the_table_take_the_general_kernel() -> None:
    """A slab of 1030 rows outgrows the table of radii and is 1030 px thick all the same."""
    mask = np.zeros((1034, 5), dtype=bool)
    mask[2:-2] = True
    assert paint_discs(mask, 1.0) is None
    np.testing.assert_allclose(local_thickness_um(mask, (1.0, 1.0))[2:-2], 1030.0, rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 9), (9, 1)])
def test_smallest_images(shape: tuple[int, int]) -> None:
    """Images without a pixel or without foreground give zeros of their shape."""
    thickness = local_thickness_um(np.zeros(shape, dtype=bool), (1.0, 1.0))
    assert thickness.shape == shape
    assert not thickness.any()


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 15, 31, 32, 33])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.3, 0.2)])
def test_slab_of_n_rows_is_n_thick(rows: int, spacing: tuple[float, float]) -> None:
    """A slab cut by the image's sides is exactly n pixels thick everywhere, n odd or even, also at the sides."""
    mask = np.zeros((rows + 6, 40), dtype=bool)
    mask[3 : 3 + rows] = True
    thickness = local_thickness_um(mask, spacing)
    np.testing.assert_allclose(thickness[mask], rows * spacing[0], rtol=1e-12)
    assert not thickness[~mask].any()


@pytest.mark.parametrize("radius", [6.0, 15.0, 40.0])
def test_disc_is_a_diameter_thick(radius: float) -> None:
    """A disc of radius R is 2 R thick, less the stairs of its rim, at any place on the grid.

    Background centres lie R away or more, their corners 1 / sqrt 2 px nearer, the next lattice point sqrt 2 / 4 px off.
    """
    for shift in ((0.0, 0.0), (0.5, 0.5), (0.2, 0.7)):
        y, x = np.mgrid[-50:51, -50:51]
        mask = (y - shift[0]) ** 2 + (x - shift[1]) ** 2 <= radius**2
        largest = local_thickness_um(mask, (1.0, 1.0)).max()
        assert 2 * radius - 3 / math.sqrt(2) <= largest <= 2 * radius


def test_frame_is_no_surface() -> None:
    """An image has the local thickness of itself mirrored at its sides."""
    noise = ndimage.gaussian_filter(np.random.default_rng(4).normal(size=(60, 50)), 4)
    mask = noise > np.quantile(noise, 0.3)
    mirrored = np.hstack([mask[:, ::-1], mask, mask[:, ::-1]])
    np.testing.assert_allclose(
        local_thickness_um(mirrored, (1.0, 1.0))[:, 50:100], local_thickness_um(mask, (1.0, 1.0)), rtol=1e-12
    )


def test_units_and_turns() -> None:
    """Doubled pixels double it; turned images turn it."""
    noise = ndimage.gaussian_filter(np.random.default_rng(5).normal(size=(50, 60)), 3)
    mask = noise > 0
    base = local_thickness_um(mask, (0.3, 0.2))
    np.testing.assert_allclose(local_thickness_um(mask, (0.6, 0.4)), 2 * base, rtol=1e-12)
    np.testing.assert_allclose(local_thickness_um(mask[::-1], (0.3, 0.2)), base[::-1], rtol=1e-12)
    np.testing.assert_allclose(local_thickness_um(mask.T, (0.2, 0.3)), base.T, rtol=1e-12)


def test_unbounded_or_misshapen_masks_are_refused() -> None:
    """A mask without background has no thickness, and three axes or sizes that do not fit are named."""
    with pytest.raises(MeasurementError, match="fills the whole image"):
        local_thickness_um(np.ones((4, 4), dtype=bool), (1.0, 1.0))
    with pytest.raises(MeasurementError, match="give a"):
        local_thickness_um(np.zeros((4, 4), dtype=bool), (1.0,))


@pytest.mark.parametrize("height", [0.7, 3.3, 40.0, 611.4])
def test_mean_of_a_flat_layer_is_exact(height: float) -> None:
    """A flat layer with sub-pixel faces is as thick as its faces are apart, on oblong pixels too."""
    top = np.full(700, 12.25)
    assert mean_local_thickness_um(top, top + height, (0.02, 0.01)) == pytest.approx(height * 0.02, rel=1e-6)


def test_mean_of_a_tilted_layer() -> None:
    """A layer tilted by 10 degrees is cos(10 deg) of its vertical thickness thick, to 0.2 %."""
    top = 10 + math.tan(math.radians(10)) * np.arange(2000)
    mean = mean_local_thickness_um(top, top + 300, (1.0, 1.0))
    assert mean == pytest.approx(300 * math.cos(math.radians(10)), rel=2e-3)


def test_mean_agrees_with_the_map() -> None:
    """On a rough layer the fast mean agrees with the mean of the exact map to 1 %."""
    rng, lag = np.random.default_rng(7), np.arange(-60, 61)
    kernel = np.exp(-(lag**2) / (2 * 15.0**2))
    wave = [np.convolve(rng.normal(size=720), kernel / np.sqrt((kernel**2).sum()), "valid") for _ in range(2)]
    top, bottom = 40 + 6 * wave[0], 240 + 6 * wave[1]
    middle = np.arange(280)[:, None] + 0.5
    mask = (middle > top) & (middle < bottom)
    exact = local_thickness_um(mask, (1.0, 1.0))[mask].mean()
    assert mean_local_thickness_um(top, bottom, (1.0, 1.0)) == pytest.approx(exact, rel=0.01)


def test_mean_leaves_missing_columns_out() -> None:
    """Columns without a face are sides, not surfaces: the slab beside them keeps its thickness; none gives NaN."""
    top, bottom = np.full(300, 10.0), np.full(300, 60.0)
    bottom[100:140] = np.nan
    assert mean_local_thickness_um(top, bottom, (1.0, 1.0)) == pytest.approx(50.0, rel=1e-6)
    assert math.isnan(mean_local_thickness_um(top, bottom * np.nan, (1.0, 1.0)))
    assert math.isnan(mean_local_thickness_um(top, top, (1.0, 1.0)))
