"""Floors of voids: what is lit in a void above the electrolyte, down to where it fades into it."""

from __future__ import annotations

import cv2
import numpy as np

from sodalite.segment.halos import below_voids
from sodalite.segment.interface import at_rows, greys_beside

_SMOOTHING_PX, _ALONG_PX = 1.0, 4.0
_INSIDE_PX = 12
_MOST_RISE, _BRIGHTEST = 0.1, 0.6
"""How much brighter than the void above it a floor may be, and than the electrolyte, of the step to sodium: between
void and film the grey rises by 0.2 and more."""

_ABOVE_PX, _BELOW_PX = np.arange(-6, -2)[:, None], np.arange(2, 6)[:, None]
_MOST_DROP = 0.65
"""Part of a floor's light that ends at the face. Lit voids that fade into silicon lose 0.4 to 0.6 of it within these
rows, films of glass 0.75 and more; 0.6 to 0.75 give the same floors on 17 real sections."""

_LEAST_WIDTH_PX = 9
_AROUND_PX = 60


def lit_floors(data: np.ndarray, void: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return what lies between voids and the electrolyte's face and belongs to the void: ``(y, x)`` bool.

    Near a face a void must be darker than both solids, for films and blur are as grey as anything between them. So a
    void whose lower part is lit, by its back wall or from below, ends at no edge, some rows above the face. Where the
    grey does not rise on the way from the void to the face, stays below that of sodium and fades at the face rather
    than ends, there is neither sodium nor a film: the void reaches the face.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, the electrolyte below the face.
    void
        ``(y, x)`` bool, voids of the sodium layer.
    face
        ``(x,)`` int64 edge rows.
    """
    floors = np.zeros(void.shape, bool)
    bottom, gap, near = below_voids(void, face)
    if not near.any():
        return floors
    top = max(int(face.min()) - _AROUND_PX, 0)
    grey = cv2.GaussianBlur(data[top : int(face.max()) + _AROUND_PX].astype(np.float32), (0, 0), _SMOOTHING_PX)
    edge, weight = face - top, near.astype(np.float32)
    sodium, electrolyte = greys_beside(grey, edge)
    step = sodium - electrolyte
    rows = np.arange(-_INSIDE_PX, int(gap[near].max()))[:, None]
    light = _averaged(at_rows(grey, bottom - top + rows), weight) - electrolyte
    brightest = np.where((rows >= 0) & (rows < gap), light, -np.inf).max(axis=0)
    rise = brightest - light[:_INSIDE_PX].min(axis=0)
    fall = at_rows(grey, edge + _ABOVE_PX) - at_rows(grey, edge + _BELOW_PX)
    drop = np.abs(_averaged(fall, weight).mean(axis=0))
    lit = near & (rise < _MOST_RISE * step) & (brightest < _BRIGHTEST * step) & (drop < _MOST_DROP * brightest)
    wide = cv2.morphologyEx(lit[None, :].astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, _LEAST_WIDTH_PX), np.uint8))[0]
    part = np.arange(top, int(face.max()))[:, None]
    floors[top : int(face.max())] = (part >= bottom) & (part < face) & (wide > 0)
    return floors


def _averaged(strip: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the strip averaged along its rows, over the columns that count."""
    total, share = (
        cv2.GaussianBlur(plane, (0, 0), sigmaX=_ALONG_PX, sigmaY=1e-6) for plane in (strip * weight, weight[None, :])
    )
    return np.asarray(total / np.maximum(share, 1e-3))
