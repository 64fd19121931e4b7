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

    from sodalite.pipelines.coarsening import Coarsening


def run_stages(recipe: Coarsening, folder: Path) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return what `Coarsening.run` returns for a folder, with its layers.

    Raises
    ------
    SodaliteError
        As `Coarsening.read` and `Coarsening.run`.
    """
    yield Step(0, 3, "Reading the series")
    series = replace(recipe.read(folder), name=folder.name)
    yield Step(1, 3, "Measuring and tracking the grains of all steps")
    result = recipe.run(series)
    yield Step(2, 3, "Preparing the layers")
    layers = series_layers(result, series)
    return Measurement(recipe, series, result, np.empty(0), layers, {})
