"""Shapes with known answers: discs, rectangles, Koch's snowflake, digital hulls and skeletons."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from skimage.draw import polygon
from skimage.morphology import convex_hull_image

from sodalite.errors import MeasurementError
from sodalite.measure.objects import object_table
from sodalite.measure.shape import DIRECTIONS, crofton_perimeter_um, skeleton


def _row(mask: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)) -> dict[str, float]:
    faces = np.full(mask.shape[1], np.nan)
    table = object_table(mask.astype(np.int32), spacing, collector_row=faces, electrolyte_row=faces, contact_um=0.0)
    return table.iloc[0].to_dict()


def _disc(diameter_um: float, spacing: tuple[float, float], shift: tuple[float, float]) -> np.ndarray:
    reach = int(diameter_um / 2 / min(spacing)) + 3
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return ((y + shift[0]) * spacing[0]) ** 2 + ((x + shift[1]) * spacing[1]) ** 2 <= diameter_um**2 / 4


def _koch(order: int, side: float) -> np.ndarray:
    points = np.array([0, 1, np.exp(1j * np.pi / 3), 0])[::-1] * side
    for _ in range(order):
        step = np.diff(points) / 3
        parts = (
            points[:-1],
            points[:-1] + step,
            points[:-1] + step * (1 + np.exp(1j * np.pi / 3)),
            points[:-1] + 2 * step,
        )
        points = np.append(np.stack(parts, axis=1).ravel(), points[-1])
    return points


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.27, 1.0), (1.0, 2.0)])
@pytest.mark.parametrize("pixels", [10, 20, 100])
def test_circularity_of_a_disc_is_one(spacing: tuple[float, float], pixels: int) -> None:
    """Over 30 random places on square and oblong pixels the mean circularity is 1: to 3 % at 10 px, to 1 % from 20."""
    diameter = pixels * max(spacing)
    places = np.random.default_rng(0).random((30, 2))
    rows = [_row(_disc(diameter, spacing, (dy, dx)), spacing) for dy, dx in places]
    mean = {name: np.mean([row[name] for row in rows]) for name in ("circularity", "ecd_um", "aspect_ratio")}
    assert mean["circularity"] == pytest.approx(1.0, abs=0.03 if pixels < 20 else 0.01)
    assert mean["ecd_um"] == pytest.approx(diameter, rel=0.01)
    assert mean["aspect_ratio"] == pytest.approx(1.0, abs=0.05)
    assert all(row["solidity"] == 1.0 for row in rows)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (20, 60), (100, 400)])
def test_rectangle(height: int, width: int) -> None:
    """A rectangle: aspect ratio and solidity exact, Feret diameter within a pixel, circularity 6 % high at most."""
    mask = np.zeros((height + 4, width + 4), dtype=bool)
    mask[2:-2, 2:-2] = True
    row = _row(mask)
    assert row["aspect_ratio"] == pytest.approx(width / height, rel=1e-12)
    assert row["solidity"] == 1.0
    assert row["feret_max_um"] == pytest.approx(math.hypot(height, width), abs=1.0)
    circularity = math.pi * height * width / (height + width) ** 2
    assert circularity <= row["circularity"] <= 1.06 * circularity


@pytest.mark.parametrize("order", [1, 2, 3])
def test_koch_snowflake(order: int) -> None:
    """Area and perimeter of the snowflake: (2 sqrt 3 / 5)(1 - 3/8 (4/9)^k) side^2 and 3 side (4/3)^k."""
    side = 1200.0
    points = _koch(order, side)
    rows, columns = polygon(points.imag + 400, points.real + 40, shape=(1600, 1300))
    mask = np.zeros((1600, 1300), dtype=bool)
    mask[rows, columns] = True
    row = _row(mask)
    area = 2 * math.sqrt(3) / 5 * (1 - 3 / 8 * (4 / 9) ** order) * side**2
    perimeter = 3 * side * (4 / 3) ** order
    assert row["area_um2"] == pytest.approx(area, rel=2e-3)
    assert math.sqrt(4 * math.pi * row["area_um2"] / row["circularity"]) == pytest.approx(perimeter, rel=0.03)
    assert row["circularity"] < 0.5


def test_staircase_is_not_the_perimeter() -> None:
    """Pixel edges make a disc's rim 4 / pi too long; crossings on eight directions bring it to 0.2 %."""
    mask = _disc(400.0, (1.0, 1.0), (0.2, 0.4))
    padded = np.pad(mask, 2)
    staircase = np.abs(np.diff(padded.astype(int), axis=0)).sum() + np.abs(np.diff(padded.astype(int), axis=1)).sum()
    assert staircase / (math.pi * 400) == pytest.approx(1.27324, rel=3e-3)
    core = padded[2:-2, 2:-2]
    crossings = [
        (core != padded[2 + y : padded.shape[0] - 2 + y, 2 + x : padded.shape[1] - 2 + x])[core].sum()
        + (core != padded[2 - y : padded.shape[0] - 2 - y, 2 - x : padded.shape[1] - 2 - x])[core].sum()
        for y, x in DIRECTIONS
    ]
    assert crofton_perimeter_um(np.array([crossings], float), (1.0, 1.0))[0] == pytest.approx(math.pi * 400, rel=2e-3)


def test_solidity_counts_the_digital_hull() -> None:
    """The pixels of the hull by Pick's theorem are those that scikit-image fills between pixel centres."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = np.zeros((40, 50), dtype=np.uint8)
        cv2.fillPoly(mask, [rng.integers(2, 38, size=(7, 2)).astype(np.int32)], 1)
        hull = convex_hull_image(mask.astype(bool), offset_coordinates=False)
        assert _row(mask)["solidity"] == pytest.approx(mask.sum() / hull.sum(), abs=1e-9)


def test_skeleton_of_a_line_and_a_cross() -> None:
    """A line of n pixels is n - 1 steps long without branch points, a cross has one; lengths are true."""
    line = np.zeros((7, 30), dtype=bool)
    line[3, 2:28] = True
    assert skeleton(line, (2.0, 0.5)) == pytest.approx((12.5, 0))
    assert skeleton(line.T, (0.5, 2.0)) == pytest.approx((12.5, 0))
    cross = np.zeros((41, 41), dtype=bool)
    cross[20, 2:39] = cross[2:39, 20] = True
    found = skeleton(cross, (1.0, 1.0))
    assert found.branch_count == 1
    assert found.skeleton_length_um == pytest.approx(72.0)


def test_skeleton_of_a_diagonal() -> None:
    """A diagonal line of n pixels is (n - 1) pixel diagonals long."""
    found = skeleton(np.eye(20, dtype=bool), (1.27, 1.0))
    assert found.branch_count == 0
    assert found.skeleton_length_um == pytest.approx(19 * math.hypot(1.27, 1.0))


def test_skeleton_of_a_tree() -> None:
    """A trunk with two thick side arms has two branch points."""
    tree = np.zeros((80, 60), dtype=bool)
    tree[5:75, 28:31] = True
    tree[24:27, 30:55] = True
    tree[54:57, 5:30] = True
    assert skeleton(tree, (1.0, 1.0)).branch_count == 2


def test_skeleton_takes_one_plane() -> None:
    """The message says what to give."""
    with pytest.raises(MeasurementError, match="crop of one object"):
        skeleton(np.zeros((2, 2, 2), dtype=bool), (1.0, 1.0))
