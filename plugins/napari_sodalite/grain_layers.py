"""An EBSD map and its grains as napari layers: colours of orientation, grains with their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.layer_data import (
    KEY,
    LayerData,
    colored,
    compact,
    layer_attributes,
    selected_colors,
    with_background,
)
from napari_sodalite.rasters import plain_raster, raster_of

if TYPE_CHECKING:
    from napari_sodalite.rasters import Raster
    from sodalite import EbsdMap, Result

GRAINS = "grains"
_LINE = np.array([0.02, 0.02, 0.02, 1], np.float32)


def map_layer(ebsd: EbsdMap, *, path: str = "") -> LayerData:
    """Return a map as an RGB layer: the colours of its normal in the crystals."""
    raster = raster_of(ebsd.grid)
    known = {"sample": ebsd, "path": path, "raster": raster}
    attributes = {"name": ebsd.name, "metadata": {KEY: known}, "rgb": True, **raster.place}
    return LayerData(map_colours(ebsd, "z", raster), attributes, "image")


def map_colours(ebsd: EbsdMap, direction: str, raster: Raster) -> np.ndarray:
    """Return the inverse pole figure colours of a direction of the map, ``(y, x, 3)`` uint8."""
    from sodalite.report.map_colours import ipf_colours

    return raster.show(ebsd.on_grid(ipf_colours(ebsd, direction), fill=0))


def grain_layers(result: Result, ebsd: EbsdMap | None) -> list[LayerData]:
    """Return the grains as outlines; without the map a hexagonal grid is shown row by row as it is stored."""
    labels, table = result.labels["labels"], result.tables["grains"]
    raster = raster_of(ebsd.grid) if ebsd is not None else plain_raster(result.spacing_um)
    features = with_background(table, int(max(labels.max(initial=0), table["label"].max() if len(table) else 0)))
    known = {"raster": raster, "nodes": labels, "centres_um": features[["y_um", "x_um"]].to_numpy(float)}
    return [outlines(raster.show(labels), layer_attributes(result, GRAINS, known, features=features), raster)]


def outlines(shown: np.ndarray, attributes: dict[str, Any], raster: Raster) -> LayerData:
    """Return grains ``(y, x)`` as dark outlines over the colours of the map."""
    known = attributes["metadata"][KEY]
    # new grains may be painted: 8 bits would leave no room for them
    shown = compact(shown, np.uint16)
    known |= {"shade": _LINE, "measured": shown, "contour": 1 if raster.node is None else 2}
    colormap = colored(selected_colors(_LINE, 0), shown)
    return LayerData(shown, {**attributes, "colormap": colormap, "opacity": 1.0, **raster.place}, "labels")
