"""Front: how a deposit grows through frames of a light or electron microscope."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sodalite.recipe import PixelSize, Recipe

if TYPE_CHECKING:
    import os

    import numpy as np

    from sodalite.image_series import ImageSeries
    from sodalite.result import Result


class Front(Recipe):
    """Settings of a time series of plating: from which side the deposit grows, and how its front is measured.

    Lengths in px are pixels of the frames; the other units are in the names.
    """

    kind: ClassVar[str] = "front"
    extensions: ClassVar[frozenset[str]] = frozenset(
        {".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg", ".avi", ".mp4", ".mov", ".mkv"}
    )
    takes_folders: ClassVar[bool] = True

    grows_from: Literal["top", "bottom", "left", "right"] | None = Field(
        None, description="Side of the frames at which the substrate lies; must be told, it is never guessed"
    )
    frame_interval_s: float | None = Field(
        None, gt=0, description="Time in s from frame to frame of a stack or film; null takes times from series.csv"
    )
    every: int = Field(1, ge=1, le=100_000, description="Measure every so many frames")
    tilt_factor: float | None = Field(
        None, gt=0, le=10, description="True height divided by the height in the frames; null leaves it to the headers"
    )
    scale_uncertainty_percent: float = Field(
        2.0, ge=0, le=50, description="Standard uncertainty of the pixel size in percent of it"
    )
    max_drift_px: float = Field(
        30.0,
        ge=0,
        le=5000,
        description="Largest drift of the camera in px that is searched for; 0 = none is looked for",
    )
    least_drift_significance: float = Field(
        10.0, ge=0, le=100, description="Height of the drift's correlation peak over its noise below which it is chance"
    )
    stiffness_px: float = Field(
        40.0, gt=0, le=1000, description="Width in px below which a bump of the substrate needs strong evidence"
    )
    roughness_cutoff_um: float | None = Field(
        None, gt=0, description="Cut-off of roughness against waviness in um; null keeps all but the straight line"
    )
    protrusion_um: float | None = Field(
        None, gt=0, description="Least height in um of a protrusion above the front around it; null takes 3 px"
    )
    dendrite_aspect: float = Field(
        1.5, gt=0, le=100, description="Height over width at half height from which a protrusion is dendrite-like"
    )
    current_ma_cm2: float | None = Field(
        None, gt=0, le=1e4, description="Plating current in mA cm-2; null takes it from charges and times, if known"
    )
    density_g_cm3: float = Field(0.968, gt=0, le=25, description="Density of the deposited metal in g cm-3")

    def read(self, path: str | os.PathLike[str], *, page: int = 0, pixel_size_um: PixelSize = None) -> ImageSeries:
        """Return the frames of a folder, stack or film in grey; one that cannot be read is kept with the reason.

        Raises
        ------
        ReadError
            When there is no series of frames, or it needs more memory than a series may take.
        """
        from sodalite.pipelines.image_steps import read_frames

        return read_frames(path, pixel_size_um=pixel_size_um, every=self.every, frame_interval_s=self.frame_interval_s)

    def run(self, sample: ImageSeries, labels: np.ndarray | None = None) -> Result:
        """Return everything measured on frames of a growing deposit; given labels are measured as they are.

        Parameters
        ----------
        sample
            Two or more frames of one place, the first before or at the start of plating.
        labels
            ``(frame, y, x)`` ids of `SectionClass` in the frame of an earlier result: collector is the substrate,
            sodium the deposit.

        Raises
        ------
        MeasurementError
            When `grows_from` is not set, or fewer than two frames can be measured.
        """
        from sodalite.pipelines.front_frames import lay_frames
        from sodalite.pipelines.front_numbers import measure_front

        return measure_front(self, lay_frames(self, sample), labels)
