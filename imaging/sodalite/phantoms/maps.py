"""EBSD maps whose every grain is known exactly.

>>> phantom = make_map((120, 160), (0.5, 0.5), grains=60, seed=1)
>>> int(phantom.truth["grain_count"]) == phantom.grain_ids.max()
True

A scene (`sodalite.phantoms.map_scene.MapScene`) is drawn from the seed: cells (`map_cells`), one orientation each
(`map_orientations`), points that could not be indexed, and the truth (`map_truth`). `map_files` writes it as the
vendors do.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.ebsd import EbsdMap
from sodalite.ebsd.frames import euler_from_quaternions, quaternions_in_map_frame
from sodalite.phantoms.map_cells import (
    assign_points,
    connected_labels,
    cut_lamellae,
    draw_regions,
    lattice_points,
    neighbour_pairs,
)
from sodalite.phantoms.map_orientations import CrystalDraw, point_orientations
from sodalite.phantoms.map_scene import ALUMINIUM, LITHIUM, NZSP, SODIUM, MapScene
from sodalite.phantoms.map_truth import boundaries_table, grains_table, true_quantities

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["ALUMINIUM", "LITHIUM", "MapPhantom", "MapScene", "NZSP", "SODIUM", "make_map"]

_TSL_UNINDEXED_RAD = 4 * np.pi


class Crystals(NamedTuple):
    """Phase, parent (a lamella's host, itself otherwise) and orientation of each crystal, from 0."""

    phase: np.ndarray
    parent: np.ndarray
    orientation: np.ndarray


@dataclass(frozen=True, slots=True)
class MapPhantom:
    """A map and the truth behind it.

    Attributes
    ----------
    ebsd
        What the microscope wrote.
    cell_ids
        ``(n,)`` int64: crystal of each point from 0, not indexed points included.
    grain_ids
        ``(n,)`` uint32: connected indexed points of one crystal, numbered from 1 by their first points; 0 = not
        indexed. A flood fill finds them at every threshold above the noise and below the least disorientation.
    orientations
        ``(cells, 4)``: orientation of each crystal, from map directions (x right, y down, z inwards) to the crystal.
    grains
        One row a grain: label, cell, phase, pixels, area_um2, ecd_um, gos_deg, kam_deg, x_um, y_um, on_border,
        w, x, y, z (mean orientation).
    boundaries
        One row a pair of neighbouring grains of one phase: grain_a, grain_b, links (pairs of neighbouring points),
        disorientation_deg (of the two crystals), twin.
    truth
        Quantity of the glossary -> exact value in its unit, over all grains, however small or cut by the border.
    scene
        What was drawn.
    """

    ebsd: EbsdMap
    cell_ids: np.ndarray
    grain_ids: np.ndarray
    orientations: np.ndarray
    grains: pd.DataFrame
    boundaries: pd.DataFrame
    truth: Mapping[str, float]
    scene: MapScene

    @property
    def labels(self) -> np.ndarray:
        """Grain ids as ``(rows, columns)``, 0 where there is no point."""
        return self.ebsd.on_grid(self.grain_ids, fill=0)


def make_map(
    shape: tuple[int, int] = (120, 160),
    step_um: float | tuple[float, float] = 0.5,
    *,
    grains: int,
    seed: int,
    scene: MapScene | None = None,
    name: str = "phantom",
    **fields: Any,
) -> MapPhantom:
    """Return an EBSD map with exact truth.

    Parameters
    ----------
    shape
        Rows and columns of the grid.
    step_um
        Step along (x, y), or one for both; hexagonal rows are sqrt(3) / 2 of the first apart.
    grains
        Centres of crystals inside the film, or the map where there is no film. The crystals seen are more: those whose
        centres lie beyond the edge are cut by it.
    seed
        Equal seeds give equal maps.
    scene
        What is shown; defaults of `MapScene`.
    name
        Of the map.
    **fields
        Fields of `MapScene` that replace those of `scene`.

    Raises
    ------
    TypeError
        When `MapScene` has no such field.
    ValueError
        When a field is out of its range, neighbours cannot be kept apart or twins find no room.
    """
    scene = dataclasses.replace(scene or MapScene(), **fields)
    rng = np.random.default_rng([seed, *b"map"])
    steps = (step_um, step_um) if isinstance(step_um, (int, float)) else step_um
    points_um = lattice_points(shape, steps, scene.lattice)
    size_um = (float(points_um[:, 1].max()) + steps[1], float(points_um[:, 0].max()) + steps[0])
    cell, phase = assign_points(points_um, draw_regions(scene, grains, size_um, rng))
    film = np.isin(phase, np.arange(1, scene.film_phases + 1))
    cell, parent = cut_lamellae(points_um, cell, np.flatnonzero(film), scene.twins, rng)
    phase, film = phase[parent], film[parent]
    bare = _assemble(np.zeros((cell.size, 4)), phase[cell], points_um, scene, name, steps)
    touching = touching_cells(cell, neighbour_pairs(bare.grid))
    orientation = CrystalDraw(scene, phase, parent, film, rng).draw(touching[:, 0], touching[:, 1])
    return map_of_cells(points_um, cell, Crystals(phase, parent, orientation), scene, rng, name=name, step_um=steps)


def touching_cells(cell: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the pairs of different cells that neighbouring points lie in, ``(m, 2)``, each once."""
    touching = np.unique(np.sort(np.stack([cell[side] for side in pairs], axis=1), axis=1), axis=0)
    return touching[touching[:, 0] != touching[:, 1]]


def map_of_cells(
    points_um: np.ndarray,
    cell: np.ndarray,
    crystals: Crystals,
    scene: MapScene,
    rng: np.random.Generator,
    *,
    name: str,
    step_um: tuple[float, float],
) -> MapPhantom:
    """Return the map of points whose crystals are known: noise, points not indexed, qualities and the truth.

    Parameters
    ----------
    points_um, cell
        ``(n, 2)`` places and ``(n,)`` crystal of each point.
    step_um
        Along (x, y).
    """
    phase, parent, orientation = crystals
    pairs = neighbour_pairs(_assemble(np.zeros((cell.size, 4)), phase[cell], points_um, scene, name, step_um).grid)
    quaternions = point_orientations(orientation, cell, points_um, scene, rng)
    indexed = (phase[cell] > 0) & ~_unindexed(points_um, cell, pairs, scene, rng)
    ebsd = _assemble(quaternions, np.where(indexed, phase[cell], 0), points_um, scene, name, step_um)
    ebsd = dataclasses.replace(ebsd, quality=_quality(indexed, _at_boundary(cell, pairs), scene, rng))
    grain = connected_labels(cell, indexed, ebsd.grid)
    table = grains_table(ebsd, grain, cell, quaternions, pairs)
    borders = boundaries_table(table, grain, pairs, orientation, parent, scene.map_phases)
    truth = true_quantities(table, borders, grain, scene, orientation)
    return MapPhantom(ebsd, cell, grain, orientation, table, borders, truth, scene)


def _assemble(
    quaternions: np.ndarray,
    phase_id: np.ndarray,
    points_um: np.ndarray,
    scene: MapScene,
    name: str,
    steps: tuple[float, float],
) -> EbsdMap:
    """Return the map of orientations in map coordinates; points not indexed get the angles that their vendor writes."""
    # every frame is the map's own axes or a half turn of them, so that going there and coming back are the same
    euler = euler_from_quaternions(quaternions_in_map_frame(quaternions, scene.frame))
    euler[phase_id == 0] = _TSL_UNINDEXED_RAD if scene.frame.startswith("tsl") else 0.0
    return EbsdMap.from_points(
        euler, phase_id.astype(np.int16), scene.map_phases, points_um[:, 0].copy(), points_um[:, 1].copy(),
        frame=scene.frame, name=name, step_um=steps,
    )  # fmt: skip


def _at_boundary(cell: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    first, second = pairs
    apart = cell[first] != cell[second]
    mark = np.zeros(cell.size, dtype=bool)
    mark[first[apart]] = mark[second[apart]] = True
    return mark


def _unindexed(
    points_um: np.ndarray,
    cell: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray],
    scene: MapScene,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return which points are not indexed: exact shares of all points and of those at boundaries, and bands."""
    missing = np.zeros(cell.size, dtype=bool)
    missing[rng.permutation(cell.size)[: round(scene.unindexed_fraction * cell.size)]] = True
    edge = rng.permutation(np.flatnonzero(_at_boundary(cell, pairs)))
    missing[edge[: round(scene.unindexed_boundary_fraction * edge.size)]] = True
    size = points_um.max(axis=0)
    for _ in range(scene.unindexed_bands):
        angle = rng.uniform(0, np.pi)
        offset = (points_um - rng.uniform(0.2, 0.8, 2) * size) @ (np.cos(angle), np.sin(angle))
        missing |= np.abs(offset) < scene.band_um / 2
    return missing


def _quality(
    indexed: np.ndarray, at_boundary: np.ndarray, scene: MapScene, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return qualities as the vendor of the frame has them: good inside crystals, poor at boundaries."""
    good = np.where(at_boundary, 0.35, 0.8) + rng.normal(0, 0.06, indexed.size)
    good = np.where(indexed, np.clip(good, 0.05, 1.0), 0.04)
    if scene.frame.startswith("tsl"):
        return {
            "iq": np.round(2500 * good, 1).astype(np.float32),
            "ci": np.where(indexed, np.round(good, 3), -1).astype(np.float32),
            "sem_signal": np.ones(indexed.size, np.float32),
            "fit": np.where(indexed, np.round(2 - 1.6 * good, 2), 180).astype(np.float32),
        }
    return {
        "bands": np.where(indexed, np.rint(5 + 5 * good), 0).astype(np.uint8),
        "error": np.where(indexed, 0, 3).astype(np.uint8),
        "mad": np.where(indexed, np.round(1.4 - 1.1 * good, 4), 0).astype(np.float32),
        "bc": np.rint(60 + 120 * good).astype(np.uint8),
        "bs": np.rint(80 + 150 * good).astype(np.uint8),
    }
