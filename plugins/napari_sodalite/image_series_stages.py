"""A series of images in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.image_series_layers import image_series_layers, laid_images
from napari_sodalite.measurements import Measurement, Step, with_edits
from napari_sodalite.section_layers import class_name

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sodalite import Recipe, Result
    from sodalite.image_series import ImageSeries


def run_stages(recipe: Recipe, series: ImageSeries, known: Mapping[str, Any]) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return what the recipe's `run` returns, with its layers.

    Parameters
    ----------
    series, known
        What a layer shows, and what is known of it: a series that comes from a file is read as the recipe reads it.

    Raises
    ------
    SodaliteError
        As `run` of the recipe.
    """
    sample, result = yield from _measured(recipe, series, known, None, 4)
    yield Step(3, 4, "Preparing the layers")
    return _measurement(recipe, sample, result, result.labels["labels"])


def remeasure_stages(
    recipe: Recipe,
    series: ImageSeries,
    known: Mapping[str, Any],
    shown: np.ndarray,
    steps: list[int] | None,
    traced: np.ndarray | None,
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return the measurement of classes corrected by hand.

    Parameters
    ----------
    shown
        ``(step, y, x)`` classes of all steps.
    steps
        Which of them were measured; None for a layer of the user's, which has those alone.
    traced
        Classes of the measured steps before any correction by hand.

    Raises
    ------
    SodaliteError
        As `run` of the recipe.
    """
    labels = np.array(shown if steps is None else shown[steps])
    traced = labels if steps is None or traced is None else traced
    sample, result = yield from _measured(recipe, series, known, labels, 4)
    result = with_edits(result, labels, traced, class_name)
    yield Step(3, 4, "Preparing the layers")
    return _measurement(recipe, sample, result, traced)


def _measured(
    recipe: Any, series: ImageSeries, known: Mapping[str, Any], labels: np.ndarray | None, total: int
) -> Generator[Step, None, tuple[ImageSeries, Result]]:
    path = known.get("path")
    if path:
        yield Step(0, total, "Reading the images")
        series = recipe.read(path, pixel_size_um=known.get("pixel_size_um"))
        series = replace(series, name=Path(path).name)
    yield Step(1, total, "Laying the images over each other")
    if recipe.kind == "front":
        from sodalite.pipelines.front_frames import lay_frames
        from sodalite.pipelines.front_numbers import measure_front

        frames = lay_frames(recipe, series)
        yield Step(2, total, "Following the front")
        return series, measure_front(recipe, frames, labels)
    from sodalite.pipelines.stripping_numbers import measure_stripping
    from sodalite.pipelines.stripping_steps import register_steps

    laid = register_steps(recipe, series)
    yield Step(2, total, "Finding and following voids")
    return series, measure_stripping(recipe, laid, labels)


def _measurement(recipe: Recipe, series: ImageSeries, result: Result, traced: np.ndarray) -> Measurement:
    return Measurement(recipe, series, result, traced, image_series_layers(result), laid_images(result, series))
