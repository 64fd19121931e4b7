"""What one viewer is working on: of each kind the measurement that is shown, and the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakMethod

from napari_sodalite.layer_data import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer

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
        self._listener: Callable[[], Callable[[Measurement], object] | None] = lambda: None

    def put(self, measurement: Measurement) -> None:
        """Keep a new measurement and the one before it."""
        self.previous, self.current = self.current, measurement

    def listen(self, listener: Callable[[Measurement], object]) -> None:
        """Let a method of a dock hear of what others show; the session does not keep the dock."""
        self._listener = WeakMethod(listener)

    def show(self, measurement: Measurement) -> None:
        """Keep a new measurement that another dock has brought, and tell the dock of this kind, if it is open."""
        self.put(measurement)
        listener = self._listener()
        if listener is not None:
            listener(measurement)

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
