"""What EMSphInx means by its phase numbers, which count from 0, and by points of nothing but zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_INDEXED = 255
_JUDGED = ("iq", "ci", "fit", "metric")
"""Qualities that are 0 where a point lies outside the region of interest; an electron signal goes on there."""


def counts_from_zero(phase: np.ndarray, described: int) -> bool:
    """Return whether the numbers of points, for `described` phases, can only be counted from 0."""
    numbers = phase[phase != _NOT_INDEXED]
    return bool((numbers == 0).any()) and int(numbers.max()) < described


def phases_from_one(phase: np.ndarray) -> np.ndarray:
    """Return phase numbers counted from 1, 0 where EMSphInx (255) or a damaged count has none.

    Parameters
    ----------
    phase
        ``(n,)`` integers counted from 0.
    """
    indexed = (phase >= 0) & (phase != _NOT_INDEXED)
    return np.where(indexed, phase.astype(np.int32) + 1, 0).astype(np.int16)


def left_out(euler: np.ndarray, quality: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which points lie outside the region that was indexed, ``(n,)`` bool.

    EMSphInx writes them as phase 0 at the angles (0, 0, 0). Such an orientation may also be measured, so every quality
    must be 0 as well, and a file without any has none of these points.

    Parameters
    ----------
    euler
        ``(3, n)`` angles.
    quality
        Name -> ``(n,)``.
    """
    judged = [quality[name] == 0 for name in _JUDGED if name in quality]
    if not judged:
        return np.zeros(euler.shape[1], dtype=bool)
    return np.asarray(~euler.any(axis=0) & np.logical_and.reduce(judged))
