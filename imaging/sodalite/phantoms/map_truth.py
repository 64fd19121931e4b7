"""The exact grains, boundaries and quantities of a phantom map, by their definitions and without symmetry tricks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sodalite.phantoms.map_orientations import (
    angle_deg,
    crystal_direction,
    disorientation_deg,
    mean_orientation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.ebsd import EbsdMap, Phase
    from sodalite.phantoms.map_scene import MapScene

Pairs = tuple[np.ndarray, np.ndarray]

FIBRE_DEG = 15.0
"""Half opening of the cone about the growth direction in which a crystal counts as textured."""
_LOW_ANGLE_DEG = 15.0


def grains_table(
    ebsd: EbsdMap, grain: np.ndarray, cell: np.ndarray, quaternions: np.ndarray, pairs: Pairs
) -> pd.DataFrame:
    """Return one row a grain, see `sodalite.phantoms.maps.MapPhantom`.

    GOS is the mean angle of a grain's points to their mean, KAM the mean over its points of the mean angle to those
    neighbours that belong to it. Angles inside a crystal are far below its symmetry's, so they need none.
    """
    import pandas as pd

    order = np.argsort(grain, kind="stable")
    starts = np.searchsorted(grain[order], np.arange(1, int(grain.max(initial=0)) + 2))
    members = [order[a:b] for a, b in pairwise(starts)]
    kam = _point_kam_deg(grain, quaternions, pairs)
    mean = np.array([mean_orientation(quaternions[m[0]], quaternions[m]) for m in members]).reshape(-1, 4)
    pixels = np.array([m.size for m in members], dtype=np.int64)
    area = pixels * ebsd.grid.point_area_um2
    border = _on_border(ebsd)
    columns = {
        "label": np.arange(1, len(members) + 1),
        "cell": np.array([cell[m[0]] for m in members], dtype=np.int64),
        "phase": np.array([ebsd.phase_id[m[0]] for m in members], dtype=np.int64),
        "pixels": pixels,
        "area_um2": area,
        "ecd_um": 2 * np.sqrt(area / np.pi),
        "gos_deg": [float(angle_deg(q, quaternions[m]).mean()) for q, m in zip(mean, members, strict=True)],
        "kam_deg": [float(kam[m][np.isfinite(kam[m])].mean()) if np.isfinite(kam[m]).any() else 0.0 for m in members],
        "x_um": [float(ebsd.x_um[m].mean()) for m in members],
        "y_um": [float(ebsd.y_um[m].mean()) for m in members],
        "on_border": [bool(border[m].any()) for m in members],
    }
    return pd.DataFrame(columns | {name: mean[:, i] for i, name in enumerate("wxyz")})


def _point_kam_deg(grain: np.ndarray, quaternions: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return the mean angle of each point to its neighbours in the same grain, NaN where it has none."""
    first, second = pairs
    same = (grain[first] == grain[second]) & (grain[first] > 0)
    first, second = first[same], second[same]
    angle = angle_deg(quaternions[first], quaternions[second])
    total = np.bincount(first, angle, grain.size) + np.bincount(second, angle, grain.size)
    count = np.bincount(first, minlength=grain.size) + np.bincount(second, minlength=grain.size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _on_border(ebsd: EbsdMap) -> np.ndarray:
    grid = ebsd.grid
    rows, columns = grid.shape
    last = np.full(rows, columns - 1)
    if grid.lattice == "hex":
        last[np.arange(rows) % 2 == grid.shifted_parity] -= 1
    return (grid.row == 0) | (grid.row == rows - 1) | (grid.col == 0) | (grid.col >= last[grid.row])


def boundaries_table(
    table: pd.DataFrame,
    grain: np.ndarray,
    pairs: Pairs,
    orientation: np.ndarray,
    parent: np.ndarray,
    phases: Sequence[Phase],
) -> pd.DataFrame:
    """Return one row a pair of neighbouring grains of one phase, see `sodalite.phantoms.maps.MapPhantom`."""
    import pandas as pd

    ids = np.sort(np.stack([grain[side] for side in pairs], axis=1).astype(np.int64), axis=1)
    ids, links = np.unique(ids[(ids[:, 0] > 0) & (ids[:, 0] != ids[:, 1])], axis=0, return_counts=True)
    phase, cells = table["phase"].to_numpy(), table["cell"].to_numpy()
    alike = phase[ids[:, 0] - 1] == phase[ids[:, 1] - 1]
    ids, links = ids[alike], links[alike]
    a, b = (cells[side - 1] for side in ids.T)
    angle = np.zeros(len(ids))
    for number, kind in enumerate(phases, start=1):
        own = phase[ids[:, 0] - 1] == number
        angle[own] = disorientation_deg(orientation[a[own]], orientation[b[own]], kind)
    twin = (parent[a] == b) | (parent[b] == a)
    columns = {"grain_a": ids[:, 0], "grain_b": ids[:, 1], "links": links, "disorientation_deg": angle, "twin": twin}
    return pd.DataFrame(columns)


def true_quantities(
    table: pd.DataFrame, borders: pd.DataFrame, grain: np.ndarray, scene: MapScene, orientation: np.ndarray
) -> dict[str, float]:
    """Return quantity -> exact value; areas and sizes are those of the grains as sampled by the points."""
    pixels, area, ecd = (table[name].to_numpy(float) for name in ("pixels", "area_um2", "ecd_um"))
    truth = {"grain_count": float(len(table)), "indexed_fraction": float((grain > 0).mean())}
    if not len(table):
        return truth
    truth |= {
        "ecd_mean": float(ecd.mean()),
        "ecd_area_weighted_mean": float((area * ecd).sum() / area.sum()),
        "ecd_median": float(np.median(ecd)),
        "grain_area_mean": float(area.mean()),
        "gos_mean": float(table["gos_deg"].mean()),
        "kam_mean": float((pixels * table["kam_deg"].to_numpy(float)).sum() / pixels.sum()),
    }
    links = borders["links"].to_numpy(float)
    if links.sum():
        low = borders["disorientation_deg"].to_numpy(float) < _LOW_ANGLE_DEG
        truth["low_angle_fraction"] = float(links[low].sum() / links.sum())
        truth["misorientation_mean"] = float((links * borders["disorientation_deg"]).sum() / links.sum())
    return truth | _texture(table, scene, orientation)


def _texture(table: pd.DataFrame, scene: MapScene, orientation: np.ndarray) -> dict[str, float]:
    """Return the area shares of the film's cubic crystals with <hkl> within `FIBRE_DEG` of growth."""
    film = table[table["phase"] <= scene.film_phases]
    if film.empty or any(phase.laue_group != "m-3m" for phase in scene.phases[: scene.film_phases]):
        return {}
    direction = np.sort(np.abs(crystal_direction(orientation[film["cell"]], scene.growth)), axis=1)
    area = film["area_um2"].to_numpy(float)
    truth = {}
    for family, ones in (("100", 1), ("110", 2), ("111", 3)):
        cosine = direction[:, 3 - ones :].sum(axis=1) / math.sqrt(ones)
        within = cosine >= math.cos(math.radians(FIBRE_DEG))
        truth[f"texture_{family}_fraction"] = float(area[within].sum() / area.sum())
    return truth
