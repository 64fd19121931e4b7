"""Headers of Zeiss Atlas and Fibics NPVE: XML in tag 51023.

``(Ux, Uy)`` and ``(Vx, Vy)`` are the steps of the scan along a row and down a column in um, so the pixel size is the
length of each, not ``Ux`` and ``Uy``; ``FOV_X / Width`` says the same. Whether Atlas corrected for tilt is not written.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sodalite.image import Acquisition
from sodalite.read.fields import length_um, number, record
from sodalite.read.header import Header, agrees, altered

if TYPE_CHECKING:
    from sodalite.read.tiff import TiffPage


def fibics_header(page: TiffPage) -> Header | None:
    """Return what tag 51023 says, or None where it is absent, broken or has no scan."""
    raw = page.tags.get(51023, b"")
    try:
        xml = ElementTree.fromstring(raw[raw.find(b"<") : raw.rfind(b">") + 1])
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    if xml.tag != "Fibics" or xml.find("Scan") is None:
        return None
    rows, columns = (number(xml.findtext(f"Image/{side}", "")) for side in ("Height", "Width"))
    spacing, missing = _pixel_size(xml, rows or page.data.shape[0], columns or page.data.shape[1])
    shape = (page.data.shape[0], page.data.shape[1])
    if spacing and (change := altered("tag 51023 Image", shape, (rows, columns))):
        spacing, missing = None, change
    tilt = xml.findtext("Stage/T")
    meta = Acquisition(
        vendor="Zeiss Atlas/Fibics",
        instrument=xml.findtext("Application/Version"),
        pixel_size_source="tag 51023 Scan" if spacing else "none",
        stage_tilt_deg=number(tilt),
        tilt_record=record({"Stage/T": tilt}),
        beam="ion" if xml.findtext("Scan/Beam", "").upper() in ("FIB", "ION") else "electron",
        detector=xml.findtext("Scan/Detector") or xml.findtext("Image/Detector"),
        date=xml.findtext("Application/Date"),
    )
    return Header(meta, spacing, missing)


def _pixel_size(xml: ElementTree.Element, rows: float, columns: float) -> tuple[tuple[float, float] | None, str]:
    """Return (y, x) in um, or None and what is wrong."""
    steps = [number(xml.findtext(f"Scan/{name}", "")) or 0.0 for name in ("Ux", "Uy", "Vx", "Vy")]
    x, y = math.hypot(*steps[:2]), math.hypot(*steps[2:])
    sides = []
    for axis in "XY":
        node = xml.find(f"Scan/FOV_{axis}")
        sides.append(None if node is None else length_um(f"{node.text} {node.get('units', '')}"))
    if x and sides[0] and not agrees(x, sides[0] / columns):
        return None, f"tag 51023 Scan/Ux,Uy gives {x:.6g} um but FOV_X / Width gives {sides[0] / columns:.6g} um"
    if not x and sides[0]:
        x, y = sides[0] / columns, (sides[1] or 0.0) / rows
    return ((y or x, x), "") if x else (None, "tag 51023 has neither Scan/Ux,Uy nor Scan/FOV_X")
