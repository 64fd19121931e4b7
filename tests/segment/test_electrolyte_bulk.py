"""The electrolyte's face where films and voids lie between it and the trace."""

from __future__ import annotations

import numpy as np
import pytest

from sodalite.segment.electrolyte_bulk import face_of_bulk

SODIUM, GLASS, ELECTROLYTE, VOID = 150.0, 105.0, 70.0, 30.0
COLUMNS = np.arange(400)
FACE = np.full(400, 120)


def scene(*, slope: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a noisy section of sodium on electrolyte and its face; bright sodium reaches down to the face."""
    face = FACE + np.rint(slope * COLUMNS).astype(int)
    rows = np.arange(300)[:, None]
    data = np.where(rows < face, SODIUM, ELECTROLYTE)
    return data + np.random.default_rng(seed).normal(0, 4, data.shape), face


def moved(data: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Rows by which the face moves down."""
    return face_of_bulk(data, face, np.zeros(data.shape, bool)) - face


@pytest.mark.parametrize("slope", [0.0, 0.17])
def test_a_face_that_is_right_stays(slope: float) -> None:
    """Noise moves nothing, on a slope of ten degrees neither."""
    assert not moved(*scene(slope=slope)).any()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_film_left_to_the_electrolyte_joins_the_layer(sign: int) -> None:
    """A film nearer to the electrolyte's grey lies above the face, whichever of the two neighbours is brighter."""
    data, face = scene()
    data[120:132, 100:200] += GLASS - ELECTROLYTE
    found = moved(sign * data, face)
    assert np.abs(found[103:197] - 12).max() <= 1
    assert found[:95].max() <= 1
    assert found[205:].max() <= 1


def test_a_void_as_grey_as_the_electrolyte_is_parted_from_it_by_its_rim() -> None:
    """The face runs below the bright rim of a void, not along its upper edge."""
    data, face = scene()
    rim = np.zeros(data.shape, bool)
    rim[120:145, 97:163] = True
    rim[120:140, 101:159] = False
    data[rim] += SODIUM - ELECTROLYTE
    found = moved(data, face)
    assert np.abs(found[103:157] - 25).max() <= 1


@pytest.mark.parametrize("open_px", [0, 8])
def test_the_lit_inside_of_a_void_hangs_on_the_electrolyte_by_a_neck_at_most(open_px: int) -> None:
    """Where noise opens the rim below the void in part of its width, its inside is no electrolyte either."""
    data, face = scene()
    rim = np.zeros(data.shape, bool)
    rim[120:156, 96:244] = True
    rim[120:150, 104:236] = False
    rim[:, 170 : 170 + open_px] = False
    data[rim] += SODIUM - ELECTROLYTE
    found = moved(data, face)
    beside = np.r_[110:165, 190:230]
    assert np.abs(found[beside] - 36).max() <= 1
    assert found[170 : 170 + open_px].min(initial=36) > 24


def test_a_lit_wall_is_parted_from_the_electrolyte_by_a_faint_rim() -> None:
    """The face runs below the rim, though it is only a quarter as bright as sodium."""
    data, face = scene()
    rim = np.zeros(data.shape, bool)
    rim[120:148, 97:163] = True
    rim[120:145, 100:160] = False
    data[rim] += 0.25 * (SODIUM - ELECTROLYTE)
    assert np.abs(moved(data, face)[103:157] - 28).max() <= 1


def test_the_light_that_spreads_from_what_is_bright_is_the_electrolytes() -> None:
    """The face is where the light has half its height, however far its tail shows."""
    data, face = scene()
    away = np.arange(300)[:, None] - face
    data += np.where(away >= 0, (SODIUM - ELECTROLYTE) * np.exp(-away / 5.0), 0)
    assert np.median(moved(data, face)) <= 4


@pytest.mark.parametrize("height", [40.0, -25.0], ids=["light", "shade"])
def test_light_and_shade_that_fade_into_the_electrolyte_are_its_own(height: float) -> None:
    """Half as bright as sodium, or as dark as a void beside the face: without an end there is no film."""
    data, face = scene()
    away = np.arange(300)[:, None] - face
    aside = np.exp(-(((COLUMNS - 200) / 30.0) ** 2))
    data += np.where(away >= 0, height * np.exp(-((away / 25.0) ** 2)) * aside, 0)
    assert np.abs(moved(data, face)).max() <= 2


def test_a_face_traced_through_light_is_lifted_to_the_end_of_the_film_above() -> None:
    """A trace below the light that a film throws into the electrolyte returns to the film's lower edge."""
    data, face = scene()
    away = np.arange(300)[:, None] - face
    aside = np.abs(COLUMNS - 200) <= 50
    data += np.where((away >= 0) & aside, 30 * np.exp(-away / 15.0), 0)
    below = face.copy()
    below[150:250] += 17
    assert np.abs(moved(data, below)[155:245] + 17).max() <= 2
    assert not moved(data, below)[:140].any()


@pytest.mark.parametrize(
    ("rows", "columns", "grey"),
    [
        (slice(120, 150), slice(200, 205), SODIUM),
        (slice(127, 150), slice(200, 240), SODIUM),
        (slice(128, 150), slice(200, 240), VOID),
        (slice(120, 123), slice(200, 300), GLASS),
        (slice(120, 162), slice(200, 225), 0.0),
    ],
    ids=["filament", "dead sodium", "pore", "blur", "curtain"],
)
def test_what_belongs_to_the_electrolyte_does_not_move_its_face(rows: slice, columns: slice, grey: float) -> None:
    """Filaments, objects with electrolyte between them and the face, and what blur explains leave it as it is."""
    data, face = scene()
    data[rows, columns] += grey - ELECTROLYTE
    assert not moved(data, face).any()


def test_the_floor_of_a_trench_does_not_cut_the_electrolyte_off() -> None:
    """Where the floor rises near the face the electrolyte between is bulk."""
    data, face = scene()
    floor = np.zeros(data.shape, bool)
    floor[150:, 150:250] = True
    data[floor] = SODIUM
    assert not (face_of_bulk(data, face, floor) - face).any()


def test_nothing_moves_where_the_greys_hardly_differ() -> None:
    """A step below four standard deviations of the smoothed noise tells nothing."""
    data = np.random.default_rng(1).normal(100, 10, (300, 400))
    data[:120] += 8
    assert not moved(data, FACE).any()


def test_a_blank_picture_moves_nothing() -> None:
    """No step and no noise: nothing to tell by."""
    assert not moved(np.full((300, 400), 90.0), FACE).any()


def test_mirrored_sections_have_mirrored_faces() -> None:
    """Left and right are treated alike."""
    data, face = scene()
    data[120:132, 100:200] += GLASS - ELECTROLYTE
    np.testing.assert_array_equal(moved(data[:, ::-1], face), moved(data, face)[::-1])
