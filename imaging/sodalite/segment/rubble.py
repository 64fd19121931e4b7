"""Rubble: what was redeposited on the floor of a trench or lies on a surface, told by its relief from milled layers."""

from __future__ import annotations

import cv2
import numpy as np

COARSE = 4
"""Pixels that one of the texture's is wide."""

BOX, _STREAK = 11, 21
"""Widths of the texture's windows in its pixels. Of 32 drawn floors whose spots have a standard deviation of 4 to 14 px
the median texture is 2.1 to 13 times that of their electrolyte; with 7 and 11, 2.4 to 19, but in spots of 10 px or more
it has holes."""


def local_texture(data: np.ndarray) -> np.ndarray:
    """Return by how much the grey varies from place to place, ``(y / COARSE, x / COARSE)`` float32.

    What varies along columns or along rows alone, curtains and charging, is left out.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    """
    height, width = data.shape
    size = max(width // COARSE, 1), max(height // COARSE, 1)
    grey = cv2.GaussianBlur(cv2.resize(data.astype(np.float32), size, interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    local = [grey - cv2.blur(grey, streak) for streak in ((1, _STREAK), (_STREAK, 1))]
    variance = np.minimum(*(cv2.blur(plane * plane, (BOX, BOX)) for plane in local))
    return np.sqrt(np.maximum(variance, 0))  # the filter's running sums round to just below 0 on an even grey
