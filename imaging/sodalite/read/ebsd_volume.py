"""Points of DREAM.3D image volumes (.dream3d of versions 4 to 8) and of crystal maps saved by orix."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd import Phase, laue_from_space_group, laue_from_symbol
from sodalite.errors import CalibrationError, ReadError
from sodalite.read.ebsd_hdf5 import Guard, children, subgroup
from sodalite.read.ebsd_heaps import check_strings
from sodalite.read.ebsd_points import Header, Points
from sodalite.read.ebsd_scan import in_angstrom, phase_numbers, quality_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CRYSTAL_STRUCTURES = ("6/mmm", "m-3m", "6/m", "m-3", "-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m")
"""EbsdLib's numbers for Laue groups, from 0."""
_LENGTHS: Mapping[str, float] = MappingProxyType({"um": 1.0, "µm": 1.0, "nm": 1e-3, "mm": 1e3})


_ANGLES, _QUATERNIONS = re.compile("euler|bunge", re.IGNORECASE), re.compile("quat", re.IGNORECASE)
_PHASES, _STRUCTURES = re.compile("phase", re.IGNORECASE), re.compile("crystal|laue", re.IGNORECASE)
_NAMES_AT_MOST = 12
_FRAME_UNKNOWN = (
    "DREAM.3D names no reference frame: the axes of the volume were assumed; if they were not turned there, set frame "
    "to that of the scan (tsl, channel5)."
)


def cell_arrays(group: Any) -> tuple[str, str] | None:
    """Return the names of the orientations and the phases among the arrays of a group, None without them.

    DREAM3D-NX lets users name arrays: angles are three components, quaternions four, a phase one whole number.
    """
    angles = _named_array(group, "EulerAngles", _ANGLES, 3, "f") or _named_array(group, "Quats", _QUATERNIONS, 4, "f")
    phases = _named_array(group, "Phases", _PHASES, 1, "iu")
    return (angles, phases) if angles and phases and _is_cells(group, angles) else None


def named_beside_geometry(file: Any) -> list[str]:
    """Return the names of the arrays of cells in image geometries, at most `_NAMES_AT_MOST`, for a message."""
    import h5py

    found: list[str] = []
    todo = [(file, 0)]
    while todo and len(found) < _NAMES_AT_MOST:
        group, depth = todo.pop()
        for name in children(group)[:1000]:
            child = subgroup(group, name)
            if child is not None and depth < 4:
                todo.append((child, depth + 1))
                if _stated_dimensions(group) is not None:
                    found += [key for key in children(child)[:100] if isinstance(child.get(key), h5py.Dataset)]
    return found[:_NAMES_AT_MOST]


def _named_array(group: Any, usual: str, pattern: re.Pattern[str], components: int, kinds: str) -> str | None:
    import h5py

    if usual in group:
        return usual
    held = [(name, group.get(name)) for name in children(group)[:1000] if pattern.search(name)]
    fitting = [
        name
        for name, array in held
        if isinstance(array, h5py.Dataset)
        and array.dtype.kind in kinds
        and array.ndim > 1
        and array.shape[-1] == components
        and _stated_dimensions(group.parent) is not None
    ]
    return min(fitting, key=len, default=None)


def _stated_dimensions(container: Any) -> Any:
    place = subgroup(container, "_SIMPL_GEOMETRY")
    return (container if place is None else place).get("DIMENSIONS", container.attrs.get("_DIMENSIONS"))


def _is_cells(group: Any, angles: str) -> bool:
    """Return whether a group of DREAM.3D holds cells: its grains may have angles and phases in a table beside them."""
    array, stated = group[angles], _stated_dimensions(group.parent)
    if getattr(array, "ndim", 0) != 2:
        return True
    return getattr(stated, "size", 0) != 3 or int(np.prod(stated[()], dtype=np.float64)) == len(array)


def read_dream3d(cells: Any, guard: Guard, section: str | int | None) -> Points:
    """Return one section of an image volume; `section` counts from 0.

    The geometry places the points: arrays of positions are not turned when DREAM.3D turns a volume.

    Raises
    ------
    ReadError
        When the arrays do not fit the geometry, or there is no such section.
    CalibrationError
        When the geometry states no spacing.
    """
    container = cells.parent
    (columns, rows, sections), spacing, origin = _geometry(container, guard)
    count = columns * rows * sections
    angles, phases = cell_arrays(cells) or ("EulerAngles", "Phases")
    euler, phase = guard.array(cells, angles), guard.column(cells, phases, count)
    if euler is None or phase is None or euler.size not in (3 * count, 4 * count):
        raise ReadError(f"{guard.name}: its Euler angles and phases do not fit {columns} x {rows} x {sections} cells.")
    number = 0 if section is None else int(section) if re.fullmatch("[0-9]{1,6}", str(section)) else -1
    if not 0 <= number < sections:
        raise ReadError(f"scan: {guard.name} has no section {section!r}; it has 0 to {sections - 1}.")
    part = slice(number * columns * rows, (number + 1) * columns * rows)
    quality = {key: values[part] for key, values in quality_of(cells, count, guard, False).items()}
    warnings = [_FRAME_UNKNOWN]
    warnings += [f"the volume has {sections} sections; section {number} was read."] if sections > 1 else []
    if not (min(spacing[:2]) > 0 and np.isfinite(spacing[:2]).all()):
        raise CalibrationError(f"{guard.name}: a spacing of {spacing[0]:g} x {spacing[1]:g} is impossible.")
    return Points(
        _euler_planes(euler.reshape(count, -1)[part]),
        np.tile(origin[0] + spacing[0] * np.arange(columns), rows),
        np.repeat(origin[1] + spacing[1] * np.arange(rows), columns),
        phase_numbers(phase[part], guard), _ensembles(container, guard), quality, "map",
        Header((spacing[0], spacing[1]), (columns, rows)), warnings,
    )  # fmt: skip


def _euler_planes(orientations: np.ndarray) -> np.ndarray:
    """Return angles ``(3, n)`` float64 of angles ``(n, 3)`` or of DREAM.3D's quaternions ``(n, 4)``, scalar last."""
    if orientations.shape[1] == 3:
        return np.ascontiguousarray(orientations.T, dtype=np.float64)
    from sodalite.ebsd.frames import euler_from_quaternions

    return np.ascontiguousarray(euler_from_quaternions(orientations[:, [3, 0, 1, 2]].astype(np.float64)).T)


def _geometry(container: Any, guard: Guard) -> tuple[tuple[int, int, int], list[float], list[float]]:
    """Return dimensions (x, y, z), spacing and origin of an image geometry."""
    place = subgroup(container, "_SIMPL_GEOMETRY")
    if place is None and "DIMENSIONS" in container:  # versions 4 and 5 of the format
        place = container
    read = [
        guard.column(place, key, 3) if place is not None else container.attrs.get(f"_{key}")
        for key in ("DIMENSIONS", "SPACING", "ORIGIN")
    ]
    if read[0] is None or np.size(read[0]) != 3:
        raise ReadError(f"{guard.name}: the volume has no image geometry.")
    if read[1] is None or np.size(read[1]) != 3:
        raise CalibrationError(f"{guard.name}: the volume states no spacing; set it in DREAM.3D.")
    dimensions = [int(value) for value in np.ravel(read[0])]
    if min(dimensions) < 1:
        raise ReadError(f"{guard.name}: an image of {dimensions} cells is impossible.")
    origin: Sequence[Any] = [0.0, 0.0, 0.0] if read[2] is None or np.size(read[2]) != 3 else list(np.ravel(read[2]))
    x, y, z = dimensions
    return (x, y, z), [float(value) for value in np.ravel(read[1])], [float(value) for value in origin]


def _ensembles(container: Any, guard: Guard) -> dict[int, Phase]:
    for name in children(container):
        group = subgroup(container, name)
        key = None if group is None else _named_array(group, "CrystalStructures", _STRUCTURES, 1, "iu")
        structures = None if group is None or key is None else guard.column(group, key)
        if group is None or structures is None:
            continue
        constants = guard.array(group, "LatticeConstants")
        names = _names(group, structures.size)
        phases = {}
        for number in range(1, min(structures.size, 1000)):
            code = int(structures[number])
            laue = _CRYSTAL_STRUCTURES[code] if 0 <= code < len(_CRYSTAL_STRUCTURES) else None
            row = (
                constants.reshape(-1, 6)[number]
                if constants is not None and constants.size == 6 * structures.size
                else []
            )
            phases[number] = Phase(names[number], laue, in_angstrom([float(value) for value in row]))
        return phases
    return {}


def _names(group: Any, count: int) -> list[str]:
    import h5py

    fallback = [f"phase {number}" for number in range(count)]
    for key in ("MaterialName", "PhaseName", "Material Name"):
        dataset = group.get(key)
        if isinstance(dataset, h5py.Dataset) and dataset.size == count and dataset.dtype.kind in "SO":
            check_strings(dataset)
            raw = [
                v.decode("utf-8", errors="replace") if isinstance(v, bytes) else str(v) for v in np.ravel(dataset[()])
            ]
            return [text.removeprefix("MaterialName").strip() or fallback[i] for i, text in enumerate(raw)]
    return fallback


def read_orix(group: Any, guard: Guard) -> Points:
    """Return the points of a ``CrystalMap`` that orix wrote; the first of several orientations a point.

    Raises
    ------
    ReadError
        When columns are missing or the unit of length is not known.
    """
    data, header = subgroup(group, "data"), subgroup(group, "header")
    phase = guard.column(data, "phase_id")
    tables = [guard.array(data, name) for name in ("phi1", "Phi", "phi2")]
    if phase is None or any(table is None or table.size < phase.size or len(table) != phase.size for table in tables):
        raise ReadError(f"{guard.name}: its orientations do not fit its phases.")
    count = phase.size
    euler = np.stack([np.reshape(table, (count, -1))[:, 0] for table in tables if table is not None]).astype(np.float64)
    unit = guard.text(header, "scan_unit")
    scale = _LENGTHS.get(unit, 1.0)
    x, y = (guard.column(data, name, count) for name in ("x", "y"))
    x, y = (np.zeros(count) if values is None else values.astype(np.float64) * scale for values in (x, y))
    warnings = ["orix names no reference frame: that of TSL was assumed."]
    x, y = _untangled(x, y, warnings)
    step = (guard.number(header, "x_step") * scale, guard.number(header, "y_step") * scale)
    quality = {
        name: values.astype(np.float32)
        for name in children(data)
        if name not in {"phi1", "Phi", "phi2", "x", "y", "z", "id", "is_in_data", "phase_id"}
        and (values := guard.column(data, name, count)) is not None
    }
    points = Points(
        euler, x, y, phase_numbers(phase, guard), _orix_phases(header, guard), quality, "tsl",
        Header(step if min(step) > 0 and unit in _LENGTHS else None), warnings,
        length_unit="" if unit in _LENGTHS else unit or "no unit",
    )  # fmt: skip
    return _inside(points, guard.column(data, "is_in_data", count))


def _untangled(x: np.ndarray, y: np.ndarray, warnings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Place points row after row where both coordinates run at once (written so by early versions of orix)."""
    columns, rows = np.unique(x), np.unique(y)
    if columns.size * rows.size != x.size or np.unique(x + 1j * y).size == x.size:
        return x, y
    warnings.append(f"coordinates place points upon each other: {rows.size} rows of {columns.size} were taken instead.")
    return np.tile(columns, rows.size), np.repeat(rows, columns.size)


def _inside(points: Points, inside: np.ndarray | None) -> Points:
    """Leave out what the map masks, by taking its position away, and number phases from 1."""
    if inside is not None and not inside.all():
        points.x_um[inside == 0] = np.nan
    points.phase += 1
    return points


def _orix_phases(header: Any, guard: Guard) -> dict[int, Phase]:
    described = subgroup(header, "phases")
    if described is None:
        return {}
    phases = {}
    for key in children(described):
        group = subgroup(described, key)
        if group is None or not re.fullmatch("[0-9]{1,4}", key):
            continue
        structure = subgroup(group, "structure")
        lattice = None if structure is None else subgroup(structure, "lattice")
        constants = None if lattice is None else guard.column(lattice, "abcABG", 6)
        number = guard.number(group, "space_group")
        space_group = int(number) if 1 <= number <= 230 else None
        laue = laue_from_symbol(guard.text(group, "point_group")) or laue_from_space_group(space_group or 0)
        values = [] if constants is None else [float(value) for value in constants]
        phases[int(key) + 1] = Phase(
            guard.text(group, "name") or f"phase {key}", laue, in_angstrom(values), space_group
        )
    return phases
