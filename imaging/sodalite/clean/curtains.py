"""Curtains: the vertical stripes that ion milling leaves, scored and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from sodalite.clean.shading import blur, centre_phases, divide, subtract_field

if TYPE_CHECKING:
    import numpy as np

_BANDS_PER_LENGTH = 8
"""Bands of rows per `length_px`: finer bands change nothing that the smoothing over `length_px` would keep."""


def remove_curtains(
    data: np.ndarray, *, width_px: float, length_px: float, strength: float, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return the image without vertical stripes that are narrower than `width_px` and longer than `length_px`.

    A stripe is what a column's solid pixels have left over the level of their phase and surroundings, averaged along
    the column. Void grey levels shift with their column's: segment voids on the original where they decide.

    Parameters
    ----------
    data
        ``(y, x)``, grey levels of any real type.
    width_px
        Standard deviation of the Gaussian along x that tells stripes from shading, in pixels.
    length_px
        Standard deviation of the Gaussian along y over which a stripe keeps its strength, in pixels.
    strength
        Share of the stripes to remove, 0 to 1.
    mask
        ``(y, x)``, False or 0 where a pixel must not count (voids, cracks, data bar). Integers up to 255 name
        phases, each with its own grey level. None counts every pixel as one phase: voids then leave dark streaks.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` float32, grey levels; their mean over the mask is that of `data`.

    Raises
    ------
    MeasurementError
        When the mask has another shape than the image or marks nothing.
    """
    residual, weight = centre_phases(data, mask)
    rows, columns = data.shape
    bands = max(1, min(rows, round(_BANDS_PER_LENGTH * rows / length_px)))
    total, count = (cv2.resize(part, (columns, bands), interpolation=cv2.INTER_AREA) for part in (residual, weight))
    excess = total - count * divide(blur(total, width_px, 0.0), blur(count, width_px, 0.0))
    sigma_bands = length_px * bands / rows
    stripes = divide(blur(excess, 0.0, sigma_bands), blur(count, 0.0, sigma_bands))
    return subtract_field(data, strength * stripes, weight)


def curtain_score(data: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Return the share of the grey variance within the phases that column means explain, 0 to 1.

    It is epsilon squared of a one-way analysis of variance over columns (Kelley 1935, doi:10.1073/pnas.21.9.554), so
    that pure noise scores 0 whatever the number of rows; brightness that varies over more than 1/16 of the width
    counts as shading and is taken out first.

    Parameters
    ----------
    data
        ``(y, x)``, grey levels.
    mask
        As in `remove_curtains`.

    Raises
    ------
    MeasurementError
        When the mask has another shape than the image or marks nothing.
    """
    residual, weight = centre_phases(data, mask)
    totals, counts, squares = (
        cv2.reduce(values, 0, operation, dtype=cv2.CV_64F)
        for values, operation in ((residual, cv2.REDUCE_SUM), (weight, cv2.REDUCE_SUM), (residual, cv2.REDUCE_SUM2))
    )
    width_px = data.shape[1] / 16
    level = divide(blur(totals, width_px, 0.0), blur(counts, width_px, 0.0))
    all_squares = float((squares - 2 * level * totals + counts * level**2).sum())
    column_squares = float(divide((totals - counts * level) ** 2, counts).sum())
    columns, pixels = int((counts > 0).sum()), float(counts.sum())
    if all_squares <= 0 or pixels <= columns:
        return 0.0
    by_chance = (columns - 1) * (all_squares - column_squares) / (pixels - columns)
    return max(0.0, (column_squares - by_chance) / all_squares)
