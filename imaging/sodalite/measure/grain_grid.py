"""Grain maps as upright square images: hexagonal rows as bricks, and the growth direction turned upwards.

Grain tables and sizes need only the points of a map. Intercepts, column widths, columnarity and boundaries follow rows
and columns and so need an image of square (or oblong) pixels; each point of the map is drawn without interpolation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Collection

BORDERS = ("left", "right", "top", "bottom")
"""The four borders of a map or an image, in the order of ``(-x, +x, -y, +y)``."""

_NORMALS = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)], dtype=float)
_ALONG_AXIS = 1e-6


class GrainImage(NamedTuple):
    """A label image and its pixel size.

    Attributes
    ----------
    ids
        ``(y, x)`` integers, 0 = no grain.
    spacing_um
        Pixel size (y, x), um.
    """

    ids: np.ndarray
    spacing_um: tuple[float, float]


def brick_image(ids: np.ndarray, spacing_um: tuple[float, float], *, shifted_parity: int) -> GrainImage:
    """Return a map in rows as an image of equal pixels.

    On a hexagonal grid each point becomes a brick of two pixels, half a step wide each: every place of a row belongs to
    the nearest point of that row. Areas, row lengths and the order of points along rows are kept exactly.

    Parameters
    ----------
    ids
        ``(rows, columns)`` integers, 0 = no grain.
    spacing_um
        Distance between rows and between the points of a row (y, x), um.
    shifted_parity
        Rows whose number leaves this remainder by 2 are shifted by half a step to the right; -1 on a square grid.

    Raises
    ------
    MeasurementError
        When the ids are no ``(rows, columns)`` array of integers.
    """
    check_ids(ids)
    if shifted_parity < 0:
        return GrainImage(ids, spacing_um)
    rows, columns = ids.shape
    image = np.zeros((rows, 2 * columns + 1), dtype=ids.dtype)
    doubled = np.repeat(ids, 2, axis=1)
    shifted = np.arange(rows) % 2 == shifted_parity
    image[~shifted, :-1] = doubled[~shifted]
    image[shifted, 1:] = doubled[shifted]
    return GrainImage(image, (spacing_um[0], spacing_um[1] / 2))


def upright_image(image: GrainImage, *, growth_xy: tuple[float, float]) -> GrainImage:
    """Return the image turned so that the growth direction points up, towards row 0.

    Along an axis of the image this is a quarter turn and exact. Otherwise pixels of the geometric mean size are filled
    with the nearest pixel of the old image, and with 0 outside of it.

    Parameters
    ----------
    image
        Label image and pixel size.
    growth_xy
        Growth direction in the image, x to the right and y down; of any length.

    Raises
    ------
    MeasurementError
        When the direction has no length.
    """
    x, y = unit_direction(growth_xy)
    quarters = round(math.degrees(math.atan2(y, x)) / 90)
    turned = image.ids
    if min(abs(x), abs(y)) < _ALONG_AXIS:
        spacing = image.spacing_um if quarters % 2 else image.spacing_um[::-1]
        return GrainImage(np.ascontiguousarray(np.rot90(turned, quarters + 1)), spacing)
    return _nearest_turned(image, x, y)


def cutting_borders(growth_xy: tuple[float, float] | None) -> tuple[str, ...]:
    """Return which borders of a map cut grains: all four, of a film with a known growth direction the lateral two.

    A film ends at its faces, so that a grain which reaches them is whole; only the borders whose normals are nearer to
    the film's plane than to its growth direction cut grains.

    Raises
    ------
    MeasurementError
        When the direction has no length.
    """
    if growth_xy is None:
        return BORDERS
    along = np.abs(_NORMALS @ np.array(unit_direction(growth_xy)))
    return tuple(name for name, cosine in zip(BORDERS, along, strict=True) if cosine < math.sqrt(0.5) - _ALONG_AXIS)


def unit_direction(growth_xy: tuple[float, float]) -> tuple[float, float]:
    """Return the direction with length 1.

    Raises
    ------
    MeasurementError
        When it has no length.
    """
    length = math.hypot(*growth_xy)
    if not (math.isfinite(length) and length > 0):
        raise MeasurementError(f"growth_xy: found {growth_xy}; give a direction (x, y) in the map.")
    return growth_xy[0] / length, growth_xy[1] / length


def check_ids(ids: np.ndarray) -> None:
    """Refuse what is no image of grain numbers.

    Raises
    ------
    MeasurementError
        When the ids are not two-dimensional integers from 0.
    """
    if ids.ndim != 2 or ids.dtype.kind not in "iu" or int(ids.min(initial=0)) < 0:
        raise MeasurementError(f"ids: found {ids.dtype} of shape {ids.shape}; give (y, x) integers, 0 for no grain.")


def check_borders(cut_borders: Collection[str]) -> None:
    """Refuse unknown borders.

    Raises
    ------
    MeasurementError
        Naming them.
    """
    unknown = sorted(set(cut_borders) - set(BORDERS))
    if unknown:
        raise MeasurementError(f"cut_borders: no such border as {', '.join(unknown)}; use {', '.join(BORDERS)}.")


def _nearest_turned(image: GrainImage, x: float, y: float) -> GrainImage:
    """Turn by an odd angle: rows run along (-y, x), which growth (0, -1) makes +x, and columns down along -(x, y)."""
    rows, columns = image.ids.shape
    sy_um, sx_um = image.spacing_um
    step = math.sqrt(sy_um * sx_um)
    width, height = columns * sx_um, rows * sy_um
    across, deep = abs(y) * width + abs(x) * height, abs(x) * width + abs(y) * height
    new_rows, new_columns = math.ceil(deep / step), math.ceil(across / step)
    right = ((np.arange(new_columns) + 0.5) * step - across / 2)[None]
    down = ((np.arange(new_rows) + 0.5) * step - deep / 2)[:, None]
    column = np.floor((right * -y - down * x + width / 2) / sx_um).astype(np.int64)
    row = np.floor((right * x - down * y + height / 2) / sy_um).astype(np.int64)
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    turned = np.zeros((new_rows, new_columns), dtype=image.ids.dtype)
    turned[inside] = image.ids[row[inside], column[inside]]
    return GrainImage(turned, (step, step))
