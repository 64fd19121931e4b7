"""Pictures without pixel size beside calibrated ones: one layer without units ends all units of a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.layer_data import KEY
from napari_sodalite.spatial import has_lengths, set_spatial, spatial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer

    from napari_sodalite.layer_data import LayerData


def make_room(viewer: Any, coming: Sequence[LayerData]) -> None:
    """Let pictures without pixel size be drawn as wide as those in um, before layers that come are shown; say so."""
    widths_um = [_width_um(layer) for layer in viewer.layers if has_lengths(layer)]
    widths_um += [item.data.shape[len(item.attributes["scale"]) - 1] * item.attributes["scale"][-1] for item in coming
                  if "units" in item.attributes]  # fmt: skip
    if not widths_um:
        return
    for layer in viewer.layers:
        if layer.metadata.get(KEY, {}).get("problem") and not has_lengths(layer):
            set_spatial(layer, (max(widths_um) / layer.data.shape[-1],) * 2)
            _tell(layer.name)
    for item in coming:
        if item.known.get("problem"):
            item.attributes.update(spatial((max(widths_um) / item.data.shape[-1],) * 2))
            _tell(item.attributes["name"])


def _tell(name: str) -> None:
    from napari.utils.notifications import show_warning

    show_warning(
        f"{name}: no pixel size in the file; it is drawn as wide as what is open already, without a scale bar, until "
        "you type its pixel size in the Cross-section dock."
    )


def _width_um(layer: Layer) -> float:
    return float((np.ptp(layer.extent.world[:, -1]) * layer.units[-1]).to("um").magnitude)
