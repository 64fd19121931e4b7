"""Search for objects inside the electrolyte that have the grey of sodium."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.quantity import CHECK_OVERLAY
from sodalite.segment.local_median import local_median
from sodalite.segment.ranks import column_medians, median, quantiles
from sodalite.segment.sodium_objects import Greys, Objects, which_are_sodium

if TYPE_CHECKING:
    import numpy.typing as npt

_ELECTROLYTE = (SectionClass.ELECTROLYTE, SectionClass.DEAD_SODIUM, SectionClass.PORE, SectionClass.CRACK)
_HOLLOW = (SectionClass.VOID, SectionClass.PORE)
_MAD_TO_SD = 1.4826
_LEAST_PIXELS = 200
_SEED, _EDGE = 0.6, 0.5
"""Contrast relative to sodium at which an object is seeded, and to which it grows: the midpoint of the two phases."""

_SURE_SD = 4.5
"""Noise of the smoothed picture above which a seed is believed: one false seed in 300 000 independent pixels."""

_OTHER_GREY = 0.15
"""Distance of the median core's grey from sodium's, in contrasts, from which another phase may pass for sodium: that of
sodium itself was 0 to 0.07 off in 31 drawn scenes at SNR 8 and 3, that of a phase half as dark 0.2 to 0.28."""

_BLACK_SHARE = 0.1
_SAMPLE_PX = 100_000
_SAMPLE_ROWS = 256
"""Pixels that a median of the whole, and rows that one of a column is taken from: within 0.006 and 0.1 sd of it."""

_WHOLE_BLOCK_PX = 8
"""Largest step of background blocks that take all their pixels; larger ones take every other row and column."""

_COLUMNS_PX = 512
"""Columns that a coarse plane is interpolated for at a time; fewer than a vector of the processor would round apart."""

_LEAST_VOID_PIXELS = 50
_FLOOR_PX = 4
"""Distance from the floor of the trench up to which an object stands on it: the coarse picture tells where it ends."""

_WINDOW_BLOCKS = 9


class SodiumSearch(NamedTuple):
    """What was found.

    Attributes
    ----------
    detached
        ``(y, x)`` True on sodium-grey objects that do not reach the sodium layer in this section.
    rooted
        ``(y, x)`` True on sodium-grey objects that reach the layer, such as filaments: active sodium.
    separability
        Distance of the greys of sodium and electrolyte in units of their pooled sd after smoothing (d').
    reason
        Why nothing was searched, empty when it was.
    note
        Doubts about what was found.
    """

    detached: npt.NDArray[np.bool_]
    rooted: npt.NDArray[np.bool_]
    separability: float
    reason: str
    note: str = ""


def find_dead_sodium(
    grey: npt.NDArray,
    labels: npt.NDArray[np.integer],
    *,
    smoothing_px: float,
    edge_sigma_px: float,
    background_px: float,
    min_ecd_px: float,
    min_separability: float,
) -> SodiumSearch:
    """Return the objects in the electrolyte whose grey is that of the traced sodium.

    The greys are medians inside the traced layers. Shading is taken out by the local median of the electrolyte over
    `background_px`, curtains by the median of each pixel column; what is left is divided by the contrast of sodium, so
    that electrolyte is 0 and sodium 1. Objects are seeded above the noise and grown to 0.5. Left out are
    those whose core is clearly darker or brighter than sodium, such as pores darker than dark sodium; those too uneven
    for one phase; those amid something half as dark; and redeposition in a trench: what stands in one field with
    an object on its floor, outside the layers, or with an uneven one on the lower frame.
    Where the greys of sodium and electrolyte are too near each other nothing is returned, with the reason.

    Parameters
    ----------
    grey
        ``(y, x)`` picture.
    labels
        ``(y, x)`` ids of `SectionClass`, of the traced layers.
    smoothing_px
        Standard deviation of the Gaussian smoothing in pixels.
    edge_sigma_px
        Standard deviation of the blur of edges in the picture, in pixels.
    background_px
        Width of the window of the local median in pixels, at least three times the largest object.
    min_ecd_px
        Equivalent diameter in pixels of the smallest object kept.
    min_separability
        Least d' after smoothing at which the greys count as different.
    """
    nothing = np.zeros(labels.shape, bool)
    rows = _rows_of(any_of(labels, (*_ELECTROLYTE, SectionClass.SODIUM)), margin_px=int(np.ceil(4 * smoothing_px)))
    labels = labels[rows]
    margin = int(np.ceil(2 * smoothing_px + 2))
    inner, inside = _eroded(any_of(labels, _ELECTROLYTE), margin), _eroded(labels == SectionClass.SODIUM, margin)
    if min(np.count_nonzero(inner), np.count_nonzero(inside)) < _LEAST_PIXELS:
        return SodiumSearch(nothing, nothing, np.nan, "too little traced sodium or electrolyte to know their greys")
    inside_rows = _rows_of(inside, margin_px=0)
    inside = inside[inside_rows].copy()
    flat = _flattened(grey[rows], inner, smoothing_px, background_px)
    level, sodium_sd = _sodium_level(flat[inside_rows], inside)
    base, noise = _level(_sample(flat, inner))
    separability = abs(level - base) / float(np.hypot(noise, sodium_sd) / np.sqrt(2) + 1e-12)
    if separability < min_separability:
        reason = (
            f"sodium and electrolyte have nearly the same grey: d' = {separability:.2g}, below {min_separability:.2g}"
        )
        return SodiumSearch(nothing, nothing, separability, reason)
    flat -= np.float32(base)
    flat *= np.float32(1 / (level - base))
    scale, blur_px = 1 / abs(level - base), float(np.hypot(smoothing_px, edge_sigma_px))
    greys = Greys(flat, noise * scale, sodium_sd * scale, _void_contrast(flat, labels), blur_px)
    del inner, inside
    detached, rooted = nothing, np.zeros_like(nothing)
    held = _rows_of(any_of(labels, _ELECTROLYTE), margin_px=1)
    near = greys._replace(contrast=flat[held])
    typical = _mark_objects(detached[rows][held], rooted[rows][held], near, labels[held], min_ecd_px)
    note = (
        f"the objects' grey is {typical:.2f} of the way from electrolyte to sodium, so that another phase may pass for "
        f"dead sodium: {CHECK_OVERLAY}"
        if abs(typical - 1) > _OTHER_GREY
        else ""
    )
    return SodiumSearch(detached, rooted, separability, "", note)


def _rows_of(mask: npt.NDArray[np.bool_], *, margin_px: int) -> slice:
    """Return the rows that hold something of the mask, and a margin."""
    held = np.flatnonzero(mask.any(axis=1))
    return slice(max(int(held[0]) - margin_px, 0), int(held[-1]) + 1 + margin_px) if held.size else slice(0, 0)


def _spread_rows(mask: npt.NDArray[np.bool_]) -> slice:
    """Return at most about `_SAMPLE_ROWS` rows, evenly spread over those that hold something of the mask."""
    rows = _rows_of(mask, margin_px=0)
    return slice(rows.start, rows.stop, max(1, (rows.stop - rows.start) // _SAMPLE_ROWS))


def _sample(values: np.ndarray, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return the masked values, of a large picture those on a regular grid of pixels."""
    step = max(1, int(np.sqrt(values.size / _SAMPLE_PX)))
    return values[::step, ::step][mask[::step, ::step]]


def _level(values: npt.NDArray) -> tuple[float, float]:
    """Return the median and the robust standard deviation."""
    middle = median(values)
    return middle, _MAD_TO_SD * median(np.abs(values - middle))


def _sodium_level(flat: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the median grey of the sodium, and its robust standard deviation about the medians of the columns."""
    rows = _spread_rows(inside)
    flat, inside = flat[rows], inside[rows]
    level = median(_sample(flat, inside))
    return level, _level(_sample(flat - _column_median(flat, inside, level), inside))[1]


def _eroded(mask: npt.NDArray[np.bool_], margin_px: int) -> npt.NDArray[np.bool_]:
    box = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return cv2.erode(mask.view(np.uint8), box, borderType=cv2.BORDER_CONSTANT, borderValue=1).view(bool)


def _flattened(
    grey: np.ndarray, inner: npt.NDArray[np.bool_], smoothing_px: float, window_px: float
) -> npt.NDArray[np.float32]:
    """Return the smoothed picture less the shading and curtains of the electrolyte, about the electrolyte's median.

    Shading is a gain; in a nearly black electrolyte, where a gain is not known, its offset is taken out instead.
    """
    flat = grey.astype(np.float32)
    cv2.GaussianBlur(flat, (0, 0), smoothing_px, dst=flat, borderType=cv2.BORDER_REFLECT)
    middle = np.float32(median(_sample(flat, inner)))
    background = _background(flat, inner, window_px)
    if middle > _BLACK_SHARE * quantiles(_sample(flat, np.ones_like(inner)), (0.99,))[0]:
        _apply(np.multiply, flat, np.clip(middle / np.maximum(background, 1e-6), 0.5, 2.0))
    else:
        _apply(np.add, flat, middle - background)
    curtain = middle - _column_median(flat, inner, float(middle))
    return np.asarray(np.add(flat, curtain, out=flat), np.float32)


def _apply(operation: np.ufunc, picture: npt.NDArray[np.float32], coarse: npt.NDArray[np.float32]) -> None:
    """Let `picture` be what the operation makes of it and of a coarse plane, interpolated to its size.

    The plane is interpolated along the rows first and down the columns for some of them at a time: to the bit what a
    single interpolation gives, without a second picture in memory.
    """
    height, width = picture.shape
    along = cv2.resize(coarse, (width, len(coarse)), interpolation=cv2.INTER_LINEAR)
    last = max(width // _COLUMNS_PX - 1, 0) * _COLUMNS_PX
    for start in range(0, last + 1, _COLUMNS_PX):
        columns = slice(start, start + _COLUMNS_PX if start < last else width)
        strip = np.ascontiguousarray(along[:, columns])
        fine = cv2.resize(strip, (strip.shape[1], height), interpolation=cv2.INTER_LINEAR)
        operation(picture[:, columns], fine, out=picture[:, columns])


def _column_median(values: np.ndarray, mask: npt.NDArray[np.bool_], otherwise: float) -> npt.NDArray[np.float32]:
    """Return ``(x,)`` medians down the masked pixels of each column, in a high picture of every n-th."""
    rows = _spread_rows(mask)
    middle = column_medians(np.where(mask[rows], values[rows], np.float32(np.nan)))
    return np.where(np.isnan(middle), np.float32(otherwise), middle)


def _background(
    smooth: npt.NDArray[np.float32], inner: npt.NDArray[np.bool_], window_px: float
) -> npt.NDArray[np.float32]:
    """Return the local median of the electrolyte on a coarse grid: medians of block means in a window."""
    from scipy.ndimage import distance_transform_edt

    rows, columns = (max(1, round(length * _WINDOW_BLOCKS / window_px)) for length in smooth.shape)
    size = (columns, rows)
    step = 1 if window_px <= _WHOLE_BLOCK_PX * _WINDOW_BLOCKS else 2
    smooth, inner = smooth[::step, ::step], inner[::step, ::step]
    weight = inner.astype(np.float32)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    weight *= smooth
    total = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    blocks = np.where(share > 0.2, total / np.maximum(share, np.float32(0.2)), np.float32(np.nan))
    coarse = local_median(blocks, _WINDOW_BLOCKS // 2)
    known = np.isfinite(coarse)
    if not known.all():
        nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
        coarse = coarse[tuple(nearest)]
    return coarse


def _void_contrast(contrast: npt.NDArray[np.float32], labels: npt.NDArray[np.integer]) -> float:
    """Return the relative contrast of voids; infinite where they do not lie beyond sodium, NaN where none is known."""
    void = contrast[_eroded(any_of(labels, _HOLLOW), 2)]
    if void.size < _LEAST_VOID_PIXELS:
        return np.nan
    middle = median(void)
    return np.inf if middle <= 1 else middle


def _mark_objects(
    detached: npt.NDArray[np.bool_],
    rooted: npt.NDArray[np.bool_],
    greys: Greys,
    labels: npt.NDArray[np.integer],
    min_ecd_px: float,
) -> float:
    """Set the objects off the layer and those that reach it; return the core contrast of most of their area or 1."""
    edge = max(_EDGE, min(0.8, 0.8 * _SURE_SD * greys.noise))
    grown = (greys.contrast > edge) & any_of(labels, _ELECTROLYTE)
    sodium = labels == SectionClass.SODIUM
    image = cv2.connectedComponents(grown.view(np.uint8), connectivity=8)[1]
    at = np.flatnonzero(grown)
    label = image.ravel()[at]
    beside = cv2.dilate(sodium.view(np.uint8), np.ones((3, 3), np.uint8)).ravel()[at] > 0
    floor = (labels == SectionClass.OUTSIDE).view(np.uint8)
    on_floor = cv2.dilate(floor, np.ones((2 * _FLOOR_PX + 1,) * 2, np.uint8)).ravel()[at] > 0
    area = np.bincount(label)
    seeded, reaches, stands = np.zeros((3, area.size), bool)
    seeded[label[greys.contrast.ravel()[at] > max(_SEED, _SURE_SD * greys.noise)]] = True
    reaches[label[beside]] = True
    stands[label[on_floor]] = True
    kept = np.flatnonzero(seeded & (area >= np.pi / 4 * min_ecd_px**2))
    alike, contrast = which_are_sodium(greys, Objects(image, kept, stands[kept], any_of(labels, _ELECTROLYTE)))
    kept = kept[alike]
    for found, mask in ((kept[~reaches[kept]], detached), (kept[reaches[kept]], rooted)):
        mask.reshape(-1)[at[np.isin(label, found)]] = True
    return _median_by(contrast[alike], area[kept]) if kept.size else 1.0


def _median_by(values: npt.NDArray[np.floating], weights: npt.NDArray[np.integer]) -> float:
    """Return the value up to which half of the weights lie."""
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(running, running[-1] / 2)])
