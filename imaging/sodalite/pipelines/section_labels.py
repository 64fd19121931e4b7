"""From grey levels to classes: data bar, layers, outside, voids and dead sodium of a cross-section."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from sodalite.classes import LAYER_CLASS, SectionClass
from sodalite.clean.databar import find_databar_rows
from sodalite.errors import SegmentationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection
    from sodalite.segment.layers import Stack

_LEAST_ROWS_A_LAYER = 16
_LEAST_COLUMNS = 32
_SNAP_PX = 3.0
_LEAST_LAYER_PX = 6
_GAP_REACH_PX = 3
REFINE_PX = 0.75
"""How far a labelled face may move between pixels: labels decide, greys only place the edge inside its pixel."""

_FOOT_PX = 8
"""How far beside a void a face is not taken for an edge between two phases alone."""

_HALO_ROWS_PX = 64
"""Rows around the electrolyte's face in which its light below voids, and that in voids, is looked for."""

_LINE_PX, _ABOVE_LINE_PX = 4, 2
"""Height up to which blur leaves no more of a gap than a line, and how far above it a void shows that it is one."""

EDGE_SIGMA_PX = 1.0
"""Standard deviation of the blur of an edge that searches and detection limits assume."""

_DEAD_SMOOTHING_PX = 1.0
_DEAD_BACKGROUND_PX = 128.0
_DEAD_LEAST_SEPARABILITY = 2.0


@dataclass(frozen=True, slots=True)
class SectionLabels:
    """Classes and what is worth knowing of how they were found.

    Attributes
    ----------
    labels
        ``(y, x)`` uint8 ids of `SectionClass`, in the image's own orientation.
    face_contrast
        Interface such as ``sodium/electrolyte`` -> how clearly the grey levels step there (d').
    databar_rows, databar_source
        Rows left out at the bottom, and who said so.
    void_separability, void_note
        Distance of void and sodium greys (d'), and doubts about the voids.
    dead_reason, dead_note
        Why no dead sodium was looked for, empty when it was; and doubts about what was found.
    line_fraction
        Share of the electrolyte's face that only a dark line, too thin to show the floor of a void, parts from sodium.
    """

    labels: np.ndarray
    face_contrast: Mapping[str, float]
    databar_rows: int = 0
    databar_source: str = "none"
    void_separability: float = math.nan
    void_note: str = ""
    dead_reason: str = ""
    dead_note: str = ""
    line_fraction: float = 0.0


def segment_section(recipe: CrossSection, image: Image, anchors: Mapping[str, Any]) -> SectionLabels:
    """Return the classes of a micrograph ``(y, x)``.

    Raises
    ------
    SegmentationError
        When the image is too small for the layers, or an anchor names an interface that the recipe has not.
    """
    rows, source = databar(image)
    height = image.data.shape[0] - rows
    scene = image.data[:height]
    _check_size(scene.shape, recipe, image.name)
    points = _anchor_points(recipe, anchors, height)
    if recipe.upside_down:
        scene = scene[::-1]
    found = _label_scene(recipe, np.ascontiguousarray(scene), points)
    full = np.zeros(image.data.shape, np.uint8)
    full[:height] = found.labels[::-1] if recipe.upside_down else found.labels
    return replace(found, labels=full, databar_rows=rows, databar_source=source)


def databar(image: Image) -> tuple[int, str]:
    """Return the rows of the data bar and how they are known: from the file, else from the picture.

    Raises
    ------
    SegmentationError
        When the bar is at the top.
    """
    above = find_databar_rows(image.data[::-1])
    if above:
        raise SegmentationError(f"{image.name}: the upper {above} rows are a data bar; cut them off first.")
    if image.meta.databar_source != "none":
        return image.meta.databar_rows, image.meta.databar_source
    rows = find_databar_rows(image.data)
    return rows, "found in the image" if rows else "none"


def _label_scene(recipe: CrossSection, scene: np.ndarray, points: list[np.ndarray | None]) -> SectionLabels:
    from sodalite.segment.electrolyte_bulk import face_of_bulk
    from sodalite.segment.gap_lines import find_gap_lines
    from sodalite.segment.layers import layer_of
    from sodalite.segment.light import with_even_light
    from sodalite.segment.outside import find_outside_above

    edges, top, bottom = _trace(recipe, scene, points)
    rows = np.arange(len(scene), dtype=np.int32)[:, None]
    below = rows >= bottom if bottom.min() < len(scene) else _below(recipe, scene, edges[-1])
    free = recipe.stack[-2] == "sodium" and points[-1] is None
    if free:
        edges[-1] = face_of_bulk(scene, edges[-1], below)
        gap, edges[-1] = find_gap_lines(scene, edges[-1], edges[-2] if len(edges) > 1 else np.zeros_like(edges[-1]))
        edges = np.maximum.accumulate(edges, axis=0)
    contrast = dict(zip(_interfaces(recipe), _contrasts(scene, edges), strict=True))
    classes = np.zeros(256, np.uint8)
    classes[: len(recipe.stack)] = [LAYER_CLASS[name] for name in recipe.stack]
    labels = cv2.LUT(layer_of(edges, scene.shape[0]), classes)
    even = scene
    if "sodium" in recipe.stack:
        even = with_even_light(scene, labels == SectionClass.SODIUM, edges[recipe.stack.index("sodium")])
    if top.any():
        labels[rows < top] = SectionClass.OUTSIDE
    elif "cap" not in recipe.stack:
        labels[find_outside_above(even, edges[0])] = SectionClass.OUTSIDE
    labels[below] = SectionClass.OUTSIDE
    del below
    if "sodium" not in recipe.stack:
        reason = "no sodium layer is named, so its grey is unknown"
        return SectionLabels(_with_gap(recipe, scene, labels, edges), contrast, dead_reason=reason)
    labels, separability, note = _voids(recipe, even, labels, edges)
    line_fraction = 0.0
    if free:
        labels, line_fraction = _with_openings(scene, labels, edges[-1], gap)
        if math.isnan(separability) and (labels == SectionClass.VOID).any():
            note = "no voids found but thin gaps at the electrolyte"
    labels = _with_feet(recipe, scene, labels, edges)
    labels, (reason, dead_note) = _dead_sodium(recipe, scene, labels)
    if free:
        labels = _without_halos(scene, labels, edges[-1])
    return SectionLabels(
        labels,
        contrast,
        void_separability=separability,
        void_note=note,
        dead_reason=reason,
        dead_note=dead_note,
        line_fraction=line_fraction,
    )


def _below(recipe: CrossSection, scene: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return what lies below the lowest layer and belongs to no layer, with its edge where the greys say: bool."""
    from sodalite.segment.layers import trace_floor
    from sodalite.segment.outside import find_outside_below

    below = find_outside_below(scene, face)
    if not below.any():
        return below
    height = len(scene)
    floor = np.where(below.any(axis=0), below.argmax(axis=0), height)
    rows = np.arange(height, dtype=np.int32)[:, None]
    return rows >= trace_floor(scene, face, floor, stiffness_px=recipe.stiffness_px)


def _contrasts(scene: np.ndarray, edges: np.ndarray) -> list[float]:
    """Return how clearly the greys step at each edge, where the layers on both its sides are."""
    from sodalite.segment.interface import face_contrast

    height, width = scene.shape
    thickness = np.diff(np.vstack([np.zeros(width, np.int64), edges, np.full(width, height)]), axis=0)
    there = thickness >= _LEAST_LAYER_PX
    both = [above & below for above, below in itertools.pairwise(there)]
    seen = [here if here.sum() >= _LEAST_COLUMNS else slice(None) for here in both]
    return [face_contrast(scene[:, here], edge[here]) for here, edge in zip(seen, edges, strict=True)]


def _interfaces(recipe: CrossSection) -> list[str]:
    return [f"{upper}/{lower}" for upper, lower in itertools.pairwise(recipe.stack)]


def _trace(recipe: CrossSection, scene: np.ndarray, points: list[np.ndarray | None]) -> Stack:
    """Return the edges of the layers, traced again without curtains if asked."""
    found = _traced(recipe, scene, points)
    if not recipe.destripe:
        return found
    from sodalite.clean.curtains import remove_curtains
    from sodalite.segment.layers import layer_of

    height, width = scene.shape
    phases = layer_of(found.edges, height) + np.uint8(1)
    return _traced(
        recipe, remove_curtains(scene, width_px=width / 20, length_px=height / 2, strength=1, mask=phases), points
    )


def _traced(recipe: CrossSection, scene: np.ndarray, points: list[np.ndarray | None]) -> Stack:
    from sodalite.segment.domes import face_below_domes
    from sodalite.segment.films import close_films
    from sodalite.segment.interface import edge_between_pixels
    from sodalite.segment.layers import Stack, trace_stack
    from sodalite.segment.lit_surface import trace_below_surface
    from sodalite.segment.pockets import seat_face

    height, width = scene.shape
    tracing: dict[str, Any] = {
        "layer_count": len(recipe.stack),
        "stiffness_px": recipe.stiffness_px,
        "anchors": points,
        "reach_px": recipe.anchor_reach_px,
    }
    if recipe.stack[0] == "sodium":
        edges, top, bottom = trace_below_surface(scene, **tracing), np.zeros(width, np.int64), np.full(width, height)
    else:
        edges, top, bottom = trace_stack(scene, **tracing)
    snapped = [edge_between_pixels(scene, edge.astype(np.float64), reach_px=_SNAP_PX) for edge in edges]
    place = recipe.stack.index("sodium") if "sodium" in recipe.stack else 0
    if place and recipe.stack[-1] == "electrolyte":
        snapped[-1] = face_below_domes(scene, seat_face(scene, snapped[-1]))
        snapped[place - 1] = height - seat_face(scene[::-1], height - snapped[place - 1])
    edges = np.maximum.accumulate(np.rint(np.stack(snapped)).astype(np.int64), axis=0)
    if place:
        edges[place - 1] = close_films(scene, edges[place - 1], edges[place], least_px=_LEAST_LAYER_PX)
    return Stack(edges, top, bottom)


def _voids(
    recipe: CrossSection, scene: np.ndarray, labels: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, float, str]:
    """Return the labels with the voids of the sodium layer, their d' and a note."""
    from sodalite.segment.voids import find_voids

    place = recipe.stack.index("sodium")
    beyond = np.full(scene.shape[1], np.nan)
    faces = (edges[place - 1].astype(float) if place else beyond, edges[place].astype(float))
    voids = find_voids(
        scene,
        labels == SectionClass.SODIUM,
        faces,
        seed_sd=recipe.void_seed_sd,
        grow_sd=recipe.void_grow_sd,
        least_px=recipe.void_min_area_px,
    )
    with_voids = labels.copy()
    with_voids[voids.mask] = SectionClass.VOID
    return with_voids, voids.separability, voids.note


def _with_openings(
    scene: np.ndarray, labels: np.ndarray, face: np.ndarray, gap: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the labels with what opens upon the electrolyte's face and is no dark core: lit floors and thin gaps.

    `gap` is the row ``(x,)`` from which on a gap line runs above the face; the share of columns where nothing but it
    parts sodium from electrolyte is returned as well.
    """
    from sodalite.segment.void_floors import lit_floors

    top = max(int(gap.min()) - _HALO_ROWS_PX, 0)
    band = slice(top, int(face.max()) + _HALO_ROWS_PX)
    edge, widened = face - top, labels.copy()
    part = widened[band]
    rows = np.arange(len(part))[:, None]
    line = (rows >= gap - top) & (rows < edge)
    opened = line | lit_floors(scene[band], part == SectionClass.VOID, edge)
    part[opened & (part == SectionClass.SODIUM)] = SectionClass.VOID
    above = (part == SectionClass.VOID) & (rows == gap - top - _ABOVE_LINE_PX)
    thin = (face > gap) & (face - gap <= _LINE_PX)
    return widened, float((thin & ~above.any(axis=0)).mean())


def _with_feet(recipe: CrossSection, scene: np.ndarray, labels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the labels with the ends of the voids along both faces of the sodium put right."""
    from sodalite.segment.interface import edge_between_pixels, edge_blur_px
    from sodalite.segment.void_feet import voided_columns, with_fitted_feet

    place = recipe.stack.index("sodium")
    height, width = scene.shape
    faces, blurs_px = [np.full(width, np.nan)] * 2, [EDGE_SIGMA_PX] * 2
    for side, index in ((0, place - 1), (1, place)):
        if index >= 0:
            faces[side] = edge_between_pixels(scene, edges[index].astype(np.float64), reach_px=REFINE_PX)
            up = side == 1
            voided = voided_columns(labels if up else labels[::-1], faces[side] if up else height - faces[side])
            beside = cv2.dilate(voided[None, :].astype(np.uint8), np.ones((1, 2 * _FOOT_PX + 1), np.uint8))[0] > 0
            blurs_px[side] = edge_blur_px(scene, faces[side], ~beside, assumed_px=EDGE_SIGMA_PX)
    return with_fitted_feet(scene, labels, (faces[0], faces[1]), (blurs_px[0], blurs_px[1]))


def _with_gap(recipe: CrossSection, scene: np.ndarray, labels: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the labels of an unplated section with the openings upon the electrolyte: voids of an absent layer.

    Both sides of an interface that has opened own none of the gap: it is where sodium would be.
    """
    from sodalite.segment.voids import find_voids

    upper = labels == LAYER_CLASS[recipe.stack[-2]]
    beyond = np.full(scene.shape[1], np.nan)
    gap = find_voids(
        scene,
        upper,
        (beyond, edges[-1].astype(float)),
        seed_sd=recipe.void_seed_sd,
        grow_sd=recipe.void_grow_sd,
        least_px=recipe.void_min_area_px,
    )
    upon = np.zeros(scene.shape, bool)
    columns = np.arange(scene.shape[1])
    for lift in range(1, _GAP_REACH_PX + 1):
        upon[np.maximum(edges[-1] - lift, 0), columns] = True
    _, parts = cv2.connectedComponents(gap.mask.astype(np.uint8), connectivity=4)
    opened = np.isin(parts, np.setdiff1d(parts[upon & gap.mask], 0))
    closed = upon & cv2.dilate(opened.astype(np.uint8), np.ones((2 * _GAP_REACH_PX + 1, 1), np.uint8)).astype(bool)
    return np.where(opened | closed, np.uint8(SectionClass.VOID), labels)


def _dead_sodium(recipe: CrossSection, scene: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    """Return the labels with sodium-grey objects in the electrolyte, why none were looked for, and doubts about them.

    Objects that reach the sodium layer are sodium; the others are dead sodium.
    """
    from sodalite.segment.sodium_grey import find_dead_sodium

    search = find_dead_sodium(
        scene,
        labels,
        smoothing_px=_DEAD_SMOOTHING_PX,
        edge_sigma_px=EDGE_SIGMA_PX,
        background_px=_DEAD_BACKGROUND_PX,
        min_ecd_px=recipe.dead_sodium_min_ecd_px,
        min_separability=_DEAD_LEAST_SEPARABILITY,
    )
    with_dead = labels.copy()
    with_dead[search.detached] = SectionClass.DEAD_SODIUM
    with_dead[search.rooted] = SectionClass.SODIUM
    return with_dead, (search.reason, search.note)


def _without_halos(scene: np.ndarray, labels: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the labels with the electrolyte's own light below voids given back to it."""
    from sodalite.segment.halos import face_without_halos

    top = max(int(face.min()) - _HALO_ROWS_PX, 0)
    band = slice(top, int(face.max()) + _HALO_ROWS_PX)
    edge = face - top
    lifted = face_without_halos(scene[band], labels[band] == SectionClass.VOID, edge)
    if (lifted == edge).all():
        return labels
    cleared = labels.copy()
    part = cleared[band]
    rows = np.arange(len(part))[:, None]
    part[(rows >= lifted) & (rows < edge) & (part != SectionClass.OUTSIDE)] = SectionClass.ELECTROLYTE
    return cleared


def _check_size(shape: tuple[int, ...], recipe: CrossSection, name: str) -> None:
    height, width = shape
    least = _LEAST_ROWS_A_LAYER * len(recipe.stack)
    if height < least or width < _LEAST_COLUMNS:
        raise SegmentationError(
            f"{name}: {width} x {height} px without data bar for {len(recipe.stack)} layers; "
            f"at least {_LEAST_COLUMNS} x {least} px are needed."
        )


def _anchor_points(recipe: CrossSection, anchors: Mapping[str, Any], height: int) -> list[np.ndarray | None]:
    """Return the anchors of each interface from the collector side, in the orientation of the traced scene."""
    names = _interfaces(recipe)
    points: dict[str, np.ndarray] = {}
    for key, value in anchors.items():
        name = key.replace("|", "/").replace(" ", "")
        reverse = "/".join(reversed(name.split("/")))
        if name not in names and reverse not in names:
            raise SegmentationError(f"anchors: no interface {key!r} in this recipe; interfaces are {', '.join(names)}.")
        array = np.asarray(value, np.float64).reshape(-1, 2).copy()
        if recipe.upside_down:
            array[:, 1] = height - array[:, 1]
        points[name if name in names else reverse] = array
    return [points.get(name) for name in names]
