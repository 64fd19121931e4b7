"""One row an object: size, shape, place and distance to the faces, in two passes whatever the number of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from sodalite.errors import MeasurementError
from sodalite.measure.shape import DIRECTIONS, crofton_perimeter_um, feret_max_um, hull_pixels, hull_vertices

if TYPE_CHECKING:
    import pandas as pd


def object_table(
    objects: np.ndarray,
    spacing_um: tuple[float, float],
    *,
    collector_row: np.ndarray,
    electrolyte_row: np.ndarray,
    contact_um: float,
) -> pd.DataFrame:
    """Return one row an object with its size, shape, place and distances; an empty table where there is none.

    Columns
    -------
    label
        Number of the object in `objects`.
    area_um2, ecd_um
        Pixels times their area; equivalent circle diameter 2 sqrt(A / pi) (ISO 13322-1).
    feret_max_um
        Largest distance between parallel tangents (`feret_max_um` of the shape module).
    aspect_ratio
        Square root of the ratio of the principal second moments, each pixel with its own extent: exact for a rectangle.
    circularity
        4 pi A / P^2 with the Crofton perimeter on true lengths; up to a few per cent above 1 for small discs.
    solidity
        Pixels divided by the pixels of the convex hull of their centres: 1 for every digitally convex object.
    x_um, z_um
        Centroid from the left and the upper edge of the image.
    distance_to_electrolyte_um, distance_to_collector_um
        Smallest distance from the object's edge to the face, on whichever side it lies; 0 if the face crosses it,
        NaN without a face.
    touches
        ``electrolyte``, ``collector``, ``both`` or ``none``: which faces lie within `contact_um`.
    on_border
        Whether the object reaches the frame of the image and so may be cut.

    Parameters
    ----------
    objects
        ``(y, x)`` integer, 0 for none, objects numbered from 1 without gaps.
    spacing_um
        Pixel size (y, x), um.
    collector_row, electrolyte_row
        ``(x,)`` float64, edge rows of the faces in px, NaN where a face is not in the image.
    contact_um
        Largest distance at which an object touches a face, um.

    Raises
    ------
    MeasurementError
        When the objects are not a ``(y, x)`` image of numbers from 0, or the faces do not have its columns.
    """
    import pandas as pd

    _check(objects, collector_row, electrolyte_row)
    image = np.ascontiguousarray(objects, dtype=np.int32)
    sums, boxes, crossings = _sums(image, int(image.max(initial=0)), DIRECTIONS)
    found = np.flatnonzero(sums[:, 0] > 0)
    columns: dict[str, np.ndarray] = {"label": found}
    columns |= _sizes_and_shapes(image, sums, boxes, crossings, spacing_um, found)
    for face, row in (("electrolyte", electrolyte_row), ("collector", collector_row)):
        distance = _distances(image, boxes, np.ascontiguousarray(row, dtype=np.float64), *spacing_um)[found]
        columns[f"distance_to_{face}_um"] = np.where(np.isfinite(distance), distance, np.nan)
    near = [columns[f"distance_to_{face}_um"] <= contact_um for face in ("electrolyte", "collector")]
    touches = np.array(["none", "electrolyte", "collector", "both"], dtype=object)[near[0] + 2 * near[1]]
    table = pd.DataFrame(columns)
    table["touches"] = pd.Series(touches, dtype="str")
    low, high = boxes[found, :2], boxes[found, 2:]
    table["on_border"] = (low == 0).any(axis=1) | (high == np.array(image.shape) - 1).any(axis=1)
    return table


def _check(objects: np.ndarray, collector_row: np.ndarray, electrolyte_row: np.ndarray) -> None:
    if objects.ndim != 2 or not np.issubdtype(objects.dtype, np.integer) or objects.min(initial=0) < 0:
        raise MeasurementError(
            f"objects: found {objects.dtype} of shape {objects.shape}; give a (y, x) image of integers, 0 for none."
        )
    for name, row in (("collector_row", collector_row), ("electrolyte_row", electrolyte_row)):
        if row.shape != objects.shape[1:]:
            raise MeasurementError(f"{name}: found shape {row.shape} for objects of shape {objects.shape}; give (x,).")


def _sizes_and_shapes(
    image: np.ndarray,
    sums: np.ndarray,
    boxes: np.ndarray,
    crossings: np.ndarray,
    spacing_um: tuple[float, float],
    found: np.ndarray,
) -> dict[str, np.ndarray]:
    sy_um, sx_um = spacing_um
    pixels = sums[found, 0]
    y, x, yy, xx, yx = (sums[found, 1:] / pixels[:, None]).T
    area_um2 = pixels * sy_um * sx_um
    hull, feret = _hulls(image, boxes, sy_um, sx_um)
    variance_y, variance_x = (yy - y * y + 1 / 12) * sy_um**2, (xx - x * x + 1 / 12) * sx_um**2
    covariance = (yx - y * x) * sy_um * sx_um
    half_sum, spread = (variance_y + variance_x) / 2, np.hypot((variance_y - variance_x) / 2, covariance)
    return {
        "area_um2": area_um2,
        "ecd_um": 2.0 * np.sqrt(area_um2 / np.pi),
        "feret_max_um": feret[found],
        "aspect_ratio": np.sqrt((half_sum + spread) / (half_sum - spread)),
        "circularity": 4.0 * np.pi * area_um2 / crofton_perimeter_um(crossings[found], spacing_um) ** 2,
        "solidity": pixels / hull[found],
        "x_um": (x + 0.5) * sx_um,
        "z_um": (y + 0.5) * sy_um,
    }


@njit(cache=True, nogil=True)
def _sums(image: np.ndarray, count: int, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per label the sums 1, y, x, y^2, x^2, yx; the box y0, x0, y1, x1; the crossings along each direction."""
    rows, columns = image.shape
    sums = np.zeros((count + 1, 6))
    boxes = np.empty((count + 1, 4), np.int64)
    boxes[:, :2] = max(rows, columns)
    boxes[:, 2:] = -1
    crossings = np.zeros((count + 1, directions.shape[0]))
    for i in range(rows):
        for j in range(columns):
            label = image[i, j]
            if label == 0:
                continue
            total, box = sums[label], boxes[label]
            total[0] += 1
            total[1] += i
            total[2] += j
            total[3] += i * i
            total[4] += j * j
            total[5] += i * j
            box[0], box[1] = min(box[0], i), min(box[1], j)
            box[2], box[3] = max(box[2], i), max(box[3], j)
            for k in range(directions.shape[0]):
                for sign in (-1, 1):
                    y, x = i + sign * directions[k, 0], j + sign * directions[k, 1]
                    if y < 0 or x < 0 or y >= rows or x >= columns or image[y, x] != label:
                        crossings[label, k] += 1
    return sums, boxes, crossings


@njit(cache=True, nogil=True)
def _extremes(image: np.ndarray, boxes: np.ndarray, along_rows: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each label's lines start in the lists, and its first and last pixel on each line of its box."""
    axis = 0 if along_rows else 1
    offset = np.zeros(boxes.shape[0] + 1, np.int64)
    for label in range(boxes.shape[0]):
        offset[label + 1] = offset[label] + max(boxes[label, 2 + axis] - boxes[label, axis] + 1, 0)
    first = np.full(offset[-1], 1 << 30)
    last = np.full(offset[-1], -1)
    for label in range(1, boxes.shape[0]):
        for i in range(boxes[label, 0], boxes[label, 2] + 1):
            for j in range(boxes[label, 1], boxes[label, 3] + 1):
                if image[i, j] == label:
                    line, place = (i, j) if along_rows else (j, i)
                    at = offset[label] + line - boxes[label, axis]
                    first[at], last[at] = min(first[at], place), max(last[at], place)
    return offset, first, last


@njit(cache=True, nogil=True)
def _hulls(image: np.ndarray, boxes: np.ndarray, sy_um: float, sx_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels in the convex hull of each label and its largest Feret diameter, um."""
    offset, first, last = _extremes(image, boxes, True)
    pixels, feret = np.zeros(boxes.shape[0]), np.zeros(boxes.shape[0])
    for label in range(1, boxes.shape[0]):
        lines = slice(offset[label], offset[label + 1])
        vertices = hull_vertices(first[lines], last[lines])
        if vertices.shape[0]:
            pixels[label] = hull_pixels(vertices)
            feret[label] = feret_max_um(vertices, sy_um, sx_um)
    return pixels, feret


@njit(cache=True, nogil=True)
def _distances(image: np.ndarray, boxes: np.ndarray, face: np.ndarray, sy_um: float, sx_um: float) -> np.ndarray:
    """Return the smallest distance from each label's edge to a face, um; infinite without a face.

    The area below a face holds with each point all points under it, so an object's lowest pixel in a column is the
    nearest of that column to it, and the highest to the area above. An object on one side has distance 0 to the area
    on that side: the larger of the two is the distance to the face itself.
    """
    offset, top, bottom = _extremes(image, boxes, False)
    distance = np.full(boxes.shape[0], np.inf)
    for label in range(1, boxes.shape[0]):
        below, above = np.inf, np.inf
        for at in range(offset[label], offset[label + 1]):
            if bottom[at] >= 0:
                column = boxes[label, 1] + at - offset[label]
                below = min(below, _squared_to_area(bottom[at] + 1.0, column, face, 1.0, sy_um, sx_um, below))
                above = min(above, _squared_to_area(float(top[at]), column, face, -1.0, sy_um, sx_um, above))
        distance[label] = np.sqrt(max(below, above))
    return distance


@njit(cache=True, nogil=True)
def _squared_to_area(
    edge: float, column: int, face: np.ndarray, sign: float, sy_um: float, sx_um: float, best: float
) -> float:
    """Return the squared distance from an edge of a pixel to the area below (sign 1) or above a face, if under best."""
    for away in range(face.size):
        beside = (max(away - 1, 0) * sx_um) ** 2
        if beside >= best:
            break
        for side in (-1, 1):
            at = column + side * away
            if 0 <= at < face.size and not np.isnan(face[at]):
                best = min(best, beside + (max(sign * (face[at] - edge), 0.0) * sy_um) ** 2)
    return best
