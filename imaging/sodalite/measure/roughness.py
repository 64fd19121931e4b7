"""Height parameters of a face's profile, and intervals of what is measured along a profile of correlated columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import mean_interval, student_multiplier
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_FOR_MEAN, LEAST_FOR_SPREAD, LEAST_FOR_TAIL = 3.0, 20.0, 80.0
"""Independent lengths (n_eff) of a profile below which an interval of its mean, its standard deviation or its 5 %
percentile is withheld.

A profile that is short of its own correlation looks smoother than it is and its n_eff too large: at 10 true lengths or
fewer 6 % of the profiles pass for 20, and these are the ones whose spread comes out low.
"""
_FEW_INDEPENDENT_LENGTHS = 30.0
_HALL = (1 + 2 * 1.959964**2) / 6
_ALPHA = math.sqrt(math.log(2) / math.pi)


class ProfileInterval(NamedTuple):
    """Ends of a 95 % interval (NaN when withheld) and what is to be said about it."""

    low: float
    high: float
    note: str


def line_um(profile_um: np.ndarray) -> np.ndarray:
    """Return the least-squares straight line through the finite columns of a profile, ``(x,)`` float64, um."""
    x = np.arange(profile_um.size, dtype=np.float64)
    seen = np.isfinite(profile_um)
    if seen.sum() < 2:
        return np.full(profile_um.size, profile_um[seen].mean() if seen.any() else np.nan)
    centre, level = x[seen].mean(), profile_um[seen].mean()
    run = x[seen] - centre
    slope = float(run @ (profile_um[seen] - level)) / float(run @ run)
    return level + slope * (x - centre)


def mean_line_um(profile_um: np.ndarray, step_um: float, *, cutoff_um: float) -> np.ndarray:
    """Return the waviness of a profile: its straight line and what the Gaussian filter lets pass, ``(x,)`` float64, um.

    The weights are exp(-pi (x / (alpha cutoff))^2) with alpha = sqrt(ln 2 / pi), so that half of a wave as long as
    the cut-off passes (ISO 16610-21). Columns without a face (NaN) and places beyond the ends have no weight, and the
    weights left are scaled to a sum of one. A profile shorter than the cut-off gives its straight line.

    Raises
    ------
    MeasurementError
        When the cut-off or the step is not positive.
    """
    if not (cutoff_um > 0 and step_um > 0):
        raise MeasurementError(f"cutoff_um: found {cutoff_um} at a step of {step_um} um; both must be above zero.")
    line = line_um(profile_um)
    if profile_um.size * step_um <= cutoff_um:
        return line
    reach = math.ceil(cutoff_um / step_um)
    lag = np.arange(-reach, reach + 1) * (step_um / (_ALPHA * cutoff_um))
    weights = np.exp(-np.pi * lag**2)
    seen = np.isfinite(profile_um)
    rest = np.where(seen, profile_um - line, 0.0)
    share = _convolve_same(seen.astype(np.float64), weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        passed = _convolve_same(rest, weights) / share
    return line + np.where(share > 1e-9 * weights.sum(), passed, np.nan)


def roughness_profile_um(profile_um: np.ndarray, step_um: float, *, cutoff_um: float) -> np.ndarray:
    """Return heights about the mean line, waves longer than the cut-off removed, ``(k,)`` float64, um.

    Half a cut-off is left out at each end where the filter runs off the profile, provided that at least one cut-off
    remains (a profile of two cut-offs or more); a profile shorter than the cut-off only loses its straight line.

    Raises
    ------
    MeasurementError
        When the cut-off or the step is not positive.
    """
    heights = profile_um - mean_line_um(profile_um, step_um, cutoff_um=cutoff_um)
    end = _end_columns(profile_um.size, step_um, cutoff_um)
    return heights[end : profile_um.size - end]


def rq_um(heights_um: np.ndarray) -> float:
    """Return the root mean square height Rq about the mean of the finite heights (ISO 21920-2), um."""
    return float(np.sqrt(np.mean(_centred(heights_um) ** 2)))


def ra_um(heights_um: np.ndarray) -> float:
    """Return the mean absolute height Ra about the mean of the finite heights (ISO 21920-2), um."""
    return float(np.mean(np.abs(_centred(heights_um))))


def rz_um(heights_um: np.ndarray) -> float:
    """Return the height from the lowest to the highest point, the whole length as one section (ISO 21920-2), um."""
    return float(np.ptp(_centred(heights_um)))


def rsk(heights_um: np.ndarray) -> float:
    """Return the skewness Rsk of the heights, mean cube over Rq cubed (ISO 21920-2); NaN for a flat profile."""
    return _moment_ratio(heights_um, 3)


def rku(heights_um: np.ndarray) -> float:
    """Return the kurtosis Rku of the heights, mean fourth power over Rq^4 (ISO 21920-2); 3 for a normal one."""
    return _moment_ratio(heights_um, 4)


def profile_interval(
    estimate: float,
    influence: np.ndarray,
    *,
    scale: Literal["linear", "logit"] = "linear",
) -> ProfileInterval:
    """Return the 95 % interval of an estimate from its influence along the profile.

    The estimate varies as the mean of `influence` does, whose interval counts the correlation of the columns
    (`mean_interval` of the confidence module); `scale` keeps fractions between 0 and 1 (delta method). On the linear
    scale it reaches further towards the longer tail, by the Edgeworth term of Student's t (Hall 1992, J. R. Statist.
    Soc. B 54, 221): most short profiles miss its peaks. Of squared Gaussian and lognormal
    profiles of 10 to 130 independent lengths it covers 89-98 %, without that term 85-96 %.

    Parameters
    ----------
    estimate
        The number itself.
    influence
        ``(x,)``: how much each column pulls the estimate, up to a constant; the columns themselves for a mean. NaN
        where nothing was measured.
    scale
        Where the interval is symmetric.
    """
    if np.isfinite(influence).sum() < LEAST_FOR_MEAN:
        return too_few(int(np.isfinite(influence).sum()), LEAST_FOR_MEAN)
    if np.nanmax(influence) - np.nanmin(influence) <= 1e-12 * np.nanmax(np.abs(influence)):
        return ProfileInterval(estimate, estimate, "")
    of_mean = mean_interval(influence)
    n_eff = of_mean.n_effective
    if not n_eff >= LEAST_FOR_MEAN:
        return too_few(n_eff, LEAST_FOR_MEAN)
    reach = 0.5 * (of_mean.high - of_mean.low)
    note = _length_note(n_eff)
    if scale == "linear":
        tail = _HALL * rsk(influence) * rq_um(influence) / n_eff
        return ProfileInterval(estimate - reach + min(tail, 0.0), estimate + reach + max(tail, 0.0), note)
    odds = estimate / (1.0 - estimate)
    factor = math.exp(min(reach / (estimate * (1.0 - estimate)), 700.0))
    return ProfileInterval(odds / (odds + factor), odds / (odds + 1.0 / factor), note)


def spread_interval(estimate: float, heights: np.ndarray, influence: np.ndarray, *, fitted: int) -> ProfileInterval:
    """Return the 95 % interval of a spread of heights, such as Rq, Ra or a standard deviation, on the log scale.

    The spread varies as the mean of its influence does, and no less than that of Gaussian heights: with Gaussian or
    exponential correlation the variance of its logarithm is at most ``1 / (2 sqrt(2) n_eff)``. Skewed heights have a
    tail whose rare peaks most profiles miss, an excess kurtosis of 1.5 (gamma) to 2.3 (lognormal) times the square of
    their skewness: twice the square adds its variance. What mean and line take out of a short profile,
    ``fitted / n_eff`` of the variance, is added above. Of 20 to 150 independent lengths, Gaussian or exponential in
    correlation, it covers 94-97 % where heights are normal, 90-96 % of Rq where they are squares of normal ones or
    lognormal of skewness 1 to 3.7; without the skewness 79-93 %.

    Parameters
    ----------
    estimate
        The spread itself.
    heights
        ``(x,)``, what it is the spread of; its independent lengths are counted.
    influence
        As in `profile_interval`.
    fitted
        How many parameters were taken out of the heights: 1 for a mean, 2 for a line.
    """
    if np.isfinite(heights).sum() < LEAST_FOR_SPREAD:
        return too_few(int(np.isfinite(heights).sum()), LEAST_FOR_SPREAD)
    if np.nanmax(np.abs(heights - np.nanmean(heights))) <= 1e-12 * np.nanmax(np.abs(heights)):
        return ProfileInterval(estimate, estimate, "")
    n_eff = mean_interval(heights).n_effective
    if not n_eff >= LEAST_FOR_SPREAD:
        return too_few(n_eff, LEAST_FOR_SPREAD)
    of_mean = mean_interval(influence)
    least = student_multiplier(n_eff - 1) / math.sqrt(2 * math.sqrt(2) * n_eff)
    seen = max(0.5 * (of_mean.high - of_mean.low) / estimate, least)
    reach = min(math.hypot(seen, least * rsk(heights)), 700.0)
    above = math.exp(reach) / math.sqrt(1 - fitted / n_eff)
    return ProfileInterval(estimate * math.exp(-reach), estimate * above, _length_note(n_eff))


def too_few(n_eff: float, least: float) -> ProfileInterval:
    """Return no interval, and that the profile is too short for one."""
    rounded_down = math.floor(10 * n_eff) / 10
    note = f"interval withheld, n_eff = {rounded_down:.1f} independent lengths where {least:.0f} are needed"
    return ProfileInterval(math.nan, math.nan, note)


def _length_note(n_eff: float) -> str:
    return f"n_eff = {n_eff:.1f} independent lengths" if n_eff < _FEW_INDEPENDENT_LENGTHS else ""


def roughness_quantities(
    collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float], *, cutoff_um: float
) -> list[Quantity]:
    """Return roughness_rq_collector, roughness_rq_electrolyte, roughness_ra_collector and roughness_ra_electrolyte.

    Heights are taken along z about the straight line, waves longer than the cut-off removed (`roughness_profile_um`).

    Parameters
    ----------
    collector_row, electrolyte_row
        ``(x,)`` float64, edge rows of the faces in px, NaN where a face is not in the image.
    spacing_um
        Pixel size (y, x), um.
    cutoff_um
        Longest wave that counts as roughness, um.

    Raises
    ------
    MeasurementError
        When the cut-off or the pixel size is not positive.
    """
    faces = {"collector": collector_row, "electrolyte": electrolyte_row}
    measures: dict[str, Callable[[np.ndarray], tuple[float, np.ndarray]]] = {"rq": _rq_influence, "ra": _ra_influence}
    found = []
    for parameter, measure in measures.items():
        for face, row in faces.items():
            name = f"roughness_{parameter}_{face}"
            found.append(_roughness_quantity(name, row, spacing_um, cutoff_um, measure))
    return found


def _roughness_quantity(
    name: str,
    row: np.ndarray,
    spacing_um: tuple[float, float],
    cutoff_um: float,
    measure: Callable[[np.ndarray], tuple[float, np.ndarray]],
) -> Quantity:
    sy_um, sx_um = spacing_um
    heights = roughness_profile_um(row * sy_um, sx_um, cutoff_um=cutoff_um)
    n = int(np.isfinite(heights).sum())
    if n < 3:
        return Quantity.withheld(name, f"the face is in the image in only {n} of {row.size} columns")
    value, influence = measure(heights)
    interval = spread_interval(value, heights, influence, fitted=2)
    notes = [interval.note, _cutoff_note(row.size, sx_um, cutoff_um)]
    if value < 0.3 * sy_um:
        notes.append("below the 0.3 px that rounding to whole rows alone would give")
    return Quantity(name, value, interval.low, interval.high, n, "; ".join(note for note in notes if note))


def _rq_influence(heights_um: np.ndarray) -> tuple[float, np.ndarray]:
    rq = rq_um(heights_um)
    return rq, (heights_um - np.nanmean(heights_um)) ** 2 / (2.0 * rq) if rq > 0 else np.zeros_like(heights_um)


def _ra_influence(heights_um: np.ndarray) -> tuple[float, np.ndarray]:
    """Return Ra and its influence: the mean moves too, and Ra with it where more columns lie below it than above."""
    rest = heights_um - np.nanmean(heights_um)
    lean = (np.count_nonzero(rest < 0) - np.count_nonzero(rest > 0)) / np.count_nonzero(np.isfinite(rest))
    return ra_um(heights_um), np.abs(rest) + lean * rest


def _cutoff_note(columns: int, step_um: float, cutoff_um: float) -> str:
    if columns * step_um <= cutoff_um:
        return (
            f"{columns * step_um:.4g} um of profile are less than the cut-off {cutoff_um:g} um: only a line is removed"
        )
    if _end_columns(columns, step_um, cutoff_um) == 0:
        return f"cut-off {cutoff_um:g} um, ends kept because the profile is shorter than two cut-offs"
    return f"cut-off {cutoff_um:g} um, half a cut-off left out at each end"


def _end_columns(columns: int, step_um: float, cutoff_um: float) -> int:
    if columns * step_um < 2.0 * cutoff_um:
        return 0
    return math.floor(0.5 * cutoff_um / step_um)


def _centred(heights_um: np.ndarray) -> np.ndarray:
    heights = heights_um[np.isfinite(heights_um)]
    return heights - heights.mean()


def _moment_ratio(heights_um: np.ndarray, power: int) -> float:
    heights = _centred(heights_um)
    rq = float(np.sqrt(np.mean(heights**2)))
    return float(np.mean(heights**power)) / rq**power if rq > 0 else math.nan


def _convolve_same(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    size = values.size + weights.size - 1
    spectrum = np.fft.rfft(values, size) * np.fft.rfft(weights, size)
    start = weights.size // 2
    return np.fft.irfft(spectrum, size)[start : start + values.size]
