"""Steps seen on one raster: which grains of two steps lie on each other, by how many points and how deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.track.raster import nodes_at, points_um, without_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid
    from sodalite.track.transform import Transform

OUTSIDE = -1
"""Value of a view where its step has no point."""
_MOST_NODES = 4
"""The common raster has no more nodes than this many times the largest step."""


_AMONG = 0.5
"""Share of a point and its eight neighbours in grains from which it lies among them."""

_POINT_SPREAD = 1 / 12
"""Second moment of a point of its own, a square of side 1."""


class View(NamedTuple):
    """One step on the common raster; rows of arrays are labels, row 0 stands for none.

    Attributes
    ----------
    labels
        ``(rows, columns)`` int32: grain, 0 = none, `OUTSIDE` = not on the map.
    points
        ``(labels + 1,)`` points of the raster in each grain.
    x, y
        ``(labels + 1,)`` centre of each grain, columns and rows of the raster; NaN for grains not seen.
    closed
        ``(rows, columns)`` int32: labels with narrow gaps given to the nearest grain, 0 elsewhere.
    depth
        ``(rows, columns)`` float32: distance in points to the outline of the grain that a point of `closed` lies in.
    spread
        ``(labels + 1, 3)`` second moments xx, yy and xy of each grain's points about its centre, square points.
    """

    labels: np.ndarray
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray
    closed: np.ndarray
    depth: np.ndarray
    spread: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Radius of the circle of each grain's area, in points."""
        return np.sqrt(self.points / np.pi)


class Pairs(NamedTuple):
    """Pairs of grains of two steps that share points; sizes count points that are indexed in both steps.

    Attributes
    ----------
    first, second
        ``(m,)`` int64 labels in the earlier and the later step.
    shared, size_first, size_second
        ``(m,)`` float64: points in both grains, in the first and in the second.
    core, core_most
        ``(m,)`` float64: share of a grain's points that lie in the other, each counted by its depth: the lesser of the
        two grains' and the larger.
    whole
        ``(m,)`` float64: of both grains the sum of the squares of the shares that lie in any grain of the other step,
        0 to 2, large where neither is cut up.
    swapped
        ``(m,)`` float64: mean depth in points of what only one of the two grains has: how far the outline moved.
    rival
        ``(m,)`` float64: share of either grain that lies in a third one, the largest.
    """

    first: np.ndarray
    second: np.ndarray
    shared: np.ndarray
    size_first: np.ndarray
    size_second: np.ndarray
    core: np.ndarray
    core_most: np.ndarray
    whole: np.ndarray
    swapped: np.ndarray
    rival: np.ndarray

    @property
    def iou(self) -> np.ndarray:
        """Share of the union that both grains have."""
        return self.shared / (self.size_first + self.size_second - self.shared)

    @property
    def containment(self) -> np.ndarray:
        """Share of the smaller grain that lies in the larger."""
        return self.shared / np.minimum(self.size_first, self.size_second)


def common_views(labels: Sequence[np.ndarray], grids: Sequence[Grid], to_first: Sequence[Transform]) -> list[View]:
    """Return every step on the raster that holds them all, in the place of the first step.

    Its nodes are as far apart as the closest ones of any step. Steps on one square grid that did not move are taken
    as they are, others by their nearest nodes.
    """
    if on_one_raster(grids, to_first):
        return [_view(step.astype(np.int32), int(step.max())) for step in labels]
    corners = [transform.apply(_corners(grid)) for grid, transform in zip(grids, to_first, strict=True)]
    low, high = np.concatenate(corners).min(axis=0), np.concatenate(corners).max(axis=0)
    most = _MOST_NODES * max(step.size for step in labels)
    least = np.sqrt(float((high - low).prod()) / most)
    dy, dx = (max(least, min(grid.spacing_um[i] for grid in grids)) for i in (0, 1))
    x, y = np.meshgrid(np.arange(low[0], high[0] + 0.5 * dx, dx), np.arange(low[1], high[1] + 0.5 * dy, dy))
    places = np.column_stack((x.ravel(), y.ravel()))
    views = []
    for step, grid, transform in zip(labels, grids, to_first, strict=True):
        there = transform.inverse().apply(places)
        row, column, inside = nodes_at(grid, there[:, 0], there[:, 1])
        seen = np.where(inside, step[row, column].astype(np.int32), OUTSIDE)
        views.append(_view(seen.reshape(x.shape), int(step.max())))
    return views


def on_one_raster(grids: Sequence[Grid], to_first: Sequence[Transform]) -> bool:
    """Return whether all steps share one square grid and none has moved."""
    return all(
        grid.lattice == "square"
        and grid.shape == grids[0].shape
        and grid.spacing_um == grids[0].spacing_um
        and np.array_equal(transform.matrix, np.eye(2, 3))
        for grid, transform in zip(grids, to_first, strict=True)
    )


def find_pairs(first: View, second: View) -> Pairs:
    """Return every pair of grains of two steps that share a point."""
    both = (first.labels > 0) & (second.labels > 0)
    before, after = first.labels[both].astype(np.int64), second.labels[both].astype(np.int64)
    width = int(after.max(initial=0)) + 1
    codes, number, shared = np.unique(before * width + after, return_inverse=True, return_counts=True)
    one, two = codes // width, codes % width
    size_one, size_two = (np.bincount(own, shared)[own] for own in (one, two))
    cores, whole, rival, depths = [], np.zeros(codes.size), np.zeros(codes.size), np.zeros(codes.size)
    # sums run over points or whole numbers, so that how grains are numbered leaves no trace in the last digit
    for own, label, size, view in ((one, before, size_one, first), (two, after, size_two, second)):
        depth = view.depth[both]
        total, inside = np.bincount(label, depth)[own], np.bincount(number, depth, codes.size)
        cores.append(inside / total)
        depths += total - inside
        whole += np.bincount(own, shared.astype(np.float64) ** 2)[own] / size**2
        rival = np.maximum(rival, _largest_other(own, shared) / size)
    swapped = depths / np.maximum(size_one + size_two - 2 * shared, 1)
    core, core_most = np.minimum(*cores), np.maximum(*cores)
    return Pairs(one, two, shared.astype(np.float64), size_one, size_two, core, core_most, whole, swapped, rival)


def _largest_other(owner: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return for each pair the most points that its owner shares with any other, ``(m,)``; 0 where it has no other."""
    order = np.lexsort((-points, owner))
    start = np.flatnonzero(np.r_[True, np.diff(owner[order]) > 0]) if order.size else order
    most, next_most = np.zeros(owner.max(initial=0) + 1), np.zeros(owner.max(initial=0) + 1)
    most[owner[order[start]]] = points[order[start]]
    follows = start[np.diff(np.r_[start, order.size]) > 1] + 1
    next_most[owner[order[follows]]] = points[order[follows]]
    first = np.zeros(owner.size, dtype=bool)
    first[order[start]] = True
    return np.where(first, next_most[owner], most[owner])


def on_frame(view: View, other: View) -> np.ndarray:
    """Return which grains of a step are cut by its own frame or reach that of another step, ``(labels + 1,)`` bool."""
    cut = np.zeros(view.points.size, dtype=bool)
    for seen in (view, other):
        beyond = np.pad(seen.labels == OUTSIDE, 1, constant_values=True)
        near = beyond[1:-1, 1:-1].copy()
        for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
            near |= beyond[rows : rows + near.shape[0], columns : columns + near.shape[1]]
        cut[view.labels[near & (view.labels > 0)]] = True
    return cut


def indexed_share(view: View, other: View) -> np.ndarray:
    """Return which share of each grain's points has a grain in another step, ``(labels + 1,)``; 0 where it has none.

    A single point without a grain counts where most of its neighbours have one; what is left of a grain that is too
    small to count does not, so that its end is less sure.
    """
    import cv2

    known = (other.labels > 0) | (cv2.blur((other.labels > 0).astype(np.float32), (3, 3)) > _AMONG)
    there = np.bincount(view.labels[(view.labels > 0) & known], minlength=view.points.size)
    return there / np.maximum(view.points, 1)


def _view(labels: np.ndarray, highest: int) -> View:
    row, column = np.nonzero(labels > 0)
    own = labels[row, column]
    points = np.bincount(own, minlength=highest + 1)
    with np.errstate(invalid="ignore"):
        x, y = (np.bincount(own, at, highest + 1) / points for at in (column, row))
        away = column - x[own], row - y[own]
        moments = (away[0] ** 2, away[1] ** 2, away[0] * away[1])
        spread = np.column_stack([np.bincount(own, moment, highest + 1) / points for moment in moments])
    spread[:, :2] += _POINT_SPREAD
    closed = without_gaps(np.maximum(labels, 0))
    return View(labels, points, x, y, closed, _depth(closed), spread)


def _depth(closed: np.ndarray) -> np.ndarray:
    """Return how far each point lies from a point of another grain, less half a point; the frame is no outline."""
    import cv2

    inside = np.ones(closed.shape, dtype=np.uint8)
    for axis in (0, 1):
        label, within = np.moveaxis(closed, axis, 0), np.moveaxis(inside, axis, 0)
        same = label[1:] == label[:-1]
        within[1:] &= same
        within[:-1] &= same
    if inside.all():
        return np.full(closed.shape, sum(closed.shape), dtype=np.float32)
    return np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)) + np.float32(0.5)


def _corners(grid: Grid) -> np.ndarray:
    x, y = points_um(grid)
    return np.array([[u, v] for u in (x.min(), x.max()) for v in (y.min(), y.max())])
