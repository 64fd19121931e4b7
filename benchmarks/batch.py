"""Folders of sections on two workers: images per minute beside a serial scikit-image loop, and memory."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness import Row, goal, inform, installed, within
from benchmarks.launch import Cost, cost_of
from benchmarks.sections import LAYERS, PIXEL_UM, write_sections

FEW, MANY = 8, 32


def run() -> list[Row]:
    """Return the rows of throughput (wall clock: parallel work cannot be judged by CPU time) and of memory."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        few, many = (_batch(folder, count) for count in (FEW, MANY))
        rows = [
            within(f"batch: peak memory of a process, {MANY} images", many.peak_mb, "worker_rss_mb", "MB"),
            within(f"batch: peak memory, {MANY} over {FEW} images", many.peak_mb / few.peak_mb, "memory_growth", "x"),
            inform("batch: memory of all processes at a time, shared pages counted once", many.together_mb, "MB"),
            inform("batch: CPU time of an image", many.cpu_s / MANY, "s CPU"),
        ]
        per_minute = 60 * MANY / many.wall_s
        if not installed("localthickness"):
            return [inform("batch: two workers", per_minute, "images/min"), *rows]
        peer_per_minute = 60 / _peer_seconds(folder / str(FEW))
    ratio = per_minute / peer_per_minute
    throughput = Row(
        "batch: two workers, scikit-image in a loop", per_minute, peer_per_minute, ratio, goal("batch"), "images/min"
    )
    return [throughput, *rows]


def _batch(folder: Path, count: int) -> Cost:
    source = folder / str(count)
    source.mkdir()
    write_sections(source, count)
    options = ["--set", f"layers={LAYERS}", "--pixel-size-um", str(PIXEL_UM), "--workers", "2"]
    out = str(folder / f"out_{count}")
    return cost_of(sys.executable, "-m", "sodalite", "run", "cross-section", str(source), "-o", out, *options)


def _peer_seconds(source: Path) -> float:
    from benchmarks.peer_section import measure_section

    seconds = []
    for path in sorted(source.glob("*.tif"))[:3]:
        out = path.with_suffix("")
        out.mkdir()
        start = time.perf_counter()
        measure_section(path, PIXEL_UM, out)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
