"""Headers of JEOL: a side file ``a.txt`` of ``$KEY value`` lines.

Tested with the layouts of 4700F, JSM-7600F and IT700HR. Traps: keys have one or two dollar signs depending on the
version; the text is Latin, UTF-8 or code page 932; ``$CM_FULL_SIZE`` is the scan in some versions and the whole picture
in others; the order of ``$CM_STAGE_POS`` is not documented.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sodalite.image import Acquisition
from sodalite.read.fields import decode_text, length_um, number, positive, record
from sodalite.read.header import Header, altered, bar_below, side_file, side_text

if TYPE_CHECKING:
    from pathlib import Path

PHOTO_WIDTH_MM = 128.0
"""Width of the picture that JEOL's magnification refers to."""
_TILT_RANGE_DEG = (-10.0, 90.0)
_TILT_FIELDS = ("CM_STAGE_POS", "CM_STAGE_POSITION", "SM_TILT_MAG_CORRECTION")


def jeol_header(path: Path, shape: tuple[int, ...]) -> Header | None:
    """Return what the side file of an image says, or None where there is none of JEOL's."""
    side = side_file(path, (".txt",))
    text = decode_text(side_text(side)) if side else ""
    if side is None or ("$CM_" not in text and "$$SM_" not in text):
        return None
    fields = parse_jeol(text)
    stated = _pair(fields.get("CM_IMAGE_SIZE") or fields.get("CM_FULL_SIZE") or fields.get("CM_IMAGE_RES", ""))
    scan = (stated[1], stated[0])
    size, source = _pixel_size(fields, scan[1])
    missing = "" if size else f"side file {side.name}: {source}"
    if size and (change := altered(f"side file {side.name}", (shape[0], shape[1]), scan)):
        size, missing = None, change
    rows, bar_source = _data_bar(fields, shape, scan)
    meta = Acquisition(
        vendor="JEOL",
        instrument=fields.get("CM_INSTRUMENT") or None,
        pixel_size_source=f"side file {side.name} {source}" if size else "none",
        databar_rows=rows,
        databar_source=bar_source,
        stage_tilt_deg=_stage_tilt_deg(fields),
        scan_rotation_deg=number(fields.get("SM_SCAN_ROTATION")),
        tilt_record=record({f"${key}": fields.get(key) for key in _TILT_FIELDS}),
        beam="electron",
        voltage_kv=number(fields.get("CM_ACCEL_VOLT")),
        working_distance_mm=number(fields.get("SM_WD")),
        detector=fields.get("CM_DETECTOR_NAME") or fields.get("CM_DETECTOR") or fields.get("CM_SIGNAL"),
        date=" ".join(filter(None, (fields.get("CM_DATE"), fields.get("CM_TIME")))) or None,
        header={"CM_MAG": fields.get("CM_MAG", "")},
    )
    return Header(meta, (size, size) if size else None, missing)


def parse_jeol(text: str) -> dict[str, str]:
    """Return key (without dollar signs) -> value."""
    found = (re.match(r"\s*\${1,2}(\w+)(.*)", line) for line in text.splitlines())
    return {match.group(1).upper(): match.group(2).strip() for match in found if match}


def _pixel_size(fields: dict[str, str], columns: float | None) -> tuple[float | None, str]:
    """Return um per pixel and its field, or None and what is wrong.

    The field of view has more digits than the bar, whose length is a whole number of pixels; where both are there they
    have to agree within a pixel and a half of the bar.
    """
    field, bar = _field_of_view(fields, columns), _bar(fields)
    if field and bar and abs(field[0] / bar[0] - 1) > max(0.01, 1.5 / bar[2]):
        return None, f"{field[1]} gives {field[0]:.6g} um but {bar[1]} gives {bar[0]:.6g} um"
    if field:
        return field
    if bar:
        return bar[0], bar[1]
    magnification = positive(fields.get("CM_MAG"))
    if magnification is None:
        return None, "neither $CM_FIELD_OF_VIEW nor $$SM_MICRON_BAR nor $CM_MAG has a value"
    if columns is None:
        return None, "nothing tells how many pixels wide the scan was"
    width = _pair(fields.get("SM_STANDARD_FIELD_SIZE", ""))[0] or PHOTO_WIDTH_MM
    return width * 1e3 / magnification / columns, f"{width:g} mm / $CM_MAG / {columns:g}"


def _field_of_view(fields: dict[str, str], columns: float | None) -> tuple[float, str] | None:
    first = re.split(r"\s+(?=\d)|\[", fields.get("CM_FIELD_OF_VIEW", "").strip())[0]
    width = length_um(first, "um")
    if width and columns:
        return width / columns, f"$CM_FIELD_OF_VIEW / {columns:g}"
    size = length_um(fields.get("CM_PIXEL_SIZE"), "nm")
    return (size, "$CM_PIXEL_SIZE") if size else None


def _bar(fields: dict[str, str]) -> tuple[float, str, float] | None:
    pixels, length = positive(fields.get("SM_MICRON_BAR")), length_um(fields.get("SM_MICRON_MARKER"))
    return (length / pixels, "$$SM_MICRON_MARKER / $$SM_MICRON_BAR", pixels) if pixels and length else None


def _data_bar(
    fields: dict[str, str], shape: tuple[int, ...], scan: tuple[float | None, float | None]
) -> tuple[int, str]:
    """Return the rows of the bar and where from.

    Equal heights prove the absence of a bar only where the height of the bar has a field of its own that says 0; some
    versions give the size of the whole picture.
    """
    rows = bar_below(shape[0], shape[1], scan)
    if rows is None or (rows == 0 and number(fields.get("SM_PNU_HEIGHT")) != 0):
        return 0, "none"
    return rows, f"tag ${'CM_IMAGE_SIZE' if 'CM_IMAGE_SIZE' in fields else 'CM_FULL_SIZE'}"


def _stage_tilt_deg(fields: dict[str, str]) -> float | None:
    """Return the stage tilt where it is named (``T=0.00``), or 0 where no angle could be a tilt, else None.

    ``$CM_STAGE_POS`` holds three lengths and then angles, one of which is the rotation, in an order that is not
    documented: only where every number that a tilt stage could show is below 5 deg is the stage surely flat. Nothing
    is certain while the instrument's own tilt correction is on.
    """
    if positive(fields.get("SM_TILT_MAG_CORRECTION")):
        return None
    text = fields.get("CM_STAGE_POSITION") or fields.get("CM_STAGE_POS") or ""
    named = re.search(r"\bT\s*=\s*([-+.\d]+)", text)
    if named:
        return number(named.group(1))
    angles = [value for value in map(number, text.split()[3:]) if value is not None]
    possible = [value for value in angles if _TILT_RANGE_DEG[0] <= value <= _TILT_RANGE_DEG[1]]
    if not possible:
        return None
    largest = max(possible, key=abs)
    return largest if abs(largest) < 5.0 else None


def _pair(text: str) -> tuple[float | None, float | None]:
    values = [positive(part) for part in re.split(r"[\s,xX*]+", text.strip())]
    return (values[0], values[1]) if len(values) >= 2 else (None, None)
