"""Orientations of a phantom's crystals: random or fibre-textured, apart from their neighbours, twinned, noisy.

Quaternions are scalar first and turn map directions (x right, y down, z inwards) into the crystal, as
`sodalite.ebsd.EbsdMap.map_quaternions`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd import Phase
    from sodalite.phantoms.map_scene import MapScene

TWIN = np.array([math.sqrt(3) / 2, *[0.5 / math.sqrt(3)] * 3])
"""60 degrees about <111>: coincidence lattice sigma 3."""
LONGEST_NOISE = 4.0
"""Noise rotations longer than this many standard deviations are cut to it: one in a thousand."""
_ROUNDS = 500
_FIBRE = {"100": (1.0, 0.0, 0.0), "110": (1.0, 1.0, 0.0), "111": (1.0, 1.0, 1.0)}


def multiply(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return quaternion products ``p * q`` along the last axis, broadcast."""
    p0, p1, p2, p3 = np.moveaxis(p, -1, 0)
    q0, q1, q2, q3 = np.moveaxis(q, -1, 0)
    return np.stack(
        (
            p0 * q0 - p1 * q1 - p2 * q2 - p3 * q3,
            p0 * q1 + p1 * q0 + p2 * q3 - p3 * q2,
            p0 * q2 - p1 * q3 + p2 * q0 + p3 * q1,
            p0 * q3 + p1 * q2 - p2 * q1 + p3 * q0,
        ),
        axis=-1,
    )


def conjugate(q: np.ndarray) -> np.ndarray:
    """Return the inverse of unit quaternions."""
    return q * (1.0, -1.0, -1.0, -1.0)


def rotation(vector_rad: np.ndarray) -> np.ndarray:
    """Return the quaternions ``(n, 4)`` of rotation vectors ``(n, 3)`` in radians."""
    angle = np.linalg.norm(vector_rad, axis=-1, keepdims=True)
    return np.concatenate((np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * vector_rad), axis=-1)


def angle_deg(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the angle of ``q * conj(p)`` in degrees, without symmetry, exact at small angles."""
    m = multiply(q, conjugate(p))
    return np.rad2deg(2 * np.arctan2(np.linalg.norm(m[..., 1:], axis=-1), np.abs(m[..., 0])))


def disorientation_deg(p: np.ndarray, q: np.ndarray, phase: Phase) -> np.ndarray:
    """Return the disorientation ``(n,)`` of orientations of one phase, by the definition: over all its operators."""
    scalar = np.abs(multiply(q, conjugate(p)) @ conjugate(phase.operators).T).max(axis=-1)
    return np.rad2deg(2 * np.arccos(np.minimum(scalar, 1.0)))


def crystal_direction(quaternions: np.ndarray, direction: Sequence[float]) -> np.ndarray:
    """Return where a direction of the map points in each crystal, ``(n, 3)`` unit vectors."""
    vector = np.array([0.0, *direction]) / np.linalg.norm(direction)
    return multiply(multiply(quaternions, vector), conjugate(quaternions))[..., 1:]


def mean_orientation(near: np.ndarray, quaternions: np.ndarray) -> np.ndarray:
    """Return the mean of orientations close to `near`, ``(4,)``: the eigenvector of sum q q^T (Markley et al. 2007)."""
    mean = np.linalg.eigh(quaternions.T @ quaternions)[1][:, -1]
    return np.asarray(mean * (1.0 if mean @ near >= 0 else -1.0))


class CrystalDraw:
    """Draws orientations of crystals from a scene and draws some of them again until neighbours are apart."""

    def __init__(
        self, scene: MapScene, phase: np.ndarray, parent: np.ndarray, film: np.ndarray, rng: np.random.Generator
    ) -> None:
        self._scene, self._phase, self._parent, self._rng = scene, phase, parent, rng
        roots = np.flatnonzero((parent == np.arange(parent.size)) & film)
        count = round(scene.textured_fraction * roots.size) if scene.texture else 0
        self._textured = np.zeros(parent.size, dtype=bool)
        self._textured[rng.permutation(roots)[:count]] = True

    def draw(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return an orientation for each cell, ``(cells, 4)``; the pairs ``(first, second)`` are neighbours.

        Raises
        ------
        ValueError
            When neighbours cannot be kept apart.
        """
        twin = self._parent != np.arange(self._parent.size)
        related = (self._parent[first] == second) | (self._parent[second] == first)
        compared = ~related & (self._phase[first] == self._phase[second]) & (self._phase[first] > 0)
        first, second = first[compared], second[compared]
        orientation = np.empty((self._parent.size, 4))
        redraw = ~twin
        for _ in range(_ROUNDS):
            orientation[redraw] = self._fresh(redraw)
            orientation[twin] = multiply(TWIN, orientation[self._parent[twin]])
            close = self._close(orientation, first, second)
            if not close.any():
                return orientation
            redraw = np.zeros(self._parent.size, dtype=bool)
            redraw[self._parent[np.maximum(first, second)[close]]] = True
        raise ValueError(
            f"least_deg={self._scene.least_deg}: no orientations keep all neighbours so far apart; ask for less."
        )

    def _close(self, orientation: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        close = np.zeros(first.size, dtype=bool)
        for number, phase in enumerate(self._scene.map_phases, start=1):
            own = self._phase[first] == number
            angle = disorientation_deg(orientation[first[own]], orientation[second[own]], phase)
            close[own] = angle < self._scene.least_deg
        return close

    def _fresh(self, redraw: np.ndarray) -> np.ndarray:
        """Return new orientations of the cells marked, as many as there are."""
        drawn = self._rng.normal(size=(int(redraw.sum()), 4))
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        textured = self._textured[redraw]
        if textured.any():
            drawn[textured] = self._fibre(int(textured.sum()))
        return drawn

    def _fibre(self, count: int) -> np.ndarray:
        axis = np.array(_FIBRE[str(self._scene.texture)])
        axis /= np.linalg.norm(axis)
        growth = np.array(self._scene.growth) / np.linalg.norm(self._scene.growth)
        turn = rotation(self._rng.uniform(0, 2 * np.pi, (count, 1)) * axis)
        spread = rotation(np.deg2rad(self._scene.texture_spread_deg) * self._rng.normal(size=(count, 3)))
        return multiply(spread, multiply(turn, _between(growth, axis)))


def _between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return a rotation that takes one unit vector into another."""
    half = start + end
    if np.linalg.norm(half) < 1e-6:
        side = np.cross(start, (1.0, 0.0, 0.0) if abs(start[0]) < 0.9 else (0.0, 1.0, 0.0))
        return np.array([0.0, *(side / np.linalg.norm(side))])
    half /= np.linalg.norm(half)
    return np.array([start @ half, *np.cross(start, half)])


def point_orientations(
    orientation: np.ndarray, cell: np.ndarray, points_um: np.ndarray, scene: MapScene, rng: np.random.Generator
) -> np.ndarray:
    """Return the orientation of each point, ``(n, 4)``: that of its cell, bent along x and with noise."""
    vector = np.deg2rad(scene.noise_deg) * rng.normal(size=(cell.size, 3))
    length = np.linalg.norm(vector, axis=1, keepdims=True)
    longest = np.deg2rad(scene.noise_deg) * LONGEST_NOISE
    vector *= np.minimum(1.0, longest / np.maximum(length, 1e-12))
    quaternions = multiply(rotation(vector), orientation[cell])
    if scene.gradient_deg_um:
        axis = rng.normal(size=(len(orientation), 3))
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        count = np.bincount(cell, minlength=len(orientation))
        middle = np.bincount(cell, points_um[:, 0], len(orientation)) / np.maximum(count, 1)
        bend = np.deg2rad(scene.gradient_deg_um) * (points_um[:, 0] - middle[cell])
        quaternions = multiply(rotation(bend[:, None] * axis[cell]), quaternions)
    return quaternions
