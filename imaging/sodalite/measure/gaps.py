"""Openings between collector and electrolyte: voids that touch an interface, and what could not be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure.region import Runs, layer_region, split_runs, usual_void_px
from sodalite.measure.run_intervals import mean_interval_of_runs, share_interval_of_runs
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import numpy.typing as npt

LEAST_GAP_PX = 2.0
"""Openings below two pixels are not told from the blur of an edge."""

_REACH_PX = 1.5
_NAMES = ("gap_mean", "gap_max", "gap_open_fraction", "gap_detection_limit")


def gap_profile(
    labels: npt.NDArray[np.integer],
    collector_row: npt.NDArray[np.float64],
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
) -> npt.NDArray[np.float64]:
    """Return the opening ``(x,)`` in um, NaN where a face is missing.

    It is the vertical extent of the voids that touch a face. Void pixels that hang together (8 neighbours) are one
    void; it touches a face when one of its pixels lies within 1.5 px of it. Where voids fill a column from face to
    face, the opening is the distance of the faces, which is known better than to a pixel.

    Raises
    ------
    MeasurementError
        When the faces do not have one row a column.
    """
    import cv2

    region = layer_region(labels.shape, collector_row, electrolyte_row)
    void = region & (labels == SectionClass.VOID)
    rows, columns = np.nonzero(void)
    label = cv2.connectedComponents(void.view(np.uint8), connectivity=8)[1][rows, columns]
    near = (rows + 0.5 - collector_row[columns] < _REACH_PX) | (electrolyte_row[columns] - rows - 0.5 < _REACH_PX)
    touching = np.zeros(int(label.max(initial=0)) + 1, bool)
    touching[label[near]] = True
    open_px = np.bincount(columns[touching[label]], minlength=void.shape[1])
    gross_px = electrolyte_row - collector_row
    filled = (open_px > 0) & (open_px == np.count_nonzero(region, axis=0))
    opening = np.where(filled, gross_px, open_px.astype(float)) * spacing_um[0]
    return np.where(np.isfinite(gross_px), opening, np.nan)


def gap_quantities(
    labels: npt.NDArray[np.integer],
    collector_row: npt.NDArray[np.float64],
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
    *,
    edge_sigma_px: float,
) -> list[Quantity]:
    """Return gap_mean, gap_max, gap_open_fraction and gap_detection_limit.

    Openings below the detection limit count as closed. Where none is above it, the open fraction is bounded by the
    rule of three, 3 / n for n independent lengths, each as long as a usual void (`usual_void_px`); the mean opening by
    the detection limit, because openings below it may be anywhere.

    Parameters
    ----------
    labels
        ``(y, x)`` ids of `SectionClass`.
    collector_row, electrolyte_row
        ``(x,)`` edge rows of the faces in pixels; NaN where a face is not in the image.
    spacing_um
        Pixel size (y, x) in um.
    edge_sigma_px
        Standard deviation of the blur of an edge in pixels along y; the limit is the larger of 2 px and twice this.

    Returns
    -------
    list of Quantity
        um and shares of projected length; withheld where no column shows both faces.

    Raises
    ------
    MeasurementError
        When the faces do not have one row a column, or the blur is negative.
    """
    if not edge_sigma_px >= 0:
        raise MeasurementError(f"edge_sigma_px: found {edge_sigma_px}; give the blur of an edge in pixels, 0 or above.")
    limit_um = max(LEAST_GAP_PX, 2 * edge_sigma_px) * spacing_um[0]
    opening = gap_profile(labels, collector_row, electrolyte_row, spacing_um)
    known = np.isfinite(opening)
    if not known.any():
        return [Quantity.withheld(name, "no column shows both faces of the sodium layer") for name in _NAMES]
    opening = np.where(opening < limit_um * (1 - 1e-9), 0.0, opening)
    opening[~known] = np.nan
    looked_um = float(known.sum() * spacing_um[1])
    is_open = known & (np.nan_to_num(opening) > 0)
    length_um = np.where(known, spacing_um[1], np.nan)
    runs = split_runs(is_open, length_um)
    bound_um = usual_void_px(labels.shape[1]) * spacing_um[1]
    share = share_interval_of_runs(runs.held_um, runs.other_um, bound_run_um=bound_um)
    count = len(runs.held_um)
    note = "" if count else f"no gap wider than {limit_um:.3g} um over {looked_um:.4g} um"
    low, high = _mean_ends(opening, is_open, runs) if count else (0.0, limit_um)
    few = "interval withheld: fewer than two closed stretches" if np.isnan(low) else note
    return [
        Quantity("gap_mean", float(opening[known].mean()), low, high, count, few),
        Quantity(
            "gap_max",
            float(opening[known].max()),
            n=count,
            note=note or "an extreme value: it grows with the length looked at",
        ),
        Quantity(
            "gap_open_fraction",
            float(is_open.sum() / known.sum()),
            share.low,
            share.high,
            count,
            _open_note(note, count, bound_um),
        ),
        Quantity(
            "gap_detection_limit",
            limit_um,
            n=int(known.sum()),
            note=f"larger of 2 px and twice the edge blur of {edge_sigma_px:.3g} px",
        ),
    ]


def _mean_ends(opening: npt.NDArray[np.float64], is_open: npt.NDArray[np.bool_], runs: Runs) -> tuple[float, float]:
    """Return the interval of the mean opening: no larger than the largest one, which fills the whole length then."""
    starts = is_open & ~np.concatenate([[False], is_open[:-1]])
    step_um = runs.held_um.sum() / np.count_nonzero(is_open)
    areas_um2 = np.bincount(np.cumsum(starts)[is_open] - 1, opening[is_open]) * step_um
    low, high, _ = mean_interval_of_runs(areas_um2, runs.held_um, runs.other_um)
    return low, min(high, float(np.nanmax(opening)))


def _open_note(note: str, count: int, bound_um: float) -> str:
    if count >= 2:
        return note
    return "; ".join(part for part in (note, f"one-sided 95 % bound for gaps {bound_um:.3g} um long or less") if part)
