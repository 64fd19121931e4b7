"""Angles and rotations computed many at a time are those of the libraries that take one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sodalite.ebsd import quaternions_from_euler
from sodalite.ebsd.symmetry import angle_rad, symmetry_table
from sodalite.ebsd.trigonometry import write_sines


@settings(deadline=None)
@given(npst.arrays(np.float64, 40, elements=st.floats(-1e5, 1e5)))
def test_sines_of_many_angles_are_those_of_the_library(angles: np.ndarray) -> None:
    """Sine and cosine differ from numpy's by 2e-16 at most, multiples of an eighth of a turn included."""
    angles = np.concatenate((angles, np.arange(-16, 17) * np.pi / 4))
    sines, cosines = np.empty_like(angles), np.empty_like(angles)
    write_sines(angles, sines, cosines)
    assert np.abs(sines - np.sin(angles)).max() <= 2**-52
    assert np.abs(cosines - np.cos(angles)).max() <= 2**-52


def test_angles_beyond_all_measure_still_give_rotations() -> None:
    """Quaternions of angles in the millions are of length one and nearly those of the angles less whole turns."""
    euler = np.array([[1e7 + 0.25, 0.5, -3e6], [1.0, 2.0, 3.0]])
    found = quaternions_from_euler(euler)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-14)
    assert np.allclose(found, quaternions_from_euler(np.remainder(euler, 4 * np.pi)), atol=1e-14)
    assert np.isnan(quaternions_from_euler(np.array([[np.nan, 1.0, 2.0]]))).all()


@settings(deadline=None)
@given(st.floats(1e-9, 3.0), st.integers(0, 2**31))
def test_small_angles_keep_their_digits(turn_rad: float, seed: int) -> None:
    """Without symmetry, a turn by any angle about any axis is found to 1e-15, where the series ends too."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    half = np.concatenate(([np.cos(turn_rad / 2)], np.sin(turn_rad / 2) * axis / np.linalg.norm(axis)))
    table = symmetry_table(("1",))
    here = np.array([1.0, 0.0, 0.0, 0.0])
    found = angle_rad(here, half, table.forms[1], table.counts[1], table.near[1])
    assert found == pytest.approx(turn_rad, rel=4e-15, abs=1e-16)
