"""A run in a process of its own, to be killed: ``start_run.py INPUT OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

import sodalite.batch.run
import sodalite.report
from batch.fakes import Ruler, measure
from sodalite.batch.engine import Limits

if __name__ == "__main__":
    sodalite.batch.run._REHEARSALS[Ruler.kind] = "sodalite.batch.files"
    sodalite.batch.run.measure_file = measure
    sodalite.batch.run.code_hash = lambda: "code"
    sodalite.report.write_report = lambda out: None
    request = sodalite.batch.run.Request(Ruler(), [sys.argv[1]], Path(sys.argv[2]))
    sodalite.batch.run.run_batch(request, Limits(2, 60, 2))
