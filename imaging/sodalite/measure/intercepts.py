"""Lineal intercepts of a grain map along its rows and columns, and the width of columns over the height of a film.

Each row of pixels is a test line: no staircase enters, because only changes of the grain along a line are counted.
Chords shorter than a pixel are missed: against the exact edges of Poisson-Voronoi grains the mean intercept is too
large by 1.2 % at 400 pixels a grain, 2.5 % at 100, 5 % at 25 and 9 % at 10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError
from sodalite.measure.grain_grid import check_borders, check_ids
from sodalite.measure.grain_statistics import LEAST_GRAINS, Scatter, few_grains, scaled_ends
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd


class Intercepts(NamedTuple):
    """Mean lineal intercept along one direction.

    Attributes
    ----------
    mean_um
        Length of all chords divided by their number; NaN when no chord ends within the lines.
    low_um, high_um
        95 % interval; NaN for very few grains.
    chords
        Number of chords, those cut by a border counted one half for each cut end.
    grains
        How many grains the lines cross.
    """

    mean_um: float
    low_um: float
    high_um: float
    chords: float
    grains: int


def mean_intercept(
    ids: np.ndarray,
    spacing_um: tuple[float, float],
    *,
    axis: str,
    is_hexagonal: bool,
    cut_borders: Collection[str],
) -> Intercepts:
    """Return the mean lineal intercept along x or y over all rows or columns (ASTM E112).

    A chord ends where the grain changes, at a point without a grain, or at the border of the image. Ends at cutting
    borders take one half off the count of their chord, so that the number of chords on a line that is cut at both ends
    is the number of boundaries it crosses, and half a step off its length: boundaries are looked for from the first
    point of a line to its last, not beyond. Points without a grain between two points of one grain do not end a chord;
    their length counts for none. Rows cross the same grains again and again: the interval comes from the spread between
    grains, and is not narrower than the scatter of lengths of that many grains (`grain_statistics`).

    Parameters
    ----------
    ids
        ``(rows, columns)`` integers, 0 = no grain.
    spacing_um
        Distance between rows and between the points of a row (y, x), um.
    axis
        ``x``: along rows; ``y``: along columns.
    is_hexagonal
        Whether every second row is shifted by half a step. Columns then run through every second row: through all rows
        a column would zigzag and cross each steep boundary again and again (intercepts 15 % too small at 400 points a
        grain).
    cut_borders
        Which borders of the image cut grains; the faces of a film do not.

    Raises
    ------
    MeasurementError
        When ids, axis or borders make no sense.
    """
    check_ids(ids)
    check_borders(cut_borders)
    if axis not in ("x", "y"):
        raise MeasurementError(f"axis: found {axis!r}; use x or y.")
    if axis == "x":
        return _mean(*_chords(_lines(ids), *_cuts("left", "right", cut_borders)), spacing_um[1])
    cuts = _cuts("top", "bottom", cut_borders)
    if not is_hexagonal:
        return _mean(*_chords(_lines(ids.T), *cuts), spacing_um[0])
    base = int(ids.max(initial=0)) + 1
    sums = [np.zeros(base), np.zeros(base)]
    for parity in (0, 1):
        for total, part in zip(sums, _chords(_lines(ids[parity::2].T), *cuts), strict=True):
            total[: part.size] += part
    return _mean(sums[0], sums[1], 2 * spacing_um[0])


def column_width_profile(
    ids: np.ndarray, spacing_um: tuple[float, float], *, bands: int, cut_borders: Collection[str]
) -> pd.DataFrame:
    """Return the mean column width l_x over the height z of an upright film, one row a band.

    Columns: z_um (middle of the band, from the top of the image), width_um, low_um, high_um, chords, grains. Bands have
    the same number of rows to one; a band without a chord has NaN. In a film that grows by selection the width rises
    along the growth direction.

    Parameters
    ----------
    ids, spacing_um, cut_borders
        As in `mean_intercept`, hexagonal or not; the growth direction points up or down. A hexagonal map that grows
        along its rows has to be turned from rows of one parity, because its columns zigzag.
    bands
        Number of bands from the first to the last row that has a grain.

    Raises
    ------
    MeasurementError
        When ids or borders make no sense, or there is no band or no grain.
    """
    import pandas as pd

    check_ids(ids)
    check_borders(cut_borders)
    lines, cuts = _lines(ids), _cuts("left", "right", cut_borders)
    rows = np.flatnonzero(ids.any(axis=1))
    if bands < 1 or rows.size == 0:
        raise MeasurementError(f"bands: found {bands} bands for {rows.size} rows with grains; give 1 or more of both.")
    edges = np.linspace(rows[0], rows[-1] + 1, min(bands, rows[-1] + 1 - rows[0]) + 1).round().astype(int)
    found = []
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        band = _mean(*_chords(lines[first:stop], *cuts), spacing_um[1])
        found.append((0.5 * (first + stop) * spacing_um[0], *band))
    return pd.DataFrame(found, columns=["z_um", "width_um", "low_um", "high_um", "chords", "grains"])


def intercept_quantities(
    ids: np.ndarray, spacing_um: tuple[float, float], *, is_hexagonal: bool, cut_borders: Collection[str]
) -> list[Quantity]:
    """Return intercept_mean_x and intercept_mean_y, um; parameters and errors as in `mean_intercept`."""
    found = []
    for axis in ("x", "y"):
        name = f"intercept_mean_{axis}"
        mean = mean_intercept(ids, spacing_um, axis=axis, is_hexagonal=is_hexagonal, cut_borders=cut_borders)
        if mean.grains == 0 or mean.chords <= 0:
            found.append(Quantity.withheld(name, f"no line along {axis} crosses a grain boundary"))
            continue
        note = few_grains(mean.grains) if mean.grains < LEAST_GRAINS else ""
        found.append(Quantity(name, mean.mean_um, mean.low_um, mean.high_um, mean.grains, note))
    return found


def _lines(lines: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(lines, dtype=np.int64)


def _cuts(first: str, last: str, cut_borders: Collection[str]) -> tuple[bool, bool]:
    return first in cut_borders, last in cut_borders


def _mean(pixels: np.ndarray, chords: np.ndarray, step_um: float) -> Intercepts:
    crossed = np.flatnonzero(pixels)
    length, count = pixels[crossed] * step_um, chords[crossed]
    total = float(count.sum())
    if total <= 0:
        return Intercepts(math.nan, math.nan, math.nan, total, crossed.size)
    mean = float(length.sum()) / total
    if crossed.size < LEAST_GRAINS:
        return Intercepts(mean, math.nan, math.nan, total, crossed.size)
    # grains cut by the border count with the part of their chords that is seen
    effective = max(total**2 / float((count**2).sum()), 2.0)
    spread = float(((length - mean * count) ** 2).sum()) * effective / (effective - 1)
    relative = max(math.sqrt(spread) / (mean * total), 1 / (2 * math.sqrt(effective)))
    low, high = scaled_ends(mean, Scatter(relative, effective - 1))
    return Intercepts(mean, low, high, total, crossed.size)


@njit(cache=True, nogil=True)
def _chords(lines: np.ndarray, cut_first: bool, cut_last: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return per grain how many pixels of lines and how many chords it has, one half less of both for each cut end."""
    count = lines.max() + 1 if lines.size else 1
    pixels, chords = np.zeros(count), np.zeros(count)
    for i in range(lines.shape[0]):
        before = 0
        for j in range(lines.shape[1]):
            here = lines[i, j]
            if here == 0:
                continue
            pixels[here] += 1
            if here != before:
                chords[here] += 1
                before = here
        first, last = lines[i, 0], lines[i, lines.shape[1] - 1]
        if cut_first and first > 0:
            chords[first] -= 0.5
            pixels[first] -= 0.5
        if cut_last and last > 0:
            chords[last] -= 0.5
            pixels[last] -= 0.5
    return pixels, chords
