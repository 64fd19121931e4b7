"""Strippings and growing fronts from the command line: folders in, tables, pictures and sentences out."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

import sodalite
from sodalite.cli import main
from sodalite.phantoms.front import make_front
from sodalite.phantoms.stripping import make_stripping
from sodalite.result import load_result

if TYPE_CHECKING:
    from pathlib import Path


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    """Return exit code and stderr of a command."""
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().err


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def stripped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a stripping of four steps, of which the third is a broken file."""
    folder = tmp_path_factory.mktemp("data") / "cell1"
    folder.mkdir()
    phantom = make_stripping(seed=4, charges_mah_cm2=(0.0, 0.2, 0.3, 0.5))
    lines = ["file,charge_mAh_cm2"]
    for number, step in enumerate(phantom.series.steps):
        assert step.image is not None
        tifffile.imwrite(folder / f"step{number}.tif", step.image.data)
        lines.append(f"step{number}.tif,{step.charge_mah_cm2}")
    (folder / "step2.tif").write_bytes(b"II*\0 broken")
    (folder / "series.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_stripping_folder_is_one_input(stripped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three of four steps are measured, the broken one is named, the pictures are drawn, labels measure again."""
    out = tmp_path / "out"
    code, err = call(capsys, "run", "stripping", stripped.parent, "-o", out, "--pixel-size-um", "0.05")
    assert code == 1
    assert "Traceback" not in err
    failures = rows_of(out / "failures.csv")
    assert [failure["image"] for failure in failures] == ["cell1/step2.tif"]
    (summary,) = rows_of(out / "summary.csv")
    assert summary["image"] == "cell1"
    assert float(summary["void_capacity_ratio"]) == pytest.approx(0.12, rel=0.06)
    written = {path.name for path in (out / "cell1").iterdir()}
    assert {"voids.png", "overlay.png", "void_area.png", "openings.png", "labels.tif", "tracks.csv"} <= written
    assert "<figcaption>Images laid on the first one: a colour a void" in (out / "report.html").read_text(
        encoding="utf-8"
    )
    assert load_result(out / "cell1").labels["voids"].shape[0] == 3
    again = tmp_path / "again"
    call(capsys, "run", "stripping", stripped.parent, "-o", again, "--pixel-size-um", "0.05", "--labels", out)
    assert rows_of(again / "summary.csv")[0]["void_area_last_um2"] == summary["void_area_last_um2"]


@pytest.mark.parametrize("recipe", [sodalite.Stripping(), sodalite.Front(grows_from="bottom")], ids=lambda it: it.kind)
def test_a_file_that_is_not_there_is_named_without_its_folder(recipe: sodalite.Recipe, tmp_path: Path) -> None:
    """Its step says what to do, as that of a series of maps does."""
    for number in (0, 2):
        tifffile.imwrite(tmp_path / f"s{number}.tif", np.zeros((64, 64), np.uint8))
    (tmp_path / "series.csv").write_text("file\ns0.tif\ns1.tif\ns2.tif\n")
    read = recipe.read(tmp_path, pixel_size_um=1.0)
    assert read.steps[1].error == "s1.tif: is not in the folder; add it or take out its row."


def test_a_folder_of_colour_frames_is_a_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Colour PNG frames with times give a rate; without the side of the substrate there is a sentence."""
    folder = tmp_path / "data" / "film"
    folder.mkdir(parents=True)
    phantom = make_front((140, 200), seed=5, frames=6, rate_um_min=4.0, substrate_um=45.0)
    lines = ["file,time_h"]
    for number, frame in enumerate(phantom.colours):
        cv2.imwrite(str(folder / f"frame{number}.png"), np.ascontiguousarray(frame[..., ::-1]))
        lines.append(f"frame{number}.png,{number / 60:.8f}")
    (folder / "series.csv").write_text("\n".join(lines) + "\n")
    options = ("--pixel-size-um", "1", "--set", "current_ma_cm2=10")
    out = tmp_path / "out"
    assert call(capsys, "run", "front", folder, "-o", out, *options, "--set", "grows_from=bottom")[0] == 0
    (summary,) = rows_of(out / "summary.csv")
    assert float(summary["growth_rate_um_min"]) == pytest.approx(4.0, rel=0.03)
    assert {"frames.png", "fronts.png", "growth.png", "labels.tif"} <= {p.name for p in (out / "film").iterdir()}
    code, err = call(capsys, "run", "front", folder, "-o", tmp_path / "other", *options)
    assert code == 1
    assert "grows_from: not set for film" in err
