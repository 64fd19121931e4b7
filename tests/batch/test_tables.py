"""Joining the tables of images, and the files that go with an image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from sodalite.batch.identity import vendor_texts
from sodalite.batch.inputs import Input
from sodalite.batch.resources import choose_limits, memory_share_gib
from sodalite.batch.sides import find_labels, parse_label_map, read_anchors, read_labels
from sodalite.batch.tables import join_tables
from sodalite.errors import MeasurementError, ReadError, RecipeError

if TYPE_CHECKING:
    from pathlib import Path


def result(folder: Path, **tables: str) -> Path:
    """Write a result folder with these tables."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    record = {"tables": [name for name in tables if name not in ("values", "summary")]}
    (folder / "provenance.json").write_text(json.dumps(record))
    return folder


def test_tables_are_joined_in_the_order_of_the_images(tmp_path: Path) -> None:
    """Equal columns are copied as they are, quoted cells with line breaks too."""
    one = result(tmp_path / "1", values="image,note\na,\n", summary="image,x\na,1\n", voids='image,n\na,"2\n3"\n')
    two = result(tmp_path / "2", values="image,note\nb,ok\n", summary="image,x\nb,2\n", voids="image,n\n")
    assert join_tables(tmp_path, [one, two]) == ["values", "summary", "voids"]
    assert (tmp_path / "values.csv").read_text() == "image,note\na,\nb,ok\n"
    assert (tmp_path / "voids.csv").read_text() == 'image,n\na,"2\n3"\n'


def test_columns_that_differ_are_all_kept(tmp_path: Path) -> None:
    """A column that one image lacks stays empty for it."""
    one = result(tmp_path / "1", values="image\n", summary="image,x\na,1\n")
    two = result(tmp_path / "2", values="image\n", summary="image,y\nb,2\n")
    join_tables(tmp_path, [one, two])
    assert (tmp_path / "summary.csv").read_text() == "image,x,y\na,1,\nb,,2\n"


@pytest.mark.parametrize(
    "name", ["sub/a/labels.tif", "sub/a.tif/labels.tif", "sub/a.tif", "sub/a.png", "sub/a_mask.png"]
)
def test_labels_are_found_where_they_mirror_the_image(name: str, tmp_path: Path) -> None:
    """Labels lie where a run puts them or under the image's own name."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_bytes(b"")
    assert find_labels(tmp_path, Input(tmp_path, "sub/a.tif", "sub/a")) == tmp_path / name
    assert find_labels(tmp_path, Input(tmp_path, "b.tif", "b")) is None


def test_foreign_labels_are_translated_or_refused(tmp_path: Path) -> None:
    """Each id that is there is named in the map; without a map only class ids pass."""
    tifffile.imwrite(tmp_path / "a.tif", np.array([[1, 3], [0, 12]], np.int32))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif", {1: 2, 3: 5, 12: 3}), [[2, 5], [0, 3]])
    with pytest.raises(MeasurementError, match="label 12 is not in the label map"):
        read_labels(tmp_path / "a.tif", {1: 2, 3: 5})
    with pytest.raises(MeasurementError, match=r"label 12 is no class id; .* each of 1, 3, 12\."):
        read_labels(tmp_path / "a.tif", {})
    assert parse_label_map(["1=sodium", "3 = electrolyte", "12=3"]) == {1: 2, 3: 5, 12: 3}
    with pytest.raises(RecipeError, match="--label-map 1=11"):
        parse_label_map(["1=11"])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_labels_in_a_palette_are_its_indices(name: str, tmp_path: Path) -> None:
    """Painting programs save labels with a palette, whose colours mean nothing; colours without one are refused."""
    labels = np.array([[1, 2, 2], [3, 5, 0]], np.uint8)
    picture = Image.fromarray(labels, mode="L").convert("P")
    for palette in (np.arange(768) * 37 % 256, np.repeat(np.arange(256) * 91 % 256, 3)):
        picture.putdata(labels.ravel().tolist())
        picture.putpalette(palette.tolist())
        picture.save(tmp_path / name)
        np.testing.assert_array_equal(read_labels(tmp_path / name, {}), labels)
    picture.putpalette((np.arange(768) * 37 % 256).tolist())
    picture.convert("RGB").save(tmp_path / name)
    with pytest.raises(ReadError, match="labels in colours; save one number a pixel"):
        read_labels(tmp_path / name, {})


@pytest.mark.parametrize("name", ["a.txt", "A.TXT", "a.tif.txt", "a-tif.hdr", "A_TIF.HDR"])
def test_a_side_file_in_any_case_decides_the_result(name: str, tmp_path: Path) -> None:
    """The texts that a reader may use belong to what a result is made from."""
    (tmp_path / "a.tif").write_bytes(b"")
    (tmp_path / "b.txt").write_text("another image's")
    (tmp_path / name).write_text("PixelSize=5")
    assert vendor_texts(tmp_path / "a.tif") == {name: tmp_path / name}


def test_anchors_are_read_by_interface(tmp_path: Path) -> None:
    """Points are (x, row); a table without them is refused."""
    (tmp_path / "a.csv").write_text("interface,x_px,y_px\ntop,10,20.5\nbase,1,2\ntop,11,21\n")
    anchors = read_anchors(tmp_path / "a.csv")
    np.testing.assert_array_equal(anchors["top"], [[10, 20.5], [11, 21]])
    (tmp_path / "b.csv").write_text("interface,x,y\ntop,10,20\n")
    with pytest.raises(ReadError, match=r"b\.csv: anchors need the columns"):
        read_anchors(tmp_path / "b.csv")


def test_limits_are_filled_in() -> None:
    """What the user does not say comes from the machine; memory never below 2 GiB."""
    assert choose_limits().workers >= 1
    assert choose_limits(3, 5.0, 1.5).memory_gib == 1.5
    assert memory_share_gib(10_000) == 2
