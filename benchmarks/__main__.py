"""The benchmark table: ``python -m benchmarks [--write] [MODULE...]``; exit code 1 when a goal is missed.

Every module of this package that defines ``run() -> list[Row]`` is a benchmark. ``--write`` also writes results.md.
"""

from __future__ import annotations

import pkgutil
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import benchmarks
from benchmarks.harness import Row, table_head, table_line

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).with_name("results.md")
TITLE = """# Benchmark results

CPU seconds on one thread, smallest of seven interleaved rounds after a warm-up, unless the unit says otherwise. The
ratio says how many times better than the peer, or how far below the limit; goals are those of goals.toml.

"""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks, print and perhaps write their table; return the exit code."""
    names = [argument for argument in arguments if argument != "--write"]
    rows: list[Row] = []
    failures = 0
    print(table_head(), end="", flush=True)
    for module in names or [found.name for found in pkgutil.iter_modules(benchmarks.__path__)]:
        try:
            found = _rows(module)
        except Exception:
            failures += 1
            print(f"{module} failed:", file=sys.stderr)
            traceback.print_exc()
            continue
        rows += found
        print("".join(map(table_line, found)), end="", flush=True)
    if "--write" in arguments:
        RESULTS.write_text(TITLE + table_head() + "".join(map(table_line, rows)), encoding="utf-8")
    return int(failures > 0 or any(row.verdict == "missed" for row in rows))


def _rows(module: str) -> list[Row]:
    if module == "__main__":
        return []
    run = getattr(import_module(f"benchmarks.{module}"), "run", None)
    return run() if callable(run) else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
