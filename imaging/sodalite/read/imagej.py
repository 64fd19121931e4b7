"""Scales of TIFF files that ImageJ, OME software or sodalite itself wrote."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sodalite.image import Acquisition
from sodalite.read.fields import positive, um_per_unit
from sodalite.read.header import Header

if TYPE_CHECKING:
    from sodalite.read.tiff import TiffPage


def imagej_header(page: TiffPage) -> Header | None:
    """Return the scale that was set in ImageJ, or None where ImageJ did not write the file.

    A unit of inch or cm is what ImageJ takes over from a screen's or printer's resolution: no scale of a micrograph.
    """
    if not page.description.startswith("ImageJ="):
        return None
    fields = dict(re.findall(r"^(\w+)=(.*?)\s*$", page.description, re.MULTILINE))
    unit = fields.get("unit", "")
    scale = um_per_unit(unit)
    if scale is None or unit in ("cm", "inch") or page.resolution is None:
        missing = f"ImageJ saved it with the unit {unit or 'pixel'}, which is no scale"
        return Header(Acquisition(vendor="ImageJ", pixel_size_source="none"), None, missing)
    source = f"ImageJ resolution tags in {unit}"
    y, x = page.resolution
    return Header(Acquisition(vendor="ImageJ", pixel_size_source=source), (scale / y, scale / x))


def ome_header(page: TiffPage) -> Header | None:
    """Return ``PhysicalSizeX`` and ``PhysicalSizeY`` of OME-XML, or None where the description is none."""
    if "<OME" not in page.description[:2000]:
        return None
    meta = Acquisition(vendor="OME", pixel_size_source="OME PhysicalSizeX")
    try:
        root = ElementTree.fromstring(page.description.encode())
    except ElementTree.ParseError:
        return Header(meta, None, "its OME-XML is broken")
    pixels = next((node for node in root.iter() if node.tag.rpartition("}")[2] == "Pixels"), None)
    sizes = []
    for axis in "YX":
        size = positive(pixels.get(f"PhysicalSize{axis}")) if pixels is not None else None
        unit = um_per_unit(pixels.get(f"PhysicalSize{axis}Unit", "um")) if pixels is not None else None
        sizes.append(size * unit if size and unit else None)
    y, x = sizes
    if x is None:
        return Header(Acquisition(vendor="OME", pixel_size_source="none"), None, "OME PhysicalSizeX has no value")
    return Header(meta, (y or x, x))


def sodalite_header(page: TiffPage) -> Header | None:
    """Return the pixel size that `sodalite.result.write_labels` wrote, or None in files of others."""
    if page.software != "sodalite" or not page.description.startswith("{"):
        return None
    try:
        values = json.loads(page.description).get("spacing_um") or []
    except ValueError:
        return None
    sizes = [positive(value) for value in values[-2:]]
    if len(sizes) != 2 or sizes[0] is None or sizes[1] is None:
        return None
    meta = Acquisition(vendor="sodalite", pixel_size_source="image description spacing_um")
    return Header(meta, (sizes[0], sizes[1]))
