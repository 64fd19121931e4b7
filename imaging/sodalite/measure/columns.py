"""Columnarity of a film: which grains reach from face to face, and their share of the area (C1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError
from sodalite.measure.grain_grid import check_ids
from sodalite.measure.grain_statistics import LEAST_GRAINS, few_grains, joined, share_interval
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd


class FilmFaces(NamedTuple):
    """Edge rows of the faces of an upright film, ``(x,)`` float64 in px; NaN in columns without a grain."""

    top_row: np.ndarray
    bottom_row: np.ndarray


def film_faces(ids: np.ndarray) -> FilmFaces:
    """Return the first and the last edge of any grain in each column of an upright film.

    Parameters
    ----------
    ids
        ``(y, x)`` integers, 0 = no grain; grains of other phases and grains too small to count set to 0.

    Raises
    ------
    MeasurementError
        When the ids are no such image.
    """
    check_ids(ids)
    inside = ids > 0
    seen = inside.any(axis=0)
    top = np.where(seen, inside.argmax(axis=0), np.nan)
    bottom = np.where(seen, ids.shape[0] - inside[::-1].argmax(axis=0), np.nan)
    return FilmFaces(top, bottom)


def spanned_fraction(ids: np.ndarray, faces: FilmFaces) -> np.ndarray:
    """Return the part of the film thickness that each grain spans, ``(labels + 1,)`` float64, 0 for absent labels.

    The height of a pixel in the film is measured from the lower to the upper face of its own column, so that neither a
    tilted nor a wavy film changes what spans it. The part is the difference of the largest and the smallest height.

    Parameters
    ----------
    ids
        ``(y, x)`` integers of an upright film (`grain_grid.upright_image`), 0 = no grain.
    faces
        Edge rows of its faces.

    Raises
    ------
    MeasurementError
        When ids and faces do not fit together.
    """
    check_ids(ids)
    for name, row in zip(FilmFaces._fields, faces, strict=True):
        if row.shape != ids.shape[1:]:
            raise MeasurementError(f"{name}: found shape {row.shape} for ids of shape {ids.shape}; give one a column.")
    return _spanned(
        np.ascontiguousarray(ids, dtype=np.int64), faces.top_row.astype(float), faces.bottom_row.astype(float)
    )


def column_quantities(table: pd.DataFrame, spanned: np.ndarray, *, least_fraction: float) -> list[Quantity]:
    """Return columnarity: the share of the grains' area in those that span enough of the film.

    All grains count, those that a lateral border cuts with the part that is seen, by which a cut grain can only lose.

    Parameters
    ----------
    table
        Grains that count, with label, area_um2 and on_border.
    spanned
        ``(labels + 1,)`` from `spanned_fraction`.
    least_fraction
        Part of the local thickness from which a grain spans the film, such as 0.8.

    Raises
    ------
    MeasurementError
        When `least_fraction` is not above 0 and at most 1.
    """
    if not 0 < least_fraction <= 1:
        raise MeasurementError(f"least_fraction: found {least_fraction}; give a part above 0 and up to 1.")
    if len(table) == 0:
        return [Quantity.withheld("columnarity", "no grain is large enough")]
    label, area = table["label"].to_numpy(int), table["area_um2"].to_numpy(float)
    known = label < spanned.size
    spans = np.zeros(label.size, dtype=np.bool_)
    spans[known] = spanned[label[known]] >= least_fraction - 1e-9
    share = float(area[spans].sum() / area.sum())
    note = f"{int(spans.sum())} of {label.size} grains span {100 * least_fraction:g} % of the film"
    if label.size < LEAST_GRAINS:
        return [Quantity("columnarity", share, n=label.size, note=joined(few_grains(label.size), note))]
    interval = share_interval(spans, area)
    return [Quantity("columnarity", share, interval.low, interval.high, label.size, note)]


@njit(cache=True, nogil=True)
def _spanned(ids: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    count = ids.max() + 1 if ids.size else 1
    lowest, highest = np.full(count, math.inf), np.full(count, -math.inf)
    for i in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            label = ids[i, j]
            thickness = bottom[j] - top[j]
            if label == 0 or not thickness > 0:
                continue
            lowest[label] = min(lowest[label], max((bottom[j] - i - 1) / thickness, 0.0))
            highest[label] = max(highest[label], min((bottom[j] - i) / thickness, 1.0))
    return np.maximum(highest - lowest, 0.0)
