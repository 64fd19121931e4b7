"""A series of EBSD maps as napari layers: steps laid over the first one, with a slider, a colour a grain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sodalite.layer_data import LayerData, layer_attributes, with_background

if TYPE_CHECKING:
    import pandas as pd

    from sodalite import Result
    from sodalite.pipelines.map_series import MapSeries

TRACKS, MAPS = "tracks", "maps"
_MOST_PX = 1536


def series_layers(result: Result, series: MapSeries | None) -> list[LayerData]:
    """Return orientations and tracks ``(step, y, x)``; without the series the tracks alone, as each step lies."""
    if series is None:
        place = _place(result.spacing_um[-2:], (0.0, 0.0))
        return [_tracks(result, _stack([result.labels[name] for name in sorted(result.labels)]), place)]
    from sodalite.pipelines.coarsening_pictures import recipe_of, step_parts
    from sodalite.report.map_colours import ipf_colours
    from sodalite.report.series_frames import make_frame
    from sodalite.track.raster import nodes_at

    direction = recipe_of(result).grains.colour_direction
    parts = [(step, step.ebsd) for step in step_parts(result, series) if step.ebsd is not None]
    first = parts[0][1].grid
    frame = make_frame(first, int(min(first.shape[1] * max(1, _MOST_PX // max(first.shape)), _MOST_PX)))
    x_um, y_um = frame.places_um()
    colours, tracks = [], []
    for step, ebsd in parts:
        back = step.to_first.inverse().matrix
        at = [row[0] * x_um + row[1] * y_um + row[2] for row in back[:2]]
        row, column, inside = nodes_at(ebsd.grid, at[0], at[1])
        seen = ebsd.on_grid(ipf_colours(ebsd, direction), fill=0)[row, column]
        colours.append(np.where(inside[..., None], seen, np.uint8(0)))
        labels = np.zeros(ebsd.shape, np.uint32) if step.labels is None else step.labels
        tracks.append(np.where(inside & (step.labels is not None), labels[row, column], 0).astype(np.uint32))
    size_um = 1 / frame.px_per_um
    top_um, left_um = (edge + size_um / 2 for edge in (frame.top_um, frame.left_um))
    place = _place((size_um, size_um), (top_um + first.origin_um[0], left_um + first.origin_um[1]))
    picture = layer_attributes(result, MAPS, None, rgb=True, **place)
    return [LayerData(np.stack(colours), picture, "image"), _tracks(result, np.stack(tracks), place)]


def _place(spacing_um: tuple[float, ...], origin_um: tuple[float, float]) -> dict[str, Any]:
    return {
        "scale": (1.0, *map(float, spacing_um)),
        "units": ("pixel", "um", "um"),
        "axis_labels": ("step", "y", "x"),
        "translate": (0.0, *origin_um),
    }


def _tracks(result: Result, labels: np.ndarray, place: dict[str, Any]) -> LayerData:
    features = with_background(_fates(result), int(labels.max(initial=0)))
    attributes = layer_attributes(result, TRACKS, None, features=features, opacity=0.55, **place)
    return LayerData(labels, attributes, "labels")


def _fates(result: Result) -> pd.DataFrame:
    """Return one row a track: label, its first and last step, its first and last size, and how it ends."""
    tracks = result.tables["tracks"].sort_values(["track", "step"])
    grouped = tracks.groupby("track")
    ends = result.tables["events"]
    ends = ends[ends["kind"].isin(["vanish", "merge", "left_view"])].drop_duplicates("track", keep="last")
    table = grouped.agg(
        first_step=("step", "first"), last_step=("step", "last"), first_ecd_um=("ecd_um", "first"),
        last_ecd_um=("ecd_um", "last"),
    )  # fmt: skip
    table["end"] = ends.set_index("track")["kind"].reindex(table.index)
    return table.reset_index().rename(columns={"track": "label"})


def _stack(images: list[np.ndarray]) -> np.ndarray:
    """Return images as one array, smaller ones filled up with 0."""
    rows, columns = (max(image.shape[axis] for image in images) for axis in (0, 1))
    stack = np.zeros((len(images), rows, columns), np.uint32)
    for layer, image in zip(stack, images, strict=True):
        layer[: image.shape[0], : image.shape[1]] = image
    return stack
