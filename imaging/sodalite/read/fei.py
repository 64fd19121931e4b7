"""Headers of FEI and Thermo Fisher: INI text in tag 34680 or 34682, XML in tag 34683.

Tested with Helios, Teneo and Quanta files, electron, ion and navigation camera. Traps: ``DatabarHeight`` is often 0
although there is a bar; ``HFW / ResolutionX`` is not the pixel size of a reduced-area scan; values may be empty, 0 or
no numbers at all; the ion beam's settings stand in ``[IBeam]`` and ``[IScan]``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sodalite.image import Acquisition
from sodalite.read import fei_xml
from sodalite.read.fields import AnyCase, Fields, decode_text, degrees, flag, number, positive, record, sections
from sodalite.read.header import Header, agrees, altered, bar_below

if TYPE_CHECKING:
    from sodalite.read.tiff import TiffPage

COLUMN_ANGLE_DEG = 52.0
"""Angle between the electron and the ion column of FEI and Thermo Fisher dual-beam instruments."""
_DUAL_BEAMS = re.compile(
    r"helios|scios|aquilos|arctis|hydra|versa|strata|quanta.*3d|nova.*nanolab|dualbeam", re.IGNORECASE
)
_BEAMS = {"ebeam": "electron", "ibeam": "ion"}
_SAME_TILT_DEG = 0.1
_NONE: Fields = AnyCase()

Sections = AnyCase[Fields]


def fei_header(page: TiffPage) -> Header | None:
    """Return what the microscope wrote, or None where the tags 34680, 34682 and 34683 are absent.

    Converters move the INI text into the description of the image.
    """
    described = page.description.encode() if "PixelWidth=" in page.description else None
    raw = page.tags.get(34682) or page.tags.get(34680) or described
    xml = fei_xml.parse_xml(page.tags.get(34683, b""))
    ini = sections(decode_text(raw or b""))
    if raw is None and xml is None:
        return None
    if len(ini) == 1 and xml is not None:
        spacing, source = fei_xml.pixel_size(xml)
        meta = fei_xml.acquisition(xml, lambda name: _dual_beam("", name), COLUMN_ANGLE_DEG)
        return _checked(page, meta, spacing, source, fei_xml.scan_size(xml, *page.data.shape))
    spacing, source = _pixel_size(ini, _beam_section(ini))
    if spacing is None and xml is not None:
        spacing, source = fei_xml.pixel_size(xml)
    return _checked(page, _acquisition(ini), spacing, source, _scan_size(ini, spacing, page.data.shape[1]))


def _checked(
    page: TiffPage,
    meta: Acquisition,
    spacing: tuple[float, float] | None,
    source: str,
    scan: tuple[str, tuple[float | None, float | None]],
) -> Header:
    """Return the header with its data bar, the pixel size withheld from a rescaled copy."""
    field, stated = scan
    rows, columns = page.data.shape
    bar = bar_below(rows, columns, stated)
    if bar is not None:
        meta = replace(meta, databar_rows=bar, databar_source=f"tag {field}")
    missing = "" if spacing else source
    if spacing and (change := altered(field, (rows, columns), stated)):
        spacing, missing = None, change
    return Header(replace(meta, pixel_size_source=source if spacing else "none"), spacing, missing)


def _scan_size(
    ini: Sections, spacing: tuple[float, float] | None, columns: int
) -> tuple[str, tuple[float | None, float | None]]:
    """Return the field that tells how many (rows, columns) were scanned, and them.

    ``ResolutionX`` is the whole frame; on a reduced area the scanned field divided by the pixel size counts.
    """
    image, scan = ini.get("Image", _NONE), ini.get("Scan", _NONE)
    frame = (number(image.get("ResolutionY")), number(image.get("ResolutionX")))
    width, height = positive(scan.get("HorFieldsize")), positive(scan.get("VerFieldsize"))
    if frame[1] == columns or not (spacing and width and height):
        return "Image/ResolutionX,Y", frame
    scanned = (height * 1e6 / spacing[0], width * 1e6 / spacing[1])
    if not all(map(math.isfinite, scanned)):
        return "Image/ResolutionX,Y", frame
    return "Scan/HorFieldsize,VerFieldsize", (round(scanned[0]), round(scanned[1]))


def _beam_section(ini: Sections) -> str:
    """Return the section of the beam that took the image; an ion beam where only its section is there."""
    named = ini.get("Beam", _NONE).get("Beam", "")
    return named or ("IBeam" if "IBeam" in ini and "EBeam" not in ini else "EBeam")


def _pixel_size(ini: Sections, beam: str) -> tuple[tuple[float, float] | None, str]:
    """Return (y, x) in um and the field it stands in, or None and what is wrong."""
    scan = ini.get("Beam", _NONE).get("Scan", "")
    for section in ("Scan", scan, "IScan" if beam == "IBeam" else "EScan", beam):
        fields = ini.get(section, _NONE)
        x, y = positive(fields.get("PixelWidth")), positive(fields.get("PixelHeight"))
        if x:
            return ((y or x) * 1e6, x * 1e6), f"tag {section}/PixelWidth"
    found = ini.get("Scan", _NONE).get("PixelWidth")
    problem = "no PixelWidth in the header" if found is None else f"Scan/PixelWidth is {found or 'empty'}"
    return _from_field_width(ini, beam) or (None, problem)


def _from_field_width(ini: Sections, beam: str) -> tuple[tuple[float, float], str] | None:
    """Return the pixel size from the field of view where width and height agree on square pixels.

    On a reduced-area scan the field of view is that of the area while the resolution is that of the whole frame; there
    the two directions disagree (7.3 and 5.3 nm where the pixel is 10 nm), and nothing is returned.
    """
    image, scan, fields = (ini.get(name, _NONE) for name in ("Image", "Scan", beam))
    width = positive(fields.get("HFW")) or positive(scan.get("HorFieldsize"))
    height = positive(fields.get("VFW")) or positive(scan.get("VerFieldsize"))
    columns, rows = positive(image.get("ResolutionX")), positive(image.get("ResolutionY"))
    if not (width and height and columns and rows and agrees(width / columns, height / rows)):
        return None
    size_um = width / columns * 1e6
    return (size_um, size_um), f"tag {beam}/HFW / Image/ResolutionX"


def _acquisition(ini: Sections) -> Acquisition:
    beam = _beam_section(ini)
    settings, stage, system = (ini.get(name, _NONE) for name in (beam, "Stage", "System"))
    tilt = stage.get("StageT") or settings.get("StageTa")
    hv, distance = number(settings.get("HV")), number(settings.get("WD"))
    dual = _dual_beam(system.get("Type", ""), system.get("SystemType", ""))
    return Acquisition(
        vendor="Thermo Fisher/FEI",
        instrument=system.get("SystemType") or None,
        stage_tilt_deg=degrees(number(tilt)),
        pretilt_deg=_pretilt_deg(settings.get("PreTilt"), stage.get("SpecTilt"), tilt),
        tilt_correction=flag(settings.get("TiltCorrectionIsOn")),
        tilt_correction_angle_deg=degrees(number(settings.get("TiltCorrectionAngle"))),
        scan_rotation_deg=degrees(number(settings.get("ScanRotation") or ini.get("Beam", _NONE).get("ScanRotation"))),
        dual_beam=dual,
        column_angle_deg=None if dual is False else COLUMN_ANGLE_DEG,
        tilt_record=_tilt_record(ini, beam, tilt),
        beam=_BEAMS.get(beam.lower(), "optical"),
        voltage_kv=hv / 1e3 if hv is not None else None,
        working_distance_mm=distance * 1e3 if distance is not None else None,
        detector=ini.get("Detectors", _NONE).get("Name") or None,
        date=" ".join(filter(None, (ini.get("User", _NONE).get(name) for name in ("Date", "Time")))) or None,
        header={"Software": system.get("Software", ""), "DynamicFocusIsOn": settings.get("DynamicFocusIsOn", "")},
    )


def _tilt_record(ini: Sections, beam: str, tilt: str | None) -> dict[str, str]:
    settings, stage = ini.get(beam, _NONE), ini.get("Stage", _NONE)
    angle = degrees(number(settings.get("TiltCorrectionAngle")))
    stage_deg = degrees(number(tilt))
    return record(
        {
            "Stage/StageT": tilt if stage_deg is None else f"{stage_deg:.2f} deg",
            f"{beam}/TiltCorrectionIsOn": settings.get("TiltCorrectionIsOn"),
            f"{beam}/TiltCorrectionAngle": settings.get("TiltCorrectionAngle") if angle is None else f"{angle:.2f} deg",
            f"{beam}/PreTilt": settings.get("PreTilt") or None,
            "Stage/SpecTilt": stage.get("SpecTilt") or None,
        }
    )


def _pretilt_deg(pretilt: str | None, specimen: str | None, stage: str | None) -> float | None:
    """Return the larger of the two pre-tilts in degrees (they are written in rad), None where neither is written.

    Quanta and Nova write the stage's own tilt into ``SpecTilt``; that adds nothing.
    """
    told, whole, tilt = (degrees(number(text)) for text in (pretilt, specimen, stage))
    if whole is not None and tilt is not None and abs(whole - tilt) <= _SAME_TILT_DEG:
        whole = 0.0
    angles = [value for value in (told, whole) if value is not None]
    return max(angles, key=abs) if angles else None


def _dual_beam(kind: str, name: str) -> bool | None:
    if kind:
        return _DUAL_BEAMS.search(kind) is not None or _DUAL_BEAMS.search(name) is not None
    return True if _DUAL_BEAMS.search(name) else None
