"""Dead sodium: sodium-grey objects in the electrolyte, and which of them have a path to the collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.errors import SegmentationError
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
    grey = sodium_grey & ~np.isin(labels, _NEVER)
    objects, path = _connected(grey, labels, connectivity)
    other: Literal[4, 8] = 8 if connectivity == 4 else 4
    other_dead = int((~_connected(grey, labels, other)[1][1:]).sum())
    own_dead = int((~path[1:]).sum())
    table = _state_table(objects, path, labels, grey)
    counts = (other_dead, own_dead) if connectivity == 4 else (own_dead, other_dead)
    return DeadSodium(objects, table, ~path[objects] & (objects > 0), counts)


def _connected(
    grey: npt.NDArray[np.bool_], labels: npt.NDArray[np.integer], connectivity: Literal[4, 8]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the objects of `grey`, and per label whether it hangs together with a conductor."""
    import cc3d

    conductor = np.isin(labels, _CONDUCTORS) & ~grey
    objects = np.asarray(cc3d.connected_components(grey, connectivity=connectivity), np.int32)
    together = cc3d.connected_components(grey | conductor, connectivity=connectivity)
    rooted = np.zeros(int(together.max(initial=0)) + 1, bool)
    rooted[np.unique(together[conductor])] = True
    path = np.zeros(int(objects.max(initial=0)) + 1, bool)
    path[objects[grey]] = rooted[together[grey]]
    return objects, path


def _state_table(
    objects: npt.NDArray[np.int32],
    path: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.integer],
    grey: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    import pandas as pd

    contact = _touching(objects, (labels == SectionClass.ELECTROLYTE) & ~grey, path.size)
    cut = _cut_by_frame(objects, labels, path.size)
    state = np.select([path & contact, path, cut, contact], [STATES[0], STATES[1], STATES[4], STATES[2]], STATES[3])
    return pd.DataFrame(
        {
            "label": np.arange(1, path.size),
            "state": state[1:].astype(object),
            "path_to_collector": path[1:],
            "contact_with_electrolyte": contact[1:],
        }
    )


def _touching(objects: npt.NDArray[np.int32], mask: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Return per label whether one of its pixels has an orthogonal neighbour in `mask`."""
    found = np.zeros(count, bool)
    for turned, aside in ((objects, mask), (objects.T, mask.T)):
        found[turned[1:][aside[:-1]]] = True
        found[turned[:-1][aside[1:]]] = True
    found[0] = False
    return found


def _cut_by_frame(objects: npt.NDArray[np.int32], labels: npt.NDArray[np.integer], count: int) -> npt.NDArray[np.bool_]:
    """Return per label whether it reaches the frame of the picture or the data bar below it."""
    found = np.zeros(count, bool)
    for edge in (objects[0], objects[-1], objects[:, 0], objects[:, -1]):
        found[edge] = True
    found[objects[:-1][labels[1:] == SectionClass.OUTSIDE]] = True
    found[0] = False
    return found
