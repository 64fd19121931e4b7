"""Sample micrographs for napari's File > Open Sample: phantoms, so that their truth is known."""

from __future__ import annotations

from typing import Any

from napari_sodalite.micrographs import image_layer


def bonded_section() -> list[Any]:
    """Return a section of a bonded interface: tight contact, few voids."""
    return [_sample("bonded_centre.tif")]


def loose_section() -> list[Any]:
    """Return a section of a loose interface: voids, gaps and dead sodium."""
    return [_sample("loose_centre.tif")]


def _sample(file: str) -> Any:
    from sodalite.phantoms.sample_images import SAMPLES

    phantom = next(sample for sample in SAMPLES if sample.file == file).draw()
    return image_layer(phantom.true_image)
