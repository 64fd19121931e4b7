"""The cost of a command, printed as JSON: ``python -m benchmarks.launch COMMAND...``.

A process of its own because Linux counts the memory of the process that starts a command as that command's peak, and
because it adopts what the command leaves behind: the process that workers are forked from ends after the command.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""

_SAMPLE_S = 0.2
_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Cost(NamedTuple):
    """What a command and its children cost.

    Attributes
    ----------
    wall_s, cpu_s
        Wall-clock and CPU seconds.
    peak_mb
        Peak memory of the largest process: resident pages, those that it shares with others included.
    together_mb
        Peak memory of all its processes at a time, a page that n of them share counted as 1/n in each; seen five times
        a second.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    together_mb: float


def cost_of(*command: str) -> Cost:
    """Return what running `command` costs.

    Raises
    ------
    RuntimeError
        When the command fails, with what it wrote.
    """
    launcher = [sys.executable, "-m", "benchmarks.launch", *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])}: exit code {done.returncode}: {done.stderr[-500:]}")
    return Cost(*json.loads(done.stdout))


def _measure(command: list[str]) -> Cost:
    ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    start = time.perf_counter()
    together_mb = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        code = None
        while code is None:
            together_mb = max(together_mb, _together_mb(process.pid))
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(_SAMPLE_S)
    if code:
        sys.exit(code)
    wall_s = time.perf_counter() - start
    with suppress(ChildProcessError):
        while True:
            os.wait()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, together_mb)


def _together_mb(pid: int) -> float:
    """Return the memory of a process and of all below it; 0 for one that has just ended."""
    folder = Path("/proc", str(pid))
    try:
        share = _SHARE.search((folder / "smaps_rollup").read_text())
        below = [child for task in (folder / "task").iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return 0.0
    return (int(share[1]) / 1024 if share else 0.0) + sum(_together_mb(int(child)) for child in below)


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1:])))
