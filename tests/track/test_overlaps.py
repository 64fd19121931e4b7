"""What of a grain was looked for in another step."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.ebsd import Grid
from sodalite.track.overlaps import common_views, indexed_share
from sodalite.track.transform import Transform


def test_single_points_without_a_grain_were_looked_at_and_holes_were_not() -> None:
    """A third of the points missing one by one leaves a grain fully seen; half of it in a hole is not seen."""
    labels = np.ones((30, 30), dtype=np.uint32)
    scattered, holed = labels.copy(), labels.copy()
    scattered[::3, ::2] = 0
    holed[:15] = 0
    grid = Grid("square", labels.shape, (0.5, 0.5), (0.0, 0.0))
    views = common_views([labels, scattered, holed], [grid] * 3, [Transform.identity()] * 3)
    assert indexed_share(views[0], views[1])[1] == 1
    assert indexed_share(views[0], views[2])[1] == pytest.approx(0.5)
