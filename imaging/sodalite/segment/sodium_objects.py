"""Which objects of an electrolyte are sodium: as grey as it, of one phase, and with nothing but electrolyte around."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.ranks import median

if TYPE_CHECKING:
    import numpy.typing as npt

_DARK_SHARE, _THIN_DARK_SHARE, _THIN_PX = 0.25, 0.12, 2.5
"""Part of the way from sodium to voids at which a core is no sodium, the same for thin objects, and their half width.

Measured on phantoms with voids at contrast 1.7 and SNR 3 to 8: cores of sodium reach 1.09 and those of pores begin at
1.25 from three pixels of radius on; cracks two pixels wide read 1.09 to 1.2, filaments up to 1.04.
"""

_GREY_SDS, _GREY_MARGINS = 2.0, (0.3, 0.4)
"""Distance of a core's grey from sodium's at which it is none, in sd of the sodium's grey, and its bounds in contrasts.

Measured on phantoms, SNR 3 to 8: cores 0.89 to 1.04, and 0.74 to 1.26 where curtains and shading of 10 % are taken out.
Redeposition on trench floors beside polished copper (4 kV, sd 0.07 to 0.18) reads 0.6 to 2.
"""

_INSIDE_PX, _LEAST_INSIDE, _UNEVEN_SDS, _UNEVEN = 3.0, 20, 2.0, 0.05
"""Depth in pixels from which an object's grey is free of its blurred rim, pixels of it that tell how even it is, and
the standard deviation from which it is no single phase: twice that of sodium, and a bit."""

_AROUND_PX, _LEAST_AROUND, _AMID_GREY = (4.0, 8.0), 20, 0.2
"""Distances between which the electrolyte around an object is looked at, its fewest pixels that tell, and their median
contrast from which the object is but the most striking part of something else. Around 189 drawn objects (SNR 8 and 3)
it was -0.12 to 0.11; around specks of noise in grains and charged bands half as dark as sodium 0.25 to 0.46."""

_DEBRIS_REACH_PX = 21
"""Width in pixels of the gaps in a field of debris that stands on the lower frame."""

_VOID_CONTRAST, _DARK_CORE = 2.0, 1.3
"""Contrast of voids assumed where none is known and no object's core is beyond the second number."""


class Greys(NamedTuple):
    """Contrast relative to sodium ``(y, x)``, its noise, sodium's sd, contrast of voids, sd of the blur in pixels."""

    contrast: npt.NDArray[np.float32]
    noise: float
    sodium_sd: float
    void: float
    blur_px: float


class Objects(NamedTuple):
    """Numbered objects ``(y, x)``, those that are judged, which stand on a floor, and the electrolyte ``(y, x)``."""

    image: npt.NDArray[np.int32]
    kept: npt.NDArray[np.integer]
    on_floor: npt.NDArray[np.bool_]
    electrolyte: npt.NDArray[np.bool_]


def which_are_sodium(greys: Greys, objects: Objects) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return per judged object whether it is sodium, and the contrast of its core."""
    cores = _cores(greys, objects)
    even = cores.spread <= _UNEVEN_SDS * greys.sodium_sd + _UNEVEN
    apart = ~(cores.around > _AMID_GREY) & ~_debris(objects, even)
    return even & apart & _is_sodium(greys, cores) & ~_darker_than_sodium(greys, cores), cores.contrast


class _Cores(NamedTuple):
    """What is known of each object.

    Attributes
    ----------
    radius_px
        Half its thickness.
    contrast, spread
        Mean contrast of its core, and the contrast's standard deviation inside it.
    around
        Median contrast of the electrolyte around it, NaN where little of it is seen.
    """

    radius_px: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]
    around: npt.NDArray[np.float64]


def _cores(greys: Greys, objects: Objects) -> _Cores:
    """Return the cores of the judged objects: where they are nearly as deep as they get.

    The mean is corrected for what the blur takes from the middle of a disc of the object's thickness.
    """
    from scipy.ndimage import find_objects

    boxes = find_objects(objects.image) if objects.kept.size else []
    radius, mean, spread, around = np.zeros((4, objects.kept.size))
    for place, label in enumerate(objects.kept):
        rows, columns = (slice(max(box.start - 1, 0), box.stop + 1) for box in boxes[label - 1])
        mask = (objects.image[rows, columns] == label).view(np.uint8)
        depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        radius[place] = depth.max()
        contrast = greys.contrast[rows, columns]
        mean[place] = contrast[depth >= 0.7 * radius[place]].mean()
        inside = contrast[depth >= _INSIDE_PX]
        spread[place] = inside.std() if inside.size >= _LEAST_INSIDE else 0.0
        around[place] = _contrast_around(greys, objects, int(label), boxes[label - 1])
    left_by_blur = 1 - np.exp(-(radius**2) / (2 * greys.blur_px**2))
    return _Cores(radius, mean / np.maximum(left_by_blur, 0.1), spread, around)


def _contrast_around(greys: Greys, objects: Objects, label: int, box: tuple[slice, slice]) -> float:
    """Return the median contrast of the electrolyte around an object, other objects left out."""
    near, far = _AROUND_PX
    margin = int(far) + 1
    part = tuple(slice(max(side.start - margin, 0), side.stop + margin) for side in box)
    image = objects.image[part]
    distance = cv2.distanceTransform((image != label).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    ring = (distance > near) & (distance <= far) & objects.electrolyte[part] & (image == 0)
    return median(greys.contrast[part][ring]) if np.count_nonzero(ring) >= _LEAST_AROUND else np.nan


def _is_sodium(greys: Greys, cores: _Cores) -> npt.NDArray[np.bool_]:
    """Return per object whether its core is as grey as sodium, neither more nor less."""
    margin = np.clip(_GREY_SDS * greys.sodium_sd, *_GREY_MARGINS)
    return np.abs(cores.contrast - 1) <= margin


def _debris(objects: Objects, even: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return per object whether it stands in a field of debris: redeposition that grew from the floor of a trench.

    A field holds one that stands on the floor, or an uneven one that touches the lower frame, and all that chain up to
    it.
    """
    image, kept = objects.image, objects.kept
    floor = np.union1d(np.intersect1d(image[-1], kept[~even]), kept[objects.on_floor])
    if not floor.size:
        return np.zeros(kept.size, bool)
    mask = np.isin(image, kept).view(np.uint8)
    near = cv2.dilate(mask, np.ones((_DEBRIS_REACH_PX, _DEBRIS_REACH_PX), np.uint8))
    field = cv2.connectedComponents(near, connectivity=8)[1]
    of_object = np.zeros(int(image.max()) + 1, np.int64)
    of_object[image[mask > 0]] = field[mask > 0]
    return np.isin(of_object[kept], of_object[floor])


def _darker_than_sodium(greys: Greys, cores: _Cores) -> npt.NDArray[np.bool_]:
    """Return per object whether its core is nearer to a void than to sodium, as that of a pore or a crack.

    Where no void is known, the darkest core stands for one.
    """
    thin = cores.radius_px < _THIN_PX
    darkest = float(cores.contrast[~thin].max(initial=0.0))
    void = greys.void if not np.isnan(greys.void) else darkest if darkest > _DARK_CORE else _VOID_CONTRAST
    return cores.contrast > 1 + np.where(thin, _THIN_DARK_SHARE, _DARK_SHARE) * (void - 1)
