"""Images of a series brought into memory: a step that cannot be read costs itself alone, with a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sodalite.errors import ReadError, SodaliteError
from sodalite.image_series import ImageSeries, StepImage
from sodalite.read import read_image
from sodalite.read.frames import colour_mix, iterate_frames, read_frame
from sodalite.read.series import read_series

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from sodalite.image import Image
    from sodalite.read.colour import ColourMix
    from sodalite.recipe import PixelSize
    from sodalite.series import Series, SeriesStep

_ABSENT = "{name}: is not in the folder; add it or take out its row."
_MOST_BYTES = 2 << 30
"""Frames in memory at a time: a worker has four gigabytes and needs the rest for what it measures."""


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
        steps.append(_step(step, image, error))
    return ImageSeries(series.name, tuple(steps))


def _opened(step: SeriesStep, pixel_size_um: PixelSize) -> tuple[Image | None, str]:
    """Return the image of a step, or why there is none."""
    try:
        if step.kind == "frame":
            return read_frame(step, pixel_size_um=pixel_size_um), ""
        path = step.path if step.kind == "image" else step.image_path
        if path is None:
            return None, f"{step.name}: an EBSD map without a micrograph; add its image to the series."
        if not path.exists():
            return None, _ABSENT.format(name=step.name)
        return read_image(path, page=step.frame, pixel_size_um=pixel_size_um), ""
    except SodaliteError as error:
        return None, str(error)


def read_frames(
    path: str | os.PathLike[str], *, pixel_size_um: PixelSize, every: int, frame_interval_s: float | None
) -> ImageSeries:
    """Return the frames of a folder, stack or film in grey, every so many of them.

    Colours are told by their luminance, and where the deposit is as bright as the electrolyte by what tells it apart.

    Raises
    ------
    ReadError
        When there is no series, or its frames need more memory than a series may take.
    """
    series = read_series(path, frame_interval_s=frame_interval_s)
    series = replace(series, steps=series.steps[::every])
    mix = colour_mix(series)
    single = len({step.path for step in series.steps}) == 1
    stills = (_still(step, pixel_size_um, mix) for step in series.steps)
    steps = _film_steps(series, pixel_size_um, mix) if single else stills
    return ImageSeries(series.name, tuple(_within_memory(series, steps)))


def _film_steps(series: Series, pixel_size_um: PixelSize, mix: ColourMix | None) -> Iterator[StepImage]:
    """Yield the frames of one file; where one cannot be decoded, what comes after it is lost too."""
    done = 0
    try:
        for step, image in iterate_frames(series, pixel_size_um=pixel_size_um, mix=mix):
            done += 1
            yield _step(step, image, "")
    except SodaliteError as error:
        if not done:
            raise
        yield _step(series.steps[done], None, str(error))


def _still(step: SeriesStep, pixel_size_um: PixelSize, mix: ColourMix | None) -> StepImage:
    if not step.path.exists():
        return _step(step, None, _ABSENT.format(name=step.name))
    try:
        return _step(step, read_frame(step, pixel_size_um=pixel_size_um, mix=mix), "")
    except SodaliteError as error:
        return _step(step, None, str(error))


def _step(step: SeriesStep, image: Image | None, error: str) -> StepImage:
    return StepImage(step.name, image, step.time_h, step.charge_mah_cm2, step.repolished, step.note, error)


def _within_memory(series: Series, steps: Iterable[StepImage]) -> Iterator[StepImage]:
    held = 0
    for step in steps:
        held += step.image.data.nbytes if step.image is not None else 0
        if held > _MOST_BYTES:
            raise ReadError(
                f"{series.name}: {len(series.steps)} frames need more than {_MOST_BYTES >> 30} GiB; "
                "set every to measure fewer of them."
            )
        yield step
