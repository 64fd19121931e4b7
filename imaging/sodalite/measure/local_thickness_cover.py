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

_STEPS = np.array(((1, 0), (2, 1), (1, 1), (1, 2), (0, 1)))
"""Steps (rows, columns) to the neighbours whose discs may contain a disc; they leave a tenth of the discs."""

_BAND = 16
"""Rows of a word looked at together, a fixed number and no branch among them, so that compilers take four at a time."""

_STRIPE = 8
"""Rows of a disc looked at together where it is no wider than a word."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_U = np.uint64  # unsigned places, so that none is looked at for counting from the end

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Times a power of two it has another first six bits for each, so that they tell the place of a bit."""

_PLACE = np.argsort([(int(_DE_BRUIJN) << place & (1 << 64) - 1) >> 58 for place in range(64)])

_LARGEST_TABLE = 1 << 18


def largest_cover(layer: np.ndarray, squared: np.ndarray, lattice: tuple[float, float, int], unit: float) -> np.ndarray:
    """Return the largest radius among the discs that hold each point of the layer, ``(y, x)`` float64.

    Parameters
    ----------
    layer
        ``(y, x)`` bool, C order; point i of it lies at ``step * (i + 1) - 1`` on the lattice of the centres.
    squared
        Squared radius of the disc about each point of the lattice; zero or less for none.
    lattice
        Spacing of the lattice along y and x, and its points from one point of the layer to the next (1 or 2).
    unit
        What a radius of one is given as.
    """
    sy, sx, step = lattice
    largest = float(squared.max(initial=0.0))
    bin_size = max(min(sy, sx) ** 2, largest / _LARGEST_TABLE)
    farthest = _farthest(math.ceil(largest / bin_size) + 1, bin_size, lattice, _STEPS)
    centres = _uncontained(squared, farthest, 1.0 / bin_size, step, _STEPS)
    radii = squared.ravel()[centres]
    order = np.argsort(-radii, kind="stable")
    return paint(layer, squared.shape[1], centres[order], radii[order], (sy, sx, step, 0), unit)


def paint(
    layer: np.ndarray,
    wide: int,
    centres: np.ndarray,
    radii: np.ndarray,
    lattice: tuple[float, float, int, int],
    unit: float,
) -> np.ndarray:
    """Return the radius of the first disc that holds each point of the layer, ``(y, x)`` float64.

    Parameters
    ----------
    layer
        ``(y, x)`` bool.
    wide
        Columns of the lattice of centres.
    centres, radii
        Flat positions of the discs on that lattice and their squared radii, from the largest down.
    lattice
        Spacing of the lattice along y and x, its points from one point of the layer to the next (1 or 2), and the rows
        and columns that it has more on each side.
    unit
        What a radius of one is given as.
    """
    rows, columns = layer.shape
    padded = np.zeros((-(-rows // _BAND) * _BAND + _BAND, -(-columns // 64) * 64 + 64), bool)
    padded[:rows, :columns] = layer
    left = np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little").view("<u8").T)
    some = np.bitwise_or.reduce(left.reshape(len(left), len(padded) // _BAND, _BAND), axis=2)
    covered = np.zeros(layer.shape)
    _painted(left, some, covered, wide, centres, radii, lattice, unit)
    return covered


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
    covered: np.ndarray,
    wide: int,
    centres: np.ndarray,
    radii: np.ndarray,
    lattice: tuple[float, float, int, int],
    unit: float,
) -> None:
    """Write into `covered` the radius of the first disc that holds each point.

    Parameters
    ----------
    left, some
        Bits of the points left to paint, 64 columns a word, ``(word, y)``, and of those in each band of rows.
    """
    sy, sx, step, margin = lattice
    rows, columns = covered.shape
    widths = np.full((step, 2 * rows + 3 + 2 * _BAND), -1, np.int32)
    patterns = np.zeros((step, step, widths.shape[1]), np.uint64)
    filled, hits = np.zeros(step, np.bool_), np.empty(_BAND, np.uint64)
    half, squared, within, radius, tall, broad = step - 1, np.inf, 0.0, 0.0, 0, 0
    for k in range(centres.size):
        if radii[k] != squared:
            squared = float(radii[k])
            within, radius = _WITHIN_RIM * squared, math.sqrt(squared) * unit
            tall, broad = min(int(math.sqrt(within) / sy), step * (rows + 1)), int(math.sqrt(within) / sx)
            filled[:] = False
        u = int(_U(centres[k]) // _U(wide))
        u, v = u - margin, int(centres[k]) - u * wide - margin
        top, parity = (u - tall) >> half, (u + 1) & half
        if not filled[parity]:
            filled[parity] = True
            _fill_widths(widths[parity], within, tall, parity, lattice)
            for aside in range(step if broad < 32 * step else 0):
                _fill_patterns(patterns[parity, aside], widths[parity], tall, broad, aside, half)
        if broad < 32 * step:
            place = top, min((u + tall + 1) >> half, rows), (v - broad) >> half
            _paint_narrow(left, covered, place, patterns[parity, v & half], hits, radius)
            continue
        first, last = max((v - broad) >> half, 0), min(((v + broad + 1) >> half) - 1, columns - 1)
        for word in range(first >> 6, (last >> 6) + 1):
            across = _ALL << _U(max(first - (word << 6), 0)) & _ALL >> _U(max((word << 6) + 63 - last, 0))
            for band in range(max(top, 0) // _BAND, (min((u + tall + 1) >> half, rows) + _BAND - 1) // _BAND):
                if some[_U(word), _U(band)] & across == 0:
                    continue
                row, column = band * _BAND, v - (word << 6 << half)
                touched = _hit(left, word, row, widths, parity, row - top + _BAND, column, half, hits)
                if touched != 0:
                    some[_U(word), _U(band)] = _paint_hits(left, covered, word, row, touched, hits, radius)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_widths(
    widths: np.ndarray, within: float, tall: int, parity: int, lattice: tuple[float, float, int, int]
) -> None:
    """Fill in how many columns of the lattice a disc reaches in the rows of points; -1 in a band above and below it."""
    sy, per_column, step = lattice[0], 1.0 / lattice[1], lattice[2]
    first = -tall + (tall + parity) % step
    count = (tall - first) // step + 1
    for k in range((count + 1) // 2):
        y = (first + step * k) * sy
        widths[_U(_BAND + k)] = np.int32(math.sqrt(max(within - y * y, 0.0)) * per_column)
    for k in range(count // 2):
        widths[_U(_BAND + count - 1 - k)] = widths[_U(_BAND + k)]
    widths[_BAND + count : 2 * _BAND + count] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_patterns(patterns: np.ndarray, widths: np.ndarray, tall: int, broad: int, v: int, half: int) -> None:
    """Fill in the bits of the points within a disc about column v, counted from its leftmost one, as `widths` are."""
    leftmost = (v - broad) >> half
    for k in range(2 * _BAND + ((2 * tall) >> half) + 1):
        width = int(widths[_U(k)])
        first, last = ((v - width) >> half) - leftmost, ((v + width + 1) >> half) - 1 - leftmost
        patterns[_U(k)] = (_ALL << _U(first)) & (_ALL >> _U(63 - last)) if last >= first else _U(0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _paint_narrow(
    left: np.ndarray,
    covered: np.ndarray,
    place: tuple[int, int, int],
    patterns: np.ndarray,
    hits: np.ndarray,
    value: float,
) -> None:
    """Write the value into the points left within a disc no wider than a word and strike them out.

    `place` is the disc's first row, the row after its last and its leftmost column. A shift lays the bits left on those
    of its rows, which are found once for all discs of one radius (13 % less time for a map of blobs, measured).
    """
    top, stop, first = place
    cut, first = _U(max(-first, 0)), max(first, 0)
    word, shift = _U(first >> 6), _U(first & 63)
    for start in range(max(top, 0), stop, _STRIPE):
        touched = _U(0)
        for i in range(_STRIPE):
            row = _U(start) + _U(i)
            bits = left[word, row] >> shift | left[word + _U(1), row] << _U(1) << (_U(63) - shift)
            bits &= patterns[_U(_BAND + start - top) + _U(i)] >> cut
            hits[_U(i)] = bits
            touched |= _U(bits != 0) << _U(i)
        while touched != 0:
            i = place_of_lowest(touched)
            touched &= touched - _U(1)
            row, bits = _U(start + i), hits[_U(i)]
            left[word, row] ^= bits << shift
            left[word + _U(1), row] ^= bits >> _U(1) >> (_U(63) - shift)
            while bits != 0:
                covered[row, _U(first + place_of_lowest(bits))] = value
                bits &= bits - _U(1)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _hit(
    left: np.ndarray,
    word: int,
    row: int,
    widths: np.ndarray,
    parity: int,
    at: int,
    v: int,
    half: int,
    hits: np.ndarray,
) -> np.uint64:
    """Write the bits left within a disc in each row of a band; return the bits of the rows with any.

    `v` is the disc's column on the lattice, counted from the first of the word.
    """
    touched = _U(0)
    for i in range(_BAND):
        width = int(widths[_U(parity), _U(at) + _U(i)])
        first, last = (v - width) >> half, ((v + width + 1) >> half) - 1
        within = (_ALL << _U(min(max(first, 0), 63))) & (_ALL >> _U(63 - min(max(last, 0), 63)))
        bits = left[_U(word), _U(row) + _U(i)] & within & (_U(0) - _U((first < 64) & (last >= 0)))
        hits[_U(i)] = bits
        touched |= _U(bits != 0) << _U(i)
    return touched


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _paint_hits(
    left: np.ndarray, covered: np.ndarray, word: int, row: int, touched: np.uint64, hits: np.ndarray, value: float
) -> np.uint64:
    """Write the value into the points hit of the rows touched and strike them out; return the bits left in the band."""
    while touched != 0:
        i = place_of_lowest(touched)
        touched &= touched - _U(1)
        at, bits = _U(row + i), hits[_U(i)]
        left[_U(word), at] ^= bits
        while bits != 0:
            covered[at, _U((word << 6) + place_of_lowest(bits))] = value
            bits &= bits - _U(1)
    kept = _U(0)
    for k in range(_BAND):
        kept |= left[_U(word), _U(row + k)]
    return kept


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def place_of_lowest(word: np.uint64) -> int:
    """Return the place of the lowest bit set in a word that is not zero."""
    return _PLACE[((word & (~word + _U(1))) * _DE_BRUIJN) >> _U(58)]
