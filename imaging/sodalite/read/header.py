"""What every header reader returns, and the checks that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sodalite.image import Acquisition

AGREEMENT = 0.02
"""Two statements of a pixel size may differ by this share: headers round to three or four digits."""


class Header(NamedTuple):
    """One header's account of an image: its acquisition, its pixel size as (y, x) in um, or why there is none."""

    meta: Acquisition
    spacing_um: tuple[float, float] | None = None
    missing: str = ""


def agrees(first: float, second: float) -> bool:
    """Return whether two statements of one length agree within `AGREEMENT`."""
    return abs(first - second) <= AGREEMENT * max(first, second)


def resampled(shape: tuple[int, int], stated: tuple[float | None, float | None]) -> bool:
    """Return whether an image of (rows, columns) `shape` may be a rescaled copy of the one the header describes.

    A crop keeps the pixel size and changes the proportions; a rescaled copy keeps the proportions. Up to 15 % more
    rows are allowed for a data bar under the scanned rows.
    """
    rows, columns = stated
    if not rows or not columns or shape[1] == columns:
        return False
    stretch = (shape[0] / rows) / (shape[1] / columns)
    return 0.99 < stretch < 1.15


def resampled_sentence(field: str, shape: tuple[int, int], stated: tuple[float | None, float | None]) -> str:
    """Return why the pixel size of a rescaled copy is not taken."""
    return (
        f"{field} says {stated[1]:g} x {stated[0]:g} px but the file has {shape[1]} x {shape[0]}, so it looks rescaled "
        "after the header was written"
    )


def bar_below(rows: int, columns: int, stated: tuple[float | None, float | None]) -> int | None:
    """Return how many rows stand below the `stated` (rows, columns) of the scan, or None where that is unknown.

    Only an unchanged width proves that the file was neither cropped nor rescaled, without which the difference of the
    heights means nothing.
    """
    if stated[0] is None or stated[1] != columns or stated[0] > rows:
        return None
    return int(rows - stated[0])


def side_file(image: Path, endings: Iterable[str]) -> Path | None:
    """Return the file beside `image` that is called as it is with one of the `endings`, in whatever case.

    ``{stem}.txt`` and ``{name}.txt`` are looked for with the ending ``.txt``; ``-tif.hdr`` stands for ``a-tif.hdr``.
    """
    wanted = [f"{base}{ending}".lower() for ending in endings for base in (image.stem, image.name)]
    for name in wanted:
        exact = image.with_name(name)
        if exact.is_file():
            return exact
    try:
        there = {entry.name.lower(): entry for entry in image.parent.iterdir()}
    except OSError:
        return None
    return next((there[name] for name in wanted if name in there and there[name].is_file()), None)


def side_text(path: Path, limit: int = 4_000_000) -> bytes:
    """Return at most `limit` bytes of a side file; nothing when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(limit)
    except OSError:
        return b""
