"""The lit surface behind a cut, which a trace takes for the first layer where little of the last one is in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.segment.interface import face_contrast
from sodalite.segment.layers import trace_layers
from sodalite.segment.outside import find_outside_above

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHITE = 0.98
"""Grey, in the largest there is, that an overexposed surface reaches; many microscopes stop short of the largest."""

_LEAST_WHITE_SHARE = 0.25
"""Share of the first layer that is white where it is none: 0.44 to 0.67 on 4 cut-down real sections, 0.00 on 17 whole
ones."""

_LEAST_CONTRAST = 1.0


def trace_below_surface(
    data: np.ndarray, *, layer_count: int, stiffness_px: float, anchors: Sequence[np.ndarray | None], reach_px: float
) -> np.ndarray:
    """Return the interfaces of a stack whose first layer is free, or has the lit surface behind the cut above it.

    A metal that images at most as white as the picture can be shows nothing of its voids: where the layer found is such
    a white, it is taken for the surface, if there is a clear face between two layers below it. Parameters as for
    `sodalite.segment.layers.trace_layers`.
    """
    edges = trace_layers(data, layer_count=layer_count, stiffness_px=stiffness_px, anchors=anchors, reach_px=reach_px)
    if layer_count == 1 or not _is_white_above(data, edges[0]):
        return edges
    below = trace_layers(
        data, layer_count=layer_count + 1, stiffness_px=stiffness_px, anchors=[None, *anchors], reach_px=reach_px
    )
    clear = all(face_contrast(data, edge) >= _LEAST_CONTRAST for edge in below[1:])
    return below[1:] if clear else edges


def _is_white_above(data: np.ndarray, face: np.ndarray) -> bool:
    """Return whether much of the layer above a face is white, what is known to lie outside left out."""
    if not np.issubdtype(data.dtype, np.integer):
        return False
    white = data >= _WHITE * np.iinfo(data.dtype).max
    above = np.arange(len(data))[:, None] < face
    if np.count_nonzero(white & above) < max(_LEAST_WHITE_SHARE * np.count_nonzero(above), 1):
        return False
    layer = above & ~find_outside_above(data, face)
    return bool(layer.any() and white[layer].mean() >= _LEAST_WHITE_SHARE)
