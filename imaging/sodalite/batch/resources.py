"""What this machine offers to the workers, where the user does not say."""

from __future__ import annotations

import os
from pathlib import Path

from sodalite.batch.engine import Limits

DEADLINE_S = 600.0
"""A 25-megapixel section takes well under a minute; ten minutes means that something hangs."""

_LEAST_GIB = 2.0
_SHARE = 0.8
_CONTAINER_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def choose_limits(
    workers: int | None = None, deadline_s: float | None = None, memory_gib: float | None = None
) -> Limits:
    """Return the limits with what is None filled in: every processor, `DEADLINE_S`, an equal share of the memory."""
    chosen = workers or usable_processors()
    return Limits(chosen, deadline_s or DEADLINE_S, memory_gib or memory_share_gib(chosen))


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_share_gib(workers: int) -> float:
    """Return 80 % of the memory divided by `workers`, at least 2 GiB: workers rarely peak at the same time."""
    return max(_LEAST_GIB, _SHARE * _memory_bytes() / 2**30 / workers)


def _memory_bytes() -> float:
    try:
        machine = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return 8 * 2.0**30
    for name in _CONTAINER_FILES:
        try:
            machine = min(machine, float(Path(name).read_text()))
        except (OSError, ValueError):
            continue
    return machine
