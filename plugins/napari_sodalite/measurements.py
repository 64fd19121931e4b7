"""What the docks pass around: steps of a job, and a result with what it was made of and the layers that show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sodalite.result_layers import result_layers, sample_look
from sodalite import MeasurementError, load_result

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from napari_sodalite.layer_data import LayerData
    from sodalite import Recipe, Result


class Step(NamedTuple):
    """What is being done now, and how much of the whole is done."""

    done: int
    total: int
    text: str


class Measurement(NamedTuple):
    """A result, what it was made of and the layers that show it.

    Attributes
    ----------
    recipe, sample
        The image or map as it was read; None where a result was opened without it.
    traced
        Labels before any correction by hand; of a series by the number of the step.
    layers
        What to put over the sample.
    shown
        Attributes of the sample's own layer that this result decides, such as its true scale.
    origin
        What was chosen when it was measured, a layer or a folder; None where a result was opened without its sample.
    """

    recipe: Any
    sample: Any
    result: Result
    traced: Any
    layers: list[LayerData]
    shown: dict[str, Any]
    origin: Any = None


def opened(result: Result, sample: Any, origin: Any = None) -> Measurement:
    """Return an earlier result as a measurement; its labels count as traced."""
    from sodalite.recipe import recipe_model

    recipe: Recipe = recipe_model(result.provenance["kind"]).from_fields(result.provenance["recipe"])
    traced = result.labels["labels"] if "labels" in result.labels else labels_by_step(result)
    return Measurement(
        recipe, sample, result, traced, result_layers(result, sample), sample_look(result, sample), origin
    )


class Opened(NamedTuple):
    """A measurement that comes from an earlier result."""

    measurement: Measurement


def opening_stages(
    folder: str, kind: str, candidates: Sequence[tuple[Any, Any]], fits: Callable[[Any, Result], bool]
) -> Generator[Step, None, Opened]:
    """Yield before each stage and return the result in a folder, over the sample that `fits`, if one does.

    Parameters
    ----------
    candidates
        Layers or folders that are open, with their samples.

    Raises
    ------
    ReadError
        When the folder holds no complete result.
    MeasurementError
        When it is one of another kind of recipe.
    """
    yield Step(0, 2, "Reading the result")
    result = load_result(folder)
    if result.provenance.get("kind") != kind:
        raise MeasurementError(f"{folder}: no result of a {kind} recipe; open it in its dock.")
    yield Step(1, 2, "Preparing the layers")
    origin, sample = next((item for item in candidates if fits(item[1], result)), (None, None))
    return Opened(opened(result, sample, origin))


def labels_by_step(result: Result) -> dict[int, np.ndarray]:
    """Return the tracks of a series by the number of their step; steps that are not tracked have none."""
    return {int(name.removeprefix("labels_")): labels for name, labels in result.labels.items()}


def with_edits(result: Result, labels: np.ndarray, traced: np.ndarray, name: Callable[[int], str]) -> Result:
    """Return the result with how many pixels of its classes were changed by hand in its provenance.

    Parameters
    ----------
    name
        What to call a class in the count of pixels by the class they became.
    """
    if labels.shape != traced.shape:
        return result
    changed = labels[labels != traced]
    into = zip(*np.unique(changed, return_counts=True), strict=True)
    facts = {"pixels": int(changed.size), "fraction": changed.size / labels.size}
    return with_facts(result, edited={**facts, "into": {name(item): int(count) for item, count in into}})


def with_regrouped(result: Result, labels: Sequence[np.ndarray], traced: Sequence[np.ndarray]) -> Result:
    """Return the result with how many points of its maps were given to another grain by hand in its provenance."""
    if [item.shape for item in labels] != [item.shape for item in traced]:
        return result
    moved = sum(map(regrouped_count, labels, traced))
    return with_facts(result, edited={"pixels": moved, "fraction": moved / sum(item.size for item in labels)})


def regrouped_count(labels: np.ndarray, traced: np.ndarray) -> int:
    """Return how many points are in another grain than before, however the grains are numbered; 0 is no grain.

    A grain is the one before that it shares most points with, if that shares most with it, too.
    """
    count = int(traced.max(initial=0)) + 1
    pairs, points = np.unique(labels.ravel().astype(np.int64) * count + traced.ravel(), return_counts=True)
    new, old = np.divmod(pairs, count)
    order = np.argsort(-points, kind="stable")
    order = order[(new[order] > 0) == (old[order] > 0)]
    new, old = new[order], old[order]
    best = np.intersect1d(np.unique(new, return_index=True)[1], np.unique(old, return_index=True)[1])
    return labels.size - int(points[order][best].sum())


def with_facts(result: Result, **facts: Any) -> Result:
    """Return the result with more in its provenance."""
    return replace(result, provenance={**result.provenance, **facts})
