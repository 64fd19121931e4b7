"""Micrographs beside the maps of a series, brought onto the maps' points: what steps are laid over each other by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import CalibrationError, MeasurementError
from sodalite.track.raster import points_um

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.ebsd import Grid

_SAME_SIZE = 0.05
"""Relative difference of the sides of an image and of a map up to which both show one field."""


def image_on_grid(path: Path, grid: Grid) -> np.ndarray:
    """Return the grey levels of a micrograph at the nodes of the map of the same field, ``(rows, columns)`` float32.

    The image has the field of the map and its own number of pixels, as detectors of electrons save it with a scan: its
    edges lie on the edges of the map's outermost points. It is blurred to the step of the map.

    Parameters
    ----------
    path
        The image; its data bar is left out.
    grid
        Of the map.

    Raises
    ------
    ReadError
        When the file is no micrograph.
    MeasurementError
        When the image shows another field: another size in um or, where it states no scale, another shape.
    """
    import cv2

    from sodalite.pipelines.section_labels import databar
    from sodalite.read import read_image

    try:
        image = read_image(path)
        spacing_um: tuple[float, ...] | None = image.spacing_um
    except CalibrationError:
        image, spacing_um = read_image(path, pixel_size_um=1.0), None
    if image.data.ndim != 2:
        raise MeasurementError(f"{path.name}: {image.data.ndim} axes where a micrograph has 2; give one image a step.")
    data = image.data[: len(image.data) - databar(image)[0]].astype(np.float32)
    x, y = points_um(grid)
    rows_um, columns_um = grid.spacing_um
    field = np.array([float(np.ptp(y)) + rows_um, float(np.ptp(x)) + columns_um])
    _check_field(path.name, data.shape, spacing_um, field)
    pixels = np.array(data.shape) / field
    sigma = [0.5 * max(1.0, step * density) for step, density in zip((rows_um, columns_um), pixels, strict=True)]
    calm = cv2.GaussianBlur(data, (0, 0), sigmaX=sigma[1], sigmaY=sigma[0])
    column = ((x - x.min() + columns_um / 2) * pixels[1] - 0.5).astype(np.float32)
    row = ((y - y.min() + rows_um / 2) * pixels[0] - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(calm, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _check_field(name: str, shape: tuple[int, ...], spacing_um: tuple[float, ...] | None, field: np.ndarray) -> None:
    """Refuse an image that does not show the field of the map, ``(y, x)`` um."""
    wanted = f"{field[1]:.4g} x {field[0]:.4g} um"
    if spacing_um is not None:
        own = np.array(shape) * np.array(spacing_um)
        if (np.abs(own / field - 1) > _SAME_SIZE).any():
            raise MeasurementError(
                f"{name}: shows {own[1]:.4g} x {own[0]:.4g} um where its map has {wanted} and is not used to lay the "
                "steps over each other; cut it to the field of the map."
            )
    elif abs(shape[0] / shape[1] / (field[0] / field[1]) - 1) > _SAME_SIZE:
        raise MeasurementError(
            f"{name}: states no scale and has {shape[1]} x {shape[0]} px where its map has {wanted}, so that it is not "
            "used to lay the steps over each other; cut it to the field of the map."
        )
