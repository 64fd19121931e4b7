"""Runs on folders of small files: what is written, what fails alone, what a resumed run keeps."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch.conftest import tree
from batch.fakes import Ruler
from sodalite.batch.engine import Limits, run_isolated
from sodalite.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from sodalite.batch.measure import Job


def rows(path: Path) -> list[dict[str, str]]:
    """Return a table as it stands in the file."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def below(pid: int) -> list[int]:
    """Return every process that a process has started, and those that these have started."""
    tasks = Path("/proc", str(pid), "task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return children + [grandchild for child in children for grandchild in below(child)]


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is only not yet counted off does not."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_bad_files_cost_themselves_alone(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """Of 62 files, 7 are bad in seven ways: 55 are measured, 7 are named with the reason."""
    numbers(*(f"{place}/{i:02}.tif" for place in ("a", "b", "c") for i in range(18)), "a/18.tif")
    numbers("empty.tif", number="")
    numbers("renamed.tif", number="a text renamed")
    numbers("uncalibrated.tif", number="-1")
    inputs = numbers("hang.tif", "die.tif", "segfault.tif", "surprise.tif")
    report = run(inputs, tmp_path / "out", limits=Limits(2, 3, 2))
    assert len(report.measured) == 55
    assert {row["image"]: row["error"] for row in rows(tmp_path / "out/failures.csv")} == {
        "die.tif": "Crash",
        "empty.tif": "ReadError",
        "hang.tif": "Deadline",
        "renamed.tif": "ReadError",
        "segfault.tif": "Crash",
        "surprise.tif": "ZeroDivisionError",
        "uncalibrated.tif": "CalibrationError",
    }
    messages = [row["message"] for row in rows(tmp_path / "out/failures.csv")]
    assert all(row.startswith(image) for row, image in zip(messages, report.failures, strict=True))
    assert not any(str(tmp_path) in message or "0x7" in message or "\n" in message for message in messages)
    assert "SIGSEGV" in report.failures["segfault.tif"].message
    assert len(rows(tmp_path / "out/summary.csv")) == 55
    assert len(rows(tmp_path / "out/voids.csv")) == 55 * 3


def test_too_much_memory_costs_its_file_alone(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """A file that needs 8 GiB of a worker's 2 fails by name."""
    report = run(numbers("hog.tif", "good.tif"), tmp_path / "out")
    assert report.measured == ("good.tif",)
    assert report.failures["hog.tif"].error == "Memory"


def test_one_and_two_workers_write_the_same_bytes(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """Every file of two runs is equal, whatever the number of workers and the folder's name."""
    inputs = numbers("z.tif", "a.tif", "sub/a.tif", "sub/b c.tif", "die.tif", "surprise.tif")
    run(inputs, tmp_path / "one", limits=Limits(1, 60, 2))
    run(inputs, tmp_path / "other", limits=Limits(2, 60, 3))
    assert tree(tmp_path / "one") == tree(tmp_path / "other")
    assert [row["image"] for row in rows(tmp_path / "one/summary.csv")] == [
        "a.tif",
        "sub/a.tif",
        "sub/b c.tif",
        "z.tif",
    ]


def test_one_worker_compiles_for_the_others(
    numbers: Callable, run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While functions are still to be compiled, the first file is measured alone; its failure stops nothing."""
    pools = []
    begin = run_isolated

    def watched(task: Callable, jobs: Sequence[Job], limits: Limits, rehearsal: str) -> Generator:
        pools.append((len(jobs), limits.workers))
        return begin(task, jobs, limits, rehearsal)

    monkeypatch.setattr("sodalite.batch.run.run_isolated", watched)
    monkeypatch.setattr("sodalite.batch.run.must_compile", lambda recipe: True)
    numbers("a.tif", number="a text renamed")
    report = run(numbers("b.tif", "c.tif"), tmp_path / "out")
    assert pools == [(1, 1), (2, 2)]
    assert report.measured == ("b.tif", "c.tif")


def test_a_killed_run_is_finished_by_resume(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """After SIGKILL in the middle, --resume keeps what is there and ends with the bytes of an undisturbed run."""
    inputs = numbers(*(f"slow{i:02}.tif" for i in range(16)))
    out = tmp_path / "killed"
    script = Path(__file__).with_name("start_run.py")
    command = [sys.executable, str(script), str(inputs), str(out)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    while len(list(out.glob("*/provenance.json"))) < 4:
        assert process.poll() is None
        time.sleep(0.05)
    started = below(process.pid)
    assert len(started) >= 3
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1)
    assert not [pid for pid in started if alive(pid)]
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*/provenance.json")}
    assert 4 <= len(kept) < 16
    (out / "slow00" / ".values.csv.12345.tmp").write_text("half a fi")
    report = run(inputs, out, resume=True)
    assert len(report.measured) == 16
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    run(inputs, tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


def test_resume_measures_again_what_has_changed(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """A changed file and a changed recipe are measured again, an unchanged file is kept."""
    inputs = numbers("a.tif", "b.tif")
    run(inputs, tmp_path / "out")
    stamp = (tmp_path / "out/a/values.csv").stat().st_mtime_ns
    numbers("b.tif", number="5")
    run(inputs, tmp_path / "out", resume=True)
    assert (tmp_path / "out/a/values.csv").stat().st_mtime_ns == stamp
    assert [row["thickness_gross_mean_um"] for row in rows(tmp_path / "out/summary.csv")] == ["3", "5"]
    run(inputs, tmp_path / "out", resume=True, recipe=Ruler(factor=2))
    assert [row["thickness_gross_mean_um"] for row in rows(tmp_path / "out/summary.csv")] == ["6", "10"]
    numbers("b.tif", number="nothing")
    assert run(inputs, tmp_path / "out", resume=True).measured == ("a.tif",)
    assert not (tmp_path / "out/b/labels.tif").exists()


def test_a_folder_is_not_written_over(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """An earlier run needs --resume, a folder of something else is refused and left as it is."""
    inputs = numbers("a.tif")
    run(inputs, tmp_path / "out")
    with pytest.raises(RecipeError, match="--resume"):
        run(inputs, tmp_path / "out")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/summary.csv").write_text("mine")
    with pytest.raises(RecipeError, match="not empty"):
        run(inputs, tmp_path / "thesis", resume=True)
    assert tree(tmp_path / "thesis") == {"summary.csv": b"mine"}


def test_names_that_meet_keep_apart(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """One name in two folders, and two kinds of file of one name, fill four folders."""
    inputs = numbers("x/cut.tif", "y/cut.tif", "same.tif", "same.png")
    run(inputs, tmp_path / "out")
    found = sorted(path.parent.relative_to(tmp_path / "out").as_posix() for path in tmp_path.glob("out/**/labels.tif"))
    assert found == ["same.png", "same.tif", "x/cut", "y/cut"]


def test_any_name_survives(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """Names with umlauts, quotes, commas, blanks and Chinese letters stand in the tables as they are."""
    names = ("Natrium schön µm.tif", "comma, semi;colon.tif", 'it\'s "quoted".tif', "钠/层 1.tif")
    assert run(numbers(*names), tmp_path / "out öf").measured == tuple(sorted(names))
    assert [row["image"] for row in rows(tmp_path / "out öf/summary.csv")] == sorted(names)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf8_costs_nothing(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """A name in an old code page is measured, or fails, under what can be written of it; the tables are all there."""
    inputs = numbers("good.tif", os.fsdecode(b"sch\xf6n.tif"))
    numbers(os.fsdecode(b"\xfcbel.tif"), number="a text renamed")
    report = run(inputs, tmp_path / "out")
    assert report.measured == ("good.tif", r"sch\xf6n.tif")
    assert [row["image"] for row in rows(tmp_path / "out/summary.csv")] == list(report.measured)
    assert rows(tmp_path / "out/failures.csv")[0]["message"].startswith(r"\xfcbel.tif: ")
    assert (tmp_path / r"out/sch\xf6n/labels.tif").is_file()


def test_cells_beside_the_images_give_groups(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """A cells.csv is averaged over; one that does not fit is named among the failures and costs nothing else."""
    inputs = numbers("a.tif", "b.tif", number="2")
    (inputs / "cells.csv").write_text("image,cell\na.tif,1\nb.tif,1\n")
    assert run(inputs, tmp_path / "out").complete
    assert rows(tmp_path / "out/groups.csv")[0]["mean"] == "2"
    (inputs / "cells.csv").write_text("picture,cell\na.tif,1\n")
    report = run(inputs, tmp_path / "wrong")
    assert report.measured == ("a.tif", "b.tif")
    assert "image" in report.failures["cells.csv"].message
    assert not report.complete


def test_results_inside_the_input_folder_are_no_inputs(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """OUT inside INPUT is skipped, and so are the labels of an earlier run beside it."""
    inputs = numbers("a.tif")
    run(inputs, inputs / "first")
    assert (inputs / "first/a/labels.tif").is_file()
    assert run(inputs, inputs / "second").measured == ("a.tif",)
    with pytest.raises(RecipeError, match="output folder is an input"):
        run(inputs, inputs)


def test_a_folder_that_cannot_be_written_is_named(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """OUT below a file, or below a folder without write permission, ends before anything is measured."""
    inputs = numbers("a.tif")
    (tmp_path / "file").write_text("")
    with pytest.raises(RecipeError, match="cannot be written"):
        run(inputs, tmp_path / "file/out")
    if os.geteuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(RecipeError, match="cannot be written"):
            run(inputs, tmp_path / "closed/out")


def test_labels_and_anchors_reach_the_recipe(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """Labels and anchors that mirror the images are measured; an image without labels fails by name."""
    import numpy as np
    from PIL import Image

    from sodalite.batch.measure import Reading

    inputs = numbers("sub/a.tif", "b.tif")
    (tmp_path / "masks/sub").mkdir(parents=True)
    Image.fromarray(np.array([[7, 7, 0, 9]] * 3, np.uint8)).save(tmp_path / "masks/sub/a.png")
    (tmp_path / "masks/sub/a.csv").write_text("interface,x_px,y_px\nsodium,1,2\n")
    reading = Reading(label_map={7: 3, 9: 5})
    report = run(inputs, tmp_path / "out", labels=tmp_path / "masks", anchors=tmp_path / "masks", reading=reading)
    assert report.measured == ("sub/a.tif",)
    assert "masks" in report.failures["b.tif"].message
    record = (tmp_path / "out/sub/a/provenance.json").read_text()
    assert '"void_pixels": 6' in record
    assert '"sodium"' in record


def test_an_empty_run_still_has_its_tables(numbers: Callable, run: Callable, tmp_path: Path) -> None:
    """Where every file fails the tables have their headers and no rows."""
    run(numbers("a.tif", number="no"), tmp_path / "out")
    assert (tmp_path / "out/values.csv").read_text() == "image,quantity,value,unit,low,high,n,note\n"
    assert (tmp_path / "out/summary.csv").read_text() == "image\n"
