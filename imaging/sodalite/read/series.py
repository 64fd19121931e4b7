"""Series from folders: which files are its steps, in which order, with which times and charges.

Maps and images are recognised by the ends of their names and not opened, so that a broken one cannot sink the others.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sodalite.errors import ReadError
from sodalite.read.series_table import TABLE, read_rows
from sodalite.series import Series, SeriesStep

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from sodalite.series import Kind

MAPS = (".ang", ".ctf", ".cpr", ".crc", ".h5oina", ".h5", ".oh5", ".edaxh5", ".hdf5", ".h5ebsd", ".dream3d")
IMAGES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")
TABLES = (".txt", ".csv", ".dat")
"""Ends of text tables, which are maps where series.csv names them as steps."""
FILMS = (".avi", ".mp4", ".mov", ".mkv")


def read_series(folder: str | os.PathLike[str], *, frame_interval_s: float | None = None) -> Series:
    """Return the steps of a folder, stack or film; their maps and images are not opened.

    With ``series.csv`` in the folder its rows are the steps: columns file, and as wanted image (a micrograph of the
    same step beside a map), frame (number in a stack or film, from 0), time_h, charge_mAh_cm2, repolished (0 or 1),
    note. Rows that are not in the order of their times are put in it, and `Series.warnings` says so; so it does of
    files that are not there, whose steps stay and fail when they are opened. Without the table files are taken in
    natural order of their names (``step2`` before ``step10``); where there are maps, an image with the stem of a map
    belongs to that map's step and other images are left out. A single stack or film is a series of frames.

    Parameters
    ----------
    folder
        The folder, or one TIFF stack, AVI or MP4.
    frame_interval_s
        Time from frame to frame of a stack or film, s; None leaves times out, because the frame rate that a film
        states is that of playing it.

    Raises
    ------
    ReadError
        Naming the file and column: a repeated or unknown file, an unknown column, equal times, values that are no
        numbers, no folder, an empty one, or one step only.
    """
    folder = Path(folder)
    if folder.is_file():
        return _of_frames(folder, folder.name, folder.name, frame_interval_s)
    if not folder.is_dir():
        raise ReadError(f"{folder}: there is no such folder or file; check its name.")
    series = _of_table(folder) if (folder / TABLE).is_file() else _of_names(folder, frame_interval_s)
    if len(series.steps) < 2:
        found = series.steps[0].name if series.steps else "no map or image"
        raise ReadError(f"{folder.name}: a series needs two steps or more, found {found}; add the other steps.")
    return series


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts names as people do: ``step2`` before ``step10``, upper and lower case alike."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts if part)


def _of_table(folder: Path) -> Series:
    rows, warnings = read_rows(folder / TABLE)
    steps: list[SeriesStep] = []
    for row in rows:
        kind = _kind(row.file, f"{TABLE}, column file", row.frame is not None)
        image = folder / row.image if row.image else None
        if image is not None and _kind(row.image, f"{TABLE}, column image", False) != "image":
            raise ReadError(f"{TABLE}, column image: {row.image} is no image; give a TIFF or PNG.")
        name = row.file if row.frame is None else f"{row.file}#{row.frame}"
        told = (row.time_h, row.charge_mah_cm2, row.repolished, row.note)
        steps.append(SeriesStep(len(steps), name, folder / row.file, kind, image, row.frame or 0, *told))
    named = [("file", step.path) for step in steps]
    named += [("image", step.image_path) for step in steps if step.image_path is not None]
    missing = [(column, path.name) for column, path in named if not path.exists()]
    warnings += [
        f"{TABLE}, column {column}: {name} is not in the folder; add it or take out its row."
        for column, name in missing
    ]
    if len({step.number for step in steps if step.path.exists()}) < 2 <= len(steps):
        raise ReadError(f"{TABLE}, column file: {missing[0][1]} is not in the folder and fewer than two steps are.")
    return Series(folder, folder.name, tuple(steps), tuple(warnings))


def _of_names(folder: Path, frame_interval_s: float | None) -> Series:
    names = [path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    names.sort(key=natural_key)
    maps = _without_twins([name for name in names if _ends(name, MAPS)])
    images = [name for name in names if _ends(name, IMAGES)]
    films = [name for name in names if _ends(name, FILMS)]
    if not maps and len(images) + len(films) == 1:
        return _of_frames(folder / (images + films)[0], folder.name, (images + films)[0], frame_interval_s)
    if not maps and not images and films:
        raise ReadError(f"{folder.name}: found {len(films)} films, {films[0]} the first; give one of them.")
    if not maps:
        pictures = (SeriesStep(number, name, folder / name, "image") for number, name in enumerate(images))
        return Series(folder, folder.name, tuple(pictures))
    partner = {PurePosixPath(name).stem.casefold(): name for name in reversed(images)}
    steps: list[SeriesStep] = []
    used: set[str | None] = set()
    for number, name in enumerate(maps):
        image = partner.get(PurePosixPath(name).stem.casefold())
        used.add(image)
        steps.append(SeriesStep(number, name, folder / name, "map", folder / image if image else None))
    left = [name for name in images if name not in used]
    warnings = [f"{name}: an image without a map of the same name; it is left out." for name in left]
    return Series(folder, folder.name, tuple(steps), tuple(warnings))


def _of_frames(path: Path, series: str, name: str, interval_s: float | None) -> Series:
    from sodalite.read.frames import count_frames

    if not _ends(path.name, IMAGES + FILMS):
        known = ", ".join((*FILMS, ".tif"))
        raise ReadError(
            f"{path.name}: a single file is a series only when it is a stack or film ({known}); give the folder."
        )
    count = count_frames(path)
    if count < 2:
        raise ReadError(f"{path.name}: a series needs two steps or more, found one image; add the other steps.")
    first = SeriesStep(0, name, path, "frame")
    times = [None if interval_s is None else k * interval_s / 3600 for k in range(count)]
    steps = (replace(first, number=k, name=f"{name}#{k}", frame=k, time_h=times[k]) for k in range(count))
    return Series(path, series, tuple(steps))


def _kind(name: str, where: str, framed: bool) -> Kind:
    if _ends(name, FILMS) and not framed:
        raise ReadError(f"{where}: {name} is a film; give it alone, or tell the number of the frame in column frame.")
    if _ends(name, IMAGES + FILMS):
        return "frame" if framed else "image"
    if _ends(name, MAPS + TABLES):
        return "map"
    known = ", ".join((*MAPS, *IMAGES, *FILMS))
    raise ReadError(f"{where}: {name} is neither a map nor an image; give files that end in {known}.")


def _ends(name: str, ends: Iterable[str]) -> bool:
    return PurePosixPath(name).suffix.lower() in ends


def _without_twins(maps: Sequence[str]) -> list[str]:
    """Leave out the .crc of each .cpr, which are one map."""
    stems = {PurePosixPath(name).stem.casefold() for name in maps if _ends(name, (".cpr",))}
    return [n for n in maps if not (_ends(n, (".crc",)) and PurePosixPath(n).stem.casefold() in stems)]
