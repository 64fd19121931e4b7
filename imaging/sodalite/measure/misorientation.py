"""Misorientations: angles of pairs, boundaries between grains, special boundaries, random distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd.neighbours import edges_between
from sodalite.ebsd.symmetry import angle_rad, special_deviations, special_variants, symmetry_table
from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sodalite.ebsd.grid import Grid
    from sodalite.ebsd.symmetry import SymmetryTable

MACKENZIE_MAX_DEG = math.degrees(2 * math.atan(math.sqrt(23 - 16 * math.sqrt(2))))
"""Largest disorientation of two cubic crystals, 62.7994 degrees."""

CSL: dict[int, tuple[tuple[float, float, float], float]] = {
    3: ((1.0, 1.0, 1.0), 60.0),
    5: ((1.0, 0.0, 0.0), math.degrees(2 * math.atan(1 / 3))),
    7: ((1.0, 1.0, 1.0), math.degrees(2 * math.atan(math.sqrt(3) / 5))),
    9: ((1.0, 1.0, 0.0), math.degrees(2 * math.atan(math.sqrt(2) / 4))),
    11: ((1.0, 1.0, 0.0), math.degrees(2 * math.atan(math.sqrt(2) / 3))),
}
"""Sigma -> axis and angle (degrees) of cubic coincidence lattices: tan(angle / 2) = (y / x) sqrt(h^2 + k^2 + l^2).

Source: Ranganathan, Acta Cryst. 21 (1966) 197, 10.1107/S0365110X66002615.
"""


class BoundarySegments(NamedTuple):
    """Edges between neighbouring points of different grains, one a row.

    Attributes
    ----------
    point_1, point_2
        ``(m,)`` int64, the points on either side.
    grain_1, grain_2
        ``(m,)`` int64, their grains, the smaller label first.
    angle_deg
        ``(m,)`` float64, disorientation of the two points; NaN between phases.
    length_um
        ``(m,)`` float64, length of the edge that the cells of the two points share. Edges run along the grid: their
        sum is 4 / pi times too long for boundaries without a preferred direction.
    """

    point_1: np.ndarray
    point_2: np.ndarray
    grain_1: np.ndarray
    grain_2: np.ndarray
    angle_deg: np.ndarray
    length_um: np.ndarray


def disorientation_deg(first: np.ndarray, second: np.ndarray, group: str | np.ndarray) -> np.ndarray:
    """Return the disorientation of each pair of orientations of one phase, ``(n,)`` float64, degrees.

    Parameters
    ----------
    first, second
        ``(n, 4)`` unit quaternions from specimen to crystal.
    group
        Proper point group, see `sodalite.ebsd.symmetry.operators_of`.

    Raises
    ------
    MeasurementError
        When the arrays differ in shape or the group is unknown.
    """
    p, q = _pairs(first, second)
    both = np.concatenate((p, q))
    index = np.arange(len(p))
    phases = np.ones(len(both), dtype=np.int16)
    return _angles_deg(both, phases, (group,), index, index + len(p))


def boundary_segments(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    grid: Grid,
    labels: np.ndarray,
) -> BoundarySegments:
    """Return the edges between grains with the disorientation across each.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` unit quaternions from specimen to crystal.
    phase_id
        ``(n,)`` integers, k = phase k.
    groups
        Proper point group of each phase, 1 first.
    grid
        Where the points lie.
    labels
        ``(n,)`` grain of each point, 0 = none.

    Raises
    ------
    MeasurementError
        When a group is unknown.
    """
    edges = edges_between(labels, grid)
    points = np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)
    grains = np.sort(np.stack((labels[edges.first], labels[edges.second])).astype(np.int64), axis=0)
    angles = _angles_deg(points, phase_id, groups, edges.first, edges.second)
    return BoundarySegments(edges.first, edges.second, grains[0], grains[1], angles, edges.length_um)


def brandon_deg(sigma: int) -> float:
    """Return how far a boundary may be from a coincidence lattice, degrees: 15 / sqrt(sigma).

    Source: Brandon, Acta Metall. 14 (1966) 1479, 10.1016/0001-6160(66)90168-4.
    """
    return 15.0 / math.sqrt(sigma)


def special_deviation_deg(
    quaternions: np.ndarray,
    segments: BoundarySegments,
    group: str | np.ndarray,
    *,
    axis: tuple[float, float, float],
    angle_deg: float,
) -> np.ndarray:
    """Return how far each boundary segment is from a special misorientation, ``(m,)`` float64, degrees.

    A segment is a Sigma 3 boundary when its deviation from ``CSL[3]`` is at most ``brandon_deg(3)``. Segments whose
    points are not both of the phase of `group` have no meaning; select by phase.

    Parameters
    ----------
    quaternions
        ``(n, 4)``, of all points of the map.
    axis
        Of the special misorientation, in Cartesian crystal axes, any length.
    angle_deg
        Its angle.
    """
    points = np.ascontiguousarray(quaternions, dtype=np.float64).reshape(-1, 4)
    out = np.empty(segments.point_1.size)
    special_deviations(points, segments.point_1, segments.point_2, special_variants(axis, angle_deg, group), out)
    return np.degrees(out)


def mackenzie_pdf(angle_deg: np.ndarray) -> np.ndarray:
    """Return the probability density of the disorientation of two random cubic crystals, per degree.

    Below 45 degrees ``(2 / 15) (1 - cos t)`` per degree; above, the part of each sphere of rotations that lies in the
    fundamental zone. Source: Mackenzie, Biometrika 45 (1958) 229, 10.1093/biomet/45.1-2.229, here by the solid
    angles that the eight-fold (100) and six-fold (111) faces of the zone cut off, in Rodrigues space.
    """
    angle = np.asarray(angle_deg, dtype=np.float64)
    radius = np.tan(np.radians(np.clip(angle, 0.0, MACKENZIE_MAX_DEG)) / 2)
    density = 24 * np.radians(1.0) * (1 - np.cos(np.radians(angle))) / math.pi * _free_share(radius)
    return np.where((angle >= 0) & (angle <= MACKENZIE_MAX_DEG), density, 0.0)


def mackenzie_cdf(angle_deg: np.ndarray) -> np.ndarray:
    """Return the probability that two random cubic crystals are disoriented by at most each angle.

    Exact below 45 degrees, ``(24 / pi) (t - sin t)`` with t in radians; above by Gauss-Legendre quadrature of
    `mackenzie_pdf`, to better than 1e-9.
    """
    angle = np.clip(np.asarray(angle_deg, dtype=np.float64), 0.0, MACKENZIE_MAX_DEG)
    radians = np.radians(np.minimum(angle, 45.0))
    total = 24 / math.pi * (radians - np.sin(radians))
    # the density has kinks where planes begin to meet on the sphere
    pair = math.degrees(2 * math.atan((math.sqrt(2) - 1) * math.sqrt(2)))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for first, last in ((45.0, 60.0), (60.0, pair), (pair, MACKENZIE_MAX_DEG)):
        half = (np.clip(angle, first, last) - first) / 2
        # more nodes near the square-root start of each piece
        places = first + half[..., None] * 2 * ((nodes + 1) / 2) ** 2
        total = total + (mackenzie_pdf(places) * weights * (nodes + 1)).sum(axis=-1) * half
    return total


def _free_share(radius: np.ndarray) -> np.ndarray:
    """Return the share of a sphere about the origin of Rodrigues space that lies in the cubic fundamental zone."""
    cube, corner = math.sqrt(2) - 1, 1 / math.sqrt(3)
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = np.minimum(1.0, cube / radius), np.minimum(1.0, corner / radius)
    share = 1 - 6 * (1 - near) / 2 - 8 * (1 - far) / 2
    share = share + 12 * _cap_overlap(near, near, 0.0) + 24 * _cap_overlap(near, far, 1 / math.sqrt(3))
    return np.clip(share, 0.0, 1.0)


def _cap_overlap(first: np.ndarray, second: np.ndarray, cosine: float) -> np.ndarray:
    """Return the share of a sphere in two caps whose axes include an angle of that cosine.

    Parameters are the cosines of the caps' half angles. Formula: spherical triangles between the axes and a point
    where the rims cross (Gauss-Bonnet).
    """
    a, b = np.arccos(np.clip(first, -1, 1)), np.arccos(np.clip(second, -1, 1))
    apart = math.acos(cosine)
    sine_a, sine_b = np.maximum(np.sin(a), 1e-100), np.maximum(np.sin(b), 1e-100)
    at_a = np.arccos(np.clip((second - first * cosine) / (sine_a * math.sin(apart)), -1, 1))
    at_b = np.arccos(np.clip((first - second * cosine) / (sine_b * math.sin(apart)), -1, 1))
    crossing = np.arccos(np.clip((cosine - first * second) / (sine_a * sine_b), -1, 1))
    area = 2 * (math.pi - crossing - at_a * first - at_b * second)
    return np.where(a + b > apart, area / (4 * math.pi), 0.0)


def _pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p, q = (np.ascontiguousarray(each, dtype=np.float64).reshape(-1, 4) for each in (first, second))
    if p.shape != q.shape:
        raise MeasurementError(f"second: found {len(q)} orientations for {len(p)}; give pairs.")
    return p, q


def _angles_deg(
    points: np.ndarray,
    phase_id: np.ndarray,
    groups: Sequence[str | np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
) -> np.ndarray:
    out = np.full(first.size, np.nan)
    _write_angles(points, np.asarray(phase_id).ravel(), symmetry_table(tuple(groups)), first, second, out)
    return np.degrees(out)


@njit(cache=True, nogil=True)
def _write_angles(
    points: np.ndarray,
    phase_id: np.ndarray,
    table: SymmetryTable,
    first: np.ndarray,
    second: np.ndarray,
    out: np.ndarray,
) -> None:
    for i in range(first.size):
        p, q = first[i], second[i]
        k = phase_id[p]
        if k == phase_id[q]:
            out[i] = angle_rad(points[p], points[q], table.forms[k], table.counts[k], table.near[k])
