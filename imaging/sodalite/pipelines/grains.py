"""Grains: size, columnarity, boundaries and texture of one EBSD map."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from sodalite.recipe import PixelSize, Recipe

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from sodalite.ebsd import EbsdMap
    from sodalite.result import Result

Frame = Literal["map", "channel5", "tsl", "tsl-2", "tsl-3", "tsl-4", "bruker"]
"""The names of `sodalite.ebsd.FRAMES`."""

_GROWTH: Mapping[str, tuple[float, float] | None] = MappingProxyType(
    {
        "none": None, "z": None, "up": (0.0, -1.0), "down": (0.0, 1.0), "left": (-1.0, 0.0), "right": (1.0, 0.0),
        "-y": (0.0, -1.0), "y": (0.0, 1.0), "-x": (-1.0, 0.0), "x": (1.0, 0.0),
    }
)  # fmt: skip


class Grains(Recipe):
    """Settings of an EBSD map: how its grains are found, and what they are measured against.

    Neighbouring points of one phase belong to one grain when their disorientation is below `boundary_deg`. Directions
    are those of the map as it is shown: x to the right, y down, z out of it.
    """

    kind: ClassVar[str] = "grains"
    extensions: ClassVar[frozenset[str]] = frozenset(
        [
            ".ang",
            ".ctf",
            ".cpr",
            ".crc",
            ".h5",
            ".hdf5",
            ".h5oina",
            ".oh5",
            ".edaxh5",
            ".h5ebsd",
            ".dream3d",
            ".txt",
            ".csv",
        ]
    )
    pairs: ClassVar[Mapping[str, str]] = MappingProxyType({".cpr": ".crc"})
    labels_hold: ClassVar[Literal["classes", "objects"]] = "objects"
    compiled: ClassVar[str] = "sodalite.ebsd.neighbours"

    columns: str | None = Field(
        None,
        description="Columns of a text table by their headings, or positions from 0, as in "
        "phi1=A,Phi=B,phi2=C,x=3,y=4,phase=5; null takes headings that speak for themselves",
    )
    frame: Frame | None = Field(
        None,
        description="Axes that the Euler angles refer to; null takes the vendor's usual ones, which info names. "
        "channel5 is MTEX's convertEuler2SpatialReferenceFrame, tsl and tsl-2 the same with setting 1 and 2, map MTEX "
        "without options. Sizes are the same in all; tsl and tsl-2 exchange x and y in texture and colours",
    )
    symmetry: str | None = Field(
        None,
        description="Laue group of the phases whose symmetry the file leaves out, such as m-3m, or a comma-separated "
        "one for each phase; null takes the file's",
    )
    phases: str | None = Field(
        None, description="Names or numbers (from 1) of the phases that are measured, comma-separated; null keeps all"
    )
    scale_uncertainty_percent: float = Field(
        2.0, ge=0, le=50, description="Standard uncertainty of the pixel size in percent of it"
    )
    replace_spikes: bool = Field(
        False,
        description="Whether single points that agree with no neighbour take the orientation most neighbours have",
    )
    island_pixels: int = Field(
        1, ge=1, le=1_000_000, description="Grains with fewer points are absorbed by their neighbours; 1 absorbs none"
    )
    gap_steps: float = Field(
        0.0, ge=0, le=1000, description="Steps from an indexed point within which a gap takes its orientation; 0: never"
    )
    boundary_deg: float = Field(
        5.0, gt=0, lt=180, description="Disorientation in degrees from which two neighbours belong to different grains"
    )
    boundary_low_deg: float | None = Field(
        None,
        gt=0,
        lt=180,
        description="Disorientation in degrees of subgrains, which are then joined while their mean orientations "
        "differ by less than boundary_deg; null finds grains with boundary_deg alone",
    )
    fill: bool = Field(
        False,
        description="Whether points that are not indexed go to the nearest grain; so do places among the points that a "
        "sparse map has none for",
    )
    merge_twins: bool = Field(False, description="Whether grains with a twin boundary between them are one grain")
    twin: str = Field(
        "sigma3",
        description="Twin that merge_twins joins: sigma3, sigma5 ... sigma11 of cubic crystals within Brandon's angle, "
        "or an angle about a direction, as in 60<111> (cubic) or 86.3<11-20> within 3 (hexagonal and trigonal; 5 deg "
        "unless told)",
    )
    min_pixels: int = Field(
        10, ge=1, le=1_000_000, description="Grains with fewer points are left out of the numbers; 1 keeps all"
    )
    growth_direction: Literal["none", "up", "down", "left", "right", "x", "-x", "y", "-y", "z"] = Field(
        "none", description="Where the film grows on the map (x is right, y is down, z is out of it: texture alone)"
    )
    film_top_um: float | None = Field(
        None,
        description="Where the film ends along the growth direction, as x or y of the map in um; null: where grains do",
    )
    film_bottom_um: float | None = Field(None, description="Where the film begins, likewise; null: where grains begin")
    column_span_fraction: float = Field(
        0.8, gt=0, le=1, description="Share of the local film thickness from which on a grain spans the film"
    )
    column_bands: int = Field(10, ge=1, le=10_000, description="Heights at which the column width is measured")
    kam_order: int = Field(
        1, ge=1, le=10, description="Steps up to which neighbours count for the local misorientation (KAM)"
    )
    kam_max_deg: float = Field(
        5.0,
        gt=0,
        le=180,
        description="Neighbours that differ by more, in degrees, are left out of the local misorientation",
    )
    texture_within_deg: float = Field(
        15.0, gt=0, le=30, description="Angle in degrees to the growth direction up to which a crystal direction counts"
    )
    ipf_direction: Literal["x", "y", "z"] | None = Field(
        None, description="Direction whose crystal direction is coloured; null: the growth direction, z without one"
    )
    seed: int = Field(
        0, ge=0, le=2**31 - 1, description="Seed of the random orientations that texture is tested against"
    )

    @field_validator("growth_direction", mode="before")
    @classmethod
    def _none_is_a_word(cls, value: Any) -> Any:
        return "none" if value is None else value

    @field_validator("columns", mode="before")
    @classmethod
    def _columns_are_pairs(cls, value: Any) -> Any:
        from sodalite.pipelines.grain_files import parse_columns

        if isinstance(value, dict):
            value = ",".join(f"{name}={column}" for name, column in value.items())
        if isinstance(value, str):
            parse_columns(value)
        return value

    @field_validator("twin")
    @classmethod
    def _twins_are_known(cls, value: str) -> str:
        from sodalite.pipelines.grain_twins import parse_twin

        parse_twin(value)
        return value

    @field_validator("symmetry", "phases", mode="before")
    @classmethod
    def _lists_are_text(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return ",".join(map(str, value))
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        if self.boundary_low_deg is not None and self.boundary_low_deg >= self.boundary_deg:
            raise ValueError("boundary_low_deg: not below boundary_deg; subgrains are found with the smaller angle")
        faces = (self.film_top_um, self.film_bottom_um)
        if self.growth_xy is None and any(face is not None for face in faces):
            raise ValueError("film_top_um, film_bottom_um: set growth_direction to up, down, left or right with them")
        if None not in faces and self.film_rise_um <= 0:
            raise ValueError("film_top_um: not beyond film_bottom_um in the growth direction; exchange them")
        return self

    @property
    def growth_xy(self) -> tuple[float, float] | None:
        """Growth direction on the map, x to the right and y down; None without one or where it leaves the map."""
        return _GROWTH[self.growth_direction]

    @property
    def growth_xyz(self) -> tuple[float, float, float] | None:
        """Growth direction in the axes of `EbsdMap.map_quaternions`, whose z points into the map; None without one."""
        if self.growth_direction == "z":
            return 0.0, 0.0, -1.0
        return None if self.growth_xy is None else (*self.growth_xy, 0.0)

    @property
    def colour_direction(self) -> str:
        """Direction of the map that pictures are coloured by."""
        if self.ipf_direction is not None:
            return self.ipf_direction
        return "z" if self.growth_xy is None else "xy"[int(self.growth_xy[0] == 0)]

    @property
    def film_rise_um(self) -> float:
        """Distance from the film's bottom to its top along the growth direction; NaN unless both are set."""
        if self.film_top_um is None or self.film_bottom_um is None or self.growth_xy is None:
            return float("nan")
        return (self.film_top_um - self.film_bottom_um) * sum(self.growth_xy)

    @classmethod
    def takes(cls, path: Path) -> bool:
        """Return whether a file found in a folder is meant: a text table only when it has columns of a map."""
        from sodalite.pipelines.grain_files import is_map

        return is_map(path)

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> EbsdMap:
        """Return the map of a file, see `sodalite.read_ebsd`.

        Parameters
        ----------
        path
            The file; of a pair of .cpr and .crc either.
        page
            Number of the scan in a file with several; 0 takes the first.
        pixel_size_um
            Step, or (x, y), told by the user: coordinates are scaled to it; points that lie on no grid fill such a
            grid.

        Raises
        ------
        ReadError, CalibrationError
            When the file is no map, its points lie on no grid, or the step is impossible.
        """
        from sodalite.pipelines.grain_files import read_map

        return read_map(path, self.frame, page, pixel_size_um, self.columns)

    def prepare(self, sample: EbsdMap) -> EbsdMap:
        """Return the map as it is measured: in its frame, cleaned up, phases that are not measured not indexed.

        Raises
        ------
        MeasurementError
            When a phase to be measured has no symmetry, or none of the phases named is there.
        """
        from sodalite.pipelines.grain_labels import prepare_map

        return prepare_map(self, sample).ebsd

    def segment(self, sample: EbsdMap) -> np.ndarray:
        """Return the grain of every node of the grid, ``(rows, columns)`` uint32, numbered by first points; 0 = none.

        All grains are there, those below `min_pixels` too.

        Raises
        ------
        MeasurementError
            As `prepare`.
        """
        from sodalite.pipelines.grain_labels import find_labels, prepare_map

        crystals = prepare_map(self, sample)
        return crystals.ebsd.on_grid(find_labels(self, crystals), fill=0)

    def measure(self, sample: EbsdMap, labels: np.ndarray) -> Result:
        """Return every quantity of the map, measured on the given grains.

        Parameters
        ----------
        sample
            The map that was labelled.
        labels
            ``(rows, columns)`` grain of each node of its grid, 0 = none.

        Raises
        ------
        MeasurementError
            As `prepare`, and when labels and grid differ in shape or a label is no whole number from 0.
        """
        return self.run(sample, labels)

    def run(self, sample: EbsdMap, labels: np.ndarray | None = None) -> Result:
        """Return the result of `segment` and `measure`; given labels are measured as they are.

        Raises
        ------
        MeasurementError
            As `segment` and `measure`.
        """
        from sodalite.pipelines.grain_labels import check_labels, find_labels, prepare_map
        from sodalite.pipelines.grain_numbers import measure_map

        crystals = prepare_map(self, sample)
        found = find_labels(self, crystals) if labels is None else check_labels(crystals, labels)
        return measure_map(self, crystals, found, given=labels is not None)
