"""Points of pymicro's microstructures (HDF5): the group CellData holds fields of an image, PhaseData the crystals."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd import Phase
from sodalite.errors import ReadError
from sodalite.read.ebsd_hdf5 import Guard, children, subgroup
from sodalite.read.ebsd_points import Header, Points
from sodalite.read.ebsd_scan import phase_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS = ("euler", "phase_map")
_LAUE: Mapping[str, str] = MappingProxyType(
    {
        "cubic": "m-3m", "hexagonal": "6/mmm", "trigonal": "-3m", "tetragonal": "4/mmm", "orthorhombic": "mmm",
        "monoclinic": "2/m", "triclinic": "-1",
    }
)  # fmt: skip
"""pymicro's names of crystal systems -> the Laue groups that it takes for them."""
_SILENT = "pymicro names neither a unit of length nor a reference frame: um and the axes of TSL were assumed."


def is_image(cells: Any) -> bool:
    """Return whether a group is an image of pymicro with a field of Euler angles and one of phases."""
    return all(name in cells for name in _FIELDS) and "spacing" in cells.attrs and "dimension" in cells.attrs


def read_pymicro(cells: Any, guard: Guard) -> Points:
    """Return the points of a two-dimensional image, whose fields run along x first unless they say otherwise.

    Raises
    ------
    ReadError
        When the image is a volume, or its fields do not fit its dimensions.
    """
    dimension, spacing, origin = (np.ravel(cells.attrs.get(key, 0.0)) for key in ("dimension", "spacing", "origin"))
    if dimension.size != 2 or spacing.size != 2:
        raise ReadError(f"{guard.name}: an image of {dimension.size} axes is no map; save a section of it.")
    columns, rows = (int(number) for number in dimension)
    euler, phase = (_upright(cells, name, guard) for name in _FIELDS)
    if euler.shape != (rows, columns, 3) or phase.shape != (rows, columns):
        raise ReadError(f"{guard.name}: its Euler angles and phases do not fit {columns} x {rows} cells.")
    start = origin if origin.size == 2 else np.zeros(2)
    quality = {name: _upright(cells, name, guard).ravel() for name in ("ci", "iq") if name in cells}
    return Points(
        np.ascontiguousarray(euler.reshape(-1, 3).T, dtype=np.float64),
        np.tile(start[0] + spacing[0] * np.arange(columns), rows),
        np.repeat(start[1] + spacing[1] * np.arange(rows), columns),
        phase_numbers(phase.ravel(), guard), _phases(cells.parent), quality, "tsl",
        Header((float(spacing[0]), float(spacing[1])), (columns, rows)), [_SILENT],
    )  # fmt: skip


def _upright(cells: Any, name: str, guard: Guard) -> np.ndarray:
    """Return a field with rows first: most are stored so and carry the transposition that undoes it."""
    values = guard.array(cells, name)
    if values is None or values.ndim < 2:
        raise ReadError(f"{guard.name}: its field {name} is no image of numbers.")
    return values if "transpose_indices" in cells[name].attrs else np.swapaxes(values, 0, 1)


def _phases(root: Any) -> dict[int, Phase]:
    """Return the phases by their numbers; their lattices are pickled, and are not opened."""
    described = subgroup(root, "PhaseData")
    groups = [] if described is None else [described[name] for name in children(described)[:1000]]
    found = {}
    for place, group in enumerate(groups, start=1):
        name, system = (_text(group.attrs.get(key, b"")) for key in ("name", "symmetry"))
        number = int(np.ravel(group.attrs.get("phase_id", place))[0])
        found[number] = Phase(name or f"phase {number}", _LAUE.get(system))
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace").strip() if isinstance(value, bytes) else str(value).strip()
