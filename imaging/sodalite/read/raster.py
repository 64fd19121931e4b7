"""Pixels of PNG and BMP files; neither records how large a pixel of the specimen is."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from PIL import Image

from sodalite.errors import ReadError
from sodalite.read.pixels import check_size, grey_levels

if TYPE_CHECKING:
    from pathlib import Path

_PALETTE = 3
"""Colour type of a PNG with a palette, in byte 25."""


def read_raster(path: Path, *, labels: bool = False) -> np.ndarray:
    """Return the grey levels ``(y, x)`` of a PNG or BMP; a palette of greys in a BMP is kept as its indices.

    With `labels` the indices of any palette are kept.

    Raises
    ------
    ReadError
        When the file is damaged, cut short or a colour picture.
    """
    raw = path.read_bytes()
    png = raw.startswith(b"\x89PNG")
    try:
        columns, rows = struct.unpack(">II", raw[16:24]) if png else struct.unpack("<ii", raw[18:26])
        check_size(path, (abs(rows), abs(columns)), 1, len(raw))
        if png and labels and raw[25] == _PALETTE:
            data = _indices(raw)
        else:
            data = imagecodecs.png_decode(raw) if png else imagecodecs.bmp_decode(raw, asrgb=False)
    except ReadError:
        raise
    except MemoryError as error:
        raise ReadError(f"{path.name}: too large for the memory of this computer; crop the image first.") from error
    except Exception as error:  # imagecodecs has one error class a codec, without a common root
        found = " ".join(str(error).split()) or type(error).__name__
        raise ReadError(
            f"{path.name}: no sound {'PNG' if png else 'BMP'} ({found}); export the image again."
        ) from error
    return grey_levels(path, data, labels=labels)


def _indices(raw: bytes) -> np.ndarray:
    """Return the indices of a PNG with a palette, which imagecodecs turns into colours."""
    with Image.open(io.BytesIO(raw)) as picture:
        return np.array(picture)
