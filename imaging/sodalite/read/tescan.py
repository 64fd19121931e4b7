"""Headers of TESCAN: ``key=value`` text behind a thumbnail in tag 50431, or a side file ``a-tif.hdr`` / ``a.hdr``.

Tested with MIRA3 files. Traps: the resolution tag is that of the screen; the tag begins with a picture, so its text
has to be looked for; ``TiltCorrection`` is an angle in degrees, 0 where no correction was applied.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import numpy as np

from sodalite.image import Acquisition
from sodalite.read.fields import AnyCase, Fields, decode_text, kilovolts, number, positive, record
from sodalite.read.header import Header, side_file, side_text

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.read.tiff import TiffPage

COLUMN_ANGLE_DEG = 55.0
"""Angle between the columns of TESCAN dual-beam instruments."""
_DUAL_BEAMS = re.compile(r"lyra|gaia|fera|xeia|amber|solaris|vela|s[89]000[gx]", re.IGNORECASE)
_SEM, _FIB = 3, 5
_FLAT_SHARE = 0.3
_DRAWN_SHARE, _ABSENT_SHARE = 0.75, 0.1
_FIELD = re.compile(r"(?<![A-Za-z0-9])([A-Z0-9][A-Za-z0-9]{1,40})=([^\r\n\0]*)(?=[\r\n\0]|$)")


def tescan_header(page: TiffPage) -> Header | None:
    """Return what tag 50431 or the side file says, or None where there is neither."""
    raw = page.tags.get(50431)
    if raw is not None:
        start = raw.find(b"AccFrames=")
        fields = parse_tescan(raw[max(start, 0) :].decode("latin-1"))
        if "PixelSizeX" in fields:
            kinds = _block_kinds(raw)
            ion = _FIB in kinds and _SEM not in kinds
            return _header(fields, "tag 50431", page.data, model=page.model, ion=ion)
    header = tescan_side_header(page.path, page.data, page.model)
    if header is None and raw is not None:
        meta = Acquisition(vendor="TESCAN", instrument=page.model or None, pixel_size_source="none")
        return Header(meta, None, "tag 50431 has no PixelSizeX")
    return header


def tescan_side_header(path: Path, data: np.ndarray, model: str = "") -> Header | None:
    """Return what the side file of an image of any format says, or None where there is none of TESCAN's."""
    suffix = path.suffix.lower().lstrip(".")
    side = side_file(path, (f"-{suffix}.hdr", f"_{suffix}.hdr", ".hdr"))
    if side is None:
        return None
    text = decode_text(side_text(side))
    fields = parse_tescan(text)
    if "PixelSizeX" not in fields and "ImageStripSize" not in fields:
        return None
    ion = "[FIB]" in text and "[SEM]" not in text
    return _header(fields, f"side file {side.name}", data, model=model, ion=ion)


def parse_tescan(text: str) -> Fields:
    """Return key -> value of every ``Key=value`` line."""
    return AnyCase((match.group(1), match.group(2).strip()) for match in _FIELD.finditer(text))


def _block_kinds(raw: bytes) -> set[int]:
    """Return the kinds of the blocks in tag 50431: 1 thumbnail, 2 main, 3 SEM, 5 FIB, each behind its length."""
    kinds, at = set(), 0
    while at + 6 <= len(raw):
        length, kind = struct.unpack_from("<IH", raw, at)
        kinds.add(kind)
        at += 4 + max(length, 2)
    return kinds


def _header(fields: Fields, source: str, data: np.ndarray, *, model: str, ion: bool) -> Header:
    spacing, missing = _pixel_size(fields, source, data)
    strip = _strip_rows(fields, data)
    drawn = strip is not None and (strip == 0 or _strip_share(data, strip) >= _DRAWN_SHARE)
    name = fields.get("Device") or model
    dual = _DUAL_BEAMS.search(name) is not None if name else None
    angle = number(fields.get("TiltCorrection"))
    distance = number(fields.get("WD"))
    meta = Acquisition(
        vendor="TESCAN",
        instrument=name or None,
        pixel_size_source=f"{source} PixelSizeX" if spacing else "none",
        databar_rows=strip if drawn and strip else 0,
        databar_source=f"tag ImageStripSize ({source})" if drawn else "none",
        stage_tilt_deg=number(fields.get("StageTilt")),
        tilt_correction=None if angle is None else angle != 0,
        tilt_correction_angle_deg=angle,
        dual_beam=dual,
        column_angle_deg=None if dual is False else COLUMN_ANGLE_DEG,
        tilt_record=record({key: fields.get(key) for key in ("StageTilt", "TiltCorrection")}),
        scan_rotation_deg=number(fields.get("ScanRotation")),
        beam="ion" if ion or _gun_of_ions(fields) else "electron",
        voltage_kv=kilovolts(fields.get("HV") or fields.get("AcceleratorVoltage")),
        working_distance_mm=distance * 1e3 if distance is not None else None,
        detector=fields.get("Detector") or fields.get("Detector0"),
        date=" ".join(filter(None, (fields.get("Date"), fields.get("Time")))) or None,
        header={key: fields[key] for key in ("Magnification", "ScanMode") if key in fields},
    )
    return Header(meta, spacing, missing)


def _pixel_size(fields: Fields, source: str, data: np.ndarray) -> tuple[tuple[float, float] | None, str]:
    """Return (y, x) in um, or None and what is wrong.

    The size of the scan is not recorded: only the bar can tell a rescaled copy beside the original's side file.
    """
    x, y = positive(fields.get("PixelSizeX")), positive(fields.get("PixelSizeY"))
    if x is None:
        return None, f"PixelSizeX of {source} is {fields.get('PixelSizeX') or 'empty'}"
    across, down = (number(fields.get(f"ViewFieldsCount{axis}")) or 1 for axis in "XY")
    if across * down > 1:
        return None, (
            f"{source} says that the signals of {across * down:g} detectors stand side by side in the picture: save or "
            f"crop one, whose pixel size is {x * 1e6:.6g} um"
        )
    strip = _strip_rows(fields, data)
    if strip and _ABSENT_SHARE <= _strip_share(data, strip) < _DRAWN_SHARE:
        return None, f"{source} says that the lowest {strip} rows are a bar, but only a part of them is: rescaled later"
    return ((y or x) * 1e6, x * 1e6), ""


def _strip_rows(fields: Fields, data: np.ndarray) -> int | None:
    """Return how many rows the header says to be a bar, or None where it says nothing that could be true."""
    rows = number(fields.get("ImageStripSize"))
    return int(rows) if rows is not None and 0 <= rows < data.shape[0] else None


def _strip_share(data: np.ndarray, rows: int) -> float:
    """Return which share of the lowest `rows` is filled by one grey, the same in all, as the rows of a bar are.

    It is nearly 1 with the bar, nearly 0 where it was cut off, and a half in a copy of half the size.
    """
    commonest = []
    for row in data[-rows:]:
        levels, counts = np.unique(row, return_counts=True)
        commonest.append(levels[counts.argmax()] if counts.max() > _FLAT_SHARE * row.size else None)
    flat = [level for level in commonest if level is not None]
    return max((flat.count(level) for level in set(flat)), default=0) / rows


def _gun_of_ions(fields: Fields) -> bool:
    return re.search(r"lmis|gallium|xenon|plasma|\bions?\b", fields.get("Gun", ""), re.IGNORECASE) is not None
