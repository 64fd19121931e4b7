"""Shape of one object from its boundary: hull, Feret diameter, solidity, perimeter, circularity and skeleton."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sodalite.errors import MeasurementError


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
    line = np.pad(skeletonize(mask.astype(np.bool_)), 1)
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
