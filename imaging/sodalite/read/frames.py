"""Frames of TIFF stacks and films, one at a time, and colour pictures of a light microscope in grey."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import ReadError
from sodalite.image import Acquisition, Image
from sodalite.read.colour import find_mix, luminance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sodalite.read.colour import ColourMix
    from sodalite.series import Series, SeriesStep

COLOURS = "colours"
"""Field of `Acquisition.header` that says what was measured instead of the luminance."""

_LATER = 4
_FILMS = (".avi", ".mp4", ".mov", ".mkv")
_TIFF = (".tif", ".tiff")
_LEAST_FRAME_BYTES = 16
"""What the index of a film and a frame like the one before take at least."""


def count_frames(path: Path) -> int:
    """Return how many frames a TIFF stack or film says it holds; 1 for other images.

    Raises
    ------
    ReadError
        When the file cannot be opened as what its name says.
    """
    if path.suffix.lower() in _FILMS:
        import cv2

        film = _open_film(path)
        count = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
        film.release()
        size = path.stat().st_size
        if count > size // _LEAST_FRAME_BYTES:
            raise ReadError(f"{path.name}: {count} frames cannot be in a film of {size} bytes; export the film again.")
        return count
    if path.suffix.lower() not in _TIFF:
        return 1
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            return len(file.pages)
    except Exception as error:  # tifffile raises errors of a dozen kinds on damaged files
        raise ReadError(f"{path.name}: no sound TIFF ({error}); export the stack again.") from error


def read_frame(
    step: SeriesStep, *, pixel_size_um: float | tuple[float, float] | None, mix: ColourMix | None = None
) -> Image:
    """Return the picture of a step in grey: a frame of a stack or film, or a whole file.

    Grey pictures are read as `sodalite.read_image` does; colours become luminance (Rec. ITU-R BT.601).

    Parameters
    ----------
    pixel_size_um
        Pixel size in um, or (x, y). Films and colour pictures have none of their own and need it.
    mix
        What of the colours is measured instead of the luminance, from `colour_mix`.

    Raises
    ------
    ReadError
        When the file is broken or has no such frame.
    CalibrationError
        When neither file nor caller gives a pixel size.
    """
    if step.path.suffix.lower() in _FILMS:
        for _, image in _film_images([step], pixel_size_um, mix):
            return image
    picture = _still(step)
    if picture is None:
        from sodalite.read.micrograph import read_image

        return read_image(step.path, page=step.frame, pixel_size_um=pixel_size_um).replace(name=step.name)
    return _image(picture, step, pixel_size_um, mix)


def colour_mix(series: Series) -> ColourMix | None:
    """Return what of the colours of a series tells a deposit as bright as the electrolyte; None where luminance does.

    The first frame and four later ones are looked at. One that cannot be read is left out: reading it says why.
    """
    steps = series.steps
    chosen = sorted({round(place * (len(steps) - 1) / _LATER) for place in range(_LATER + 1)})
    pictures = [_colours(steps[place]) for place in chosen]
    first, *later = pictures
    if first is None:
        return None
    alike = [picture for picture in later if picture is not None and picture.shape == first.shape]
    return find_mix([first, *alike]) if alike else None


def _colours(step: SeriesStep) -> np.ndarray | None:
    """Return a step as an RGB picture; None where it is grey or cannot be read."""
    picture = _film_picture(step) if step.path.suffix.lower() in _FILMS else _still(step)
    colourful = picture is not None and picture.dtype == np.uint8 and _coloured(picture)
    return picture if colourful else None


def _film_picture(step: SeriesStep) -> np.ndarray | None:
    import cv2

    try:
        film = _open_film(step.path)
    except ReadError:
        return None
    film.set(cv2.CAP_PROP_POS_FRAMES, step.frame)
    held, picture = film.read()
    film.release()
    return np.ascontiguousarray(picture[..., ::-1]) if held else None


def iterate_frames(
    series: Series, *, pixel_size_um: float | tuple[float, float] | None, mix: ColourMix | None = None
) -> Iterator[tuple[SeriesStep, Image]]:
    """Yield each step of a series of frames with its image, in order; a film is decoded once, one frame in memory.

    Raises
    ------
    ReadError, CalibrationError
        As `read_frame`.
    """
    if series.folder.suffix.lower() in _FILMS or series.steps[0].path.suffix.lower() in _FILMS:
        yield from _film_images(list(series.steps), pixel_size_um, mix)
        return
    for step in series.steps:
        yield step, read_frame(step, pixel_size_um=pixel_size_um, mix=mix)


def _film_images(
    steps: list[SeriesStep], pixel_size_um: float | tuple[float, float] | None, mix: ColourMix | None
) -> Iterator[tuple[SeriesStep, Image]]:
    """Yield steps of one film; frames between them are skipped without being decoded to pixels."""
    film = _open_film(steps[0].path)
    at = 0
    try:
        for step in steps:
            if step.frame < at:
                film.release()
                film, at = _open_film(step.path), 0
            reached = all(film.grab() for _ in range(step.frame - at))
            held, picture = film.read() if reached else (False, None)
            at = step.frame + 1
            if not held or picture is None:
                raise ReadError(f"{step.path.name}: frame {step.frame} cannot be decoded; export the film again.")
            yield step, _image(picture[..., ::-1], step, pixel_size_um, mix)
    finally:
        film.release()


def _open_film(path: Path) -> Any:
    import cv2

    if not path.is_file():
        raise ReadError(f"{path.name}: there is no such file; check its name.")
    # What is wrong with a film is said in a sentence of ours; OpenCV and FFmpeg write theirs to the terminal.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    film = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not film.isOpened():
        raise ReadError(f"{path.name}: no film that can be decoded here; export it as AVI (MJPG) or MP4 (H.264).")
    return film


def _still(step: SeriesStep) -> np.ndarray | None:
    """Return a picture of three colours, or a grey one of a format without a scale; None where others read it."""
    import cv2

    end = step.path.suffix.lower()
    if not step.path.is_file() or end not in (*_TIFF, ".png", ".bmp", ".jpg", ".jpeg"):
        return None
    if end in _TIFF:
        picture = _tiff_page(step)
    else:
        raw = np.fromfile(step.path, dtype=np.uint8)
        picture = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if raw.size else None
        picture = picture if picture is None or picture.ndim == 2 else picture[..., 2::-1]
    return None if picture is None or (end not in (".jpg", ".jpeg") and not _coloured(picture)) else picture


def _tiff_page(step: SeriesStep) -> np.ndarray | None:
    import tifffile

    try:
        with tifffile.TiffFile(step.path) as file:
            page: Any = file.pages[step.frame]
            if page.samplesperpixel < 3 or page.ndim != 3 or page.planarconfig != tifffile.PLANARCONFIG.CONTIG:
                return None
            return np.asarray(page.asarray())[..., :3]
    except Exception:  # whatever is wrong with the file, the reader of micrographs says it in a sentence
        return None


def _coloured(picture: np.ndarray) -> bool:
    return picture.ndim == 3 and bool((picture[..., :1] != picture[..., 1:3]).any())


def _image(
    picture: np.ndarray, step: SeriesStep, pixel_size_um: float | tuple[float, float] | None, mix: ColourMix | None
) -> Image:
    from sodalite.read.header import Header
    from sodalite.read.micrograph import calibrated

    mixed = mix if picture.ndim == 3 and picture.dtype == np.uint8 else None
    said = {COLOURS: mixed.sentence()} if mixed else {}
    grey = mixed.grey(picture) if mixed else picture if picture.ndim == 2 else luminance(picture)
    header = Header(Acquisition(pixel_size_source="none", header=said), None, "films and colour pictures have none")
    spacing, meta = calibrated(step.path, header, pixel_size_um)
    return Image(grey, spacing, step.name, meta)
