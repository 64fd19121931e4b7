"""A result that is open in napari, written as the folder that the command line writes."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import sodalite
from napari_sodalite.layer_data import KEY

if TYPE_CHECKING:
    from sodalite import Result

DRAWING = Lock()
"""Held by whoever draws: matplotlib's styles are those of the whole process, and not made for threads."""


def write_result(path: str, layers: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Write the result that the layers show into the folder `path`; return the files.

    Raises
    ------
    MeasurementError
        When no layer belongs to a result, or its classes were changed since they were measured.
    """
    known = [(data, attributes.get("metadata", {}).get(KEY, {})) for data, attributes, _ in layers]
    result: Result | None = next((item["result"] for _, item in known if item.get("result")), None)
    if result is None:
        raise sodalite.MeasurementError("No layer here belongs to a sodalite result; press Run first, then save.")
    edited = any("measured" in item and (data != item["measured"]).any() for data, item in known)
    if edited:
        raise sodalite.MeasurementError(f"{result.name}: the labels were edited; press Re-measure first, then save.")
    result.save(path)
    return [str(file) for file in sorted(Path(path).iterdir())]


def save_run(folder: Path, recipe: sodalite.Recipe, sample: Any, result: Result) -> Path:
    """Write what a run of the command line on this sample writes: ``recipe.yaml`` and the image's folder; return it."""
    from sodalite.batch.files import clear_result, write_text
    from sodalite.report import write_figures, write_pictures

    place = folder / (result.name if recipe.takes_folders else Path(result.name).with_suffix(""))
    place.mkdir(parents=True, exist_ok=True)
    clear_result(place)
    if sample is not None:
        with DRAWING:
            write_pictures(result, sample, place)
            write_figures(result, place)
    _write_anchors(place / "anchors.csv", result.provenance.get("anchors", {}))
    result.save(place)
    write_text(folder / "recipe.yaml", recipe.to_yaml())
    return place


def _write_anchors(path: Path, anchors: dict[str, list[list[float]]]) -> None:
    from sodalite.batch.tables import write_rows

    path.unlink(missing_ok=True)
    rows = [(name, repr(x), repr(y)) for name, points in anchors.items() for x, y in points]
    if rows:
        write_rows(path, ("interface", "x_px", "y_px"), rows)
