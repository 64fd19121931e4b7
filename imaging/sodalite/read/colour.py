"""Colour frames in grey: luminance, or the mix of colours that tells a deposit as bright as the electrolyte."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMOOTHING_PX = 2.0
_LEAST_VARIANCE = 1 / 12
"""Rounding to whole greys alone gives as much."""

_CHANGED_SD, _CHANGED_SHARE, _LEAST_CHANGED = 7.0, 0.3, 0.005
"""How far a place differs from the first frame to have changed, in noise and over the hundredth part that differs most:
flicker changes a textured substrate too; least share of such places."""

_CLEAR_STEP, _BETTER = 3.0, 2.0
"""Step of luminance over its scatter that tells a deposit well, and how many times as clear colours have to be else."""

_SATURATED = 0.97
_PERCENTILES, _ROOM, _LEVELS, _TOP = (0.5, 99.5), 0.5, (0.1, 0.9), 65535
"""Range of the mix in the frames, how much more is left at either end, and which of the 16-bit greys hold it all."""


class ColourMix(NamedTuple):
    """Weights of red, green and blue that make nought of the electrolyte's colour, and the ends of the greys.

    Neither the lamp's unevenness nor its flicker shows on the electrolyte in such a mix, and blur is that of the light.
    """

    weights: tuple[float, float, float]
    low: float
    high: float

    def grey(self, picture: np.ndarray) -> np.ndarray:
        """Return an RGB picture ``(y, x, 3)`` uint8 as ``(y, x)`` uint16; spots without colour left are saturated."""
        mixed = picture.astype(np.float32) @ np.array(self.weights, np.float32)
        least, most = _LEVELS
        share = least + (most - least) * np.clip((mixed - self.low) / (self.high - self.low), 0, 1)
        glaring = (picture >= _SATURATED * 255).all(axis=-1)
        return np.where(glaring, _TOP, np.rint(share * _TOP)).astype(np.uint16)

    def sentence(self) -> str:
        """Return what was measured instead of the luminance."""
        named = zip(self.weights, ("red", "green", "blue"), strict=True)
        terms = " ".join(f"{weight:+.2f} {name}" for weight, name in named)
        return f"the deposit is about as bright as the electrolyte, so that its colour was measured: {terms}"


def luminance(picture: np.ndarray) -> np.ndarray:
    """Return an RGB picture ``(y, x, 3)`` uint8 in grey, ``(y, x)`` uint8 (Rec. ITU-R BT.601)."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY))


def find_mix(frames: Sequence[np.ndarray]) -> ColourMix | None:
    """Return the mix of colours in which what has changed since the first frame stands out; None where luminance does.

    The mix is Fisher's discriminant (1936) of the change of colour where there is some and where there is none.

    Parameters
    ----------
    frames
        RGB pictures ``(y, x, 3)`` uint8 of one place, the first one before the change.
    """
    plane = _colourless(frames[0])
    first = _seen(frames[0], plane)
    noise = np.cov(np.diff(first, axis=1).reshape(-1, 2).T) / 2 + _LEAST_VARIANCE * np.eye(2)
    inverse = np.linalg.inv(noise / (4 * np.pi * _SMOOTHING_PX**2))
    changes = [_smooth(_seen(frame, plane) / _flicker(frames[0], frame) - first) for frame in frames[1:]]
    changed = [_changed(np.sqrt(np.einsum("yxi,ij,yxj->yx", each, inverse, each))) for each in changes]
    most = int(np.argmax([np.count_nonzero(each) for each in changed]))
    change, here = changes[most], changed[most]
    if not _LEAST_CHANGED < here.mean() < 1 - _LEAST_CHANGED:
        return None
    within = np.cov(change[here].T) + np.cov(change[~here].T) + noise
    step = np.median(change[here], axis=0) - np.median(change[~here], axis=0)
    direction = np.linalg.solve(within, step)
    clear = float(direction @ step) / float(np.sqrt(direction @ within @ direction))
    dim = _luminance_step(frames[0], frames[1 + most], here)
    if dim >= _CLEAR_STEP or clear < max(_CLEAR_STEP, _BETTER * dim):
        return None
    weights = plane @ direction
    weights /= np.abs(weights).sum()
    ends = np.percentile([frame[::4, ::4] @ weights for frame in (frames[0], frames[1 + most])], _PERCENTILES)
    room = _ROOM * float(np.ptp(ends))
    red, green, blue = (float(each) for each in weights)
    return ColourMix((red, green, blue), float(ends[0]) - room, float(ends[1]) + room)


def _changed(distance: np.ndarray) -> np.ndarray:
    """Return what differs from the first frame beyond noise and not much less than what differs most."""
    return np.asarray(distance > max(_CHANGED_SD, _CHANGED_SHARE * float(np.percentile(distance, 99))))


def _colourless(first: np.ndarray) -> np.ndarray:
    """Return two directions of colour, ``(3, 2)``, in which the most common one, the electrolyte, has no part."""
    colour = np.median(first.reshape(-1, 3), axis=0).astype(np.float64)
    return np.asarray(np.linalg.svd(colour[None])[2][1:].T)


def _seen(picture: np.ndarray, plane: np.ndarray) -> np.ndarray:
    return np.asarray(picture.astype(np.float32) @ plane.astype(np.float32))


def _flicker(first: np.ndarray, later: np.ndarray) -> float:
    """Return how much brighter than the first frame a later one is, by most of its places."""
    before, after = (luminance(frame).astype(np.float32) for frame in (first, later))
    return max(float(np.median(after / np.maximum(before, 1))), 0.1)


def _luminance_step(first: np.ndarray, later: np.ndarray, changed: np.ndarray) -> float:
    """Return how much brighter or darker what has changed is, in standard deviations of its noise and texture."""
    change = luminance(later).astype(np.float32) - luminance(first)
    middle = float(np.median(change[changed]))
    scatter = 1.4826 * float(np.median(np.abs(change[changed] - middle)))
    return abs(middle - float(np.median(change[~changed]))) / max(scatter, 0.5)


def _smooth(plane: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _SMOOTHING_PX))
