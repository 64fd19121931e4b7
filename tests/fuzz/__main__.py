"""A campaign of damaged EBSD files against the readers: ``python tests/fuzz MINUTES FILE...``.

Each file given is damaged at random: bytes changed, cut, repeated or exchanged, tokens of text replaced by numbers and
words that hurt. Reading must end in a map or in one error of sodalite's tree, within five seconds and within ten times
the size of the file (but at least 64 MB, the cost of the reader itself). A file that breaks this is kept in the folder
FUZZ_KEEP, and the campaign ends with exit code 1.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
import traceback
import tracemalloc
from pathlib import Path

from sodalite.errors import SodaliteError
from sodalite.read import read_ebsd

_TOKENS = [
    b"nan",
    b"-inf",
    b"1e308",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"",
    b"\x00",
    b"1,5",
    b"#",
    b"\t\t",
    b"\xff",
]
_SECONDS = 5.0
_LEAST_BYTES = 64 << 20


def damage(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with one to eight random faults."""
    for _ in range(rng.randint(1, 8)):
        if not data:
            break
        at = rng.randrange(len(data))
        # Headers decide how a file is read: half of the faults go there.
        at = min(at, rng.randrange(4096)) if rng.random() < 0.5 else at
        size = rng.choice([1, 1, 2, 4, 8, 64, 512])
        fault = rng.randrange(6)
        if fault == 0:
            data = data[:at] + bytes(rng.randrange(256) for _ in range(size)) + data[at + size :]
        elif fault == 1:
            data = data[:at]
        elif fault == 2:
            data = data[:at] + data[at + size :]
        elif fault == 3:
            data = data[:at] + data[at : at + size] * rng.choice([2, 3, 50]) + data[at + size :]
        elif fault == 4:
            end = next((i for i in range(at, min(at + 40, len(data))) if data[i : i + 1].isspace()), at + 1)
            data = data[:at] + rng.choice(_TOKENS) + data[end:]
        else:
            other = rng.randrange(len(data))
            data = data[:at] + data[other : other + size] + data[at + size :]
    return data


def attempt(path: Path, size: int) -> str:
    """Return what is wrong with how a file is read; empty when nothing is."""
    tracemalloc.start()
    start = time.monotonic()
    try:
        read_ebsd(path)
    except SodaliteError as error:
        if "\n" in str(error):
            return f"an error of several lines: {error}"
    except Exception:
        return traceback.format_exc()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    seconds = time.monotonic() - start
    if seconds > _SECONDS:
        return f"took {seconds:.1f} s"
    if peak > max(10 * size, _LEAST_BYTES):
        return f"took {peak / 2**20:.0f} MB for a file of {size / 2**20:.2f} MB"
    return ""


def main(minutes: float, files: list[Path]) -> int:
    """Damage and read until the time is over; return the exit code."""
    resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
    rng = random.Random(int(os.environ.get("FUZZ_SEED", "1")))
    keep = Path(os.environ.get("FUZZ_KEEP", tempfile.gettempdir())) / "sodalite-fuzz"
    originals = {path: path.read_bytes() for path in files}
    count, slowest, end = 0, 0.0, time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            source = rng.choice(files)
            data = damage(originals[source], rng)
            path = Path(folder) / source.name
            path.write_bytes(data)
            started = time.monotonic()
            wrong = attempt(path, len(data))
            if wrong.startswith("took"):
                # the first file of a kind pays for compiling and for what is then kept: a second reading decides
                wrong = attempt(path, len(data))
            slowest = max(slowest, time.monotonic() - started)
            count += 1
            if wrong:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{count}-{source.name}").write_bytes(data)
                sys.stderr.write(f"{source.name}, kept as {keep}/{count}-{source.name}:\n{wrong}\n")
                return 1
    sys.stdout.write(f"{count} damaged files in {minutes:g} minutes, none broke a reader; slowest {slowest:.2f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
