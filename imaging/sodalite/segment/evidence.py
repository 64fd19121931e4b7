"""Evidence that a pixel belongs to a layer: likelihoods of its grey and texture, learnt from the image itself.

Position is never a feature: it only enters through the layer's own slowly varying grey, so that shading and curtains
do not pass for another phase.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numba
import numpy as np

from sodalite.segment.ranks import median, quantiles

GREY_BINS = 128
TEXTURE_BINS = 8
WEIGHT = 0.15
"""Evidence per pixel relative to independent pixels: neighbours share their noise, voids and grains."""

_FLOOR = 1e-7
_OUTLIER_SHARE = 0.005
_BACKGROUND_SHRINK = 8
_ANCHORED_SHARE = 0.1


class Features(NamedTuple):
    """What the likelihoods look at.

    Attributes
    ----------
    grey
        ``(y, x)`` float64, lightly smoothed, 0 to 1 between the 0.5th and 99.5th percentile. Single precision takes
        a tenth off the time of a section, but leaves rounding of 6e-8 in a saturated electrolyte, which passed for the
        scatter of its grey: four of twelve drawn substrates lay 0.3 to 2 px off.
    texture
        ``(y, x)`` int32, bin of the logarithm of the local standard deviation, 0 to `TEXTURE_BINS` - 1.
    """

    grey: np.ndarray
    texture: np.ndarray


def pixel_features(data: np.ndarray, *, smoothing_px: float, texture_px: float | None) -> Features:
    """Return the features of every pixel of a greyscale image ``(y, x)``; without a width, the texture is the same."""
    low, high = quantiles(data[::2, ::2], (0.005, 0.995))
    unit = np.clip((data.astype(np.float64) - low) / max(high - low, 1e-6), 0, 1)
    if texture_px is None:
        return Features(cv2.GaussianBlur(unit, (0, 0), smoothing_px), np.zeros(unit.shape, np.int32))
    mean = cv2.GaussianBlur(unit, (0, 0), texture_px)
    variance = cv2.GaussianBlur(unit * unit, (0, 0), texture_px) - mean * mean
    texture = np.log(np.maximum(variance, 1e-6))
    low, high = quantiles(texture[::2, ::2], (0.01, 0.99))
    bins = np.clip((texture - low) * (TEXTURE_BINS / max(high - low, 1e-6)), 0, TEXTURE_BINS - 1)
    return Features(cv2.GaussianBlur(unit, (0, 0), smoothing_px), bins.astype(np.int32))


def layer_likelihoods(features: Features, members: list[np.ndarray], backgrounds: list[np.ndarray]) -> np.ndarray:
    """Return the weighted log-likelihood of every pixel under every layer.

    A layer's density is a smoothed histogram over grey relative to the layer's own background, and texture. A small
    share of the whole image's histogram stands for what the layer does not show elsewhere.

    Parameters
    ----------
    features
        Of the pixels.
    members, backgrounds
        For each layer its present pixels ``(y, x)`` bool, and its slowly varying grey from `layer_background`.

    Returns
    -------
    numpy.ndarray
        ``(layer, y, x)`` float32, `WEIGHT` times the natural logarithm.
    """
    out = np.empty((len(members), *features.grey.shape), np.float32)
    size = GREY_BINS * TEXTURE_BINS
    for index, (member, background) in enumerate(zip(members, backgrounds, strict=True)):
        code, inside, everywhere = _histograms(features.grey, background, features.texture, member, size)
        counts = inside.astype(np.float32).reshape(GREY_BINS, TEXTURE_BINS)
        own = cv2.GaussianBlur(counts, (0, 0), sigmaX=1.2, sigmaY=0.8, borderType=cv2.BORDER_REPLICATE).ravel()
        density = (1 - _OUTLIER_SHARE) * own / max(float(own.sum()), 1.0) + _FLOOR
        density += _OUTLIER_SHARE * everywhere / code.size
        nats = (WEIGHT * np.log(density)).astype(np.float32)
        np.take(nats, code, out=out[index], mode="clip")  # which none needs; the other modes take a copy first
    return out


@numba.njit(cache=True, nogil=True)
def _histograms(
    grey: np.ndarray, background: np.ndarray, texture: np.ndarray, member: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the histogram bin of every pixel, and how often each occurs among the members and everywhere."""
    code = np.empty(grey.shape, np.int32)
    own, everywhere = np.zeros(size, np.int64), np.zeros(size, np.int64)
    one, per_grey = np.float32(1), np.float32(GREY_BINS / 2)
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            relative = (grey[y, x] - background[y, x] + one) * per_grey
            bin_of = int(min(max(relative, 0), GREY_BINS - 1)) * TEXTURE_BINS + texture[y, x]
            code[y, x] = bin_of
            everywhere[bin_of] += 1
            own[bin_of] += member[y, x]
    return code, own, everywhere


def layer_background(grey: np.ndarray, member: np.ndarray, *, scale_px: float) -> np.ndarray:
    """Return the slowly varying grey of a layer's main phase, continued beyond the layer.

    Only pixels near the layer's most frequent grey take part, so that voids and inclusions do not drag it along; where
    there are none nearby, the most frequent grey of the layer stands.

    Parameters
    ----------
    grey
        ``(y, x)`` float32.
    member
        ``(y, x)`` bool, the layer's pixels.
    scale_px
        Standard deviation of the averaging Gaussian.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` float32.
    """
    height, width = grey.shape
    rows = _block_rows(member)
    low, high, counts = _member_greys(grey[rows], member[rows])
    mode, sd = _peak(counts, low, high) if counts.any() else (median(grey), 1.0)
    background = np.full_like(grey, mode)
    for _ in range(2):
        alike = _alike(grey[rows], member[rows], background[rows], 3 * sd)
        shrunk = [_block_means(plane, rows, grey.shape) for plane in alike]
        sigma = scale_px / _BACKGROUND_SHRINK
        sums = [cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) for plane in shrunk]
        local = (sums[0] + 1e-3 * mode) / (sums[1] + 1e-3)
        background = cv2.resize(local, (width, height), interpolation=cv2.INTER_LINEAR)
    return background


def _block_rows(member: np.ndarray) -> slice:
    """Return the rows of the blocks that hold a layer's pixels; all rows where blocks do not part the image evenly."""
    height, width = member.shape
    held = np.flatnonzero(member.any(axis=1)) // _BACKGROUND_SHRINK
    if held.size == 0 or height % _BACKGROUND_SHRINK or width % _BACKGROUND_SHRINK:
        return slice(0, height)
    return slice(held[0] * _BACKGROUND_SHRINK, (held[-1] + 1) * _BACKGROUND_SHRINK)


def _block_means(plane: np.ndarray, rows: slice, shape: tuple[int, int]) -> np.ndarray:
    """Return the means over blocks of an image ``(y, x)`` of that shape, of which those rows are given, the rest 0."""
    height, width = (max(size // _BACKGROUND_SHRINK, 1) for size in shape)
    if len(plane) == shape[0]:
        return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    means = np.zeros((height, width), np.float32)
    held = means[rows.start // _BACKGROUND_SHRINK : rows.stop // _BACKGROUND_SHRINK]
    cv2.resize(plane, held.shape[::-1], dst=held, interpolation=cv2.INTER_AREA)
    return means


def middle_and_spread(values: np.ndarray) -> tuple[float, float]:
    """Return the median and the standard deviation about it that a normal population of the same spread has."""
    middle = median(values)
    return middle, 1.4826 * median(np.abs(values - middle))


def main_grey(values: np.ndarray) -> tuple[float, float]:
    """Return the most frequent grey of `values` and the standard deviation of the population around it.

    The deviation comes from the width of the histogram's peak at half its height, which voids and rims do not widen.
    """
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return low, 1e-6
    step = (high - low) / 256
    bins = np.minimum((values - low) * (1 / step), 255).astype(np.uint8)
    return _peak(np.bincount(bins, minlength=256), low, high)


@numba.njit(cache=True, nogil=True)
def _member_greys(grey: np.ndarray, member: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return the least and the largest grey of a layer's pixels, and how many lie in each 256th between them."""
    counts = np.zeros(256, np.int64)
    low, high = np.float32(np.inf), np.float32(-np.inf)
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            if member[y, x]:
                low, high = min(low, grey[y, x]), max(high, grey[y, x])
    per_step = np.float32(0) if high <= low else np.float32(1 / ((float(high) - float(low)) / 256))
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            if member[y, x]:
                counts[int(min((grey[y, x] - low) * per_step, np.float32(255)))] += 1
    return float(low), float(high), counts


@numba.njit(cache=True, nogil=True)
def _alike(grey: np.ndarray, member: np.ndarray, background: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the grey of the layer's pixels nearer to the background than the limit, 0 elsewhere, and 1 for each."""
    kept, weight, nearer = np.zeros(grey.shape, np.float32), np.zeros(grey.shape, np.float32), np.float32(limit)
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            one = np.float32(member[y, x] & (abs(grey[y, x] - background[y, x]) < nearer))
            weight[y, x] = one
            kept[y, x] = one * grey[y, x]
    return kept, weight


def _peak(counts: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the place and the width of the highest peak of a histogram of 256 steps from low to high."""
    if high <= low:
        return low, 1e-6
    step = (high - low) / 256
    smooth = cv2.GaussianBlur(counts.astype(np.float32)[:, None], (0, 0), sigmaX=1, sigmaY=3).ravel()
    peak = int(smooth.argmax())
    above = smooth > smooth[peak] / 2
    left = peak - int(np.argmin(above[peak::-1])) if not above[: peak + 1].all() else 0
    right = peak + int(np.argmin(above[peak:])) if not above[peak:].all() else 255
    return low + step * (peak + 0.5), step * max((right - left) / 2.355, 1.5)


def undecided(likelihoods: np.ndarray, *, opening_px: int) -> np.ndarray:
    """Return pixels that look like a layer but lie in none of its large regions: ``(y, x)`` bool.

    A void as grey as the electrolyte, or a metal grain inside it, says nothing about where the interface runs.
    """
    smooth = np.empty_like(likelihoods)
    for plane, blurred in zip(likelihoods, smooth, strict=True):
        cv2.GaussianBlur(plane, (0, 0), 1.2, dst=blurred)
    winner = _largest_plane(smooth)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * opening_px + 1, 2 * opening_px + 1))
    free = np.zeros(winner.shape, bool)
    for layer in range(len(likelihoods)):
        mask = (winner == layer).astype(np.uint8)
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc)
        count, regions = cv2.connectedComponents(opened, connectivity=4)
        if count < 2:
            continue
        if count > 2:
            area = np.bincount(regions.ravel())
            large = (area >= _ANCHORED_SHARE * area[1:].max()).view(np.uint8)
            large[0] = 0
            opened = large.take(regions)
        free |= mask > cv2.dilate(opened, disc)
    return free


@numba.njit(cache=True, nogil=True)
def _largest_plane(planes: np.ndarray) -> np.ndarray:
    """Return the index of the plane with the largest value in each pixel: ``(y, x)`` uint8."""
    count, height, width = planes.shape
    winner = np.zeros((height, width), np.uint8)
    for y in range(height):
        best = planes[0, y].copy()
        for plane in range(1, count):
            for x in range(width):
                larger = planes[plane, y, x] > best[x]
                winner[y, x] = np.uint8(plane) if larger else winner[y, x]
                best[x] = max(best[x], planes[plane, y, x])
    return winner
