"""What napari opens with this plugin: micrographs and EBSD maps of every vendor, films, series, earlier results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sodalite.layer_data import LayerData

    Read = Callable[[str | Sequence[str]], list[LayerData]]

_MICROGRAPHS = (".tif", ".tiff", ".png", ".bmp")


def get_reader(path: str | Sequence[str]) -> Read | None:
    """Return the reader of a path: of results for a result folder, of micrographs, films or EBSD maps for files."""
    from sodalite.read.series import FILMS

    first = Path(path if isinstance(path, str) else path[0])
    if first.is_dir():
        if (first / "provenance.json").is_file() and any(first.glob("labels*.tif")):
            return read_results
        if _is_series(first):
            return read_folders
        return read_image_folders if (first / "series.csv").is_file() else None
    if first.suffix.lower() in _MICROGRAPHS:
        return read_micrographs
    if first.suffix.lower() in FILMS:
        return read_films
    return read_maps if _is_map(first) else None


def read_micrographs(path: str | Sequence[str]) -> list[LayerData]:
    """Return each file as an image layer in um."""
    from napari_sodalite.micrographs import read_layer

    return _beside(_read(read_layer, path))


def read_maps(path: str | Sequence[str]) -> list[LayerData]:
    """Return each EBSD file as an RGB layer of orientations, in um."""

    def read(item: str) -> LayerData:
        import sodalite
        from napari_sodalite.grain_layers import map_layer

        return map_layer(sodalite.read_ebsd(item), path=str(item))

    return _beside(_read(read, path))


def read_folders(path: str | Sequence[str]) -> list[LayerData]:
    """Return each series of EBSD maps as one RGB layer with a slider over its steps."""
    from napari_sodalite.series_layers import folder_layer

    return _beside(_read(folder_layer, path))


def read_image_folders(path: str | Sequence[str]) -> list[LayerData]:
    """Return each series of images as one layer with a slider over its steps."""

    def read(item: str) -> LayerData:
        from napari_sodalite.image_series_layers import series_layer
        from sodalite.pipelines.image_steps import read_steps

        return series_layer(read_steps(item, pixel_size_um=None), path=str(item))

    return _beside(_read(read, path))


def read_films(path: str | Sequence[str]) -> list[LayerData]:
    """Return the frames of each film as one layer with a slider over them."""

    def read(item: str) -> LayerData:
        from napari_sodalite.image_series_layers import read_series_layer

        return read_series_layer("front", {}, item, None)

    return _beside(_read(read, path))


def read_results(path: str | Sequence[str]) -> list[LayerData]:
    """Return the layers of each result folder."""

    def read(item: str) -> list[LayerData]:
        import sodalite
        from napari_sodalite.result_layers import result_layers

        return result_layers(sodalite.load_result(item))

    return [layer for layers in _read(read, path) for layer in layers]


def _read(read: Callable[[str], Any], path: str | Sequence[str]) -> list[Any]:
    """Return what a function makes of each path; a worker calls it."""
    from napari_sodalite.aside import run_aside

    return [run_aside(read, item) for item in _each(path)]


def _beside(coming: list[LayerData]) -> list[LayerData]:
    """Return layers that fit beside those that are open, whether a dock is open or not."""
    from napari import current_viewer

    from napari_sodalite.beside import make_room

    viewer = current_viewer()
    if viewer is not None:
        make_room(viewer, coming)
    return coming


def _is_map(path: Path) -> bool:
    from sodalite import Grains

    return path.suffix.lower() in Grains.extensions and Grains.takes(path)


def _is_series(folder: Path) -> bool:
    from sodalite import SodaliteError
    from sodalite.pipelines.map_series import read_map_series

    try:
        read_map_series(folder, frame=None, page=0, pixel_size_um=None)
    except (SodaliteError, OSError):
        return False
    return True


def _each(path: str | Sequence[str]) -> Sequence[str]:
    return [path] if isinstance(path, str) else path
