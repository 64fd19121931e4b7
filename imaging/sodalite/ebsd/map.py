"""The EBSD map: orientations, phases and qualities of points that lie on a grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.ebsd.frames import (
    euler_from_quaternions,
    frame_axes,
    quaternions_from_euler,
    quaternions_in_map_frame,
)
from sodalite.ebsd.grid import Grid, fit_grid
from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from sodalite.ebsd.phase import Phase


@dataclass(frozen=True, slots=True, eq=False)
class EbsdMap:
    """Points of an EBSD scan, sorted by row, then column.

    The Euler angles stay as the file has them, so that reading loses no bit; `quaternions` are computed when asked
    for. That is 58 bytes a point for an .ang file where float64 quaternions beside the rest would be 66.

    Attributes
    ----------
    euler_rad
        ``(n, 3)`` float64: phi1, Phi, phi2 (Bunge) in radians, relative to the axes of `frame`.
    phase_id
        ``(n,)`` int16: 0 = not indexed, k = ``phases[k - 1]``.
    phases
        In the order of their numbers in the file.
    x_um, y_um
        ``(n,)`` float64: positions as the file has them, x to the right, y down.
    grid
        The grid found from the positions.
    quality
        Name -> ``(n,)`` float32 or small integers: ci, iq, mad, bc, bs, bands, error, fit ...
    frame
        Name in `sodalite.ebsd.FRAMES`: which way the axes of the Euler angles point on the map.
    name
        How tables and messages call the map.
    warnings
        Sentences about what the file contradicts itself in, or leaves out.
    """

    euler_rad: np.ndarray
    phase_id: np.ndarray
    phases: tuple[Phase, ...]
    x_um: np.ndarray
    y_um: np.ndarray
    grid: Grid
    quality: Mapping[str, np.ndarray] = field(default_factory=dict)
    frame: str = "map"
    name: str = "map"
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.phase_id)
        lengths = {"euler_rad": len(self.euler_rad), "x_um": len(self.x_um), "y_um": len(self.y_um)}
        lengths |= {key: len(values) for key, values in self.quality.items()}
        for key, length in lengths.items():
            if length != count:
                raise ReadError(f"{self.name}: {key} has {length} values for {count} points; give one a point.")
        if count and not 0 <= int(self.phase_id.min()) <= int(self.phase_id.max()) <= len(self.phases):
            raise ReadError(f"{self.name}: phase_id must be 0 to {len(self.phases)}, the number of phases.")
        frame_axes(self.frame)

    def __repr__(self) -> str:
        step = "{:g} x {:g} um".format(*self.step_um)
        shares = ", ".join(f"{phase.name} {count}" for phase, count in zip(self.phases, self.phase_counts, strict=True))
        return f"EbsdMap({self.name}: {self.grid.kind} {self.shape}, step {step}, {shares}, frame {self.frame})"

    @classmethod
    def from_points(
        cls,
        euler_rad: np.ndarray,
        phase_id: np.ndarray,
        phases: Sequence[Phase],
        x_um: np.ndarray,
        y_um: np.ndarray,
        *,
        frame: str,
        name: str,
        quality: Mapping[str, np.ndarray] | None = None,
        step_um: tuple[float, float] | None = None,
        warnings: Sequence[str] = (),
    ) -> Self:
        """Return a map of points in any order: finds their grid and sorts them.

        The other arguments are attributes of the class.

        Parameters
        ----------
        step_um
            Steps (x, y) for an axis along which there is only one position.

        Raises
        ------
        ReadError
            When the points lie on no grid, or two of them on one place.
        CalibrationError
            When a single position leaves the step open.
        """
        fitted = fit_grid(x_um, y_um, step_um=step_um)
        if fitted is None:
            raise ReadError(
                f"{name}: {len(x_um)} points lie on no grid with rows along x; tell a step (step_um, on the command "
                "line --pixel-size-um) to fill a square grid from them."
            )
        grid, order = fitted
        values = dict(quality or {})
        if order is not None:
            euler_rad = np.stack([column[order] for column in euler_rad.T]).T
            phase_id, x_um, y_um = phase_id[order], x_um[order], y_um[order]
            values = {key: column[order] for key, column in values.items()}
        return cls(
            euler_rad,
            phase_id,
            tuple(phases),
            x_um,
            y_um,
            grid,
            values,
            frame=frame,
            name=name,
            warnings=tuple(warnings),
        )

    @classmethod
    def from_quaternions(
        cls,
        quaternions: np.ndarray,
        phase_id: np.ndarray,
        phases: Sequence[Phase],
        x_um: np.ndarray,
        y_um: np.ndarray,
        **rest: Any,
    ) -> Self:
        """Return a map of specimen-to-crystal quaternions ``(n, 4)``; `rest` as in `from_points`."""
        return cls.from_points(euler_from_quaternions(quaternions), phase_id, phases, x_um, y_um, **rest)

    @property
    def size(self) -> int:
        """Number of points."""
        return len(self.phase_id)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.grid.shape

    @property
    def spacing_um(self) -> tuple[float, float]:
        """Step along (y, x), the order of array axes."""
        return self.grid.spacing_um

    @property
    def step_um(self) -> tuple[float, float]:
        """Step along (x, y), the order of file headers."""
        return self.grid.spacing_um[::-1]

    @property
    def indexed(self) -> np.ndarray:
        """Whether each point has an orientation, ``(n,)`` bool."""
        return self.phase_id > 0

    @property
    def phase_counts(self) -> tuple[int, ...]:
        """Number of points of each phase, in the order of `phases`."""
        return tuple(np.bincount(self.phase_id, minlength=len(self.phases) + 1)[1:].tolist())

    @property
    def quaternions(self) -> np.ndarray:
        """Rotations from the axes of `frame` to the crystal, ``(n, 4)`` float64, scalar first.

        For every operator ``s`` of the phase, ``s * q`` is the same orientation; the misorientation of two points is
        ``q2 * conj(q1)``. Points that are not indexed hold whatever the file put there.
        """
        return quaternions_from_euler(self.euler_rad)

    @property
    def map_quaternions(self) -> np.ndarray:
        """Rotations from the axes of the map (x right, y down, z inwards) to the crystal, ``(n, 4)`` float64."""
        return quaternions_in_map_frame(self.quaternions, self.frame)

    def on_grid(self, values: np.ndarray, *, fill: float | int | bool) -> np.ndarray:
        """Return ``(n, ...)`` values as ``(rows, columns, ...)``, with `fill` where the grid has no point.

        Without missing points this is a view. On a hexagonal grid every second row is shifted by half a step.
        """
        values = np.asarray(values)
        if self.grid.node is None:
            return values.reshape(*self.shape, *values.shape[1:])
        dense = np.full((self.shape[0] * self.shape[1], *values.shape[1:]), fill, dtype=values.dtype)
        dense[self.grid.node] = values
        return dense.reshape(*self.shape, *values.shape[1:])

    def with_empty_places(self) -> Self:
        """Return a copy in which each place among the points has one, not indexed where a sparse map has none.

        Places outside the convex hull of the points stay without: nothing was measured there.
        """
        from sodalite.ebsd.neighbours import nodes_inside, places_um, within_hull

        if not self.grid.missing or self.grid.node is None:
            return self
        places = places_um(replace(self.grid, node=None))
        inside = nodes_inside(self.grid).ravel()
        inside &= within_hull(places, places[self.grid.node], margin=min(self.spacing_um) / 2)
        inside[self.grid.node] = True
        node = np.flatnonzero(inside)
        old = np.searchsorted(node, self.grid.node)

        def spread(values: np.ndarray, around: np.ndarray) -> np.ndarray:
            around[old] = values
            return around

        x_um, y_um = (places[node] + self.grid.origin_um[::-1]).T.copy()
        return replace(
            self,
            euler_rad=spread(self.euler_rad, np.zeros((node.size, 3))),
            phase_id=spread(self.phase_id, np.zeros(node.size, self.phase_id.dtype)),
            x_um=spread(self.x_um, x_um),
            y_um=spread(self.y_um, y_um),
            grid=replace(self.grid, node=None if inside.all() else node),
            quality={key: spread(each, np.zeros(node.size, each.dtype)) for key, each in self.quality.items()},
        )

    def with_phases(self, phases: Sequence[Phase]) -> Self:
        """Return a copy with other phases, for files that give no symmetry; where all have one, none is warned of.

        Raises
        ------
        ReadError
            When their number differs.
        """
        if len(phases) != len(self.phases):
            raise ReadError(f"{self.name}: {len(phases)} phases were given for {len(self.phases)} in the file.")
        known = all(phase.laue_group for phase in phases)
        warnings = tuple(w for w in self.warnings if not (known and "symmetry is unknown" in w))
        return replace(self, phases=tuple(phases), warnings=warnings)

    def to_orix(self) -> Any:
        """Return the map as an ``orix.crystal_map.CrystalMap``; orix has no hexagonal grids.

        Raises
        ------
        ReadError
            When the grid is hexagonal or a phase has no symmetry.
        """
        from sodalite.ebsd.orix_door import crystal_map

        return crystal_map(self)

    @classmethod
    def from_orix(cls, crystal_map: Any, *, frame: str, name: str = "map") -> Self:
        """Return the map of an ``orix.crystal_map.CrystalMap`` whose orientations refer to `frame`.

        Raises
        ------
        ReadError
            When the points lie on no grid.
        """
        from sodalite.ebsd.orix_door import columns_of

        return cls.from_quaternions(**columns_of(crystal_map), frame=frame, name=name)
