"""Cross-sections of anode-free sodium cells whose every quantity is known exactly.

>>> phantom = make_section((384, 512), (0.05, 0.05), sodium_um=6.0, void_fraction=0.03, snr=8.0, seed=1)
>>> phantom.truth["thickness_gross_mean"]
6.0

A scene (`sodalite.phantoms.scene.Scene`) is drawn in true um from the seed; faces and objects are polygons, and
the share of each pixel that they cover is computed exactly. `sodalite.phantoms.optics.Optics` then takes the picture.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.classes import LAYER_CLASS, LAYER_NAMES, SectionClass
from sodalite.image import Acquisition, Image, Tilt
from sodalite.phantoms.objects import draw_geometry
from sodalite.phantoms.optics import Optics, take_picture
from sodalite.phantoms.scene import Body, Geometry, Scene
from sodalite.phantoms.shapes import polygon_coverage
from sodalite.phantoms.truth import objects_table, true_quantities

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Optics", "Scene", "SectionPhantom", "make_section"]


@dataclass(frozen=True, slots=True)
class SectionPhantom:
    """A picture and the truth behind it.

    Attributes
    ----------
    image
        What the microscope wrote; its ``spacing_um`` is the header's, so heights of a tilted phantom are foreshortened.
    labels
        ``(y, x)`` uint8, the class that covers most of each pixel; the data bar is 0.
    truth
        Quantity of the glossary -> exact value in the glossary's unit.
    collector_row, electrolyte_row
        ``(x,)`` float64: mean edge row of the two faces in each pixel column; NaN where a face is not in the image.
    objects
        One row an object: kind, class_id, x_um, z_um, area_um2, ecd_um.
    spacing_um
        True size ``(y, x)`` of a pixel on the face: heights corrected for tilt.
    scene, optics
        What was drawn and how it was imaged.
    """

    image: Image
    labels: np.ndarray
    truth: Mapping[str, float]
    collector_row: np.ndarray
    electrolyte_row: np.ndarray
    objects: pd.DataFrame
    spacing_um: tuple[float, float]
    scene: Scene
    optics: Optics

    @property
    def true_image(self) -> Image:
        """The picture with its true pixel heights and the decision in ``meta.tilt``, as after a tilt correction."""
        tilt = Tilt(1 / self.optics.foreshortening, 0.0, "the phantom knows its tilt")
        meta = dataclasses.replace(self.image.meta, tilt=tilt)
        return self.image.replace(spacing_um=self.spacing_um, meta=meta)


def make_section(
    shape: tuple[int, int] = (512, 768),
    spacing_um: tuple[float, float] = (0.05, 0.05),
    *,
    seed: int,
    scene: Scene | None = None,
    optics: Optics | None = None,
    name: str = "phantom",
    **fields: Any,
) -> SectionPhantom:
    """Return a cross-section with exact truth.

    Parameters
    ----------
    shape
        ``(y, x)`` of the picture, the data bar included.
    spacing_um
        Pixel size ``(y, x)`` that the header states; at a tilt the true height of a pixel is larger.
    seed
        Equal seeds give equal scenes, whatever the optics and the pixel size.
    scene, optics
        What is shown and how; defaults of `Scene` and `Optics`.
    name
        Of the image.
    **fields
        Fields of `Scene` or `Optics` that replace those above.

    Raises
    ------
    TypeError
        When a field belongs to neither.
    ValueError
        When the objects asked for do not fit, or a field is out of its range.
    """
    scene, optics = _with_fields(scene or Scene(), optics or Optics(), fields)
    true_um = (spacing_um[0] / optics.foreshortening, spacing_um[1])
    size = (shape[0] - optics.databar_rows, shape[1])
    field_um = (size[1] * true_um[1], size[0] * true_um[0])
    geometry = draw_geometry(scene, width_um=field_um[0], height_um=field_um[1], nodes=2 * size[1] + 1, seed=seed)
    coverage = _coverage(geometry, scene, size, true_um)
    shine = _shine(geometry, size, true_um, optics, seed)
    bar = ((0, optics.databar_rows), (0, 0))
    picture = take_picture(
        {kind: np.pad(share, bar) for kind, share in coverage.items()},
        np.pad(shine, bar),
        optics=optics,
        spacing_um=true_um,
        seed=seed,
    )
    collector, electrolyte = (
        _face_rows(geometry, scene, side, size[0], true_um[0]) for side in ("sodium", "electrolyte")
    )
    return SectionPhantom(
        image=Image(picture, spacing_um, name, _acquisition(optics)),
        labels=np.pad(_labels(coverage), bar),
        truth=true_quantities(geometry, scene, field_um),
        collector_row=collector,
        electrolyte_row=electrolyte,
        objects=objects_table(geometry),
        spacing_um=true_um,
        scene=scene,
        optics=optics,
    )


def _with_fields(scene: Scene, optics: Optics, fields: Mapping[str, Any]) -> tuple[Scene, Optics]:
    of_scene = {field.name for field in dataclasses.fields(Scene)}
    of_optics = {field.name for field in dataclasses.fields(Optics)}
    unknown = set(fields) - of_scene - of_optics
    if unknown:
        raise TypeError(
            f"make_section has no field {', '.join(sorted(unknown))}; see Scene and Optics for those it has."
        )
    scene = dataclasses.replace(scene, **{key: value for key, value in fields.items() if key in of_scene})
    return scene, dataclasses.replace(optics, **{key: value for key, value in fields.items() if key in of_optics})


def _acquisition(optics: Optics) -> Acquisition:
    return Acquisition(
        vendor="phantom",
        pixel_size_source="phantom",
        databar_rows=optics.databar_rows,
        databar_source="phantom" if optics.databar_rows else "none",
        stage_tilt_deg=optics.tilt_deg,
        tilt_correction=False,
        dual_beam=True,
        beam="electron",
    )


def _coverage(
    geometry: Geometry, scene: Scene, size: tuple[int, int], true_um: tuple[float, float]
) -> dict[SectionClass, np.ndarray]:
    """Return class -> ``(y, x)`` exact share of each pixel; the shares of a pixel sum to 1."""
    faces = [geometry.faces[layer] for layer in scene.layers]
    above = [_share_above(geometry.x_um, face, size, true_um) for face in faces] + [np.ones(size)]
    if scene.vacuum_um == 0:
        above[0] = np.zeros(size)
    coverage = {kind: np.zeros(size) for kind in SectionClass}
    coverage[SectionClass.OUTSIDE] = above[0]
    for index, layer in enumerate(scene.layers):
        coverage[LAYER_CLASS[layer]] = np.maximum(above[index + 1] - above[index], 0)
    if "sodium" not in scene.layers and "electrolyte" in scene.layers:
        slot = above[scene.layers.index("electrolyte")] - _share_above(
            geometry.x_um, geometry.faces["sodium"], size, true_um
        )
        coverage[SectionClass.SODIUM] = np.maximum(slot, 0)
        coverage[LAYER_CLASS[scene.layers[-2]]] -= coverage[SectionClass.SODIUM]
    for body in geometry.bodies:
        share = np.minimum(polygon_coverage(body.polygon / true_um[::-1], size), coverage[body.host])
        coverage[body.section_class] = coverage[body.section_class] + share
        coverage[body.host] = coverage[body.host] - share
    return coverage


def _share_above(
    x_um: np.ndarray, face_um: np.ndarray, size: tuple[int, int], true_um: tuple[float, float]
) -> np.ndarray:
    """Return the share of each pixel above a face."""
    top = min(0.0, float(face_um.min())) - true_um[0]
    outline = np.stack([x_um, face_um], axis=1)
    polygon = np.concatenate([outline, [[x_um[-1], top], [x_um[0], top]]])
    return polygon_coverage(polygon / true_um[::-1], size)


def _face_rows(geometry: Geometry, scene: Scene, face: str, rows: int, height_um: float) -> np.ndarray:
    """Return the mean row of a face in each column, from the three places at which the column samples it."""
    present = (
        LAYER_NAMES.index(scene.layers[0]) < LAYER_NAMES.index("sodium") if face == "sodium" else face in scene.layers
    )
    z = geometry.faces[face] / height_um
    row = (z[:-2:2] + 2 * z[1:-1:2] + z[2::2]) / 4
    return np.where(present & (row >= 0) & (row <= rows), row, np.nan)


def _labels(coverage: Mapping[SectionClass, np.ndarray]) -> np.ndarray:
    kinds = list(coverage)
    largest = np.argmax(np.stack([coverage[kind] for kind in kinds]), axis=0)
    return np.array(kinds, np.uint8)[largest]


def _shine(
    geometry: Geometry, size: tuple[int, int], true_um: tuple[float, float], optics: Optics, seed: int
) -> np.ndarray:
    """Return how much of a back wall shows in each pixel: brighter towards the bottom of the voids chosen."""
    shine = np.zeros(size)
    rng = np.random.default_rng([seed, *b"shine"])
    for body in geometry.bodies:
        chosen, level = rng.random() < optics.shine_through, rng.uniform(0.4, 1.0)
        if chosen and body.section_class == SectionClass.VOID:
            shine += level * _back_wall(body, size, true_um)
    return np.clip(shine, 0, 1)


def _back_wall(body: Body, size: tuple[int, int], true_um: tuple[float, float]) -> np.ndarray:
    """Return a ramp from 0.35 at the top of a void to 1 at its bottom, 0 outside it."""
    row = body.polygon[:, 1] / true_um[0]
    ramp = np.clip((np.arange(size[0]) + 0.5 - row.min()) / max(float(np.ptp(row)), 1.0), 0, 1)
    return polygon_coverage(body.polygon / true_um[::-1], size) * (0.35 + 0.65 * ramp)[:, None] ** 1.5
