"""What napari makes layers of: shared attributes, tables with a row for the background, colours of selected objects."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

KEY = "sodalite"
"""Where a layer's metadata holds what this plugin knows of it."""
PREVIEW = "preview"
"""Role of the layer that shows a preview."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from napari.utils.colormaps import DirectLabelColormap

    from sodalite import Result


class LayerData(NamedTuple):
    """What napari makes a layer of."""

    data: Any
    attributes: dict[str, Any]
    kind: str

    @property
    def known(self) -> dict[str, Any]:
        """What this plugin keeps with the layer."""
        return self.attributes["metadata"][KEY]


class KeyEntry(NamedTuple):
    """What a colour over the picture means: the colour as ``#rrggbb``, words, and a square or a ring before them."""

    colour: str
    words: str
    sign: str = "■"

    @property
    def html(self) -> str:
        """The entry as rich text that is not broken within."""
        return f'<span style="color: {self.colour}">{self.sign}</span>&nbsp;{self.words.replace(" ", "&nbsp;")}'


def layer_attributes(result: Result, role: str, known: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return name, metadata and whatever is given besides; `known` is what the plugin keeps with the layer.

    Of a layer that people correct, ``known["measured"]`` holds the data that its numbers were measured on.
    """
    return {
        "name": f"{role} · {Path(result.name).stem}",
        "metadata": {KEY: {"role": role, "result": result, **(known or {})}},
        **more,
    }


def with_background(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return an object table with one row a label, row 0 the background: so napari's table, hover and clicks agree."""
    rows = table.set_index("label").reindex(range(count + 1))
    # a table without rows, read from its file, does not know which columns are numbers
    for name in rows.columns if len(table) else ():
        if table[name].dtype.kind not in "fiu":
            rows[name] = rows[name].map(lambda value: "" if value is None or value != value else str(value))
    return rows.reset_index(drop=True)


def colored(colors: dict[int | None, np.ndarray], labels: np.ndarray) -> DirectLabelColormap:
    """Return a colormap that is ready for these labels.

    Napari compiles its loops when a kind of labels is first coloured, for seconds: here a worker waits for it, where
    the window would. A hidden layer begins with labels of 8 bits, whatever its own are.
    """
    from napari.layers import Labels
    from napari.utils.colormaps import DirectLabelColormap

    _prepare_outlines()
    colormap = DirectLabelColormap(color_dict=colors)
    for kind in {np.dtype(np.uint8), labels.dtype}:
        colormap.map(np.zeros(1, kind))
        Labels(np.zeros((1, 1), kind), colormap=colormap)
    return colormap


@lru_cache(maxsize=1)
def _prepare_outlines() -> None:
    """Make a dashed line: vispy computes its patterns at the first one, which each layer of labels has, for 0.1 s."""
    from vispy.visuals import LineVisual

    LineVisual(np.zeros((2, 2), np.float32), method="agg")


def compact(labels: np.ndarray, least: type[np.unsignedinteger] = np.uint8) -> np.ndarray:
    """Return labels in as few bits as they need, `least` or more.

    Napari looks up each pixel of more than 16 bits at every change of colours: 1.5 s for 96 million of them, nothing
    for fewer bits.
    """
    needed = np.promote_types(np.min_scalar_type(labels.max(initial=0)), least)
    return labels.astype(needed, copy=False)


def selected_colors(shade: np.ndarray, selected: int) -> dict[int | None, np.ndarray]:
    """Return the colours of an object layer, the selected one white: `shade` is that of all, or has a row an object."""
    if shade.ndim == 2:
        own: dict[int | None, np.ndarray] = dict(enumerate(shade))
        return {**own, None: np.zeros(4, np.float32), selected: np.ones(4, np.float32), 0: np.zeros(4, np.float32)}
    return {None: shade, selected: np.ones(4, np.float32), 0: np.zeros(4, np.float32)}
