"""How long the user waits before anything happens: `import sodalite` and `sodalite --help` beside a bare python."""

from __future__ import annotations

import sys

from benchmarks.harness import ROUNDS, Row, versus, within
from benchmarks.launch import cost_of

COMMANDS = {
    "bare": ("-c", "pass"),
    "import": ("-c", "import sodalite"),
    "help": ("-m", "sodalite", "--help"),
}


def run() -> list[Row]:
    """Return the CPU seconds of both beside their limits and beside the bare interpreter."""
    seconds = {name: float("inf") for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, arguments in COMMANDS.items():
            seconds[name] = min(seconds[name], cost_of(sys.executable, *arguments).cpu_s)
    return [
        within("start-up: import sodalite", seconds["import"], "import_s", "s CPU"),
        within("start-up: sodalite --help", seconds["help"], "help_s", "s CPU"),
        versus("start-up: import sodalite, bare python", (seconds["import"], seconds["bare"])),
        versus("start-up: sodalite --help, bare python", (seconds["help"], seconds["bare"])),
    ]
