"""What one viewer is working on: of each kind the measurement that is shown, and the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Layer

from napari_sodalite.layer_data import KEY

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sodalite.layer_data import LayerData
    from napari_sodalite.measurements import Measurement
    from sodalite import Recipe

_SESSIONS: WeakKeyDictionary[Any, dict[str, Session]] = WeakKeyDictionary()


class Session:
    """The state of one kind of measurement in one viewer.

    Attributes
    ----------
    current, previous
        The measurement that is shown, and the one that Undo brings back.
    recipe
        Settings of its dock, for the batch dock; None where they are wrong or there is no such dock.
    """

    def __init__(self) -> None:
        self.current: Measurement | None = None
        self.previous: Measurement | None = None
        self.recipe: Recipe | None = None

    def put(self, measurement: Measurement) -> None:
        """Keep a new measurement and the one before it."""
        self.previous, self.current = self.current, measurement

    def undo(self) -> Measurement | None:
        """Return the measurement before, now current again; None where there is none."""
        if self.previous is not None:
            self.current, self.previous = self.previous, None
            return self.current
        return None


def session_of(viewer: ViewerModel, kind: str) -> Session:
    """Return the session of a kind of recipe in a viewer, made when first asked for."""
    key = getattr(viewer, "__wrapped__", viewer)
    return _SESSIONS.setdefault(key, {}).setdefault(kind, Session())


def known_of(layer: Layer) -> dict[str, Any]:
    """Return what this plugin keeps in a layer's metadata."""
    found = layer.metadata.get(KEY, {})
    return found if isinstance(found, dict) else {}


def find_layer(viewer: ViewerModel, role: str) -> Layer | None:
    """Return the layer of a role; None where the user has removed it."""
    return next((layer for layer in viewer.layers if known_of(layer).get("role") == role), None)


def show_layers(viewer: ViewerModel, measurement: Measurement) -> None:
    """Put the layers of a measurement in the place of those shown before; what was hidden stays hidden."""
    active = known_of(viewer.layers.selection.active).get("role") if viewer.layers.selection.active else None
    sample = _sample_layer(viewer, measurement.sample)
    if sample is not None:
        for name, value in measurement.shown.items():
            setattr(sample, name, value)
    for item in measurement.layers:
        before = find_layer(viewer, item.known["role"])
        place = viewer.layers.index(before) if before is not None else len(viewer.layers)
        layer = made(item)
        if before is not None:
            layer.visible = before.visible
            viewer.layers.remove(before)
        viewer.layers.insert(place, layer)
    chosen = find_layer(viewer, active) if active else sample
    if chosen is not None:
        viewer.layers.selection.active = chosen


def _sample_layer(viewer: ViewerModel, sample: Any) -> Layer | None:
    if sample is None:
        return None
    return next((layer for layer in viewer.layers if known_of(layer).get("sample") is sample), None)


def made(item: LayerData) -> Layer:
    """Return a new layer; what can be corrected is a copy, so that the measurement stays as it was."""
    layer = Layer.create(item.data.copy() if "measured" in item.known else item.data, dict(item.attributes), item.kind)
    if "contour" in item.known:
        layer.contour = item.known["contour"]
    return layer
