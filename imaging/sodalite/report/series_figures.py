"""Figures of a series for a paper: mean size over time with the fitted law, and the size distributions of its steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.coarsening import fit_growth, growth_band
from sodalite.measure.shared_grains import size_covariance
from sodalite.report.figures import column_style
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sodalite.result import Result

_NUMBER, _AREA = "#0072b2", "#d55e00"
_POINTS = 200
_BINS = 16
_ASIDE = 0.006
"""How far beside its place the bar of either mean stands, in widths of the axis: bars one above the other hide ends."""

_NORMAL = 1.96
"""Half width of a 95 % interval in standard deviations."""


def growth_figure(result: Result) -> Figure:
    """Return number- and area-weighted mean diameter over time with their intervals and the law with n = 2.

    Both are without what border and gaps do to them, as the law is fitted. The band holds the mean size of the law with
    95 %. Without times, steps are counted. Hollow are those that do not lie over the others.

    Raises
    ------
    MeasurementError
        When the result has no table of steps.
    """
    from matplotlib.figure import Figure as NewFigure

    steps = result.tables.get("steps")
    if steps is None or "ecd_mean_um" not in steps:
        raise MeasurementError(f"{result.name}: no table of steps to draw; measure the series first.")
    timed = bool(np.isfinite(steps["time_h"].to_numpy(float)).all())
    t = steps["time_h" if timed else "step"].to_numpy(float)
    with column_style():
        figure = NewFigure(figsize=(3.5, 2.6), layout="constrained")
        axes: Any = figure.add_subplot()
        for name, colour, words in (("ecd_area_weighted_mean", _AREA, "by area"), ("ecd_mean", _NUMBER, "by number")):
            _draw_mean(axes, t, result, name, colour, words)
        for place in t[steps["repolished"].to_numpy(bool)]:
            axes.axvline(place, color="0.5", linestyle=":", linewidth=0.9)
            axes.annotate("new section", (place, 0.02), xycoords=("data", "axes fraction"), fontsize=6, rotation=90,
                          ha="right", va="bottom")  # fmt: skip
        axes.set(xlabel="time (h)" if timed else "step", ylabel="mean diameter, border corrected (µm)")
        axes.margins(x=0.04)
        axes.set_ylim(0, _top(steps))
        if not timed:
            axes.xaxis.get_major_locator().set_params(integer=True)
        if not np.isfinite(steps["ecd_mean_um"].to_numpy(float)).any():
            _say_empty(axes)
            axes.set(xticks=t, yticks=[])
        axes.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=2)
        axes.set_title(_constant_text(result, timed), fontsize=7, pad=4)
    return figure


def size_steps_figure(result: Result) -> Figure:
    """Return the size distributions of all steps: diameters, and diameters over their mean, summed up.

    Raises
    ------
    MeasurementError
        When the result has no table of tracks.
    """
    from matplotlib.figure import Figure as NewFigure

    tracks = result.tables.get("tracks")
    if tracks is None or "ecd_um" not in tracks:
        raise MeasurementError(f"{result.name}: no table of tracks to draw; measure the series first.")
    whole = tracks[~tracks["on_border"].astype(bool)]
    sizes = {int(str(step)): part["ecd_um"].to_numpy(float) for step, part in whole.groupby("step")}
    with column_style():
        figure = NewFigure(figsize=(7.2, 1.6 + 0.3 * max(3, len(sizes))), layout="constrained")
        left, right = figure.subplots(1, 2)
        if sizes:
            _draw_distributions(left, right, sizes)
        else:
            for axes in (left, right):
                _say_empty(axes)
                axes.set(xticks=[], yticks=[])
        left.set(xlabel="equivalent circle diameter (µm)", ylabel="share of grains, a line a step")
        right.set(xlabel="diameter / mean diameter", ylabel="share of grains below (%)")
        left.set_xlim(left=0)
    return figure


def _say_empty(axes: Any) -> None:
    sentence = "no step has a whole grain:\nthe frame cuts every one"
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, fontsize=7, ha="center", va="center")


def _top(steps: pd.DataFrame) -> float:
    """Return the upper end of the axis of sizes: above every mean and every end of an interval."""
    highest = np.concatenate([_mean_and_ends(steps, name)[-1] for name in ("ecd_mean", "ecd_area_weighted_mean")])
    known = highest[np.isfinite(highest)]
    return 1.08 * float(known.max()) if known.size else 1.0


def _mean_and_ends(steps: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean size of each step and the ends of its 95 % interval, um; the mean itself where it has none."""
    size, error = (steps[f"{name}_unbiased_{end}"].to_numpy(float) for end in ("um", "relative_se"))
    factor = np.exp(_NORMAL * np.nan_to_num(error))
    return size, size / factor, size * factor


def _draw_mean(axes: Any, t: np.ndarray, result: Result, name: str, colour: str, words: str) -> None:
    steps = result.tables["steps"]
    size, low, high = _mean_and_ends(steps, name)
    known = np.isfinite(size)
    bars = np.stack((size - low, high - size))[:, known]
    aside = _ASIDE * float(np.ptp(t)) * (1 if name == "ecd_mean" else -1)
    axes.errorbar(t[known] + aside, size[known], yerr=bars, fmt="o", color=colour, markersize=4, linewidth=0.9,
                  capsize=2, label=words, zorder=3)  # fmt: skip
    other = known & ~steps["tracked"].to_numpy(bool)
    axes.plot(t[other] + aside, size[other], "o", color=colour, markerfacecolor="white", markersize=4, zorder=4)
    if known.sum() < 2 or np.ptp(t[known]) <= 0 or (np.diff(t[known]) < 0).any():
        return
    errors = steps[f"{name}_unbiased_relative_se"].to_numpy(float)
    numbers = steps["step"].to_numpy(np.int64)[known].tolist()
    together = size_covariance(result.tables["tracks"], numbers, by_area=name == "ecd_area_weighted_mean")
    fit = fit_growth(t[known], size[known], errors[known], together)
    place = np.linspace(float(t[known][0]), float(t[known][-1]), _POINTS)
    middle, below, above = growth_band(fit, t[known], size[known], errors[known], place, together)
    axes.plot(place, middle, color=colour, linewidth=1.1)
    axes.fill_between(place, below, above, color=colour, alpha=0.15, linewidth=0)


def _constant_text(result: Result, timed: bool) -> str:
    """Return the growth constant and the exponent in words."""
    held = {q.quantity: q for q in result}
    parts = []
    for name, lead in (("growth_constant" if timed else "growth_constant_step", "K"), ("growth_exponent", "n")):
        q = held.get(name)
        if q is None or math.isnan(q.value):
            parts += [f"{lead} withheld"] if q is not None else []
            continue
        parts.append(f"{lead} = {format_value(q.quantity, q.value, q.low, q.high, q.unit)}")
    return ", ".join(parts)


def _draw_distributions(left: Any, right: Any, sizes: dict[int, np.ndarray]) -> None:
    import matplotlib as mpl

    top = max(float(size.max()) for size in sizes.values())
    bins = np.linspace(0, 1.001 * top, _BINS + 1)
    shares = [np.histogram(size, bins)[0] / size.size for size in sizes.values()]
    lift = 0.75 * max(float(share.max()) for share in shares)
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.9, len(sizes)))
    for place, ((step, size), share, colour) in enumerate(zip(sizes.items(), shares, colours, strict=True)):
        base = -place * lift
        left.stairs(base + share, bins, baseline=base, fill=True, color=colour, alpha=0.55, zorder=place + 1)
        left.stairs(base + share, bins, baseline=base, color=colour, linewidth=0.9, zorder=place + 1)
        mean = float(size.mean())
        left.plot([mean, mean], [base, base + 0.9 * lift], color="black", linewidth=0.9, zorder=place + 1.5)
        left.text(1.01, base, f"step {step}, n = {size.size}", transform=left.get_yaxis_transform(), fontsize=6,
                  va="bottom")  # fmt: skip
        relative = np.sort(size / size.mean())
        right.step(relative, 100 * np.arange(1, size.size + 1) / size.size, where="post", color=colour, linewidth=1.1)
    for limit, words in ((2.0, "2D"), (2.25, "3D")):
        right.axvline(limit, color="0.5", linestyle=":", linewidth=0.9)
        right.text(limit, 4, words, fontsize=6, ha="right", va="bottom", rotation=90)
    right.set_ylim(0, 103)
    right.set_xlim(0, max(2.4, right.get_xlim()[1]))
    left.set_yticks([])
    left.spines["left"].set_visible(False)
    left.set_title("black: mean", fontsize=7, pad=4)
    right.set_title("self-similar growth keeps one line; dotted: Hillert's limits", fontsize=7, pad=4)
