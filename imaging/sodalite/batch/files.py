"""Files written whole or not at all, and the tidying of what a killed run left behind."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sodalite.report.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

_TEMPORARY = re.compile(r"\..+\.\d+\.tmp")
_FIGURES = tuple(f"{name}.{end}" for name in ("thickness_profile", "void_sizes") for end in ("svg", "png"))
_MAPS = ("ipf.png", "grains.png", "grains.jpg", "kam.png", "gos.png")
_MAP_FIGURES = tuple(
    f"{name}.{end}" for name in ("pole_figures", "size_histogram", "boundary_rose") for end in ("svg", "png")
)
_SERIES = ("film_strip.png", "tracks.png", "sizes.png", "growth.png", "film.gif")
_ALWAYS = ("values.csv", "summary.csv", "overlay.png", "overlay.jpg", "image.jpg")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_record(folder: Path) -> dict | None:
    """Return the provenance record of a result folder; None where it has none that can be read."""
    try:
        record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def clear_result(folder: Path) -> None:
    """Remove a result that is to be replaced: temporary files and what its own record names, nothing else."""
    if not folder.is_dir():
        return
    record = read_record(folder) or {}
    (folder / "provenance.json").unlink(missing_ok=True)
    named = [f"{name}.csv" for name in record.get("tables", ())] + [f"{name}.tif" for name in record.get("labels", ())]
    named += [f"{name}.npy" for name in record.get("arrays", ())]
    for name in (*_ALWAYS, *_SERIES, *_MAPS, *_MAP_FIGURES, *_FIGURES, *named):
        (folder / name).unlink(missing_ok=True)
    clear_temporary(folder)


def clear_temporary(folder: Path) -> None:
    """Remove the temporary files that a killed run left in a folder."""
    for path in folder.iterdir():
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)
