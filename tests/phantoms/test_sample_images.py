"""The shipped sample images are what the code makes, and read back as they were drawn."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import pytest

from sodalite.phantoms.sample_images import SAMPLES, write_samples
from sodalite.read import correct_tilt, read_image

SHIPPED = Path(__file__).resolve().parents[2] / "sample_images"


def _files() -> list[Path]:
    """Return the files of the folder itself; the maps have a folder and tests of their own."""
    return [path for path in SHIPPED.iterdir() if path.is_file()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the samples made anew."""
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def test_shipped_files_are_what_the_code_makes(made: Path) -> None:
    """Every file of sample_images is byte for byte the one that the module writes, and there is no other."""
    assert sorted(path.name for path in _files()) == sorted(path.name for path in made.iterdir())
    for path in made.iterdir():
        assert (SHIPPED / path.name).read_bytes() == path.read_bytes(), path.name


def test_checksums_of_the_readme_hold() -> None:
    """The README lists the SHA-256 of every image and table."""
    listed = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (SHIPPED / "README.md").read_text(encoding="utf-8"), re.M))
    found = {hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest(): name for name in listed.values()}
    assert found == listed
    assert set(listed.values()) == {path.name for path in _files()} - {"README.md"}


def test_images_are_small_enough_to_ship() -> None:
    """No file is larger than 400 kB."""
    assert max(path.stat().st_size for path in _files()) <= 400_000


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_images_read_back_with_true_heights(sample) -> None:
    """Header and tilt decision give the pixel size that the phantom was drawn with."""
    image = correct_tilt(read_image(SHIPPED / sample.file))
    phantom = sample.draw()
    assert image.spacing_um == pytest.approx(phantom.spacing_um, rel=1e-6)
    assert (image.data == phantom.image.data).all()


def test_cells_and_truth_name_every_image() -> None:
    """Both tables speak of the shipped images and of no other."""
    for table in ("cells.csv", "truth.csv"):
        with (SHIPPED / table).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row["image"] for row in rows} == {sample.file for sample in SAMPLES}
