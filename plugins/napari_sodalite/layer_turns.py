"""Layers put into the window piece by piece, one piece a turn of the event loop, so that the window stays awake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer, Shapes

from napari_sodalite.layer_data import KEY
from napari_sodalite.session import find_layer, known_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from napari.components import ViewerModel

    from napari_sodalite.layer_data import LayerData
    from napari_sodalite.measurements import Measurement

_COPIED_BYTES = 16 * 2**20
"""Copied in one turn: fresh memory comes at 0.25 to 2 GB a second."""
_PLACE = {"scale", "translate"}
_KEPT = {"visible", "opacity", "metadata", "units", "axis_labels", "rgb", "ndim", "shape_type", *_PLACE}
"""What a layer that is filled anew keeps: the looks that the user may have changed, and what no result changes."""


def show_layers(viewer: ViewerModel, measurement: Measurement) -> Iterator[None]:
    """Yield between the pieces of showing a measurement in place of the one before; what was hidden stays hidden."""
    active = known_of(viewer.layers.selection.active).get("role") if viewer.layers.selection.active else None
    sample = _sample_layer(viewer, measurement)
    if sample is not None:
        for name, value in measurement.shown.items():
            setattr(sample, name, value)
            yield
    for item in measurement.layers:
        if item.kind == "image" and measurement.origin is not None:
            # where several series are open each has its own pictures
            item.known["folder"] = measurement.origin
        yield from put_layer(viewer, item)
    chosen = find_layer(viewer, active) if active else sample
    if chosen is None and measurement.layers:
        chosen = find_layer(viewer, measurement.layers[0].known["role"])
    if chosen is not None:
        viewer.layers.selection.active = chosen


def bring_up(viewer: ViewerModel, picture: Layer | None, result: Any) -> None:
    """Let a picture lie above the others, and above it the layers of its result; nothing moves that lies so already.

    A series has no picture but that of its result.
    """
    layers = viewer.layers
    own = [layer for layer in layers if result is not None and known_of(layer).get("result") is result]
    own = [*([] if picture is None else [picture]), *own]
    own.sort(key=lambda layer: not isinstance(layer, Image))
    places = [layers.index(layer) for layer in own]
    if not places:
        return
    covered = any(isinstance(layer, Image) for layer in layers[places[0] + 1 :] if layer not in own)
    if covered or places != sorted(places):
        layers.move_multiple(places, len(layers))


def put_layer(viewer: ViewerModel, item: LayerData) -> Iterator[None]:
    """Yield between the pieces of showing a layer: the one of its role is filled anew, or a new one lies on top.

    Napari collects garbage whenever a layer is removed, for a quarter of a second, and draws one anew at each change:
    so none is replaced, and each is hidden until it is complete.
    """
    layer = _seat(viewer, item)
    if layer is None and item.kind == "shapes":
        layer = _without_lines(item)
        _append(viewer, layer)
        yield
        layer.visible = item.attributes.get("visible", True)
        yield
    if layer is None:
        shown = item.attributes.get("visible", True)
        data = yield from _copied(item)
        layer = made(item._replace(data=data), visible=False)
        yield
        _append(viewer, layer)
    else:
        shown = layer.visible
        layer.visible = False
        data = yield from _copied(item)
        _fill(layer, item._replace(data=data))
    yield
    layer.visible = shown
    yield


def _seat(viewer: ViewerModel, item: LayerData) -> Layer | None:
    """Return the layer that is to be filled: of its role and, where both tell it, of its folder."""
    folder = item.known.get("folder")
    same = (layer for layer in viewer.layers if known_of(layer).get("role") == item.known["role"])
    return next((layer for layer in same if known_of(layer).get("folder", folder) == folder), None)


def _append(viewer: ViewerModel, layer: Layer) -> None:
    """Put a layer on top without choosing it: napari would lay out and draw its controls, only to hide them again."""
    # a private switch, without which napari chooses each layer as it comes
    viewer.layers._activate_on_insert = False
    try:
        viewer.layers.append(layer)
    finally:
        viewer.layers._activate_on_insert = True


def made(item: LayerData, **changes: Any) -> Layer:
    """Return a new layer."""
    layer = Layer.create(item.data, {**item.attributes, **changes}, item.kind)
    if "contour" in item.known:
        layer.contour = item.known["contour"]
    return layer


def _without_lines(item: LayerData) -> Layer:
    """Return a layer to be filled with lines.

    What draws their names is compiled when a layer of lines is first seen, what draws them with the first line: seen
    without lines in between, the window waits twice for 0.1 s.
    """
    looks = {name: item.attributes[name] for name in {"name", *_KEPT} - {"shape_type"} if name in item.attributes}
    known = {KEY: {"role": item.known["role"]}}
    return Layer.create(None, {**looks, "metadata": known, "visible": False}, item.kind)


def _copied(item: LayerData) -> Generator[None, None, Any]:
    """Yield between parts and return the data of a layer; what can be corrected is copied: the measurement stays."""
    if "measured" not in item.known:
        return item.data
    copy = np.empty_like(item.data)
    rows = max(1, _COPIED_BYTES * len(copy) // max(1, copy.nbytes))
    for first in range(0, len(copy), rows):
        copy[first : first + rows] = item.data[first : first + rows]
        yield
    return copy


def _sample_layer(viewer: ViewerModel, measurement: Measurement) -> Layer | None:
    sample, origin = measurement.sample, measurement.origin
    found = (layer for layer in viewer.layers if layer is origin or known_of(layer).get("sample") is sample is not None)
    return next(found, None)


def _fill(layer: Layer, item: LayerData) -> None:
    """Give a hidden layer what another of its role would have, as if it were new: nothing selected, nothing to undo."""
    # who listens to the layer finds nothing known of it until all fits together
    layer.metadata = {**layer.metadata, KEY: {"role": item.known["role"]}}
    looks = {name: value for name, value in item.attributes.items() if name not in _KEPT}
    if isinstance(layer, Shapes):
        _redraw(layer, item, looks)
    else:
        layer.data = item.data
    for name, value in looks.items():
        setattr(layer, name, value)
    for name in _PLACE & item.attributes.keys():
        if tuple(getattr(layer, name)) != tuple(item.attributes[name]):
            setattr(layer, name, item.attributes[name])
    if isinstance(layer, Labels):
        if "contour" in item.known:
            layer.contour = item.known["contour"]
        _forget_strokes(layer)
        if "centres_um" in item.known:
            layer.selected_label = 1
    layer.metadata = {**layer.metadata, KEY: item.known}


def _redraw(layer: Shapes, item: LayerData, looks: dict[str, Any]) -> None:
    """Draw other lines; what they look like is taken out of `looks`."""
    layer.selected_data = set(range(layer.nshapes))
    layer.remove_selected()
    given = {name: looks.pop(name) for name in ("edge_color", "edge_width", "face_color")}
    if item.data is not None:
        layer.add(item.data, shape_type=item.attributes["shape_type"], **given)


def _forget_strokes(layer: Labels) -> None:
    """Let napari's undo not bring strokes back that were made on other labels: it forgets them with the pencil."""
    layer.editable = False
    layer.editable = True
