"""How far a face that stays has gone up or down between two images, where nothing beside it tells."""

from __future__ import annotations

import math

import numpy as np

_TEMPLATE_PX, _HALF_PX = 4, 2
"""Depths to either side of the face that its edge is compared over, and half of what its changes are taken over."""

_LEAST_AGREEMENT, _RIVAL = 0.9, 0.8
"""Agreement of the two edges, and share of it that another place may reach, from which they are the same one."""


def face_rise_px(
    reference: np.ndarray, moving: np.ndarray, face: np.ndarray, *, x_px: float, reach_px: float
) -> float | None:
    """Return by how many rows a face has moved down; None where no place or more than one shows its edge.

    The edge is the median, along the face, of how grey changes across it: stripes along the columns do not change
    across it, and voids above a solid leave its edge where it is. It is looked for in the other image at the place to
    the sides that is known; a face that waves gently says little of that itself.

    Parameters
    ----------
    reference, moving
        ``(y, x)`` grey levels of equal shape.
    face
        ``(x,)`` edge rows in the reference.
    x_px
        How far the content has moved to the right.
    reach_px
        Largest movement that is searched for.
    """
    reach = math.ceil(reach_px)
    edge = _across(reference, face, 0, _TEMPLATE_PX)
    seen = _across(moving, face, round(x_px), _TEMPLATE_PX + reach)
    places = np.lib.stride_tricks.sliding_window_view(seen, edge.size)
    shifts = np.arange(places.shape[0]) - reach
    known = np.isfinite(places).all(axis=1)
    if not known.any() or not np.isfinite(edge).all():
        return None
    product = np.where(known, np.nan_to_num(places) @ edge, -np.inf)
    best = int(product.argmax())
    agreement = product[best] / max(float(np.linalg.norm(edge) * np.linalg.norm(places[best])), 1e-12)
    others = product[np.abs(shifts - shifts[best]) > _TEMPLATE_PX]
    if agreement < _LEAST_AGREEMENT or (others.size and others.max() > _RIVAL * product[best]):
        return None
    if not 0 < best < len(product) - 1 or not np.isfinite(product[best - 1 : best + 2]).all():
        return None
    before, at, after = product[best - 1 : best + 2]
    return float(shifts[best]) + float((before - after) / (2 * (before - 2 * at + after)))


def _across(image: np.ndarray, face: np.ndarray, x_px: int, reach: int) -> np.ndarray:
    """Return the median change of grey across a face ``(depth,)`` from so far above to so far below; NaN outside."""
    columns = np.arange(face.size) + x_px
    there = (columns >= 0) & (columns < image.shape[1])
    depths = np.arange(-reach - _HALF_PX, reach + _HALF_PX + 1)
    exact = face[there] + depths[:, None]
    rows = np.floor(exact).astype(np.intp)
    inside = (rows >= 0) & (rows < len(image) - 1)
    low = np.clip(rows, 0, len(image) - 2)
    part = exact - rows
    grey = image[low, columns[there]] * (1 - part) + image[low + 1, columns[there]] * part
    grey = np.where(inside, grey, np.nan)
    return np.asarray(np.median(grey[2 * _HALF_PX :] - grey[: -2 * _HALF_PX], axis=1), np.float64)
