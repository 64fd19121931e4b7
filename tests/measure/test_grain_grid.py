"""Upright square images of grain maps: bricks, turns and the borders that cut."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.grain_grid import GrainImage, brick_image, cutting_borders, upright_image

IDS = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int32)


def test_hexagonal_rows_become_bricks_without_loss() -> None:
    """Each point fills two half pixels, shifted rows start half a step later, and every area is kept."""
    image = brick_image(IDS, (0.9, 1.0), shifted_parity=1)
    assert image.spacing_um == (0.9, 0.5)
    np.testing.assert_array_equal(image.ids, [[1, 1, 2, 2, 0], [0, 3, 3, 4, 4], [5, 5, 6, 6, 0]])
    assert brick_image(IDS, (0.9, 1.0), shifted_parity=-1).ids is IDS


@pytest.mark.parametrize(
    ("growth", "top_row", "spacing"),
    [
        ((0, -1), [1, 2], (2.0, 1.0)),
        ((0, 3), [6, 5], (2.0, 1.0)),
        ((1, 0), [2, 4, 6], (1.0, 2.0)),
        ((-1, 0), [5, 3, 1], (1.0, 2.0)),
    ],
)
def test_quarter_turns_are_exact(growth: tuple[float, float], top_row: list[int], spacing: tuple[float, float]) -> None:
    """What the growth direction points to comes to the top, and the pixel size turns along."""
    turned = upright_image(GrainImage(IDS, (2.0, 1.0)), growth_xy=growth)
    assert turned.ids[0].tolist() == top_row
    assert turned.spacing_um == spacing
    assert sorted(turned.ids.ravel()) == [1, 2, 3, 4, 5, 6]


def test_an_oblique_turn_keeps_areas_and_sides() -> None:
    """A disc left of the growth axis lies left of it after a turn by 30 degrees, with its area to 2 %."""
    y, x = np.mgrid[-60:60, -60:60] + 0.5
    growth = np.array([np.sin(np.pi / 6), -np.cos(np.pi / 6)])
    left = np.array([growth[1], -growth[0]])
    ids = np.zeros((120, 120), dtype=np.int32)
    for label, place in ((1, 30 * growth), (2, 30 * left)):
        ids[np.hypot(x - place[0], y - place[1]) < 10] = label
    turned = upright_image(GrainImage(ids, (1.0, 1.0)), growth_xy=(growth[0], growth[1]))
    middle = (np.array(turned.ids.shape) - 1) / 2
    up, side = (np.argwhere(turned.ids == label).mean(axis=0) - middle for label in (1, 2))
    np.testing.assert_allclose(up, [-30, 0], atol=0.6)
    np.testing.assert_allclose(side, [0, -30], atol=0.6)
    np.testing.assert_allclose(np.bincount(turned.ids.ravel())[1:], np.pi * 100, rtol=0.02)


def test_only_lateral_borders_cut_a_film() -> None:
    """Borders whose normals lie in the film's plane cut; without a growth direction all do."""
    assert cutting_borders(None) == ("left", "right", "top", "bottom")
    assert cutting_borders((0.1, -1.0)) == ("left", "right")
    assert cutting_borders((-2.0, 0.0)) == ("top", "bottom")


def test_wrong_inputs_are_named() -> None:
    """A direction without length and ids that are no integers are refused."""
    with pytest.raises(MeasurementError, match="growth_xy: found"):
        cutting_borders((0.0, 0.0))
    with pytest.raises(MeasurementError, match="ids: found float64"):
        brick_image(np.zeros((3, 3)), (1.0, 1.0), shifted_parity=-1)
