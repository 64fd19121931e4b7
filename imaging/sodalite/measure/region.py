"""The pixels between the two faces of the sodium layer, and runs of columns along a face."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    import numpy.typing as npt


_RESOLVED_PX = 20.0
"""Width of a void that is seen without doubt: its area comes out right to 1.5 %."""
_USUAL_SHARE = 0.05
"""Width of voids as a share of the image's: medians of 18 outlined sections of real metal contacts are 0.057 for the
mean diameter and 0.043 for the mean run along a face."""
_FRAME_PX = 3072
"""Columns of the widest usual frame; more of them are frames stitched together, whose voids are no wider."""


class Runs(NamedTuple):
    """Uninterrupted stretches along a face.

    Lengths in um where the flag holds and where it does not, and whether the longest that holds is cut.
    """

    held_um: npt.NDArray[np.float64]
    other_um: npt.NDArray[np.float64]
    longest_cut: bool


def usual_void_px(columns: int) -> float:
    """Return the width in pixels that a bound assumes for voids where an image of so many columns shows none.

    Contact along 1000 px with runs of 10 to 120 px, a quarter to five of them expected, is held in 91-100 % of draws;
    bounds for voids that are just resolved held it in 46-100 %: faces without a void come of the same population.
    """
    return max(_RESOLVED_PX, _USUAL_SHARE * min(columns, _FRAME_PX))


def layer_region(
    shape: tuple[int, ...], collector_row: npt.NDArray[np.float64], electrolyte_row: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return ``(y, x)``, True where a pixel's centre lies between the faces; False in columns that lack a face.

    Raises
    ------
    MeasurementError
        When the faces do not have one row for each column.
    """
    if len(shape) != 2 or collector_row.shape != shape[1:] or electrolyte_row.shape != shape[1:]:
        raise MeasurementError(
            f"faces: {collector_row.shape} and {electrolyte_row.shape} rows for labels of shape {shape}; "
            "give one a column."
        )
    both = np.isfinite(collector_row) & np.isfinite(electrolyte_row)
    first, stop = (
        np.clip(np.ceil(np.where(both, row, 0) - 0.5), 0, shape[0]).astype(np.int32)
        for row in (collector_row, electrolyte_row)
    )
    rows = np.arange(shape[0], dtype=np.int32)[:, None]
    return np.asarray((rows >= first) & (rows < stop))


def stretches(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the past-last place of each stretch of true flags ``(x,)``."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return [(int(first), int(stop)) for first, stop in zip(bounds[::2], bounds[1::2], strict=True)]


def split_runs(flags: npt.NDArray[np.bool_], length_um: npt.NDArray[np.float64]) -> Runs:
    """Return the runs of equal flags along a line.

    Parameters
    ----------
    flags
        ``(x,)``.
    length_um
        ``(x,)`` length that each column stands for; NaN where nothing is known: runs end there.

    Returns
    -------
    Runs
        `longest_cut` tells that the longest run where the flag holds ends at something unknown or at the border.
    """
    state = np.where(np.isfinite(length_um), flags.astype(np.int8), -1)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(state)) + 1]) if state.size else np.zeros(0, np.intp)
    kind = state[starts]
    total = np.add.reduceat(np.nan_to_num(length_um), starts) if state.size else np.zeros(0)
    framed = np.concatenate([[-1], kind, [-1]])
    cut = (framed[:-2] == -1) | (framed[2:] == -1)
    held = np.where(kind == 1, total, -1.0)
    longest_cut = bool(held.size and held.max() > 0 and cut[int(held.argmax())])
    return Runs(total[kind == 1], total[kind == 0], longest_cut)
