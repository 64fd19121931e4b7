"""Spread of orientation in a grain: rounding is no spread, a turn of the size of a file's last digit is one."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.ebsd.frames import quaternions_from_euler
from sodalite.measure.grain_orientation import grod_deg, mean_orientations


@pytest.mark.parametrize("group", ["432", "622", "32", "1"])
def test_grains_of_one_orientation_have_no_spread(group: str) -> None:
    """The mean of equal quaternions differs from them in its last bits, which makes no angle."""
    euler = np.random.default_rng(0).uniform(0, 3, (50, 3))
    quaternions = np.repeat(quaternions_from_euler(euler), 40, axis=0)
    labels, phase = np.repeat(np.arange(1, 51, dtype=np.uint32), 40), np.ones(2000, np.int16)
    means = mean_orientations(quaternions, phase, [group], labels)
    assert (grod_deg(quaternions, phase, [group], labels, means) == 0).all()


def test_the_last_digit_of_an_angle_is_a_spread() -> None:
    """Half of 1e-5 degrees to either side of the mean, the finest that files hold."""
    quaternions = quaternions_from_euler(np.deg2rad([[10, 20, 30], [10.00001, 20, 30]]))
    labels, phase = np.ones(2, np.uint32), np.ones(2, np.int16)
    means = mean_orientations(quaternions, phase, ["432"], labels)
    assert grod_deg(quaternions, phase, ["432"], labels, means) == pytest.approx([5e-6, 5e-6], rel=1e-3)
