"""Which neighbouring points belong together: the disorientation test, many pairs at a time in single precision.

Points are four planes of float32, one a component, so that compilers turn these loops into instructions that compare
eight or sixteen pairs at once: 0.7 ns a pair of 432. To settle first what needs no symmetry does not pay: in grains of
600 points 5 pairs of 100 are left, and picking them takes longer. Pairs whose cosine lies within `GUARD` of the
threshold are left `UNSURE`, to be decided in double precision from the quaternions themselves: rounding never decides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import CUBIC, HEXAGONAL

if TYPE_CHECKING:
    from sodalite.ebsd.symmetry import SymmetryTable

    Planes = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

GUARD = 2e-6
"""Several times the error of the largest linear form in float32, whose terms are rounded to 2^-24 each."""

APART, TOGETHER, UNSURE = 0, 1, 2

_FAST = {"nnan", "ninf", "nsz", "contract"}  # lets max be one instruction and products be fused; GUARD covers both
_APART, _TOGETHER, _UNSURE = np.uint8(APART), np.uint8(TOGETHER), np.uint8(UNSURE)
_U = np.uint64  # unsigned places: no slices, whose owners are counted, nor places counted from the end
_HALF = np.float32(0.5)
_HALF_SQRT2 = np.float32(math.sqrt(0.5))
_HALF_SQRT3 = np.float32(math.sqrt(0.75))


@njit(cache=True, nogil=True)
def split(quaternions: np.ndarray, first: int, planes: Planes, start: int, stop: int, room: np.ndarray) -> None:
    """Write quaternions, ``(n, 4)`` floats, from point `first` on into places ``start .. stop - 1`` of the planes.

    They are rounded into `room`, four float32 a point or more, before they are parted: a loop that reads memory and
    does little else is fed a third faster.
    """
    flat = quaternions.reshape(-1)
    p0, p1, p2, p3 = planes
    piece = room.size // 4
    for begun in range(0, stop - start, piece):
        points = min(piece, stop - start - begun)
        source, target = _U(4 * (first + begun)), _U(start + begun)
        for k in range(4 * points):
            room[_U(k)] = flat[source + _U(k)]
        for k in range(points):
            at, place = _U(4 * k), target + _U(k)
            # all four are loaded before any is stored: else the compiler fears overlap and moves one at a time
            w, x, y, z = room[at], room[at + _U(1)], room[at + _U(2)], room[at + _U(3)]
            p0[place], p1[place], p2[place], p3[place] = w, x, y, z


@njit(cache=True, nogil=True)
def compare(
    planes: Planes,
    phases: np.ndarray,
    back: int,
    start: int,
    stop: int,
    bounds: tuple[float, float, float],
    table: SymmetryTable,
    only: int,
    cosines: np.ndarray,
    links: np.ndarray,
) -> bool:
    """Write into `links` whether points ``start .. stop - 1`` are apart from, unsure about or together with others.

    The other of a point stands `back` columns before it. Two points that are not indexed are together. Returns whether
    any pair is unsure.

    Parameters
    ----------
    planes, phases
        Four ``(columns,)`` float32 and ``(columns,)`` int16.
    bounds
        Cosine of half the threshold: less the guard, plus the guard, itself.
    only
        The phase of all points if known, else 0.
    cosines
        Room for a float32 a point.
    links
        uint8, at least one a column.
    """
    low, high = np.float32(bounds[0]), np.float32(bounds[1])
    if only:
        _write_cosines(planes, back, start, stop, table, only, cosines)
        return _mark_all(cosines, low, high, start, stop, links)
    own, other, inner, room = (
        phases[start - back : stop - back],
        phases[start:stop],
        links[start:stop],
        cosines[start:stop],
    )
    _mark_empty(own, other, inner)
    unsure = False
    lowest, highest = _range(own)
    for phase in range(max(1, lowest), highest + 1):
        _write_cosines(planes, back, start, stop, table, phase, cosines)
        unsure |= _mark(own, other, np.int16(phase), room, low, high, inner)
    return unsure


@njit(cache=True, nogil=True, forceinline=True)
def _write_cosines(
    planes: Planes, back: int, start: int, stop: int, table: SymmetryTable, phase: int, cosines: np.ndarray
) -> None:
    """Write the cosine of half the disorientation under the symmetry of a phase."""
    if table.kinds[phase] == CUBIC:
        _cubic_cosines(planes, back, start, stop, cosines)
    elif table.kinds[phase] == HEXAGONAL:
        _hexagonal_cosines(planes, back, start, stop, cosines)
    else:
        forms = table.forms[phase, : table.counts[phase]].astype(np.float32)
        _general_cosines(planes, back, start, stop, forms, cosines)


@njit(cache=True, nogil=True)
def _mark_all(cosines: np.ndarray, low: np.float32, high: np.float32, start: int, stop: int, links: np.ndarray) -> bool:
    """Write the links where all points are of one phase; return whether any is unsure."""
    seen = np.uint8(0)
    for c in range(start, stop):
        link = _link_of(cosines[_U(c)], low, high)
        links[_U(c)] = link
        seen |= link
    return seen & _UNSURE != 0


@njit(cache=True, nogil=True, forceinline=True)
def _link_of(cosine: np.float32, low: np.float32, high: np.float32) -> np.uint8:
    """Return the link of a cosine: chosen, for a sum of bytes is one of 64 bits and takes twice as long."""
    return _TOGETHER if cosine > high else (_UNSURE if cosine > low else _APART)


@njit(cache=True, nogil=True)
def _range(values: np.ndarray) -> tuple[int, int]:
    """Return the lowest and the highest phase, or an empty range; `min` and `max` take 1 s more to compile."""
    lowest, highest = 1, 0
    for k in range(values.size):
        value = int(values[k])
        lowest, highest = (min(lowest, value), max(highest, value)) if k else (value, value)
    return lowest, highest


@njit(cache=True, nogil=True)
def _mark_empty(own: np.ndarray, other: np.ndarray, links: np.ndarray) -> None:
    """Write that two points are together where neither is indexed, and apart elsewhere."""
    for c in range(links.size):
        links[c] = np.uint8((own[c] | other[c]) == 0)


@njit(cache=True, nogil=True)
def _mark(
    own: np.ndarray,
    other: np.ndarray,
    phase: np.int16,
    cosines: np.ndarray,
    low: np.float32,
    high: np.float32,
    links: np.ndarray,
) -> bool:
    """Add the links of the pairs that are both of one phase; return whether any is unsure."""
    seen = np.uint8(0)
    for c in range(links.size):
        same = (own[c] == phase) & (other[c] == phase)
        link = _link_of(cosines[c], low, high) if same else _APART
        links[c] |= link
        seen |= link
    return seen & _UNSURE != 0


@njit(cache=True, nogil=True, fastmath=_FAST)
def _cubic_cosines(planes: Planes, back: int, start: int, stop: int, cosines: np.ndarray) -> None:
    """Write the form of 432: the largest of a, (a + b) / sqrt 2 and half the sum, a and b the two largest."""
    for c in range(start, stop):
        w, x, y, z = _relative(planes, _U(c - back), _U(c))
        high_1, low_1, high_2, low_2 = max(w, x), min(w, x), max(y, z), min(y, z)
        a = max(high_1, high_2)
        b = max(min(high_1, high_2), max(low_1, low_2))
        cosines[_U(c)] = max(max(a, (a + b) * _HALF_SQRT2), (w + x + y + z) * _HALF)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _hexagonal_cosines(planes: Planes, back: int, start: int, stop: int, cosines: np.ndarray) -> None:
    """Write the form of 622: turns about the sixfold axis act on (w, z), half turns across it on (x, y)."""
    for c in range(start, stop):
        w, x, y, z = _relative(planes, _U(c - back), _U(c))
        a, b, d, e = max(w, z), min(w, z), max(x, y), min(x, y)
        about = max(a, a * _HALF_SQRT3 + b * _HALF)
        across = max(d, d * _HALF_SQRT3 + e * _HALF)
        cosines[_U(c)] = max(about, across)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _general_cosines(planes: Planes, back: int, start: int, stop: int, forms: np.ndarray, cosines: np.ndarray) -> None:
    """Write the largest of the linear forms of any group."""
    for k in range(forms.shape[0]):
        f, g, h, m = forms[k, 0], forms[k, 1], forms[k, 2], forms[k, 3]
        for c in range(start, stop):
            w, x, y, z = _relative(planes, _U(c - back), _U(c))
            scalar = f * w + g * x + h * y + m * z
            cosines[_U(c)] = scalar if k == 0 else max(cosines[_U(c)], scalar)


@njit(cache=True, nogil=True, fastmath=_FAST, forceinline=True)
def _relative(planes: Planes, i: np.uint64, j: np.uint64) -> tuple[float, float, float, float]:
    """Return the absolute components of ``q * conj(p)`` of the points p and q at places i and j.

    This is `symmetry.relative` in the arithmetic of this module.
    """
    p0, p1, p2, p3 = planes[0][i], planes[1][i], planes[2][i], planes[3][i]
    q0, q1, q2, q3 = planes[0][j], planes[1][j], planes[2][j], planes[3][j]
    w = q0 * p0 + q1 * p1 + q2 * p2 + q3 * p3
    x = q1 * p0 - q0 * p1 + q3 * p2 - q2 * p3
    y = q2 * p0 - q0 * p2 + q1 * p3 - q3 * p1
    z = q3 * p0 - q0 * p3 + q2 * p1 - q1 * p2
    return abs(w), abs(x), abs(y), abs(z)
