"""From classes to numbers: everything that is measured on a labelled cross-section, with its uncertainty budget."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from sodalite.classes import LAYER_CLASS, SectionClass, any_of
from sodalite.measure.budget import Components, budget_record, combine
from sodalite.measure.contact import contact_quantities
from sodalite.measure.coverage import coverage_quantities
from sodalite.measure.gaps import gap_quantities
from sodalite.measure.inventory import inventory_quantities
from sodalite.measure.roughness import roughness_quantities
from sodalite.measure.thickness import gross_thickness_um, profile_table, thickness_quantities
from sodalite.measure.voids import void_quantities
from sodalite.pipelines.section_dead import dead_objects, dead_quantities
from sodalite.pipelines.section_labels import EDGE_SIGMA_PX, REFINE_PX, SectionLabels
from sodalite.quantity import CHECK_OVERLAY, GLOSSARY, Quantity
from sodalite.read import correct_tilt
from sodalite.result import Result
from sodalite.segment.interface import edge_between_pixels, sodium_faces

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection


_BEYOND_PX = 2.0
"""How far beyond the frame a cut face is put: too far for a void to touch it."""

_AROUND_PX = 4
"""Rows kept around what is measured, so that what touches the edge of the cut touches the frame of the image."""

_LAYER = (SectionClass.SODIUM, SectionClass.VOID)
_LEAST_THICKNESS_PX = 3.0
_FACE_PX = 1.0
_INVENTORY = ("thickness_gross_mean", "thickness_net_mean", "dead_sodium_equivalent_thickness")
_RESOLVED_ECD_PX = 6.0
_LEAST_FACE_CONTRAST = 1.0
"""d' of a face below which its numbers carry a note: lines through noise reach 0.5, real faces begin there."""

_FILM_PX = 6
"""Median thickness below which a layer between two others is no more than the blur of their edge: where a layer named
was not told from its neighbour, another passed for it and the sodium for such a film."""

_THIN_PX = 12
"""Thickness of sodium beside a layer without any grey below which it may be the blur of that layer's edge alone: in a
stack whose collector and sodium were both white, their edge to the electrolyte was found as a film of 7 px."""

_OF_NO_FACE = ("sodium_void_separability", "theoretical_thickness")
_VOID_QUANTITIES = ("void_fraction", "contact_fraction_electrolyte", "contact_fraction_collector", "thickness_net_mean")


class Scene(NamedTuple):
    """A labelled section as it is measured: collector side up, without the data bar.

    Attributes
    ----------
    labels
        ``(y, x)`` class ids.
    spacing_um
        True pixel size (y, x).
    collector_row, electrolyte_row
        ``(x,)`` faces of the sodium layer between the pixels.
    top_um
        Height of the first row below the top of the whole section.
    """

    labels: np.ndarray
    spacing_um: tuple[float, float]
    collector_row: np.ndarray
    electrolyte_row: np.ndarray
    top_um: float = 0.0

    @property
    def faces(self) -> tuple[np.ndarray, np.ndarray]:
        """Both faces, NaN where one is not in the image."""
        return self.collector_row, self.electrolyte_row

    @property
    def faces_in_view(self) -> tuple[np.ndarray, np.ndarray]:
        """Both faces, and beyond the frame where it cuts the layer: what they enclose is the layer that is seen."""
        height = self.labels.shape[0]
        upper, lower = self.faces
        cut_above = np.isnan(upper) & np.isin(self.labels[0], _LAYER)
        cut_below = np.isnan(lower) & np.isin(self.labels[-1], _LAYER)
        return np.where(cut_above, -_BEYOND_PX, upper), np.where(cut_below, height + _BEYOND_PX, lower)

    def rows_of_layer(self) -> slice:
        """Return the rows that hold sodium, voids or a face, and some around them, from an even row on.

        Objects are numbered by pairs of rows: so they get the numbers that they have in the whole image.
        """
        held = np.flatnonzero(any_of(self.labels, _LAYER).any(axis=1))
        rows = np.concatenate([held[:1], held[-1:], *(face[np.isfinite(face)] for face in self.faces)])
        if not rows.size:
            return slice(0, self.labels.shape[0])
        return slice(max(int(rows.min()) - _AROUND_PX, 0) // 2 * 2, int(rows.max()) + 1 + _AROUND_PX)

    def cut_to(self, rows: slice) -> Scene:
        """Return these rows alone; what lies within them is measured as in the whole."""
        return self._replace(
            labels=self.labels[rows],
            collector_row=self.collector_row - rows.start,
            electrolyte_row=self.electrolyte_row - rows.start,
            top_um=self.top_um + rows.start * self.spacing_um[0],
        )


def measure_section(
    recipe: CrossSection, image: Image, labels: np.ndarray, found: SectionLabels | None = None
) -> Result:
    """Return every quantity of a labelled micrograph; `found` tells how the labels came about, None when given."""
    image = correct_tilt(image, recipe.tilt_factor)
    scene = _scene(recipe, image, labels)
    rows = scene.rows_of_layer()
    layer = scene.cut_to(rows)
    voids = _objects(layer.labels == SectionClass.VOID, recipe.connectivity)
    void_table = _object_table(layer, voids, recipe)
    dead = dead_objects(recipe, scene.labels, scene.faces, scene.spacing_um)
    values = _quantities(recipe, layer, void_table, found)
    in_electrolyte = dead_quantities(
        recipe, scene.labels, dead, scene.electrolyte_row, scene.spacing_um, found.dead_reason if found else ""
    )
    values += [q.with_note(found.dead_note if found else "") for q in in_electrolyte]
    components = _components(recipe, image, layer, values)
    combined = combine(values, components)
    combined += inventory_quantities(
        *(_pick(combined, name) for name in _INVENTORY),
        charge_mah_cm2=recipe.charge_mah_cm2,
        plating_efficiency=recipe.plating_efficiency,
        density_g_cm3=recipe.density_g_cm3,
    )
    doubts = _doubts(recipe, image, labels, combined, found) if found else []
    doubt = "; ".join(doubts)
    combined = [q if q.quantity in _OF_NO_FACE else q.with_note(doubt) for q in combined]
    height_um = scene.labels.shape[0] * scene.spacing_um[0]
    tables = _tables(recipe, layer, void_table, dead.table, height_um)
    provenance = _provenance(recipe, image, found, doubts) | {"uncertainty_budget": budget_record(values, components)}
    return Result(
        values=tuple(sorted(combined, key=_glossary_place)),
        tables=tables,
        labels=_label_images(recipe, labels, {"voids": (voids, rows), "dead_sodium": (dead.objects, dead.rows)}),
        spacing_um=image.spacing_um,
        provenance=provenance,
        name=image.name,
    )


def _glossary_place(quantity: Quantity) -> int:
    return list(GLOSSARY).index(quantity.quantity)


def _scene(recipe: CrossSection, image: Image, labels: np.ndarray) -> Scene:
    data = image.data
    if recipe.upside_down:
        data, labels = data[::-1], labels[::-1]
    faces = [edge_between_pixels(data, rows, reach_px=REFINE_PX) for rows in sodium_faces(labels)]
    collector = np.minimum(faces[0], np.where(np.isfinite(faces[1]), faces[1], np.inf))
    spacing = (float(image.spacing_um[0]), float(image.spacing_um[1]))
    return Scene(np.ascontiguousarray(labels), spacing, collector, faces[1])


def _objects(mask: np.ndarray, connectivity: int) -> np.ndarray:
    return cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)[1]


def _object_table(scene: Scene, objects: np.ndarray, recipe: CrossSection) -> pd.DataFrame:
    from sodalite.measure.objects import object_table

    return object_table(
        objects,
        scene.spacing_um,
        collector_row=scene.collector_row,
        electrolyte_row=scene.electrolyte_row,
        contact_um=recipe.contact_distance_px * max(scene.spacing_um),
    )


def _quantities(
    recipe: CrossSection, scene: Scene, void_table: pd.DataFrame, found: SectionLabels | None
) -> list[Quantity]:
    """Return all quantities of the layer with their sampling intervals alone."""
    labels, spacing, faces, in_view = scene.labels, scene.spacing_um, scene.faces, scene.faces_in_view
    cutoff_um = recipe.roughness_cutoff_um or labels.shape[1] * spacing[1]
    gross_um = gross_thickness_um(*in_view, spacing)
    values = [
        *thickness_quantities(labels, *faces, spacing, cutoff_um=cutoff_um),
        *coverage_quantities(gross_um, least_thickness_um=_least_thickness_um(recipe, spacing)),
        *roughness_quantities(*faces, spacing, cutoff_um=cutoff_um),
        *void_quantities(
            labels, void_table, *in_view, spacing, resolved_ecd_px=_RESOLVED_ECD_PX, site_selected=recipe.site_selected
        ),
        *_contact(scene, recipe.contact_distance_px * max(spacing)),
        *gap_quantities(labels, *in_view, spacing, edge_sigma_px=EDGE_SIGMA_PX),
        _separability(found),
    ]
    voids = found.void_note if found else ""
    return [q.with_note(voids) if q.quantity in _VOID_QUANTITIES else q for q in values]


def _contact(scene: Scene, distance_um: float) -> list[Quantity]:
    """Return the contact of each face where it is in the image, whether or not the frame cuts the other one."""
    (upper, lower), (seen_upper, seen_lower) = scene.faces, scene.faces_in_view
    to_electrolyte = contact_quantities(
        scene.labels, seen_upper, lower, scene.spacing_um, contact_distance_um=distance_um
    )
    to_collector = contact_quantities(
        scene.labels, upper, seen_lower, scene.spacing_um, contact_distance_um=distance_um
    )
    collector = _pick(to_collector, "contact_fraction_collector")
    return [collector if q.quantity == collector.quantity else q for q in to_electrolyte]


def _least_thickness_um(recipe: CrossSection, spacing_um: tuple[float, float]) -> float:
    if recipe.least_thickness_um is not None:
        return recipe.least_thickness_um
    from sodalite.measure.capacity import theoretical_thickness_um

    theory_um = (
        theoretical_thickness_um(
            recipe.charge_mah_cm2, plating_efficiency=recipe.plating_efficiency, density_g_cm3=recipe.density_g_cm3
        )
        if recipe.charge_mah_cm2
        else 0.0
    )
    return max(_LEAST_THICKNESS_PX * spacing_um[0], 0.1 * theory_um)


def _separability(found: SectionLabels | None) -> Quantity:
    if found is None:
        return Quantity.withheld("sodium_void_separability", "the labels were given, not found in the greys")
    if math.isnan(found.void_separability):
        return Quantity.withheld("sodium_void_separability", "no void population found")
    return Quantity("sodium_void_separability", found.void_separability, n=1)


def _doubts(
    recipe: CrossSection, image: Image, labels: np.ndarray, values: list[Quantity], found: SectionLabels
) -> list[str]:
    """Return why the faces of the sodium may not be where they were found; nothing where all show well."""
    faint = [
        f"{name} (d' = {contrast:.2g})"
        for name, contrast in found.face_contrast.items()
        if ("sodium" in name or len(found.face_contrast) == 1) and contrast < _LEAST_FACE_CONTRAST
    ]
    doubts = [f"the greys hardly differ at {' and '.join(faint)}: {CHECK_OVERLAY}"] if faint else []
    missing = _missing(recipe, labels)
    if missing:
        doubts.append(
            f"no {' and no '.join(missing)} of {_FILM_PX} px or more in half of the width or more: {CHECK_OVERLAY}"
        )
    thin = _pick(values, "thickness_gross_mean").value < _THIN_PX * image.spacing_um[0]
    white = [name for name in _neighbours(recipe) if thin and _is_white(image.data, labels == LAYER_CLASS[name])]
    if white:
        doubts.append(
            f"most of the {' and the '.join(white)} has the largest grey level there is, so that sodium as white as it "
            f"is not told from it and the film found may be the blur of its edge: {CHECK_OVERLAY}"
        )
    return doubts


def _missing(recipe: CrossSection, labels: np.ndarray) -> list[str]:
    """Return the layers between others that are thinner than the blur of an edge where they should be.

    Sodium between two layers alone is left out: on a bare collector it may cover a part of the width.
    """
    inner = recipe.stack[1:-1] if len(recipe.stack) > 3 else ()
    parts = ((name, (_LAYER if name == "sodium" else (LAYER_CLASS[name],))) for name in inner)
    return [name for name, classes in parts if np.median(any_of(labels, classes).sum(axis=0)) < _FILM_PX]


def _neighbours(recipe: CrossSection) -> list[str]:
    """Return the layers that touch the sodium."""
    place = recipe.stack.index("sodium") if "sodium" in recipe.stack else -2
    return [name for at, name in enumerate(recipe.stack) if abs(at - place) == 1]


def _is_white(data: np.ndarray, mask: np.ndarray) -> bool:
    """Return whether most of the pixels have the largest grey level that their type holds."""
    if not np.issubdtype(data.dtype, np.integer) or not mask.any():
        return False
    return bool((data[mask] == np.iinfo(data.dtype).max).mean() > 0.5)


def _components(recipe: CrossSection, image: Image, scene: Scene, values: list[Quantity]) -> Components:
    tilt = image.meta.tilt
    return Components(
        scale_relative_sd=recipe.scale_uncertainty_percent / 100,
        tilt_relative_sd=tilt.relative_uncertainty if tilt else 0.0,
        face_um=_FACE_PX * scene.spacing_um[0],
        sweep=_outline_sweep(scene, values),
    )


def _outline_sweep(scene: Scene, values: list[Quantity]) -> dict[str, tuple[float, float]]:
    """Return the void fraction with the outlines of all voids half a pixel inwards and outwards.

    One pixel up and down moves an outline by as much as the threshold would over the width of a sharp edge; half of
    the change of area that a whole pixel makes stands for half a pixel.
    """
    void = (scene.labels == SectionClass.VOID).astype(np.uint8)
    area = np.count_nonzero(any_of(scene.labels, _LAYER))
    if not void.any() or not area:
        return {}
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    here = _pick(values, "void_fraction").value
    less = (int(void.sum()) - int(cv2.erode(void, cross).sum())) / 2 / area
    more = (int(cv2.dilate(void, cross).sum()) - int(void.sum())) / 2 / area
    return {"void_fraction": (max(here - less, 0.0), min(here + more, 1.0))}


def _tables(
    recipe: CrossSection, layer: Scene, void_table: pd.DataFrame, dead_table: pd.DataFrame, height_um: float
) -> dict[str, pd.DataFrame]:
    """Return the tables with heights counted from the top of the image as it was read."""
    profile = profile_table(layer.labels, *layer.faces, layer.spacing_um)
    tables = {"profile": profile, "voids": void_table, "dead_sodium": dead_table}
    tops_um = {"profile": layer.top_um, "voids": layer.top_um, "dead_sodium": 0.0}
    turned = {}
    for name, table in tables.items():
        heights = [column for column in table.columns if column == "z_um" or column.endswith("_z_um")]
        z_um = table[heights] + tops_um[name]
        turned[name] = table.assign(**dict(height_um - z_um if recipe.upside_down else z_um))
    return turned


def _label_images(
    recipe: CrossSection, labels: np.ndarray, objects: Mapping[str, tuple[np.ndarray, slice]]
) -> dict[str, np.ndarray]:
    """Return the classes, and the numbers of objects in as few bits as they need, each given with its rows."""
    turn = slice(None, None, -1) if recipe.upside_down else slice(None)
    images = {"labels": labels}
    for name, (numbers, rows) in objects.items():
        images[name] = np.zeros(labels.shape, np.min_scalar_type(int(numbers.max(initial=0))))
        images[name][turn][rows] = numbers
    return images


def _pick(values: list[Quantity], name: str) -> Quantity:
    return next(quantity for quantity in values if quantity.quantity == name)


def _overruled(image: Image) -> list[str]:
    """Return a sentence where the pixel size that was told is not that of the file."""
    own = image.meta.overruled_um
    if own is None:
        return []
    return [f"the pixel size told is used, though the file gives {own[1]:.5g} um along x and {own[0]:.5g} um along y."]


def _provenance(recipe: CrossSection, image: Image, found: SectionLabels | None, doubts: list[str]) -> dict[str, Any]:
    meta = dataclasses.asdict(image.meta)
    meta.pop("header", None)
    tilt = meta.pop("tilt")
    how = {"labels": "given"} if found is None else {
        "labels": "found",
        "databar_rows": found.databar_rows,
        "databar_source": found.databar_source,
        "face_contrast": dict(found.face_contrast),
        "void_separability": found.void_separability,
        "void_note": found.void_note,
        "dead_sodium_reason": found.dead_reason,
        "dead_sodium_note": found.dead_note,
        "destriped_for_tracing": recipe.destripe,
    }  # fmt: skip
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "tilt": tilt,
        "acquisition": meta,
        "segmentation": how,
        "warnings": [*(f"{doubt}." for doubt in doubts), *_overruled(image)],
    }
