"""Numbers of moving boundaries, of single grains that grow and shrink, and of the shape of the size distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.measure.boundary_motion import mean_speed
from sodalite.measure.grain_growth import LEAST_RATES, Line, rate_line
from sodalite.measure.size_distributions import HILLERT_LIMITS, abnormal_tracks
from sodalite.pipelines.coarsening_tables import crosses_planes
from sodalite.quantity import Quantity, counted

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.pipelines.coarsening_numbers import SeriesParts

_NO_TIMES = "no times are told"
_SECTION = "a diagnostic: a section of a solid does not obey the law of two dimensions"
_NAMED = 8


def motion_quantities(motion: pd.DataFrame, parts: SeriesParts) -> list[Quantity]:
    """Return boundary_velocity and boundary_displacement: means over boundary length, signs left out."""
    names = ("boundary_velocity", "boundary_displacement")
    if len(parts.tracked.steps) < 2:
        return [Quantity.withheld(name, "no two steps fit each other") for name in names]
    if motion.empty:
        return [Quantity.withheld(name, "no two steps show the same plane") for name in names]
    length = motion["length_um"].to_numpy(float)
    step, after = motion["step"].to_numpy(np.int64), motion["step_after"].to_numpy(np.int64)
    hours = parts.times_h[after] - parts.times_h[step]
    residual = max(parts.tracked.to_before[number].residual_um for number in np.unique(after).tolist())
    floor = "" if math.isnan(residual) else f"steps are registered to {residual:.2g} um"
    moved = _mean(names[1], motion["displacement_um"].to_numpy(float), length, floor)
    if np.isnan(hours).all():
        return [Quantity.withheld(names[0], _NO_TIMES), moved]
    return [_mean(names[0], motion["velocity_um_h"].to_numpy(float), length * hours, floor), moved]


def rate_quantities(rates: pd.DataFrame, parts: SeriesParts) -> list[Quantity]:
    """Return Hillert's mobility and critical size, and the slope and zero over the number of neighbours."""
    names = ("hillert_mobility", "hillert_critical_ratio", "von_neumann_mobility", "von_neumann_neighbours")
    if np.isnan(parts.times_h).any():
        return [Quantity.withheld(name, _NO_TIMES) for name in names]
    rate, track = rates["area_rate_um2_h"].to_numpy(float), rates["track"].to_numpy(np.int64)
    by_size = rate_line(rates["relative_size"].to_numpy(float), rate, track)
    by_sides = rate_line(rates["neighbours"].to_numpy(float), rate, track)
    if by_size is None or by_sides is None:
        why = f"{counted(len(rates), 'rate')} of whole grains, a line needs {LEAST_RATES} of 3 grains"
        return [Quantity.withheld(name, why) for name in names]
    events = parts.tracked.events
    vanished = int(((events["kind"] == "vanish") & ~crosses_planes(parts, events)).sum())
    gone = f"no rate is known of {counted(vanished, 'vanished grain')}" if vanished else ""
    return [
        _scaled(names[0], (by_size.start, by_size.start_high, by_size.start_low), -1 / (2 * math.pi), by_size, gone),
        _zero(names[1], by_size, "1 in two dimensions, 1.125 in three (Hillert)"),
        _scaled(names[2], (by_sides.slope, by_sides.slope_low, by_sides.slope_high), 3 / math.pi, by_sides, _SECTION),
        _zero(names[3], by_sides, f"6 in two dimensions; {_SECTION}"),
    ]


def shape_quantities(steps: pd.DataFrame, tracks: pd.DataFrame) -> list[Quantity]:
    """Return the largest D / <D>, the distance of the distributions from the first one, and abnormal grains."""
    known = steps[steps["size_ratio_max"].notna()] if "size_ratio_max" in steps else steps.iloc[:0]
    if known.empty:
        why = "no step has 5 whole grains"
        values = [Quantity.withheld(name, why) for name in ("size_ratio_max", "self_similarity_ks")]
    else:
        values = [_largest(known), _similarity(known)]
    odd = abnormal_tracks(tracks)
    named = ", ".join(map(str, odd[:_NAMED].tolist())) + (" ..." if odd.size > _NAMED else "")
    note = f"track{'s' if odd.size > 1 else ''} {named}" if odd.size else "a count of what was seen, no interval"
    return [*values, Quantity("abnormal_count", float(odd.size), n=int(tracks["track"].nunique()), note=note)]


def _mean(name: str, values: np.ndarray, weight: np.ndarray, floor: str) -> Quantity:
    mean, low, high, note = mean_speed(values, weight)
    if math.isnan(mean):
        return Quantity.withheld(name, note)
    count = int(np.isfinite(values).sum())
    return Quantity(name, mean, low, high, count, "; ".join(text for text in (note, floor) if text))


def _scaled(name: str, ends: tuple[float, float, float], factor: float, line: Line, note: str) -> Quantity:
    value, low, high = (factor * end for end in ends)
    return Quantity(name, value, low, high, line.rates, note)


def _zero(name: str, line: Line, note: str) -> Quantity:
    if math.isnan(line.zero):
        return Quantity.withheld(name, "rates do not depend on it beyond their scatter")
    return Quantity(name, line.zero, line.zero_low, line.zero_high, line.rates, note)


def _largest(known: pd.DataFrame) -> Quantity:
    row = known.iloc[int(known["size_ratio_max"].to_numpy().argmax())]
    flat, solid = HILLERT_LIMITS
    limits = f"steady growth ends at {flat:g} in two dimensions, {solid:g} in three (Hillert)"
    note = f"step {row['step']}, an extreme value; {limits}"
    return Quantity("size_ratio_max", float(row["size_ratio_max"]), n=len(known), note=note)


def _similarity(known: pd.DataFrame) -> Quantity:
    name = "self_similarity_ks"
    later = known.iloc[1:]
    if later.empty:
        return Quantity.withheld(name, "fewer than two steps have 5 whole grains")
    row = later.iloc[int(later["ks_to_first"].to_numpy().argmax())]
    # the least of several probabilities counts that many times (Bonferroni)
    p = min(1.0, float(later["ks_to_first_p"].min()) * len(later))
    word = "the shape changes" if p < 0.05 else "no change of shape is seen"
    return Quantity(name, float(row["ks_to_first"]), n=len(later), note=f"step {row['step']}; p = {p:.2g}: {word}")
