"""Stripping: voids that open between sodium and electrolyte through a series of micrographs of one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from sodalite.pipelines.cross_section import CrossSection
from sodalite.recipe import PixelSize, Recipe

if TYPE_CHECKING:
    import os

    import numpy as np

    from sodalite.image_series import ImageSeries
    from sodalite.result import Result


class Stripping(Recipe):
    """Settings of a stripping series: what its images show, how voids are found and how the charge is counted.

    Lengths in px are pixels of the images; the other units are in the names.
    """

    kind: ClassVar[str] = "stripping"
    extensions: ClassVar[frozenset[str]] = frozenset({".tif", ".tiff", ".png", ".bmp"})
    takes_folders: ClassVar[bool] = True

    layers: str = Field(
        "collector,sodium,electrolyte",
        description="Layers from the top of the images to their bottom, comma-separated, sodium and electrolyte "
        "among them; see the recipe cross-section",
    )
    reversed: bool = Field(False, description="Whether the images show the named stack upside down")
    tilt_factor: float | None = Field(
        None, gt=0, le=10, description="True height divided by the height in the images; null leaves it to the headers"
    )
    scale_uncertainty_percent: float = Field(
        2.0, ge=0, le=50, description="Standard uncertainty of the pixel size in percent of it"
    )
    max_drift_px: float = Field(
        150.0, ge=0, le=5000, description="Largest drift of the camera in px that is searched for along each axis"
    )
    least_drift_significance: float = Field(
        10.0, ge=0, le=100, description="Height of the drift's correlation peak over its noise below which it is chance"
    )
    stiffness_px: float = Field(
        40.0, gt=0, le=1000, description="Width in px below which a bump of an interface needs strong evidence"
    )
    void_seed_sd: float = Field(
        5.0, gt=1, le=50, description="Depth of a void's core below the sodium, in standard deviations of its grey"
    )
    void_grow_sd: float = Field(
        2.0, gt=0.5, le=50, description="Depth to which a void is followed from its core, in the same unit"
    )
    void_min_area_px: int = Field(30, ge=1, le=1_000_000, description="Area in px of the smallest void counted")
    contact_distance_px: float = Field(
        2.0, gt=0, le=100, description="Distance in px within which a void interrupts the contact of the electrolyte"
    )
    curtain_limit: float = Field(
        0.02, gt=0, le=1, description="Change of vertical stripes, relative to the grey, from which a step is flagged"
    )
    current_ma_cm2: float | None = Field(
        None, gt=0, le=1e4, description="Stripping current in mA cm-2 where the series tells times and no charges"
    )
    density_g_cm3: float = Field(0.968, gt=0, le=25, description="Density of the stripped metal in g cm-3")

    @model_validator(mode="after")
    def _layers_make_sense(self) -> Self:
        if "sodium" not in self.section.layer_names:
            raise ValueError("layers: name the sodium, which is where voids open")
        return self

    @property
    def section(self) -> CrossSection:
        """The recipe of a cross-section with the same layers, for what a single image has in common with it."""
        shared = ("layers", "reversed", "tilt_factor", "stiffness_px")
        return CrossSection.from_fields({name: getattr(self, name) for name in shared})

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> ImageSeries:
        """Return the images of a folder in order; one that cannot be read is kept as a step with the reason.

        Raises
        ------
        ReadError
            When the folder holds no series.
        """
        from sodalite.pipelines.image_steps import read_steps

        return read_steps(path, pixel_size_um=pixel_size_um)

    def run(self, sample: ImageSeries, labels: np.ndarray | None = None) -> Result:
        """Return everything measured on a series of images; given labels are measured as they are.

        Parameters
        ----------
        sample
            Two or more images of one place; charges or times as known.
        labels
            ``(step, y, x)`` ids of `SectionClass` in the frame of an earlier result of the same series.

        Raises
        ------
        AmbiguousTilt
            When the headers leave the true heights open and no `tilt_factor` is set.
        MeasurementError
            When fewer than two steps can be measured, or the labels have another shape than the registered images.
        """
        from sodalite.pipelines.stripping_numbers import measure_stripping
        from sodalite.pipelines.stripping_steps import register_steps

        return measure_stripping(self, register_steps(self, sample), labels)
