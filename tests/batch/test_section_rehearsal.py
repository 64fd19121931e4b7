"""The process that workers are forked from: it has loaded what a cross-section needs, and has one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from batch.fakes import loaded
from sodalite.batch.engine import Limits, run_isolated

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")

SECTION = Path(__file__).parents[2] / "sample_images/bonded_edge.tif"
ASK = """
import os, sys
from pathlib import Path
import sodalite.batch.section_rehearsal
from sodalite.batch.measure import Job, Reading, measure_file
from sodalite.pipelines.cross_section import CrossSection

def compiled():
    ours = [module for name, module in sys.modules.items() if name.startswith("sodalite")]
    functions = [each for module in ours for each in vars(module).values() if hasattr(each, "signatures")]
    return {id(each): len(each.signatures) for each in functions}

def libraries():
    return {name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names}

modules, functions, threads = libraries(), compiled(), os.listdir("/proc/self/task")
source, folder = map(Path, sys.argv[1:])
measure_file(Job(source.name, source, folder, CrossSection(), Reading(), None, None, "", False, False))
assert len(threads) == 1, threads
assert libraries() == modules, libraries() - modules
assert compiled() == functions
assert len(functions) > 20
"""

CHILD = """
import time
from sodalite.batch.processes import ending_with_parent
with ending_with_parent():
    print("loading", flush=True)
    time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
os._exit(0)
"""


def test_a_real_section_needs_nothing_more(tmp_path: Path) -> None:
    """No module and no compiled function is loaded after the rehearsal, which leaves one thread."""
    command = [sys.executable, "-c", ASK, str(SECTION), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "voids.csv").is_file()


def test_workers_are_born_with_it() -> None:
    """A worker has the compiled functions before its first item, and one thread for the libraries."""
    (outcome,) = run_isolated(loaded, ["numba"], Limits(1, 60, 2), "sodalite.batch.section_rehearsal")
    assert outcome.answer == {"loaded": True, "parent": os.getpid(), "OMP_NUM_THREADS": "1", "blocked": True}


def test_what_still_loads_ends_with_its_parent() -> None:
    """A run that is killed while its workers load or compile leaves nothing behind: the error stream closes."""
    subprocess.run([sys.executable, "-c", PARENT, CHILD], stderr=subprocess.PIPE, timeout=30, check=True)
