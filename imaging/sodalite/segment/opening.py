"""Voids that open during stripping: dark by the greys of the series, and darker than the same place was before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.quantity import CHECK_OVERLAY
from sodalite.segment.evidence import middle_and_spread
from sodalite.segment.lit_walls import with_lit_walls
from sodalite.segment.undisturbed import BESIDE_PX, calm, undisturbed
from sodalite.segment.void_shape import at_least, filled, holding, opened, widened
from sodalite.segment.voids import Voids, find_voids

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMOOTHING_PX = 1.0
_FACE_PX = 2.5
"""How far from the face the foot of a small void may lie: the error of the trace and half of the blur."""

_REACH_PX = 24
"""How far below the trace of the face a void may reach where a bright grain hid it."""

_BELOW_PX, _ABOVE_SHARE = 1.0, 0.2
"""From how far below the trace on the face follows a void, if so much of the void lies above: others are pores."""

_APART_PX, _GRAIN_WIDTH_PX = 3, 2
"""How far voids that are added lie from those known; from which half width on an undark part of a void is a grain."""

_LEAST_MOVED_PX, _GRAIN_MARGIN_PX = 2, 2
"""From where on the sodium has moved and not its traced face alone, and how far off its grains may be."""

_LEAST_EVIDENCE = 0.5
_GRAIN_PX = 3.0
_DARKER_THAN_GRAINS_SD = 3.0
"""How much darker than the sodium a void is, in standard deviations of the greys of the sodium's own grains."""

_RING_PX = 4
_LEAST_STEP = 0.5
"""Share of a void's depth by which the sodium four pixels beside it is brighter: charging falls off over tens."""


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
    separability
        Distance of the greys of void and sodium (d'); NaN without voids.
    note
        Doubts about the voids.
    unsure
        What may be voids and is not counted, or is counted and may be none.
    lit
        ``(y, x)`` bool, the part of the voids that is walls which shine and the floor beneath; None without any.
    """

    mask: np.ndarray
    standing: np.ndarray
    rejected: int
    separability: float
    note: str
    unsure: str = ""
    lit: np.ndarray | None = None


class _Limits(NamedTuple):
    seed_sd: float
    grow_sd: float
    least_px: int


class Opened(NamedTuple):
    """The voids of the images of one plane, and the edge rows ``(x,)`` of the electrolyte that they show."""

    steps: tuple[Openings, ...]
    face: np.ndarray


def find_openings(
    images: Sequence[np.ndarray],
    uppers: Sequence[np.ndarray],
    face: np.ndarray,
    *,
    seed_sd: float,
    grow_sd: float,
    least_px: int,
) -> Opened:
    """Return the voids in the images of one plane.

    Sodium grains differ in grey by channelling, some as much as a shallow void, so an image alone does not tell voids
    from dark grains. The first image does: taken off the later ones it leaves what has changed, on sodium of one grey,
    where `sodalite.segment.voids.find_voids` looks. What opened tells the grey of voids, and that which dark places of
    the first image are voids; these are then taken out of it, so that the voids of all images are found against
    sodium. A grain as bright as the electrolyte hides the face, and the trace passes it on the wrong side; a void that
    opens there reaches below the trace, down to the face, which follows it.

    Sodium that comes down on the electrolyte brings its grains along: a place may then show what lay above it.

    A dark place is a void if it is at least half as dark as the voids of the series and its outline is sharp. What is
    so at the electrolyte but is too small to stand out by its own image is added. Dark places too faint for
    `find_voids` to be sure of, such as charging and curtains make, do not tell how dark voids are.

    Parameters
    ----------
    images
        ``(y, x)`` grey levels, registered on the first one and of its brightness.
    uppers
        For each image the edge rows ``(x,)`` of the sodium's upper face; NaN where the image does not show it.
    face
        ``(x,)`` edge rows of the electrolyte.
    seed_sd, grow_sd, least_px
        See `find_voids`.
    """
    limits = _Limits(seed_sd, grow_sd, least_px)
    first = np.asarray(images[0], np.float32)
    layers = [_layer(first.shape, upper, face) for upper in uppers]
    before = undisturbed(first, np.zeros_like(layers[0]), face)
    sodium_grey, grain_sd = _sodium(before, layers[0])
    darkest = sodium_grey - _DARKER_THAN_GRAINS_SD * grain_sd
    moved = [_moved_px(uppers[0], upper) for upper in uppers[1:]]
    possible = [_possible(before, face, by_px) for by_px in moved]
    changes = _changes(images[1:], possible, uppers[1:], face, limits)
    alone = find_voids(first, layers[0], (uppers[0], face), **limits._asdict())
    shown = list(zip(images[1:], changes, strict=True)), [(first, alone)]
    sure = [_void_grey([pair for pair in pairs if not pair[1].note], darkest) for pairs in shown]
    if math.isnan(void_grey := next((grey for grey in sure if math.isfinite(grey)), math.nan)):
        faint = any(math.isfinite(_void_grey(pairs, darkest)) for pairs in shown)
        return Opened(tuple(_nothing(each.mask, faint=faint) for each in (alone, *changes)), face)
    half = (sodium_grey - void_grey) / 2
    standing, refused = _standing(first, alone.mask, layers[0], void_grey, half, least_px)
    if standing.any():
        before = undisturbed(first, standing, face)
        possible = [_possible(before, face, by_px) for by_px in moved]
        changes = _changes(images[1:], possible, uppers[1:], face, limits)
    dark = [_smooth(image) < void_grey + half for image in images[1:]]
    parted = [_without_grains(change.mask, each, standing) for change, each in zip(changes, dark, strict=True)]
    kept = [_mostly(at_least(mask, least_px), each) for mask, each in zip(parted, dark, strict=True)]
    fallen = [_smooth(least) - _smooth(image) > half for (least, _), image in zip(possible, images[1:], strict=True)]
    face = _lowered(
        face, [mask & widened(each & fell, 1) for (mask, _), each, fell in zip(kept, dark, fallen, strict=True)]
    )
    found = [Openings(standing, standing, refused, alone.separability if standing.any() else math.nan, alone.note)]
    for upper, change, each, fell, (mask, rejected) in zip(uppers[1:], changes, dark, fallen, kept, strict=True):
        layer = _layer(first.shape, upper, face)
        mask = mask & layer
        mask |= _small(each & fell & layer, mask, face, least_px)
        known = (change.separability, change.note) if mask.any() else (math.nan, "no void population found")
        found.append(Openings(mask, standing & mask, rejected, *known))
    return Opened(_with_walls(found, images, face, void_grey), face)


def _with_walls(
    found: Sequence[Openings], images: Sequence[np.ndarray], face: np.ndarray, void_grey: float
) -> tuple[Openings, ...]:
    """Return the voids with their walls that shine, and that they are counted."""
    whole, wide_px = with_lit_walls([each.mask for each in found], images, face, void_grey=void_grey)
    if not wide_px:
        return tuple(found)
    told = (
        f"walls that shine, up to {wide_px:.1f} px wide, are counted as void, and voids not much higher than twice "
        f"that may be missed: {CHECK_OVERLAY}"
    )
    return tuple(
        each._replace(mask=mask, standing=whole[0] & mask, unsure=told, lit=mask & ~each.mask)
        for each, mask in zip(found, whole, strict=True)
    )


def _layer(shape: tuple[int, ...], upper: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the sodium layer between its faces, ``(y, x)`` bool."""
    rows = np.arange(shape[0])[:, None]
    return np.asarray((rows >= np.rint(np.nan_to_num(upper, nan=0.0))) & (rows < np.rint(face)))


def _standing(
    first: np.ndarray, alone: np.ndarray, layer: np.ndarray, void_grey: float, half: float, least_px: int
) -> tuple[np.ndarray, int]:
    """Return the voids of the first image, now that the grey of voids is known, and how many dark places are none.

    What its own greys propose loses the dark grains beside it, and what they miss for the spread of the grains is
    added: dark places as sharp, and somewhere as dark, as voids are.
    """
    grey = _smooth(first)
    dark = (grey < void_grey + half) & layer
    kept, refused = _mostly(alone, dark)
    kept = holding(kept, opened(kept, 2) & (grey < void_grey + half / 2))
    kept = _mostly(at_least(_without_grains(kept, dark, kept), least_px), dark)[0]
    missed = holding(opened(dark & ~widened(kept, _APART_PX), 2), grey < void_grey + half / 2)
    missed = _sharp(at_least(missed, least_px), grey - (void_grey + 2 * half), layer)
    return kept | missed, refused


def _without_grains(mask: np.ndarray, dark: np.ndarray, standing: np.ndarray) -> np.ndarray:
    """Return voids without the grains beside those that stood already: there the sodium before is a guess."""
    guessed = mask & widened(standing, 2 * BESIDE_PX) & ~filled(dark)
    return mask & ~opened(guessed, _GRAIN_WIDTH_PX) if guessed.any() else mask


def _lowered(face: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the face led below the voids that reach beyond it, the median over the images that show them."""
    rows = np.arange(masks[0].shape[0])[:, None] if masks else np.zeros((0, 1))
    bottoms = np.full((len(masks), face.size), np.nan)
    for index, mask in enumerate(masks):
        part = np.zeros_like(mask)
        count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        above = np.bincount(parts.ravel(), (mask & (rows + 1 <= face)).ravel(), minlength=count)
        keep = above >= _ABOVE_SHARE * np.bincount(parts.ravel(), minlength=count)
        keep[0] = False
        part = keep[parts]
        bottom = mask.shape[0] - part[::-1].argmax(axis=0)
        bottoms[index] = np.where(part.any(axis=0) & (bottom > face + _BELOW_PX), bottom, np.nan)
    known = np.isfinite(bottoms).any(axis=0)
    lowered = face.copy()
    if known.any():
        lowered[known] = np.nanmedian(bottoms[:, known], axis=0)
    return lowered


def _nothing(refused: np.ndarray, *, faint: bool) -> Openings:
    """Return an image without voids, all of whose dark places are refused: as grains, or as too faint to be known."""
    none = np.zeros_like(refused)
    count = int(cv2.connectedComponents(refused.astype(np.uint8), connectivity=8)[0]) - 1
    unsure = f"{count} dark places are too faint to tell voids from shading and are not counted: {CHECK_OVERLAY}"
    return Openings(none, none, count, math.nan, "no void population found", unsure if faint and count else "")


def _smooth(data: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(np.asarray(data, np.float32), (0, 0), _SMOOTHING_PX))


def _sodium(before: np.ndarray, layer: np.ndarray) -> tuple[float, float]:
    """Return the sodium's median grey and the standard deviation of its grains, noise smoothed out."""
    if not layer.any():
        return math.nan, math.nan
    return middle_and_spread(cv2.GaussianBlur(before, (0, 0), _GRAIN_PX)[layer])


def _moved_px(upper: np.ndarray, later: np.ndarray) -> int:
    """Return by how many whole pixels the sodium's upper face has come down; 0 where it is not known."""
    known = np.isfinite(upper) & np.isfinite(later)
    return max(0, int(np.rint(np.median((later - upper)[known])))) if known.any() else 0


def _possible(before: np.ndarray, face: np.ndarray, moved_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the darkest and the brightest grey that a place may show without a void, each ``(y, x)``.

    Sodium follows the collector towards the electrolyte, and its grains with it, by up to as much as the upper face
    does: what was within that way above a place may lie there now. A void is darker than all of it.
    """
    if moved_px < _LEAST_MOVED_PX:
        return before, before
    down = _down_to(before, np.rint(face) - _FACE_PX)
    up = moved_px + _GRAIN_MARGIN_PX
    kernel = np.zeros((2 * up + 1, 2 * _GRAIN_MARGIN_PX + 1), np.uint8)
    kernel[: up + _GRAIN_MARGIN_PX + 1] = 1
    sodium = np.arange(len(before))[:, None] < np.rint(face)
    ends = [np.where(sodium, before + end(down, kernel) - down, before) for end in (cv2.erode, cv2.dilate)]
    return np.asarray(ends[0], np.float32), np.asarray(ends[1], np.float32)


def _down_to(grey: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the greys with those of a row ``(x,)`` continued below it, ``(y, x)`` float32."""
    last = np.clip(np.floor(row - 0.5), 0, len(grey) - 1).astype(np.intp)
    rows = np.minimum(np.arange(len(grey))[:, None], last)
    return np.asarray(np.take_along_axis(grey, rows, axis=0), np.float32)


def _changes(
    images: Sequence[np.ndarray],
    possible: Sequence[tuple[np.ndarray, np.ndarray]],
    uppers: Sequence[np.ndarray],
    face: np.ndarray,
    limits: _Limits,
) -> list[Voids]:
    """Return what opened in each image and has a sharp outline, in the sodium and some way below its lower face."""
    found = []
    for image, (least, most), upper in zip(images, possible, uppers, strict=True):
        reach = np.minimum(face + _REACH_PX, len(image))
        change = np.asarray(image, np.float32) - np.clip(calm(image), least, most)
        layer = _layer(change.shape, upper, reach)
        # with what charging has brightened beside them, voids were no darker than sodium on the whole, and were lost
        own = find_voids(change, layer, (upper, reach), **limits._asdict(), lit=False)
        found.append(own._replace(mask=_sharp(own.mask, _smooth(change), layer)))
    return found


def _sharp(mask: np.ndarray, change: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return the parts of a mask that are much darker than what lies a few pixels beside them."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    near, far = (cv2.dilate(parts.astype(np.uint16), np.ones((2 * px + 1,) * 2, np.uint8)) for px in (2, _RING_PX))
    ring = np.where((near == 0) & layer, far, 0)
    keep = np.zeros(count, bool)
    for part in range(1, count):
        inside, beside = change[parts == part], change[ring == part]
        depth = -float(np.median(inside))
        keep[part] = not beside.size or float(np.median(beside)) + depth > _LEAST_STEP * depth
    return np.asarray(keep[parts])


def _void_grey(shown: Sequence[tuple[np.ndarray, Voids]], darkest: float) -> float:
    """Return the grey of voids: the median over the inside of dark parts, without those nearer to sodium's own greys.

    Parameters
    ----------
    shown
        For each image its grey levels and what is dark in it.
    darkest
        The darkest grey that sodium's grains have.
    """
    greys, sizes = [], []
    for image, voids in shown:
        mask = voids.mask.astype(np.uint8)
        count, parts = cv2.connectedComponents(mask, connectivity=8)
        inner = np.where(cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0, parts, 0)
        for part in range(1, count):
            inside = image[inner == part]
            if inside.size:
                greys.append(float(np.median(inside)))
                sizes.append(inside.size)
    if not greys or min(greys) >= darkest:
        return math.nan
    order = np.argsort(greys)
    known, weight = np.array(greys)[order], np.array(sizes)[order]
    like = known <= (known[0] + darkest) / 2
    total = np.cumsum(weight[like])
    return float(known[like][np.searchsorted(total, total[-1] / 2)])


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
