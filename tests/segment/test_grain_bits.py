"""Bits of points: packed and counted as numpy does."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sodalite.segment.grain_bits import count, count_to, lowest, packed

WORDS = st.integers(1, 2**64 - 1).map(np.uint64)


@given(st.lists(st.integers(0, 1), min_size=128, max_size=128), st.integers(0, 1), st.integers(1, 64))
def test_packed_bits_are_the_bytes_up_to_the_end(points: list[int], number: int, kept: int) -> None:
    """Bytes from the end on, whatever they hold, are no bits."""
    octets = np.array(points, dtype=np.uint8)
    expected = octets[64 * number : 64 * number + kept]
    word = packed(octets.view(np.uint64), number, 64 * number + kept)
    assert np.array_equal(np.unpackbits(np.array([word]).view(np.uint8), bitorder="little")[:kept], expected)
    assert count(np.uint64(word)) == expected.sum()


@given(WORDS, st.integers(0, 63))
def test_counts_are_those_of_python(word: np.uint64, number: int) -> None:
    """Numbers of set bits, of those up to one, and the lowest are Python's."""
    assert count(word) == int(word).bit_count()
    assert count_to(word, number) == (int(word) & ((2 << number) - 1)).bit_count()
    assert lowest(word) == (int(word) & -int(word)).bit_length() - 1
