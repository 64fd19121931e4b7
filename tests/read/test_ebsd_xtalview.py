"""Thermo Fisher's exports, built after the public description of their layout in MTEX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from sodalite.errors import ReadError
from sodalite.read import read_ebsd

if TYPE_CHECKING:
    from pathlib import Path

EULER_DEG = np.random.default_rng(0).uniform(1, 170, (2, 3, 3)).astype(np.float32)


def write(path: Path, **changes: Any) -> Path:
    """Write a site of two phases with some datasets changed, None left out."""
    phase = "Site/EBSD/Phases/{}/".format
    content: dict[str, Any] = {
        "Info/SoftwareVersion": "xTalView 2.1",
        "Site/Acquisition/StepSize": 5e-7,
        "Site/Acquisition/MapWidth": np.int32(3),
        "Site/Acquisition/MapHeight": np.int32(2),
        "Site/EBSD/MapData/EulerAngles": EULER_DEG,
        "Site/EBSD/MapData/PhaseId": np.array([[0, 1, -1], [0, 0, 1]], np.int32),
        "Site/EBSD/MapData/MAD": np.ones((2, 3), np.float32),
    }
    for number, (name, group, c) in enumerate([("Sodium", 229, 4.29), ("Magnesium", 194, 5.2)], start=1):
        content[phase(number) + "Name"] = name
        content[phase(number) + "SpaceGroupNumber"] = np.int32(group)
        content[phase(number) + "LatticeParameters"] = np.array([4.29, 4.29, c])
        content[phase(number) + "LatticeAngles"] = np.deg2rad([90.0, 90.0, 90.0 if number == 1 else 120.0])
    content |= {name.replace("__", "/"): value for name, value in changes.items()}
    with h5py.File(path, "w") as file:
        for name, value in content.items():
            if value is not None:
                file[name] = value
    return path


def test_maps_are_placed_and_phases_counted_from_zero(tmp_path: Path) -> None:
    """Steps in metres become um, angles in degrees radians; -1 is no solution."""
    ebsd = read_ebsd(write(tmp_path / "a.h5"))
    assert (ebsd.shape, ebsd.frame) == ((2, 3), "channel5")
    assert ebsd.step_um == pytest.approx((0.5, 0.5))
    assert ebsd.phase_id.tolist() == [1, 2, 0, 1, 1, 2]
    assert [(phase.name, phase.laue_group) for phase in ebsd.phases] == [("Sodium", "m-3m"), ("Magnesium", "6/mmm")]
    assert ebsd.phases[1].lattice == pytest.approx((4.29, 4.29, 5.2, 90, 90, 120))
    assert np.rad2deg(ebsd.euler_rad) == pytest.approx(EULER_DEG.reshape(-1, 3))
    assert list(ebsd.quality) == ["mad"]


def test_phases_counted_from_one_stay(tmp_path: Path) -> None:
    """Where the largest number is that of the phases, 0 is no solution; a step of 0.5 is in um."""
    numbers = np.array([[1, 2, 0], [1, 1, 2]], np.uint8)
    path = write(tmp_path / "a.h5", Site__EBSD__MapData__PhaseId=numbers, Site__Acquisition__StepSize=0.5)
    ebsd = read_ebsd(path)
    assert ebsd.phase_id.tolist() == [1, 2, 0, 1, 1, 2]
    assert ebsd.step_um == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Site__EBSD__MapData__PhaseId", None, "no phase for each of its 6 points"),
        ("Site__Acquisition__MapWidth", np.int32(4), "cells place its 6 points"),
        ("Site__EBSD__MapData__EulerAngles", EULER_DEG[..., :2], "no map of three columns"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: Any, message: str, tmp_path: Path) -> None:
    """Missing or contradicting parts are named."""
    with pytest.raises(ReadError, match=message):
        read_ebsd(write(tmp_path / "a.h5", **{name: value}))
