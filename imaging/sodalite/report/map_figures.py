"""Figures of a map for a paper: pole figures, sizes by number and by area, directions of boundaries, colour keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd.frames import quaternions_from_euler, quaternions_in_map_frame
from sodalite.ebsd.orix_door import key_axes
from sodalite.errors import MeasurementError
from sodalite.report.figures import column_style
from sodalite.report.map_colours import map_direction
from sodalite.report.map_density import REACH, inverse_density, pole_density, pole_families, rotate, thinned
from sodalite.report.map_keys import PANEL_RGB, named_directions, sector_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from sodalite.ebsd import EbsdMap, Phase
    from sodalite.result import Result

_HALF_WIDTH_DEG = 5.0
_MOST_PHASES = 3
_LEAST_SHARE = 0.02
_CLEAR = 0.03
"""Between a corner of the sector and its indices, in radii / sqrt 2."""
_BARS, _LINE, _MEAN = "#56b4e9", "#d55e00", "#0072b2"
_ROOM = 1.05
"""Radius of the rose in its longest bars, at least."""
ROSE_BINS = 12
"""Directions of the rose: 15 degrees apart, about what smoothed staircases resolve."""


def pole_figure(ebsd: EbsdMap, direction: str | Sequence[float]) -> Figure:
    """Return pole figures seen from above the map and the inverse pole figure of `direction`, a row a phase.

    Densities are multiples of a random distribution (MRD), smoothed by 5 degrees, in equal-area
    projection; phases below 2 % of the indexed points are left out.

    Raises
    ------
    MeasurementError
        When no point is indexed as a phase with symmetry.
    """
    from matplotlib.figure import Figure as NewFigure

    share = np.array(ebsd.phase_counts) / max(1, sum(ebsd.phase_counts))
    shown = [k for k in np.argsort(-share) if share[k] >= _LEAST_SHARE and ebsd.phases[k].laue_group]
    if not shown:
        raise MeasurementError(f"{ebsd.name}: no point is indexed as a phase with symmetry; name the phases to read.")
    shown = shown[:_MOST_PHASES]
    with column_style():
        figure = NewFigure(figsize=(7.2, 2.0 * len(shown)))
        for place, k in enumerate(shown):
            # places by hand: matplotlib's own layout takes as long as all the rest
            bottom, height = 1 - (place + 0.95) / len(shown), 0.82 / len(shown)
            spots = ((0.03, 0.2), (0.24, 0.2), (0.45, 0.2), (0.74, 0.16), (0.675, 0.012), (0.925, 0.012))
            row = [figure.add_axes((left, bottom, width, height)) for left, width in spots]
            _draw_phase(row, ebsd, int(k) + 1, direction)
    return figure


def _draw_phase(row: Sequence[Any], ebsd: EbsdMap, number: int, direction: str | Sequence[float]) -> None:
    """Draw three pole figures, the inverse pole figure and the scales of both into the axes of `row`."""
    phase = ebsd.phases[number - 1]
    members = thinned(np.flatnonzero(ebsd.phase_id == number))
    quaternions = quaternions_in_map_frame(quaternions_from_euler(ebsd.euler_rad[members]), ebsd.frame)
    families = pole_families(phase)
    densities = [pole_density(quaternions, poles, _HALF_WIDTH_DEG) for poles in families.values()]
    along = rotate(quaternions, map_direction(direction)) @ key_axes(phase).T
    densities.append(inverse_density(along, str(phase.laue_group), _HALF_WIDTH_DEG))
    pole_top = max(2.0, *(float(np.nanmax(density)) for density in densities[:3]))
    tops = [pole_top, pole_top, pole_top, max(2.0, float(np.nanmax(densities[3])))]
    reach = REACH * math.sqrt(2)
    for axes, density, top in zip(row, densities, tops, strict=False):
        extent = (-reach, reach, reach, -reach)
        axes.imshow(density, cmap="viridis", vmin=0, vmax=top, extent=extent, interpolation="bilinear")
        axes.set_axis_off()
    for axes, name in zip(row[:3], families, strict=True):
        _draw_disc(axes, name)
    _draw_sector(row[3], densities[3], phase, direction)
    for axes, picture in ((row[4], row[2].images[0]), (row[5], row[3].images[0])):
        row[0].figure.colorbar(picture, cax=axes)
        axes.tick_params(labelsize=6)
        axes.set_title("MRD", fontsize=6, pad=3)
    row[0].text(-0.03, 0.5, phase.name, transform=row[0].transAxes, rotation=90, va="center", ha="right", fontsize=8)


def _draw_disc(axes: Any, name: str) -> None:
    from matplotlib.patches import Circle

    radius = math.sqrt(2)
    axes.add_patch(Circle((0, 0), radius, fill=False, linewidth=0.8, color="black"))
    axes.set(xlim=(-1.75, 1.75), ylim=(1.75, -1.55))
    axes.set_title(name, fontsize=8, pad=2)
    axes.text(1.48, 0, "x", va="center", ha="left", fontsize=7)
    axes.text(0, 1.48, "y", va="top", ha="center", fontsize=7)


def _draw_sector(axes: Any, density: np.ndarray, phase: Phase, direction: str | Sequence[float]) -> None:
    rows, columns = (np.flatnonzero(np.isfinite(density).any(axis=axis)) for axis in (1, 0))
    reach = REACH * math.sqrt(2)
    edge = np.linspace(-reach, reach, len(density))
    margin = 0.12
    axes.set_xlim(edge[columns[0]] - margin, edge[columns[-1]] + margin)
    axes.set_ylim(edge[rows[-1]] + margin, edge[rows[0]] - margin)
    for text, vector in named_directions(str(phase.laue_group), phase.unique_axis):
        place = vector[:2] * math.sqrt(2 / (1 + vector[2])) * (1, -1)
        below = place[1] > -0.05
        axes.text(
            place[0],
            place[1] + (_CLEAR if below else -_CLEAR),
            text,
            fontsize=7,
            ha="center",
            va="top" if below else "bottom",
        )
    words = direction if isinstance(direction, str) else "({:.3g}, {:.3g}, {:.3g})".format(*direction)
    axes.set_title(f"crystal direction along {words}", fontsize=7, pad=8)


def size_figure(result: Result) -> Figure:
    """Return the histogram of the grains' equivalent circle diameters, by number and by area, with both means.

    It shows the grains that count: those left out of the numbers (too small, or cut by the border) are left out here.

    Raises
    ------
    MeasurementError
        When the result has no table of grains with their sizes.
    """
    from matplotlib.figure import Figure as NewFigure

    grains = result.tables.get("grains")
    if grains is None or not {"ecd_um", "area_um2"} <= set(grains.columns):
        raise MeasurementError(f"{result.name}: no table of grains with ecd_um and area_um2; measure the map first.")
    kept = counted_grains(grains)
    sizes, areas = (kept[name].to_numpy(float) for name in ("ecd_um", "area_um2"))
    with column_style():
        figure = NewFigure(figsize=(3.5, 2.6), layout="constrained")
        axes = figure.add_subplot()
        if sizes.size:
            _draw_sizes(axes, sizes, areas)
        axes.set(xlabel="equivalent circle diameter (µm)", ylabel="share per bin (%)")
        axes.set_xlim(left=0)
        left_out = f", {len(grains) - sizes.size} left out" if len(grains) > sizes.size else ""
        axes.text(
            0.99, 0.98, f"n = {sizes.size}{left_out}", transform=axes.transAxes, ha="right", va="top", fontsize=7,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
    return figure


def counted_grains(grains: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the grains that sizes are taken of: counted and not cut by the border, all when none is."""
    kept = np.ones(len(grains), dtype=bool)
    if "counted" in grains:
        kept &= grains["counted"].to_numpy(bool)
    if "on_border" in grains:
        kept &= ~grains["on_border"].to_numpy(bool)
    return grains[kept] if kept.any() else grains


def counted_labels(result: Result) -> np.ndarray:
    """Return the grain of each node, ``(rows, columns)``, 0 where it is too small to count, as in all numbers."""
    labels, table = np.asarray(result.labels["labels"]), result.tables["grains"]
    if "counted" not in table:
        return labels
    return np.where(np.isin(labels, table.loc[table["counted"].astype(bool), "label"]), labels, 0)


def _draw_sizes(axes: Any, sizes: np.ndarray, areas: np.ndarray) -> None:
    bins = np.linspace(0, float(sizes.max()) * 1.001, int(np.clip(3 * sizes.size ** (1 / 3), 6, 30)) + 1)
    number = 100 * np.histogram(sizes, bins)[0] / sizes.size
    area = 100 * np.histogram(sizes, bins, weights=areas)[0] / areas.sum()
    axes.bar(bins[:-1], number, width=np.diff(bins), align="edge", color=_BARS, edgecolor="white", linewidth=0.4)
    axes.stairs(area, bins, color=_LINE, linewidth=1.2)
    axes.set_ylim(0, 1.12 * max(number.max(), area.max()))
    means = (float(sizes.mean()), float((areas * sizes).sum() / areas.sum()))
    for mean, colour, words in zip(means, (_MEAN, _LINE), ("by number", "by area"), strict=True):
        axes.axvline(mean, color=colour, linestyle="--", linewidth=0.9, label=f"{words}, mean {mean:.3g} µm")
    axes.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def key_figure(phases: Sequence[Phase], direction: str) -> Figure:
    """Return the colour key of each phase whose symmetry is known, three at most, on a transparent ground.

    Parameters
    ----------
    direction
        What of the map the colours tell in the crystals, in the title.
    """
    from matplotlib.figure import Figure as NewFigure

    known = [phase for phase in phases if phase.laue_group is not None][:_MOST_PHASES]
    with column_style():
        figure = NewFigure(figsize=(1.6 * max(1, len(known)), 1.6), layout="constrained")
        figure.suptitle(f"IPF {direction}" if known else "no symmetry, no colours", fontsize=8)
        for place, phase in enumerate(known, start=1):
            assert phase.laue_group is not None
            axes: Any = figure.add_subplot(1, len(known), place)
            _draw_key(axes, *sector_picture(phase.laue_group, phase.unique_axis))
            axes.set_title(phase.name, fontsize=7, pad=10)
    return figure


def _draw_key(axes: Any, picture: np.ndarray, corners: Sequence[tuple[str, float, float]]) -> None:
    seen = (picture != np.array(PANEL_RGB)).any(axis=-1)
    axes.imshow(np.dstack((picture, np.uint8(255) * seen)), interpolation="antialiased")
    for text, x, y in corners:
        above = y < len(picture) / 2
        axes.annotate(text, (x, y), (0, 2 if above else -2), textcoords="offset points", ha="center", fontsize=6,
                      va="bottom" if above else "top")  # fmt: skip
    axes.margins(0.15)
    axes.axis("off")


def rose_figure(labels: np.ndarray, ebsd: EbsdMap) -> Figure:
    """Return the rose of boundary directions on the map, weighted by length; both ends of a direction are drawn.

    Directions are those of the straight parts of smoothed boundaries, see `sodalite.measure.boundaries`.

    Parameters
    ----------
    labels
        Grain of each node of the map's grid, ``(rows, columns)``, 0 = none or too small, see `counted_labels`.
    ebsd
        The map.
    """
    from matplotlib.figure import Figure as NewFigure
    from matplotlib.patheffects import withStroke

    from sodalite.measure.boundaries import TOLD_SHARE, hidden_share

    share, hidden = 100 * boundary_shares(labels, ebsd), hidden_share(labels)
    width = np.pi / share.size
    with column_style():
        figure = NewFigure(figsize=(2.8, 2.8), layout="constrained")
        axes: Any = figure.add_subplot(projection="polar")
        centres = width * np.arange(2 * share.size)
        axes.bar(centres, np.tile(share, 2), width=width, color=_BARS, edgecolor="white", linewidth=0.4, zorder=2)
        axes.set_xticks(np.deg2rad(np.arange(0, 360, 45)))
        axes.set_xticklabels(["right", "", "up", "", "left", "", "down", ""], fontsize=7)
        step = 5 if share.max() < 20 else 10
        top = step * math.ceil(_ROOM * float(share.max()) / step + 1e-9)
        axes.set_ylim(0, top)
        axes.set_rgrids([top / 2, top], labels=[f"{top / 2:g}", f"{top:g}"], angle=22.5, fontsize=6)
        axes.grid(linewidth=0.4)
        axes.set_axisbelow(False)
        for label in axes.get_yticklabels():
            label.set_path_effects([withStroke(linewidth=1.5, foreground="white")])
        axes.set_title("boundary length by direction (%)", fontsize=8)
        if hidden > TOLD_SHARE:
            axes.set_xlabel(f"without the {hidden:.0%} hidden in gaps between grains", fontsize=7)
    return figure


def boundary_shares(labels: np.ndarray, ebsd: EbsdMap) -> np.ndarray:
    """Return the shares of boundary length in 12 directions, the first along x (0 deg), on towards up (90 deg)."""
    from sodalite.measure.boundaries import boundary_network
    from sodalite.measure.grain_grid import brick_image

    image, spacing_um = brick_image(labels, ebsd.spacing_um, shifted_parity=ebsd.grid.shifted_parity)
    hexagonal = ebsd.grid.lattice == "hex"
    strokes = boundary_network(image, spacing_um, is_hexagonal=hexagonal).stroke_um
    direction = np.rad2deg(np.arctan2(-strokes[:, 0], strokes[:, 1]))
    bin_deg = 180 / ROSE_BINS
    number = np.floor((direction + bin_deg / 2) / bin_deg).astype(np.int64) % ROSE_BINS
    length = np.bincount(number, np.hypot(*strokes.T), minlength=ROSE_BINS)
    return np.asarray(length / max(float(length.sum()), 1e-12))
