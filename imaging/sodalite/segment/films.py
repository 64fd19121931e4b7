"""Layers too thin to be told from the blur of an edge."""

from __future__ import annotations

import cv2
import numpy as np

_BESIDE_PX = np.arange(4, 9)[:, None]
_MIDDLE_PX = np.arange(-1, 2)[:, None]
_ALONG_PX = 5
_LEAST_COLUMNS = 20


def close_films(data: np.ndarray, upper: np.ndarray, lower: np.ndarray, *, least_px: int) -> np.ndarray:
    """Return the rows of a layer's upper face, moved to the lower face where there is no layer between them.

    Thinner than `least_px` a layer is closed: between a bright and a dark neighbour the blur of their edge alone passes
    through its grey. Up to twice as thick it is closed where its middle is rather as grey as what lies above it in the
    same columns: a smooth path cuts the foot of a steep flank and leaves such a film beside it.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    upper, lower
        ``(x,)`` integer edge rows.
    least_px
        The thickness below which a layer cannot be seen.
    """
    thickness = lower - upper
    thin = thickness < least_px
    doubtful = ~thin & (thickness < 2 * least_px)
    thick = thickness > 2 * _BESIDE_PX.max()
    if doubtful.any() and np.count_nonzero(thick) >= _LEAST_COLUMNS:
        above = _mean_at(data, upper - 1 - _BESIDE_PX)
        step = float(np.median((_mean_at(data, upper + _BESIDE_PX) - above)[thick]))
        film = _along(_mean_at(data, (upper + lower) // 2 + _MIDDLE_PX) - above, doubtful)
        thin |= doubtful & (film * np.sign(step) < 0.5 * abs(step))
    return np.where(thin, lower, upper)


def _mean_at(data: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the mean grey of each column over `rows`, ``(n, x)``."""
    return np.take_along_axis(data, np.clip(rows, 0, len(data) - 1), axis=0).mean(axis=0, dtype=np.float64)


def _along(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the mean of the chosen values over five columns."""
    weight = chosen.astype(np.float64)
    total, count = (cv2.blur(row[None, :], (_ALONG_PX, 1))[0] for row in (values * weight, weight))
    return np.asarray(total / np.maximum(count, 1e-9))
