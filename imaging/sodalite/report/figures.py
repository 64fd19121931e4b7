"""Figures for a paper: thickness along the interface and void sizes, one journal column wide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.report.files import replacing
from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from sodalite.result import Result

_COLUMN_INCHES = (3.5, 2.3)
"""89 mm: one column of most journals."""
_STYLE: Any = {
    "font.size": 8,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "sodalite",
}
_GROSS, _NET, _BARS = "#0072b2", "#d55e00", "#56b4e9"
_PNG_DPI = 300
_FAST: Any = {"svg": {}, "png": {"pil_kwargs": {"compress_level": 1}}}
"""Little compression: a quarter of the time for a file half as large again."""


def profile_figure(result: Result) -> Figure:
    """Return the thickness along the interface, gross and net, with the mean gross thickness and its interval.

    Raises
    ------
    MeasurementError
        When `result` has no profile.
    """
    profile = _table(result, "profile")
    with column_style():
        figure, axes = _axes()
        x_um = profile["x_um"].to_numpy(float)
        axes.plot(x_um, profile["gross_um"].to_numpy(float), color=_GROSS, label="gross")
        axes.plot(x_um, profile["net_um"].to_numpy(float), color=_NET, label="net", linewidth=0.9)
        _mark_mean(axes, result)
        axes.set(xlabel="position (µm)", ylabel="thickness (µm)", xlim=(x_um.min(), x_um.max()))
        axes.set_ylim(bottom=0)
        axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.18), fontsize=7)
    return figure


def void_size_figure(result: Result) -> Figure:
    """Return the number distribution of the voids' equivalent circle diameter; an empty one where there are no voids.

    Raises
    ------
    MeasurementError
        When `result` has no table of voids.
    """
    sizes_um = _table(result, "voids")["ecd_um"].to_numpy(float)
    sizes_um = sizes_um[np.isfinite(sizes_um)]
    with column_style():
        figure, axes = _axes()
        if len(sizes_um):
            bins = np.linspace(0, sizes_um.max(), int(np.clip(2 * len(sizes_um) ** (1 / 3), 5, 24)) + 1)
            axes.hist(sizes_um, bins=bins.tolist(), color=_BARS, edgecolor="white", linewidth=0.5)
        axes.set(xlabel="equivalent circle diameter (µm)", ylabel="number of voids")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.text(0.98, 0.95, f"n = {len(sizes_um)}", transform=axes.transAxes, ha="right", va="top")
    return figure


def write_figures(result: Result, folder: str | os.PathLike[str]) -> list[Path]:
    """Write every figure that `result` has tables for as SVG and PNG into `folder`; return the paths.

    Equal results give equal bytes; letters in the SVG stay letters.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    figures = {"profile": ("thickness_profile", profile_figure), "voids": ("void_sizes", void_size_figure)}
    paths = []
    for table, (name, draw) in figures.items():
        if table in result.tables:
            paths += save_figure(draw(result), target / name)
    return paths


def save_figure(figure: Figure, stem: Path, kinds: Sequence[str] = ("svg", "png")) -> list[Path]:
    """Write a figure as `stem` with each ending in `kinds`, the same bytes each time; return the paths."""
    metadata = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in kinds]
    with column_style():
        for path, kind in zip(paths, kinds, strict=True):
            with replacing(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=_PNG_DPI, metadata=metadata[kind], **_FAST[kind])
    return paths


def _table(result: Result, name: str) -> Any:
    if name not in result.tables:
        raise MeasurementError(
            f"{result.name}: no table '{name}' to draw; tables are {', '.join(result.tables) or 'none'}."
        )
    return result.tables[name]


def _mark_mean(axes: Any, result: Result) -> None:
    mean = next((q for q in result if q.quantity == "thickness_gross_mean" and np.isfinite(q.value)), None)
    if mean is None:
        return
    label = f"mean {format_value(mean.quantity, mean.value, unit=mean.unit, low=mean.low, high=mean.high)}"
    axes.axhline(mean.value, color="0.5", linestyle="--", linewidth=0.8, label=label)
    if np.isfinite([mean.low, mean.high]).all():
        axes.axhspan(mean.low, mean.high, color="0.3", alpha=0.12, linewidth=0)


def _axes() -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_COLUMN_INCHES, layout="constrained")
    return figure, figure.add_subplot()


def column_style() -> Any:
    """Return a context in which matplotlib draws as these figures do; global settings stay as they are."""
    import matplotlib as mpl

    return mpl.rc_context(_STYLE)
