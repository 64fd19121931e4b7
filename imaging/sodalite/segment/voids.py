"""Voids of the sodium layer: pixels darker than the sodium around them, and the rims and lit interiors they own."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sodalite.quantity import CHECK_OVERLAY
from sodalite.segment.evidence import middle_and_spread
from sodalite.segment.ranks import quantiles
from sodalite.segment.void_evidence import Evidence, film, void_evidence
from sodalite.segment.void_shape import (
    at_least,
    closed,
    darker_than,
    filled,
    half_way,
    holding,
    narrowed,
    opened,
    reaching_face,
    widened,
    without_curtains,
    without_open_to,
    without_streaks,
)

_CORE_SHARE = 0.4
"""Share of the darkest void's depth that a core reaches; a back wall that shines through is deeper."""

_FOLLOWED_SHARE = 0.15
"""Share of the darkest void's depth down to which a void is followed; darker grains of sodium beside it are shallower.
On real sections 0.1 to 0.2 give the same overlap with voids drawn by hand, to 0.004."""

_BEYOND_GRAINS = 2.5
"""Depth, in depths of the darkest grain that may be, from which a grey is that of a void without doubt."""

_BRIGHT_SD = 4.0
_RELIEF_CLOSING_PX = 4
_OUTSIDE_EDGE_PX = 4
_FACE_ERROR_PX = 2
_BESIDE_VOID_PX = 3
"""How far from a void's dark part relief near a face may be the void's own: the blur of its edge. Of what lay up to 7
px from it in 17 real sections, 4 in 10 pixels were void and the others the edges of films and the beads in them."""

_FACE_REACH_PX = 15
_LEAST_SODIUM_PX = 4
_ROWS_AROUND_PX = 40
_BANDED = f"a dark band along the scan lines is counted as a void and may be charging: {CHECK_OVERLAY}"

_LEAST_DEPTH_SD = 3.5
"""Median depth from which the void fraction of phantoms at any contrast is right to 0.5 points; at 3 it is 1.5 low."""


class Voids(NamedTuple):
    """What was found in the sodium layer.

    Attributes
    ----------
    mask
        ``(y, x)`` bool, void pixels.
    separability
        Distance of the median greys of the voids' dark parts and of sodium in units of their pooled standard
        deviation (d'); NaN without voids.
    note
        Empty, or why the voids are to be doubted.
    """

    mask: np.ndarray
    separability: float
    note: str


def find_voids(
    data: np.ndarray,
    layer: np.ndarray,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    seed_sd: float,
    grow_sd: float,
    least_px: int,
    lit: bool = True,
) -> Voids:
    """Return the voids inside the traced sodium layer.

    The sodium's own grey, followed over the layer, is the reference, and its scatter on the bright side, where no
    void is, the unit. A void has a core darker than `seed_sd` and than 0.4 of the darkest void's depth; near a face
    it must also be darker than both sodium and what lies beyond, because blur, films and an error of the trace only
    make mixtures of the two. From the core it reaches to half-way between its own depth and its surroundings, so
    that blur makes it neither larger nor smaller. Lit walls, charged rims and rubble inside a void are as bright as
    sodium but, unlike a milled face, show relief: what is joined to a void and has vertical gradients beyond the
    sodium's noise, or is far brighter than it, belongs to the void, as do holes; a part that is not darker than
    sodium on the whole is no void. What opens to the outside elsewhere than at a face is relief of the surface. A
    void ends at the face when fewer than five pixels of sodium lie between.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    layer
        ``(y, x)`` bool, the sodium layer between its faces.
    faces
        Upper and lower edge rows ``(x,)`` of the layer; NaN where a face is not in the image.
    seed_sd, grow_sd
        Depths of a void's core and of its surroundings, in standard deviations of the sodium's grey.
    least_px
        Voids of fewer pixels are noise.
    lit
        Whether what is bright beside a void may be part of it; where greys are compared with earlier ones, charging
        brightens the sodium there too.
    """
    shape = layer.shape
    if not layer.any():
        return Voids(np.zeros(shape, bool), math.nan, "no sodium layer to look for voids in")
    rows = np.flatnonzero(layer.any(axis=1))
    top = max(int(rows[0]) - _ROWS_AROUND_PX, 0)
    part = slice(top, int(rows[-1]) + 1 + _ROWS_AROUND_PX)
    inner = np.array(layer[part])
    del layer  # as large as the image, and no longer held by callers that made it for this call
    evidence = void_evidence(data[part], inner, (faces[0] - top, faces[1] - top))
    seed_sd, grow_sd = _depths(evidence, seed_sd, grow_sd)
    outside = widened(_open_side(inner, (faces[0] - top, faces[1] - top)), _OUTSIDE_EDGE_PX)
    dark = at_least(_dark_parts(evidence, outside, seed_sd, grow_sd), least_px)
    whole = closed(_with_lit_parts(dark, evidence, outside) if lit else dark, 2) & inner
    whole = _up_to_faces(filled(whole) & inner, evidence, grow_sd)
    mask = np.zeros(shape, bool)
    mask[part] = darker_than(whole, evidence.contrast, -1.0, least_px=least_px)
    voids = _judged(mask, dark & mask[part], evidence.contrast)
    return voids._replace(note="; ".join(filter(None, (voids.note, _BANDED)))) if evidence.banded else voids


def _depths(evidence: Evidence, seed_sd: float, grow_sd: float) -> tuple[float, float]:
    """Return the depths of a void's core and of its surroundings, less where grains widen the sodium's greys.

    Beside bright grains a void of full depth may lie few of the sodium's standard deviations below it. Where the
    darkest pixels are far beyond any grain, half-way down to them is deep enough if the noise within a grain agrees.
    """
    darkest = -_darkest(evidence, 0.1)
    if darkest < -_BEYOND_GRAINS * evidence.grain:
        return seed_sd, grow_sd
    seed, grow = (max(min(depth, darkest / 2), depth * evidence.noise) for depth in (seed_sd, grow_sd))
    return seed, grow


def _darkest(evidence: Evidence, percent: float) -> float:
    """Return the contrast below which so many percent of the layer lie."""
    contrast = evidence.contrast[evidence.sample][evidence.layer[evidence.sample]]
    return quantiles(contrast, (percent / 100,))[0]


def _dark_parts(evidence: Evidence, outside: np.ndarray, seed_sd: float, grow_sd: float) -> np.ndarray:
    """Return what is darker than sodium around a core, films at the faces left out."""
    layer, contrast, near = evidence.layer, evidence.contrast, evidence.near
    deepest = _darkest(evidence, 0.5)
    shallow = without_curtains(layer & (contrast < min(-grow_sd, _FOLLOWED_SHARE * deepest)))
    core = contrast < min(-seed_sd, _CORE_SHARE * deepest, evidence.grain)
    beside = np.flatnonzero(near & shallow)
    grey, darkest = contrast.take(beside), evidence.darkest(beside)
    core.put(beside, core.take(beside) & (grey < darkest - seed_sd / 2))
    shallow &= ~film(evidence, least_sd=grow_sd)
    explained = np.zeros(layer.shape, bool)
    explained.put(beside, grey >= darkest - grow_sd)
    shallow &= ~explained | opened(shallow, 2)
    found = half_way(holding(shallow, core), contrast, layer & ~near)
    return without_streaks(without_open_to(found, outside))


def _open_side(layer: np.ndarray, faces: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return what is outside the layer but not beyond a face of it; nothing where no face is known."""
    if not any(np.isfinite(face).any() for face in faces):
        return np.zeros(layer.shape, bool)
    centre = np.arange(len(layer), dtype=np.float32)[:, None] + np.float32(0.5)
    upper = np.where(np.isfinite(faces[0]), faces[0], -np.inf).astype(np.float32)
    lower = np.where(np.isfinite(faces[1]), faces[1], np.inf).astype(np.float32)
    return ~layer & (centre > upper + _FACE_ERROR_PX) & (centre < lower - _FACE_ERROR_PX)


def _with_lit_parts(dark: np.ndarray, evidence: Evidence, outside: np.ndarray) -> np.ndarray:
    """Return the voids with the relief and the bright rims joined to them.

    The edge of a face is steep by itself, and films hold rubble: near a face only what is beside a void takes part.
    """
    striking = evidence.contrast > _BRIGHT_SD
    beside = np.flatnonzero(evidence.near & striking)
    beyond, steep = evidence.brightest(beside), evidence.steep.take(beside)
    striking.put(beside, (evidence.contrast.take(beside) > beyond + _BRIGHT_SD) & ~(steep & (beyond > 0)))
    striking |= evidence.rough & ~evidence.steep & (~evidence.near | widened(dark, _BESIDE_VOID_PX))
    lit = closed((evidence.layer & striking) | dark, _RELIEF_CLOSING_PX) & evidence.layer
    lit = opened(lit & ~widened(dark, 2), 2)
    lit &= ~holding(lit, outside)
    joint = widened(dark, 3) & widened(lit, 3) & striking
    return narrowed(holding(lit | dark | joint, dark), 1) | dark


def _up_to_faces(mask: np.ndarray, evidence: Evidence, grow_sd: float) -> np.ndarray:
    """Return the voids continued to the faces that they end at."""
    continued = mask.copy()
    for place, _, depth_px in evidence.strips:
        if not place.size:
            continue
        contrast = evidence.contrast.take(place)
        above = contrast > np.minimum(0.75 * evidence.darkest(place), -grow_sd)
        sodium = above & (contrast < np.maximum(0.5 * evidence.brightest(place), _BRIGHT_SD))
        reached = reaching_face(
            continued.take(place), depth_px, sodium, reach_px=_FACE_REACH_PX, least_sodium_px=_LEAST_SODIUM_PX
        )
        continued.put(place[reached], True)
    return continued


def _judged(mask: np.ndarray, dark: np.ndarray, contrast: np.ndarray) -> Voids:
    """Return the voids with d' between their dark parts and sodium, each spread about its own median, and doubts."""
    if not dark.any():
        return Voids(mask, math.nan, "no void population found")
    middle, spread = middle_and_spread(contrast[dark])
    note = ""
    if middle > -_LEAST_DEPTH_SD:
        note = f"voids are only {-middle:.2g} sd darker than sodium: below {_LEAST_DEPTH_SD} some are missed"
    return Voids(mask, abs(middle) / math.sqrt((spread**2 + 1) / 2), note)
