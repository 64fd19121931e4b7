"""Points of Thermo Fisher's xTalView exports (HDF5): maps of angles in degrees, placed by the header alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd import Phase, laue_from_space_group
from sodalite.errors import ReadError
from sodalite.read.ebsd_hdf5 import Guard, children, subgroup
from sodalite.read.ebsd_points import Header, Points
from sodalite.read.ebsd_scan import in_angstrom, phase_numbers, quality_of, raster

if TYPE_CHECKING:
    from collections.abc import Iterator

_METRES_BELOW = 1e-4
"""Steps below this are in metres, as xTalView keeps lengths elsewhere: no beam steps 0.1 nm."""
_RADIANS_BELOW = 2 * np.pi


def angles_of(site: Any) -> Any | None:
    """Return the group below ``EBSD`` that holds the Euler angles of a site, None when this is no such export."""
    ebsd = subgroup(site, "EBSD")
    if ebsd is None or subgroup(site, "Acquisition") is None:
        return None
    places = [ebsd, *(subgroup(ebsd, name) for name in children(ebsd))]
    return next((place for place in places if place is not None and "EulerAngles" in place), None)


def read_xtalview(site: Any, guard: Guard) -> Points:
    """Return the points of a group ``Site``: ``EBSD`` with ``EulerAngles`` (rows, columns, 3) beside ``Acquisition``.

    The layout is known from the public reader of MTEX alone, so that the numbers of phases are taken as they can only
    be meant: from 0 with -1 for no solution, else from 1 with 0 for it.

    Raises
    ------
    ReadError
        When angles or phases are missing, or the header does not place them.
    """
    held = angles_of(site)
    angles = None if held is None else guard.array(held, "EulerAngles")
    if held is None or angles is None or angles.ndim < 2 or angles.shape[-1] != 3:
        raise ReadError(f"{guard.name}: its Euler angles are no map of three columns.")
    count = angles.size // 3
    columns = (guard.column(held, name, count) for name in children(held) if name.lower().startswith("phase"))
    phase = next((values for values in columns if values is not None), None)
    if phase is None:
        raise ReadError(f"{guard.name}: there is no phase for each of its {count} points.")
    grid = _grid(subgroup(site, "Acquisition"), guard)
    x, y = raster(grid, count, guard)
    phases = {number: _phase(group, number, guard) for number, group in enumerate(_described(site), start=1)}
    euler = np.deg2rad(np.ascontiguousarray(angles.reshape(-1, 3).T, dtype=np.float64))
    numbers = phase_numbers(phase, guard)
    from_zero = int(numbers.min(initial=1)) < 0 or (0 in numbers and int(numbers.max()) < max(phases, default=0))
    warnings = ["xTalView names no reference frame: x right, y up was assumed."]
    return Points(
        euler, x, y, numbers + 1 if from_zero else numbers, phases, quality_of(held, count, guard, False), "channel5",
        grid, warnings,
    )  # fmt: skip


def _grid(acquisition: Any, guard: Guard) -> Header:
    step = guard.number(acquisition, "StepSize")
    step_um = step * 1e6 if step < _METRES_BELOW else step
    columns, rows = guard.number(acquisition, "MapWidth"), guard.number(acquisition, "MapHeight")
    cells = (int(columns), int(rows)) if 1 <= columns < 1e9 and 1 <= rows < 1e9 else None
    return Header((step_um, step_um) if step_um > 0 else None, cells)


def _described(site: Any) -> Iterator[Any]:
    """Yield the groups that describe a phase each, at most two levels below ``EBSD``."""
    for above in (subgroup(site["EBSD"], name) for name in children(site["EBSD"])):
        if above is not None and "SpaceGroupNumber" in above:
            yield above
        elif above is not None:
            below = (subgroup(above, name) for name in children(above))
            yield from (group for group in below if group is not None and "SpaceGroupNumber" in group)


def _phase(group: Any, number: int, guard: Guard) -> Phase:
    lengths, angles = guard.column(group, "LatticeParameters", 3), guard.column(group, "LatticeAngles", 3)
    lattice = None
    if lengths is not None and angles is not None:
        degrees = np.degrees(angles) if angles.max() < _RADIANS_BELOW else angles
        lattice = in_angstrom([float(value) for value in (*lengths, *degrees)])
    told = guard.number(group, "SpaceGroupNumber")
    space_group = int(told) if 1 <= told <= 230 else None
    name = guard.text(group, "Name").strip() or f"phase {number}"
    return Phase(name, laue_from_space_group(space_group or 0), lattice, space_group, "a*")
