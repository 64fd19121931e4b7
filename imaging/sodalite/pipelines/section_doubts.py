"""What may be wrong with a section, though it was measured: faces that hardly show, layers that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import LAYER_CLASS, any_of
from sodalite.pipelines.section_scene import LAYER
from sodalite.quantity import CHECK_OVERLAY
from sodalite.segment.layers import FILM_PX

if TYPE_CHECKING:
    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection
    from sodalite.pipelines.section_labels import SectionLabels

_LEAST_FACE_CONTRAST = 1.0
"""d' of a face below which its numbers carry a note: lines through noise reach 0.5, real faces begin there."""

_THIN_PX = 12
"""Thickness of sodium beside a layer without any grey below which it may be the blur of that layer's edge alone: in a
stack whose collector and sodium were both white, their edge to the electrolyte was found as a film of 7 px."""


def doubts_of(
    recipe: CrossSection, image: Image, labels: np.ndarray, thickness_um: float, found: SectionLabels
) -> list[str]:
    """Return why the faces of the sodium may not be where they were found; nothing where all show well."""
    faint = [
        f"{name} (d' = {contrast:.2g})"
        for name, contrast in found.face_contrast.items()
        if ("sodium" in name or len(found.face_contrast) == 1) and contrast < _LEAST_FACE_CONTRAST
    ]
    doubts = [f"the greys hardly differ at {' and '.join(faint)}: {CHECK_OVERLAY}"] if faint else []
    missing = _missing(recipe, labels)
    if missing:
        doubts.append(
            f"no {' and no '.join(missing)} of {FILM_PX} px or more in half of the width or more: {CHECK_OVERLAY}"
        )
    thin = thickness_um < _THIN_PX * image.spacing_um[0]
    white = [name for name in _neighbours(recipe) if thin and _is_white(image.data, labels == LAYER_CLASS[name])]
    if white:
        doubts.append(
            f"most of the {' and the '.join(white)} has the largest grey level there is, so that sodium as white as it "
            f"is not told from it and the film found may be the blur of its edge: {CHECK_OVERLAY}"
        )
    return doubts


def _missing(recipe: CrossSection, labels: np.ndarray) -> list[str]:
    """Return the layers between others that are thinner than the blur of an edge where they should be.

    Where one was not told from its neighbour, another passed for it and the sodium for such a film.

    Sodium between two layers alone is left out: on a bare collector it may cover a part of the width.
    """
    inner = recipe.stack[1:-1] if len(recipe.stack) > 3 else ()
    parts = ((name, (LAYER if name == "sodium" else (LAYER_CLASS[name],))) for name in inner)
    return [name for name, classes in parts if np.median(any_of(labels, classes).sum(axis=0)) < FILM_PX]


def _neighbours(recipe: CrossSection) -> list[str]:
    """Return the layers that touch the sodium."""
    place = recipe.stack.index("sodium") if "sodium" in recipe.stack else -2
    return [name for at, name in enumerate(recipe.stack) if abs(at - place) == 1]


def _is_white(data: np.ndarray, mask: np.ndarray) -> bool:
    """Return whether most of the pixels have the largest grey level that their type holds."""
    if not np.issubdtype(data.dtype, np.integer) or not mask.any():
        return False
    return bool((data[mask] == np.iinfo(data.dtype).max).mean() > 0.5)


def overruled(image: Image) -> list[str]:
    """Return a sentence where the pixel size that was told is not that of the file."""
    own = image.meta.overruled_um
    if own is None:
        return []
    return [f"the pixel size told is used, though the file gives {own[1]:.5g} um along x and {own[0]:.5g} um along y."]
