"""From an EBSD map to its grains: frame and phases decided, clean-up, flood fill and what joins grains afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd import laue_from_symbol
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sodalite.ebsd import EbsdMap, Phase
    from sodalite.pipelines.grains import Grains

_TWOFOLD_BETWEEN = ("312", "-31m")


class Crystals(NamedTuple):
    """A map that is ready to be measured.

    Attributes
    ----------
    ebsd
        In its frame, cleaned up, phases that are not measured as not indexed.
    quaternions
        ``(n, 4)`` float64, from the axes of the frame to the crystal.
    groups
        Operators of each phase; those of a phase that is not measured are the identity.
    point_count, indexed_count
        Points of the file, and those that had an orientation there.
    changed_fraction
        Clean-up -> share of all points that it changed.
    """

    ebsd: EbsdMap
    quaternions: np.ndarray
    groups: tuple[np.ndarray, ...]
    point_count: int
    indexed_count: int
    changed_fraction: Mapping[str, float]


def prepare_map(recipe: Grains, sample: EbsdMap) -> Crystals:
    """Return the map as it is measured, see `Grains.prepare`."""
    ebsd = sample.with_phases(_with_symmetry(recipe, sample))
    ebsd = replace(ebsd, frame=recipe.frame or sample.frame)
    kept = _kept(recipe, ebsd)
    if not kept[ebsd.phase_id].all():
        ebsd = replace(ebsd, phase_id=np.where(kept[ebsd.phase_id], ebsd.phase_id, 0).astype(np.int16))
    if recipe.fill or recipe.gap_steps > 0:
        ebsd = ebsd.with_empty_places()
    groups = _groups(ebsd)
    source, changed = _clean_up(recipe, ebsd, groups)
    if changed:
        ebsd = replace(ebsd, euler_rad=ebsd.euler_rad[source], phase_id=ebsd.phase_id[source])
    return Crystals(ebsd, ebsd.quaternions, groups, sample.size, int(sample.indexed.sum()), changed)


def find_labels(recipe: Grains, crystals: Crystals) -> np.ndarray:
    """Return the grain of each point, ``(n,)`` uint32, 1, 2, ... in the order of first points; 0 = none."""
    from sodalite.segment.grain_fill import find_filled_grains
    from sodalite.segment.grains import find_grains

    find = find_filled_grains if recipe.fill else find_grains
    low = recipe.boundary_low_deg
    phase_id = crystals.ebsd.phase_id
    arguments = (crystals.quaternions, phase_id, crystals.groups, crystals.ebsd.grid)
    labels = find(*arguments, threshold_deg=recipe.boundary_deg if low is None else low)
    if low is None and not recipe.merge_twins:
        return labels
    # grains are joined by their indexed points alone; the others go with the grain that took them
    own = np.where(phase_id > 0, labels, 0).astype(np.uint32)
    merged = _merged(recipe, crystals, own)
    new = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.uint32)
    new[own] = merged
    new[0] = 0
    return new[labels]


def check_labels(crystals: Crystals, labels: np.ndarray) -> np.ndarray:
    """Return labels of the nodes of the grid as labels of the points, ``(n,)`` uint32.

    Raises
    ------
    MeasurementError
        When they differ from the grid in shape or are no whole numbers from 0.
    """
    ebsd = crystals.ebsd
    if labels.shape != ebsd.shape:
        raise MeasurementError(
            f"{ebsd.name}: labels of shape {labels.shape} for a grid of {ebsd.shape}; label this very map."
        )
    if labels.dtype.kind not in "ui" or int(labels.min(initial=0)) < 0 or int(labels.max(initial=0)) >= 2**31:
        raise MeasurementError(f"{ebsd.name}: labels of type {labels.dtype}; give grain numbers from 0, 0 for none.")
    flat = labels.astype(np.uint32).ravel()
    return flat if ebsd.grid.node is None else flat[ebsd.grid.node]


def _merged(recipe: Grains, crystals: Crystals, labels: np.ndarray) -> np.ndarray:
    from sodalite.pipelines.grain_twins import parse_twin
    from sodalite.segment.grain_merge import merge_subgrains, merge_twins

    ebsd = crystals.ebsd
    arguments = (crystals.quaternions, ebsd.phase_id, crystals.groups, ebsd.grid)
    if recipe.boundary_low_deg is not None:
        labels = merge_subgrains(*arguments, labels, threshold_deg=recipe.boundary_deg)
    twin = parse_twin(recipe.twin)
    for number, (phase, count) in enumerate(zip(ebsd.phases, ebsd.phase_counts, strict=True), start=1):
        axis = twin.axis(phase) if recipe.merge_twins and count else None
        if axis is not None:
            labels, _ = merge_twins(
                *arguments, labels, phase=number, axis=axis, angle_deg=twin.angle_deg, tolerance_deg=twin.tolerance_deg
            )
    return labels


def _with_symmetry(recipe: Grains, sample: EbsdMap) -> tuple[Phase, ...]:
    if recipe.symmetry is None:
        return sample.phases
    names = [name.strip() for name in recipe.symmetry.split(",") if name.strip()]
    if len(names) == 1:
        return tuple(_of_symmetry(p, names[0]) if p.laue_group is None else p for p in sample.phases)
    if len(names) != len(sample.phases):
        raise MeasurementError(
            f"{sample.name}: symmetry names {len(names)} groups for {len(sample.phases)} phases; name one for each."
        )
    return tuple(_of_symmetry(phase, name) for phase, name in zip(sample.phases, names, strict=True))


def _of_symmetry(phase: Phase, name: str) -> Phase:
    laue = laue_from_symbol(name)
    if laue is None:
        raise MeasurementError(f"symmetry: {name!r} is no Laue group; write one such as m-3m, 6/mmm or -3m.")
    return replace(phase, laue_group=laue, x_axis="a*" if name in _TWOFOLD_BETWEEN else phase.x_axis)


def _kept(recipe: Grains, ebsd: EbsdMap) -> np.ndarray:
    """Return which phase ids are measured, ``(phases + 1,)`` bool; 0 stays what it is.

    A name that one map of many does not have is no error as long as another one is there.
    """
    kept = np.ones(len(ebsd.phases) + 1, dtype=bool)
    if recipe.phases is None:
        return kept
    wanted = {name.strip().casefold() for name in recipe.phases.split(",")}
    kept[1:] = [phase.name.casefold() in wanted or str(k) in wanted for k, phase in enumerate(ebsd.phases, start=1)]
    if not kept[1:].any():
        there = ", ".join(f"{k} {phase.name}" for k, phase in enumerate(ebsd.phases, start=1))
        raise MeasurementError(f"{ebsd.name}: phases names none of its phases; name some of {there}.")
    return kept


def _groups(ebsd: EbsdMap) -> tuple[np.ndarray, ...]:
    groups = []
    for phase, count in zip(ebsd.phases, ebsd.phase_counts, strict=True):
        if count and phase.laue_group is None:
            raise MeasurementError(
                f"{ebsd.name}: the file gives no symmetry for {phase.name}; set symmetry to its Laue group, as in "
                "m-3m, or phases to those to be measured."
            )
        groups.append(np.array([[1.0, 0.0, 0.0, 0.0]]) if phase.laue_group is None else phase.operators)
    return tuple(groups)


def _clean_up(recipe: Grains, ebsd: EbsdMap, groups: tuple[np.ndarray, ...]) -> tuple[np.ndarray, dict[str, float]]:
    """Return where each point takes its orientation from, and the share of points that each clean-up changed."""
    from sodalite.segment.grain_cleanup import absorb_islands, changed_fraction, fill_gaps, replace_spikes

    source = np.arange(ebsd.size)
    changed: dict[str, float] = {}
    degrees = recipe.boundary_deg

    def now() -> tuple[np.ndarray, np.ndarray]:
        return ebsd.quaternions[source], ebsd.phase_id[source]

    if recipe.replace_spikes:
        step = replace_spikes(*now(), groups, ebsd.grid, threshold_deg=degrees)
        source, changed["replace_spikes"] = source[step], changed_fraction(step)
    if recipe.island_pixels > 1:
        step = absorb_islands(*now(), groups, ebsd.grid, threshold_deg=degrees, min_pixels=recipe.island_pixels)
        source, changed["island_pixels"] = source[step], changed_fraction(step)
    if recipe.gap_steps > 0:
        step = fill_gaps(now()[1], ebsd.grid, max_steps=recipe.gap_steps)
        source, changed["gap_steps"] = source[step], changed_fraction(step)
    return source, changed
