"""Registration of the steps of a series: each laid over the one before, and checked by its orientations."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.measure.misorientation import disorientation_deg
from sodalite.track.raster import nodes_at, points_um
from sodalite.track.register import Scan, measure_transform, register
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sodalite.ebsd import Grid
    from sodalite.errors import SodaliteError
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.coarsening_steps import MeasuredStep
    from sodalite.pipelines.map_series import MapSeries

LEAST_AGREEMENT = 0.3
"""Share of the common area whose grains have to agree in orientation; of maps that do not belong together 1 % do."""


def register_steps(
    recipe: Coarsening, series: MapSeries, measured: Sequence[MeasuredStep]
) -> Generator[str, None, tuple[dict[int, Transform], dict[int, SodaliteError]]]:
    """Yield what is done next, once a step; return its transform to the one before that fits, and why others do not.

    The first step has the identity. A step that does not fit is left out, and the next one is laid over the step before
    it; where nothing fits the first step, that one is left out. Micrographs of the maps' fields are compared where both
    steps have one: a section keeps its scratches and pores while its grains change. Where a rigid transform does not
    fit or the orientations contradict it, an affine one is tried, then the place that the maps have as they are; then
    the same by what the maps show alone.
    """
    given = recipe.given_transforms
    if given is not None and len(given) not in (1, len(series.steps) - 1):
        raise MeasurementError(
            f"transform: {len(given)} groups of numbers for {len(series.steps)} steps; give one, or one for each step "
            "after the first."
        )
    transforms: dict[int, Transform] = {}
    errors: dict[int, SodaliteError] = {}
    for start in range(len(measured)):
        transforms, later = yield from _chained(recipe, series, measured[start:], given)
        if len(transforms) > 1:
            lonely = {step.number: _fits_nothing(series, step) for step in measured[:start]}
            return transforms, lonely | later
        errors = errors or later
    return {measured[0].number: Transform.identity()}, errors


def _chained(
    recipe: Coarsening, series: MapSeries, measured: Sequence[MeasuredStep], given: np.ndarray | None
) -> Generator[str, None, tuple[dict[int, Transform], dict[int, SodaliteError]]]:
    transforms = {measured[0].number: Transform.identity()}
    errors: dict[int, SodaliteError] = {}
    reference = measured[0]
    for step in measured[1:]:
        yield f"Laying {series.steps[step.number].name} over the step before"
        try:
            transforms[step.number] = _transform(recipe, series, reference, step, given)
        except MeasurementError as error:
            errors[step.number] = error
            continue
        reference = step
    return transforms, errors


def _fits_nothing(series: MapSeries, step: MeasuredStep) -> MeasurementError:
    return MeasurementError(
        f"{series.steps[step.number].name}: no later map fits on it; check that it shows the place of the others."
    )


def resample(labels: np.ndarray, grid: Grid, onto: Grid, transform: Transform) -> np.ndarray:
    """Return labels of a step at the nodes of another grid, ``(rows, columns)``; 0 where the step has none.

    Parameters
    ----------
    labels, grid
        Of the step.
    onto
        The other grid.
    transform
        From the step to `onto`.
    """
    x, y = points_um(onto)
    back = transform.inverse().matrix
    row, column, inside = nodes_at(
        grid,
        back[0, 0] * x + back[0, 1] * y + back[0, 2],
        back[1, 0] * x + back[1, 1] * y + back[1, 2],
    )
    return np.where(inside, labels[row, column], 0)


def turned(quaternions: np.ndarray, rotation_deg: float) -> np.ndarray:
    """Return orientations of a step relative to the axes that it is turned onto: the map's z axis points into it."""
    half = math.radians(rotation_deg) / 2
    c, s = math.cos(half), -math.sin(half)
    w, x, y, z = quaternions.T
    return np.stack((w * c - z * s, x * c + y * s, y * c - x * s, z * c + w * s), axis=1)


def groups_of(steps: Sequence[MeasuredStep]) -> tuple[np.ndarray, ...]:
    """Return the groups of the step that has most of them: files of one specimen number their phases alike."""
    return max((step.groups for step in steps), key=len)


def agreement(reference: MeasuredStep, step: MeasuredStep, transform: Transform, *, within_deg: float) -> float:
    """Return the share of the area with grains in both steps where these agree in phase and orientation.

    NaN where the steps have no grain in common.
    """
    over = resample(step.labels, step.grid, reference.grid, transform)
    both = (reference.labels > 0) & (over > 0)
    codes, points = np.unique(reference.labels[both].astype(np.int64) << 32 | over[both], return_counts=True)
    if codes.size == 0:
        return math.nan
    one, other = (codes >> 32) - 1, (codes & 0xFFFFFFFF) - 1
    phase = reference.phase[one]
    first, second = reference.means[one], turned(step.means, transform.rotation_deg)[other]
    agree = np.zeros(codes.size, dtype=bool)
    for number, group in enumerate(groups_of((reference, step)), start=1):
        own = np.flatnonzero((phase == number) & (step.phase[other] == number))
        agree[own] = disorientation_deg(first[own], second[own], group) <= within_deg
    return float(points[agree].sum() / points.sum())


def _transform(
    recipe: Coarsening, series: MapSeries, reference: MeasuredStep, step: MeasuredStep, given: np.ndarray | None
) -> Transform:
    one, other = _scans(series, reference, step)[0]
    if given is not None:
        return measure_transform(one, other, _given(given, reference.number, step.number))
    if recipe.transform == "none":
        return measure_transform(one, other, Transform.given(np.eye(2, 3)))
    refusals: list[MeasurementError] = []
    kinds: tuple[Literal["rigid", "affine", "none"], ...] = ("rigid", "affine", "none")
    tried = itertools.product(_scans(series, reference, step), kinds[recipe.transform == "affine" :])
    for (one, other), kind in tried:
        try:
            found = _found(recipe, one, other, kind)
        except MeasurementError as error:
            refusals.append(error)
            continue
        share = agreement(reference, step, found, within_deg=recipe.max_misorientation_deg)
        if share >= LEAST_AGREEMENT:
            return found
        refusals.append(
            MeasurementError(
                f"{other.name}: does not fit on {one.name}, grains agree in orientation on {share:.0%} of the common "
                "area; check that both show one place, or tell the transform."
            )
        )
    raise refusals[0]


def _scans(series: MapSeries, reference: MeasuredStep, step: MeasuredStep) -> list[tuple[Scan, Scan]]:
    """Return what two steps are compared by: the micrographs where both have one, then what the maps show alone."""
    one, other = series.steps[reference.number].name, series.steps[step.number].name
    maps = (
        Scan(reference.grid, reference.labels, reference.picture, one),
        Scan(step.grid, step.labels, step.picture, other),
    )
    if reference.image is None or step.image is None:
        return [maps]
    images = Scan(reference.grid, None, reference.image, one), Scan(step.grid, None, step.image, other)
    return [images, maps]


def _found(recipe: Coarsening, one: Scan, other: Scan, kind: Literal["rigid", "affine", "none"]) -> Transform:
    if kind != "none":
        return register(
            one,
            other,
            kind=kind,
            max_rotation_deg=recipe.max_rotation_deg,
            max_residual_steps=recipe.max_residual_steps,
            min_overlap_fraction=recipe.min_overlap_fraction,
        )
    found = measure_transform(one, other, Transform.identity())
    limit_um = recipe.max_residual_steps * max(*one.grid.spacing_um, *other.grid.spacing_um)
    if not found.residual_um <= limit_um:
        raise MeasurementError(f"{other.name}: does not fit on {one.name} as it lies; tell the transform.")
    return found


def _given(matrices: np.ndarray, reference: int, number: int) -> Transform:
    """Return the transform told from a step to an earlier one, through the steps left out between them."""
    transform = Transform.given(np.eye(2, 3))
    for between in range(reference + 1, number + 1):
        transform = transform.after(Transform.given(matrices[0] if len(matrices) == 1 else matrices[between - 1]))
    return transform
