"""Exact local thickness on square pixels: integer squared radii, a table of contained discs, painting by bits.

Lengths are half pixels, so that every squared radius on the half-pixel lattice is an integer and a disc holds the
points whose squared distance is smaller. Three steps: the squared radius at every lattice point (separable transform,
Meijster, Roerdink and Hesselink 2000, 10.1007/0-306-47025-X_36); the lattice points whose disc is not contained in a
neighbour's, by a table of the radius a neighbour must have (Remy and Thiel 2005, 10.1016/j.imavis.2004.06.007, here for
the pixel centres in the disc alone); the discs left over, from the largest down, each painting what is left to paint.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LARGEST_SQUARED = 1 << 20
"""Largest squared radius of the table (1024 px of thickness): it takes 40 bytes for each radius."""

_FAR = 32767
"""No background in the column; its square and that of a row of as many steps add up to less than 2^31."""
_LARGE = 1024
"""Squared radius from which the discs farther along the gradient are worth a look (measured)."""
_MARGIN = 2
"""Empty lattice points around the image: a neighbour is at most two steps away."""


def paint_discs(layer: np.ndarray) -> np.ndarray | None:
    """Return the local thickness of a mask in px, ``(y, x)`` float64, zero outside; None where it outgrows the table.

    Parameters
    ----------
    layer
        ``(y, x)`` bool, C order, with at least one background pixel.
    """
    rows, columns = layer.shape
    if max(rows, columns) >= _FAR // 2:
        return None
    half_steps = np.maximum(np.arange(2 * columns + 2), 0.5)
    squared = np.zeros((2 * rows + 1 + 2 * _MARGIN, 2 * columns + 1 + 2 * _MARGIN), np.int32)
    _fill_squared(_steps_to_background(layer), squared, 0.5 / half_steps)
    largest = int(squared.max(initial=0))
    if largest > LARGEST_SQUARED:
        return None
    whole_roots = np.sqrt(np.arange(largest + 1)).astype(np.int32)
    centres = _by_size(squared, _uncontained(squared, _containing(largest), whole_roots), largest)
    words, starts = band_starts(layer.shape)
    return _painted(layer.shape, squared, centres, whole_roots, pixel_bits(layer, starts, words), starts, words)


def band_starts(shape: tuple[int, ...]) -> tuple[int, np.ndarray]:
    """Return the words of 64 columns in a row of `pixel_bits`, and where its rows and bands of 8 and 64 rows begin."""
    words = (shape[1] + 63) // 64
    return words, np.cumsum([0, *(((shape[0] >> 3 * level) // 8 * 8 + 8) * words for level in range(3))])


@njit(cache=True, nogil=True, error_model="numpy")
def _steps_to_background(layer: np.ndarray) -> np.ndarray:
    """Return the half-pixel steps along y to the background of the pixel column, ``(2 y + 1, x)`` int16."""
    rows, columns = layer.shape
    steps = np.empty((2 * rows + 1, columns), np.int16)
    run = np.full(columns, _FAR, np.int16)
    for u in range(2 * rows, -1, -1):
        _step(run, layer[max((u - 1) // 2, 0)], layer[min(u // 2, rows - 1)])
        steps[u] = run
    run[:] = _FAR
    for u in range(2 * rows + 1):
        _step(run, layer[max((u - 1) // 2, 0)], layer[min(u // 2, rows - 1)])
        row = steps[u]
        for j in range(columns):
            row[j] = min(run[j], row[j])
    return steps


@njit(cache=True, nogil=True, error_model="numpy")
def _step(run: np.ndarray, above: np.ndarray, below: np.ndarray) -> None:
    for j in range(run.size):
        run[j] = min(run[j], np.int16(_FAR - 1)) + 1 if above[j] & below[j] else 0


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_squared(steps: np.ndarray, squared: np.ndarray, reciprocal: np.ndarray) -> None:
    """Fill in the squared distance of every lattice point to the background; `reciprocal` holds 1 / (2 k)."""
    rows, columns = steps.shape
    height = np.empty(2 * columns + 1, np.int32)
    site, start = np.empty(height.size, np.int32), np.empty(height.size, np.int32)
    for u in range(rows):
        row = steps[u]
        for j in range(columns):
            height[2 * j + 1] = np.int32(row[j]) * np.int32(row[j])
        height[0], height[2 * columns] = height[1], height[2 * columns - 1]
        for j in range(1, columns):
            height[2 * j] = min(height[2 * j - 1], height[2 * j + 1])
        _fill_row(height, squared[u + _MARGIN, _MARGIN : height.size + _MARGIN], site, start, reciprocal)


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_row(
    height: np.ndarray, squared: np.ndarray, site: np.ndarray, start: np.ndarray, reciprocal: np.ndarray
) -> None:
    """Fill in min over s of height[s] + (x - s)^2.

    Background bounds each run, so nothing beyond it counts. A pixel's side is as near as its middle: only the sides
    (even points) enter the envelope of parabolas; the middle counts for itself alone.
    """
    x = 0
    while x < height.size:
        if height[x] == 0:
            x += 1
            continue
        first = max(x - 1, 0)
        while x < height.size and height[x] > 0:
            x += 1
        stop = min(x + 1, height.size)
        last, s, begin, low = 0, first, first, height[first]
        site[0], start[0] = first, first
        for v in range(first + 2, stop, 2):
            while (begin - s) * (begin - s) + low > (begin - v) * (begin - v) + height[v]:
                last -= 1
                if last < 0:
                    break
                s, begin = site[last], start[last]
                low = height[s]
            overtakes = first
            if last >= 0:
                overtakes = int(((v + s) * (v - s) + height[v] - low + 0.5) * reciprocal[v - s]) + 1
            if overtakes < stop:
                last += 1
                s, begin, low = v, overtakes, height[v]
                site[last], start[last] = s, begin
        for k in range(last, -1, -1):
            s = site[k]
            for v in range(start[k], stop):
                squared[v] = min((v - s) * (v - s) + height[s], height[v])
            stop = start[k]


@njit(cache=True, nogil=True, error_model="numpy")
def _containing(largest: int) -> np.ndarray:
    """Return by how much a neighbour's squared radius must exceed n for its disc to contain the disc of n.

    ``(4, largest + 1, 5)`` int16: parity of the pixel centres about the disc's centre (2 rows + columns), n, and step
    to the neighbour: (1, 0), (2, 1), (1, 1), (1, 2), (0, 1). The centre that demands most lies opposite the step.
    """
    excess = np.ones((4, largest + 1, 5), np.int16)
    for a in range(int(np.sqrt(largest)) + 1):
        for b in range(int(np.sqrt(largest)) + 1):
            n = a * a + b * b + 1
            if n > largest:
                break
            parity = 2 * (a & 1) + (b & 1)
            excess[parity, n, 0] = max(excess[parity, n, 0], 2 * a + 1)
            excess[parity, n, 1] = max(excess[parity, n, 1], 4 * a + 2 * b + 5)
            excess[parity, n, 2] = max(excess[parity, n, 2], 2 * a + 2 * b + 2)
            excess[parity, n, 3] = max(excess[parity, n, 3], 2 * a + 4 * b + 5)
            excess[parity, n, 4] = max(excess[parity, n, 4], 2 * b + 1)
    for parity in range(4):
        for n in range(1, largest + 1):
            for k in range(5):
                excess[parity, n, k] = max(excess[parity, n, k], excess[parity, n - 1, k] - 1)
    return excess


@njit(cache=True, nogil=True, error_model="numpy")
def _directions(
    above: np.ndarray, below: np.ndarray, left: np.ndarray, right: np.ndarray, direction: np.ndarray
) -> None:
    """Fill in the step nearest to the gradient: 4 times its number in `_containing`, + 2 upwards, + 1 leftwards."""
    for v in range(direction.size):
        gy, gx = below[v] - above[v], right[v] - left[v]
        ay, ax = abs(gy), abs(gx)
        k = np.int32(4 * ax >= ay) + np.int32(11 * ax >= 8 * ay) + np.int32(8 * ax > 11 * ay) + np.int32(ax > 4 * ay)
        direction[v] = np.int32(4) * k + np.int32(2) * np.int32(gy < 0) + np.int32(gx < 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _uncontained(squared: np.ndarray, excess: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Return the flat positions of the discs that no disc looked at contains: three neighbours nearest to the gradient.

    Large discs are also compared with discs farther along the gradient: their table would need many more steps.
    """
    rows, columns = squared.shape
    flat = squared.ravel()
    found, count = np.empty(flat.size, np.int32), 0
    offset = np.empty(20, np.int64)
    for k, (a, b) in enumerate(((1, 0), (2, 1), (1, 1), (1, 2), (0, 1))):
        for turn in range(4):
            offset[4 * k + turn] = (a if turn < 2 else -a) * columns + (b if turn % 2 == 0 else -b)
    inner = slice(_MARGIN, columns - _MARGIN)
    direction = np.empty(columns - 2 * _MARGIN, np.int32)
    for u in range(_MARGIN, rows - _MARGIN):
        row = squared[u, inner]
        left, right = squared[u, _MARGIN - 1 : -_MARGIN - 1], squared[u, _MARGIN + 1 : columns - _MARGIN + 1]
        _directions(squared[u - 1, inner], squared[u + 1, inner], left, right, direction)
        for v in range(row.size):
            n = row[v]
            if n == 0:
                continue
            at, k, turn = u * columns + v + _MARGIN, direction[v] >> 2, direction[v] & 3
            parity = 2 * ((u + 1) & 1) + ((v + 1) & 1)
            if flat[at + offset[4 * k + turn]] - n >= excess[parity, n, k]:
                continue
            near = k - 1 if k > 0 else 1
            if flat[at + offset[4 * near + turn]] - n >= excess[parity, n, near]:
                continue
            near = k + 1 if k < 4 else 3
            if flat[at + offset[4 * near + turn]] - n >= excess[parity, n, near]:
                continue
            if n >= _LARGE and _contained_farther(squared, u, v + _MARGIN, roots):
                continue
            found[count] = at
            count += 1
    return found[:count]


@njit(cache=True, nogil=True, error_model="numpy")
def _contained_farther(squared: np.ndarray, u: int, v: int, roots: np.ndarray) -> bool:
    n = squared[u, v]
    gy, gx = float(squared[u + 1, v] - squared[u - 1, v]), float(squared[u, v + 1] - squared[u, v - 1])
    length = np.sqrt(gy * gy + gx * gx)
    if length == 0:
        return False
    for step in (5.0, 3.0, 8.0):
        a, b = int(np.rint(gy / length * step)), int(np.rint(gx / length * step))
        if not (0 <= u + a < squared.shape[0] and 0 <= v + b < squared.shape[1]):
            return False
        larger, pa, pb, a, b = squared[u + a, v + b], (u + 1) & 1, (v + 1) & 1, abs(a), abs(b)
        if a < b:
            pa, pb, a, b = pb, pa, b, a
        if larger > n and _contains(larger, n, a, b, pa, pb, roots):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _contains(larger: int, n: int, a: int, b: int, pa: int, pb: int, roots: np.ndarray) -> bool:
    """Return whether a disc a >= b >= 0 steps away contains all points of parity pa, pb of the disc of n.

    A point (-y, -x) left out has 2 (a y + b x) >= larger - a^2 - b^2 - y^2 - x^2: it lies in a cap opposite the step.
    """
    within, away = n - 1, a * a + b * b
    y = roots[within] - ((roots[within] + pa) & 1)
    while y >= 0:
        root = roots[within - y * y]
        x = root - ((root + pb) & 1)
        if x >= 0 and y * y + x * x + 2 * (a * y + b * x) + away >= larger:
            return False
        if root * a > y * b and 2 * (a * y + b * (root + 1)) < larger - away - within:
            return True
        y -= 2
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _by_size(squared: np.ndarray, centres: np.ndarray, largest: int) -> np.ndarray:
    """Return lattice row, column and squared radius of the discs, largest first, ``(n, 3)`` int32."""
    columns = squared.shape[1]
    flat = squared.ravel()
    place = np.zeros(largest + 2, np.int64)
    for at in centres:
        place[largest - flat[at] + 1] += 1
    for n in range(1, largest + 2):
        place[n] += place[n - 1]
    discs = np.empty((centres.size, 3), np.int32)
    for at in centres:
        n = flat[at]
        disc = discs[place[largest - n]]
        disc[0], disc[1], disc[2] = at // columns - _MARGIN, at % columns - _MARGIN, n
        place[largest - n] += 1
    return discs


@njit(cache=True, nogil=True, error_model="numpy")
def pixel_bits(layer: np.ndarray, starts: np.ndarray, words: int) -> np.ndarray:
    """Return one bit for each pixel left to paint, 64 columns a word; then whether any is left in 8 and in 64 rows."""
    rows, columns = layer.shape
    bits = np.zeros(starts[-1], np.uint64)
    for i in range(rows):
        for c in range(words):
            word = np.uint64(0)
            for j in range(c << 6, min(columns, (c << 6) + 64)):
                word |= np.uint64(layer[i, j]) << np.uint64(j & 63)
            for level in range(3):
                bits[starts[level] + (i >> 3 * level) * words + c] |= word
    return bits


@njit(cache=True, nogil=True, error_model="numpy")
def _painted(
    shape: tuple[int, int],
    squared: np.ndarray,
    discs: np.ndarray,
    roots: np.ndarray,
    bits: np.ndarray,
    starts: np.ndarray,
    words: int,
) -> np.ndarray:
    """Return the root of the squared radius of the first disc that holds each pixel.

    Most discs hold no pixel that is left; bands of 64 and 8 rows show that without looking at each row.
    """
    rows, columns = shape
    thickness = np.zeros((rows, columns))
    for k in range(discs.shape[0]):
        u, v, n = discs[k]
        r = roots[n - 1]
        first, stop = max((u - r) >> 1, 0), min((u + r + 1) >> 1, rows)
        for wide in range(first >> 6, (stop + 63) >> 6):
            top, end = max(first, wide << 6), min(stop, (wide + 1) << 6)
            if r >= 32 and not _any_left(bits, starts[2] + wide * words, top, end, u, v, n, roots, columns):
                continue
            for band in range(top >> 3, (end + 7) >> 3):
                lower, upper = max(top, band << 3), min(end, (band + 1) << 3)
                if _any_left(bits, starts[1] + band * words, lower, upper, u, v, n, roots, columns):
                    _paint_rows(bits, starts, words, lower, upper, u, v, n, roots, thickness)
    return thickness


@njit(cache=True, nogil=True, error_model="numpy")
def _any_left(
    bits: np.ndarray,
    at: int,
    top: int,
    stop: int,
    u: int,
    v: int,
    n: int,
    roots: np.ndarray,
    columns: int,
) -> bool:
    """Return whether the band of rows top to stop has a bit within the disc's widest row in it."""
    away = max(2 * top + 1 - u, u - 2 * stop + 1, 0)
    w = roots[n - 1 - away * away]
    first, last = max((v - w) >> 1, 0), min((v + w - 1) >> 1, columns - 1)
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
    n: int,
    roots: np.ndarray,
    thickness: np.ndarray,
) -> None:
    """Write the root of n into the pixels left in rows top to stop of the disc, and strike them out."""
    low, high = words, -1
    for i in range(top, stop):
        away = 2 * i + 1 - u
        w = roots[n - 1 - away * away]
        first, last = max((v - w) >> 1, 0), min((v + w - 1) >> 1, thickness.shape[1] - 1)
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
            paint_word(thickness[i], c << 6, word, np.sqrt(float(n)))
    renew_bands(bits, starts, words, top, low, high)


@njit(cache=True, nogil=True, error_model="numpy")
def renew_bands(bits: np.ndarray, starts: np.ndarray, words: int, top: int, low: int, high: int) -> None:
    """Set whether anything is left in the bands of 8 and 64 rows that hold row top, in the words low to high."""
    for level in range(1, 3):
        band = top >> 3 * level
        for c in range(low, high + 1):
            word = np.uint64(0)
            for i in range(8 * band, 8 * band + 8):
                word |= bits[starts[level - 1] + i * words + c]
            bits[starts[level] + band * words + c] = word


@njit(cache=True, nogil=True, error_model="numpy")
def paint_word(row: np.ndarray, j: int, word: np.uint64, value: float) -> None:
    """Write the value into the columns from j on whose bit is set."""
    while word != 0:
        while word & np.uint64(255) == 0:
            word >>= np.uint64(8)
            j += 8
        if word & np.uint64(1):
            row[j] = value
        word >>= np.uint64(1)
        j += 1
