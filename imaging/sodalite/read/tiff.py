"""Opening of TIFF files: the pixels of one page and the tags that instruments use."""

from __future__ import annotations

import logging
import mmap
import struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import tifffile

from sodalite.errors import ReadError
from sodalite.read.pixels import check_size, grey_levels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# tifffile reports every oddity of a header through logging, which prints to the terminal where nobody listens.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

VENDOR_TAGS: Final = {34118: "Zeiss", 34680: "FEI", 34682: "FEI", 34683: "FEI", 50431: "TESCAN", 51023: "Fibics"}
"""Private tags of SEM vendors; their bytes are kept as they stand."""
_LARGEST_TAG: Final = 16 << 20
_LARGEST_TILE: Final = 16 << 20
_SHUFFLED_SHARE: Final = 0.25
_HEADER_TEXT: Final = (b"[PrivateFei]", b"[EBeam]", b"AP_IMAGE_PIXEL_SIZE", b"AP_PIXEL_SIZE", b"\nPixelSizeX=")


class TiffPage(NamedTuple):
    """One page of a TIFF: grey levels (y, x), vendor tags as bytes, and the plain tags that tell who wrote it.

    `resolution` is pixels per `resolution_unit` (1 none, 2 inch, 3 cm) as (y, x). ImageJ and OME
    software describe all pages in the `first_description`.
    """

    path: Path
    data: np.ndarray
    tags: Mapping[int, bytes]
    description: str
    first_description: str
    make: str
    model: str
    software: str
    date: str
    resolution: tuple[float, float] | None
    resolution_unit: int
    page: int
    page_count: int


def read_tiff(path: Path, page: int, *, labels: bool = False) -> TiffPage:
    """Return page number `page` (from 0) of a TIFF; with `labels` the indices of every palette are kept.

    Raises
    ------
    ReadError
        When the file is no sound TIFF, is cut short, has no such page, or is a colour picture.
    """
    try:
        with tifffile.TiffFile(path) as file:
            count = len(file.pages)
            if not count:
                raise ReadError(f"{path.name}: a TIFF that holds no image; copy the file again from the microscope.")
            if not 0 <= page < count:
                raise ReadError(f"{path.name}: there is no page {page}; choose 0 to {count - 1}.")
            return _read_page(path, file, page, count, labels=labels)
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadError(f"{path.name}: too large for the memory of this computer; crop the image first.") from error
    except Exception as error:  # the codecs behind tifffile raise errors of a dozen kinds on damaged files
        check_directory(path)
        cut = isinstance(error, struct.error)  # its own words are of buffers
        found = "its directory ends too early" if cut else " ".join(str(error).split()) or type(error).__name__
        raise ReadError(f"{path.name}: no sound TIFF ({found}); export the image again.") from error


def check_directory(path: Path) -> None:
    """Refuse a TIFF whose directory lost the tag of an instrument while the tag's text is still in its bytes.

    Raises
    ------
    ReadError
        Naming the text that was found; such files went through a copy that changed bytes, pixels included.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for text in _HEADER_TEXT:
            if content.find(text) >= 0:
                raise ReadError(
                    f"{path.name}: the TIFF directory is damaged (an instrument's header with "
                    f"{text.decode().strip()} is in the file but no tag points to it); copy the original file again."
                )


def _read_page(path: Path, file: tifffile.TiffFile, index: int, count: int, *, labels: bool) -> TiffPage:
    page: Any = file.pages[index]
    size = path.stat().st_size
    if page.dtype is None:
        raise ReadError(f"{path.name}: {page.bitspersample} bits a pixel are not readable; export 8 or 16 bits.")
    if not any(code in page.tags for code in VENDOR_TAGS) and not _sound(page, size):
        check_directory(path)
    check_size(path, page.shape, page.dtype.itemsize, min(size, sum(page.databytecounts)))
    _check_tiles(path, page)
    _check_complete(path, page, size)
    data = page.asarray()
    if page.samplesperpixel > 1 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
        data = np.moveaxis(data, 0, -1)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and data.dtype.kind == "u":
        data = np.iinfo(data.dtype).max - data
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None and not labels:
        data = _in_order_of_grey(data, page.colormap)
    first: Any = file.pages[0]
    return TiffPage(
        path=path,
        data=grey_levels(path, data, labels=labels),
        tags={code: _raw(file, page.tags[code]) for code in VENDOR_TAGS if code in page.tags},
        description=_text(page, 270),
        first_description=_text(first, 270),
        make=_text(page, 271),
        model=_text(page, 272),
        software=_text(page, 305),
        date=_text(page, 306),
        resolution=_resolution(page) or _resolution(first),
        resolution_unit=int(page.tags[296].value) if 296 in page.tags else 2,
        page=index,
        page_count=count,
    )


def _in_order_of_grey(data: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return indices as they are, or the greys they stand for where the palette holds greys in no order.

    The indices are the signal under a ramp of greys, with overlay colours in it or not, and under false colours. Image
    software that reduces the number of greys sorts them by how often they occur: such indices mean nothing. Of the
    steps between shuffled greys half lead back, in a real palette with an overlay colour at each ninth index 11 %.
    """
    used, at = np.unique(data, return_inverse=True)
    red, green, blue = palette[:, used].astype(np.int64)
    steps = np.diff(red)
    back = min((steps < 0).mean(), (steps > 0).mean()) if steps.size else 0.0
    if (red != green).any() or (green != blue).any() or back < _SHUFFLED_SHARE:
        return data
    return (red >> 8).astype(np.uint8)[at].reshape(data.shape)


def _check_tiles(path: Path, page: Any) -> None:
    """Refuse tiles larger than the picture, each of which would be unpacked as a whole; small pictures have one."""
    tile = int(np.prod(page.chunks)) * page.dtype.itemsize
    if tile > max(int(np.prod(page.shape)) * page.dtype.itemsize, _LARGEST_TILE):
        shape = " x ".join(str(length) for length in page.chunks)
        raise ReadError(f"{path.name}: the header says tiles of {shape} pixels, which cannot be; export it again.")


def _check_complete(path: Path, page: Any, size: int) -> None:
    if not page.dataoffsets or len(page.dataoffsets) != len(page.databytecounts):
        raise ReadError(f"{path.name}: the TIFF directory names no pixels; export the image again.")
    end = max(offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True))
    if end > size:
        raise ReadError(
            f"{path.name}: cut short, {size} bytes where its pixels reach to byte {end}; copy the file again."
        )
    plain = page.compression == tifffile.COMPRESSION.NONE and page.bitspersample % 8 == 0
    needed = int(np.prod(page.shape)) * page.dtype.itemsize
    if plain and not page.is_tiled and sum(page.databytecounts) < needed:
        raise ReadError(
            f"{path.name}: {sum(page.databytecounts)} bytes of pixels where {needed} are needed; export it again."
        )


def _sound(page: Any, size: int) -> bool:
    return all(offset + count <= size for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False))


def _raw(file: tifffile.TiffFile, tag: Any) -> bytes:
    file.filehandle.seek(tag.valueoffset)
    return bytes(file.filehandle.read(min(int(tag.valuebytecount), _LARGEST_TAG)))


def _text(page: Any, code: int) -> str:
    if code not in page.tags:
        return ""
    value = page.tags[code].value
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _resolution(page: Any) -> tuple[float, float] | None:
    values = []
    for code in (283, 282):
        value = page.tags[code].value if code in page.tags else None
        if not isinstance(value, tuple) or len(value) != 2 or not all(value):
            return None
        values.append(value[0] / value[1])
    return values[0], values[1]
