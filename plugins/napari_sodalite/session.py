"""What one viewer is working on: the measurement that is shown and the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Layer

from napari_sodalite.micrographs import KEY
from napari_sodalite.result_layers import CLASSES

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sodalite.stages import Measurement
    from sodalite import Recipe

_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


class Session:
    """The state that the docks of one viewer share.

    Attributes
    ----------
    current, previous
        The measurement that is shown, and the one that Undo brings back.
    recipe
        Settings of the cross-section dock, for the batch dock; None where they are wrong.
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


def session_of(viewer: ViewerModel) -> Session:
    """Return the session of a viewer, made when first asked for."""
    key = getattr(viewer, "__wrapped__", viewer)
    return _SESSIONS.setdefault(key, Session())


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
    image = next((layer for layer in viewer.layers if known_of(layer).get("image") is measurement.image), None)
    if image is not None and measurement.image is not None:
        image.scale = measurement.result.spacing_um[-2:]
    for data, attributes, kind in measurement.layers:
        role = attributes["metadata"][KEY]["role"]
        before = find_layer(viewer, role)
        place = viewer.layers.index(before) if before is not None else len(viewer.layers)
        layer = Layer.create(data.copy() if role == CLASSES else data, dict(attributes), kind)
        if before is not None:
            layer.visible = before.visible
            viewer.layers.remove(before)
        viewer.layers.insert(place, layer)
    chosen = find_layer(viewer, active) if active else image
    if chosen is not None:
        viewer.layers.selection.active = chosen
