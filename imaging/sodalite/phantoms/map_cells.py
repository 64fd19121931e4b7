"""Which crystal each point of a phantom map lies in: Voronoi cells, stretched cells, columns through a film, lamellae.

Points and centres are ``(n, 2)`` arrays x, y in um, x to the right and y down, as in `sodalite.ebsd.EbsdMap`. Centres
are drawn once and points are assigned afterwards, so that a series can move the centres and assign again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sodalite.ebsd import Grid
    from sodalite.phantoms.map_scene import MapScene

_ROW_HEIGHT = math.sqrt(3) / 2
"""Distance of the rows of a hexagonal grid in steps."""


class Region(NamedTuple):
    """A horizontal band of the map and the centres of the crystals in it.

    Attributes
    ----------
    top_um, bottom_um
        Depth of its faces.
    phase
        Number of the phase of each centre, ``(m,)``; 0 = not indexed.
    centres_um
        ``(m, 2)``: x, y.
    scale
        Distances to the centres are taken after multiplying (x, y) by this: (1, 1 / k) stretches cells k times along y,
        (1, 0) makes columns.
    lean
        Tangent of the angle by which the region is sheared along x, about its top.
    """

    top_um: float
    bottom_um: float
    phase: np.ndarray
    centres_um: np.ndarray
    scale: tuple[float, float]
    lean: float


def lattice_points(shape: tuple[int, int], step_um: tuple[float, float], lattice: str) -> np.ndarray:
    """Return the points of a grid row after row, ``(n, 2)`` x, y in um.

    Parameters
    ----------
    shape
        Rows and columns; every second row of a hexagonal grid has one point less and is shifted by half a step.
    step_um
        Step along (x, y); a hexagonal grid takes x and makes the rows sqrt(3) / 2 of it apart.
    lattice
        ``square`` or ``hex``.
    """
    rows, columns = shape
    if lattice == "square":
        x, y = np.meshgrid(np.arange(columns) * step_um[0], np.arange(rows) * step_um[1])
        return np.stack((x.ravel(), y.ravel()), axis=1)
    lines = [
        np.stack(((np.arange(columns - row % 2) + 0.5 * (row % 2)) * step_um[0], np.full(columns - row % 2, row * 1.0)))
        for row in range(rows)
    ]
    points = np.concatenate(lines, axis=1).T
    points[:, 1] *= step_um[0] * _ROW_HEIGHT
    return points


def neighbour_pairs(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of neighbouring points, each pair once: four neighbours on a square grid, six on a hexagonal.

    Returns
    -------
    first, second
        ``(m,)`` int64, numbers of points.
    """
    rows, columns = grid.shape
    number = np.full((rows, columns), -1)
    number[grid.row, grid.col] = np.arange(grid.row.size)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    if grid.lattice == "hex":
        right = np.arange(rows - 1) % 2 == grid.shifted_parity
        pairs.append((number[:-1][right][:, :-1], number[1:][right][:, 1:]))
        pairs.append((number[:-1][~right][:, 1:], number[1:][~right][:, :-1]))
    first = np.concatenate([a.ravel() for a, _ in pairs])
    second = np.concatenate([b.ravel() for _, b in pairs])
    both = (first >= 0) & (second >= 0)
    return first[both], second[both]


def draw_regions(
    scene: MapScene, grains: int, size_um: tuple[float, float], rng: np.random.Generator
) -> tuple[Region, ...]:
    """Return the regions of a map of ``(height, width)`` um, from its top to its bottom.

    The density of centres is that of `grains` in the film (or in the map where there is no film); centres beyond the
    edges go on with it, so that crystals are cut by the edges as a real map cuts them.
    """
    height, width = size_um
    top, bottom = scene.film_um or (0.0, height)
    regions = [_film(scene, grains, (top, bottom), width, rng)]
    for phase, low, high in ((scene.outside[0], 0.0, top), (scene.outside[1], bottom, height)):
        if high > low:
            regions.append(_outside(phase, (low, high), width, scene.outside_um, rng))
    return tuple(sorted(regions, key=lambda region: region.top_um))


def _film(
    scene: MapScene, grains: int, faces_um: tuple[float, float], width: float, rng: np.random.Generator
) -> Region:
    height = faces_um[1] - faces_um[0]
    lean = math.tan(math.radians(scene.lean_deg))
    if scene.structure == "columnar":
        margin = 3 * width / grains + abs(lean) * height
        x = _line(grains, width, margin, rng)
        centres = np.stack((x, np.full(x.size, faces_um[0])), axis=1)
        scale = (1.0, 0.0)
    else:
        scale = (1.0, 1.0 / scene.stretch)
        centres = _plane(grains, (width, height * scale[1]), abs(lean) * height, rng) / (1.0, scale[1])
        centres[:, 1] += faces_um[0]
    shares = np.array(scene.phase_fractions or [1.0] * scene.film_phases)
    phase = 1 + rng.choice(shares.size, size=len(centres), p=shares / shares.sum())
    return Region(*faces_um, phase, centres, scale, lean)


def _outside(
    phase: int, faces_um: tuple[float, float], width: float, mean_um: float, rng: np.random.Generator
) -> Region:
    height = faces_um[1] - faces_um[0]
    number = max(1, round(width * height / mean_um**2))
    centres = _plane(number, (width, height), 0.0, rng)
    centres[:, 1] += faces_um[0]
    return Region(*faces_um, np.full(len(centres), phase), centres, (1.0, 1.0), 0.0)


def _line(inside: int, width: float, margin: float, rng: np.random.Generator) -> np.ndarray:
    """Return `inside` places on (0, width), half the mean distance apart or more, and such ones `margin` beyond."""
    pitch = width / inside
    beyond = math.ceil(margin / pitch)
    number = np.arange(-beyond, inside + beyond)
    return (number + 0.5 + rng.uniform(-0.25, 0.25, number.size)) * pitch


def _plane(inside: int, size: tuple[float, float], shear: float, rng: np.random.Generator) -> np.ndarray:
    """Return a Poisson process conditioned on `inside` points in the window, with a margin of four mean distances."""
    width, height = size
    margin = 4 * math.sqrt(width * height / inside)
    low, high = np.array([-margin - shear, -margin]), np.array([width + margin + shear, height + margin])
    within = rng.uniform((0, 0), (width, height), (inside, 2))
    density = inside / (width * height)
    beyond = rng.uniform(low, high, (rng.poisson(density * float((high - low).prod())), 2))
    outside = (beyond < 0).any(axis=1) | (beyond > (width, height)).any(axis=1)
    return np.concatenate((within, beyond[outside]))


def assign_points(points_um: np.ndarray, regions: tuple[Region, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each point, ``(n,)`` from 0, and the phase of each cell, ``(cells,)``.

    Cells without a point are left out. A point belongs to the nearest centre of its region in the region's metric.
    """
    from scipy.spatial import cKDTree

    cell = np.zeros(len(points_um), dtype=np.int64)
    before = 0
    for region in regions:
        inside = (points_um[:, 1] >= region.top_um) & (points_um[:, 1] < region.bottom_um)
        if region is regions[-1]:
            inside |= points_um[:, 1] >= region.bottom_um
        sheared = points_um[inside] - np.stack(
            (region.lean * (points_um[inside, 1] - region.top_um), np.zeros(int(inside.sum()))), axis=1
        )
        tree = cKDTree(region.centres_um * region.scale)
        cell[inside] = before + tree.query(sheared * region.scale)[1]
        before += len(region.centres_um)
    phase = np.concatenate([region.phase for region in regions])
    seen, cell = np.unique(cell, return_inverse=True)
    return cell, phase[seen]


def cut_lamellae(
    points_um: np.ndarray, cell: np.ndarray, candidates: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells with a lamella cut through `count` of the `candidates`, and the parent of every cell.

    A lamella is a straight band through the cell's centroid, a third of its extent wide, in a random direction; it is
    a new cell whose parent is the old one. Other cells are their own parents.

    Raises
    ------
    ValueError
        When there are fewer candidates.
    """
    sizes = np.bincount(cell)
    candidates = candidates[sizes[candidates] >= _LEAST_PARENT]
    if count > candidates.size:
        raise ValueError(f"twins={count}: only {candidates.size} crystals have {_LEAST_PARENT} points; ask for fewer.")
    chosen = rng.choice(candidates, size=count, replace=False)
    cell, parent = cell.copy(), np.concatenate((np.arange(sizes.size), chosen))
    for number, old in enumerate(chosen, start=sizes.size):
        members = np.flatnonzero(cell == old)
        offset = points_um[members] - points_um[members].mean(axis=0)
        angle = rng.uniform(0, math.pi)
        distance = offset @ (math.cos(angle), math.sin(angle))
        cell[members[np.abs(distance) < float(np.ptp(distance)) / 6]] = number
    return cell, parent


_LEAST_PARENT = 60
"""Points that a crystal needs to hold a lamella whose sides both remain."""


def connected_labels(group: np.ndarray, inside: np.ndarray, grid: Grid) -> np.ndarray:
    """Return connected points of one group, ``(n,)`` uint32: 0 where not `inside`, else 1, 2 ... by first points."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = neighbour_pairs(grid)
    same = (group[first] == group[second]) & inside[first] & inside[second]
    links = coo_array((np.ones(int(same.sum()), bool), (first[same], second[same])), shape=(group.size, group.size))
    component = connected_components(links, directed=False)[1]
    labels = np.zeros(group.size, dtype=np.uint32)
    _, at, inverse = np.unique(component[inside], return_index=True, return_inverse=True)
    rank = np.empty(at.size, dtype=np.uint32)
    rank[np.argsort(at)] = np.arange(1, at.size + 1)
    labels[inside] = rank[inverse]
    return labels
