"""Feet of voids: where the outline of a void meets a face, from a blurred picture of the three phases there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.segment.interface import stretches

_HALF_PX = 10
_SIZE = 2 * _HALF_PX + 1
_OUTWARD_PX = np.arange(-_HALF_PX, _HALF_PX + 1, dtype=np.float32)

_LEAST_RUN_PX = 4
_AT_FACE_PX = 3
"""Columns of the shortest run of a void along a face that is fitted, and rows beside the face that tell of it."""

_BAND_PX, _BAND_SHARE, _LEAST_BAND_PX = 4.0, 0.7, 1.5
"""Height above the face from which an outline is clear of the face's blur, and the same for low voids."""

_BEYOND_PX, _ABOVE_BAND_PX = 7.0, 2.5
"""Rows beyond the face, and above the band, that are compared with the picture."""

_CLEAR_PX = (-4, 6)
"""Columns between which the face is not believed: where a void ends, the trace climbs and falls."""

_FOOT_AT_PX, _CHANGED_PX, _LOWEST_PX = 1, 6, -4.0
"""Column at which feet are looked for, columns around it within which labels may change, and from which height."""

_FOOT_POWER = 1.5
"""Shape of the outline within the band: between straight, 1, and upright at the face like that of an ellipse, 2."""

_BEFORE_PX = 0.5
_SPREAD_PX = np.array([2.0, 0.7, 1.0, 0.5, 1.0], np.float32)
"""How far the foot lies beyond the labelled end before the picture is looked at, and the standard deviations of what
is fitted, see `_Feet`."""

_STEP_PX, _LARGEST_STEP_PX, _FARTHEST_PX = 0.25, 1.5, 8.0
_ROUNDS = 5


class _Feet(NamedTuple):
    """Surroundings of the ends of voids along a face, every plane ``(end, row, column outward)``.

    What is fitted, in pixels: the foot at the face and the outline at the top of the band, outward from the last
    voided column; how far the face lies below the labelled one on the void's side, on the other and between.
    """

    rows: np.ndarray
    columns: np.ndarray
    grey: np.ndarray
    label: np.ndarray
    height: np.ndarray
    band: np.ndarray
    outline: np.ndarray


def with_fitted_feet(
    data: np.ndarray, labels: np.ndarray, faces: tuple[np.ndarray, np.ndarray], blurs_px: tuple[float, float]
) -> np.ndarray:
    """Return the labels with the ends of voids along both faces where they explain the picture best.

    At the foot of a void three greys meet within the blur: those of the void, of sodium and of what lies beyond the
    face. Where sodium's lies between the others, the mixture of void and beyond looks like it, and a void ends too
    early; where the electrolyte's does, the face climbs over the foot. So the picture around each end is modelled:
    three uniform greys, parted by the face and the outline of the void, blurred as the face is. The place of the foot,
    the outline and the face come from the least squares, with the labels as what is expected before; above a band
    beside the face, which the blur leaves alone, the outline is that of the labels.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    labels
        ``(y, x)`` ids of `SectionClass`.
    faces
        Upper and lower edge rows ``(x,)`` of the sodium layer; NaN where a face is not in the image.
    blurs_px
        Standard deviation of the blur at each face.
    """
    upper, lower = faces
    fitted = labels.copy()
    _fit_side(data, fitted, lower, blurs_px[1])
    _fit_side(data[::-1], fitted[::-1], len(data) - upper, blurs_px[0])
    return fitted


def voided_columns(labels: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the columns that show a void within three rows above a lower face: ``(x,)`` bool."""
    known = np.isfinite(face)
    rows = np.floor(np.where(known, face, 0) - np.arange(0.5, _AT_FACE_PX)[:, None]).astype(np.intp)
    seen = np.take_along_axis(labels, np.clip(rows, 0, len(labels) - 1), axis=0) == SectionClass.VOID
    return known & (seen & (rows >= 0)).any(axis=0)


def _fit_side(data: np.ndarray, labels: np.ndarray, face: np.ndarray, blur_px: float) -> None:
    """Put the feet of voids above a lower face right in `labels`."""
    feet = _feet(data, labels, face)
    if feet is None:
        return
    placed, dark = _fitted(feet, blur_px)
    relabelled = _relabelled(feet, placed)
    changed = (relabelled != feet.label) & dark[:, None, None]
    labels[feet.rows[changed], feet.columns[changed]] = relabelled[changed]


def _feet(data: np.ndarray, labels: np.ndarray, face: np.ndarray) -> _Feet | None:
    """Return the surroundings of the ends of voids that lie inside the image; None where there are none."""
    end, outward = _ends(voided_columns(labels, face))
    columns = end[:, None] + outward[:, None] * _OUTWARD_PX.astype(np.intp)
    first = np.floor(np.nan_to_num(face[end], nan=-1.0)).astype(np.intp) - _HALF_PX
    inside = np.isfinite(face[columns]).all(axis=1) & (first >= 0) & (first + _SIZE <= len(data))
    if not inside.any():
        return None
    columns, first = columns[inside], first[inside]
    rows = first[:, None] + np.arange(_SIZE)
    at = np.broadcast_arrays(rows[:, :, None], columns[:, None, :])
    label = labels[tuple(at)]
    edge = _without_foot((face[columns] - first[:, None]).astype(np.float32))
    height = edge[:, None, :] - (np.arange(_SIZE, dtype=np.float32) + 0.5)[:, None]
    void = (label == SectionClass.VOID) & (height > -1)
    thickness = np.count_nonzero(void[:, :, : _HALF_PX + 1], axis=1).max(axis=1)
    band = np.clip(_BAND_SHARE * thickness, _LEAST_BAND_PX, _BAND_PX).astype(np.float32)[:, None, None]
    at_top = (void & (np.abs(height - band) <= 0.5)).any(axis=1)[:, : _HALF_PX + 6]
    last = at_top.shape[1] - 1 - at_top[:, ::-1].argmax(axis=1)
    outline = np.where(at_top.any(axis=1), _OUTWARD_PX[last], -_OUTWARD_PX[-1]).astype(np.float32) + 0.5
    return _Feet(at[0], at[1], data[tuple(at)].astype(np.float32), label, height, band, outline)


def _ends(voided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the end columns of runs and the way out of them, -1 or 1; ends near the frame are left out."""
    first, stop = stretches(voided)
    last = stop - 1
    long = last - first >= _LEAST_RUN_PX - 1
    end = np.concatenate([first[long], last[long]])
    outward = np.repeat(np.array([-1, 1]), np.count_nonzero(long))
    clear = (end >= _HALF_PX) & (end < voided.size - _HALF_PX)
    return end[clear], outward[clear]


def _without_foot(edge: np.ndarray) -> np.ndarray:
    """Return face rows ``(end, column)`` led straight past the foot, from the level beside it to that beyond."""
    inner, outer = (_HALF_PX + place for place in _CLEAR_PX)
    level = edge[:, inner - 2 : inner + 1].mean(axis=1), edge[:, outer : outer + 3].mean(axis=1)
    share = (np.arange(inner + 1, outer) - (inner - 1)) / (outer + 1 - (inner - 1))
    led = edge.copy()
    led[:, inner + 1 : outer] = level[0][:, None] + (level[1] - level[0])[:, None] * share
    return led


def _heights(feet: _Feet, placed: np.ndarray) -> np.ndarray:
    """Return the height of every pixel above the face as it is placed."""
    inner, outer = _CLEAR_PX
    across = np.interp(_OUTWARD_PX, (inner, outer), (0, 1)).astype(np.float32)
    tent = np.interp(_OUTWARD_PX, (inner, _FOOT_AT_PX, outer), (0, 1, 0)).astype(np.float32)
    lower = placed[:, 2:3] + (placed[:, 3:4] - placed[:, 2:3]) * across + placed[:, 4:5] * tent
    return np.asarray(feet.height + lower[:, None, :])


def _outward_of(feet: _Feet, placed: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return how far inside the outline of the void every pixel of the band lies, in pixels along the face."""
    foot, top = placed[:, 0, None, None], placed[:, 1, None, None]
    bound = foot + (top - foot) * (np.clip(height, 0, feet.band) / feet.band) ** np.float32(_FOOT_POWER)
    return np.asarray(bound - _OUTWARD_PX)


def _shares(feet: _Feet, placed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which share of every pixel is void, and which lies beyond the face."""
    height = _heights(feet, placed)
    beyond = np.clip(0.5 - height, 0, 1)
    void = np.clip(_outward_of(feet, placed, height) + 0.5, 0, 1) * np.clip(feet.band - feet.height + 0.5, 0, 1)
    above = (feet.label == SectionClass.VOID) & (feet.height > feet.band)
    return np.minimum(np.maximum(void, above), 1 - beyond), beyond


def _fitted(feet: _Feet, blur_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what is fitted of each end ``(end, 5)``, and which voids are darker than sodium: Gauss and Newton."""
    blur = _blur_matrix(blur_px)
    layer = (feet.label == SectionClass.SODIUM) | (feet.label == SectionClass.VOID)
    compared = (layer | (feet.height < feet.band)) & (feet.height > -_BEYOND_PX)
    weight = (compared & (feet.height < feet.band + _ABOVE_BAND_PX)).astype(np.float32)
    expected = np.zeros((len(feet.grey), 5), np.float32)
    expected[:, 1] = feet.outline
    expected[:, 0] = np.maximum(feet.outline, _BEFORE_PX) + _BEFORE_PX
    placed = expected.copy()
    for _ in range(_ROUNDS):
        slopes, greys = _linearised(feet, placed, weight, blur)
        left = (feet.grey - (slopes[..., 5:] @ greys[:, None, :, None])[..., 0]) * weight
        freedom = np.maximum(weight.sum(axis=(1, 2)) - slopes.shape[-1], 1)
        noise = np.maximum((left**2).sum(axis=(1, 2)) / freedom, 1e-6)
        step = _damped(slopes, left, weight / noise[:, None, None], expected - placed)
        placed = placed + np.clip(step, -_LARGEST_STEP_PX, _LARGEST_STEP_PX)
        placed[:, 0] = np.clip(placed[:, 0], -_FARTHEST_PX, _FARTHEST_PX)
    return placed, (greys[:, 1] < 0) & (feet.outline > -_FARTHEST_PX)


def _linearised(feet: _Feet, placed: np.ndarray, weight: np.ndarray, blur: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes ``(end, row, column, 8)`` of the model by what is fitted and by its greys, and these greys."""
    void, beyond = _shares(feet, placed)
    plain = np.stack([np.ones_like(void), blur @ void @ blur.T, blur @ beyond @ blur.T], axis=-1)
    greys = _solved(plain * weight[..., None], plain, feet.grey)
    change = []
    for one in np.eye(5, dtype=np.float32):
        void_moved, beyond_moved = _shares(feet, placed + _STEP_PX * one)
        moved = greys[:, 1, None, None] * (void_moved - void) + greys[:, 2, None, None] * (beyond_moved - beyond)
        change.append(blur @ moved @ blur.T / _STEP_PX)
    return np.concatenate([np.stack(change, axis=-1), plain], axis=-1), greys


def _solved(weighted: np.ndarray, plain: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Return the greys ``(end, 3)`` of sodium, of void and of beyond relative to it, by least squares."""
    size = plain.shape[0], -1, plain.shape[-1]
    left = weighted.reshape(size).swapaxes(1, 2)
    normal = left @ plain.reshape(size) + 1e-3 * np.eye(3, dtype=np.float32)
    return np.asarray(np.linalg.solve(normal, left @ grey.reshape(len(grey), -1, 1))[..., 0])


def _damped(slopes: np.ndarray, left: np.ndarray, weight: np.ndarray, to_expected: np.ndarray) -> np.ndarray:
    """Return the step ``(end, 5)`` that the picture and what is expected ask for; the greys move along."""
    size = slopes.shape[0], -1, slopes.shape[-1]
    weighted = (slopes * weight[..., None]).reshape(size).swapaxes(1, 2)
    stiff = np.full(size[2], 1e-6, np.float32)
    stiff[:5] = 1 / _SPREAD_PX**2
    pull = (weighted @ left.reshape(len(left), -1, 1))[..., 0]
    pull[:, :5] += to_expected / _SPREAD_PX**2
    return np.asarray(np.linalg.solve(weighted @ slopes.reshape(size) + np.diag(stiff), pull[..., None])[:, :5, 0])


def _relabelled(feet: _Feet, placed: np.ndarray) -> np.ndarray:
    """Return the labels beside the feet as placed; other classes than those of the three phases stay."""
    height = _heights(feet, placed)
    beyond = np.take_along_axis(feet.label, _first_beyond(feet), axis=1)
    around = np.abs(_OUTWARD_PX - _FOOT_AT_PX) <= _CHANGED_PX
    beside = around & (height > _LOWEST_PX) & (height < feet.band)
    phases = (feet.label == SectionClass.SODIUM) | (feet.label == SectionClass.VOID) | (feet.label == beyond)
    solid = np.where(height <= 0, beyond, np.uint8(SectionClass.SODIUM))
    void = (height > 0) & (_outward_of(feet, placed, height) > 0)
    return np.where(beside & phases, np.where(void, np.uint8(SectionClass.VOID), solid), feet.label)


def _first_beyond(feet: _Feet) -> np.ndarray:
    """Return the row of each column that shows what lies beyond the face: ``(end, 1, column)``."""
    return np.asarray(np.abs(feet.height + _AT_FACE_PX).argmin(axis=1, keepdims=True))


def _blur_matrix(blur_px: float) -> np.ndarray:
    """Return the matrix that blurs a column of a patch, its ends continued by none."""
    place = np.arange(_SIZE)
    weights = np.exp(-0.5 * ((place[:, None] - place) / max(blur_px, 0.1)) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
