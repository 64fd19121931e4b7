"""The grain table against closed forms, scikit-image and MTEX."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops_table

from measure.voronoi_maps import table_of, voronoi_labels
from sodalite.errors import MeasurementError
from sodalite.measure.grain_shape import grain_table, shape_quantities

if TYPE_CHECKING:
    from pathlib import Path

ALL = ("left", "right", "top", "bottom")


def test_a_rectangle_by_hand() -> None:
    """A rectangle of 2 by 6 points on oblong pixels has its exact size, axes and place."""
    ids = np.zeros((8, 10), dtype=np.int32)
    ids[3:5, 2:8] = 4
    row = table_of(ids, (1.5, 1.0)).iloc[0]
    assert (row["label"], row["pixels"], row["area_um2"]) == (4, 12, 18.0)
    assert row["ecd_um"] == pytest.approx(2 * math.sqrt(18 / math.pi))
    assert row["aspect_ratio"] == pytest.approx(6 / 3)
    assert row["long_axis_deg"] == pytest.approx(0)
    assert (row["x_um"], row["y_um"]) == (4.5, 5.25)
    assert (row["width_um"], row["height_um"]) == (6.0, 3.0)
    assert not row["on_border"]
    assert row["corners"] == 0


@pytest.mark.parametrize("angle_deg", [-80.0, -30.0, 0.0, 20.0, 65.0])
@pytest.mark.parametrize("tall", [1.0, 1.27])
def test_an_ellipse_points_where_it_was_drawn(angle_deg: float, tall: float) -> None:
    """Aspect ratio and long axis of a turned ellipse, counterclockwise on the map, or from the growth direction."""
    y, x = np.mgrid[-120:120:tall, -120:120:1.0] + 0.37
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    along, across = x * cosine - y * sine, x * sine + y * cosine
    ids = ((along / 108) ** 2 + (across / 36) ** 2 <= 1).astype(np.int32)
    row = table_of(ids, (tall, 1.0)).iloc[0]
    assert row["aspect_ratio"] == pytest.approx(3.0, rel=5e-3)
    assert row["long_axis_deg"] == pytest.approx(angle_deg, abs=0.3)
    upwards = table_of(ids, (tall, 1.0), growth_xy=(0.0, -1.0)).iloc[0]
    assert (upwards["long_axis_deg"] - (angle_deg - 90) + 90) % 180 - 90 == pytest.approx(0, abs=0.3)


def test_moments_equal_scikit_image() -> None:
    """Axes follow from scikit-image's by the extent of a pixel: (axis^2 / 16 + 1 / 12) of its moments."""
    ids = voronoi_labels(60, (120, 160), seed=2)
    table = table_of(ids)
    props = regionprops_table(ids, properties=("label", "area", "centroid", "inertia_tensor_eigvals"))
    np.testing.assert_array_equal(table["pixels"], props["area"])
    np.testing.assert_allclose(table["x_um"], props["centroid-1"])
    np.testing.assert_allclose(table["y_um"], props["centroid-0"])
    large, small = (props[f"inertia_tensor_eigvals-{k}"] + 1 / 12 for k in (0, 1))
    np.testing.assert_allclose(table["aspect_ratio"], np.sqrt(large / small), rtol=1e-9)


def test_points_of_regular_grids_are_round() -> None:
    """A single point has aspect ratio 1 and no long axis, on square and on hexagonal grids."""
    one = np.array([1])
    for step, hexagonal in (((1.0, 1.0), False), ((math.sqrt(3) / 2, 1.0), True)):
        row = grain_table(
            one, one * 1.0, one * 1.0, one, step_um=step, is_hexagonal=hexagonal, cut_borders=ALL, growth_xy=None
        ).iloc[0]
        assert row["aspect_ratio"] == pytest.approx(1.0)
        assert math.isnan(row["long_axis_deg"])
        assert row["area_um2"] == pytest.approx(step[0])


def test_borders_cut_and_corners_count() -> None:
    """Only the named borders cut; corner grains hold their corners whichever borders cut."""
    ids = np.arange(1, 17, dtype=np.int32).reshape(4, 4).repeat(3, axis=0).repeat(3, axis=1)
    table = table_of(ids)
    assert table["on_border"].to_numpy().reshape(4, 4).sum() == 12
    assert table["corners"].to_numpy().reshape(4, 4)[[0, 0, 3, 3], [0, 3, 0, 3]].tolist() == [1, 1, 1, 1]
    lateral = table_of(ids, cut_borders=("left", "right"))["on_border"].to_numpy().reshape(4, 4)
    assert lateral[:, [0, 3]].all()
    assert not lateral[:, 1:3].any()


def test_the_border_of_a_hexagonal_map() -> None:
    """The first and last points of shifted and of longer rows lie on the border."""
    row, column = np.indices((5, 6))
    x = (column + 0.5 * (row % 2)).ravel()
    ids = np.arange(1, 31)
    table = grain_table(
        ids,
        x,
        row.ravel() * 0.866,
        ids,
        step_um=(0.866, 1.0),
        is_hexagonal=True,
        cut_borders=("left", "right"),
        growth_xy=None,
    )
    assert table["on_border"].to_numpy().reshape(5, 6).sum(axis=0).tolist() == [5, 0, 0, 0, 0, 5]


@pytest.mark.parametrize(
    ("name", "step", "hexagonal"),
    [
        ("defdap_ni", 0.12, False),
        ("ti64", 0.4999, False),
        ("sdss", 1.5, False),
        ("titanium_hex", 12.0, True),
        ("adi_hex", 0.1, True),
    ],
)
def test_sizes_and_shapes_against_mtex(shared_data: Path, name: str, step: float, hexagonal: bool) -> None:
    """Points and areas are MTEX's; its aspect ratios, of boundary vertices, agree in rank for grains of 50 points."""
    reference = np.load(shared_data / "ebsd" / "reference" / f"{name}_mtex.npz")
    mtex = pd.read_csv(shared_data / "ebsd" / "reference" / f"{name}_shape_5.csv")
    ids = reference["keep_5"]
    steps = (step * math.sqrt(3) / 2, step) if hexagonal else (step, step)
    table = grain_table(
        ids,
        reference["x"],
        reference["y"],
        reference["phase"],
        step_um=steps,
        is_hexagonal=hexagonal,
        cut_borders=ALL,
        growth_xy=None,
    )
    np.testing.assert_array_equal(table["pixels"], mtex["npx"])
    np.testing.assert_allclose(table["area_um2"], mtex["area"], rtol=2e-3)
    large = mtex["npx"] >= 50
    ours, theirs = (np.log(ratio[large]) for ratio in (table["aspect_ratio"], mtex["aspectratio"]))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_the_mean_aspect_ratio_leaves_cut_grains_out() -> None:
    """The mean is that of the whole grains, with an interval around it, and withheld where every grain is cut."""
    table = table_of(voronoi_labels(150, (200, 200), stretch=2.0, seed=1))
    (mean,) = shape_quantities(table)
    whole = table[~table["on_border"]]
    assert mean.value == pytest.approx(whole["aspect_ratio"].mean())
    assert mean.low < mean.value < mean.high
    (none,) = shape_quantities(table[table["on_border"]])
    assert math.isnan(none.value)
    assert none.note == "every grain is cut by the border"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_mirror_and_units(seed: int) -> None:
    """Mirrored maps keep shapes and turn long axes the other way; doubled steps scale each column by its unit."""
    ids = voronoi_labels(30, (40, 50), seed=seed)
    base, doubled = table_of(ids, (0.5, 0.4)), table_of(ids, (1.0, 0.8))
    for column in base.columns:
        power = 2 if column.endswith("_um2") else 1 if column.endswith("_um") else 0
        np.testing.assert_allclose(doubled[column], base[column].to_numpy(float) * 2.0**power, err_msg=column)
    mirrored = table_of(ids[:, ::-1], (0.5, 0.4))
    np.testing.assert_allclose(mirrored["aspect_ratio"], base["aspect_ratio"])
    turned = np.abs(
        np.exp(2j * np.radians(mirrored["long_axis_deg"])) - np.exp(-2j * np.radians(base["long_axis_deg"]))
    )
    assert np.nanmax(turned) < 1e-6
    np.testing.assert_array_equal(mirrored["on_border"], base["on_border"])


def test_wrong_inputs_are_named() -> None:
    """Arrays of different lengths and unknown borders are refused."""
    ids = np.ones(4, dtype=np.int32)
    with pytest.raises(MeasurementError, match="y_um: found 3 values for 4 points"):
        grain_table(
            ids, ids * 1.0, ids[:3] * 1.0, ids, step_um=(1, 1), is_hexagonal=False, cut_borders=ALL, growth_xy=None
        )
    with pytest.raises(MeasurementError, match="no such border as front"):
        table_of(ids.reshape(2, 2), cut_borders=("front",))
