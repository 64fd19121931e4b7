"""Halos: the electrolyte's own light below a void, where secondary electrons leave through the void's edge."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.interface import at_rows

_REACH_PX = 40
_PROFILE_PX, _RISE_PX = 54, 12
"""Rows of a profile from two above a void's bottom on, and among how many of them its brightest is looked for."""

_DECAY_PX, _ARM_PX = 40, 4
_FROM_PEAK_PX = 5
"""Rows below the brightest one where the blur of the void's own edge is over."""

_ALONG_PX, _ALONG_FACE_PX = 8.0, 4.0
_LEAST_CONTRAST = 3.0
_SHOULDER, _FACE_SHOULDER = 0.10, 0.12
"""Largest shoulder of a halo in units of its contrast, along the void and along the face. Halos of silicon at 4 to 5 kV
have up to 0.10; films of glass, and of silver, 0.2 to 1.3."""

_LEAST_THICKNESS_PX = 11
"""Thickness from which blur does not hide a film's shoulder."""

_LEAST_TAIL = 1.5
"""Fall from a half to a tenth of a halo's contrast relative to that from nine tenths to a half. The blurred edge of a
film falls evenly, 1; an even fade 2.7. On 17 real sections films have a median of 1.1, halos of 1.7 to 2.4."""

_WINDOW_PX, _AGAINST = 61, 2.0
"""Columns that decide together, and the weight of one that shows a shoulder: two of three must show none."""


def face_without_halos(data: np.ndarray, void: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the electrolyte's face, lifted to the bottoms of the voids whose halo it runs below: ``(x,)`` rows.

    Near the edge of a void the electrolyte is brighter than elsewhere, as bright as sodium, and a face traced by grey
    runs below that light. A halo fades evenly into the electrolyte: its slope never grows with the depth. A film of
    sodium or of another phase between void and electrolyte ends at an edge, where the slope does grow: a shoulder.
    Blur hides the shoulder of a thin film, but it falls as evenly as it blurs, while a halo has a long tail: where both
    would be thin, the tail counts too. Columns decide together with those beside them.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    void
        ``(y, x)`` bool, voids of the sodium layer.
    face
        ``(x,)`` int64 edge rows.
    """
    bottom, gap, candidate = below_voids(void, face)
    if not candidate.any():
        return face
    weight = candidate.astype(np.float32)
    profile = _averaged(_rows_from(data, bottom - 2, _PROFILE_PX), weight, _ALONG_PX)
    peak = profile[:_RISE_PX].argmax(axis=0)
    decay = np.take_along_axis(profile, peak + np.arange(_DECAY_PX)[:, None], axis=0)
    contrast = np.maximum(decay[0] - np.median(decay[-10:], axis=0), 1e-3)
    thickness = gap + 2 - peak
    along = _shoulder(decay, (_FROM_PEAK_PX, _DECAY_PX - _ARM_PX), last=thickness + _ARM_PX)
    above = 3 + 3 * _ARM_PX
    at_face = _averaged(_rows_from(data, face - above, above + 2 * _ARM_PX + 1), weight, _ALONG_FACE_PX)
    across = _shoulder(at_face, (above - 7, above + 5), first=above + _FROM_PEAK_PX - thickness)
    even = (along < _SHOULDER * contrast) & (across < _FACE_SHOULDER * contrast) & (contrast > _LEAST_CONTRAST)
    thick = thickness >= _LEAST_THICKNESS_PX
    votes = np.where(even & (thick | (_tail(decay, contrast) > _LEAST_TAIL)), 1.0, -_AGAINST) * weight
    halo = candidate & (cv2.blur(votes[None, :], (_WINDOW_PX, 1), borderType=cv2.BORDER_CONSTANT)[0] > 0)
    return np.where(halo, bottom, face)


def below_voids(void: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bottom of the void above the face, its distance from it, and where it is within reach but not there.

    Parameters
    ----------
    void
        ``(y, x)`` bool.
    face
        ``(x,)`` int64 edge rows.
    """
    near = np.arange(1, _REACH_PX + 2)[:, None]
    hit = np.take_along_axis(void, np.maximum(face - near, 0), axis=0) & (face >= near)
    gap = np.where(hit.any(axis=0), hit.argmax(axis=0), _REACH_PX + 1)
    return face - gap, gap, (gap >= 1) & (gap <= _REACH_PX)


def _rows_from(data: np.ndarray, first: np.ndarray, count: int) -> np.ndarray:
    """Return so many rows of each column from its own first one on: ``(count, x)`` float32."""
    return at_rows(data, first + np.arange(count)[:, None]).astype(np.float32)


def _averaged(strip: np.ndarray, weight: np.ndarray, along_px: float) -> np.ndarray:
    """Return the strip averaged over the columns that count, and slightly over rows."""
    total, share = (
        cv2.GaussianBlur(plane, (0, 0), sigmaX=along_px, sigmaY=1e-6, borderType=cv2.BORDER_CONSTANT)
        for plane in (strip * weight, weight[None, :])
    )
    return cv2.GaussianBlur(
        total / np.maximum(share, 1e-3), (0, 0), sigmaX=1e-6, sigmaY=0.8, borderType=cv2.BORDER_REPLICATE
    )


def _tail(decay: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the rows of the fall from a half to a tenth of the contrast, relative to those from nine tenths to it."""
    share = (decay - np.median(decay[-10:], axis=0)) / contrast
    early, half, late = (_crossing(share, level) for level in (0.9, 0.5, 0.1))
    return (late - half) / np.maximum(half - early, 0.3)


def _crossing(share: np.ndarray, level: float) -> np.ndarray:
    """Return the first row, between the pixels, at which a fall from 1 reaches a level."""
    row = np.maximum((share < level).argmax(axis=0), 1)
    before, after = (np.take_along_axis(share, at[None, :], axis=0)[0] for at in (row - 1, row))
    return row - 1 + (before - level) / np.maximum(before - after, 1e-6)


def _shoulder(
    profile: np.ndarray, rows: tuple[int, int], *, first: np.ndarray | int = 0, last: np.ndarray | int = 10_000
) -> np.ndarray:
    """Return by how much the fall below a row exceeds that above it, at most, between the first row and the last."""
    at = np.arange(*rows)
    excess = 2 * profile[at] - profile[at - _ARM_PX] - profile[at + _ARM_PX]
    looked = (at[:, None] >= first) & (at[:, None] <= last)
    return np.where(looked, excess, -np.inf).max(axis=0)
