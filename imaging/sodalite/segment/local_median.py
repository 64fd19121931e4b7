"""Median in a window around every pixel of a small image with gaps."""

from __future__ import annotations

import numba
import numpy as np

_LEAST, _UNKNOWN = np.int32(-(2**31)), np.int32(2**31 - 1)
_MAGNITUDE = np.int32(2**31 - 1)


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
    bits = image.view(np.int32)
    ordered = np.where(np.isnan(image), _UNKNOWN, np.where(bits < 0, bits ^ _MAGNITUDE, bits))
    lower, upper = _middles(ordered, reach_px)
    known = upper < _UNKNOWN
    out = np.full(image.shape, np.nan, np.float32)
    out[known] = (_greys(lower[known]) + _greys(upper[known])) / np.float32(2)
    return out


def _greys(ordered: np.ndarray) -> np.ndarray:
    """Return the float32 numbers whose bits `ordered` are, with the magnitude of negative ones turned round."""
    return np.where(ordered < 0, ordered ^ _MAGNITUDE, ordered).view(np.float32)


@numba.njit(cache=True, nogil=True)
def _middles(ordered: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the two middle values in the window around each pixel, the same one where their number is odd.

    The median moves by few ranks from one pixel to the next, and each rank costs one look at the window. Integers let
    the compiler look at many pixels at once, which ten times outdoes selecting a rank anew.
    """
    rows, columns = ordered.shape
    side = 2 * reach + 1
    lower, upper = np.full(ordered.shape, _UNKNOWN), np.full(ordered.shape, _UNKNOWN)
    window = np.empty((side, side), np.int32)
    middle = np.int32(0)
    for y in range(rows):
        top, stop = max(y - reach, 0), min(y + reach + 1, rows)
        window[:] = _UNKNOWN
        for entering in range(columns + reach):
            window[entering % side] = _UNKNOWN
            if entering < columns:
                window[entering % side, : stop - top] = ordered[top:stop, entering]
            count = _upto(window, _UNKNOWN - np.int32(1))
            if entering >= reach and count:
                middle = _moved(window, middle, count // 2)
                odd = count % 2 or _upto(window, middle - np.int32(1)) < count // 2
                lower[y, entering - reach] = middle if odd else _next_below(window, middle)
                upper[y, entering - reach] = middle
    return lower, upper


@numba.njit(cache=True, nogil=True)
def _moved(window: np.ndarray, middle: np.int32, rank: int) -> np.int32:
    """Return the value of a rank, looked for from `middle` on."""
    while _upto(window, middle) <= rank:
        middle = _next_above(window, middle)
    while _upto(window, middle - np.int32(1)) > rank:
        middle = _next_below(window, middle)
    return middle


@numba.njit(cache=True, nogil=True)
def _upto(window: np.ndarray, value: np.int32) -> int:
    count = 0
    for number in window.flat:
        count += number <= value
    return count


@numba.njit(cache=True, nogil=True)
def _next_above(window: np.ndarray, value: np.int32) -> np.int32:
    best = _UNKNOWN
    for number in window.flat:
        best = min(best, number if number > value else _UNKNOWN)
    return best


@numba.njit(cache=True, nogil=True)
def _next_below(window: np.ndarray, value: np.int32) -> np.int32:
    best = _LEAST
    for number in window.flat:
        best = max(best, number if number < value else _LEAST)
    return best
