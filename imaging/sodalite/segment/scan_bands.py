"""Bands along the scan lines, where a sample that charges looks darker or brighter over the whole width."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sodalite.segment.interface import stretches

_LEAST_SHARE = 0.5
"""Share of the width that must be of the layer in a row, for its greys to tell of the scan line and not of a place."""

ENOUGH_COLUMNS = 768
"""Columns that tell of a layer as much as all of them do: the quarters of its rows, its shape."""

_BAND_SD = 1.5
"""Contrast beyond which three quarters of a row must be for a band, in standard deviations of the layer's grey."""

_EDGE_PX = 4
"""Rows within which a band begins and ends in all columns at once; edges of gaps are rougher or run with a face."""

_DEPTH_SHARE = 0.6
"""Depth of a band in that of the darkest void, beyond which it may be a gap."""

_ALONG_SHARE = 0.25
"""Width in that of the image over which a band is followed along the scan lines: it fades, and voids interrupt it."""


class ScanBands(NamedTuple):
    """What bands add to a layer's contrast ``(y, x)`` float32, None without any, and whether gaps may be dark ones."""

    offset: np.ndarray | None
    doubtful: bool


def find_scan_bands(contrast: np.ndarray, layer: np.ndarray) -> ScanBands:
    """Return what charging adds along whole scan lines.

    A band begins and ends in the same rows over the whole width, with the layer's own grey above and below it; a
    gap follows a face or has rough edges. A dark one without anything much darker in the layer may be a gap: it is left
    and doubted.

    Parameters
    ----------
    contrast
        ``(y, x)`` float32, grey relative to the layer's own in its standard deviations.
    layer
        ``(y, x)`` bool.
    """
    quarters = _quarters(contrast, layer)
    offset, doubtful = None, False
    for sign in (-1, 1):
        least, most = quarters.T if sign > 0 else -quarters[:, ::-1].T
        for first, past in zip(*stretches(least > _BAND_SD), strict=True):
            if not _is_level(most, first, past):
                continue
            band = slice(first - _EDGE_PX, past + _EDGE_PX)
            depth = _along(sign * contrast[first:past], layer[first:past])
            if sign < 0 and np.median(depth) > _DEPTH_SHARE * _deepest(contrast, layer, band):
                doubtful = True
                continue
            offset = np.zeros_like(contrast) if offset is None else offset
            middle = (least[band] + most[band]) / 2
            share = np.clip(middle / np.median(middle[_EDGE_PX:-_EDGE_PX]), 0, 1)
            offset[band] = sign * np.nan_to_num(share)[:, None] * depth
    return ScanBands(offset, doubtful)


def _quarters(contrast: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return the contrasts below which one and three quarters of each row of the layer lie, NaN in short ones."""
    step = max(layer.shape[1] // ENOUGH_COLUMNS, 2)
    here = layer[:, ::step]
    ordered = np.where(here, contrast[:, ::step], np.float32(np.inf))
    ordered.sort(axis=1)
    known = np.count_nonzero(here, axis=1)
    place = np.multiply.outer(known - 1, (0.25, 0.75))
    lower = np.maximum(place.astype(np.intp), 0)
    rows, above = np.arange(len(known))[:, None], np.minimum(lower + 1, np.maximum(known - 1, 0)[:, None])
    enough = known >= _LEAST_SHARE * here.shape[1]
    low, high = (np.where(enough[:, None], ordered[rows, at], np.nan) for at in (lower, above))
    return low + (place - lower) * (high - low)


def _is_level(most: np.ndarray, first: int, past: int) -> bool:
    """Return whether the rows just above and below are those of the layer: three quarters are within its own grey."""
    before, after = first - _EDGE_PX, past + _EDGE_PX - 1
    return before >= 0 and after < len(most) and most[before] < _BAND_SD and most[after] < _BAND_SD


def _along(strip: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return the depth of a band along the scan lines, ``(x,)`` float32, voids within it left out."""
    from scipy.ndimage import median_filter

    here = np.where(layer, strip, np.nan)
    known = layer.any(axis=0)
    columns = np.flatnonzero(known)
    depth = np.interp(np.arange(known.size), columns, np.nanmedian(here[:, columns], axis=0))
    return median_filter(depth, size=max(int(_ALONG_SHARE * known.size) | 1, 3), mode="nearest").astype(np.float32)


def _deepest(contrast: np.ndarray, layer: np.ndarray, band: slice) -> float:
    """Return how far the darkest two hundredth of the layer outside a band lies below its grey."""
    elsewhere = layer.copy()
    elsewhere[band] = False
    values = contrast[::2, ::2][elsewhere[::2, ::2]]
    return -float(np.quantile(values, 0.005)) if values.size else 0.0
