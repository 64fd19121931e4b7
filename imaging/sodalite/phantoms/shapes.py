"""Shapes whose area is known exactly, as polygons, and their exact coverage of pixels.

A polygon is a float64 array ``(n, 2)`` of ``(x, z)`` corners, closed from the last to the first; the unit is the
caller's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

ShapeClass = Literal["spherical", "filamentary", "irregular"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon about the origin and what is known of it.

    Attributes
    ----------
    polygon
        ``(n, 2)`` corners ``(x, z)``.
    shape_class
        The class that a reader would give it.
    aspect_ratio
        Ratio of the principal axes (square roots of the second moments).
    """

    polygon: np.ndarray
    shape_class: ShapeClass
    aspect_ratio: float

    @property
    def area(self) -> float:
        """Exact area of the polygon, in the square of its unit."""
        return polygon_area(self.polygon)

    def placed(self, x: float, z: float, *, angle_deg: float = 0.0) -> np.ndarray:
        """Return the polygon turned by `angle_deg` and moved to ``(x, z)``."""
        angle = math.radians(angle_deg)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return self.polygon @ turn.T + np.array([x, z])

    @property
    def radius(self) -> float:
        """Distance of the farthest corner from the origin."""
        return float(np.hypot(self.polygon[:, 0], self.polygon[:, 1]).max())


def polygon_area(polygon: np.ndarray) -> float:
    """Return the area inside `polygon` (the surveyor's formula), whichever way it runs."""
    x, z = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(z, -1)) - np.dot(z, np.roll(x, -1))) / 2)


def polygon_moments(polygon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centroid ``(2,)`` and the matrix ``(2, 2)`` of central second moments per area.

    Green's theorem on straight edges; see Steger, "On the calculation of arbitrary moments of polygons", 1996.
    """
    first, second = polygon, np.roll(polygon, -1, axis=0)
    cross = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    area = cross.sum() / 2
    centre = ((first + second) * cross[:, None]).sum(axis=0) / (6 * area)
    total = np.einsum("n,ni,nj->ij", cross, first, first) + np.einsum("n,ni,nj->ij", cross, second, second)
    mixed = np.einsum("n,ni,nj->ij", cross, first, second)
    moments = (2 * total + mixed + mixed.T) / (24 * area)
    return centre, moments - np.outer(centre, centre)


def principal_axis_ratio(polygon: np.ndarray) -> float:
    """Return the ratio of the longer to the shorter principal axis, 1 or more."""
    low, high = np.linalg.eigvalsh(polygon_moments(polygon)[1])
    return math.sqrt(float(high) / float(low))


def polygon_coverage(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the share of each pixel that `polygon` covers, ``(y, x)`` float64.

    Parameters
    ----------
    polygon
        ``(n, 2)`` corners ``(column, row)`` in edge coordinates: pixel i covers [i, i + 1). It may reach out of the
        frame; it must not cross itself.
    shape
        ``(y, x)`` of the result.

    Notes
    -----
    Each edge is cut at every line of the pixel grid. A piece inside one pixel adds the signed area to its right, so the
    sum along a row is the coverage: exact up to rounding, without supersampling.
    """
    rows, columns = shape
    start, end = polygon, np.roll(polygon, -1, axis=0)
    for axis in (0, 1):
        start, end = _cut_at_grid(start, end, axis)
    middle = (start + end) / 2
    rise = end[:, 1] - start[:, 1]
    row = np.floor(middle[:, 1]).astype(np.int64)
    inside = (row >= 0) & (row < rows) & (rise != 0)
    row, rise, x = row[inside], rise[inside], np.clip(middle[inside, 0], 0, columns)
    column = np.minimum(np.floor(x).astype(np.int64), columns)
    flat = np.zeros(rows * (columns + 2))
    part = x - column
    np.add.at(flat, row * (columns + 2) + column, rise * (1 - part))
    np.add.at(flat, row * (columns + 2) + column + 1, rise * part)
    covered = np.cumsum(flat.reshape(rows, columns + 2), axis=1)[:, :columns]
    return np.clip(np.abs(covered), 0.0, 1.0)


def _cut_at_grid(start: np.ndarray, end: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges cut wherever the coordinate `axis` is a whole number."""
    low = np.minimum(start[:, axis], end[:, axis])
    high = np.maximum(start[:, axis], end[:, axis])
    first = np.floor(low) + 1
    cuts = np.maximum(np.ceil(high) - first, 0).astype(np.int64)
    edge = np.repeat(np.arange(len(start)), cuts + 1)
    piece = np.arange(len(edge)) - np.repeat(np.cumsum(cuts + 1) - cuts - 1, cuts + 1)
    forward = (end[:, axis] >= start[:, axis])[edge]
    span = (end - start)[edge]
    step = np.where(span[:, axis] == 0, 1.0, span[:, axis])
    line = np.where(forward, first[edge] + piece, first[edge] + cuts[edge] - 1 - piece)
    to_t = np.where(piece == cuts[edge], 1.0, (line - start[edge, axis]) / step)
    line_before = np.where(forward, line - 1, line + 1)
    from_t = np.where(piece == 0, 0.0, (line_before - start[edge, axis]) / step)
    return start[edge] + from_t[:, None] * span, start[edge] + to_t[:, None] * span


def ellipse(diameter: float, *, aspect_ratio: float = 1.0, corners: int = 256) -> Shape:
    """Return an ellipse with the area of a disc of `diameter`, its long axis along x.

    The corners lie outside the curve by as much as makes the polygon's area exactly ``pi diameter**2 / 4``.
    """
    angle = np.arange(corners) * 2 * np.pi / corners
    grow = math.sqrt(2 * np.pi / corners / math.sin(2 * np.pi / corners))
    radius = grow * diameter / 2
    stretch = math.sqrt(aspect_ratio)
    polygon = np.stack([radius * stretch * np.cos(angle), radius / stretch * np.sin(angle)], axis=1)
    return Shape(polygon, _class_of_ellipse(aspect_ratio), aspect_ratio)


def _class_of_ellipse(aspect_ratio: float) -> ShapeClass:
    if aspect_ratio <= 1.5:
        return "spherical"
    return "filamentary" if aspect_ratio >= 3 else "irregular"


def disc(diameter: float) -> Shape:
    """Return a disc; its area is exactly ``pi diameter**2 / 4``."""
    return ellipse(diameter)


def rectangle(length: float, width: float) -> Shape:
    """Return a rectangle of area ``length * width``, its length along x."""
    x, z = length / 2, width / 2
    polygon = np.array([[-x, -z], [x, -z], [x, z], [-x, z]])
    ratio = max(length, width) / min(length, width)
    return Shape(polygon, "filamentary" if ratio >= 3 else "irregular", ratio)


def koch_snowflake(side: float, *, order: int) -> Shape:
    """Return Koch's snowflake on a triangle of `side`.

    Its area is ``sqrt(3)/4 side**2 (1 + 3/5 (1 - (4/9)**order))`` and its perimeter ``3 side (4/3)**order``
    (von Koch 1904). From the first order its hull is a hexagon of twice the triangle's area, so its solidity is below
    0.8, and its six arms branch: by the usual limits it counts as dendritic.
    """
    angle = np.deg2rad([90.0, 210.0, 330.0])
    points = np.exp(1j * angle) * side / math.sqrt(3)
    for _ in range(order):
        step = (np.roll(points, -1) - points) / 3
        peak = points + step + step * np.exp(-1j * np.pi / 3)
        points = np.stack([points, points + step, peak, points + 2 * step], axis=1).ravel()
    return Shape(np.stack([points.real, points.imag], axis=1), "filamentary" if order else "irregular", 1.0)


def blob(diameter: float, *, aspect_ratio: float, harmonics: np.ndarray, phases: np.ndarray) -> Shape:
    """Return an irregular lump ``r(t) = r0 (1 + sum a_k cos(k t + p_k))``, k from 3, stretched to `aspect_ratio`.

    Its area is that of a disc of `diameter` times ``1 + sum a_k**2 / 2`` (Parseval), to 1e-5.
    """
    angle = np.arange(512) * 2 * np.pi / 512
    order = np.arange(3, 3 + len(harmonics))
    radius = diameter / 2 * (1 + harmonics @ np.cos(order[:, None] * angle + phases[:, None]))
    stretch = math.sqrt(aspect_ratio)
    polygon = np.stack([radius * stretch * np.cos(angle), radius / stretch * np.sin(angle)], axis=1)
    return Shape(polygon, "irregular", principal_axis_ratio(polygon))


def filament(length: float, width: float, *, bend_deg: float = 0.0) -> Shape:
    """Return a round-ended filament bent to a circular arc of `bend_deg`; `length` is measured without its round ends.

    Its area is ``length * width + pi width**2 / 4`` however it is bent (Pappus), to 1e-3.
    """
    along = np.linspace(-length / 2, length / 2, 64)
    cap = np.linspace(-np.pi / 2, np.pi / 2, 32)[1:-1]
    upper = np.stack([along[::-1], np.full(64, width / 2)], axis=1)
    lower = np.stack([along, np.full(64, -width / 2)], axis=1)
    right = np.stack([length / 2 + width / 2 * np.cos(cap), width / 2 * np.sin(cap)], axis=1)
    polygon = _bent(np.concatenate([lower, right, upper, -right]), length, bend_deg)
    return Shape(_centred(polygon), "filamentary", principal_axis_ratio(polygon))


def branched_tree(
    length: float, width: float, *, depth: int, bend_deg: float = 0.0, twig_deg: float = 62.0, uneven: float = 0.0
) -> Shape:
    """Return a dendrite: a trunk along z with twigs on both sides, each with twigs of its own down to `depth`.

    Twigs leave at `twig_deg` from their branch; `uneven`, between -1 and 1, makes those of one side the longer ones.
    """
    points = np.array(_twig(0j, 1j, length, width, depth, (math.radians(twig_deg), uneven)))
    polygon = np.stack([points.imag - length / 2, points.real], axis=1)
    polygon = _densified(polygon, length / 40)
    polygon = _centred(_bent(polygon, length, bend_deg))[:, ::-1]
    return Shape(np.ascontiguousarray(polygon), "filamentary", principal_axis_ratio(polygon))


def _twig(
    base: complex, along: complex, length: float, width: float, depth: int, habit: tuple[float, float]
) -> list[complex]:
    """Return the outline of a branch from the right of its base round the tip to the left of its base."""
    across, (turn, uneven) = along * 1j, habit
    half = 0.35 * width / math.sin(turn)
    sides: list[list[complex]] = []
    for sign, places in ((-1, (0.36, 0.70)), (1, (0.24, 0.56))):
        side = [base + sign * across * width / 2]
        for place in places if depth else ():
            foot = base + along * length * place + sign * across * width / 2
            reach = length * 0.42 * (1.15 - place) * (1 + 0.35 * sign * uneven)
            child = _twig(foot, along * np.exp(1j * sign * turn), reach, 0.7 * width, depth - 1, habit)
            child[0 if sign < 0 else -1] = foot - along * half
            child[-1 if sign < 0 else 0] = foot + along * half
            side += child if sign < 0 else child[::-1]
        sides.append(side)
    tip = base + along * length
    ends = [tip - across * width * 0.3, tip + across * width * 0.3]
    return sides[0] + ends + sides[1][::-1]


def _densified(polygon: np.ndarray, step: float) -> np.ndarray:
    """Return the polygon with corners added so that no edge is longer than `step`."""
    parts = []
    for first, second in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        count = max(1, math.ceil(float(np.hypot(*(second - first))) / step))
        parts.append(first + np.arange(count)[:, None] / count * (second - first))
    return np.concatenate(parts)


def _bent(polygon: np.ndarray, length: float, bend_deg: float) -> np.ndarray:
    """Return the polygon with its x axis bent to a circular arc over `length`."""
    if bend_deg == 0:
        return polygon
    radius = length / math.radians(bend_deg)
    angle = polygon[:, 0] / radius
    reach = radius - polygon[:, 1]
    return np.stack([reach * np.sin(angle), radius - reach * np.cos(angle)], axis=1)


def _centred(polygon: np.ndarray) -> np.ndarray:
    return polygon - polygon_moments(polygon)[0]


def supersampled_area(inside: Callable[[np.ndarray, np.ndarray], np.ndarray], *, half: float, points: int) -> float:
    """Return the area of the region ``inside(x, z)`` counted on `points` x `points` over a square of half side `half`.

    An independent check of areas: it shares nothing with the polygons.
    """
    axis = (np.arange(points) + 0.5) / points * 2 * half - half
    x, z = np.meshgrid(axis, axis)
    return float(np.count_nonzero(inside(x, z)) * (2 * half / points) ** 2)
