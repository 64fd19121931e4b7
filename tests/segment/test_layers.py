"""Tracing of ordered layers on phantoms and on the real sections that are kept beside the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from sodalite.phantoms.sections import make_section
from sodalite.phantoms.suite import make_named
from sodalite.segment.layers import layer_of, trace_floor, trace_layers, trace_stack

if TYPE_CHECKING:
    from pathlib import Path


SIZES: dict[str, Any] = {"collector_um": 2.5, "sodium_um": 3.6, "void_diameter_um": 0.6}


def trace(data: np.ndarray, layer_count: int, anchors: list[np.ndarray | None] | None = None) -> np.ndarray:
    """Return the traced interfaces with the recipe's defaults."""
    return trace_layers(
        data, layer_count=layer_count, stiffness_px=40.0, anchors=anchors or [None] * (layer_count - 1), reach_px=15.0
    )


@pytest.mark.parametrize("contrast", ["se", "bse", "low"])
@pytest.mark.parametrize("snr", [8.0, 3.0])
def test_interfaces_are_found_in_every_contrast(contrast: str, snr: float) -> None:
    """Collector and electrolyte face of a rough, void-bearing layer are within three pixels everywhere."""
    phantom = make_section((320, 480), (0.03, 0.03), **SIZES, seed=3, contrast=contrast, snr=snr, void_fraction=0.04)
    edges = trace(phantom.image.data, 3)
    for found, true in zip(edges, (phantom.collector_row, phantom.electrolyte_row), strict=True):
        assert np.abs(found - true).max() < 5
        assert np.sqrt(np.mean((found - true) ** 2)) < 2


def test_a_slope_of_ten_degrees_is_followed() -> None:
    """The faces of a tilted layer are traced from one side of the image to the other."""
    phantom = make_section((480, 640), (0.03, 0.03), **SIZES, seed=5, slope_deg=10.0, snr=8.0)
    edges = trace(phantom.image.data, 3)
    assert np.sqrt(np.mean((edges[1] - phantom.electrolyte_row) ** 2)) < 2


def test_mirrored_and_inverted_images_give_mirrored_and_equal_traces() -> None:
    """Left and right, dark and bright are treated alike, but for ties of equal cost."""
    data = make_section((320, 480), (0.03, 0.03), **SIZES, seed=3, snr=8.0).image.data
    edges = trace(data, 3)
    assert np.abs(trace(np.ascontiguousarray(data[:, ::-1]), 3)[:, ::-1] - edges).mean() < 0.3
    assert np.abs(trace(255 - data, 3) - edges).mean() < 0.3


@pytest.mark.parametrize("shading", [-0.2, 0.2])
def test_a_thin_layer_is_found_beside_a_thick_shaded_one(shading: float) -> None:
    """Light that falls off from top to bottom does not cut the electrolyte in two and leave the sodium out."""
    rows = np.arange(400.0)[:, None]
    grey = np.select([rows < 60, rows < 84], [205.0, 150.0], 80.0) * (1 + shading * np.linspace(-1, 1, 400)[:, None])
    noise = np.random.default_rng(0).normal(0, 9, (400, 500))
    edges = trace(np.clip(grey + noise, 0, 255).astype(np.uint8), 3)
    assert np.abs(edges - np.array([[60], [84]])).mean(axis=1).max() < 1.5


@pytest.mark.parametrize("snr", [8.0, 3.0])
def test_a_gap_along_half_a_face_does_not_draw_it_up(snr: float) -> None:
    """The upper edge of a gap is clearer than the face that it hides half of, and is no other reading of the stack."""
    phantom = make_named(f"gaps_se_snr{snr:.0f}")
    edges = trace(phantom.image.data, 3)
    assert np.sqrt(np.mean((edges[1] - phantom.electrolyte_row) ** 2)) < 1.5


def test_anchors_pull_a_trace() -> None:
    """An interface runs through its anchors even where the image shows none."""
    data = np.random.default_rng(1).normal(120, 10, (200, 300)).astype(np.float32)
    points = np.array([[20.0, 80.0], [280.0, 120.0]])
    edge = trace(data, 2, [points])[0]
    line = np.interp(np.arange(300) + 0.5, points[:, 0], points[:, 1])
    assert np.abs(edge - line).max() <= 16


@pytest.mark.parametrize("anchored", [0, 1])
def test_no_interface_pushes_another_off_its_anchors(anchored: int) -> None:
    """Anchors beyond the other face at both sides of the image hold theirs, and the other one gives way."""
    phantom = make_section((320, 480), (0.03, 0.03), **SIZES, seed=3, snr=8.0)
    own, other = np.roll((phantom.collector_row, phantom.electrolyte_row), -anchored, axis=0)
    beyond = other.mean() + np.sign(other.mean() - own.mean()) * 40
    points = np.array([[10.0, beyond], [60.0, beyond], [120.0, own[120]], [360.0, own[360]], [420.0, beyond]])
    anchors: list[np.ndarray | None] = [None, None]
    anchors[anchored] = points
    edges = trace(phantom.image.data, 3, anchors)
    line = np.interp(np.arange(480) + 0.5, points[:, 0], points[:, 1])
    assert np.abs(edges[anchored] - line).max() <= 16
    assert (edges[0] <= edges[1]).all()


def test_layers_are_counted_from_the_top() -> None:
    """Two ordered edges cut a column into three layers."""
    layers = layer_of(np.array([[2, 3], [5, 3]]), 6)
    np.testing.assert_array_equal(layers.T, [[0, 0, 1, 1, 1, 2], [0, 0, 0, 2, 2, 2]])


def test_the_metal_on_silicon_of_real_sections_is_traced(shared_data: Path) -> None:
    """Without any setting the interface of six real sections at 10 kX lies within eight pixels on average."""
    import cv2

    folder = shared_data / "sem" / "ucf_pv_fibsem"
    errors = []
    for path in sorted(folder.glob("AlBSF/*10K*.png"))[:6]:
        data = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[:-78]
        truth = cv2.imread(str(folder / "masks" / f"{path.stem}_mask.png"), cv2.IMREAD_GRAYSCALE)[:-78] == 3
        known = truth.sum(axis=0) >= 30
        errors.append(np.abs(trace(data, 2)[0] - truth.argmax(axis=0))[known].mean())
    assert np.mean(errors) < 8


def test_a_thin_collector_below_a_cap_is_found_along_a_slope() -> None:
    """A layer thinner than the rise of its faces is in no flat slab, and its neighbours do not pass for it."""
    rows, columns = np.mgrid[:400.0, :500.0]
    depth = rows - 0.1 * columns
    grey = np.select([depth < 50, depth < 60, depth < 170], [120.0, 170.0, 95.0], 150.0)
    noise = np.random.default_rng(0).normal(0, 7, grey.shape)
    edges = trace(np.clip(grey + noise, 0, 255).astype(np.uint8), 4)
    true = np.array([[50], [60], [170]]) + 0.1 * np.arange(500)
    assert np.abs(edges - true).mean(axis=1).max() < 2.5


@pytest.mark.parametrize("turned", [False, True])
def test_an_empty_space_beyond_the_stack_is_no_layer(turned: bool) -> None:
    """Vacuum above a collector, or a shadow below an electrolyte, is traced beside the layers and not as one."""
    rows = np.arange(400.0)[:, None] + np.zeros(500)
    grey = np.select([rows < 60, rows < 140, rows < 220], [15.0, 150.0, 110.0], 170.0)
    grey = np.clip(grey + np.random.default_rng(0).normal(0, 6, grey.shape), 0, 255).astype(np.uint8)
    data = np.ascontiguousarray(grey[::-1]) if turned else grey
    stack = trace_stack(data, layer_count=3, stiffness_px=40.0, anchors=[None, None], reach_px=15.0)
    true = np.array([[180], [260]] if turned else [[140], [220]])
    assert np.abs(stack.edges - true).mean(axis=1).max() < 1.5
    space = stack.bottom - 340 if turned else stack.top - 60
    assert np.abs(space).mean() < 1.5


def test_the_end_of_rubble_is_traced_from_near_it() -> None:
    """The slanting edge of rubble as grey as the layer above it is found from a level guess 40 px below it."""
    rng = np.random.default_rng(6)
    rows, columns = np.mgrid[:500, :600]
    edge = 330 + 40 * columns[0] / 600
    spots = cv2.GaussianBlur(rng.normal(size=rows.shape), (0, 0), 6)
    grey = np.where(rows < 150, 90.0, 140.0) + rng.normal(0, 6, rows.shape)
    grey = np.where(rows >= edge, 140 + 25 * spots / spots.std(), grey)
    data = np.clip(grey, 0, 255).astype(np.uint8)
    found = trace_floor(data, np.full(600, 150), np.full(600, 390), stiffness_px=40)
    assert np.abs(found - edge).mean() < 6
    assert np.abs(found - edge).max() < 24
