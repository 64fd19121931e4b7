"""The face of a substrate in the first frame of a growth: where it runs, and how clearly it shows."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sodalite.segment.front import BLUR_PX
from sodalite.segment.front_edge import edge_map, outermost_rows
from sodalite.segment.interface import edge_between_pixels, face_contrast
from sodalite.segment.layers import trace_layers

_SNAP_PX, _ALONG_PX = 3.0, 2.0
"""How far the face may move between pixels, and the averaging along it at the least: a substrate is smooth."""

_BESIDE_PX, _LEVEL_ALONG_PX, _LEAST_STEP = 30, 8.0, 0.25
"""Rows beside the face that tell its greys, how they are smoothed along it, and the step of grey, over the middle one,
without which the face stays where the rows tell it."""
_PLACINGS = 2
"""Times that the face is placed: the second brings it where the rows told it too far off for the first."""
_STRETCHES, _STRETCH_PX = 8, 40
"""Parts of a face that are judged each by itself, at most, and their least width: over the whole of it, a quarter that
is 10 px off still leaves d' = 9."""

_CLEAR_FACE, _LEAST_ROWS = 3.0, 40
"""Contrast (d') of a face that shows clearly: traces gone wrong had 1.1 to 1.7, right ones 3.3 to 25; fewest rows."""

_UNLIKE = 0.5
"""Contrast of a stretch over the middle one below which the trace may have left the face there."""

_EVERY_PX, _FITS, _DEVIATING = 4, 8, 2.5
"""Pixels apart, repetitions and limit in median deviations of the fit of the light."""


def trace_base(first: np.ndarray, glare: np.ndarray, *, stiffness_px: float) -> np.ndarray:
    """Return the edge rows ``(x,)`` of the substrate's face between the pixels of the first frame, substrate above.

    Under a glaring spot the face is that between its two sides. Light that falls off across the picture, or a liquid's
    surface, may part it more than the face does: where such a trace is not clear along all of its length, it is taken
    again where the light is made even, above itself, and in the rows around its clear stretches; that one counts whose
    least clear stretch is the clearest.

    Parameters
    ----------
    first
        ``(y, x)`` grey levels.
    glare
        ``(y, x)`` bool, its glaring spots.
    stiffness_px
        Width below which a bump of the face needs strong evidence.
    """
    first = _across_glare(first, glare)
    edge = _traced(first, stiffness_px)
    clear = _clearness(first, edge)
    if clear.min() >= max(_CLEAR_FACE, _UNLIKE * float(np.median(clear))):
        return edge
    candidates = [edge, _traced(_evenly_lit(first), stiffness_px)]
    above = int(edge.min()) - BLUR_PX
    if above >= _LEAST_ROWS:
        candidates.append(_traced(first[:above], stiffness_px))
    sure = [edge[part] for part, each in zip(_parts(edge), clear, strict=True) if each >= _CLEAR_FACE]
    if sure:
        start = max(0, int(min(rows.min() for rows in sure)) - _BESIDE_PX)
        stop = min(len(first), int(max(rows.max() for rows in sure)) + _BESIDE_PX)
        candidates.append(start + _traced(first[start:stop], stiffness_px))
    return max(candidates, key=lambda each: float(_clearness(first, each).min()))


def base_clearness(first: np.ndarray, glare: np.ndarray, edge: np.ndarray) -> float:
    """Return how clearly the substrate's face shows, d', in the middle one of the stretches along it."""
    return float(np.median(_clearness(_across_glare(first, glare), edge)))


def _clearness(data: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Return the contrast of the face in each stretch; 0 where it runs along the frame."""
    rows = np.rint(edge).astype(np.int64)
    return np.array([np.nan_to_num(face_contrast(data[:, part], rows[part])) for part in _parts(edge)])


def _parts(edge: np.ndarray) -> list[slice]:
    count = min(max(edge.size // _STRETCH_PX, 1), _STRETCHES)
    ends = np.linspace(0, edge.size, count + 1).round().astype(int)
    return [slice(int(start), int(stop)) for start, stop in itertools.pairwise(ends)]


def _traced(first: np.ndarray, stiffness_px: float) -> np.ndarray:
    edges = trace_layers(first, layer_count=2, stiffness_px=stiffness_px, anchors=[None], reach_px=1.0)
    edge = edge_between_pixels(first, edges[0].astype(np.float64), reach_px=_SNAP_PX, least_along_px=_ALONG_PX)
    for _ in range(_PLACINGS):
        edge = _placed(first, edge)
    return edge


def _placed(first: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Return the face where half of the step between the greys beside it is reached, next to where it was."""
    solid, liquid = (_level(first, edge, side) for side in (-1, 1))
    step = solid - liquid
    if np.abs(step).min() <= _LEAST_STEP * float(np.median(np.abs(step))):
        return edge
    edges = edge_map(((first - liquid) / step).astype(np.float32))
    off = edge - np.arange(first.shape[0])[:, None] - 0.5
    excess = np.where(np.abs(off) < BLUR_PX, edges.excess, np.float32(0.5) * np.sign(off)).astype(np.float32)
    return outermost_rows(edges._replace(excess=excess), excess > 0, edge - BLUR_PX)


def _level(first: np.ndarray, edge: np.ndarray, side: int) -> np.ndarray:
    """Return the grey beside the face, -1 above and 1 below it, followed along it: ``(x,)`` float64."""
    rows = np.rint(edge).astype(np.intp) + side * np.arange(BLUR_PX, _BESIDE_PX)[:, None]
    beside = np.take_along_axis(first, np.clip(rows, 0, len(first) - 1), axis=0)
    return gaussian_filter1d(np.median(beside, axis=0).astype(np.float64), _LEVEL_ALONG_PX, mode="nearest")


def _evenly_lit(data: np.ndarray) -> np.ndarray:
    """Return the picture over the light on its larger part, a square surface fitted without what deviates, float32."""
    height, width = data.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    some, grey = terms[::_EVERY_PX, ::_EVERY_PX].reshape(-1, 6), data[::_EVERY_PX, ::_EVERY_PX].ravel()
    kept = np.ones(grey.size, bool)
    for number in range(_FITS):
        count = 3 if number < _FITS // 2 else 6  # a plane first: a square bends with the substrate
        surface = np.linalg.lstsq(some[kept, :count], grey[kept].astype(np.float64), rcond=None)[0]
        off = np.abs(grey - some[:, :count] @ surface)
        kept = off <= _DEVIATING * max(float(np.median(off)), 1e-9)
    light = terms @ surface
    middle = float(np.median(light))
    return np.asarray(data * (middle / np.maximum(light, 0.1 * abs(middle) + 1e-9)), np.float32)


def _across_glare(data: np.ndarray, glare: np.ndarray) -> np.ndarray:
    """Return the picture with its glaring spots bridged along the rows, float32."""
    bridged = data.astype(np.float32)
    columns = np.arange(data.shape[1])
    for row in np.flatnonzero(glare.any(axis=1)):
        clear = ~glare[row]
        if clear.any():
            bridged[row] = np.interp(columns, columns[clear], bridged[row, clear])
    return bridged
