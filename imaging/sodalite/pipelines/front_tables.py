"""The tables of a growing front and the numbers that sum it up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.measure.capacity import thickness_per_charge_um
from sodalite.measure.front import Advance, growth_rate_um_min
from sodalite.pipelines.front_frames import times_min
from sodalite.quantity import CHECK_OVERLAY, Quantity, counted
from sodalite.segment.front import BESIDE_PX

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.pipelines.front import Front
    from sodalite.pipelines.front_frames import LaidFrames
    from sodalite.pipelines.front_numbers import FrameNumbers

_MIN_PER_H = 60.0
_RECEDES_PX, _RECEDES_SHARE = 2.0, 0.1
_RIM_PX, _LEAST_RIM = (2, 5), 0.05
"""Pixels from a front at which more is covered beyond it than is missing before it where there is a rim, and how much
at least: 0.11 of a rim of 4 px, 0.02 without one."""
_LEAST_OVERHANG, _LEAST_HIDDEN = 0.01, 0.01
MOST_BEYOND = 0.1
"""Share of the columns whose front has left the picture up to which a frame counts, with what the picture shows."""
_SEEN = "a count of what was seen, no interval"
_NO_TIMES = "no times are known: give time_h in series.csv; of a stack or film frame_interval_s tells them"
_NO_CURRENT = "no current is known: tell current_ma_cm2, or charges and times in series.csv"


def steps_table(laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> pd.DataFrame:
    """Return one row a frame, those that failed included: thickness and Rq with intervals, protrusions, drift."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for frame, found in zip(laid.frames, numbers, strict=True):
        notes = [
            frame.source.note,
            found.interval.note,
            found.shape.note and f"Rq: {found.shape.note}",
            beyond_note(found.beyond_fraction),
            _hidden_note(found.hidden_fraction),
            _dendrite_note(found),
            _thin_note(found),
        ]
        rows.append({
            "step": frame.number,
            "file": frame.source.name,
            "time_min": math.nan if frame.source.time_h is None else _MIN_PER_H * frame.source.time_h,
            "thickness_um": found.mean,
            "thickness_low_um": found.interval.low,
            "thickness_high_um": found.interval.high,
            "front_rq_um": found.shape.rq_um,
            "front_rq_low_um": found.shape.low,
            "front_rq_high_um": found.shape.high,
            "largest_protrusion_um": found.shape.largest_um,
            "protrusion_count": len(found.protrusions),
            "dendrite_count": sum(found.dendritic),
            "seen_fraction": found.seen_fraction,
            "overhang_fraction": found.overhang_fraction,
            "beyond_fraction": found.beyond_fraction,
            "drift_y_px": frame.drift.y_px,
            "drift_x_px": frame.drift.x_px,
            "note": _joined(*notes),
        })  # fmt: skip
    rows += [{"step": failed.number, "file": failed.name, "note": failed.message} for failed in laid.failures]
    table = pd.DataFrame(rows).sort_values("step", kind="stable").reset_index(drop=True)
    return table.astype({"protrusion_count": "Int64", "dendrite_count": "Int64"})


def _joined(*notes: str) -> str:
    """Return what is to be said, each part once."""
    return "; ".join(dict.fromkeys(filter(None, notes)))


def beyond_note(fraction: float) -> str:
    """Return that the front has left the picture; nothing where it has not."""
    if not fraction:
        return ""
    least = "" if fraction > MOST_BEYOND else ", where the deposit counts up to the edge of the picture"
    return f"the front has left the picture in {100 * fraction:.2g} % of the columns{least}"


def _hidden_note(fraction: float) -> str:
    """Return in how many columns the front may be hidden; nothing where in next to none."""
    if fraction < _LEAST_HIDDEN:
        return ""
    share = f"{100 * fraction:.2g} % of the columns"
    return f"glaring light may hide the front in {share}, which do not count: needles there may be missed or cut"


def _dendrite_note(found: FrameNumbers) -> str:
    count = sum(found.dendritic)
    return f"dendrite-like growth: {counted(count, 'protrusion')} higher than wide" if count else ""


def _thin_note(found: FrameNumbers) -> str:
    """Return what the picture cannot tell of needles thinner than its blur; nothing where there are none."""
    count = sum(found.thin)
    what = f"{count} protrusions are" if count > 1 else "1 protrusion is"
    return f"{what} thinner than the picture's blur: widths are not told, and they may reach further" if count else ""


def _overhang_note(found: FrameNumbers) -> str:
    """Return in how many columns electrolyte lies under the deposit; nothing where in next to none."""
    if found.overhang_fraction < _LEAST_OVERHANG:
        return ""
    return (
        f"electrolyte lies under the deposit in {100 * found.overhang_fraction:.2g} % of the columns and counts with it"
    )


def fronts_table(laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> pd.DataFrame:
    """Return one row a column of a frame: x_um along the substrate and thickness_um of the deposit there."""
    import pandas as pd

    width = laid.backdrop.base_row.size
    return pd.DataFrame({
        "step": np.repeat([frame.number for frame in laid.frames], width),
        "x_um": np.tile((np.arange(width) + 0.5) * laid.spacing_um[1], len(numbers)),
        "thickness_um": np.concatenate([found.thickness_um for found in numbers]),
    })  # fmt: skip


def protrusions_table(laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> pd.DataFrame:
    """Return one row a protrusion of a frame: its place, height above the front, width at half height, aspect."""
    import pandas as pd

    rows = [
        (frame.number, each.x_um, each.height_um, each.width_um, each.aspect, dendritic, thin)
        for frame, found in zip(laid.frames, numbers, strict=True)
        for each, dendritic, thin in zip(found.protrusions, found.dendritic, found.thin, strict=True)
    ]
    columns = ["step", "x_um", "height_um", "width_um", "aspect_ratio", "dendrite_like", "thinner_than_blur"]
    return pd.DataFrame(rows, columns=columns).astype({"dendrite_like": bool, "thinner_than_blur": bool})


def front_quantities(recipe: Front, laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> list[Quantity]:
    """Return the quantities of the glossary for a growing front."""
    last = numbers[-1]
    times = times_min(laid.frames)
    unsure, dendritic = _joined(_hidden_note(last.hidden_fraction), _thin_note(last)), _dendrite_note(last) or _SEEN
    rate = _rate(recipe, numbers, times)
    current, source = _current_ma_cm2(recipe, laid, times)
    values = [
        _thickness(last, laid),
        _advance("growth_rate", rate, 1.0, ""),
        *_by_current(recipe, rate, current, source),
        _sized("front_rq_first", *_rq(numbers[0]), laid),
        _sized("front_rq_last", *_rq(last), laid),
        _sized("largest_protrusion_last", last.shape.largest_um, math.nan, math.nan, _extreme(laid, unsure), laid),
        Quantity("protrusion_count_last", len(last.protrusions), n=len(last.protrusions), note=_joined(_SEEN, unsure)),
        Quantity("dendrite_count_last", sum(last.dendritic), n=sum(last.dendritic), note=_joined(dendritic, unsure)),
        _onset(numbers, times),
        Quantity("front_seen_fraction", last.seen_fraction, n=last.thickness_um.size, note="of the last frame"),
        _measured_frames(laid),
    ]
    note = _joined(laid.note, _receding(laid, numbers), _rimmed(laid, numbers))
    return [value if value.quantity == "measured_step_count" else value.with_note(note) for value in values]


def _receding(laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> str:
    """Return a doubt where the deposit becomes much thinner from frame to frame, which no plating does."""
    means = np.array([found.mean for found in numbers])
    if not np.isfinite(means).any():
        return ""
    fall = -np.diff(means)
    worst = int(np.argmax(np.nan_to_num(fall, nan=-math.inf)))
    if not fall[worst] > max(_RECEDES_PX * laid.spacing_um[0], _RECEDES_SHARE * np.nanmax(np.abs(means))):
        return ""
    name = laid.frames[worst + 1].source.name
    return f"the front recedes by {fall[worst]:.3g} um in {name}, so that drift or greys of that frame are wrong"


def _thickness(last: FrameNumbers, laid: LaidFrames) -> Quantity:
    """Return the mean thickness of the last frame; where its front has left the picture, what it is at least."""
    name = "front_thickness_last"
    if math.isfinite(last.least_um):
        return Quantity(name, math.nan, last.least_um, math.inf, last.thickness_um.size, last.interval.note)
    note = _joined(
        last.interval.note, beyond_note(last.beyond_fraction), _hidden_note(last.hidden_fraction), _overhang_note(last)
    )
    return _sized(name, last.mean, last.interval.low, last.interval.high, note, laid)


def _rimmed(laid: LaidFrames, numbers: Sequence[FrameNumbers]) -> str:
    """Return a doubt where what lies beyond the front has changed too, with how far out.

    Blur leaves as much beyond a front as is missing before it, whatever its width.
    """
    grown = [found.share_beside for found in numbers if found.mean > BESIDE_PX * laid.spacing_um[0]]
    known = [each for each in grown if np.isfinite(each).all()]
    if not known:
        return ""
    profile = np.median(known, axis=0)
    beyond, before = profile[BESIDE_PX:], 1 - profile[BESIDE_PX - 1 :: -1]
    excess = float((beyond - before)[slice(*_RIM_PX)].mean())
    if excess < _LEAST_RIM:
        return ""
    out = _RIM_PX[0] + int(np.argmax(np.append(beyond[_RIM_PX[0] :] < excess / 2, True)))
    return (
        f"the greys have changed up to {out * laid.spacing_um[0]:.2g} um beyond the front too: a rim of the deposit, "
        f"whose end is the front, or a halo before it: {CHECK_OVERLAY}"
    )


def _rq(found: FrameNumbers) -> tuple[float, float, float, str]:
    return found.shape.rq_um, found.shape.low, found.shape.high, found.shape.note


def _sized(name: str, value: float, low: float, high: float, note: str, laid: LaidFrames) -> Quantity:
    if math.isnan(value):
        return Quantity.withheld(name, note or "the front is not seen in the last frame")
    return Quantity(name, value, low, high, laid.backdrop.base_row.size, note)


def _extreme(laid: LaidFrames, unsure: str) -> str:
    width_um = laid.backdrop.base_row.size * laid.spacing_um[1]
    return _joined(f"an extreme value: it grows with the length looked at, here {width_um:.4g} um", unsure)


def _rate(recipe: Front, numbers: Sequence[FrameNumbers], times: np.ndarray | None) -> Advance:
    if times is None:
        return Advance(math.nan, math.nan, math.nan, 0, _NO_TIMES)
    within = np.array([found.beyond_fraction <= MOST_BEYOND for found in numbers])
    thickness = np.stack([found.thickness_um for found in numbers])
    scale = recipe.scale_uncertainty_percent / 100
    rate = growth_rate_um_min(thickness[within], times[within], scale_relative_sd=scale)
    hidden = float(np.isnan(thickness[within]).any(axis=0).mean())
    rate = rate._replace(note=_joined(rate.note, _hidden_note(hidden)))
    if within.all():
        return rate
    gone = f"{counted(int(np.count_nonzero(~within)), 'frame')} left out, whose front has left the picture"
    return rate._replace(note=_joined(rate.note, gone))


def _advance(name: str, rate: Advance, factor: float, note: str) -> Quantity:
    if math.isnan(rate.value):
        return Quantity.withheld(name, rate.note)
    return Quantity(name, rate.value * factor, rate.low * factor, rate.high * factor, rate.n, _joined(rate.note, note))


def _by_current(recipe: Front, rate: Advance, current: float | None, source: str) -> list[Quantity]:
    names = ("growth_rate_per_current", "growth_over_theory")
    if current is None:
        return [Quantity.withheld(name, rate.note if math.isnan(rate.value) else _NO_CURRENT) for name in names]
    theory = thickness_per_charge_um(density_g_cm3=recipe.density_g_cm3) * current / _MIN_PER_H
    return [
        _advance(names[0], rate, 1 / current, f"at {current:.4g} mA cm-2 {source}"),
        _advance(names[1], rate, 1 / theory, f"dense metal would grow by {theory:.4g} um/min {source}"),
    ]


def _current_ma_cm2(recipe: Front, laid: LaidFrames, times: np.ndarray | None) -> tuple[float | None, str]:
    """Return the current and where it comes from: the recipe, or the slope of the charge over time."""
    if recipe.current_ma_cm2 is not None:
        return recipe.current_ma_cm2, "(told)"
    charges = [frame.source.charge_mah_cm2 for frame in laid.frames]
    if times is None or any(charge is None for charge in charges) or not np.ptp(times) > 0:
        return None, ""
    slope = float(np.polyfit(times / _MIN_PER_H, np.array(charges, float), 1)[0])
    return (abs(slope), "(mean of the series)") if slope else (None, "")


def _onset(numbers: Sequence[FrameNumbers], times: np.ndarray | None) -> Quantity:
    """Return the time of the first frame from which on every frame shows dendrite-like growth."""
    name = "dendrite_onset_time"
    if times is None:
        return Quantity.withheld(name, _NO_TIMES)
    shown = [any(found.dendritic) for found in numbers]
    if not shown[-1]:
        bound = f"no dendrite-like growth up to {times[-1]:.4g} min"
        return Quantity(name, math.nan, float(times[-1]), math.inf, len(numbers), bound)
    start = len(shown) - shown[::-1].index(False) if False in shown else 0
    low = float(times[start - 1]) if start else -math.inf
    return Quantity(
        name, float(times[start]), low, float(times[start]), len(numbers), "first frame of those that show it"
    )


def _measured_frames(laid: LaidFrames) -> Quantity:
    failed = "; ".join(failed.message for failed in laid.failures)
    note = f"not measured: {failed}" if failed else "every frame was measured"
    return Quantity("measured_step_count", len(laid.frames), n=len(laid.frames), note=note)
