"""Local thickness from discs of any radius: the largest disc that holds each point of a lattice.

The way of `local_thickness_discs` for radii that are no whole numbers and for oblong pixels: discs that a neighbour's
disc contains are left out by a table (Remy and Thiel 2005, 10.1016/j.imavis.2004.06.007), those left over paint, from
the largest down, what is left to paint.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sodalite.measure.local_thickness_discs import band_starts, paint_word, pixel_bits, renew_bands

_WITHIN_RIM = 1.0 - 1e-9
"""Share of the squared radius within which a disc holds a point: points on the rim stay out whatever the rounding."""

_STEPS = np.array(((1, 0), (2, 1), (1, 1), (1, 2), (0, 1)))
"""Steps (rows, columns) to the neighbours whose discs may contain a disc; they leave a tenth of the discs."""

_LARGEST_TABLE = 1 << 18


def largest_cover(layer: np.ndarray, squared: np.ndarray, sy: float, sx: float, step: int) -> np.ndarray:
    """Return the largest squared radius among the discs that hold each point of the layer, ``(y, x)`` float64.

    Parameters
    ----------
    layer
        ``(y, x)`` bool, C order; point i of it lies at ``step * (i + 1) - 1`` on the lattice of the centres.
    squared
        Squared radius of the disc about each point of the lattice; zero or less for none.
    sy, sx
        Spacing of the lattice.
    step
        Points of the lattice from one point of the layer to the next.
    """
    largest = float(squared.max(initial=0.0))
    bin_size = max(min(sy, sx) ** 2, largest / _LARGEST_TABLE)
    farthest = _farthest(math.ceil(largest / bin_size) + 1, bin_size, (sy, sx, step), _STEPS)
    centres = _uncontained(squared, farthest, 1.0 / bin_size, step, _STEPS)
    centres = centres[np.argsort(-squared.ravel()[centres], kind="stable")]
    words, starts = band_starts(layer.shape)
    return _painted(layer.shape, squared, centres, (sy, sx, step), pixel_bits(layer, starts, words), starts, words)


@njit(cache=True, nogil=True, error_model="numpy")
def _farthest(bins: int, bin_size: float, lattice: tuple[float, float, int], steps: np.ndarray) -> np.ndarray:
    """Return the largest squared distance of the points of a disc from a neighbour's centre.

    ``(place, bins, step)``: place of the points about the disc's centre (rows times step + columns, each modulo step);
    discs with squared radii up to the number of the bin times its size. The farthest point lies opposite the step.
    """
    sy, sx, step = lattice
    farthest = np.zeros((step * step, bins, steps.shape[0]))
    radius = math.sqrt((bins - 1) * bin_size)
    for a in range(int(radius / sy) + 1):
        for b in range(int(radius / sx) + 1):
            at = int((a * a * sy * sy + b * b * sx * sx) / bin_size) + 1
            if at >= bins:
                break
            row = farthest[(a % step) * step + b % step, at]
            for k in range(steps.shape[0]):
                row[k] = max(row[k], ((a + steps[k, 0]) * sy) ** 2 + ((b + steps[k, 1]) * sx) ** 2)
    for place in range(step * step):
        for at in range(1, bins):
            for k in range(steps.shape[0]):
                farthest[place, at, k] = max(farthest[place, at, k], farthest[place, at - 1, k])
    return farthest


@njit(cache=True, nogil=True, error_model="numpy")
def _uncontained(squared: np.ndarray, farthest: np.ndarray, per_bin: float, step: int, steps: np.ndarray) -> np.ndarray:
    """Return the flat positions of the discs that no larger disc of a neighbour up the gradient contains."""
    rows, columns = squared.shape
    found, count = np.empty(squared.size, np.int64), 0
    for u in range(rows):
        for v in range(columns):
            own = squared[u, v]
            if not own > 0:
                continue
            down = 1 if squared[min(u + 1, rows - 1), v] >= squared[max(u - 1, 0), v] else -1
            right = 1 if squared[u, min(v + 1, columns - 1)] >= squared[u, max(v - 1, 0)] else -1
            reach = farthest[(u + 1) % step * step + (v + 1) % step, math.ceil(own * per_bin)]
            contained = False
            for k in range(steps.shape[0]):
                a, b = u + down * steps[k, 0], v + right * steps[k, 1]
                if 0 <= a < rows and 0 <= b < columns and squared[a, b] > own:
                    contained |= reach[k] < _WITHIN_RIM * squared[a, b]
            if not contained:
                found[count] = u * columns + v
                count += 1
    return found[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def _painted(
    shape: tuple[int, int],
    squared: np.ndarray,
    centres: np.ndarray,
    lattice: tuple[float, float, int],
    bits: np.ndarray,
    starts: np.ndarray,
    words: int,
) -> np.ndarray:
    """Return the squared radius of the first disc that holds each point; bands of rows show where none is left."""
    covered = np.zeros(shape)
    flat = squared.ravel()
    sy, _, step = lattice
    for at in centres:
        u, v, within = at // squared.shape[1], at % squared.shape[1], _WITHIN_RIM * flat[at]
        reach = math.sqrt(within) / sy
        first = max(math.floor((u - reach + 1) / step) - 1, 0)
        stop = min(math.ceil((u + reach + 1) / step), shape[0])
        for wide in range(first >> 6, (stop + 63) >> 6):
            top, end = max(first, wide << 6), min(stop, (wide + 1) << 6)
            if not _any_left(bits, starts[2] + wide * words, top, end, u, v, within, lattice, shape[1]):
                continue
            for band in range(top >> 3, (end + 7) >> 3):
                lower, upper = max(top, band << 3), min(end, (band + 1) << 3)
                if _any_left(bits, starts[1] + band * words, lower, upper, u, v, within, lattice, shape[1]):
                    _paint_rows(bits, starts, words, lower, upper, u, v, within, lattice, flat[at], covered)
    return covered


@njit(cache=True, nogil=True, error_model="numpy")
def _span(away: float, v: int, within: float, sx: float, step: int, columns: int) -> tuple[int, int]:
    """Return the first and last column of the layer that a disc holds on a row so far away; last < first for none."""
    left = within - away * away
    if left <= 0:
        return 0, -1
    reach = math.sqrt(left) / sx
    first, last = math.ceil((v - reach + 1) / step) - 1, math.floor((v + reach + 1) / step) - 1
    return max(first, 0), min(last, columns - 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _any_left(
    bits: np.ndarray,
    at: int,
    top: int,
    stop: int,
    u: int,
    v: int,
    within: float,
    lattice: tuple[float, float, int],
    columns: int,
) -> bool:
    """Return whether the band of rows top to stop has a bit within the disc's widest row in it."""
    sy, sx, step = lattice
    first, last = _span(max(step * (top + 1) - 1 - u, u + 1 - step * stop, 0) * sy, v, within, sx, step, columns)
    if last < first:
        return False
    a, b = at + (first >> 6), at + (last >> 6)
    from_first, to_last = ~np.uint64(0) << np.uint64(first & 63), ~np.uint64(0) >> np.uint64(63 - (last & 63))
    if a == b:
        return (bits[a] & from_first & to_last) != 0
    left = (bits[a] & from_first) | (bits[b] & to_last)
    for c in range(a + 1, b):
        left |= bits[c]
    return left != 0


@njit(cache=True, nogil=True, error_model="numpy")
def _paint_rows(
    bits: np.ndarray,
    starts: np.ndarray,
    words: int,
    top: int,
    stop: int,
    u: int,
    v: int,
    within: float,
    lattice: tuple[float, float, int],
    value: float,
    covered: np.ndarray,
) -> None:
    """Write the value into the points left in rows top to stop of the disc, and strike them out."""
    sy, sx, step = lattice
    low, high = words, -1
    for i in range(top, stop):
        first, last = _span((step * (i + 1) - 1 - u) * sy, v, within, sx, step, covered.shape[1])
        for c in range(first >> 6, (last >> 6) + 1):
            word = bits[i * words + c]
            if c == first >> 6:
                word &= ~np.uint64(0) << np.uint64(first & 63)
            if c == last >> 6:
                word &= ~np.uint64(0) >> np.uint64(63 - (last & 63))
            if word == 0:
                continue
            bits[i * words + c] &= ~word
            low, high = min(low, c), max(high, c)
            paint_word(covered[i], c << 6, word, value)
    renew_bands(bits, starts, words, top, low, high)
