"""Pixels of PNG and BMP files; neither records how large a pixel of the specimen is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import imagecodecs

from sodalite.errors import ReadError
from sodalite.read.pixels import check_size, grey_levels

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


def read_raster(path: Path) -> np.ndarray:
    """Return the grey levels ``(y, x)`` of a PNG or BMP; a palette of greys in a BMP is kept as its indices.

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
    return grey_levels(path, data)
