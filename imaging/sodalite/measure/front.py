"""A growing front as numbers: thickness, roughness, protrusions, and how fast it advances."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import student_multiplier
from sodalite.measure.region import stretches
from sodalite.measure.roughness import (
    line_um,
    profile_interval,
    roughness_profile_um,
    rq_um,
    spread_interval,
)

_ROBUST_SD = 1.4826
_STANDS_OUT_SD = 3.0
_ROUNDS = 6
_WAVE_SHARE = 0.1
"""Standard deviation of the mean that follows the front under its protrusions, relative to its length."""


class Advance(NamedTuple):
    """A slope over time with the ends of its 95 % interval, the number of frames and what is to be said of it."""

    value: float
    low: float
    high: float
    n: int
    note: str = ""


class Protrusion(NamedTuple):
    """A place where a front stands out: its highest point along x, height, width at half height, and their ratio.

    Columns from `start` to before `stop` are above half of its height.
    """

    x_um: float
    height_um: float
    width_um: float
    aspect: float
    start: int
    stop: int


class FrontShape(NamedTuple):
    """Heights of a front about its straight line: Rq with its interval, and the highest point; NaN when withheld."""

    rq_um: float
    low: float
    high: float
    largest_um: float
    note: str


def front_shape(front_um: np.ndarray, step_um: float, *, cutoff_um: float) -> FrontShape:
    """Return Rq of a front and its largest protrusion above its straight line, waves above the cut-off removed.

    Parameters
    ----------
    front_um
        ``(x,)`` depth of the front, larger into the electrolyte; NaN where it is not seen.
    step_um
        Width of a column.
    cutoff_um
        Longest wave that counts as roughness (ISO 16610-21).
    """
    heights = roughness_profile_um(front_um, step_um, cutoff_um=cutoff_um)
    if np.isfinite(heights).sum() < 3:
        return FrontShape(math.nan, math.nan, math.nan, math.nan, "the front is seen in fewer than three columns")
    rq = rq_um(heights)
    influence = (heights - np.nanmean(heights)) ** 2 / (2 * rq) if rq > 0 else np.zeros_like(heights)
    interval = spread_interval(rq, heights, influence, fitted=2)
    return FrontShape(rq, interval.low, interval.high, float(np.nanmax(heights)), interval.note)


def find_protrusions(front_um: np.ndarray, step_um: float, *, least_um: float) -> list[Protrusion]:
    """Return the places where a front stands out of itself, in order along x.

    The front without them is its straight line and its long waves, a Gaussian mean over a tenth of its length, formed
    again and again without what stands above it by more than three robust standard deviations; a protrusion is a run
    above it by that much and by `least_um`. Against the line alone a deposit that is a few pixels thicker in the middle
    hides three of four protrusions twice as high. Parts of a run on both sides of what is not seen are one protrusion.

    Parameters
    ----------
    front_um
        ``(x,)`` depth of the front, larger into the electrolyte; NaN where it is not seen.
    step_um
        Width of a column.
    least_um
        Least height of a protrusion, such as three pixels.
    """
    height, limit = _above_front(front_um, least_um)
    found = []
    for start, stop in stretches(~(height <= limit)):
        if np.isnan(height[start:stop]).all():
            continue
        top = start + int(np.nanargmax(height[start:stop]))
        left, right = _upper_half(height, top)
        high, width = float(height[top]), (right - left) * step_um
        found.append(Protrusion((top + 0.5) * step_um, high, width, high / width, left, right))
    return found


def _above_front(front_um: np.ndarray, least_um: float) -> tuple[np.ndarray, float]:
    """Return heights above the front without protrusions, and the height from which one counts."""
    kept, ground = front_um, line_um(front_um)
    limit = least_um
    for _ in range(_ROUNDS):
        known = (front_um - ground)[np.isfinite(kept)]
        if not known.size:
            break
        middle = float(np.median(known))
        limit = max(least_um, _STANDS_OUT_SD * _ROBUST_SD * float(np.median(np.abs(known - middle))))
        kept = np.where(front_um - ground > limit, np.nan, front_um)
        ground = _waves_um(kept, ground)
    return front_um - ground, limit


def _waves_um(kept_um: np.ndarray, ground_um: np.ndarray) -> np.ndarray:
    """Return the long waves of a front where it is known, continued by the former ones where it is not."""
    line = line_um(kept_um)
    if not np.isfinite(line).all():
        return ground_um
    known = np.isfinite(kept_um)
    sigma = _WAVE_SHARE * kept_um.size
    rest, weight = np.where(known, kept_um - line, 0.0), known.astype(np.float64)
    total, share = (gaussian_filter1d(part, sigma, mode="constant") for part in (rest, weight))
    return line + total / np.maximum(share, 1e-9)


def _upper_half(height: np.ndarray, top: int) -> tuple[int, int]:
    """Return the first column of the run around `top` that is above half of its height, and the first beyond it."""
    above = np.nan_to_num(height, nan=-math.inf) > height[top] / 2
    left = top - int(np.argmin(above[top::-1])) if not above[: top + 1].all() else -1
    right = top + int(np.argmin(above[top:])) if not above[top:].all() else above.size
    return left + 1, right


def growth_rate_um_min(thickness_um: np.ndarray, times_min: np.ndarray, *, scale_relative_sd: float) -> Advance:
    """Return how fast the mean thickness grows, um/min, as the slope of the least-squares line over time.

    Three parts of the interval add in quadrature: scatter about the line (Student, n - 2), the variation of the slope
    from column to column with their correlation (`profile_interval`), and the pixel size.

    Parameters
    ----------
    thickness_um
        ``(frame, x)``; NaN where the front is not seen.
    times_min
        ``(frame,)``, rising.
    scale_relative_sd
        Standard uncertainty of the pixel size, relative.

    Raises
    ------
    MeasurementError
        When times and frames differ in number.
    """
    if thickness_um.shape[0] != times_min.size:
        raise MeasurementError(f"times_min: {times_min.size} times for {thickness_um.shape[0]} frames; give one each.")
    count = times_min.size
    if count < 3:
        return Advance(math.nan, math.nan, math.nan, count, f"{count} frames are too few for a rate; three are needed")
    seen = np.isfinite(thickness_um).all(axis=0)
    if not seen.any():
        return Advance(math.nan, math.nan, math.nan, count, "no column shows the front in every frame")
    if not np.ptp(thickness_um[:, seen], axis=0).any():
        return Advance(math.nan, math.nan, math.nan, count, "the front is where it was in all frames: no growth shows")
    time = times_min - times_min.mean()
    weight = time / float(time @ time)
    mean = thickness_um[:, seen].mean(axis=1)
    slope = float(weight @ mean)
    residual = mean - mean.mean() - slope * time
    scatter = student_multiplier(count - 2) * math.sqrt(float(residual @ residual) / (count - 2) / float(time @ time))
    slopes = np.where(seen, weight @ np.where(seen, thickness_um, 0.0), np.nan)
    along = profile_interval(slope, slopes)
    if math.isnan(along.low):
        return Advance(slope, math.nan, math.nan, count, along.note)
    scale = student_multiplier(math.inf) * scale_relative_sd * slope
    half = math.hypot(scatter, scale, (along.high - along.low) / 2)
    return Advance(slope, slope - half, slope + half, count, along.note)
