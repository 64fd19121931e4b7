"""The pictures of a growing deposit: the sheet of frames with its front, and figures of thickness over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.classes import SectionClass
from sodalite.pipelines.front_tips import front_tips
from sodalite.report.caption import LegendEntry
from sodalite.report.figures import column_style
from sodalite.report.laid_panels import CASING_RGB, SheetStyle, draw_lines, outlines, tint, write_laid_pictures
from sodalite.report.numbers import format_value
from sodalite.report.panels import PanelFrame, printable

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from sodalite.image_series import ImageSeries
    from sodalite.pipelines.front_tips import Tip
    from sodalite.pipelines.image_series_pictures import LaidPicture
    from sodalite.result import Result

_FRONT_RGB, _BASE_RGB, _MARK_RGB = (255, 225, 70), (70, 200, 255), (255, 70, 60)
_TINT = 0.22
_BEYOND_PX = 6
_APART_PX, _LARGEST = 3, 1.7
"""Pixels between a tip and its mark, and how much larger that of the largest protrusion is."""
_MOST_FRONTS = 12
_THICKNESS, _ROUGHNESS = "#0072b2", "#d55e00"
_LEGEND = (
    LegendEntry("front", _FRONT_RGB, "line"),
    LegendEntry("substrate", _BASE_RGB, "line"),
    LegendEntry("protrusion, the largest one larger", _FRONT_RGB, "mark"),
    LegendEntry("dendrite-like", _MARK_RGB, "mark"),
)
_SENTENCE = (
    "Frames laid on the first one by the substrate, flicker evened out. Columns under spots of light do not count."
)


def write_front_pictures(result: Result, sample: ImageSeries, folder: str | os.PathLike[str]) -> Path:
    """Write ``frames.png`` (also ``overlay.png``), ``fronts.png``, ``growth.png`` and previews; return the folder.

    Raises
    ------
    MeasurementError
        When the result is not of these frames.
    """

    def draw(canvas: np.ndarray, laid: LaidPicture, frame: PanelFrame) -> None:
        labels = result.labels["labels"][laid.place]
        _draw_deposit(canvas, labels, frame)
        scale = np.array([frame.width / labels.shape[1], frame.height / labels.shape[0]])
        _draw_tips(canvas, front_tips(result, laid.place), scale)

    style = SheetStyle("frames.png", draw, _words, _LEGEND, _SENTENCE)
    figures = {"fronts": fronts_figure(result), "growth": thickness_figure(result)}
    return write_laid_pictures(result, sample, folder, style, figures)


def _words(row: Mapping[Any, Any]) -> tuple[str, str]:
    title = f"frame {row['step']}"
    if math.isfinite(row["time_min"]):
        title += f", {row['time_min']:.3g} min"
    thickness = row["thickness_um"]
    if not math.isfinite(thickness):
        return title, "front out of view" if row["beyond_fraction"] else "no front seen"
    return title, f"{thickness:.{1 if abs(thickness) < 10 else 0}f} {printable('µm', 'um')}".replace("-0.0 ", "0.0 ")


def _draw_deposit(canvas: np.ndarray, labels: np.ndarray, frame: PanelFrame) -> None:
    """Tint the deposit, and outline it and the substrate."""
    substrate, deposit = labels == SectionClass.COLLECTOR, labels == SectionClass.SODIUM
    tint(canvas, outlines(deposit, frame, beyond_px=_BEYOND_PX), _FRONT_RGB, _TINT)
    for mask, rgb in ((substrate | deposit, _FRONT_RGB), (substrate, _BASE_RGB)):
        draw_lines(canvas, outlines(mask, frame, beyond_px=_BEYOND_PX), rgb, closed=True)


def _draw_tips(canvas: np.ndarray, tips: Sequence[Tip], scale: np.ndarray) -> None:
    """Draw a small triangle beyond the tip of each protrusion, the largest one's bigger; `scale` along x and y."""
    import cv2

    for tip in sorted(tips, key=lambda each: each.largest):
        size = max(8, canvas.shape[1] // 45) * (_LARGEST if tip.largest else 1.0)
        outward, across = np.array(tip.outward[::-1]), np.array(tip.outward)
        end = np.array([tip.x_px, tip.y_px]) * scale + _APART_PX * outward
        points = np.array([end, *(end + size * (outward + sign * across / 2) for sign in (-1, 1))])
        corners = [np.rint(points).astype(np.int32)]
        cv2.fillPoly(canvas, corners, _MARK_RGB if tip.dendrite_like else _FRONT_RGB, cv2.LINE_AA)
        cv2.polylines(canvas, corners, True, CASING_RGB, 1, cv2.LINE_AA)


def fronts_figure(result: Result) -> Figure:
    """Return the deposit's thickness along the substrate at up to twelve times, early dark and late light."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as NewFigure

    steps = result.tables["steps"].set_index("step")
    parts = [(int(str(step)), part) for step, part in result.tables["fronts"].groupby("step")]
    chosen = [parts[place] for place in np.unique(np.linspace(0, len(parts) - 1, _MOST_FRONTS).round().astype(int))]
    timed = bool(np.isfinite(steps["time_min"].dropna()).any())
    times = [float(steps.loc[step, "time_min"]) if timed else float(step) for step, _ in chosen]
    with column_style():
        figure = NewFigure(figsize=(3.5, 2.4), layout="constrained")
        axes: Any = figure.add_subplot()
        scale = mpl.colors.Normalize(min(times), max(max(times), min(times) + 1e-9))
        for (_, part), time in zip(chosen, times, strict=True):
            colour = mpl.colormaps["viridis"](0.95 * scale(time))
            axes.plot(part["x_um"], part["thickness_um"], color=colour, linewidth=1.0)
        axes.set(xlabel="position along the substrate (µm)", ylabel="thickness (µm)")
        axes.set_xlim(0, float(parts[0][1]["x_um"].max()))
        shown = mpl.cm.ScalarMappable(
            scale, mpl.colors.ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.95, 256)))
        )
        figure.colorbar(shown, ax=axes, label="time (min)" if timed else "frame", pad=0.02)
    return figure


def thickness_figure(result: Result) -> Figure:
    """Return mean thickness with its interval and the fitted rate, and below it the roughness, over time."""
    from matplotlib.figure import Figure as NewFigure

    steps = result.tables["steps"].dropna(subset="thickness_um")
    time = steps["time_min"].to_numpy(float)
    timed = bool(np.isfinite(time).all())
    t = time if timed else steps["step"].to_numpy(float)
    with column_style():
        figure = NewFigure(figsize=(3.5, 3.6), layout="constrained")
        upper: Any
        lower: Any
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        thickness = steps["thickness_um"].to_numpy(float)
        low, high = (steps[f"thickness_{end}_um"].to_numpy(float) for end in ("low", "high"))
        upper.fill_between(t, low, high, color=_THICKNESS, alpha=0.16, linewidth=0)
        upper.plot(t, thickness, "o", color=_THICKNESS, markersize=3.5)
        rate = result["growth_rate"]
        if timed and math.isfinite(rate.value):
            line = thickness.mean() + rate.value * (t - t.mean())
            upper.plot(t, line, color="0.25", linewidth=0.9)
            text = format_value(rate.quantity, rate.value, rate.low, rate.high, rate.unit)
            upper.set_title(f"growth rate {text}", fontsize=7, pad=4)
        for name, words, marker in (("front_rq_um", "Rq", "s-"), ("largest_protrusion_um", "largest protrusion", "^-")):
            colour = _ROUGHNESS if name == "front_rq_um" else "0.45"
            lower.plot(t, steps[name].to_numpy(float), marker, color=colour, markersize=3, linewidth=0.9, label=words)
        upper.set(ylabel="thickness (µm)")
        upper.set_ylim(bottom=min(0.0, float(np.nanmin(thickness))))
        lower.set(ylabel="height (µm)", xlabel="time (min)" if timed else "frame")
        lower.set_ylim(bottom=0)
        lower.legend(fontsize=7, loc="upper left")
    return figure
