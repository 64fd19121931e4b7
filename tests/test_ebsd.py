"""The EBSD map, its grid, phases and frames, against orix, closed forms and twins in real maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.ebsd import (
    FRAMES,
    EbsdMap,
    Phase,
    fit_grid,
    frame_alternatives,
    frame_axes,
    laue_from_space_group,
    laue_from_symbol,
    proper_operators,
    quaternions_from_euler,
    quaternions_in_map_frame,
)
from sodalite.ebsd.frames import euler_from_quaternions
from sodalite.errors import CalibrationError, ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

NICKEL = Phase("Ni", "m-3m", (3.52, 3.52, 3.52, 90.0, 90.0, 90.0), 225)


def turned(quaternion: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return ``q v q*`` by the matrix of a quaternion, row by row."""
    w, v = quaternion[:, :1], quaternion[:, 1:]
    return vectors + 2 * np.cross(v, np.cross(v, vectors) + w * vectors)


def square(rows: int, columns: int, step: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a full square grid, row by row."""
    return np.tile(step * np.arange(columns), rows), np.repeat(step * np.arange(rows), columns)


def hexagonal(rows: int, columns: int, step: float, first: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of a hexagonal grid whose rows of parity `first` are shifted and one point shorter."""
    places = [(j, i) for j in range(rows) for i in range(columns - (j % 2 == first))]
    row, column = np.array(places).T
    return step * (column + 0.5 * (row % 2 == first)), step * np.sqrt(3) / 2 * row


def simple_map(rows: int = 4, columns: int = 5, **changes: object) -> EbsdMap:
    """Return a small square map with one phase and random orientations."""
    x, y = square(rows, columns)
    euler = np.random.default_rng(1).uniform(0, 3, (x.size, 3))
    given_fields = {"frame": "tsl", "name": "small", "quality": {"ci": np.linspace(0, 1, x.size, dtype=np.float32)}}
    return EbsdMap.from_points(euler, np.ones(x.size, np.int16), [NICKEL], x, y, **(given_fields | changes))  # type: ignore[arg-type]


def test_quaternions_are_those_of_orix() -> None:
    """Bunge angles give orix's specimen-to-crystal rotations to the last bit but one, and come back."""
    from orix.quaternion import Rotation

    euler = np.random.default_rng(0).uniform(0, 1, (500, 3)) * [2 * np.pi, np.pi, 2 * np.pi]
    quaternions = quaternions_from_euler(euler)
    assert np.abs(quaternions - Rotation.from_euler(euler).data).max() < 1e-15
    np.testing.assert_allclose(euler_from_quaternions(quaternions), euler, atol=1e-12)


@pytest.mark.parametrize("tilt", [0.0, np.pi])
def test_degenerate_angles_come_back_as_the_same_rotation(tilt: float) -> None:
    """Where only the sum or difference of phi1 and phi2 counts, the rotation survives."""
    quaternions = quaternions_from_euler(np.array([[0.7, tilt, 0.4]]))
    again = quaternions_from_euler(euler_from_quaternions(quaternions))
    assert abs(abs((quaternions * again).sum()) - 1) < 1e-12


@pytest.mark.parametrize(
    ("group", "order", "name"),
    [
        *[("1", 1, "C1"), ("222", 4, "D2"), ("4", 4, "C4"), ("422", 8, "D4"), ("3", 3, "C3"), ("32", 6, "D3")],
        *[("6", 6, "C6"), ("622", 12, "D6"), ("23", 12, "T"), ("432", 24, "O"), ("2", 2, "C2y")],
    ],
)
def test_operators_are_those_of_orix(group: str, order: int, name: str) -> None:
    """Each proper group has its order and the elements that orix lists."""
    from orix.quaternion import symmetry

    ours, theirs = proper_operators(group), getattr(symmetry, name).data
    assert len(ours) == len(theirs) == order
    assert np.abs(ours @ theirs.T).max(axis=1).min() > 1 - 1e-12


def test_the_twofold_axis_of_a_monoclinic_crystal_follows_its_lattice() -> None:
    """It is c where gamma alone is oblique, as in the first setting of TSL files, and b without a lattice."""
    axes = {(90.0, 90.0, 100.0): 3, (90.0, 100.0, 90.0): 2, (80.0, 90.0, 90.0): 1, (80.0, 90.0, 100.0): 2}
    for angles, axis in axes.items():
        assert Phase("m", "2/m", (9.8, 8.8, 5.4, *angles)).operators[1, axis] == pytest.approx(1)
    assert Phase("m", "2/m").operators[1, 2] == pytest.approx(1)


def test_trigonal_axes_turn_with_the_setting() -> None:
    """With x along a* the twofold axes of 32 stand 30 degrees from those with x along a."""
    along_a, along_a_star = (Phase("quartz", "-3m", x_axis=axis).operators for axis in ("a", "a*"))
    axes = [group[np.abs(group[:, 0]) < 1e-9][:, 1:3] for group in (along_a, along_a_star)]
    angles = [np.sort(np.rad2deg(np.arctan2(pair[:, 1], pair[:, 0])) % 60) for pair in axes]
    np.testing.assert_allclose((angles[0] + 30) % 60, angles[1] % 60, atol=1e-6)


@pytest.mark.parametrize(
    ("number", "laue"),
    [(1, "-1"), (15, "2/m"), (62, "mmm"), (152, "-3m"), (194, "6/mmm"), (214, "m-3m"), (229, "m-3m")],
)
def test_space_groups_have_their_laue_group(number: int, laue: str) -> None:
    """Numbers of the International Tables fall into the right class."""
    assert laue_from_space_group(number) == laue


@pytest.mark.parametrize(
    ("text", "laue"),
    [
        ("43", "m-3m"),
        ("62", "6/mmm"),
        ("20", "2/m"),
        ("1 2/m 1", "2/m"),
        ("M3M", "m-3m"),
        ("Cubic (Oh) [m3m]", "m-3m"),
        ("nonsense", None),
    ],
)
def test_symbols_and_tsl_codes_are_understood(text: str, laue: str | None) -> None:
    """Point groups as TSL, EDAX and orix write them."""
    assert laue_from_symbol(text) == laue


@pytest.mark.parametrize("frame", FRAMES)
def test_a_known_direction_lands_where_the_frame_says(frame: str) -> None:
    """A cube with [100] along x of the frame has it along that axis on the map, to 0.01 degree, at any turn."""
    for turn in np.deg2rad([0, 17, 90]):
        about_x = np.array([[np.cos(turn / 2), -np.sin(turn / 2), 0, 0]])
        on_map = quaternions_in_map_frame(about_x, frame)
        crystal = turned(on_map, frame_axes(frame)[:, :1].T)
        assert np.rad2deg(np.arccos(np.clip(crystal @ [1, 0, 0], -1, 1))) < 0.01


@pytest.mark.parametrize("frame", FRAMES)
def test_frames_that_are_told_to_show_the_same_do(frame: str) -> None:
    """Along x, y and z of the map a crystal with a centre shows the same plane, or x and y change places."""
    quaternions = quaternions_from_euler(np.random.default_rng(5).uniform(0, 3, (50, 3)))
    same, _ = frame_alternatives(frame).split(" with the same")
    on_map = {name: quaternions_in_map_frame(quaternions, name) for name in FRAMES}
    seen = {name: [turned(q, np.broadcast_to(axis, (50, 3))) for axis in np.eye(3)] for name, q in on_map.items()}
    for name in FRAMES:
        order = (0, 1, 2) if name in (frame, *same.split(", ")) else (1, 0, 2)
        cosines = [(seen[frame][axis] * seen[name][other]).sum(axis=1) for axis, other in enumerate(order)]
        assert np.allclose(np.abs(cosines), 1)


def test_tsl_and_channel5_differ_by_ninety_degrees_about_the_normal() -> None:
    """EMsoft turns HKL angles into TSL angles by adding 90 degrees to phi1."""
    hkl = np.array([[0.3, 0.8, 1.1]])
    tsl = np.array([[0.3 + np.pi / 2, 0.8, 1.1]])
    a = quaternions_in_map_frame(quaternions_from_euler(hkl), "channel5")
    b = quaternions_in_map_frame(quaternions_from_euler(tsl), "tsl")
    assert abs((a * b).sum()) == pytest.approx(1.0, abs=1e-12)


def twin_trace_errors(ebsd: EbsdMap) -> np.ndarray:
    """Return angles in degrees between sigma-3 boundaries and the traces of their common {111} planes on the map."""
    from scipy.spatial import cKDTree

    rows, columns = ebsd.shape
    quaternions, indexed = ebsd.map_quaternions.reshape(rows, columns, 4), ebsd.indexed.reshape(rows, columns)
    places, normals = [], []
    for here, there, shift in (
        (np.s_[:, :-1], np.s_[:, 1:], (0.0, 0.5)),
        (np.s_[:-1], np.s_[1:], (0.5, 0.0)),
    ):
        row, column = np.nonzero(indexed[here] & indexed[there])
        a, b = quaternions[here][row, column], quaternions[there][row, column]
        far = np.abs((a * b).sum(axis=1)) < np.cos(np.deg2rad(5))
        is_twin, normal = common_plane(a[far], b[far])
        places.append(np.stack((row[far][is_twin] + shift[0], column[far][is_twin] + shift[1]), axis=1))
        normals.append(normal[is_twin])
    place, normal = np.concatenate(places), np.concatenate(normals)
    errors = []
    for i, near in enumerate(cKDTree(place).query_ball_point(place, 8)):
        same = np.array(near)[np.abs(normal[near] @ normal[i]) > np.cos(np.deg2rad(8))]
        across, along = np.linalg.eigh(np.cov(place[same].T)) if same.size >= 10 else (np.ones(2), np.eye(2))
        if across[0] > 0.05 * across[1] or np.hypot(*normal[i, :2]) < 0.7:
            continue
        sine = (normal[i, 0] * along[1, 1] + normal[i, 1] * along[0, 1]) / np.hypot(*normal[i, :2])
        errors.append(np.rad2deg(np.arcsin(min(1.0, abs(sine)))))
    return np.array(errors)


def common_plane(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether pairs of cubic orientations are twins (60 degrees about <111>) and their axis on the map."""
    best, axis = np.zeros(len(a)), np.zeros((len(a), 3))
    inverse = a * [1, -1, -1, -1]
    for operator in proper_operators("432"):
        difference = product(product(np.broadcast_to(operator, b.shape), b), inverse)
        for direction in np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / np.sqrt(3):
            for sign in (1, -1):
                fit = np.abs(difference @ np.concatenate(([np.cos(np.pi / 6)], sign * np.sin(np.pi / 6) * direction)))
                axis[fit > best], best = direction, np.maximum(fit, best)
    return np.rad2deg(2 * np.arccos(np.minimum(best, 1))) < 3, turned(inverse, axis)


def product(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the quaternion products of rows."""
    scalar = p[:, :1] * q[:, :1] - (p[:, 1:] * q[:, 1:]).sum(axis=1, keepdims=True)
    return np.concatenate((scalar, p[:, :1] * q[:, 1:] + q[:, :1] * p[:, 1:] + np.cross(p[:, 1:], q[:, 1:])), axis=1)


@pytest.mark.parametrize(
    "name",
    [
        "defdap/testDataEBSD.crc",
        "ebsdlib/Out_Of_Order.ang",
        "ebsdlib/EdaxAngOnly.h5",
        "dream3d/Small_IN100_Slice1.dream3d",
    ],
)
def test_twin_boundaries_run_along_their_planes(name: str, shared_data: Path) -> None:
    """In maps of four vendors coherent twins of nickel lie along {111}: nine of ten traces within 10 degrees.

    A frame turned by 90 degrees or mirrored leaves at most three of ten.
    """
    errors = twin_trace_errors(read_ebsd(shared_data / "ebsd" / name))
    assert len(errors) > 500
    assert np.mean(errors < 10) > 0.9


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(2, 12),
    columns=st.integers(2, 12),
    step=st.floats(0.003, 500),
    origin=st.floats(-1e3, 1e3),
    seed=st.integers(0, 2**31),
)
def test_grids_are_found_whatever_the_order(rows: int, columns: int, step: float, origin: float, seed: int) -> None:
    """Shape and step of a square grid do not depend on order, scale or origin."""
    x, y = square(rows, columns, step)
    order = np.random.default_rng(seed).permutation(x.size)
    fitted = fit_grid(x[order] + origin, y[order] - origin, step_um=None)
    assert fitted is not None
    grid, back = fitted
    assert (grid.kind, grid.shape) == ("square", (rows, columns))
    np.testing.assert_allclose(grid.spacing_um, step, rtol=1e-6)
    assert np.array_equal(order if back is None else order[back], np.arange(x.size))


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("decimals", [5, 2])
def test_hexagonal_grids_are_found(first: int, decimals: int) -> None:
    """Short rows are not missing points, and rounding as in files does no harm."""
    x, y = hexagonal(21, 14, 0.1, first)
    fitted = fit_grid(np.round(x, decimals), np.round(y, decimals), step_um=None)
    assert fitted is not None
    grid, order = fitted
    assert (grid.kind, grid.shape, grid.shifted_parity, grid.missing) == ("hex", (21, 14), first, 0)
    np.testing.assert_allclose(grid.spacing_um, (0.0866, 0.1), rtol=0.005)
    assert order is None
    assert np.array_equal(grid.row, np.concatenate([[j] * (14 - (j % 2 == first)) for j in range(21)]))


@pytest.mark.parametrize("origin", [0.0, 70_000.0, -5e6])
def test_fine_steps_are_found_far_from_the_origin(origin: float) -> None:
    """Stage coordinates of 70 mm written with four decimals hold steps of 20 nm, float32 ones their rounding."""
    x, y = square(7, 9, step=0.02)
    fitted = fit_grid(np.round(x + origin, 4), np.round(y + origin, 4), step_um=None)
    assert fitted is not None
    assert (fitted[0].shape, fitted[0].spacing_um) == ((7, 9), pytest.approx((0.02, 0.02)))
    x, y = square(7, 9, step=30.0)
    blurred = np.float64(
        np.float32(x + origin) * np.float32(1 + 1e-7 * np.random.default_rng(1).integers(-1, 2, x.size))
    )
    fitted = fit_grid(blurred, y, step_um=None)
    assert fitted is not None
    assert fitted[0].shape == (7, 9)


def test_rows_that_repeat_tell_what_all_points_tell() -> None:
    """The first row and column of a raster give the grid of all points, rounded or with places missing in all rows."""
    for places in ([0.0, 0.5, 1.0, 1.5], [0.0, 0.31, 0.61, 0.91], [0.0, 0.5, 2.0, 2.5], [1.5, 1.0, 0.5, 0.0], [3.0]):
        x, y = np.tile(places, 6), np.repeat([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], len(places))
        shuffled = np.random.default_rng(0).permutation(x.size)
        (plain, order), (found, _) = (fit_grid(x[k], y[k], step_um=(0.5, 0.5)) for k in (slice(None), shuffled))
        assert order is None or places[0] > places[-1]
        for part in ("shape", "spacing_um", "origin_um", "residual_fraction", "lattice"):
            assert getattr(plain, part) == getattr(found, part)
        assert (plain.node is None) == (found.node is None)


def test_sparse_grids_know_what_is_missing() -> None:
    """A third of the points is enough, and dense views show the rest as filled."""
    x, y = square(20, 30)
    keep = np.random.default_rng(3).permutation(x.size)[:200]
    values = np.arange(x.size)[keep]
    ebsd = EbsdMap.from_points(
        np.zeros((200, 3)), np.ones(200, np.int16), [NICKEL], x[keep], y[keep], frame="map", name="sparse",
        quality={"number": values},
    )  # fmt: skip
    assert (ebsd.grid.kind, ebsd.shape, ebsd.grid.missing) == ("sparse-square", (20, 30), 400)
    dense = ebsd.on_grid(ebsd.quality["number"], fill=-1)
    assert np.array_equal(np.flatnonzero(dense.ravel() >= 0), np.sort(values))
    assert np.array_equal(dense.ravel()[np.sort(values)], np.sort(values))


def test_free_points_and_doubled_points_are_refused() -> None:
    """Scattered coordinates make no grid, and one place holds one point."""
    x, y = np.random.default_rng(0).uniform(0, 1000, (2, 500)).round(2)
    assert fit_grid(x, y, step_um=None) is None
    with pytest.raises(ReadError, match="already taken"):
        fit_grid(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]), step_um=None)
    with pytest.raises(CalibrationError, match="step_um"):
        fit_grid(np.zeros(1), np.zeros(1), step_um=None)


def test_rows_that_are_turned_or_sheared_make_no_grid() -> None:
    """A raster turned by 45 degrees, a sheared one and hexagons in columns have no neighbours along x or y."""
    column, row = (values.ravel().astype(float) for values in np.meshgrid(np.arange(12), np.arange(10)))
    hexagons = (row * np.sqrt(0.75), column + 0.5 * (row % 2))
    for x, y in ((column - row, column + row), (2 * column - 0.5 * row, -0.5 * row), hexagons):
        assert fit_grid(x, y, step_um=None) is None
    few = np.random.default_rng(0).random(column.size) < 0.3
    assert fit_grid(column[few], row[few], step_um=None) is not None


def test_a_line_scan_takes_the_step_it_has() -> None:
    """One row has no step across: the header's is taken, else that along the row."""
    for stated, expected in ((None, 0.5), ((0.5, 2.0), 2.0)):
        fitted = fit_grid(0.5 * np.arange(10), np.zeros(10), step_um=stated)
        assert fitted is not None
        assert (fitted[0].shape, fitted[0].spacing_um) == ((1, 10), (expected, 0.5))


def test_maps_go_to_orix_and_back() -> None:
    """Orientations, phases, positions and qualities survive the door to orix."""
    ebsd = simple_map()
    again = EbsdMap.from_orix(ebsd.to_orix(), frame="tsl", name="small")
    np.testing.assert_allclose(np.abs((again.quaternions * ebsd.quaternions).sum(axis=1)), 1, atol=1e-12)
    assert (again.shape, again.step_um, again.phases[0].laue_group) == (ebsd.shape, ebsd.step_um, "m-3m")
    assert np.array_equal(again.quality["ci"], ebsd.quality["ci"])
    assert np.array_equal(again.phase_id, ebsd.phase_id)


def test_orix_sees_the_same_orientation_distances() -> None:
    """Disorientations by our operators equal orix's."""
    from sodalite.ebsd.orix_door import orix_orientations

    quaternions = simple_map().quaternions
    a, b = quaternions[:10], quaternions[10:]
    theirs = orix_orientations(a, NICKEL).angle_with(orix_orientations(b, NICKEL), degrees=True)
    difference = product(b, a * [1, -1, -1, -1])
    cosine = np.abs(difference @ (NICKEL.operators * [1, -1, -1, -1]).T).max(axis=1)
    np.testing.assert_allclose(np.rad2deg(2 * np.arccos(np.minimum(cosine, 1))), theirs, atol=1e-4)


def test_sparse_maps_reach_orix_and_hexagonal_ones_are_refused() -> None:
    """Missing places are masked in orix; a hexagonal grid, which orix lacks, is a clear error."""
    x, y = square(6, 6)
    keep = np.delete(np.arange(36), [7, 20])
    kept = EbsdMap.from_points(
        np.zeros((34, 3)), np.ones(34, np.int16), [NICKEL], x[keep], y[keep], frame="map", name="m"
    )
    assert kept.to_orix().is_in_data.sum() == 34
    x, y = hexagonal(4, 4, 1.0)
    hexes = EbsdMap.from_points(np.zeros((len(x), 3)), np.ones(len(x), np.int16), [NICKEL], x, y, frame="map", name="h")
    with pytest.raises(ReadError, match="hex"):
        hexes.to_orix()


def test_a_phase_without_symmetry_says_so() -> None:
    """Operators of an unknown Laue group are not guessed; other phases can be given."""
    ebsd = simple_map().with_phases([Phase("something")])
    with pytest.raises(ReadError, match="no symmetry"):
        _ = ebsd.phases[0].operators
    with pytest.raises(ReadError, match="2 phases were given"):
        ebsd.with_phases([NICKEL, NICKEL])
    with pytest.raises(ReadError, match="no Laue group"):
        Phase("x", "432")


def test_columns_of_unequal_length_and_wrong_numbers_are_refused() -> None:
    """Broken maps cannot be built."""
    with pytest.raises(ReadError, match="ci has 3 values"):
        simple_map(quality={"ci": np.zeros(3)})
    with pytest.raises(ReadError, match="unknown"):
        simple_map(frame="upside down")
