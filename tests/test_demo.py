"""The demonstration, as a newcomer sees it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sodalite.demo import SHOWS, make_demo
from sodalite.recipe import KINDS

if TYPE_CHECKING:
    from pathlib import Path


def test_every_pipeline_is_shown_beside_the_truth(tmp_path: Path) -> None:
    """Sections, maps and series are all measured, and most intervals hold what was planted."""
    reports = make_demo(tmp_path / "demo", lambda _: None)
    assert {folder.name: len(report.measured) for folder, report in reports.items()} == {
        "demo": 4, "grains": 2, "coarsening": 1, "stripping": 1, "front": 1
    }  # fmt: skip
    assert {show.kind for show in SHOWS} == set(KINDS)
    held = []
    for folder, report in reports.items():
        assert report.complete
        assert (folder / "report.html").stat().st_size > 50_000
        with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert rows
        held += [float(row["low"]) <= float(row["truth"]) <= float(row["high"]) for row in rows if row["low"]]
    assert len(held) > 40
    assert sum(held) / len(held) > 0.85
