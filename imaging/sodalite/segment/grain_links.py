"""Which neighbouring points of two rows belong together: the disorientation test, row by row in single precision.

A row is four planes of float32, one a component, so that compilers turn these loops into instructions that compare
eight or sixteen pairs at once. Pairs whose cosine lies within `GUARD` of the threshold are left `UNSURE`, to be decided
in double precision from the quaternions themselves: rounding never decides.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import CUBIC, HEXAGONAL

if TYPE_CHECKING:
    from sodalite.ebsd.symmetry import SymmetryTable

    _Components = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

GUARD = 2e-6
"""Several times the error of the largest linear form in float32, whose terms are rounded to 2^-24 each."""

APART, UNSURE, TOGETHER = 0, 1, 2

_FAST = {"nnan", "ninf", "nsz", "contract"}  # lets max be one instruction and products be fused; GUARD covers both
_HALF = np.float32(0.5)
_HALF_SQRT2 = np.float32(math.sqrt(0.5))
_HALF_SQRT3 = np.float32(math.sqrt(0.75))


@njit(cache=True, nogil=True, forceinline=True)
def split_row(quaternions: np.ndarray, first: int, stop: int, node: np.ndarray, planes: np.ndarray) -> None:
    """Write the quaternions of one row as planes of their components.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` floats.
    first, stop
        The points of the row.
    node
        ``(n,)`` int64, node of each point; empty when the points fill the grid.
    planes
        ``(4, columns)`` float32, written where there are points.
    """
    columns = planes.shape[1]
    if node.size == 0:
        flat = quaternions.reshape(-1)[4 * first : 4 * stop]
        p0, p1, p2, p3 = planes[0], planes[1], planes[2], planes[3]
        for c in range(columns):
            # all four are loaded before any is stored: else the compiler fears overlap and moves one at a time
            w, x, y, z = flat[4 * c], flat[4 * c + 1], flat[4 * c + 2], flat[4 * c + 3]
            p0[c], p1[c], p2[c], p3[c] = w, x, y, z
        return
    for i in range(first, stop):
        for k in range(4):
            planes[k, node[i] % columns] = quaternions[i, k]


@njit(cache=True, nogil=True, forceinline=True)
def compare_rows(
    one: np.ndarray,
    one_phases: np.ndarray,
    offset: int,
    two: np.ndarray,
    two_phases: np.ndarray,
    bounds: tuple[float, float, float],
    table: SymmetryTable,
    only: int,
    links: np.ndarray,
) -> bool:
    """Write into `links` whether column ``c + offset`` of `one` and c of `two` are apart, unsure or together.

    Returns whether any is unsure.

    Parameters
    ----------
    one, two
        ``(4, columns)`` float32.
    one_phases, two_phases
        ``(columns,)`` int16.
    bounds
        Cosine of half the threshold: less the guard, plus the guard, itself.
    only
        The phase of all points if known, else 0.
    links
        ``(columns,)`` uint8, written.
    """
    first, stop = max(0, -offset), min(links.size, links.size - offset)
    p, q = _components(one, first + offset, stop + offset), _components(two, first, stop)
    own, other = one_phases[first + offset : stop + offset], two_phases[first:stop]
    low, high = np.float32(bounds[0]), np.float32(bounds[1])
    lowest, highest = (only, only) if only else _extremes(own, other)
    inner = links[first:stop]
    cosines = np.empty(inner.size, dtype=np.float32)
    links[:first] = APART
    links[stop:] = APART
    if lowest < highest or highest == 0:
        inner[:] = APART
    unsure = False
    for phase in range(max(1, lowest), highest + 1):
        if table.kinds[phase] == CUBIC:
            _cubic_cosines(p, q, cosines)
        elif table.kinds[phase] == HEXAGONAL:
            _hexagonal_cosines(p, q, cosines)
        else:
            _general_cosines(p, q, table.forms[phase, : table.counts[phase]].astype(np.float32), cosines)
        if lowest == highest:
            unsure = _mark_all(cosines, low, high, inner)
        else:
            unsure |= _mark(own, other, np.int16(phase), cosines, low, high, inner)
    return unsure


@njit(cache=True, nogil=True, forceinline=True)
def _extremes(own: np.ndarray, other: np.ndarray) -> tuple[int, int]:
    """Return the lowest and highest phase of two rows."""
    if own.size == 0:
        return 0, 0
    return min(own.min(), other.min()), max(own.max(), other.max())


@njit(cache=True, nogil=True, forceinline=True)
def _components(planes: np.ndarray, first: int, stop: int) -> _Components:
    """Return some columns of each plane; `planes[k, first:stop]` would not be known to lie in one piece."""
    return planes[0][first:stop], planes[1][first:stop], planes[2][first:stop], planes[3][first:stop]


@njit(cache=True, nogil=True, forceinline=True)
def _mark_all(cosines: np.ndarray, low: np.float32, high: np.float32, links: np.ndarray) -> bool:
    """Write the links where all points are of one phase; return whether any is unsure."""
    seen = np.uint8(0)
    for c in range(links.size):
        link = np.uint8(cosines[c] > low) + np.uint8(cosines[c] > high)
        links[c] = link
        seen |= link & np.uint8(UNSURE)
    return seen != 0


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
        same = np.uint8((own[c] == phase) & (other[c] == phase))
        link = same * (np.uint8(cosines[c] > low) + np.uint8(cosines[c] > high))
        links[c] |= link
        seen |= link & np.uint8(UNSURE)
    return seen != 0


@njit(cache=True, nogil=True, fastmath=_FAST)
def _cubic_cosines(one: _Components, two: _Components, cosines: np.ndarray) -> None:
    """Write the form of 432: the largest of a, (a + b) / sqrt 2 and half the sum, a and b the two largest."""
    p0, p1, p2, p3 = one
    q0, q1, q2, q3 = two
    for c in range(cosines.size):
        w, x, y, z = _relative(p0[c], p1[c], p2[c], p3[c], q0[c], q1[c], q2[c], q3[c])
        high_1, low_1, high_2, low_2 = max(w, x), min(w, x), max(y, z), min(y, z)
        a = max(high_1, high_2)
        b = max(min(high_1, high_2), max(low_1, low_2))
        cosines[c] = max(max(a, (a + b) * _HALF_SQRT2), (w + x + y + z) * _HALF)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _hexagonal_cosines(one: _Components, two: _Components, cosines: np.ndarray) -> None:
    """Write the form of 622: turns about the sixfold axis act on (w, z), half turns across it on (x, y)."""
    p0, p1, p2, p3 = one
    q0, q1, q2, q3 = two
    for c in range(cosines.size):
        w, x, y, z = _relative(p0[c], p1[c], p2[c], p3[c], q0[c], q1[c], q2[c], q3[c])
        a, b, d, e = max(w, z), min(w, z), max(x, y), min(x, y)
        about = max(a, a * _HALF_SQRT3 + b * _HALF)
        across = max(d, d * _HALF_SQRT3 + e * _HALF)
        cosines[c] = max(about, across)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _general_cosines(one: _Components, two: _Components, forms: np.ndarray, cosines: np.ndarray) -> None:
    """Write the largest of the linear forms of any group."""
    p0, p1, p2, p3 = one
    q0, q1, q2, q3 = two
    for k in range(forms.shape[0]):
        f, g, h, m = forms[k, 0], forms[k, 1], forms[k, 2], forms[k, 3]
        for c in range(cosines.size):
            w, x, y, z = _relative(p0[c], p1[c], p2[c], p3[c], q0[c], q1[c], q2[c], q3[c])
            scalar = f * w + g * x + h * y + m * z
            cosines[c] = scalar if k == 0 else max(cosines[c], scalar)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _relative(
    p0: float, p1: float, p2: float, p3: float, q0: float, q1: float, q2: float, q3: float
) -> tuple[float, float, float, float]:
    """Return the absolute components of the misorientation ``q * conj(p)``."""
    w = q0 * p0 + q1 * p1 + q2 * p2 + q3 * p3
    x = q1 * p0 - q0 * p1 + q3 * p2 - q2 * p3
    y = q2 * p0 - q0 * p2 + q1 * p3 - q3 * p1
    z = q3 * p0 - q0 * p3 + q2 * p1 - q1 * p2
    return abs(w), abs(x), abs(y), abs(z)
