"""Corrections of the pixels of a step, taken back to the points of its own map."""

from __future__ import annotations

import numpy as np
import pytest

from napari_sodalite.measurements import regrouped_count
from napari_sodalite.series_rasters import Seat, SeriesRaster
from sodalite.phantoms.maps import make_map
from sodalite.pipelines.coarsening_pictures import StepParts
from sodalite.track.transform import Transform


@pytest.mark.parametrize("lattice", ["square", "hex"])
def test_a_grain_changes_beyond_the_pixels_and_a_stroke_within(lattice: str) -> None:
    """A step that drifted out of the frame by half: a grain merged as a whole, another cut by a stroke."""
    ebsd = make_map((40, 60), 0.5, grains=30, seed=3, lattice=lattice).ebsd
    ids = np.add.outer(np.arange(ebsd.shape[0]) // 8 * 10, np.arange(ebsd.shape[1]) // 8).astype(np.uint32) + 1
    step = StepParts(1, "later", ebsd, ids, Transform.given([[1, 0, 15.0], [0, 1, 0.0]]))
    raster = SeriesRaster.of(ebsd.grid)._replace(seats={1: Seat(ebsd.grid, step.to_first)})
    laid = raster.lay(step, "z")
    assert laid is not None
    before = laid[1]
    np.testing.assert_array_equal(raster.take_back(1, before, before, ids), ids)
    merged = np.where(before == 4, 3, before)
    np.testing.assert_array_equal(raster.take_back(1, merged, before, ids), np.where(ids == 4, 3, ids))
    half = before.copy()
    half[: half.shape[0] // 2, -40:] = 99
    cut = raster.take_back(1, half, before, ids)
    assert 0 < np.count_nonzero(cut == 99) < np.count_nonzero(ids < 99) / 4
    np.testing.assert_array_equal(cut[cut != 99], ids[cut != 99])


def test_points_count_as_moved_however_grains_are_numbered() -> None:
    """A merge moves the smaller grain, a cut the smaller part, a deletion all; other numbers move nothing."""
    before = np.repeat(np.array([0, 1, 2, 3]), (5, 10, 20, 30))
    assert regrouped_count(np.array([0, 7, 3, 1])[before], before) == 0
    assert regrouped_count(np.where(before == 2, 1, before), before) == 10
    assert regrouped_count(np.where(before == 3, 0, before), before) == 30
    assert regrouped_count(np.where(np.arange(65) >= 55, 8, before), before) == 10
