"""Texture along growth against orix, exact expectations of random orientations and planted fibres."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.ebsd import proper_operators, quaternions_from_euler
from sodalite.errors import MeasurementError
from sodalite.measure.texture import (
    FAMILIES,
    angles_to_family_deg,
    fibre_shares,
    random_fraction,
    texture_quantities,
)

UP = (0.0, -1.0, 0.0)


def random_quaternions(count: int, seed: int) -> np.ndarray:
    """Return uniformly distributed rotations, ``(n, 4)``."""
    raw = np.random.default_rng(seed).normal(size=(count, 4))
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def product(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the quaternion products p q."""
    scalar = p[..., :1] * q[..., :1] - (p[..., 1:] * q[..., 1:]).sum(axis=-1, keepdims=True)
    return np.concatenate(
        (scalar, p[..., :1] * q[..., 1:] + q[..., :1] * p[..., 1:] + np.cross(p[..., 1:], q[..., 1:])), axis=-1
    )


def test_random_fractions_are_exact() -> None:
    """At 15 degrees 10.222, 20.445 and 13.630 %; at 10 degrees 4.558, 9.115 and 6.077 %."""
    for angle, wanted in ((15, (0.102223, 0.204445, 0.136297)), (10, (0.045577, 0.091153, 0.060769))):
        assert [random_fraction(name, angle) for name in FAMILIES] == pytest.approx(wanted, abs=1e-5)


def test_random_orientations_meet_the_expectation() -> None:
    """Of 200,000 random orientations the shares are the exact ones to four standard errors."""
    quaternions = random_quaternions(200_000, 0)
    for name in FAMILIES:
        share = (angles_to_family_deg(quaternions, (0.3, -1.0, 0.2), name) <= 15).mean()
        wanted = random_fraction(name, 15)
        assert share == pytest.approx(wanted, abs=4 * math.sqrt(wanted * (1 - wanted) / 200_000))


def test_angles_equal_orix() -> None:
    """Angles are those of orix between the rotated direction and the nearest of the symmetric directions."""
    from orix.quaternion import Rotation, symmetry
    from orix.vector import Vector3d

    quaternions = random_quaternions(200, 1)
    in_crystal = (Rotation(quaternions) * Vector3d(UP)).unit.data.reshape(-1, 3)
    for name, indices in (("100", (1, 0, 0)), ("110", (1, 1, 0)), ("111", (1, 1, 1))):
        family = (symmetry.Oh * Vector3d(indices).unit).data.reshape(-1, 3)
        wanted = np.degrees(np.arccos(np.clip((in_crystal @ family.T).max(axis=1), -1, 1)))
        np.testing.assert_allclose(angles_to_family_deg(quaternions, UP, name), wanted, atol=1e-5)


def test_bunge_angles_turn_specimen_into_crystal() -> None:
    """With (30, 0, 0) the specimen direction at 30 degrees from x is [100]; with (0, 45, 0) y is a <110>."""
    quaternions = quaternions_from_euler(np.radians([[30.0, 0.0, 0.0], [0.0, 45.0, 0.0]]))
    x, y = math.cos(math.radians(30)), math.sin(math.radians(30))
    assert angles_to_family_deg(quaternions[:1], (x, y, 0.0), "100")[0] == pytest.approx(0, abs=1e-6)
    assert angles_to_family_deg(quaternions[:1], (x, -y, 0.0), "100")[0] == pytest.approx(30, abs=1e-6)
    assert angles_to_family_deg(quaternions[1:], (0.0, 1.0, 0.0), "110")[0] == pytest.approx(0, abs=1e-6)


def test_just_inside_and_just_outside() -> None:
    """A crystal turned by 14.9 degrees from [100] along growth counts, one by 15.1 does not; areas weigh."""
    angle = np.radians([14.9, 15.1])
    quaternions = np.stack((np.cos(angle / 2), 0 * angle, 0 * angle, np.sin(angle / 2)), axis=1)
    shares = fibre_shares(quaternions, np.array([1.0, 3.0]), direction=UP, within_deg=15, draws=10, seed=0)
    assert (shares[0].area_fraction, shares[0].grain_fraction) == (0.25, 0.5)


def test_a_planted_fibre_is_found() -> None:
    """Of 200 grains half have <111> along growth: the share is in its interval and chance is ruled out."""
    rng = np.random.default_rng(5)
    turn = np.degrees(math.acos(1 / math.sqrt(3)))
    # crystals whose [111] points along z, turned about it at random, then z laid along -y
    euler = np.radians(np.stack((rng.uniform(0, 360, 100), np.full(100, turn), np.full(100, 45.0)), axis=1))
    quarter = np.array([math.cos(math.pi / 4), math.sin(math.pi / 4), 0.0, 0.0])
    fibre = product(quaternions_from_euler(euler), quarter * np.array([1, -1, 1, 1]))
    along = [angles_to_family_deg(fibre, (0.0, side, 0.0), "111").max() for side in (-1.0, 1.0)]
    assert min(along) < 1e-6
    quaternions = np.concatenate((fibre, random_quaternions(100, 6)))
    area = np.exp(rng.normal(0, 0.7, 200))
    found = texture_quantities(quaternions, area, direction=UP, laue="m-3m", within_deg=15, draws=2000, seed=1)
    assert found[2].low < 0.5 + 0.5 * 0.1363 < found[2].high
    assert "random 13.63 %" in found[2].note
    assert "p = 0.0005" in found[2].note
    assert found[0].value < 0.15


def test_the_null_test_is_fair() -> None:
    """Of 300 maps of 20 random grains about 5 % have p below 0.05, in each family, as many as chance allows."""
    area = np.exp(np.random.default_rng(0).normal(0, 0.8, 20))
    below = np.zeros(3)
    for seed in range(300):
        shares = fibre_shares(random_quaternions(20, seed), area, direction=UP, within_deg=15, draws=300, seed=seed)
        below += [share.p_value <= 0.05 for share in shares]
    assert (below <= 29).all()


def test_intervals_hold_the_expectation() -> None:
    """Of 300 maps of 40 grains of unequal area at least 92 % of the intervals hold the random share."""
    held = np.zeros(3)
    for seed in range(300):
        area = np.exp(np.random.default_rng(seed).normal(0, 0.7, 40))
        shares = fibre_shares(random_quaternions(40, seed), area, direction=UP, within_deg=15, draws=1, seed=0)
        held += [share.low <= share.random_fraction <= share.high for share in shares]
    assert (held >= 276).all(), held


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 23))
def test_symmetric_copies_signs_and_units(seed: int, operator: int) -> None:
    """Symmetric copies and negated quaternions, opposite directions and scaled areas give the same shares."""
    quaternions = random_quaternions(12, seed)
    area = np.random.default_rng(seed).uniform(1, 5, 12)
    copies = -product(np.broadcast_to(proper_operators("432")[operator], (12, 4)), quaternions)
    for name in FAMILIES:
        angles = angles_to_family_deg(quaternions, UP, name)
        np.testing.assert_allclose(angles_to_family_deg(copies, (0.0, 2.0, 0.0), name), angles, atol=1e-6)
    one, two = (
        fibre_shares(quaternions, scale * area, direction=UP, within_deg=15, draws=50, seed=1) for scale in (1, 4)
    )
    assert [item.area_fraction for item in one] == pytest.approx([item.area_fraction for item in two])


def test_withheld_with_a_reason() -> None:
    """No growth direction, no cubic crystal, no grain: the note says which."""
    quaternions, area = random_quaternions(6, 0), np.ones(6)
    rest = {"within_deg": 15.0, "draws": 10, "seed": 0}
    notes = [
        texture_quantities(quaternions, area, direction=None, laue="m-3m", **rest)[0].note,
        texture_quantities(quaternions, area, direction=UP, laue="6/mmm", **rest)[0].note,
        texture_quantities(quaternions[:0], area[:0], direction=UP, laue="m-3m", **rest)[0].note,
    ]
    assert notes[0] == "no growth direction was given"
    assert "Laue group 6/mmm" in notes[1]
    assert notes[2] == "no grain is large enough"


def test_wrong_inputs_are_named() -> None:
    """Directions without length, unknown families, wide angles and areas that do not fit are refused."""
    quaternions = random_quaternions(6, 0)
    with pytest.raises(MeasurementError, match="direction: found"):
        angles_to_family_deg(quaternions, (0.0, 0.0, 0.0), "100")
    with pytest.raises(MeasurementError, match="family: found '112'"):
        angles_to_family_deg(quaternions, UP, "112")
    with pytest.raises(MeasurementError, match="within_deg: found 40"):
        fibre_shares(quaternions, np.ones(6), direction=UP, within_deg=40, draws=1, seed=0)
    with pytest.raises(MeasurementError, match="area_um2: found shape"):
        fibre_shares(quaternions, np.ones(5), direction=UP, within_deg=15, draws=1, seed=0)
