"""Kinetics of a series: mean sizes over time, charge or the number of the step, with intervals and refusals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.measure.coarsening import GrowthFit, fit_growth, trends_disagree
from sodalite.measure.shared_grains import size_covariance
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.pipelines.coarsening_numbers import SeriesParts

MEANS = ("ecd_mean", "ecd_area_weighted_mean")
_WORDS = {"ecd_mean": "number", "ecd_area_weighted_mean": "area"}
_AGAINST = {"time": "um2/h", "charge": "um2/(mAh cm-2)", "step": "um2"}
_HIGHEST_LAW = 4.0
"""n of the slowest law of grain growth, and 2 of the fastest (Atkinson 1988, 10.1016/0001-6160(88)90079-X)."""

_DISAGREE = "the number mean and the area-weighted mean tell different trends; mind the least grain that counts"


def kinetics(parts: SeriesParts) -> tuple[list[Quantity], pd.DataFrame]:
    """Return sizes of the first and the last step, growth constants and exponent, and the table of all fits."""
    import pandas as pd

    number = np.array([step.number for step in parts.measured])
    sizes = {name: np.array([step.unbiased[k].ecd_um for step in parts.measured]) for k, name in enumerate(MEANS)}
    errors = {name: np.array([step.unbiased[k].relative_se for step in parts.measured]) for k, name in enumerate(MEANS)}
    shared = [size_covariance(parts.tracked.tracks, number.tolist(), by_area=by_area) for by_area in (False, True)]
    together = dict(zip(MEANS, shared, strict=True))
    progress = {
        "time": parts.times_h[number],
        "charge": parts.charges_mah_cm2[number],
        "step": number.astype(float),
    }
    fits: dict[tuple[str, str], GrowthFit] = {}
    why: dict[str, str] = {}
    for against, values in progress.items():
        why[against] = _why_not(against, values)
        if not why[against]:
            fits |= {(name, against): fit_growth(values, sizes[name], errors[name], together[name]) for name in MEANS}
    main = "step" if why["time"] else "time"
    apart = trends_disagree(progress[main], (sizes[MEANS[0]], sizes[MEANS[1]]), (errors[MEANS[0]], errors[MEANS[1]]))
    of_all = [text for text in (_DISAGREE if apart else "", _elsewhere(parts)) if text]
    doubts = {key: _doubts(fit, number) + of_all for key, fit in fits.items()}
    values = [_end(parts, name, which) for name in MEANS for which in ("first", "last")]
    values += [
        _constant(name, fits.get(key), why[key[1]], doubts.get(key, []))
        for name, key in (
            ("growth_constant", (MEANS[0], "time")),
            ("growth_constant_area_weighted", (MEANS[1], "time")),
            ("growth_constant_charge", (MEANS[0], "charge")),
            ("growth_constant_step", (MEANS[0], "step")),
        )
    ]
    values.append(_exponent(fits[MEANS[0], main], why["time"], doubts[MEANS[0], main]))
    return values, pd.DataFrame([_row(*key, fit, doubts[key]) for key, fit in fits.items()])


def _why_not(against: str, progress: np.ndarray) -> str:
    """Return why nothing can be fitted against a progress; empty when it can."""
    if np.isnan(progress).any():
        return f"no {against}s are told" if against == "time" else f"no {against} is told"
    if (np.diff(progress) < 0).any():
        return f"{against} falls from one step to the next"
    return "" if np.ptp(progress) > 0 else f"{against} does not rise"


def _elsewhere(parts: SeriesParts) -> str:
    """Return how many of the fitted steps are not of the place that is tracked; empty where all are."""
    numbers = [str(step.number) for step in parts.measured if step.number in parts.apart]
    if len(numbers) > 1:
        return f"steps {', '.join(numbers)} count, which do not lie over the others: check that all show one specimen"
    return f"step {numbers[0]} counts, which does not lie over the others: check the specimen" if numbers else ""


def _end(parts: SeriesParts, name: str, which: str) -> Quantity:
    step = parts.measured[0 if which == "first" else -1]
    held = step.values[name]
    label = f"step {step.number}, {parts.series.steps[step.number].name}"
    strange = "it does not lie over the others: check the specimen" if step.number in parts.apart else ""
    note = "; ".join(text for text in (label, held.note, strange) if text)
    return Quantity(f"{name}_{which}", held.value, held.low, held.high, held.n, note)


def _constant(name: str, fit: GrowthFit | None, why: str, doubts: list[str]) -> Quantity:
    if fit is None or math.isnan(fit.constant):
        return Quantity.withheld(name, why or (fit.withheld if fit is not None else "no fit"))
    notes = []
    if fit.excludes_two:
        low, high = fit.exponent_range
        ends = f"{low:.2g} to {high:.2g}" if math.isfinite(high) else f"above {low:.2g}"
        notes.append(f"n = 2 does not fit these steps (95 % interval of n: {ends})")
    if not (fit.constant_low > 0 or fit.constant_high < 0) and math.isfinite(fit.constant_low):
        notes.append("no growth beyond what another sample of as many grains may differ by")
    if math.isnan(fit.constant_low):
        notes.append(f"{fit.steps} steps with few grains, no interval")
    return Quantity(name, fit.constant, fit.constant_low, fit.constant_high, fit.steps, "; ".join(notes + doubts))


def _exponent(fit: GrowthFit, no_time: str, doubts: list[str]) -> Quantity:
    notes = ([f"over the number of the step, as {no_time}"] if no_time else []) + doubts
    if fit.withheld:
        return Quantity.withheld("growth_exponent", "; ".join([fit.withheld, *notes]))
    if fit.exponent_low > _HIGHEST_LAW:
        notes.append(f"above {_HIGHEST_LAW:g}, as of growth that comes to rest, which is no law D^n - D0^n = K t")
    ends = (fit.exponent, fit.exponent_low, fit.exponent_high)
    return Quantity("growth_exponent", *ends, fit.steps, "; ".join(notes))


def _doubts(fit: GrowthFit, number: np.ndarray) -> list[str]:
    """Return which steps do not count and in which way the others keep to no law."""
    left_out = number.size - fit.steps
    few = [f"{left_out} of {number.size} steps left out: too few whole grains"] if left_out else []
    odd = f"step {number[fit.odd_step]}" if fit.odd_step >= 0 else ""
    if math.isfinite(fit.scatter):
        alone = f"; without {odd} they do not" if odd else ""
        return [*few, f"sizes scatter {fit.scatter:.1f} times their errors about any law D^n - D0^n = K t{alone}"]
    return [*few, f"{odd} lies off the law of the other steps"] if odd else few


def _row(name: str, against: str, fit: GrowthFit, doubts: list[str]) -> dict[str, Any]:
    """Return one fit as a row: the interval of n stands here also where n is withheld."""
    low, high = fit.exponent_range
    return {
        "mean": _WORDS[name],
        "against": against,
        "unit": _AGAINST[against],
        "growth_constant": fit.constant,
        "growth_constant_low": fit.constant_low,
        "growth_constant_high": fit.constant_high,
        "initial_um": fit.initial_um,
        "growth_exponent": fit.exponent,
        "growth_exponent_low": low,
        "growth_exponent_high": high,
        "misfit_of_two": fit.misfit,
        "steps": fit.steps,
        "note": "; ".join([fit.withheld] * bool(fit.withheld) + doubts),
    }
