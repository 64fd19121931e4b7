"""The only door to orix: maps, symmetries and orientations there and back."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from diffpy.structure import Lattice, Structure  # type: ignore[import-untyped]
from filelock import FileLock

from sodalite.ebsd.phase import Phase, laue_from_symbol
from sodalite.errors import ReadError


@contextmanager
def _compiling_when_called() -> Iterator[None]:
    """Leave out the signatures of what is decorated by ``numba.njit``, so that it is compiled when it is first called.

    orix compiles 28 conversions as it is imported, of which we call none: 25 s of CPU time on a new machine.
    """
    njit = numba.njit
    numba.njit = partial(_without_signature, njit)
    try:
        yield
    finally:
        numba.njit = njit


def _without_signature(decorate: Callable[..., Any], signature: object = None, /, **options: Any) -> Any:
    """Return what ``numba.njit`` makes of a function, or of options alone where a signature is given."""
    return decorate(signature, **options) if callable(signature) else decorate(**options)


# One process at a time compiles orix's kernels: two that fill numba's cache of a generalized ufunc at once leave one
# that crashes whoever loads it, ever after (numba issue 10128; three workers on a new machine: two of three trials).
with FileLock(Path(tempfile.gettempdir()) / f"sodalite-{Path.home().name}-orix.lock"), _compiling_when_called():
    from orix import io
    from orix.crystal_map import CrystalMap, PhaseList
    from orix.crystal_map import Phase as OrixPhase
    from orix.plot.direction_color_keys import DirectionColorKeyTSL
    from orix.quaternion import Orientation, Rotation
    from orix.vector import Vector3d

    ~Rotation.identity() * Rotation.identity() * Vector3d.xvector()

_MONOCLINIC = {"a": "211", "b": "121", "c": "112"}
_ROLLS_TO_Y = {"a": 1, "b": 0, "c": -1}

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sodalite.ebsd.map import EbsdMap


def orix_phase(phase: Phase) -> Any:
    """Return `phase` as an ``orix.crystal_map.Phase``; its space group is left out, its Laue group decides.

    Raises
    ------
    ReadError
        When the phase has no symmetry.
    """
    if phase.laue_group is None:
        raise ReadError(f"{phase.name}: the file gives no symmetry for this phase; name its phases when reading.")
    structure = Structure(title=phase.name, lattice=Lattice(*(phase.lattice or (1, 1, 1, 90, 90, 90))))
    # orix puts the twofold axis of 2/m along z; every EBSD vendor puts it along the axis that the lattice singles out
    group = _MONOCLINIC[phase.unique_axis] if phase.laue_group == "2/m" else phase.laue_group
    return OrixPhase(name=phase.name, point_group=group, structure=structure)


def orix_orientations(quaternions: np.ndarray, phase: Phase) -> Any:
    """Return specimen-to-crystal quaternions ``(n, 4)`` of one phase as an ``orix.quaternion.Orientation``.

    It is the way to orix's IPF colours and pole figures.
    """
    return Orientation(quaternions, symmetry=orix_phase(phase).point_group)


def crystal_map(ebsd: EbsdMap) -> Any:
    """Return a map as an ``orix.crystal_map.CrystalMap``; nodes without a point are not ``is_in_data``.

    Phase k becomes k, not indexed points become -1, lengths are in um.

    Raises
    ------
    ReadError
        When the grid is not square.
    """
    if ebsd.grid.lattice != "square":
        raise ReadError(f"{ebsd.name}: orix has no {ebsd.grid.lattice} grids; use quaternions and orix_orientations.")
    phases = PhaseList(phases=[orix_phase(phase) for phase in ebsd.phases], ids=range(1, len(ebsd.phases) + 1))
    phase_id = np.where(ebsd.phase_id > 0, ebsd.phase_id, -1).astype(np.int32)
    if (phase_id < 0).any() or ebsd.grid.missing:
        phases.add_not_indexed()
    (sy, sx), (y0, x0), (rows, columns) = ebsd.spacing_um, ebsd.grid.origin_um, ebsd.shape
    inside = ebsd.on_grid(np.ones(ebsd.size, dtype=bool), fill=False).ravel()
    quality = {key: ebsd.on_grid(values, fill=0).ravel() for key, values in ebsd.quality.items()}
    return CrystalMap(
        rotations=Rotation(ebsd.on_grid(ebsd.quaternions, fill=0.5).reshape(-1, 4)),
        phase_id=ebsd.on_grid(phase_id, fill=-1).ravel(),
        x=np.tile(x0 + sx * np.arange(columns), rows) if columns > 1 else None,
        y=np.repeat(y0 + sy * np.arange(rows), columns) if rows > 1 else None,
        phase_list=phases,
        prop=quality,
        scan_unit="um",
        is_in_data=inside,
    )


def columns_of(xmap: Any) -> dict[str, Any]:
    """Return the points of an ``orix.crystal_map.CrystalMap`` as arguments of `EbsdMap.from_quaternions`.

    Raises
    ------
    ReadError
        When its unit is no length.
    """
    ids = [number for number in xmap.phases.ids if number >= 0]
    phases = tuple(_phase_of(xmap.phases[number]) for number in ids)
    raw = np.asarray(xmap.phase_id)
    phase_id = np.zeros(raw.size, dtype=np.int16)
    for position, number in enumerate(ids, start=1):
        phase_id[raw == number] = position
    rotations = np.asarray(xmap.rotations.data, dtype=np.float64)
    points = rotations.reshape(raw.size, -1, 4)[:, 0]
    scale = {"um": 1.0, "nm": 1e-3, "mm": 1e3}.get(xmap.scan_unit)
    if scale is None:
        raise ReadError(f"scan_unit: orix says {xmap.scan_unit!r}; set it to um, nm or mm first.")
    zeros = np.zeros(raw.size)
    return {
        "quaternions": points,
        "phase_id": phase_id,
        "phases": phases,
        "x_um": zeros if xmap.x is None else np.asarray(xmap.x, dtype=np.float64) * scale,
        "y_um": zeros if xmap.y is None else np.asarray(xmap.y, dtype=np.float64) * scale,
        "step_um": (float(xmap.dx) * scale, float(xmap.dy) * scale),
        "quality": {key: np.asarray(values) for key, values in xmap.prop.items() if np.ndim(values) == 1},
    }


def _phase_of(phase: Any) -> Phase:
    group = phase.point_group
    lattice = phase.structure.lattice
    a, b, c, alpha, beta, gamma = (float(value) for value in lattice.abcABG())
    laue = None if group is None else laue_from_symbol(group.laue.name)
    number = None if phase.space_group is None else int(phase.space_group.number)
    return Phase(phase.name, laue, (a, b, c, alpha, beta, gamma), number)


def save_map(ebsd: EbsdMap, path: str | os.PathLike[str]) -> None:
    """Write a map by orix's own writer, which the ending of `path` chooses (.h5, .ang); raises as `crystal_map`."""
    io.save(os.fspath(path), crystal_map(ebsd), overwrite=True)


def direction_colours(directions: np.ndarray, phase: Phase) -> np.ndarray:
    """Return orix's colours of crystal directions by the TSL key, ``(n, 3)`` float64 from 0 to 1.

    Parameters
    ----------
    directions
        ``(n, 3)``, in the Cartesian axes of `phase`.
    phase
        Its Laue group chooses the key. The key has x along a and, in -3m, a twofold axis there, in 2/m one along y:
        phases with other axes are turned to that.
    """
    key = DirectionColorKeyTSL(_key_group(phase))
    return np.asarray(key.direction2color(Vector3d(directions @ key_axes(phase).T)))


def sector_centre(phase: Phase) -> np.ndarray:
    """Return the centre of the fundamental sector that the colours of `direction_colours` fill, ``(3,)``, unit."""
    centre = _key_group(phase).laue.fundamental_sector.center.data.reshape(-1)
    centre = centre if np.linalg.norm(centre) > 0 else np.array([0.0, 0.0, 1.0])
    return np.asarray(key_axes(phase).T @ (centre / np.linalg.norm(centre)))


def _key_group(phase: Phase) -> Any:
    return orix_phase(replace(phase, lattice=None)).point_group


def key_axes(phase: Phase) -> np.ndarray:
    """Return the rotation from the axes of `phase` to those of orix's keys, ``(3, 3)``.

    About z, but for monoclinic crystals, whose twofold axis it takes to y.
    """
    group = phase.point_group
    if group == "2":
        return np.roll(np.eye(3), _ROLLS_TO_Y[phase.unique_axis], axis=0)
    turned = phase.x_axis == "a*" and group in ("3", "6", "622")
    if group == "32":
        twofold = phase.operators[np.abs(phase.operators[:, 0]) < 1e-9]
        turned = not (np.abs(twofold[:, 1]) > 1 - 1e-9).any()
    cosine, sine = (np.sqrt(3) / 2, 0.5) if turned else (1.0, 0.0)
    return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
