"""A campaign of damaged maps and micrographs against the readers: ``python tests/fuzz MINUTES FILE...``.

Each file given is damaged at random: bytes changed, cut, repeated or exchanged, tokens of text replaced by numbers and
words that hurt; in a TIFF mostly in its directories. A side file such as ``a.txt`` is read through the image beside it.
Reading must end in a map, an image or one error of sodalite's tree, within five seconds of one processor and ten times
the size of the file (but at least 64 MB, the cost of the reader itself, and 256 MB for images, which may be packed). A
file that breaks this is kept in the folder FUZZ_KEEP, and the campaign ends with exit code 1.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
import traceback
import tracemalloc
from pathlib import Path

import tifffile

from sodalite.clean.databar import find_databar_rows
from sodalite.errors import SodaliteError
from sodalite.read import describe, read_ebsd, read_image, read_series
from sodalite.read.frames import read_frame
from sodalite.read.series import FILMS, IMAGES

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
_NUMBERS = [0, 1, 2, 8, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF]
_SECONDS = 5.0
_LEAST_BYTES, _LEAST_IMAGE_BYTES = 64 << 20, 256 << 20


def directories(path: Path) -> list[int]:
    """Return where the header of a file begins, in a TIFF also each entry of its directories and its value."""
    places = [0]
    if path.suffix.lower() in (".tif", ".tiff"):
        with tifffile.TiffFile(path) as file:
            for page in file.pages:
                for tag in page.tags.values():  # type: ignore[union-attr]
                    places += [tag.offset, tag.valueoffset]
    return places


def damage(data: bytes, places: list[int], rng: random.Random) -> bytes:
    """Return the bytes with one to eight random faults."""
    for _ in range(rng.randint(1, 8)):
        if not data:
            break
        at = rng.randrange(len(data))
        # Headers decide how a file is read: half of the faults go there.
        if rng.random() < 0.5:
            place = rng.choice(places)
            at = min(at, rng.randrange(4096)) if place == 0 else min(place + rng.randrange(12), len(data) - 1)
        size = rng.choice([1, 1, 2, 4, 8, 64, 512])
        fault = rng.randrange(7)
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
        elif fault == 5:
            number = rng.choice([*_NUMBERS, rng.choice(places), len(data)])
            data = data[:at] + struct.pack(rng.choice("<>") + "I", number) + data[at + 4 :]
        else:
            other = rng.randrange(len(data))
            data = data[:at] + data[other : other + size] + data[at + size :]
    return data


def partner(path: Path) -> Path | None:
    """Return the image whose side file this is, or None."""
    if path.suffix.lower() not in (".txt", ".hdr"):
        return None
    stems = {path.stem.casefold(), path.stem.rpartition("-")[0].casefold()}
    beside = sorted(path.parent.iterdir())
    return next((file for file in beside if file.suffix.lower() in IMAGES and file.stem.casefold() in stems), None)


def read(path: Path) -> None:
    """Read a file as what its name says, a side file through the image beside it."""
    image = partner(path) or path
    ending = image.suffix.lower()
    if ending in FILMS:
        read_frame(read_series(image).steps[-1], pixel_size_um=1.0)
    elif ending in IMAGES:
        describe(image)
        find_databar_rows(read_image(image, pixel_size_um=1.0).data)
    else:
        read_ebsd(path)


def attempt(path: Path, size: int) -> str:
    """Return what is wrong with how a file is read; empty when nothing is."""
    tracemalloc.start()
    start = time.process_time()
    try:
        read(path)
    except SodaliteError as error:
        if "\n" in str(error):
            return f"an error of several lines: {error}"
    except Exception:
        return traceback.format_exc()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    seconds = time.process_time() - start
    if seconds > _SECONDS:
        return f"took {seconds:.1f} s"
    image = (partner(path) or path).suffix.lower() in IMAGES + FILMS
    if peak > max(10 * size, _LEAST_IMAGE_BYTES if image else _LEAST_BYTES):
        return f"took {peak / 2**20:.0f} MB for a file of {size / 2**20:.2f} MB"
    return ""


def main(minutes: float, files: list[Path]) -> int:
    """Damage and read until the time is over; return the exit code."""
    resource.setrlimit(resource.RLIMIT_DATA, (8 << 30, 8 << 30))
    rng = random.Random(int(os.environ.get("FUZZ_SEED", "1")))
    keep = Path(os.environ.get("FUZZ_KEEP", tempfile.gettempdir())) / "sodalite-fuzz"
    originals = {path: (path.read_bytes(), directories(path)) for path in files}
    count, slowest, end = 0, 0.0, time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            source = rng.choice(files)
            data = damage(*originals[source], rng)
            path = Path(folder) / source.name
            path.write_bytes(data)
            image = partner(source)
            if image is not None:
                shutil.copy(image, folder)
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
