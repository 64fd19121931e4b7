"""What every header reader returns, and the checks that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sodalite.image import Acquisition

AGREEMENT = 0.02
"""Two statements of a pixel size may differ by this share: headers round to three or four digits."""
_TALLEST = 4 / 3
"""Rows of a picture over those of its scan: bars take 3 to 16 % of the scan's rows, never a quarter of the picture."""
_PROPORTIONS = (0.85, 1.20)
"""Rescaled copies lose a bar that was burned in (up to 10 % of the rows) or keep one below the scan (up to 16 %)."""
_PROPORTIONS_NEARLY_WHOLE = (0.99, 1.15)
_NEARLY_WHOLE = 0.8


class Header(NamedTuple):
    """One header's account of an image: its acquisition, its pixel size as (y, x) in um, or why there is none."""

    meta: Acquisition
    spacing_um: tuple[float, float] | None = None
    missing: str = ""


def agrees(first: float, second: float) -> bool:
    """Return whether two statements of one length agree within `AGREEMENT`."""
    return abs(first - second) <= AGREEMENT * max(first, second)


def altered(field: str, shape: tuple[int, int], stated: tuple[float | None, float | None]) -> str:
    """Return why an image of (rows, columns) `shape` is no longer the scan that a header describes, or nothing.

    A crop keeps the pixel size: it is smaller than the scan and has other proportions. What is larger was enlarged or
    put together; what is smaller in the same proportions may be reduced, also after its data bar was cut off. Only a
    crop by less than a fifth of the width may come that close.

    Parameters
    ----------
    field
        Where the size of the scan stands.
    shape
        (rows, columns) of the picture, a data bar below the scan included.
    stated
        (rows, columns) of the scan, None where the header leaves them out.
    """
    rows, columns = stated
    if not rows or not columns or (shape[1] == columns and shape[0] <= _TALLEST * rows):
        return ""
    sizes = f"{field} says {columns:g} x {rows:g} px but the file has {shape[1]} x {shape[0]}"
    if shape[1] > columns or shape[0] > _TALLEST * rows:
        return f"{sizes}, more than was scanned, so it was rescaled or put together after the header was written"
    width, stretch = shape[1] / columns, (shape[0] / rows) / (shape[1] / columns)
    lowest, highest = _PROPORTIONS if width < _NEARLY_WHOLE else _PROPORTIONS_NEARLY_WHOLE
    return f"{sizes}, so it looks rescaled after the header was written" if lowest < stretch < highest else ""


def bar_below(rows: int, columns: int, stated: tuple[float | None, float | None]) -> int | None:
    """Return how many rows stand below the `stated` (rows, columns) of the scan, or None where that is unknown.

    Only an unchanged width proves that the file was neither cropped nor rescaled, without which the difference of the
    heights means nothing.
    """
    if stated[0] is None or stated[1] != columns or not stated[0] <= rows <= _TALLEST * stated[0]:
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
