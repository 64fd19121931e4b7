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

from sodalite.measure.local_thickness_cover import STEPS, paint

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
    centres = _by_size(squared, _uncontained(squared, _containing(largest)), largest)
    covered = paint(layer, squared, centres, (1.0, 1.0, 2, _MARGIN))
    return np.sqrt(covered, out=covered)


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

    ``(2, largest + 1, 2, 5)`` int16: parity of the rows and n, parity of the columns of the pixel centres about the
    disc's centre, and step to the neighbour of `STEPS`. The centre that demands most lies opposite the step.
    """
    excess = np.ones((2, largest + 1, 2, 5), np.int16)
    for a in range(int(np.sqrt(largest)) + 1):
        for b in range(int(np.sqrt(largest)) + 1):
            n = a * a + b * b + 1
            if n > largest:
                break
            demanded = excess[a & 1, n, b & 1]
            for k in range(len(STEPS)):
                down, right = STEPS[k]
                demanded[k] = max(demanded[k], 2 * (down * a + right * b) + down * down + right * right)
    table = excess.reshape(2, -1)
    for parity in range(2):
        for at in range(10, table.shape[1]):
            table[parity, at] = max(table[parity, at], table[parity, at - 10] - 1)
    return excess


@njit(cache=True, nogil=True, error_model="numpy")
def _directions(
    above: np.ndarray, below: np.ndarray, left: np.ndarray, right: np.ndarray, direction: np.ndarray
) -> None:
    """Fill in the step nearest to the gradient: 4 times its place in `STEPS`, + 2 upwards, + 1 leftwards."""
    for v in range(direction.size):
        gy, gx = below[v] - above[v], right[v] - left[v]
        ay, ax = abs(gy), abs(gx)
        k = np.int32(4 * ax >= ay) + np.int32(11 * ax >= 8 * ay) + np.int32(8 * ax > 11 * ay) + np.int32(ax > 4 * ay)
        direction[v] = np.int32(4) * k + np.int32(2) * np.int32(gy < 0) + np.int32(gx < 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _mark_uncontained(
    flat: np.ndarray, start: int, direction: np.ndarray, offset: np.ndarray, excess: np.ndarray, lone: np.ndarray
) -> None:
    """Mark the discs from position `start` on that the neighbour nearest to the gradient does not contain.

    Places are unsigned, so that the compiler looks up many at a time.
    """
    for v in range(direction.size):
        n, code = flat[np.uint32(start + v)], direction[v]
        larger = flat[np.uint32(start + v + offset[np.uint32(code)])]
        lone[v] = (n > 0) & (larger - n < excess[np.uint32(10 * n + 5 * ((v + 1) & 1) + (code >> 2))])


@njit(cache=True, nogil=True, error_model="numpy")
def _uncontained(squared: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Return the flat positions of the discs that no disc looked at contains: three neighbours nearest to the gradient.

    Large discs are also compared with discs farther along the gradient: their table would need many more steps.
    """
    rows, columns = squared.shape
    flat, table = squared.ravel(), excess.reshape(2, -1)
    roots = np.sqrt(np.arange(excess.shape[1])).astype(np.int32)
    found, count = np.empty(flat.size, np.int32), 0
    offset = np.empty(20, np.int32)
    for k, (a, b) in enumerate(STEPS):
        for turn in range(4):
            offset[4 * k + turn] = (a if turn < 2 else -a) * columns + (b if turn % 2 == 0 else -b)
    inner = slice(_MARGIN, columns - _MARGIN)
    direction, lone = np.empty(columns - 2 * _MARGIN, np.int32), np.empty(columns - 2 * _MARGIN, np.bool_)
    for u in range(_MARGIN, rows - _MARGIN):
        left, right = squared[u, _MARGIN - 1 : -_MARGIN - 1], squared[u, _MARGIN + 1 : columns - _MARGIN + 1]
        _directions(squared[u - 1, inner], squared[u + 1, inner], left, right, direction)
        _mark_uncontained(flat, u * columns + _MARGIN, direction, offset, table[(u + 1) & 1], lone)
        for v in range(lone.size):
            if not lone[v]:
                continue
            at, k, turn = u * columns + v + _MARGIN, direction[v] >> 2, direction[v] & 3
            n = flat[at]
            demanded = excess[(u + 1) & 1, n, (v + 1) & 1]
            near = k - 1 if k > 0 else 1
            if flat[at + offset[4 * near + turn]] - n >= demanded[near]:
                continue
            near = k + 1 if k < 4 else 3
            if flat[at + offset[4 * near + turn]] - n >= demanded[near]:
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
    """Return the flat positions from the largest disc down."""
    flat = squared.ravel()
    place = np.zeros(largest + 2, np.int64)
    for at in centres:
        place[largest - flat[at] + 1] += 1
    for n in range(1, largest + 2):
        place[n] += place[n - 1]
    ordered = np.empty_like(centres)
    for at in centres:
        ordered[place[largest - flat[at]]] = at
        place[largest - flat[at]] += 1
    return ordered
