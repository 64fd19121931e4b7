"""Numbers by first occurrence: whatever things were called before, and whether or not there are places without one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sodalite.segment.numbering import numbered_as_met


@given(st.lists(st.integers(0, 6), max_size=30), st.permutations(range(1, 7)))
def test_former_names_leave_no_trace(labels: list[int], names: list[int]) -> None:
    """Numbers rise by one as they first occur, 0 stays, and other names give the same."""
    table = np.array([0, *names])
    found = numbered_as_met(np.array(labels, dtype=np.int64))
    assert np.array_equal(found, numbered_as_met(table[labels] if labels else np.zeros(0, np.int64)))
    met = list(dict.fromkeys(label for label in labels if label))
    assert found.tolist() == [met.index(label) + 1 if label else 0 for label in labels]
