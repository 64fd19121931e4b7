"""The share of each pixel that a void covers: outlines by the greys beside them, whatever lies on walls and floor."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

_OUTLINE_PX = 3.0
"""Blur reaches so far to either side of an outline."""

_CLEAR_PX, _BESIDE_PX = 2.2, 8.0
_AROUND_SODIUM_PX, _AROUND_VOID_PX = 3.0, 2.0
"""From where to where beside an outline greys are those of sodium or of a void, and over what width each is averaged:
walls that are lit in part change sooner than sodium; over 3 px a drawn void came out 6 % too large, over 2 px 5 %."""

_FLOOR_PX, _FILM_PX, _TOUCHING_PX, _BELOW_PX = 2.5, 4.0, 3.0, 8.0
"""Heights over the electrolyte's face: of its blur, of what lies on the floor of voids, up to which a void may end to
stand on the face, and how far below the face it is then thought to go on."""

_FAR_PX, _FAR_AROUND_PX = (6.0, 13.0), 4.0
_LEAST_RIM = 0.05
"""Where sodium is free of a void's rim, and brightness of a rim, in steps from void to sodium, from which it counts."""

_LEAST_BAND = 0.08
"""Brightness in the same steps from which a band beside the voids is told: grains reach 0.04."""

_RIM_DECAY = 0.4, 0.9
_LEAST_STEP = 0.3
"""Step of greys at a void, relative to the median or largest one, below which its outline is not placed by greys."""

_WALL_PX = 1.5
"""Labels that are brighter than sodium over so much of their edge hold walls; those half-way have 0.4 of its grey."""

_LEAST_PX = 12
"""Pixels from which a grey is learnt."""

_LEAST_COLUMNS, _SURE_SD = 4, 3.0
_FACE_SD_PX, _FILM_DRAWS_PX, _MOST_FLOOR_PX = 0.2, 0.5, 1.5
"""How well the first image places the floor of a void, by how much a film on it may draw it up, and how far from the
whole row of its label it may lie."""

_BRIGHT_STEP, _BRIGHT_SHARE, _FILM_SHARE, _LEAST_BRIGHT = 0.25, 0.02, 0.1, 0.04
"""Brightness, in steps from void to sodium, from which a place inside a void is lit; shares of the inside, of the floor
and of all voids from which this is more than noise: evenly dark ones came to 0.02 at a signal over noise of 8."""


class VoidCover(NamedTuple):
    """How much of an image voids cover.

    Attributes
    ----------
    share
        ``(y, x)`` float64, share of each pixel.
    bright_px
        Area in px of what is brighter in the voids than their dark parts: lit walls, material on their floor or a rim
        below it, as much of each pixel as it is bright. 0 where voids are evenly dark.
    rim
        Brightness of the rim that voids have in the sodium two to four pixels beside them, in steps from void to
        sodium; NaN where it cannot be told.
    band_px
        Area in px of a bright band just beside the voids, 0 without one: the shining edge of the sodium, as which it is
        counted, or a lit wall, which would be void. The greys do not tell which.
    """

    share: np.ndarray
    bright_px: float
    rim: float
    band_px: float = 0.0


class _Places(NamedTuple):
    """Where pixels lie: voids, the signed distance to their outlines (negative inside), and height over the face."""

    void: np.ndarray
    outward: np.ndarray
    height: np.ndarray
    sodium: np.ndarray


class _Greys(NamedTuple):
    """The grey that each place would have as sodium and as void, ``(y, x)`` each, and the rims beside the voids."""

    solid: np.ndarray
    void: np.ndarray
    rim: float
    band_px: float = 0.0


def void_cover(
    void: np.ndarray,
    data: np.ndarray,
    before: np.ndarray,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    void_grey: float,
    lit: np.ndarray | None = None,
) -> VoidCover:
    """Return the share of each pixel that a void covers: voids as labelled, outlines by the greys.

    Within three pixels of a void's outline to the sodium the share is how far the grey has fallen from that of the
    sodium beside the place, relative to the step from there to the void's inside near it. Its sum is the void's area
    whatever the blur, in grains that have moved, in charged sodium and beside lit walls alike; half-way outlines lose
    up to 3 % of voids of 16 px. Edges emit more than a flat face: where sodium becomes brighter towards a void, it is
    taken to do so up to the outline. The electrolyte does not move: a void that ends within three pixels of it ends
    at its face, where the grey rises most, and what lies on its floor, darker than sodium, belongs to it. At the
    upper face, which moves, the labels stand.

    Parameters
    ----------
    void
        ``(y, x)`` bool, labelled voids.
    data
        ``(y, x)`` grey levels.
    before
        ``(y, x)`` grey levels of the same plane without any void, see `sodalite.segment.undisturbed`.
    faces
        ``(x,)`` edge rows of the sodium's upper face and of the electrolyte.
    void_grey
        Grey of voids, for those too small to tell it; NaN keeps the labels.
    lit
        ``(y, x)`` bool, the walls that shine among the voids; None asks the greys whether the labels hold any.
    """
    share = void.astype(np.float64)
    if not math.isfinite(void_grey) or not void.any():
        return VoidCover(share, 0.0, math.nan)
    grey = np.asarray(data, np.float32)
    face = np.rint(faces[1])  # as labels show it, so that labels corrected by hand measure alike
    places = _places(void, np.rint(faces[0]), face)
    greys = _greys(grey, places, void_grey)
    step = greys.solid - greys.void
    outline = (np.abs(places.outward) <= _OUTLINE_PX) & places.sodium
    clear = outline & (step > _LEAST_STEP * float(np.median(step[outline]))) if outline.any() else outline
    share[clear] = (greys.solid - grey)[clear] / step[clear]
    walls = _shining(grey, places, greys, void_grey) if lit is None else lit
    bright_px = _lay_floor(share, places, (face, before, grey), void_grey, walls)
    bright_px += _keep_walls(share, places, walls) if walls.any() else _lit_px(grey, places, greys)
    return VoidCover(
        share, bright_px if bright_px > _LEAST_BRIGHT * float(share.sum()) else 0.0, greys.rim, greys.band_px
    )


def _places(void: np.ndarray, upper: np.ndarray, face: np.ndarray) -> _Places:
    """Return where pixels lie; a void that stands on the face has no outline there, as if it went on below."""
    from scipy.ndimage import distance_transform_edt

    rows = np.arange(void.shape[0])[:, None]
    height = face - rows - 0.5
    standing = (void & (height > 0) & (height < _TOUCHING_PX)).any(axis=0)
    whole = void | (standing & (height < _TOUCHING_PX) & (height > -_BELOW_PX))
    outward = np.where(whole, 0.5 - distance_transform_edt(whole), distance_transform_edt(~whole) - 0.5)
    return _Places(void, outward, height, (height > _FLOOR_PX) & (rows > upper + _OUTLINE_PX))


def _greys(grey: np.ndarray, places: _Places, void_grey: float) -> _Greys:
    """Return the greys of sodium and void beside each place, the sodium's continued through a rim to the outline."""
    outward, sodium = places.outward, places.sodium
    inner = places.void & (outward < -_CLEAR_PX) & (places.height > _FILM_PX)
    level = float(np.median(grey[inner])) if np.count_nonzero(inner) >= _LEAST_PX else void_grey
    void = _beside(grey, inner, _AROUND_VOID_PX, level, 1e-2)
    near = sodium & (outward > _CLEAR_PX) & (outward < _BESIDE_PX)
    solid = _beside(grey, near, _AROUND_SODIUM_PX, float(np.median(grey[near])) if near.any() else void_grey, 1e-3)
    off = sodium & (outward > _FAR_PX[0]) & (outward < _FAR_PX[1])
    if not off.any():
        return _Greys(solid, void, math.nan)
    far = _beside(grey, off, _FAR_AROUND_PX, float(np.median(grey[off])), 1e-3)
    rim = _rim(grey, far, void, places)
    band_px = _band_px(grey, far, void, places)
    if not rim[0] + rim[1] > 2 * _LEAST_RIM:
        return _Greys(solid, void, float(rim[0] + rim[1]) / 2, band_px)
    # between a straight line and an exponential through what is seen: an edge's excess was drawn and found in between
    decay = min(max((rim[1] + rim[2]) / (rim[0] + rim[1]), _RIM_DECAY[0]), _RIM_DECAY[1])
    beyond = np.maximum(outward, 0) - 2.5
    curve = rim[0] * decay**beyond
    line = np.where(beyond < 0, rim[0] - beyond * (rim[0] - rim[2]) / 2, curve)
    return _Greys(far + (far - void) * (curve + line) / 2, void, float(rim[0] + rim[1]) / 2, band_px)


def _rim(grey: np.ndarray, far: np.ndarray, void: np.ndarray, places: _Places) -> list[float]:
    """Return how bright sodium is from 2 to 3, 3 to 4 and 4 to 5 px beside voids, in steps from void to sodium."""
    return [_excess(grey, far, void, places, distance)[0] for distance in (2, 3, 4)]


def _band_px(grey: np.ndarray, far: np.ndarray, void: np.ndarray, places: _Places) -> float:
    """Return the area in px of a bright band in the four pixels beside the voids, 0 without one."""
    bright, area = zip(*(_excess(grey, far, void, places, distance) for distance in range(4)), strict=True)
    peak = max(bright[1:3])
    if not peak > _LEAST_BAND:
        return 0.0
    return float(sum(part for each, part in zip(bright, area, strict=True) if each > peak / 2))


def _excess(grey: np.ndarray, far: np.ndarray, void: np.ndarray, places: _Places, distance: int) -> tuple[float, int]:
    """Return how bright sodium is up to a pixel beyond a distance from voids, in steps from void to sodium, and where.

    The second number is the area in px that this is the mean of.
    """
    there = (places.outward > distance) & (places.outward <= distance + 1) & places.sodium
    there &= places.height > _FILM_PX
    step = float((far - void)[there].sum())
    return float((grey - far)[there].sum()) / step if step > 0 else math.nan, int(np.count_nonzero(there))


def _beside(grey: np.ndarray, where: np.ndarray, width_px: float, level: float, weight: float) -> np.ndarray:
    """Return the mean grey of what is marked around each place; the level where little is, by a weight."""
    total, count = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), width_px) for part in (np.where(where, grey, 0), where)
    )
    return np.asarray((total + weight * level) / (count + weight))


def _lay_floor(
    share: np.ndarray,
    places: _Places,
    seen: tuple[np.ndarray, np.ndarray, np.ndarray],
    void_grey: float,
    walls: np.ndarray,
) -> float:
    """Put the shares at the electrolyte's face into `share`; return the area in px of what lies on the voids' floor.

    Where the image itself shows the floor, it is known to 0.1 px. A film on it draws it up by up to half a pixel; then
    the first image, where it is known to 0.2 px, bounds it; where walls shine, the floor may too, and it tells it.
    `seen` are the rows of the face, the greys before and now.
    """
    face, before, grey = seen
    band = (np.abs(places.height) <= _FLOOR_PX) & (places.outward <= _OUTLINE_PX)
    share[band] = _fallen(places, face, before, grey, void_grey)[band]
    under = band & (places.outward < -_OUTLINE_PX)
    count, parts = cv2.connectedComponents(places.void.astype(np.uint8), connectivity=8)
    reach = cv2.dilate(parts.astype(np.uint16), np.ones((5, 5), np.uint8))
    film_px = 0.0
    for part in range(1, count):
        mine = reach == part
        columns = (under & mine).any(axis=0)
        if np.count_nonzero(columns) < _LEAST_COLUMNS:
            continue
        floor = under & columns
        own, first = (_steepest(each, face, columns) for each in (grey, before))
        if (walls & mine).any():
            share[floor] = _floor(places.height[floor], share[floor], first)[0]
            continue
        covered, shown = _floor(places.height[floor], share[floor], own)
        noise = float(np.std(share[floor] - covered)) / math.sqrt(covered.sum() + 1)
        film = shown < 1 - max(_FILM_SHARE, _SURE_SD * noise)
        if film and first - _FACE_SD_PX > own:
            lowest = min(first - _FACE_SD_PX, own + _FILM_DRAWS_PX)
            covered, shown = _floor(places.height[floor], share[floor], lowest)
        share[floor] = covered
        ends = band & ~under & mine
        if film:
            share[ends] /= np.clip(shown, 0.5, 1)
            film_px += (1 - shown) * float(covered.sum() + share[ends].sum())
    return film_px


def _floor(height: np.ndarray, seen: np.ndarray, below_px: float) -> tuple[np.ndarray, float]:
    """Return how much of each pixel lies above a floor so far below the face, and how much of that the greys show."""
    offset = float(np.clip(below_px, -_MOST_FLOOR_PX, _MOST_FLOOR_PX)) if math.isfinite(below_px) else 0.0
    covered = np.clip(height + offset + 0.5, 0, 1)
    return covered, float(seen.sum() / max(float(covered.sum()), 1.0))


def _shining(grey: np.ndarray, places: _Places, greys: _Greys, void_grey: float) -> np.ndarray:
    """Return what is labelled as void and brighter than sodium, ``(y, x)`` bool: a wall that shines."""
    band = places.void & (places.outward > -_WALL_PX) & (places.height > _FLOOR_PX)
    level = _beside(grey, band, _AROUND_VOID_PX, void_grey, 1e-2)
    return np.asarray(band & (level > greys.solid))


def _keep_walls(share: np.ndarray, places: _Places, lit: np.ndarray) -> float:
    """Let the labels stand in and beside walls that shine, whose greys tell no outline; return their area in px."""
    width = 2 * int(_OUTLINE_PX) + 1
    beside = cv2.dilate(lit.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    kept = beside & (places.height > -_FLOOR_PX) & (np.abs(places.outward) <= 2 * _OUTLINE_PX)
    share[kept] = places.void[kept]
    return float(np.count_nonzero(lit))


def _steepest(grey: np.ndarray, face: np.ndarray, columns: np.ndarray) -> float:
    """Return where grey changes most along the rows about a face, px below it; NaN where no edge stands out."""
    x, rows = np.flatnonzero(columns), np.arange(-6, 7)
    profile = grey[np.clip(face[x].astype(np.intp) + rows[:, None], 0, len(grey) - 1), x].mean(axis=1)
    rise = np.diff(profile) * math.copysign(1.0, profile[-3:].mean() - profile[:3].mean())
    if np.clip(rise, 0, None)[3:9].sum() < 2 * np.clip(-rise, 0, None).sum():
        return math.nan
    at, edge = rows[1:].astype(float), 0.0
    for width in (2.0, 1.5, *6 * (1.0,)):
        weight = np.exp(-((at - edge) ** 2) / (2 * width**2)) * np.clip(rise, 0, None)
        edge = float((weight * at).sum() / max(float(weight.sum()), 1e-9))
    return edge


def _fallen(places: _Places, face: np.ndarray, before: np.ndarray, grey: np.ndarray, void_grey: float) -> np.ndarray:
    """Return how far each grey has fallen since the first image, relative to the step from sodium to void.

    Where sodium and electrolyte beside a void have become brighter or darker since, such as by charging, what it is
    compared with has too. The electrolyte beside a void adds nothing.
    """
    width = 2 * int(_OUTLINE_PX) + 1
    kernel = np.ones((width, width), np.uint8)
    count, parts = cv2.connectedComponents(places.void.astype(np.uint8), connectivity=8)
    reach = cv2.dilate(parts.astype(np.uint16), kernel).astype(np.intp)
    ring = np.where(reach > 0, 0, cv2.dilate(reach.astype(np.uint16), kernel))
    inner = np.where(cv2.erode(places.void.astype(np.uint8), kernel) > 0, parts, 0)
    changed = grey - before
    sides = [
        _by_part(changed, np.where(side, ring, 0), count, 0.0)[reach]
        for side in (places.height > _FLOOR_PX, places.height < -_FLOOR_PX)
    ]
    upper = np.clip(places.height / (2 * _FLOOR_PX) + 0.5, 0, 1)
    expected = before + upper * sides[0] + (1 - upper) * sides[1]
    step = _down_to_face(before, face) + sides[0] - _by_part(grey, inner, count, void_grey)[reach]
    clear = step > _LEAST_STEP * float(step[reach > 0].max())
    return np.where(clear, (expected - grey) / np.where(clear, step, 1.0), places.void)


def _down_to_face(before: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the sodium's grey in each pixel; within the blur of the electrolyte's face that of the pixel above it."""
    last = np.clip(np.floor(face - _FLOOR_PX - 0.5), 0, before.shape[0] - 1).astype(np.intp)
    rows = np.minimum(np.arange(before.shape[0])[:, None], last)
    return np.take_along_axis(before, rows, axis=0)


def _by_part(plane: np.ndarray, parts: np.ndarray, count: int, without: float) -> np.ndarray:
    """Return the median of a plane over each numbered part, ``(count,)``; `without` where there are too few pixels."""
    levels = np.full(count, without)
    order = np.argsort(parts, axis=None, kind="stable")
    numbers = parts.ravel()[order]
    for part in range(1, count):
        start, stop = np.searchsorted(numbers, (part, part + 1))
        if stop - start >= _LEAST_PX:
            levels[part] = float(np.median(plane.ravel()[order[start:stop]]))
    return levels


def _lit_px(grey: np.ndarray, places: _Places, greys: _Greys) -> float:
    """Return the area in px of what is lit inside the voids, clear of their outlines; 0 where they are evenly dark."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0)
    inside = places.void & (places.outward < -_OUTLINE_PX) & (places.height > _FILM_PX)
    if np.count_nonzero(inside) < _LEAST_PX:
        return 0.0
    dark = float(np.percentile(smooth[inside], 25))
    bright = np.clip((smooth - dark) / np.maximum(greys.solid - dark, 1e-6), 0, 1)
    if float(np.mean(bright[inside] > _BRIGHT_STEP)) < _BRIGHT_SHARE:
        return 0.0
    within = places.void & (places.outward < -1) & (places.height > _FLOOR_PX)
    return float(bright[within].sum())
