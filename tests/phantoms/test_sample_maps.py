"""The shipped sample maps are what the code makes, and measuring them finds the crystals that were drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sodalite.phantoms.sample_maps import SAMPLE_MAPS, SampleMap, readme, write_sample_maps
from sodalite.pipelines.grains import Grains
from sodalite.read import read_ebsd

SHIPPED = Path(__file__).resolve().parents[2] / "sample_images" / "maps"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the maps made anew."""
    folder = tmp_path_factory.mktemp("maps")
    write_sample_maps(folder)
    return folder


def test_shipped_files_are_what_the_code_makes(made: Path) -> None:
    """Text is the same byte for byte; HDF5 holds the same map to the rounding of sines, which differs by processor."""
    assert sorted(path.name for path in SHIPPED.iterdir()) == sorted(path.name for path in made.iterdir())
    for path in made.iterdir():
        if path.suffix in (".ang", ".ctf", ".csv"):
            assert (SHIPPED / path.name).read_bytes() == path.read_bytes(), path.name
    shipped, again = (read_ebsd(folder / "twins.h5") for folder in (SHIPPED, made))
    np.testing.assert_allclose(shipped.euler_rad, again.euler_rad, rtol=0, atol=1e-12)


def test_checksums_of_the_readme_hold() -> None:
    """The README lists the SHA-256 of every map and of the truth."""
    assert (SHIPPED / "README.md").read_text(encoding="utf-8") == readme(SHIPPED)


def test_maps_are_small_enough_to_ship() -> None:
    """All files together take less than 1.5 MB."""
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 1_500_000


@pytest.mark.parametrize("sample", SAMPLE_MAPS, ids=lambda sample: sample.file)
def test_measuring_a_shipped_map_gives_its_truth(sample: SampleMap) -> None:
    """Grains are the planted ones, point by point; sizes and counts those of truth.csv to the digits of the file."""
    recipe = Grains(min_pixels=1)
    ebsd = recipe.read(SHIPPED / sample.file)
    labels = recipe.segment(ebsd)
    assert np.array_equal(labels, sample.draw().labels)
    result = recipe.run(ebsd, labels)
    found = {quantity.quantity: quantity.value for quantity in result.values}
    with (SHIPPED / "truth.csv").open(encoding="utf-8", newline="") as stream:
        truth = {row["quantity"]: float(row["value"]) for row in csv.DictReader(stream) if row["image"] == sample.file}
    assert found["grain_count"] == truth["grain_count"]
    assert found["indexed_fraction"] == pytest.approx(truth["indexed_fraction"], abs=1e-7)
    grains = result.tables["grains"]
    assert grains["ecd_um"].mean() == pytest.approx(truth["ecd_mean"], rel=1e-6)
    assert grains["gos_deg"].mean() == pytest.approx(truth["gos_mean"], rel=1e-3)
