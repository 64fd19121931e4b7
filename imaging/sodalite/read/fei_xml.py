"""The XML of tag 34683: that of FEI and Thermo Fisher control software, and that of Phenom desktop instruments.

Tested with Helios Hydra and Phenom layouts. Traps: the tag may be a stray of a few blanks beside the INI text of tag
34682, or the INI tag may be the empty one; Phenom writes ``unit`` beside each number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sodalite.image import Acquisition
from sodalite.read.fields import degrees, flag, length_um, number, positive, record

if TYPE_CHECKING:
    from collections.abc import Callable

Size = tuple[float, float]
_BEAMS = {"electron": "electron", "ion": "ion"}


def parse_xml(raw: bytes) -> ElementTree.Element | None:
    """Return the root of the XML in a tag, names without their namespace, or None where there is none."""
    start, end = raw.find(b"<"), raw.rfind(b">")
    try:
        root = ElementTree.fromstring(raw[start : end + 1]) if 0 <= start < end else None
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    for element in [] if root is None else root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def pixel_size(xml: ElementTree.Element) -> tuple[Size | None, str]:
    """Return (y, x) in um and the field it stands in, or None and what is wrong."""
    if xml.tag == "FeiImage":
        x, y = (_length_um(xml, f"pixel{side}") for side in ("Width", "Height"))
        return ((y or x, x), "tag 34683 FeiImage/pixelWidth") if x else (None, "tag 34683 has no FeiImage/pixelWidth")
    x, y = (positive(xml.findtext(f"BinaryResult/PixelSize/{axis}", "")) for axis in "XY")
    units = {element.get("unit", "m") for element in xml.findall("BinaryResult/PixelSize/*")}
    if not x or units - {"m"}:
        return None, "tag 34683 has no BinaryResult/PixelSize in m"
    return ((y or x) * 1e6, x * 1e6), "tag 34683 BinaryResult/PixelSize"


def scan_size(xml: ElementTree.Element, rows: int, columns: int) -> tuple[str, tuple[float | None, float | None]]:
    """Return the field that tells how many (rows, columns) were scanned, and them."""
    if xml.tag == "FeiImage":
        bar = number(xml.findtext("databarHeight", ""))
        known = bar is not None and 0 <= bar < rows
        return "34683 FeiImage/databarHeight", (rows - bar if known and bar is not None else None, columns)
    height, width = (number(xml.findtext(f"BinaryResult/ImageSize/{axis}", "")) for axis in "YX")
    return "34683 BinaryResult/ImageSize", (height, width)


def acquisition(xml: ElementTree.Element, dual_beam: Callable[[str], bool | None], column_deg: float) -> Acquisition:
    """Return what the XML tells of how the image was taken.

    ``SamplePreTiltAngle`` is what the instrument adds to the stage tilt for its correction, so with the correction on
    the angle that was applied is not written, and the tilt stays open.
    """
    if xml.tag == "FeiImage":
        return _phenom(xml)
    name = xml.findtext("Instrument/InstrumentClass", "")
    tilt = degrees(number(xml.findtext("StageSettings/StagePosition/Tilt/Alpha", "")))
    switch = xml.findtext("Optics/SampleTiltCorrectionOn")
    hv, distance = (number(xml.findtext(f"Optics/{field}", "")) for field in ("AccelerationVoltage", "WorkingDistance"))
    dual = dual_beam(name)
    return Acquisition(
        vendor="Thermo Fisher/FEI",
        instrument=name or None,
        stage_tilt_deg=tilt,
        tilt_correction=flag(switch),
        scan_rotation_deg=degrees(number(xml.findtext("ScanSettings/ScanRotation", ""))),
        dual_beam=dual,
        column_angle_deg=None if dual is False else column_deg,
        tilt_record=record(
            {
                "StagePosition/Tilt/Alpha": None if tilt is None else f"{tilt:.2f} deg",
                "Optics/SampleTiltCorrectionOn": switch,
                "Optics/SamplePreTiltAngle": xml.findtext("Optics/SamplePreTiltAngle"),
            }
        ),
        beam=_BEAMS.get(xml.findtext("Acquisition/BeamType", "").lower()),
        voltage_kv=hv / 1e3 if hv is not None else None,
        working_distance_mm=distance * 1e3 if distance is not None else None,
        detector=xml.findtext("Detectors/ScanningDetector/DetectorName"),
        date=xml.findtext("Acquisition/AcquisitionDatetime"),
    )


def _phenom(xml: ElementTree.Element) -> Acquisition:
    """Return the acquisition of a desktop instrument, whose stage is flat unless it has an axis of tilt."""
    volts = number(xml.findtext("acquisition/scan/highVoltage", ""))
    kilo = xml.find("acquisition/scan/highVoltage")
    scale = 1.0 if kilo is not None and (kilo.get("unit") or "").lower() == "kv" else 1e-3
    distance_um = _length_um(xml, "workingDistance")
    tilts = [axis.text for axis in xml.findall("multiStage/axis") if (axis.get("id") or "").lower() in ("t", "tilt")]
    return Acquisition(
        vendor="Thermo Fisher Phenom",
        instrument=xml.findtext("instrument/type"),
        dual_beam=False,
        tilt_record=record({"multiStage/axis T": tilts[0] if tilts else None}),
        beam="electron",
        voltage_kv=None if volts is None else abs(volts) * scale,
        working_distance_mm=distance_um / 1e3 if distance_um else None,
        detector=xml.findtext("acquisition/scan/detector"),
        date=xml.findtext("time"),
    )


def _length_um(xml: ElementTree.Element, field: str) -> float | None:
    element = xml.find(field)
    return None if element is None else length_um(f"{element.text} {element.get('unit', 'um')}")
