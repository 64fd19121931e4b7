"""What a microscope does to a perfect picture: blur, noise, curtains, shading and charging.

Pictures are float64 ``(y, x)`` in grey levels; every function returns a new array and takes its random numbers from the
generator that it is given.
"""

from __future__ import annotations

import numpy as np


def blurred(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    """Return the picture behind a Gaussian point-spread function of `sigma_px`; its edges are mirrored."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(picture, sigma_px, mode="reflect") if sigma_px > 0 else picture.copy()


def noisy(picture: np.ndarray, *, noise_sd: float, reference_grey: float, rng: np.random.Generator) -> np.ndarray:
    """Return the picture with noise whose standard deviation is `noise_sd` where the grey is `reference_grey`.

    Half of that variance is Poisson's (so it grows with the grey), half Gaussian (the same everywhere).
    """
    if noise_sd == 0:
        return picture.copy()
    counts_per_grey = 2 * reference_grey / noise_sd**2
    counted = rng.poisson(np.maximum(picture, 0) * counts_per_grey) / counts_per_grey
    return counted + rng.normal(0, noise_sd / np.sqrt(2), picture.shape)


def curtains(shape: tuple[int, int], *, amplitude: float, flames: int, rng: np.random.Generator) -> np.ndarray:
    """Return the gain ``(y, x)``, about 1, of ion-milling curtains: vertical stripes of relative sd `amplitude`.

    Stripes of three widths run down the whole picture and change slowly with depth; `flames` more begin somewhere and
    widen downwards, as below pores and hard particles.
    """
    if amplitude == 0:
        return np.ones(shape)
    rows, columns = shape
    profile = sum(
        weight * _smooth_noise(columns, width, rng) for width, weight in ((0.8, 0.45), (3.0, 0.6), (14.0, 0.65))
    )
    depth = np.linspace(0, 1, rows)[:, None]
    swing = _smooth_noise(columns, 6.0, rng)
    gain = profile * (1 + 0.35 * swing * np.cos(np.pi * (depth - 0.2 * rng.random())))
    for _ in range(flames):
        gain = gain + rng.choice([1.6, 2.2, -1.4]) * _flame(shape, rng)
    return 1 + amplitude * gain / max(float(np.std(profile)), 1e-9)


def _smooth_noise(count: int, width: float, rng: np.random.Generator) -> np.ndarray:
    """Return Gaussian noise of sd 1 correlated over `width` samples."""
    from scipy.ndimage import gaussian_filter1d

    noise = gaussian_filter1d(rng.normal(size=count), width, mode="wrap")
    return (noise - noise.mean()) / max(float(noise.std()), 1e-9)


def _flame(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return one stripe that begins at a random row and widens downwards, peak about 1."""
    rows, columns = shape
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    start, centre = rng.uniform(0.2, 0.8) * rows, rng.uniform(0, columns)
    width = rng.uniform(1.5, 3.0) + np.maximum(row - start, 0) * rng.uniform(0.005, 0.025)
    onset = 1 / (1 + np.exp(-np.clip((row - start) / 4, -50, 50)))
    fade = np.exp(-np.maximum(row - start, 0) / (0.6 * rows))
    return onset * fade * np.exp(-(((column - centre) / width) ** 2) / 2)


def shading(shape: tuple[int, int], *, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """Return the gain ``(y, x)``, mean 1, of uneven collection: a tilted and bowed plane of half range `amplitude`."""
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    plane = np.cos(angle) * x + np.sin(angle) * y - 0.6 * (x**2 + y**2 - 2 / 3)
    return 1 + amplitude * plane / np.abs(plane).max() if amplitude else np.ones(shape)


def charging(shape: tuple[int, int], *, amplitude_grey: float, streaks: int, rng: np.random.Generator) -> np.ndarray:
    """Return the greys ``(y, x)`` that charging adds: bright bands along the scan, of a few rows, uneven along x."""
    rows, columns = shape
    added = np.zeros(shape)
    for _ in range(streaks if amplitude_grey else 0):
        centre, width = rng.uniform(0, rows), rng.uniform(1.5, 7.0)
        band = np.exp(-(((np.arange(rows) - centre) / width) ** 2) / 2)
        along = 0.75 + 0.25 * _smooth_noise(columns, columns / 6, rng)
        added += amplitude_grey * rng.uniform(0.4, 1.0) * band[:, None] * np.clip(along, 0, None)
    return added


def granular(shape: tuple[int, int], *, width_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return a random texture ``(y, x)`` of mean 0 and sd 1, correlated over `width_px`."""
    from scipy.ndimage import gaussian_filter

    texture = gaussian_filter(rng.normal(size=shape), width_px, mode="reflect")
    return (texture - texture.mean()) / max(float(texture.std()), 1e-9)


def grain_contrast(x_um: np.ndarray, z_um: np.ndarray, *, grain_um: float, rng: np.random.Generator) -> np.ndarray:
    """Return channelling contrast ``(y, x)`` between -1 and 1: one level a Voronoi grain, some with twin bands.

    Parameters
    ----------
    x_um, z_um
        Coordinates of the pixel columns ``(x,)`` and rows ``(y,)``.
    grain_um
        Mean distance of the grain centres.
    rng
        Its draws depend on the field of view, not on the number of pixels.
    """
    from scipy.spatial import cKDTree

    width, height = x_um[-1] + grain_um, z_um[-1] + grain_um
    count = max(4, round(width * height / grain_um**2))
    seeds = rng.uniform(size=(count, 2)) * [width + grain_um, height + grain_um] - grain_um / 2
    level = rng.uniform(-1, 1, count)
    twin_angle, twin_pitch = rng.uniform(0, np.pi, count), rng.uniform(0.25, 0.6, count) * grain_um
    twinned = rng.random(count) < 0.3
    x, z = np.meshgrid(x_um, z_um)
    grain = cKDTree(seeds).query(np.stack([x.ravel(), z.ravel()], axis=1))[1].reshape(x.shape)
    along = (x * np.cos(twin_angle[grain]) + z * np.sin(twin_angle[grain])) / twin_pitch[grain]
    band = twinned[grain] & (np.mod(along, 1) < 0.3)
    return np.where(band, -0.6 * level[grain], level[grain])
