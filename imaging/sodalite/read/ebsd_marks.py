"""Which points are not indexed, and phase numbers counted from 1: single passes over the columns in compiled code."""

from __future__ import annotations

import numba
import numpy as np

_FOUR_PI = 4 * np.pi
_BEYOND_RADIANS = _FOUR_PI + 0.01


@numba.njit(cache=True)
def mark_unindexed(
    phi1: np.ndarray, tilt: np.ndarray, phi2: np.ndarray, confidence: np.ndarray, mark: np.ndarray
) -> int:
    """Set `mark` where an angle is not finite, the last two are 4 pi (TSL, five digits), or CI is at most -1.

    `confidence` may be empty. Returns how many points have an angle that no radian reaches.
    """
    beyond = 0
    for k in range(phi1.size):
        if not np.isfinite(phi1[k] + tilt[k] + phi2[k]):
            mark[k] = True
        if abs(tilt[k] - _FOUR_PI) < 1e-3 and abs(phi2[k] - _FOUR_PI) < 1e-3:
            mark[k] = True
        if max(abs(phi1[k]), abs(tilt[k]), abs(phi2[k])) > _BEYOND_RADIANS:
            beyond += 1
    for k in range(confidence.size):
        if confidence[k] <= -0.999:
            mark[k] = True
    return beyond


@numba.njit(cache=True)
def numbers_seen(raw: np.ndarray, low: int, seen: np.ndarray) -> None:
    """Set ``seen[number - low]`` for every number that occurs."""
    for number in raw:
        seen[number - low] = True


@numba.njit(cache=True)
def renumber(raw: np.ndarray, low: int, numbers: np.ndarray, mark: np.ndarray, phase_id: np.ndarray) -> None:
    """Write ``numbers[raw - low]``, or 0 where marked, into `phase_id`."""
    for k in range(raw.size):
        phase_id[k] = 0 if mark[k] else numbers[raw[k] - low]
