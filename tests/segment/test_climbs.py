"""Climbs of the electrolyte's face: what the series shows of a bright grain settles them, its absence does not."""

import numpy as np
import pytest

from sodalite.segment.climbs import find_climbs, without_climbs

_SHAPE, _FACE, _GRAIN = (160, 320), 110, slice(130, 190)
_SODIUM, _ELECTROLYTE, _VOID, _TOP = 120.0, 150.0, 40.0, 60


def _drawn(grain: float, seed: int) -> np.ndarray:
    image = np.full(_SHAPE, _SODIUM)
    image[_TOP:_FACE, _GRAIN] = grain
    image[_FACE:] = _ELECTROLYTE
    return image + np.random.default_rng(seed).normal(0, 8, _SHAPE)


def _over_the_grain() -> np.ndarray:
    face = np.full(_SHAPE[1], float(_FACE))
    face[_GRAIN] = _TOP
    return face


def _with_void(image: np.ndarray) -> np.ndarray:
    voided = image.copy()
    voided[_FACE - 14 : _FACE, 145:175] = _VOID
    return voided


@pytest.mark.parametrize(
    ("grain", "images", "settled"),
    [
        (_ELECTROLYTE, lambda first, later: [first, later], False),
        (_ELECTROLYTE, lambda first, later: [first, _with_void(later)], True),
        (_ELECTROLYTE, lambda first, later: [_with_void(first), _with_void(later)], True),
        (_ELECTROLYTE + 30, lambda first, later: [first, later], True),
    ],
    ids=["as bright and still", "a void opens", "a void from the beginning", "brighter"],
)
def test_climb_is_settled_by_what_only_sodium_shows(grain, images, settled):
    """A grain as bright as the electrolyte stays in doubt until a void opens or stands in it, or a step shows."""
    drawn = images(_drawn(grain, 1), _drawn(grain, 2))
    (climb,) = find_climbs(_over_the_grain(), drawn, least_px=30)
    assert climb.refuted == settled
    assert abs(climb.start - _GRAIN.start) <= 2
    assert abs(climb.stop - _GRAIN.stop) <= 2
    assert np.abs(without_climbs(_over_the_grain(), [climb]) - _FACE).max() < 3


def test_waves_of_the_face_are_no_climbs():
    """A wavy face without a steep flank is left alone."""
    face = _FACE + 8 * np.sin(np.arange(_SHAPE[1]) / 20)
    assert find_climbs(face, [_drawn(_ELECTROLYTE, 1)], least_px=30) == []


def test_climbs_are_mirrored_with_the_image():
    """Left and right do not matter."""
    drawn = [_drawn(_ELECTROLYTE, 1), _with_void(_drawn(_ELECTROLYTE, 2))]
    (climb,) = find_climbs(_over_the_grain(), drawn, least_px=30)
    (turned,) = find_climbs(_over_the_grain()[::-1].copy(), [image[:, ::-1] for image in drawn], least_px=30)
    assert (turned.start, turned.stop) == (_SHAPE[1] - climb.stop, _SHAPE[1] - climb.start)
