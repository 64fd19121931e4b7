"""Grains that grow by the curvature of their boundaries: threshold dynamics, another source of truth than the phantoms.

Each grain's indicator is blurred by a Gaussian and every point goes to the grain that is strongest there; boundaries
then move at M gamma times their curvature and meet at 120 degrees (Merriman, Bence, Osher, J. Comput. Phys. 112 (1994)
334; Elsey, Esedoglu, Smereka, J. Comput. Phys. 228 (2009) 8015). Indicators keep the share of each pixel, without which
slow boundaries would stick to the raster. M gamma is 1 pixel^2 per unit of time, so dA/dt = (pi / 3) (n - 6).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from polycrystals import multiply, random_rotations, turn
from sodalite.ebsd import EbsdMap, quaternions_in_map_frame
from sodalite.ebsd.symmetry import operators_of
from sodalite.measure.misorientation import disorientation_deg
from sodalite.phantoms.maps import SODIUM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLUR_PX = 2.0
TIME_STEP = BLUR_PX**2 / 2


class Growth(NamedTuple):
    """Areas and neighbours of all grains through time, and where they are.

    Attributes
    ----------
    labels
        ``(times, size, size)`` grain of each pixel from 1, periodic.
    areas
        ``(times, grains + 1)`` shares of pixels added up, 0 = gone.
    neighbours
        ``(times, grains + 1)`` grains that each one meets.
    times
        ``(times,)``.
    """

    labels: np.ndarray
    areas: np.ndarray
    neighbours: np.ndarray
    times: np.ndarray


class _Patch(NamedTuple):
    """Part of a periodic picture: the rows and columns that it covers, and its values."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray

    @property
    def place(self) -> tuple[np.ndarray, np.ndarray]:
        return np.ix_(self.rows, self.columns)


def grow(grains: int, size: int, *, steps: Sequence[int], seed: int) -> Growth:
    """Return a periodic structure after each of some numbers of time steps, the first of them at time 0."""
    centres = np.random.default_rng(seed).uniform(0, size, (grains, 2))
    y, x = np.indices((size, size))
    nearest = cKDTree(centres, boxsize=size).query(np.column_stack((y.ravel(), x.ravel())))[1]
    labels = 1 + nearest.reshape(size, size)
    shares = {number: _patch(labels == number) for number in range(1, grains + 1)}
    kept, areas, done = [], [], 0
    for wanted in steps:
        for _ in range(wanted - done):
            labels, shares = _advanced(shares, size)
        done = wanted
        kept.append(labels)
        areas.append([float(shares[k].values.sum()) if k in shares else 0.0 for k in range(grains + 1)])
    sides = np.array([neighbour_counts(step, grains) for step in kept])
    times = (np.array(steps) - steps[0]) * TIME_STEP
    return Growth(np.array(kept), np.array(areas), sides, times)


def neighbour_counts(labels: np.ndarray, grains: int) -> np.ndarray:
    """Return how many grains each grain meets across an edge of a periodic picture, ``(grains + 1,)``."""
    pairs = []
    for axis in (0, 1):
        other = np.roll(labels, -1, axis)
        meet = labels != other
        pairs.append(np.unique(np.sort(np.stack((labels[meet], other[meet]), axis=1), axis=1), axis=0))
    return np.bincount(np.unique(np.concatenate(pairs), axis=0).ravel(), minlength=grains + 1)


def seen_maps(
    growth: Growth, shape: tuple[int, int], *, every_px: int, step_um: float, seed: int, noise_deg: float = 0.4,
    lost_fraction: float = 0.02, drift_px: float = 0.0, turn_deg: float = 0.0,
) -> tuple[list[EbsdMap], list[np.ndarray]]:  # fmt: skip
    """Return maps of a window of each step, shifted and turned at random, and the true grain of each node.

    Orientations are random, one a grain, with noise from point to point; some points are not indexed.
    """
    rng = np.random.default_rng(seed)
    crystals = _distinct_crystals(growth.areas.shape[1], rng)
    rows, columns = np.indices(shape) * every_px
    centre = np.array([rows.max(), columns.max()]) / 2
    maps, truth = [], []
    for k, labels in enumerate(growth.labels):
        angle, shift = (
            (math.radians(turn_deg) * rng.normal(), drift_px * rng.normal(size=2)) if k else (0.0, np.zeros(2))
        )
        y, x = rows - centre[0], columns - centre[1]
        there_y = np.rint(math.sin(angle) * x + math.cos(angle) * y + centre[0] + shift[0]).astype(int)
        there_x = np.rint(math.cos(angle) * x - math.sin(angle) * y + centre[1] + shift[1]).astype(int)
        true = labels[there_y % labels.shape[0], there_x % labels.shape[1]]
        # the map's axes turn with the window, its z axis points into it; a frame is a half turn of the map's axes
        seen = multiply(crystals[true.ravel()], turn(math.degrees(angle), (0, 0, 1)))
        seen = quaternions_in_map_frame(seen, "tsl")
        axes = rng.normal(size=(seen.shape[0], 3))
        half = np.radians(noise_deg) / 2
        noise = np.column_stack((np.ones(len(axes)), half * axes))
        seen = multiply(noise / np.linalg.norm(noise, axis=1, keepdims=True), seen)
        indexed = rng.uniform(size=true.size) >= lost_fraction
        at_y, at_x = np.indices(shape) * step_um
        maps.append(
            EbsdMap.from_quaternions(seen, indexed.astype(np.int16), (SODIUM,), at_x.ravel(), at_y.ravel(),
                                     frame="tsl", name=f"t{k}.ang")
        )  # fmt: skip
        truth.append(true)
    return maps, truth


def _distinct_crystals(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return random cubic orientations ``(count, 4)`` of which no two lie within 10 degrees."""
    kept = random_rotations(1, rng)
    while len(kept) < count:
        other = random_rotations(1, rng)
        if disorientation_deg(np.repeat(other, len(kept), axis=0), kept, operators_of("432")).min() > 10:
            kept = np.concatenate((kept, other))
    return kept


def _patch(inside: np.ndarray) -> _Patch:
    """Return the part of a periodic picture that holds what is inside, and a margin for the blur."""
    size = inside.shape[0]
    spans = []
    for axis in (0, 1):
        there = np.flatnonzero(inside.any(axis=1 - axis))
        # the widest run without the grain is left out
        gap = np.diff(np.append(there, there[0] + size))
        first = int(there[(int(gap.argmax()) + 1) % there.size])
        count = size - int(gap.max()) + 1
        margin = min(math.ceil(4 * BLUR_PX), (size - count) // 2)
        spans.append((first - margin + np.arange(count + 2 * margin)) % size)
    return _Patch(spans[0], spans[1], inside[np.ix_(*spans)].astype(np.float32))


def _blurred(shares: dict[int, _Patch]) -> Iterator[tuple[int, _Patch]]:
    for number, patch in shares.items():
        yield number, patch._replace(values=gaussian_filter(patch.values, BLUR_PX, mode="constant", truncate=4))


def _advanced(shares: dict[int, _Patch], size: int) -> tuple[np.ndarray, dict[int, _Patch]]:
    """Return the grain of each pixel and the shares of all grains one time step on."""
    strongest, second = (np.zeros((size, size), dtype=np.float32) for _ in range(2))
    labels = np.zeros((size, size), dtype=np.int64)
    blurred = dict(_blurred(shares))
    for number, patch in blurred.items():
        best, next_best = strongest[patch.place], second[patch.place]
        wins = patch.values > best
        labels[patch.place] = np.where(wins, number, labels[patch.place])
        second[patch.place] = np.maximum(next_best, np.minimum(best, patch.values))
        strongest[patch.place] = np.maximum(best, patch.values)
    later = {}
    # a flat boundary's two blurred indicators part by this much a pixel
    slope = 2 / (BLUR_PX * math.sqrt(2 * math.pi))
    for number, patch in blurred.items():
        rival = np.where(labels[patch.place] == number, second[patch.place], strongest[patch.place])
        share = np.clip(0.5 + (patch.values - rival) / slope, 0, 1)
        if share.max(initial=0) <= 0.5:
            continue
        whole = np.zeros((size, size), dtype=np.float32)
        whole[patch.place] = share
        moved = _patch(whole > 0)
        later[number] = moved._replace(values=whole[moved.place])
    return labels, later
