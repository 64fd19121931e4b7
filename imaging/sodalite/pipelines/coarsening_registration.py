"""Registration of the steps of a series: each laid over the one before, and checked by its orientations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.symmetry import operators_of
from sodalite.errors import MeasurementError
from sodalite.measure.misorientation import disorientation_deg
from sodalite.track.raster import nodes_at, points_um, without_gaps
from sodalite.track.register import Scan, candidates, fits, measure_transform, refusal
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from sodalite.ebsd import Grid
    from sodalite.errors import SodaliteError
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.coarsening_steps import MeasuredStep
    from sodalite.pipelines.map_series import MapSeries

LEAST_AGREEMENT = 0.3
"""Share of the common area whose grains have to agree in orientation; of maps that do not belong together 1 % do."""
_SURE_AGREEMENT = 0.5
"""Agreement beyond chance (Cohen's kappa) from which maps whose boundaries do not fit show one place: where grains
doubled in area from one step to the next it is 0.55 to 0.65, at other places 0."""
_GENERAL = np.array([0.80, 0.50, 0.33]) / np.linalg.norm([0.80, 0.50, 0.33])
"""A crystal direction on no axis and no mirror plane of any point group."""
_TRIED = 3
"""Chains of steps that a further step is tried on."""


def register_steps(
    recipe: Coarsening, series: MapSeries, measured: Sequence[MeasuredStep]
) -> Generator[str, None, tuple[dict[int, Transform], dict[int, SodaliteError]]]:
    """Yield what is done next, once a step; return its transform to the one before that fits, and why others do not.

    Steps that fit one another form a chain, each laid over the last one of it; the longest chain is the series, the
    first of equals, and its first step has the identity. A step is tried on the longest chain so far and on a few of
    the latest others, so that steps of which none fits cost no more than a few comparisons each.
    Micrographs of the maps' fields are compared where both steps have one: a section keeps its scratches and pores
    while its grains change. Where a rigid transform does not fit or the orientations contradict it, an affine one is
    tried, then the place that the maps have as they are; then the same by what the maps show alone. Boundaries that
    moved too far to fit are no other place where the orientations of the grains say so.
    """
    given = recipe.given_transforms
    if given is not None and len(given) not in (1, len(series.steps) - 1):
        raise MeasurementError(
            f"transform: {len(given)} groups of numbers for {len(series.steps)} steps; give one, or one for each step "
            "after the first."
        )
    chains = [_Chain([measured[0]], {measured[0].number: Transform.identity()})]
    refusals: dict[int, list[tuple[_Chain, MeasurementError]]] = {measured[0].number: []}
    for step in measured[1:]:
        yield f"Laying {series.steps[step.number].name} over the step before"
        refusals[step.number] = _joined(recipe, series, chains, step, given)
    longest = max(chains, key=lambda chain: len(chain.steps))
    errors: dict[int, SodaliteError] = {
        step.number: _left_out(series, chains, step, refusals[step.number])
        for step in measured
        if step.number not in longest.transforms
    }
    return longest.transforms, errors


class _Chain(NamedTuple):
    """Steps that lie over each other, and the transform of each to the one before."""

    steps: list[MeasuredStep]
    transforms: dict[int, Transform]


def _joined(
    recipe: Coarsening, series: MapSeries, chains: list[_Chain], step: MeasuredStep, given: np.ndarray | None
) -> list[tuple[_Chain, MeasurementError]]:
    """Put a step into the chain that it fits, or into a new one; return the chains that it was tried on in vain."""
    longest = max(chains, key=lambda chain: len(chain.steps))
    latest = sorted(chains, key=lambda chain: chain.steps[-1].number, reverse=True)
    tried = [longest, *(chain for chain in latest if chain is not longest)][:_TRIED]
    refusals = []
    for chain in tried:
        try:
            chain.transforms[step.number] = _transform(recipe, series, chain.steps[-1], step, given)
        except MeasurementError as error:
            refusals.append((chain, error))
            continue
        chain.steps.append(step)
        return refusals
    chains.append(_Chain([step], {step.number: Transform.identity()}))
    return refusals


def _left_out(
    series: MapSeries, chains: Sequence[_Chain], step: MeasuredStep, refusals: Sequence[tuple[_Chain, MeasurementError]]
) -> MeasurementError:
    """Return why a step is not in the longest chain."""
    longest = max(chains, key=lambda chain: len(chain.steps))
    name = series.steps[step.number].name
    own = next(chain for chain in chains if step.number in chain.transforms)
    if len(own.steps) > 1:
        other = next(series.steps[other.number].name for other in own.steps if other is not step)
        text = f"fits {other} and not the {len(longest.steps)} maps that are tracked"
        return MeasurementError(f"{name}: {text}; measure the maps of each place as a series of their own.")
    told = [error for chain, error in refusals if chain is longest]
    if told:
        return told[0]
    if refusals and step.number > longest.steps[0].number:
        return refusals[0][1]
    return MeasurementError(f"{name}: no later map fits on it; check that it shows the place of the others.")


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
    return _agreeing(reference, step, over, transform.rotation_deg, within_deg)


def _agreement_beyond_chance(
    reference: MeasuredStep, step: MeasuredStep, transform: Transform, within_deg: float
) -> float:
    """Return how much of what could agree beyond chance does: chance is what agrees half a map beside."""
    over = resample(step.labels, step.grid, reference.grid, transform)
    beside = np.roll(over, tuple(side // 2 for side in over.shape), axis=(0, 1))
    found, chance = (_agreeing(reference, step, o, transform.rotation_deg, within_deg) for o in (over, beside))
    return (found - chance) / max(1 - chance, 1e-9)


def _agreeing(
    reference: MeasuredStep, step: MeasuredStep, over: np.ndarray, rotation_deg: float, within_deg: float
) -> float:
    both = (reference.labels > 0) & (over > 0)
    codes, points = np.unique(reference.labels[both].astype(np.int64) << 32 | over[both], return_counts=True)
    if codes.size == 0:
        return math.nan
    one, other = (codes >> 32) - 1, (codes & 0xFFFFFFFF) - 1
    phase = reference.phase[one]
    first, second = reference.means[one], turned(step.means, rotation_deg)[other]
    agree = np.zeros(codes.size, dtype=bool)
    for number, group in enumerate(groups_of((reference, step)), start=1):
        own = np.flatnonzero((phase == number) & (step.phase[other] == number))
        agree[own] = disorientation_deg(first[own], second[own], group) <= within_deg
    return float(points[agree].sum() / points.sum())


def _transform(
    recipe: Coarsening, series: MapSeries, reference: MeasuredStep, step: MeasuredStep, given: np.ndarray | None
) -> Transform:
    scans = _scans(series, reference, step)
    if given is not None:
        return measure_transform(*scans[0], _given(given, reference.number, step.number))
    if recipe.transform == "none":
        return measure_transform(*scans[0], Transform.given(np.eye(2, 3)))
    limits = (recipe.max_residual_steps, recipe.min_overlap_fraction)
    failed: list[Transform] = []
    refusals: list[str] = []
    for one, other in scans:
        for found in _candidates(recipe, one, other):
            if not fits(found, one, other, *limits):
                failed.append(found)
                continue
            share = agreement(reference, step, found, within_deg=recipe.max_misorientation_deg)
            if share >= LEAST_AGREEMENT:
                return found
            refusals.append(
                f"{other.name}: does not fit on {one.name}, grains agree in orientation on {share:.0%} of the common "
                "area; check that both show one place, or tell the transform."
            )
    by_grains = _by_grains(recipe, reference, step, failed)
    if by_grains is None:
        raise MeasurementError((refusals or [refusal(*scans[0], failed, *limits)])[0])
    return by_grains


def _candidates(recipe: Coarsening, one: Scan, other: Scan) -> Iterator[Transform]:
    """Yield the transforms to try: rigid, affine, as the maps lie."""
    yield from candidates(
        one,
        other,
        kinds=("affine",) if recipe.transform == "affine" else ("rigid", "affine"),
        max_rotation_deg=recipe.max_rotation_deg,
        min_overlap_fraction=recipe.min_overlap_fraction,
    )
    yield measure_transform(one, other, Transform.identity())


def _by_grains(
    recipe: Coarsening, reference: MeasuredStep, step: MeasuredStep, failed: Sequence[Transform]
) -> Transform | None:
    """Return the rigid transform by which most orientations agree, None where they do not tell one place.

    Where grains grew so much that boundaries do not fit, those left have their orientations still. Tried are what
    boundaries told and what the maps tell as pictures of orientation.
    """
    groups = groups_of((reference, step))
    one, other = (Scan(own.grid, None, _orientation_picture(own, groups)) for own in (reference, step))
    by_picture = candidates(
        one,
        other,
        kinds=("rigid",),
        max_rotation_deg=recipe.max_rotation_deg,
        min_overlap_fraction=recipe.min_overlap_fraction,
    )
    found = [f for f in (*failed, *by_picture) if f.kind == "rigid"]
    found = [f for f in found if f.overlap_fraction >= recipe.min_overlap_fraction]
    within_deg = recipe.max_misorientation_deg
    shares = [_agreement_beyond_chance(reference, step, transform, within_deg) for transform in found]
    if not shares or not max(shares) >= _SURE_AGREEMENT:
        return None
    return replace(found[int(np.argmax(shares))], source="grains")


def _orientation_picture(step: MeasuredStep, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Return how near the axis into the map is to a crystal direction of no symmetry, or one equal to it, (y, x).

    It is the same for equal orientations however the map is turned in its plane.
    """
    w, x, y, z = step.means.T
    axis = np.stack((2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)), axis=1)
    nearness = np.zeros(len(axis))
    for number, group in enumerate(groups, start=1):
        own = step.phase == number
        operators = operators_of(group)
        turned_to = _GENERAL + 2 * np.cross(
            operators[:, 1:], np.cross(operators[:, 1:], _GENERAL) + operators[:, :1] * _GENERAL
        )
        nearness[own] = np.abs(axis[own] @ turned_to.T).max(axis=1)
    values = np.concatenate(([nearness.mean()], nearness)).astype(np.float32)
    return np.asarray(values[without_gaps(step.labels)])


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


def _given(matrices: np.ndarray, reference: int, number: int) -> Transform:
    """Return the transform told from a step to an earlier one, through the steps left out between them."""
    transform = Transform.given(np.eye(2, 3))
    for between in range(reference + 1, number + 1):
        transform = transform.after(Transform.given(matrices[0] if len(matrices) == 1 else matrices[between - 1]))
    return transform
