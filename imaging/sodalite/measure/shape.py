"""Shape of an object: convex hull, Feret diameter, Crofton perimeter and skeleton."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError

DIRECTIONS = np.array([(0, 1), (1, 2), (1, 1), (2, 1), (1, 0), (2, -1), (1, -1), (1, -2)], dtype=np.int64)
"""Lattice directions (y, x) of the lines that the perimeter counts crossings on, in turn."""


class Skeleton(NamedTuple):
    """Length of an object's skeleton in um and how many branch points it has."""

    skeleton_length_um: float
    branch_count: int


def skeleton(mask: np.ndarray, spacing_um: tuple[float, float]) -> Skeleton:
    """Return the length of the skeleton of one object, um, and the number of its branch points.

    The skeleton is that of Zhang and Suen as scikit-image builds it; its length adds the true distances between
    neighbouring pixel centres, a diagonal only where no two straight steps join the same pixels. Pixels with three or
    more such neighbours are branch points, and those that touch are one.

    Parameters
    ----------
    mask
        ``(y, x)`` bool, a crop that holds the object.
    spacing_um
        Pixel size (y, x), um.

    Raises
    ------
    MeasurementError
        When the mask is not two-dimensional.
    """
    import cv2
    from skimage.morphology import skeletonize

    if mask.ndim != 2:
        raise MeasurementError(f"mask: found {mask.ndim} axes; give the (y, x) crop of one object.")
    sy_um, sx_um = spacing_um
    line = np.pad(skeletonize(mask.astype(np.bool_)), 1)  # type: ignore[no-untyped-call]
    here = line[:-1, :-1]
    right, below, across = line[:-1, 1:], line[1:, :-1], line[1:, 1:]
    straight_x, straight_y = here & right, here & below
    falling = here & across & ~right & ~below
    rising = right & below & ~here & ~across
    diagonals = int(falling.sum() + rising.sum())
    length_um = straight_x.sum() * sx_um + straight_y.sum() * sy_um + diagonals * np.hypot(sy_um, sx_um)
    degree = np.zeros(line.shape, dtype=np.uint8)
    steps = (
        (straight_x, (0, 0), (0, 1)),
        (straight_y, (0, 0), (1, 0)),
        (falling, (0, 0), (1, 1)),
        (rising, (0, 1), (1, 0)),
    )
    for joined, *ends in steps:
        for down, along in ends:
            degree[down : down + joined.shape[0], along : along + joined.shape[1]] += joined
    branch_points = cv2.connectedComponents((degree >= 3).astype(np.uint8), connectivity=8)[0] - 1
    return Skeleton(float(length_um), int(branch_points))


def crofton_perimeter_um(crossings: np.ndarray, spacing_um: tuple[float, float]) -> np.ndarray:
    """Return the perimeters, ``(n,)`` um, from how often lines along `DIRECTIONS` cross the boundary.

    Crofton: P = 1/2 sum over directions of N_k d_k dtheta_k, with d_k (sy sx over the length of v_k) the distance
    between neighbouring lattice lines along v_k and dtheta_k the angle that belongs to v_k, both on true lengths, so
    that pixels need not be square (Serra 1982, Image Analysis and Mathematical Morphology). Against an ellipse of 2 : 1
    the perimeter errs by up to 0.4 % on square pixels, 0.7 % on those of 1.27 : 1 and 2 % on those of 2 : 1; against a
    large upright rectangle by -1.6 %.

    Parameters
    ----------
    crossings
        ``(n, 8)``: pixel pairs v_k apart of which one lies in the object, pixels beyond the image counted as outside.
    spacing_um
        Pixel size (y, x), um.
    """
    sy_um, sx_um = spacing_um
    y, x = DIRECTIONS[:, 0] * sy_um, DIRECTIONS[:, 1] * sx_um
    angle = np.arctan2(y, x)
    around = np.concatenate(([angle[-1] - np.pi], angle, [angle[0] + np.pi]))
    belongs = 0.5 * (around[2:] - around[:-2])
    return crossings @ (0.5 * belongs * sy_um * sx_um / np.hypot(y, x))


@njit(cache=True, nogil=True)
def hull_vertices(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the vertices ``(k, 2)`` int64 (row, column) of the convex hull of pixel centres, in turn.

    Parameters
    ----------
    first, last
        ``(rows,)``: first and last column of the object on each row; last below 0 where it has none.
    """
    chain = np.empty((2 * first.size, 2), np.int64)
    used = 0
    for side in range(2):
        start = used
        for step in range(first.size):
            row = step if side == 0 else first.size - 1 - step
            if last[row] < 0:
                continue
            column = first[row] if side == 0 else last[row]
            while used >= start + 2:
                y, x = chain[used - 1, 0], chain[used - 1, 1]
                if (y - chain[used - 2, 0]) * (column - x) - (x - chain[used - 2, 1]) * (row - y) > 0:
                    break
                used -= 1
            chain[used, 0], chain[used, 1] = row, column
            used += 1
    return chain[:used]


@njit(cache=True, nogil=True)
def hull_pixels(vertices: np.ndarray) -> float:
    """Return how many pixel centres a convex hull holds, by Pick's theorem: area + half the points on its rim + 1."""
    twice_area, rim = 0, 0
    for i in range(vertices.shape[0]):
        y, x = vertices[i]
        next_y, next_x = vertices[(i + 1) % vertices.shape[0]]
        twice_area += y * next_x - next_y * x
        a, b = abs(next_y - y), abs(next_x - x)
        while b:
            a, b = b, a % b
        rim += a
    return 0.5 * abs(twice_area) + 0.5 * rim + 1.0


@njit(cache=True, nogil=True)
def feret_max_um(vertices: np.ndarray, sy_um: float, sx_um: float) -> float:
    """Return the largest Feret diameter, um, of a hull whose pixels reach from their centres to their edge middles."""
    largest = 0.0
    for i in range(vertices.shape[0]):
        for j in range(i, vertices.shape[0]):
            y = abs(vertices[i, 0] - vertices[j, 0]) * sy_um
            x = abs(vertices[i, 1] - vertices[j, 1]) * sx_um
            largest = max(largest, (y + sy_um) ** 2 + x**2, y**2 + (x + sx_um) ** 2)
    return np.sqrt(largest)
