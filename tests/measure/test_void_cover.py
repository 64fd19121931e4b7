"""How much of each pixel voids cover, on ellipses with rims, films and lit walls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sodalite.measure.void_cover import VoidCover, void_cover

SHAPE, FACE, FINE = (90, 160), 70, 4
SODIUM, ELECTROLYTE, VOID = 120.0, 160.0, 40.0
FACES = np.zeros(SHAPE[1]), np.full(SHAPE[1], float(FACE))


def ellipses(*places: tuple[float, float, float, float]) -> np.ndarray:
    """Return the share of each pixel above the face in ellipses: centre x and height, half width and half height."""
    y, x = ((np.arange(size * FINE) + 0.5) / FINE for size in SHAPE)
    height = FACE - y[:, None]
    fine = np.zeros((SHAPE[0] * FINE, SHAPE[1] * FINE), bool)
    for centre, lift, half, top in places:
        fine |= (((x - centre) / half) ** 2 + ((height - lift) / top) ** 2 < 1) & (height > 0)
    return fine.reshape(SHAPE[0], FINE, SHAPE[1], FINE).mean((1, 3))


STANDING, ENCLOSED = ellipses((45, 0, 17, 13), (110, 0, 22, 9)), ellipses((80, 30, 15, 11))


def drawn(
    void: np.ndarray, *, rim: float = 0.0, film: float = 0.0, lit: float = 0.0, grains: float = 0.0, blur: float = 1.1
) -> np.ndarray:
    """Return a picture with a little noise; amplitudes are in steps from void to sodium."""
    y, x = np.indices(SHAPE)
    step = SODIUM - VOID
    inside = VOID + step * lit * np.clip(np.sin(x / 6) * np.sin(y / 5), 0, 1)
    inside = np.where(FACE - y < 2.5, inside + film * step, inside)
    solid = SODIUM + step * (2 * rim * gaussian_filter(void, 2.5) + grains * np.sign(np.sin(x / 12 + y / 7)))
    grey = gaussian_filter(np.where(y >= FACE, ELECTROLYTE, solid * (1 - void) + inside * void), blur)
    return (grey + np.random.default_rng(3).normal(0, 3, SHAPE)).astype(np.float32)


def cover(true: np.ndarray, *, before: np.ndarray | None = None, **fields: float) -> VoidCover:
    """Return the cover from half-way labels of a picture."""
    calm = drawn(np.zeros(SHAPE)) if before is None else before
    return void_cover(true > 0.5, drawn(true, **fields), calm, FACES, void_grey=VOID)


@pytest.mark.parametrize("fields", [
    {}, {"blur": 0.0}, {"blur": 1.6}, {"rim": 0.3}, {"rim": 0.6}, {"film": 0.35}, {"lit": 0.5}, {"grains": 0.2},
    {"rim": 0.4, "film": 0.3, "lit": 0.3},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("true", [STANDING, ENCLOSED], ids=["standing", "enclosed"])
def test_shares_hold_the_area(true: np.ndarray, fields: dict[str, float]) -> None:
    """Under any blur, beside rims, with films on the floor, lit walls and grains that were not there: within 4 %."""
    assert cover(true, **fields).share.sum() == pytest.approx(true.sum(), rel=0.04)


def test_evenly_dark_voids_are_right_to_two_percent() -> None:
    """Nothing bright is found in them, and no rim."""
    for true in (STANDING, ENCLOSED):
        found = cover(true)
        assert found.share.sum() == pytest.approx(true.sum(), rel=0.02)
        assert found.bright_px == 0
        assert abs(found.rim) < 0.03


@pytest.mark.parametrize(("fields", "true"), [({"film": 0.35}, STANDING), ({"lit": 0.5}, ENCLOSED)], ids=str)
def test_what_is_bright_inside_is_told(fields: dict[str, float], true: np.ndarray) -> None:
    """A film on the floor and lit walls have an area of their own."""
    assert 0.02 * true.sum() < cover(true, **fields).bright_px < 0.3 * true.sum()


def test_walls_that_shine_are_told_beside_the_voids() -> None:
    """The greys do not tell a lit wall from a shining edge of the sodium: its area is told, of none it is 0."""
    dark = ellipses((80, 30, 13, 9))
    step = SODIUM - VOID
    scene = SODIUM - step * dark + 0.8 * step * (ENCLOSED - dark)
    scene = np.where(np.arange(SHAPE[0])[:, None] >= FACE, ELECTROLYTE, scene)
    data = gaussian_filter(scene, 1.1) + np.random.default_rng(3).normal(0, 3, SHAPE)
    found = void_cover(dark > 0.5, data.astype(np.float32), drawn(np.zeros(SHAPE)), FACES, void_grey=VOID)
    assert found.share.sum() == pytest.approx(dark.sum(), rel=0.08)
    assert found.share.sum() + found.band_px == pytest.approx(ENCLOSED.sum(), rel=0.1)
    assert cover(ENCLOSED).band_px == 0


@pytest.mark.parametrize("width", [1.5, 2.5])
def test_labels_that_hold_lit_walls_stand(width: float) -> None:
    """Whoever labels a wall as void measures it as void, told or not that it shines: within 4 %."""
    dark = ellipses((80, 30, 15 - width, 11 - width))
    step = SODIUM - VOID
    scene = SODIUM - step * dark + 0.8 * step * (ENCLOSED - dark)
    scene = np.where(np.arange(SHAPE[0])[:, None] >= FACE, ELECTROLYTE, scene)
    data = (gaussian_filter(scene, 1.1) + np.random.default_rng(3).normal(0, 3, SHAPE)).astype(np.float32)
    for lit in (None, (ENCLOSED > 0.5) & (dark < 0.5)):
        found = void_cover(ENCLOSED > 0.5, data, drawn(np.zeros(SHAPE)), FACES, void_grey=VOID, lit=lit)
        assert found.share.sum() == pytest.approx(ENCLOSED.sum(), rel=0.04)


def test_charged_sodium_and_electrolyte_change_nothing() -> None:
    """What voids are compared with follows the sodium and the electrolyte beside them."""
    charge = np.where(np.arange(SHAPE[0])[:, None] < FACE, -8.0, 25.0)
    data = drawn(STANDING) + (charge * (1 - STANDING)).astype(np.float32)
    found = void_cover(STANDING > 0.5, data, drawn(np.zeros(SHAPE)), FACES, void_grey=VOID)
    assert found.share.sum() == pytest.approx(STANDING.sum(), rel=0.03)


def test_labels_stand_where_no_grey_is_known() -> None:
    """Without a grey of voids, or without voids, nothing is changed."""
    labels = STANDING > 0.5
    unknown = void_cover(labels, drawn(STANDING), drawn(np.zeros(SHAPE)), FACES, void_grey=math.nan)
    np.testing.assert_array_equal(unknown.share, labels)
    none = void_cover(labels & False, drawn(STANDING), drawn(np.zeros(SHAPE)), FACES, void_grey=VOID)
    assert not none.share.any()
