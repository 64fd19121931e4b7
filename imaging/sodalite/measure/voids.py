"""Voids of the sodium layer: area fraction with a single-image interval, count, size and density."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.errors import MeasurementError
from sodalite.measure.confidence import (
    area_fraction_interval,
    count_interval,
    poisson_interval,
    size_mean_interval,
)
from sodalite.measure.region import layer_region, usual_void_px
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

UM2_PER_MM2 = 1e6

USUAL_LOG_SD, USUAL_DEGREES = 0.78, 4.0
"""Scatter of the logarithm of void diameters where few voids are seen, and the degrees of freedom it stands for.

Pooled over the nine of 18 outlined sections of real metal contacts that show 3 to 7 voids; with 10 to 52 it is 0.51.
With it intervals of 2 to 5 voids cover 92-100 % of lognormal populations (log sd 0.2 to 1) and 87-100 % where one void
in five or ten is five or six times as wide as the rest; by the voids' own scatter alone these were 33-72 %.
"""

_NO_LAYER = "no sodium layer between the two faces"
_NAMES = ("void_fraction", "void_count", "void_ecd_mean", "void_density_mm2")


def void_quantities(
    labels: npt.NDArray[np.integer],
    void_table: pd.DataFrame,
    collector_row: npt.NDArray[np.float64],
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
    *,
    resolved_ecd_px: float,
    site_selected: bool,
) -> list[Quantity]:
    """Return void_fraction, void_count, void_ecd_mean and void_density_mm2.

    The interval of the fraction comes from the covariance of the voids in this one image; those of counts and densities
    are Poisson's, or wider where voids lie in clusters. Without any void the fraction is 0 and its bound is that of
    3.69 voids (Garwood's limit for none seen) as wide as voids usually are (`usual_void_px`) or as the layer is thick,
    which the note says; the mean diameter of no void is withheld.

    Parameters
    ----------
    labels
        ``(y, x)`` ids of `SectionClass`.
    void_table
        One row a void with ecd_um, x_um and on_border, from the object table.
    collector_row, electrolyte_row
        ``(x,)`` edge rows of the faces in pixels; NaN where a face is not in the image.
    spacing_um
        Pixel size (y, x) in um.
    resolved_ecd_px
        Equivalent diameter in pixels below which the area of a void is not trusted.
    site_selected
        Whether the place of the section was chosen for what it shows: then area fraction is no volume fraction.

    Returns
    -------
    list of Quantity
        Pure number, count, um, mm-2; withheld where no column shows both faces. Where these meet everywhere, no void
        is counted and the rest is withheld.

    Raises
    ------
    MeasurementError
        When the faces do not have one row a column.
    """
    if not resolved_ecd_px > 0:
        raise MeasurementError(f"resolved_ecd_px: found {resolved_ecd_px}; give a diameter in pixels above 0.")
    layer = layer_region(labels.shape, collector_row, electrolyte_row)
    layer &= any_of(labels, (SectionClass.VOID, SectionClass.SODIUM))
    if not layer.any():
        none = [Quantity.withheld(name, _NO_LAYER) for name in _NAMES]
        if np.isfinite(electrolyte_row - collector_row).any():
            none[_NAMES.index("void_count")] = Quantity("void_count", 0.0, note=_NO_LAYER)
        return none
    area_um2 = np.count_nonzero(layer) * spacing_um[0] * spacing_um[1]
    resolved_um = resolved_ecd_px * math.sqrt(spacing_um[0] * spacing_um[1])
    where = "site chosen: an area fraction of this place, no volume fraction" if site_selected else ""
    return [
        _void_fraction(labels, layer, spacing_um, len(void_table), where),
        *_counts(void_table, area_um2, layer.shape[1], spacing_um[1]),
        _ecd_mean(void_table, resolved_um),
    ]


def _void_fraction(
    labels: npt.NDArray[np.integer],
    layer: npt.NDArray[np.bool_],
    spacing_um: tuple[float, float],
    count: int,
    where: str,
) -> Quantity:
    void = layer & (labels == SectionClass.VOID)
    fraction = np.count_nonzero(void) / np.count_nonzero(layer)
    area_um2 = np.count_nonzero(layer) * spacing_um[0] * spacing_um[1]
    if fraction == 0:
        thickness_um = area_um2 / (np.count_nonzero(layer.any(axis=0)) * spacing_um[1])
        assumed_um = min(usual_void_px(layer.shape[1]) * spacing_um[1], thickness_um)
        high = min(1.0, poisson_interval(0)[1] * math.pi / 4 * assumed_um**2 / area_um2)
        note = f"no void found; bound for voids of {assumed_um:.3g} um, it grows with the square of their diameter"
        return Quantity("void_fraction", 0.0, 0.0, high, 0, _joined(note, where))
    if fraction == 1:
        return Quantity("void_fraction", 1.0, n=count, note=_joined("no sodium between the faces", where))
    interval = area_fraction_interval(void, layer, spacing_um)
    few = f"about {interval.n_effective:.1f} independent voids" if interval.n_effective < 4 else ""
    return Quantity("void_fraction", fraction, interval.low, interval.high, count, _joined(few, where))


def _counts(void_table: pd.DataFrame, area_um2: float, columns: int, x_um: float) -> tuple[Quantity, Quantity]:
    count = len(void_table)
    column = np.clip(void_table["x_um"].to_numpy(float) // x_um, 0, columns - 1).astype(np.intp)
    low, high = count_interval(np.bincount(column, minlength=columns))
    area_mm2 = area_um2 / UM2_PER_MM2
    cut = int(void_table["on_border"].sum()) if count else 0
    note = f"{cut} cut by the border" if cut else ""
    if not count:
        note = f"no void found in {area_um2:.4g} um2"
    return (
        Quantity("void_count", float(count), low, high, count, note),
        Quantity("void_density_mm2", count / area_mm2, low / area_mm2, high / area_mm2, count, note),
    )


def _ecd_mean(void_table: pd.DataFrame, resolved_um: float) -> Quantity:
    whole = void_table["ecd_um"].to_numpy(float)[~void_table["on_border"].to_numpy(bool)]
    if whole.size == 0:
        why = "every void is cut by the border" if len(void_table) else "no void found"
        return Quantity.withheld("void_ecd_mean", why)
    interval = size_mean_interval(whole, usual_log_sd=USUAL_LOG_SD, usual_degrees=USUAL_DEGREES)
    small = float((whole < resolved_um).mean())
    few = "one void, no interval" if whole.size == 1 else ""
    below = f"{100 * small:.0f} % of the voids are below {resolved_um:.3g} um, where areas are not trusted"
    note = _joined(few, below if small else "")
    return Quantity("void_ecd_mean", float(whole.mean()), interval.low, interval.high, int(whole.size), note)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
