"""Voids that a trace passed on the wrong side."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.evidence import middle_and_spread

_SMOOTHING_PX = 1.0
_CLEAR_PX, _DEPTH_PX = 8, 40
"""Rows below the face that show the electrolyte: clear of the blur and of what lies at the face."""

_DARKER_SD, _DARKEST_SD = 3.0, 6.0
"""How much darker than the electrolyte a pocket is, all of it and somewhere, in standard deviations of its grain."""

_BLURRED_PX = 1.5
"""Rows from the face on that its blur may darken, which would join all pockets along it."""

_LEAST_WIDTH_PX = 6
_LEAST_CLIMB_PX = 3.0
_FLANK_PX = 6
_FOOT_PX = 3
_DARK_SHARE = 0.5
"""Of what a climb cuts off; the blur of both edges takes the rest of a low void."""

_BELOW_PX, _BELOW_SHARE = 4.0, 0.2
"""How far below the line between the feet a pocket may reach, and which share of it farther: others are pores."""


def seat_face(data: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the electrolyte's face, led below dark pockets that it climbs over, ``(x,)`` as given.

    A void on the electrolyte has two edges, and the upper one is the clearer: a trace may climb over the void and leave
    it to the electrolyte. Such a climb begins and ends at the level of the face beside it, and what it cuts off is
    darker than the electrolyte. There the face becomes the bottom of the pocket, near the line between both feet. A
    dark pore of the electrolyte lies below that line and stays; so does a void at the border of the image, which shows
    one foot alone.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    face
        ``(x,)`` edge rows, px.
    """
    top = int(np.clip(face.min(), 0, len(data) - 1))
    grey = cv2.GaussianBlur(data[top : int(face.max()) + _DEPTH_PX].astype(np.float32), (0, 0), _SMOOTHING_PX)
    edge = face - top
    rows = np.arange(len(grey))[:, None]
    solid = grey[(rows >= edge + _CLEAR_PX) & (rows < edge + _DEPTH_PX)]
    if not solid.size:
        return face
    middle, spread = middle_and_spread(solid)
    dark = (grey < middle - _DARKER_SD * spread) & (rows >= edge + _BLURRED_PX)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    wide = np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= _LEAST_WIDTH_PX)
    darkest = np.unique(parts[dark & (grey < middle - _DARKEST_SD * spread)])
    seated = edge
    for part in np.intersect1d(wide, darkest):
        left = int(stats[part, cv2.CC_STAT_LEFT])
        start, stop = left - _FOOT_PX, left + int(stats[part, cv2.CC_STAT_WIDTH]) + _FOOT_PX
        chord = _chord(seated, start, stop)
        if chord is not None:
            pocket = parts[:, start:stop] == part
            window = grey[:, start:stop]
            core = pocket & (window < (middle + float(window[pocket].min())) / 2)
            seated = np.concatenate([seated[:start], _foot(seated[start:stop], chord, pocket, core), seated[stop:]])
    return np.asarray(seated + top)


def _chord(face: np.ndarray, start: int, stop: int) -> np.ndarray | None:
    """Return the line between the feet of a climb, ``(stop - start,)``; None where the face does not climb."""
    if start < _FLANK_PX or stop > face.size - _FLANK_PX:
        return None
    left, right = np.median(face[start - _FLANK_PX : start]), np.median(face[stop : stop + _FLANK_PX])
    chord = np.linspace(left, right, stop - start)
    climb = float((chord - face[start:stop])[_FOOT_PX:-_FOOT_PX].mean())
    return chord if climb >= _LEAST_CLIMB_PX else None


def _foot(face: np.ndarray, chord: np.ndarray, pocket: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Return the bottom of the core of a pocket, or the face as it is where the pocket is not what it cuts off."""
    rows = np.arange(len(pocket))[:, None]
    cut_off = (rows >= face) & (rows < chord)
    beyond = pocket & (rows > chord + _BELOW_PX)
    if (pocket & cut_off).sum() < _DARK_SHARE * cut_off.sum() or beyond.sum() > _BELOW_SHARE * pocket.sum():
        return face
    bottom = len(core) - core[::-1].argmax(axis=0).astype(np.float64)
    foot = np.where(core.any(axis=0), np.clip(bottom, chord, chord + _BELOW_PX), chord)
    return np.asarray(np.maximum(face, foot))
