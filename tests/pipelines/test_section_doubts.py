"""Doubts about layers that may not be there."""

from __future__ import annotations

import numpy as np

import sodalite
from sodalite.classes import SectionClass
from sodalite.pipelines.section_doubts import doubts_of
from sodalite.pipelines.section_labels import SectionLabels

SHAPE = (240, 400)


def doubts(upper: np.ndarray, lower: np.ndarray, *, sodium_grey: float, scatter: float = 6.0) -> list[str]:
    """Return the doubts about sodium traced between two faces, under a collector of 150 and on an electrolyte of 70."""
    rows = np.arange(SHAPE[0])[:, None]
    layer = (rows >= upper).astype(np.uint8) + (rows >= lower)
    labels = np.array([SectionClass.COLLECTOR, SectionClass.SODIUM, SectionClass.ELECTROLYTE], np.uint8)[layer]
    noise = np.random.default_rng(1).normal(0, 1, SHAPE) * np.where(layer == 1, scatter, 6.0)
    grey = np.array([150.0, sodium_grey, 70.0])[layer] + noise
    image = sodalite.Image(np.clip(grey, 0, 255).astype(np.uint8), (0.1, 0.1), "drawn")
    found = SectionLabels(labels, {"collector/sodium": 5.0, "sodium/electrolyte": 5.0})
    return doubts_of(sodalite.CrossSection(), image, labels, 5.0, found)


def faces(thickness_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces of a layer of this thickness whose upper one slopes."""
    upper = 60 + np.arange(SHAPE[1]) // 10
    return upper, upper + thickness_px


UNEVEN = np.where(np.arange(SHAPE[1]) < 200, 70, 3)
EVEN = np.full(SHAPE[1], 60)


def test_an_uneven_layer_without_a_grey_of_its_own_is_doubted() -> None:
    """A part of the collector, or a mixture of greys beside it, that comes and goes may be no sodium."""
    (doubt,) = doubts(*faces(UNEVEN), sodium_grey=146)
    assert "collector" in doubt
    assert doubts(*faces(UNEVEN), sodium_grey=100, scatter=60)


def test_patches_of_a_grey_of_their_own_and_even_layers_are_not_doubted() -> None:
    """Sodium that covers a half of the width is sodium by its grey, an even layer by its shape."""
    assert not doubts(*faces(UNEVEN), sodium_grey=110)
    assert not doubts(*faces(EVEN), sodium_grey=146)


def test_a_level_face_beside_one_that_is_not_is_doubted() -> None:
    """Along the scan lines a charged band may part one phase in two; where both faces are level, the stack is."""
    sloping, _ = faces(EVEN)
    level = np.full(SHAPE[1], 150)
    (doubt,) = doubts(sloping, level, sodium_grey=75)
    assert "scan lines" in doubt
    assert not doubts(sloping, level, sodium_grey=110)
    assert not doubts(level - 60, level, sodium_grey=75)
