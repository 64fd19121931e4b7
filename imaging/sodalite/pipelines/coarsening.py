"""Coarsening: grains tracked through a series of EBSD maps of one place, their kinetics and moving boundaries."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from sodalite.pipelines.grains import Frame, Grains
from sodalite.recipe import PixelSize, Recipe

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Sequence

    from sodalite.ebsd import EbsdMap
    from sodalite.pipelines.coarsening_steps import StepLabels
    from sodalite.pipelines.map_series import MapSeries
    from sodalite.result import Result
    from sodalite.series import Series

TRANSFORMS = ("rigid", "affine", "none")
SHARED = (
    "frame", "symmetry", "phases", "scale_uncertainty_percent", "replace_spikes", "island_pixels", "gap_steps",
    "boundary_deg", "boundary_low_deg", "fill", "merge_twins", "twin", "min_pixels", "growth_direction",
    "ipf_direction",
)  # fmt: skip
"""Fields that mean what they mean for a single map."""


def _as_grains(name: str) -> Any:
    """Return the field of the grains recipe: it is spelled there."""
    return copy(Grains.model_fields[name])


class Coarsening(Recipe):
    """Settings of a series of EBSD maps: how grains are found, how steps are registered and grains tracked.

    Every map is segmented as by the recipe grains. Steps are registered each to the one before.
    """

    kind: ClassVar[str] = "coarsening"
    extensions: ClassVar[frozenset[str]] = Grains.extensions - {".txt", ".csv"}
    labels_hold: ClassVar[Literal["classes", "objects"]] = "objects"
    takes_folders: ClassVar[bool] = True

    frame: Frame | None = _as_grains("frame")
    symmetry: str | None = _as_grains("symmetry")
    phases: str | None = _as_grains("phases")
    scale_uncertainty_percent: float = _as_grains("scale_uncertainty_percent")
    replace_spikes: bool = _as_grains("replace_spikes")
    island_pixels: int = _as_grains("island_pixels")
    gap_steps: float = _as_grains("gap_steps")
    boundary_deg: float = _as_grains("boundary_deg")
    boundary_low_deg: float | None = _as_grains("boundary_low_deg")
    fill: bool = _as_grains("fill")
    merge_twins: bool = _as_grains("merge_twins")
    twin: str = _as_grains("twin")
    min_pixels: int = _as_grains("min_pixels")
    growth_direction: Literal["none", "up", "down", "left", "right", "x", "-x", "y", "-y", "z"] = _as_grains(
        "growth_direction"
    )
    transform: str = Field(
        "rigid",
        description="How each step is laid over the one before: rigid (shift and turn, more where that does not fit), "
        "affine (also stretch and shear), none (they fit already), or numbers xx,xy,x_um,yx,yy,y_um that carry its "
        "points to the step before, one group for all steps or, separated by semicolons, one for each step after the "
        "first",
    )
    max_rotation_deg: float = Field(
        10.0, ge=0, le=180, description="Turn in degrees up to which two steps are compared; more takes longer"
    )
    max_residual_steps: float = Field(
        1.0,
        gt=0,
        le=100,
        description="Median misfit of two steps, in steps of the map, above which they do not fit unless the "
        "orientations of their grains agree",
    )
    min_overlap_fraction: float = Field(
        0.3, ge=0, le=1, description="Share of a map that has to lie in the map before it"
    )
    min_iou: float = Field(
        0.1, ge=0, le=1, description="Share of their union that two grains have in common from which they can be one"
    )
    min_containment: float = Field(
        0.5, ge=0, le=1, description="Share of the smaller of two grains inside the other from which they can be one"
    )
    max_misorientation_deg: float = Field(
        10.0, gt=0, le=180, description="Difference in degrees of mean orientations up to which two grains can be one"
    )
    max_missing_steps: int = Field(
        1, ge=0, le=100, description="Steps that a grain may be missing from without its track ending"
    )
    ipf_direction: Literal["x", "y", "z"] | None = _as_grains("ipf_direction")
    animate: bool = Field(False, description="Whether the pictures include a film of the steps (film.gif)")

    _none_is_a_word = field_validator("growth_direction", mode="before")(
        lambda value: "none" if value is None else value
    )

    @field_validator("symmetry", "phases", mode="before")
    @classmethod
    def _lists_are_text(cls, value: Any) -> Any:
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else value

    @field_validator("transform", mode="before")
    @classmethod
    def _numbers_are_text(cls, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return "none" if value is None else value.strip()
        try:
            numbers = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if numbers.size == 0 or numbers.size % 6:
            raise ValueError("six numbers a step are needed: xx,xy,x_um,yx,yy,y_um")
        return ";".join(",".join(map(repr, row.tolist())) for row in numbers.reshape(-1, 6))

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        Grains.from_fields(self._shared())
        if self.transform not in TRANSFORMS:
            _matrices(self.transform)
        return self

    @property
    def grains(self) -> Grains:
        """The recipe that each map is segmented by."""
        return Grains.from_fields(self._shared())

    @property
    def given_transforms(self) -> np.ndarray | None:
        """Transforms that the user told, ``(1 or steps - 1, 2, 3)`` in um; None where they are to be found."""
        return None if self.transform in TRANSFORMS else _matrices(self.transform)

    def _shared(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SHARED}

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> MapSeries:
        """Return the series of a folder: its series.csv, or its maps in the order of their names; none is opened yet.

        Parameters
        ----------
        path
            The folder.
        page, pixel_size_um
            How each map is read, see `Grains.read`.

        Raises
        ------
        ReadError
            When the folder holds no series of maps.
        """
        from sodalite.pipelines.map_series import read_map_series

        return read_map_series(path, frame=self.frame, page=page, pixel_size_um=pixel_size_um)

    def run(self, sample: MapSeries | Series | Sequence[EbsdMap], labels: StepLabels | None = None) -> Result:
        """Return the tracks, events and kinetics of a series.

        Parameters
        ----------
        sample
            The series, or its maps in order.
        labels
            Grains of each step, ``(rows, columns)`` each, measured in place of those that the recipe finds; a mapping
            from the numbers of steps may leave some to the recipe.

        Raises
        ------
        MeasurementError
            When fewer than two steps can be measured, or labels do not fit the maps.
        """
        stages = self.stages(sample, labels)
        while True:
            try:
                next(stages)
            except StopIteration as over:
                result: Result = over.value
                return result

    def stages(
        self, sample: MapSeries | Series | Sequence[EbsdMap], labels: StepLabels | None = None
    ) -> Generator[str, None, Result]:
        """Yield what is done next and return what `run` returns: between two stages one may stop.

        Raises
        ------
        MeasurementError
            As `run`.
        """
        from sodalite.pipelines.coarsening_numbers import measure_series
        from sodalite.pipelines.map_series import as_map_series

        return (yield from measure_series(self, as_map_series(sample), labels))


def _matrices(text: str) -> np.ndarray:
    """Return the transforms that a text tells, ``(n, 2, 3)``.

    Raises
    ------
    ValueError
        When it is no such text.
    """
    try:
        rows = [[float(part) for part in group.split(",")] for group in text.split(";") if group.strip()]
    except ValueError:
        rows = []
    if not rows or any(len(row) != 6 for row in rows) or not np.isfinite(rows).all():
        raise ValueError(f"transform: neither {', '.join(TRANSFORMS)} nor six numbers a step, xx,xy,x_um,yx,yy,y_um")
    matrices = np.array(rows).reshape(-1, 2, 3)
    if (np.abs(np.linalg.det(matrices[:, :, :2])) < 1e-6).any():
        raise ValueError("transform: a matrix flattens the plane; give one that can be inverted")
    return matrices
