"""The demonstration, as a newcomer sees it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sodalite.demo import make_demo

if TYPE_CHECKING:
    from pathlib import Path


def test_every_pipeline_is_shown_beside_the_truth(tmp_path: Path) -> None:
    """Sections and maps are all measured, and most intervals hold what was planted."""
    reports = make_demo(tmp_path / "demo", lambda _: None)
    assert {folder.name: len(report.measured) for folder, report in reports.items()} == {"demo": 4, "grains": 2}
    for folder, report in reports.items():
        assert report.complete
        assert (folder / "report.html").stat().st_size > 50_000
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["low"] and row["high"]]
        held = [float(row["low"]) <= float(row["truth"]) <= float(row["high"]) for row in rows]
        assert len(held) > 20
        assert sum(held) / len(held) > 0.85
