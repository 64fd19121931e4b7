"""From laid images to numbers: voids of every step, their tracks, and what stripping did to the interface."""

from __future__ import annotations

import importlib.metadata
import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from sodalite.classes import LAYER_CLASS, SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure.contact import contact_quantities
from sodalite.measure.stripping import (
    Measured,
    opening_um,
    void_area_um2,
    void_capacity_ratio,
    void_grey_of,
    void_zone_depth_um,
)
from sodalite.measure.void_cover import VoidCover, void_cover
from sodalite.pipelines.stripping_tables import (
    StepNumbers,
    events_table,
    openings_table,
    steps_table,
    stripping_quantities,
    tracks_table,
)
from sodalite.quantity import CHECK_OVERLAY, Quantity, counted
from sodalite.result import Result
from sodalite.segment.climbs import find_climbs, without_climbs
from sodalite.segment.interface import sodium_faces
from sodalite.segment.layers import layer_of
from sodalite.segment.opening import Openings, find_openings
from sodalite.segment.undisturbed import undisturbed
from sodalite.track.openings import track_openings

if TYPE_CHECKING:
    from sodalite.pipelines.stripping import Stripping
    from sodalite.pipelines.stripping_steps import Laid, LaidSeries

_BEYOND_PX = 2.0
_UNKNOWN = Measured(math.nan, math.nan, math.nan, "no charges and no times with a current are known")


class StepVoids(NamedTuple):
    """Classes of one step, its voids numbered, its faces, and how the voids were found (None when given).

    `lowered` is the face as it would be if the climbs that nothing in the series settles were bright grains; None
    where there are none.
    """

    labels: np.ndarray
    objects: np.ndarray
    upper: np.ndarray
    face: np.ndarray
    found: Openings | None
    lowered: np.ndarray | None = None


def measure_stripping(recipe: Stripping, series: LaidSeries, labels: np.ndarray | None) -> Result:
    """Return every quantity of a stripping, its tables and its label stacks in the frame of the first image.

    Raises
    ------
    MeasurementError
        When given labels have another shape than the registered images.
    """
    voids = _found(recipe, series) if labels is None else _given(recipe, series, labels)
    breaks = [index > 0 and step.plane != series.steps[index - 1].plane for index, step in enumerate(series.steps)]
    standing = [each.found.standing for each in voids if each.found is not None]
    tracks = track_openings([each.objects for each in voids], breaks=breaks, standing=standing or None)
    stripped = stripped_charges(recipe, series)
    covers = _covers(series, voids)
    numbers = _numbers(recipe, series, voids, covers, stripped)
    turn = slice(None, None, -1) if recipe.section.upside_down else slice(None)
    stack = np.stack([each.labels[turn] for each in voids])
    numbered = np.stack([
        track.astype(np.uint16)[each.objects[turn]] for each, track in zip(voids, tracks.numbers, strict=True)
    ])  # fmt: skip
    tables = {
        "steps": steps_table(series, numbers),
        "tracks": tracks_table(series, voids, tracks),
        "events": events_table(series, tracks),
        "openings": openings_table(series, voids, covers),
    }
    return Result(
        values=tuple(stripping_quantities(recipe, series, numbers, tracks)),
        tables=tables,
        labels={"labels": stack, "voids": numbered},
        spacing_um=series.spacing_um,
        provenance=_provenance(recipe, series, voids),
        name=series.name,
    )


def stripped_charges(recipe: Stripping, series: LaidSeries) -> list[float] | None:
    """Return the charge stripped since the first measured image at each step, mAh cm-2; None where none is known.

    Charges may count what was stripped or what is left: the direction of the whole series decides. Without charges,
    times and the recipe's current give them.
    """
    charges = [step.source.charge_mah_cm2 for step in series.steps]
    if any(charge is None for charge in charges):
        times = [step.source.time_h for step in series.steps]
        if recipe.current_ma_cm2 is None or any(time is None for time in times):
            return None
        charges = [float(time or 0.0) * recipe.current_ma_cm2 for time in times]
    known = np.array(charges, float)
    sign = -1.0 if known[-1] < known[0] else 1.0
    return [float(charge) + 0.0 for charge in sign * (known - known[0])]  # no -0 in the tables


def _found(recipe: Stripping, series: LaidSeries) -> list[StepVoids]:
    """Return the voids of every step, those of one polished plane found together."""
    place = recipe.section.stack.index("sodium")
    ids = np.array([LAYER_CLASS[name] for name in recipe.section.stack], np.uint8)
    found: list[StepVoids] = []
    for plane in _planes(series):
        images = [step.data for step in plane]
        climbs = find_climbs(plane[0].edges[place], images, least_px=recipe.void_min_area_px)
        opened = find_openings(
            images,
            [step.edges[place - 1] if place else np.full(step.edges.shape[1], np.nan) for step in plane],
            without_climbs(plane[0].edges[place], [climb for climb in climbs if climb.refuted]),
            seed_sd=recipe.void_seed_sd,
            grow_sd=recipe.void_grow_sd,
            least_px=recipe.void_min_area_px,
        )
        unsettled = [climb for climb in climbs if not climb.refuted]
        lowered = without_climbs(opened.face, unsettled) if unsettled else None
        for step, voids in zip(plane, opened.steps, strict=True):
            edges = step.edges.copy()
            edges[place] = opened.face
            labels = ids[layer_of(np.rint(edges).astype(np.int64), step.data.shape[0])]
            labels = np.where(voids.mask, np.uint8(SectionClass.VOID), labels)
            upper = edges[place - 1] if place else np.full(opened.face.size, -_BEYOND_PX)
            found.append(StepVoids(labels, _numbered(voids.mask), upper, opened.face, voids, lowered))
    return found


def _planes(series: LaidSeries) -> list[list[Laid]]:
    """Return the steps of each polished plane."""
    return [list(steps) for _, steps in itertools.groupby(series.steps, key=lambda step: step.plane)]


def _given(recipe: Stripping, series: LaidSeries, labels: np.ndarray) -> list[StepVoids]:
    shape = (len(series.steps), *series.steps[0].data.shape)
    if labels.shape != shape:
        raise MeasurementError(
            f"{series.name}: labels of shape {labels.shape} for registered images of {shape}; "
            "correct the labels.tif of an earlier run of this series."
        )
    given = []
    for each in labels:
        classes = np.ascontiguousarray(each[::-1] if recipe.section.upside_down else each).astype(np.uint8)
        upper, face = sodium_faces(classes)
        upper = np.where(np.isnan(upper), -_BEYOND_PX, upper)
        given.append(StepVoids(classes, _numbered(classes == SectionClass.VOID), upper, face, None))
    return given


def _numbered(mask: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1], np.int32)


def _numbers(
    recipe: Stripping,
    series: LaidSeries,
    voids: list[StepVoids],
    covers: list[VoidCover],
    stripped: list[float] | None,
) -> list[StepNumbers]:
    from sodalite.measure.capacity import theoretical_thickness_um

    first = opening_um(covers[0].share, series.spacing_um)
    numbers = []
    for index, (each, cover) in enumerate(zip(voids, covers, strict=True)):
        opening = opening_um(cover.share, series.spacing_um)
        area = _area(recipe, series, each, cover)
        ratio = _UNKNOWN
        if stripped is not None:
            thickness = theoretical_thickness_um(
                max(stripped[index], 0.0), plating_efficiency=1.0, density_g_cm3=recipe.density_g_cm3
            )
            ratio = void_capacity_ratio(opening, first, stripped_um=thickness, area_relative=_relative(area))
            ratio = ratio._replace(note="; ".join(filter(None, (ratio.note, _bright_note(cover)))))
        contact = _contact(recipe, series, each)
        numbers.append(
            StepNumbers(
                stripped=math.nan if stripped is None else stripped[index],
                area=area,
                thickness_um=float(opening.mean()),
                contact=contact["contact_fraction_electrolyte"],
                longest=contact["longest_void_run"],
                depth_um=void_zone_depth_um(each.objects > 0, each.face, series.spacing_um),
                void_count=int(each.objects.max(initial=0)),
                ratio=ratio,
                note=_note(recipe, series.steps[index], each, area.note),
                curtains=_curtain_note(recipe, series.steps[index]),
            )
        )
    return numbers


def _covers(series: LaidSeries, voids: list[StepVoids]) -> list[VoidCover]:
    """Return how much of each pixel voids cover in every step."""
    covers: list[VoidCover] = []
    for plane in _planes(series):
        mine = voids[len(covers) : len(covers) + len(plane)]
        known = [void_grey_of(step.data, each.objects > 0) for step, each in zip(plane, mine, strict=True)]
        grey, _ = max(known, key=lambda each: each[1])
        before = undisturbed(plane[0].data, mine[0].objects > 0, mine[0].face)
        for step, each in zip(plane, mine, strict=True):
            faces = each.upper, each.face
            lit = None if each.found is None else _walls(each.found)
            cover = void_cover(each.objects > 0, step.data, before, faces, void_grey=grey, lit=lit)
            covers.append(cover._replace(share=cover.share.astype(np.float32)))  # half the memory of a long series
    return covers


def _walls(found: Openings) -> np.ndarray:
    return np.zeros(found.mask.shape, bool) if found.lit is None else found.lit


def _area(recipe: Stripping, series: LaidSeries, each: StepVoids, cover: VoidCover) -> Measured:
    """Return the void area with its interval and doubts."""
    scale = recipe.scale_uncertainty_percent / 100
    area = void_area_um2(
        cover.share, series.spacing_um, scale_relative_sd=scale, bright_px=cover.bright_px, band_px=cover.band_px
    )
    notes = [climb_note(series, each), _bright_note(cover), each.found.unsure if each.found is not None else ""]
    return area._replace(note="; ".join(filter(None, notes)))


def _bright_note(cover: VoidCover) -> str:
    """Return how much of the voids is as bright as walls that shine or material that was put there, and beside them."""
    notes, whole = [], max(float(cover.share.sum()), 1.0)
    if cover.bright_px:
        notes.append(
            f"{100 * cover.bright_px / whole:.2g} % of the voids is brighter than their dark parts, lit walls, rims or "
            f"redeposited material counted as void: {CHECK_OVERLAY}"
        )
    if cover.band_px:
        notes.append(
            "a bright band lies around the voids, counted as the edge of the sodium: were it lit walls, voids would be "
            f"up to {100 * cover.band_px / whole:.2g} % larger"
        )
    return "; ".join(notes)


def _relative(area: Measured) -> tuple[float, float]:
    if area.value <= 0:
        return 0.0, 0.0
    return (area.value - area.low) / area.value, (area.high - area.value) / area.value


def _contact(recipe: Stripping, series: LaidSeries, each: StepVoids) -> dict[str, Quantity]:
    """Return the numbers of the contact; where a climb of the face is unsettled their intervals hold both answers."""
    quantities = _contact_along(recipe, series, each.labels, (each.upper, each.face))
    if each.lowered is None:
        return quantities
    rows = np.arange(len(each.labels))[:, None]
    cut_off = (rows < np.rint(each.lowered)) & (each.labels == SectionClass.ELECTROLYTE)
    labels = np.where(cut_off, np.uint8(SectionClass.SODIUM), each.labels)
    other = _contact_along(recipe, series, labels, (each.upper, each.lowered))
    return {name: _either(quantity, other[name], climb_note(series, each)) for name, quantity in quantities.items()}


def _contact_along(
    recipe: Stripping, series: LaidSeries, labels: np.ndarray, faces: tuple[np.ndarray, np.ndarray]
) -> dict[str, Quantity]:
    distance_um = recipe.contact_distance_px * max(series.spacing_um)
    quantities = contact_quantities(labels, *faces, series.spacing_um, contact_distance_um=distance_um)
    return {quantity.quantity: quantity for quantity in quantities}


def _either(quantity: Quantity, other: Quantity, note: str) -> Quantity:
    """Return the quantity with an interval that holds that of another answer too."""
    ends = [each for each in (quantity.low, other.low, quantity.high, other.high, other.value) if math.isfinite(each)]
    low, high = (min(ends), max(ends)) if math.isfinite(quantity.low) and ends else (quantity.low, quantity.high)
    return Quantity(quantity.quantity, quantity.value, low, high, quantity.n, quantity.note).with_note(note)


def climb_note(series: LaidSeries, each: StepVoids) -> str:
    """Return where the face climbs over what may be a grain or the electrolyte; nothing where it does not."""
    if each.lowered is None:
        return ""
    climb = each.lowered - each.face
    columns = np.flatnonzero(climb > 1)
    if not columns.size:
        return ""
    height_um = float(climb.max()) * series.spacing_um[0]
    start, stop = (float(columns[place]) * series.spacing_um[1] for place in (0, -1))
    return (
        f"between x = {start:.3g} and {stop:.3g} um the electrolyte's face rises by up to {height_um:.2g} um, over a "
        f"protrusion or over a bright grain that hides it: the series does not tell which, {CHECK_OVERLAY}"
    )


def _note(recipe: Stripping, step: Laid, each: StepVoids, doubts: str) -> str:
    """Return what is to be said of a step: doubts about its voids, changed curtains, another plane."""
    notes = [doubts]
    if each.found is not None:
        if each.found.note and each.objects.any():
            notes.append(each.found.note)
        if each.found.rejected:
            places = counted(each.found.rejected, "dark place")
            notes.append(f"{places} left out: not darker than before, or not as dark as voids")
    notes.append(_curtain_note(recipe, step))
    if step.source.repolished:
        notes.append("repolished: another plane, voids are not followed from the step before")
    return "; ".join(filter(None, notes))


def _curtain_note(recipe: Stripping, step: Laid) -> str:
    """Return in what an image differs from the first one of its plane, and whether curtains alone lay it."""
    name, notes = step.source.name, []
    if step.drift.by_face:
        notes.append(
            f"vertical stripes alone tell how far {name} drifted to the sides, which those of the camera do not, and "
            f"the electrolyte's face how far up or down: {CHECK_OVERLAY}"
        )
    elif step.drift.by_stripes:
        notes.append(
            f"vertical stripes alone tell the drift of {name}, not how far it went up or down, and stripes of the "
            f"camera do not drift: its voids may be wrong, {CHECK_OVERLAY}"
        )
    if step.electrolyte_change:
        notes.append(
            f"the electrolyte's grey changed by {step.electrolyte_change:.2g} of its contrast to the sodium in {name} "
            f"and was set back: {CHECK_OVERLAY}"
        )
    if step.curtain_fraction > recipe.curtain_limit:
        notes.append(f"curtains changed by {step.curtain_fraction:.2g} of the grey in {name}: {CHECK_OVERLAY}")
    return "; ".join(notes)


def _provenance(recipe: Stripping, series: LaidSeries, voids: list[StepVoids]) -> dict[str, Any]:
    steps = [
        {
            "step": step.number,
            "file": step.source.name,
            "drift_px": [step.drift.y_px, step.drift.x_px],
            "drift_significance": step.drift.significance,
            "gain": step.brightness.gain,
            "offset": step.brightness.offset,
            "curtain_fraction": step.curtain_fraction,
            "void_separability": math.nan if each.found is None else each.found.separability,
            "plane": step.plane,
        }
        for step, each in zip(series.steps, voids, strict=True)
    ]
    tilt = series.image.meta.tilt
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "tilt": None if tilt is None else {
            "factor": tilt.factor, "relative_uncertainty": tilt.relative_uncertainty, "reason": tilt.reason,
        },
        "acquisition": {"pixel_size_source": series.image.meta.pixel_size_source},
        "databar_rows": series.databar_rows,
        "window_px": [[part.start, part.stop] for part in series.window],
        "face_contrast": series.steps[0].face_contrast,
        "labels": "found" if voids[0].found is not None else "given",
        "steps": steps,
        "failed_steps": {name: {"error": error, "message": text} for _, name, error, text in series.failures},
    }  # fmt: skip
