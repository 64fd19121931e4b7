"""Layers filled anew where they lie: what is theirs changes, what the user made of them stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.components import ViewerModel

from napari_sodalite.layer_data import KEY, LayerData, colored, compact, selected_colors
from napari_sodalite.layer_turns import put_layer
from napari_sodalite.session import find_layer
from napari_sodalite.spatial import spatial


def item(role: str, kind: str, data: Any, **attributes: Any) -> LayerData:
    """Return a layer of a role."""
    known = {"role": role, **attributes.pop("known", {})}
    return LayerData(data, {"name": role, "metadata": {KEY: known}, **spatial((0.5, 0.5)), **attributes}, kind)


def put(viewer: ViewerModel, layer: LayerData) -> Any:
    """Show a layer and return it."""
    for _ in put_layer(viewer, layer):
        pass
    return find_layer(viewer, layer.known["role"])


def grains(count: int, dtype: type) -> LayerData:
    """Return labels in as many columns."""
    data = np.repeat(np.arange(1, count + 1, dtype=dtype), 4)[None].repeat(6, axis=0)
    known = {"measured": data, "centres_um": np.zeros((count + 1, 2))}
    colors = selected_colors(np.ones(4, np.float32), 0)
    features = {"size": np.arange(count + 1)}
    return item("grains", "labels", data, known=known, features=features, colormap=colored(colors, data), opacity=0.7)


def test_labels_keep_their_looks_and_forget_their_strokes() -> None:
    """Another result in other bits and another shape: same layer, its opacity, no stroke to undo, nothing selected."""
    viewer = ViewerModel()
    layer = put(viewer, grains(3, np.uint8))
    layer.opacity, layer.selected_label, layer.mode = 0.2, 3, "paint"
    layer.paint((0, 0), 2)
    second = grains(300, np.uint16)
    layer.visible = False
    assert put(viewer, second) is layer
    assert len(viewer.layers) == 1
    np.testing.assert_array_equal(layer.data, second.data)
    assert (layer.opacity, layer.visible, layer.selected_label) == (0.2, False, 1)
    layer.undo()
    np.testing.assert_array_equal(layer.data, second.data)
    assert len(layer.features) == 301
    layer.visible = True
    layer.paint((0, 0), 9)
    assert second.data[0, 0] == 1


def test_lines_and_points_are_drawn_anew() -> None:
    """More or fewer than before, and none at all."""
    viewer = ViewerModel()
    for count in (2, 5, 0, 1):
        paths = [np.array([[0, row], [3, row]], float) for row in range(count)]
        looks = {"edge_width": 2.0, "edge_color": ["red"] * count or "white", "face_color": "transparent"}
        names = {"interface": ["a"] * count}
        lines = put(viewer, item("lines", "shapes", paths or None, shape_type="path", features=names, **looks))
        dots = np.arange(2.0 * count).reshape(count, 2)
        points = put(
            viewer, item("points", "points", dots, size=3.0, face_color=["red"] * count or "white", features=names)
        )
        assert (lines.nshapes, len(lines.features), len(points.data), len(points.features)) == (count,) * 4
        assert set(lines.edge_width) <= {2.0}
    assert len(viewer.layers) == 2


def test_what_was_chosen_stays_chosen() -> None:
    """Controls of layers that only pass by are never laid out; layers of the user's are chosen as ever."""
    viewer = ViewerModel()
    first = viewer.add_image(np.eye(4))
    put(viewer, grains(3, np.uint8))
    assert viewer.layers.selection.active is first
    second = viewer.add_image(np.eye(4))
    assert viewer.layers.selection.active is second


def test_labels_take_no_more_bits_than_they_need() -> None:
    """Never fewer than asked for."""
    wide = np.array([[0, 255]], np.uint32)
    assert compact(wide).dtype == np.uint8
    assert compact(wide, np.uint16).dtype == np.uint16
    assert compact(wide * 1000).dtype == np.uint32
