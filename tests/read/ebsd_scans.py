"""Scans in HDF5 built by hand after their specifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

X, Y = (values.ravel().astype(np.float32) for values in np.meshgrid(0.5 * np.arange(3), 0.5 * np.arange(2)))
EULER = np.random.default_rng(0).uniform(0, 3, (6, 3)).astype(np.float32)


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write datasets by their paths and return the file."""
    with h5py.File(path, "w") as file:
        for name, value in content.items():
            file[name] = value
    return path


def h5oina() -> dict[str, Any]:
    """Return an AZtec scan after the published specification of h5oina."""
    phase = "1/EBSD/Header/Phases/1/"
    return {
        "Manufacturer": "Oxford Instruments",
        "1/EBSD/Data/Euler": EULER,
        "1/EBSD/Data/Phase": np.array([1, 1, 0, 1, 1, 1], np.uint8),
        "1/EBSD/Data/X": X,
        "1/EBSD/Data/Y": Y,
        "1/EBSD/Data/Mean Angular Deviation": np.full(6, np.pi / 180, np.float32),
        "1/EBSD/Header/X Step": np.float32(0.5),
        "1/EBSD/Header/Y Step": np.float32(0.5),
        "1/EBSD/Header/X Cells": np.int32(3),
        "1/EBSD/Header/Y Cells": np.int32(2),
        phase + "Phase Name": "Sodium",
        phase + "Lattice Dimensions": np.float32([[4.291, 4.291, 4.291]]),
        phase + "Lattice Angles": np.float32([[np.pi / 2] * 3]),
        phase + "Laue Group": np.int32([11]),
        phase + "Space Group": np.int32([229]),
    }


def edax() -> dict[str, Any]:
    """Return an OIM scan."""
    data, header = "Scan 1/EBSD/Data/", "Scan 1/EBSD/Header/"
    columns = {data + name: EULER[:, i] for i, name in enumerate(("Phi1", "Phi", "Phi2"))}
    return columns | {
        data + "X Position": X,
        data + "Y Position": Y,
        data + "CI": np.float32([0.5, 0.5, -1, 0.1, 0.2, 0.3]),
        data + "Phase": np.zeros(6, np.int8),
        data + "Valid": np.zeros(6, np.int8),
        header + "Step X": np.array([0.5], ">f4"),
        header + "Step Y": np.array([0.5], ">f4"),
        header + "nColumns": np.array([3], ">i4"),
        header + "nRows": np.array([2], ">i4"),
        header + "Grid Type": np.array([b"SqrGrid"]),
        header + "Phase/1/MaterialName": np.array([b"Sodium"]),
        header + "Phase/1/Symmetry": np.array([43], ">i4"),
    }
