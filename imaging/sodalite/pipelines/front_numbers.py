"""From laid frames to numbers: the front of every frame, its growth, and what stands out of it."""

from __future__ import annotations

import importlib.metadata
import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure.front import FrontShape, Protrusion, find_protrusions, front_shape
from sodalite.measure.roughness import ProfileInterval, profile_interval
from sodalite.pipelines.front_frames import LaidFrames, laid_data, laid_glare, turned_back, upright
from sodalite.pipelines.front_tables import front_quantities, fronts_table, protrusions_table, steps_table
from sodalite.result import Result
from sodalite.segment.front import deposit_share, trace_front
from sodalite.segment.interface import sodium_faces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.pipelines.front import Front

_PROTRUSION_PX = 3.0


class FrameNumbers(NamedTuple):
    """What was measured on one frame.

    Attributes
    ----------
    thickness_um
        ``(x,)`` deposit above the substrate; NaN where the front is not seen.
    mean, interval
        Mean thickness, um, and its interval.
    shape
        Roughness of the front.
    protrusions
        Where the front stands out.
    dendritic
        For each protrusion whether it is dendrite-like.
    seen_fraction, overhang_fraction
        Share of the columns that show the front, and that show electrolyte below it.
    """

    thickness_um: np.ndarray
    mean: float
    interval: ProfileInterval
    shape: FrontShape
    protrusions: list[Protrusion]
    dendritic: list[bool]
    seen_fraction: float
    overhang_fraction: float


def measure_front(recipe: Front, laid: LaidFrames, labels: np.ndarray | None) -> Result:
    """Return every quantity of a growth, its tables, and the classes of every frame as the camera saw them.

    Raises
    ------
    MeasurementError
        When given labels have another shape than the frames.
    """
    grows_from = recipe.grows_from or "top"
    numbers, stack = [], []
    for row, deposit, overhanging in _found(recipe, laid) if labels is None else _given(recipe, laid, labels):
        numbers.append(_measured(recipe, laid, row, overhanging))
        stack.append(turned_back(_classes(laid, deposit), grows_from))
    along = laid.spacing_um if grows_from in ("top", "bottom") else laid.spacing_um[::-1]
    return Result(
        values=tuple(front_quantities(recipe, laid, numbers)),
        tables={
            "steps": steps_table(laid, numbers),
            "fronts": fronts_table(laid, numbers),
            "protrusions": protrusions_table(laid, numbers),
        },
        labels={"labels": np.stack(stack)},
        spacing_um=along,
        provenance=_provenance(recipe, laid, labels is not None),
        name=laid.name,
    )


def _found(recipe: Front, laid: LaidFrames) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield front, deposit and overhanging columns of every frame, by the median over it and its neighbours.

    The median of three leaves what only grows as it is, and drops what shines in a single frame. Where one of the
    three is saturated the frame stands for itself.
    """
    prepared = (
        (deposit_share(laid.backdrop, laid_data(recipe, frame)), laid_glare(recipe, frame)) for frame in laid.frames
    )
    before, here = None, next(prepared)
    for after in itertools.chain(prepared, [None]):
        share, glare = here
        if before is not None and after is not None:
            clear = ~(before[1] | glare | after[1])
            share = np.where(clear, np.median([before[0], share, after[0]], axis=0), share).astype(np.float32)
        front = trace_front(laid.backdrop, share, glare)
        yield front.row, front.mask, front.overhanging
        if after is not None:
            before, here = here, after


def _given(recipe: Front, laid: LaidFrames, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    shape = (len(laid.frames), *laid.image.data.shape)
    if labels.shape != shape:
        raise MeasurementError(
            f"{laid.name}: labels of shape {labels.shape} for frames of {shape}; correct those of an earlier run."
        )
    for each in upright(labels, recipe.grows_from or "top"):
        _, row = sodium_faces(np.ascontiguousarray(each).astype(np.uint8))
        yield row, each == SectionClass.SODIUM, np.zeros(row.size, bool)


def _classes(laid: LaidFrames, deposit: np.ndarray) -> np.ndarray:
    above = np.arange(deposit.shape[0])[:, None] + 0.5 <= laid.backdrop.base_row
    classes = np.where(above, np.uint8(SectionClass.COLLECTOR), np.uint8(SectionClass.ELECTROLYTE))
    return np.where(deposit & ~above, np.uint8(SectionClass.SODIUM), classes)


def _measured(recipe: Front, laid: LaidFrames, row: np.ndarray, overhanging: np.ndarray) -> FrameNumbers:
    y_um, x_um = laid.spacing_um
    thickness = (row - laid.backdrop.base_row) * y_um
    seen = np.isfinite(thickness)
    mean = float(thickness[seen].mean()) if seen.any() else math.nan
    unknown = ProfileInterval(math.nan, math.nan, "the front is nowhere seen")
    protrusions = find_protrusions(row * y_um, x_um, least_um=recipe.protrusion_um or _PROTRUSION_PX * y_um)
    return FrameNumbers(
        thickness_um=thickness,
        mean=mean,
        interval=profile_interval(mean, thickness) if seen.any() else unknown,
        shape=front_shape(row * y_um, x_um, cutoff_um=recipe.roughness_cutoff_um or row.size * x_um),
        protrusions=protrusions,
        dendritic=[each.aspect >= recipe.dendrite_aspect for each in protrusions],
        seen_fraction=float(seen.mean()),
        overhang_fraction=float(overhanging.mean()),
    )


def _provenance(recipe: Front, laid: LaidFrames, given: bool) -> dict[str, Any]:
    tilt = laid.image.meta.tilt
    return {
        "sodalite": importlib.metadata.version("sodalite"),
        "kind": recipe.kind,
        "recipe": recipe.model_dump(),
        "tilt": None if tilt is None else {
            "factor": tilt.factor, "relative_uncertainty": tilt.relative_uncertainty, "reason": tilt.reason,
        },
        "acquisition": {"pixel_size_source": laid.image.meta.pixel_size_source},
        "labels": "given" if given else "found",
        "deposit_grey_step": laid.backdrop.step,
        "note": laid.note,
        "steps": [
            {
                "step": frame.number,
                "file": frame.source.name,
                "drift_px": [frame.drift.y_px, frame.drift.x_px],
                "drift_significance": frame.drift.significance,
                "gain": frame.gain,
                "offset": frame.offset,
            }
            for frame in laid.frames
        ],
        "failed_steps": {each.name: {"error": each.error, "message": each.message} for each in laid.failures},
    }  # fmt: skip
