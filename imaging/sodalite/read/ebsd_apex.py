"""Points of EDAX APEX projects (.edaxh5): records with a rotation matrix each, placed by the header alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import ReadError
from sodalite.read.ebsd_hdf5 import Guard, subgroup
from sodalite.read.ebsd_points import Points
from sodalite.read.ebsd_scan import QUALITY, grid_of, phase_numbers, phases_of, raster, tsl_frame

if TYPE_CHECKING:
    from sodalite.ebsd import Phase


def read_apex(group: Any, guard: Guard) -> Points:
    """Return the points of a group ``EBSD/ANG`` of an APEX map; steps and cells stand in ``Sample`` beside ``EBSD``.

    Raises
    ------
    ReadError
        When the records lack matrices or phases, or the header does not place them.
    """
    table = guard.records(subgroup(group, "DATA"), "DATA")
    fields = () if table is None else table.dtype.names or ()
    if table is None or not {"Orientations", "Phase"} <= set(fields) or table["Orientations"][:1].size != 9:
        raise ReadError(f"{guard.name}: its records hold no matrix and phase for each point.")
    sample, header = subgroup(group.parent.parent, "Sample"), subgroup(group, "HEADER")
    if sample is None:
        raise ReadError(f"{guard.name}: the group Sample with steps and cells is missing; export the map again.")
    grid = grid_of(sample, guard)
    x, y = raster(grid, table.size, guard)
    phases = phases_of("tsl", header, guard)
    unindexed = np.asarray(table["Phase"] < 0)
    quality = {QUALITY[name]: table[name].astype(np.float32) for name in fields if name in QUALITY}
    euler = _euler_of_matrices(table["Orientations"].reshape(-1, 3, 3).astype(np.float64))
    return Points(
        euler, x, y, _from_one(phase_numbers(table["Phase"], guard), phases), phases, quality,
        tsl_frame(guard.number(sample, "CoOrdinate System Id")), grid, unindexed=unindexed, zero_is_phase=True,
    )  # fmt: skip


def _from_one(phase: np.ndarray, phases: dict[int, Phase]) -> np.ndarray:
    """Return phase numbers counted from 1: several phases are counted from 0, a single one may be."""
    counted_from_zero = bool((phase == 0).any()) and int(phase.max()) < max(phases, default=0)
    return phase + 1 if counted_from_zero else phase


def _euler_of_matrices(matrices: np.ndarray) -> np.ndarray:
    """Return Bunge angles ``(3, n)`` in radians of matrices ``(n, 3, 3)`` from the specimen's to the crystal's axes.

    Formula: Rowenhorst et al., Modelling Simul. Mater. Sci. Eng. 23 (2015) 083501, eq. A.3.
    """
    across = np.hypot(matrices[:, 2, 0], matrices[:, 2, 1])
    tilt = np.arctan2(across, matrices[:, 2, 2])
    flat = across < 1e-6
    phi1 = np.where(
        flat,
        np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0]),
        np.arctan2(matrices[:, 2, 0], -matrices[:, 2, 1]),
    )
    phi2 = np.where(flat, 0.0, np.arctan2(matrices[:, 0, 2], matrices[:, 1, 2]))
    return np.stack((phi1 % (2 * np.pi), tilt, phi2 % (2 * np.pi)))
