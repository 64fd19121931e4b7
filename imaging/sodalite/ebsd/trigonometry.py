"""Sines and cosines of many angles at once: branch-free, so that compilers work on several points at a time.

Libraries take the sine of one angle after the other, which took longer than all the rest of turning Euler angles into
quaternions. Here a multiple of a quarter turn is taken off, and the Taylor series of what is left is summed to the last
bit that counts: 0.785^17 / 17! is 5e-17.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LARGEST_RAD = 1e5
"""Beyond, taking off quarter turns costs digits."""

_BLOCK = 512
_QUARTERS = 2 / math.pi
_QUARTER_HIGH = float.fromhex("0x1.921fb54400000p+0")
_QUARTER_LOW = float.fromhex("0x1.0b4611a626331p-34")
"""A quarter turn in two parts, the first of 33 bits: whole multiples of it are exact up to `LARGEST_RAD`."""

_S3, _S5, _S7, _S9 = (1 / math.factorial(n) for n in (3, 5, 7, 9))
_S11, _S13, _S15 = (1 / math.factorial(n) for n in (11, 13, 15))
_C4, _C6, _C8, _C10 = (1 / math.factorial(n) for n in (4, 6, 8, 10))
_C12, _C14, _C16 = (1 / math.factorial(n) for n in (12, 14, 16))


@njit(cache=True, inline="always")
def sine_cosine(angle_rad: float) -> tuple[float, float]:
    """Return sine and cosine to 2e-16, for compiled callers; up to `LARGEST_RAD`."""
    turns = math.floor(angle_rad * _QUARTERS + 0.5)
    rest = (angle_rad - turns * _QUARTER_HIGH) - turns * _QUARTER_LOW
    z = rest * rest
    odd = z * (_S3 - z * (_S5 - z * (_S7 - z * (_S9 - z * (_S11 - z * (_S13 - z * _S15))))))
    even = z * z * (_C4 - z * (_C6 - z * (_C8 - z * (_C10 - z * (_C12 - z * (_C14 - z * _C16))))))
    sine, cosine = rest - rest * odd, 1.0 - (0.5 * z - even)
    quarter = turns - 4.0 * math.floor(0.25 * turns)
    crossed = quarter == 1.0 or quarter == 3.0
    first, second = (cosine, sine) if crossed else (sine, cosine)
    return (-first if quarter >= 2.0 else first), (-second if quarter == 1.0 or quarter == 2.0 else second)


@njit(cache=True, nogil=True)
def write_sines(angles_rad: np.ndarray, sines: np.ndarray, cosines: np.ndarray) -> None:
    """Write the sines and cosines of angles, all ``(n,)`` float64."""
    for i in range(angles_rad.size):
        sines[i], cosines[i] = sine_cosine(angles_rad[i])


@njit(cache=True, nogil=True)
def write_quaternions(euler_rad: np.ndarray, quaternions: np.ndarray) -> None:
    """Write the conjugates of Bunge's rotations, scalar first and not negative; ``(n, 3)`` and ``(n, 4)`` float64."""
    half = np.zeros((3, _BLOCK))
    sines, cosines = np.empty((3, _BLOCK)), np.empty((3, _BLOCK))
    for start in range(0, len(euler_rad), _BLOCK):
        count = min(_BLOCK, len(euler_rad) - start)
        for k in range(3):
            for i in range(count):
                half[k, i] = 0.5 * euler_rad[start + i, k]
            write_sines(half[k], sines[k], cosines[k])
        s1, s, s2 = sines[0], sines[1], sines[2]
        c1, c, c2 = cosines[0], cosines[1], cosines[2]
        for i in range(count):
            w, z = c[i] * (c1[i] * c2[i] - s1[i] * s2[i]), c[i] * (s1[i] * c2[i] + c1[i] * s2[i])
            x, y = s[i] * (c1[i] * c2[i] + s1[i] * s2[i]), s[i] * (s1[i] * c2[i] - c1[i] * s2[i])
            sign = 1.0 if w < 0 else -1.0
            quaternions[start + i, 0] = abs(w)
            quaternions[start + i, 1] = sign * x
            quaternions[start + i, 2] = sign * y
            quaternions[start + i, 3] = sign * z
