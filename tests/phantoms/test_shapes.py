"""Areas of shapes against closed forms, and coverage against supersampling by another library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from skimage.draw import polygon2mask
from skimage.measure import perimeter_crofton, regionprops

from sodalite.phantoms import shapes
from sodalite.phantoms.objects import draw_dead_sodium

SHAPES = {
    "disc": shapes.disc(24.0),
    "ellipse": shapes.ellipse(20.0, aspect_ratio=2.5),
    "rectangle": shapes.rectangle(30.0, 7.0),
    "koch": shapes.koch_snowflake(30.0, order=3),
    "blob": shapes.blob(20.0, aspect_ratio=1.8, harmonics=np.array([0.1, 0.05]), phases=np.array([1.0, 2.0])),
    "filament": shapes.filament(30.0, 4.0, bend_deg=90.0),
    "tree": shapes.branched_tree(40.0, 3.0, depth=1, bend_deg=20.0),
}
CLOSED_FORMS = {
    "disc": (math.pi * 24.0**2 / 4, 1e-12),
    "ellipse": (math.pi * 20.0**2 / 4, 1e-12),
    "rectangle": (210.0, 1e-12),
    "koch": (math.sqrt(3) / 4 * 30.0**2 * (1 + 0.6 * (1 - (4 / 9) ** 3)), 1e-12),
    "blob": (math.pi * 20.0**2 / 4 * (1 + (0.1**2 + 0.05**2) / 2), 1e-4),
    "filament": (30.0 * 4.0 + math.pi * 4.0**2 / 4, 2e-3),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_area_is_the_closed_form(name: str) -> None:
    """Disc, ellipse, rectangle, snowflake, lump and bent filament have the area that geometry gives them."""
    area, tolerance = CLOSED_FORMS[name]
    assert SHAPES[name].area == pytest.approx(area, rel=tolerance)


@pytest.mark.parametrize("name", SHAPES)
def test_coverage_is_exact_to_a_64th(name: str) -> None:
    """Coverage sums to the area and is within 1/64 of 32-fold supersampling, give or take that sampling's own 1/64."""
    polygon = SHAPES[name].placed(30.3, 29.6, angle_deg=23.0)
    coverage = shapes.polygon_coverage(polygon, (60, 60))
    fine = polygon2mask((60 * 32, 60 * 32), polygon[:, ::-1] * 32 - 0.5).reshape(60, 32, 60, 32).mean(axis=(1, 3))
    assert coverage.sum() == pytest.approx(SHAPES[name].area, rel=1e-10)
    assert np.abs(coverage - fine).max() <= 1 / 64 + 1 / 64


def test_coverage_of_an_aligned_rectangle_is_known_by_hand() -> None:
    """A rectangle from x 1.25 to 3.5 and z 0.5 to 2 covers quarters and halves of its border pixels."""
    polygon = np.array([[1.25, 0.5], [3.5, 0.5], [3.5, 2.0], [1.25, 2.0]])
    expected = np.outer([0.5, 1.0, 0.0], [0.0, 0.75, 1.0, 0.5, 0.0])
    np.testing.assert_allclose(shapes.polygon_coverage(polygon, (3, 5)), expected, atol=1e-12)


def test_coverage_counts_only_what_lies_inside_the_frame() -> None:
    """A square that hangs over a corner of the frame covers just the corner."""
    polygon = np.array([[-4.0, -4.0], [1.5, -4.0], [1.5, 2.0], [-4.0, 2.0]])
    expected = np.outer([1.0, 1.0, 0.0], [1.0, 0.5, 0.0])
    np.testing.assert_allclose(shapes.polygon_coverage(polygon, (3, 3)), expected, atol=1e-12)
    wide = np.array([[1.5, -4.0], [9.0, -4.0], [9.0, 9.0], [1.5, 9.0]])
    np.testing.assert_allclose(shapes.polygon_coverage(wide, (3, 3)), np.outer(np.ones(3), [0, 0.5, 1]), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(x=st.floats(15, 25), z=st.floats(15, 25), angle=st.floats(0, 360), ratio=st.floats(1, 4))
def test_mirrored_polygon_covers_the_mirrored_pixels(x: float, z: float, angle: float, ratio: float) -> None:
    """Mirroring the corners mirrors the coverage."""
    polygon = shapes.ellipse(9.0, aspect_ratio=ratio, corners=32).placed(x, z, angle_deg=angle)
    mirrored = polygon * [-1, 1] + [40, 0]
    first = shapes.polygon_coverage(polygon, (40, 40))
    np.testing.assert_allclose(shapes.polygon_coverage(mirrored, (40, 40)), first[:, ::-1], atol=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 3.0])
def test_principal_axis_ratio_of_ellipse_and_rectangle(ratio: float) -> None:
    """The moments of an ellipse and of a rectangle have the ratio of their axes."""
    assert shapes.principal_axis_ratio(shapes.ellipse(5.0, aspect_ratio=ratio).polygon) == pytest.approx(
        ratio, rel=1e-4
    )
    assert shapes.principal_axis_ratio(shapes.rectangle(ratio, 1.0).polygon) == pytest.approx(ratio, rel=1e-12)


def test_counted_area_of_a_disc_agrees() -> None:
    """Counting points inside a circle, which knows no polygon, gives the area of the disc."""
    counted = shapes.supersampled_area(lambda x, z: x**2 + z**2 <= 12.0**2, half=13.0, points=2000)
    assert counted == pytest.approx(SHAPES["disc"].area, rel=1e-4)


def test_trees_are_long_or_branched_and_simple() -> None:
    """A dendrite's outline does not cross itself: its coverage never needs clipping and its area is positive."""
    for depth in (1, 2):
        tree = shapes.branched_tree(60.0, 3.0, depth=depth, bend_deg=30.0)
        mask = polygon2mask((800, 800), tree.placed(50, 50)[:, ::-1] * 8 - 0.5)
        assert mask.sum() / 64 == pytest.approx(tree.area, rel=0.01)
        assert tree.shape_class == "filamentary"


def test_snowflake_is_open_and_branched() -> None:
    """From the first order on a snowflake fills (1 + 3/5 (1 - (4/9)^n)) / 2 of its hexagonal hull."""
    for order in (1, 2, 3):
        flake = shapes.koch_snowflake(3.0, order=order)
        hull = ConvexHull(flake.polygon).volume
        assert flake.area / hull == pytest.approx((1 + 0.6 * (1 - (4 / 9) ** order)) / 2)
        assert flake.shape_class == "filamentary"


@pytest.mark.parametrize("kind", ["spherical", "filamentary", "irregular"])
@pytest.mark.parametrize("ecd_px", [16, 40])
def test_dead_sodium_has_the_shape_it_is_said_to_have(kind: str, ecd_px: int) -> None:
    """Measured by scikit-image, 20 draws of each class meet the limits that define it."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shape = draw_dead_sodium(kind, float(ecd_px), rng)
        size = 5 * ecd_px + 20
        mask = (
            shapes.polygon_coverage(shape.placed(size / 2, size / 2, angle_deg=rng.uniform(0, 360)), (size, size)) > 0.5
        )
        found = regionprops(mask.astype(int))[0]
        circularity = 4 * math.pi * found.area / perimeter_crofton(mask, 4) ** 2
        ratio = found.axis_major_length / found.axis_minor_length
        assert (circularity >= 0.8 and ratio <= 1.5) == (kind == "spherical")
        assert (ratio >= 3 or found.solidity < 0.8) == (kind == "filamentary")
