from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from sodalite.clean.curtains import curtain_score, remove_curtains
from sodalite.errors import MeasurementError

ROWS, COLUMNS = 400, 600
UPPER, LOWER = 120.4, 300.7
SETTINGS = {"width_px": 30.0, "length_px": 120.0, "strength": 1.0}


def section(seed: int, curtain_sd: float, noise_sd: float = 7.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a bright - dark - bright section with curtains, the same without, and its phases (0 where void)."""
    rng = np.random.default_rng(seed)
    rows = np.broadcast_to(np.arange(ROWS)[:, None] + 0.5, (ROWS, COLUMNS))
    depth = np.clip(rows - UPPER + 0.5, 0, 1) - np.clip(rows - LOWER + 0.5, 0, 1)
    phases = (1 + (rows > UPPER) + (rows > LOWER)).astype(np.uint8)
    distance = np.hypot((np.arange(COLUMNS) % 90) - 45, rows - 200)
    phases[distance < 15] = 0
    grey = np.where(distance < 15, 35.0, 160 - 60 * depth)
    clean = gaussian_filter(grey, 1.2) + rng.normal(0, noise_sd, grey.shape)
    stripes = gaussian_filter1d(rng.normal(size=COLUMNS), 2, mode="wrap")
    return clean + stripes * curtain_sd / stripes.std(), clean, phases


def thickness(data: np.ndarray) -> np.ndarray:
    """Return the pixels of each column below half-way between the phases."""
    return (gaussian_filter(data, 1.5) < 130).sum(axis=0)


@pytest.mark.parametrize("mask_kind", ["none", "solid", "phases"])
def test_planted_curtains_leave_less_than_a_pixel_of_bias(mask_kind: str) -> None:
    """A threshold that curtains mislead by pixels is right to less than one after destriping."""
    dirty, _, phases = section(0, curtain_sd=20)
    mask = {"none": None, "solid": phases > 0, "phases": phases}[mask_kind]
    cleaned = remove_curtains(dirty, mask=mask, **SETTINGS)
    assert abs(thickness(dirty).mean() - (LOWER - UPPER)) > 3
    assert abs(thickness(cleaned).mean() - (LOWER - UPPER)) < 1


def test_stripes_shrink_to_a_quarter() -> None:
    """The root mean square of the planted stripes falls at least fourfold in the solid."""
    dirty, clean, phases = section(1, curtain_sd=20)
    cleaned = remove_curtains(dirty, mask=phases, **SETTINGS)
    solid = phases > 0
    assert (cleaned - clean)[solid].std() < 0.25 * (dirty - clean)[solid].std()


def test_a_section_without_curtains_hardly_changes() -> None:
    """What is taken from a clean section is a tenth of its noise."""
    _, clean, phases = section(2, curtain_sd=0)
    assert (remove_curtains(clean, mask=phases, **SETTINGS) - clean).std() < 0.75


def test_a_second_pass_finds_little() -> None:
    """Destriping twice changes less than a sixth of what destriping once did."""
    dirty, _, phases = section(3, curtain_sd=20)
    once = remove_curtains(dirty, mask=phases, **SETTINGS)
    twice = remove_curtains(once, mask=phases, **SETTINGS)
    assert (twice - once).std() < (once - dirty).std() / 6


def test_result_is_float32_with_the_mean_of_the_solid() -> None:
    """The mean over the mask stays, the type is float32, the argument is untouched."""
    dirty, _, phases = section(4, curtain_sd=20)
    before = dirty.copy()
    cleaned = remove_curtains(dirty, mask=phases, **SETTINGS)
    assert cleaned.dtype == np.float32
    assert cleaned[phases > 0].mean(dtype=float) == pytest.approx(dirty[phases > 0].mean(), abs=1e-3)
    np.testing.assert_array_equal(dirty, before)


def test_mirror_and_grey_scale_commute_with_destriping() -> None:
    """Mirroring or rescaling the grey levels before or after destriping gives the same."""
    dirty, _, phases = section(5, curtain_sd=20)
    cleaned = remove_curtains(dirty, mask=phases, **SETTINGS)
    mirrored = remove_curtains(dirty[:, ::-1], mask=phases[:, ::-1], **SETTINGS)
    np.testing.assert_allclose(mirrored[:, ::-1], cleaned, atol=1e-2)
    np.testing.assert_allclose(remove_curtains(3 * dirty + 50, mask=phases, **SETTINGS), 3 * cleaned + 50, atol=1e-2)


def test_strength_zero_changes_nothing() -> None:
    """Strength 0 gives the grey levels back as float32, strength one half goes half the way."""
    dirty, _, _ = section(6, curtain_sd=20)
    none, half, full = (remove_curtains(dirty, **(SETTINGS | {"strength": s})) for s in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, dirty, atol=1e-4)
    np.testing.assert_allclose(half, (none + full) / 2, atol=1e-3)


def test_score_is_the_planted_share_of_variance() -> None:
    """With curtains of sd 6 in noise of sd 8 the score is 36 / (36 + 64); without, or with shading alone, nothing."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 8, (500, 2000))
    stripes = rng.normal(0, 6, 2000)
    shading = 40 * np.sin(np.linspace(0, 2, 2000))
    assert curtain_score(noise + stripes) == pytest.approx(0.36, abs=0.02)
    assert curtain_score(noise) < 0.002
    assert curtain_score(noise + shading) < 0.05


def test_score_sees_phases_and_cleaning() -> None:
    """Layers of different grey do not hide curtains when they are named, and removing the curtains lowers the score."""
    dirty, clean, phases = section(8, curtain_sd=20)
    cleaned = remove_curtains(dirty, mask=phases, **SETTINGS)
    assert curtain_score(dirty, phases) > 0.8
    assert curtain_score(cleaned, phases) < 0.15
    assert curtain_score(clean, phases) < 0.01
    assert curtain_score(np.full((20, 30), 7, np.uint8)) == 0


@pytest.mark.parametrize("mask", [np.ones((3, 4), bool), np.zeros((ROWS, COLUMNS), bool)])
def test_a_mask_that_does_not_fit_is_refused(mask: np.ndarray) -> None:
    """A mask of another shape, or one that marks nothing, is an error that names the mask."""
    with pytest.raises(MeasurementError, match="mask"):
        remove_curtains(np.zeros((ROWS, COLUMNS), np.uint8), mask=mask, **SETTINGS)


def test_heavy_real_curtains_lose_most_of_their_score(shared_data) -> None:
    """On a published FIB image with heavy curtains the score falls at least fourfold."""
    import tifffile

    data = tifffile.imread(shared_data / "sem/fibsem_curtains/FIBdeSEMAna_cropped_8bits_resize.tif")
    before = curtain_score(data)
    after = curtain_score(remove_curtains(data, width_px=20, length_px=200, strength=1.0))
    assert before > 0.05
    assert after < before / 4
