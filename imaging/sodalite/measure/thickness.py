"""Thickness of the sodium layer: gross, net and normal, column by column, and their statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.errors import MeasurementError
from sodalite.measure.confidence import mean_interval
from sodalite.measure.region import layer_region
from sodalite.measure.roughness import (
    LEAST_FOR_MEAN,
    LEAST_FOR_TAIL,
    ProfileInterval,
    mean_line_um,
    profile_interval,
    spread_interval,
    too_few,
)
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd

_EMPTY = (SectionClass.VOID, SectionClass.CRACK, SectionClass.PORE)
_LAYER = (SectionClass.SODIUM, SectionClass.VOID, SectionClass.CRACK)

_AT_FACE_PX = 2.0
"""Within two rows of a face other material is its other side, not looked through for what the layer encloses."""


def gross_thickness_um(
    collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float]
) -> np.ndarray:
    """Return the distance from face to face along z, voids included, ``(x,)`` float64, um (ISO 9220: vertical chords).

    Parameters
    ----------
    collector_row, electrolyte_row
        ``(x,)`` float64, edge rows of the faces in px, the collector above; NaN where a face is not in the image.
    spacing_um
        Pixel size (y, x), um.

    Raises
    ------
    MeasurementError
        When the two faces differ in length or cross.
    """
    if collector_row.shape != electrolyte_row.shape or collector_row.ndim != 1:
        raise MeasurementError(
            f"electrolyte_row: found shape {electrolyte_row.shape} beside collector_row {collector_row.shape}; "
            "give one row a column for both."
        )
    gross = (electrolyte_row - collector_row) * spacing_um[0]
    if np.any(gross < 0):
        column = int(np.flatnonzero(gross < 0)[0])
        raise MeasurementError(
            f"electrolyte_row: the electrolyte face lies above the collector face in column {column}; "
            "turn the image so that the collector is above."
        )
    return gross


def net_thickness_um(
    labels: np.ndarray, collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float]
) -> np.ndarray:
    """Return the sodium between the faces per column, ``(x,)`` float64, um: gross less all that is no sodium.

    Voids, cracks and pores count with the part inside the faces, so that the mean net thickness is the mean gross
    thickness times one less the empty fraction of the layer. Other material, such as a fragment of electrolyte, counts
    where the layer goes on above and below it: elsewhere it is the other side of a face that runs between pixels. What
    has no label is no sodium.

    Parameters
    ----------
    labels
        ``(y, x)``, ids of `SectionClass`.
    collector_row, electrolyte_row, spacing_um
        As in `gross_thickness_um`.

    Raises
    ------
    MeasurementError
        When faces and labels do not fit together.
    """
    gross = gross_thickness_um(collector_row, electrolyte_row, spacing_um)
    if labels.ndim != 2 or labels.shape[1] != gross.size:
        raise MeasurementError(
            f"labels: found shape {labels.shape} for faces of {gross.size} columns; they must match."
        )
    rows, columns = np.divmod(np.flatnonzero(any_of(labels, _EMPTY)), labels.shape[1])
    inside = np.minimum(rows + 1.0, electrolyte_row[columns]) - np.maximum(rows, collector_row[columns])
    empty_px = np.bincount(columns, np.clip(inside, 0.0, 1.0), minlength=gross.size)
    net = gross - (empty_px + _enclosed_px(labels, collector_row, electrolyte_row)) * spacing_um[0]
    thin = np.flatnonzero(net < _AT_FACE_PX * spacing_um[0])
    sodium = labels[:, thin] == SectionClass.SODIUM
    bare = ~(sodium & layer_region(sodium.shape, collector_row[thin], electrolyte_row[thin])).any(axis=0)
    net[thin[bare]] = 0.0
    return net


def _enclosed_px(labels: np.ndarray, collector_row: np.ndarray, electrolyte_row: np.ndarray) -> np.ndarray:
    """Return how many pixels of each column have no label, or are other material inside the layer, ``(x,)``."""
    enclosed = np.zeros(labels.shape[1])
    inner = layer_region(labels.shape, collector_row + _AT_FACE_PX, electrolyte_row - _AT_FACE_PX)
    other = inner & ~any_of(labels, (*_LAYER, SectionClass.PORE))
    held = np.flatnonzero(other.any(axis=0))
    region = layer_region((len(labels), held.size), collector_row[held], electrolyte_row[held])
    layer = region & np.isin(labels[:, held], _LAYER)
    above, below = np.logical_or.accumulate(layer), np.logical_or.accumulate(layer[::-1])[::-1]
    unknown = labels[:, held] == SectionClass.OUTSIDE
    enclosed[held] = np.count_nonzero(other[:, held] & (above & below | unknown), axis=0)
    return enclosed


def normal_thickness_um(
    collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float], *, cutoff_um: float
) -> np.ndarray:
    """Return the distance from face to face along the normal of the smoothed mean interface, ``(x,)`` float64, um.

    The mean interface lies half-way between the faces and is smoothed with the Gaussian filter (`mean_line_um`). From
    each of its columns a straight line runs along the local normal to both faces, which are joined linearly between
    column centres. A layer of parallel faces tilted by a gives the vertical thickness times cos a. NaN where a face is
    missing or the line leaves the image.

    Parameters
    ----------
    collector_row, electrolyte_row, spacing_um
        As in `gross_thickness_um`.
    cutoff_um
        Waves of the mean interface shorter than this do not turn the normal, um.

    Raises
    ------
    MeasurementError
        When the faces do not fit together, or the cut-off or the pixel size is not positive.
    """
    gross_thickness_um(collector_row, electrolyte_row, spacing_um)
    sy_um, sx_um = spacing_um
    middle = 0.5 * (collector_row + electrolyte_row) * sy_um
    smooth = mean_line_um(middle, sx_um, cutoff_um=cutoff_um)
    slope = np.gradient(smooth, sx_um) if smooth.size > 1 else np.zeros(smooth.size)
    down = _distance_along(middle, -slope, electrolyte_row * sy_um, sx_um)
    up = _distance_along(-middle, slope, -collector_row * sy_um, sx_um)
    return down + up


def thickness_quantities(
    labels: np.ndarray,
    collector_row: np.ndarray,
    electrolyte_row: np.ndarray,
    spacing_um: tuple[float, float],
    *,
    cutoff_um: float,
) -> list[Quantity]:
    """Return every thickness quantity of the glossary: gross, net, normal, local and the coefficient of variation.

    n counts columns; how many of them are independent (n_eff) stands in the note when it is small. Intervals follow
    from each statistic's influence along the profile and its correlation (`profile_interval`); those of percentiles
    from the fraction below them, read back through the distribution (Woodruff 1952, 10.1080/01621459.1952.10483443).
    Extremes get none: they depend on the length looked at.

    Parameters
    ----------
    labels, collector_row, electrolyte_row, spacing_um
        As in `net_thickness_um`.
    cutoff_um
        As in `normal_thickness_um`.

    Raises
    ------
    MeasurementError
        When faces and labels do not fit together, or the cut-off or the pixel size is not positive.
    """
    gross = gross_thickness_um(collector_row, electrolyte_row, spacing_um)
    net = net_thickness_um(labels, collector_row, electrolyte_row, spacing_um)
    normal = normal_thickness_um(collector_row, electrolyte_row, spacing_um, cutoff_um=cutoff_um)
    missing = _missing_note(collector_row, electrolyte_row)
    found = [_mean("thickness_gross_mean", gross, missing), _mean("thickness_net_mean", net, missing)]
    found += _gross_statistics(gross, missing)
    found.append(_mean("thickness_normal_mean", normal, missing or "every normal leaves the image at its side"))
    found.append(_local_mean(collector_row, electrolyte_row, spacing_um, missing))
    found.append(_cv(gross, missing))
    if not missing:
        return found
    return [item if math.isnan(item.value) else item.with_note(missing) for item in found]


def profile_table(
    labels: np.ndarray, collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float]
) -> pd.DataFrame:
    """Return one row a pixel column: x_um, gross_um, net_um, collector_z_um, electrolyte_z_um (z from the image top).

    Raises
    ------
    MeasurementError
        When faces and labels do not fit together.
    """
    import pandas as pd

    sy_um, sx_um = spacing_um
    return pd.DataFrame(
        {
            "x_um": (np.arange(collector_row.size) + 0.5) * sx_um,
            "gross_um": gross_thickness_um(collector_row, electrolyte_row, spacing_um),
            "net_um": net_thickness_um(labels, collector_row, electrolyte_row, spacing_um),
            "collector_z_um": collector_row * sy_um,
            "electrolyte_z_um": electrolyte_row * sy_um,
        }
    )


def _distance_along(start_z: np.ndarray, rise: np.ndarray, face_z: np.ndarray, step_um: float) -> np.ndarray:
    """Return how far a ray of direction (x, z) = (rise, 1) runs from each column until it is below the face, um.

    The ray moves a column a round: heights above the face at both ends of a step give the crossing by proportion.
    """
    steep = np.abs(rise) < 1e-12
    distance = np.where(steep, face_z - start_z, np.nan)
    active = np.flatnonzero(~steep & np.isfinite(rise) & np.isfinite(start_z) & np.isfinite(face_z))
    above = face_z[active] - start_z[active]
    crossed = np.zeros(active.size, dtype=np.int64)
    while active.size:
        crossed = crossed + 1
        target = active + np.sign(rise[active]).astype(np.int64) * crossed
        inside = (target >= 0) & (target < face_z.size)
        active, above, crossed, target = active[inside], above[inside], crossed[inside], target[inside]
        next_above = face_z[target] - start_z[active] - crossed * step_um / np.abs(rise[active])
        hit = next_above <= 0
        part = above[hit] / np.maximum(above[hit] - next_above[hit], 1e-300)
        run_um = (crossed[hit] - 1 + part) * step_um
        distance[active[hit]] = run_um * np.hypot(1.0, 1.0 / rise[active[hit]])
        onward = next_above > 0
        active, above, crossed = active[onward], next_above[onward], crossed[onward]
    return distance


def _missing_note(collector_row: np.ndarray, electrolyte_row: np.ndarray) -> str:
    no_upper, no_lower = np.isnan(collector_row), np.isnan(electrolyte_row)
    cases = {
        "the sodium layer is cut by the image's upper edge": no_upper & ~no_lower,
        "the sodium layer is cut by the image's lower edge": no_lower & ~no_upper,
        "neither face of the sodium layer is seen": no_upper & no_lower,
    }
    return "; ".join(f"{what} in {100 * at.mean():.3g} % of the columns" for what, at in cases.items() if at.any())


def _quantity(name: str, value: float, interval: ProfileInterval, n: int) -> Quantity:
    return Quantity(name, value, interval.low, interval.high, n, interval.note)


def _mean(name: str, profile_um: np.ndarray, why_missing: str) -> Quantity:
    seen = profile_um[np.isfinite(profile_um)]
    if seen.size == 0:
        return Quantity.withheld(name, why_missing)
    mean = float(seen.mean())
    return _quantity(name, mean, profile_interval(mean, profile_um), seen.size)


def _gross_statistics(gross_um: np.ndarray, why_missing: str) -> list[Quantity]:
    seen = gross_um[np.isfinite(gross_um)]
    names = [f"thickness_gross_{statistic}" for statistic in ("median", "sd", "min", "max", "p5", "p95")]
    if seen.size == 0:
        return [Quantity.withheld(name, why_missing) for name in names]
    sd = float(seen.std())
    influence = (gross_um - seen.mean()) ** 2 / (2.0 * sd) if sd > 0 else np.zeros_like(gross_um)
    extreme = "extreme of the length looked at, no interval"
    return [
        _percentile(names[0], gross_um, 0.5),
        _quantity(names[1], sd, spread_interval(sd, gross_um, influence, fitted=1), seen.size),
        Quantity(names[2], float(seen.min()), n=seen.size, note=extreme),
        Quantity(names[3], float(seen.max()), n=seen.size, note=extreme),
        _percentile(names[4], gross_um, 0.05),
        _percentile(names[5], gross_um, 0.95),
    ]


def _percentile(name: str, gross_um: np.ndarray, fraction: float) -> Quantity:
    seen = gross_um[np.isfinite(gross_um)]
    value = float(np.quantile(seen, fraction))
    if np.ptp(seen) == 0:
        return Quantity(name, value, value, value, seen.size)
    below = np.where(np.isfinite(gross_um), (gross_um <= value).astype(np.float64), np.nan)
    least = LEAST_FOR_MEAN if fraction == 0.5 else LEAST_FOR_TAIL
    n_eff = mean_interval(gross_um).n_effective
    share = profile_interval(fraction, below, scale="logit") if n_eff >= least else too_few(n_eff, least)
    if math.isnan(share.low):
        return _quantity(name, value, share, seen.size)
    low, high = np.quantile(seen, [share.low, share.high])
    return Quantity(name, value, float(low), float(high), seen.size, share.note)


def _cv(gross_um: np.ndarray, why_missing: str) -> Quantity:
    seen = gross_um[np.isfinite(gross_um)]
    if seen.size == 0 or seen.mean() == 0:
        return Quantity.withheld("thickness_cv", why_missing or "the mean thickness is zero")
    mean, sd = float(seen.mean()), float(seen.std())
    rest = gross_um - mean
    influence = (rest**2 / (2.0 * sd) - sd * rest / mean) / mean if sd > 0 else np.zeros_like(gross_um)
    return _quantity(
        "thickness_cv",
        sd / mean,
        spread_interval(sd / mean, gross_um, influence, fitted=1),
        seen.size,
    )


def _local_mean(
    collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float], why_missing: str
) -> Quantity:
    from sodalite.measure.local_thickness import mean_local_thickness_um

    name = "thickness_local_mean"
    value = mean_local_thickness_um(collector_row, electrolyte_row, spacing_um)
    if math.isnan(value):
        return Quantity.withheld(name, why_missing or "the sodium layer has no area")
    columns = int(np.isfinite(electrolyte_row - collector_row).sum())
    return Quantity(name, value, n=columns, note="voids counted as layer; discs may reach beyond the image's sides")
