"""How far the camera has moved between two images, found on a part of the specimen that does not change."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

_FINE_PX, _SEARCH_PX, _COARSE_PX = 1.0, 5.0, 12.0
"""Structures between these widths (standard deviations) are compared, first to the second, then to the third: finer is
noise, coarser is shading, and the narrow band of the search keeps steps between layers out."""

_APART_PX, _RIVAL, _MOST_RIVALS = 9, 0.5, 6
"""Peaks of the correlation lie so far apart; those of so much of the highest are tried, so many at most."""

_REVERSED = 1.5
"""How much deeper than its highest peak a correlation reaches where the contrast has turned round; 3.5 was drawn."""

_STRIPE_PX, _ACROSS_PX = 25.0, 40.0
"""Length (standard deviation) along a column over which what stays the same is a stripe, and the widest stripe, much
wider than what is compared: nothing of them remains in it."""

_CLEAR_PEAK = 10.0
"""Significance of the drift of unstriped images from which stripes are not asked."""

_LEAST_SEEN = 0.5
_CLIP_SD = 3.0
_REFINEMENTS = 12
_EDGE_PX = 4
_CLEAR_CORRELATION = 0.5
_SETTLED_PX = 0.003


class Drift(NamedTuple):
    """Shift of the specimen from the reference to another image.

    Attributes
    ----------
    y_px, x_px
        Downwards and to the right, px.
    significance
        Height of the correlation's peak over its median, in standard deviations of the correlation elsewhere.
    correlation
        Coefficient of correlation of the region's structure after the drift is taken out; NaN when not measured.
    by_stripes
        Whether vertical stripes alone tell it: they do not tell `y_px`, and those of the camera do not drift.
    by_face
        Whether `y_px` is that of a face, see `sodalite.track.face_drift`.
    """

    y_px: float
    x_px: float
    significance: float
    correlation: float = math.nan
    by_stripes: bool = False
    by_face: bool = False

    def is_found(self, least_significance: float) -> bool:
        """Return whether the peak is no chance: it stands out of its surroundings, or the structures plainly agree."""
        return self.significance >= least_significance or self.correlation >= _CLEAR_CORRELATION


def find_drift(reference: np.ndarray, moving: np.ndarray, region: np.ndarray, *, reach_px: float) -> Drift:
    """Return how far the content of `region` lies from its place in the reference.

    Only what is inside the region is searched for, so that whatever happens elsewhere does not pull. First the
    correlation of the region's structure with the whole moving image, without normalising the phase, which would give
    noise the weight of structure; steps that are stronger than that structure are clipped. Then Gauss-Newton steps on
    the squared difference inside the region (Lucas and Kanade 1981), each image smoothed within it alone. Of several
    peaks that one counts whose place agrees inside the region alone: the edge of a growing deposit, blurred into the
    region, may outdo the region's own faint structure.

    Vertical stripes are left out first: those of the camera or of the beam stay where they are while the specimen
    drifts, and of 6 % of the grey they outdid it. They count where nothing else tells: curtains drift with it.
    Structures that are seen the other way round, as where charging turns the contrast, tell the drift as well.

    Parameters
    ----------
    reference, moving
        ``(y, x)`` grey levels of equal shape.
    region
        ``(y, x)`` bool, what does not change, in the reference.
    reach_px
        Largest shift along each axis that is searched for.

    Returns
    -------
    Drift
        Its significance is 0 where the region is empty; unrelated images reach 8, strips of 30 rows 9.
    """
    if not region.any():
        return Drift(0.0, 0.0, 0.0)
    found = _found(_without_stripes(reference), _without_stripes(moving), region, reach_px)
    if found.is_found(_CLEAR_PEAK):
        return found
    with_stripes = _found(reference, moving, region, reach_px)
    return with_stripes._replace(by_stripes=with_stripes.is_found(_CLEAR_PEAK))


def _without_stripes(image: np.ndarray) -> np.ndarray:
    """Return the image less what its columns differ by from their surroundings over many rows, ``(y, x)`` float32."""
    import cv2

    grey = np.asarray(image, np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), sigmaX=_ACROSS_PX, sigmaY=1e-6)
    limit = _CLIP_SD * 1.4826 * float(np.median(np.abs(fine)))
    return np.asarray(grey - cv2.GaussianBlur(np.clip(fine, -limit, limit), (0, 0), sigmaX=1e-6, sigmaY=_STRIPE_PX))


def _found(reference: np.ndarray, moving: np.ndarray, region: np.ndarray, reach_px: float) -> Drift:
    still, other = _banded(reference, region, _SEARCH_PX), _banded(moving, np.ones_like(region), _SEARCH_PX)
    limit = _CLIP_SD * 1.4826 * float(np.median(np.abs(still[region])))
    template = np.where(region, np.clip(still, -limit, limit), 0)
    template[region] -= template[region].mean()
    scale = limit / (_CLIP_SD * 1.4826 * max(float(np.median(np.abs(other))), 1e-9))
    surface = _near_zero(_correlation(template, np.clip(other * scale, -limit, limit)), reach_px)
    if -surface.min() > _REVERSED * surface.max():
        surface, moving = -surface, -moving
    middle = np.array(surface.shape) // 2
    peaks = _peaks(surface)
    if len(peaks) > 1:
        peaks.sort(key=lambda place: _agreement(reference, moving, region, np.array(place) - middle))
    peak = peaks[-1]
    chance = surface[_mostly_seen(region, middle)]
    spread = 1.4826 * float(np.median(np.abs(chance - np.median(chance))))
    significance = float(surface[peak] - np.median(chance)) / max(spread, 1e-12)
    found, agreement = _refined(reference, moving, region, np.array(peak) - middle)
    return Drift(float(found[0]), float(found[1]), significance, agreement)


def _mostly_seen(region: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return at which shifts within reach most of a region stays in the frame: beyond them the correlation is empty."""
    shares = []
    for axis, far in enumerate(int(each) for each in reach):
        counts = region.sum(axis=1 - axis)
        below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
        places = np.arange(-far, far + 1)
        shares.append(below[counts.size - np.maximum(places, 0)] - below[np.maximum(-places, 0)])
    return np.asarray(np.outer(*shares) >= _LEAST_SEEN)


def _peaks(surface: np.ndarray) -> list[tuple[int, int]]:
    """Return the places of the highest peaks of a correlation, the highest first."""
    import cv2

    around = cv2.dilate(surface, np.ones((_APART_PX, _APART_PX), np.uint8))
    tops = np.argwhere((surface == around) & (surface >= _RIVAL * surface.max()))
    tops = tops[np.argsort(-surface[tuple(tops.T)], kind="stable")]
    return [(int(y), int(x)) for y, x in tops[:_MOST_RIVALS]]


def _agreement(reference: np.ndarray, moving: np.ndarray, region: np.ndarray, shift: np.ndarray) -> float:
    """Return the coefficient of correlation inside the region after a shift of whole pixels.

    -1 where the shift leads most of the region out of the frame: a few rows agree by chance.
    """
    seen = region & _seen_in_both(region.shape, shift)
    if np.count_nonzero(seen) < _LEAST_SEEN * np.count_nonzero(region):
        return -1.0
    rows, region = _cut(seen)
    shares = _shares(region, _COARSE_PX)
    still, back = (
        _banded(image, region, _COARSE_PX, shares)[region]
        for image in (reference[rows], moved_back(moving, float(shift[0]), float(shift[1]), rows))
    )
    return float(still @ back) / max(math.sqrt(float(still @ still) * float(back @ back)), 1e-12)


def _refined(
    reference: np.ndarray, moving: np.ndarray, region: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the shift ``(2,)`` px at which the difference in the region falls no more, and the correlation there."""
    rows, region = _cut(region & _seen_in_both(region.shape, start))
    shares = _shares(region, _COARSE_PX)
    still = _banded(reference[rows], region, _COARSE_PX, shares)
    slopes = np.stack([slope[region] for slope in np.gradient(still)])
    curvature = slopes @ slopes.T
    if not np.linalg.det(curvature) > 0:
        return start.astype(float), math.nan
    found, agreement = start.astype(float), math.nan
    for _ in range(_REFINEMENTS):
        back = _banded(moved_back(moving, found[0], found[1], rows), region, _COARSE_PX, shares)[region]
        power = float(still[region] @ still[region]), max(float(back @ back), 1e-12)
        gain = power[0] / power[1]
        agreement = float(still[region] @ back) / math.sqrt(power[0] * power[1])
        step = np.linalg.solve(curvature, slopes @ (still[region] - np.sqrt(gain) * back))
        found = found + np.clip(step, -1, 1)
        if float(np.abs(step).max()) < _SETTLED_PX:
            break
    return np.clip(found, start - 2, start + 2), agreement


def _seen_in_both(shape: tuple[int, ...], shift: np.ndarray) -> np.ndarray:
    """Return which pixels of the reference are in the other image too, wherever within reach the refinement ends."""
    axes = []
    for size, step in zip(shape, shift, strict=True):
        place = np.arange(size) + float(step)
        axes.append((place >= _EDGE_PX) & (place <= size - 1 - _EDGE_PX))
    return np.asarray(axes[0][:, None] & axes[1][None])


def moved_back(image: np.ndarray, y_px: float, x_px: float, rows: slice | None = None) -> np.ndarray:
    """Return the image with its content set back by a shift, ``(y, x)`` float32; what comes in repeats the border.

    `rows` are those of the result that are wanted; all without.
    """
    import cv2

    first, last = (0, len(image)) if rows is None else (rows.start, rows.stop)
    matrix = np.array([[1.0, 0.0, x_px], [0.0, 1.0, y_px + first]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = image.shape[1], last - first
    return np.asarray(
        cv2.warpAffine(image.astype(np.float32, copy=False), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def shown_by_all(shape: tuple[int, ...], drifts: list[Drift]) -> tuple[slice, slice]:
    """Return the rows and columns, in the reference, of what every drifted image shows."""
    window = []
    for axis, size in enumerate(shape):
        shifts = [0.0, *(drift[axis] for drift in drifts)]
        window.append(slice(math.ceil(max(0.0, -min(shifts))), size - math.ceil(max(0.0, *shifts))))
    return window[0], window[1]


def _cut(region: np.ndarray) -> tuple[slice, np.ndarray]:
    """Return the rows that hold a region and what is averaged with it, and the region in them."""
    held = np.flatnonzero(region.any(axis=1))
    margin = math.ceil(4 * _COARSE_PX) + 2
    rows = slice(max(int(held[0]) - margin, 0), int(held[-1]) + 1 + margin) if held.size else slice(0, len(region))
    rows = slice(rows.start, min(rows.stop, len(region)))
    return rows, region[rows]


def _shares(region: np.ndarray, coarse_px: float) -> list[np.ndarray]:
    """Return how much of what the fine and the coarse mean are taken over lies in the region, ``(y, x)`` each."""
    import cv2

    weight = region.astype(np.float32)
    return [np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6) for sigma in (_FINE_PX, coarse_px)]


def _banded(
    image: np.ndarray, region: np.ndarray, coarse_px: float, shares: list[np.ndarray] | None = None
) -> np.ndarray:
    """Return the structure of the region between the fine width and `coarse_px`, 0 outside it."""
    import cv2

    weight = region.astype(np.float32)
    grey = image.astype(np.float32, copy=False) * weight
    fine, coarse = (
        cv2.GaussianBlur(grey, (0, 0), sigma) / share
        for sigma, share in zip((_FINE_PX, coarse_px), shares or _shares(region, coarse_px), strict=True)
    )
    return np.asarray((fine - coarse) * weight)


def _correlation(template: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation at every shift of `other` against `template`, circular, shift 0 in the corner."""
    from scipy import fft

    shape = [fft.next_fast_len(2 * size, real=True) for size in template.shape]
    product = fft.rfft2(other, shape) * np.conj(fft.rfft2(template, shape))
    return np.asarray(fft.irfft2(product, shape))


def _near_zero(surface: np.ndarray, reach_px: float) -> np.ndarray:
    """Return the part of a circular correlation within `reach_px` of shift 0, which is then in the middle."""
    reach = [int(min(math.ceil(reach_px), size // 4)) for size in surface.shape]
    rows, columns = (np.arange(-each, each + 1) for each in reach)
    return np.asarray(surface[np.ix_(rows % surface.shape[0], columns % surface.shape[1])])
