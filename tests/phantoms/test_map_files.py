"""Files of phantom maps are read back as they were drawn, by our readers and by orix's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.ebsd import EbsdMap, Phase
from sodalite.errors import ReadError
from sodalite.phantoms.map_files import write_ang, write_ctf, write_orix_h5
from sodalite.phantoms.maps import NZSP, SODIUM, make_map
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TURN = 2 * np.pi
WRITERS: dict[str, tuple[str, Callable[..., None], float]] = {
    "ang": ("tsl", write_ang, 0.0),
    # degrees and back: one unit in the last place of 2 pi
    "ctf": ("channel5", write_ctf, 2**-50),
}


@st.composite
def maps(draw: st.DrawFn, frame: str) -> EbsdMap:
    """Return any small map with any orientations, phases and positions."""
    phantom = make_map(
        (draw(st.integers(2, 7)), draw(st.integers(2, 7))), draw(st.floats(0.01, 50)), grains=4,
        seed=draw(st.integers(0, 2**31)), lattice=draw(st.sampled_from(["square", "hex"])), frame=frame,
        phases=(SODIUM, NZSP), film_phases=2, unindexed_fraction=draw(st.sampled_from([0.0, 0.3])),
    )  # fmt: skip
    return phantom.ebsd


def assert_same(read: EbsdMap, ebsd: EbsdMap, tolerance: float) -> None:
    """Compare everything but space groups, which .ang has not."""
    angle = np.abs(read.euler_rad - ebsd.euler_rad)[ebsd.indexed]
    assert angle.max(initial=0.0) <= tolerance
    for name in ("phase_id", "x_um", "y_um"):
        assert np.array_equal(getattr(read, name), getattr(ebsd, name)), name
    assert (read.grid.lattice, read.shape, read.frame) == (ebsd.grid.lattice, ebsd.shape, ebsd.frame)
    for a, b in zip(read.phases, ebsd.phases, strict=True):
        assert (a.name, a.laue_group, a.lattice, a.x_axis) == (b.name, b.laue_group, b.lattice, b.x_axis)
    for name, values in ebsd.quality.items():
        assert np.array_equal(read.quality[name], values), name


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_files_come_back_to_the_last_bit(kind: str, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """Orientations, phases, positions and qualities survive the file, on square and hexagonal grids."""
    frame, write, tolerance = WRITERS[kind]
    ebsd = data.draw(maps(frame))
    path = tmp_path_factory.mktemp("map") / f"m.{kind}"
    write(ebsd, path)
    read = read_ebsd(path)
    assert_same(read, ebsd, tolerance)
    assert read.warnings == ()


@pytest.mark.parametrize("kind", [*WRITERS, "h5"])
def test_orix_reads_the_same(kind: str, tmp_path: Path) -> None:
    """Orix's own readers find the same rotations, phases and positions."""
    from orix import io
    from orix.quaternion import Rotation

    frame, write, _ = WRITERS.get(kind, ("tsl", write_orix_h5, 0.0))
    ebsd = make_map(
        (12, 15), 0.3, grains=6, seed=1, frame=frame, phases=(SODIUM, NZSP), film_phases=2, unindexed_fraction=0.1
    ).ebsd
    write(ebsd, tmp_path / f"m.{kind}")
    theirs = io.load(str(tmp_path / f"m.{kind}"))
    assert np.array_equal(np.where(theirs.phase_id > 0, theirs.phase_id, 0), ebsd.phase_id)
    np.testing.assert_allclose(theirs.x, ebsd.x_um, atol=1e-9)
    rotation = Rotation.from_euler(ebsd.euler_rad)
    cosine = np.abs((theirs.rotations.data * rotation.data).sum(axis=1))[ebsd.indexed]
    np.testing.assert_allclose(cosine, 1, atol=1e-9)
    assert [phase.point_group.laue.name for _, phase in theirs.phases if phase.name != "not_indexed"] == [
        "m-3m",
        "-3m",
    ]


def test_orix_files_come_back(tmp_path: Path) -> None:
    """Our reader finds what orix's writer wrote."""
    ebsd = make_map((12, 15), 0.3, grains=6, seed=1, unindexed_fraction=0.1).ebsd
    write_orix_h5(ebsd, tmp_path / "m.h5")
    read = read_ebsd(tmp_path / "m.h5")
    cosine = np.abs((read.quaternions * ebsd.quaternions).sum(axis=1))[ebsd.indexed]
    np.testing.assert_allclose(cosine, 1, atol=1e-14)
    assert np.array_equal(read.phase_id, ebsd.phase_id)
    np.testing.assert_allclose(read.x_um, ebsd.x_um, rtol=1e-14)


def test_fewer_decimals_round(tmp_path: Path) -> None:
    """Four decimals move an angle by half of the fourth."""
    ebsd = make_map((12, 15), 0.5, grains=6, seed=1).ebsd
    write_ang(ebsd, tmp_path / "m.ang", decimals=4)
    assert np.abs(read_ebsd(tmp_path / "m.ang").euler_rad - ebsd.euler_rad).max() <= 0.5e-4 + 1e-12


@pytest.mark.parametrize("laue", ["-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m"])
def test_every_laue_group_survives(laue: str, tmp_path: Path) -> None:
    """Both text formats name each of the eleven groups so that it is read back."""
    for kind, (frame, write, _) in WRITERS.items():
        ebsd = make_map((6, 6), 1.0, grains=2, seed=1, frame=frame, phases=(Phase("x", laue),)).ebsd
        write(ebsd, tmp_path / f"m.{kind}")
        assert read_ebsd(tmp_path / f"m.{kind}").phases[0].laue_group == laue


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    """A map is not written where it would be read in another frame."""
    ebsd = make_map((6, 6), 1.0, grains=2, seed=1, frame="channel5").ebsd
    with pytest.raises(ReadError, match="frame='tsl'"):
        write_ang(ebsd, tmp_path / "m.ang")
