"""A cross-section as napari layers: classes, voids, dead sodium, interfaces and anchors, with tables napari shows."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.interfaces import interface_names, interface_paths, interface_rows, propose_anchors, to_canvas
from napari_sodalite.layer_data import (
    KeyEntry,
    LayerData,
    colored,
    compact,
    layer_attributes,
    selected_colors,
    with_background,
)
from napari_sodalite.spatial import spatial
from sodalite.classes import CLASS_RGB, SectionClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sodalite import CrossSection, Result

CLASSES, VOIDS, DEAD, INTERFACES, ANCHORS = "classes", "voids", "dead sodium", "interfaces", "anchors"
OBJECTS = (VOIDS, DEAD)
"""Roles of layers whose labels are objects, one row a table."""

_TABLES = {VOIDS: "voids", DEAD: "dead_sodium"}
_LINE_RGB = ("#fae632", "#46c8ff", "#ff7ac8", "#ffffff")
_CLASS_OPACITY = 0.35


def section_layers(result: Result) -> list[LayerData]:
    """Return the layers of a cross-section in the order in which they lie over the image."""
    from sodalite.recipe import recipe_model

    recipe: Any = recipe_model(result.provenance["kind"]).from_fields(result.provenance["recipe"])
    layers = [_classes(result), *(_objects(result, role) for role in OBJECTS if _TABLES[role] in result.labels)]
    return [*layers, *_interfaces(result, recipe)]


def class_colors() -> dict[int | None, np.ndarray]:
    """Return class id -> RGBA, the outside transparent."""
    colors: dict[int | None, np.ndarray] = {
        int(item): np.array([*rgb, 255], np.float32) / 255 for item, rgb in CLASS_RGB.items()
    }
    clear = np.zeros(4, np.float32)
    return {**colors, 0: clear, None: clear}


def class_key(items: Iterable[int]) -> list[KeyEntry]:
    """Return what the colours of these classes mean."""
    return [KeyEntry("#{:02x}{:02x}{:02x}".format(*CLASS_RGB[SectionClass(item)]), class_name(item)) for item in items]


def class_name(item: int) -> str:
    """Return how people call a class."""
    return SectionClass(item).name.lower().replace("_", " ")


def _place(result: Result) -> dict[str, Any]:
    return spatial(result.spacing_um[-2:])


def _classes(result: Result) -> LayerData:
    import pandas as pd

    labels = result.labels["labels"]
    pixel_um2 = float(np.prod(result.spacing_um[-2:]))
    features = pd.DataFrame(
        {
            "class": [class_name(item) for item in SectionClass],
            # one by one: numpy's count of all at once copies the image to 64 bits
            "area_um2": [np.count_nonzero(labels == item) * pixel_um2 for item in SectionClass],
        }
    )
    return LayerData(
        labels,
        layer_attributes(
            result,
            CLASSES,
            {"measured": labels},
            **_place(result),
            features=features,
            colormap=colored(class_colors(), labels),
            opacity=_CLASS_OPACITY,
        ),
        "labels",
    )


def _objects(result: Result, role: str) -> LayerData:
    name = _TABLES[role]
    labels, table = compact(result.labels[name]), result.tables[name]
    features = with_background(table, int(max(labels.max(initial=0), table["label"].max() if len(table) else 0)))
    shade, half_um = _shade(role), 0.5 * np.array(result.spacing_um[-2:])
    known = {"shade": shade, "centres_um": features[["z_um", "x_um"]].to_numpy(float) - half_um}
    look = {"colormap": colored(selected_colors(shade, 0), labels), "opacity": 0.9}
    attributes = layer_attributes(result, role, known, features=features, **_place(result), **look)
    return LayerData(labels, attributes, "labels")


def _shade(role: str) -> np.ndarray:
    return class_colors()[SectionClass.VOID if role == VOIDS else SectionClass.DEAD_SODIUM]


@lru_cache(maxsize=1)
def prepare_lines() -> None:
    """Draw lines like ours out of sight and take them away: napari compiles that for seconds, a worker can wait."""
    from napari.layers import Shapes

    layer = Shapes(None, shape_type="path")
    layer.add(interface_paths(np.arange(8) % 3.0), shape_type="path")
    layer.selected_data = set(range(layer.nshapes))
    layer.remove_selected()


def _interfaces(result: Result, recipe: CrossSection) -> Iterator[LayerData]:
    prepare_lines()
    rows = {**interface_rows(result.labels["labels"], recipe.stack, recipe.upside_down), **_measured(result, recipe)}
    colors = dict(zip(rows, _LINE_RGB, strict=False))
    paths = [(name, path) for name, edge in rows.items() for path in interface_paths(edge)]
    width = result.labels["labels"].shape[1]
    attributes = layer_attributes(
        result,
        INTERFACES,
        **_place(result),
        shape_type="path",
        edge_color=[colors[name] for name, _ in paths] or "white",
        edge_width=max(1.0, width / 500),
        face_color="transparent",
        opacity=0.95,
        features={"interface": [name for name, _ in paths]},
    )
    yield LayerData([path for _, path in paths] or None, attributes, "shapes")
    yield _anchors(result, rows, colors)


def _measured(result: Result, recipe: CrossSection) -> dict[str, np.ndarray]:
    """Return the faces of the sodium as they were measured, between pixels and without outgrowths."""
    names = interface_names(recipe.stack)
    pairs = {name: name.split("/") for name in names}
    faces = {"collector": [n for n in names if pairs[n][1] == "sodium"],
             "electrolyte": [n for n in names if pairs[n][0] == "sodium"]}  # fmt: skip
    profile, height_um = result.tables["profile"], result.spacing_um[-2]
    return {
        name: profile[f"{face}_z_um"].to_numpy(float) / height_um for face, found in faces.items() for name in found
    }


def _anchors(result: Result, rows: Mapping[str, np.ndarray], colors: Mapping[str, str]) -> LayerData:
    used = {name: np.asarray(points) for name, points in result.provenance.get("anchors", {}).items()}
    anchors = {name: used.get(name, propose_anchors(edge)) for name, edge in rows.items()}
    names = [name for name, points in anchors.items() for _ in points]
    attributes = layer_attributes(
        result,
        ANCHORS,
        {"proposed": anchors, "used": used},
        **_place(result),
        features={"interface": names},
        face_color=[colors[name] for name in names] or "white",
        border_color="black",
        size=max(4.0, result.labels["labels"].shape[1] / 60),
        canvas_size_limits=(8, 16),
        visible=False,
    )
    points = [to_canvas(points) for points in anchors.values()]
    return LayerData(np.concatenate(points) if points else np.empty((0, 2)), attributes, "points")
