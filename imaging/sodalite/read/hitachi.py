"""Headers of Hitachi: a side file ``a.txt`` that begins with ``[SemImageFile]``, in ASCII, Latin or UTF-16.

Tested with SU, S-4800 and TM layouts. Without the side file there is no calibration: the TIFF has only a screen's
resolution. The unit of ``StagePositionT`` is not documented, so anything but 0 stays open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sodalite.image import Acquisition
from sodalite.read.fields import Fields, decode_text, kilovolts, length_um, number, positive, record, sections
from sodalite.read.header import Header, altered, bar_below, side_file, side_text

if TYPE_CHECKING:
    from pathlib import Path

PHOTO_WIDTH_MM = 127.0
"""Width of the picture that Hitachi's magnification refers to: PixelSize x columns x Magnification where all stand."""


def hitachi_header(path: Path, shape: tuple[int, ...]) -> Header | None:
    """Return what the side file of an image says, or None where there is none of Hitachi's."""
    side = side_file(path, (".txt",))
    fields = sections(decode_text(side_text(side))).get("SemImageFile") if side else None
    if side is None or fields is None:
        return None
    scan = _data_size(fields)
    size, source = _pixel_size(fields, scan[1])
    missing = "" if size else f"side file {side.name}: {source}"
    if size and (change := altered(f"side file {side.name} DataSize", (shape[0], shape[1]), scan)):
        size, missing = None, change
    rows = bar_below(shape[0], shape[1], scan)
    tilt = number(fields.get("StagePositionT"))
    distance_um = length_um(fields.get("WorkingDistance"), "um")
    meta = Acquisition(
        vendor="Hitachi",
        instrument=fields.get("InstructName") or None,
        pixel_size_source=f"side file {side.name} {source}" if size else "none",
        databar_rows=rows or 0,
        databar_source="tag DataSize" if rows else "none",
        stage_tilt_deg=0.0 if tilt == 0 else None,
        tilt_record=record({"StagePositionT": fields.get("StagePositionT") or None}),
        beam="electron",
        voltage_kv=kilovolts(fields.get("AcceleratingVoltage")),
        working_distance_mm=distance_um / 1e3 if distance_um else None,
        detector=fields.get("SignalName") or None,
        date=" ".join(filter(None, (fields.get("Date"), fields.get("Time")))) or None,
        header={"Magnification": fields.get("Magnification", "")},
    )
    return Header(meta, (size, size) if size else None, missing)


def _pixel_size(fields: Fields, columns: float | None) -> tuple[float | None, str]:
    """Return um per pixel and its field, or None and what is wrong; old S-4700 files have the magnification alone."""
    size = length_um(fields.get("PixelSize"), "nm")
    if size:
        return size, "PixelSize"
    magnification = positive(fields.get("Magnification"))
    if magnification and columns and not fields.get("PixelSize"):
        return PHOTO_WIDTH_MM * 1e3 / magnification / columns, f"{PHOTO_WIDTH_MM:g} mm / Magnification / {columns:g}"
    return None, f"PixelSize is {fields.get('PixelSize') or 'empty'}"


def _data_size(fields: Fields) -> tuple[float | None, float | None]:
    match = re.match(r"(\d+)\s*[xX*]\s*(\d+)", fields.get("DataSize", ""))
    return (float(match.group(2)), float(match.group(1))) if match else (None, None)
