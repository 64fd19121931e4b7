"""Local thickness from discs of any radius: the largest disc that holds each point of a lattice.

The way of `local_thickness_discs` for radii that are no whole numbers and for oblong pixels: discs that a neighbour's
disc contains are left out by a table (Remy and Thiel 2005, 10.1016/j.imavis.2004.06.007), those left over paint, from
the largest down, what is left to paint.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_WITHIN_RIM = 1.0 - 1e-9
"""Share of the squared radius within which a disc holds a point: points on the rim stay out whatever the rounding."""

STEPS = np.array(((1, 0), (2, 1), (1, 1), (1, 2), (0, 1)))
"""Steps (rows, columns) to the neighbours whose discs may contain a disc; they leave a tenth of the discs."""

_TALL = 96
"""Points of the lattice from which on a disc looks first whether anything is left in bands of eight rows (measured)."""

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Times a power of two it has another first six bits for each, so that they tell the place of a bit."""

_PLACE = np.argsort([(int(_DE_BRUIJN) << place & (1 << 64) - 1) >> 58 for place in range(64)])

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
    farthest = _farthest(math.ceil(largest / bin_size) + 1, bin_size, (sy, sx, step), STEPS)
    centres = _uncontained(squared, farthest, 1.0 / bin_size, step, STEPS)
    centres = centres[np.argsort(-squared.ravel()[centres], kind="stable")]
    return paint(layer, squared, centres, (sy, sx, step, 0))


def paint(
    layer: np.ndarray, squared: np.ndarray, centres: np.ndarray, lattice: tuple[float, float, int, int]
) -> np.ndarray:
    """Return the squared radius of the first disc that holds each point of the layer, ``(y, x)`` float64.

    Parameters
    ----------
    layer
        ``(y, x)`` bool.
    squared
        Squared radius of the disc about each point of the lattice of centres.
    centres
        Flat positions of the discs on that lattice, from the largest down.
    lattice
        Spacing of the lattice along y and x, its points from one point of the layer to the next (1 or 2), and the rows
        and columns that it has more on each side.
    """
    rows, columns = layer.shape
    padded = np.zeros(((rows + 7) // 8 * 8, (columns + 63) // 64 * 64), bool)
    padded[:rows, :columns] = layer
    left = np.packbits(padded, axis=1, bitorder="little").view("<u8")
    some = np.bitwise_or.reduce(left.reshape(len(left) // 8, 8, left.shape[1]), axis=1)
    return _painted(left, some, layer.shape, squared, centres, lattice)[:rows, :columns]


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
    left: np.ndarray,
    some: np.ndarray,
    shape: tuple[int, int],
    squared: np.ndarray,
    centres: np.ndarray,
    lattice: tuple[float, float, int, int],
) -> np.ndarray:
    """Return the squared radius of the first disc that holds each point, in rows of whole words.

    Parameters
    ----------
    left, some
        Bits of the points left to paint, 64 columns a word, and of those in each eight rows.
    """
    sy, sx, step, margin = lattice
    covered = np.zeros((left.shape[0], 64 * left.shape[1]))
    reach = np.empty(squared.shape[0], np.int64)
    flat, wide, painted, tall, half = squared.ravel(), squared.shape[1], np.inf, 0, step - 1
    for at in centres:
        if flat[at] != painted:
            painted = float(flat[at])
            tall = _fill_reach(reach, _WITHIN_RIM * painted, sy, sx)
        u, v = at // wide - margin, at % wide - margin
        top, stop = max((u - tall) >> half, 0), min((u + tall + 1) >> half, shape[0])
        for band in range(top >> 3, (stop + 7) >> 3):
            lower, upper = max(top, band << 3), min(stop, (band + 1) << 3)
            if tall >= _TALL:
                w = reach[max(step * (lower + 1) - 1 - u, u + 1 - step * upper, 0)]
                first, last = max((v - w) >> half, 0), min(((v + w + 1) >> half) - 1, shape[1] - 1)
                if not _any(some, band, first, last):
                    continue
            for i in range(lower, upper):
                w = reach[abs(step * (i + 1) - 1 - u)]
                first, last = max((v - w) >> half, 0), min(((v + w + 1) >> half) - 1, shape[1] - 1)
                if _any(left, i, first, last):
                    _paint_row(left, some, covered, i, first, last, painted)
    return covered


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_reach(reach: np.ndarray, within: float, sy: float, sx: float) -> int:
    """Fill in how many columns of the lattice a disc reaches in each row from its centre on; return the last row."""
    tall = min(int(math.sqrt(within) / sy), reach.size - 1)
    for a in range(tall + 1):
        reach[a] = int(math.sqrt(max(within - (a * sy) * (a * sy), 0.0)) / sx)
    return tall


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _any(bits: np.ndarray, row: int, first: int, last: int) -> bool:
    """Return whether one of the bits from first to last of a row is set.

    Inlined: as calls, one for each row of each disc, it took 4 to 20 % of the whole time (measured).
    """
    if first > last:
        return False
    a, b = first >> 6, last >> 6
    from_first, to_last = ~np.uint64(0) << np.uint64(first & 63), ~np.uint64(0) >> np.uint64(63 - (last & 63))
    if a == b:
        return (bits[row, a] & from_first & to_last) != 0
    found = (bits[row, a] & from_first) | (bits[row, b] & to_last)
    for c in range(a + 1, b):
        found |= bits[row, c]
    return found != 0


@njit(cache=True, nogil=True, error_model="numpy")
def _paint_row(
    left: np.ndarray, some: np.ndarray, covered: np.ndarray, row: int, first: int, last: int, value: float
) -> None:
    """Write the value into the points left from first to last of a row, and strike them out."""
    for c in range(first >> 6, (last >> 6) + 1):
        word = left[row, c]
        if c == first >> 6:
            word &= ~np.uint64(0) << np.uint64(first & 63)
        if c == last >> 6:
            word &= ~np.uint64(0) >> np.uint64(63 - (last & 63))
        if word == 0:
            continue
        left[row, c] ^= word
        band = np.uint64(0)
        for i in range(row & -8, (row & -8) + 8):
            band |= left[i, c]
        some[row >> 3, c] = band
        while word != 0:
            lowest = word & (~word + np.uint64(1))
            covered[row, (c << 6) + _PLACE[(lowest * _DE_BRUIJN) >> np.uint64(58)]] = value
            word ^= lowest
