"""Steps are laid on each other to a fraction of a step, grown grains or not, and what does not fit is refused."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sodalite.ebsd import Grid
from sodalite.errors import MeasurementError
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.series import SeriesPhantom, make_series
from sodalite.track.register import Scan, Transform, measure_transform, register

LIMITS = {"max_rotation_deg": 10.0, "max_residual_steps": 1.0, "min_overlap_fraction": 0.5}
STEP_UM = 0.5


@functools.cache
def grown(seed: int, lattice: str) -> SeriesPhantom:
    """Return three maps with drift, turn and points not indexed, whose grains grow."""
    scene = MapScene(unindexed_fraction=0.03, unindexed_boundary_fraction=0.2, lattice=lattice)  # type: ignore[arg-type]
    times = (0.0, 2.0, 6.0)
    return make_series((160, 200), STEP_UM, grains=80, times_h=times, growth_um2_h=3.0, seed=seed,
                       drift_um=3.0, turn_deg=2.0, scene=scene)  # fmt: skip


def scan_of(phantom: SeriesPhantom, step: int, picture: bool = False) -> Scan:
    """Return one step of a series as registration takes it."""
    ebsd = phantom.maps[step].ebsd
    grey = ebsd.on_grid(ebsd.quality["iq"], fill=0) if picture else None
    return Scan(ebsd.grid, phantom.maps[step].labels, grey, ebsd.name)


def true_transform(phantom: SeriesPhantom, reference: int, moving: int) -> Transform:
    """Return the planted transform between two steps."""
    first, second = (Transform.given(phantom.transforms[k]) for k in (reference, moving))
    return first.inverse().after(second)


def corner_error_steps(found: Transform, true: Transform, grid: Grid) -> float:
    """Return how far the worst corner of a map is off, in steps."""
    height, width = (grid.shape[0] - 1) * grid.spacing_um[0], (grid.shape[1] - 1) * grid.spacing_um[1]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]])
    return float(np.hypot(*(found.apply(corners) - true.apply(corners)).T).max()) / grid.spacing_um[1]


@pytest.mark.parametrize("picture", [False, True], ids=["boundaries", "picture"])
@pytest.mark.parametrize(("seed", "lattice"), [(0, "square"), (1, "hex")])
def test_planted_transforms_are_found(seed: int, lattice: str, picture: bool) -> None:
    """No corner is off by more than half a step, although grains grew and vanished."""
    phantom = grown(seed, lattice)
    for step in (1, 2):
        pair = (scan_of(phantom, step - 1, picture), scan_of(phantom, step, picture))
        found = register(*pair, kind="rigid", **LIMITS)
        assert found.source == ("picture" if picture else "boundaries")
        assert corner_error_steps(found, true_transform(phantom, step - 1, step), pair[0].grid) < 0.5
        assert found.residual_um < 0.5 * STEP_UM
        assert 0.7 < found.overlap_fraction < 1


def test_identical_steps_stay_where_they_are() -> None:
    """A map laid on itself does not move at all."""
    scan = scan_of(grown(0, "square"), 0)
    found = register(scan, scan, kind="rigid", **LIMITS)
    assert corner_error_steps(found, Transform.identity(), scan.grid) < 0.01
    assert found.residual_um == pytest.approx(0, abs=1e-3)
    assert found.overlap_fraction == pytest.approx(1, abs=0.01)


def test_a_large_rotation_is_found_when_asked_for() -> None:
    """A map turned by a right angle comes back."""
    first = scan_of(grown(0, "square"), 0)
    assert first.labels is not None
    turned = np.ascontiguousarray(np.rot90(first.labels))
    second = Scan(Grid("square", turned.shape, first.grid.spacing_um, (0.0, 0.0)), turned)
    found = register(first, second, kind="rigid", **LIMITS | {"max_rotation_deg": 180.0})
    assert abs(found.rotation_deg) == pytest.approx(90, abs=0.05)
    assert found.overlap_fraction > 0.98


def test_a_stretch_is_found_by_the_affine_transform() -> None:
    """One map sampled with another step along y comes back with the ratio of the steps."""
    phantom = grown(0, "square")
    first, stretched = scan_of(phantom, 0), scan_of(phantom, 1)
    second = stretched._replace(grid=Grid("square", stretched.grid.shape, (0.97 * STEP_UM, STEP_UM), (0.0, 0.0)))
    found = register(first, second, kind="affine", **LIMITS)
    true = true_transform(phantom, 0, 1).after(Transform.given(np.diag([1, 1 / 0.97, 1])[:2]))
    assert corner_error_steps(found, true, second.grid) < 0.5


def test_doubling_the_step_doubles_the_shift() -> None:
    """The rotation stays, lengths follow the unit."""
    phantom = grown(0, "square")
    small = [scan_of(phantom, step) for step in (0, 1)]
    large = [s._replace(grid=Grid("square", s.grid.shape, (1.0, 1.0), (0.0, 0.0))) for s in small]
    one, two = (register(*pair, kind="rigid", **LIMITS) for pair in (small, large))
    np.testing.assert_allclose(two.matrix[:, 2], 2 * one.matrix[:, 2], atol=1e-3)
    np.testing.assert_allclose(two.matrix[:, :2], one.matrix[:, :2], atol=1e-5)
    assert two.residual_um == pytest.approx(2 * one.residual_um, rel=1e-3)


@pytest.mark.parametrize("factor", [0.6, 1.7], ids=["smaller", "larger"])
def test_another_magnification_is_refused(factor: float) -> None:
    """A rigid transform cannot bring two scales together, and the sentence says what to look at."""
    phantom = grown(0, "square")
    second = scan_of(phantom, 1)
    grid = Grid("square", second.grid.shape, (factor * STEP_UM, factor * STEP_UM), (0.0, 0.0))
    with pytest.raises(MeasurementError, match=r"step_01: does not fit on step_00.*magnification"):
        register(scan_of(phantom, 0), second._replace(grid=grid), kind="rigid", **LIMITS)


def test_another_place_is_refused() -> None:
    """Two polycrystals that have nothing to do with each other do not fit."""
    with pytest.raises(MeasurementError, match=r"step_01: does not fit on step_00"):
        register(scan_of(grown(0, "square"), 0), scan_of(grown(1, "hex"), 1), kind="rigid", **LIMITS)


def test_a_picture_that_does_not_survive_is_left_for_boundaries() -> None:
    """When the grey levels of a step are noise the grains decide."""
    phantom = grown(0, "square")
    noise = np.random.default_rng(0).normal(size=phantom.maps[1].labels.shape)
    second = scan_of(phantom, 1)._replace(picture=noise)
    found = register(scan_of(phantom, 0, picture=True), second, kind="rigid", **LIMITS)
    assert found.source == "boundaries"
    assert corner_error_steps(found, true_transform(phantom, 0, 1), second.grid) < 0.5


def test_a_given_transform_is_measured_not_changed() -> None:
    """The true one leaves little, one that is three steps off leaves three."""
    phantom = grown(0, "square")
    pair = (scan_of(phantom, 0), scan_of(phantom, 1))
    true = true_transform(phantom, 0, 1)
    assert measure_transform(*pair, true).residual_um < 0.5 * STEP_UM
    off = Transform.given(true.matrix + np.array([[0, 0, 3 * STEP_UM], [0, 0, 0]]))
    measured = measure_transform(*pair, off)
    assert measured.residual_um == pytest.approx(3 * STEP_UM, rel=0.15)
    np.testing.assert_array_equal(measured.matrix, off.matrix)


def test_transforms_are_a_group() -> None:
    """A transform after its inverse is none, and one after another is both."""
    turn = Transform.given([[0.8, -0.6, 3.0], [0.6, 0.8, -2.0]])
    points = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(turn.inverse().apply(turn.apply(points)), points, atol=1e-12)
    np.testing.assert_allclose(turn.after(turn).apply(points), turn.apply(turn.apply(points)), atol=1e-12)
    assert turn.rotation_deg == pytest.approx(np.degrees(np.arctan2(0.6, 0.8)))
    with pytest.raises(MeasurementError, match="2 x 3"):
        Transform.given(np.eye(3))
    with pytest.raises(MeasurementError, match="flattens"):
        Transform.given([[1, 2, 0], [2, 4, 0]])


def test_steps_without_anything_to_compare_are_refused() -> None:
    """A step that is only a picture and one that is only grains cannot be laid on each other."""
    phantom = grown(0, "square")
    with pytest.raises(MeasurementError, match="neither picture nor grains in common"):
        register(scan_of(phantom, 0), scan_of(phantom, 1, True)._replace(labels=None), kind="rigid", **LIMITS)
