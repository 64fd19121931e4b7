"""Domes: voids on the electrolyte whose back wall shines through, as grey at their foot as the electrolyte."""

from __future__ import annotations

import math

import cv2
import numpy as np

from sodalite.segment.evidence import main_grey, middle_and_spread
from sodalite.segment.interface import stretches

_SMOOTHING_PX = 1.0
_BESIDE_PX, _AROUND_PX = 6, 40
"""Rows from a face on, and up to which, its phases show their own grey."""

_LEAST_STEP_SD = 4.0
_HIGHEST_PX = 60
_BALL_PX = 64
"""Radius of the disc that does not fit into what stands out: domes up to about 100 px wide."""

_LEAST_DEPTH_PX, _LEAST_HEIGHT_PX, _LEAST_WIDTH_PX = 1.5, 4.0, 10
_LEAST_LIFT_PX = 1.0
"""Mean distance of a traced face from the foot of a dome from which it is moved."""

_FLANK_PX, _PAST_FOOT_PX = 8, 2
_EDGE_PX, _BASE_PX = 2.5, 1.5
"""Rows below the outline, and above the base, that blur keeps from telling the grey inside."""

_LEAST_PX = 60
_CAP_SHARE, _DARK_SD = 0.33, 5.0
"""Part of the pixels that is the dark cap, and its depth in standard errors."""

_LAST_EDGE_SHARE = 0.9
"""Part of the pixels above the lowest edge: below it there is no electrolyte to be seen."""


def face_below_domes(data: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the electrolyte's face, led along the foot of lit voids that it climbs over: ``(x,)`` float rows.

    Secondary electrons from the back wall make the lower part of a void as grey as the electrolyte, and only its
    outline against the brighter sodium and a dark cap tell of it. Such a void stands out of the electrolyte, narrower
    than a disc could fill, and its grey fades evenly from the dark cap down to the line between its feet. A bump of the
    electrolyte under a thin void stands out in the same way, but there the dark ends at an edge, and from this on the
    grey is the electrolyte's: the face stays. The foot continues the face beside it.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    face
        ``(x,)`` edge rows, px.
    """
    top = max(int(face.min()) - _HIGHEST_PX - _AROUND_PX, 0)
    grey = data[top : int(face.max()) + _AROUND_PX + 1].astype(np.float32)
    edge = face - top
    level = np.rint(edge).astype(np.intp)
    away = np.arange(_BESIDE_PX, _AROUND_PX, 2)[:, None]
    below = np.take_along_axis(grey, np.clip(level + away, 0, len(grey) - 1), axis=0)
    sodium, _ = main_grey(np.take_along_axis(grey, np.clip(level - away, 0, len(grey) - 1), axis=0).ravel())
    electrolyte, noise = middle_and_spread(below)
    smooth = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX)
    if not noise or sodium - electrolyte < _LEAST_STEP_SD / (2 * math.sqrt(math.pi) * _SMOOTHING_PX) * noise:
        return face
    outline = _outline(smooth, level, (sodium + electrolyte) / 2).astype(np.float64)
    led = edge.copy()
    for start, stop in _standing_out(outline):
        base = _base(edge, start, stop)
        part = slice(start, stop)
        if (base - edge[part]).mean() >= _LEAST_LIFT_PX and _fades(
            grey[:, part] - np.median(below[:, part]), outline[part], base, noise
        ):
            led[part] = np.maximum(base, outline[part])
    return np.asarray(led + top)


def _outline(smooth: np.ndarray, level: np.ndarray, middle: float) -> np.ndarray:
    """Return the first row of each column from which on nothing down to the face is as bright as sodium."""
    above = level - np.arange(1, _HIGHEST_PX + 1)[:, None]
    bright = np.take_along_axis(smooth, np.clip(above, 0, len(smooth) - 1), axis=0) > middle
    return np.asarray(level - np.where(bright.any(axis=0), bright.argmax(axis=0), 0))


def _standing_out(outline: np.ndarray) -> list[tuple[int, int]]:
    """Return first and past-last column of what stands out of the electrolyte and a disc does not fit into."""
    from scipy.ndimage import grey_closing

    reach = np.arange(-_BALL_PX, _BALL_PX + 1)
    ball = _BALL_PX - np.sqrt(_BALL_PX**2 - reach**2.0)
    rolled = grey_closing(outline, structure=-ball, mode="nearest")
    deep = rolled - outline >= _LEAST_DEPTH_PX
    clear = _FLANK_PX + _PAST_FOOT_PX
    return [
        (int(start) - _PAST_FOOT_PX, int(stop) + _PAST_FOOT_PX)
        for start, stop in zip(*stretches(deep), strict=True)
        if stop - start >= _LEAST_WIDTH_PX
        and (rolled - outline)[start:stop].max() >= _LEAST_HEIGHT_PX
        and start >= clear
        and stop <= outline.size - clear
    ]


def _base(face: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the line that continues the face on both sides, with its slopes there: a cubic ``(stop - start,)``."""
    place = np.arange(_FLANK_PX) - (_FLANK_PX - 1)
    ends = face[start - _FLANK_PX : start], face[stop : stop + _FLANK_PX][::-1]
    (left_slope, left), (right_slope, right) = (np.polyfit(place, end, 1) for end in ends)
    width = stop - start + 1
    t = np.arange(1, width) / width
    cubic = (2 * t**3 - 3 * t**2 + 1) * left + (3 * t**2 - 2 * t**3) * right
    return np.asarray(cubic + width * ((t**3 - 2 * t**2 + t) * left_slope - (t**3 - t**2) * right_slope))


def _fades(contrast: np.ndarray, outline: np.ndarray, base: np.ndarray, noise: float) -> bool:
    """Return whether the grey between outline and base rather fades evenly from a dark cap than changes at an edge.

    An edge may run at one row, at one depth below the outline, or at one share of the height above the base or above
    the straight line between its ends: the likeliest counts. Both models have two free numbers, so that the one that
    explains more is the likelier. Of drawn lit domes 99 % (SNR 8) and 91 % (SNR 3) are taken for such, of thin voids
    on a bump 4 %, and of voids that fill 20 to 70 % of a dome 30 %.
    """
    rows = np.arange(len(contrast))[:, None] + 0.5
    inside = (rows > outline + _EDGE_PX) & (rows < base - _BASE_PX)
    if np.count_nonzero(inside) < _LEAST_PX:
        return False
    grey, depth = contrast[inside] / noise, (rows - outline)[inside]
    share, of_chord = (
        depth / np.maximum(foot - outline, 1)[np.nonzero(inside)[1]]
        for foot in (base, np.linspace(base[0], base[-1], base.size))
    )
    line = np.polynomial.Polynomial.fit(share, grey, 1)
    fade = float((grey**2).sum() - ((grey - line(share)) ** 2).sum())
    row = np.broadcast_to(rows, inside.shape)[inside]
    edge = max(_explained_by_edge(grey, key) for key in (share, of_chord, depth, row))
    cap = grey[share < np.quantile(share, _CAP_SHARE)]
    return bool(cap.sum() < -_DARK_SD * math.sqrt(cap.size) and fade > edge)


def _explained_by_edge(grey: np.ndarray, key: np.ndarray) -> float:
    """Return by how much chi squared falls with one grey up to a value of the key and the electrolyte's beyond it."""
    total = np.cumsum(grey[np.argsort(key, kind="stable")])
    count = np.arange(1, grey.size + 1)
    dark = (total**2 / count)[: int(_LAST_EDGE_SHARE * grey.size)]
    return float(dark.max())
