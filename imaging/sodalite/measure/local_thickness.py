"""Local thickness: the diameter of the largest disc that fits into a layer and holds the point.

A mask is the union of its pixels, each a closed rectangle. Centres of discs are the points of the half-pixel lattice:
pixel centres, edge middles and corners. The radius at a centre is its distance to the nearest background pixel, taken
to the pixel's edge, and a disc (without its rim) holds a pixel when it holds the pixel's centre. A slab of n rows thus
has a local thickness of exactly n pixels, n odd or even; a disc of radius R one of 2 R less 1 to 2 px, because the
stairs of its rim protrude. The frame of the image is no surface: discs may reach beyond it, which gives the same
numbers as an image mirrored at its sides.

Definition: Hildebrand and Ruegsegger 1997, 10.1046/j.1365-2818.1997.1340694.x.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError
from sodalite.measure.local_thickness_cover import largest_cover
from sodalite.measure.local_thickness_discs import paint_discs
from sodalite.measure.region import stretches

_STEPS_ACROSS = 256
_LEAST_STEPS_ACROSS = 32


def local_thickness_um(mask: np.ndarray, spacing_um: tuple[float, ...]) -> np.ndarray:
    """Return the local thickness of every pixel of a mask, ``(y, x)`` float64, um; zero outside the mask.

    Equal to the definition of this module on every pixel. Square pixels take the integer kernel of
    `local_thickness_discs`; oblong pixels, and masks more than 1024 px thick, that of `local_thickness_cover`, which is
    three to six times slower.

    Parameters
    ----------
    mask
        ``(y, x)`` bool.
    spacing_um
        Pixel size along each axis, um.

    Raises
    ------
    MeasurementError
        When the mask is not two-dimensional, the pixel size does not fit it, or the mask fills the whole image.
    """
    if mask.ndim != 2 or len(spacing_um) != mask.ndim or not min(spacing_um) > 0:
        raise MeasurementError(
            f"mask: found shape {mask.shape} with pixel size {spacing_um}; give a (y, x) mask and two sizes above zero."
        )
    layer = np.ascontiguousarray(mask, dtype=np.bool_)
    if layer.size and layer.all():
        raise MeasurementError(
            "mask: it fills the whole image, so no surface bounds its thickness; give a wider image."
        )
    unit = min(spacing_um)
    if spacing_um[0] == spacing_um[1] and (thickness := paint_discs(layer, unit)) is not None:
        return thickness
    sy, sx = spacing_um[0] / unit, spacing_um[1] / unit
    squared = _squared_radii(layer, sy, sx)
    return largest_cover(layer, squared, (0.5 * sy, 0.5 * sx, 2), 2.0 * unit)


def mean_local_thickness_um(
    collector_row: np.ndarray, electrolyte_row: np.ndarray, spacing_um: tuple[float, float]
) -> float:
    """Return the area mean of the local thickness of the layer between two faces, um; NaN where it has no area.

    The layer is the area between the faces, voids included. Distances to the faces are exact (to the column's
    sub-pixel row); centres and points lie on a grid of about 256 steps across a thick layer, the radius on the ridge
    between the faces interpolated, so that a flat or tilted slab keeps its exact value. Columns without a face (NaN)
    are sides, not surfaces: each run of columns with both faces is measured for itself.

    Parameters
    ----------
    collector_row, electrolyte_row
        ``(x,)`` float64, edge rows of the faces in px, the collector above.
    spacing_um
        Pixel size (y, x), um.
    """
    total, cells = 0.0, 0.0
    for first, stop in stretches(np.isfinite(collector_row) & np.isfinite(electrolyte_row)):
        top = collector_row[first:stop] * spacing_um[0]
        bottom = electrolyte_row[first:stop] * spacing_um[0]
        mean, area = _mean_of_run(top, bottom, spacing_um[1])
        total, cells = total + mean * area, cells + area
    return total / cells if cells > 0 else math.nan


def _mean_of_run(top_um: np.ndarray, bottom_um: np.ndarray, step_um: float) -> tuple[float, float]:
    mean_um = float(np.mean(bottom_um - top_um))
    if not mean_um > 0:
        return 0.0, 0.0
    stride = max(1, round(mean_um / (_STEPS_ACROSS * step_um)))
    sz = min(stride * step_um, mean_um / _LEAST_STEPS_ACROSS)
    rows = math.ceil(float(bottom_um.max() - top_um.min()) / sz)
    z_um = float(top_um.min()) + (np.arange(rows) + 0.5) * sz
    columns = np.arange(min(stride // 2, top_um.size - 1), top_um.size, stride)
    to_top = np.sqrt(_squared_to_face(top_um, z_um, columns, step_um))
    to_bottom = np.sqrt(_squared_to_face(-bottom_um, -z_um, columns, step_um))
    inside = (z_um[:, None] > top_um[columns]) & (z_um[:, None] < bottom_um[columns])
    if not inside.any():
        return mean_um, mean_um * top_um.size
    squared = np.where(inside, _ridge_radii(to_top, to_bottom), 0.0) ** 2
    covered = largest_cover(inside, squared, (sz, stride * step_um, 1), 2.0)
    return float(covered[inside].mean()), mean_um * top_um.size


@njit(cache=True, nogil=True, error_model="numpy")
def _ridge_radii(to_top: np.ndarray, to_bottom: np.ndarray) -> np.ndarray:
    """Return the smaller distance; where it turns from one face to the other, the value at the turn in between."""
    radii = np.minimum(to_top, to_bottom)
    for row in range(len(radii) - 1):
        for x in range(radii.shape[1]):
            lead, next_lead = to_bottom[row, x] - to_top[row, x], to_bottom[row + 1, x] - to_top[row + 1, x]
            if lead >= 0 and next_lead < 0:
                peak = to_top[row, x] + lead / (lead - next_lead) * (to_top[row + 1, x] - to_top[row, x])
                radii[row, x], radii[row + 1, x] = max(radii[row, x], peak), max(radii[row + 1, x], peak)
    return radii


@njit(cache=True, nogil=True)
def _envelope(places: np.ndarray, height: np.ndarray, width2: float, site: np.ndarray, start: np.ndarray) -> int:
    """Fill in which parabolas make the lower envelope of height[v] + width2 (x - v)^2; return how many.

    `places` are the v from left to right that are looked at, `site` is filled with those on the envelope and `start`
    with where each begins. Felzenszwalb and Huttenlocher 2012, 10.4086/toc.2012.v008a019.
    """
    last = -1
    for v in places:
        if height[v] == np.inf:
            continue
        crossing = -np.inf
        while last >= 0:
            s = site[last]
            crossing = ((height[v] - height[s]) / width2 + float(v * v - s * s)) / (2.0 * (v - s))
            if crossing > start[last]:
                break
            last -= 1
            crossing = -np.inf
        last += 1
        site[last] = v
        start[last] = crossing
    return last + 1


@njit(cache=True, nogil=True)
def _rows_to_background(layer: np.ndarray) -> np.ndarray:
    """Return the half-pixel steps along y from each lattice point to the background of its lattice column."""
    rows, columns = layer.shape
    steps = np.empty((2 * rows + 1, 2 * columns + 1))
    last = np.full(2 * columns + 1, -np.inf)
    for u in range(2 * rows + 1):
        above, below = max((u - 1) // 2, 0), min(u // 2, rows - 1)
        for v in range(2 * columns + 1):
            left, right = max((v - 1) // 2, 0), min(v // 2, columns - 1)
            if not (layer[above, left] and layer[above, right] and layer[below, left] and layer[below, right]):
                last[v] = u
            steps[u, v] = u - last[v]
    last[:] = np.inf
    for u in range(2 * rows, -1, -1):
        for v in range(2 * columns + 1):
            if steps[u, v] == 0:
                last[v] = u
            steps[u, v] = min(steps[u, v], last[v] - u)
    return steps


@njit(cache=True, nogil=True)
def _squared_radii(layer: np.ndarray, sy: float, sx: float) -> np.ndarray:
    """Return the squared distance from each point of the half-pixel lattice to the background, in units of sy, sx."""
    squared = _rows_to_background(layer)
    count = squared.shape[1]
    places, site, start = np.arange(count), np.empty(count, np.int64), np.empty(count)
    for u in range(squared.shape[0]):
        height = (squared[u] * (0.5 * sy)) ** 2
        used = _envelope(places, height, 0.25 * sx * sx, site, start)
        k = 0
        for v in range(count):
            while k + 1 < used and start[k + 1] < v:
                k += 1
            squared[u, v] = height[site[k]] + 0.25 * sx * sx * float((v - site[k]) ** 2) if used else np.inf
    return squared


@njit(cache=True, nogil=True)
def _squared_to_face(face: np.ndarray, z: np.ndarray, columns: np.ndarray, step: float) -> np.ndarray:
    """Return the squared distance from points (z, columns) to the region above a face given at every column.

    The rows z rise or fall and are taken from the uppermost down: a column that is nearest to no point of a row is so
    to none of the rows below, for the bisectors with its neighbours have met above.
    """
    squared = np.empty((z.size, columns.size))
    places, site, start = np.arange(face.size), np.empty(face.size, np.int64), np.empty(face.size)
    height, used = np.empty(face.size), face.size
    for i in range(z.size):
        row = i if z[0] < z[-1] else z.size - 1 - i
        for v in places[:used]:
            height[v] = max(z[row] - face[v], 0.0) ** 2
        used = _envelope(places[:used], height, step * step, site, start)
        places[:used] = site[:used]
        k = 0
        for j in range(columns.size):
            while k + 1 < used and start[k + 1] < columns[j]:
                k += 1
            squared[row, j] = height[site[k]] + (step * (columns[j] - site[k])) ** 2
    return squared
