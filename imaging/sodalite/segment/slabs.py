"""Flat slabs that describe an image in the fewest bits: where the tracing of a stack of layers starts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.segment.evidence import TEXTURE_BINS, Features
from sodalite.segment.ranks import quantiles
from sodalite.segment.rubble import local_texture

if TYPE_CHECKING:
    from collections.abc import Iterator

_GREY_BINS = 40
_SIZE = _GREY_BINS * TEXTURE_BINS
_BLOCKS = 96
_THIN_BLOCKS, _THIN_LEAST = 288, 2
"""Blocks of rows along faces already found, and the fewest that a slab has: a thin layer is 8 px of 1 to 2 megapixels,
where the flat slabs of the first start are 24 px or more."""

_SAME_BLOCKS = 3
"""Starts no farther apart than this lead to the same faces."""

_OUTSIDE_NATS = 0.07
"""What a slab beyond the layers must save a pixel: the rubble below the cut and the lit surface behind it save 0.08 to
0.2, a further slab of 16 drawn stacks without either 0.01 to 0.1 (the second one at most 0.06)."""


_BLACK = 0.4
"""Grey of an empty space in that of the darkest layer: the vacuum and the shadows of drawn scenes have 0.1 to 0.38."""

_ROUGHER = 2.5
"""Texture of what is no layer in that of the layer beside it: 31 drawn surfaces and floors of trenches (SNR 8 and 3)
have 2.8 to 30; outer layers of other drawn stacks 0.1 to 7, but none is worth a second slab more than layers."""


class Start(NamedTuple):
    """Flat edges ``(interface, x)`` int64, and whether a slab above or below the stack was taken for none of its."""

    edges: np.ndarray
    outside: bool


def slab_starts(
    features: Features, layer_count: int, allowed: list[np.ndarray | None], *, outside_above: bool
) -> Iterator[Start]:
    """Yield the edges between the slabs with the shortest description, then those under other views of the image.

    The second view leaves out the drift of the grey from top to bottom: under 20 % of shading two slabs of a thick
    layer are cheaper than one of it and one of a thin layer, which left the thin layer out in 33 of 140 drawn stacks.
    The others have slabs that are no layers, above, below or both, as many as shorten the description much.

    Parameters
    ----------
    features
        Of the pixels ``(y, x)``.
    layer_count
        Layers from top to bottom.
    allowed
        For each interface None, or ``(y + 1, x)`` bool, where it may run.
    outside_above
        Whether what is no layer may stand above the first.
    """
    height, width = features.grey.shape
    rows = max(height // _BLOCKS, 1)
    windows = [_block_window(mask, height // rows, rows) for mask in allowed]
    found: list[np.ndarray] = []
    for cuts, outside in _cuts(features, rows, layer_count, windows, outside_above):
        if all(np.abs(cuts - others).max() > _SAME_BLOCKS for others in found):
            found.append(cuts)
            yield Start(np.repeat((cuts * rows)[:, None], width, axis=1), outside)


class Spaces(NamedTuple):
    """Whether an empty space stands above and below the layers, and the edges with it ``(interface, x)`` int64."""

    above: bool
    below: bool
    edges: np.ndarray


def spaces_beyond(data: np.ndarray, features: Features, layer_count: int) -> Spaces:
    """Return whether an empty space stands above or below the layers, and where the tracing of both starts.

    It is far darker than every layer, reaches the frame, and is one slab more than there are layers: a dark layer of
    the stack is one of the slabs that are expected. Where two slabs more are worth it, the lit surface behind the cut
    and the rubble on the floor of the trench, far rougher than the layers beside them, are such spaces as well.

    Parameters
    ----------
    data, features
        Grey levels ``(y, x)`` and their features, which may be of a smaller image.
    layer_count
        Layers from top to bottom.
    """
    height, width = features.grey.shape
    rows = max(height // _BLOCKS, 1)
    nats, worth = _level_nats(features, rows), _OUTSIDE_NATS * features.grey.size
    _, plain = _shortest(nats, [None] * (layer_count - 1))
    cuts, one = _shortest(nats, [None] * layer_count)
    above = below = False
    if plain - one > worth:
        more, both = _shortest(nats, [None] * (layer_count + 1))
        if one - both > worth and _are_spaces(data, more * rows / height):
            cuts, above, below = more, True, True
        else:
            levels = _medians(data, cuts * rows / height)
            above = levels[0] < _BLACK * min(levels[1:])
            below = not above and levels[-1] < _BLACK * min(levels[:-1])
    return Spaces(above, below, np.repeat((cuts * rows)[:, None], width, axis=1))


def _are_spaces(data: np.ndarray, cuts: np.ndarray) -> bool:
    """Return whether the slabs above the first and below the last cut, in shares of the height, are no layers."""
    first, *layers, last = _medians(data, cuts)
    rough = _medians(local_texture(data), cuts)
    return all(
        level < _BLACK * min(layers) or texture > _ROUGHER * beside
        for level, texture, beside in ((first, rough[0], rough[1]), (last, rough[-1], rough[-2]))
    )


def _medians(plane: np.ndarray, cuts: np.ndarray) -> list[float]:
    """Return the median of each slab between cuts in shares of the height."""
    bounds = np.rint(np.r_[0, cuts, 1] * len(plane)).astype(int)
    return [float(np.median(plane[first:last, ::4])) for first, last in itertools.pairwise(bounds)]


def splits_along(features: Features, faces: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the edges ``(face + 1, x)`` int64 that cut each layer between known faces in two, along these faces.

    A layer thinner than the rise of its faces is in no flat slab, but layers grown upon each other run alike: between
    the faces that are known, the image is stretched until these are flat, and cut into finer slabs.

    Parameters
    ----------
    features
        Of the pixels ``(y, x)``.
    faces
        ``(face, x)`` ordered edge rows of the layers that are known.
    """
    height, width = features.grey.shape
    knots = np.vstack([np.zeros(width), faces, np.full(width, height)])
    flat = knots.mean(axis=1)
    at = np.stack([np.interp(np.arange(height) + 0.5, flat, column) for column in knots.T], axis=1)
    index = np.clip(at.astype(np.intp), 0, height - 1)
    level = Features(*(np.take_along_axis(plane, index, axis=0) for plane in features))
    rows = max(height // _THIN_BLOCKS, 1)
    nats = _slab_nats(_block_counts(level, rows), least=_THIN_LEAST)
    places = np.arange(len(nats)) * rows
    windows = [np.abs(places - face) <= _THIN_LEAST * rows for face in flat[1:-1]]
    for layer in range(len(windows) + 1):
        cuts, _ = _shortest(nats, [*windows[:layer], None, *windows[layer:]])
        edges = np.stack([np.interp(cuts * rows, flat, column) for column in knots.T], axis=1)
        yield np.rint(edges).astype(np.int64)


def description_nats(features: Features, edges: np.ndarray) -> float:
    """Return what the layers between edges ``(interface, x)`` cost: the entropy of their histograms times pixels."""
    rows = np.arange(len(features.grey))[:, None]
    layer = (rows >= edges[:, None]).sum(axis=0)
    code = (_codes(features) + layer * _SIZE).ravel()
    counts = np.bincount(code, minlength=(len(edges) + 1) * _SIZE).reshape(-1, _SIZE)
    return float(_nats(counts).sum())


def _cuts(
    features: Features, rows: int, layers: int, windows: list[np.ndarray | None], outside_above: bool
) -> Iterator[tuple[np.ndarray, bool]]:
    nats = _slab_nats(_block_counts(features, rows))
    plain, shortest = _shortest(nats, windows)
    yield plain, False
    yield _shortest(_level_nats(features, rows), windows)[0], False
    worth = _OUTSIDE_NATS * features.grey.size
    for above, below in ((0, 1), (1, 0), (1, 1)) if outside_above else ((0, 1),):
        cuts, total = _shortest(nats, [None] * above + windows + [None] * below)
        if shortest - total > (above + below) * worth:
            yield cuts[above : above + layers - 1], True


def _block_counts(features: Features, rows: int) -> np.ndarray:
    """Return the histogram of grey and texture of every block of rows: ``(block, bin)``."""
    code = _codes(features)
    blocks = len(code) // rows
    return np.stack([np.bincount(code[i * rows : (i + 1) * rows].ravel(), minlength=_SIZE) for i in range(blocks)])


def _codes(features: Features) -> np.ndarray:
    """Return the bin of grey and texture of every pixel: ``(y, x)`` int32 below `_SIZE`."""
    grey = np.minimum((features.grey * _GREY_BINS).astype(np.int32), _GREY_BINS - 1)
    return grey * TEXTURE_BINS + features.texture


def _nats(counts: np.ndarray) -> np.ndarray:
    """Return the entropy of each histogram ``(n, bin)`` times its pixels."""
    total = counts.sum(axis=1, keepdims=True)
    return -(counts * np.log((counts + 0.05) / (total + 0.05 * counts.shape[1]))).sum(axis=1)


def _level_nats(features: Features, rows: int) -> np.ndarray:
    """Return what each slab costs under even light."""
    return _slab_nats(_block_counts(Features(_without_drift(features.grey, rows), features.texture), rows))


def _without_drift(grey: np.ndarray, rows: int) -> np.ndarray:
    """Return the grey without what drifts from top to bottom through all layers, stretched to 0 to 1 again.

    The drift is the running median of the steps from one block of rows to the next: an interface is one step among
    many.
    """
    from scipy.ndimage import median_filter

    blocks = len(grey) // rows
    levels = np.median(grey[: blocks * rows].reshape(blocks, -1), axis=1)
    slopes = median_filter(np.diff(levels), size=blocks // 2 | 1, mode="reflect")
    at = (np.arange(len(grey)) + 0.5) / rows - 0.5
    drift = np.interp(at, np.arange(blocks), np.concatenate(([0.0], np.cumsum(slopes))))
    level = grey - drift[:, None].astype(np.float32)
    low, high = quantiles(level[::2, ::2], (0.005, 0.995))
    return np.clip((level - low) / max(high - low, 1e-6), 0, 1)


def _slab_nats(counts: np.ndarray, *, least: int | None = None) -> np.ndarray:
    """Return what the slab from each block to before each other costs: the entropy of its histogram times its pixels.

    Every slab has at least a thirtieth of the blocks, which keeps a bright line from passing for a layer, or `least`.
    """
    blocks, size = counts.shape
    least = least or max(2, blocks // 30)
    running = np.vstack([np.zeros(size), np.cumsum(counts, axis=0)])
    nats = np.full((blocks + 1, blocks + 1), np.inf)
    for top in range(blocks + 1 - least):
        nats[top, top + least :] = _nats(running[top + least :] - running[top])
    return nats


def _shortest(nats: np.ndarray, windows: list[np.ndarray | None]) -> tuple[np.ndarray, float]:
    """Return the first block of every slab but the top one, and the cost of all: the exact optimum over all cuts."""
    best = np.full(len(nats), np.inf)
    best[0] = 0
    choices = []
    for window in (None, *windows):
        entry = best if window is None else np.where(window, best, best + 1e12)
        candidates = entry[:, None] + nats
        choices.append(candidates.argmin(axis=0))
        best = candidates.min(axis=0)
    cuts, end = [], len(nats) - 1
    for choice in reversed(choices):
        end = int(choice[end])
        cuts.append(end)
    return np.array(cuts[::-1][1:]), float(best[-1])


def _block_window(mask: np.ndarray | None, blocks: int, rows: int) -> np.ndarray | None:
    """Return which cuts touch the rows that the anchors allow somewhere."""
    if mask is None:
        return None
    at = np.minimum(np.arange(blocks + 1) * rows, len(mask) - 1)
    centre = mask.argmax(axis=0).mean(), (len(mask) - mask[::-1].argmax(axis=0)).mean()
    return (at >= centre[0] - 2 * rows) & (at <= centre[1] + 2 * rows)
