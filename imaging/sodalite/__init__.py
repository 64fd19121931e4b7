"""Sodium thickness, voids, dead sodium and grain growth from electron micrographs of anode-free solid-state cells.

Three lines measure a cross-section::

    import sodalite

    image = sodalite.read_image("section.tif")
    result = sodalite.CrossSection(layers="collector,sodium,electrolyte").run(image)

Names load when they are first used, so that importing the package stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sodalite.ebsd import EbsdMap
    from sodalite.errors import (
        AmbiguousTilt,
        CalibrationError,
        MeasurementError,
        ReadError,
        RecipeError,
        SegmentationError,
        SodaliteError,
    )
    from sodalite.image import Acquisition, Image, Tilt
    from sodalite.image_series import ImageSeries, StepImage
    from sodalite.pipelines.coarsening import Coarsening
    from sodalite.pipelines.cross_section import CrossSection
    from sodalite.pipelines.front import Front
    from sodalite.pipelines.grains import Grains
    from sodalite.pipelines.map_series import MapSeries
    from sodalite.pipelines.stripping import Stripping
    from sodalite.quantity import GLOSSARY, Quantity
    from sodalite.read import correct_tilt, read_ebsd, read_image
    from sodalite.recipe import Recipe, load_recipe
    from sodalite.result import Result, load_result

__version__ = "0.1.0"

_HOME = {
    "AmbiguousTilt": "errors",
    "CalibrationError": "errors",
    "MeasurementError": "errors",
    "ReadError": "errors",
    "RecipeError": "errors",
    "SegmentationError": "errors",
    "SodaliteError": "errors",
    "Acquisition": "image",
    "Image": "image",
    "Tilt": "image",
    "ImageSeries": "image_series",
    "StepImage": "image_series",
    "Coarsening": "pipelines.coarsening",
    "CrossSection": "pipelines.cross_section",
    "Front": "pipelines.front",
    "Stripping": "pipelines.stripping",
    "EbsdMap": "ebsd",
    "Grains": "pipelines.grains",
    "MapSeries": "pipelines.map_series",
    "GLOSSARY": "quantity",
    "Quantity": "quantity",
    "correct_tilt": "read",
    "read_ebsd": "read",
    "read_image": "read",
    "Recipe": "recipe",
    "load_recipe": "recipe",
    "Result": "result",
    "load_result": "result",
}

__all__ = [
    "AmbiguousTilt",
    "Acquisition",
    "CalibrationError",
    "Coarsening",
    "CrossSection",
    "EbsdMap",
    "Front",
    "GLOSSARY",
    "Grains",
    "Image",
    "MapSeries",
    "ImageSeries",
    "MeasurementError",
    "Quantity",
    "ReadError",
    "Recipe",
    "RecipeError",
    "Result",
    "SegmentationError",
    "SodaliteError",
    "StepImage",
    "Stripping",
    "Tilt",
    "__version__",
    "correct_tilt",
    "load_recipe",
    "load_result",
    "read_ebsd",
    "read_image",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"sodalite.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sodalite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
