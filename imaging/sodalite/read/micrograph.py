"""Reading of any micrograph: by content, with its pixel size and everything known of how it was taken."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sodalite.errors import CalibrationError, ReadError
from sodalite.image import Acquisition, Image, Tilt
from sodalite.read.header import Header
from sodalite.read.pixels import check_content
from sodalite.read.tilt import correct_tilt

if TYPE_CHECKING:
    import os

    import numpy as np

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RASTER: Final = (b"\x89PNG\r\n\x1a\n", b"BM")
_OTHER: Final = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"\xff\xd8\xff": "a JPEG, whose compression changes grey levels",
    b"GIF8": "a GIF",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive",
}


_SMALLEST_UM, _LARGEST_UM = 1e-6, 1e3
"""Pixels from 1 pm to 1 mm: what lies outside was written in another unit, or damaged."""


def read_image(
    path: str | os.PathLike[str],
    *,
    page: int = 0,
    pixel_size_um: float | tuple[float, float] | None = None,
    tilt_factor: float | None = None,
) -> Image:
    """Return a micrograph with the pixel size that its file states.

    Read are TIFF (Zeiss SmartSEM and Atlas, FEI and Thermo Fisher, TESCAN, JEOL and Hitachi with their side files,
    fibsemOS, ImageJ, OME), PNG and BMP, told apart by content. Heights are as the file has them until `correct_tilt`
    decides.

    Parameters
    ----------
    path
        The file; side files are looked for beside it.
    page
        Page of a TIFF with several, from 0.
    pixel_size_um
        Pixel size in um, or (x, y); wins over the file. Both told means that heights are true already.
    tilt_factor
        True height divided by measured height; when told, the image is returned with true heights.

    Returns
    -------
    Image
        ``(y, x)``, unsigned 8 or 16 bit or as the file has them, palettes as their indices; ``spacing_um`` = (y, x);
        ``meta`` with every decision and its source; the data bar is still in the picture (``meta.databar_rows`` is what
        the tags say of it, ``meta.databar_source`` is ``none`` where they say nothing).

    Raises
    ------
    ReadError
        When the file is missing, damaged, of another kind, coloured, empty or the same grey everywhere.
    CalibrationError
        When neither file nor caller gives a pixel size, or the file contradicts itself.
    """
    data, header = load(path, page)
    check_content(Path(path), data)
    spacing, meta = calibrated(Path(path), header, pixel_size_um)
    image = Image(data, spacing, Path(path).name, meta)
    return image if tilt_factor is None else correct_tilt(image, tilt_factor)


def read_labels(path: str | os.PathLike[str], *, pixel_size_um: float | tuple[float, float] | None = None) -> Image:
    """Return labels with their pixel size, such as those that sodalite writes; one class everywhere is allowed.

    Of a palette its indices are the labels, whatever the colours.

    Raises
    ------
    ReadError, CalibrationError
        As `read_image`.
    """
    data, header = load(path, 0, labels=True)
    spacing, meta = calibrated(Path(path), header, pixel_size_um)
    return Image(data, spacing, Path(path).name, meta)


def load(path: str | os.PathLike[str], page: int, *, labels: bool = False) -> tuple[np.ndarray, Header]:
    """Return the grey levels ``(y, x)`` of a file and what its header says, calibrated or not.

    With `labels` the indices of every palette are taken as they are.

    Raises
    ------
    ReadError
        When the file is missing, damaged, of another kind or coloured.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise ReadError(_not_opened(file)) from error
    if start.startswith(_TIFF):
        return _load_tiff(file, page, labels=labels)
    if start.startswith(_RASTER):
        return _load_raster(file, page, labels=labels)
    if not start:
        raise ReadError(f"{file.name}: the file is empty; copy it again.")
    kind = next((name for mark, name in _OTHER.items() if start.startswith(mark)), "no image that is known here")
    advice = "unpack it first" if kind.endswith("archive") else "give a TIFF, PNG or BMP"
    raise ReadError(f"{file.name}: its content is {kind}; {advice}.")


def _load_tiff(file: Path, page: int, *, labels: bool) -> tuple[np.ndarray, Header]:
    from sodalite.read.fei import fei_header
    from sodalite.read.fibics import fibics_header
    from sodalite.read.fibsem_os import fibsem_os_header
    from sodalite.read.imagej import imagej_header, ome_header, sodalite_header
    from sodalite.read.tescan import tescan_header
    from sodalite.read.tiff import check_directory, read_tiff
    from sodalite.read.zeiss import zeiss_header

    tiff = read_tiff(file, page, labels=labels)
    instruments = (fei_header, fibics_header, zeiss_header, tescan_header, fibsem_os_header)
    for reader in (*instruments, sodalite_header, imagej_header, ome_header):
        header = reader(tiff)
        if header is not None:
            return tiff.data, header
    header = _side_header(file, tiff.data)
    if header is None:
        check_directory(file)
    return tiff.data, header or _no_header("no tag of a known instrument and no side file beside it")


def _load_raster(file: Path, page: int, *, labels: bool) -> tuple[np.ndarray, Header]:
    from sodalite.read.raster import read_raster
    from sodalite.read.tescan import tescan_side_header

    if page:
        raise ReadError(f"{file.name}: there is no page {page}; a PNG or BMP has only page 0.")
    data = read_raster(file, labels=labels)
    header = tescan_side_header(file, data) or _side_header(file, data)
    return data, header or _no_header("a PNG or BMP has none, and there is no side file beside it")


def _side_header(file: Path, data: np.ndarray) -> Header | None:
    from sodalite.read.hitachi import hitachi_header
    from sodalite.read.jeol import jeol_header

    return jeol_header(file, data.shape) or hitachi_header(file, data.shape)


def _no_header(missing: str) -> Header:
    return Header(Acquisition(pixel_size_source="none"), None, missing)


def _not_opened(file: Path) -> str:
    if file.is_dir():
        return f"{file}: a folder, not an image; name the files in it."
    if not file.exists():
        return f"{file}: there is no such file; check its name."
    return f"{file}: the file cannot be opened; check who may read it."


def _same_size(one_um: float, other_um: float) -> bool:
    """Return whether two pixel sizes differ by no more than a user may have rounded off."""
    return math.isclose(one_um, other_um, rel_tol=0.005)


def calibrated(
    file: Path, header: Header, told: float | tuple[float, float] | None
) -> tuple[tuple[float, float], Acquisition]:
    """Return (y, x) in um and the acquisition, the caller's word before the header's.

    Raises
    ------
    CalibrationError
        When neither gives a pixel size, or what was told is none.
    """
    if told is None:
        if header.spacing_um is None:
            raise CalibrationError(
                f"{file.name}: no pixel size ({header.missing}); tell it in um with --pixel-size-um X or X,Y."
            )
        if not all(_SMALLEST_UM <= size <= _LARGEST_UM for size in header.spacing_um):
            found = " x ".join(f"{size:g}" for size in header.spacing_um[::-1])
            raise CalibrationError(
                f"{file.name}: no micrograph has pixels of {found} um ({header.meta.pixel_size_source}); tell their "
                "size in um with --pixel-size-um X or X,Y."
            )
        return header.spacing_um, header.meta
    values = (told,) if isinstance(told, Real) else tuple(told)  # type: ignore[arg-type]
    if len(values) not in (1, 2) or not all(math.isfinite(value) and value > 0 for value in values):
        raise CalibrationError(f"{file.name}: a pixel size of {told} um is impossible; tell X or X,Y in um, above 0.")
    y_um, x_um = float(values[-1]), float(values[0])
    own = header.spacing_um
    agrees = own is None or all(map(_same_size, own, (y_um, x_um)))
    meta = replace(header.meta, pixel_size_source="told by the user", overruled_um=None if agrees else own)
    if len(values) == 1:
        return (y_um, x_um), meta
    tilt = Tilt(1.0, 0.0, "both pixel sizes told by the user, so heights are true")
    return (y_um, x_um), replace(meta, pixel_size_source="told by the user (x, y)", tilt=tilt)
