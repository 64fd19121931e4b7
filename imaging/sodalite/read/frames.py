"""Frames of TIFF stacks and films, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.image import Image
    from sodalite.series import Series, SeriesStep


def read_frame(step: SeriesStep, *, pixel_size_um: float | tuple[float, float] | None) -> Image:
    """Return one frame as a grey image; colour films are turned grey by their luminance."""
    raise NotImplementedError


def iterate_frames(
    series: Series, *, pixel_size_um: float | tuple[float, float] | None
) -> Iterator[tuple[SeriesStep, Image]]:
    """Yield each step of a series of frames with its image, in order, without seeking in films."""
    raise NotImplementedError
