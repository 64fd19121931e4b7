"""Grey levels out of what a file decodes to: channels, palettes, byte order, and the checks on size and content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import ReadError
from sodalite.image import check_grey

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 8 << 30
"""Images above 8 GiB are refused: they need a pyramid or a stack, not one array."""
LARGEST_EXPANSION = 4000
"""No codec in use packs more than this into a byte (deflate 1032, LZW about 2700): more is a damaged header."""


def check_size(path: Path, shape: tuple[int, ...], itemsize: int, packed_bytes: int) -> None:
    """Refuse dimensions that cannot be true before any memory is taken.

    Raises
    ------
    ReadError
        When the pixels would exceed `LARGEST_BYTES`, or what their bytes in the file can hold.
    """
    needed = itemsize
    for length in shape:
        needed *= int(length)
    size = " x ".join(str(length) for length in shape)
    if needed == 0:
        raise ReadError(f"{path.name}: the header says {size} pixels; export the image again.")
    if needed > LARGEST_BYTES or needed > LARGEST_EXPANSION * packed_bytes:
        raise ReadError(
            f"{path.name}: the header says {size} pixels of {itemsize} bytes in {packed_bytes} bytes of the file, "
            "which cannot be; export the image again."
        )


def grey_levels(path: Path, data: np.ndarray, *, labels: bool = False) -> np.ndarray:
    """Return ``(y, x)`` grey levels of a decoded picture ``(y, x)`` or ``(y, x, channels)``, in native byte order.

    Three equal channels are one; a channel of opacity is dropped.

    Raises
    ------
    ReadError
        When the channels differ: an overlay or a false colour is no measured signal.
    """
    if data.ndim == 3 and data.shape[2] in (1, 2):
        data = data[..., 0]
    if data.ndim == 3 and data.shape[2] in (3, 4):
        first = data[..., 0]
        coloured = (first != data[..., 1]) | (first != data[..., 2])
        if coloured.any() and labels:
            raise ReadError(f"{path.name}: labels in colours; save one number a pixel, in grey or with a palette.")
        if coloured.any():
            raise ReadError(
                f"{path.name}: a colour picture ({coloured.mean():.1%} of the pixels have unequal channels), which is "
                "no measured signal; save the micrograph in grey and without overlays."
            )
        data = first
    if data.ndim != 2:
        raise ReadError(f"{path.name}: an array of shape {data.shape} is no single picture; choose one page of it.")
    if data.dtype == np.bool_:
        data = data.astype(np.uint8)
    return np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("="))


def check_content(path: Path, data: np.ndarray) -> None:
    """Refuse pictures in which there is nothing to see.

    Raises
    ------
    ReadError
        When the picture is a line or a point, holds NaN, or has the same grey level everywhere.
    """
    check_grey(data, path.name)
    if min(data.shape) < 2:
        raise ReadError(f"{path.name}: {data.shape[1]} x {data.shape[0]} pixels are no micrograph; give a whole image.")
    if (data == data.flat[0]).all():
        raise ReadError(
            f"{path.name}: every pixel has the grey level {data.flat[0]:g}, so nothing was recorded; give another."
        )
