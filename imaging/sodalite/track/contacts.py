"""Who borders on whom in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Contacts(NamedTuple):
    """Who borders on whom in one step.

    Attributes
    ----------
    share
        ``(labels + 1, labels + 1)`` share of each grain's outline, frame left out, that each other grain has.
    pairs
        ``(m, 2)`` labels of grains that touch, the smaller first.
    """

    share: csr_array
    pairs: np.ndarray


def find_contacts(closed: np.ndarray, highest: int) -> Contacts:
    """Return the contacts of grains, ``(rows, columns)`` with labels up to `highest`, 0 = none."""
    from scipy.sparse import csr_array

    closed = closed.astype(np.int64)
    ends = []
    for one, other in ((closed[1:], closed[:-1]), (closed[:, 1:], closed[:, :-1])):
        meet = (one != other) & (one > 0) & (other > 0)
        ends.append(np.stack((np.minimum(one[meet], other[meet]), np.maximum(one[meet], other[meet]))))
    low, high = np.concatenate(ends, axis=1)
    codes, edges = np.unique(low * (highest + 1) + high, return_counts=True)
    pairs = np.column_stack((codes // (highest + 1), codes % (highest + 1)))
    row, column = np.concatenate((pairs, pairs[:, ::-1])).T
    length = np.tile(edges, 2)
    share = csr_array(
        (length / np.bincount(row, length, highest + 1)[row], (row, column)), shape=(highest + 1, highest + 1)
    )
    return Contacts(share, pairs)
