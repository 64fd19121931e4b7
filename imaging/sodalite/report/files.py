"""Files written whole or not at all, and pictures as bytes."""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB, _SUB_FILTER = 2, 1


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block ends well and removed when it does not."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def encode_png(rgb: np.ndarray) -> bytes:
    """Return an 8-bit ``(y, x, 3)`` picture as PNG (ISO/IEC 15948), rows filtered by their left neighbour.

    The general encoders search a filter for each row, which buys noisy micrographs nothing: on 2048 x 1365 pixels they
    take four times as long as this one fixed filter with libdeflate, for a file 8 % larger.
    """
    from imagecodecs import deflate_encode

    height, width = rgb.shape[:2]
    packed = bytearray(height * (1 + 3 * width))
    rows = np.frombuffer(packed, np.uint8).reshape(height, -1)
    flat = rgb.reshape(height, -1)
    rows[:, 0] = _SUB_FILTER
    rows[:, 1:4] = flat[:, :3]
    np.subtract(flat[:, 3:], flat[:, :-3], out=rows[:, 4:])
    header = struct.pack(">IIBBBBB", width, height, 8, _RGB, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", bytes(deflate_encode(packed, level=1))), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def encode_jpeg(picture: np.ndarray, quality: int) -> bytes:
    """Return an 8-bit grey ``(y, x)`` or BGR ``(y, x, 3)`` picture as JPEG."""
    import cv2

    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
