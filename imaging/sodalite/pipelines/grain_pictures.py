"""What the pictures of a measured EBSD map show beyond its result: the map as measured and its local misorientation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.pipelines.grain_labels import check_labels, prepare_map
from sodalite.pipelines.grain_numbers import grain_map, kam_of_points
from sodalite.pipelines.grains import Grains

if TYPE_CHECKING:
    from sodalite.ebsd import EbsdMap
    from sodalite.result import Result


class PictureParts(NamedTuple):
    """The map in its frame and cleaned up, ``(rows, columns)`` KAM in degrees, and the direction to colour by."""

    ebsd: EbsdMap
    kam_deg: np.ndarray
    direction: str


def picture_parts(result: Result, sample: EbsdMap) -> PictureParts:
    """Return what to draw of a map, by the recipe in the provenance of its result.

    Raises
    ------
    MeasurementError
        When the labels of the result do not fit the map.
    """
    recipe = Grains.from_fields(result.provenance["recipe"])
    crystals = prepare_map(recipe, sample)
    grains = grain_map(crystals, check_labels(crystals, np.asarray(result.labels["labels"])))
    kam = crystals.ebsd.on_grid(kam_of_points(recipe, grains), fill=np.nan)
    return PictureParts(crystals.ebsd, kam, recipe.colour_direction)
