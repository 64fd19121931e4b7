"""Alignment of two pictures in pixels: coarse search over rotations and shifts, fine warp, and what it leaves.

A warp is a ``(2, 3)`` matrix that takes (column, row) of the reference to (column, row) of the moving picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_COARSE_SIDE = 160
_WIDE, _MIDDLE = 6.0, 3.0
"""Standard deviations in pixels of the blur at which a warp is first improved: a fraction of a grain."""
_ROUNDS, _STILL = 80, 1e-5
_CANDIDATES = 3


def flattened(picture: np.ndarray) -> np.ndarray:
    """Return grey levels without their slow change over the picture and at one local contrast, float32."""
    grey = picture.astype(np.float32)
    width = max(4.0, max(grey.shape) / 16)
    grey -= cv2.GaussianBlur(grey, (0, 0), width)
    spread = np.sqrt(cv2.GaussianBlur(grey * grey, (0, 0), width))
    return np.asarray(np.clip(grey / np.maximum(spread, 1e-6), -3, 3), dtype=np.float32)


def coarse_warp(
    reference: np.ndarray, moving: np.ndarray, max_rotation_deg: float, min_overlap_fraction: float
) -> np.ndarray:
    """Return the rotation and shift that correlate two pictures best on a coarse raster, improved at wide blur."""
    factor = max(1.0, max(*reference.shape, *moving.shape) / _COARSE_SIDE)
    small = [_shrunk(picture, factor) for picture in (reference, moving)]
    angles = _angles(math.hypot(*small[1].shape), max_rotation_deg)
    best = [_best_shift(small[0], small[1], angle, min_overlap_fraction) for angle in angles]
    best.sort(key=lambda found: found[0], reverse=True)
    starts = [warp for _, warp in best[:_CANDIDATES]] + [np.eye(2, 3)]
    ranked = [_improved(small[0], small[1], warp, cv2.MOTION_EUCLIDEAN, 0.0) for warp in starts]
    chosen = max(ranked, key=lambda found: found[0])[1]
    warp = chosen.astype(np.float64)
    # the centre of coarse pixel i is the fine pixel (i + 0.5) * factor - 0.5
    centre = (factor - 1) / 2
    warp[:, 2] = factor * warp[:, 2] + centre - warp[:, :2] @ (centre, centre)
    return warp


def fine_warp(
    reference: np.ndarray, moving: np.ndarray, start: np.ndarray, kind: Literal["rigid", "affine"], *, narrow: float
) -> np.ndarray | None:
    """Return the warp improved from wide to `narrow` blur; None when the pictures have nothing in common."""
    warp = start
    for blur in (_WIDE, _MIDDLE, narrow):
        score, warp = _improved(reference, moving, warp, cv2.MOTION_EUCLIDEAN, blur)
        if not math.isfinite(score):
            return None
    if kind == "affine":
        score, warp = _improved(reference, moving, warp, cv2.MOTION_AFFINE, narrow)
        if not math.isfinite(score):
            return None
    return warp


def overlap(reference: tuple[int, ...], moving: tuple[int, ...], warp: np.ndarray) -> np.ndarray:
    """Return which pixels of the reference lie on the moving picture, ``(rows, columns)`` bool."""
    rows, columns = np.indices(reference, sparse=True)
    x = warp[0, 0] * columns + warp[0, 1] * rows + warp[0, 2]
    y = warp[1, 0] * columns + warp[1, 1] * rows + warp[1, 2]
    return np.asarray((x >= -0.5) & (x <= moving[1] - 0.5) & (y >= -0.5) & (y <= moving[0] - 0.5))


def block_shifts(reference: np.ndarray, moving: np.ndarray, warp: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return how far each of nine blocks of the overlap is off after the warp, pixels; blocks that show nothing not.

    A block's shift is the peak of its cross-correlation, to a fraction of a pixel by the parabola through it.
    """
    if not inside.any():
        return np.empty(0)
    first = cv2.GaussianBlur(reference.astype(np.float32), (0, 0), 1.5)
    second = cv2.GaussianBlur(_warped(moving, warp, reference.shape), (0, 0), 1.5)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    lines = np.linspace(rows[0], rows[-1] + 1, 4).astype(int)
    stripes = np.linspace(columns[0], columns[-1] + 1, 4).astype(int)
    least = 0.3 * float(first[inside].std())
    shifts = []
    for i in range(3):
        for j in range(3):
            block = (slice(lines[i], lines[i + 1]), slice(stripes[j], stripes[j + 1]))
            pair = (first[block], second[block])
            if inside[block].mean() > 0.6 and min(pair[0].shape) >= 8 and min(float(p.std()) for p in pair) > least:
                shifts.append(math.hypot(*_peak(_correlation(*pair))))
    return np.array(shifts)


def _shrunk(picture: np.ndarray, factor: float) -> np.ndarray:
    """Return the picture on pixels `factor` times as large, blurred by one and a half of them."""
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.5 * factor)
    if factor == 1.0:
        return np.asarray(soft)
    shape = (max(1, round(picture.shape[1] / factor)), max(1, round(picture.shape[0] / factor)))
    matrix = np.array([[factor, 0.0, (factor - 1) / 2], [0.0, factor, (factor - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(soft, matrix, shape, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _angles(diagonal_px: float, limit_deg: float) -> Iterator[float]:
    """Yield rotations in radians, nearest to none first, whose corners are two and a half pixels apart."""
    pitch = 5.0 / diagonal_px
    yield 0.0
    for k in range(1, int(math.radians(limit_deg) / pitch + 1e-9) + 1):
        yield k * pitch
        yield -k * pitch


def _best_shift(
    reference: np.ndarray, moving: np.ndarray, angle: float, min_overlap_fraction: float
) -> tuple[float, np.ndarray]:
    """Return the highest correlation over all shifts at one rotation, and its warp."""
    rows, columns = moving.shape
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2])
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    about = np.column_stack((turn, middle - turn @ middle))
    mean = float(moving.mean())
    turned = _warped(moving - mean, about, moving.shape)
    shape = [a + b - 1 for a, b in zip(reference.shape, moving.shape, strict=True)]
    surface = _full_correlation(reference - float(reference.mean()), turned, shape)
    shifts = [np.fft.fftfreq(n, 1 / n) for n in shape]
    shared = [
        np.clip(np.minimum(a, s + b) - np.maximum(0, s), 0, None)
        for a, b, s in zip(reference.shape, moving.shape, shifts, strict=True)
    ]
    area = shared[0][:, None] * shared[1] / min(reference.size, moving.size)
    surface = np.where(area >= 0.8 * min_overlap_fraction, surface / np.sqrt(np.maximum(area, 1e-6)), -np.inf)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    shift = np.array([shifts[1][column], shifts[0][row]])
    return float(surface[row, column]), np.column_stack((turn, about[:, 2] - turn @ shift))


def _full_correlation(first: np.ndarray, second: np.ndarray, shape: list[int]) -> np.ndarray:
    from scipy.fft import irfft2, next_fast_len, rfft2

    padded = [next_fast_len(n, real=True) for n in shape]
    product = rfft2(first, padded) * np.conj(rfft2(second, padded))
    full = irfft2(product, padded)
    rows = np.concatenate((np.arange((shape[0] + 1) // 2), np.arange(-(shape[0] // 2), 0)))
    columns = np.concatenate((np.arange((shape[1] + 1) // 2), np.arange(-(shape[1] // 2), 0)))
    return np.asarray(full[np.ix_(rows, columns)])


def _improved(
    reference: np.ndarray, moving: np.ndarray, warp: np.ndarray, motion: int, blur: float
) -> tuple[float, np.ndarray]:
    """Return the correlation after the best warp near the given one, and that warp; -inf where none was found."""
    pair: list[Any] = [picture.astype(np.float32) for picture in (reference, moving)]
    if blur:
        pair = [cv2.GaussianBlur(picture, (0, 0), blur) for picture in pair]
    maximise: Any = cv2.findTransformECC  # its type hints leave out that the mask may be None
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ROUNDS, _STILL)
    try:
        score, found = maximise(*pair, warp.astype(np.float32), motion, stop, None, 1)
    except cv2.error:  # raised when the iteration runs away, as it does on pictures of different places
        return -math.inf, warp
    return float(score), np.asarray(found, dtype=np.float64)


def _warped(moving: np.ndarray, warp: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(moving.astype(np.float32), np.asarray(warp), shape[::-1], flags=flags))


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the cross-correlation of two blocks, zero shift in the middle, shifts up to half a block."""
    surface = _full_correlation(first - first.mean(), second - second.mean(), [n + n - 1 for n in first.shape])
    middle = [n // 2 for n in first.shape]
    rows, columns = (np.arange(-n, n + 1) for n in middle)
    return np.asarray(surface[np.ix_(rows, columns)])


def _peak(surface: np.ndarray) -> tuple[float, float]:
    """Return the highest point of a surface from its middle, to a fraction of a pixel."""
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    fractions = []
    for values, at in ((surface[:, column], row), (surface[row], column)):
        if 0 < at < values.size - 1:
            before, here, after = values[at - 1 : at + 2]
            bend = before - 2 * here + after
            fractions.append(0.5 * (before - after) / bend if bend < 0 else 0.0)
        else:
            fractions.append(0.0)
    return row + fractions[0] - surface.shape[0] // 2, column + fractions[1] - surface.shape[1] // 2
