"""Uneven illumination: a smooth background estimated on the solid phases and subtracted."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.errors import MeasurementError

_BIN_PX = 16
"""Side of the squares the background is computed on: 1,000 times cheaper than full size, at most 2 grey levels off."""


def remove_shading(data: np.ndarray, *, scale_px: float, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the image without brightness that varies over more than `scale_px`.

    The background is what the grey levels of the solid phases have left over their own phase's mean, smoothed by a
    Gaussian; it is added to all phases alike, so it is subtracted everywhere. By how much the light differs between
    one layer and the next cannot be told from their own grey levels and stays.

    Parameters
    ----------
    data
        ``(y, x)``, grey levels of any real type.
    scale_px
        Standard deviation of the Gaussian, in pixels; finer structure stays. Well above the largest object.
    mask
        ``(y, x)``, False or 0 where a pixel must not count (voids, cracks, data bar). Integers up to 255 name
        phases, each with its own grey level. None counts every pixel as one phase: layers then count as shading.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` float32, grey levels; their mean over the mask is that of `data`.

    Raises
    ------
    MeasurementError
        When the mask has another shape than the image or marks nothing.
    """
    residual, weight = centre_phases(data, mask)
    rows, columns = data.shape
    small = (max(1, round(columns / _BIN_PX)), max(1, round(rows / _BIN_PX)))
    sigma = (scale_px * small[0] / columns, scale_px * small[1] / rows)
    total, count = (blur(cv2.resize(part, small, interpolation=cv2.INTER_AREA), *sigma) for part in (residual, weight))
    return subtract_field(data, divide(total, count), weight)


def centre_phases(data: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the grey levels less the mean of their phase, and 1 where they count.

    Parameters
    ----------
    data
        ``(y, x)``, grey levels.
    mask
        ``(y, x)``, 0 where a pixel does not count, elsewhere the phase (up to 255); None for a single phase.

    Returns
    -------
    residual, weight
        ``(y, x)`` float32 each; the residual is 0 where the weight is.

    Raises
    ------
    MeasurementError
        When the mask has another shape than the image or marks nothing.
    """
    grey = data.astype(np.float32)
    if mask is None:
        return grey - np.float32(cv2.mean(grey)[0]), np.ones_like(grey)
    if mask.shape != data.shape:
        raise MeasurementError(f"mask: shape {mask.shape} on an image of {data.shape}; give one value a pixel.")
    phases = np.ascontiguousarray(mask, dtype=np.uint8)
    if not phases.any():
        raise MeasurementError(
            "mask: no pixel is marked as solid; mark the phases whose grey level is meant to be even."
        )
    levels = np.zeros(256, np.float32)
    for phase in range(1, int(phases.max()) + 1):
        here = (phases == phase).view(np.uint8)
        # copy and sum: four times as fast as a masked mean
        levels[phase] = cv2.sumElems(cv2.copyTo(grey, here))[0] / max(cv2.countNonZero(here), 1)
    weight = (phases != 0).astype(np.float32)
    return cv2.multiply(cv2.subtract(grey, cv2.LUT(phases, levels)), weight), weight


def blur(values: np.ndarray, sigma_x: float, sigma_y: float) -> np.ndarray:
    """Return `values` smoothed by a Gaussian with these standard deviations (0: not at all) and mirrored borders."""
    size = [2 * max(0, round(4 * sigma)) + 1 for sigma in (sigma_x, sigma_y)]
    return cv2.GaussianBlur(values, size, max(sigma_x, 1e-6), sigmaY=max(sigma_y, 1e-6), borderType=cv2.BORDER_REFLECT)


def divide(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return ``total / count`` as float32, 0 where practically nothing was counted."""
    return np.divide(total, count, out=np.zeros_like(total), where=count > 1e-6)


def subtract_field(data: np.ndarray, field: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return `data` less a coarse field brought to its size, with the mean over `weight` kept; ``(y, x)`` float32."""
    full = cv2.resize(field, data.shape[::-1], interpolation=cv2.INTER_LINEAR)
    kept = cv2.sumElems(cv2.multiply(full, weight))[0] / cv2.sumElems(weight)[0]
    return cv2.subtract(data.astype(np.float32), full - np.float32(kept))
