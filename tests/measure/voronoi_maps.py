"""Poisson-Voronoi label images whose exact edges are known, stretched along y when asked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import Voronoi, cKDTree


class Edges(NamedTuple):
    """Exact edges inside the window: length, length-weighted mean of cos(2 phi) to y, mean intercepts along y and x."""

    length_px: float
    alignment: float
    intercept_y_px: float
    intercept_x_px: float


def seeds(grains: float, shape: tuple[int, int], stretch: float, seed: int) -> np.ndarray:
    """Return a Poisson process around the window in coordinates (y / stretch, x); `grains` are expected inside."""
    rng = np.random.default_rng(seed)
    pad = 3 * np.sqrt(shape[0] * shape[1] / grains)
    size = np.array([shape[0] / stretch + 2 * pad, shape[1] + 2 * pad])
    count = rng.poisson(grains * stretch / (shape[0] * shape[1]) * size.prod())
    return rng.random((count, 2)) * size - pad


def voronoi_labels(grains: float, shape: tuple[int, int], *, stretch: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return labels from 1, without gaps, of a Poisson-Voronoi tessellation, ``(y, x)`` int32."""
    y, x = np.indices(shape) + 0.5
    return labels_at(grains, shape, y, x, stretch=stretch, seed=seed)


def labels_at(
    grains: float, shape: tuple[int, int], y: np.ndarray, x: np.ndarray, *, stretch: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Return the labels of the same tessellation at any places (y, x) in px."""
    tree = cKDTree(seeds(grains, shape, stretch, seed))
    nearest = tree.query(np.stack((y.ravel() / stretch, x.ravel()), axis=1))[1]
    return (np.unique(nearest, return_inverse=True)[1] + 1).reshape(y.shape).astype(np.int32)


def exact_edges(grains: float, shape: tuple[int, int], *, stretch: float = 1.0, seed: int = 0) -> Edges:
    """Return the exact edges of the tessellation of `voronoi_labels`, clipped by 200 points an edge."""
    diagram = Voronoi(seeds(grains, shape, stretch, seed))
    ends = np.array([ridge for ridge in diagram.ridge_vertices if -1 not in ridge])
    one, other = (diagram.vertices[ends[:, side]] * (stretch, 1.0) for side in (0, 1))
    along = (np.arange(200) + 0.5) / 200
    places = one[:, None] + (other - one)[:, None] * along[None, :, None]
    inside = ((places > 0) & (places < np.array(shape))).all(axis=2).mean(axis=1)
    down, right = (other - one).T
    length = np.hypot(down, right)
    total = float((length * inside).sum())
    alignment = float(((down**2 - right**2) / length * inside).sum()) / total
    crossings = (float((np.abs(step) * inside).sum()) for step in (right, down))
    return Edges(total, alignment, *(shape[0] * shape[1] / count for count in crossings))


def table_of(
    ids: np.ndarray,
    spacing_um: tuple[float, float] = (1.0, 1.0),
    cut_borders: tuple[str, ...] = ("left", "right", "top", "bottom"),
    growth_xy: tuple[float, float] | None = None,
):
    """Return the grain table of a square label image."""
    from sodalite.measure.grain_shape import grain_table

    y, x = np.indices(ids.shape) * np.array(spacing_um)[:, None, None]
    return grain_table(
        ids.ravel(),
        x.ravel(),
        y.ravel(),
        np.ones(ids.size, dtype=np.int16),
        step_um=spacing_um,
        is_hexagonal=False,
        cut_borders=cut_borders,
        growth_xy=growth_xy,
    )
