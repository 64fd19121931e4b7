"""The images of a stripping laid upon each other: drift removed, brightness matched, layers traced."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.clean.brightness import Brightness, match_brightness
from sodalite.clean.level_below import level_below
from sodalite.errors import MeasurementError, SodaliteError
from sodalite.measure.stripping import curtain_change_fraction
from sodalite.pipelines.section_labels import databar
from sodalite.read import correct_tilt
from sodalite.segment.interface import edge_between_pixels, face_contrast
from sodalite.segment.layers import trace_layers
from sodalite.segment.pockets import seat_face
from sodalite.track.drift import Drift, find_drift, moved_back, shown_by_all
from sodalite.track.face_drift import face_rise_px

if TYPE_CHECKING:
    from sodalite.image import Image
    from sodalite.image_series import ImageSeries, StepImage
    from sodalite.pipelines.stripping import Stripping

_CLEAR_PX = 10
"""Rows beside a face that are left out of what is compared: its blur, and what opens there."""

_ANCHOR_EVERY_PX = 8
_ANCHOR_REACH_PX = 4.0
_SNAP_PX = 3.0
_CUT_PX = 2.0
_SIZE_TOLERANCE = 0.005
_LEAST_SODIUM_PX = 3.0
"""Thickness of sodium in the first image of a plane from which it is one: where its face to the electrolyte does not
show, both its faces are traced along the collector's, 0.2 px apart, and no void would ever be seen."""

_LEAST_ELECTROLYTE_PX = 30
"""Rows of electrolyte below its face from which a peak of the correlation tells the drift: of 24 and fewer it lay 16 to
150 px off at 20 to 120 standard deviations wherever what is laid over each other did not plainly agree."""

_MOST_SATURATED = 0.2
_STILL = Drift(0.0, 0.0, float("nan"))


class Laid(NamedTuple):
    """One image laid on the first one: collector side up, cut to what all images show.

    Attributes
    ----------
    number, source
        Position in the series, from 0, and the step as it was read; its image is the original.
    data
        ``(y, x)`` float32 grey levels.
    edges
        ``(interface, x)`` rows of the layers' interfaces from the collector side.
    drift, brightness
        What was taken out.
    curtain_fraction
        Change of vertical stripes since the first image of the plane, relative to the grey; NaN for that image.
    plane
        Number of the polished plane, from 0.
    face_contrast
        How clearly the electrolyte's face shows (d').
    electrolyte_change
        By how much the electrolyte's grey at its face has changed, in its contrast to the sodium in the first image;
        taken out. 0 where it hardly has.
    """

    number: int
    source: StepImage
    data: np.ndarray
    edges: np.ndarray
    drift: Drift
    brightness: Brightness
    curtain_fraction: float
    plane: int
    face_contrast: float
    electrolyte_change: float = 0.0


class Failed(NamedTuple):
    """A step that could not be measured: its position and name, the kind of error, and the sentence."""

    number: int
    name: str
    error: str
    message: str


class LaidSeries(NamedTuple):
    """All images that could be laid upon each other, why the others could not, and their common pixel size."""

    name: str
    steps: tuple[Laid, ...]
    failures: tuple[Failed, ...]
    spacing_um: tuple[float, float]
    window: tuple[slice, slice]
    image: Image
    databar_rows: int


class _Plane(NamedTuple):
    """The first image of a polished plane and the faces traced in it."""

    number: int
    data: np.ndarray
    edges: np.ndarray
    contrast: float


def register_steps(recipe: Stripping, sample: ImageSeries) -> LaidSeries:
    """Return the images of a series laid on the first one that can be read.

    Raises
    ------
    SodaliteError
        What is wrong with the first image that fails, when fewer than two can be measured.
    """
    images, failures, errors = _readable(recipe, sample)
    rows = max((databar(image)[0] for _, _, image in images), default=0)
    steps: list[tuple[int, StepImage, np.ndarray, Drift, _Plane]] = []
    planes: list[_Plane] = []
    for number, source, image in images:
        data = _upright(recipe, image, rows)
        if not planes or source.repolished:
            fresh_plane = _first_of_plane(recipe, data, len(planes))
            if (sodium_px := _sodium_px(recipe, fresh_plane.edges)) < _LEAST_SODIUM_PX:
                failures.append(Failed(number, source.name, "MeasurementError", _no_sodium(source.name, sodium_px)))
                continue
            planes.append(fresh_plane)
        plane = planes[-1]
        fresh = plane.data is data
        drift = _STILL if fresh else _drift(recipe, plane, data, number)
        rows_shown = _electrolyte_px(recipe, plane)
        least = recipe.least_drift_significance if rows_shown >= _LEAST_ELECTROLYTE_PX else math.inf
        if not fresh and not drift.is_found(least):
            failures.append(Failed(number, source.name, "MeasurementError", _not_laid(source.name, drift, rows_shown)))
            continue
        steps.append((number, source, data, drift, plane))
    if len(steps) < 2:
        raise errors[0] if errors else MeasurementError(_too_few(sample, failures))
    window = shown_by_all(steps[0][2].shape, [drift for *_, drift, _ in steps])
    if any(part.stop - part.start < 32 for part in window):
        raise MeasurementError(
            f"{sample.name}: the images drift so far that nothing is common to all; lower max_drift_px."
        )
    laid = tuple(_laid(recipe, step, window) for step in steps)
    spacing = images[0][2].spacing_um
    return LaidSeries(
        sample.name, laid, tuple(sorted(failures)), (float(spacing[0]), float(spacing[1])), window, images[0][2], rows
    )


def _readable(
    recipe: Stripping, sample: ImageSeries
) -> tuple[list[tuple[int, StepImage, Image]], list[Failed], list[SodaliteError]]:
    """Return the images with true heights and of one size and scale, and what is wrong with the others."""
    images: list[tuple[int, StepImage, Image]] = []
    failures: list[Failed] = []
    errors: list[SodaliteError] = []
    for number, step in enumerate(sample.steps):
        if step.image is None:
            failures.append(Failed(number, step.name, "ReadError", step.error))
            continue
        try:
            image = correct_tilt(step.image, recipe.tilt_factor)
        except SodaliteError as error:
            errors.append(error)
            failures.append(Failed(number, step.name, type(error).__name__, str(error)))
            continue
        unlike = _unlike(images[0][2], image) if images else ""
        if unlike:
            failures.append(Failed(number, step.name, "MeasurementError", f"{step.name}: {unlike}"))
        else:
            images.append((number, step, image))
    return images, failures, errors


def _unlike(first: Image, image: Image) -> str:
    """Return in which way an image does not fit the first one; nothing where it does."""
    if image.data.ndim != 2:
        return f"{image.data.ndim} axes where a micrograph has 2; name one image a step."
    if image.data.shape != first.data.shape:
        size, wanted = ("{1} x {0} px".format(*each.data.shape) for each in (image, first))
        return f"{size} where the first image has {wanted}; take all steps with the same frame."
    ratio = np.array(image.spacing_um) / np.array(first.spacing_um)
    if (np.abs(ratio - 1) > _SIZE_TOLERANCE).any():
        return (
            f"pixels of {image.spacing_um[-1]:.4g} um where the first image has {first.spacing_um[-1]:.4g} um, "
            "another magnification; leave the step out."
        )
    return ""


def _upright(recipe: Stripping, image: Image, databar_rows: int) -> np.ndarray:
    scene = image.data[: image.data.shape[0] - databar_rows]
    return np.ascontiguousarray(scene[::-1] if recipe.section.upside_down else scene)


def _first_of_plane(recipe: Stripping, data: np.ndarray, number: int) -> _Plane:
    edges = _traced(recipe, data, None)
    place = recipe.section.stack.index("sodium")
    contrast = face_contrast(data, np.rint(edges[place]).astype(np.int64))
    return _Plane(number, data, edges, contrast)


def _sodium_px(recipe: Stripping, edges: np.ndarray) -> float:
    """Return the median thickness of the sodium between traced faces, px."""
    place = recipe.section.stack.index("sodium")
    return float(np.median(edges[place] - (edges[place - 1] if place else 0.0)))


def _no_sodium(name: str, sodium_px: float) -> str:
    return (
        f"{name}: no sodium is told from what lies beside it (a layer of {sodium_px:.1f} px is traced): it is hardly "
        "darker or brighter than the electrolyte, or the image shows other layers than layers names."
    )


def _traced(recipe: Stripping, data: np.ndarray, face: np.ndarray | None) -> np.ndarray:
    """Return the interfaces between the pixels, ``(interface, x)`` float64; with the electrolyte's face held if given.

    The electrolyte stays where it was, so that the upper edge of a void cannot pass for its face.
    """
    stack = recipe.section.stack
    anchors: list[np.ndarray | None] = [None] * (len(stack) - 1)
    if face is not None:
        columns = np.arange(0, data.shape[1], _ANCHOR_EVERY_PX)
        anchors[stack.index("sodium")] = np.column_stack([columns + 0.5, face[columns]])
    edges = trace_layers(
        data,
        layer_count=len(stack),
        stiffness_px=recipe.stiffness_px,
        anchors=anchors,
        reach_px=_ANCHOR_REACH_PX,
    )
    snapped = np.stack([edge_between_pixels(data, edge.astype(np.float64), reach_px=_SNAP_PX) for edge in edges])
    if face is None:
        snapped[stack.index("sodium")] = seat_face(data, snapped[stack.index("sodium")])
    else:
        snapped[stack.index("sodium")] = face
        snapped[: stack.index("sodium")] = np.minimum(snapped[: stack.index("sodium")], face)
    return np.asarray(np.maximum.accumulate(snapped, axis=0))


def _electrolyte(recipe: Stripping, shape: tuple[int, ...], edges: np.ndarray) -> np.ndarray:
    """Return the electrolyte clear of its face, ``(y, x)`` bool."""
    face = edges[recipe.section.stack.index("sodium")]
    return np.asarray(np.arange(shape[0])[:, None] > face + _CLEAR_PX)


def _drift(recipe: Stripping, plane: _Plane, data: np.ndarray, number: int) -> Drift:
    if recipe.max_drift_px == 0:
        return Drift(0.0, 0.0, float("inf"))
    region = _electrolyte(recipe, data.shape, plane.edges)
    found = find_drift(plane.data, data, region, reach_px=recipe.max_drift_px)
    if not found.by_stripes:
        return found
    face = plane.edges[recipe.section.stack.index("sodium")]
    rise_px = face_rise_px(plane.data, data, face, x_px=found.x_px, reach_px=recipe.max_drift_px)
    return found if rise_px is None else found._replace(y_px=rise_px, by_face=True)


def _electrolyte_px(recipe: Stripping, plane: _Plane) -> float:
    """Return the median height of the electrolyte clear of its face, px."""
    return float(np.median(_electrolyte(recipe, plane.data.shape, plane.edges).sum(axis=0)))


def _not_laid(name: str, drift: Drift, rows_shown: float) -> str:
    if rows_shown < _LEAST_ELECTROLYTE_PX:
        return (
            f"{name}: cannot be laid on the first image, which shows {rows_shown:.0f} px of electrolyte clear of its "
            f"face where {_LEAST_ELECTROLYTE_PX} are needed; take images that show more of it, or set max_drift_px=0 "
            "if they are registered."
        )
    return (
        f"{name}: cannot be laid on the first image (correlation peak of {drift.significance:.2g} standard deviations "
        "in the electrolyte); mark the step as repolished, or set max_drift_px=0 if the images are registered."
    )


def _too_few(sample: ImageSeries, failures: list[Failed]) -> str:
    if failures:
        return (
            f"{sample.name}: fewer than two steps can be measured; the first that fails says: {min(failures).message}"
        )
    return f"{sample.name}: {len(sample.steps)} steps are no series; give two or more."


def _laid(
    recipe: Stripping, step: tuple[int, StepImage, np.ndarray, Drift, _Plane], window: tuple[slice, slice]
) -> Laid:
    """Return one image set back, cut and matched in brightness, with its own collector side traced."""
    number, source, data, drift, plane = step
    place = recipe.section.stack.index("sodium")
    first = plane.data[window].astype(np.float32)
    edges = plane.edges[:, window[1]] - window[0].start
    if plane.data is data:
        return Laid(number, source, first, edges, drift, Brightness(1.0, 0.0), np.nan, plane.number, plane.contrast)
    own = moved_back(data, drift.y_px, drift.x_px)[window]
    own_edges = _traced(recipe, own, edges[place])
    electrolyte = _electrolyte(recipe, own.shape, edges)
    regions = [(_far_sodium(own_edges, place, own.shape), _far_sodium(edges, place, own.shape))]
    if place:
        regions.append((_above(own_edges[place - 1], own.shape), _above(edges[place - 1], own.shape)))
    regions.append((electrolyte, electrolyte))
    lit = [not any(_saturated(image, part) for image, part in zip((own, first), pair, strict=True)) for pair in regions]
    brightness = match_brightness(own, first, list(itertools.compress(regions, lit)))
    matched, change = level_below(brightness.applied(own), first, edges[place])
    curtain = curtain_change_fraction(matched, first, electrolyte)
    return Laid(number, source, matched, own_edges, drift, brightness, curtain, plane.number, plane.contrast, change)


def _far_sodium(edges: np.ndarray, place: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the half of the sodium away from the electrolyte, where no void opens: ``(y, x)`` bool."""
    upper = edges[place - 1] if place else np.zeros(shape[1])
    centre = np.arange(shape[0])[:, None] + 0.5
    return np.asarray(
        (centre > upper + _CLEAR_PX) & (centre < np.minimum((upper + edges[place]) / 2, edges[place] - _CLEAR_PX))
    )


def _saturated(image: np.ndarray, region: np.ndarray) -> bool:
    """Return whether a part of an image shows no more than the image's largest grey, which tells no brightness."""
    greys = image[region]
    return greys.size > 0 and float(np.mean(greys >= 0.99 * image.max())) > _MOST_SATURATED


def _above(face: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.arange(shape[0])[:, None] + 1 < face - _CLEAR_PX)
