"""A series of seven maps of a million points: read, segmented, registered, tracked and fitted, in seconds and GiB.

For scale: the authors of Track-Rex, a MATLAB tool on MTEX, report 2.5 hours for such a series.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import Row, within
from benchmarks.launch import cost_of

STEPS, SIDE, STEP_UM, GRAINS = 7, 1000, 0.5, 3000
_LINE = "{:.4f} {:.4f} {:.4f} {:.2f} {:.2f} 100.0 0.9 1 1 1.0"
_FIRST_UM2, _GROWTH_UM2_H = 30.0, 6.0


def run() -> list[Row]:
    """Return wall-clock seconds of a whole series in a process of its own, its start included, and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        _write_series(Path(folder))
        cost = cost_of(sys.executable, "-m", "benchmarks.coarsening", folder)
    name = f"coarsening: {STEPS} maps of 10^6 points, read to fitted"
    return [
        within(f"{name}, wall clock", cost.wall_s, "coarsening_s", "s"),
        within(f"{name}, peak memory", cost.peak_mb / 1024, "coarsening_gib", "GiB"),
    ]


def _write_series(folder: Path) -> None:
    """Write .ang files of a power diagram whose larger cells grow, each a little shifted."""
    from scipy.spatial import cKDTree

    from benchmarks.ebsd_reading import ANG_HEADER

    rng = np.random.default_rng(7)
    side_um = SIDE * STEP_UM
    centres = rng.uniform(-0.05 * side_um, 1.05 * side_um, (GRAINS, 2))
    speed = rng.normal(0, _GROWTH_UM2_H, GRAINS)
    euler = rng.uniform(0, (2 * math.pi, math.pi, 2 * math.pi), (GRAINS, 3))
    y, x = (axis.ravel() * STEP_UM for axis in np.indices((SIDE, SIDE)))
    rows = ["file,time_h"]
    for step in range(STEPS):
        weight = _FIRST_UM2 + speed * step
        height = np.sqrt(weight.max() - weight)
        tree = cKDTree(np.column_stack((centres, height)))
        shift = rng.normal(0, 2, 2)
        cell = tree.query(np.column_stack((x + shift[0], y + shift[1], np.zeros(x.size))))[1]
        table = np.column_stack((euler[cell] + rng.normal(0, 0.003, (x.size, 3)), x, y))
        lines = "\n".join(_LINE.format(*row) for row in table.tolist())
        (folder / f"step_{step}.ang").write_text(f"{ANG_HEADER.format(side=SIDE)}{lines}\n")
        rows.append(f"step_{step}.ang,{2 * step}")
    (folder / "series.csv").write_text("\n".join([*rows, ""]))


def _measure(folder: str) -> None:
    """Measure the series in `folder`, and fail unless its grains are tracked."""
    from sodalite import Coarsening

    recipe = Coarsening()
    result = recipe.run(recipe.read(folder))
    if result["measured_step_count"].value != STEPS or not result["tracked_fraction"].value > 0.8:
        raise SystemExit(f"{folder}: the series was not tracked ({result['tracked_fraction']}).")


if __name__ == "__main__":
    _measure(sys.argv[1])
