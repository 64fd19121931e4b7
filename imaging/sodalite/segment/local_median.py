"""Median in a window around every pixel of a small image with gaps."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def local_median(image: np.ndarray, reach_px: int) -> np.ndarray:
    """Return the median of the known pixels within `reach_px` rows and columns of each pixel, NaN where there is none.

    Parameters
    ----------
    image
        ``(y, x)`` float32, NaN where unknown.
    reach_px
        The window is a square of ``2 * reach_px + 1`` pixels, cut at the frame.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` float32.
    """
    rows, columns = image.shape
    out = np.full((rows, columns), np.nan, np.float32)
    values = np.empty((2 * reach_px + 1) ** 2, np.float32)
    for y in range(rows):
        for x in range(columns):
            count = 0
            for v in range(max(y - reach_px, 0), min(y + reach_px + 1, rows)):
                for u in range(max(x - reach_px, 0), min(x + reach_px + 1, columns)):
                    if not np.isnan(image[v, u]):
                        values[count] = image[v, u]
                        count += 1
            if count:
                upper = _select(values, count, count // 2)
                lower = upper if count % 2 else values[: count // 2].max()
                out[y, x] = (lower + upper) / 2
    return out


@numba.njit(cache=True, nogil=True)
def _select(values: np.ndarray, count: int, rank: int) -> float:
    """Return the value of a rank, with smaller ones moved before it and larger ones behind: Hoare's quickselect."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if rank <= right:
            high = right
        elif rank >= left:
            low = left
        else:
            break
    return values[rank]
