"""A recipe and a reader small enough to see: a file holds one number, and its name may ask for trouble."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from sodalite.batch.measure import Receipt, measure_file
from sodalite.errors import CalibrationError, ReadError
from sodalite.image import Image
from sodalite.quantity import Quantity
from sodalite.recipe import Recipe
from sodalite.result import Result

if TYPE_CHECKING:
    from sodalite.batch.measure import Job


class Ruler(Recipe):
    """Measures the number in a file."""

    kind: ClassVar[str] = "ruler"
    extensions: ClassVar[frozenset[str]] = frozenset({".tif", ".tiff", ".png", ".bmp"})
    factor: float = Field(1.0, gt=0, description="Every number is multiplied by this.")

    def read(self, path: Any, *, page: int = 0, pixel_size_um: Any = None) -> Image:
        """Return a flat image of the number in a text file."""
        return read_number(path, page, pixel_size_um)

    def run(self, sample: Image, labels: Any = None, anchors: Any = None) -> Result:
        """Return the number as a thickness, and as many voids."""
        number = float(sample.data[0, 0])
        drawn = np.full(sample.data.shape, 2, np.uint8) if labels is None else labels
        return Result(
            values=(Quantity("thickness_gross_mean", number * self.factor, n=4), Quantity("void_count", number)),
            tables={"voids": pd.DataFrame({"label": np.arange(int(number)), "area_um2": 0.5})},
            labels={"labels": drawn},
            spacing_um=sample.spacing_um,
            provenance={
                "anchors": sorted(anchors or {}),
                "void_pixels": int((drawn == 3).sum()),
                "warnings": ["large numbers are rare"] if number > 90 else [],
            },
        )


def read_number(path: Path, page: int, pixel_size_um: tuple[float, float] | None) -> Image:
    """Return a flat image of the number in a text file."""
    text = path.read_text()
    try:
        number = float(text)
    except ValueError as error:
        raise ReadError(f"{path}: {text!r} is no number; write one.") from error
    if number < 0:
        raise CalibrationError(f"{path}: no pixel size; give --pixel-size-um.")
    return Image(np.full((3, 4), number), pixel_size_um or (0.5, 0.25), path.name)


def measure(job: Job) -> Receipt:
    """Measure a file with the fake reader, after the trouble that its name asks for."""
    import sodalite.report

    name = job.source.stem
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("die"):
        os._exit(3)
    if name.startswith("segfault"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("surprise"):
        raise ZeroDivisionError(f"{object()} divided")
    if name.startswith("hog"):
        np.ones(2**30)
    if name.startswith("slow"):
        time.sleep(0.2)
    sodalite.report.write_pictures = _write_pictures
    return measure_file(job)


def _write_pictures(result: Result, image: Image, folder: Path, *, svg: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overlay.png").write_bytes(b"picture")


def end_at_once(memory_gib: float) -> None:
    """Stand in for the preparation of a worker that does not survive it."""
    os._exit(7)


def end_unless(memory_gib: float) -> None:
    """Stand in for a worker that does not survive its preparation while the file named in BROKEN is there."""
    broken = os.environ["BROKEN"]
    try:
        os.unlink(broken)  # noqa: PTH108
    except FileNotFoundError:
        return
    os._exit(7)


def threads(_: int) -> dict[str, str | int]:
    """Return how many threads the libraries of this worker may use."""
    import cv2

    return {"cv2": cv2.getNumThreads(), **{name: os.environ[name] for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}}


def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def double_unless_locked(number: int) -> int:
    """Return twice the number; on the number 3 of the first try, die with the lock that all answers need."""
    broken = Path(os.environ["BROKEN"])
    if number == 3 and broken.exists():
        import gc

        from pebble.pool.channel import WorkerChannel

        broken.unlink()
        (channel,) = (thing for thing in gc.get_objects() if isinstance(thing, WorkerChannel))
        channel.mutex.writer_mutex.acquire()
        os._exit(1)
    return 2 * number


def loaded(module: str) -> dict[str, object]:
    """Return whether a worker has a module loaded, who asked for it, its library threads, and Ctrl-C kept from it."""
    parent = multiprocessing.parent_process()
    return {
        "loaded": module in sys.modules,
        "parent": parent and parent.pid,
        "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"],
        "blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []),
    }
