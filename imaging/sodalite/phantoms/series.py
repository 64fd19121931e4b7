"""Series of EBSD maps in which grains grow, shrink and vanish, the specimen drifts and turns, and all of it is known.

>>> phantom = make_series((60, 80), 0.5, grains=25, times_h=(0.0, 2.0, 4.0), growth_um2_h=1.5, seed=1)
>>> [len(step.grains) for step in phantom.maps]
[42, 38, 34]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sodalite.phantoms.map_cells import lattice_points, neighbour_pairs
from sodalite.phantoms.map_files import write_ang, write_ctf
from sodalite.phantoms.map_orientations import CrystalDraw, multiply
from sodalite.phantoms.map_scene import MapScene
from sodalite.phantoms.maps import Crystals, MapPhantom, map_of_cells, touching_cells

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

_SAMPLES = 12
"""Points across a mean grain at which areas are taken while weights change."""
_SUBSTEPS = 40


@dataclass(frozen=True, slots=True)
class SeriesPhantom:
    """Maps of one place through time and the truth behind them.

    Attributes
    ----------
    maps
        One phantom a step; the column ``cell`` of its grains is the same crystal in every step.
    times_h
        Of the steps.
    transforms
        ``(steps, 2, 3)``: from the points of each step to those of the first, um, see `sodalite.track.Transform`.
    tracks
        One row a grain of a step: track (its crystal, from 1), step (from 0), label.
    vanished
        One row a crystal that was seen in the step before and is nowhere in the specimen: track, step.
    """

    maps: tuple[MapPhantom, ...]
    times_h: tuple[float, ...]
    transforms: np.ndarray
    tracks: pd.DataFrame
    vanished: pd.DataFrame


def make_series(
    shape: tuple[int, int] = (120, 160),
    step_um: float = 0.5,
    *,
    grains: int,
    times_h: Sequence[float],
    growth_um2_h: float,
    seed: int,
    drift_um: float = 0.0,
    turn_deg: float = 0.0,
    scene: MapScene | None = None,
) -> SeriesPhantom:
    """Return maps of a polycrystal that coarsens, each of a place a little off and turned.

    Grains are cells of a power diagram whose weights, in um2, follow Hillert's law in the plane (Acta Metall. 13
    (1965) 227, 10.1016/0001-6160(65)90200-2): ``d(R^2)/dt = 2 K (R / mean R - 1)`` with the radius R of each cell now,
    so that grains below the mean shrink and vanish. Boundaries stay straight.

    Parameters
    ----------
    shape, step_um
        Rows and columns of every map, and their step.
    grains
        Crystals in the place of the first map.
    times_h
        Of the steps, rising.
    growth_um2_h
        K; 0 leaves every boundary where it is.
    seed
        Equal seeds give equal series.
    drift_um, turn_deg
        Standard deviations of the shift along each axis and of the turn, of every step but the first.
    scene
        Phases, noise and points that are not indexed; film, texture, twins and columns are not for series.
    """
    scene = scene or MapScene()
    rng = np.random.default_rng([seed, *b"series"])
    points = lattice_points(shape, (step_um, step_um), scene.lattice)
    size = points.max(axis=0) + step_um
    transforms = _transforms(len(times_h), size / 2, drift_um, turn_deg, rng)
    seeds, weights = _history(grains, size, times_h, growth_um2_h, rng)
    cells = [_cells(_moved(points, matrix), seeds, weight) for matrix, weight in zip(transforms, weights, strict=True)]
    orientation, phase = _crystals(cells, points, scene, step_um, len(seeds), rng)
    maps = []
    for number, (cell, matrix) in enumerate(zip(cells, transforms, strict=True)):
        turn = math.atan2(matrix[1, 0], matrix[0, 0]) / 2
        seen = multiply(orientation, np.array([math.cos(turn), 0.0, 0.0, math.sin(turn)]))
        crystals = Crystals(phase, np.arange(phase.size), seen)
        name = f"step_{number:02d}"
        maps.append(map_of_cells(points, cell, crystals, scene, rng, name=name, step_um=(step_um, step_um)))
    return SeriesPhantom(tuple(maps), tuple(times_h), transforms, _tracks(maps), _vanished(cells, weights))


def write_series(phantom: SeriesPhantom, folder: str | os.PathLike[str], *, decimals: int | None = 5) -> None:
    """Write maps as .ang or .ctf files with their series.csv, and the truth into the folder ``truth`` beside them.

    Raises
    ------
    ReadError
        When the maps are in a frame that neither kind of file has.
    """
    import pandas as pd

    folder = Path(folder)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    angular = phantom.maps[0].scene.frame == "tsl"
    names = [f"{step.ebsd.name}.{'ang' if angular else 'ctf'}" for step in phantom.maps]
    for step, name in zip(phantom.maps, names, strict=True):
        (write_ang if angular else write_ctf)(step.ebsd, folder / name, decimals=decimals)
    rows: dict[str, Any] = {"file": names, "time_h": phantom.times_h, "repolished": 0, "note": ""}
    pd.DataFrame(rows).to_csv(folder / "series.csv", index=False)
    phantom.tracks.to_csv(folder / "truth" / "tracks.csv", index=False)
    phantom.vanished.to_csv(folder / "truth" / "vanished.csv", index=False)
    columns = ["xx", "xy", "x_um", "yx", "yy", "y_um"]
    matrices = pd.DataFrame(phantom.transforms.reshape(-1, 6), columns=columns)
    matrices.to_csv(folder / "truth" / "transforms.csv", index_label="step")


def _transforms(
    steps: int, centre_um: np.ndarray, drift_um: float, turn_deg: float, rng: np.random.Generator
) -> np.ndarray:
    shift = drift_um * rng.normal(size=(steps, 2))
    angle = np.deg2rad(turn_deg) * rng.normal(size=steps)
    shift[0], angle[0] = 0.0, 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    return np.concatenate((turn, (centre_um - turn @ centre_um + shift)[..., None]), axis=2)


def _moved(points_um: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(points_um @ matrix[:, :2].T + matrix[:, 2])


def _history(
    grains: int, size_um: np.ndarray, times_h: Sequence[float], growth_um2_h: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return centres of crystals ``(m, 2)`` and their weights at each time ``(times, m)``, um2; -inf = vanished."""
    diameter = math.sqrt(float(size_um.prod()) / grains)
    low, high = -4 * diameter * np.ones(2), size_um + 4 * diameter
    seeds = rng.uniform(low, high, (round(grains * float((high - low).prod() / size_um.prod())), 2))
    spacing = diameter / _SAMPLES
    axes = [np.arange(low[i], high[i], spacing) for i in (0, 1)]
    samples = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    weight = np.zeros(len(seeds))
    weights = [weight]
    for interval in np.diff(np.asarray(times_h, dtype=float)):
        for _ in range(_SUBSTEPS if growth_um2_h else 0):
            area = np.bincount(_cells(samples, seeds, weight), minlength=len(seeds)) * spacing**2
            radius = np.sqrt(area / np.pi)
            rate = 2 * growth_um2_h * (radius / radius[area > 0].mean() - 1)
            weight = np.where(area > 0, weight + rate * interval / _SUBSTEPS, -np.inf)
        weights.append(weight)
    return seeds, np.stack(weights)


def _cells(points_um: np.ndarray, seeds: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the cell of the power diagram that each point lies in: the nearest centre once weights are heights."""
    from scipy.spatial import cKDTree

    there = np.flatnonzero(np.isfinite(weight))
    height = np.sqrt(weight[there].max() - weight[there])
    tree = cKDTree(np.column_stack((seeds[there], height)))
    flat = np.column_stack((points_um, np.zeros(len(points_um))))
    return np.asarray(there[tree.query(flat)[1]])


def _crystals(
    cells: list[np.ndarray],
    points_um: np.ndarray,
    scene: MapScene,
    step_um: float,
    count: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return orientation and phase of every crystal; no two that touch in any step are close in orientation."""
    from sodalite.ebsd import fit_grid

    fitted = fit_grid(points_um[:, 0].copy(), points_um[:, 1].copy(), step_um=(step_um, step_um))
    if fitted is None:
        raise ValueError("shape: the points lie on no grid; give two rows and columns or more.")
    pairs = neighbour_pairs(fitted[0])
    touching = np.unique(np.concatenate([touching_cells(cell, pairs) for cell in cells]), axis=0)
    shares = np.array(scene.phase_fractions or [1.0] * scene.film_phases)
    phase = 1 + rng.choice(shares.size, size=count, p=shares / shares.sum())
    draw = CrystalDraw(scene, phase, np.arange(count), np.ones(count, dtype=bool), rng)
    return draw.draw(touching[:, 0], touching[:, 1]), phase


def _tracks(maps: Sequence[MapPhantom]) -> pd.DataFrame:
    import pandas as pd

    parts = [step.grains[["cell", "label"]].assign(step=number) for number, step in enumerate(maps)]
    table = pd.concat(parts, ignore_index=True)
    table["track"] = table["cell"] + 1
    return table[["track", "step", "label"]].sort_values(["track", "step", "label"], ignore_index=True)


def _vanished(cells: list[np.ndarray], weights: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"track": int(cell) + 1, "step": number}
        for number in range(1, len(cells))
        for cell in np.setdiff1d(cells[number - 1], cells[number])
        if not np.isfinite(weights[number, cell])
    ]
    return pd.DataFrame(rows, columns=["track", "step"])
