"""Sets of points as bits of 64-bit words, 64 points a word: counted and walked through without a look at each point."""

from __future__ import annotations

import numpy as np
from numba import njit

_ONE = np.uint64(1)
_EACH_BYTE = np.uint64(0x0101010101010101)
_GATHER = np.uint64(0x0102040810204080)
"""Times a word of eight bytes 0 or 1, it has byte k as bit 56 + k."""


@njit(cache=True, nogil=True, forceinline=True)
def packed(octets: np.ndarray, number: int, stop: int) -> np.uint64:
    """Return the word of places ``64 number ... 64 number + 63`` of bytes 0 or 1; bits from place `stop` on are 0.

    Parameters
    ----------
    octets
        ``(n,)`` uint64, eight bytes each.
    """
    word = np.uint64(0)
    first = np.uint64(8 * number)
    for k in range(8):
        word |= ((octets[first + np.uint64(k)] * _GATHER) >> np.uint64(56)) << np.uint64(8 * k)
    return word & before(number, stop)


@njit(cache=True, nogil=True, forceinline=True)
def before(number: int, stop: int) -> np.uint64:
    """Return the word of places ``64 number ... 64 number + 63`` whose bits before place `stop` are set."""
    left = stop - 64 * number
    return ~np.uint64(0) if left >= 64 else (_ONE << np.uint64(left)) - _ONE


@njit(cache=True, nogil=True, forceinline=True)
def count(word: np.uint64) -> int:
    """Return how many bits of a word are set; compilers know these lines as one instruction."""
    word -= (word >> _ONE) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int(np.int64((word * _EACH_BYTE) >> np.uint64(56)))


@njit(cache=True, nogil=True, forceinline=True)
def lowest(word: np.uint64) -> int:
    """Return the number of the lowest bit that is set."""
    return count((word & (~word + _ONE)) - _ONE)


@njit(cache=True, nogil=True, forceinline=True)
def count_to(word: np.uint64, number: int) -> int:
    """Return how many bits of a word are set up to bit `number`, which counts too."""
    return count(word & ((np.uint64(2) << np.uint64(number)) - _ONE))
