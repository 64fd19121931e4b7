"""What the pictures of a series of images show beyond its result: the measured images laid upon the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.pipelines.front_frames import turned_back, upright
from sodalite.track.drift import moved_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from sodalite.image_series import ImageSeries
    from sodalite.result import Result


class LaidPicture(NamedTuple):
    """One measured step: its number, its place among the measured ones, and its grey levels ``(y, x)`` float32."""

    number: int
    place: int
    data: np.ndarray


def laid_pictures(result: Result, sample: ImageSeries, places: list[int]) -> Iterator[LaidPicture]:
    """Yield steps as they were measured, by what stands in the provenance of the result.

    Parameters
    ----------
    result
        Of the stripping or the front recipe.
    sample
        What was measured.
    places
        Which of the measured steps, from 0.

    Raises
    ------
    MeasurementError
        When the result is not of these images.
    """
    records = result.provenance["steps"]
    for place in places:
        record = records[place]
        source = sample.steps[record["step"]]
        if source.name != record["file"] or source.image is None:
            raise MeasurementError(f"{source.name}: not the image that was measured; draw the series that was.")
        side = _side(result)
        data = _set_back(upright(source.image.data, side), record, result.provenance)
        yield LaidPicture(record["step"], place, turned_back(data, side))


def _side(result: Result) -> str:
    """Return the side of the images that lies above while they are measured."""
    recipe = result.provenance["recipe"]
    if result.provenance["kind"] == "front":
        return str(recipe["grows_from"])
    first = str(recipe["layers"]).split(",")[0].strip()
    return "bottom" if (first == "electrolyte") != recipe["reversed"] else "top"


def _set_back(data: np.ndarray, record: Mapping[str, Any], provenance: Mapping[str, Any]) -> np.ndarray:
    bar = int(provenance.get("databar_rows", 0))
    if bar:
        data = data[bar:] if _bar_is_above(provenance) else data[:-bar]
    y_px, x_px = record["drift_px"]
    moved = moved_back(data, y_px, x_px) if y_px or x_px else np.asarray(data, np.float32)
    if "window_px" in provenance:
        rows, columns = provenance["window_px"]
        moved = moved[slice(*rows), slice(*columns)]
    return moved * np.float32(record["gain"]) + np.float32(record["offset"])


def _bar_is_above(provenance: Mapping[str, Any]) -> bool:
    """Return whether the data bar at the bottom of the image came to lie above when it was turned."""
    recipe = provenance["recipe"]
    first = str(recipe.get("layers", "")).split(",")[0].strip()
    return (first == "electrolyte") != recipe.get("reversed", False)
