"""Columnarity: which grains span a film, in flat, wavy and tilted films."""

from __future__ import annotations

import math

import numpy as np
import pytest

from measure.voronoi_maps import table_of, voronoi_labels
from sodalite.errors import MeasurementError
from sodalite.measure.columns import FilmFaces, column_quantities, film_faces, spanned_fraction

LATERAL = ("left", "right")


def columnarity(ids: np.ndarray, least_fraction: float = 0.8):
    """Return columnarity with faces from the image itself."""
    table = table_of(ids, cut_borders=LATERAL)
    return column_quantities(table, spanned_fraction(ids, film_faces(ids)), least_fraction=least_fraction)[0]


def test_faces_of_a_film() -> None:
    """Faces are the outer edges of grains in each column; holes between them do not matter."""
    ids = np.zeros((8, 3), dtype=np.int32)
    ids[2:6, 0], ids[1, 1], ids[4, 1] = 1, 1, 2
    faces = film_faces(ids)
    np.testing.assert_array_equal(faces.top_row, [2, 1, np.nan])
    np.testing.assert_array_equal(faces.bottom_row, [6, 5, np.nan])


def test_just_above_and_just_below_the_threshold() -> None:
    """In a film of 10 rows a grain of 8 spans 80 %, one of 7 does not; areas weigh."""
    ids = np.zeros((14, 12), dtype=np.int32)
    ids[2:12, 0:2] = 1
    ids[2:10, 2:4], ids[10:12, 2:4] = 2, 3
    ids[2:9, 4:6], ids[9:12, 4:6] = 4, 5
    ids[2:12, 6:12] = 6
    found = columnarity(ids)
    assert spanned_fraction(ids, film_faces(ids)).tolist() == pytest.approx([0, 1, 0.8, 0.2, 0.7, 0.3, 1])
    assert found.value == pytest.approx((20 + 16 + 60) / 120)
    assert found.note == "3 of 6 grains span 80 % of the film"
    assert found.low < found.value < found.high
    assert columnarity(ids, 0.81).value == pytest.approx(80 / 120)


@pytest.mark.parametrize("slope", [0.0, 0.5, -1.0])
def test_tilted_and_wavy_films(slope: float) -> None:
    """Columns between wavy, tilted faces span them; halves of columns do not."""
    row, column = np.indices((260, 120))
    top = 90 + slope * (column - 60) + 6 * np.sin(column / 9)
    depth = (row - top) / (60 + 10 * np.cos(column / 15))
    inside = (depth >= 0) & (depth < 1)
    whole = np.where(inside, 1 + column // 12, 0)
    assert columnarity(whole).value == pytest.approx(1.0)
    halves = np.where(inside, 1 + column // 12 + 10 * (depth > 0.5), 0)
    assert columnarity(halves).value == 0.0


def test_equiaxed_grains_are_not_columnar() -> None:
    """Of Poisson-Voronoi grains ten deep none spans the film: 0 with an upper bound below 5 %."""
    found = columnarity(voronoi_labels(300, (400, 1200), seed=4))
    assert found.value == 0
    assert 0 < found.high < 0.05


def test_faces_from_elsewhere() -> None:
    """Faces farther apart than the grains make them span less, by the film's thickness."""
    ids = np.zeros((20, 4), dtype=np.int32)
    ids[5:10] = 1
    faces = FilmFaces(np.full(4, 2.5), np.full(4, 12.5))
    assert spanned_fraction(ids, faces)[1] == pytest.approx(0.5)


def test_without_grains_and_wrong_inputs() -> None:
    """No grain withholds the number; faces of another length and impossible parts are refused."""
    ids = np.zeros((4, 5), dtype=np.int32)
    assert math.isnan(columnarity(ids).value)
    with pytest.raises(MeasurementError, match="bottom_row: found shape"):
        spanned_fraction(ids, FilmFaces(np.zeros(5), np.zeros(4)))
    with pytest.raises(MeasurementError, match="least_fraction: found 0"):
        columnarity(ids, 0)
