"""Numbers of labelled things that do not hang on how they were found."""

from __future__ import annotations

import numpy as np


def numbered_as_met(labels: np.ndarray) -> np.ndarray:
    """Return labels ``(n,)`` uint32 numbered from 1 as they first occur; 0 stays 0.

    Parameters
    ----------
    labels
        ``(n,)`` integers, 0 = none.
    """
    names, first, which = np.unique(np.concatenate(([0], labels)), return_index=True, return_inverse=True)
    rank = np.empty(names.size, dtype=np.uint32)
    rank[np.argsort(first)] = np.arange(names.size)
    return rank[which[1:]]
