"""Anchors of interfaces: points that a person has set, and where the interfaces may run because of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_AT_ANCHOR_PX = 3.0
"""How far from an anchor an interface may run in its column: about what a hand misses."""


class Guide(NamedTuple):
    """The line between the anchors of an interface and how far beside it that may run: ``(x,)`` float64, px."""

    row: np.ndarray
    reach_px: np.ndarray


def guide(points: np.ndarray | None, width: int, *, reach_px: float) -> Guide | None:
    """Return the straight line between anchors, continued flat, and its reach; None without anchors.

    The reach widens from an anchor by a pixel a column: what a person has set holds there, the picture between.

    Parameters
    ----------
    points
        ``(n, 2)`` points (x, row) in pixels.
    reach_px
        Largest reach.
    """
    if points is None or len(points) == 0:
        return None
    x = np.arange(width) + 0.5
    along = points[np.argsort(points[:, 0])]
    distance = np.abs(x - along[:, :1]).min(axis=0)
    return Guide(np.interp(x, along[:, 0], along[:, 1]), np.minimum(reach_px, _AT_ANCHOR_PX + distance))


def allowed_rows(line: Guide, shape: tuple[int, ...], shrink: int) -> np.ndarray:
    """Return the edge rows of an image coarser by `shrink` on which an interface may run: ``(y + 1, x)`` bool."""
    height, width = shape
    row, reach = (part[: width * shrink].reshape(width, shrink).mean(axis=1) / shrink for part in line)
    return np.asarray(np.abs(np.arange(height + 1)[:, None] - np.clip(row, 0, height)) <= np.maximum(reach, 1.0))


def ordered(allowed: list[np.ndarray | None]) -> list[np.ndarray | None]:
    """Return where each interface may run if it crosses none that has anchors; None where nothing binds it."""
    ruled = []
    for index, own in enumerate(allowed):
        below_others = [np.logical_or.accumulate(mask) for mask in allowed[:index] if mask is not None]
        above_others = [np.logical_or.accumulate(mask[::-1])[::-1] for mask in allowed[index + 1 :] if mask is not None]
        bounds = [*below_others, *above_others, *([] if own is None else [own])]
        ruled.append(np.logical_and.reduce(bounds) if bounds else None)
    return ruled


def within(edges: np.ndarray, allowed: list[np.ndarray | None]) -> np.ndarray:
    """Return the edges moved to the nearest rows where they may run; they stay ordered."""
    moved = edges.copy()
    for edge, mask in zip(moved, allowed, strict=True):
        if mask is not None:
            np.clip(edge, mask.argmax(axis=0), len(mask) - 1 - mask[::-1].argmax(axis=0), out=edge)
    return moved
