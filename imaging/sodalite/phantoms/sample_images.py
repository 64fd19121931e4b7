"""The sample images that ship with sodalite, with their truth: ``python -m sodalite.phantoms.sample_images FOLDER``.

Two cells of 1 mAh cm-2, each at its centre and its edge: one plated against a bonded electrolyte, one with gaps, voids
and dead sodium. The first was "taken" on an instrument that corrected heights for tilt, the second on one that did not,
so that reading the heights right needs the header.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sodalite.phantoms.sections import SectionPhantom, make_section
from sodalite.phantoms.tags import write_tiff
from sodalite.quantity import GLOSSARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHAPE = (480, 800)
_PIXEL_UM = 0.05
_CHARGE_MAH_CM2 = 1.0
_COMMON: Mapping[str, Any] = MappingProxyType(
    {
        "collector_um": 4.2,
        "correlation_um": 2.0,
        "void_spread": 0.4,
        "void_aspect_ratio": 1.6,
        "clearance_um": 0.35,
        "lens_height_um": 0.6,
        "pore_um": 0.35,
        "dead_um": 1.3,
        "grain_um": 5.0,
        "databar_rows": 48,
        "texture_grey": 2.0,
        "rim_grey": 22.0,
        "shading": 0.03,
    }
)
_BONDED: Mapping[str, Any] = {
    "contrast": "se", "snr": 9.0, "collector_rq_um": 0.15, "electrolyte_rq_um": 0.2, "grain_grey": 7.0,
    "curtain": 0.018, "flames": 2, "pores": 8,
}  # fmt: skip
_LOOSE: Mapping[str, Any] = {
    "contrast": "bse", "snr": 7.0, "collector_rq_um": 0.25, "electrolyte_rq_um": 0.3, "grain_grey": 3.0,
    "curtain": 0.025, "flames": 4, "pores": 8, "cracks": 2, "active_filaments": 1, "tilt_deg": 54.0,
}  # fmt: skip
_CORRECTED: Mapping[str, Any] = {
    "vendor": "fei", "stage_tilt_deg": 52.0, "tilt_correction": True, "tilt_correction_angle_deg": -38.0,
}  # fmt: skip
_FORESHORTENED: Mapping[str, Any] = {
    "vendor": "zeiss", "stage_tilt_deg": 54.0, "tilt_correction": False, "tilt_correction_angle_deg": 0.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One shipped image: its file, its cell and position, the fields of its scene and the header's tilt fields."""

    file: str
    cell: str
    position: str
    seed: int
    fields: Mapping[str, Any]
    header: Mapping[str, Any]

    def draw(self) -> SectionPhantom:
        """Return the phantom, the same at every call."""
        return make_section(
            _SHAPE, (_PIXEL_UM, _PIXEL_UM), name=self.file, seed=self.seed, **{**_COMMON, **self.fields}
        )


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "bonded_centre.tif",
        "bonded",
        "centre",
        11,
        {**_BONDED, "sodium_um": 8.7, "void_fraction": 0.006},
        _CORRECTED,
    ),
    Sample(
        "bonded_edge.tif",
        "bonded",
        "edge",
        12,
        {**_BONDED, "sodium_um": 8.3, "void_fraction": 0.012, "electrolyte_lenses": 1},
        _CORRECTED,
    ),
    Sample(
        "loose_centre.tif",
        "loose",
        "centre",
        13,
        {**_LOOSE, "sodium_um": 8.6, "void_fraction": 0.035, "electrolyte_lenses": 3, "spheres": 3, "filaments": 2,
         "blobs": 1, "shine_through": 0.3},
        _FORESHORTENED,
    ),
    Sample(
        "loose_edge.tif",
        "loose",
        "edge",
        14,
        {**_LOOSE, "sodium_um": 7.4, "void_fraction": 0.025, "gap_um": 0.9, "gap_runs": 2, "gap_share": 0.35,
         "spheres": 2, "filaments": 3, "blobs": 2, "shine_through": 0.2},
        _FORESHORTENED,
    ),
)  # fmt: skip
"""The images in the order of the tables."""


def write_samples(folder: Path) -> None:
    """Write the images, truth.csv, cells.csv and README.md into `folder`, byte for byte the same each time."""
    folder.mkdir(parents=True, exist_ok=True)
    truth: list[tuple[str, str, str, str]] = []
    for sample in SAMPLES:
        phantom = sample.draw()
        spacing_um, rows = (_PIXEL_UM, _PIXEL_UM), phantom.optics.databar_rows
        write_tiff(folder / sample.file, phantom.image.data, spacing_um, databar_rows=rows, **sample.header)
        truth += [(sample.file, name, f"{value:.10g}", GLOSSARY[name].unit) for name, value in phantom.truth.items()]
    _write_table(folder / "truth.csv", ("image", "quantity", "value", "unit"), truth)
    cells = [(item.file, item.cell, "A", item.position, f"{_CHARGE_MAH_CM2:g}") for item in SAMPLES]
    _write_table(folder / "cells.csv", ("image", "cell", "site", "position", "charge_mah_cm2"), cells)
    (folder / "README.md").write_text(_readme(folder), encoding="utf-8", newline="\n")


def _write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def _readme(folder: Path) -> str:
    """Return the description of the folder with the checksum of each file."""
    names = [*(sample.file for sample in SAMPLES), "truth.csv", "cells.csv"]
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names]
    return _TEXT + "\n".join(sums) + "\n```\n"


_TEXT = f"""# Sample images

Synthetic FIB-SEM cross-sections of anode-free sodium cells. No microscope took them: `sodalite` draws them from a
seed, so every quantity is known exactly. Layers from the top: collector, sodium, solid electrolyte, data bar.
Pixels are {_PIXEL_UM} um wide; {_CHARGE_MAH_CM2:g} mAh cm-2 were "plated" in both cells.

| cell | what the two images show | heights in the files |
|---|---|---|
| bonded | secondary electrons; tight contact, few voids | corrected by the instrument (52 deg): factor 1 |
| loose | backscattered electrons; voids, gaps, cracks, dead sodium | foreshortened (54 deg): factor 1.236 |

In the loose cell one filament still hangs on the sodium layer: it is not dead.

- `truth.csv`: image, quantity, value, unit; the exact values, in true um.
- `cells.csv`: image, cell, site, position, charge_mah_cm2; which image belongs to which cell.

Measure them with

    sodalite run cross-section sample_images -o OUT --charge-mah-cm2 {_CHARGE_MAH_CM2:g}

and make them again with

    python -m sodalite.phantoms.sample_images sample_images

Origin: made by `sodalite`, no third-party material. Licence: GPL-3.0-or-later, as the rest of the project. SHA-256:

```
"""


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m sodalite.phantoms.sample_images FOLDER")
    write_samples(Path(sys.argv[1]))
