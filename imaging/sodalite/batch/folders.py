"""Inputs of recipes that measure a series: a folder with series.csv or with several maps or images is one input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sodalite.batch.inputs import Input
from sodalite.batch.paths import absolute, common_folder, named_paths, open_folders, written
from sodalite.errors import RecipeError

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Sequence

TABLE = "series.csv"


def find_series(
    given: Sequence[str | os.PathLike[str]], out: Path, extensions: Collection[str]
) -> tuple[Path, list[Input]]:
    """Return the folder that series are named from, and the series in the order of their names.

    A folder is a series when it holds series.csv or two or more files with the endings; other folders are searched for
    such folders. A file named on its own is a series of frames. Hidden folders, `out` and the results of earlier runs
    are left alone.

    Parameters
    ----------
    given, out, extensions
        Files, folders and globs; the folder for results; ends of file names, lower case.

    Raises
    ------
    RecipeError
        When an input does not exist, is `out` itself, or nothing is found.
    """
    out = absolute(out)
    bases: list[Path] = []
    found: dict[Path, None] = {}
    for path in named_paths(given, out, Path.is_dir):
        inside = list(_within(path, out, extensions)) if path.is_dir() else [path]
        # a folder with a single map is told what it lacks when it is read
        lone = not inside and any(_fits(name, extensions) for name in _names(path))
        found.update(dict.fromkeys([path] if lone else inside))
        bases.append(path if path.is_dir() and path not in inside and not lone else path.parent)
    if not found:
        known = ", ".join(sorted(extensions))
        raise RecipeError(
            f"{', '.join(map(str, given))}: no series found; name folders with {TABLE} or with two or more {known}."
        )
    base = common_folder(bases)
    names = {written(path.relative_to(base).as_posix()): path for path in found}
    return base, [Input(names[name], name, name) for name in sorted(names)]


def _within(folder: Path, out: Path, extensions: Collection[str]) -> Iterator[Path]:
    with_table: list[Path] = []
    for here, files in open_folders(folder, out):
        if any(table in here.parents for table in with_table):
            # the files of a table may lie in folders of its own
            continue
        if TABLE in files:
            with_table.append(here)
            yield here
        elif len({Path(name).stem for name in files if _fits(name, extensions)}) > 1:
            yield here


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _fits(name: str, extensions: Collection[str]) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in extensions
