"""Series of maps in which round grains shrink inside larger ones by R^2 = R0^2 - 2 m t: areas and speeds are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polycrystals import random_rotations
from sodalite.ebsd import EbsdMap
from sodalite.phantoms.map_files import write_ang
from sodalite.phantoms.maps import SODIUM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sodalite.ebsd import Phase

MOBILITY_UM2_H = 0.9
STEP_UM = 0.5
SIDE = 34
"""Points between the centres of the grains that hold a disc."""


def radii_um(count: int, time_h: float) -> np.ndarray:
    """Return the radii of the discs at a time, um; 0 where they have vanished."""
    first = np.linspace(2.0, 6.0, count)
    return np.sqrt(np.maximum(first**2 - 2 * MOBILITY_UM2_H * time_h, 0.0))


def disc_labels(time_h: float, *, cells: tuple[int, int] = (3, 4), seed: int = 0) -> np.ndarray:
    """Return labels ``(y, x)``: 1 to n the grains that stay, n + 1 to 2 n the discs in their middles."""
    rng = np.random.default_rng(seed)
    rows, columns = cells
    grid = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1).reshape(-1, 2)
    centres = (grid + 0.5) * SIDE + rng.uniform(-4, 4, (rows * columns, 2))
    place = np.stack(np.indices((rows * SIDE, columns * SIDE)), axis=-1)
    distance = np.hypot(*np.moveaxis(place[:, :, None] - centres, -1, 0))
    nearest = distance.argmin(axis=2)
    radius = radii_um(rows * columns, time_h)[nearest] / STEP_UM
    inside = np.take_along_axis(distance, nearest[..., None], axis=2)[..., 0] < radius
    return nearest + 1 + inside * rows * columns


def map_of(labels: np.ndarray, name: str, *, step_um: float = STEP_UM, phase: Phase = SODIUM, seed: int = 7) -> EbsdMap:
    """Return a map with one orientation for each label, the same in every map; label 0 is not indexed."""
    quaternions = random_rotations(200, np.random.default_rng(seed))[labels.ravel()]
    y, x = np.indices(labels.shape) * step_um
    return EbsdMap.from_quaternions(
        quaternions, (labels.ravel() > 0).astype(np.int16), (phase,), x.ravel(), y.ravel(), frame="tsl", name=name
    )


def disc_maps(times_h: Sequence[float], **fields: float) -> list[EbsdMap]:
    """Return the maps of a series of shrinking discs."""
    return [map_of(disc_labels(time), f"s{k}.ang", **fields) for k, time in enumerate(times_h)]  # type: ignore[arg-type]


def write_discs(folder: Path, times_h: Sequence[float], *, table: bool = True) -> Path:
    """Write the series as .ang files, with its series.csv unless that is not wanted; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for ebsd in disc_maps(times_h):
        write_ang(ebsd, folder / ebsd.name, decimals=5)
    if table:
        rows = [f"s{k}.ang,{time:g}" for k, time in enumerate(times_h)]
        (folder / "series.csv").write_text("\n".join(["file,time_h", *rows, ""]))
    return folder
