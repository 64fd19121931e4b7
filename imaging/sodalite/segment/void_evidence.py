"""Evidence of voids: how far a pixel is darker than the sodium, what a face explains, where relief shows."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from sodalite.segment.evidence import layer_background, main_grey

_SMOOTHING_PX = 1.0
_SODIUM_SD = 3.0
_BACKGROUND_PX = 48.0
_GUARD_PX = 15
"""Rows beside a face where blur, interlayers and an error of the trace are as dark as a shallow void."""

_BLUR_PX = 6
"""Rows beside a face that its own edge makes steep."""

_ALONG_PX = 3.0
_BEYOND_PX = (4, 24)
_FAR = np.float32(1e6)


class Evidence(NamedTuple):
    """What decides about a void; every plane ``(y, x)``.

    Attributes
    ----------
    layer
        bool, the sodium layer.
    contrast
        float32, grey relative to the sodium around, in standard deviations of the sodium's grey; voids are negative.
    relief
        float32, size of the vertical gradient in standard deviations of the sodium's; curtains, which are vertical,
        hardly count.
    near
        bool, pixels within the guard rows of a face.
    darkest, brightest
        float32, what blur or a film between the sodium and the layer beyond the face can show: 0 away from faces.
    beyond_px, depth_px
        For each face float32, rows from it towards the layer and beyond, negative on its far side; the second is
        very large outside the layer.
    steep
        bool, pixels within the face's own blurred edge.
    """

    layer: np.ndarray
    contrast: np.ndarray
    relief: np.ndarray
    near: np.ndarray
    darkest: np.ndarray
    brightest: np.ndarray
    beyond_px: tuple[np.ndarray, ...]
    depth_px: tuple[np.ndarray, ...]
    steep: np.ndarray


def void_evidence(data: np.ndarray, layer: np.ndarray, faces: tuple[np.ndarray, np.ndarray]) -> Evidence:
    """Return the evidence of voids in a layer.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    layer
        ``(y, x)`` bool, not empty.
    faces
        Upper and lower edge rows ``(x,)``; NaN where a face is not in the image.
    """
    grey = _smoothed_within(data, layer)
    contrast = _contrast(grey, layer)
    slope = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    plain = slope[layer & (np.abs(contrast) < _SODIUM_SD)]
    typical = 1.4826 * float(np.median(plain)) if plain.size else 0.0
    depths = tuple(_rows_from(face, sign, layer.shape) for face, sign in zip(faces, (1, -1), strict=True))
    near, steep = np.zeros(layer.shape, bool), np.zeros(layer.shape, bool)
    darkest, brightest = np.zeros(layer.shape, np.float32), np.zeros(layer.shape, np.float32)
    for depth in depths:
        beyond = (depth < -_BEYOND_PX[0]) & (depth > -_BEYOND_PX[1])
        level = float(np.median(contrast[beyond])) if beyond.any() else 0.0
        beside = layer & (depth < _GUARD_PX)
        near |= beside
        steep |= layer & (depth < _BLUR_PX)
        darkest[beside] = np.minimum(darkest[beside], level)
        brightest[beside] = np.maximum(brightest[beside], level)
    inside = tuple(np.where(layer, depth, _FAR) for depth in depths)
    return Evidence(layer, contrast, slope / max(typical, 1e-6), near, darkest, brightest, depths, inside, steep)


def film(evidence: Evidence, *, least_sd: float) -> np.ndarray:
    """Return pixels near a face as grey as a smooth film there, such as an interlayer: ``(y, x)`` bool.

    The film's grey is the most frequent one of the smooth pixels that lie between sodium and what is beyond the face.
    """
    contrast = evidence.contrast
    between = evidence.near & (evidence.darkest < 0)
    mean, square = (_along_face(plane) for plane in (contrast, contrast * contrast))
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    smooth = between & (contrast < -1.5 * least_sd) & (spread < 1.2)
    if smooth.sum() < 200:
        return np.zeros(contrast.shape, bool)
    grey, width = main_grey(contrast[smooth])
    explained = contrast >= evidence.darkest - least_sd
    return between & explained & (np.abs(contrast - grey) < 2.5 * max(width, 1.0))


def _along_face(plane: np.ndarray) -> np.ndarray:
    """Return the plane averaged along its rows only, so that the edges of a thin film do not count."""
    return cv2.GaussianBlur(plane, (0, 0), sigmaX=_ALONG_PX, sigmaY=1e-6)


def _smoothed_within(data: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return smoothed grey; in the layer only the layer's own pixels take part, so that no face bleeds in."""
    grey = data.astype(np.float32)
    middle = np.float32(np.median(grey[::4, ::4]))
    grey -= middle
    weight = layer.astype(np.float32)
    own = cv2.GaussianBlur(grey * weight, (0, 0), _SMOOTHING_PX)
    share = cv2.GaussianBlur(weight, (0, 0), _SMOOTHING_PX)
    plain = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING_PX)
    return np.where(layer, own / np.maximum(share, 1e-3), plain) + middle


def _contrast(grey: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """Return grey relative to the sodium's own, which is followed over the layer, in its standard deviations.

    The deviation is read off the bright side, where no void is.
    """
    mode, spread = main_grey(grey[layer])
    sodium = layer & (np.abs(grey - mode) < 6 * spread)
    depth = grey - layer_background(grey, sodium, scale_px=_BACKGROUND_PX)
    values = depth[sodium]
    centre, _ = main_grey(values)
    bright = values[values > centre] - centre
    scatter = 1.4826 * float(np.median(bright)) if bright.size else 0.0
    bright = bright[bright < 4 * scatter]
    scatter = 1.4826 * float(np.median(bright)) if bright.size else 0.0
    return (depth - np.float32(centre)) / np.float32(max(scatter, 1e-6))


def _rows_from(face: np.ndarray, sign: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the rows from a face to each pixel's centre, into the layer; very large where the face is unknown."""
    centres = np.arange(shape[0], dtype=np.float32)[:, None] + np.float32(0.5)
    row = np.where(np.isfinite(face), face, -sign * _FAR).astype(np.float32)
    return np.asarray(sign * (centres - row))
