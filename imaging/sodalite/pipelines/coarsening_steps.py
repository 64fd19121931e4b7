"""The steps of a series one by one: read, segmented as single maps are, reduced to what the series needs of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.ebsd import quaternions_in_map_frame
from sodalite.errors import MeasurementError, SodaliteError
from sodalite.measure.grain_grid import cutting_borders
from sodalite.measure.grain_shape import grain_table
from sodalite.measure.grain_size import border_weights, grain_size_quantities
from sodalite.measure.grain_statistics import LEAST_GRAINS, weighted_scatter
from sodalite.pipelines.grain_labels import check_labels, find_labels, prepare_map
from sodalite.pipelines.grain_numbers import extent_um, grain_map
from sodalite.pipelines.step_images import image_on_grid
from sodalite.segment.numbering import numbered_as_met

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import pandas as pd

    from sodalite.ebsd import EbsdMap, Grid
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.grain_labels import Crystals
    from sodalite.pipelines.map_series import MapSeries, MapStep
    from sodalite.quantity import Quantity

    StepLabels = Sequence[np.ndarray] | Mapping[int, np.ndarray]

GAP_STEPS = 3.0
"""Points without a grain this near to one count as its own where grains are asked for their neighbours."""

_AMONG = 0.5
"""Share of a point and its eight neighbours in grains from which it lies among them: larger holes are pores."""

_PICTURES = ("bc", "iq", "band contrast", "image quality")
_SAME_STEP = 0.01


class UnbiasedMean(NamedTuple):
    """A mean diameter, um, and its relative standard error; NaN without grains and for few."""

    ecd_um: float
    relative_se: float


class MeasuredStep(NamedTuple):
    """What a series keeps of one map.

    Attributes
    ----------
    number
        Position in the series, from 0.
    labels
        ``(rows, columns)`` uint32 grains from 1, those below `min_pixels` 0.
    grid
        Where the nodes lie.
    grains
        One row a grain that counts: label, pixels, area_um2, ecd_um, x_um, y_um, on_border, phase, border_weight
        (1 / the chance to be whole in this window, 0 where it is cut, see `border_weights`).
    means
        ``(grains, 4)`` mean orientation of grain k + 1 in row k, from the axes of the map to the crystal.
    phase
        ``(grains,)`` phase of grain k + 1 in the order of `groups`.
    groups
        Proper point group of each phase.
    phases
        Names of the phases that the map has points of.
    quaternions
        ``(rows, columns, 4)`` float16 orientation of each node, from the axes of the map to the crystal: to 0.03 deg,
        which tells grains apart.
    picture
        ``(rows, columns)`` band contrast or image quality; None without.
    image
        ``(rows, columns)`` grey levels of the micrograph beside the map; None without.
    values
        Sizes of the step's grains, see `sodalite.measure.grain_size`.
    unbiased
        Number- and area-weighted mean diameter without what border and gaps do to them: a window cuts large grains more
        often, the more the larger they grow, and a point without orientation belongs to a grain all the same.
    gap_share
        Points in no grain that lie among those of grains, over all points of grains.
    warnings
        What the file contradicts itself in.
    """

    number: int
    labels: np.ndarray
    grid: Grid
    grains: pd.DataFrame
    means: np.ndarray
    phase: np.ndarray
    groups: tuple[np.ndarray, ...]
    phases: tuple[str, ...]
    quaternions: np.ndarray
    picture: np.ndarray | None
    image: np.ndarray | None
    values: Mapping[str, Quantity]
    unbiased: tuple[UnbiasedMean, UnbiasedMean]
    gap_share: float
    warnings: tuple[str, ...]


def measure_steps(
    recipe: Coarsening, series: MapSeries, labels: StepLabels | None
) -> Generator[str, None, tuple[list[MeasuredStep], dict[int, SodaliteError]]]:
    """Yield what is done next, three times a step; return the steps that can be measured, and each other's error.

    Left out are steps that cannot be read, have none of the phases of the others, or another distance of points: the
    least grain that is seen would be another one.

    Raises
    ------
    MeasurementError
        When fewer than two steps remain, or labels are given for another number of steps.
    """
    given = _by_step(series, labels)
    measured: list[MeasuredStep] = []
    errors: dict[int, SodaliteError] = {}
    for number, step in enumerate(series.steps):
        try:
            measured.append((yield from _measure(recipe, number, step, given.get(number))))
        except SodaliteError as error:
            errors[number] = error
    strange = _strange(series, measured)
    errors |= strange
    kept = [step for step in measured if step.number not in strange]
    if len(kept) < 2:
        first = str(next(iter(errors.values()), "no error")).rstrip(".")
        raise MeasurementError(
            f"{series.name}: {len(kept)} of {len(series.steps)} steps can be measured ({first}); a series needs two."
        )
    return kept, errors


def step_map(recipe: Coarsening, step: MapStep) -> EbsdMap:
    """Return the map of a step as it is measured."""
    return prepare_map(recipe.grains, step.load()).ebsd


def _by_step(series: MapSeries, labels: StepLabels | None) -> dict[int, np.ndarray]:
    """Return the given labels by the numbers of their steps; steps of a mapping that has none are segmented."""
    if labels is None:
        return {}
    count = len(series.steps)
    by_step = dict(labels) if isinstance(labels, Mapping) else dict(enumerate(labels))
    if set(by_step) - set(range(count)) or (not isinstance(labels, Mapping) and len(by_step) != count):
        raise MeasurementError(f"{series.name}: labels of {len(by_step)} steps for {count} steps; give one each.")
    return by_step


def _measure(
    recipe: Coarsening, number: int, step: MapStep, given: np.ndarray | None
) -> Generator[str, None, MeasuredStep]:
    grains = recipe.grains
    yield f"Reading {step.name}"
    ebsd = step.load()
    yield f"Finding the grains of {step.name}"
    crystals = prepare_map(grains, ebsd)
    found = (
        find_labels(grains, crystals) if given is None else numbered_as_met(check_labels(crystals, np.asarray(given)))
    )
    yield f"Measuring the grains of {step.name}"
    mapped = grain_map(crystals, found)
    ebsd = crystals.ebsd
    table = grain_table(
        mapped.labels,
        ebsd.x_um,
        ebsd.y_um,
        mapped.phase_id,
        step_um=ebsd.spacing_um,
        is_hexagonal=ebsd.grid.lattice == "hex",
        cut_borders=cutting_borders(grains.growth_xy),
        growth_xy=grains.growth_xy,
    )
    values = _sizes(recipe, crystals, table)
    table = _weighted(table[table["pixels"] >= recipe.min_pixels].reset_index(drop=True), recipe, ebsd)
    if table.empty:
        if not crystals.indexed_count:
            raise MeasurementError(f"{step.name}: no point is indexed; export the map again.")
        raise MeasurementError(f"{step.name}: no grain has {recipe.min_pixels} points; lower min_pixels.")
    kept, means, phase = _renumbered(mapped.labels, mapped.means, table)
    image, doubt = _image(step, ebsd.grid)
    labels = np.ascontiguousarray(ebsd.on_grid(kept, fill=0))
    gaps = _gap_share(labels > 0)
    return MeasuredStep(
        number,
        labels,
        ebsd.grid,
        table.assign(label=np.arange(1, len(table) + 1)),
        quaternions_in_map_frame(means, ebsd.frame),
        phase,
        crystals.groups,
        tuple(p.name for p, count in zip(ebsd.phases, ebsd.phase_counts, strict=True) if count),
        _points(ebsd),
        _picture(ebsd),
        image,
        values,
        (_unbiased(table, gaps, by_area=False), _unbiased(table, gaps, by_area=True)),
        gaps,
        (*ebsd.warnings, *doubt),
    )


def _renumbered(
    labels: np.ndarray, means: np.ndarray, table: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, mean orientations and phases of the grains of `table` alone, numbered by its rows from 1."""
    old = table["label"].to_numpy(np.int64)
    number = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.uint32)
    number[old] = np.arange(1, old.size + 1)
    return number[labels], means[old - 1], table["phase"].to_numpy(np.int64)


def _sizes(recipe: Coarsening, crystals: Crystals, table: pd.DataFrame) -> dict[str, Quantity]:
    found = grain_size_quantities(
        table,
        point_count=crystals.point_count,
        indexed_count=crystals.indexed_count,
        extent_um=extent_um(crystals.ebsd),
        step_um=crystals.ebsd.spacing_um,
        cut_borders=cutting_borders(recipe.grains.growth_xy),
        min_pixels=recipe.min_pixels,
    )
    return {quantity.quantity: quantity for quantity in found}


def _weighted(table: pd.DataFrame, recipe: Coarsening, ebsd: EbsdMap) -> pd.DataFrame:
    borders = cutting_borders(recipe.grains.growth_xy)
    weights = border_weights(table, extent_um(ebsd), ebsd.spacing_um, cut_borders=borders)
    return table.assign(border_weight=weights)


def _gap_share(known: np.ndarray) -> float:
    around = cv2.blur(known.astype(np.float32), (3, 3))
    return float(np.count_nonzero(~known & (around >= _AMONG))) / max(int(np.count_nonzero(known)), 1)


def _unbiased(table: pd.DataFrame, gap_share: float, *, by_area: bool) -> UnbiasedMean:
    whole = table[table["border_weight"] > 0]
    ecd, weight = whole["ecd_um"].to_numpy(float), whole["border_weight"].to_numpy(float)
    weight = weight * whole["area_um2"].to_numpy(float) if by_area else weight
    if ecd.size == 0:
        return UnbiasedMean(math.nan, math.nan)
    error = weighted_scatter(ecd, weight, power=1).relative_sd if ecd.size >= LEAST_GRAINS else math.inf
    mean = float(np.average(ecd, weights=weight)) * math.sqrt(1 + gap_share)
    return UnbiasedMean(mean, error if math.isfinite(error) else math.nan)


def _points(ebsd: EbsdMap) -> np.ndarray:
    """Return the orientations of the points of a map at its nodes, ``(rows, columns, 4)`` float16."""
    points = quaternions_in_map_frame(ebsd.quaternions, ebsd.frame).astype(np.float16)
    return np.ascontiguousarray(ebsd.on_grid(points, fill=0))


def _picture(ebsd: EbsdMap) -> np.ndarray | None:
    """Return the quality of the patterns as a picture, where it differs from point to point."""
    known = {name.casefold(): values for name, values in ebsd.quality.items()}
    name = next((name for name in _PICTURES if name in known and np.ptp(known[name]) > 0), None)
    return None if name is None else np.ascontiguousarray(ebsd.on_grid(known[name].astype(np.float32), fill=0))


def _image(step: MapStep, grid: Grid) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the micrograph beside a map at its nodes, or why there is none that can be used."""
    if step.image_path is None or not step.image_path.is_file():
        return None, ()
    try:
        return image_on_grid(step.image_path, grid), ()
    except SodaliteError as error:
        return None, (str(error).replace(str(step.image_path), step.image_path.name),)


def _strange(series: MapSeries, measured: Sequence[MeasuredStep]) -> dict[int, SodaliteError]:
    """Return why steps do not belong to the others: the distance of points or the phases that most others have."""
    errors: dict[int, SodaliteError] = {}
    if not measured:
        return errors
    usual = _most([step.grid.spacing_um for step in measured])
    same = [step for step in measured if np.allclose(step.grid.spacing_um, usual, rtol=_SAME_STEP)]
    phases = set(_most([step.phases for step in same]))
    for step in measured:
        name = series.steps[step.number].name
        y_um, x_um = step.grid.spacing_um
        if not any(step is other for other in same):
            text = f"step {x_um:g} x {y_um:g} um where the other maps have {usual[1]:g} x {usual[0]:g} um"
            errors[step.number] = MeasurementError(f"{name}: {text}; take the maps at one magnification.")
        elif not phases & set(step.phases):
            text = f"phases {', '.join(step.phases) or 'none'} where the other maps have {', '.join(sorted(phases))}"
            errors[step.number] = MeasurementError(f"{name}: {text}; take out the map of another specimen.")
    return errors


def _most(items: list) -> tuple:
    """Return the item that comes most often, the first one of equals."""
    rounded = [tuple(round(part, 9) if isinstance(part, float) else part for part in item) for item in items]
    return items[rounded.index(max(rounded, key=rounded.count))]
