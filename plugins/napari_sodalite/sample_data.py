"""Sample micrographs and maps for napari's File > Open Sample: phantoms, so that their truth is known."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from napari_sodalite.grain_layers import map_layer
from napari_sodalite.image_series_layers import series_layer
from napari_sodalite.micrographs import image_layer
from napari_sodalite.series_layers import folder_layer

if TYPE_CHECKING:
    from napari_sodalite.layer_data import LayerData
    from sodalite.image_series import ImageSeries

_SERIES = "growing grains"


def bonded_section() -> list[Any]:
    """Return a section of a bonded interface: tight contact, few voids."""
    return [_sample("bonded_centre.tif")]


def loose_section() -> list[Any]:
    """Return a section of a loose interface: voids, gaps and dead sodium."""
    return [_sample("loose_centre.tif")]


def columnar_film() -> list[Any]:
    """Return an EBSD map of a film of columns, <110> along the growth direction, up."""
    from sodalite.phantoms.maps import make_map

    fields: Any = {"structure": "columnar", "film_um": (10.0, 70.0), "texture": "110", "noise_deg": 0.3}
    return [map_layer(make_map((160, 240), 0.5, grains=40, seed=2, name="columnar film", **fields).ebsd)]


def equiaxed_grains() -> list[Any]:
    """Return an EBSD map of equiaxed grains on a hexagonal grid."""
    from sodalite.phantoms.maps import make_map

    fields: Any = {"lattice": "hex", "noise_deg": 0.3, "unindexed_fraction": 0.02}
    return [map_layer(make_map((180, 240), 0.5, grains=150, seed=1, name="equiaxed grains", **fields).ebsd)]


def coarsening_maps() -> list[Any]:
    """Return a series of EBSD maps in which grains grow and vanish; its files are deleted when napari closes."""
    return [folder_layer(Path(_series_folder().name, _SERIES))]


def stripped_interface() -> list[Any]:
    """Return micrographs of one place in which voids open while sodium is stripped."""
    from sodalite.phantoms.stripping import make_stripping

    return [_images(make_stripping(seed=4).series, "opening voids")]


def growing_front() -> list[Any]:
    """Return frames of a deposit that grows from below, with two fingers."""
    from sodalite.phantoms.front import make_front

    return [_images(make_front(seed=2, frames=10, fingers=2, drift_px=2.0).series, "growing front")]


def _images(series: ImageSeries, name: str) -> LayerData:
    """Return images of one size as one layer with a slider over the steps."""
    return series_layer(replace(series, name=name))


@lru_cache(maxsize=1)
def _series_folder() -> TemporaryDirectory[str]:
    from sodalite.phantoms.map_scene import MapScene
    from sodalite.phantoms.series import make_series, write_series

    folder = TemporaryDirectory(prefix="sodalite-coarsening-")
    times_h, scene = (0.0, 1.0, 2.0, 4.0, 8.0), MapScene(frame="tsl", noise_deg=0.3)
    shape, growth_um2_h = (120, 160), 1.5
    series = make_series(shape, 0.5, grains=90, times_h=times_h, growth_um2_h=growth_um2_h, seed=3, scene=scene)
    write_series(series, Path(folder.name, _SERIES))
    return folder


def _sample(file: str) -> Any:
    from sodalite.phantoms.sample_images import SAMPLES

    phantom = next(sample for sample in SAMPLES if sample.file == file).draw()
    return image_layer(phantom.true_image)
