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

_ROOT_PX = 2.0
"""Depth in px to which sodium under the electrolyte's face is its roughness and not an outgrowth."""


class DeadObjects(NamedTuple):
    """Sodium-grey objects beyond the layer: label image, one row each, and their count at 8 and 4 neighbours."""

    objects: np.ndarray
    table: pd.DataFrame
    count_range: tuple[int, int]


def dead_objects(
    recipe: CrossSection, labels: np.ndarray, faces: tuple[np.ndarray, np.ndarray], spacing_um: tuple[float, float]
) -> DeadObjects:
    """Return the dead sodium and the outgrowths of the layer, which have a path to the collector and are not dead."""
    rows = np.arange(labels.shape[0])[:, None]
    outgrowth = (labels == SectionClass.SODIUM) & (rows > np.where(np.isfinite(faces[1]), faces[1], np.inf) + _ROOT_PX)
    seen = np.where(outgrowth, np.uint8(SectionClass.DEAD_SODIUM), labels)
    states = classify_dead_sodium(seen == SectionClass.DEAD_SODIUM, seen, connectivity=recipe.connectivity)
    sizes = object_table(
        states.objects,
        spacing_um,
        collector_row=faces[0],
        electrolyte_row=faces[1],
        contact_um=recipe.contact_distance_px * max(spacing_um),
    )
    table = skeleton_columns(states.objects, sizes.merge(states.table, on="label", validate="one_to_one"), spacing_um)
    shape = shape_class(
        table,
        resolved_ecd_um=recipe.dead_sodium_min_ecd_px * float(np.sqrt(spacing_um[0] * spacing_um[1])),
        round_circularity=recipe.round_circularity,
        round_aspect_ratio=recipe.round_aspect_ratio,
        long_aspect_ratio=recipe.long_aspect_ratio,
        open_solidity=recipe.open_solidity,
    )
    return DeadObjects(states.objects, table.assign(shape=shape), states.count_range)


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
    return dead_sodium_quantities(
        labels,
        dead.table,
        electrolyte_row,
        spacing_um,
        density_g_cm3=recipe.density_g_cm3,
        count_range=dead.count_range,
    )
