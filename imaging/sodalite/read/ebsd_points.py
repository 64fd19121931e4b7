"""From the columns of any EBSD file to a map: phases numbered, unindexed points marked, headers checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import EbsdMap, Phase
from sodalite.errors import CalibrationError, ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_BEYOND_RADIANS_FRACTION = 0.05
"""Share of points with an angle beyond 4 pi from which a map is in degrees; a spoiled value or two makes none."""

_STRAY_PHASE_FRACTION = 0.01
"""Share of the points up to which a phase that the header does not describe is passed over; above, it is asked for."""

_PHASES_AT_MOST = 255
"""What the byte of most formats holds."""

_NAMED_AT_MOST = 5
"""Phases that a warning lists."""

_STRAY_POINT_FRACTION = 0.01
_FAR = 10.0
"""Extents of all other points from which on a few (`_STRAY_POINT_FRACTION`) have a damaged position."""

FROM_MTEX = "MTEX wrote the file: its Euler angles refer to the axes they had there, check frame (map, channel5, tsl)."

_TURN_DEG = 1.0
"""Angle of a scan to the tilt axis in degrees below which it is how exactly a sample is mounted."""

_SMALLEST_STEP_UM, _LARGEST_STEP_UM = 1e-6, 1e6
"""A picometre and a metre."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header states of the grid: steps (x, y) in um, cells (columns, rows), lattice; None where silent."""

    step_um: tuple[float, float] | None = None
    cells: tuple[int, int] | None = None
    lattice: str | None = None


@dataclass(slots=True)
class Points:
    """Columns of one scan as its file has them.

    Attributes
    ----------
    euler
        ``(3, n)`` float64 planes phi1, Phi, phi2 in radians.
    x_um, y_um
        ``(n,)`` float64.
    phase
        ``(n,)`` integers: numbers as the file uses them.
    phases
        Number in the file -> phase; empty when the file describes none.
    quality
        Name -> ``(n,)``.
    header, frame, warnings
        As in `Header` and `EbsdMap`.
    unindexed
        ``(n,)`` bool, marks beyond those that every format shares.
    zero_is_phase
        Whether 0 is a phase's number where there is only one (TSL), instead of "not indexed".
    length_unit
        The unit of the positions, where the file names one that is no length.
    """

    euler: np.ndarray
    x_um: np.ndarray
    y_um: np.ndarray
    phase: np.ndarray
    phases: dict[int, Phase]
    quality: dict[str, np.ndarray]
    frame: str
    header: Header = field(default_factory=Header)
    warnings: list[str] = field(default_factory=list)
    unindexed: np.ndarray | None = None
    zero_is_phase: bool = False
    length_unit: str = ""


def assemble(points: Points, *, name: str, step_um: float | None) -> EbsdMap:
    """Return the map of `points`.

    Parameters
    ----------
    name
        How messages call the file.
    step_um
        Step of a square grid to fill from the nearest points when they lie on no grid.

    Raises
    ------
    ReadError
        When there is no point, or the points lie on no grid and `step_um` is None.
    CalibrationError
        When the step is open, or `step_um` impossible.
    """
    _drop_points_without_position(points)
    if points.phase.size == 0:
        raise ReadError(f"{name}: no point has a position; export the map again.")
    _measure_positions(points, name, step_um)
    phase_id, phases = _numbered(points)
    if len(phases) > _PHASES_AT_MOST:
        raise ReadError(
            f"{name}: its points have {len(phases)} different phases; the file is damaged, or its phases are elsewhere."
        )
    try:
        ebsd = EbsdMap.from_points(
            points.euler.T, phase_id, phases, points.x_um, points.y_um, frame=points.frame, name=name,
            quality=points.quality, step_um=points.header.step_um, warnings=points.warnings,
        )  # fmt: skip
        _refuse_impossible_steps(ebsd)
    except CalibrationError as error:
        raise CalibrationError(f"{name}: {error}") from None
    except ReadError as error:
        _refuse_strays(points, name)
        if step_um is None or "lie on no grid" not in str(error):
            raise ReadError(_named(name, str(error))) from None
        return _filled(points, phase_id, phases, name, step_um)
    return _with_warnings(ebsd, _disagreements(ebsd, points.header, points.phase.size))


def turned_scan(angle_deg: float) -> list[str]:
    """Return a sentence where a scan ran at an angle to the tilt axis, which half a turn or none is not."""
    off = abs((angle_deg + 90) % 180 - 90)
    if not off > _TURN_DEG:
        return []
    return [f"the scan is turned by {angle_deg:.3g} degrees: check what the Euler angles refer to."]


def turned_surface(angles_deg: Sequence[float]) -> list[str]:
    """Return a sentence where the surface of a scan is turned against the specimen, by Euler angles other than 0."""
    if not any(angles_deg):
        return []
    stated = ", ".join(f"{angle:.4g}" for angle in angles_deg)
    return [f"the acquisition surface is turned by ({stated}) degrees: check what the Euler angles refer to."]


def _refuse_strays(points: Points, name: str) -> None:
    """Name the points so far from all others that their positions must be damaged: they spoil the grid of the rest."""
    places = np.stack((points.x_um, points.y_um))
    low, middle, high = np.quantile(places, (_STRAY_POINT_FRACTION, 0.5, 1 - _STRAY_POINT_FRACTION), axis=1)
    far = np.abs(places - middle[:, None]) > _FAR * (high - low).max()
    strays = np.flatnonzero(far.any(axis=0))
    if 0 < strays.size <= _STRAY_POINT_FRACTION * points.phase.size:
        first, axis = int(strays[0]), int(far[1, strays[0]])
        raise ReadError(
            f"{name}: {strays.size} of {points.phase.size} points have a place far off the others, the first of them "
            f"(point {first + 1}) at {'xy'[axis]} = {places[axis, first]:.6g} um where most are from {low[axis]:.6g} "
            f"to {high[axis]:.6g} um; correct or take out such lines."
        )


def _refuse_impossible_steps(ebsd: EbsdMap) -> None:
    """Refuse steps that no beam makes; areas of far larger ones would not even be numbers."""
    for axis, step in zip("xy", ebsd.step_um, strict=True):
        if not _SMALLEST_STEP_UM <= step <= _LARGEST_STEP_UM:
            raise CalibrationError(f"{axis}: its positions are {step:.3g} um apart, which no microscope steps.")


def _measure_positions(points: Points, name: str, step_um: float | None) -> None:
    """Turn positions that count steps into um, with the step that the user tells."""
    if not points.length_unit:
        return
    if step_um is None:
        raise CalibrationError(
            f"{name}: its positions are in {points.length_unit!r}, which is no length; tell the step (step_um, on the "
            "command line --pixel-size-um)."
        )
    from sodalite.ebsd.lattice import fit_axis

    along_x = fit_axis(points.x_um)
    scale = step_um / along_x.step if along_x is not None and along_x.step > 0 else step_um
    points.x_um, points.y_um = points.x_um * scale, points.y_um * scale


def _named(name: str, sentence: str) -> str:
    return sentence if sentence.startswith(f"{name}:") else f"{name}: {sentence}"


def _with_warnings(ebsd: EbsdMap, sentences: list[str]) -> EbsdMap:
    from dataclasses import replace

    return replace(ebsd, warnings=(*ebsd.warnings, *sentences)) if sentences else ebsd


def _drop_points_without_position(points: Points) -> None:
    """Leave out points whose position is NaN (AZtec: outside the area) or -1111111 (EDAX: invalid data)."""
    from sodalite.read.ebsd_marks import all_placed

    if all_placed(points.x_um, points.y_um):
        return
    keep = np.isfinite(points.x_um) & np.isfinite(points.y_um)
    keep &= ~np.isclose(points.x_um, -1111111.0) & ~np.isclose(points.y_um, -1111111.0)
    if keep.all():
        return
    points.warnings.append(f"{int((~keep).sum())} points without a position were left out.")
    points.euler, points.x_um, points.y_um = points.euler[:, keep], points.x_um[keep], points.y_um[keep]
    points.phase = points.phase[keep]
    points.quality = {key: values[keep] for key, values in points.quality.items()}
    if points.unindexed is not None:
        points.unindexed = points.unindexed[keep]


def _numbered(points: Points) -> tuple[np.ndarray, list[Phase]]:
    """Return the phases by rising number in the file, and for each point 1..n, or 0 where it is not indexed."""
    from sodalite.read.ebsd_marks import numbers_seen, renumber

    raw = points.phase
    low, high = int(raw.min()), int(raw.max())
    seen = np.zeros(high - low + 1, dtype=bool)
    numbers_seen(raw, low, seen)
    used = np.flatnonzero(seen) + low
    phases = dict(sorted(points.phases.items()))
    if points.zero_is_phase and 0 in used and not (used > 0).any() and len(phases) <= 1:
        phases = {0: next(iter(phases.values()), Phase("phase"))}
    phases |= _undescribed(points, [number for number in used.tolist() if number > 0 and number not in phases])
    phases = dict(sorted(phases.items()))
    numbers = np.zeros(high - low + 1, dtype=np.int16)
    for position, number in enumerate(phases, start=1):
        if low <= number <= high:
            numbers[number - low] = position
    unindexed = np.empty(0, bool) if points.unindexed is None else points.unindexed
    confidence = points.quality.get("ci", np.empty(0, np.float32))
    phase_id = raw if raw.dtype == np.int16 else np.empty(raw.size, dtype=np.int16)
    beyond, indexed = renumber(raw, low, numbers, points.euler, confidence, unindexed, phase_id)
    if beyond > _BEYOND_RADIANS_FRACTION * max(indexed, 1):
        points.euler *= np.pi / 180
        points.warnings.append("Euler angles beyond 4 pi are no radians: they were read as degrees.")
    return phase_id, list(phases.values())


def _undescribed(points: Points, numbers: list[int]) -> dict[int, Phase]:
    """Return a phase without symmetry for each number that the header does not describe.

    A few points of such a phase beside described ones are damage, or what a cropped header left behind: they are not
    indexed, as they are in MTEX, so that they ask for no symmetry.
    """
    if not numbers:
        return {}
    low = int(points.phase.min())
    count = int(np.bincount(points.phase.astype(np.int64) - low)[np.array(numbers) - low].sum())
    listed = ", ".join(map(str, numbers[:_NAMED_AT_MOST])) + (" ..." if len(numbers) > _NAMED_AT_MOST else "")
    told = f"{count} points have phase {listed}, which the header does not describe"
    if points.phases and count <= _STRAY_PHASE_FRACTION * points.phase.size:
        points.warnings.append(f"{told}: they are taken as not indexed.")
        return {}
    points.warnings.append(f"{told}.")
    return {number: Phase(f"phase {number}") for number in numbers}


def _disagreements(ebsd: EbsdMap, header: Header, count: int) -> list[str]:
    """Return one sentence for each thing that the header states and the coordinates deny."""
    found = []
    if header.step_um is not None:
        for axis, stated, measured in zip("xy", header.step_um, ebsd.step_um, strict=True):
            if abs(stated - measured) > 0.005 * measured:
                found.append(f"{axis} step: the header says {stated:g} um, the coordinates say {measured:g} um (used).")
    if header.cells is not None and header.cells != ebsd.shape[::-1]:
        cells = ["{} x {}".format(*pair) for pair in (header.cells, ebsd.shape[::-1])]
        found.append(f"cells: the header says {cells[0]} (x, y), the coordinates say {cells[1]} (used).")
    if header.lattice is not None and header.lattice != ebsd.grid.lattice:
        found.append(f"grid: the header says {header.lattice}, the coordinates say {ebsd.grid.lattice} (used).")
    if ebsd.grid.missing:
        nodes = count + ebsd.grid.missing
        found.append(f"sparse: {count} of {nodes} places of the grid have a point.")
    if ebsd.grid.residual_fraction > 0.1:
        share = ebsd.grid.residual_fraction
        found.append(f"positions are rounded: a point lies {share:.0%} of a step from its place on the grid.")
    return found


def _filled(points: Points, phase_id: np.ndarray, phases: list[Phase], name: str, step_um: float) -> EbsdMap:
    """Return a square grid of `step_um` whose places take the nearest point, for points that lie on no grid.

    Places outside the convex hull of the points, as in the corners around a turned map, stay empty.
    """
    from scipy.spatial import cKDTree

    from sodalite.ebsd.neighbours import within_hull

    if not (np.isfinite(step_um) and step_um > 0):
        raise CalibrationError(f"step_um: {step_um} is no step; give it in um, above 0.")
    low = np.array([points.x_um.min(), points.y_um.min()])
    cells = np.floor((np.array([points.x_um.max(), points.y_um.max()]) - low) / step_um) + 1
    if float(cells.prod()) > 10 * phase_id.size + 100:
        raise CalibrationError(
            f"step_um: {step_um:g} um makes {cells.prod():.3g} places for {phase_id.size} points; give a larger step."
        )
    columns, rows = (int(number) for number in cells)
    places = np.stack(np.meshgrid(low[0] + step_um * np.arange(columns), low[1] + step_um * np.arange(rows)), axis=-1)
    measured = np.stack((points.x_um, points.y_um), axis=1)
    places = places.reshape(-1, 2)
    places = places[within_hull(places, measured, margin=step_um / 2)]
    x, y = places.T
    _, nearest = cKDTree(measured).query(places)
    quality: Mapping[str, np.ndarray] = {key: values[nearest] for key, values in points.quality.items()}
    note = f"filled: {phase_id.size} free points were put on a grid of {step_um:g} um by nearest neighbour."
    return EbsdMap.from_points(
        points.euler[:, nearest].T, phase_id[nearest], phases, x, y, frame=points.frame, name=name, quality=quality,
        step_um=(step_um, step_um), warnings=[*points.warnings, note],
    )  # fmt: skip
