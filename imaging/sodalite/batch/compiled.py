"""Whether the compiled functions of a recipe stand in numba's cache, or the first file of a run waits for them."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import sodalite

if TYPE_CHECKING:
    from sodalite.recipe import Recipe


def must_compile(recipe: Recipe) -> bool:
    """Return whether the functions that every run of `recipe` calls are still to be compiled on this machine."""
    if not recipe.compiled:
        return False
    source = Path(sodalite.__file__).parents[1].joinpath(*recipe.compiled.split(".")).with_suffix(".py")
    beside = source.parent / "__pycache__"
    if not os.environ.get("NUMBA_CACHE_DIR") and _holds(beside, source):
        return False
    # only numba knows where else it may keep them; loading it takes 0.3 s, which most runs are spared
    return not any(_holds(folder, source) for folder in _folders(recipe.compiled))


def _holds(folder: Path, source: Path) -> bool:
    """Return whether a folder has functions compiled since the source was written."""
    written = source.stat().st_mtime
    return any(path.stat().st_mtime >= written for path in folder.glob(f"{source.stem}.*.nbi"))


def _folders(module: str) -> set[Path]:
    """Return the folders where numba keeps the functions of a module."""
    found = vars(import_module(module)).values()
    return {
        Path(each.stats.cache_path)
        for each in found
        if getattr(each, "__module__", "") == module and hasattr(each, "stats")
    }
