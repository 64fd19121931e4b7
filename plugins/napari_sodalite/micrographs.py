"""Micrographs as napari image layers and back: the layer carries what was read of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sodalite
from napari_sodalite.layer_data import KEY, LayerData
from napari_sodalite.spatial import has_lengths, set_spatial, spatial

if TYPE_CHECKING:
    import os

    from napari.layers import Image as ImageLayer

    from sodalite import Image


def read_layer(path: str | os.PathLike[str]) -> LayerData:
    """Return a micrograph as layer data; one whose file has no pixel size comes in pixels, and says so.

    Raises
    ------
    ReadError
        When the file cannot be read.
    CalibrationError
        When the file contradicts itself about its pixel size.
    """
    try:
        return image_layer(sodalite.read_image(path), path=str(path))
    except sodalite.CalibrationError as error:
        # any size serves to get the pixels; what the layer keeps is that none is known
        return image_layer(sodalite.read_image(path, pixel_size_um=1.0), path=str(path), problem=str(error))


def image_layer(image: Image, *, path: str = "", problem: str = "") -> LayerData:
    """Return an image as layer data in true um where the tilt is decided; in pixels when `problem` says why not."""
    known = {"sample": image, "path": path, "problem": problem}
    place = {} if problem else spatial(shown_spacing_um(image))
    return LayerData(image.data, {"name": image.name, "metadata": {KEY: known}, **place}, "image")


def shown_spacing_um(image: Image, tilt_factor: float | None = None) -> tuple[float, ...]:
    """Return the true pixel size, or the file's as long as the tilt is open."""
    try:
        return sodalite.correct_tilt(image, tilt_factor).spacing_um
    except sodalite.AmbiguousTilt:
        return image.spacing_um


def image_of(layer: ImageLayer) -> Image:
    """Return the micrograph that a layer shows, calibrated as its file or the user said.

    Raises
    ------
    CalibrationError
        When nobody has told the pixel size.
    ReadError, MeasurementError
        When the layer is no single greyscale image.
    """
    if layer.multiscale or layer.data.ndim != 2 or getattr(layer, "rgb", False):
        raise sodalite.MeasurementError(f"{layer.name}: a cross-section is one grey image (y, x); choose another.")
    known = layer.metadata.get(KEY, {})
    image: Image | None = known.get("sample")
    if known.get("problem") or (image is None and not has_lengths(layer)):
        raise sodalite.CalibrationError(
            f"{layer.name}: no pixel size is known; type it in um into 'Pixel size' and press 'Set'."
        )
    data = np.asarray(layer.data)
    if image is None:
        return sodalite.Image(data, _layer_spacing_um(layer), layer.name)
    return image if data is image.data else image.replace(data=data)


def tell_pixel_size(layer: ImageLayer, pixel_size_um: float) -> None:
    """Keep the user's word on a layer's pixel size, with it and with its file's other facts.

    Raises
    ------
    CalibrationError
        When the size is impossible.
    ReadError
        When the file behind the layer is gone or the layer is no greyscale image.
    """
    known = layer.metadata.get(KEY, {})
    if known.get("path"):
        image = sodalite.read_image(known["path"], pixel_size_um=pixel_size_um)
    else:
        told = sodalite.Acquisition(pixel_size_source="told by the user")
        image = sodalite.Image(np.asarray(layer.data), (pixel_size_um,) * layer.data.ndim, layer.name, told)
    layer.metadata[KEY] = {**known, "sample": image, "problem": ""}
    set_spatial(layer, shown_spacing_um(image))


def told_size_um(text: str) -> float:
    """Return the pixel size that a user has typed.

    Raises
    ------
    CalibrationError
        When it is no number.
    """
    try:
        return float(text)
    except ValueError as error:
        raise sodalite.CalibrationError(f"Pixel size: {text!r} is no number; type um, such as 0.0122.") from error


def _layer_spacing_um(layer: ImageLayer) -> tuple[float, ...]:
    return tuple(float((size * unit).to("um").magnitude) for size, unit in zip(layer.scale, layer.units, strict=True))
