"""Series through the command line: one folder is one input, steps that fail are named, two doors give one answer."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

import sodalite
from batch.conftest import tree
from disc_series import disc_labels, map_of, write_discs
from sodalite.batch.folders import find_series
from sodalite.batch.identity import source_hash
from sodalite.batch.sides import read_step_labels
from sodalite.cli import main
from sodalite.errors import ReadError, RecipeError
from sodalite.phantoms.map_files import write_ang

if TYPE_CHECKING:
    from pathlib import Path

TIMES_H = (0.0, 4.0, 8.0)
ENDS = {".ang", ".ctf"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two series, one of which has a broken step."""
    monkeypatch.setattr("sodalite.batch.run.code_hash", lambda: "code")
    write_discs(tmp_path / "in/cell/a", TIMES_H)
    write_discs(tmp_path / "in/b", TIMES_H, table=False)
    (tmp_path / "in/b/s1.ang").write_bytes(b"broken")
    return tmp_path / "in"


def rows(path: Path) -> list[dict[str, str]]:
    """Return a table as it stands in the file."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_is_one_input(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two series are two rows; the broken step is a failure of its own; script, workers and --resume agree."""
    command = ["run", "coarsening", str(folder), "--set", "min_pixels=4", "--set", "animate=true", "-o"]
    assert main([*command, str(tmp_path / "one"), "--workers", "1"]) == 1
    assert main([*command, str(tmp_path / "two"), "--workers", "2"]) == 1
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert [row["image"] for row in rows(tmp_path / "one/summary.csv")] == ["b", "cell/a"]
    failures = rows(tmp_path / "one/failures.csv")
    assert [row["image"] for row in failures] == ["b/s1.ang"]
    assert failures[0]["message"].startswith("b/s1.ang: ")
    assert "1 part of the inputs failed" in capsys.readouterr().err
    made = {path.name for path in (tmp_path / "one/cell/a").iterdir()}
    assert {"labels_00.tif", "labels_02.tif", "film_strip.png", "tracks.png", "growth.png", "sizes.png", "film.gif",
            "tracks.csv", "events.csv", "steps.csv", "velocities.csv", "kinetics.csv", "rates.csv"} <= made  # fmt: skip
    assert (tmp_path / "one/report.html").stat().st_size > 50_000
    recipe = sodalite.Coarsening(min_pixels=4, animate=True)
    result = recipe.run(recipe.read(folder / "cell/a"))
    saved = sodalite.load_result(tmp_path / "one/cell/a")
    assert {q.quantity: f"{q.value:.6g}" for q in saved} == {q.quantity: f"{q.value:.6g}" for q in result}
    before = tree(tmp_path / "one")
    assert main([*command, str(tmp_path / "one"), "--resume"]) == 1
    assert "cell/a: kept" in capsys.readouterr().err
    assert tree(tmp_path / "one") == before


def test_a_step_that_does_not_fit_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its sizes are measured, but it is followed nowhere: exit code 1, with its sentence in failures.csv."""
    write_discs(tmp_path / "in/a", TIMES_H)
    write_ang(map_of(disc_labels(0.0, seed=5), "s1.ang", seed=11), tmp_path / "in/a/s1.ang", decimals=5)
    command = ["run", "coarsening", str(tmp_path / "in/a"), "--set", "min_pixels=1", "-o", str(tmp_path / "out")]
    assert main(command) == 1
    (failure,) = rows(tmp_path / "out/failures.csv")
    assert failure["image"] == "a/s1.ang"
    assert "does not fit" in failure["message"]
    assert "1 part of the inputs failed" in capsys.readouterr().err


def test_labels_of_a_run_give_its_numbers_again(folder: Path, tmp_path: Path) -> None:
    """The label images that a result folder holds, read as batch reads them, are measured to the same values."""
    recipe = sodalite.Coarsening(min_pixels=4)
    series = recipe.read(folder / "cell/a")
    first = recipe.run(series)
    first.save(tmp_path / "out")
    again = recipe.run(series, read_step_labels(tmp_path / "out"))
    assert [q.value for q in again] == pytest.approx([q.value for q in first], nan_ok=True)
    with pytest.raises(ReadError, match="no labels_00"):
        read_step_labels(folder)


def test_a_series_is_what_its_files_are(folder: Path) -> None:
    """Its hash changes with any byte of a step, with the table and with files that the table names elsewhere."""
    series = folder / "cell/a"
    seen = {source_hash(series)}
    write_discs(series, (0.0, 4.0, 9.0))
    seen.add(source_hash(series))
    (series / "maps").mkdir()
    (series / "s1.ang").rename(series / "maps/s1.ang")
    table = (series / "series.csv").read_text().replace("s1.ang", "maps/s1.ang")
    (series / "series.csv").write_text(table)
    seen.add(source_hash(series))
    (series / "maps/s1.ang").write_bytes(b"other")
    seen.add(source_hash(series))
    assert len(seen) == 4


def test_info_tells_the_steps(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row a step with time, size and phase; a broken one says why."""
    assert main(["info", str(folder / "cell/a"), str(folder / "b")]) == 0
    text = capsys.readouterr().out
    assert "s1.ang, 4 h, 102 rows x 136 columns, step 0.5 um, Sodium" in text
    assert "s1.ang, not readable: " in text
    assert "3, times told" in text
    assert "3, no times or charges told" in text


def touch(folder: Path, *names: str) -> Path:
    """Write empty files and return their folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_folders_are_found_in_any_depth(tmp_path: Path) -> None:
    """A table or two maps make a series; single maps, hidden folders and earlier results do not."""
    touch(
        tmp_path,
        "a/1.ang",
        "a/2.ang",
        "b/series.csv",
        "b/maps/1.ang",
        "b/maps/2.ang",
        "lone/1.ang",
        ".h/1.ang",
        ".h/2.ang",
    )
    touch(tmp_path / "old", "recipe.yaml", "provenance.json", "x/1.ang", "x/2.ang")
    base, found = find_series([tmp_path], tmp_path / "out", ENDS)
    assert base == tmp_path
    assert [(item.image, item.folder) for item in found] == [("a", "a"), ("b", "b")]
    for given in (tmp_path / "a", tmp_path / "[a]"):
        base, found = find_series([given], tmp_path / "out", ENDS)
        assert (base, [item.image for item in found]) == (tmp_path, ["a"])
    base, found = find_series([tmp_path / "lone"], tmp_path / "out", ENDS)
    assert [item.image for item in found] == ["lone"]


def test_inputs_that_hold_no_series_are_refused(tmp_path: Path) -> None:
    """No folder, a folder without maps, the output folder itself."""
    touch(tmp_path, "empty/notes.txt")
    with pytest.raises(RecipeError, match="no such file or folder"):
        find_series([tmp_path / "none"], tmp_path / "out", ENDS)
    with pytest.raises(RecipeError, match="no series found"):
        find_series([tmp_path / "empty"], tmp_path / "out", ENDS)
    with pytest.raises(RecipeError, match="the output folder is an input too"):
        find_series([tmp_path / "empty"], tmp_path / "empty", ENDS)
