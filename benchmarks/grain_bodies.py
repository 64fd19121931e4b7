"""Bodies of grains with known numbers, and parallel sections through them as a map shows them: for `fit_tracking`.

Random (Voronoi and power diagrams), flattened and drawn, grown by curvature (threshold dynamics: Elsey, Esedoglu &
Smereka 2009, 10.1016/j.jcp.2009.07.020), cut by twins, and a plane that coarsens in time. Sections have grains of 8 to
22 points across and show a part of what is larger, or the frame would cut no slivers; segmentation overlooks
boundaries, moves and roughens outlines, drops points there, and lays sections askew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.track.contacts import find_contacts

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("voronoi", "power", "curved", "twinned", "twinned", "columnar", "coarsening", "twinned")
SIDE, PLANE_SIDE = 110, 140
SPACINGS, PAUSES = (1, 2, 4), (1, 3, 6)
_MOST_SECTIONS = {1: 16}
_SECTIONS = 24
_LEAST_POINTS = 8
_MARGIN = 1.0
"""Bodies reach beyond each side of a section by this many grains."""


def sections_of(seed: int) -> dict[str, Sequence[np.ndarray]]:
    """Return series of sections ``(rows, columns)``, numbers from 1, 0 = not indexed, through the body of a seed."""
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    across = float(np.exp(rng.uniform(np.log(8), np.log(22))))
    margin = int(np.ceil(_MARGIN * across))
    larger = _coarsening(across, margin, rng) if kind == "coarsening" else _body(kind, across, margin, rng)
    body = larger[:, margin:-margin, margin:-margin]
    noise = {
        "overlooked": rng.choice([0, 0, 0.01, 0.03]),
        "waviness": rng.choice([0, 0.2, 0.4, 0.8]),
        "wavelength": rng.uniform(2, 5),
        "roughness": rng.choice([0, 0, 0, 0.3]),
        "misplacement": rng.choice([0, 0.3, 0.5]),
        "dropped": rng.choice([0, 0, 0, 0.3]),
    }
    spacings = PAUSES if kind == "coarsening" else SPACINGS
    return {
        f"{kind} {seed}, every {every}": [
            _as_seen(section, rng, **noise) for section in body[::every][: _MOST_SECTIONS.get(every, _SECTIONS)]
        ]
        for every in spacings
    }


def _body(kind: str, across: float, margin: int, rng: np.random.Generator) -> np.ndarray:
    """Return a body of grains, section by section, with a margin about each."""
    shape = (SIDE, SIDE + 2 * margin, SIDE + 2 * margin)
    count = max(40, int(np.prod(shape) / (np.pi / 6 * (1.15 * across) ** 3)))
    stretch = np.ones(3)
    if kind == "columnar" or rng.random() < 0.25:
        stretch = np.exp((0.35 if kind == "columnar" else 0.2) * rng.normal(size=3))
    if kind == "voronoi":
        return _parts(power_cells(shape, count, 0.0, stretch, rng))
    if kind == "power":
        return _parts(power_cells(shape, count, rng.uniform(0.3, 0.7), stretch, rng))
    if kind in ("curved", "columnar"):
        cells = power_cells(shape, int(1.5 * count), rng.uniform(0, 0.6), stretch, rng)
        return _parts(curved(cells, across / 9, int(rng.integers(2, 5))))
    cells = power_cells(shape, int(count * rng.uniform(0.5, 0.9)), rng.uniform(0.2, 0.8), stretch, rng)
    if rng.random() < 0.7:
        cells = curved(cells, across / 9, int(rng.integers(1, 4)))
    return _parts(twinned(cells, rng.uniform(0.3, 0.8), across * rng.uniform(0.25, 0.6), rng))


def _coarsening(across: float, margin: int, rng: np.random.Generator) -> np.ndarray:
    """Return a plane that coarsens, step by step, with a margin about it."""
    side = PLANE_SIDE + 2 * margin
    count = int(2.5 * side**2 / (np.pi / 4 * across**2))
    plane = power_cells((side, side), count, rng.uniform(0, 0.5), np.ones(2), rng)
    steps = []
    for _ in range(60):
        plane = curved(plane, max(1.2, across / 10), 1)
        steps.append(plane)
    return 1 + np.stack(steps[5:])


def power_cells(
    shape: tuple[int, ...], count: int, spread: float, stretch: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the cells of a power diagram, from 0, whose radii are log-normal, lengths measured with a stretch."""
    from scipy.spatial import cKDTree

    box = np.array(shape) * stretch / np.prod(stretch) ** (1 / len(shape))
    mean = (box.prod() / count) ** (1 / len(shape))
    radius = 0.5 * mean * np.exp(spread * rng.normal(size=count) - 0.5 * spread**2)
    weight = np.minimum(radius, 1.5 * mean) ** 2
    tree = cKDTree(np.column_stack((rng.random((count, len(shape))) * box, np.sqrt(weight.max() - weight))))
    points = np.stack(np.indices(shape), axis=-1).reshape(-1, len(shape)) * (box / shape)
    return tree.query(np.column_stack((points, np.zeros(len(points)))))[1].reshape(shape)


def curved(cells: np.ndarray, sigma: float, rounds: int) -> np.ndarray:
    """Return cells, from 0, whose boundaries have moved by their curvature."""
    from scipy.ndimage import find_objects, gaussian_filter

    reach = int(np.ceil(3 * sigma))
    for _ in range(rounds):
        most, owner = np.full(cells.shape, -1, np.float32), cells.copy()
        for number, box in enumerate(find_objects(cells + 1)):
            if box is None:
                continue
            around = tuple(slice(max(0, side.start - reach), side.stop + reach) for side in box)
            own = gaussian_filter((cells[around] == number).astype(np.float32), sigma, truncate=3, mode="nearest")
            wins = own > most[around]
            most[around][wins], owner[around][wins] = own[wins], number
        cells = owner
    return cells


def twinned(cells: np.ndarray, share: float, width: float, rng: np.random.Generator) -> np.ndarray:
    """Return cells, from 0, of which a share is cut by one or two sets of parallel lamellae."""
    from scipy.ndimage import find_objects

    found, free = cells.copy(), int(cells.max()) + 1
    for number, box in enumerate(find_objects(cells + 1)):
        if box is None or rng.random() > share:
            continue
        inside = cells[box] == number
        if inside.sum() < 200:
            continue
        for _ in range(1 if rng.random() < 0.8 else 2):
            normal = rng.normal(size=3)
            height = np.tensordot(normal / np.linalg.norm(normal), np.indices(inside.shape), 1)
            low, high = np.quantile(height[inside], [0.02, 0.98])
            for _ in range(rng.choice([1, 1, 2])):
                start = rng.uniform(low, high)
                stop = start + min(width * np.exp(0.5 * rng.normal()), 0.7 * (high - low))
                found[box][inside & (height > start) & (height < stop)] = free
                free += 1
            inside &= found[box] == number
    return found


def _parts(cells: np.ndarray) -> np.ndarray:
    """Return connected parts of cells, numbered from 1; specks go to the nearest part."""
    from scipy.ndimage import distance_transform_edt, find_objects, label

    parts, free = np.zeros(cells.shape, np.int64), 0
    for number, box in enumerate(find_objects(cells + 1)):
        if box is not None:
            own, count = label(cells[box] == number)
            parts[box][own > 0] = own[own > 0] + free
            free += count
    specks = (np.bincount(parts.ravel()) < _LEAST_POINTS)[parts]
    if specks.any():
        parts = parts[tuple(distance_transform_edt(specks, return_distances=False, return_indices=True))]
    return parts


def _merged(section: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a section in which a share of grains is one with its nearest neighbour, under the larger one's number."""
    if share == 0:
        return section
    points = np.bincount(section.ravel())
    numbers = np.arange(points.size)
    contacts = find_contacts(section, points.size - 1).share
    for number in np.flatnonzero((points > 0) & (rng.random(points.size) < share)).tolist():
        near = int(contacts[[number]].toarray().argmax())
        smaller, larger = sorted((number, near), key=lambda grain: points[grain])
        numbers[smaller] = larger
    return numbers[section]


def _as_seen(
    section: np.ndarray,
    rng: np.random.Generator,
    *,
    overlooked: float,
    waviness: float,
    wavelength: float,
    roughness: float,
    misplacement: float,
    dropped: float,
) -> np.ndarray:
    """Return a section as segmentation sees it.

    Parameters
    ----------
    section, rng
        Numbers of grains ``(rows, columns)``, and where chance comes from.
    overlooked
        Share of grains that pass for a neighbour.
    waviness, wavelength, roughness
        How far outlines move together over a distance, and point by point, in points.
    misplacement
        How far the section lies askew, in points.
    dropped
        Share of boundary points that are not indexed.
    """
    from scipy.ndimage import gaussian_filter

    section = _merged(section, overlooked, rng)
    places = []
    for at, size in zip(np.indices(section.shape), section.shape, strict=True):
        wave = gaussian_filter(rng.normal(size=section.shape), wavelength)
        rough = roughness * rng.normal(size=section.shape)
        moved = at + wave * waviness / wave.std() + rough + np.rint(misplacement * rng.normal())
        places.append(np.clip(np.rint(moved), 0, size - 1).astype(int))
    seen = section[tuple(places)]
    edge = np.zeros(seen.shape, dtype=bool)
    for axis in (0, 1):
        line, outline = np.moveaxis(seen, axis, 0), np.moveaxis(edge, axis, 0)
        outline[1:] |= line[1:] != line[:-1]
        outline[:-1] |= line[1:] != line[:-1]
    return np.where(edge & (rng.random(seen.shape) < dropped), 0, seen)
