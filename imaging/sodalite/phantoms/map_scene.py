"""What a phantom map shows: its crystals, their orientations and what could not be indexed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sodalite.ebsd import FRAMES, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

SODIUM = Phase("Sodium", "m-3m", (4.2906, 4.2906, 4.2906, 90.0, 90.0, 90.0), 229)
LITHIUM = Phase("Lithium", "m-3m", (3.51004, 3.51004, 3.51004, 90.0, 90.0, 90.0), 229)
ALUMINIUM = Phase("Aluminium", "m-3m", (4.0495, 4.0495, 4.0495, 90.0, 90.0, 90.0), 225)
NZSP = Phase("NZSP", "-3m", (9.06, 9.06, 22.9, 90.0, 90.0, 120.0), 167)
"""Na3Zr2Si2PO12 in its rhombohedral form R-3c, hexagonal axes (rounded)."""

_CHANNEL5 = ("channel5", "bruker")


@dataclass(frozen=True, slots=True)
class MapScene:
    """The crystals of a map.

    Attributes
    ----------
    lattice
        ``square`` or ``hex``.
    structure
        ``voronoi`` (cells of a Poisson process) or ``columnar`` (columns from face to face of the film).
    stretch
        How many times Voronoi cells are longer along y than along x: an affine stretch, so the intercepts' ratio is it.
    lean_deg
        Angle of the film's crystals to the normal of its faces.
    film_um
        Depths of the two faces between which `grains` crystals lie; the whole map when None.
    phases, film_phases, phase_fractions
        All phases; how many of them, from the first, make the film; their shares of its crystals by number.
    outside, outside_um
        Phase numbers above and below the film, 0 = not indexed; the mean size of the crystals there.
    texture, textured_fraction, texture_spread_deg
        Direction <hkl> of cubic crystals along `growth`, for which share of the film's crystals, and how far from it
        they scatter (standard deviation of a rotation about each axis).
    growth
        Direction of growth on the map: x right, y down, z inwards.
    least_deg
        No two neighbours of one phase differ by less.
    noise_deg
        Standard deviation, about each axis, of the rotation of a point from its crystal; lengths end at 4 of it.
    gradient_deg_um
        Rotation along x within each crystal, about an axis of its own.
    twins
        Number of film crystals that hold a lamella 60 degrees about <111> from them.
    unindexed_fraction, unindexed_boundary_fraction, unindexed_bands, band_um
        Shares of all points, and of the points at boundaries, that are not indexed; oblique bands of such points.
    frame
        What the Euler angles refer to, see `sodalite.ebsd.FRAMES`: ``tsl`` for .ang, ``channel5`` for .ctf files.

    Raises
    ------
    ValueError
        When a field is out of its range.
    """

    lattice: Literal["square", "hex"] = "square"
    structure: Literal["voronoi", "columnar"] = "voronoi"
    stretch: float = 1.0
    lean_deg: float = 0.0
    film_um: tuple[float, float] | None = None
    phases: tuple[Phase, ...] = (SODIUM,)
    film_phases: int = 1
    phase_fractions: tuple[float, ...] | None = None
    outside: tuple[int, int] = (0, 0)
    outside_um: float = 5.0
    texture: str | None = None
    textured_fraction: float = 1.0
    texture_spread_deg: float = 3.0
    growth: tuple[float, float, float] = (0.0, -1.0, 0.0)
    least_deg: float = 10.0
    noise_deg: float = 0.2
    gradient_deg_um: float = 0.0
    twins: int = 0
    unindexed_fraction: float = 0.0
    unindexed_boundary_fraction: float = 0.0
    unindexed_bands: int = 0
    band_um: float = 2.0
    frame: str = "tsl"

    def __post_init__(self) -> None:
        _choose("lattice", self.lattice, ("square", "hex"))
        _choose("structure", self.structure, ("voronoi", "columnar"))
        _choose("frame", self.frame, tuple(FRAMES))
        if self.texture is not None:
            _choose("texture", self.texture, ("100", "110", "111"))
        if not 0 < self.film_phases <= len(self.phases):
            raise ValueError(f"film_phases={self.film_phases}: phases are {len(self.phases)}; take 1 to that.")
        if self.phase_fractions is not None and len(self.phase_fractions) != self.film_phases:
            raise ValueError(f"phase_fractions={self.phase_fractions}: give one for each of {self.film_phases} phases.")
        cubic = all(phase.laue_group == "m-3m" for phase in self.phases[: self.film_phases])
        if not cubic and (self.twins or self.texture):
            raise ValueError("twins, texture: only cubic films have them; leave them out.")
        if not max(self.outside) <= len(self.phases):
            raise ValueError(f"outside={self.outside}: phases are {len(self.phases)}; take 0 to that.")

    @property
    def map_phases(self) -> tuple[Phase, ...]:
        """The phases with their axes as files of `frame` have them: Channel 5 puts x along a*."""
        axis: Literal["a", "a*"] = "a*" if self.frame in _CHANNEL5 else "a"
        return tuple(Phase(p.name, p.laue_group, p.lattice, p.space_group, axis) for p in self.phases)


def _choose(field: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{field}={value!r}: choose one of {', '.join(choices)}.")
