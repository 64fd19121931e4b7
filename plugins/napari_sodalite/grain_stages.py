"""An EBSD map in stages: a worker's generator that can be cancelled between any two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.grain_layers import grain_layers, map_colours, outlines
from napari_sodalite.layer_data import KEY, PREVIEW, LayerData
from napari_sodalite.measurements import Measurement, Step, with_regrouped
from napari_sodalite.rasters import raster_of
from sodalite import EbsdMap

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sodalite import Grains, Result
    from sodalite.pipelines.grain_labels import Crystals


def run_stages(recipe: Grains, ebsd: EbsdMap) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return what `Grains.run` returns, with its layers.

    Raises
    ------
    SodaliteError
        As `Grains.run`.
    """
    from sodalite.pipelines.grain_labels import find_labels, prepare_map
    from sodalite.pipelines.grain_numbers import measure_map

    yield Step(0, 4, "Cleaning the map up")
    crystals = prepare_map(recipe, ebsd)
    yield Step(1, 4, "Finding grains")
    labels = find_labels(recipe, crystals)
    yield Step(2, 4, "Measuring")
    result = measure_map(recipe, crystals, labels, given=False)
    yield Step(3, 4, "Preparing the layers")
    return _measurement(recipe, ebsd, crystals, result, result.labels["labels"])


def remeasure_stages(
    recipe: Grains, ebsd: EbsdMap, shown: np.ndarray, known: Mapping[str, Any], traced: np.ndarray | None
) -> Generator[Step, None, Measurement]:
    """Yield before each stage and return the measurement of grains corrected by hand, numbered without gaps.

    Parameters
    ----------
    shown, known
        What a layer shows and what is known of it; of a layer of the user's nothing is.
    traced
        Grains before any correction by hand.

    Raises
    ------
    SodaliteError
        As `Grains.run`.
    """
    from sodalite.pipelines.grain_labels import check_labels, prepare_map
    from sodalite.pipelines.grain_numbers import measure_map

    yield Step(0, 3, "Cleaning the map up")
    labels = np.array(shown)
    own = known.get("role") is None
    if not own:
        labels = known["raster"].take_back(labels, known["nodes"])
    crystals = prepare_map(recipe, ebsd)
    yield Step(1, 3, "Measuring the corrected grains")
    given = dense(check_labels(crystals, labels))
    traced = labels if own or traced is None else traced
    result = with_regrouped(measure_map(recipe, crystals, given, given=True), [labels], [traced])
    yield Step(2, 3, "Preparing the layers")
    return _measurement(recipe, ebsd, crystals, result, traced)


def preview_grains(recipe: Grains, ebsd: EbsdMap, window_um: tuple[float, float, float, float]) -> LayerData | None:
    """Return the grains of the points in a window (top, left, bottom, right) as a layer; None where there are none."""
    crop = crop_map(ebsd, window_um)
    if crop is None:
        return None
    raster = raster_of(crop.grid)
    attributes = {"name": f"preview, {crop.size} points", "metadata": {KEY: {"role": PREVIEW}}}
    return outlines(raster.show(recipe.segment(crop)), attributes, raster)


def crop_map(ebsd: EbsdMap, window_um: tuple[float, float, float, float]) -> EbsdMap | None:
    """Return the map of the points in a window (top, left, bottom, right); None of fewer than two rows or columns."""
    top, left, bottom, right = window_um
    inside = (ebsd.y_um >= top) & (ebsd.y_um <= bottom) & (ebsd.x_um >= left) & (ebsd.x_um <= right)
    x_um, y_um = ebsd.x_um[inside], ebsd.y_um[inside]
    if min(np.ptp(x_um) if x_um.size else 0, np.ptp(y_um) if y_um.size else 0) <= 0:
        return None
    return EbsdMap.from_points(
        ebsd.euler_rad[inside],
        ebsd.phase_id[inside],
        ebsd.phases,
        x_um,
        y_um,
        frame=ebsd.frame,
        name=ebsd.name,
        step_um=ebsd.step_um,
    )


def dense(labels: np.ndarray) -> np.ndarray:
    """Return labels from 0 numbered 1, 2, ... in the order they had; 0 stays 0."""
    present, number = np.unique(labels, return_inverse=True)
    return (number + int(present.size > 0 and present[0] > 0)).astype(np.uint32).reshape(labels.shape)


def _measurement(recipe: Grains, ebsd: EbsdMap, crystals: Crystals, result: Result, traced: np.ndarray) -> Measurement:
    """Return the result with its layers; the map takes the colours of the recipe's direction, cleaned up."""
    colours = map_colours(crystals.ebsd, recipe.colour_direction, raster_of(ebsd.grid))
    return Measurement(recipe, ebsd, result, traced, grain_layers(result, ebsd), {"data": colours})
