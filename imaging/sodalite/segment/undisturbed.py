"""An image as it would be without its voids, against which later images show what has opened."""

from __future__ import annotations

import cv2
import numpy as np

_CALM_PX = 5
"""A median over so many pixels keeps blurred edges as they are and a quarter of the noise."""

BESIDE_PX = 4
_ALONG_PX = 4.0


def undisturbed(data: np.ndarray, voids: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return an image with its noise smoothed and its voids filled with what lies beside them, ``(y, x)`` float32.

    The filling runs along lines parallel to the face, from one side of a void to the other, so that sodium continues
    as sodium down to the face and the electrolyte's edge under the void is that beside it.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    voids
        ``(y, x)`` bool.
    face
        ``(x,)`` edge rows of the electrolyte.
    """
    smooth = calm(data)
    if not voids.any():
        return smooth
    hole = cv2.dilate(voids.astype(np.uint8), np.ones((2 * BESIDE_PX + 1,) * 2, np.uint8))
    level = float(np.round(np.median(face)))
    columns, rows = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in smooth.shape[::-1]))
    offset = (face - level).astype(np.float32)
    flat = _sheared(smooth, columns, rows + offset)
    gone = _sheared(hole.astype(np.float32), columns, rows + offset) > 0
    known = (~gone).astype(np.float32)
    total, weight = (cv2.GaussianBlur(part, (0, 0), sigmaX=_ALONG_PX, sigmaY=1e-6) for part in (flat * known, known))
    mean = total / np.maximum(weight, 1e-6)
    for row in np.flatnonzero(gone.any(axis=1)):
        there = ~gone[row]
        if there.any():
            places = np.arange(flat.shape[1])
            flat[row] = np.where(there, flat[row], np.interp(places, places[there], mean[row, there]))
    filled = _sheared(flat, columns, rows - offset)
    return np.where(hole > 0, filled, smooth).astype(np.float32)


def calm(data: np.ndarray) -> np.ndarray:
    """Return an image ``(y, x)`` with its noise smoothed and its edges where they were, float32."""
    return np.asarray(cv2.medianBlur(np.asarray(data, np.float32), _CALM_PX))


def _sheared(plane: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.remap(plane, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
