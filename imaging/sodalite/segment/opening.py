"""Voids that open during stripping: dark by the greys of their own image, and darker than in the first one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.voids import find_voids

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMOOTHING_PX = 1.0
_FACE_PX = 2.5
"""How far from the face the foot of a small void may lie: the error of the trace and half of the blur."""

_LEAST_EVIDENCE = 0.5
_LEAST_SODIUM_PX = 200
_CLEAR_SEPARABILITY = 3.5
"""d' from which the void fraction of phantoms is right to 0.5 points."""


class Proposal(NamedTuple):
    """What one image takes for voids by its own greys.

    Attributes
    ----------
    mask
        ``(y, x)`` bool, void pixels.
    grey
        ``(y, x)`` float32, the image smoothed by a pixel.
    separability
        Distance of the greys of void and sodium (d'); NaN without voids.
    void_grey, sodium_grey
        Median greys of the two; NaN where there is none.
    note
        Doubts about the voids.
    """

    mask: np.ndarray
    grey: np.ndarray
    separability: float
    void_grey: float
    sodium_grey: float
    note: str


class Openings(NamedTuple):
    """What one image shows of the voids.

    Attributes
    ----------
    mask
        ``(y, x)`` bool, void pixels.
    standing
        ``(y, x)`` bool, the part of them that was void in the first image already.
    rejected
        Number of dark places left out, because they are no darker than in the first image or not as dark as voids.
    note
        Doubts about the voids.
    """

    mask: np.ndarray
    standing: np.ndarray
    rejected: int
    note: str


def propose_voids(
    data: np.ndarray,
    layer: np.ndarray,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    seed_sd: float,
    grow_sd: float,
    least_px: int,
) -> Proposal:
    """Return what an image shows as voids by its own greys, see `sodalite.segment.voids.find_voids`."""
    own = find_voids(data, layer, faces, seed_sd=seed_sd, grow_sd=grow_sd, least_px=least_px)
    grey = cv2.GaussianBlur(data.astype(np.float32), (0, 0), _SMOOTHING_PX)
    return Proposal(own.mask, grey, own.separability, *_levels(grey, own.mask, layer), own.note)


def series_void_grey(proposals: Sequence[Proposal]) -> float:
    """Return the grey of voids in a series of images of one brightness: that of the image that shows most of them.

    Images whose voids do not stand out clearly are asked only where none does; NaN without any void.
    """
    clear = [each for each in proposals if each.separability >= _CLEAR_SEPARABILITY]
    shown = clear or [each for each in proposals if each.mask.any()]
    return max(shown, key=lambda each: int(each.mask.sum())).void_grey if shown else math.nan


def decide_voids(
    proposal: Proposal,
    first: tuple[np.ndarray, np.ndarray] | None,
    layer: np.ndarray,
    face: np.ndarray,
    *,
    void_grey: float,
    least_px: int,
) -> Openings:
    """Return the voids of one image of a series.

    A dark place is a void if it is at least half as dark as the voids of the series, and either lies on a void of the
    first image or has darkened since by half of the step from sodium to void. What is and does so at the electrolyte
    but is too small to stand out by its own image is added.

    Parameters
    ----------
    proposal
        The image's own voids; greys registered on the first image and normalised to it.
    first
        Smoothed greys and voids of the first image of the same plane; None for that image itself.
    layer
        ``(y, x)`` bool, the sodium layer.
    face
        ``(x,)`` edge rows of the electrolyte.
    void_grey
        Grey of voids in the series; NaN where there is none.
    least_px
        Voids of fewer pixels are noise.
    """
    half = (proposal.sodium_grey - void_grey) / 2
    if not half > 0:
        return Openings(np.zeros_like(layer), np.zeros_like(layer), 0, "no void population found")
    dark = proposal.grey < void_grey + half
    if first is None:
        kept, rejected = _mostly(proposal.mask, dark)
        return Openings(kept, kept.copy(), rejected, proposal.note)
    fall = first[0] - proposal.grey
    kept, rejected = _mostly(proposal.mask, dark & ((fall > half) | first[1]))
    kept |= _small(dark & (fall > half) & layer, kept, face, least_px)
    return Openings(kept, first[1] & kept, rejected, proposal.note if kept.any() else "no void population found")


def _levels(grey: np.ndarray, void: np.ndarray, layer: np.ndarray) -> tuple[float, float]:
    """Return the grey of the voids' inside, or of all of them where they are thin, and of the sodium."""
    inside = cv2.erode(void.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    some = inside if inside.any() else void
    sodium = layer & (cv2.dilate(void.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)
    sodium = sodium if np.count_nonzero(sodium) >= _LEAST_SODIUM_PX else layer & ~void
    void_grey, sodium_grey = (float(np.median(grey[part])) if part.any() else math.nan for part in (some, sodium))
    return void_grey, sodium_grey


def _mostly(own: np.ndarray, evidence: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the parts of a mask for half of whose pixels the evidence speaks, and how many others there are."""
    count, parts = cv2.connectedComponents(own.astype(np.uint8), connectivity=8)
    pixels = np.bincount(parts.ravel(), minlength=count)
    keep = np.bincount(parts.ravel(), evidence.ravel(), minlength=count) >= _LEAST_EVIDENCE * pixels
    keep[0] = False
    return keep[parts], int(count - 1 - keep.sum())


def _small(dark: np.ndarray, known: np.ndarray, face: np.ndarray, least_px: int) -> np.ndarray:
    """Return dark places that reach the face and lie apart from the voids known."""
    apart = dark & (cv2.dilate(known.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(apart.astype(np.uint8), connectivity=8)
    foot = np.arange(dark.shape[0])[:, None] + 0.5 > face - _FACE_PX
    keep = np.zeros(count, bool)
    keep[np.unique(parts[foot & apart])] = True
    keep &= stats[:, cv2.CC_STAT_AREA] >= least_px
    keep[0] = False
    return np.asarray(keep[parts])
