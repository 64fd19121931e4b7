"""Dead sodium: sodium-grey objects in the electrolyte, and which of them have a path to the collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import cv2
import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.errors import SegmentationError
from sodalite.segment.numbering import numbered_as_met
from sodalite.segment.sodium_grey import SodiumSearch, find_dead_sodium

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["STATES", "DeadSodium", "SodiumSearch", "classify_dead_sodium", "find_dead_sodium"]

STATES = ("active", "ionically isolated", "electronically isolated", "enclosed", "undetermined")

_CONDUCTORS = (SectionClass.COLLECTOR, SectionClass.INTERLAYER, SectionClass.SODIUM)
_NEVER = (SectionClass.OUTSIDE, SectionClass.SODIUM)


class DeadSodium(NamedTuple):
    """Sodium-grey objects and their states.

    Attributes
    ----------
    objects
        ``(y, x)`` int32 labels of all objects, those with a path to the collector included; 0 = none.
    table
        One row an object: label, state, path_to_collector, contact_with_electrolyte.
    dead
        ``(y, x)`` True on the objects without a path to the collector in this section.
    count_range
        Number of objects without a path at 8- and at 4-connectivity.
    """

    objects: npt.NDArray[np.int32]
    table: pd.DataFrame
    dead: npt.NDArray[np.bool_]
    count_range: tuple[int, int]


def classify_dead_sodium(
    sodium_grey: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.integer],
    *,
    connectivity: Literal[4, 8],
) -> DeadSodium:
    """Return the sodium-grey objects with their state by their connections in this section.

    An object with a path through sodium or metal to the collector, the interlayer or the traced sodium layer is
    *active* when it touches electrolyte and *ionically isolated* when not, as in the pores of a collector. Without a
    path it is *electronically isolated* when it touches electrolyte and *enclosed* when not; cut by the frame it is
    *undetermined*, because the path may lie outside the image. A path out of the plane is not seen, so the objects
    without one are an upper bound.

    Parameters
    ----------
    sodium_grey
        ``(y, x)`` True on what looks like sodium outside the traced layer, or what was labelled as dead sodium.
    labels
        ``(y, x)`` ids of `SectionClass`; the layer itself is SODIUM.
    connectivity
        4 or 8 neighbours that count as connected.

    Raises
    ------
    SegmentationError
        When the shapes differ or the connectivity is neither 4 nor 8.
    """
    if connectivity not in (4, 8):
        raise SegmentationError(f"connectivity: found {connectivity}; choose 4 or 8 neighbours.")
    if sodium_grey.shape != labels.shape:
        raise SegmentationError(
            f"sodium_grey: shape {sodium_grey.shape} for labels of shape {labels.shape}; give one mask for one image."
        )
    grey = sodium_grey & ~any_of(labels, _NEVER)
    if not grey.any():
        return DeadSodium(np.zeros(labels.shape, np.int32), _state_table(*(np.zeros(1, bool),) * 3), grey, (0, 0))
    rows = _rows_around(grey)
    looked, part = grey[rows], labels[rows]
    at = np.flatnonzero(looked)
    other_dead = int((~_connected(looked, part, at, 8 if connectivity == 4 else 4).path[1:]).sum())
    found = _connected(looked, part, at, connectivity)
    own_dead = int((~found.path[1:]).sum())
    label = found.objects.ravel()[at]
    contact = _per_label(label, _beside((part == SectionClass.ELECTROLYTE) & ~looked, 4).ravel()[at], found.path.size)
    objects, dead = np.zeros(labels.shape, np.int32), np.zeros(labels.shape, bool)
    objects[rows] = found.objects
    dead[rows].reshape(-1)[at] = ~found.path[label]
    table = _state_table(found.path, contact, _cut_by_frame(objects, labels, grey, found.path.size))
    counts = (other_dead, own_dead) if connectivity == 4 else (own_dead, other_dead)
    return DeadSodium(objects, table, dead, counts)


class _Connected(NamedTuple):
    """Objects ``(y, x)`` int32, and per label whether a conductor adjoins it."""

    objects: npt.NDArray[np.int32]
    path: npt.NDArray[np.bool_]


def _connected(
    grey: npt.NDArray[np.bool_], labels: npt.NDArray[np.integer], at: npt.NDArray[np.intp], connectivity: Literal[4, 8]
) -> _Connected:
    # the order of OpenCV's labels is that of its blocks and threads
    objects = np.asarray(cv2.connectedComponents(grey.view(np.uint8), connectivity=connectivity)[1], np.int32)
    label = numbered_as_met(objects.ravel()[at])
    objects.reshape(-1)[at] = label
    conductor = any_of(labels, _CONDUCTORS) & ~grey
    return _Connected(objects, _per_label(label, _beside(conductor, connectivity).ravel()[at], int(label.max()) + 1))


def _rows_around(mask: npt.NDArray[np.bool_]) -> slice:
    """Return the rows that hold something of the mask, and one more on either side."""
    held = np.flatnonzero(mask.any(axis=1))
    return slice(max(int(held[0]) - 1, 0), int(held[-1]) + 2)


def _beside(mask: npt.NDArray[np.bool_], connectivity: Literal[4, 8]) -> npt.NDArray[np.bool_]:
    """Return the mask and its neighbours."""
    shape = cv2.MORPH_CROSS if connectivity == 4 else cv2.MORPH_RECT
    return cv2.dilate(mask.view(np.uint8), cv2.getStructuringElement(shape, (3, 3))).view(bool)


def _per_label(label: npt.NDArray[np.integer], flags: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Return per label whether one of its pixels is flagged; False for 0."""
    found = np.zeros(count, bool)
    found[label[flags]] = True
    found[0] = False
    return found


def _state_table(
    path: npt.NDArray[np.bool_], contact: npt.NDArray[np.bool_], cut: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    import pandas as pd

    state = np.select([path & contact, path, cut, contact], [STATES[0], STATES[1], STATES[4], STATES[2]], STATES[3])
    return pd.DataFrame(
        {
            "label": np.arange(1, path.size),
            "state": state[1:].astype(object),
            "path_to_collector": path[1:],
            "contact_with_electrolyte": contact[1:],
        }
    )


def _cut_by_frame(
    objects: npt.NDArray[np.int32], labels: npt.NDArray[np.integer], grey: npt.NDArray[np.bool_], count: int
) -> npt.NDArray[np.bool_]:
    """Return per label whether it reaches the frame of the picture or the data bar below it."""
    found = np.zeros(count, bool)
    for edge in (objects[0], objects[-1], objects[:, 0], objects[:, -1]):
        found[edge] = True
    rows = _rows_around(grey)
    above = slice(rows.start, min(rows.stop, len(labels) - 1))
    bar = grey[above] & (labels[above.start + 1 : above.stop + 1] == SectionClass.OUTSIDE)
    found[objects[above][bar]] = True
    found[0] = False
    return found
