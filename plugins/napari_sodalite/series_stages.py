"""A series of EBSD maps in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sodalite.measurements import Measurement, Step, labels_by_step, with_regrouped
from napari_sodalite.series_layers import series_layers
from sodalite import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from typing import Any

    from sodalite import Result
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.map_series import MapSeries


def run_stages(recipe: Coarsening, folder: Path) -> Generator[Step, None, Measurement]:
    """Yield before each stage of each step and return what `Coarsening.run` returns for a folder, with its layers.

    Raises
    ------
    SodaliteError
        As `Coarsening.read` and `Coarsening.run`.
    """
    series, result = yield from _measured(recipe, folder, None)
    return Measurement(recipe, series, result, labels_by_step(result), series_layers(result, series), {})


def remeasure_stages(
    recipe: Coarsening,
    folder: Path,
    shown: np.ndarray,
    known: Mapping[str, Any],
    traced: Mapping[int, np.ndarray] | None,
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return the measurement of grains corrected by hand, tracked and fitted again.

    Parameters
    ----------
    shown, known
        What a layer of all steps shows and what is known of it; of a layer of the user's nothing is.
    traced
        Tracks of each step before any correction by hand.

    Raises
    ------
    MeasurementError
        When the layer has no steps.
    SodaliteError
        As `Coarsening.read` and `Coarsening.run`.
    """
    labels = _taken_back(np.array(shown), known)
    traced = labels if known.get("role") is None or traced is None else traced
    series, result = yield from _measured(recipe, folder, labels)
    common = sorted(labels.keys() & traced.keys())
    result = with_regrouped(result, [labels[step] for step in common], [traced[step] for step in common])
    return Measurement(recipe, series, result, traced, series_layers(result, series), {})


def _measured(
    recipe: Coarsening, folder: Path, labels: Mapping[int, np.ndarray] | None
) -> Generator[Step, None, tuple[MapSeries, Result]]:
    yield Step(0, 1, "Reading the series")
    series = replace(recipe.read(folder), name=folder.name)
    # of each step but the first: read, find, measure, lay over the one before; then track, measure, show
    total = 4 * len(series.steps) + 2
    result = yield from _counted(recipe.stages(series, labels), total)
    yield Step(total - 1, total, "Preparing the layers")
    return series, result


def _taken_back(shown: np.ndarray, known: Mapping[str, Any]) -> dict[int, np.ndarray]:
    """Return the grains of the points of each step that a layer shows."""
    if shown.ndim != 3:
        raise MeasurementError(f"The labels have the shape {shown.shape}; give one image a step, (step, y, x).")
    if known.get("role") is None:
        return dict(enumerate(shown))
    tracks, raster = labels_by_step(known["result"]), known["raster"]
    if raster is None:
        return {step: shown[step, : image.shape[0], : image.shape[1]] for step, image in tracks.items()}
    before = known["measured"]
    return {step: raster.take_back(step, shown[step], before[step], tracks[step]) for step in raster.seats}


def _counted(stages: Generator[str, None, Result], total: int) -> Generator[Step, None, Result]:
    for done in range(total):
        try:
            text = next(stages)
        except StopIteration as over:
            result: Result = over.value
            return result
        yield Step(done, total, text)
    raise AssertionError("a series has more stages than were counted")
