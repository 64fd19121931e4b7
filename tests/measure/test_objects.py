"""The table of objects against scikit-image, closed forms, planted distances and invariances."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import regionprops_table

from sodalite.errors import MeasurementError
from sodalite.measure.objects import object_table

COLUMNS = [
    "label", "area_um2", "ecd_um", "feret_max_um", "aspect_ratio", "circularity", "solidity", "x_um", "z_um",
    "distance_to_electrolyte_um", "distance_to_collector_um", "touches", "on_border",
]  # fmt: skip


def _blobs(seed: int, shape: tuple[int, int], share: float = 0.2, sigma: float = 3.0) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), sigma)
    return ndimage.label(noise > np.quantile(noise, 1 - share))[0].astype(np.int32)


def _table(
    objects: np.ndarray,
    spacing: tuple[float, float] = (1.0, 1.0),
    collector: float = 0.0,
    electrolyte: float = 1e4,
    contact_um: float = 0.0,
) -> pd.DataFrame:
    rows = np.full(objects.shape[1], collector), np.full(objects.shape[1], electrolyte)
    return object_table(objects, spacing, collector_row=rows[0], electrolyte_row=rows[1], contact_um=contact_um)


def test_agrees_with_scikit_image() -> None:
    """Areas, centroids and axes of 100 blobs are those of regionprops, Feret and hull within its pixel rule."""
    objects = _blobs(1, (300, 400))
    peer = regionprops_table(
        objects,
        properties=("area", "centroid", "feret_diameter_max", "axis_major_length", "axis_minor_length", "solidity"),
    )
    table = _table(objects)
    big = peer["area"] > 60
    assert big.sum() > 50
    np.testing.assert_array_equal(table["area_um2"], peer["area"])
    np.testing.assert_allclose(table["z_um"], peer["centroid-0"] + 0.5)
    np.testing.assert_allclose(table["x_um"], peer["centroid-1"] + 0.5)
    # scikit-image fills the hull's slanted edges with whole pixels first, which adds less than one.
    added = peer["feret_diameter_max"] - table["feret_max_um"]
    assert added.between(-1e-9, 1.0).all()
    assert (table["solidity"] >= peer["solidity"]).all()  # its hull holds the pixels' edges, ours their centres
    # Its axes are 4 sqrt(variance of the pixel centres); ours add the pixel's own variance of 1 / 12.
    major, minor = ((peer[f"axis_{axis}_length"] / 4) ** 2 + 1 / 12 for axis in ("major", "minor"))
    np.testing.assert_allclose(table["aspect_ratio"][big], np.sqrt(major / minor)[big], rtol=1e-9)


def test_feret_is_the_longest_pair_of_edge_middles() -> None:
    """On oblong pixels every Feret diameter is the largest distance between two middles of pixel edges."""
    objects, spacing = _blobs(4, (50, 60), 0.2, 2.0), (1.3, 0.7)
    table = _table(objects, spacing)
    for label, found in zip(table["label"], table["feret_max_um"], strict=True):
        y, x = np.nonzero(objects == label)
        corners = [(y + dy, x + dx) for dy, dx in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))]
        z, across = (
            np.concatenate(part) * size for part, size in zip(zip(*corners, strict=True), spacing, strict=True)
        )
        assert found == pytest.approx(np.hypot(z[:, None] - z, across[:, None] - across).max(), rel=1e-12)


def test_a_single_pixel() -> None:
    """One oblong pixel has its own area, extent and middle, and no singular shape."""
    objects = np.zeros((5, 5), dtype=np.int32)
    objects[2, 3] = 1
    row = _table(objects, (2.0, 1.0)).iloc[0]
    assert row["area_um2"] == 2.0
    assert row["feret_max_um"] == 2.0
    assert row["aspect_ratio"] == pytest.approx(2.0)
    assert row["solidity"] == 1.0
    assert (row["x_um"], row["z_um"]) == (3.5, 5.0)


@pytest.mark.parametrize(("tall", "tolerance"), [(1.0, 0.01), (1.27, 0.02), (2.0, 0.05)])
def test_oblong_pixels_give_the_same_micrometres(tall: float, tolerance: float) -> None:
    """An ellipse of 60 by 30 um, upright or turned, is the same on oblong pixels; circularity to 5 % at 2 : 1."""
    for angle in (0.0, 0.5, 1.2):
        y, x = np.mgrid[-45 : 45 : 0.2 * tall, -45:45:0.2]
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        mask = (along / 30) ** 2 + (across / 15) ** 2 <= 1
        row = _table(mask.astype(np.int32), (0.2 * tall, 0.2)).iloc[0]
        assert row["area_um2"] == pytest.approx(math.pi * 450, rel=5e-3)
        assert row["aspect_ratio"] == pytest.approx(2.0, rel=5e-3)
        assert row["feret_max_um"] == pytest.approx(60.0, abs=0.2 * tall + 1e-9)
        # Ramanujan's second formula for the circumference of an ellipse.
        h = (15 / 45) ** 2
        perimeter = math.pi * 45 * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))
        assert row["circularity"] == pytest.approx(4 * math.pi * math.pi * 450 / perimeter**2, rel=tolerance)


def test_distances_to_flat_faces() -> None:
    """Edges, not centres, are measured: rows 20 to 29 between faces at 12.5 and 33.25."""
    objects = np.zeros((50, 30), dtype=np.int32)
    objects[20:30, 10:15] = 1
    row = _table(objects, (0.5, 1.0), collector=12.5, electrolyte=33.25).iloc[0]
    assert row["distance_to_collector_um"] == pytest.approx(7.5 * 0.5)
    assert row["distance_to_electrolyte_um"] == pytest.approx(3.25 * 0.5)


def test_distance_on_either_side_of_a_face() -> None:
    """An object below a face is as far from it as its upper edge; one that the face crosses is at zero."""
    objects = np.zeros((60, 30), dtype=np.int32)
    objects[40:45, 3:9] = 1
    objects[28:33, 15:20] = 2
    table = _table(objects, collector=10.0, electrolyte=30.0)
    assert table["distance_to_electrolyte_um"].tolist() == [10.0, 0.0]
    assert table["distance_to_collector_um"].tolist() == [30.0, 18.0]


def test_distances_equal_brute_force_on_rough_faces() -> None:
    """On rough faces and oblong pixels every distance is that of the nearest pair of object and face rectangles."""
    objects, spacing = _blobs(3, (60, 80), 0.1, 2.0), (1.3, 0.7)
    face = 30 + 12 * np.sin(np.arange(80) / 6.0)
    table = object_table(objects, spacing, collector_row=face * np.nan, electrolyte_row=face, contact_um=0.0)
    for label, found in zip(table["label"], table["distance_to_electrolyte_um"], strict=True):
        y, x = np.nonzero(objects == label)
        beside = np.maximum(np.abs(x[:, None] - np.arange(80)) - 1, 0) * spacing[1]
        below = np.hypot(beside, np.maximum(face - y[:, None] - 1, 0) * spacing[0]).min()
        above = np.hypot(beside, np.maximum(y[:, None] - face, 0) * spacing[0]).min()
        assert found == pytest.approx(max(below, above), abs=1e-12)
    assert table["distance_to_collector_um"].isna().all()


def test_touches_within_the_contact_distance() -> None:
    """An object touches a face that is within the contact distance, and none a hair beyond it."""
    objects = np.zeros((40, 40), dtype=np.int32)
    objects[12:20, 2:6] = 1
    objects[22:28, 10:14] = 2
    objects[12:28, 20:24] = 3
    objects[15:20, 30:34] = 4
    table = _table(objects, collector=10.0, electrolyte=30.0, contact_um=2.0)
    assert table["touches"].tolist() == ["collector", "electrolyte", "both", "none"]
    assert _table(objects, collector=10.0, electrolyte=30.0, contact_um=1.9)["touches"].eq("none").all()


def test_on_border() -> None:
    """Only objects that reach the frame of the image are on its border."""
    objects = np.zeros((20, 20), dtype=np.int32)
    objects[0:3, 5:8], objects[8:11, 1:4], objects[8:11, 17:20] = 1, 2, 3
    assert _table(objects)["on_border"].tolist() == [True, False, True]


def test_no_object() -> None:
    """Without objects the table is empty and has the columns and types of a full one."""
    empty, full = _table(np.zeros((6, 7), dtype=np.int32)), _table(_blobs(2, (40, 40)))
    assert list(empty.columns) == list(full.columns) == COLUMNS
    assert empty.empty
    assert (empty.dtypes == full.dtypes).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_mirror_margin_and_units(seed: int) -> None:
    """Mirrored or with a margin, objects keep their shapes; doubled pixels scale each column by its unit."""
    objects = np.pad(_blobs(seed, (30, 40), 0.25, 1.5), 1)
    base = _table(objects, (0.2, 0.1), 0.0, 40.0)
    shapes = ["area_um2", "feret_max_um", "aspect_ratio", "circularity", "solidity", "distance_to_electrolyte_um"]
    mirrored = _table(objects[:, ::-1], (0.2, 0.1), 0.0, 40.0)
    wider = _table(np.pad(objects, ((0, 3), (5, 2))), (0.2, 0.1), 0.0, 40.0)
    pd.testing.assert_frame_equal(mirrored[shapes], base[shapes])
    pd.testing.assert_frame_equal(wider[shapes], base[shapes])
    np.testing.assert_allclose(wider["x_um"], base["x_um"] + 0.5)
    doubled = _table(objects, (0.4, 0.2), 0.0, 40.0)
    for column in COLUMNS[1:-2]:
        power = 2 if column.endswith("_um2") else 1 if column.endswith("_um") else 0
        np.testing.assert_allclose(doubled[column], base[column] * 2.0**power, rtol=1e-9, err_msg=column)


def test_thousands_of_objects_are_quick() -> None:
    """7,000 objects on 3072 x 2048 pixels take under a second of one core."""
    objects = _blobs(0, (2048, 3072), 0.1, 4.0)
    assert objects.max() > 5000
    _table(objects[:100, :100].copy())
    start = time.process_time()
    table = _table(objects, (0.01, 0.01), 100.0, 1900.0)
    assert len(table) == objects.max()
    assert time.process_time() - start < 1.0


def test_wrong_inputs_are_named() -> None:
    """Floats, or faces of another width, are refused with the field's name."""
    with pytest.raises(MeasurementError, match="objects: found float64"):
        _table(np.zeros((4, 4)))
    with pytest.raises(MeasurementError, match="electrolyte_row: found shape"):
        object_table(
            np.zeros((4, 4), np.int32),
            (1.0, 1.0),
            collector_row=np.zeros(4),
            electrolyte_row=np.zeros(3),
            contact_um=0.0,
        )
