"""Figures of a map for a paper: pole figures, grain sizes by number and by area, directions of boundaries."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd.frames import quaternions_in_map_frame
from sodalite.ebsd.orix_door import key_axes
from sodalite.errors import MeasurementError
from sodalite.report.figures import column_style
from sodalite.report.map_colours import map_direction
from sodalite.report.map_density import REACH, inverse_density, pole_density, pole_families, rotate, thinned
from sodalite.report.map_keys import named_directions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from sodalite.ebsd import EbsdMap

_HALF_WIDTH_DEG = 5.0
_MOST_PHASES = 3
_LEAST_SHARE = 0.02
_BARS, _LINE, _MEAN, _AREA_MEAN = "#56b4e9", "#d55e00", "#0072b2", "#d55e00"
_TILE_POINTS = 12
"""Side of the boxes in which boundaries are taken as straight: their staircases resolve about 5 degrees."""


def pole_figure(ebsd: EbsdMap, direction: str | Sequence[float]) -> Figure:
    """Return pole figures seen from above the map and the inverse pole figure of `direction`, a row a phase.

    Densities are multiples of random, smoothed by 5 degrees, in equal-area projection; phases below 2 % of the indexed
    points are left out.

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
        figure = NewFigure(figsize=(7.2, 2.15 * len(shown)), layout="constrained")
        axes = figure.subplots(len(shown), 4, squeeze=False)
        for row, k in zip(axes, shown, strict=True):
            _draw_phase(figure, row, ebsd, int(k) + 1, direction)
    return figure


def _draw_phase(figure: Figure, row: Any, ebsd: EbsdMap, number: int, direction: str | Sequence[float]) -> None:
    phase = ebsd.phases[number - 1]
    members = thinned(np.flatnonzero(ebsd.phase_id == number))
    part = ebsd.euler_rad[members]
    quaternions = _map_quaternions(part, ebsd.frame)
    families = pole_families(phase)
    densities = [pole_density(quaternions, poles, _HALF_WIDTH_DEG) for poles in families.values()]
    along = rotate(quaternions, map_direction(direction)) @ key_axes(phase).T
    densities.append(inverse_density(along, str(phase.laue_group), _HALF_WIDTH_DEG))
    top = max(2.0, *(float(np.nanmax(density)) for density in densities))
    pictures = []
    for axes, density in zip(row, densities, strict=True):
        reach = REACH * math.sqrt(2)
        extent = (-reach, reach, reach, -reach)
        shown = axes.imshow(density, cmap="viridis", vmin=0, vmax=top, extent=extent, interpolation="bilinear")
        pictures.append(shown)
        axes.set_axis_off()
    for axes, name in zip(row[:3], families, strict=True):
        _draw_disc(axes, name)
    _draw_sector(row[3], densities[-1], str(phase.laue_group), direction)
    row[0].text(-0.02, 0.5, phase.name, transform=row[0].transAxes, rotation=90, va="center", ha="right", fontsize=8)
    figure.colorbar(pictures[-1], ax=row[3], shrink=0.75, pad=0.04).set_label("multiples of random", fontsize=7)


def _map_quaternions(euler_rad: np.ndarray, frame: str) -> np.ndarray:
    from sodalite.ebsd import quaternions_from_euler

    return quaternions_in_map_frame(quaternions_from_euler(euler_rad), frame)


def _draw_disc(axes: Any, name: str) -> None:
    from matplotlib.patches import Circle

    radius = math.sqrt(2)
    axes.add_patch(Circle((0, 0), radius, fill=False, linewidth=0.8, color="black"))
    axes.set(xlim=(-1.75, 1.75), ylim=(1.75, -1.55))
    axes.set_title(name, fontsize=8, pad=2)
    axes.text(1.48, 0, "x", va="center", ha="left", fontsize=7)
    axes.text(0, 1.48, "y", va="top", ha="center", fontsize=7)


def _draw_sector(axes: Any, density: np.ndarray, laue_group: str, direction: str | Sequence[float]) -> None:
    rows, columns = (np.flatnonzero(np.isfinite(density).any(axis=axis)) for axis in (1, 0))
    reach = REACH * math.sqrt(2)
    edge = np.linspace(-reach, reach, len(density))
    margin = 0.12
    axes.set_xlim(edge[columns[0]] - margin, edge[columns[-1]] + margin)
    axes.set_ylim(edge[rows[-1]] + margin, edge[rows[0]] - margin)
    for text, vector in named_directions(laue_group):
        place = vector[:2] * math.sqrt(2 / (1 + vector[2])) * (1, -1)
        below = place[1] > -0.05
        axes.text(*place, text, fontsize=7, ha="center", va="top" if below else "bottom")
    words = direction if isinstance(direction, str) else "({:.3g}, {:.3g}, {:.3g})".format(*direction)
    axes.set_title(f"crystal direction along {words}", fontsize=8, pad=8)


def size_figure(grains: pd.DataFrame) -> Figure:
    """Return the histogram of the grains' equivalent circle diameters, by number and by area, with both means.

    Raises
    ------
    MeasurementError
        When the table has no column of sizes.
    """
    if not {"ecd_um", "area_um2"} <= set(grains.columns):
        raise MeasurementError("grains: the table has no ecd_um and area_um2; measure the grains first.")
    from matplotlib.figure import Figure as NewFigure

    sizes, areas = (grains[name].to_numpy(float) for name in ("ecd_um", "area_um2"))
    with column_style():
        figure = NewFigure(figsize=(3.5, 2.4), layout="constrained")
        axes = figure.add_subplot()
        if sizes.size:
            _draw_sizes(axes, sizes, areas)
        axes.set(xlabel="equivalent circle diameter (µm)", ylabel="share per bin (%)")
        axes.set_xlim(left=0)
        axes.text(0.98, 0.02, f"n = {sizes.size}", transform=axes.transAxes, ha="right", va="bottom", fontsize=7)
    return figure


def _draw_sizes(axes: Any, sizes: np.ndarray, areas: np.ndarray) -> None:
    bins = np.linspace(0, float(sizes.max()) * 1.001, int(np.clip(3 * sizes.size ** (1 / 3), 6, 30)) + 1)
    number = 100 * np.histogram(sizes, bins)[0] / sizes.size
    area = 100 * np.histogram(sizes, bins, weights=areas)[0] / areas.sum()
    axes.bar(bins[:-1], number, width=np.diff(bins), align="edge", color=_BARS, edgecolor="white", linewidth=0.4)
    axes.stairs(area, bins, color=_LINE, linewidth=1.2)
    means = (float(sizes.mean()), float((areas * sizes).sum() / areas.sum()))
    for mean, colour, words in zip(means, (_MEAN, _AREA_MEAN), ("by number", "by area"), strict=True):
        axes.axvline(mean, color=colour, linestyle="--", linewidth=0.9, label=f"{words}, mean {mean:.3g} µm")
    axes.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1)


def boundary_directions(labels: np.ndarray, spacing_um: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return directions and lengths of the grain boundaries of a label image.

    In every box of 12 pixels the edge normals of one pair of grains are summed: by the divergence theorem the sum is
    the normal of the chord of that piece of boundary times its length, free of the staircase. Boxes are laid twice,
    shifted by half.

    Returns
    -------
    angle_deg
        ``(m,)`` between the trace and the horizontal, 0 to 180, counted from right to up.
    length_um
        ``(m,)``, each boundary counted once.
    """
    angles, lengths = [], []
    y_um, x_um = spacing_um[-2:]
    for offset in (0, _TILE_POINTS // 2):
        across, down = (_edge_normals(labels, axis, offset, length) for axis, length in ((1, y_um), (0, x_um)))
        key = np.concatenate((across[0], down[0]))
        _, inverse = np.unique(key, axis=0, return_inverse=True)
        inverse = inverse.ravel()
        count = len(across[0])
        normal_x = np.bincount(inverse[:count], across[1], inverse.max(initial=-1) + 1)
        normal_y = np.bincount(inverse[count:], down[1], inverse.max(initial=-1) + 1)
        angles.append(np.rad2deg(np.arctan2(normal_x, normal_y)) % 180)
        lengths.append(np.hypot(normal_x, normal_y) / 2)
    return np.concatenate(angles), np.concatenate(lengths)


def _edge_normals(labels: np.ndarray, axis: int, offset: int, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Return box and pair of each pixel edge across `axis`, ``(m, 4)``, and its length with the sign of the pair."""
    ids = labels.astype(np.int64)
    first, second = (ids[:, :-1], ids[:, 1:]) if axis == 1 else (ids[:-1], ids[1:])
    row, column = np.nonzero((first != second) & (first > 0) & (second > 0))
    a, b = first[row, column], second[row, column]
    box = ((row + offset) // _TILE_POINTS, (column + offset) // _TILE_POINTS)
    return np.stack((*box, np.minimum(a, b), np.maximum(a, b)), axis=1), np.where(a < b, length, -length)


def rose_figure(labels: np.ndarray, spacing_um: tuple[float, ...]) -> Figure:
    """Return the rose of boundary directions on the map, weighted by length; both ends of a direction are drawn."""
    from matplotlib.figure import Figure as NewFigure

    angle, length = boundary_directions(labels, spacing_um)
    edges = np.arange(0, 181, 10.0)
    share = np.histogram((angle + 5) % 180, edges, weights=length)[0]
    share = 100 * share / max(float(share.sum()), 1e-12)
    with column_style():
        figure = NewFigure(figsize=(2.8, 2.8), layout="constrained")
        axes = figure.add_subplot(projection="polar")
        centres = np.deg2rad(np.concatenate((edges[:-1], edges[:-1] + 180)))
        axes.bar(centres, np.tile(share, 2), width=np.deg2rad(10), color=_BARS, edgecolor="white", linewidth=0.4)
        axes.set_xticks(np.deg2rad(np.arange(0, 360, 45)))
        axes.set_xticklabels(["right", "", "up", "", "left", "", "down", ""], fontsize=7)
        axes.tick_params(axis="y", labelsize=6)
        axes.set_title("boundary length by direction (%)", fontsize=8)
    return figure
