"""The pictures of a stripping: the sheet of images with growing voids in colour, and figures over stripped charge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.classes import SectionClass
from sodalite.report.caption import LegendEntry
from sodalite.report.figures import column_style
from sodalite.report.laid_panels import SheetStyle, draw_lines, outlines, profile_line, tint, write_laid_pictures
from sodalite.report.numbers import format_value
from sodalite.report.panels import PanelFrame, printable

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from sodalite.image_series import ImageSeries
    from sodalite.pipelines.image_series_pictures import LaidPicture
    from sodalite.result import Result

VOID_RGB = (
    (255, 140, 40), (80, 190, 255), (255, 225, 70), (120, 220, 130), (235, 120, 190), (150, 150, 255),
    (255, 105, 95), (70, 215, 205), (205, 170, 120), (200, 230, 120),
)  # fmt: skip
"""Colours of tracked voids, in turn; light, because they lie on dark voids."""
_FACE_RGB = (70, 200, 255)
_TINT = 0.45
_BESIDE = 0.35
_AREA, _CONTACT = "#d55e00", "#0072b2"
_LEGEND = (
    LegendEntry("voids, a colour each, the same in all steps", VOID_RGB[0], "area"),
    LegendEntry("electrolyte face", _FACE_RGB, "line"),
)
_SENTENCE = "Images laid on the first one by the electrolyte, brightness matched."


def write_void_pictures(result: Result, sample: ImageSeries, folder: str | os.PathLike[str]) -> Path:
    """Write ``voids.png`` (also ``overlay.png``), ``void_area.png``, ``openings.png`` and previews; return the folder.

    Raises
    ------
    MeasurementError
        When the result is not of these images.
    """
    rows = _rows_of_sodium(result.labels["labels"])

    def draw(canvas: np.ndarray, laid: LaidPicture, frame: PanelFrame) -> None:
        _draw_face(canvas, result.labels["labels"][laid.place, rows], frame)
        _draw_voids(canvas, result.labels["voids"][laid.place, rows], frame)

    style = SheetStyle("voids.png", draw, _words, _LEGEND, _SENTENCE, rows)
    figures = {"void_area": void_area_figure(result), "openings": opening_figure(result)}
    return write_laid_pictures(result, sample, folder, style, figures)


def _rows_of_sodium(labels: np.ndarray) -> slice:
    """Return the rows that hold sodium or void in some step, with a third of their height on either side."""
    held = np.flatnonzero(np.isin(labels, (SectionClass.SODIUM, SectionClass.VOID)).any(axis=(0, 2)))
    if not held.size:
        return slice(0, labels.shape[1])
    beside = round(_BESIDE * (held[-1] - held[0] + 1))
    return slice(max(0, int(held[0]) - beside), min(labels.shape[1], int(held[-1]) + 1 + beside))


def _words(row: Mapping[Any, Any]) -> tuple[str, str]:
    title = f"step {row['step']}"
    if math.isfinite(row["stripped_charge_mah_cm2"]):
        title += f", {row['stripped_charge_mah_cm2']:.3g} {printable('mAh/cm²', 'mAh/cm2')}"
    elif math.isfinite(row["time_h"]):
        title += f", {row['time_h']:.3g} h"
    if row["repolished"]:
        title += ", new section"
    area = f"{row['void_area_um2']:.3g} {printable('µm²', 'um2')}"
    return title, f"{area}, contact {100 * row['contact_fraction']:.0f} %"


def _draw_voids(canvas: np.ndarray, voids: np.ndarray, frame: PanelFrame) -> None:
    """Tint and outline every void in the colour of its track."""
    tracks = [int(track) for track in np.unique(voids[voids > 0])]
    drawn = [(outlines(voids == track, frame), VOID_RGB[(track - 1) % len(VOID_RGB)]) for track in tracks]
    for lines, rgb in drawn:
        tint(canvas, lines, rgb, _TINT)
    for lines, rgb in drawn:
        draw_lines(canvas, lines, rgb, closed=True)


def _draw_face(canvas: np.ndarray, labels: np.ndarray, frame: PanelFrame) -> None:
    """Draw the electrolyte's face, from whichever side it lies on."""
    solid = labels == SectionClass.ELECTROLYTE
    below = bool(solid[-1].mean() >= solid[0].mean())
    rows = solid.argmax(axis=0) if below else labels.shape[0] - solid[::-1].argmax(axis=0)
    draw_lines(canvas, [profile_line(rows, labels.shape, frame)], _FACE_RGB, closed=False)


def void_area_figure(result: Result) -> Figure:
    """Return void area and contact fraction with their intervals over the stripped charge, or over the steps."""
    from matplotlib.figure import Figure as NewFigure

    steps = result.tables["steps"].dropna(subset="void_area_um2")
    charge = steps["stripped_charge_mah_cm2"].to_numpy(float)
    charged = bool(np.isfinite(charge).all())
    x = charge if charged else steps["step"].to_numpy(float)
    with column_style():
        figure = NewFigure(figsize=(3.5, 3.6), layout="constrained")
        upper: Any
        lower: Any
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        area = steps["void_area_um2"].to_numpy(float)
        low, high = (steps[f"void_area_{end}_um2"].to_numpy(float) for end in ("low", "high"))
        upper.fill_between(x, low, high, color=_AREA, alpha=0.18, linewidth=0)
        upper.plot(x, area, "o-", color=_AREA, markersize=4, linewidth=1.1)
        if charged:
            _draw_ratios(upper, result, x, area, steps)
        contact, below, above = (100 * steps[f"contact_fraction{end}"].to_numpy(float) for end in ("", "_low", "_high"))
        bars = np.nan_to_num(np.stack([contact - below, above - contact]), posinf=0.0).clip(0)
        lower.errorbar(x, contact, yerr=bars, fmt="s-", color=_CONTACT, markersize=3.5, linewidth=1, capsize=2)
        upper.set(ylabel="void area (µm²)")
        upper.set_ylim(bottom=0)
        lower.set(ylabel="contact (%)", ylim=(0, 104))
        lower.set_xlabel("stripped charge (mAh cm$^{-2}$)" if charged else "step")
    return figure


def _draw_ratios(axes: Any, result: Result, x: np.ndarray, area: np.ndarray, steps: pd.DataFrame) -> None:
    """Draw the line of the measured void-capacity ratio, and name it."""
    kappa = result["void_capacity_ratio"]
    if math.isnan(kappa.value) or not x[-1] > 0:
        return
    axes.plot(
        [0, x[-1]], [area[0], area[-1]], color="0.25", linestyle="--", linewidth=0.8, label="κ from first to last"
    )
    axes.legend(fontsize=7, loc="upper left")
    text = format_value(kappa.quantity, kappa.value, kappa.low, kappa.high, kappa.unit)
    axes.set_title(f"void-capacity ratio κ = {text}", fontsize=7, pad=4)


def opening_figure(result: Result) -> Figure:
    """Return the opening along the interface at every step, from first (dark) to last (light)."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as NewFigure

    steps = result.tables["steps"].set_index("step")["stripped_charge_mah_cm2"]
    parts = list(result.tables["openings"].groupby("step"))
    with column_style():
        figure = NewFigure(figsize=(3.5, 2.3), layout="constrained")
        axes: Any = figure.add_subplot()
        colours = mpl.colormaps["viridis"](np.linspace(0.9, 0.1, len(parts)))
        for order, ((step, part), colour) in enumerate(reversed(list(zip(parts, colours[::-1], strict=True)))):
            opening = part["opening_um"].to_numpy(float)
            axes.fill_between(part["x_um"], opening, color=colour, linewidth=0, zorder=order + 1)
            charge = float(steps.loc[step])
            words = f"{charge:.3g}" if math.isfinite(charge) else f"step {step}"
            axes.plot([], [], color=colour, linewidth=4, label=words)
        axes.set(xlabel="position (µm)", ylabel="opening (µm)")
        axes.set_xlim(0, float(parts[0][1]["x_um"].max()))
        axes.set_ylim(bottom=0)
        title = "mAh cm$^{-2}$" if np.isfinite(steps.to_numpy(float)).any() else ""
        axes.legend(title=title, fontsize=6, title_fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
