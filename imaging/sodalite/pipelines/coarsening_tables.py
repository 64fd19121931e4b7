"""What a series tells step by step, and how many grains are found again, vanish, appear, merge, split or leave."""

from __future__ import annotations

import math
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sodalite.measure.confidence import poisson_interval, wilson_interval
from sodalite.measure.size_distributions import distribution_table
from sodalite.quantity import Quantity, counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sodalite.pipelines.coarsening_numbers import SeriesParts
    from sodalite.pipelines.coarsening_steps import MeasuredStep
    from sodalite.pipelines.coarsening_tracks import Tracked

SIZES = ("grain_count", "indexed_fraction", "ecd_mean", "ecd_area_weighted_mean", "ecd_median", "ecd_max")
_UM = ("ecd_mean", "ecd_area_weighted_mean", "ecd_median", "ecd_max")
_ENDS = ("ecd_mean", "ecd_area_weighted_mean")


def step_table(parts: SeriesParts, again: pd.DataFrame) -> pd.DataFrame:
    """Return one row a step of the series, measured or not.

    Columns: step, file, time_h, charge_mah_cm2, repolished, tracked, grain_count, indexed_fraction, mean sizes with the
    ends of their intervals, the same without what border and gaps do to them, which the kinetics are fitted to, with
    their relative standard errors, the distribution (`sodalite.measure.size_distributions`), tracked_fraction (grains
    found in a later step, of those that did not leave the view), shift_x_um, shift_y_um and rotation_deg of the step
    against the first one, residual_um and overlap_fraction against the one before, and note.

    Parameters
    ----------
    parts
        The series.
    again
        See `found_again`.
    """
    import pandas as pd

    shapes = distribution_table([whole_sizes(step.grains) for step in parts.measured])
    of = {step.number: (step, row) for step, row in zip(parts.measured, _records(shapes), strict=True)}
    rows = []
    for number, step in enumerate(parts.series.steps):
        row = {
            "step": number,
            "file": step.name,
            "time_h": parts.times_h[number],
            "charge_mah_cm2": parts.charges_mah_cm2[number],
            "repolished": step.repolished,
            "tracked": number in parts.tracked.to_first,
        }
        if number in of:
            row |= _sizes(of[number][0].values) | _unbiased(of[number][0]) | of[number][1]
        rows.append(row | _place(parts, number, again) | {"note": _note(parts, number)})
    table = pd.DataFrame(rows)
    return table[[*(name for name in table if name != "note"), "note"]]


def whole_sizes(grains: pd.DataFrame) -> np.ndarray:
    """Return the diameters of the grains that no border cuts, um."""
    return grains.loc[~grains["on_border"].astype(bool), "ecd_um"].to_numpy(float)


def found_again(tracked: Tracked) -> pd.DataFrame:
    """Return one row a grain of every tracked step but the last: step, found (in a later step), left (the view)."""
    rows = tracked.tracks[["track", "step"]]
    last = rows.groupby("track")["step"].transform("max")
    ends = tracked.events[tracked.events["kind"] == "left_view"]["track"]
    gone = rows["track"].isin(ends) & (rows["step"] == last)
    table = rows.assign(found=(rows["step"] < last).to_numpy(), left=gone.to_numpy())
    return table[table["step"] != tracked.steps[-1].number].reset_index(drop=True)


def far_moved(tracked: Tracked, names: Sequence[str]) -> list[str]:
    """Return a sentence for each step that orientations alone lay over the one before, with `names` of all steps."""
    return [
        f"{names[after.number]}: grains changed too much since {names[before.number]} to lay the maps over each other "
        f"by boundaries; orientations do it to {tracked.to_before[after.number].residual_um:.2g} um, so that how "
        "boundaries moved is less sure."
        for before, after in pairwise(tracked.steps)
        if tracked.to_before[after.number].source == "grains"
    ]


def copied(measured: Sequence[MeasuredStep], names: Sequence[str]) -> list[str]:
    """Return a sentence for each step whose points are those of an earlier one; `names` are of all steps."""
    first: dict[bytes, int] = {}
    sentences = []
    for step in measured:
        points = sha256(step.quaternions.tobytes()).digest()
        if points in first:
            sentences.append(
                f"{names[step.number]}: holds the same points as {names[first[points]]}; check that it is the right "
                "file."
            )
        first.setdefault(points, step.number)
    return sentences


def crosses_planes(parts: SeriesParts, events: pd.DataFrame) -> np.ndarray:
    """Return whether each event lies between two planes, where it may be the new section's doing."""
    numbers = [step.number for step in parts.tracked.steps]
    before = dict(zip(numbers[1:], numbers, strict=False))
    after = events["step"].to_numpy(np.int64)
    earlier = np.array([before.get(number, number) for number in after.tolist()], dtype=np.int64)
    return np.asarray(parts.plane[after] != parts.plane[earlier])


def gaps_note(measured: Sequence[MeasuredStep]) -> str:
    """Return that many points inside grains belong to none; nothing where they are few or the recipe fills them.

    Of 20 % missing at random grains were 13 % too small and split and merged by chance.
    """
    share = max(step.gap_share for step in measured)
    if share <= _MOST_GAPS:
        return ""
    return (
        f"{100 * share:.2g} % of the points inside grains belong to none, so that grains are too small and may split: "
        "set fill=true"
    )


def event_quantities(parts: SeriesParts, again: pd.DataFrame) -> list[Quantity]:
    """Return tracked_fraction and the number of events of each kind, those in doubt or of another plane left out."""
    counts = [f"{kind}_count" for kind in _KINDS.values()]
    if len(parts.tracked.steps) < 2:
        return [Quantity.withheld(name, "no two steps fit each other") for name in ("tracked_fraction", *counts)]
    events = parts.tracked.events
    own = events[~crosses_planes(parts, events)]
    across = counted(len(events) - len(own), "event")
    note = "" if len(own) == len(events) else f"{across} of all kinds at a new section left out"
    doubtful = own[own["confidence"] < LEAST_CONFIDENCE]["kind"].value_counts()
    own = own[own["confidence"] >= LEAST_CONFIDENCE]
    seen = again[~again["left"]]
    share = float(seen["found"].mean()) if len(seen) else math.nan
    values = [_tracked(share, int(seen["found"].sum()), len(seen), int(again["left"].sum()))]
    if len({int(parts.plane[step.number]) for step in parts.tracked.steps}) == len(parts.tracked.steps):
        return [*values, *(Quantity.withheld(name, "no two steps show the same plane") for name in counts)]
    for kind, name in _KINDS.items():
        count, unsure = int((own["kind"] == kind).sum()), int(doubtful.get(kind, 0))
        doubt = f"{unsure} with a confidence below {LEAST_CONFIDENCE} left out" if unsure else ""
        both = "; ".join(filter(None, (note, doubt)))
        values.append(Quantity(f"{name}_count", float(count), *poisson_interval(count), len(again), both))
    return values


WITHOUT_GAPS = ("growth_", "registration_", "measured_step_")
"""Begins of the names of quantities that gaps hardly touch: with 9 % of gaps K is within 3 % of that without."""

_MOST_GAPS = 0.05
"""Most points among grains and in none, over those of grains: of 5 % diameters are 2 % too small."""

LEAST_CONFIDENCE = 0.5
"""Confidence from which an event counts; the table of events holds them all."""
_KINDS = {"vanish": "vanished", "appear": "appeared", "merge": "merged", "split": "split", "left_view": "left_view"}


def _tracked(share: float, found: int, count: int, left: int) -> Quantity:
    if count == 0:
        return Quantity.withheld("tracked_fraction", "every grain left the view")
    note = f"{left} that left the view not counted" if left else ""
    return Quantity("tracked_fraction", share, *wilson_interval(found, count), count, note)


def _records(table: pd.DataFrame) -> list[dict[str, float]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.to_numpy(float).tolist()]


def _sizes(held: Mapping[str, Quantity]) -> dict[str, float]:
    row = {}
    for name in SIZES:
        column = f"{name}_um" if name in _UM else name
        row[column] = held[name].value
        if name in _ENDS:
            row[f"{name}_low_um"], row[f"{name}_high_um"] = held[name].low, held[name].high
    return row


def _unbiased(step: MeasuredStep) -> dict[str, float]:
    row = {}
    for name, mean in zip(_ENDS, step.unbiased, strict=True):
        row[f"{name}_unbiased_um"], row[f"{name}_unbiased_relative_se"] = mean
    return row


def _place(parts: SeriesParts, number: int, again: pd.DataFrame) -> dict[str, float]:
    tracked = parts.tracked
    if number not in tracked.to_first:
        return {}
    first, before = tracked.to_first[number], tracked.to_before[number]
    own = again[(again["step"] == number) & ~again["left"]]
    # the shift of the map's centre: that of its corner would mix with the turn
    rows, columns = next(step.grid.shape for step in tracked.steps if step.number == number)
    y_um, x_um = tracked.steps[0].grid.spacing_um
    centre = np.array([[0.5 * (columns - 1) * x_um, 0.5 * (rows - 1) * y_um]])
    shift = (first.apply(centre) - centre)[0]
    return {
        "tracked_fraction": float(own["found"].mean()) if len(own) else math.nan,
        "shift_x_um": float(shift[0]),
        "shift_y_um": float(shift[1]),
        "rotation_deg": first.rotation_deg,
        "residual_um": before.residual_um,
        "overlap_fraction": before.overlap_fraction,
    }


def _note(parts: SeriesParts, number: int) -> str:
    error = parts.failed.get(number) or parts.apart.get(number)
    return "; ".join(text for text in (parts.series.steps[number].note, str(error) if error else "") if text)
