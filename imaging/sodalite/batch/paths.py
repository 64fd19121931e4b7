"""Paths that a user names: expanded, made absolute and walked through, without hidden files and earlier results."""

from __future__ import annotations

import os
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from sodalite.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path; links are not followed, because the user knows a file by the link's name."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def written(path: str | os.PathLike[str]) -> str:
    r"""Return a path, or a text that holds one, as UTF-8 can write it: bytes that are none stand as ``\xff``.

    Archives and old instruments leave names in other encodings, which the system hands on as lone surrogates.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def named_paths(given: Sequence[str | os.PathLike[str]], out: Path, keep: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield the files and folders that are named, and of those that a glob matches the ones that `keep` takes.

    Raises
    ------
    RecipeError
        When one does not exist, or is the output folder.
    """
    for item in given:
        path = absolute(item)
        if path == out:
            raise RecipeError(f"{path}: the output folder is an input too; choose another folder after -o.")
        if path.is_file() or path.is_dir():
            yield path
            continue
        found = sorted(glob(str(path), recursive=True)) if has_magic(str(path)) else []  # noqa: PTH207
        if not found:
            raise RecipeError(f"{item}: no such file or folder; check the path.")
        yield from (match for match in map(Path, found) if match != out and keep(match))


def open_folders(folder: Path, out: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and those in it, each with the sorted names of its files.

    Left out are hidden folders, `out`, the results of earlier runs, and a folder that a link leads to a second time.
    """
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        here = Path(root)
        if os.path.realpath(root) in seen or here == out or _holds_results(files):
            folders.clear()
            continue
        seen.add(os.path.realpath(root))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield here, sorted(files)


def _holds_results(files: Sequence[str]) -> bool:
    """Return whether files of a folder are the results of a run."""
    return "provenance.json" in files and ("recipe.yaml" in files or "values.csv" in files)


def common_folder(bases: Sequence[Path]) -> Path:
    """Return the folder that holds all of `bases`.

    Raises
    ------
    RecipeError
        When they lie on different drives.
    """
    try:
        return Path(os.path.commonpath(bases))
    except ValueError as error:
        raise RecipeError("The inputs lie on different drives; run each drive on its own.") from error
