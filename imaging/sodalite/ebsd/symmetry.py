"""Disorientation under crystal symmetry: closed forms that need neither arccos nor a loop over pairs of operators.

For a misorientation ``m = q2 * conj(q1)`` the disorientation angle is ``2 acos(max |Re(s * m)|)`` over the proper
operators ``s``: operators on both sides are not needed, because the scalar part of ``s1 * m * s2`` is that of
``(s2 * s1) * m``. Each proper crystallographic group holds, with an operator, every other with the same absolute
components (up to sign), so that the maximum is that of a few linear forms with coefficients ``|s|`` in ``|m|``: eleven
for 432 (Grimmer, Acta Cryst. A30 (1974) 685, 10.1107/S0567739474001719), eight for 622, one without symmetry.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd.phase import PROPER_GROUP, products, proper_operators
from sodalite.errors import MeasurementError

GENERAL, HEXAGONAL, CUBIC = 0, 1, 2
"""Which closed form a group has of its own: 622 and 432 are compared without going through their linear forms."""

_SAME = 1e-7


class SymmetryTable(NamedTuple):
    """The linear forms of several phases; entry k belongs to phase id k, entry 0 to points that are not indexed.

    Attributes
    ----------
    forms
        ``(phases + 1, most, 4)`` float64, the identity first, padded with zeros (which never are the maximum).
    counts
        ``(phases + 1,)`` int64: how many forms each phase has.
    kinds
        ``(phases + 1,)`` int64: `GENERAL`, `HEXAGONAL` or `CUBIC`.
    near
        ``(phases + 1,)`` float64: with a scalar part above this, no operator brings the rotation nearer to none.
    """

    forms: np.ndarray
    counts: np.ndarray
    kinds: np.ndarray
    near: np.ndarray


def operators_of(group: str | np.ndarray) -> np.ndarray:
    """Return the operators of a group, ``(order, 4)`` float64.

    Parameters
    ----------
    group
        Name of a proper point group (1, 2, 222, 4, 422, 3, 32, 312, 6, 622, 23, 432; 312 has its twofold axes along y
        where 32 has them along x) or of a Laue group, or the operators themselves.

    Raises
    ------
    MeasurementError
        When the name is none of these.
    """
    if not isinstance(group, str):
        return np.asarray(group, dtype=np.float64).reshape(-1, 4)
    name = PROPER_GROUP.get(group, group)
    if name != "312" and name not in PROPER_GROUP.values():
        raise MeasurementError(f"groups: {group!r} is no point group; use one of {', '.join(PROPER_GROUP.values())}.")
    return proper_operators("32", twofold_along_y=True) if name == "312" else proper_operators(name)


def linear_forms(group: str | np.ndarray) -> np.ndarray:
    """Return the linear forms whose maximum is the cosine of half the disorientation, ``(k, 4)`` float64.

    Raises
    ------
    MeasurementError
        When the operators are not closed under the signs of their components, as in a turned setting.
    """
    operators = operators_of(group)
    signs = np.array([[1, a, b, c] for a in (1, -1) for b in (1, -1) for c in (1, -1)], dtype=np.float64)
    flipped = (np.abs(operators)[:, None, :] * signs).reshape(-1, 4)
    if np.abs(flipped @ operators.T).max(axis=1).min() < 1 - _SAME:
        raise MeasurementError(
            "groups: the operators are those of no proper point group with its axes along x, y and z; "
            "use the operators of the phase."
        )
    _, first = np.unique(np.abs(operators).round(6), axis=0, return_index=True)
    forms = np.abs(operators[np.sort(first)])
    return forms[np.argsort(-forms[:, 0], kind="stable")]


def symmetry_table(groups: tuple[str | np.ndarray, ...]) -> SymmetryTable:
    """Return the linear forms of the phases 1, 2, ... whose proper groups are given.

    Raises
    ------
    MeasurementError
        When one of them is no proper point group.
    """
    return _table(tuple(operators_of(group).tobytes() for group in groups))


@lru_cache(maxsize=32)
def _table(groups: tuple[bytes, ...]) -> SymmetryTable:
    """Return the table of operators given as bytes, which can be looked up."""
    operators = [np.frombuffer(group, dtype=np.float64).reshape(-1, 4) for group in groups]
    each = [np.array([[1.0, 0.0, 0.0, 0.0]]), *map(linear_forms, operators)]
    forms = np.zeros((len(each), max(map(len, each)), 4))
    kinds = np.zeros(len(each), dtype=np.int64)
    near = np.zeros(len(each))
    special = {HEXAGONAL: linear_forms("622"), CUBIC: linear_forms("432")}
    for number, own in enumerate(each):
        forms[number, : len(own)] = own
        for kind, known in special.items():
            if own.shape == known.shape and np.allclose(own[np.lexsort(own.T)], known[np.lexsort(known.T)]):
                kinds[number] = kind
        # a rotation by less than half the smallest one of the group is its own nearest equivalent
        smallest = 2 * math.acos(min(1.0, float(own[1:, 0].max()))) if len(own) > 1 else 2 * math.pi
        near[number] = math.cos(smallest / 4)
    return SymmetryTable(forms, np.array([len(own) for own in each]), kinds, near)


@njit(cache=True, nogil=True)
def relative(
    p0: float, p1: float, p2: float, p3: float, q0: float, q1: float, q2: float, q3: float
) -> tuple[float, float, float, float]:
    """Return the absolute components of ``q * conj(p)``.

    It takes numbers, for a row handed to a function is counted as held: in a loop that takes longer than the angle.
    """
    w = q0 * p0 + q1 * p1 + q2 * p2 + q3 * p3
    x = -q0 * p1 + q1 * p0 - q2 * p3 + q3 * p2
    y = -q0 * p2 + q2 * p0 - q3 * p1 + q1 * p3
    z = -q0 * p3 + q3 * p0 - q1 * p2 + q2 * p1
    return abs(w), abs(x), abs(y), abs(z)


@njit(cache=True, nogil=True)
def cosine_half(p: np.ndarray, q: np.ndarray, forms: np.ndarray, count: int) -> float:
    """Return the cosine of half the disorientation of two unit quaternions."""
    w, x, y, z = relative(p[0], p[1], p[2], p[3], q[0], q[1], q[2], q[3])
    best = w
    for k in range(1, count):
        best = max(best, forms[k, 0] * w + forms[k, 1] * x + forms[k, 2] * y + forms[k, 3] * z)
    return best


@njit(cache=True, nogil=True)
def angle_rad(p: np.ndarray, q: np.ndarray, forms: np.ndarray, count: int, near: float) -> float:
    """Return the disorientation of two quaternions in radians, without cancellation at small angles."""
    w, x, y, z = relative(p[0], p[1], p[2], p[3], q[0], q[1], q[2], q[3])
    if w >= near:
        return twice_arctangent(x * x + y * y + z * z, w)
    best, at = w, 0
    for k in range(1, count):
        scalar = forms[k, 0] * w + forms[k, 1] * x + forms[k, 2] * y + forms[k, 3] * z
        if scalar > best:
            best, at = scalar, k
    a, b, c, d = forms[at, 0], forms[at, 1], forms[at, 2], forms[at, 3]
    i = a * x - w * b - c * z + d * y
    j = a * y - w * c - d * x + b * z
    k3 = a * z - w * d - b * y + c * x
    return twice_arctangent(i * i + j * j + k3 * k3, best)


@njit(cache=True, inline="always")
def twice_arctangent(squared: float, scalar: float) -> float:
    """Return ``2 atan2(sqrt(squared), scalar)``; below 0.1 by its series, exact to the last bits and much faster."""
    if squared >= 0.01 * scalar * scalar:
        return 2.0 * math.atan2(math.sqrt(squared), scalar)
    q = squared / (scalar * scalar)
    tail = 1.0 / 7 - q * (1.0 / 9 - q * (1.0 / 11 - q * (1.0 / 13 - q * (1.0 / 15))))
    return 2.0 * math.sqrt(q) * (1.0 - q * (1.0 / 3 - q * (1.0 / 5 - q * tail)))


@njit(cache=True, nogil=True)
def product(
    p0: float, p1: float, p2: float, p3: float, q0: float, q1: float, q2: float, q3: float
) -> tuple[float, float, float, float]:
    """Return ``p * q``."""
    w = p0 * q0 - p1 * q1 - p2 * q2 - p3 * q3
    x = p0 * q1 + p1 * q0 + p2 * q3 - p3 * q2
    y = p0 * q2 + p2 * q0 + p3 * q1 - p1 * q3
    z = p0 * q3 + p3 * q0 + p1 * q2 - p2 * q1
    return w, x, y, z


@njit(cache=True, nogil=True)
def nearest_operator(reference: np.ndarray, q: np.ndarray, operators: np.ndarray) -> int:
    """Return the place of the operator ``s`` for which ``s * q`` is nearest to `reference`, whatever its sign."""
    w, x, y, z = product(q[0], q[1], q[2], q[3], reference[0], -reference[1], -reference[2], -reference[3])
    best, at = abs(w), 0
    for k in range(1, operators.shape[0]):
        scalar = abs(operators[k, 0] * w - operators[k, 1] * x - operators[k, 2] * y - operators[k, 3] * z)
        if scalar > best:
            best, at = scalar, k
    return at


@njit(cache=True, nogil=True)
def nearest_equivalent(
    reference: np.ndarray, q: np.ndarray, operators: np.ndarray, near: float, out: np.ndarray
) -> None:
    """Write into `out` the equivalent ``s * q`` (and its sign) that is nearest to `reference`."""
    p0, p1, p2, p3 = reference[0], reference[1], reference[2], reference[3]
    q0, q1, q2, q3 = q[0], q[1], q[2], q[3]
    if abs(p0 * q0 + p1 * q1 + p2 * q2 + p3 * q3) < near:
        s = nearest_operator(reference, q, operators)
        q0, q1, q2, q3 = product(operators[s, 0], operators[s, 1], operators[s, 2], operators[s, 3], q0, q1, q2, q3)
    sign = 1.0 if p0 * q0 + p1 * q1 + p2 * q2 + p3 * q3 >= 0 else -1.0
    out[0], out[1], out[2], out[3] = sign * q0, sign * q1, sign * q2, sign * q3


def special_variants(axis: tuple[float, float, float], angle_deg: float, group: str | np.ndarray) -> np.ndarray:
    """Return all rotations equivalent to one misorientation, ``(k, 4)`` float64, each up to sign once.

    They are ``s1 * m * s2`` and ``s1 * conj(m) * s2`` over the operators of both crystals, which are of one phase and
    may be exchanged.

    Parameters
    ----------
    axis
        In Cartesian crystal axes, of any length.
    angle_deg
        Angle of the misorientation.
    group
        As in `operators_of`.
    """
    operators = operators_of(group)
    half = math.radians(angle_deg) / 2
    vector = math.sin(half) * np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    both = np.array([[math.cos(half), *vector], [math.cos(half), *-vector]])
    variants = products(products(operators[:, None, None], both[:, None]), operators).reshape(-1, 4)
    leading = np.sign(np.where(np.abs(variants) > _SAME, variants, 0.0))
    first = np.take_along_axis(leading, (leading != 0).argmax(axis=1)[:, None], axis=1)
    _, index = np.unique((variants * first).round(6) + 0.0, axis=0, return_index=True)
    return variants[index]


@njit(cache=True, nogil=True)
def special_deviations(
    quaternions: np.ndarray, first: np.ndarray, second: np.ndarray, variants: np.ndarray, out: np.ndarray
) -> None:
    """Write into `out` the angle, rad, between the misorientation of each pair and the nearest of `variants`."""
    for i in range(first.size):
        p, q = quaternions[first[i]], quaternions[second[i]]
        w = q[0] * p[0] + q[1] * p[1] + q[2] * p[2] + q[3] * p[3]
        x = -q[0] * p[1] + q[1] * p[0] - q[2] * p[3] + q[3] * p[2]
        y = -q[0] * p[2] + q[2] * p[0] - q[3] * p[1] + q[1] * p[3]
        z = -q[0] * p[3] + q[3] * p[0] - q[1] * p[2] + q[2] * p[1]
        best = 0.0
        for k in range(variants.shape[0]):
            best = max(best, abs(variants[k, 0] * w + variants[k, 1] * x + variants[k, 2] * y + variants[k, 3] * z))
        out[i] = 2.0 * math.acos(min(1.0, best))
