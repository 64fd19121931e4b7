"""Registration of two steps of a series: rigid or affine, by a picture where it survives, else by grain boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sodalite.track.transform import Transform

if TYPE_CHECKING:
    import numpy as np

    from sodalite.ebsd.grid import Grid

__all__ = ["Scan", "Transform", "check_transform", "register"]


class Scan(NamedTuple):
    """What one step offers to be registered by.

    Attributes
    ----------
    grid
        Where the points lie; images have a square grid of their pixels.
    labels
        ``(rows, columns)`` grain of each node, 0 = none; None for a picture alone.
    picture
        ``(rows, columns)`` grey levels on the same grid: SE or backscatter signal, band contrast, image quality.
    """

    grid: Grid
    labels: np.ndarray | None = None
    picture: np.ndarray | None = None


def register(
    reference: Scan,
    moving: Scan,
    *,
    kind: Literal["rigid", "affine"],
    max_rotation_deg: float,
    max_residual_steps: float,
    min_overlap_fraction: float,
) -> Transform:
    """Return the transform from `moving` to `reference`.

    Parameters
    ----------
    kind
        ``rigid`` (rotation and shift) or ``affine`` (also stretch and shear).
    max_rotation_deg
        Rotations up to this are searched for, 0 to 180.
    max_residual_steps, min_overlap_fraction
        The result is refused above and below these.

    Raises
    ------
    MeasurementError
        When the steps do not fit: residual too large, overlap too small, or nothing in common.
    """
    raise NotImplementedError


def check_transform(reference: Scan, moving: Scan, transform: Transform) -> Transform:
    """Return a given transform with its residual and overlap as measured on the two steps."""
    raise NotImplementedError
