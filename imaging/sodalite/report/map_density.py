"""Densities of crystal directions in multiples of random, in equal-area projection: pole figures and inverse ones."""

from __future__ import annotations

import math

import numpy as np

from sodalite.ebsd import Phase
from sodalite.ebsd.phase import CUBIC, HEXAGONAL
from sodalite.report.map_colours import colour_table, in_sector

SIDE = 401
"""Cells of a density along each axis."""
REACH = 1.25
"""Half width of the projection in radii of the disc: what lies beyond its rim is blurred back over it."""
_MOST_POINTS = 20_000
_DEGREE_CELLS = SIDE / (2 * REACH) / 81.03
"""Cells in one degree at the centre: the disc's radius is sqrt(2), one radian there is 1 of it (57.3 / sqrt(2) deg)."""


def pole_families(phase: Phase) -> dict[str, np.ndarray]:
    """Return the poles to draw: name -> unit vectors ``(m, 3)`` in the crystal, one of each pair of opposites."""
    group = phase.laue_group or "-1"
    root = math.sqrt(3) / 2
    if group in CUBIC:
        seeds = {"{100}": (1.0, 0.0, 0.0), "{110}": (1.0, 1.0, 0.0), "{111}": (1.0, 1.0, 1.0)}
    elif group in HEXAGONAL:
        along_a, between = (1.0, 0.0, 0.0), (root, 0.5, 0.0)
        if phase.x_axis == "a*":
            along_a, between = between, along_a
        seeds = {"{0001}": (0.0, 0.0, 1.0), "{10-10}": between, "{11-20}": along_a}
    elif group in ("4/m", "4/mmm"):
        seeds = {"{001}": (0.0, 0.0, 1.0), "{100}": (1.0, 0.0, 0.0), "{110}": (1.0, 1.0, 0.0)}
    elif group == "mmm":
        seeds = {"{001}": (0.0, 0.0, 1.0), "{100}": (1.0, 0.0, 0.0), "{010}": (0.0, 1.0, 0.0)}
    else:
        seeds = {"crystal z": (0.0, 0.0, 1.0), "crystal x": (1.0, 0.0, 0.0), "crystal y": (0.0, 1.0, 0.0)}
    return {name: _family(np.array(seed), phase) for name, seed in seeds.items()}


def _family(seed: np.ndarray, phase: Phase) -> np.ndarray:
    unit = seed / np.linalg.norm(seed)
    turned = rotate(phase.operators, unit)
    kept: list[np.ndarray] = []
    for vector in turned:
        if not any(abs(float(vector @ other)) > 1 - 1e-6 for other in kept):
            kept.append(vector)
    return np.array(kept)


def pole_density(quaternions: np.ndarray, poles: np.ndarray, half_width_deg: float) -> np.ndarray:
    """Return the density of poles seen from above the map, ``(SIDE, SIDE)`` float64: x right, y down, NaN off the disc.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` from map directions (x right, y down, z inwards) to the crystal; thinned to twenty thousand.
    poles
        ``(m, 3)`` unit vectors in the crystal.
    half_width_deg
        Standard deviation of the Gaussian that smooths, at the centre.
    """
    back = thinned(quaternions) * (1.0, -1.0, -1.0, -1.0)
    directions = np.concatenate([rotate(back, pole) for pole in poles])
    return _density(directions * (1.0, 1.0, -1.0), half_width_deg)


def inverse_density(directions: np.ndarray, laue_group: str, half_width_deg: float) -> np.ndarray:
    """Return the density of crystal directions over the fundamental sector, ``(SIDE, SIDE)``, NaN outside it.

    `directions` ``(n, 3)`` have x along a; on the picture x points right and y up.
    """
    phase = Phase("", laue_group)
    some = thinned(directions)
    everywhere = np.concatenate([rotate(operator[None], some) for operator in phase.operators])
    density = _density(everywhere * (1.0, -1.0, 1.0), half_width_deg)
    x, y, z = _disc()
    inside = in_sector(np.stack((x, -y, z), axis=-1).reshape(-1, 3), colour_table(phase).axes).reshape(x.shape)
    return np.where(inside, density, np.nan)


def thinned(rows: np.ndarray) -> np.ndarray:
    """Return every k-th row, so that at most twenty thousand are left."""
    return rows[:: max(1, math.ceil(len(rows) / _MOST_POINTS))]


def rotate(quaternions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return ``q v q*`` of ``(n, 4)`` and ``(3,)``, or of ``(1, 4)`` and ``(n, 3)``."""
    scalar, axis = quaternions[:, :1], quaternions[:, 1:]
    vectors = np.broadcast_to(vectors, (max(len(axis), len(np.atleast_2d(vectors))), 3))
    axis = np.broadcast_to(axis, vectors.shape)
    twice = 2 * np.cross(axis, vectors)
    return np.asarray(vectors + scalar * twice + np.cross(axis, twice))


def _disc() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the direction of each cell, x right, y down, z to the viewer; NaN beyond the disc."""
    edge = np.linspace(-REACH, REACH, SIDE) * math.sqrt(2)
    x, y = np.meshgrid(edge, edge)
    square = x * x + y * y
    inside = square <= 2.0 + 1e-9
    scale = np.sqrt(np.maximum(1 - square / 4, 0))
    return (
        np.where(inside, x * scale, np.nan),
        np.where(inside, y * scale, np.nan),
        np.where(inside, 1 - square / 2, np.nan),
    )


def _density(directions: np.ndarray, half_width_deg: float) -> np.ndarray:
    """Return the density of axes, x right, y down, z to the viewer, in multiples of a uniform one.

    Lambert's equal-area projection, r = sqrt(2 (1 - z)), radius sqrt(2); it goes on beyond the rim.
    """
    import cv2

    counts = np.zeros(SIDE * SIDE)
    reach = REACH * math.sqrt(2)
    for sign in (1.0, -1.0):
        x, y, z = (sign * directions).T
        factor = np.sqrt(2 / np.maximum(1 + z, 1e-9))
        column = np.rint((x * factor / reach + 1) / 2 * (SIDE - 1))
        row = np.rint((y * factor / reach + 1) / 2 * (SIDE - 1))
        inside = (np.abs(2 * column - SIDE + 1) < SIDE) & (np.abs(2 * row - SIDE + 1) < SIDE)
        counts += np.bincount((row * SIDE + column)[inside].astype(np.intp), minlength=SIDE * SIDE)
    sigma = half_width_deg * _DEGREE_CELLS
    smooth = np.asarray(cv2.GaussianBlur(counts.reshape(SIDE, SIDE), (0, 0), sigma))
    uniform = len(directions) / (2 * math.pi) * (2 * reach / (SIDE - 1)) ** 2
    return np.where(np.isfinite(_disc()[2]), smooth / max(uniform, 1e-12), np.nan)
