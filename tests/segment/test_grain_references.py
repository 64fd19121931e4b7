"""Grains of real maps against label maps of other programs, exactly: one row a map and threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from sodalite.measure.grain_orientation import grod_deg, kam_deg, mean_by_grain, mean_orientations
from sodalite.measure.misorientation import disorientation_deg
from sodalite.read import read_ebsd
from sodalite.segment.grain_fill import find_filled_grains
from sodalite.segment.grain_merge import merge_twins
from sodalite.segment.grains import find_grains
from sodalite.segment.numbering import numbered_as_met

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.ebsd import EbsdMap
from sodalite.ebsd.neighbours import edges_between


class Reference(NamedTuple):
    """A file, its groups where it names none, and grain counts at 5, 10, 15 degrees: kept apart and filled."""

    path: str
    keep: tuple[int, ...]
    fill: tuple[int, ...]
    groups: tuple[str, ...] = ()


MAPS = {
    "twins_mg": Reference("mtex/twins.ctf", (126, 125, 121), (126, 125, 121)),
    "titanium_hex": Reference("mtex/titanium.txt", (89, 87, 85), (89, 87, 85), ("622",)),
    "dc06": Reference("mtex/DC06_2uniax.ang", (36, 29, 24), (36, 29, 24)),
    "defdap_ni": Reference("defdap/testDataEBSD.crc", (141, 137, 137), (141, 137, 137)),
    "payton1": Reference("payton/Example_Data1.ctf", (86, 86, 80), (86, 86, 80)),
    "in100_s1": Reference("ebsdlib/Out_Of_Order.ang", (4213, 4127, 3978), (4209, 4116, 3957)),
    "adi_hex": Reference("pyebsd/ADI_bcc_fcc_cropped.ang", (497, 487, 477), (494, 484, 474)),
    "sdss": Reference("orix-data/sdss_ferrite_austenite.ang", (142, 140, 139), (142, 140, 139)),
    "heat970_ti": Reference("lightform/HeatingRun1_970C_2um.crc", (2258, 2028, 1850), (1359, 1065, 910)),
    "x0_ti": Reference("vbluemer/x0.ctf", (21, 20, 14), (21, 20, 14)),
    "ti64": Reference("pymicro/Ti64-200x200.ang", (359, 270, 202), (359, 270, 202)),
    # trigonal crystals with x along a*: their twofold axes lie along y
    "mylonite": Reference("mtex/P5629U1.txt", (), (4850, 4735, 4675), ("1", "312", "2", "2")),
}
THRESHOLDS = (5, 10, 15)
KEPT = [(name, k) for name, each in MAPS.items() for k in range(len(each.keep))]
# the reference cuts cells along the hull of the indexed points, here the frame of the map does: in100_s1 has a border
# that is not indexed, where two pairs between 10 and 15 degrees face each other outside that hull
FILLED = [(name, k) for name in MAPS for k in range(3) if (name, k) != ("in100_s1", 2)]


def groups_of(ebsd: EbsdMap, name: str) -> tuple[str | np.ndarray, ...]:
    """Return the proper group of each phase."""
    return MAPS[name].groups or tuple(phase.operators for phase in ebsd.phases)


def load(shared_data: Path, name: str) -> tuple[EbsdMap, tuple[str | np.ndarray, ...], dict[str, np.ndarray]]:
    """Return a map, the groups of its phases and the reference arrays."""
    ebsd = read_ebsd(shared_data / "ebsd" / MAPS[name].path)
    with np.load(shared_data / "ebsd" / "reference" / f"{name}_mtex.npz") as reference:
        return ebsd, groups_of(ebsd, name), dict(reference)


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two label maps differ by the names of the labels only."""
    pairs = np.unique(np.stack((one.astype(np.int64), other.astype(np.int64))), axis=1)
    return len(np.unique(pairs[0])) == pairs.shape[1] == len(np.unique(pairs[1]))


@pytest.mark.parametrize(("name", "k"), KEPT)
def test_grains_are_those_of_the_reference(shared_data: Path, name: str, k: int) -> None:
    """Flood fill gives the reference's partition of the indexed points, for one thread and for three."""
    ebsd, groups, reference = load(shared_data, name)
    labels = find_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=THRESHOLDS[k])
    assert labels.max() == MAPS[name].keep[k]
    assert same_partition(labels[ebsd.indexed], reference[f"keep_{THRESHOLDS[k]}"][ebsd.indexed])
    again = find_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=THRESHOLDS[k], threads=3)
    np.testing.assert_array_equal(again, labels)


@pytest.mark.parametrize(("name", "k"), FILLED)
def test_filled_grains_are_those_of_the_reference(shared_data: Path, name: str, k: int) -> None:
    """With gaps filled by Voronoi cells the partition of the indexed points is the reference's."""
    ebsd, groups, reference = load(shared_data, name)
    labels = find_filled_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=THRESHOLDS[k])
    assert labels.min() > 0
    assert labels.max() == MAPS[name].fill[k]
    assert same_partition(labels[ebsd.indexed], reference[f"fill_{THRESHOLDS[k]}"][ebsd.indexed])


@pytest.mark.parametrize(("min_pixels", "grains"), [(0, 141), (10, 109), (100, 76)])
def test_grains_are_those_of_defdap(shared_data: Path, min_pixels: int, grains: int) -> None:
    """Grains at 5 degrees with small ones dropped are those of DefDAP's own expected output, number by number."""
    ebsd, groups, _ = load(shared_data, "defdap_ni")
    labels = find_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    large = np.bincount(labels)[labels] >= min_pixels
    labels = ebsd.on_grid(numbered_as_met(np.where(large, labels, 0)), fill=0).astype(np.int64)
    with np.load(shared_data / f"ebsd/defdap/expected_output/ebsd_grains_5deg_{min_pixels}.npz") as expected:
        wanted = expected[expected.files[0]]
    assert labels.max() == grains
    np.testing.assert_array_equal(labels, np.where(wanted < 0, 0, wanted))


def test_grains_are_those_of_pymicro_and_of_the_titanium_file(shared_data: Path) -> None:
    """The 359 grains of pymicro at 5 degrees and the column grainId of the hexagonal map at 15 degrees."""
    import h5py

    ebsd, groups, _ = load(shared_data, "ti64")
    labels = find_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    with h5py.File(shared_data / "ebsd/pymicro/Ti64-200x200_data.h5") as file:
        wanted = np.squeeze(file["CellData/grain_map"][()])
    assert same_partition(labels, wanted.T.ravel()) or same_partition(labels, wanted.ravel())

    ebsd, groups, _ = load(shared_data, "titanium_hex")
    labels = find_grains(ebsd.quaternions, ebsd.phase_id, groups, ebsd.grid, threshold_deg=15)
    columns = np.loadtxt(shared_data / "ebsd/mtex/titanium.txt", comments="#", skiprows=1, usecols=(-3, -2, -1))
    assert same_partition(labels, columns[np.lexsort((columns[:, 0], columns[:, 1])), 2])


def test_twins_are_those_that_mtex_publishes(shared_data: Path) -> None:
    """Without grains of up to 2 points 22,794 points and 91 grains are left, and twinning joins them to 28."""
    ebsd, groups, _ = load(shared_data, "twins_mg")
    q = ebsd.quaternions
    labels = find_filled_grains(q, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    sizes = np.bincount(labels[ebsd.indexed], minlength=int(labels.max()) + 1)
    phase_id = np.where(sizes[labels] <= 2, 0, ebsd.phase_id)
    assert np.count_nonzero(phase_id) == 22794
    labels = find_filled_grains(q, phase_id, groups, ebsd.grid, threshold_deg=5)
    with np.load(shared_data / "ebsd/reference/twins_mg_pass2_mtex.npz") as reference:
        assert same_partition(labels[phase_id > 0], reference["fill_5"][phase_id > 0])
    a_axis = (np.sqrt(3) / 2, 0.5, 0.0)
    merged, twin = merge_twins(
        q, phase_id, groups, ebsd.grid, labels, phase=1, axis=a_axis, angle_deg=86.3, tolerance_deg=5
    )
    assert (labels.max(), merged.max()) == (91, 28)
    # the published 1649 count edges between cells across gaps too; these are edges between neighbouring points
    assert 1600 < np.count_nonzero(twin) <= 1649


@pytest.mark.parametrize("name", ["dc06", "defdap_ni", "ti64", "titanium_hex"])
def test_orientation_within_grains(shared_data: Path, name: str) -> None:
    """Deviation from the mean within 0.01 deg, spread within 1 %, number of points exact."""
    ebsd, groups, reference = load(shared_data, name)
    q, keep = ebsd.quaternions, reference["keep_5"]
    labels = find_grains(q, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    means = mean_orientations(q, ebsd.phase_id, groups, labels)
    grod = grod_deg(q, ebsd.phase_id, groups, labels, means)
    np.testing.assert_allclose(grod, reference["mis2mean_5"], atol=0.01)

    order = labels[np.unique(keep, return_index=True)[1]] - 1
    table = np.loadtxt(shared_data / f"ebsd/reference/{name}_gos_5.csv", delimiter=",")
    np.testing.assert_array_equal(np.bincount(labels)[1:][order], table[:, 0])
    np.testing.assert_allclose(mean_by_grain(grod, labels)[order], table[:, 1], rtol=0.01, atol=1e-3)


@pytest.mark.parametrize("name", ["dc06", "defdap_ni", "ti64", "titanium_hex"])
def test_kernel_average_misorientation(shared_data: Path, name: str) -> None:
    """Twice our KAM is the reference's; where neighbours are identical, rounding there decides which of them count.

    The reference adds the angle to each neighbour twice. Its arccos makes of an angle of zero either 0, which a sparse
    matrix drops from the count, or 1e-6 degrees, which counts.
    """
    ebsd, groups, reference = load(shared_data, name)
    q, wanted = ebsd.quaternions, reference["kam_5"]
    labels = find_grains(q, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    kam = kam_deg(q, ebsd.phase_id, groups, ebsd.grid, labels, order=1, max_deg=5)
    edges = edges_between(np.arange(1, ebsd.size + 1), ebsd.grid)
    angle = disorientation_deg(q[edges.first], q[edges.second], groups[0])
    inside = labels[edges.first] == labels[edges.second]
    count, equal = (
        np.bincount(np.concatenate((edges.first[chosen], edges.second[chosen])), minlength=ebsd.size)
        for chosen in (inside & (angle < 5), inside & (angle < 1e-5))
    )
    plain = (equal == 0) & (count > 0)
    assert plain.mean() > 0.5
    np.testing.assert_allclose(2 * kam[plain], wanted[plain], rtol=1e-5, atol=2e-5)
    others = (equal > 0) & np.isfinite(wanted) & (kam > 1e-3)
    counted = 2 * kam[others] * count[others] / wanted[others]
    np.testing.assert_allclose(counted, np.rint(counted), atol=0.02)
    assert np.all((np.rint(counted) >= (count - equal)[others]) & (np.rint(counted) <= count[others]))
    assert not np.any(kam[~np.isfinite(wanted)] > 1e-5)


@pytest.mark.parametrize("name", ["dc06", "defdap_ni", "sdss", "ti64", "titanium_hex"])
def test_areas_diameters_and_mean_orientations(shared_data: Path, name: str) -> None:
    """Areas and equivalent diameters are exact and mean orientations within 0.1 deg of the reference's table."""
    ebsd, groups, reference = load(shared_data, name)
    q, keep = ebsd.quaternions, reference["keep_5"]
    labels = find_grains(q, ebsd.phase_id, groups, ebsd.grid, threshold_deg=5)
    order = labels[np.unique(keep, return_index=True)[1]] - 1
    table = np.loadtxt(shared_data / f"ebsd/reference/{name}_shape_5.csv", delimiter=",", skiprows=1)
    area = np.bincount(labels)[1:][order] * ebsd.grid.point_area_um2
    # the reference adds up cells between positions that the file rounds, by up to 8e-5 of a step
    np.testing.assert_allclose(area, table[:, 1], rtol=1e-4)
    np.testing.assert_allclose(np.sqrt(area / np.pi), table[:, 3], rtol=1e-4)
    means = mean_orientations(q, ebsd.phase_id, groups, labels)[order]
    wanted = table[:, -4:] * (1, -1, -1, -1)  # specimen to crystal here, crystal to specimen there
    phases = ebsd.phase_id[np.unique(keep, return_index=True)[1]]
    for k, group in enumerate(groups, start=1):
        assert disorientation_deg(means[phases == k], wanted[phases == k], group).max(initial=0) < 0.1
