"""Small synthetic polycrystals with planted grains."""

from __future__ import annotations

import numpy as np

from sodalite.ebsd import Grid


def random_rotations(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return uniform random unit quaternions, ``(count, 4)``."""
    q = rng.normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def multiply(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the products ``p * q`` of quaternions, ``(n, 4)``."""
    p, q = np.broadcast_arrays(p, q)
    scalar = p[:, :1] * q[:, :1] - (p[:, 1:] * q[:, 1:]).sum(axis=1, keepdims=True)
    vector = p[:, :1] * q[:, 1:] + q[:, :1] * p[:, 1:] + np.cross(p[:, 1:], q[:, 1:])
    return np.concatenate((scalar, vector), axis=1)


def turn(angle_deg: float | np.ndarray, axis: tuple[float, float, float]) -> np.ndarray:
    """Return rotations by angles about an axis, ``(n, 4)``."""
    half = np.atleast_1d(np.radians(angle_deg) / 2)[:, None]
    return np.concatenate((np.cos(half), np.sin(half) * np.asarray(axis) / np.linalg.norm(axis)), axis=1)


def square(rows: int, columns: int) -> Grid:
    """Return a full square grid of 0.5 um."""
    return Grid("square", (rows, columns), (0.5, 0.5), (0.0, 0.0))


def hexagonal(rows: int, columns: int, parity: int = 1) -> Grid:
    """Return a hexagonal grid of 0.5 um whose rows of one parity are shifted and one point shorter."""
    y, x = np.mgrid[:rows, :columns]
    kept = (x < columns - 1) | (y % 2 != parity)
    return Grid("hex", (rows, columns), (0.5 * 3**0.5 / 2, 0.5), (0.0, 0.0), parity, np.flatnonzero(kept))


def polycrystal(grid: Grid, seeds: int, noise_deg: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return quaternions ``(n, 4)`` of Voronoi grains with noise, and the planted grain of each point ``(n,)``."""
    rng = np.random.default_rng(seed)
    places = np.stack((grid.row * grid.spacing_um[0], grid.col * grid.spacing_um[1]), axis=1)
    centres = rng.uniform(0, 1, (seeds, 2)) * places.max(axis=0)
    planted = ((places[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    noise = multiply(turn(noise_deg, (0, 0, 1)), np.ones((len(places), 4)) * (1, 0, 0, 0))
    noise[:, 1:] = np.linalg.norm(noise[:, 1:], axis=1)[:, None] * rng.normal(size=(len(places), 3)) / 3**0.5
    q = multiply(noise / np.linalg.norm(noise, axis=1, keepdims=True), random_rotations(seeds, rng)[planted])
    return q, planted
