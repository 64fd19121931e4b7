"""Boundaries of a labelled map: their lines, directions and misorientations, as numbers and tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.measure.boundaries import (
    boundary_network,
    boundary_quantities,
    boundary_table,
    hidden_note,
    hidden_share,
    inclination_table,
)
from sodalite.measure.boundary_character import (
    boundary_characters,
    character_quantities,
    misorientation_table,
    segment_lengths_um,
    sigma_3_segments,
)
from sodalite.measure.misorientation import boundary_segments
from sodalite.pipelines.grain_film import bricks
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.pipelines.grain_numbers import GrainMap
    from sodalite.pipelines.grains import Grains

_BIN_DEG = 5.0
_INCLINATION_BINS = 18


class Boundaries(NamedTuple):
    """Quantities and tables of the boundaries between grains that count."""

    quantities: list[Quantity]
    tables: dict[str, pd.DataFrame]


def measure_boundaries(recipe: Grains, grains: GrainMap, counted: np.ndarray) -> Boundaries:
    """Return what is measured of the boundaries; `counted` tells which labels count."""
    ebsd = grains.ebsd
    labels = np.where(counted[grains.labels], grains.labels, 0).astype(np.uint32)
    image = bricks(ebsd.on_grid(labels, fill=0), ebsd.grid)
    network = boundary_network(image.ids, image.spacing_um, is_hexagonal=ebsd.grid.lattice == "hex")
    lines = boundary_quantities(image.ids, image.spacing_um, network, growth_xy=recipe.growth_xy)
    table = boundary_table(network)
    segments = boundary_segments(grains.quaternions, grains.phase_id, grains.crystals.groups, ebsd.grid, labels)
    length_um = segment_lengths_um(segments, table)
    cubic = {k: group for k, group in enumerate(grains.crystals.groups, 1) if ebsd.phases[k - 1].is_cubic}
    sigma_3 = sigma_3_segments(grains.quaternions, grains.phase_id, segments, cubic)
    characters = boundary_characters(segments, length_um, sigma_3, table)
    own = np.unique(grains.phase_id[labels > 0])
    all_cubic = bool(own.size) and all(ebsd.phases[k - 1].laue_group == "m-3m" for k in own)
    tables = {
        "boundaries": _named(characters, grains),
        "misorientation": misorientation_table(segments, length_um, bin_deg=_BIN_DEG, cubic=all_cubic),
    }
    if recipe.growth_xy is not None:
        tables["inclination"] = inclination_table(network, growth_xy=recipe.growth_xy, bins=_INCLINATION_BINS)
    # boundaries hidden in gaps are of other kinds than those seen: seams that cannot be indexed are seldom low angles
    note = hidden_note(hidden_share(image.ids))
    kinds = [q.with_note(note) if note and not math.isnan(q.value) else q for q in character_quantities(characters)]
    return Boundaries([_explained(recipe, q) for q in lines] + kinds, tables)


def _explained(recipe: Grains, quantity: Quantity) -> Quantity:
    """Return the quantity, withheld in the words of the recipe where it needs a growth direction in the map."""
    if recipe.growth_xy is not None or quantity.quantity != "boundary_alignment":
        return quantity
    why = "growth_direction z leaves the map" if recipe.growth_direction == "z" else "growth_direction is not set"
    return Quantity.withheld(quantity.quantity, why)


def _named(characters: pd.DataFrame, grains: GrainMap) -> pd.DataFrame:
    """Return the table with the names of the phases on both sides."""
    phase = np.zeros(int(grains.labels.max(initial=0)) + 1, dtype=np.int64)
    phase[grains.labels] = grains.phase_id
    names = np.array(["", *(phase.name for phase in grains.ebsd.phases)], dtype=object)
    table = characters.copy()
    for place, side in enumerate(("label_1", "label_2"), start=1):
        table.insert(1 + place, f"phase_{place}", names[phase[table[side].to_numpy(np.int64)]])
    return table
