"""Dead sodium of a labelled section: objects, their state, shape and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.measure.dead_sodium import dead_sodium_quantities, shape_class, skeleton_columns, withheld_dead_sodium
from sodalite.measure.objects import object_table
from sodalite.segment.dead_sodium import classify_dead_sodium

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.pipelines.cross_section import CrossSection
    from sodalite.quantity import Quantity

_AROUND_PX = 4
"""Rows kept around the objects, so that those at the edge of the cut are at the frame of the image."""

_ROOT_PX = 2.0
"""Depth in px to which sodium under the electrolyte's face is its roughness and not an outgrowth."""


class DeadObjects(NamedTuple):
    """Sodium-grey objects beyond the layer: the rows around them, their numbers there, which are dead, and counts."""

    rows: slice
    objects: np.ndarray
    dead: np.ndarray
    table: pd.DataFrame
    count_range: tuple[int, int]

    def settled(self, labels: np.ndarray) -> np.ndarray:
        """Return the labels with the objects that are dead as dead sodium, and the others as sodium."""
        if not self.objects.any():
            return labels
        by_state = np.where(self.dead, np.uint8(SectionClass.DEAD_SODIUM), np.uint8(SectionClass.SODIUM))
        settled = labels.copy()
        settled[self.rows] = np.where(self.objects > 0, by_state, labels[self.rows])
        return settled

    def beyond_face_px(self, electrolyte_row: np.ndarray) -> int:
        """Return the pixels below the electrolyte's face that are sodium with a path to the collector."""
        row = np.arange(self.rows.start, self.rows.stop)[: len(self.objects), None]
        return int(np.count_nonzero((self.objects > 0) & ~self.dead & (row >= electrolyte_row)))


def dead_objects(
    recipe: CrossSection, labels: np.ndarray, faces: tuple[np.ndarray, np.ndarray], spacing_um: tuple[float, float]
) -> DeadObjects:
    """Return the dead sodium and the outgrowths of the layer, which have a path to the collector and are not dead."""
    rows, seen = _with_outgrowths(labels, faces[1])
    states = classify_dead_sodium(seen == SectionClass.DEAD_SODIUM, seen, connectivity=recipe.connectivity)
    sizes = object_table(
        states.objects,
        spacing_um,
        collector_row=faces[0] - rows.start,
        electrolyte_row=faces[1] - rows.start,
        contact_um=recipe.contact_distance_px * max(spacing_um),
    )
    sizes["z_um"] += rows.start * spacing_um[0]
    table = skeleton_columns(states.objects, sizes.merge(states.table, on="label", validate="one_to_one"), spacing_um)
    shape = shape_class(
        table,
        resolved_ecd_um=recipe.dead_sodium_min_ecd_px * float(np.sqrt(spacing_um[0] * spacing_um[1])),
        round_circularity=recipe.round_circularity,
        round_aspect_ratio=recipe.round_aspect_ratio,
        long_aspect_ratio=recipe.long_aspect_ratio,
        open_solidity=recipe.open_solidity,
    )
    return DeadObjects(rows, states.objects, states.dead, table.assign(shape=shape), states.count_range)


def _with_outgrowths(labels: np.ndarray, electrolyte_row: np.ndarray) -> tuple[slice, np.ndarray]:
    """Return the rows around the dead sodium and the outgrowths, and their labels with both as dead sodium."""
    height = labels.shape[0]
    deepest = np.where(np.isfinite(electrolyte_row), np.floor(electrolyte_row + _ROOT_PX), height).astype(np.int32)
    top = max(int(deepest.min(initial=height)), 0)
    beyond = np.arange(top, height, dtype=np.int32)[:, None] > deepest
    outgrowth = (labels[top:] == SectionClass.SODIUM) & beyond
    held = np.concatenate(
        [np.flatnonzero((labels == SectionClass.DEAD_SODIUM).any(axis=1)), top + np.flatnonzero(outgrowth.any(axis=1))]
    )
    rows = slice(max(int(held.min(initial=height)) - _AROUND_PX, 0), int(held.max(initial=-1)) + 1 + _AROUND_PX)
    seen = labels[rows].copy()
    start = max(top - rows.start, 0)
    seen[start:][outgrowth[max(rows.start - top, 0) : max(rows.stop - top, 0)]] = SectionClass.DEAD_SODIUM
    return rows, seen


def dead_quantities(
    recipe: CrossSection,
    labels: np.ndarray,
    dead: DeadObjects,
    electrolyte_row: np.ndarray,
    spacing_um: tuple[float, float],
    reason: str,
) -> list[Quantity]:
    """Return the dead-sodium quantities; withheld with the reason when nothing was looked for."""
    if reason:
        return withheld_dead_sodium(reason)
    known = electrolyte_row[np.isfinite(electrolyte_row)]
    top = int(np.clip(known.min(initial=labels.shape[0] - 1), 0, labels.shape[0] - 1))
    if dead.dead.any():
        top = min(top, dead.rows.start)
    return dead_sodium_quantities(
        labels[top:],
        dead.table,
        electrolyte_row - top,
        spacing_um,
        density_g_cm3=recipe.density_g_cm3,
        count_range=dead.count_range,
    )
