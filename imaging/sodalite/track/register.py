"""Registration of two steps of a series: rigid or affine, by a picture where it survives, else by grain boundaries.

Both are put on a raster of square pixels and blurred. The rotation and shift with the highest cross-correlation on a
coarse raster start the maximisation of the enhanced correlation coefficient (Evangelidis, Psarakis, IEEE Trans. Pattern
Anal. Mach. Intell. 30 (2008) 1858, 10.1109/TPAMI.2008.113), which goes from wide to narrow blur. Of blurred boundaries
those that moved far between the steps pull no more than their share, so that growing grains do not bias the result.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.track import alignment
from sodalite.track.raster import boundary_picture, extent_um, on_raster
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sodalite.ebsd.grid import Grid

__all__ = ["Scan", "Transform", "candidates", "fits", "measure_transform", "refusal", "register"]

_LARGEST_SIDE = 1600
"""Rasters are made no larger, in pixels: the shift is found to a tenth of a pixel."""
_LARGEST_STRETCH = 1.2


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
    name
        How messages call the step.
    """

    grid: Grid
    labels: np.ndarray | None = None
    picture: np.ndarray | None = None
    name: str = "step"


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

    Pictures are compared where both steps have one; where that does not reach the limits, or there is none, grain
    boundaries are.

    Parameters
    ----------
    kind
        ``rigid`` (rotation and shift) or ``affine`` (also stretch and shear).
    max_rotation_deg
        Rotations up to this are searched for, 0 to 180.
    max_residual_steps, min_overlap_fraction
        The result is refused above and below these; a step is the larger of the two grids'.

    Raises
    ------
    MeasurementError
        When the steps do not fit: residual too large, overlap too small, or nothing in common.
    """
    failed: list[Transform] = []
    for found in candidates(
        reference,
        moving,
        kinds=(kind,),
        max_rotation_deg=max_rotation_deg,
        min_overlap_fraction=min_overlap_fraction,
    ):
        if fits(found, reference, moving, max_residual_steps, min_overlap_fraction):
            return found
        failed.append(found)
    raise MeasurementError(refusal(reference, moving, failed, max_residual_steps, min_overlap_fraction))


def candidates(
    reference: Scan,
    moving: Scan,
    *,
    kinds: Sequence[Literal["rigid", "affine"]],
    max_rotation_deg: float,
    min_overlap_fraction: float,
) -> Iterator[Transform]:
    """Yield the transforms from `moving` to `reference` of each kind in turn, by pictures before boundaries.

    Their residual and overlap are measured and for `fits` to judge.

    Raises
    ------
    MeasurementError
        When a step has neither picture nor labels.
    """
    prepared: dict[str, tuple[float, np.ndarray, np.ndarray, np.ndarray]] = {}
    for kind, source in itertools.product(kinds, _sources(reference, moving)):
        if source not in prepared:
            pixel_um, first, second = _pictures(reference, moving, source)
            start = alignment.coarse_warp(first, second, max_rotation_deg, min_overlap_fraction)
            prepared[source] = pixel_um, first, second, start
        pixel_um, first, second, start = prepared[source]
        warp = alignment.fine_warp(first, second, start, kind, narrow=1.0 if source == "picture" else 1.5)
        if warp is not None:
            transform = replace(_in_um(warp, pixel_um, kind), source=source)
            yield _measured(transform, reference, moving, pixel_um, first, second)


def fits(
    transform: Transform, reference: Scan, moving: Scan, max_residual_steps: float, min_overlap_fraction: float
) -> bool:
    """Return whether a measured transform leaves no more and shares no less than allowed, and hardly stretches."""
    stretch = np.linalg.svd(transform.matrix[:, :2], compute_uv=False)
    return (
        transform.residual_um <= _limit_um(reference, moving, max_residual_steps)
        and transform.overlap_fraction >= min_overlap_fraction
        and 1 / _LARGEST_STRETCH < float(stretch.min()) <= float(stretch.max()) < _LARGEST_STRETCH
    )


def refusal(
    reference: Scan, moving: Scan, failed: Sequence[Transform], max_residual_steps: float, min_overlap_fraction: float
) -> str:
    """Return the sentence why none of these transforms fits."""
    what = f"{moving.name}: does not fit on {reference.name}"
    todo = "check that both show one place at one magnification, or tell the transform."
    seen = [transform for transform in failed if math.isfinite(transform.residual_um)]
    if not seen:
        return f"{what}, they have nothing in common; {todo}"
    best = min(seen, key=lambda transform: transform.residual_um)
    if best.overlap_fraction < min_overlap_fraction:
        found = f"they share {best.overlap_fraction:.0%} of their area where {min_overlap_fraction:.0%} are needed"
    else:
        limit_um = _limit_um(reference, moving, max_residual_steps)
        found = f"parts of them are {best.residual_um:.3g} um off where {limit_um:.3g} um are allowed"
    return f"{what}, {found}; {todo}"


def measure_transform(reference: Scan, moving: Scan, transform: Transform) -> Transform:
    """Return a given transform with the residual and overlap that it leaves between two steps.

    The residual is the median, over nine blocks of the overlap, of the shift that fits a block better than the
    transform does: what the transform fails to describe, not how far boundaries moved. It is NaN where no block shows
    anything.

    Raises
    ------
    MeasurementError
        When a step has neither picture nor labels.
    """
    source = _sources(reference, moving)[0]
    pixel_um, first, second = _pictures(reference, moving, source)
    return _measured(transform, reference, moving, pixel_um, first, second)


def _sources(reference: Scan, moving: Scan) -> list[Literal["picture", "boundaries"]]:
    found: list[Literal["picture", "boundaries"]] = []
    if reference.picture is not None and moving.picture is not None:
        found.append("picture")
    if reference.labels is not None and moving.labels is not None:
        found.append("boundaries")
    if not found:
        raise MeasurementError(
            f"{moving.name}: has neither picture nor grains in common with {reference.name}; give one of them for both."
        )
    return found


def _pictures(
    reference: Scan, moving: Scan, source: Literal["picture", "boundaries"]
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the pixel in um and what is compared, ``(rows, columns)`` float32 of each step."""
    grids = (reference.grid, moving.grid)
    longest = max(max(extent_um(grid)) for grid in grids)
    pixel_um = max(min(min(grid.spacing_um) for grid in grids), longest / _LARGEST_SIDE)
    found = []
    for scan in (reference, moving):
        values = scan.picture if source == "picture" else scan.labels
        if values is None or values.shape != scan.grid.shape:
            raise MeasurementError(f"{scan.name}: {source} and grid {scan.grid.shape} differ in shape; give one each.")
        raster = on_raster(scan.grid, values, pixel_um)
        found.append(alignment.flattened(raster) if source == "picture" else boundary_picture(raster))
    return pixel_um, found[0], found[1]


def _in_um(warp: np.ndarray, pixel_um: float, kind: Literal["rigid", "affine"]) -> Transform:
    """Return the transform of a warp from reference to moving pixels."""
    matrix = warp.astype(np.float64)
    matrix[:, 2] *= pixel_um
    return Transform(matrix, kind).inverse()


def _measured(
    transform: Transform, reference: Scan, moving: Scan, pixel_um: float, first: np.ndarray, second: np.ndarray
) -> Transform:
    """Return the transform with its residual and its overlap."""
    warp = transform.inverse().matrix.copy()
    warp[:, 2] /= pixel_um
    inside = alignment.overlap(first.shape, second.shape, warp)
    scale = abs(float(np.linalg.det(transform.matrix[:, :2])))
    overlap = float(inside.sum()) / min(first.size, second.size * scale)
    shifts = alignment.block_shifts(first, second, warp, inside)
    residual = float(np.median(shifts)) * pixel_um if shifts.size else math.nan
    return replace(transform, residual_um=residual, overlap_fraction=min(1.0, overlap))


def _limit_um(reference: Scan, moving: Scan, max_residual_steps: float) -> float:
    return max_residual_steps * max(*reference.grid.spacing_um, *moving.grid.spacing_um)
