"""Twelve square grains, as one step of a series sees them."""

from __future__ import annotations

import numpy as np

from sodalite.ebsd import Grid
from sodalite.track.contacts import find_contacts
from sodalite.track.overlaps import View, common_views
from sodalite.track.tales import Beyond, Side
from sodalite.track.transform import Transform

SAME = np.arange(13)
"""Each brick taken for itself."""


def bricks(width: int = 10) -> np.ndarray:
    """Return twelve square grains in three rows."""
    y, x = np.indices((3 * width, 4 * width))
    return 1 + (y // width) * 4 + x // width


def view_of(labels: np.ndarray) -> View:
    """Return labels as they are seen."""
    return common_views([labels], [Grid("square", labels.shape, (1.0, 1.0), (0.0, 0.0))], [Transform.identity()])[0]


def side_of(view: View, *, partner: np.ndarray = SAME, beyond: View | None = None, onward: np.ndarray = SAME) -> Side:
    """Return a step of bricks whose grains are taken for `partner`, and for `onward` in the step beyond."""
    sure = np.ones(view.points.size)
    far = None if beyond is None else Beyond(beyond, onward, sure, np.full(view.points.size, np.nan))
    cut = np.zeros(view.points.size, dtype=bool)
    return Side(view, find_contacts(view.closed, view.points.size - 1), partner, sure, cut, far)
