"""The pictures of one sample, whichever kind it is: a micrograph with its overlay, or the maps of an EBSD scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sodalite.image import Image
from sodalite.image_series import ImageSeries
from sodalite.pipelines.map_series import MapSeries

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from sodalite.ebsd import EbsdMap
    from sodalite.result import Result


def write_pictures(
    result: Result,
    sample: Image | EbsdMap | MapSeries | ImageSeries,
    folder: str | os.PathLike[str],
    *,
    svg: bool = False,
) -> Path:
    """Write the pictures of a measured sample into `folder`; return the folder.

    Those of a micrograph are those of `sodalite.report.overlay.write_pictures`, those of an EBSD map, as it was cleaned
    up and measured, those of `sodalite.report.maps.write_map_pictures`, those of a series of maps those of
    `sodalite.report.series_pictures.write_series_pictures`, those of a series of images, by what was measured on it,
    those of `sodalite.report.void_pictures` or `sodalite.report.front_pictures`. With `svg` the figures of an EBSD map
    are also written as SVG.

    Raises
    ------
    MeasurementError
        When `result` and `sample` do not belong together.
    """
    if isinstance(sample, Image):
        from sodalite.report.overlay import write_pictures as write_section

        return write_section(result, sample, folder)
    if isinstance(sample, MapSeries):
        from sodalite.report.series_pictures import write_series_pictures

        return write_series_pictures(result, sample, folder)
    if isinstance(sample, ImageSeries):
        return _write_image_series(result, sample, folder)
    from sodalite.pipelines.grain_pictures import picture_parts
    from sodalite.report.maps import write_map_pictures

    parts = picture_parts(result, sample)
    return write_map_pictures(result, parts.ebsd, folder, kam_deg=parts.kam_deg, direction=parts.direction, svg=svg)


def _write_image_series(result: Result, sample: ImageSeries, folder: str | os.PathLike[str]) -> Path:
    if result.provenance["kind"] == "front":
        from sodalite.report.front_pictures import write_front_pictures

        return write_front_pictures(result, sample, folder)
    from sodalite.report.void_pictures import write_void_pictures

    return write_void_pictures(result, sample, folder)
