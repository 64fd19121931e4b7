"""A series of seven maps of a million points: read, segmented, registered, tracked and fitted, in seconds and GiB.

For scale: the authors of Track-Rex, a MATLAB tool on MTEX, report 2.5 hours for such a series.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Row, within

STEPS, SIDE, STEP_UM, GRAINS = 7, 1000, 0.5, 3000
_LINE = "{:.4f} {:.4f} {:.4f} {:.2f} {:.2f} 100.0 0.9 1 1 1.0"
_FIRST_UM2, _GROWTH_UM2_H = 30.0, 6.0


def run() -> list[Row]:
    """Return wall-clock seconds of a whole series in a process of its own, and that process's peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        _write_series(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.coarsening", folder], capture_output=True, text=True, check=True
        )
    seconds, gib = map(float, done.stdout.split())
    name = f"coarsening: {STEPS} maps of 10^6 points, read to fitted"
    return [
        within(f"{name}, wall clock", seconds, "coarsening_s", "s"),
        within(f"{name}, peak memory", gib, "coarsening_gib", "GiB"),
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
    """Print seconds and GiB of measuring the series in `folder`."""
    from sodalite import Coarsening

    start = time.perf_counter()
    recipe = Coarsening()
    result = recipe.run(recipe.read(folder))
    seconds = time.perf_counter() - start
    if result["measured_step_count"].value != STEPS or not result["tracked_fraction"].value > 0.8:
        raise SystemExit(f"{folder}: the series was not tracked ({result['tracked_fraction']}).")
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    _measure(sys.argv[1])
