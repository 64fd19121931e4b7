"""The tables of a stripping series and the numbers that sum it up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.measure.objects import object_table
from sodalite.measure.stripping import Measured, onset_charge_mah_cm2, opening_um
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.measure.void_cover import VoidCover
    from sodalite.pipelines.stripping import Stripping
    from sodalite.pipelines.stripping_numbers import StepVoids
    from sodalite.pipelines.stripping_steps import LaidSeries
    from sodalite.track.openings import Tracks

_EVENT_COUNTS = {"void_opened_count": "open", "void_closed_count": "close", "void_merged_count": "merge"}
_LEAST_FACE_CONTRAST = 1.0
_RESOLVED_ECD_PX = 6.0


class StepNumbers(NamedTuple):
    """What was measured on one step; NaN where it is not known, with the reason in the notes of its parts."""

    stripped: float
    area: Measured
    thickness_um: float
    contact: Quantity
    longest: Quantity
    depth_um: float
    void_count: int
    ratio: Measured
    note: str
    curtains: str


def steps_table(series: LaidSeries, numbers: Sequence[StepNumbers]) -> pd.DataFrame:
    """Return one row a step, those that failed included: charge, voids, contact, kappa, each with its interval."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for step, found in zip(series.steps, numbers, strict=True):
        notes = [found.note, step.source.note, found.ratio.note if math.isnan(found.ratio.low) else ""]
        rows.append({
            "step": step.number,
            "file": step.source.name,
            "time_h": _known(step.source.time_h),
            "stripped_charge_mah_cm2": found.stripped,
            "void_area_um2": found.area.value,
            "void_area_low_um2": found.area.low,
            "void_area_high_um2": found.area.high,
            "void_thickness_um": found.thickness_um,
            "void_count": found.void_count,
            "contact_fraction": found.contact.value,
            "contact_fraction_low": found.contact.low,
            "contact_fraction_high": found.contact.high,
            "longest_void_run_um": found.longest.value,
            "void_zone_depth_um": found.depth_um,
            "void_capacity_ratio": found.ratio.value,
            "void_capacity_ratio_low": found.ratio.low,
            "void_capacity_ratio_high": found.ratio.high,
            "drift_y_px": step.drift.y_px,
            "drift_x_px": step.drift.x_px,
            "curtain_fraction": step.curtain_fraction,
            "repolished": step.source.repolished,
            "note": "; ".join(dict.fromkeys(filter(None, notes))),
        })  # fmt: skip
    rows += [{"step": failed.number, "file": failed.name, "note": failed.message} for failed in series.failures]
    table = pd.DataFrame(rows).sort_values("step", kind="stable").reset_index(drop=True)
    return table.assign(void_count=table["void_count"].astype("Int64"), repolished=table["repolished"].eq(True))


def _known(value: float | None) -> float:
    return math.nan if value is None else float(value)


def tracks_table(series: LaidSeries, voids: Sequence[StepVoids], tracks: Tracks) -> pd.DataFrame:
    """Return one row a void of a step: its track, size, place, depth and what it touches."""
    import pandas as pd

    columns = ["area_um2", "ecd_um", "feret_max_um", "aspect_ratio", "x_um", "z_um", "touches", "on_border"]
    parts = []
    for step, each, number in zip(series.steps, voids, tracks.numbers, strict=True):
        table = object_table(
            each.objects,
            series.spacing_um,
            collector_row=each.upper,
            electrolyte_row=each.face,
            contact_um=2 * max(series.spacing_um),
        )
        head = {"track": number[table["label"].to_numpy(np.int64)], "step": step.number, "label": table["label"]}
        resolved = table["ecd_um"] >= _RESOLVED_ECD_PX * math.sqrt(series.spacing_um[0] * series.spacing_um[1])
        parts.append(pd.DataFrame(head).join(table[columns]).assign(resolved=resolved))
    return pd.concat(parts, ignore_index=True).sort_values(["track", "step"], kind="stable", ignore_index=True)


def events_table(series: LaidSeries, tracks: Tracks) -> pd.DataFrame:
    """Return one row an event: step (the first that shows it), kind, track, and the track merged into or split from."""
    import pandas as pd

    rows = [(series.steps[event.step].number, event.kind, event.track, event.into) for event in tracks.events]
    return pd.DataFrame(rows, columns=["step", "kind", "track", "into"])


def openings_table(series: LaidSeries, voids: Sequence[StepVoids], covers: Sequence[VoidCover]) -> pd.DataFrame:
    """Return one row a column of a step: x_um, electrolyte_z_um (in the upright frame) and opening_um."""
    import pandas as pd

    parts = [
        pd.DataFrame({
            "step": step.number,
            "x_um": (np.arange(each.face.size) + 0.5) * series.spacing_um[1],
            "electrolyte_z_um": each.face * series.spacing_um[0],
            "opening_um": np.maximum(opening_um(cover.share, series.spacing_um), 0.0),
        })
        for step, each, cover in zip(series.steps, voids, covers, strict=True)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def stripping_quantities(
    recipe: Stripping, series: LaidSeries, numbers: Sequence[StepNumbers], tracks: Tracks
) -> list[Quantity]:
    """Return the quantities of the glossary for a stripping: the last image against the first, and what happened."""
    first, last = numbers[0], numbers[-1]
    doubt = "; ".join(filter(None, (_doubt(series, [each.stripped for each in numbers]), last.curtains)))
    values = [
        _charge(last),
        _measured("void_area_first", first.area, n=first.void_count),
        _measured("void_area_last", last.area, n=last.void_count),
        _thickness(last),
        _measured("void_capacity_ratio", last.ratio, n=last.void_count),
        _onset(numbers),
        _renamed(first.contact, "contact_fraction_first"),
        _renamed(last.contact, "contact_fraction_last"),
        _renamed(last.longest, "longest_void_run_last"),
        Quantity(
            "void_zone_depth_last", last.depth_um, n=last.void_count, note="a quantile of what was seen, no interval"
        ),
        Quantity("void_count_last", last.void_count, n=last.void_count, note="a count of what was seen, no interval"),
        *_counts(tracks),
        _drift(series),
        _steps(series),
    ]
    faint = series.steps[0].face_contrast < _LEAST_FACE_CONTRAST
    note = f"the greys hardly differ at the electrolyte (d' = {series.steps[0].face_contrast:.2g})" if faint else ""
    counted = {"measured_step_count", "drift_max"}
    return [
        quantity if quantity.quantity in counted else quantity.with_note(doubt).with_note(note) for quantity in values
    ]


def _doubt(series: LaidSeries, stripped: Sequence[float]) -> str:
    """Return what touches every number that compares images: planes that differ, missing steps, charge that returns."""
    notes = []
    back = [index for index in range(1, len(stripped)) if stripped[index] < stripped[index - 1]]
    if back:
        name = series.steps[back[0]].source.name
        notes.append(f"the stripped charge goes back in {name}: check the charges in series.csv")
    if series.steps[-1].plane:
        notes.append("a section was polished again in between: first and last image show different planes")
    if series.failures and series.failures[0].number < series.steps[0].number:
        notes.append(f"counted from {series.steps[0].source.name}, the first image that could be measured")
    return "; ".join(notes)


def _measured(name: str, found: Measured, n: int) -> Quantity:
    if math.isnan(found.value):
        return Quantity.withheld(name, found.note)
    return Quantity(name, found.value, found.low, found.high, n, found.note)


def _charge(last: StepNumbers) -> Quantity:
    if math.isnan(last.stripped):
        return Quantity.withheld("stripped_charge", last.ratio.note)
    return Quantity("stripped_charge", last.stripped, n=1, note="as told, taken as exact")


def _thickness(last: StepNumbers) -> Quantity:
    share = last.thickness_um / last.area.value if last.area.value else 0.0
    low, high = last.area.low * share, last.area.high * share
    return Quantity("void_thickness_last", last.thickness_um, low, high, last.void_count, "of the interface seen")


def _onset(numbers: Sequence[StepNumbers]) -> Quantity:
    if math.isnan(numbers[-1].stripped):
        return Quantity.withheld("void_onset_charge", numbers[-1].ratio.note)
    found = onset_charge_mah_cm2([each.area.value for each in numbers], [each.stripped for each in numbers])
    return Quantity("void_onset_charge", found.value, found.low, found.high, 1, found.note)


def _renamed(quantity: Quantity, name: str) -> Quantity:
    return Quantity(name, quantity.value, quantity.low, quantity.high, quantity.n, quantity.note)


def _counts(tracks: Tracks) -> list[Quantity]:
    kinds = [event.kind for event in tracks.events]
    counted = [
        Quantity(name, kinds.count(kind), n=kinds.count(kind), note="a count of what was seen, no interval")
        for name, kind in _EVENT_COUNTS.items()
    ]
    shrunk = kinds.count("shrink") + kinds.count("close")
    note = "voids lost area while stripping: redeposition, collapse or changed curtains" if shrunk else ""
    return [*counted, Quantity("void_shrunk_count", shrunk, n=shrunk, note=note or "none: no redeposition is seen")]


def _drift(series: LaidSeries) -> Quantity:
    sizes = [
        math.hypot(step.drift.y_px * series.spacing_um[0], step.drift.x_px * series.spacing_um[1])
        for step in series.steps
    ]
    return Quantity("drift_max", max(sizes), n=len(sizes), note="an extreme value, taken out of the images")


def _steps(series: LaidSeries) -> Quantity:
    failed = "; ".join(failed.message for failed in series.failures)
    note = f"not measured: {failed}" if failed else "every step was measured"
    return Quantity("measured_step_count", len(series.steps), n=len(series.steps), note=note)
