"""From tracked grains to numbers: everything that is measured on a series of EBSD maps."""

from __future__ import annotations

import importlib.metadata
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.measure.budget import Components, budget_record, combine
from sodalite.measure.grain_growth import growth_rates
from sodalite.pipelines.coarsening_kinetics import kinetics
from sodalite.pipelines.coarsening_order import out_of_order
from sodalite.pipelines.coarsening_rates import motion_quantities, rate_quantities, shape_quantities
from sodalite.pipelines.coarsening_registration import register_steps
from sodalite.pipelines.coarsening_steps import measure_steps
from sodalite.pipelines.coarsening_tables import (
    WITHOUT_GAPS,
    copied,
    crosses_planes,
    event_quantities,
    far_moved,
    found_again,
    gaps_note,
    step_table,
)
from sodalite.pipelines.coarsening_tracks import motion_table, track_steps
from sodalite.quantity import GLOSSARY, Quantity
from sodalite.result import Result

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import pandas as pd

    from sodalite.errors import SodaliteError
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.coarsening_steps import MeasuredStep, StepLabels
    from sodalite.pipelines.coarsening_tracks import Tracked
    from sodalite.pipelines.map_series import MapSeries


_SCALE = (
    "The step of the maps has a standard uncertainty of {percent:g} % (scale_uncertainty_percent), for all of them: "
    "it is in the intervals of lengths once and of growth constants twice, no part of the scatter that the fits see, "
    "and leaves the exponent. The intervals in the tables are of sampling alone."
)


class SeriesParts(NamedTuple):
    """A series as its numbers are made.

    Attributes
    ----------
    series
        The series.
    measured
        The steps that could be measured.
    tracked
        Tracks of the steps that lie over each other.
    failed, apart
        Number of a step -> why it is not measured, and why its grains are not tracked.
    times_h, charges_mah_cm2
        ``(steps,)``; NaN where unknown.
    plane
        ``(steps,)``: equal where steps show the same plane.
    """

    series: MapSeries
    measured: Sequence[MeasuredStep]
    tracked: Tracked
    failed: Mapping[int, SodaliteError]
    apart: Mapping[int, SodaliteError]
    times_h: np.ndarray
    charges_mah_cm2: np.ndarray
    plane: np.ndarray

    @property
    def sentences(self) -> list[str]:
        """What went wrong with single steps, and what their order makes doubtful."""
        errors = sorted([*self.failed.items(), *self.apart.items()])
        # a file that is not there is told once, by the step that fails
        told = [f"{self.series.steps[number].name} is not in the folder" for number in self.failed]
        warnings = [text for text in self.series.warnings if not any(name in text for name in told)]
        names = [step.name for step in self.series.steps]
        doubts = [
            *copied(self.measured, names),
            *far_moved(self.tracked, names),
            *out_of_order(self.tracked, names),
        ]
        return [*warnings, *(str(error) for _, error in errors), *doubts]


def measure_series(recipe: Coarsening, series: MapSeries, labels: StepLabels | None) -> Generator[str, None, Result]:
    """Yield what is done next, four times a step and twice more; return every quantity of a series.

    Given labels are measured in place of those that the recipe finds.

    Raises
    ------
    MeasurementError
        As `Coarsening.run`.
    """
    measured, failed = yield from measure_steps(recipe, series, labels)
    to_before, apart = yield from register_steps(recipe, series, measured)
    yield "Tracking the grains from step to step"
    tracked = track_steps(recipe, measured, to_before)
    parts = SeriesParts(
        series,
        measured,
        tracked,
        failed,
        apart,
        _told([step.time_h for step in series.steps]),
        _told([step.charge_mah_cm2 for step in series.steps]),
        np.cumsum([step.repolished for step in series.steps]),
    )
    yield "Measuring growth and moving boundaries"
    values, tables = _values(parts)
    order = list(GLOSSARY)
    scale = Components(recipe.scale_uncertainty_percent / 100, 0.0, 0.0)
    budget = {
        "uncertainty_budget": budget_record(values, scale),
        "scale": _SCALE.format(percent=recipe.scale_uncertainty_percent),
    }
    return Result(
        values=tuple(sorted(combine(values, scale), key=lambda quantity: order.index(quantity.quantity))),
        tables=tables,
        labels={f"labels_{number:02d}": image for number, image in tracked.labels.items()},
        spacing_um=measured[0].grid.spacing_um,
        provenance=_provenance(recipe, parts, given=labels is not None) | budget,
        name=series.name,
    )


def _told(values: list[float | None]) -> np.ndarray:
    """Return what is told of all steps, NaN unless it is told of every one."""
    known = np.array([math.nan if value is None else value for value in values], dtype=float)
    return known if np.isfinite(known).all() else np.full(known.size, math.nan)


def _values(parts: SeriesParts) -> tuple[list[Quantity], dict[str, pd.DataFrame]]:
    """Return all quantities, in no order, and the tables."""
    tracked = parts.tracked
    again = found_again(tracked)
    steps = step_table(parts, again)
    growth, table = kinetics(parts)
    rates = growth_rates(tracked.tracks, parts.times_h, parts.plane)
    motion = motion_table(tracked, parts.times_h, parts.plane)
    values = [
        _count(parts),
        *growth,
        *event_quantities(parts, again),
        *motion_quantities(motion, parts),
        *rate_quantities(rates, parts),
        *shape_quantities(steps, tracked.tracks),
        *_registration(parts),
    ]
    events = tracked.events.assign(other_plane=crosses_planes(parts, tracked.events))
    tables = {"steps": steps, "tracks": tracked.tracks, "events": events, "kinetics": table, "rates": rates}
    gaps = gaps_note(parts.measured)
    noted = [v if math.isnan(v.value) or v.quantity.startswith(WITHOUT_GAPS) else v.with_note(gaps) for v in values]
    return noted, tables | {"velocities": motion}


def _count(parts: SeriesParts) -> Quantity:
    note = " ".join(parts.sentences) or "every step was measured"
    return Quantity("measured_step_count", float(len(parts.measured)), n=len(parts.series.steps), note=note)


def _registration(parts: SeriesParts) -> list[Quantity]:
    names = ("registration_residual", "registration_overlap_fraction")
    later = [t for number, t in parts.tracked.to_before.items() if number != parts.tracked.steps[0].number]
    if not later:
        return [Quantity.withheld(name, "no two steps fit each other") for name in names]
    residual, overlap = max(t.residual_um for t in later), min(t.overlap_fraction for t in later)
    found = zip(names, (residual, overlap), strict=True)
    return [
        Quantity.withheld(name, "not measured on these steps")
        if math.isnan(value)
        else Quantity(name, value, n=len(later), note="the worst of all steps, no interval")
        for name, value in found
    ]


def _provenance(recipe: Coarsening, parts: SeriesParts, *, given: bool) -> dict[str, Any]:
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "labels": "given" if given else "found",
        "steps": [step.name for step in parts.series.steps],
        "failed_steps": _sentences_of(parts, parts.failed),
        "untracked_steps": _sentences_of(parts, parts.apart),
        "warnings": list(dict.fromkeys([*parts.sentences, *_warnings(parts)])),
        "transforms": {
            parts.series.steps[number].name: {
                "to_first": transform.matrix.tolist(),
                "kind": parts.tracked.to_before[number].kind,
                "source": parts.tracked.to_before[number].source,
            }
            for number, transform in parts.tracked.to_first.items()
        },
    }


def _warnings(parts: SeriesParts) -> list[str]:
    """Return what the files contradict themselves in: once what all of them do, else led by the name of the step."""
    common = set.intersection(*(set(step.warnings) for step in parts.measured))
    told = []
    for step in parts.measured:
        own = parts.series.steps[step.number]
        names = (own.name, own.image_path.name) if own.image_path else (own.name,)
        told += [text if text in common or text.startswith(names) else f"{own.name}: {text}" for text in step.warnings]
    return told


def _sentences_of(parts: SeriesParts, errors: Mapping[int, SodaliteError]) -> dict[str, dict[str, str]]:
    """Return the kind and the sentence of each error by the name of its step."""
    return {
        parts.series.steps[number].name: {"error": type(error).__name__, "message": str(error)}
        for number, error in sorted(errors.items())
    }
