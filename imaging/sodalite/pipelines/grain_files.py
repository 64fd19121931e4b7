"""Files of EBSD maps as the grain recipe takes them: which ones a folder offers, with the step that a user tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import CalibrationError

if TYPE_CHECKING:
    import os

    from sodalite.ebsd import EbsdMap
    from sodalite.recipe import PixelSize

_TABLES = (".txt", ".csv")
_TOLD = 1e-9


def is_map(path: Path) -> bool:
    """Return whether a file found by its ending is to be read: of text tables those that name an Euler angle."""
    from sodalite.read import is_ebsd
    from sodalite.read.ebsd_columns import names_angles

    return path.suffix.lower() not in _TABLES or names_angles(path) or is_ebsd(path)


def parse_columns(text: str | None) -> dict[str, str | int] | None:
    """Return name -> heading or position of columns written as ``phi1=A,Phi=B,x=3``, None for None.

    Raises
    ------
    ValueError
        When a part is no pair of a name and a column.
    """
    if text is None:
        return None
    found: dict[str, str | int] = {}
    for part in text.split(","):
        name, sign, column = (word.strip() for word in part.partition("="))
        if not (name and sign and column):
            raise ValueError(f"{part.strip()!r} names no column; write phi1=A,Phi=B,phi2=C,x=3,y=4")
        found[name] = int(column) if column.isdecimal() else column
    return found


def read_map(
    path: str | os.PathLike[str], frame: str | None, page: int, pixel_size_um: PixelSize, columns: str | None = None
) -> EbsdMap:
    """Return the map of a file with the frame, scan, step and columns that the user names, see `sodalite.read_ebsd`.

    Raises
    ------
    ReadError, CalibrationError
        As `sodalite.read_ebsd`, and when the step is no one or two numbers above 0.
    """
    from sodalite.read import read_ebsd

    steps = _steps(pixel_size_um)
    ebsd = read_ebsd(
        Path(path),
        frame=frame,
        columns=parse_columns(columns),
        step_um=steps[0] if steps else None,
        scan=page or None,
    )
    return ebsd if steps is None else _scaled(ebsd, steps)


def _steps(told: PixelSize) -> tuple[float, ...] | None:
    """Return the steps (x, y) that were told, the one step if only one was, None if none was."""
    if told is None:
        return None
    steps = tuple(map(float, told)) if isinstance(told, tuple | list) else (float(told),)
    if len(steps) not in (1, 2) or not all(np.isfinite(step) and step > 0 for step in steps):
        raise CalibrationError(f"pixel_size_um: {told} is no step; tell X or X,Y in um, above 0.")
    return steps


def _scaled(ebsd: EbsdMap, steps: tuple[float, ...]) -> EbsdMap:
    """Return the map with its coordinates scaled to a step that was told; one step scales both axes alike."""
    x_um, y_um = ebsd.step_um
    along_x = steps[0] / x_um
    along_y = steps[1] / y_um if len(steps) == 2 else along_x
    if abs(along_x - 1) < _TOLD and abs(along_y - 1) < _TOLD:
        return ebsd
    (sy, sx), (oy, ox) = ebsd.grid.spacing_um, ebsd.grid.origin_um
    grid = replace(ebsd.grid, spacing_um=(sy * along_y, sx * along_x), origin_um=(oy * along_y, ox * along_x))
    note = (
        f"step: the file says {x_um:g} x {y_um:g} um, told was {grid.spacing_um[1]:g} x {grid.spacing_um[0]:g} (used)."
    )
    return replace(ebsd, grid=grid, warnings=(*ebsd.warnings, note), x_um=ebsd.x_um * along_x, y_um=ebsd.y_um * along_y)
