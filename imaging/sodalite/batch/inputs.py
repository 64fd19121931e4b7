"""Inputs of a run: which files are measured, what the tables call them and which folder each one fills."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sodalite.batch.paths import absolute, common_folder, named_paths, open_folders, written
from sodalite.errors import RecipeError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_TAKEN_ENDS = (".csv", ".json", ".yaml", ".html")


class Input(NamedTuple):
    """One file to measure.

    Attributes
    ----------
    source
        The file.
    image
        Its path relative to the input folder, with slashes: the first column of every table.
    folder
        Where its results go, relative to OUT, with slashes.
    """

    source: Path
    image: str
    folder: str


def find_inputs(
    given: Sequence[str | os.PathLike[str]],
    out: Path,
    extensions: Collection[str],
    *,
    pairs: Mapping[str, str] = MappingProxyType({}),
    takes: Callable[[Path], bool] = lambda path: True,
) -> tuple[Path, list[Input]]:
    """Return the folder that images are named from, and the inputs in the order of their names.

    Folders are searched recursively for files that end in one of `extensions` (lower case); a file named on its own
    may end in anything. Globs are expanded; hidden files, `out` and the results of earlier runs are left alone.

    Parameters
    ----------
    given, out, extensions
        Files, folders and globs; the folder for results; ends of file names.
    pairs
        End -> end of the file that stands for both where one lies beside the other.
    takes
        Tells which of the files found in folders are meant.

    Raises
    ------
    RecipeError
        When an input does not exist, is `out` itself, or nothing is found.
    """
    out = absolute(out)
    bases: list[Path] = []
    files: dict[Path, None] = {}
    for path in named_paths(given, out, lambda path: not path.is_dir() and path.suffix.lower() in extensions):
        bases.append(path if path.is_dir() else path.parent)
        files.update(dict.fromkeys(filter(takes, _within(path, out, extensions)) if path.is_dir() else [path]))
    files = _without_partners(files, pairs)
    if not files:
        known = ", ".join(sorted(extensions))
        raise RecipeError(f"{', '.join(map(str, given))}: no images found; name files or folders with {known}.")
    base = common_folder(bases)
    names = {written(file.relative_to(base).as_posix()): file for file in files}
    folders = mirror_folders(names)
    return base, [Input(names[image], image, folders[image]) for image in sorted(names)]


def mirror_folders(images: Iterable[str]) -> dict[str, str]:
    """Return image -> folder for its results: its path without the extension, with it where two would meet.

    Upper and lower case count as one, because some file systems cannot tell them apart.
    """
    paths = {image: PurePosixPath(image) for image in images}
    parents = {str(parent).casefold() for path in paths.values() for parent in path.parents}
    folders = {image: str(path.with_suffix("")) for image, path in paths.items()}
    while True:
        count = Counter(folder.casefold() for folder in folders.values())
        meeting = [
            image
            for image, folder in folders.items()
            if folder != image
            and (count[folder.casefold()] > 1 or folder.casefold() in parents or folder.endswith(_TAKEN_ENDS))
        ]
        if not meeting:
            return folders
        folders.update({image: image for image in meeting})


def _without_partners(files: dict[Path, None], pairs: Mapping[str, str]) -> dict[Path, None]:
    names = {str(path).casefold() for path in files}
    partner = {path: pairs.get(path.suffix.lower()) for path in files}
    return {
        path: None for path, end in partner.items() if end is None or str(path.with_suffix(end)).casefold() not in names
    }


def _within(folder: Path, out: Path, extensions: Collection[str]) -> Iterator[Path]:
    for here, files in open_folders(folder, out):
        for name in files:
            path = here / name
            if not name.startswith(".") and path.suffix.lower() in extensions and path.is_file():
                yield path
