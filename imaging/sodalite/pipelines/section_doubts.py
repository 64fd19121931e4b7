"""What may be wrong with a section, though it was measured: faces that hardly show, layers that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from sodalite.classes import LAYER_CLASS, SectionClass, any_of
from sodalite.pipelines.section_scene import LAYER
from sodalite.quantity import CHECK_OVERLAY
from sodalite.segment.evidence import middle_and_spread
from sodalite.segment.layers import FILM_PX
from sodalite.segment.ranks import median
from sodalite.segment.scan_bands import ENOUGH_COLUMNS

if TYPE_CHECKING:
    from sodalite.image import Image
    from sodalite.pipelines.cross_section import CrossSection
    from sodalite.pipelines.section_labels import SectionLabels

_LEAST_FACE_CONTRAST = 1.0
"""d' of a face below which its numbers carry a note: lines through noise reach 0.5, real faces begin there."""

_THIN_PX = 12
"""Thickness of sodium beside a layer without any grey below which it may be the blur of that layer's edge alone: in a
stack whose collector and sodium were both white, their edge to the electrolyte was found as a film of 7 px."""

_UNEVEN, _OWN_GREY_SD = 0.45, 5.0
"""Standard deviation of the thickness in its mean beyond which, and distance of the sodium's grey from its neighbours'
in its own standard deviations below which a layer may be none. Of 12 real sections of two layers read as three they are
0.54 to 1.25 and 0.1 to 3.8, of 4 whose middle layer is one 0.25 to 0.62 and 4.1 to 8.6; patches and islands of sodium
drawn at SNR 8 and 3 have 0.46 to 1.5 and 7.3 to 28."""

_SMOOTHING_PX, _INSIDE_PX, _LEAST_INSIDE = 1.0, 5, 200

_LEVEL_PX, _LEVEL_SHARE, _NOT_LEVEL_SHARE = 1, 0.5, 0.25
"""Rows about its most frequent one within which a face is level, and shares of the width that are so in a face along
the scan lines, and at most in another face of the same layer: bands of charging are level, milled faces are not. Two of
18 real sections have such a face, and both follow a charged band; 5 of 509 drawn ones are level by chance."""


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
    doubts += _of_no_layer(recipe, image.data, labels)
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


def _of_no_layer(recipe: CrossSection, data: np.ndarray, labels: np.ndarray) -> list[str]:
    """Return why a traced sodium layer between two others may be none, as where the stack holds but those two."""
    neighbours = _neighbours(recipe)
    sodium = any_of(labels[:, :: max(labels.shape[1] // ENOUGH_COLUMNS, 1)], LAYER)
    thickness_px = sodium.sum(axis=0)
    missing = [name for name in ("sodium", *neighbours) if not (labels == LAYER_CLASS[name]).any()]
    if len(neighbours) < 2 or missing:
        return []
    uneven = float(thickness_px.std() / thickness_px.mean())
    shapes = [f"its thickness varies by {100 * uneven:.0f} %"] if uneven > _UNEVEN else []
    if _is_level(sodium[:, thickness_px > 0]):
        shapes.append("a face of it runs along the scan lines, as a charged band does")
    if not shapes:
        return []
    name, own = _nearest_grey(data, labels, neighbours)
    if own > _OWN_GREY_SD:
        return []
    return [
        f"the sodium's grey is but {own:.1f} of its standard deviations from that of the {name} and "
        f"{' and '.join(shapes)}: it may be a part or a shade of it, in a stack without sodium or with a layer less "
        f"than named: {CHECK_OVERLAY}"
    ]


def _nearest_grey(data: np.ndarray, labels: np.ndarray, neighbours: list[str]) -> tuple[str, float]:
    """Return the neighbour of the grey nearest to the sodium's, and their distance in standard deviations of it."""
    smooth = cv2.GaussianBlur(np.asarray(data, np.float32), (0, 0), _SMOOTHING_PX)
    middle, spread = middle_and_spread(_inside(smooth, labels == SectionClass.SODIUM))
    steps = {name: abs(median(_inside(smooth, labels == LAYER_CLASS[name])) - middle) for name in neighbours}
    name = min(steps, key=steps.__getitem__)
    return name, steps[name] / max(spread, 1e-9)


def _inside(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the values of a class clear of its edges, all of them where it has little else."""
    inside = cv2.erode(mask.view(np.uint8), np.ones((_INSIDE_PX, _INSIDE_PX), np.uint8)) > 0
    return values[inside if np.count_nonzero(inside) >= _LEAST_INSIDE else mask]


def _is_level(layer: np.ndarray) -> bool:
    """Return whether one face of a layer ``(y, x)``, there in every column, is level and the other is not."""
    upper, lower = layer.argmax(axis=0), len(layer) - layer[::-1].argmax(axis=0)
    less, more = sorted(
        float((np.abs(rows - np.bincount(rows).argmax()) <= _LEVEL_PX).mean()) for rows in (upper, lower)
    )
    return more > _LEVEL_SHARE and less < _NOT_LEVEL_SHARE


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
