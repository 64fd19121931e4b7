"""The micrographs that the benchmarks measure: phantoms of 3072 x 2048 pixels, 8 bits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sodalite.phantoms.sections import SectionPhantom, make_section

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (2048, 3072)
PIXEL_UM = 0.02
LAYERS = "collector,sodium,electrolyte"


@cache
def large_section() -> SectionPhantom:
    """Return a section of 61 um by 41 um with rough faces, 50 voids and 16 pieces of dead sodium, and its truth."""
    return make_section(
        SHAPE,
        (PIXEL_UM, PIXEL_UM),
        seed=1,
        collector_um=6.0,
        sodium_um=14.0,
        collector_rq_um=0.15,
        electrolyte_rq_um=0.3,
        void_fraction=0.03,
        electrolyte_lenses=4,
        spheres=8,
        filaments=4,
        blobs=4,
    )


def write_sections(folder: Path, count: int) -> None:
    """Write `count` different TIFF images: the large section, mirrored every other time, each with noise of its own."""
    import tifffile

    grey = large_section().image.data.astype(np.int16)
    for number in range(count):
        noise = np.random.default_rng(number).integers(-4, 5, grey.shape, dtype=np.int16)
        picture = np.clip(grey[:, :: 1 - 2 * (number % 2)] + noise, 0, 255).astype(np.uint8)
        tifffile.imwrite(folder / f"section_{number:02d}.tif", picture)
