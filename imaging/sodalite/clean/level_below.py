"""The grey of what lies below a face made that of another image, where it has changed, such as by charging."""

from __future__ import annotations

import numpy as np

_DEPTHS_PX = np.arange(-8.0, 64.0)
_FACE_PX, _SIDES_PX = 3.0, 8.0
"""How far the blur of a face reaches, and how far beside it the greys of both sides are taken."""

_LEAST_CHANGE = 0.3
"""Change at the face, relative to the contrast there, below which nothing is done: halos of a fifth of the contrast
cost no void 2 % of its area."""


def level_below(image: np.ndarray, reference: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, float]:
    """Return an image with the grey below a face brought back to that of the reference, and how much it had changed.

    A solid that charges or discharges changes its grey, against that of the metal above it too, by as much as it likes:
    the contrast at the face may turn round. Across the blur of the face the change counts as much as the solid does,
    which the reference tells, and goes on as it does just below. It is the median along the face at each depth, so that
    voids do not count.

    Parameters
    ----------
    image, reference
        ``(y, x)`` float32 grey levels, registered and matched in the metal.
    face
        ``(x,)`` edge rows.

    Returns
    -------
    tuple
        Grey levels ``(y, x)`` float32, the image itself where it has hardly changed, and the change at the face
        relative to the contrast there in the reference; 0 where that is not known.
    """
    before, after = (_along(each, face) for each in (reference, image))
    metal = (_DEPTHS_PX < -_FACE_PX) & (_DEPTHS_PX >= -_SIDES_PX)
    solid = (_DEPTHS_PX >= _FACE_PX) & (_DEPTHS_PX < _SIDES_PX)
    low, high = float(np.median(before[metal])), float(np.median(before[solid]))
    change = after - before
    fresh = float(np.median(change[solid]))
    at_face = fresh / (high - low) if high != low else 0.0
    if not abs(at_face) > _LEAST_CHANGE:
        return image, 0.0
    slope = np.polyfit(_DEPTHS_PX[solid], change[solid], 1)[0]
    at_depth = fresh + slope * (_DEPTHS_PX - _DEPTHS_PX[solid].mean())
    below = np.where(_DEPTHS_PX < _FACE_PX, at_depth, change)
    weight = np.clip((before - low) / (high - low), 0, 1)
    weight = np.where(_DEPTHS_PX < -_FACE_PX, 0.0, np.where(_DEPTHS_PX >= _FACE_PX, 1.0, weight))
    known = np.isfinite(below)
    depth = np.arange(len(image))[:, None] + 0.5 - face
    taken = np.interp(depth, _DEPTHS_PX[known] + 0.5, (below * weight)[known])
    return np.asarray(image - taken, np.float32), at_face


def _along(image: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the median grey along a face at each depth below it, ``(depth,)``; NaN outside the image."""
    rows = np.floor(face + _DEPTHS_PX[:, None] + 0.5).astype(np.intp)
    inside = (rows >= 0) & (rows < len(image))
    greys = np.take_along_axis(image, np.clip(rows, 0, len(image) - 1), axis=0)
    medians = np.median(np.where(inside, greys, np.nan), axis=1)
    return np.asarray(medians, np.float64)
