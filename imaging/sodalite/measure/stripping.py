"""Voids of a stripped interface as numbers: area, opening along the interface, depth, and the void-capacity ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.confidence import student_multiplier
from sodalite.measure.roughness import profile_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE_SHARE = 0.95
"""Share of the void area that lies within the depth of the void zone: the deepest pixel alone would be noise."""

_OUTLINE_PX, _BLUR_PX = 3, 2.5
_LEAST_STEP = 0.3
"""Step of greys at a void, relative to the largest of the image, below which its outline is not placed by greys."""

_RIM_SHARE = 0.05
"""Brightness of a void's rim, in steps from sodium to void, that greys would count as void filled in."""

_LEAST_PX = 12
"""Pixels from which a grey is learnt."""


class Measured(NamedTuple):
    """A value, the ends of its 95 % interval and what is to be said about it; NaN where withheld."""

    value: float
    low: float
    high: float
    note: str = ""


def void_share(
    void: np.ndarray,
    data: np.ndarray,
    before: np.ndarray,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    void_grey: float,
) -> np.ndarray:
    """Return the share of each pixel that a void covers, ``(y, x)`` float64: voids as labelled, outlines by the greys.

    Within three pixels of a void's outline the share is how far the grey has fallen from what the place shows without
    a void, relative to the step from the sodium there to the void. Its sum is the void's area whatever the blur, and
    the electrolyte beside it adds nothing: half-way outlines lose up to 3 % of voids of 16 px. Where sodium and
    electrolyte beside a void have become brighter or darker since, such as by charging, what it is compared with has
    too. At the upper face, which moves, and beside voids whose rims shine, the labels stand.

    Parameters
    ----------
    void
        ``(y, x)`` bool, labelled voids.
    data
        ``(y, x)`` grey levels.
    before
        ``(y, x)`` grey levels of the same plane without any void, see `sodalite.segment.undisturbed`.
    faces
        ``(x,)`` edge rows of the sodium's upper face and of the electrolyte.
    void_grey
        Grey of voids, for those too small to tell it; NaN keeps the labels.
    """
    share = void.astype(np.float64)
    if not math.isfinite(void_grey) or not void.any():
        return share
    kernel = np.ones((2 * _OUTLINE_PX + 1, 2 * _OUTLINE_PX + 1), np.uint8)
    count, parts = cv2.connectedComponents(void.astype(np.uint8), connectivity=8)
    reach = cv2.dilate(parts.astype(np.uint16), kernel).astype(np.intp)
    face = np.rint(faces[1])  # as labels show it, so that labels corrected by hand measure alike
    height = face - np.arange(void.shape[0])[:, None] - 0.5
    rows = np.arange(void.shape[0])[:, None]
    inner = cv2.erode(void.astype(np.uint8), kernel) > 0
    usable = (reach > 0) & ~inner & (rows > np.rint(faces[0]) + _OUTLINE_PX)
    ring = np.where(reach > 0, 0, cv2.dilate(reach.astype(np.uint16), kernel))
    changed = data - before
    sides = [_by_part(changed, np.where(side, ring, 0), count, 0.0) for side in (height > _BLUR_PX, height < -_BLUR_PX)]
    upper_share = np.clip(height / (2 * _BLUR_PX) + 0.5, 0, 1)
    expected = before + upper_share * sides[0][reach] + (1 - upper_share) * sides[1][reach]
    step = (
        _down_to_face(before, face) + (sides[0] - _by_part(data, np.where(inner, parts, 0), count, void_grey))[reach]
    )[usable]
    usable[usable] = clear = step > _LEAST_STEP * step.max(initial=0.0)
    share[usable] = (expected - data)[usable] / step[clear]
    beside = cv2.dilate(parts.astype(np.uint16), np.ones((3, 3), np.uint8)) > 0
    rim = _by_part(share, np.where(usable & ~beside & (height > _BLUR_PX), reach, 0), count, 0.0) < -_RIM_SHARE
    return np.where(usable & rim[reach], void, share)


def _down_to_face(before: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the sodium's grey in each pixel; within the blur of the electrolyte's face that of the pixel above it."""
    last = np.clip(np.floor(face - _BLUR_PX - 0.5), 0, before.shape[0] - 1).astype(np.intp)
    rows = np.minimum(np.arange(before.shape[0])[:, None], last)
    return np.take_along_axis(before, rows, axis=0)


def _by_part(plane: np.ndarray, parts: np.ndarray, count: int, without: float) -> np.ndarray:
    """Return the median of a plane over each numbered part, ``(count,)``; `without` where there are too few pixels."""
    levels = np.full(count, without)
    order = np.argsort(parts, axis=None, kind="stable")
    numbers = parts.ravel()[order]
    for part in range(1, count):
        start, stop = np.searchsorted(numbers, (part, part + 1))
        if stop - start >= _LEAST_PX:
            levels[part] = float(np.median(plane.ravel()[order[start:stop]]))
    return levels


def void_grey_of(data: np.ndarray, void: np.ndarray) -> tuple[float, int]:
    """Return the median grey of the voids' inside, two pixels from their outlines, and how many pixels that are."""
    inside = cv2.erode(void.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return (float(np.median(data[inside])) if inside.any() else math.nan), int(np.count_nonzero(inside))


def void_area_um2(share: np.ndarray, spacing_um: tuple[float, float], *, scale_relative_sd: float) -> Measured:
    """Return the area of the voids in um2.

    The interval holds what an outline half a pixel further in or out would change, half of what a whole pixel does,
    and the uncertainty of the pixel size, twice, because it is an area. It does not say what another place would show.

    Parameters
    ----------
    share
        ``(y, x)`` share of each pixel that a void covers, see `void_share`.
    spacing_um
        Pixel size (y, x).
    scale_relative_sd
        Standard uncertainty of the pixel size, relative.
    """
    mask = (share > 0.5).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    pixel = spacing_um[0] * spacing_um[1]
    labelled = int(mask.sum()) * pixel
    inner, outer = (int(change(mask, cross).sum()) * pixel for change in (cv2.erode, cv2.dilate))
    area = min(max(float(share.sum()) * pixel, inner), outer)
    scale = 2 * student_multiplier(math.inf) * scale_relative_sd * area
    low = area - math.hypot((labelled - inner) / 2, scale)
    return Measured(area, max(0.0, low), area + math.hypot((outer - labelled) / 2, scale))


def opening_um(share: np.ndarray, spacing_um: tuple[float, float]) -> np.ndarray:
    """Return the void in each column along z, ``(x,)`` um; its mean is the void area a length of interface.

    `share` is that of each pixel that a void covers, ``(y, x)``, or a mask.
    """
    return np.asarray(share.sum(axis=0, dtype=np.float64)) * spacing_um[0]


def void_zone_depth_um(void: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float]) -> float:
    """Return the height above the electrolyte face below which 95 % of the void area lie, um; 0 without voids.

    Parameters
    ----------
    void
        ``(y, x)`` bool, the electrolyte below.
    electrolyte_row
        ``(x,)`` edge rows of the face; columns without one (NaN) do not count.
    spacing_um
        Pixel size (y, x).
    """
    rows, columns = np.nonzero(void & np.isfinite(electrolyte_row))
    if not rows.size:
        return 0.0
    height_px = np.sort(electrolyte_row[columns] - rows - 0.5)
    place = ZONE_SHARE * height_px.size - 0.5
    return float(np.interp(place, np.arange(height_px.size), height_px)) * spacing_um[0]


def void_capacity_ratio(
    opening: np.ndarray, first: np.ndarray, *, stripped_um: float, area_relative: tuple[float, float]
) -> Measured:
    """Return kappa: void area a width over the thickness of dense sodium that was stripped, since the first image.

    0 means that creep and diffusion make good all that leaves, 1 that every stripped atom leaves a void. The interval
    counts the correlation of the columns (`profile_interval`): it holds for the interface that the image samples;
    the outline of the voids and the pixel size add in quadrature.

    Parameters
    ----------
    opening, first
        ``(x,)`` void a column, um, now and in the first image.
    stripped_um
        Thickness of dense sodium of the charge stripped between the two, um.
    area_relative
        Half widths of the interval of the void area below and above, relative to it.

    Raises
    ------
    MeasurementError
        When the two profiles differ in length.
    """
    if opening.shape != first.shape:
        raise MeasurementError(f"first: {first.size} columns beside {opening.size}; register the images first.")
    if not stripped_um > 0:
        return Measured(math.nan, math.nan, math.nan, "no charge was stripped since the first image")
    grown = opening - first
    mean = float(grown.mean())
    sampling = profile_interval(mean, grown)
    if math.isnan(sampling.low):
        return Measured(mean / stripped_um, math.nan, math.nan, sampling.note)
    below = math.hypot(mean - sampling.low, area_relative[0] * float(opening.mean()))
    above = math.hypot(sampling.high - mean, area_relative[1] * float(opening.mean()))
    return Measured(mean / stripped_um, (mean - below) / stripped_um, (mean + above) / stripped_um, sampling.note)


def onset_charge_mah_cm2(areas_um2: Sequence[float], charges_mah_cm2: Sequence[float]) -> Measured:
    """Return the stripped charge at which the first void shows, with the charges of the images beside it as ends.

    The value lies in the middle: between two images nothing is known. Withheld where voids are there from the first
    image on, or never.
    """
    seen = [index for index, area in enumerate(areas_um2) if area > 0]
    if not seen:
        return Measured(math.nan, charges_mah_cm2[-1], math.inf, f"no void up to {charges_mah_cm2[-1]:.4g} mAh cm-2")
    if seen[0] == 0:
        return Measured(math.nan, math.nan, math.nan, "the first image shows voids already")
    low, high = charges_mah_cm2[seen[0] - 1], charges_mah_cm2[seen[0]]
    return Measured((low + high) / 2, low, high, "between two images")


def curtain_change_fraction(data: np.ndarray, first: np.ndarray, region: np.ndarray) -> float:
    """Return how much the vertical stripes of an image differ from the first one's, relative to its grey.

    The standard deviation of the column means of the difference inside the region, without what varies over more than
    a sixteenth of the width, less what noise alone gives.

    Parameters
    ----------
    data, first
        ``(y, x)`` grey levels, registered and normalised.
    region
        ``(y, x)`` bool, a phase that does not change, such as the electrolyte.
    """
    count = region.sum(axis=0)
    columns = count > 8
    if columns.sum() < 32:
        return math.nan
    difference = np.where(region, data.astype(np.float64) - first, 0.0)[:, columns]
    inside, count = region[:, columns], count[columns]
    means = difference.sum(axis=0) / count
    width = max(9.0, means.size / 16)
    smooth = cv2.GaussianBlur(means[None].astype(np.float64), (0, 0), width, borderType=cv2.BORDER_REFLECT)[0]
    rest = np.where(inside, difference - means, 0.0)
    noise = float(((rest**2).sum(axis=0) / count / count).mean())
    excess = float(np.var(means - smooth)) - noise
    return math.sqrt(max(excess, 0.0)) / max(abs(float(first[region].mean())), 1e-9)
