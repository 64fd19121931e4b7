"""What the pictures of a measured series show beyond its result: each map as measured, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import SodaliteError
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.coarsening_steps import step_map
from sodalite.track.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.ebsd import EbsdMap
    from sodalite.pipelines.map_series import MapSeries
    from sodalite.result import Result


class StepParts(NamedTuple):
    """One step to draw.

    Attributes
    ----------
    number, name
        Of the step.
    ebsd
        The map; None where it could not be measured.
    labels
        ``(rows, columns)`` tracks; None where the grains of the step are not tracked.
    to_first
        Transform to the first step; the identity where there is none.
    """

    number: int
    name: str
    ebsd: EbsdMap | None
    labels: np.ndarray | None
    to_first: Transform


def recipe_of(result: Result) -> Coarsening:
    """Return the recipe in the provenance of a result."""
    return Coarsening.from_fields(result.provenance["recipe"])


def step_parts(result: Result, series: MapSeries) -> Iterator[StepParts]:
    """Yield the steps of a series in order, by the recipe in the provenance of its result, one map at a time."""
    recipe = recipe_of(result)
    failed = result.provenance.get("failed_steps") or {}
    matrices = result.provenance.get("transforms") or {}
    for number, step in enumerate(series.steps):
        told = matrices.get(step.name)
        transform = Transform.identity() if told is None else Transform.given(np.array(told["to_first"]))
        labels = result.labels.get(f"labels_{number:02d}")
        try:
            ebsd = None if step.name in failed else step_map(recipe, step)
        except SodaliteError:
            ebsd = None
        yield StepParts(number, step.name, ebsd, None if labels is None else np.asarray(labels), transform)
