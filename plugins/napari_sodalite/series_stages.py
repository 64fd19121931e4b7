"""A series of EBSD maps in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sodalite.measurements import Measurement, Step
from napari_sodalite.series_layers import series_layers

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sodalite import Result
    from sodalite.pipelines.coarsening import Coarsening


def run_stages(recipe: Coarsening, folder: Path) -> Generator[Step, None, Measurement]:
    """Yield before each stage of each step and return what `Coarsening.run` returns for a folder, with its layers.

    Raises
    ------
    SodaliteError
        As `Coarsening.read` and `Coarsening.run`.
    """
    yield Step(0, 1, "Reading the series")
    series = replace(recipe.read(folder), name=folder.name)
    # of each step but the first: read, find, measure, lay over the one before; then track, measure, show
    total = 4 * len(series.steps) + 2
    result = yield from _counted(recipe.stages(series), total)
    yield Step(total - 1, total, "Preparing the layers")
    layers = series_layers(result, series)
    return Measurement(recipe, series, result, np.empty(0), layers, {})


def _counted(stages: Generator[str, None, Result], total: int) -> Generator[Step, None, Result]:
    for done in range(total):
        try:
            text = next(stages)
        except StopIteration as over:
            result: Result = over.value
            return result
        yield Step(done, total, text)
    raise AssertionError("a series has more stages than were counted")
