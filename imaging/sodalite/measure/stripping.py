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


class Measured(NamedTuple):
    """A value, the ends of its 95 % interval and what is to be said about it; NaN where withheld."""

    value: float
    low: float
    high: float
    note: str = ""


def void_grey_of(data: np.ndarray, void: np.ndarray) -> tuple[float, int]:
    """Return the median grey of the voids' inside, two pixels from their outlines, and how many pixels that are."""
    inside = cv2.erode(void.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return (float(np.median(data[inside])) if inside.any() else math.nan), int(np.count_nonzero(inside))


def void_area_um2(
    share: np.ndarray,
    spacing_um: tuple[float, float],
    *,
    scale_relative_sd: float,
    bright_px: float = 0.0,
    band_px: float = 0.0,
) -> Measured:
    """Return the area of the voids in um2.

    The interval holds what an outline half a pixel further in or out would change, half of what a whole pixel does,
    and the uncertainty of the pixel size, twice, because it is an area. What is bright inside the voids may be a
    wall that shines or material: counted as void, it widens the interval by its own area, upwards too because an
    outline that is lit shows less. What shines beside them may be a wall too, and widens it upwards. The interval does
    not say what another place would show.

    Parameters
    ----------
    share
        ``(y, x)`` share of each pixel that a void covers, see `sodalite.measure.void_cover`.
    spacing_um
        Pixel size (y, x).
    scale_relative_sd
        Standard uncertainty of the pixel size, relative.
    bright_px
        Area in px that is bright inside the voids.
    band_px
        Area in px of a bright band beside them that is not counted.
    """
    mask = (share > 0.5).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    pixel = spacing_um[0] * spacing_um[1]
    labelled = int(mask.sum()) * pixel
    inner, outer = (int(change(mask, cross).sum()) * pixel for change in (cv2.erode, cv2.dilate))
    area = min(max(float(share.sum()) * pixel, inner), outer)
    scale = 2 * student_multiplier(math.inf) * scale_relative_sd * area
    bright = bright_px * pixel
    low = area - math.hypot((labelled - inner) / 2, scale, bright)
    high = area + math.hypot((outer - labelled) / 2, scale, bright, band_px * pixel)
    return Measured(area, max(0.0, low), high)


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
