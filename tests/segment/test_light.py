"""Light that falls off across a section is read off its sodium and divided out."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.light import light_change, with_even_light


def _section(change: float, *, bow: float = 0.0, voids: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a section of sodium (150) on electrolyte (70) with voids (20) in its left part, its layer and its face."""
    rng = np.random.default_rng(1)
    face = np.rint(300 + 20 * np.sin(np.arange(600) / 90))
    layer = np.arange(400)[:, None] < face
    scene = np.where(layer, 150.0, 70.0)
    scene[(rng.random(scene.shape) < voids) & layer & (np.arange(600) < 180)] = 20
    place = np.arange(600) / 600 - 0.5
    lit = scene * np.exp(change * place + bow * (2 * place) ** 2) + rng.normal(0, 6, scene.shape)
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8), layer, face


@pytest.mark.parametrize("voids", [0.0, 0.6])
@pytest.mark.parametrize("change", [-0.35, -0.1, 0.0, 0.2, 0.35])
def test_the_change_is_found_beside_voids(change: float, voids: float) -> None:
    """Where six tenths of a third of the sodium are gone, too."""
    assert light_change(*_section(change, voids=voids)) == pytest.approx((change, 0.0), abs=0.02)


@pytest.mark.parametrize("voids", [0.0, 0.6])
@pytest.mark.parametrize("change", [-0.1, 0.0, 0.2])
def test_a_fall_to_both_sides_is_found_beside_one_to_a_side(change: float, voids: float) -> None:
    """A quarter less at both sides than in the middle, and what differs between them."""
    found = light_change(*_section(change, bow=-0.29, voids=voids))
    assert found == pytest.approx((change, -0.29), abs=0.04)


def test_light_that_falls_in_one_half_alone_has_no_bow() -> None:
    """Grains as dark as that may lie there."""
    scene, layer, face = _section(0.0)
    scene[:, :150] = np.rint(scene[:, :150] * 0.75)
    assert light_change(scene, layer, face)[1] == 0.0


@pytest.mark.parametrize("bow", [0.0, -0.29])
def test_even_light_leaves_the_sodium_alike(bow: float) -> None:
    """Its grey, 150 in the middle, is that at both sides afterwards; the type of the image is kept."""
    scene, layer, face = _section(0.3, bow=bow)
    even = with_even_light(scene, layer, face)
    assert even.dtype == np.uint8
    sides = [float(np.median(even[:280, part])) for part in (slice(0, 60), slice(270, 330), slice(540, 600))]
    assert sides == pytest.approx([150, 150, 150], abs=2)


def test_a_change_that_decides_nothing_leaves_the_image_alone() -> None:
    """Not one grey level moves."""
    scene, layer, face = _section(0.02)
    assert with_even_light(scene, layer, face) is scene


def test_a_layer_that_is_hardly_in_sight_tells_nothing() -> None:
    """In fewer than eight of the blocks there is sodium."""
    scene, layer, face = _section(0.3)
    layer[:, 120:] = False
    assert light_change(scene, layer, face) == (0.0, 0.0)
