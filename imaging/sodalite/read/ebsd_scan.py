"""Scans of the h5ebsd family: a Data group beside a Header group, as Oxford, EDAX, EMsoft, Bruker, DREAM.3D write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sodalite.ebsd import Phase, laue_from_space_group, laue_from_symbol
from sodalite.ebsd.phase import LAUE_ORDER
from sodalite.errors import ReadError
from sodalite.read.ebsd_emsphinx import left_out, phases_from_one
from sodalite.read.ebsd_hdf5 import Guard, children, subgroup
from sodalite.read.ebsd_points import Header, Points, turned_scan, turned_surface

if TYPE_CHECKING:
    from sodalite.ebsd.lattice import Axis

_EULER = {"tsl": ("Phi1", "Phi", "Phi2"), "bruker": ("phi1", "PHI", "phi2"), "hkl": ("Euler1", "Euler2", "Euler3")}
_TABLES = ("RefinedEulerAngles", "EulerAngles")
_DICTIONARY = ("DictionaryEulerAngles", "TopMatchIndices")
_LAUE_NUMBERS = frozenset(str(number) for number in range(1, 12))
_IN_DEGREES = frozenset({"bruker", "hkl"})
_FRAME = {"oxford": "channel5", "hkl": "channel5", "bruker": "bruker", "tsl": "tsl"}

QUALITY = {
    "CI": "ci",
    "Confidence Index": "ci",
    "IQ": "iq",
    "Image Quality": "iq",
    "Fit": "fit",
    "SEM Signal": "sem_signal",
    "MAD": "mad",
    "Mean Angular Deviation": "mad",
    "Band Contrast": "bc",
    "BC": "bc",
    "Band Slope": "bs",
    "BS": "bs",
    "Bands": "bands",
    "NIndexedBands": "bands",
    "RadonQuality": "radon_quality",
    "Pattern Quality": "pattern_quality",
    "Error": "error",
    "OSM": "osm",
    "Metric": "metric",
}
"""Datasets kept as qualities -> the name they get."""


def read_scan(layout: str, group: Any, guard: Guard) -> Points:
    """Return the points of a scan whose `layout` is ``oxford``, ``bruker``, ``tsl`` or ``hkl``.

    Raises
    ------
    ReadError
        When columns have different lengths, or neither coordinates nor header place the points.
    """
    data, header = subgroup(group, "Data"), subgroup(group, "Header")
    has_cells = guard.text(header, "X Cells") != ""
    beside = subgroup(group.parent, "EBSD") if layout == "oxford" and not has_cells else None
    acquired = group if beside is None else beside  # where AZtecCrystal keeps its results there are no positions
    grid = grid_of(subgroup(acquired, "Header"), guard)
    euler = _euler(layout, data, grid, guard)
    count = euler.shape[1]
    if count == 0:
        raise ReadError(f"{guard.name}: the scan holds no point; export the map again.")
    phase = guard.column(data, "Phase", count)
    if phase is None:
        phase = guard.column(data, "PhaseData", count)
    warnings: list[str] = []
    if phase is None:
        phase = np.ones(count, dtype=np.int16)
        warnings.append("there is no phase for each point: all belong to the first.")
    x, y = _positions(layout, acquired, subgroup(acquired, "Data"), grid, count, guard, warnings)
    warnings.extend(_turned(layout, acquired, guard))
    phase, unindexed = phase_numbers(phase, guard), _invalid(data, count, guard)
    phases = phases_of(layout, header, guard) or phases_of(layout, subgroup(acquired, "Header"), guard)
    quality = quality_of(data, count, guard, layout == "oxford")
    if guard.text(group.file, "Manufacturer").startswith("EMSphInx"):
        phase, unindexed = phases_from_one(phase), left_out(euler, quality)
    return Points(
        euler, x, y, phase, phases, quality, _frame(layout, header, guard), grid, warnings, unindexed,
        zero_is_phase=layout == "tsl",
    )  # fmt: skip


def _turned(layout: str, group: Any, guard: Guard) -> list[str]:
    """Return sentences where AZtec scanned at an angle to the tilt axis, or turned the surface against the specimen."""
    header = subgroup(group, "Header")
    if layout != "oxford" or header is None:
        return []
    surface = guard.column(header, "Specimen Orientation Euler", 3)
    degrees = [] if surface is None else np.rad2deg(np.nan_to_num(surface.astype(np.float64))).tolist()
    scan_rad = guard.number(header, "Scanning Rotation Angle")
    return turned_surface(degrees) + turned_scan(float(np.rad2deg(scan_rad)))


def quality_of(data: Any, count: int, guard: Guard, mad_in_radians: bool) -> dict[str, np.ndarray]:
    """Return the qualities of `QUALITY` that a group has for each of `count` points; mad in degrees."""
    found: dict[str, np.ndarray] = {}
    for name, short in QUALITY.items():
        values = guard.column(data, name, count)
        if values is None or short in found:
            continue
        found[short] = values.astype(np.float32) if values.dtype.kind == "f" or values.itemsize > 2 else values
    if mad_in_radians and "mad" in found:
        found["mad"] = np.rad2deg(found["mad"])
    return found


def phase_numbers(phase: np.ndarray, guard: Guard) -> np.ndarray:
    """Return phase numbers as int16.

    Raises
    ------
    ReadError
        When they are no small whole numbers.
    """
    if phase.size and not (np.isfinite(phase).all() and phase.min() >= -100 and phase.max() < 32000):
        raise ReadError(f"{guard.name}: its phase numbers run from {phase.min()} to {phase.max()}; it is damaged.")
    return phase.astype(np.int16)


def names_angles(names: set[str]) -> bool:
    """Return whether the datasets of a scan of EDAX or EMsoft hold Euler angles."""
    return any(wanted <= names for wanted in (set(_EULER["tsl"]), {_TABLES[0]}, {_TABLES[1]}, set(_DICTIONARY)))


def _euler(layout: str, data: Any, grid: Header, guard: Guard) -> np.ndarray:
    """Return ``(3, n)`` float64 radians; a refinement (EMsoft) goes before the first answer."""
    names = set(children(data))
    refined, first = _TABLES
    if layout == "oxford" or refined in names:
        return _planes(guard.array(data, "Euler" if layout == "oxford" else refined), guard)
    if layout == "tsl" and not set(_EULER["tsl"]) <= names:
        return _planes(guard.array(data, first), guard) if first in names else _best_of_dictionary(data, grid, guard)
    columns = [guard.column(data, name) for name in _EULER[layout]]
    sizes = {None if column is None else column.size for column in columns}
    if len(sizes) != 1 or None in sizes:
        raise ReadError(f"{guard.name}: its three Euler angles have different lengths.")
    planes = np.stack([np.asarray(column, dtype=np.float64) for column in columns])
    return planes * (np.pi / 180) if layout in _IN_DEGREES else planes


def _planes(table: np.ndarray | None, guard: Guard) -> np.ndarray:
    if table is None or table.ndim != 2 or 3 not in table.shape:
        raise ReadError(f"{guard.name}: its Euler angles are no table of three columns.")
    return np.ascontiguousarray(table.T if table.shape[1] == 3 else table, dtype=np.float64)


def _best_of_dictionary(data: Any, grid: Header, guard: Guard) -> np.ndarray:
    """Return the angles ``(3, n)`` of the entry that matches each pattern best; EMsoft's dictionary is in degrees.

    Its places are counted from 1, and go on beyond the map to the end of the last batch of patterns.
    """
    planes, matches = _planes(guard.array(data, _DICTIONARY[0]), guard), guard.array(data, _DICTIONARY[1])
    best = np.zeros(0, np.int64) if matches is None else matches.reshape(len(matches), -1)[:, 0].astype(np.int64) - 1
    best = best[: grid.cells[0] * grid.cells[1]] if grid.cells is not None else best
    if best.size and not 0 <= int(best.min()) <= int(best.max()) < planes.shape[1]:
        raise ReadError(f"{guard.name}: its matches point beyond the {planes.shape[1]} entries of its dictionary.")
    return planes[:, best] * (np.pi / 180)


def grid_of(header: Any, guard: Guard) -> Header:
    """Return what a header states of the grid, whatever names its vendor gives steps and cells."""
    step = (
        guard.number(header, "X Step", "Step X", "XSTEP", "XStep"),
        guard.number(header, "Y Step", "Step Y", "YSTEP", "YStep"),
    )
    columns = guard.number(header, "X Cells", "nColumns", "Number Of Columns", "NCOLS", "NCOLS_ODD", "XCells")
    rows = guard.number(header, "Y Cells", "nRows", "Number Of Rows", "NROWS", "YCells")
    kind = guard.text(header, "Grid Type", "GRID").lower()
    lattice = "hex" if "hex" in kind else "square" if "sqr" in kind or "iso" in kind or "square" in kind else None
    cells = (int(columns), int(rows)) if 1 <= columns < 1e9 and 1 <= rows < 1e9 else None
    return Header(step if step[0] > 0 and step[1] >= 0 else None, cells, lattice)


def _positions(
    layout: str, group: Any, data: Any, grid: Header, count: int, guard: Guard, warnings: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y in um of every point."""
    if layout == "bruker":
        place = _beam_positions(group, data, grid, count, guard)
    elif _is_emsoft(group, guard):
        place = None  # EMsoft writes the same "Y Position" for every row
    else:
        names = ("X Position", "Y Position") if layout == "tsl" else ("X", "Y")
        x, y = guard.column(data, names[0], count), guard.column(data, names[1], count)
        place = None if x is None or y is None else (x.astype(np.float64), y.astype(np.float64))
    if place is not None and (count == 1 or np.ptp(place[0]) > 0 or np.ptp(place[1]) > 0 or np.isnan(place[0]).any()):
        return place
    warnings.append("coordinates are missing: the header's cells and steps place the points, row after row.")
    return raster(grid, count, guard)


def raster(grid: Header, count: int, guard: Guard) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y in um of `count` points, row after row, in the cells that a header states.

    Every second row of a hexagonal grid is shifted by half a step, and has one point less unless all are as long.

    Raises
    ------
    ReadError
        When the header states no cells or those of another number of points.
    """
    columns, rows = grid.cells or (0, 0)
    alternate = int(grid.lattice == "hex" and columns * rows != count)
    if grid.step_um is None or columns < 1 or columns * rows - alternate * (rows // 2) != count:
        raise ReadError(f"{guard.name}: neither coordinates nor the header's cells place its {count} points.")
    lengths = np.full(rows, columns)
    lengths[1::2] -= alternate
    row = np.repeat(np.arange(rows), lengths)
    column = np.arange(count) - (np.cumsum(lengths) - lengths)[row]
    shift = 0.5 * (row % 2) if grid.lattice == "hex" else 0.0
    return (column + shift) * grid.step_um[0], row * (grid.step_um[1] or grid.step_um[0])


def _is_emsoft(group: Any, guard: Guard) -> bool:
    root = group.file
    return "NMLparameters" in root and ("EMheader" in root or guard.text(root, "Manufacturer").startswith("EM"))


def _beam_positions(
    group: Any, data: Any, grid: Header, count: int, guard: Guard
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return Bruker's positions: the beam's steps on the image, x to the right; "X SAMPLE" runs against them."""
    from sodalite.ebsd.lattice import fit_axis

    parent = group.parent
    for place in (subgroup(group, "SEM"), subgroup(parent, "SEM") if parent is not None else None, data):
        for names in (("IX", "IY"), ("SEM IX", "SEM IY"), ("X BEAM", "Y BEAM")):
            if place is None or grid.step_um is None:
                continue
            beam_x, beam_y = guard.column(place, names[0], count), guard.column(place, names[1], count)
            if beam_x is None or beam_y is None or (np.ptp(beam_x) == 0 and np.ptp(beam_y) == 0):
                continue
            along_x, along_y = fit_axis(beam_x.astype(np.float64)), fit_axis(beam_y.astype(np.float64))
            if along_x is not None and along_y is not None:
                return _paced(beam_x, along_x, grid.step_um[0]), _paced(beam_y, along_y, grid.step_um[1])
    x, y = guard.column(data, "X SAMPLE", count), guard.column(data, "Y SAMPLE", count)
    return None if x is None or y is None else (x.max() - x.astype(np.float64), y - y.astype(np.float64).min())


def _paced(beam: np.ndarray, axis: Axis, step_um: float) -> np.ndarray:
    """Return positions in um of positions in pixels of the image, from the steps that both make."""
    return (beam - axis.origin) / (axis.step if axis.step > 0 else 1.0) * step_um


def _invalid(data: Any, count: int, guard: Guard) -> np.ndarray | None:
    """Return EDAX's points flagged as invalid; a flag that all points share says nothing."""
    valid = guard.column(data, "Valid", count)
    if valid is None or valid.size == 0 or valid.min() == valid.max():
        return None
    return np.asarray(valid != 0)


def _frame(layout: str, header: Any, guard: Guard) -> str:
    system = subgroup(header, "Coordinate System")
    return tsl_frame(guard.number(system, "ID")) if layout == "tsl" and system is not None else _FRAME[layout]


def tsl_frame(setting: float) -> str:
    """Return the frame of a setting of EDAX's dialog of coordinate systems."""
    return f"tsl-{int(setting)}" if setting in (2, 3, 4) else "tsl"


def phases_of(layout: str, header: Any, guard: Guard) -> dict[int, Phase]:
    """Return the phases that a header describes, by their numbers."""
    described = subgroup(header, "Phases", "Phase")
    if described is None:
        return {}
    numbers = [
        name
        for name in children(described)
        if re.fullmatch("[0-9]{1,4}", name) and subgroup(described, name) is not None
    ]
    x_axis = _x_axis(layout, guard.text(header, "Cartesian Alignment"))
    return {int(name): _phase(described[name], int(name), x_axis, guard) for name in numbers[:1000]}


def _x_axis(layout: str, alignment: str) -> Literal["a", "a*"]:
    """Return the crystal axis along Cartesian x: as OIM 8 words it (``a* || x, b || y``), else the vendor's usual."""
    stated = re.search(r"\b(a\*?)\s*\|\|\s*x|\bx\s*\|\|\s*(a\*?)", alignment.lower())
    if stated is None:
        return "a" if layout == "tsl" else "a*"
    return "a*" if "*" in stated.group() else "a"


def _phase(group: Any, number: int, x_axis: Literal["a", "a*"], guard: Guard) -> Phase:
    name = guard.text(group, "Phase Name", "PhaseName", "MaterialName", "Material Name", "Name").strip()
    told = (guard.number(group, key) for key in ("IT", "Space Group", "SpaceGroup", "SpaceGroupNumber"))
    space_group = next((int(value) for value in told if 1 <= value <= 230), None)
    symmetry, lattice = _laue(group, space_group, guard), _lattice(group, guard)
    return Phase(name or f"phase {number}", symmetry, lattice, space_group, x_axis)


def _laue(group: Any, space_group: int | None, guard: Guard) -> str | None:
    laue = guard.text(group, "Laue Group", "LaueGroup")
    if laue in _LAUE_NUMBERS:
        return LAUE_ORDER[int(laue) - 1]
    symbol = guard.attribute(group, "Laue Group", "Symbol")  # AZtec's, for a number that may be 0
    for text in (laue, symbol, *(guard.text(group, key) for key in ("Point Group", "Symmetry", "LGsymID"))):
        found = laue_from_symbol(text) if text else None
        if found:
            return found
    return laue_from_space_group(space_group or 0)


def _lattice(group: Any, guard: Guard) -> tuple[float, float, float, float, float, float] | None:
    together = guard.column(group, "LatticeConstants", 6)
    lengths, angles = guard.column(group, "Lattice Dimensions", 3), guard.column(group, "Lattice Angles", 3)
    if together is not None:
        values = [float(value) for value in together]
    elif lengths is not None and angles is not None:
        values = [float(value) for value in lengths] + [float(np.rad2deg(value)) for value in angles]
    else:
        keys = ("a", "b", "c", "alpha", "beta", "gamma")
        values = [guard.number(group, f"Lattice Constant {key}", f"Lattice Constant {key.title()}") for key in keys]
    return in_angstrom(values)


def in_angstrom(values: list[float]) -> tuple[float, float, float, float, float, float] | None:
    """Return lattice constants in angstrom; EMsoft's nm show by edges below 1, which no crystal has in angstrom."""
    if len(values) != 6 or not all(np.isfinite(value) and value > 0 for value in values):
        return None
    scale = 10.0 if max(values[:3]) < 1.5 else 1.0
    a, b, c = (scale * value for value in values[:3])
    return a, b, c, values[3], values[4], values[5]
