"""The layers of any result, whichever kind it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sodalite.grain_layers import grain_layers
from napari_sodalite.image_series_layers import image_series_layers, laid_images
from napari_sodalite.section_layers import section_layers
from napari_sodalite.series_layers import series_layers

SERIES_OF_IMAGES = ("stripping", "front")
"""Kinds of recipe."""

if TYPE_CHECKING:
    from napari_sodalite.layer_data import LayerData
    from sodalite import Result


def result_layers(result: Result, sample: Any = None) -> list[LayerData]:
    """Return the layers of a result in the order in which they lie over its sample."""
    kind = result.provenance["kind"]
    if kind == "grains":
        return grain_layers(result, sample)
    if kind == "coarsening":
        return series_layers(result, sample)
    if kind in SERIES_OF_IMAGES:
        return image_series_layers(result)
    return section_layers(result)


def sample_look(result: Result, sample: Any) -> dict[str, Any]:
    """Return attributes of the sample's own layer that an earlier result decides: images of a series are laid again."""
    if sample is None or result.provenance["kind"] not in SERIES_OF_IMAGES:
        return {}
    return laid_images(result, sample)
