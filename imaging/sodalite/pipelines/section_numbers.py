"""From classes to numbers: everything that is measured on a labelled cross-section, with its uncertainty budget."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.measure.budget import Components, budget_record, combine
from sodalite.measure.contact import contact_quantities
from sodalite.measure.coverage import coverage_quantities
from sodalite.measure.gaps import gap_quantities
from sodalite.measure.inventory import inventory_quantities
from sodalite.measure.region import layer_region
from sodalite.measure.roughness import roughness_quantities
from sodalite.measure.thickness import net_thickness_um, profile_table, thickness_quantities
from sodalite.measure.voids import void_quantities
from sodalite.pipelines.section_dead import DeadObjects, dead_objects, dead_quantities
from sodalite.pipelines.section_doubts import doubts_of, overruled
from sodalite.pipelines.section_labels import EDGE_SIGMA_PX, SectionLabels
from sodalite.pipelines.section_scene import LAYER, Scene, scene_of
from sodalite.quantity import GLOSSARY, Quantity
from sodalite.read import correct_tilt
from sodalite.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection


_LEAST_THICKNESS_PX = 3.0
_FACE_PX = 1.0
_INVENTORY = ("thickness_gross_mean", "thickness_net_mean", "dead_sodium_equivalent_thickness")
_RESOLVED_ECD_PX = 6.0
_LITTLE = 0.001
_OF_ALL_SODIUM = ("thickness_net_mean", "closure_residual")
_OF_NO_FACE = ("sodium_void_separability", "theoretical_thickness")
_VOID_QUANTITIES = ("void_fraction", "contact_fraction_electrolyte", "contact_fraction_collector", "thickness_net_mean")


def measure_section(
    recipe: CrossSection, image: Image, labels: np.ndarray, found: SectionLabels | None = None
) -> Result:
    """Return every quantity of a labelled micrograph; `found` tells how the labels came about, None when given."""
    image = correct_tilt(image, recipe.tilt_factor)
    scene = scene_of(recipe, image, labels)
    dead = dead_objects(recipe, scene.labels, scene.faces, scene.spacing_um)
    scene = scene._replace(labels=dead.settled(scene.labels))
    rows = scene.rows_of_layer()
    layer = scene.cut_to(rows)
    voids = _voids(layer, recipe.connectivity)
    void_table = _object_table(layer, voids, recipe)
    values = _quantities(recipe, layer, void_table, found)
    in_electrolyte = dead_quantities(
        recipe, scene.labels, dead, scene.electrolyte_row, scene.spacing_um, found.dead_reason if found else ""
    )
    there = _pick(in_electrolyte, "dead_sodium_count").value > 0
    values += [q.with_note(found.dead_note if found and there else "") for q in in_electrolyte]
    components = _components(recipe, image, layer, values, found.line_fraction if found else 0.0)
    combined = combine(values, components)
    combined += inventory_quantities(
        *(_pick(combined, name) for name in _INVENTORY),
        charge_mah_cm2=recipe.charge_mah_cm2,
        plating_efficiency=recipe.plating_efficiency,
        density_g_cm3=recipe.density_g_cm3,
    )
    thickness_um = _pick(combined, "thickness_gross_mean").value
    doubts = doubts_of(recipe, image, labels, thickness_um, found) if found else []
    doubt = "; ".join(doubts)
    beyond = _sodium_beyond(scene, dead)
    combined = [q.with_note(beyond) if q.quantity in _OF_ALL_SODIUM else q for q in combined]
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


def _sodium_beyond(scene: Scene, dead: DeadObjects) -> str:
    """Return how much sodium with a path to the collector the net thickness leaves out; empty where it is little."""
    seen = np.isfinite(scene.electrolyte_row - scene.collector_row)
    beyond_px = dead.beyond_face_px(scene.electrolyte_row)
    if not seen.any() or beyond_px < _LITTLE * np.count_nonzero(scene.labels == SectionClass.SODIUM):
        return ""
    beyond_um = beyond_px * scene.spacing_um[0] / np.count_nonzero(seen)
    return f"leaves out {beyond_um:.3g} um of sodium below the electrolyte's face, in outgrowths or under overhangs"


def _voids(layer: Scene, connectivity: int) -> np.ndarray:
    """Return the numbers of the voids that reach between the faces, without gaps; 0 elsewhere."""
    void = layer.labels == SectionClass.VOID
    count, numbers = cv2.connectedComponents(void.view(np.uint8), connectivity=connectivity)
    inside = np.zeros(count, bool)
    inside[numbers[void & layer_region(void.shape, *layer.faces_in_view)]] = True
    if inside[1:].all():
        return numbers
    inside[0] = False
    return np.where(inside, np.cumsum(inside), 0).astype(np.int32)[numbers]


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
    net_um = net_thickness_um(labels, *in_view, spacing)
    values = [
        *thickness_quantities(labels, *faces, spacing, cutoff_um=cutoff_um),
        *coverage_quantities(net_um, least_thickness_um=_least_thickness_um(recipe, spacing)),
        *roughness_quantities(*faces, spacing, cutoff_um=cutoff_um),
        *void_quantities(
            labels, void_table, *in_view, spacing, resolved_ecd_px=_RESOLVED_ECD_PX, site_selected=recipe.site_selected
        ),
        *_contact(scene, recipe.contact_distance_px * max(spacing)),
        *gap_quantities(labels, *in_view, spacing, edge_sigma_px=EDGE_SIGMA_PX),
        _separability(found),
    ]
    if not found:
        return values
    values = [q.with_note(found.void_note) if q.quantity in _VOID_QUANTITIES else q for q in values]
    if not found.line_fraction:
        return values
    line = f"{found.line_fraction:.2g} of the face are dark lines, counted as gaps too thin to show their floor"
    return [q.with_note(line) if q.quantity == "contact_fraction_electrolyte" else q for q in values]


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


def _components(
    recipe: CrossSection, image: Image, scene: Scene, values: list[Quantity], line_fraction: float
) -> Components:
    tilt = image.meta.tilt
    return Components(
        scale_relative_sd=recipe.scale_uncertainty_percent / 100,
        tilt_relative_sd=tilt.relative_uncertainty if tilt else 0.0,
        face_um=_FACE_PX * scene.spacing_um[0],
        sweep=_outline_sweep(scene, values) | _line_sweep(values, line_fraction),
    )


def _line_sweep(values: list[Quantity], line_fraction: float) -> dict[str, tuple[float, float]]:
    """Return the contact with the electrolyte with dark lines along the face as gaps, and as shades of its edge."""
    here = _pick(values, "contact_fraction_electrolyte").value
    return {"contact_fraction_electrolyte": (here, min(here + line_fraction, 1.0))} if line_fraction else {}


def _outline_sweep(scene: Scene, values: list[Quantity]) -> dict[str, tuple[float, float]]:
    """Return the void fraction with the outlines of all voids half a pixel inwards and outwards.

    One pixel up and down moves an outline by as much as the threshold would over the width of a sharp edge; half of
    the change of area that a whole pixel makes stands for half a pixel.
    """
    void = (scene.labels == SectionClass.VOID).astype(np.uint8)
    area = np.count_nonzero(any_of(scene.labels, LAYER))
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
        "line_fraction": found.line_fraction,
        "destriped_for_tracing": recipe.destripe,
    }  # fmt: skip
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "tilt": tilt,
        "acquisition": meta,
        "segmentation": how,
        "warnings": [*(f"{doubt}." for doubt in doubts), *overruled(image)],
    }
