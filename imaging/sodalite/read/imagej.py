"""Scales of TIFF files that ImageJ, OME software or sodalite itself wrote."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sodalite.image import Acquisition
from sodalite.read.fields import number, positive, um_per_unit
from sodalite.read.header import Header, altered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.read.tiff import TiffPage


def imagej_header(page: TiffPage) -> Header | None:
    """Return the scale that was set in ImageJ, or None where ImageJ did not write the file.

    A unit of inch or cm is what ImageJ takes over from a screen's or printer's resolution: no scale of a micrograph.
    """
    if not page.first_description.startswith("ImageJ="):
        return None
    pairs = (line.partition("=") for line in page.first_description.splitlines())
    fields = {name: value.strip() for name, _, value in pairs}
    unit = fields.get("unit", "")
    scales = [um_per_unit(name) for name in (fields.get("yunit", unit), unit)]
    if None in scales or unit in ("cm", "inch") or page.resolution is None:
        missing = f"ImageJ saved it with the unit {unit or 'pixel'}, which is no scale"
        return Header(Acquisition(vendor="ImageJ", pixel_size_source="none"), None, missing)
    source = f"ImageJ resolution tags in {unit}"
    y, x = (scale / per_unit for scale, per_unit in zip(scales, page.resolution, strict=True) if scale)
    return Header(Acquisition(vendor="ImageJ", pixel_size_source=source), (y, x))


def ome_header(page: TiffPage) -> Header | None:
    """Return ``PhysicalSizeX`` and ``PhysicalSizeY`` of OME-XML, or None where the description is none.

    A file may hold several images, each with pixels of its own size: that to which the page belongs counts.
    """
    if not is_ome(page.first_description):
        return None
    pixels, missing = _ome_pixels(page)
    spacing = None
    if pixels is not None:
        stated = (positive(pixels.get("SizeY")), positive(pixels.get("SizeX")))
        change = altered("OME SizeX,SizeY", (page.data.shape[0], page.data.shape[1]), stated)
        spacing = None if change else _ome_size(pixels)
        missing = change or "OME PhysicalSizeX has no value"
    source = "OME PhysicalSizeX" if spacing else "none"
    return Header(Acquisition(vendor="OME", pixel_size_source=source), spacing, missing)


def is_ome(description: str) -> bool:
    """Return whether a description is OME-XML, with or without a prefix before its names."""
    return re.search(r"<(\w+:)?OME\b", description[:2000]) is not None


def _ome_pixels(page: TiffPage) -> tuple[ElementTree.Element | None, str]:
    """Return what describes the pixels of a page, or None and what is wrong."""
    try:
        root = ElementTree.fromstring(page.first_description.encode())
    except ElementTree.ParseError:
        return None, "its OME-XML is broken"
    found = [node for node in root.iter() if node.tag.rpartition("}")[2] == "Pixels"]
    if len(found) > 1:
        found = [pixels for pixels in found if any(page.page in pages for pages in _ome_pages(pixels))]
    return (
        (found[0], "") if len(found) == 1 else (None, f"its OME-XML tells of no or several images on page {page.page}")
    )


def _ome_pages(pixels: ElementTree.Element) -> Iterator[range]:
    """Yield the pages of a TIFF that belong to an image; one without a count is one page."""
    for node in pixels:
        if node.tag.rpartition("}")[2] == "TiffData":
            first, count = (number(node.get(name, "")) for name in ("IFD", "PlaneCount"))
            yield range(int(first or 0), int(first or 0) + int(count or 1))


def _ome_size(pixels: ElementTree.Element) -> tuple[float, float] | None:
    sizes = []
    for axis in "YX":
        size = positive(pixels.get(f"PhysicalSize{axis}"))
        unit = um_per_unit(pixels.get(f"PhysicalSize{axis}Unit", "um"))
        sizes.append(size * unit if size and unit else None)
    y, x = sizes
    return (y or x, x) if x else None


def sodalite_header(page: TiffPage) -> Header | None:
    """Return the pixel size that `sodalite.result.write_labels` wrote, or None in files of others."""
    if page.software != "sodalite" or not page.description.startswith("{"):
        return None
    try:
        values = json.loads(page.description).get("spacing_um")
    except (ValueError, RecursionError):
        return None
    sizes = [positive(value) for value in values[-2:]] if isinstance(values, list) else []
    if len(sizes) != 2 or sizes[0] is None or sizes[1] is None:
        return None
    meta = Acquisition(vendor="sodalite", pixel_size_source="image description spacing_um")
    return Header(meta, (sizes[0], sizes[1]))
