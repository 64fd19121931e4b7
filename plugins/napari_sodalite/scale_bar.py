"""The scale bar, which is never wrong: none over a picture whose pixel size nobody knows, and none over nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from napari_sodalite.session import known_of
from napari_sodalite.spatial import has_lengths

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer


class ScaleBar:
    """Watches the layers of a viewer.

    As long as one sees a picture without pixel size there is none.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = ref(viewer)
        self._wanted, self._switching = False, False
        viewer.layers.events.inserted.connect(self._arrive)
        viewer.layers.events.removed.connect(self.refresh)
        viewer.canvas.overlays.scale_bar.events.visible.connect(self._switch)
        for layer in viewer.layers:
            self._listen(layer)

    def want(self) -> None:
        """Show the bar wherever it is right; whoever wants none switches it off in View > Scale Bar."""
        self._wanted = True
        self.refresh()

    def refresh(self, _: Any = None) -> None:
        """Show or hide the bar, as the layers that one sees allow."""
        viewer = self._viewer()
        if viewer is None:
            return
        seen = [layer for layer in viewer.layers if layer.visible]
        right = any(map(has_lengths, seen)) and not any(known_of(layer).get("problem") for layer in seen)
        self._switching = True
        viewer.canvas.overlays.scale_bar.visible = self._wanted and right
        self._switching = False

    def _arrive(self, event: Any) -> None:
        self._listen(event.value)
        self.refresh()

    def _listen(self, layer: Layer) -> None:
        for emitter in (layer.events.visible, layer.events.scale):
            emitter.connect(self.refresh)

    def _switch(self, visible: bool) -> None:
        """Remember what the user wants."""
        if not self._switching:
            self._wanted = visible


_BARS: WeakKeyDictionary[Any, ScaleBar] = WeakKeyDictionary()


def scale_bar_of(viewer: Any) -> ScaleBar:
    """Return the scale bar of a viewer, watched from the first time on that it is asked for."""
    key = getattr(viewer, "__wrapped__", viewer)
    if key not in _BARS:
        _BARS[key] = ScaleBar(key)
    return _BARS[key]
