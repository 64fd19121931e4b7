"""Brightness of an image made that of another one, by the greys of phases that are in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_PX = 100
_LEAST_STEP = 0.1
"""Difference of two phases' greys, relative to the larger, below which they tell one level and not a gain."""

_GAINS = (0.2, 5.0)


class Brightness(NamedTuple):
    """What turns the greys of an image into those of the reference: ``gain * grey + offset``."""

    gain: float
    offset: float

    def applied(self, data: np.ndarray) -> np.ndarray:
        """Return the grey levels as the reference has them, float32."""
        return np.asarray(data, np.float32) * np.float32(self.gain) + np.float32(self.offset)


def match_brightness(
    data: np.ndarray,
    reference: np.ndarray,
    regions: Sequence[tuple[np.ndarray, np.ndarray]],
) -> Brightness:
    """Return gain and offset that give the phases of an image the greys that they have in the reference.

    The first phase is met exactly, at its median. A second one of clearly different grey gives the gain; without it
    the offset is taken as zero: the gain is then the ratio of the first phase's greys.

    Parameters
    ----------
    data, reference
        ``(y, x)`` grey levels.
    regions
        For each phase ``(y, x)`` bool where it is in the image and in the reference, the steadiest phase first.
    """
    pairs = [
        (float(np.median(data[here])), float(np.median(reference[there])))
        for here, there in regions
        if min(np.count_nonzero(here), np.count_nonzero(there)) >= _LEAST_PX
    ]
    if not pairs:
        return Brightness(1.0, 0.0)
    (own, wanted), *others = pairs
    for own_other, wanted_other in others:
        if abs(own - own_other) > _LEAST_STEP * max(abs(own), abs(own_other)):
            gain = (wanted - wanted_other) / (own - own_other)
            if _GAINS[0] < gain < _GAINS[1]:
                return Brightness(gain, wanted - gain * own)
    gain = wanted / own if own and _GAINS[0] < wanted / own < _GAINS[1] else 1.0
    return Brightness(gain, wanted - gain * own)
