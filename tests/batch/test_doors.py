"""The real pipeline through two doors: a line in a script and a folder on the command line give the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sodalite
from batch.conftest import tree
from sodalite.cli import main
from sodalite.phantoms.suite import make_named
from sodalite.phantoms.tags import write_tiff

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = "collector,sodium,electrolyte"
NAMES = ("bulk_voids_se_snr8", "sub/dead_sodium_bse_snr8")


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two phantoms and of four files that cannot be measured."""
    monkeypatch.setattr("sodalite.batch.run.code_hash", lambda: "code")
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for name in NAMES:
        phantom = make_named(name.rpartition("/")[2])
        write_tiff(folder / f"{name}.tif", phantom.image.data, phantom.image.spacing_um, vendor="imagej")
    whole = (folder / f"{NAMES[0]}.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.tif").write_bytes(b"")
    (folder / "renamed.tif").write_text("Dear colleague, attached are the images.")
    write_tiff(folder / "bare.tif", make_named("void_free_se_snr8").image.data, (1.0, 1.0), vendor="hitachi")
    (folder / "bare.txt").unlink()
    return folder


def test_script_and_folder_agree(images: Path, tmp_path: Path) -> None:
    """Good files give what the script gives, to the byte; bad ones are named; two workers change nothing."""
    command = ["run", "cross-section", str(images), "--set", f"layers={LAYERS}", "-o"]
    assert main([*command, str(tmp_path / "two"), "--workers", "2"]) == 1
    assert main([*command, str(tmp_path / "one"), "--workers", "1"]) == 1
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    failures = (tmp_path / "one/failures.csv").read_text()
    assert [line.partition(",")[0] for line in failures.splitlines()[1:]] == [
        "bare.tif", "empty.tif", "renamed.tif", "truncated.tif",
    ]  # fmt: skip
    for name in NAMES:
        image = sodalite.read_image(images / f"{name}.tif").replace(name=f"{name}.tif")
        folder = sodalite.CrossSection(layers=LAYERS).run(image).save(tmp_path / "script" / name)
        for file in ("values.csv", "summary.csv", "voids.csv", "profile.csv", "labels.tif"):
            assert (folder / file).read_bytes() == (tmp_path / "one" / name / file).read_bytes()


def test_measuring_the_labels_of_a_run_gives_its_numbers(images: Path, tmp_path: Path) -> None:
    """A second run on the labels of the first, as after a correction by hand, finds the same layer and voids."""
    command = ["run", "cross-section", str(images / "sub"), "--set", f"layers={LAYERS}", "-o"]
    assert main([*command, str(tmp_path / "first")]) == 0
    assert main([*command, str(tmp_path / "second"), "--labels", str(tmp_path / "first")]) == 0
    name = NAMES[1].rpartition("/")[2]
    first, second = (sodalite.load_result(tmp_path / run / name) for run in ("first", "second"))
    for quantity in ("thickness_gross_mean", "thickness_net_mean", "void_count", "void_fraction", "dead_sodium_count"):
        assert second[quantity].value == pytest.approx(first[quantity].value, rel=0.01), quantity
