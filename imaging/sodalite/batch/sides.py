"""What goes with an image: labels corrected by hand, and anchor points of its interfaces."""

from __future__ import annotations

import csv
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError, ReadError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sodalite.batch.inputs import Input

_LABEL_ENDS = (".tif", ".tiff", ".png")
_MOST_LISTED = 10
_STEP_LABELS = re.compile(r"labels_(\d+)\.tiff?")
_ANCHOR_COLUMNS = ("interface", "x_px", "y_px")


def find_labels(folder: Path, item: Input) -> Path | None:
    """Return the labels of an image under `folder`; None where there are none.

    They lie where a run would have put them (``IMAGE/labels.tif``), or mirror the image's path under its own name or
    with ``_labels`` or ``_mask`` added.
    """
    stem = PurePosixPath(item.image).with_suffix("")
    near = [f"{stem}{mark}{end}" for mark in ("", "_labels", "_mask") for end in _LABEL_ENDS]
    return _first(folder, [f"{item.folder}/labels.tif", f"{stem}/labels.tif", f"{item.image}/labels.tif", *near])


def find_anchors(folder: Path, item: Input) -> Path | None:
    """Return the CSV of an image's anchors under `folder`; None where there is none."""
    stem = PurePosixPath(item.image).with_suffix("")
    return _first(folder, [f"{item.folder}.csv", f"{stem}.csv", f"{item.image}.csv", f"{item.folder}/anchors.csv"])


def read_labels(path: Path, label_map: Mapping[int, int]) -> np.ndarray:
    """Return labels ``(y, x)``, uint8, with class ids; `label_map` translates foreign ids.

    Raises
    ------
    ReadError
        When the file is damaged or no image of one whole number a pixel.
    MeasurementError
        When an id is no class, or is not in a `label_map` that is given; 0 stays 0 unless mapped.
    """
    return _translated(path, read_objects(path), label_map)


def read_label_stack(path: Path, label_map: Mapping[int, int]) -> np.ndarray:
    """Return the labels of a series of images, ``(step, y, x)``, uint8, with class ids; a page of the TIFF is a step.

    Raises
    ------
    ReadError
        When the file is damaged or no stack of one whole number a pixel.
    MeasurementError
        As `read_labels`.
    """
    import tifffile

    try:
        raw = tifffile.imread(path)
    except Exception as error:  # tifffile raises errors of a dozen kinds on damaged files
        raise ReadError(f"{path}: no sound TIFF ({' '.join(str(error).split())}); save the labels again.") from error
    if raw.ndim != 3 or raw.dtype.kind not in "ui":
        raise ReadError(f"{path}: labels of shape {raw.shape} and type {raw.dtype}; save one page a step.")
    return _translated(path, raw, label_map)


def _translated(path: Path, raw: np.ndarray, label_map: Mapping[int, int]) -> np.ndarray:
    ids = np.unique(raw).tolist()
    table = {0: 0} | dict(label_map) if label_map else {int(item): int(item) for item in SectionClass}
    strange = [item for item in ids if item not in table]
    if strange:
        what = "is not in the label map" if label_map else "is no class id"
        each = [str(item) for item in ids if item]
        listed = ", ".join(each[:_MOST_LISTED]) + (" ..." if len(each) > _MOST_LISTED else "")
        raise MeasurementError(f"{path}: label {strange[0]} {what}; give --label-map FROM=CLASS for each of {listed}.")
    labels = np.zeros(raw.shape, np.uint8)
    for item in ids:
        labels[raw == item] = table[item]
    return labels


def read_objects(path: Path) -> np.ndarray:
    """Return the numbers of objects in a label image, ``(y, x)`` integers as the file has them.

    Raises
    ------
    ReadError
        When the file is damaged or no image of one whole number a pixel.
    """
    from sodalite.read import read_labels as read_picture

    raw = read_picture(path, pixel_size_um=1.0).data
    if raw.ndim != 2 or raw.dtype.kind not in "ui":
        raise ReadError(f"{path}: labels of shape {raw.shape} and type {raw.dtype}; save one whole number a pixel.")
    return raw


def find_step_labels(folder: Path, item: Input) -> Path:
    """Return the folder under `folder` with the labels of a series' steps, where a run would have put them."""
    return folder / item.folder


def read_step_labels(folder: Path) -> dict[int, np.ndarray]:
    """Return step -> numbers of objects, ``(rows, columns)`` integers, of the files labels_00.tif, labels_01.tif ...

    Raises
    ------
    ReadError
        When a file is damaged or no image of one whole number a pixel, or there is none.
    """
    paths = {int(match[1]): path for path in sorted(folder.iterdir()) if (match := _STEP_LABELS.fullmatch(path.name))}
    if not paths:
        raise ReadError(f"{folder}: no labels_00.tif in it; give one label image a step.")
    return {number: read_objects(path) for number, path in paths.items()}


def read_anchors(path: Path) -> dict[str, np.ndarray]:
    """Return interface -> anchor points ``(n, 2)``, float64, as (x, row) in pixels.

    Raises
    ------
    ReadError
        When a column is missing or a position is no number.
    """
    points: dict[str, list[tuple[float, float]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                points.setdefault(row["interface"].strip(), []).append((float(row["x_px"]), float(row["y_px"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError(f"{path}: anchors need the columns {','.join(_ANCHOR_COLUMNS)} filled with numbers.") from error
    return {name: np.asarray(found, float) for name, found in points.items()}


def parse_label_map(texts: Sequence[str]) -> dict[int, int]:
    """Return foreign id -> class id from texts such as ``3=electrolyte`` or ``3=5``.

    Raises
    ------
    RecipeError
        When a text is not of that form or names no class.
    """
    table = {}
    for text in texts:
        foreign, _, target = (part.strip() for part in text.partition("="))
        try:
            table[int(foreign)] = int(SectionClass(int(target)) if target.isdigit() else SectionClass[target.upper()])
        except (ValueError, KeyError) as error:
            known = ", ".join(item.name.lower() for item in SectionClass)
            raise RecipeError(f"--label-map {text}: write FROM=TO with TO a class id or one of {known}.") from error
    return table


def _first(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)
