"""The steps of a series as an array: a worker reads a step when the slider comes to it, the newest one first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from napari_sodalite.jobs import Jobs, sentence_of
from sodalite import SodaliteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer

_KEPT_BYTES = 2**29
"""Of pictures that were read: some seventy steps of the largest size."""


class StepPictures:
    """Pixels ``(step, y, x, 3)`` uint8 of steps that are read one by one.

    Whoever takes a step gets it, read on the spot if need be. Only the window does not wait: where its slider comes to
    a step, the layer is black until a worker has read it. What the slider passed meanwhile is not read; a step that
    cannot be read stays black, and a notification says why.

    Parameters
    ----------
    names
        What to call the steps.
    read
        Number of a step -> its pixels ``(y, x, 3)`` uint8; may raise a `SodaliteError`.
    shape
        Of the pixels, (y, x).
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, names: list[str], read: Callable[[int], np.ndarray], shape: tuple[int, int]) -> None:
        self.shape = (len(names), *shape, 3)
        self._names, self._read = names, read
        self._black = np.zeros(self.shape[1:], np.uint8)
        self._pictures: OrderedDict[int, np.ndarray] = OrderedDict()
        self._faults: dict[int, str] = {}
        self._jobs: Jobs | None = None
        self._wanted: int | None = None
        self._layer: Callable[[], Layer | None] = lambda: None

    def keep(self, step: int, picture: np.ndarray) -> None:
        """Take a step that was read already."""
        self._keep(step, picture)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.stack([self._now(step) for step in range(len(self))]).astype(dtype or self.dtype, copy=False)

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, int | np.integer):
            step = range(len(self))[first]
            return self[(slice(step, step + 1), *rest)][0]
        steps = range(len(self))[first] if isinstance(first, slice) else first
        if len(steps) == 1:
            read = self._picture if self._is_looked_at(steps[0]) else self._now
            return read(steps[0])[(None, *rest)]
        return np.stack([self._now(step) for step in steps])[(slice(None), *rest)]

    def _picture(self, step: int) -> np.ndarray:
        """Return a step without waiting: black as long as it is not read."""
        if step in self._pictures:
            self._wanted = None
            self._tell(step)
            return self._kept(step)
        self._wanted = step
        if self._jobs is None:
            self._jobs = Jobs()
            self._jobs.done.connect(self._take)
            self._jobs.ended.connect(self._next)
        if not self._jobs.running:
            self._next()
        return self._black

    def _now(self, step: int) -> np.ndarray:
        """Return a step, read here if it is not kept; black where it cannot be read."""
        if step not in self._pictures:
            self._keep(*self._tried(step))
        return self._kept(step)

    def _next(self) -> None:
        """Let the worker read what the slider waits for."""
        step, layer, viewer = self._wanted, self._layer(), _current_viewer()
        if step is None or layer is None or layer.data is not self or self._jobs is None:
            return
        self._wanted = None
        if viewer is not None:
            viewer.status = f"Reading {self._names[step]} …"
        self._jobs.start(self._tried, step)

    def _tried(self, step: int) -> tuple[int, np.ndarray, str]:
        """Return a step, its pixels and what is wrong with it."""
        try:
            return step, self._read(step), ""
        except SodaliteError as error:
            return step, self._black, sentence_of(error)

    def _take(self, brought: tuple[int, np.ndarray, str]) -> None:
        self._keep(*brought)
        layer, viewer = self._layer(), _current_viewer()
        if layer is None or layer.data is not self:
            return
        if viewer is not None:
            viewer.status = f"{self._names[brought[0]]}: read"
        layer.refresh()

    def _tell(self, step: int) -> None:
        """Notify the user, once, of what is wrong with the step at which she looks."""
        if step in self._faults:
            from napari.utils.notifications import show_error

            show_error(self._faults.pop(step))

    def _keep(self, step: int, picture: np.ndarray, fault: str = "") -> None:
        self._pictures[step] = picture
        if fault:
            self._faults[step] = fault
        while len(self._pictures) > max(2, _KEPT_BYTES // max(1, self._black.nbytes)):
            self._pictures.popitem(last=False)

    def _kept(self, step: int) -> np.ndarray:
        self._pictures.move_to_end(step)
        return self._pictures[step]

    def _is_looked_at(self, step: int) -> bool:
        """Return whether it is the window that asks: it shows a layer of these pictures, its slider at this step."""
        viewer = _current_viewer()
        if viewer is None or threading.current_thread() is not threading.main_thread():
            return False
        layer = next((layer for layer in viewer.layers if layer.data is self), None)
        if layer is None or viewer.dims.current_step[0] != step:
            return False
        self._layer = ref(layer)
        return True


def _current_viewer() -> ViewerModel | None:
    from napari import current_viewer

    return current_viewer()
