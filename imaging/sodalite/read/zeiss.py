"""Headers of Zeiss SmartSEM, in tag 34118 of every page.

Tested with Auriga, Merlin, Supra 40 and Ultra 55. Traps: ``AP_PIXEL_SIZE`` belongs to the monitor, 1024 px wide; the
unit runs from pm to mm; files of 512 px or of old versions lack ``AP_IMAGE_PIXEL_SIZE``; named fields have four digits
while the fourth line has seven. The bar is burned into the rows and recorded nowhere.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from sodalite.image import Acquisition
from sodalite.read.fields import decode_text, flag, kilovolts, length_um, number, positive, record
from sodalite.read.header import Header, agrees, altered

if TYPE_CHECKING:
    from sodalite.read.tiff import TiffPage

COLUMN_ANGLE_DEG = 54.0
"""Angle between the columns of a Crossbeam or Auriga, where ``AP_FIB_SEM_ANGLE`` does not tell it."""
_COLUMN_RANGE_DEG = (45.0, 65.0)
_MONITOR_PX = 1024
_PRECISE = "line 4"
_ROUNDING = 0.005


def zeiss_header(page: TiffPage) -> Header | None:
    """Return what SmartSEM wrote, or None where tag 34118 is absent."""
    if 34118 not in page.tags:
        return None
    fields = parse_smartsem(decode_text(page.tags[34118]))
    spacing, source = _pixel_size(fields, page.data.shape)
    missing = "" if spacing else source
    stored = _stored(fields)
    if spacing and (change := altered("DP_IMAGE_STORE", page.data.shape, stored)):
        spacing, missing = None, change
    meta = _acquisition(fields, source if spacing else "none")
    return Header(meta, (spacing, spacing) if spacing else None, missing)


def parse_smartsem(text: str) -> dict[str, str]:
    """Return name (``AP_WIDTH``) -> value (``25.24 µm``) from the pairs of lines of tag 34118."""
    lines = re.split(r"\r\n|\r|\n", text.replace("\0", ""))
    # Three lines of zeros, then the monitor's pixel size in m with all its digits.
    fields = {_PRECISE: lines[3]} if len(lines) > 3 and positive(lines[3]) else {}
    for name, line in pairwise(lines):
        if re.fullmatch(r"(AP|DP|SV)_\w+", name.strip()):
            _, separator, value = line.partition("=")
            fields[name.strip().upper()] = (value if separator else line.partition(":")[2]).strip()
    return fields


def _pixel_size(fields: dict[str, str], shape: tuple[int, ...]) -> tuple[float | None, str]:
    """Return the pixel size in um and its field, or None and what is wrong."""
    width = _stored(fields)[1] or shape[1]
    image, screen = length_um(fields.get("AP_IMAGE_PIXEL_SIZE")), length_um(fields.get("AP_PIXEL_SIZE"))
    field_um = length_um(fields.get("AP_WIDTH"))
    precise = (positive(fields.get(_PRECISE)) or 0.0) * 1e6
    if precise and screen and abs(precise / screen - 1) < _ROUNDING:
        screen = precise
    if image:
        scaled = screen * _MONITOR_PX / width if screen else image
        spacing = scaled if abs(scaled / image - 1) < _ROUNDING else image
        source = "tag 34118 AP_IMAGE_PIXEL_SIZE"
    elif screen:
        spacing, source = screen * _MONITOR_PX / width, f"tag 34118 AP_PIXEL_SIZE x {_MONITOR_PX} / {width:g}"
    elif field_um:
        spacing, source = field_um / width, f"tag 34118 AP_WIDTH / {width:g}"
    else:
        return None, "AP_IMAGE_PIXEL_SIZE, AP_PIXEL_SIZE and AP_WIDTH of tag 34118 are missing or no lengths"
    if not image and not _stored(fields)[1] and 4 * shape[0] != 3 * shape[1]:
        return None, f"{source} is no pixel size of a crop, and nothing tells how wide the image was"
    if field_um and not agrees(spacing * width, field_um):
        return None, (
            f"{source} gives {spacing:.6g} um but AP_WIDTH {fields['AP_WIDTH']} over {width:g} px gives "
            f"{field_um / width:.6g} um"
        )
    ion = length_um(fields.get("AP_FIB_PIXEL_SIZE")) if _of_ions(fields) else None
    if ion and not (agrees(spacing, ion) or agrees(spacing, ion * _MONITOR_PX / width)):
        return None, f"{source} gives {spacing:.6g} um but AP_FIB_PIXEL_SIZE {fields['AP_FIB_PIXEL_SIZE']}"
    return spacing, source


def _of_ions(fields: dict[str, str]) -> bool:
    return fields.get("DP_FIB_IMAGING", "").upper() == "FIB"


def _stored(fields: dict[str, str]) -> tuple[float | None, float | None]:
    """Return (rows, columns) of the image store, such as ``2048 * 1536``."""
    match = re.match(r"(\d+)\s*\*\s*(\d+)", fields.get("DP_IMAGE_STORE", ""))
    return (float(match.group(2)), float(match.group(1))) if match else (None, None)


def _acquisition(fields: dict[str, str], source: str) -> Acquisition:
    dual = _dual_beam(fields)
    ion = _of_ions(fields)
    tilt_fields = ("AP_STAGE_AT_T", "DP_TILT_CORRECTION", "AP_TILT_ANGLE") + (("DP_FIB_IMAGING",) if ion else ())
    distance_um = length_um(fields.get("AP_WD"))
    turned = flag(fields.get("DP_SCAN_ROT")) is not False
    return Acquisition(
        vendor="Zeiss",
        instrument=fields.get("DP_SEM") or fields.get("SV_SERIAL_NUMBER"),
        pixel_size_source=source,
        stage_tilt_deg=number(fields.get("AP_STAGE_AT_T", "")),
        tilt_correction=flag(fields.get("DP_TILT_CORRECTION")),
        tilt_correction_angle_deg=number(fields.get("AP_TILT_ANGLE", "")),
        scan_rotation_deg=number(fields.get("AP_SCANROTATION")) if turned else 0.0,
        dual_beam=dual,
        column_angle_deg=None if dual is False else _column_angle_deg(fields),
        tilt_record=record({name: fields.get(name) for name in tilt_fields}),
        beam="ion" if ion else "electron",
        voltage_kv=_voltage_kv(fields),
        working_distance_mm=distance_um / 1e3 if distance_um else None,
        detector=fields.get("DP_DETECTOR_CHANNEL") or fields.get("DP_DETECTOR_TYPE"),
        date=" ".join(filter(None, (fields.get("AP_DATE"), fields.get("AP_TIME")))) or None,
        header={name: fields[name] for name in ("AP_MAG", "AP_WIDTH", "SV_VERSION") if name in fields},
    )


def _dual_beam(fields: dict[str, str]) -> bool | None:
    """Return whether an ion column is fitted; None where the header is too short to say."""
    if "DP_FIB_PRESENT" in fields:
        return flag(fields["DP_FIB_PRESENT"])
    column = fields.get("DP_FIB_COLUMN")
    return None if not column else column.lower() not in ("none", "absent")


def _column_angle_deg(fields: dict[str, str]) -> float:
    told = number(fields.get("AP_FIB_SEM_ANGLE"))
    return told if told is not None and _COLUMN_RANGE_DEG[0] <= told <= _COLUMN_RANGE_DEG[1] else COLUMN_ANGLE_DEG


def _voltage_kv(fields: dict[str, str]) -> float | None:
    return kilovolts(fields.get("AP_ACTUALKV") or fields.get("AP_MANUALKV"))
