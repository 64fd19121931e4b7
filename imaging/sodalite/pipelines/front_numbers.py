"""From laid frames to numbers: the front of every frame, its growth, and what stands out of it."""

from __future__ import annotations

import importlib.metadata
import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure.front import FrontShape, Protrusion, find_protrusions, front_shape
from sodalite.measure.roughness import ProfileInterval, profile_interval
from sodalite.pipelines.front_frames import LaidFrames, laid_data, laid_glare, turned_back, upright
from sodalite.pipelines.front_tables import (
    MOST_BEYOND,
    beyond_note,
    front_quantities,
    fronts_table,
    protrusions_table,
    steps_table,
)
from sodalite.result import Result
from sodalite.segment.front import BESIDE_PX, deposit_share, share_beside, trace_front
from sodalite.segment.front import Front as Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sodalite.pipelines.front import Front

_PROTRUSION_PX = 3.0
_MOSTLY = 0.5
"""Share of the columns in the upper half of a protrusion that end in deposit thinner than the blur where it is thin."""
_WAY = np.ones((7, 7), np.uint8)
"""Where what a pixel shows may have been a frame ago or will be a frame later: 3 px to all sides."""


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
    dendritic, thin
        For each protrusion whether it is dendrite-like, and whether it is thinner than the picture's blur.
    seen_fraction, hidden_fraction
        Share of the columns that show the front, and in which a glaring spot may hide it.
    overhang_fraction, beyond_fraction
        Share of the columns that show electrolyte below the front, and whose front has left the picture.
    least_um
        Mean thickness in the picture where the front has left it: what it is at least; NaN elsewhere.
    share_beside
        Median covered share in the rows about the front; NaN where unknown.
    """

    thickness_um: np.ndarray
    mean: float
    interval: ProfileInterval
    shape: FrontShape
    protrusions: list[Protrusion]
    dendritic: list[bool]
    thin: list[bool]
    seen_fraction: float
    hidden_fraction: float
    overhang_fraction: float
    beyond_fraction: float
    least_um: float
    share_beside: np.ndarray = np.full(2 * BESIDE_PX, np.nan)


def measure_front(recipe: Front, laid: LaidFrames, labels: np.ndarray | None) -> Result:
    """Return every quantity of a growth, its tables, and the classes of every frame as the camera saw them.

    Raises
    ------
    MeasurementError
        When given labels have another shape than the frames.
    """
    grows_from = recipe.grows_from or "top"
    numbers, stack = [], []
    for front, beside in _found(recipe, laid) if labels is None else _given(recipe, laid, labels):
        numbers.append(_measured(recipe, laid, front)._replace(share_beside=beside))
        stack.append(turned_back(_classes(laid, front.mask), grows_from))
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


def _found(recipe: Front, laid: LaidFrames) -> Iterator[tuple[Shown, np.ndarray]]:
    """Yield the front of every frame and the covered share beside it, without what shines in this frame alone.

    A pixel keeps its share as far as the frame before or after shows such a share within some pixels of it: a deposit
    grows, and a needle is carried along, where the median of three would cut a needle thinner than its way from frame
    to frame. Where one of the three is saturated the frame stands for itself.
    """
    prepared = (
        (deposit_share(laid.backdrop, laid_data(recipe, frame)), laid_glare(recipe, frame)) for frame in laid.frames
    )
    before, here = None, next(prepared)
    for after in itertools.chain(prepared, [None]):
        share, glare = here
        if before is not None and after is not None:
            clear = ~(before[1] | glare | after[1])
            most = cv2.dilate(np.maximum(before[0], after[0]), _WAY)
            least = cv2.erode(np.minimum(before[0], after[0]), _WAY)
            share = np.where(clear, np.clip(share, least, most), share)
        front = trace_front(laid.backdrop, share, glare)
        yield front, share_beside(here[0], front)
        if after is not None:
            before, here = here, after


def _given(recipe: Front, laid: LaidFrames, labels: np.ndarray) -> Iterator[tuple[Shown, np.ndarray]]:
    shape = (len(laid.frames), *laid.image.data.shape)
    if labels.shape != shape:
        raise MeasurementError(
            f"{laid.name}: labels of shape {labels.shape} for frames of {shape}; correct those of an earlier run."
        )
    for each in upright(labels, recipe.grows_from or "top"):
        yield _labelled(each == SectionClass.SODIUM, laid.backdrop.base_row), np.full(2 * BESIDE_PX, np.nan)


def _labelled(deposit: np.ndarray, base_row: np.ndarray) -> Shown:
    """Return the front of a labelled deposit: the outermost of what hangs together with the substrate, as in frames."""
    rows = np.arange(deposit.shape[0])[:, None]
    above = rows + 0.5 <= base_row
    _, parts = cv2.connectedComponents((deposit | above).astype(np.uint8), connectivity=8)
    rooted = deposit & np.isin(parts, np.unique(parts[above])) & ~above
    outermost = deposit.shape[0] - np.argmax(rooted[::-1], axis=0)
    row = np.where(rooted.any(axis=0), outermost, base_row)
    overhanging = np.asarray(((rows < row) & ~above & ~rooted).any(axis=0))
    return Shown(row, deposit, overhanging, rooted[-1], np.zeros(row.size, bool))


def _classes(laid: LaidFrames, deposit: np.ndarray) -> np.ndarray:
    above = np.arange(deposit.shape[0])[:, None] + 0.5 <= laid.backdrop.base_row
    classes = np.where(above, np.uint8(SectionClass.COLLECTOR), np.uint8(SectionClass.ELECTROLYTE))
    return np.where(deposit & ~above, np.uint8(SectionClass.SODIUM), classes)


def _measured(recipe: Front, laid: LaidFrames, front: Shown) -> FrameNumbers:
    y_um, x_um = laid.spacing_um
    in_picture = (front.row - laid.backdrop.base_row) * y_um
    beyond = float(front.beyond.mean())
    gone = beyond > MOST_BEYOND
    row = np.where(gone & front.beyond, np.nan, front.row)
    thickness = np.where(gone & front.beyond, np.nan, in_picture)
    seen = np.isfinite(thickness)
    mean = float(thickness[seen].mean()) if seen.any() and not gone else math.nan
    unknown = ProfileInterval(math.nan, math.nan, beyond_note(beyond) if gone else "the front is nowhere seen")
    protrusions = find_protrusions(row * y_um, x_um, least_um=recipe.protrusion_um or _PROTRUSION_PX * y_um)
    return FrameNumbers(
        thickness_um=thickness,
        mean=mean,
        interval=profile_interval(mean, thickness) if math.isfinite(mean) else unknown,
        shape=front_shape(row * y_um, x_um, cutoff_um=recipe.roughness_cutoff_um or row.size * x_um),
        protrusions=protrusions,
        dendritic=[each.aspect >= recipe.dendrite_aspect for each in protrusions],
        thin=[bool(front.thin[each.start : each.stop].mean() > _MOSTLY) for each in protrusions],
        seen_fraction=float(seen.mean()),
        hidden_fraction=float(np.isnan(front.row).mean()),
        overhang_fraction=float(front.overhanging.mean()),
        beyond_fraction=beyond,
        least_um=float(np.nanmean(in_picture)) if gone else math.nan,
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
