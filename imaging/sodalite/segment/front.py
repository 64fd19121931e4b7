"""The front of a growing deposit: what has changed since the first frame and hangs together with the substrate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.front_edge import THIN_PEAK, EdgeMap, edge_map, grain_of, outermost_rows
from sodalite.segment.void_shape import filled

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMOOTHING_PX = 1.0

_CHANGED_SD = 5.0
_LEAST_CHANGED_PX = 60
_LEAST_NOISE = 1e-3
"""Noise of a difference over the range of greys at least: a white electrolyte has none, and rounding would tell."""

BLUR_PX = 4
"""Rows beyond the substrate's face over which the deposit's first rows are blurred."""

_PSF_PX = 1.0
"""Blur by which the substrate's face is taken to pass over into the electrolyte."""

_LIGHT_PX, _LEAST_LIT, _LIGHT_RANGE = 25.0, 0.02, (0.2, 5.0)
"""Smoothing of the electrolyte that leaves the lamp's unevenness alone; least share of it that tells; range allowed."""

_SATURATED = 0.97
_MOST_GLARE = 0.2
_GAP_PX = 3
_TIP_PX = 4
"""Rows inside the front over which a needle's peak is looked for: its very tip is thin however wide it is."""
BESIDE_PX = 30
"""Rows on either side of the front that are looked at for a rim or a halo."""
_BORDER_PX, _LEAST_TOUCH_PX, _MOST_BORDER = 2, 4, 0.95
"""Border of a glaring spot, pixels of it on the deposit from which the front may run under the spot, and the share of
it up to which it may."""
_RIM_PX, _BREAK_PX = 5, 2
"""Rows beyond a glaring spot from which on deposit is no rim of its light, and half of the breaks in a noisy needle."""


class Backdrop(NamedTuple):
    """What frames are compared with.

    Attributes
    ----------
    first
        ``(y, x)`` float32 grey levels of the first frame, the substrate above.
    base_row
        ``(x,)`` edge rows of the substrate's face in it.
    step
        Grey of the deposit less that of the electrolyte; NaN where no frame shows a deposit.
    glare
        ``(y, x)`` bool, spots beyond the substrate that are saturated in the first frame.
    light
        ``(y, x)`` float32, how bright the electrolyte is lit relative to its median; steps of grey go with it.
    patchy
        Share of what lies under the outermost change that has not changed, in the frame that `step` is from.
    """

    first: np.ndarray
    base_row: np.ndarray
    step: float
    glare: np.ndarray
    light: np.ndarray
    patchy: float


class Front(NamedTuple):
    """The deposit in one frame.

    Attributes
    ----------
    row
        ``(x,)`` edge rows of its outermost front between the pixels; NaN under a glaring spot.
    mask
        ``(y, x)`` bool, the deposit with what it encloses.
    overhanging
        ``(x,)`` bool, columns where electrolyte lies between deposit and deposit.
    beyond
        ``(x,)`` bool, columns whose front has left the picture: its row is the picture's end there.
    thin
        ``(x,)`` bool, columns whose outermost deposit is thinner than the picture's blur.
    """

    row: np.ndarray
    mask: np.ndarray
    overhanging: np.ndarray
    beyond: np.ndarray
    thin: np.ndarray


def find_glare(data: np.ndarray, *, saturation: float) -> np.ndarray:
    """Return the spots where the camera saw no more than its largest grey, with their rims: ``(y, x)`` bool.

    Nothing where a fifth of the picture is saturated: then it is overexposed, and has no spots.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    saturation
        Largest grey that the camera can record; infinite where unknown.
    """
    spots = data >= _SATURATED * saturation
    if spots.mean() > _MOST_GLARE:
        return np.zeros(data.shape, bool)
    return np.asarray(cv2.dilate(spots.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)


def learn_backdrop(first: np.ndarray, base_row: np.ndarray, glare: np.ndarray, later: Sequence[np.ndarray]) -> Backdrop:
    """Return what frames are compared with; the deposit's grey is learnt where later frames show most of it.

    Parameters
    ----------
    first
        ``(y, x)`` grey levels, the substrate above.
    base_row
        ``(x,)`` face of the substrate.
    glare
        ``(y, x)`` bool, its glaring spots.
    later
        Frames registered on the first and of its brightness.
    """
    beyond = np.arange(first.shape[0])[:, None] > base_row
    glare = glare & beyond
    light = _light(first, beyond & ~glare)
    best, step, patchy = _LEAST_CHANGED_PX - 1, math.nan, 0.0
    for frame in later:
        raw = (frame.astype(np.float32) - first.astype(np.float32)) / light
        change = cv2.GaussianBlur(raw, (0, 0), _SMOOTHING_PX)
        noise = max(_noise(raw), _LEAST_NOISE * float(np.ptp(first)))
        grown = _changed(change, noise, beyond & ~glare, base_row)
        inner = cv2.erode(grown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if np.count_nonzero(inner) > best:
            best, step = int(np.count_nonzero(inner)), float(np.median(change[inner]))
            patchy = _patchy(grown, beyond & ~glare)
    return Backdrop(first.astype(np.float32), base_row, step, glare, light, patchy)


def _light(first: np.ndarray, electrolyte: np.ndarray) -> np.ndarray:
    """Return the smooth brightness of the electrolyte relative to its median, ``(y, x)`` float32."""
    if not electrolyte.any():
        return np.ones(first.shape, np.float32)
    weight = electrolyte.astype(np.float32)
    grey = np.asarray(first, np.float32) * weight
    total, share = (np.asarray(cv2.GaussianBlur(part, (0, 0), _LIGHT_PX)) for part in (grey, weight))
    smooth = np.where(share > _LEAST_LIT, total / np.maximum(share, _LEAST_LIT), np.nan)
    middle = float(np.median(smooth[electrolyte & np.isfinite(smooth)]))
    light = smooth / middle if middle > 0 else np.ones_like(smooth)
    return np.clip(np.nan_to_num(light, nan=1.0), *_LIGHT_RANGE).astype(np.float32)


def _noise(raw: np.ndarray) -> float:
    """Return the noise of a difference of two frames once it is smoothed, from neighbouring pixels.

    Neighbours along the substrate differ by noise alone, however much of the picture the deposit has taken.
    """
    return grain_of(raw) / (2 * np.sqrt(np.pi) * _SMOOTHING_PX)


def _changed(change: np.ndarray, noise: float, beyond: np.ndarray, base_row: np.ndarray) -> np.ndarray:
    """Return what has changed beyond noise and begins at the substrate; of both signs the one that covers more.

    Where the deposit covers the rows at the substrate it has changed by half of what these have: a film that was
    compressed has next to no noise, and light that has not quite been evened out would count as deposit.
    """
    rows = np.arange(change.shape[0])[:, None]
    foot = beyond & (rows > base_row + BLUR_PX) & (rows < base_row + 2 * BLUR_PX)
    least = max(_CHANGED_SD * noise, abs(float(np.median(change[foot]))) / 2 if foot.any() else 0.0)
    found = [_rooted(beyond & (sign * change > least), base_row, math.inf) for sign in (-1, 1)]
    return max(found, key=lambda mask: int(mask.sum()))


def _patchy(grown: np.ndarray, seen: np.ndarray) -> float:
    """Return which share of what is seen from the substrate to the last changed row of each column is not changed."""
    under = (np.cumsum(grown[::-1], axis=0)[::-1] > 0) & seen
    return 1 - float(np.count_nonzero(grown & seen)) / max(float(np.count_nonzero(under)), 1.0)


def _rooted(mask: np.ndarray, base_row: np.ndarray, reach_px: float) -> np.ndarray:
    """Return the parts of a mask that come within some rows of the substrate's face."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    foot = np.arange(mask.shape[0])[:, None] < base_row + (BLUR_PX if math.isinf(reach_px) else reach_px)
    roots = np.setdiff1d(parts[foot & mask], 0)
    return np.isin(parts, roots)


def deposit_share(backdrop: Backdrop, frame: np.ndarray) -> np.ndarray:
    """Return the share of each pixel that substrate or deposit covers, ``(y, x)`` float32; noisy, not clipped.

    Beyond the substrate it is how far the grey has gone from the electrolyte of the first frame to the deposit, so that
    still structures of the electrolyte do not count; the substrate itself counts as covered.
    """
    rows = np.arange(frame.shape[0], dtype=np.float32)[:, None]
    base = backdrop.base_row.astype(np.float32)
    covered = cv2.GaussianBlur(np.clip(base - rows, 0, 1), (1, 9), sigmaX=1e-6, sigmaY=_PSF_PX)
    if not math.isfinite(backdrop.step):
        return np.asarray(covered, np.float32)
    change = (frame.astype(np.float32) - backdrop.first) / (np.float32(backdrop.step) * backdrop.light)
    change[(rows < base - BLUR_PX) | backdrop.glare] = 0
    return np.asarray(covered + change, np.float32)


def trace_front(backdrop: Backdrop, share: np.ndarray, glare: np.ndarray) -> Front:
    """Return the front of the deposit in one frame.

    The deposit is what is covered by more than a half, or as much as its peak leaves at the edges of a needle, closed
    over gaps of a pixel and joined to the substrate, also through a glaring spot; spots of light away from it drop out.
    Its front is the outermost deposit, also over an overhang, placed between the pixels and averaged over the width of
    each column.

    Parameters
    ----------
    backdrop
        The first frame and the greys.
    share
        ``(y, x)`` covered share, best without what glints in one frame alone.
    glare
        ``(y, x)`` bool, glaring spots of this frame.
    """
    rows = np.arange(share.shape[0])[:, None]
    edges = edge_map(share)
    solid = cv2.morphologyEx((edges.excess > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    solid |= rows + 1 <= backdrop.base_row
    joined, doubtful = _under_glare(solid, backdrop.glare | (glare & (rows > backdrop.base_row)), backdrop.base_row)
    whole = filled(joined)
    placed = outermost_rows(edges, joined, backdrop.base_row)
    gaps = ((rows < placed) & (rows > backdrop.base_row) & ~joined).sum(axis=0)
    deposit = whole & (rows + 0.5 > backdrop.base_row)
    row = np.where(doubtful, np.nan, placed)
    return Front(row, deposit, gaps > _GAP_PX, whole[-1] & ~doubtful, _thin(edges, placed, deposit))


def _thin(edges: EdgeMap, row: np.ndarray, deposit: np.ndarray) -> np.ndarray:
    """Return the columns ``(x,)`` bool whose outermost deposit is thinner than the picture's blur."""
    inside = np.clip(np.rint(row).astype(np.intp) - 1 - np.arange(_TIP_PX)[:, None], 0, len(deposit) - 1)
    columns = np.arange(row.size)
    peak = np.where(deposit[inside, columns], edges.peak[inside, columns], 0.0).max(axis=0)
    return (peak > 0) & (peak < THIN_PEAK)


def share_beside(share: np.ndarray, front: Front) -> np.ndarray:
    """Return the median covered share in the ``(60,)`` rows about the front, 30 on either side; NaN off the picture."""
    columns = np.flatnonzero(np.isfinite(front.row))
    profile = np.full(2 * BESIDE_PX, np.nan)
    if columns.size:
        rows = np.rint(front.row[columns]).astype(np.intp) + np.arange(-BESIDE_PX, BESIDE_PX)[:, None]
        inside = ((rows >= 0) & (rows < share.shape[0])).all(axis=1)
        profile[inside] = np.median(share[rows[inside], columns], axis=1)
    return profile


def _under_glare(solid: np.ndarray, glare: np.ndarray, base_row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what hangs together with the substrate, also through glaring spots, and the columns these may hide.

    A spot that the deposit surrounds is deposit. Beside others only what hangs together with the substrate counts, for
    their light moves a little and leaves rims. What goes on from a spot that the deposit reaches, further outward than
    a rim, is the rest of a needle that runs through it.
    """
    joined, doubtful = _rooted(solid, base_row, 0.0), np.zeros(solid.shape[1], bool)
    if not glare.any():
        return joined, doubtful
    spots = _spots(glare)
    shares = [float(joined[spot.border].mean()) if spot.border[0].size else 0.0 for spot in spots]
    whole = solid.copy()
    for spot, share in zip(spots, shares, strict=True):
        whole[spot.inside] |= share > 0.5
    found = _rooted(whole, base_row, 0.0)
    rest = solid & ~found & ~glare
    _, apart = cv2.connectedComponents(_widened(rest, _BREAK_PX).astype(np.uint8), connectivity=8)
    apart[~rest] = 0
    for spot, share in zip(spots, shares, strict=True):
        if np.count_nonzero(found[spot.border]) < _LEAST_TOUCH_PX:
            continue
        outward = apart[int(spot.inside[0].max()) + 1 :]
        touching = np.setdiff1d(apart[spot.border], 0)
        needles = [part for part in touching if np.count_nonzero((outward == part).any(axis=1)) >= _RIM_PX]
        if needles:
            found |= np.isin(apart, needles)
        if share < _MOST_BORDER:
            last = np.full(doubtful.size, -1)
            np.maximum.at(last, spot.inside[1], spot.inside[0] + _RIM_PX)
            doubtful |= _last_rows(found) <= last
    return found, doubtful


class _Spot(NamedTuple):
    """Rows and columns of the pixels of a glaring spot and of those around it."""

    inside: tuple[np.ndarray, np.ndarray]
    border: tuple[np.ndarray, np.ndarray]


def _spots(glare: np.ndarray) -> list[_Spot]:
    """Return the connected spots, those nearest to the substrate first."""
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(glare.astype(np.uint8), connectivity=8)
    found = []
    for part, (x, y, width, height, _) in enumerate(boxes[1:], start=1):
        top, left = max(y - _BORDER_PX, 0), max(x - _BORDER_PX, 0)
        window = np.s_[top : y + height + _BORDER_PX, left : x + width + _BORDER_PX]
        spot = parts[window] == part
        inside, border = (np.nonzero(mask) for mask in (spot, _widened(spot, _BORDER_PX) & ~glare[window]))
        found.append(_Spot((inside[0] + top, inside[1] + left), (border[0] + top, border[1] + left)))
    return sorted(found, key=lambda spot: int(spot.inside[0].min()))


def _widened(mask: np.ndarray, by_px: int) -> np.ndarray:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)) > 0)


def _last_rows(mask: np.ndarray) -> np.ndarray:
    """Return the last row of a mask in each column; the substrate is in all of them."""
    return np.asarray(len(mask) - 1 - mask[::-1].argmax(axis=0))
