"""Series are read from tables, names, stacks and films, and what is wrong with them is said in one sentence."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
import yaml

from sodalite.errors import CalibrationError, ReadError
from sodalite.pipelines.grains import Grains
from sodalite.read.frames import iterate_frames, read_frame
from sodalite.read.series import MAPS, natural_key, read_series
from sodalite.read.series_info import describe_series
from sodalite.read.series_table import read_rows

ROOT = Path(__file__).resolve().parents[2]


def folder_with(path: Path, *names: str, table: str | None = None) -> Path:
    """Return a folder with empty files of these names, and a table where one is given."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")
    if table is not None:
        (path / "series.csv").write_text(table, encoding="utf-8-sig")
    return path


def bright(frame: int) -> np.ndarray:
    """Return a dark picture with one bright column that tells the number of the frame."""
    picture = np.full((48, 64), 20, np.uint8)
    picture[:, 4 + 8 * frame : 8 + 8 * frame] = 220
    return picture


def test_a_table_tells_every_step(tmp_path: Path) -> None:
    """Times, charges, pictures, flags and notes come from the row, the order from the times."""
    table = (
        "file,image,time_h,charge_mAh_cm2,repolished,note\n"
        "b.ang,b.tif,0,0,0,\na.ang,,2.5,0.5,0,\nsub/c.ctf,,336,1.5,1,after two weeks\n\n"
    )
    series = read_series(folder_with(tmp_path, "a.ang", "b.ang", "b.tif", "sub/c.ctf", table=table))
    assert [step.name for step in series.steps] == ["b.ang", "a.ang", "sub/c.ctf"]
    assert series.times_h == (0, 2.5, 336)
    assert series.charges_mah_cm2 == (0, 0.5, 1.5)
    assert series.repolished == (False, False, True)
    assert [step.image_path for step in series.steps] == [tmp_path / "b.tif", None, None]
    assert series.steps[2].note == "after two weeks"
    assert series.warnings == ()


def test_names_are_taken_as_people_count(tmp_path: Path) -> None:
    """Without a table step 2 stands before step 10 and nothing is invented about times."""
    names = ("step10.ang", "step2.ang", "Step1.ang", "step2.tif", "overview.tif", "notes.txt", ".hidden.ang")
    series = read_series(folder_with(tmp_path, *names))
    assert [step.name for step in series.steps] == ["Step1.ang", "step2.ang", "step10.ang"]
    assert series.times_h is None
    assert series.charges_mah_cm2 is None
    assert [step.image_path for step in series.steps] == [None, tmp_path / "step2.tif", None]
    assert series.warnings == ("overview.tif: an image without a map of the same name; it is left out.",)
    assert natural_key("S009") < natural_key("S10")


def test_the_two_files_of_one_map_are_one_step(tmp_path: Path) -> None:
    """A .crc beside its .cpr does not count."""
    series = read_series(folder_with(tmp_path, "m1.cpr", "m1.crc", "m2.cpr", "m2.crc"))
    assert [step.name for step in series.steps] == ["m1.cpr", "m2.cpr"]


def test_every_map_that_a_folder_may_hold_is_one_of_a_series_and_opens_in_the_viewer() -> None:
    """Three places list the ends of the names of maps: recipe, series and plugin."""
    manifest = yaml.safe_load((ROOT / "plugins/napari_sodalite/napari.yaml").read_text())
    patterns = {pattern.lstrip("*") for pattern in manifest["contributions"]["readers"][0]["filename_patterns"]}
    assert set(MAPS) == Grains.extensions - {".txt", ".csv"}
    assert patterns >= Grains.extensions


def test_images_alone_are_a_series(tmp_path: Path) -> None:
    """A folder of micrographs is a series of images."""
    series = read_series(folder_with(tmp_path, "i1.tif", "i2.png"))
    assert [step.kind for step in series.steps] == ["image", "image"]


def test_european_tables_are_read(tmp_path: Path) -> None:
    """Semicolons with decimal commas mean what they say."""
    table = "file;time_h;charge_mah_cm2\na.ang;0;0\nb.ang;1,5;0,25\n"
    series = read_series(folder_with(tmp_path, "a.ang", "b.ang", table=table))
    assert series.times_h == (0, 1.5)
    assert series.charges_mah_cm2 == (0, 0.25)


@pytest.mark.parametrize(
    "written",
    [
        b"file,time_h\ra.tif,0\rb.tif,1.5\r",
        "\ufefffile;time_h\r\na.tif;0\r\nb.tif;1,5\r\n".encode(),
        "file\ttime_h\na.tif\t0\nb.tif\t1,5\n".encode("utf-16"),
        "file,time_h,note\na.tif,0,heiß\nb.tif,1.5,\n".encode("cp1252"),
        b'"file","time_h"\n"a.tif","0"\n"b.tif","1,5"\n',
        b"sep=;\nfile;time_h;;\na.tif;0;;\nb.tif;1,5;;\n",
        b"# of cell 3\n\nfile,time_h\n./a.tif,0\nsub/../b.tif,1.5,,\n",
    ],
)
def test_tables_as_spreadsheets_save_them(tmp_path: Path, written: bytes) -> None:
    """Any line ends and encodings, decimal commas, quotes, a line that names the separator, empty columns."""
    folder = folder_with(tmp_path, "a.tif", "b.tif")
    (folder / "series.csv").write_bytes(written)
    series = read_series(folder)
    assert [step.name for step in series.steps] == ["a.tif", "b.tif"]
    assert series.times_h == (0, 1.5)


@pytest.mark.parametrize("name", ["/data/a.tif", "../a.tif", "x/../../a.tif", "C:\\data\\a.tif", "a" * 300 + ".tif"])
@pytest.mark.parametrize("column", ["file", "image"])
def test_files_outside_the_folder_are_refused(tmp_path: Path, name: str, column: str) -> None:
    """A table speaks of its own folder, wherever that is copied to."""
    row = f"{name},\n" if column == "file" else f"a.ang,{name}\n"
    with pytest.raises(ReadError, match=f"column {column}: .* is not in the folder of the table"):
        read_series(folder_with(tmp_path, "a.ang", "a.tif", table=f"file,image\n{row}b.ang,\n"))


def test_blank_lines_before_the_columns_do_not_count(tmp_path: Path) -> None:
    """A row that is wrong is still called by its number in the file."""
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).touch()
    (tmp_path / "series.csv").write_text("\n \nfile;time_h\na.tif;0\nb.tif;1,5\n")
    rows, notes = read_rows(tmp_path / "series.csv")
    assert [row.time_h for row in rows] == [0.0, 1.5]
    assert notes == []
    (tmp_path / "series.csv").write_text("\nfile,time_h\na.tif\n")
    with pytest.raises(ReadError, match="line 3: found 1 values"):
        read_rows(tmp_path / "series.csv")


def test_shuffled_rows_are_put_in_order_and_told(tmp_path: Path) -> None:
    """Steps are measured in the order of their times; the sentence names the row that was out of place."""
    table = "file,time_h\na.ang,0\nc.ang,6\nb.ang,3\n"
    series = read_series(folder_with(tmp_path, "a.ang", "b.ang", "c.ang", table=table))
    assert [step.name for step in series.steps] == ["a.ang", "b.ang", "c.ang"]
    assert [step.number for step in series.steps] == [0, 1, 2]
    assert "b.ang at 3 h stands after c.ang at 6 h" in series.warnings[0]


def test_a_missing_file_does_not_sink_the_others(tmp_path: Path) -> None:
    """The step stays, and a sentence names its file and column."""
    table = "file,image,time_h\na.ang,a.tif,0\nb.ang,,1\nc.ang,,2\n"
    series = read_series(folder_with(tmp_path, "a.ang", "c.ang", table=table))
    assert len(series.steps) == 3
    assert series.warnings == (
        "series.csv, column file: b.ang is not in the folder; add it or take out its row.",
        "series.csv, column image: a.tif is not in the folder; add it or take out its row.",
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("file,time\na.ang,0\nb.ang,1\n", "column 'time' is unknown"),
        ("name\na.ang\n", "column 'name' is unknown"),
        ("time_h\n0\n1\n", "column file is not there"),
        ("file,time_h\na.ang,0\nb.ang,now\n", "column time_h: found 'now' for b.ang"),
        ("file,time_h\na.ang,0\nb.ang,inf\n", "column time_h: found 'inf' for b.ang"),
        ("file,time_h\na.ang,0\nb.ang,\n", "column time_h: empty for b.ang"),
        ("file,time_h\na.ang,1\nb.ang,1\n", "a.ang and b.ang are both at 1 h"),
        ("file\na.ang\na.ang\n", "column file: a.ang comes twice"),
        ("file\na.ang\n./a.ang\n", "column file: a.ang comes twice"),
        ('file,time_h\na.ang,0\nb.ang,"1,234"\n', "column time_h: found '1,234' for b.ang"),
        ("file,note\na.ang," + "x" * 200_000 + "\n", "not readable as a table"),
        ("file,repolished\na.ang,0\nb.ang,maybe\n", "column repolished: found 'maybe' for b.ang"),
        ("file,frame\na.tif,1.5\n", "column frame: found '1.5' for a.tif"),
        ("file,image\na.ang,b.ang\n", "column image: b.ang is no image"),
        ("file\na.ang\nb.docx\n", "b.docx is neither a map nor an image"),
        ("file\na.ang\nb.avi\n", "b.avi is a film"),
        ("file,note\na.ang\n", "line 2: found 1 values for 2 columns"),
        ("file\na.ang\n", "needs two steps or more, found a.ang"),
        ("file\na.ang\nlost.ang\n", "lost.ang is not in the folder and fewer than two steps are"),
        ("", "column file is not there"),
    ],
)
def test_tables_that_cannot_be_right_are_refused(tmp_path: Path, table: str, sentence: str) -> None:
    """The sentence names the column and the file."""
    folder = folder_with(tmp_path, "a.ang", "b.ang", "a.tif", table=table)
    with pytest.raises(ReadError, match=sentence):
        read_series(folder)


def test_folders_that_are_no_series_are_refused(tmp_path: Path) -> None:
    """An absent folder, an empty one, one step and a single image are told apart."""
    with pytest.raises(ReadError, match="no such folder"):
        read_series(tmp_path / "lost")
    with pytest.raises(ReadError, match="found no map or image"):
        read_series(tmp_path)
    with pytest.raises(ReadError, match=r"found a\.ang"):
        read_series(folder_with(tmp_path, "a.ang"))
    tifffile.imwrite(tmp_path / "one.tif", bright(0))
    with pytest.raises(ReadError, match="found one image"):
        read_series(tmp_path / "one.tif")
    with pytest.raises(ReadError, match="only when it is a stack or film"):
        read_series(tmp_path / "a.ang")


def test_a_stack_is_a_series_of_frames(tmp_path: Path) -> None:
    """Each page is a step that is read when it is asked for; times come from the interval that was told."""
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([bright(k) for k in range(5)]))
    series = read_series(tmp_path, frame_interval_s=720)
    assert series.times_h == pytest.approx((0, 0.2, 0.4, 0.6, 0.8))
    assert series.steps[3].name == "stack.tif#3"
    image = read_frame(series.steps[3], pixel_size_um=0.5)
    np.testing.assert_array_equal(image.data, bright(3))
    assert image.spacing_um == (0.5, 0.5)
    with pytest.raises(CalibrationError, match="no pixel size"):
        read_frame(series.steps[0], pixel_size_um=None)


@pytest.mark.parametrize(("end", "code"), [("avi", "MJPG"), ("mp4", "mp4v")])
def test_a_film_is_a_series_of_frames(tmp_path: Path, end: str, code: str) -> None:
    """Frames come in order and one by one, and the same frame comes when it is asked for alone."""
    film = cv2.VideoWriter(str(tmp_path / f"film.{end}"), cv2.VideoWriter_fourcc(*code), 10, (64, 48))
    for k in range(6):
        film.write(cv2.cvtColor(bright(k), cv2.COLOR_GRAY2BGR))
    film.release()
    assert dict(describe_series(tmp_path / f"film.{end}"))["steps"] == "6, no times or charges told"
    series = read_series(tmp_path / f"film.{end}")
    pictures = [image.data for _, image in iterate_frames(series, pixel_size_um=(1.0, 2.0))]
    assert len(pictures) == 6
    for k, picture in enumerate(pictures):
        assert abs(int(picture.mean(axis=0).argmax()) - (5.5 + 8 * k)) < 3
    np.testing.assert_array_equal(read_frame(series.steps[4], pixel_size_um=1.0).data, pictures[4])
    with pytest.raises(CalibrationError, match="no pixel size"):
        read_frame(series.steps[0], pixel_size_um=None)


def test_frames_of_one_file_may_be_chosen(tmp_path: Path) -> None:
    """A table names frames of a stack with times of their own."""
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([bright(k) for k in range(5)]))
    (tmp_path / "series.csv").write_text("file,frame,time_h\nstack.tif,4,1\nstack.tif,1,0\n")
    series = read_series(tmp_path)
    assert [step.frame for step in series.steps] == [1, 4]
    np.testing.assert_array_equal(read_frame(series.steps[1], pixel_size_um=1.0).data, bright(4))


def test_colours_become_luminance(tmp_path: Path) -> None:
    """A colour picture of a light microscope is read in grey: 0.299 R + 0.587 G + 0.114 B."""
    colours = np.zeros((20, 30, 3), np.uint8)
    colours[:10] = (200, 100, 50)
    colours[10:] = (10, 20, 240)
    tifffile.imwrite(tmp_path / "a1.tif", colours, photometric="rgb")
    cv2.imwrite(str(tmp_path / "a2.png"), np.ascontiguousarray(colours[..., ::-1]))
    for step in read_series(tmp_path).steps:
        image = read_frame(step, pixel_size_um=1.0)
        assert image.data[0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
        assert image.data[19, 0] == round(0.299 * 10 + 0.587 * 20 + 0.114 * 240)


def test_a_film_that_is_none_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no film are told in a sentence, without another of OpenCV's on the terminal."""
    (tmp_path / "film.avi").write_bytes(b"nothing like a film" * 50)
    with pytest.raises(ReadError, match="no film that can be decoded"):
        read_series(tmp_path / "film.avi")
    assert capfd.readouterr() == ("", "")


def test_films_that_promise_too_many_frames(tmp_path: Path) -> None:
    """A damaged count of frames and a frame that a table names beyond the end are refused, not looked for for ever."""
    film = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for k in range(6):
        film.write(cv2.cvtColor(bright(k), cv2.COLOR_GRAY2BGR))
    film.release()
    raw = bytearray((tmp_path / "a.avi").read_bytes())
    for mark, offset in ((b"avih", 24), (b"strh", 40)):
        struct.pack_into("<I", raw, raw.find(mark) + offset, 2**31 - 1)
    (tmp_path / "b.avi").write_bytes(raw)
    with pytest.raises(ReadError, match="2147483647 frames cannot be"):
        read_series(tmp_path / "b.avi")
    (tmp_path / "series.csv").write_text("file,frame\na.avi,0\na.avi,99999999999\n")
    with pytest.raises(ReadError, match="frame 99999999999 cannot be decoded"):
        read_frame(read_series(tmp_path).steps[1], pixel_size_um=1.0)


def test_text_tables_of_maps_are_told_of_a_folder(tmp_path: Path) -> None:
    """With no series beside them, beside its steps, or as its steps; tables of other things and of results are not."""
    points = "\n".join(f"1;0.5;2;{x};{y}" for y in range(3) for x in range(4))
    (tmp_path / "points.csv").write_text(f"phi1;Phi;phi2;x;y\n{points}\n")
    (tmp_path / "cells.csv").write_text("image;cell\na.tif;1\n")
    rows = describe_series(tmp_path)
    assert [name for name, _ in rows] == ["folder", "series", "map"]
    assert rows[2][1].startswith("points.csv, 3 rows x 4 columns, step 1 um")
    folder_with(tmp_path, "a.tif", "b.tif")
    assert [name for name, _ in describe_series(tmp_path)][-2:] == ["step 1", "no step"]
    folder_with(tmp_path, table="file\na.tif\npoints.csv\n")
    assert dict(describe_series(tmp_path))["step 1"].startswith("points.csv, 3 rows")
    assert "no step" not in dict(describe_series(tmp_path))
    folder_with(tmp_path, "provenance.json", table="file\na.tif\nb.tif\n")
    assert "no step" not in dict(describe_series(tmp_path))
