"""Shading, curtains and noise taken out of a 3072 x 2048 section, beside scikit-image and PyWavelets."""

# mypy: disable-error-code="no-untyped-call, no-any-return"
from __future__ import annotations

import numpy as np

from benchmarks.harness import Row, compare, installed, versus
from benchmarks.sections import large_section
from sodalite.clean.curtains import remove_curtains
from sodalite.clean.noise import denoise, noise_sd
from sodalite.clean.shading import remove_shading

SHADING_PX = 100.0


def run() -> list[Row]:
    """Return a row for each kind of cleaning."""
    data = large_section().image.data
    rows = [_shading(data), _noise(data)]
    return [*rows, _curtains(data)] if installed("pywt") else rows


def _shading(data: np.ndarray) -> Row:
    from skimage.filters import gaussian

    def peer() -> np.ndarray:
        background = gaussian(data, SHADING_PX, mode="reflect", preserve_range=True)
        return data - background + background.mean()

    def ours() -> np.ndarray:
        return remove_shading(data, scale_px=SHADING_PX)

    apart = float(np.abs(ours() - peer()).max())
    if apart > 2:
        raise ArithmeticError(f"shading: the backgrounds differ by up to {apart:.2g} grey levels.")
    return versus("clean: shading, full-size Gaussian", compare(ours, peer), "shading")


def _noise(data: np.ndarray) -> Row:
    from skimage.restoration import denoise_nl_means

    sd = noise_sd(data)

    def peer() -> np.ndarray:
        grey = data.astype(np.float32)
        filtered: np.ndarray = denoise_nl_means(grey, patch_size=5, patch_distance=6, h=0.8 * sd, sigma=sd)
        return filtered

    def ours() -> np.ndarray:
        return denoise(data, method="non_local_means", sigma_px=0.0)

    if noise_sd(ours()) > 1.5 * noise_sd(peer()):
        raise ArithmeticError("noise: more is left than by scikit-image; times are no fair comparison.")
    return versus("clean: non-local means, scikit-image", compare(ours, peer), "non_local_means")


def _curtains(data: np.ndarray) -> Row:
    striped = data + np.random.default_rng(0).normal(0, 15, data.shape[1])

    def ours() -> np.ndarray:
        return remove_curtains(striped, width_px=25, length_px=300, strength=1)

    def peer() -> np.ndarray:
        return _wavelet_fft(striped)

    left_ours, left_peer = (float((cleaned() - data).mean(axis=0).std()) for cleaned in (ours, peer))
    if left_ours > 1.5 * left_peer:
        raise ArithmeticError(f"curtains: {left_ours:.2g} grey levels are left, by the peer {left_peer:.2g}.")
    return versus("clean: curtains, wavelet-FFT", compare(ours, peer), "curtains")


def _wavelet_fft(data: np.ndarray, level: int = 5, sigma: float = 6.0) -> np.ndarray:
    """Return the image with the lowest frequencies of its vertical details damped (doi:10.1364/OE.17.008567)."""
    import pywt  # type: ignore[import-not-found, unused-ignore]

    approximation, *details = pywt.wavedec2(data, "db15", level=level)
    damped = []
    for horizontal, vertical, diagonal in details:
        spectrum = np.fft.rfft(vertical, axis=0)
        frequency = np.arange(spectrum.shape[0])[:, None]
        spectrum *= 1 - np.exp(-(frequency**2) / (2 * sigma**2))
        damped.append((horizontal, np.fft.irfft(spectrum, vertical.shape[0], axis=0), diagonal))
    restored: np.ndarray = pywt.waverec2([approximation, *damped], "db15")
    return restored[: data.shape[0], : data.shape[1]]
