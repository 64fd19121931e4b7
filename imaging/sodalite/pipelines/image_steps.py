"""Images of a series brought into memory: a step that cannot be read costs itself alone, with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sodalite.errors import SodaliteError
from sodalite.image_series import ImageSeries, StepImage
from sodalite.read import read_image
from sodalite.read.frames import read_frame
from sodalite.read.series import read_series

if TYPE_CHECKING:
    import os

    from sodalite.image import Image
    from sodalite.recipe import PixelSize
    from sodalite.series import SeriesStep


def read_steps(path: str | os.PathLike[str], *, pixel_size_um: PixelSize) -> ImageSeries:
    """Return the micrographs of a folder in the order of their steps.

    Raises
    ------
    ReadError
        When the folder holds no series.
    """
    series = read_series(path)
    steps = []
    for step in series.steps:
        image, error = _opened(step, pixel_size_um)
        steps.append(StepImage(step.name, image, step.time_h, step.charge_mah_cm2, step.repolished, step.note, error))
    return ImageSeries(series.name, tuple(steps))


def _opened(step: SeriesStep, pixel_size_um: PixelSize) -> tuple[Image | None, str]:
    """Return the image of a step, or why there is none."""
    try:
        if step.kind == "frame":
            return read_frame(step, pixel_size_um=pixel_size_um), ""
        path = step.path if step.kind == "image" else step.image_path
        if path is None:
            return None, f"{step.name}: an EBSD map without a micrograph; add its image to the series."
        return read_image(path, page=step.frame, pixel_size_um=pixel_size_um), ""
    except SodaliteError as error:
        return None, str(error)
