"""Brightness matched to a reference by the greys of phases in both."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.clean.brightness import Brightness, match_brightness

DARK, BRIGHT = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
DARK[:15], BRIGHT[-15:] = True, True


@pytest.fixture
def scene() -> np.ndarray:
    """Return a picture of two phases and something in between."""
    picture = np.full((40, 40), 130.0)
    picture[DARK], picture[BRIGHT] = 70.0, 200.0
    return picture


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.8, 15.0), (1.3, -20.0)])
def test_gain_and_offset_come_back_from_two_phases(scene: np.ndarray, gain: float, offset: float) -> None:
    """Two phases of different grey give both; the picture is that of the reference again."""
    changed = gain * scene + offset
    found = match_brightness(changed, scene, [(DARK, DARK), (BRIGHT, BRIGHT)])
    np.testing.assert_allclose(found.applied(changed), scene, rtol=1e-5)


def test_one_phase_gives_the_gain_alone(scene: np.ndarray) -> None:
    """Without a second phase the offset is zero."""
    assert match_brightness(0.5 * scene, scene, [(DARK, DARK)]) == pytest.approx(Brightness(2.0, 0.0))


def test_what_opens_elsewhere_does_not_count(scene: np.ndarray) -> None:
    """A void between the phases changes nothing."""
    changed = 0.9 * scene
    changed[18:22] = 0
    found = match_brightness(changed, scene, [(DARK, DARK), (BRIGHT, BRIGHT)])
    assert found.gain == pytest.approx(1 / 0.9)


def test_nothing_to_match_changes_nothing(scene: np.ndarray) -> None:
    """Regions of a few pixels, or impossible gains, leave the picture as it is."""
    few = np.zeros((40, 40), bool)
    few[0, :5] = True
    assert match_brightness(scene, scene, [(few, few)]) == Brightness(1.0, 0.0)
    assert match_brightness(scene / 100, scene, [(DARK, DARK)]).gain == 1.0
