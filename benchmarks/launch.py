"""The cost of a command, printed as JSON: ``python -m benchmarks.launch COMMAND...``.

A process of its own because Linux counts the memory of the process that starts a command as that command's peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import NamedTuple


class Cost(NamedTuple):
    """Wall-clock and CPU seconds of a command and its children, and the peak memory of the largest process, in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


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
    start = time.perf_counter()
    code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
    if code:
        sys.exit(code)
    wall_s = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1:])))
