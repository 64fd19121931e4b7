"""Files and folders that napari opens with this plugin: micrographs of every vendor, and earlier results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def get_reader(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[Any]] | None:
    """Return the reader of a path: of result folders for a folder that is one, of micrographs for files."""
    first = Path(path if isinstance(path, str) else path[0])
    if not first.is_dir():
        return read_micrographs
    return read_results if (first / "provenance.json").is_file() and (first / "labels.tif").is_file() else None


def read_micrographs(path: str | Sequence[str]) -> list[Any]:
    """Return each file as an image layer in um."""
    from napari_sodalite.micrographs import read_layer

    return [read_layer(item) for item in _each(path)]


def read_results(path: str | Sequence[str]) -> list[Any]:
    """Return the layers of each result folder."""
    import sodalite
    from napari_sodalite.result_layers import result_layers

    return [layer for item in _each(path) for layer in result_layers(sodalite.load_result(item))]


def _each(path: str | Sequence[str]) -> Sequence[str]:
    return [path] if isinstance(path, str) else path
