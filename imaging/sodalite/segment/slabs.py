"""Flat slabs that describe an image in the fewest bits: where the tracing of a stack of layers starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.segment.evidence import TEXTURE_BINS, Features
from sodalite.segment.ranks import quantiles

if TYPE_CHECKING:
    from collections.abc import Iterator

_GREY_BINS = 40
_BLOCKS = 96
_SAME_BLOCKS = 3
"""Starts no farther apart than this lead to the same faces."""

_OUTSIDE_NATS = 0.07
"""What a slab beyond the layers must save a pixel: the rubble below the cut and the lit surface behind it save 0.08 to
0.2, a further slab of 16 drawn stacks without either 0.01 to 0.1 (the second one at most 0.06)."""


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


def _cuts(
    features: Features, rows: int, layers: int, windows: list[np.ndarray | None], outside_above: bool
) -> Iterator[tuple[np.ndarray, bool]]:
    nats = _slab_nats(_block_counts(features, rows))
    plain, shortest = _shortest(nats, windows)
    yield plain, False
    level = Features(_without_drift(features.grey, rows), features.texture)
    yield _shortest(_slab_nats(_block_counts(level, rows)), windows)[0], False
    worth = _OUTSIDE_NATS * features.grey.size
    for above, below in ((0, 1), (1, 0), (1, 1)) if outside_above else ((0, 1),):
        cuts, total = _shortest(nats, [None] * above + windows + [None] * below)
        if shortest - total > (above + below) * worth:
            yield cuts[above : above + layers - 1], True


def _block_counts(features: Features, rows: int) -> np.ndarray:
    """Return the histogram of grey and texture of every block of rows: ``(block, bin)``."""
    grey = np.minimum((features.grey * _GREY_BINS).astype(np.int32), _GREY_BINS - 1)
    code = grey * TEXTURE_BINS + features.texture
    size = _GREY_BINS * TEXTURE_BINS
    blocks = len(code) // rows
    return np.stack([np.bincount(code[i * rows : (i + 1) * rows].ravel(), minlength=size) for i in range(blocks)])


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


def _slab_nats(counts: np.ndarray) -> np.ndarray:
    """Return what the slab from each block to before each other costs: the entropy of its histogram times its pixels.

    Every slab has at least a thirtieth of the blocks, which keeps a bright line from passing for a layer.
    """
    blocks, size = counts.shape
    least = max(2, blocks // 30)
    running = np.vstack([np.zeros(size), np.cumsum(counts, axis=0)])
    nats = np.full((blocks + 1, blocks + 1), np.inf)
    for top in range(blocks + 1 - least):
        histogram = running[top + least :] - running[top]
        total = histogram.sum(axis=1, keepdims=True)
        nats[top, top + least :] = -(histogram * np.log((histogram + 0.05) / (total + 0.05 * size))).sum(axis=1)
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
