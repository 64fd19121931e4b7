"""Ordered layers: the interfaces of a stack, traced together as smooth surfaces."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from sodalite.segment.anchors import Guide, allowed_rows, guide, ordered, within
from sodalite.segment.evidence import (
    WEIGHT,
    Features,
    layer_background,
    layer_likelihoods,
    pixel_features,
    undecided,
)
from sodalite.segment.interface import FaceStep, face_step
from sodalite.segment.paths import cheapest_path, running_cost
from sodalite.segment.slabs import Start, description_nats, slab_starts, spaces_beyond, splits_along

if TYPE_CHECKING:
    from collections.abc import Sequence

_COARSE_PX = 400_000
"""Pixels of the coarse image: enough to find every interface, few enough to look at it ten times."""

_CLEAR_FACE, _CLEARER = 2.0, 4.0
"""Cuts through one shaded layer had a contrast (d') of 0.2 to 1.4, the faces of the same stacks 5 to 15; rough and
porous faces of real sections have 0.1 to 6, and tell nothing about which of two traces is right."""
_SEEN_FACE = 1.0
"""d' from which a face between layers that are all there is believed: at SNR 3 those of a collector of 14 px have 1.5,
lines through noise at most 0.5."""

_ELSEWHERE_SHARE = 0.05
"""Share of the image's height by which another reading of the stack moves a face: less, and it may be the upper edge of
a gap that half the face has, clear where the face itself is not."""
FILM_PX = 6
"""Median thickness below which a layer is taken for missing: the blur of an edge passes through its grey."""

_FORBIDDEN = np.float32(1e9)
_FINE_JUMP_COST = 4 * WEIGHT


class Stack(NamedTuple):
    """Edges of the layers ``(interface, x)``, and where the stack begins and ends in each column ``(x,)``: int64."""

    edges: np.ndarray
    top: np.ndarray
    bottom: np.ndarray


def trace_stack(
    data: np.ndarray,
    *,
    layer_count: int,
    stiffness_px: float,
    anchors: Sequence[np.ndarray | None],
    reach_px: float,
) -> Stack:
    """Return the interfaces of a stack that may stand below vacuum or a lit surface, on a shadow or on rubble.

    An empty space is traced as a layer of its own; the parameters are those of `trace_layers`.
    """
    height, width = data.shape
    features, shrink = _coarse_features(data)
    spaces = spaces_beyond(data, features, layer_count)
    above, below = spaces.above, spaces.below
    if above or below:
        padded = [None] * above + list(anchors) + [None] * below
        frame = _frame(data, features, shrink, stiffness_px, padded, reach_px)
        layers = slice(above, layer_count - 1 + above)
        edges = _traced(frame, outside_above=not above, first=spaces.edges, layers=layers)
        inner = edges[layers]
        if _faintest(data, inner).contrast >= _CLEAR_FACE:
            nothing = np.zeros(width, np.int64), np.full(width, height)
            return Stack(inner, edges[0] if above else nothing[0], edges[-1] if below else nothing[1])
    frame = _frame(data, features, shrink, stiffness_px, anchors, reach_px)
    edges = _traced(frame, outside_above=True)
    return Stack(edges, np.zeros(width, np.int64), np.full(width, height))


def trace_layers(
    data: np.ndarray,
    *,
    layer_count: int,
    stiffness_px: float,
    anchors: Sequence[np.ndarray | None],
    reach_px: float,
    outside_above: bool = False,
) -> np.ndarray:
    """Return the row of every interface of a stack in every column.

    The image is cut into the flat slabs whose grey and texture histograms describe it in the fewest bits; from there
    each layer's likelihood is learnt and the interfaces are moved to the cheapest ordered paths, in turn, first stiff
    and then supple, on a coarse image and at last in a band of the full one. Where a face found so is faint, the image
    is cut without its vertical shading too, and with slabs that are no layers; what leads to far clearer faces stands.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels, without data bar.
    layer_count
        Layers from top to bottom.
    stiffness_px
        Width in pixels below which a bump of an interface needs more than one nat of evidence per pixel.
    anchors
        For each interface None, or ``(n, 2)`` points (x, row) in pixels through which it runs.
    reach_px
        How far from the straight line between two anchors an interface may run, see `sodalite.segment.anchors`.
    outside_above
        Whether what is no layer, such as the lit surface behind the cut, may stand above the first; below the last,
        where a trench has its floor, it always may.

    Returns
    -------
    numpy.ndarray
        ``(interface, x)`` int64 edge rows, ordered in every column.
    """
    if layer_count == 1:
        return np.empty((0, data.shape[1]), np.int64)
    frame = _frame(data, *_coarse_features(data), stiffness_px, anchors, reach_px)
    return _traced(frame, outside_above=outside_above)


def trace_floor(data: np.ndarray, face: np.ndarray, floor: np.ndarray, *, stiffness_px: float) -> np.ndarray:
    """Return where the rubble on the floor of a trench ends below a layer: ``(x,)`` int64 rows.

    Parameters
    ----------
    data
        ``(y, x)`` grey levels.
    face
        ``(x,)`` upper edge rows of the layer.
    floor
        ``(x,)`` edge rows near which the rubble ends, the height of the image where there is none.
    stiffness_px
        As for `trace_layers`.
    """
    features, shrink = _coarse_features(data)
    rows, columns = features.grey.shape
    edges = np.stack([face, floor])[:, np.arange(columns) * shrink + shrink // 2] // shrink
    known = np.arange(rows + 1)[:, None] == edges[0]
    jump_cost, opening_px = WEIGHT * stiffness_px / shrink, max(1, round(2 / shrink))
    edges = _settle(features, edges, jump_cost=jump_cost, opening_px=opening_px, allowed=[known, None])
    return _upsampled(edges, shrink, *data.shape)[1]


def _traced(
    frame: _Frame, *, outside_above: bool, first: np.ndarray | None = None, layers: slice = slice(None)
) -> np.ndarray:
    """Return the edges traced from `first` or the slabs of the coarse image, or from what makes far clearer faces.

    `layers` are the edges between layers: rubble has no grey of its own, and its edge is faint.
    """
    data = frame.data
    starts = slab_starts(frame.features, len(frame.guides) + 1, frame.allowed, outside_above=outside_above)
    if first is not None:
        starts = itertools.chain([Start(first, outside=False)], starts)
    edges = _with_thin_layers(frame, _follow(frame, next(starts).edges))
    faintest = _faintest(data, edges[layers])
    if faintest.contrast >= _CLEAR_FACE:
        return edges
    best, clear = edges, max(_CLEAR_FACE, _CLEARER * faintest.contrast)
    for start in starts:
        others = _follow(frame, start.edges)
        face = _faintest(data, others[layers])
        elsewhere = np.abs(others - edges).mean(axis=1).max() > _ELSEWHERE_SHARE * len(data)
        if elsewhere and face.contrast > clear and (start.outside or face.step > faintest.step):
            best, clear = others, face.contrast
    return best


def _coarse_features(data: np.ndarray) -> tuple[Features, int]:
    """Return the features of the coarse image, and how many pixels one of it is wide."""
    height, width = data.shape
    shrink = int(np.ceil(np.sqrt(data.size / _COARSE_PX)))
    coarse = cv2.resize(data, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA) if shrink > 1 else data
    return pixel_features(coarse, smoothing_px=max(1.2 / shrink, 0.7), texture_px=max(4.0 / shrink, 1.5)), shrink


@dataclass(frozen=True, slots=True)
class _Frame:
    """An image, what is known of it, and how interfaces may run through it."""

    data: np.ndarray
    features: Features
    shrink: int
    stiffness_px: float
    guides: list[Guide | None]
    allowed: list[np.ndarray | None]


def _frame(
    data: np.ndarray,
    features: Features,
    shrink: int,
    stiffness_px: float,
    anchors: Sequence[np.ndarray | None],
    reach_px: float,
) -> _Frame:
    guides = [guide(points, data.shape[1], reach_px=reach_px) for points in anchors]
    allowed = ordered([None if line is None else allowed_rows(line, features.grey.shape, shrink) for line in guides])
    return _Frame(data, features, shrink, stiffness_px, guides, allowed)


def _follow(frame: _Frame, edges: np.ndarray) -> np.ndarray:
    """Return the edge rows of the full image to which coarse edges move."""
    height, width = frame.data.shape
    edges = within(edges, frame.allowed)
    opening_px = max(1, round(2 / frame.shrink))
    for stiffness in (3.0, 1.0):
        jump_cost = stiffness * WEIGHT * frame.stiffness_px / frame.shrink
        edges = _settle(frame.features, edges, jump_cost=jump_cost, opening_px=opening_px, allowed=frame.allowed)
    fine = _upsampled(edges, frame.shrink, height, width)
    return _in_band(frame.data, fine, half_px=2 * frame.shrink + 6, guides=frame.guides)


def _with_thin_layers(frame: _Frame, edges: np.ndarray) -> np.ndarray:
    """Return the edges of a trace without missing layers, where there is one whose faces are all clear, else the edges.

    A collector of 12 px below a cap lies in none of the flat slabs of a start: the cap, the sodium and the electrolyte
    passed for cap, collector and electrolyte, and the blur between the last two for sodium.
    """
    films = _films(edges, frame.data)
    if np.count_nonzero(films) != 1 or any(line is not None for line in frame.guides):
        return edges
    known = np.delete(edges, max(int(films.argmax()) - 1, 0), axis=0)
    best, least = edges, description_nats(frame.features, _shrunk(frame, edges))
    for start in splits_along(frame.features, _shrunk(frame, known)):
        others = _follow(frame, start)
        nats = description_nats(frame.features, _shrunk(frame, others))
        seen = not _films(others, frame.data).any() and _faintest(frame.data, others).contrast >= _SEEN_FACE
        if seen and nats < least:
            best, least = others, nats
    return best


def _shrunk(frame: _Frame, edges: np.ndarray) -> np.ndarray:
    """Return edges of the full image as those of the coarse one, between its pixels."""
    columns = np.arange(frame.features.grey.shape[1]) * frame.shrink + frame.shrink // 2
    return edges[:, columns] / frame.shrink


def _films(edges: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Return which layers are missing in more than half of the columns: ``(layer,)`` bool."""
    height, width = data.shape
    bounds = np.vstack([np.zeros(width), edges, np.full(width, height)])
    return np.asarray(np.median(np.diff(bounds, axis=0), axis=1) < FILM_PX)


def _faintest(data: np.ndarray, edges: np.ndarray) -> FaceStep:
    """Return the face of the lowest contrast; one along the frame has none."""
    faces = (FaceStep(*map(float, np.nan_to_num(face_step(data, edge)))) for edge in edges)
    return min(faces, key=lambda face: face.contrast)


def _settle(
    features: Features, edges: np.ndarray, *, jump_cost: float, opening_px: int, allowed: list[np.ndarray | None]
) -> np.ndarray:
    """Return the edges after learning likelihoods and moving edges in turn until they rest."""
    for _ in range(4):
        likelihoods = _likelihoods(features, edges)
        free = undecided(likelihoods, opening_px=opening_px)
        likelihoods[:, free] = 0
        moved = _move(likelihoods, edges, jump_cost=jump_cost, allowed=allowed)
        shift = float(np.abs(moved - edges).mean(axis=1).max())
        edges = moved
        if shift < 0.2:
            break
    return edges


def _likelihoods(features: Features, edges: np.ndarray) -> np.ndarray:
    layer = layer_of(edges, features.grey.shape[0])
    members = [layer == index for index in range(len(edges) + 1)]
    backgrounds = [layer_background(features.grey, member, scale_px=64.0) for member in members]
    return layer_likelihoods(features, members, backgrounds)


def layer_of(edges: np.ndarray, height: int) -> np.ndarray:
    """Return the index of the layer that each pixel lies in: ``(height, x)`` uint8."""
    rows = np.arange(height, dtype=np.int32)[:, None]
    layer = np.zeros((height, edges.shape[1]), np.uint8)
    for edge in edges.astype(np.int32):
        layer += rows >= edge
    return layer


def _move(
    likelihoods: np.ndarray, edges: np.ndarray, *, jump_cost: float, allowed: list[np.ndarray | None]
) -> np.ndarray:
    """Return each edge at its cheapest path between its neighbours."""
    height, width = likelihoods.shape[1:]
    moved = edges.copy()
    for index in range(len(edges)):
        above = moved[index - 1] if index else np.zeros(width, np.int64)
        below = edges[index + 1] if index + 1 < len(edges) else np.full(width, height)
        held = slice(int(above.min()), int(below.max()) + 1)
        cost = running_cost(likelihoods[index], likelihoods[index + 1])[held]
        rows = np.arange(held.start, held.stop)[:, None]
        window = (rows >= above) & (rows <= below)
        ruled = allowed[index]
        if ruled is not None:
            window &= ruled[held]
        cost[~window] = _FORBIDDEN
        path = cheapest_path(cost, np.full(width, held.start), jump_cost)
        moved[index] = np.clip(path, above, below)
    return moved


def _upsampled(edges: np.ndarray, shrink: int, height: int, width: int) -> np.ndarray:
    """Return coarse edges at the columns and rows of the full image."""
    if shrink == 1:
        return edges
    at = (np.arange(width) + 0.5) / shrink - 0.5
    rows = np.stack([np.interp(at, np.arange(edges.shape[1]), edge) for edge in edges]) * shrink
    touches_top, touches_bottom = edges == 0, edges == height // shrink
    rows = np.where(_nearest(touches_top, at), 0, np.where(_nearest(touches_bottom, at), height, rows))
    return np.clip(np.rint(rows), 0, height).astype(np.int64)


def _nearest(flags: np.ndarray, at: np.ndarray) -> np.ndarray:
    return flags[:, np.clip(np.rint(at).astype(int), 0, flags.shape[1] - 1)]


def _in_band(data: np.ndarray, edges: np.ndarray, *, half_px: int, guides: list[Guide | None]) -> np.ndarray:
    """Return the edges moved to where the full image says they are, within `half_px` of the curve in any direction."""
    height, width = data.shape
    moved = edges.copy()
    for index, edge in enumerate(edges):
        above = moved[index - 1] if index else np.zeros(width, np.int64)
        below = edges[index + 1] if index + 1 < len(edges) else np.full(width, height)
        low, high = _window(edge, half_px, above, below)
        line = guides[index]
        if line is not None:
            ruled, reach = np.rint(line.row).astype(np.int64), line.reach_px.astype(np.int64)
            low, high = np.maximum(low, ruled - reach), np.minimum(high, ruled + reach)
            low = np.minimum(low, high)
        moved[index] = _fine_path(data, edge, low, high, margin_px=3 * half_px)
    return np.maximum.accumulate(moved, axis=0)


def _window(edge: np.ndarray, half_px: int, above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last row that an edge may take in each column: steep places leave more room."""
    kernel = np.ones((1, 2 * half_px + 1), np.uint8)
    row = edge[None, :].astype(np.float32)
    lowest = cv2.erode(row, kernel)[0].astype(np.int64)
    highest = cv2.dilate(row, kernel)[0].astype(np.int64)
    return np.maximum(lowest - half_px, above), np.minimum(highest + half_px, below)


def _fine_path(data: np.ndarray, edge: np.ndarray, low: np.ndarray, high: np.ndarray, *, margin_px: int) -> np.ndarray:
    """Return the cheapest path between `low` and `high` by the grey of the full image on the two sides of `edge`."""
    height = data.shape[0]
    offset = low - margin_px
    size = int((high - low).max()) + 2 * margin_px
    rows = offset + np.arange(size)[:, None]
    inside = (rows >= 0) & (rows < height)
    strip = np.take_along_axis(data, np.clip(rows, 0, height - 1), axis=0)
    features = pixel_features(strip, smoothing_px=0.8, texture_px=None)
    near = inside & (np.abs(rows - edge) < margin_px)
    members = [near & (rows < edge), near & (rows >= edge)]
    backgrounds = [layer_background(features.grey, member, scale_px=32.0) for member in members]
    likelihoods = layer_likelihoods(features, members, backgrounds)
    likelihoods[:, ~inside] = 0
    cost = running_cost(likelihoods[0], likelihoods[1])
    at = offset + np.arange(size + 1)[:, None]
    cost[(at < low) | (at > high)] += _FORBIDDEN
    return cheapest_path(cost, offset, _FINE_JUMP_COST)
