"""Frames of a growth laid upon the first one: substrate above, drift removed, flicker evened out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.clean.brightness import match_brightness
from sodalite.errors import MeasurementError
from sodalite.pipelines.stripping_steps import Failed
from sodalite.quantity import CHECK_OVERLAY
from sodalite.read import correct_tilt
from sodalite.read.frames import COLOURS
from sodalite.segment.front import Backdrop, find_glare, learn_backdrop
from sodalite.segment.substrate import base_clearness, trace_base
from sodalite.track.drift import Drift, find_drift, moved_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.image import Image
    from sodalite.image_series import ImageSeries, StepImage
    from sodalite.pipelines.front import Front

_CLEAR_PX = 4
_FAR_SHARE = 0.25
_LEARN_FROM = 4
_UNCHANGED_SD = 3.0
_LEAST_ROWS = 16
_SATURATED, _MOST_SATURATED, _BRIGHT_PERCENT = 0.97, 0.2, 95
"""Share of the camera's largest grey that is saturated, share of an electrolyte that reflections saturate at most, and
the percentile of its greys that tells whether any of it still is: a deposit may have covered nearly all."""
_CLEAR_OF_WHITE = 0.15
"""Step of grey, over the camera's largest, by which a deposit has to be darker than a saturated electrolyte: at 0.08
the front was up to 128 px off, at 0.2 within 4 px."""

_CLEAR_BASE = 2.0
"""Contrast (d') of the substrate's face below which its trace is doubtful: those gone wrong had 0.8 to 1.5."""

_FOOT_SHARE, _LEAST_FOOT_PX = 0.08, 8
"""Rows at the substrate's face, over all of the electrolyte's, that the deposit covers first."""

_LEAST_GROWN, _GONE = 0.5, 0.5
"""Share of the electrolyte that the deposit has covered before it reaches the far end, and of its step that is left at
the substrate where the far end is taken for electrolyte though it is covered."""

_MOST_PATCHY = 0.25
_PATCHY = (
    "the deposit shows in patches only, being hardly brighter or darker than the electrolyte: its front is doubtful"
)

_STILL = Drift(0.0, 0.0, float("nan"))


class LaidFrame(NamedTuple):
    """One frame: its position and source, and what was taken out of it."""

    number: int
    source: StepImage
    drift: Drift
    gain: float
    offset: float


class LaidFrames(NamedTuple):
    """Frames ready to be measured, substrate above.

    Attributes
    ----------
    name
        Of the series.
    frames
        In order.
    failures
        What could not be read, and why.
    backdrop
        First frame, substrate and greys.
    spacing_um
        Pixel size along the growth and along the substrate.
    note
        What is to be said of all frames.
    image
        The first frame as it was read, heights true.
    """

    name: str
    frames: tuple[LaidFrame, ...]
    failures: tuple[Failed, ...]
    backdrop: Backdrop
    spacing_um: tuple[float, float]
    note: str
    image: Image


def lay_frames(recipe: Front, sample: ImageSeries) -> LaidFrames:
    """Return the frames of a series with their drift and brightness against the first one.

    Raises
    ------
    MeasurementError
        When `grows_from` is not set, fewer than two frames fit together, the substrate is not in the picture, the light
        falls from an overexposed first frame, or the deposit is nearly as white as an overexposed electrolyte.
    """
    if recipe.grows_from is None:
        raise MeasurementError(
            f"grows_from: not set for {sample.name}; tell the side of the substrate, as --set grows_from=bottom."
        )
    steps, failures = _readable(sample)
    first = correct_tilt(steps[0][1], recipe.tilt_factor)
    origin = upright(first.data, recipe.grows_from).astype(np.float32)
    glare = find_glare(origin, saturation=saturation(first.data))
    base = trace_base(origin, glare, stiffness_px=recipe.stiffness_px)
    if np.median(base) > origin.shape[0] - _LEAST_ROWS:
        raise MeasurementError(
            f"{sample.name}: no electrolyte beyond the substrate in {steps[0][0][1].name}; check grows_from."
        )
    turned = [upright(image.data, recipe.grows_from) for _, image in steps]
    _refuse_faded(sample.name, [source.name for (_, source), _ in steps], turned, base, saturation(first.data))
    frames, lost = [], []
    for (number, source), image in steps:
        data = upright(image.data, recipe.grows_from)
        spots = glare, find_glare(data, saturation=saturation(image.data))
        drift = _STILL if source is steps[0][0][1] else _drift(recipe, origin, data, base, spots)
        if drift is _LOST:
            lost.append(source.name)
        frames.append(_matched(number, source, origin, data, base, drift))
    frames = _matched_when_full(recipe, frames, origin, base)
    spacing = float(first.spacing_um[0]), float(first.spacing_um[1])
    along = spacing if recipe.grows_from in ("top", "bottom") else spacing[::-1]
    late = frames[1:][:: -max(1, (len(frames) - 1) // _LEARN_FROM)]
    backdrop = learn_backdrop(origin, base, glare, [laid_data(recipe, frame) for frame in late])
    doubts = [
        str(first.meta.header.get(COLOURS, "")),
        _adrift(lost),
        _hidden(steps[0][0][1].name, base_clearness(origin, glare, base)),
    ]
    if np.isnan(backdrop.step):
        doubts.append(f"no frame shows a deposit on the {recipe.grows_from} side: check grows_from")
    elif _is_saturated(origin, base, saturation(first.data)):
        doubts.append(_white(sample.name, backdrop.step / saturation(first.data)))
    elif backdrop.patchy > _MOST_PATCHY:
        doubts.append(_PATCHY)
    note = "; ".join(filter(None, doubts))
    return LaidFrames(sample.name, tuple(frames), tuple(failures), backdrop, along, note, first)


def _adrift(names: Sequence[str]) -> str:
    """Return which frames could not be laid on the first one; nothing where all could."""
    if not names:
        return ""
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"no drift could be found in {names[0]}{others}: the substrate shows too little there, or another place"


def _hidden(name: str, clearness: float) -> str:
    """Return what is to be said of a substrate whose face hardly shows; nothing of a clear one."""
    if clearness >= _CLEAR_BASE:
        return ""
    return (
        f"the substrate's face hardly shows in {name} (d' = {clearness:.2g}), so that all thicknesses may be off: "
        f"{CHECK_OVERLAY}"
    )


def _refuse_faded(
    series: str, names: Sequence[str], frames: Sequence[np.ndarray], base: np.ndarray, top: float
) -> None:
    """Raise where the first frame's electrolyte is saturated and a later one's is not: how much light fell is lost.

    A white background that stays white is no harm: the deposit before it shows.
    """
    if not _is_saturated(frames[0], base, top):
        return
    beyond = np.arange(frames[0].shape[0])[:, None] > base
    for name, frame in zip(names[1:], frames[1:], strict=True):
        if np.percentile(frame[beyond], _BRIGHT_PERCENT) < _SATURATED * top:
            raise MeasurementError(
                f"{series}: the electrolyte is saturated in {names[0]} and no longer in {name}, so that its brightness "
                "cannot be matched; begin with a frame that is not overexposed."
            )


def _is_saturated(first: np.ndarray, base: np.ndarray, top: float) -> bool:
    """Return whether more of the first frame's electrolyte is saturated than reflections make."""
    beyond = np.arange(first.shape[0])[:, None] > base
    return bool(beyond.any() and np.mean(first[beyond] >= _SATURATED * top) > _MOST_SATURATED)


def _white(series: str, step: float) -> str:
    """Return what is to be said of a saturated electrolyte and a deposit darker by `step`, over the largest grey.

    Raises
    ------
    MeasurementError
        When the deposit is nearly as bright: what of it is saturated too is not told from the electrolyte.
    """
    if abs(step) < _CLEAR_OF_WHITE:
        raise MeasurementError(
            f"{series}: the electrolyte is saturated in all frames and the deposit nearly as bright, so that the front "
            "cannot be told; expose so that the electrolyte is not white."
        )
    return "the electrolyte is saturated, so that faces lie up to 4 px off: its light spreads over what is beside it"


_LOST = Drift(0.0, 0.0, 0.0)


def upright(data: np.ndarray, grows_from: str) -> np.ndarray:
    """Return a picture turned so that the substrate lies above and the deposit grows downwards."""
    if grows_from in ("left", "right"):
        data = np.swapaxes(data, -1, -2)
    if grows_from in ("bottom", "right"):
        data = data[..., ::-1, :]
    return data


def turned_back(data: np.ndarray, grows_from: str) -> np.ndarray:
    """Return an upright picture as the camera saw it."""
    if grows_from in ("bottom", "right"):
        data = data[..., ::-1, :]
    if grows_from in ("left", "right"):
        data = np.swapaxes(data, -1, -2)
    return np.ascontiguousarray(data)


def laid_data(recipe: Front, frame: LaidFrame) -> np.ndarray:
    """Return a frame upright, set back and of the first one's brightness, ``(y, x)`` float32."""
    assert frame.source.image is not None
    data = upright(frame.source.image.data, recipe.grows_from or "top")
    if frame.drift.y_px or frame.drift.x_px:
        data = moved_back(data, frame.drift.y_px, frame.drift.x_px)
    return np.asarray(data, np.float32) * np.float32(frame.gain) + np.float32(frame.offset)


def laid_glare(recipe: Front, frame: LaidFrame) -> np.ndarray:
    """Return the glaring spots of a frame, upright and set back, ``(y, x)`` bool."""
    assert frame.source.image is not None
    data = frame.source.image.data
    spots = find_glare(upright(data, recipe.grows_from or "top"), saturation=saturation(data))
    if spots.any() and (frame.drift.y_px or frame.drift.x_px):
        return moved_back(spots, frame.drift.y_px, frame.drift.x_px) > 0.1
    return spots


def _readable(sample: ImageSeries) -> tuple[list[tuple[tuple[int, StepImage], Image]], list[Failed]]:
    steps: list[tuple[tuple[int, StepImage], Image]] = []
    failures = []
    for number, step in enumerate(sample.steps):
        image = step.image
        if image is None:
            failures.append(Failed(number, step.name, "ReadError", step.error))
        elif steps and image.data.shape != steps[0][1].data.shape:
            size, wanted = ("{1} x {0} px".format(*each.data.shape) for each in (image, steps[0][1]))
            text = f"{step.name}: {size} where the first frame has {wanted}; take all frames with the same camera area."
            failures.append(Failed(number, step.name, "MeasurementError", text))
        else:
            steps.append(((number, step), image))
    if len(steps) < 2:
        reason = f"the first that fails says: {failures[0].message}" if failures else "give two or more."
        raise MeasurementError(f"{sample.name}: fewer than two frames can be measured; {reason}")
    return steps, failures


def _drift(
    recipe: Front, origin: np.ndarray, data: np.ndarray, base: np.ndarray, spots: tuple[np.ndarray, np.ndarray]
) -> Drift:
    """Return the drift of the substrate; none where the substrate shows too little to tell."""
    if recipe.max_drift_px == 0:
        return _STILL
    region = np.arange(origin.shape[0])[:, None] < base - _CLEAR_PX
    still, moving = (_without_spots(each, glare, region) for each, glare in ((origin, spots[0]), (data, spots[1])))
    drift = find_drift(still, moving, region & ~spots[0], reach_px=recipe.max_drift_px)
    return drift if drift.is_found(recipe.least_drift_significance) else _LOST


def _without_spots(data: np.ndarray, spots: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return the picture with its glaring spots in the middle grey of the region, so that they tell no drift."""
    return np.where(spots, np.float32(np.median(data[region])), data) if spots.any() and region.any() else data


def _matched(
    number: int, source: StepImage, origin: np.ndarray, data: np.ndarray, base: np.ndarray, drift: Drift
) -> LaidFrame:
    """Return a frame with the gain that gives the far electrolyte, and the substrate, the greys of the first one."""
    still = moved_back(data, drift.y_px, drift.x_px) if drift.y_px or drift.x_px else data
    rows = np.arange(origin.shape[0])[:, None]
    far = _unchanged(still, origin, rows > base + (1 - _FAR_SHARE) * (origin.shape[0] - base))
    substrate = rows < base - _CLEAR_PX
    found = match_brightness(still, origin, [(far, far), (substrate, substrate)])
    return LaidFrame(number, source, drift, found.gain, found.offset)


def _matched_when_full(
    recipe: Front, frames: Sequence[LaidFrame], origin: np.ndarray, base: np.ndarray
) -> list[LaidFrame]:
    """Return the frames, matched by the deposit at the substrate where it has covered the far electrolyte.

    The far end is then as bright as the deposit at the substrate, and matched as if it were electrolyte it would make
    the deposit vanish, which no plating does.
    """
    rows = np.arange(origin.shape[0])[:, None]
    depth = origin.shape[0] - base
    foot = (rows > base + _CLEAR_PX) & (rows < base + _CLEAR_PX + np.maximum(_FOOT_SHARE * depth, _LEAST_FOOT_PX))
    substrate = rows < base - _CLEAR_PX
    still_foot = float(np.median(origin[foot]))
    step, full, found = 0.0, False, [frames[0]]
    for frame in frames[1:]:
        data = laid_data(recipe, frame)
        own = float(np.median(data[foot])) - still_foot
        if abs(own) < _GONE * abs(step) and (full or _grown(laid_data(recipe, found[-1]), origin, rows > base, step)):
            full = True
            with_deposit = np.where(foot, np.float32(still_foot + step), origin)
            gain, offset = match_brightness(data, with_deposit, [(foot, foot), (substrate, substrate)])
            frame = frame._replace(gain=gain * frame.gain, offset=gain * frame.offset + offset)
        else:
            full, step = False, own if abs(own) > abs(step) else step
        found.append(frame)
    return found


def _grown(data: np.ndarray, origin: np.ndarray, beyond: np.ndarray, step: float) -> bool:
    """Return whether a frame shows a deposit on half of what was electrolyte."""
    return bool(np.mean((data - origin)[beyond] / np.float32(step) > 0.5) > _LEAST_GROWN)


def _unchanged(still: np.ndarray, origin: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Return the part of the far electrolyte whose greys keep their ratio: a liquid's surface may sink through it."""
    was, now = origin[far], np.asarray(still[far], np.float64)
    bright = was > 0.1 * max(float(np.median(was)), 1e-9)
    if not bright.any():
        return far
    rest = now - was * float(np.median(now[bright] / was[bright]))
    middle = float(np.median(rest))
    alike = far.copy()
    alike[far] = np.abs(rest - middle) <= _UNCHANGED_SD * 1.4826 * float(np.median(np.abs(rest - middle)))
    return alike


def saturation(data: np.ndarray) -> float:
    """Return the largest grey that pixels of this type can hold; infinite for floats."""
    return float(np.iinfo(data.dtype).max) if data.dtype.kind == "u" else float("inf")


def times_min(frames: Sequence[LaidFrame]) -> np.ndarray | None:
    """Return the time of each frame in minutes; None when one has none."""
    times = [frame.source.time_h for frame in frames]
    return None if any(time is None for time in times) else np.array([60.0 * float(time or 0.0) for time in times])
