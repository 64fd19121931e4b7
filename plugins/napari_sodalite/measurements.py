"""What the docks pass around: steps of a job, and a result with what it was made of and the layers that show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sodalite.result_layers import result_layers

if TYPE_CHECKING:
    from collections.abc import Callable

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
        Labels before any correction by hand.
    layers
        What to put over the sample.
    shown
        Attributes of the sample's own layer that this result decides, such as its true scale.
    """

    recipe: Any
    sample: Any
    result: Result
    traced: np.ndarray
    layers: list[LayerData]
    shown: dict[str, Any]


def opened(result: Result, sample: Any) -> Measurement:
    """Return an earlier result as a measurement; its labels count as traced."""
    from sodalite.recipe import recipe_model

    recipe: Recipe = recipe_model(result.provenance["kind"]).from_fields(result.provenance["recipe"])
    traced = result.labels.get("labels", np.empty(0))
    return Measurement(recipe, sample, result, traced, result_layers(result, sample), {})


def with_edits(result: Result, labels: np.ndarray, traced: np.ndarray, name: Callable[[int], str] | None) -> Result:
    """Return the result with how many pixels of its labels were changed by hand in its provenance.

    Parameters
    ----------
    name
        What to call a label in the count of pixels by the label they became; None counts no such.
    """
    if labels.shape != traced.shape:
        return result
    changed = labels[labels != traced]
    facts: dict[str, Any] = {"pixels": int(changed.size), "fraction": changed.size / labels.size}
    if name is not None:
        into = zip(*np.unique(changed, return_counts=True), strict=True)
        facts["into"] = {name(item): int(count) for item, count in into}
    return with_facts(result, edited=facts)


def with_facts(result: Result, **facts: Any) -> Result:
    """Return the result with more in its provenance."""
    return replace(result, provenance={**result.provenance, **facts})
