"""What lies above and below the stack: top surfaces, unnamed caps, trench floors and redeposition."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.evidence import main_grey
from sodalite.segment.ranks import median
from sodalite.segment.rubble import BOX, COARSE, local_texture
from sodalite.segment.void_shape import without_streaks

_BRIGHT_SD = 6.0
_LEAST_SHARE = 0.01
_BAND_SHARE = 0.25
_NEAR_SHARE = 0.1
"""Share of the height next to a face in which a layer's own texture is read: floors begin below it."""

_SMALL_SHARE = 0.02
_BLUR_REACH_PX = 8
_CLOSING_PX = 15
_SAMPLE_PX = 150_000
_FLOOR_SHARE = 0.25
_GAP_PX, _FOOT_PX = 61, 40
"""Width of gaps in a floor, and height above the frame down to which it must come, which charged bands do not."""

_WITHIN = 9
"""Width in pixels of the texture by which rough parts are narrowed, less than its window, for spires are slender."""

_CURTAIN_PX = 21
"""Width below which what hangs down from the surface, tall and bright, is a curtain."""

_ROUGHER = 3.0
"""Texture, in units of the layer's own, from which a part of it is the rough floor of a trench. Of 36 drawn floors (SNR
8 and 3) 3 leave one or two objects to the electrolyte, as do 2 of 5 real ones, of spires, 3 and 8; of 126 drawn
electrolytes without a floor none has one."""


def find_outside_above(data: np.ndarray, lower_face: np.ndarray, *, spikes: bool = False) -> np.ndarray:
    """Return what lies above the topmost layer and belongs to no layer: ``(y, x)`` bool.

    It is far brighter than the layer, reaches the upper frame or, when large, a lateral one, and covers at least a
    hundredth of the image: the top surface in its own secondary-electron light, or an unnamed protective cap. The
    layer's grey is read beside its lower face, where it must be.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    lower_face
        ``(x,)`` lower edge rows of the topmost layer.
    spikes
        Whether tall and narrow parts are outside as well; below a surface they are the layer's bright curtains, which
        would open the voids beside them to the outside.
    """
    outside = np.zeros(data.shape, bool)
    height = data.shape[0]
    lowest = int(np.clip(np.max(lower_face), 0, height))
    grey = cv2.GaussianBlur(data[: min(lowest + _BLUR_REACH_PX, height)].astype(np.float32), (0, 0), 2)[:lowest]
    face = np.ceil(lower_face).astype(np.int32)
    rows = np.arange(lowest, dtype=np.int32)[:, None]
    layer = rows < face
    step = max(1, int(np.sqrt(data.size / _SAMPLE_PX)))
    band = (rows[::step] < face[::step] - 8) & (rows[::step] >= face[::step] - int(_BAND_SHARE * height))
    if np.count_nonzero(band) * step**2 < 1000:
        return outside
    bright = layer & (grey > _bright_limit(grey[::step, ::step][band]))
    if np.count_nonzero(bright) < _LEAST_SHARE * data.size / 4:
        return outside
    opened = cv2.morphologyEx(bright.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    # wider than the closing below, in a tenth of its time
    wider = cv2.dilate(opened, np.ones((_CLOSING_PX, _CLOSING_PX), np.uint8))
    if not any(frame.any() for frame in (wider[0], wider[:, 0], wider[:, -1])):
        return outside
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_CLOSING_PX, _CLOSING_PX))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc)
    if np.count_nonzero(closed) < _LEAST_SHARE * data.size:
        return outside
    count, parts = cv2.connectedComponents(closed, connectivity=4)
    keep = np.zeros(count, bool)
    for frame in (parts[0], parts[:, 0], parts[:, -1]):
        keep[frame] = True
    keep[0] = False
    if keep.any():
        keep &= np.bincount(parts.ravel()) >= _LEAST_SHARE * data.size
    if keep.any():
        surface = keep[parts] if spikes else _without_curtains(keep[parts])
        outside[:lowest] = _with_islands(surface, layer, lower_face, _SMALL_SHARE * data.size)
    return outside


def find_outside_below(data: np.ndarray, upper_face: np.ndarray) -> np.ndarray:
    """Return what lies below the lowest layer and belongs to no layer: ``(y, x)`` bool.

    The floor of the trench and what was redeposited there: brighter than the layer or far rougher, and along a quarter
    of the image's width at its lower frame, which no inclusion of the layer is. In each column all below the highest
    such pixel, over gaps between them too.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    upper_face
        ``(x,)`` upper edge rows of the lowest layer.
    """
    height, width = data.shape
    upside_down, face = np.ascontiguousarray(data[::-1]), height - upper_face
    turned = find_outside_above(upside_down, face, spikes=True) | _rough_parts(upside_down, face)
    if turned[:_FOOT_PX].any(axis=0).sum() < _FLOOR_SHARE * width:
        return np.zeros(data.shape, bool)
    _, parts = cv2.connectedComponents(turned.astype(np.uint8), connectivity=8)
    floor = np.isin(parts, np.setdiff1d(parts[:_FOOT_PX], 0))
    foot = np.asarray(floor[:_FOOT_PX].any(axis=0), np.uint8)
    stands = cv2.dilate(foot[None, :], np.ones((1, _GAP_PX), np.uint8))[0] > 0
    reach = np.where(floor.any(axis=0) & stands, height - floor[::-1].argmax(axis=0), 0).astype(np.float32)
    reach = cv2.morphologyEx(reach[None, :], cv2.MORPH_CLOSE, np.ones((1, _GAP_PX), np.uint8))[0]
    return np.ascontiguousarray((np.arange(height)[:, None] < reach)[::-1])


def _rough_parts(data: np.ndarray, lower_face: np.ndarray) -> np.ndarray:
    """Return where the grey above a face varies far more from place to place than near the face: ``(y, x)`` bool.

    What varies along columns or along rows alone, curtains and charging, is left out.
    """
    height, width = data.shape
    texture = local_texture(data)
    size = texture.shape[::-1]
    face = np.interp((np.arange(size[0]) + 0.5) * width / size[0], np.arange(width) + 0.5, lower_face)
    above = face / COARSE - np.arange(size[1])[:, None]
    near = (above > BOX) & (above <= BOX + _NEAR_SHARE * size[1])
    if not near.any():
        return np.zeros(data.shape, bool)
    rough = (above > BOX) & (texture > _ROUGHER * median(texture[near]))
    # a single edge is rough over the width of the texture's window
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WITHIN, _WITHIN))
    within = cv2.erode(rough.astype(np.uint8), window)
    if not within.any():
        return np.zeros(data.shape, bool)
    return cv2.resize(within, (width, height), interpolation=cv2.INTER_NEAREST).view(bool)


def _bright_limit(values: np.ndarray) -> float:
    mode, _ = main_grey(values)
    above = values[values > mode] - mode
    scatter = 1.4826 * median(above) if above.size else 0.0
    above = above[above < 4 * scatter]
    return mode + _BRIGHT_SD * 1.4826 * (median(above) if above.size else 1.0)


def _without_curtains(surface: np.ndarray) -> np.ndarray:
    """Return the surface without what hangs down from it tall and narrow, nor the pieces cut off with that."""
    _, parts = cv2.connectedComponents(without_streaks(surface, width_px=_CURTAIN_PX).view(np.uint8), connectivity=4)
    return np.isin(parts, np.setdiff1d(np.concatenate((parts[0], parts[:, 0], parts[:, -1])), 0))


def _with_islands(outside: np.ndarray, layer: np.ndarray, lower_face: np.ndarray, small_px: float) -> np.ndarray:
    """Return the outside with the shadows and debris that it cuts off from the layer's lower face."""
    height, width = outside.shape
    _, parts = cv2.connectedComponents((layer & ~outside).view(np.uint8), connectivity=4)
    foot = np.clip(lower_face.astype(np.int64) - 1, 0, height - 1)
    stands = np.unique(parts[foot, np.arange(width)])
    island = np.bincount(parts.ravel()) < small_px
    island[stands] = False
    island[0] = False
    return outside | island[parts]
