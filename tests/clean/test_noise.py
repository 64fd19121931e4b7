from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.clean.noise import denoise, noise_sd
from sodalite.errors import RecipeError

METHODS = ["gaussian", "bilateral", "non_local_means"]
TRUTH = gaussian_filter(np.kron([[60.0, 180.0], [150.0, 90.0]], np.ones((64, 96))), 1.2)


def noisy(sd: float) -> np.ndarray:
    """Return the truth, four blocks with blurred edges, under Gaussian noise."""
    return TRUTH + np.random.default_rng(0).normal(0, sd, TRUTH.shape)


def error(data: np.ndarray) -> float:
    """Return the root mean square distance from the truth."""
    return float(np.sqrt(np.mean((data - TRUTH) ** 2)))


@pytest.mark.parametrize("method", METHODS)
def test_noise_falls_and_levels_stay(method: str) -> None:
    """Each filter brings an image nearer the truth and keeps its mean grey; the result is float32."""
    data = noisy(10)
    quiet = denoise(data, method=method, sigma_px=1.5)
    assert quiet.dtype == np.float32
    assert error(quiet) < 0.6 * error(data)
    assert quiet.mean(dtype=float) == pytest.approx(data.mean(), abs=0.2)


def test_edge_keeping_filters_beat_the_gaussian_at_edges() -> None:
    """Beside a step of 120 grey levels the bilateral filter and non-local means err less than half of the Gaussian."""
    data, beside = noisy(6), np.s_[:60, 92:100]
    errors = [np.abs(denoise(data, method=m, sigma_px=3.0)[beside] - TRUTH[beside]).mean() for m in METHODS]
    assert max(errors[1:]) < errors[0] / 2


@pytest.mark.parametrize("method", METHODS)
def test_grey_scale_and_mirror_commute_with_filtering(method: str) -> None:
    """Rescaling the grey levels or mirroring before or after filtering gives the same."""
    data = noisy(10)
    quiet = denoise(data, method=method, sigma_px=1.5)
    np.testing.assert_allclose(denoise(4 * data + 100, method=method, sigma_px=1.5), 4 * quiet + 100, atol=0.5)
    np.testing.assert_allclose(denoise(data[:, ::-1], method=method, sigma_px=1.5)[:, ::-1], quiet, atol=0.1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_an_even_image_comes_back(method: str, dtype: type) -> None:
    """Without noise nothing changes, whatever the type."""
    data = np.full((40, 50), 93, dtype)
    np.testing.assert_allclose(denoise(data, method=method, sigma_px=2.0), 93, atol=1e-3)


def test_gaussian_is_scipys() -> None:
    """The Gaussian agrees with SciPy's to a tenth of a grey level."""
    data = noisy(10)
    expected = gaussian_filter(data, 2.0, mode="reflect")
    np.testing.assert_allclose(denoise(data, method="gaussian", sigma_px=2.0), expected, atol=0.1)


@pytest.mark.parametrize("sd", [3.0, 10.0, 30.0])
def test_noise_sd_finds_the_planted_noise(sd: float) -> None:
    """The estimate is within 5 % of the planted standard deviation and follows the grey scale."""
    assert noise_sd(noisy(sd)) == pytest.approx(sd, rel=0.05)
    assert noise_sd(2 * noisy(sd)) == pytest.approx(2 * noise_sd(noisy(sd)), rel=1e-4)


def test_an_unknown_method_is_refused() -> None:
    """The message names what was found and what can be chosen."""
    with pytest.raises(RecipeError, match=r"'median' is no filter; choose gaussian"):
        denoise(noisy(5), method="median", sigma_px=1.0)
