"""Sparse maps with all their places: inside the hull of the points each has one, outside none, nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from polycrystals import hexagonal, polycrystal, square
from sodalite.ebsd import EbsdMap, Grid, Phase
from sodalite.ebsd.frames import euler_from_quaternions
from sodalite.ebsd.neighbours import places_um
from sodalite.pipelines.grains import Grains

SODIUM = Phase("Sodium", "m-3m")


def map_of(grid: Grid, kept: np.ndarray) -> tuple[EbsdMap, EbsdMap]:
    """Return a full map of a few grains and the same with the kept points alone."""
    quaternions, _ = polycrystal(grid, 8, 0.5, seed=2)
    x_um, y_um = places_um(grid).T + 3.0
    euler_rad, phase_id = euler_from_quaternions(quaternions), np.ones(x_um.size, np.int16)
    ci = np.linspace(0.1, 1, x_um.size, dtype=np.float32)

    def part(k: np.ndarray) -> EbsdMap:
        rest = {"frame": "map", "name": "m", "quality": {"ci": ci[k]}}
        return EbsdMap.from_points(euler_rad[k], phase_id[k], [SODIUM], x_um[k], y_um[k], **rest)  # type: ignore[arg-type]

    return part(np.ones(x_um.size, bool)), part(kept)


@pytest.mark.parametrize("grid", [square(20, 24), hexagonal(20, 24), hexagonal(21, 24, parity=0)], ids=str)
def test_places_among_the_points_get_one_that_is_not_indexed(grid: Grid) -> None:
    """The grid is that of the full map, places are where its points are, and the points keep their values."""
    kept = np.random.default_rng(3).random(grid.row.size) < 0.6
    kept |= np.isin(grid.row, (0, grid.shape[0] - 1)) | np.isin(grid.col, (0, grid.shape[1] - 1, grid.shape[1] - 2))
    full, sparse = map_of(grid, kept)
    whole = sparse.with_empty_places()
    assert (whole.size, whole.grid.missing, whole.shape) == (full.size, 0, full.shape)
    np.testing.assert_allclose(np.stack((whole.x_um, whole.y_um)), np.stack((full.x_um, full.y_um)), atol=1e-9)
    np.testing.assert_array_equal(whole.indexed, kept)
    np.testing.assert_array_equal(whole.euler_rad[kept], full.euler_rad[kept])
    np.testing.assert_array_equal(whole.quality["ci"], np.where(kept, full.quality["ci"], 0))
    assert full.with_empty_places() is full


def test_places_outside_the_hull_stay_empty() -> None:
    """A round area measured in part: its corners have no point afterwards either."""
    grid = square(31, 31)
    radius = np.hypot(grid.row - 15, grid.col - 15)
    _, sparse = map_of(grid, (radius <= 15) & ((grid.row + grid.col) % 3 > 0))
    whole = sparse.with_empty_places()
    distance = np.hypot(whole.x_um - 10.5, whole.y_um - 10.5) / 0.5
    assert distance.max() < 15.8
    assert whole.size > 0.99 * np.count_nonzero(radius <= 14)


def test_filling_a_sparse_map_measures_what_gaps_hid() -> None:
    """Without points at seams boundaries are withheld; filled they are as long as those of the full map to 5 %."""
    grid = square(60, 60)
    full, _ = map_of(grid, np.ones(3600, bool))
    labels = Grains().segment(full)
    seam = np.zeros_like(labels, dtype=bool)
    for axis in (0, 1):
        for step in (1, -1):
            seam |= np.roll(labels, step, axis=axis) != labels
    inner = (grid.row > 0) & (grid.row < 59) & (grid.col > 0) & (grid.col < 59)
    _, sparse = map_of(grid, ~(seam.ravel() & inner))
    gaps, filled = (Grains(fill=fill).run(sparse)["boundary_length_density"] for fill in (False, True))
    assert "fill the map first" in gaps.note
    assert filled.value == pytest.approx(Grains().run(full)["boundary_length_density"].value, rel=0.05)
    result = Grains(fill=True).run(sparse)
    assert result["indexed_fraction"].value == 1.0
    assert (result.labels["labels"] > 0).all()
