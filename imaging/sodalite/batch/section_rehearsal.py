"""What the process that workers are forked from imports: a small cross-section is measured, so that all is loaded.

What it measures is forgotten. The compiled functions and the libraries stay in memory, and all workers share them: at
3072 x 2048 pixels a worker takes 230 MB, 90 of them its own, where one that loads for itself takes 340 and 200.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from sodalite.batch.processes import ending_with_parent, quieten

quieten()

# Libraries look at the number of threads when they are loaded.
import cv2  # noqa: E402
import numpy as np  # noqa: E402
import pebble  # noqa: E402, F401  each worker is started by it
import tifffile  # noqa: E402

from sodalite.batch.measure import Job, Reading, measure_file  # noqa: E402
from sodalite.recipe import load_recipe  # noqa: E402

_PIXEL_UM = 0.05
_SHAPE = (144, 192)
_GREYS = {"collector": 200, "sodium": 60, "electrolyte": 150, "void": 5}
_FACES_ROW = (32, 80)
_NOISE_SD = 4.0


def section() -> np.ndarray:
    """Return the picture, ``(y, x)`` uint8: three layers, voids in and at the sodium, and dead sodium of two shapes."""
    upper, lower = _FACES_ROW
    picture = np.full(_SHAPE, _GREYS["electrolyte"], np.float32)
    picture[:upper], picture[upper:lower] = _GREYS["collector"], _GREYS["sodium"]
    for x, row in ((40, 55), (90, 60), (140, lower - 3)):
        cv2.circle(picture, (x, row), 7, _GREYS["void"], cv2.FILLED)
    cv2.circle(picture, (50, 115), 7, _GREYS["sodium"], cv2.FILLED)
    cv2.line(picture, (100, 105), (150, 120), _GREYS["sodium"], 7)
    noise = np.random.default_rng(0).normal(0, _NOISE_SD, _SHAPE)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1) + noise, 0, 255).astype(np.uint8)


def rehearse() -> None:
    """Measure the section in a folder that is thrown away."""
    with TemporaryDirectory() as scratch:
        source = Path(scratch, "section.tif")
        tifffile.imwrite(source, section())
        measure_file(
            Job(
                image=source.name,
                source=source,
                folder=Path(scratch, "section"),
                recipe=load_recipe("cross-section"),
                reading=Reading(_PIXEL_UM),
                labels=None,
                anchors=None,
                code="",
                figures=False,
                reuse=False,
            )
        )


# Whatever fails here fails in a worker too, where it becomes a sentence; this process must live to start them.
with suppress(Exception), ending_with_parent():
    rehearse()
# What was loaded is never looked through again: a look writes to memory that is shared until somebody writes to it.
gc.collect()
gc.freeze()
