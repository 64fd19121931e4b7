"""Spread of orientation in a grain: rounding is no spread, a turn of the size of a file's last digit is one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from polycrystals import multiply
from sodalite.ebsd.frames import quaternions_from_euler
from sodalite.ebsd.symmetry import operators_of
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


@pytest.mark.parametrize("spread_deg", [3.0, 25.0, 40.0])
@pytest.mark.parametrize("group", ["432", "622", "222", "1"])
def test_a_mean_is_that_of_the_equivalents_nearest_to_it(group: str, spread_deg: float) -> None:
    """Whichever equivalents the points are written as, and whether or not one look at them settles it."""
    rng = np.random.default_rng(5)
    operators = operators_of(group)
    turns = Rotation.from_rotvec(np.deg2rad(rng.uniform(-spread_deg, spread_deg, 200))[:, None] * [[0.6, 0.8, 0]])
    inner = (turns * Rotation.random(random_state=1)).as_quat(scalar_first=True)
    points = multiply(operators[rng.integers(len(operators), size=200)], inner)
    ones = np.ones(200, np.int16)
    (mean,) = mean_orientations(points, ones, [group], ones)
    each = np.stack([multiply(operator[None], points) for operator in operators])
    cosines = each @ mean
    nearest = np.take_along_axis(each, np.abs(cosines).argmax(axis=0)[None, :, None], axis=0)[0]
    total = (nearest * np.sign(nearest @ mean)[:, None]).sum(axis=0)
    assert mean == pytest.approx(total / np.linalg.norm(total), abs=1e-12)
