"""The measurement in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sodalite.result_layers import LayerData, class_name, result_layers
from sodalite import correct_tilt

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sodalite import CrossSection, Image, Result


class Step(NamedTuple):
    """What is being done now, and how much of the whole is done."""

    done: int
    total: int
    text: str


class Measurement(NamedTuple):
    """A result, what it was made of and the layers that show it.

    Attributes
    ----------
    recipe, image
        The image as it was read, before the tilt correction.
    traced
        Classes before any correction by hand.
    """

    recipe: CrossSection
    image: Image | None
    result: Result
    traced: np.ndarray
    layers: list[LayerData]


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
    return Measurement(recipe, image, result, found.labels, result_layers(result))


def remeasure_stages(
    recipe: CrossSection, image: Image, labels: np.ndarray, traced: np.ndarray, anchors: Mapping[str, np.ndarray]
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return the measurement of labels corrected by hand.

    Moved anchors trace the layers again first; strokes of the brush, where `labels` differ from `traced`, stay on top.

    Raises
    ------
    SodaliteError
        As `CrossSection.run`.
    """
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
    result = _with(result, edited=_edits(labels, traced)) if labels.shape == traced.shape else result
    yield Step(total - 1, total, "Preparing the layers")
    return Measurement(recipe, image, result, traced, result_layers(result))


def opened(result: Result, image: Image | None) -> Measurement:
    """Return an earlier result as a measurement; its classes count as traced."""
    from sodalite.recipe import recipe_model

    recipe: Any = recipe_model(result.provenance["kind"]).from_fields(result.provenance["recipe"])
    return Measurement(recipe, image, result, result.labels["labels"], result_layers(result))


def preview(recipe: CrossSection, image: Image, columns: slice) -> tuple[slice, np.ndarray]:
    """Return the columns and their classes ``(y, columns)``: full height, because a stack is traced as a whole."""
    return columns, recipe.segment(image.replace(data=np.ascontiguousarray(image.data[:, columns])))


def _edits(labels: np.ndarray, traced: np.ndarray) -> dict[str, Any]:
    """Return how many pixels were changed by hand, in all and by the class they became."""
    changed = labels[labels != traced]
    into = {class_name(item): int(count) for item, count in zip(*np.unique(changed, return_counts=True), strict=True)}
    return {"pixels": int(changed.size), "fraction": changed.size / labels.size, "into": into}


def _noted(result: Result, anchors: Mapping[str, np.ndarray]) -> Result:
    return _with(result, anchors={name: points.tolist() for name, points in anchors.items()}) if anchors else result


def _with(result: Result, **facts: Any) -> Result:
    return replace(result, provenance={**result.provenance, **facts})
