"""Where deposit ends between the pixels: flat fronts, walls along the growth, needles down to the picture's blur."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from scipy.special import erf, erfinv

_STEADY = 0.02
"""Noise of the covered share that averaging along an edge leaves: it shifts the edge by 0.05 px at a blur of 1 px. The
outermost of the 50 rows of a wall is twice that too far out, which lifts the column there by 5 px."""
_STEADY_ALL, _LEAST_BLUR_PX, _MOST_BLUR_PX = 0.05, 0.35, 1.0
"""Noise of the share that a blur to all sides leaves, the blur that is not worth it, and the most it may be."""
_MOST_ALONG_PX = 3.0
"""Averaging along an edge at most: with 4 px the tips of needles 12 px wide are 3 px short."""
_TANGENT_PX, _GRADIENT_PX, _BENT = 2.5, 1.0, 3
"""Neighbourhood that tells the direction of an edge, blur of its gradient, and the power of its straightness by which
the averaging becomes shorter where the edge bends, so that it does not cut tips."""
_ACROSS_PX = 4
"""Pixels to either side over which the peak of a needle is looked for; a blur of 2 px spreads as far."""
_LEAST_PEAK, _PEAK_SD = 0.25, 3.0
"""Peak of the share, and in units of its noise, from which a needle thinner than its blur counts."""
_UNDECIDED, _UNDECIDED_PX = (0.1, 0.9), 1.5
"""Share, after a blur, between which an edge may run; what lies beyond is sure without more ado."""
_PARTS = 8
"""Parts of a column whose outermost rows are averaged."""
_BATCH = 1024

THIN_PEAK = math.erf(1 / math.sqrt(2))
"""Peak of the share across a needle as wide as two standard deviations of the blur: of a thinner one the width, and
where it ends, are not told from how dark it is."""

_PEAKS = np.linspace(0.0, 1.0, 201)
_LEVELS = np.append(erf(2 * erfinv(_PEAKS[:-1])) / 2, 0.5)


class EdgeMap(NamedTuple):
    """What decides where deposit ends.

    Attributes
    ----------
    excess
        ``(y, x)`` float32 covered share less the share at the edge there: deposit where it is positive.
    peak
        ``(y, x)`` float32 largest share across the edge or the needle; 1 away from any edge.
    """

    excess: np.ndarray
    peak: np.ndarray


def grain_of(raw: np.ndarray) -> float:
    """Return the noise of single pixels from neighbours along the substrate."""
    return 1.4826 * float(np.median(np.abs(np.diff(raw, axis=1)))) / math.sqrt(2)


def edge_map(share: np.ndarray) -> EdgeMap:
    """Return by how much each pixel's covered share exceeds that at the deposit's edge.

    A strip of width w under a Gaussian blur peaks at ``erf(w / (2 sqrt(2) sigma))`` and has
    ``erf(w / (sqrt(2) sigma)) / 2`` at its true edges: the level there follows from the peak alone, a half where the
    deposit is wide, nearly the peak where it is thinner than the blur. Noise is averaged along the edge, the direction
    in which the neighbourhood changes least (structure tensor), and no further than the noise asks for.

    Parameters
    ----------
    share
        ``(y, x)`` float32 covered share of each pixel, noisy.
    """
    grain = grain_of(share)
    blur = min(grain / (2 * math.sqrt(math.pi) * _STEADY_ALL), _MOST_BLUR_PX)
    even = share if blur < _LEAST_BLUR_PX else np.asarray(cv2.GaussianBlur(share, (0, 0), blur))
    wide = cv2.GaussianBlur(share, (0, 0), _UNDECIDED_PX)
    unsure = ((wide > _UNDECIDED[0]) & (wide < _UNDECIDED[1])) | (cv2.absdiff(even, wide) > _LEAST_PEAK)
    rows, columns = np.nonzero(cv2.dilate(unsure.astype(np.uint8), np.ones((3, 3), np.uint8)))
    across_y, across_x, straight = _directions(share, rows, columns)
    along_px = min((grain / _STEADY) ** 2 / (2 * math.sqrt(math.pi)), _MOST_ALONG_PX)
    smooth = even.copy()
    reach = math.ceil(2 * along_px)
    total, weights = np.zeros(rows.size, np.float32), 0.0
    for step in range(-reach, reach + 1):
        weight = math.exp(-0.5 * (step / along_px) ** 2) if step else 1.0
        total += weight * _sampled(even, rows + step * straight * across_x, columns - step * straight * across_y)
        weights += weight
    smooth[rows, columns] = total / weights
    peak = smooth[rows, columns]
    for step in (*range(-_ACROSS_PX, 0), *range(1, _ACROSS_PX + 1)):
        peak = np.maximum(peak, _sampled(smooth, rows + step * across_y, columns + step * across_x))
    noise = grain / max(1.0, math.sqrt(2 * math.sqrt(math.pi) * along_px))
    level = np.where(peak < max(_LEAST_PEAK, _PEAK_SD * noise), 0.5, np.interp(peak, _PEAKS, _LEVELS))
    excess, peaks = smooth - np.float32(0.5), np.ones_like(smooth)
    excess[rows, columns] = smooth[rows, columns] - level
    peaks[rows, columns] = peak
    return EdgeMap(excess, peaks)


def _directions(share: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return y and x of the unit vector across the edge at given pixels, and how straight the edge is, 0 to 1."""
    even = cv2.GaussianBlur(np.clip(share, 0, 1), (0, 0), _GRADIENT_PX)
    slope_y, slope_x = cv2.Sobel(even, cv2.CV_32F, 0, 1), cv2.Sobel(even, cv2.CV_32F, 1, 0)
    yy, xy, xx = (
        np.asarray(cv2.GaussianBlur(product, (0, 0), _TANGENT_PX))[rows, columns]
        for product in (slope_y * slope_y, slope_x * slope_y, slope_x * slope_x)
    )
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    straight = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-9)
    return np.sin(angle), np.cos(angle), straight**_BENT


def _sampled(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return an image at places between its pixels, ``(n,)`` float32."""
    size = max(-(-rows.size // _BATCH), 1) * _BATCH
    y, x = (np.resize(part.astype(np.float32), size).reshape(-1, _BATCH) for part in (rows, columns))
    found = cv2.remap(image, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found).ravel()[: rows.size]


def outermost_rows(edges: EdgeMap, joined: np.ndarray, base_row: np.ndarray) -> np.ndarray:
    """Return the edge rows of the outermost deposit, ``(x,)`` float64: the mean over the width of each column.

    Beside a wall that runs along the growth a column is deposit in part; an eighth of it that is covered counts as an
    eighth.

    Parameters
    ----------
    edges
        Of the frame.
    joined
        ``(y, x)`` bool, deposit and substrate that hang together.
    base_row
        ``(x,)`` edge rows of the substrate's face: the row where there is no deposit.
    """
    height, width = joined.shape
    near = cv2.dilate(joined.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    start = max(int(base_row.min()) - 2, 0)
    stop = min(max(int(np.flatnonzero(near.any(axis=1))[-1:].sum()), int(base_row.max())) + 3, height)
    fine = cv2.resize(edges.excess[start:stop], (width * _PARTS, stop - start), interpolation=cv2.INTER_CUBIC)
    substrate = np.arange(start, stop)[:, None] + 1 <= base_row
    fine[~np.repeat(near[start:stop], _PARTS, axis=1)] = -0.5
    fine[np.repeat(substrate, _PARTS, axis=1)] = 0.5
    covered = fine > 0
    last = len(fine) - 1 - covered[::-1].argmax(axis=0)
    places = np.arange(fine.shape[1])
    inner, outer = fine[last, places], fine[np.minimum(last + 1, len(fine) - 1), places]
    part = np.where(start + last >= height - 1, 0.5, np.clip(inner / np.maximum(inner - outer, 1e-6), 0, 1))
    found = np.where(covered.any(axis=0), start + last + 0.5 + part, np.repeat(base_row, _PARTS))
    return np.asarray(found.reshape(width, _PARTS).mean(axis=1), np.float64)
