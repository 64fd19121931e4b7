"""Which points are not indexed, and phase numbers counted from 1: single passes over the columns in compiled code."""

from __future__ import annotations

import numba
import numpy as np

_FOUR_PI = 4 * np.pi
_BEYOND_RADIANS = _FOUR_PI + 0.01


@numba.njit(cache=True)
def all_placed(x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether all positions are finite, and none so far off as the -1111111 that EDAX gives invalid points."""
    placed = True
    for k in range(x.size):
        placed &= (x[k] > -1e6) & (x[k] < np.inf) & (y[k] > -1e6) & (y[k] < np.inf)
    return placed


@numba.njit(cache=True)
def exceeds(values: np.ndarray, limit: float) -> bool:
    """Return whether any of ``(m, n)`` values is above a limit; the first that is ends the search."""
    for row in values:
        for value in row:
            if value > limit:
                return True
    return False


@numba.njit(cache=True)
def numbers_seen(raw: np.ndarray, low: int, seen: np.ndarray) -> None:
    """Set ``seen[number - low]`` for every number that occurs."""
    for number in raw:
        seen[number - low] = True


@numba.njit(cache=True)
def renumber(
    raw: np.ndarray,
    low: int,
    numbers: np.ndarray,
    euler: np.ndarray,
    confidence: np.ndarray,
    unindexed: np.ndarray,
    phase_id: np.ndarray,
) -> tuple[int, int]:
    """Write ``numbers[raw - low]`` into `phase_id`, or 0 where a point is not indexed.

    That is where it is marked so, an angle is not finite, the last two are 4 pi (TSL, five digits), or CI is at most
    -1. `confidence` and `unindexed` may be empty. Returns the number of points with an angle that no radian reaches,
    and of those that are indexed by these marks.
    """
    beyond = indexed = 0
    phi1, tilt, phi2 = euler
    for k in range(raw.size):
        off = not np.isfinite(phi1[k] + tilt[k] + phi2[k])
        off |= (abs(tilt[k] - _FOUR_PI) < 1e-3) & (abs(phi2[k] - _FOUR_PI) < 1e-3)
        if confidence.size:
            off |= confidence[k] <= -0.999
        if unindexed.size:
            off |= unindexed[k]
        beyond += max(abs(phi1[k]), abs(tilt[k]), abs(phi2[k])) > _BEYOND_RADIANS
        indexed += not off
        phase_id[k] = 0 if off else numbers[raw[k] - low]
    return beyond, indexed
