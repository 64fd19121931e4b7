"""The micrograph and what its instrument wrote about it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.errors import CalibrationError, ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Tilt:
    """How heights in an image become true heights.

    Attributes
    ----------
    factor
        True height divided by the height that the header's pixel size gives.
    relative_uncertainty
        Standard uncertainty of `factor`, relative to it.
    reason
        One sentence: which header fields, or whose word, decided.
    """

    factor: float
    relative_uncertainty: float
    reason: str


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What is known of how an image was taken; None where the file is silent.

    Attributes
    ----------
    vendor, instrument, detector, beam, date
        As the file words them; `beam` is ``electron``, ``ion`` or ``optical``.
    pixel_size_source
        The tag, side file or option that gave the pixel size.
    overruled_um
        Pixel size (y, x) of the file where the user told another; None where they agree or only one is known.
    databar_rows, databar_source
        Rows at the bottom that are not specimen, and how they were found.
    stage_tilt_deg, pretilt_deg, tilt_correction, tilt_correction_angle_deg
        Stage tilt, pre-tilt of the holder, whether the instrument says it corrected for tilt, and by which angle.
    scan_rotation_deg
        By how much the scan was turned against the stage; the tilt shortens heights only where it was not.
    dual_beam, column_angle_deg
        Whether the instrument has an ion column beside the electron column, and the angle between the two.
    tilt_record
        Header fields about tilt and what stands in them, for messages; empty where the file records no tilt.
    tilt
        The decision about true heights, once it is taken.
    header
        Further fields that were read, for provenance.
    """

    vendor: str | None = None
    instrument: str | None = None
    pixel_size_source: str = "unknown"
    overruled_um: tuple[float, float] | None = None
    databar_rows: int = 0
    databar_source: str = "none"
    stage_tilt_deg: float | None = None
    pretilt_deg: float | None = None
    tilt_correction: bool | None = None
    tilt_correction_angle_deg: float | None = None
    scan_rotation_deg: float | None = None
    dual_beam: bool | None = None
    column_angle_deg: float | None = None
    tilt_record: Mapping[str, str] = field(default_factory=dict)
    beam: str | None = None
    voltage_kv: float | None = None
    working_distance_mm: float | None = None
    detector: str | None = None
    date: str | None = None
    tilt: Tilt | None = None
    header: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Image:
    """A calibrated greyscale micrograph.

    Attributes
    ----------
    data
        ``([z,] y, x)``, unsigned integer or float grey levels.
    spacing_um
        Size of a pixel along each axis of `data`, in um.
    name
        How tables and messages call the image.
    meta
        What the instrument wrote.

    Raises
    ------
    ReadError
        When `data` is not a two- or three-dimensional array of real numbers, is empty or holds NaN.
    CalibrationError
        When `spacing_um` is not one positive number along each axis.
    """

    data: np.ndarray
    spacing_um: tuple[float, ...]
    name: str = "image"
    meta: Acquisition = field(default_factory=Acquisition)

    def __post_init__(self) -> None:
        check_grey(self.data, self.name)
        if len(self.spacing_um) != self.data.ndim:
            raise CalibrationError(
                f"{self.name}: spacing_um has {len(self.spacing_um)} values for {self.data.ndim} axes; give one each."
            )
        for value in self.spacing_um:
            if not (math.isfinite(value) and value > 0):
                raise CalibrationError(f"{self.name}: a pixel size of {value} um is impossible; give um above 0.")

    def replace(self, **changes: Any) -> Image:
        """Return a copy with the named fields changed."""
        return replace(self, **changes)


def check_grey(data: np.ndarray, name: str) -> None:
    """Refuse arrays that are no greyscale image.

    Raises
    ------
    ReadError
        Naming the image and what its array is instead.
    """
    if data.ndim not in (2, 3) or 0 in data.shape:
        raise ReadError(f"{name}: an array of shape {data.shape} is no greyscale image; give ([z,] y, x).")
    if data.dtype.kind not in "uif":
        raise ReadError(f"{name}: pixels of type {data.dtype} are no grey levels; give integers or floats.")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise ReadError(f"{name}: {int((~np.isfinite(data)).sum())} pixels are NaN or infinite; fill or crop them.")
