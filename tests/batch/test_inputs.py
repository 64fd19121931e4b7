"""Which files are measured, and which folder each of them fills."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.batch.inputs import find_inputs, mirror_folders
from sodalite.errors import RecipeError

NAMES = st.sampled_from(["a", "A", "b", "a.tif", "values.csv", "labels.tif"])
IMAGES = st.builds(
    lambda parents, stem, end: "/".join([*parents, stem + end]),
    st.lists(NAMES, max_size=2),
    NAMES,
    st.sampled_from([".tif", ".png"]),
)


@given(st.sets(IMAGES, max_size=12))
def test_no_two_images_share_a_folder(images: set[str]) -> None:
    """Every image has its own folder, inside no other image's, whose name begins with its stem."""
    images = {image for image in images if not any(other.startswith(f"{image}/") for other in images)}
    folders = mirror_folders(images)
    assert len(set(folders.values())) == len(images)
    for image, folder in folders.items():
        assert PurePosixPath(folder).name.startswith(PurePosixPath(image).stem)
        assert PurePosixPath(folder).parent == PurePosixPath(image).parent
        assert not any(other.startswith(f"{folder}/") for other in folders.values())


def test_the_order_of_the_inputs_does_not_matter() -> None:
    """Folders depend on the set of images, not on the order they were found in."""
    images = ["b/x.tif", "a.png", "a.tif", "a.tif.png"]
    assert mirror_folders(images) == mirror_folders(images[::-1])
    assert mirror_folders(images)["b/x.tif"] == "b/x"


def touch(folder: Path, *names: str) -> Path:
    """Write empty files and return their folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_is_searched_for_images_alone(tmp_path: Path) -> None:
    """Found are images in any depth and case, neither hidden files nor tables nor earlier results."""
    touch(tmp_path, "a.TIF", "b/c/d.png", ".hidden.tif", ".thumbs/e.tif", "notes.txt", "cells.csv")
    touch(tmp_path / "old", "recipe.yaml", "provenance.json", "a/labels.tif")
    touch(tmp_path / "script", "values.csv", "provenance.json", "labels.tif")
    base, found = find_inputs([tmp_path], tmp_path / "out", {".tif", ".png"})
    assert base == tmp_path
    assert [(item.image, item.folder) for item in found] == [("a.TIF", "a"), ("b/c/d.png", "b/c/d")]


def test_several_inputs_are_named_from_their_common_parent(tmp_path: Path) -> None:
    """Files, folders and globs mix; a file named twice is measured once."""
    touch(tmp_path, "x/a.tif", "y/a.tif", "y/b.tif")
    inputs = [tmp_path / "x", str(tmp_path / "y/*.tif"), tmp_path / "y/b.tif"]
    assert [item.image for item in find_inputs(inputs, tmp_path / "out", {".tif", ".png"})[1]] == [
        "x/a.tif",
        "y/a.tif",
        "y/b.tif",
    ]
    assert [item.image for item in find_inputs([tmp_path / "y/b.tif"], tmp_path / "out", {".tif", ".png"})[1]] == [
        "b.tif"
    ]


def test_links_keep_their_name_and_circles_end(tmp_path: Path) -> None:
    """A linked file is known by the link's name, and a folder that holds itself is searched once."""
    touch(tmp_path, "store/0001.tif")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/cell A.tif").symlink_to(tmp_path / "store/0001.tif")
    (tmp_path / "in/again").symlink_to(tmp_path / "in")
    assert [item.image for item in find_inputs([tmp_path / "in"], tmp_path / "out", {".tif", ".png"})[1]] == [
        "cell A.tif"
    ]


@pytest.mark.parametrize("given", ["nowhere", "nothing/*.tif", "empty"])
def test_what_is_not_there_is_named(given: str, tmp_path: Path) -> None:
    """A missing input and an empty folder are refused by name."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecipeError, match=given.partition("/")[0]):
        find_inputs([tmp_path / given], tmp_path / "out", {".tif", ".png"})
