"""The sample EBSD maps that ship with sodalite, with their truth: ``python -m sodalite.phantoms.sample_maps FOLDER``.

Four maps in the three formats, on square and hexagonal grids, that between them hold what makes maps hard to read:
two phases, points that are not indexed, twins, a hexagonal grid, crystals with axes along a or along a*.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sodalite.phantoms.map_files import write_ang, write_ctf, write_orix_h5
from sodalite.phantoms.maps import ALUMINIUM, NZSP, SODIUM, MapPhantom, make_map
from sodalite.quantity import GLOSSARY

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEP_UM = 0.5
_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class SampleMap:
    """One shipped map: its file, its rows and columns, how many crystals, the seed, the fields of its scene."""

    file: str
    shape: tuple[int, int]
    grains: int
    seed: int
    fields: Mapping[str, Any]

    def draw(self) -> MapPhantom:
        """Return the phantom, the same at every call."""
        return make_map(
            self.shape, _STEP_UM, grains=self.grains, seed=self.seed, name=Path(self.file).stem, **self.fields
        )

    def write(self, phantom: MapPhantom, path: Path) -> None:
        """Write the map in the format of its file."""
        if path.suffix == ".h5":
            write_orix_h5(phantom.ebsd, path)
        else:
            (write_ang if path.suffix == ".ang" else write_ctf)(phantom.ebsd, path, decimals=_DECIMALS)


SAMPLE_MAPS: tuple[SampleMap, ...] = (
    SampleMap(
        "columns.ang", (60, 90), 14, 21,
        {"structure": "columnar", "texture": "110", "textured_fraction": 0.7, "noise_deg": 0.3},
    ),
    SampleMap("hexagonal.ang", (64, 60), 30, 22, {"lattice": "hex", "gradient_deg_um": 0.05}),
    SampleMap(
        "film.ctf", (70, 72), 25, 23,
        {"film_um": (6.0, 26.0), "phases": (SODIUM, NZSP), "outside": (0, 2), "unindexed_fraction": 0.02,
         "unindexed_boundary_fraction": 0.1, "unindexed_bands": 1, "band_um": 0.8, "frame": "channel5"},
    ),
    SampleMap("twins.h5", (50, 64), 20, 24, {"phases": (ALUMINIUM,), "twins": 6}),
)  # fmt: skip
"""The maps in the order of the tables."""


def write_sample_maps(folder: Path) -> None:
    """Write the maps, truth.csv and README.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("image", "quantity", "value", "unit"))
        for sample in SAMPLE_MAPS:
            phantom = sample.draw()
            sample.write(phantom, folder / sample.file)
            for name, value in phantom.truth.items():
                table.writerow((sample.file, name, f"{value:.8g}", GLOSSARY[name].unit))
    (folder / "README.md").write_text(readme(folder), encoding="utf-8", newline="\n")


def readme(folder: Path) -> str:
    """Return the description of the folder with the checksum of each file in it."""
    names = [*(sample.file for sample in SAMPLE_MAPS), "truth.csv"]
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names]
    return _TEXT + "\n".join(sums) + "\n```\n"


_TEXT = f"""# Sample maps

Synthetic EBSD maps with a step of {_STEP_UM} um. No microscope took them: `sodalite` draws them from a seed, so the
crystal of every point is known.

| file | grid | what it shows |
|---|---|---|
| columns.ang | square | sodium columns that grew upwards, most of them along <110> |
| hexagonal.ang | hexagonal | equiaxed sodium grains, bent by 0.05 degrees a um |
| film.ctf | square | a sodium film on NZSP (two phases), nothing above it, points and a band not indexed |
| twins.h5 | square | aluminium grains with six twins, written by orix |

- `truth.csv`: image, quantity, value, unit; exact values over all grains, those of a single point and those that the
  border cuts included (`min_pixels` 1).

Measure them with

    sodalite run grains sample_images/maps -o OUT

and make them again with

    python -m sodalite.phantoms.sample_maps sample_images/maps

Origin: made by `sodalite`, no third-party material. Licence: GPL-3.0-or-later, as the rest of the project. SHA-256:

```
"""


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m sodalite.phantoms.sample_maps FOLDER")
    write_sample_maps(Path(sys.argv[1]))
