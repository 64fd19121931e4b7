"""The command line from outside: exit codes, one sentence a message, never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batch.fakes import measure
from sodalite.cli import main

TESTS = Path(__file__).resolve().parent
# a shell that runs the tests in the background has them ignore Ctrl-C, and what they start
STARTER = (
    "import signal, sys, sodalite.recipe, sodalite.batch.run, batch.fakes\n"
    "if __name__ == '__main__':\n"
    "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "    sodalite.recipe.KINDS = {'ruler': 'batch.fakes:Ruler'}\n"
    "    sodalite.batch.run.measure_file = batch.fakes.measure\n"
    "    from sodalite.cli import main\n"
    "    sys.exit(main())\n"
)


@pytest.fixture
def ruler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder of three good files that the recipe kind `ruler` measures."""
    monkeypatch.setattr("sodalite.recipe.KINDS", {"ruler": "batch.fakes:Ruler"})
    monkeypatch.setattr("sodalite.batch.run.measure_file", measure)
    (tmp_path / "in/sub").mkdir(parents=True)
    for name in ("a.tif", "b.tif", "sub/a.tif"):
        (tmp_path / "in" / name).write_text("3")
    return tmp_path / "in"


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def test_a_good_folder_ends_with_0(ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file is measured, the plain lines count them, the report is there."""
    code, out, err = call(capsys, "run", "ruler", ruler, "-o", tmp_path / "out", "--workers", "1", "--set", "factor=2")
    assert code == 0
    assert out.startswith("3 of 3 measured")
    assert "[3/3]" in err
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"values.csv", "summary.csv", "failures.csv", "recipe.yaml", "provenance.json", "report.html"} <= written
    assert "a.tif,thickness_gross_mean,6,um" in (tmp_path / "out/values.csv").read_text()
    assert (tmp_path / "out/failures.csv").read_text() == "image,error,message\n"


def test_a_bad_file_ends_with_1(ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bad file is named in one sentence, the others are measured."""
    (ruler / "b.tif").write_text("three")
    code, out, err = call(capsys, "run", "ruler", ruler, "-o", tmp_path / "out")
    assert code == 1
    assert out.startswith("2 of 3 measured")
    assert "b.tif: 'three' is no number; write one." in err
    assert "Traceback" not in err


def test_what_a_file_leaves_open_is_told_below_it(
    ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning of the reader stands in the terminal, also when the result is kept, and in the report."""
    file = tmp_path / "odd.tif"
    file.write_text("99")
    for resume in ([], ["--resume"]):
        code, _, err = call(capsys, "run", "ruler", file, "-o", tmp_path / "out", *resume)
        assert (code, err.splitlines()[1]) == (0, "  warning: large numbers are rare")
    assert "large numbers are rare" in (tmp_path / "out/report.html").read_text()


def test_globs_are_expanded(ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A glob that the shell left alone finds its files, named from their common folder."""
    code, _, _ = call(capsys, "run", "ruler", f"{ruler}/**/a.*", "-o", tmp_path / "out")
    assert code == 0
    assert sorted(p.parent.name for p in tmp_path.glob("out/**/labels.tif")) == ["a", "a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: ruler\nfactor: [a\n", "not readable as YAML (line 3: "),
        ("kind: section\n", "section: no such recipe kind"),
        ("kind: ruler\nfacto: 3\n", "did you mean factor?"),
        ("layers: cap\n", "no field 'kind'"),
    ],
)
def test_a_recipe_file_with_a_fault(
    text: str, words: str, ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file, what is wrong in it and what to do stand in one line."""
    (tmp_path / "my.yaml").write_text(text)
    code, _, err = call(capsys, "run", tmp_path / "my.yaml", ruler, "-o", tmp_path / "OUT")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "my.yaml: " in err
    assert words in err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no room for the results (No space left on device); make room"),
        (errno.EACCES, "permission denied (x.csv); check who may read and write there."),
        (errno.EIO, "input/output error (x.csv); look whether it is still there."),
    ],
)
def test_a_disk_that_fails(
    code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full or forbidden disk at the end of a run is a sentence, not an unexpected error."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), "x.csv")

    monkeypatch.setattr("sodalite.cli.commands.main", fail)
    assert main(["run"]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ""),
        (["frobnicate"], "frobnicate"),
        (["run", "ruler"], "INPUT"),
        (["run", "ruler", "IN"], "--out"),
        (["run", "cement", "IN", "-o", "OUT"], "cement: neither a recipe kind"),
        (["run", "ruler", "NOWHERE", "-o", "OUT"], "no such file or folder"),
        (["run", "ruler", "EMPTY", "-o", "OUT"], "no images found"),
        (["run", "ruler", "IN", "-o", "OUT", "--set", "factor"], "write --set NAME=VALUE"),
        (["run", "ruler", "IN", "-o", "OUT", "--set", "factor=-1"], "factor: found -1; write a number above 0."),
        (
            ["run", "ruler", "IN", "-o", "OUT", "--set", "faktor=1"],
            "faktor: no such field in a ruler recipe; did you",
        ),
        (["run", "ruler", "IN", "-o", "OUT", "--set", "factor=[1"], "--set factor=[1"),
        (["run", "ruler", "IN", "-o", "OUT", "--charge-mah-cm2", "1"], "charge_mah_cm2: no such field"),
        (["run", "ruler", "IN", "-o", "OUT", "--pixel-size-um", "0"], "--pixel-size-um 0"),
        (["run", "ruler", "IN", "-o", "OUT", "--pixel-size-um", "1,2,3"], "--pixel-size-um 1,2,3"),
        (["run", "ruler", "IN", "-o", "OUT", "--label-map", "3=cheese"], "--label-map 3=cheese"),
        (["run", "ruler", "IN", "-o", "OUT", "--workers", "0"], "--workers"),
        (["recipe"], "KIND"),
        (["recipe", "cement"], "cement: no such recipe kind"),
        (["info"], "FILE"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], words: str, ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was wrong is named in one line, and nothing is written."""
    (tmp_path / "EMPTY").mkdir()
    places = {"IN": str(ruler), "OUT": str(tmp_path / "OUT"), "EMPTY": str(tmp_path / "EMPTY")}
    code, _, err = call(capsys, *(places.get(argument, argument) for argument in arguments))
    assert code == 2
    assert words in err
    assert not arguments or len(err.splitlines()) == 1
    assert not (tmp_path / "OUT").exists()


def test_a_recipe_file_is_read(ruler: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `recipe` prints is a recipe file; one that is broken is named."""
    _, text, _ = call(capsys, "recipe", "ruler")
    (tmp_path / "my.yaml").write_text(text.replace("factor: 1.0", "factor: 4.0"))
    assert call(capsys, "run", tmp_path / "my.yaml", ruler, "-o", tmp_path / "out")[0] == 0
    assert "factor: 4.0" in (tmp_path / "out/recipe.yaml").read_text()
    (tmp_path / "bad.yaml").write_text("kind: ruler\nfactor: many\n")
    code, _, err = call(capsys, "run", tmp_path / "bad.yaml", ruler, "-o", tmp_path / "other")
    assert code == 2
    assert "bad.yaml: factor: found 'many'" in err


def test_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`recipe --list` names each kind with its first sentence."""
    code, out, _ = call(capsys, "recipe", "--list")
    assert code == 0
    assert out.startswith("cross-section  ")


def test_info_names_a_bad_file_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no image costs a sentence and exit code 1; the next one is described."""
    import numpy as np

    from sodalite.result import write_labels

    (tmp_path / "bad.tif").write_text("no image")
    write_labels(tmp_path / "good.tif", np.arange(12, dtype=np.uint8).reshape(3, 4), (0.5, 0.25))
    code, out, err = call(capsys, "info", tmp_path / "bad.tif", tmp_path / "good.tif")
    assert code == 1
    assert "bad.tif" in err
    assert "Traceback" not in err
    assert "good.tif" in out


def test_an_unexpected_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of ours ends in a sentence that tells how to see more, and shows it when asked."""
    monkeypatch.setattr("sodalite.recipe.recipe_model", lambda kind: 1 / 0)
    code, _, err = call(capsys, "recipe", "ruler")
    assert code == 1
    assert "ZeroDivisionError" in err
    assert "SODALITE_DEBUG=1" in err
    monkeypatch.setenv("SODALITE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["recipe", "ruler"])


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_writes_its_tables(sign: signal.Signals, tmp_path: Path) -> None:
    """After Ctrl-C or a polite kill the tables hold what was measured, and no worker is left."""
    (tmp_path / "in").mkdir()
    for i in range(30):
        (tmp_path / f"in/slow{i:02}.tif").write_text("1")
    (tmp_path / "start.py").write_text(STARTER)
    command = [sys.executable, "start.py", "run", "ruler", "in", "-o", "out", "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while len(list(tmp_path.glob("out/*/provenance.json"))) < 4:  # that of the fourth may still be on its way
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(sign)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--resume" in err
    assert "Traceback" not in err
    assert 4 <= len((tmp_path / "out/summary.csv").read_text().splitlines()) < 30
    assert list(tmp_path.rglob("*.tmp")) == []


def test_view_opens_napari_with_the_dock_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map opens beside the grains dock, a series of maps beside its own, an image beside the cross-section dock.

    Of a folder of images the first one opens; a series of images opens as one.
    """
    (tmp_path / "map.ctf").write_text("Channel Text File\n")
    (tmp_path / "section.tif").write_bytes(b"II*\0")
    seen: list[list[str]] = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr(
        "subprocess.run", lambda command, check: seen.append(command[3:]) or subprocess.CompletedProcess(command, 0)
    )
    (tmp_path / "growth.mp4").write_bytes(b"film")
    for name, dock in (
        ("map.ctf", "EBSD grains"),
        ("section.tif", "Cross-section"),
        ("growth.mp4", "Growth front"),
        ("", "Cross-section"),
    ):
        assert main(["view", str(tmp_path / name)]) == 0
        assert seen[-1] == [str(tmp_path / (name or "section.tif")), "--plugin", "sodalite", "--with", "sodalite", dock]
    (tmp_path / "map2.ctf").write_text("Channel Text File\n")
    assert main(["view", str(tmp_path)]) == 0
    assert seen[-1][-2:] == ["sodalite", "EBSD coarsening"]
    (tmp_path / "cell7").mkdir()
    (tmp_path / "cell7/series.csv").write_text("file\nstep0.tif\n")
    assert main(["view", str(tmp_path / "cell7")]) == 0
    assert seen[-1] == [str(tmp_path / "cell7"), "--plugin", "sodalite"]
    for step in range(2):
        (tmp_path / f"cell7/step{step}.tif").write_bytes(b"II*\0")
    for columns, row, dock in (
        ("time_h", "{0}", "Growth front"),
        ("charge_mAh_cm2", "{0}", "Stripping series"),
        ("time_h,charge_mAh_cm2", "{0},{0}", "Stripping series"),
    ):
        rows = [f"step{step}.tif,{row.format(step)}" for step in range(2)]
        (tmp_path / "cell7/series.csv").write_text("\n".join([f"file,{columns}", *rows]))
        assert main(["view", str(tmp_path / "cell7")]) == 0
        assert seen[-1] == [str(tmp_path / "cell7"), "--plugin", "sodalite", "--with", "sodalite", dock]


def test_view_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without napari, or without the file, there is one sentence."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = call(capsys, "view", tmp_path)
    assert code == 1
    assert "pip install 'sodalite[napari]'" in err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    code, _, err = call(capsys, "view", tmp_path / "absent.tif")
    assert code == 1
    assert "absent.tif: no such file" in err


def test_the_end_counts_inputs_and_their_parts_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of cells or a step that failed is no input: of five inputs of which one failed, four were measured."""
    from sodalite.batch.engine import Failure
    from sodalite.batch.run import Report
    from sodalite.cli import _conclude

    failures = dict.fromkeys(("e.tif", "cells.csv"), Failure("ReadError", "why"))
    assert _conclude(Report(5, ("a", "b", "c", "d"), failures), Path("out")) == 1
    assert "1 of 5 inputs and 1 part of the inputs failed" in capsys.readouterr().err
