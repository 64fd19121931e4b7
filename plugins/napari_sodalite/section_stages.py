"""A cross-section in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sodalite.layer_data import KEY, PREVIEW, LayerData
from napari_sodalite.measurements import Measurement, Step, with_edits, with_facts
from napari_sodalite.micrographs import shown_spacing_um
from napari_sodalite.section_layers import class_colors, class_name, section_layers
from napari_sodalite.spatial import spatial
from sodalite import correct_tilt

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sodalite import CrossSection, Image, Result


def run_stages(
    recipe: CrossSection, image: Image, anchors: Mapping[str, np.ndarray]
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return what `CrossSection.run` returns, with its layers.

    Raises
    ------
    SodaliteError
        As `CrossSection.run`.
    """
    from sodalite.pipelines.section_labels import segment_section
    from sodalite.pipelines.section_numbers import measure_section

    yield Step(0, 3, "Tracing layers, voids and dead sodium")
    sample = correct_tilt(image, recipe.tilt_factor)
    found = segment_section(recipe, sample, anchors)
    yield Step(1, 3, "Measuring")
    result = _noted(measure_section(recipe, sample, found.labels, found), anchors)
    yield Step(2, 3, "Preparing the layers")
    return _measurement(recipe, image, result, found.labels)


def remeasure_stages(
    recipe: CrossSection, image: Image, shown: np.ndarray, traced: np.ndarray | None, anchors: Mapping[str, np.ndarray]
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return the measurement of labels corrected by hand.

    Moved anchors trace the layers again first; strokes of the brush, where a layer shows other classes than those
    `traced`, stay on top. Of a layer of the user's nothing was traced.

    Raises
    ------
    SodaliteError
        As `CrossSection.run`.
    """
    labels = np.array(shown)
    traced = labels if traced is None else traced
    total = 3 if anchors else 2
    strokes = labels != traced if labels.shape == traced.shape else np.zeros(labels.shape, bool)
    if anchors:
        yield Step(0, total, "Tracing through the anchors")
        if not strokes.any():
            return (yield from run_stages(recipe, image, anchors))
        traced = recipe.segment(image, anchors)
        labels = np.where(strokes, labels, traced)
    yield Step(total - 2, total, "Measuring the corrected classes")
    result = _noted(recipe.run(image, labels=labels), anchors)
    result = with_edits(result, labels, traced, class_name)
    yield Step(total - 1, total, "Preparing the layers")
    return _measurement(recipe, image, result, traced)


def preview_section(recipe: CrossSection, image: Image, columns: slice) -> LayerData:
    """Return the classes of some columns as a layer: full height, because a stack is traced as a whole."""
    from napari.utils.colormaps import DirectLabelColormap

    labels = recipe.segment(image.replace(data=np.ascontiguousarray(image.data[:, columns])))
    spacing_um = shown_spacing_um(image, recipe.tilt_factor)
    attributes = {
        "name": f"preview, columns {columns.start} to {columns.stop}",
        "translate": (0, columns.start * spacing_um[1]),
        "colormap": DirectLabelColormap(color_dict=class_colors()),
        "opacity": 0.4,
        "metadata": {KEY: {"role": PREVIEW}},
        **spatial(spacing_um),
    }
    return LayerData(labels, attributes, "labels")


def _measurement(recipe: CrossSection, image: Image, result: Result, traced: np.ndarray) -> Measurement:
    scale = {"scale": result.spacing_um[-2:]}
    return Measurement(recipe, image, result, traced, section_layers(result), scale)


def _noted(result: Result, anchors: Mapping[str, np.ndarray]) -> Result:
    if not anchors:
        return result
    return with_facts(result, anchors={name: points.tolist() for name, points in anchors.items()})
