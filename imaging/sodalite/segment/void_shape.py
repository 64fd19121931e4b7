"""Shapes of voids: connected parts, outlines, interiors and the way to a face, on masks ``(y, x)`` bool."""

from __future__ import annotations

import cv2
import numba
import numpy as np

_CURTAIN_PX = 5
_STREAK_PX = (41, 9)
"""Height above which, and width below which, a dark streak is a curtain and not a void."""

_RIM_PX = 4


def without_curtains(mask: np.ndarray) -> np.ndarray:
    """Return the mask without what is narrower than five pixels along the face."""
    return _opened(mask, np.ones((1, _CURTAIN_PX), np.uint8))


def without_streaks(mask: np.ndarray, *, width_px: int = _STREAK_PX[1]) -> np.ndarray:
    """Return the mask without streaks along the milling direction that are tall and narrower than a width."""
    upright = _opened(mask, np.ones((_STREAK_PX[0], 1), np.uint8))
    return mask & ~(upright & ~_opened(mask, np.ones((1, width_px), np.uint8))) if upright.any() else mask


def opened(mask: np.ndarray, radius_px: int) -> np.ndarray:
    """Return the mask without what a disc does not fit into."""
    return _opened(mask, _disc(radius_px))


def closed(mask: np.ndarray, radius_px: int) -> np.ndarray:
    """Return the mask with what a disc outside it does not reach; the image continues beyond its frame."""
    padded = cv2.copyMakeBorder(_bytes(mask), *4 * (radius_px,), cv2.BORDER_REPLICATE)
    shut = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(radius_px))
    return shut[radius_px:-radius_px, radius_px:-radius_px] > 0


def widened(mask: np.ndarray, radius_px: int) -> np.ndarray:
    """Return the mask grown by a disc."""
    return cv2.dilate(_bytes(mask), _disc(radius_px)) > 0


def narrowed(mask: np.ndarray, radius_px: int) -> np.ndarray:
    """Return the mask shrunk by a disc."""
    return cv2.erode(_bytes(mask), _disc(radius_px)) > 0


def holding(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Return the connected parts of `mask` that hold a pixel of `core`."""
    if not (mask & core).any():
        return np.zeros(mask.shape, bool)
    where, part, count = _parts(mask)
    keep = np.zeros(count, bool)
    keep[part[core.take(where)]] = True
    return _only(where[keep[part]], mask.shape)


def filled(mask: np.ndarray) -> np.ndarray:
    """Return the mask with its holes filled."""
    outlines, _ = cv2.findContours(_bytes(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, cv2.FILLED) > 0


def at_least(mask: np.ndarray, least_px: int) -> np.ndarray:
    """Return the connected parts of at least so many pixels."""
    where, part, count = _parts(mask)
    keep = np.bincount(part, minlength=count) >= least_px
    return _only(where[keep[part]], mask.shape)


def darker_than(mask: np.ndarray, contrast: np.ndarray, limit: float, *, least_px: int) -> np.ndarray:
    """Return the connected parts of at least so many pixels whose mean contrast lies below the limit."""
    where, part, count = _parts(mask)
    size = np.bincount(part, minlength=count)
    keep = (size >= least_px) & (np.bincount(part, contrast.take(where), minlength=count) < limit * size)
    return _only(where[keep[part]], mask.shape)


def half_way(mask: np.ndarray, contrast: np.ndarray, surroundings: np.ndarray) -> np.ndarray:
    """Return the mask cut where the grey is half-way between the void beside it and the brightest of what is around.

    There the edge of a large void lies under any symmetric blur, whatever the depth of the void and of a bright rim
    on its solid side. `surroundings` are the pixels that may tell how bright it is around; elsewhere contrast 0 does.
    """
    rim = mask & ~narrowed(mask, _RIM_PX)
    reach = np.argwhere(_disc(_RIM_PX)) - _RIM_PX
    solid = _beyond_half_way(np.flatnonzero(rim), reach, mask, contrast, surroundings)
    cut = mask.copy()
    cut.put(solid, False)
    return cut


@numba.njit(cache=True, nogil=True)
def _beyond_half_way(
    rim: np.ndarray, reach: np.ndarray, mask: np.ndarray, contrast: np.ndarray, surroundings: np.ndarray
) -> np.ndarray:
    """Return those of the flat indices `rim` that are not darker than half-way between the extremes within reach."""
    height, width = mask.shape
    solid = np.zeros(rim.size, np.bool_)
    for index in range(rim.size):
        row, column = rim[index] // width, rim[index] % width
        deepest = highest = np.float32(0)
        for place in range(len(reach)):
            y, x = row + reach[place, 0], column + reach[place, 1]
            if 0 <= y < height and 0 <= x < width:
                value = contrast[y, x]
                if value < deepest and mask[y, x]:
                    deepest = value
                elif value > highest and surroundings[y, x]:
                    highest = value
        solid[index] = contrast[row, column] >= (deepest + highest) / 2
    return rim[solid]


def without_open_to(mask: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the mask without what is open to the outside: relief of the surface, not a void.

    A neck narrower than five pixels does not open a void, but what lies in the outside's own edge goes.
    """
    if not (mask & outside).any():
        return mask
    body = opened(mask, 2)
    held = holding(body, outside)
    return mask & ~widened(held, 2) & ~(outside & ~(body & ~held))


def reaching_face(
    mask: np.ndarray, depth_px: np.ndarray, sodium: np.ndarray, *, reach_px: int, least_sodium_px: int
) -> np.ndarray:
    """Return the mask and, in each column, what lies between it and a face when that is not sodium.

    A dark curtain below a void reaches the face in a few columns alone: fewer than five side by side do not.

    Parameters
    ----------
    mask
        Voids.
    depth_px
        ``(y, x)`` rows from the face into the layer.
    sodium
        Pixels that may be sodium.
    reach_px
        How far from the face a void may end.
    least_sodium_px
        From so many pixels of sodium on, there is sodium between.
    """
    first = np.where(mask, depth_px, np.float32(reach_px)).min(axis=0)
    between = depth_px < first
    bare = np.count_nonzero(between & sodium, axis=0) <= least_sodium_px
    return mask | (between & without_curtains(((first < reach_px) & bare)[None, :]))


def _parts(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the flat indices of the mask's pixels, the connected part each belongs to, and the number of labels."""
    count, parts = cv2.connectedComponents(_bytes(mask), connectivity=4)
    where = np.flatnonzero(mask)
    return where, parts.take(where), count


def _only(where: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the mask of the pixels of these flat indices."""
    mask = np.zeros(shape, bool)
    mask.put(where, True)
    return mask


def _opened(mask: np.ndarray, element: np.ndarray) -> np.ndarray:
    return cv2.morphologyEx(_bytes(mask), cv2.MORPH_OPEN, element) > 0


def _bytes(mask: np.ndarray) -> np.ndarray:
    return mask.view(np.uint8) if mask.flags.c_contiguous else mask.astype(np.uint8)


def _disc(radius_px: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
