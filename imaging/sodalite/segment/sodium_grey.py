"""Search for objects inside the electrolyte that have the grey of sodium."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import SectionClass

if TYPE_CHECKING:
    import numpy.typing as npt

_ELECTROLYTE = (SectionClass.ELECTROLYTE, SectionClass.DEAD_SODIUM, SectionClass.PORE, SectionClass.CRACK)
_MAD_TO_SD = 1.4826
_LEAST_PIXELS = 200
_SEED, _EDGE = 0.6, 0.5
"""Contrast relative to sodium at which an object is seeded, and to which it grows: the midpoint of the two phases."""

_SURE_SD = 4.5
"""Noise of the smoothed picture above which a seed is believed: one false seed in 300 000 independent pixels."""

_DARK_SHARE, _THIN_DARK_SHARE, _THIN_PX = 0.25, 0.12, 2.5
"""Part of the way from sodium to voids at which a core is no sodium, the same for thin objects, and their half width.

Measured on phantoms with voids at contrast 1.7 and SNR 3 to 8: cores of sodium reach 1.09 and those of pores begin at
1.25 from three pixels of radius on; cracks two pixels wide read 1.09 to 1.2, filaments up to 1.04.
"""

_VOID_CONTRAST, _DARK_CORE = 2.0, 1.3
"""Contrast of voids assumed where none is known and no object's core is beyond the second number."""

_BLACK_SHARE = 0.1
_LEAST_VOID_PIXELS = 50
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
    """

    detached: npt.NDArray[np.bool_]
    rooted: npt.NDArray[np.bool_]
    separability: float
    reason: str


class _Greys(NamedTuple):
    """Contrast relative to sodium ``(y, x)``, its noise, that of voids, and the sd of the blur in pixels."""

    contrast: npt.NDArray[np.float32]
    noise: float
    void: float
    blur_px: float


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
    that electrolyte is 0 and sodium 1. Objects are seeded above the noise and grown to 0.5. Those that are more than
    sodium at their core, such as pores darker than dark sodium, are left out. Where the greys of sodium and electrolyte
    are too near each other nothing is returned, with the reason.

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
    from scipy.ndimage import gaussian_filter

    nothing = np.zeros(labels.shape, bool)
    region = np.isin(labels, _ELECTROLYTE)
    margin = int(np.ceil(2 * smoothing_px + 2))
    inner, sodium = _eroded(region, margin), _eroded(labels == SectionClass.SODIUM, margin)
    if min(inner.sum(), sodium.sum()) < _LEAST_PIXELS:
        return SodiumSearch(nothing, nothing, np.nan, "too little traced sodium or electrolyte to know their greys")
    smooth = gaussian_filter(grey.astype(np.float32), smoothing_px)
    flat = _flattened(smooth, inner, background_px)
    level = float(np.median(flat[sodium]))
    sodium_sd = _level((flat - _column_median(flat, sodium, level))[sodium])[1]
    base, noise = _level(flat[inner])
    separability = abs(level - base) / float(np.hypot(noise, sodium_sd) / np.sqrt(2) + 1e-12)
    if separability < min_separability:
        reason = (
            f"sodium and electrolyte have nearly the same grey: d' = {separability:.2g}, below {min_separability:.2g}"
        )
        return SodiumSearch(nothing, nothing, separability, reason)
    contrast = np.where(region, (flat - base) / (level - base), 0.0).astype(np.float32)
    void = _void_contrast(flat, labels, level, base)
    greys = _Greys(contrast, noise / abs(level - base), void, float(np.hypot(smoothing_px, edge_sigma_px)))
    detached, rooted = _objects(greys, labels, min_ecd_px)
    return SodiumSearch(detached, rooted, separability, "")


def _level(values: npt.NDArray) -> tuple[float, float]:
    """Return the median and the robust standard deviation."""
    median = float(np.median(values))
    return median, _MAD_TO_SD * float(np.median(np.abs(values - median)))


def _eroded(mask: npt.NDArray[np.bool_], margin_px: int) -> npt.NDArray[np.bool_]:
    import cv2

    box = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return cv2.erode(mask.astype(np.uint8), box, borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(bool)


def _flattened(
    smooth: npt.NDArray[np.float32], inner: npt.NDArray[np.bool_], window_px: float
) -> npt.NDArray[np.float32]:
    """Return the picture with shading and curtains of the electrolyte taken out, about the electrolyte's median.

    Shading is a gain; in a nearly black electrolyte, where a gain is not known, its offset is taken out instead.
    """
    middle = float(np.median(smooth[inner]))
    background = _background(smooth, inner, window_px)
    if middle > _BLACK_SHARE * float(np.quantile(smooth, 0.99)):
        flat = smooth * np.clip(middle / np.maximum(background, 1e-6), 0.5, 2.0).astype(np.float32)
    else:
        flat = smooth + np.float32(middle) - background
    return flat + np.float32(middle) - _column_median(flat, inner, middle)


def _column_median(
    values: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], otherwise: float
) -> npt.NDArray[np.float32]:
    """Return ``(x,)`` medians down the masked pixels of each column."""
    median = np.ma.median(np.ma.array(values, mask=~mask), axis=0)  # type: ignore[no-untyped-call]
    return np.ma.filled(median, otherwise).astype(np.float32)


def _background(
    smooth: npt.NDArray[np.float32], inner: npt.NDArray[np.bool_], window_px: float
) -> npt.NDArray[np.float32]:
    """Return the local median of the electrolyte: block means, their windowed median, then interpolation."""
    import cv2
    from scipy.ndimage import distance_transform_edt

    rows, columns = (max(1, round(length * _WINDOW_BLOCKS / window_px)) for length in smooth.shape)
    size = (columns, rows)
    share = cv2.resize(inner.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(inner, smooth, 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    blocks = np.where(share > 0.2, total / np.maximum(share, 0.2), np.nan)
    half = _WINDOW_BLOCKS // 2
    framed = np.pad(blocks, half, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(framed, (_WINDOW_BLOCKS,) * 2)
    known = np.isfinite(windows).any(axis=(2, 3))
    coarse = np.full(blocks.shape, np.nan)
    coarse[known] = np.nanmedian(windows[known], axis=(1, 2))
    if not known.all():
        nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
        coarse = coarse[tuple(nearest)]
    whole = cv2.resize(coarse.astype(np.float32), smooth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.float32)


def _void_contrast(flat: npt.NDArray[np.float32], labels: npt.NDArray[np.integer], level: float, base: float) -> float:
    """Return the relative contrast of voids; infinite where they do not lie beyond sodium, NaN where none is known."""
    void = flat[_eroded(np.isin(labels, (SectionClass.VOID, SectionClass.PORE)), 2)]
    contrast = (float(np.median(void)) - base) / (level - base) if void.size >= _LEAST_VOID_PIXELS else np.nan
    return np.inf if contrast <= 1 else contrast


def _objects(
    greys: _Greys, labels: npt.NDArray[np.integer], min_ecd_px: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return the objects off the layer and those that reach it, both ``(y, x)``."""
    import cc3d

    edge = max(_EDGE, min(0.8, 0.8 * _SURE_SD * greys.noise))
    grown = greys.contrast > edge
    objects = cc3d.connected_components(grown, connectivity=8)
    area = np.bincount(objects.ravel())
    seeded = np.zeros(area.size, bool)
    seeded[objects[greys.contrast > max(_SEED, _SURE_SD * greys.noise)]] = True
    kept = seeded & (area >= np.pi / 4 * min_ecd_px**2) & ~_darker_than_sodium(greys, objects)
    kept[0] = False
    layer = cc3d.connected_components(grown | (labels == SectionClass.SODIUM), connectivity=8)
    rooted = np.zeros(int(layer.max(initial=0)) + 1, bool)
    rooted[np.unique(layer[labels == SectionClass.SODIUM])] = True
    found = kept[objects]
    return found & ~rooted[layer], found & rooted[layer]


def _darker_than_sodium(greys: _Greys, objects: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Return per label whether its core is nearer to a void than to sodium, as that of a pore or a crack.

    The core's contrast is corrected for what the blur takes from the middle of a disc of its thickness. Where no void
    is known, the darkest core stands for one.
    """
    import edt

    depth = edt.edt(objects > 0)
    radius = np.zeros(int(objects.max(initial=0)) + 1)
    np.maximum.at(radius, objects.ravel(), depth.ravel())
    inside = (objects > 0) & (depth >= 0.7 * radius[objects])
    count = np.bincount(objects[inside], minlength=radius.size)
    mean = np.bincount(objects[inside], greys.contrast[inside], radius.size) / np.maximum(count, 1)
    left_by_blur = 1 - np.exp(-(radius**2) / (2 * greys.blur_px**2))
    core = mean / np.maximum(left_by_blur, 0.1)
    darkest = float(core[radius >= _THIN_PX].max(initial=0.0))
    void = greys.void if not np.isnan(greys.void) else darkest if darkest > _DARK_CORE else _VOID_CONTRAST
    return core > 1 + np.where(radius < _THIN_PX, _THIN_DARK_SHARE, _DARK_SHARE) * (void - 1)
