"""What `sodalite info` shows of a micrograph: one row a fact, and a sentence where something is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sodalite.errors import AmbiguousTilt, CalibrationError, ReadError
from sodalite.read.micrograph import calibrated, load
from sodalite.read.pixels import check_content
from sodalite.read.tilt import decide_tilt

if TYPE_CHECKING:
    import os

    from sodalite.image import Acquisition


def describe(
    path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: float | tuple[float, float] | None = None
) -> list[tuple[str, str]]:
    """Return what was read from a micrograph as rows of (name, value).

    Raises
    ------
    ReadError
        When the file cannot be read as an image; a missing pixel size or an open tilt is told in its row instead.
    """
    data, header = load(path, page)
    meta = header.meta
    rows = [
        ("file", Path(path).name),
        ("size", f"{data.shape[1]} x {data.shape[0]} px"),
        ("grey levels", f"{data.dtype}, {data.min():g} to {data.max():g}"),
    ]
    try:
        check_content(Path(path), data)
    except ReadError as error:
        rows.append(("content", f"nothing to measure: {error}"))
    try:
        spacing, meta = calibrated(Path(path), header, pixel_size_um)
    except CalibrationError as error:
        rows.append(("pixel size", f"missing: {error}"))
    else:
        rows += [
            ("pixel size x", f"{spacing[1]:.7g} um"),
            ("pixel size y", f"{spacing[0]:.7g} um"),
            ("pixel size from", meta.pixel_size_source),
        ]
        if meta.overruled_um is not None:
            y_um, x_um = meta.overruled_um
            rows.append(("not used", f"the file's own pixel size, x {x_um:.7g} um, y {y_um:.7g} um"))
    rows += [("data bar", _data_bar(meta)), ("tilt", _tilt(meta, Path(path).name))]
    return rows + _instrument(meta)


def _data_bar(meta: Acquisition) -> str:
    if meta.databar_source == "none":
        return "not recorded; looked for in the picture when it is measured"
    return f"{meta.databar_rows} rows ({meta.databar_source})"


def _tilt(meta: Acquisition, name: str) -> str:
    try:
        tilt = meta.tilt or decide_tilt(meta, name)
    except AmbiguousTilt as error:
        return f"open: {error}"
    return f"factor {tilt.factor:.4f} +- {tilt.relative_uncertainty:.1%} ({tilt.reason})"


def _instrument(meta: Acquisition) -> list[tuple[str, str]]:
    """Return the rows of what the instrument wrote, without those it left out."""
    rows = [
        ("vendor", meta.vendor),
        ("instrument", meta.instrument),
        ("beam", meta.beam),
        ("voltage", None if meta.voltage_kv is None else f"{meta.voltage_kv:g} kV"),
        ("working distance", None if meta.working_distance_mm is None else f"{meta.working_distance_mm:.4g} mm"),
        ("detector", meta.detector),
        ("date", meta.date),
        ("stage tilt", None if meta.stage_tilt_deg is None else f"{meta.stage_tilt_deg:.2f} deg"),
        ("scan rotation", f"{meta.scan_rotation_deg:.2f} deg" if meta.scan_rotation_deg else None),
    ]
    return [(name, value) for name, value in rows if value]
