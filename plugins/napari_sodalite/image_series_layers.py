"""A series of micrographs or frames as napari layers: a slider over its steps, the classes of each, its voids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.layer_data import (
    KEY,
    KeyEntry,
    LayerData,
    colored,
    compact,
    layer_attributes,
    selected_colors,
    with_background,
)
from napari_sodalite.section_layers import class_colors, class_name
from napari_sodalite.series_layers import centres_um
from napari_sodalite.series_rasters import series_place
from sodalite.classes import SectionClass

if TYPE_CHECKING:
    import pandas as pd

    from sodalite import Result
    from sodalite.image_series import ImageSeries

STEP_CLASSES, OPENINGS, TIPS = "step classes", "opening voids", "protrusions"
_CLASS_OPACITY = 0.35
_PROTRUSION, _DENDRITE = "#ffe146", "#ff463c"
TIP_KEY = (KeyEntry(_PROTRUSION, "protrusion (largest filled)", "○"), KeyEntry(_DENDRITE, "dendrite-like", "○"))
"""What the marks at a front mean."""
_TIP_SHARE, _LARGEST = 1 / 60, 1.7
"""Size of a tip's mark over the larger side of an image, and how much larger that of the largest protrusion is."""


def series_layer(series: ImageSeries, **known: Any) -> LayerData:
    """Return the images of a series as they were taken, one a step; black where one cannot be shown.

    Raises
    ------
    ReadError
        When none can be read.
    """
    from sodalite import ReadError

    if not series.read:
        raise ReadError(series.steps[0].error)
    first = series.read[0].image
    assert first is not None
    stack = np.zeros((len(series.steps), *first.data.shape), first.data.dtype)
    for number, step in enumerate(series.steps):
        if step.image is not None and step.image.data.shape == first.data.shape:
            stack[number] = step.image.data
    attributes = {"name": series.name, "metadata": {KEY: {"sample": series, **known}}}
    return LayerData(stack, {**attributes, **series_place(first.spacing_um[-2:], (0.0, 0.0))}, "image")


def laid_images(result: Result, series: ImageSeries) -> dict[str, Any]:
    """Return data and place of a series' layer: its images as they were measured, laid upon the first one.

    Raises
    ------
    MeasurementError
        When the result is not of these images.
    """
    from sodalite.pipelines.image_series_pictures import laid_pictures

    places = range(len(result.provenance["steps"]))
    laid = [picture.data for picture in laid_pictures(result, series, list(places))]
    kind = next(step.image.data.dtype for step in series.steps if step.image is not None)
    limits = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "ui" else (-np.inf, np.inf)
    stack = np.stack([np.clip(image, *limits).astype(kind) for image in laid])
    data = _at_their_steps(stack, _numbers(result), len(series.steps))
    return {"data": data, "scale": (1.0, *map(float, result.spacing_um[-2:]))}


def image_series_layers(result: Result) -> list[LayerData]:
    """Return the classes of each step, and the tracks of opening voids or the tips of a front's protrusions."""
    return [_classes(result), _openings(result) if "voids" in result.labels else _tips(result)]


def _numbers(result: Result) -> list[int]:
    """Return the number in the series of each step that was measured."""
    return [record["step"] for record in result.provenance["steps"]]


def _at_their_steps(stack: np.ndarray, numbers: list[int], count: int) -> np.ndarray:
    """Return images with one a step of the series, 0 where it was not measured."""
    whole = np.zeros((max(count, max(numbers) + 1), *stack.shape[1:]), stack.dtype)
    whole[numbers] = stack
    return whole


def _shown(result: Result, name: str) -> np.ndarray:
    count = len(result.provenance["steps"]) + len(result.provenance["failed_steps"])
    return _at_their_steps(result.labels[name], _numbers(result), count)


def _place(result: Result) -> dict[str, Any]:
    return series_place(result.spacing_um[-2:], (0.0, 0.0))


def _classes(result: Result) -> LayerData:
    import pandas as pd

    labels = _shown(result, "labels")
    features = pd.DataFrame({"class": [class_name(item) for item in SectionClass]})
    known = {"measured": labels, "steps": _numbers(result)}
    look = {"colormap": colored(class_colors(), labels), "opacity": _CLASS_OPACITY}
    attributes = layer_attributes(result, STEP_CLASSES, known, features=features, **_place(result), **look)
    return LayerData(labels, attributes, "labels")


def _openings(result: Result) -> LayerData:
    labels, table = compact(_shown(result, "voids")), _tracks(result.tables["tracks"])
    count = int(max(labels.max(initial=0), table["label"].max() if len(table) else 0))
    shade, place = class_colors()[SectionClass.VOID], _place(result)
    known = {"shade": shade, "centres_um": centres_um(labels, place, count)}
    look = {"colormap": colored(selected_colors(shade, 0), labels), "opacity": 0.9}
    features = with_background(table, count)
    return LayerData(labels, layer_attributes(result, OPENINGS, known, features=features, **place, **look), "labels")


def _tips(result: Result) -> LayerData:
    """Return a mark at the tip of each protrusion in its frame: a ring, a larger disc at the largest of the frame."""
    import pandas as pd

    from sodalite.pipelines.front_tips import Tip, front_tips

    found = [(number, tip) for place, number in enumerate(_numbers(result)) for tip in front_tips(result, place)]
    points = np.array([(number, tip.y_px - 0.5, tip.x_px - 0.5) for number, tip in found], float).reshape(-1, 3)
    features = pd.DataFrame([tip for _, tip in found], columns=Tip._fields).drop(columns=["y_px", "x_px", "outward"])
    features.insert(0, "step", [number for number, _ in found])
    rings = [_DENDRITE if tip.dendrite_like else _PROTRUSION for _, tip in found]
    faces = [ring + "80" if tip.largest else "transparent" for ring, (_, tip) in zip(rings, found, strict=True)]
    size_px = _TIP_SHARE * max(result.labels["labels"].shape[1:])
    sizes = [_LARGEST * size_px if tip.largest else size_px for _, tip in found]
    looks: dict[str, Any] = {
        "border_color": rings or "white",
        "face_color": faces or "transparent",
        "border_width": 0.2,
        "ndim": 3,
    }
    attributes = layer_attributes(result, TIPS, features=features, size=sizes or size_px, **looks, **_place(result))
    return LayerData(points, attributes, "points")


def _tracks(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a void: its first and last step, its first, last and largest area, and what it touches."""
    table = (
        rows.sort_values(["track", "step"])
        .groupby("track")
        .agg(
            first_step=("step", "first"), last_step=("step", "last"), first_area_um2=("area_um2", "first"),
            last_area_um2=("area_um2", "last"), largest_area_um2=("area_um2", "max"), touches=("touches", "last"),
        )
    )  # fmt: skip
    return table.reset_index().rename(columns={"track": "label"})


def read_series_layer(kind: str, fields: dict[str, Any], path: str, pixel_size_um: float | None) -> LayerData:
    """Return the layer of a folder, stack or film, read as a recipe of this kind reads it.

    A film or stack without a pixel size comes in pixels, and the layer keeps why.

    Raises
    ------
    ReadError
        When it holds no series, or none of its images can be read.
    """
    from sodalite import CalibrationError
    from sodalite.recipe import recipe_model

    recipe, known = recipe_model(kind).from_fields(fields), {"path": path, "pixel_size_um": pixel_size_um}
    try:
        layer = series_layer(recipe.read(path, pixel_size_um=pixel_size_um), **known)
    except CalibrationError as error:
        # any size serves to get the pixels; what the layer keeps is that none is known
        layer = series_layer(recipe.read(path, pixel_size_um=1.0), problem=str(error), **known)
        layer = layer._replace(attributes={"metadata": layer.attributes["metadata"]})
    return layer._replace(attributes={**layer.attributes, "name": Path(path).name})
