"""What grain boundaries are: misorientation, low-angle and Sigma-3 shares of their length, and against chance.

Edges between points run along the grid and are too long, by an amount that depends on their direction. Each edge
therefore weighs as much as its share of the smoothed length of the boundary between its two grains.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.measure.confidence import logit_interval
from sodalite.measure.grain_statistics import (
    LEAST_GRAINS,
    few_grains,
    how_many,
    joined,
    mean_of_grains,
    share_interval,
)
from sodalite.measure.misorientation import (
    CSL,
    BoundarySegments,
    brandon_deg,
    mackenzie_cdf,
    special_deviation_deg,
)
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

LOW_ANGLE_DEG = 15.0
"""Largest disorientation of a low-angle boundary."""


def segment_lengths_um(segments: BoundarySegments, boundaries: pd.DataFrame) -> np.ndarray:
    """Return the smoothed length that each edge stands for, ``(m,)`` float64, um.

    Parameters
    ----------
    segments
        Edges between grains, see `sodalite.measure.misorientation.boundary_segments`.
    boundaries
        Smoothed lengths: label_1, label_2, length_um, see `sodalite.measure.boundaries.boundary_table`.
    """
    pair, count = _pair_of(segments, boundaries)
    along_grid = np.bincount(pair, segments.length_um, minlength=count)
    return segments.length_um * boundaries["length_um"].to_numpy(float)[pair] / along_grid[pair]


def sigma_3_segments(
    quaternions: np.ndarray, phase_id: np.ndarray, segments: BoundarySegments, cubic_groups: Mapping[int, np.ndarray]
) -> np.ndarray:
    """Return whether each edge is a Sigma-3 boundary by Brandon, ``(m,)`` float64 0 or 1; NaN where it cannot be.

    Parameters
    ----------
    quaternions, phase_id
        ``(n, 4)`` and ``(n,)``, of all points.
    segments
        Edges between grains.
    cubic_groups
        Number of each cubic phase -> its operators; edges of other phases and between phases are NaN.
    """
    out = np.full(segments.point_1.size, np.nan)
    axis, angle_deg = CSL[3]
    for number, group in cubic_groups.items():
        own = np.flatnonzero((phase_id[segments.point_1] == number) & (phase_id[segments.point_2] == number))
        part = BoundarySegments(*(column[own] for column in segments))
        deviation = special_deviation_deg(quaternions, part, group, axis=axis, angle_deg=angle_deg)
        out[own] = deviation <= brandon_deg(3)
    return out


def boundary_characters(
    segments: BoundarySegments, length_um: np.ndarray, sigma_3: np.ndarray, boundaries: pd.DataFrame
) -> pd.DataFrame:
    """Return `boundaries` with misorientation_deg, low_angle_fraction and sigma3_fraction of each pair of grains.

    Means over the length of the boundary; NaN between phases, and for Sigma 3 where the crystals are not cubic.

    Parameters
    ----------
    segments, length_um, sigma_3
        Edges, `segment_lengths_um` and `sigma_3_segments`.
    boundaries
        As in `segment_lengths_um`.
    """
    pair, count = _pair_of(segments, boundaries)
    low = np.where(np.isnan(segments.angle_deg), np.nan, segments.angle_deg <= LOW_ANGLE_DEG)
    columns = {"misorientation_deg": segments.angle_deg, "low_angle_fraction": low, "sigma3_fraction": sigma_3}
    return boundaries.assign(**{name: _means(pair, values, length_um, count) for name, values in columns.items()})


def character_quantities(characters: pd.DataFrame) -> list[Quantity]:
    """Return misorientation_mean (deg), low_angle_fraction and sigma3_fraction.

    Boundaries between two phases have no disorientation and are left out; intervals come from the spread over pairs of
    neighbouring grains.

    Parameters
    ----------
    characters
        One row a pair, see `boundary_characters`.
    """
    length = characters["length_um"].to_numpy(float)
    angle = characters["misorientation_deg"].to_numpy(float)
    known = np.isfinite(angle) & (length > 0)
    others = how_many(int((~known).sum()), "boundary", "boundaries")
    apart = f"{others} between phases left out" if not known.all() else ""
    why = "there is no boundary between two grains of one phase"
    mean = mean_of_grains("misorientation_mean", angle[known], length[known], power=0, note=joined(apart), why_none=why)
    values = [mean]
    for name, reason in (("low_angle_fraction", why), ("sigma3_fraction", "no boundary between two cubic grains")):
        share = characters[name].to_numpy(float)
        own = np.isfinite(share) & (length > 0)
        values.append(_share(name, share[own], length[own], reason))
    return values


def misorientation_table(
    segments: BoundarySegments, length_um: np.ndarray, *, bin_deg: float, cubic: bool
) -> pd.DataFrame:
    """Return the distribution of boundary length over disorientation, against random cubic crystals (Mackenzie).

    Columns: from_deg, to_deg, length_um, fraction, random_fraction (NaN unless all crystals are cubic).

    Parameters
    ----------
    segments, length_um
        Edges and the length that each stands for.
    bin_deg
        Width of the bins.
    cubic
        Whether all edges are between crystals with the group 432.
    """
    import pandas as pd

    known = np.isfinite(segments.angle_deg)
    angle, length = segments.angle_deg[known], length_um[known]
    largest = max(65.0 if cubic else 95.0, float(angle.max(initial=0.0)))
    edges = np.arange(math.ceil(largest / bin_deg) + 1) * bin_deg
    sums, _ = np.histogram(angle, edges, weights=length)
    chance = np.diff(mackenzie_cdf(edges)) if cubic else np.full(sums.size, np.nan)
    return pd.DataFrame(
        {
            "from_deg": edges[:-1],
            "to_deg": edges[1:],
            "length_um": sums,
            "fraction": sums / max(float(length.sum()), 1e-300),
            "random_fraction": chance,
        }
    )


def _pair_of(segments: BoundarySegments, boundaries: pd.DataFrame) -> tuple[np.ndarray, int]:
    """Return the row of `boundaries` that each edge belongs to, and the number of rows."""
    first, second = (boundaries[name].to_numpy(np.int64) for name in ("label_1", "label_2"))
    base = int(max(second.max(initial=0), segments.grain_2.max(initial=0))) + 1
    return np.searchsorted(first * base + second, segments.grain_1 * base + segments.grain_2), len(boundaries)


def _means(pair: np.ndarray, values: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    known = np.isfinite(values)
    total = np.bincount(pair[known], weights[known], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.bincount(pair[known], values[known] * weights[known], minlength=count) / total


def _share(name: str, share: np.ndarray, length: np.ndarray, why_none: str) -> Quantity:
    """Return a share of length: the linearised logit interval over pairs, one-sided where none or all belong."""
    if share.size == 0:
        return Quantity.withheld(name, why_none)
    part = length / length.sum()
    value = float(part @ share)
    if share.size < LEAST_GRAINS:
        return Quantity(name, value, n=share.size, note=few_grains(share.size, "boundary", "boundaries"))
    if not 0 < value < 1:
        interval = share_interval(share > 0, length)
        return Quantity(name, value, interval.low, interval.high, share.size)
    effective = 1 / float((part**2).sum())
    if effective < 2:
        return Quantity(name, value, 0.0, 1.0, share.size)
    sd = math.sqrt(float((part**2 * (share - value) ** 2).sum()) * effective / (effective - 1))
    low, high = logit_interval(value, sd / (value * (1 - value)), effective - 1)
    return Quantity(name, value, low, high, share.size)
