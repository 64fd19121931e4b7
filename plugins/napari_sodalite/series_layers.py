"""A series of EBSD maps as napari layers: steps laid over the first one, with a slider, one colour a grain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sodalite.layer_data import (
    KEY,
    KeyEntry,
    LayerData,
    colored,
    compact,
    layer_attributes,
    selected_colors,
    with_background,
)
from napari_sodalite.series_rasters import Seat, SeriesRaster, series_place
from napari_sodalite.series_steps import StepPictures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from sodalite import EbsdMap, Result
    from sodalite.pipelines.coarsening_pictures import StepParts
    from sodalite.pipelines.map_series import MapSeries

TRACKS, MAPS, EVENTS = "tracks", "maps", "events"
_COLOURS = 49
_VIEW, _LINKS = "#9aa0a6", "#ff9f1a"
_RING_OF = {"vanish": "#e82028", "appear": "#2ecc40", "merge": _LINKS, "split": _LINKS, "left_view": _VIEW,
            "entered_view": _VIEW}  # fmt: skip
EVENT_KEY = (
    KeyEntry(_RING_OF["vanish"], "vanishes next", "○"),
    KeyEntry(_RING_OF["appear"], "appears", "○"),
    KeyEntry(_LINKS, "merges or splits", "○"),
    KeyEntry(_VIEW, "leaves or enters the view", "○"),
)
"""What the rings around grains mean."""
_RING_SHARE = 1 / 45
_ENDS = ("vanish", "merge", "left_view")


class _Stack(NamedTuple):
    """Steps ``(step, y, x)`` on the pixels of one frame, and where those lie."""

    colours: np.ndarray
    tracks: np.ndarray
    place: dict[str, Any]
    raster: SeriesRaster | None


def folder_layer(folder: str | Path) -> LayerData:
    """Return the maps of a series as they lie in their files, each read when the slider comes to it.

    Raises
    ------
    ReadError
        When the folder holds no series of maps, or none of them can be read.
    """
    from sodalite.pipelines.map_series import read_map_series

    series = read_map_series(folder, frame=None, page=0, pixel_size_um=None)
    number, first = _first_map(series, folder)
    raster = SeriesRaster.of(first.grid)

    def read(step: int) -> np.ndarray:
        return _as_it_lies(series.steps[step].load(), raster)

    names = [step.name for step in series.steps]
    pictures = StepPictures(names, read, (raster.frame.height, raster.frame.width))
    pictures.keep(number, _as_it_lies(first, raster))
    known = {"role": MAPS, "sample": series, "path": str(folder), "folder": str(folder)}
    attributes = {"name": f"{MAPS} · {Path(folder).name}", "metadata": {KEY: known}, "rgb": True, **raster.place}
    return LayerData(pictures, attributes, "image")


def _first_map(series: MapSeries, folder: str | Path) -> tuple[int, EbsdMap]:
    """Return the first step that can be read, and its map."""
    from sodalite import ReadError, SodaliteError

    faults = []
    for number, step in enumerate(series.steps):
        try:
            return number, step.load()
        except SodaliteError as error:
            faults.append(str(error))
    raise ReadError(f"{folder}: no step can be read; the first one says: {faults[0]}")


def _as_it_lies(ebsd: EbsdMap, raster: SeriesRaster) -> np.ndarray:
    """Return the colours of a map ``(y, x, 3)``, laid over the first one by its coordinates alone."""
    from sodalite.pipelines.coarsening_pictures import StepParts
    from sodalite.track.transform import Transform

    laid = raster.lay(StepParts(0, ebsd.name, ebsd, None, Transform.identity()), "z")
    assert laid is not None
    return laid[0]


def series_layers(result: Result, series: MapSeries | None) -> list[LayerData]:
    """Return orientations, tracks and events; without the series no orientations, and each step as it lies."""
    if series is None:
        names = [f"labels_{number:02d}" for number in range(len(result.tables["steps"]))]
        images = _stack([result.labels.get(name) for name in names])
        stack = _Stack(np.empty(0), images, series_place(result.spacing_um[-2:], (0.0, 0.0)), None)
        return [_tracks(result, stack), _events(result, stack)]
    from sodalite.pipelines.coarsening_pictures import recipe_of, step_parts

    stack = _stacked(step_parts(result, series), recipe_of(result).grains.colour_direction)
    picture = layer_attributes(result, MAPS, None, rgb=True, **stack.place)
    return [LayerData(stack.colours, picture, "image"), _tracks(result, stack), _events(result, stack)]


def _stacked(steps: Iterable[StepParts], direction: str) -> _Stack:
    """Return the steps on the frame of the first map; black and without grains where there is no map."""
    raster: SeriesRaster | None = None
    seen: list[tuple[np.ndarray, np.ndarray] | None] = []
    seats: dict[int, Seat] = {}
    for step in steps:
        if step.ebsd is not None and raster is None:
            raster = SeriesRaster.of(step.ebsd.grid)
        if step.ebsd is not None and step.labels is not None:
            seats[step.number] = Seat(step.ebsd.grid, step.to_first)
        seen.append(None if raster is None else raster.lay(step, direction))
    assert raster is not None
    shape = raster.frame.height, raster.frame.width
    nothing = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint32)
    colours, tracks = zip(*(nothing if item is None else item for item in seen), strict=True)
    return _Stack(np.stack(colours), np.stack(tracks), raster.place, raster._replace(seats=seats))


def _tracks(result: Result, stack: _Stack) -> LayerData:
    """Return the grains of all steps, each track in one colour throughout."""
    table, tracks = _fates(result), compact(stack.tracks, np.uint16)
    count = int(max(tracks.max(initial=0), table["label"].max() if len(table) else 0))
    shade = _palette()[np.arange(count + 1) % _COLOURS]
    known = {
        "shade": shade,
        "centres_um": centres_um(stack.tracks, stack.place, count),
        "measured": tracks,
        "raster": stack.raster,
    }
    attributes = layer_attributes(
        result, TRACKS, known, features=with_background(table, count), opacity=0.6,
        colormap=colored(selected_colors(shade, 0), tracks), **stack.place,
    )  # fmt: skip
    return LayerData(tracks, attributes, "labels")


def _palette() -> np.ndarray:
    from napari.utils.colormaps import label_colormap

    return np.asarray(label_colormap(_COLOURS).colors, np.float32)[1 : _COLOURS + 1]


def centres_um(tracks: np.ndarray, place: Mapping[str, Any], count: int) -> np.ndarray:
    """Return the middle of each track in each step ``(track, step, 2)`` as (y, x), NaN where it is not.

    Parameters
    ----------
    tracks
        ``(step, y, x)`` numbers of tracks, up to `count`.
    place
        Attributes of their layer.
    """
    steps, height, width = tracks.shape
    centres = np.full((count + 1, steps, 2), np.nan)
    scale, origin = (np.array(place[name][1:]) for name in ("scale", "translate"))
    for number, labels in enumerate(tracks):
        flat = labels.ravel()
        pixels = np.bincount(flat, minlength=count + 1)
        row = np.bincount(flat, np.repeat(np.arange(height, dtype=float), width), minlength=count + 1)
        column = np.bincount(flat, np.tile(np.arange(width, dtype=float), height), minlength=count + 1)
        here = np.flatnonzero(pixels)
        centres[here, number] = np.stack((row[here], column[here]), axis=1) / pixels[here, None] * scale + origin
    centres[0] = np.nan
    return centres


def _events(result: Result, stack: _Stack) -> LayerData:
    """Return a ring at each event, in the step where the grain is last seen, or first seen when it appears."""
    table = result.tables["events"]
    count = int(max(stack.tracks.max(initial=0), table["track"].max() if len(table) else 0))
    centres = centres_um(stack.tracks, stack.place, count)
    scale, origin = (np.array(stack.place[name][1:]) for name in ("scale", "translate"))
    points, kept = [], []
    for index, step, kind, track in zip(table.index, table["step"], table["kind"], table["track"], strict=True):
        shown = _shown_step(np.flatnonzero(np.isfinite(centres[int(track), :, 0])), int(step), ends=kind in _ENDS)
        if shown is not None:
            points.append((shown, *((centres[int(track), shown] - origin) / scale)))
            kept.append(index)
    features = table.loc[kept].reset_index(drop=True)
    rings = [_RING_OF.get(kind, "#ffffff") for kind in features["kind"]]
    looks = {"face_color": "transparent", "border_color": rings or "white", "border_width": 0.2, "ndim": 3}
    size_px = _RING_SHARE * max(stack.tracks.shape)
    attributes = layer_attributes(result, EVENTS, None, features=features, size=size_px, **looks, **stack.place)
    return LayerData(np.array(points, float).reshape(-1, 3), attributes, "points")


def _shown_step(seen: np.ndarray, step: int, *, ends: bool) -> int | None:
    """Return the last of the steps in which a grain is seen before it ends, or the first one from `step` on."""
    before, after = seen[seen < step], seen[seen >= step]
    found = before[-1:] if ends and before.size else after[:1]
    return int(found[0]) if found.size else None


def _fates(result: Result) -> pd.DataFrame:
    """Return one row a track: label, its first and last step, its first and last size, and how it ends."""
    tracks = result.tables["tracks"].sort_values(["track", "step"])
    grouped = tracks.groupby("track")
    ends = result.tables["events"]
    ends = ends[ends["kind"].isin(_ENDS)].drop_duplicates("track", keep="last")
    table = grouped.agg(
        first_step=("step", "first"), last_step=("step", "last"), first_ecd_um=("ecd_um", "first"),
        last_ecd_um=("ecd_um", "last"),
    )  # fmt: skip
    table["end"] = ends.set_index("track")["kind"].reindex(table.index)
    return table.reset_index().rename(columns={"track": "label"})


def _stack(images: list[np.ndarray | None]) -> np.ndarray:
    """Return images as one array, smaller ones filled up with 0, empty where there is none."""
    found = [image for image in images if image is not None]
    rows, columns = (max(image.shape[axis] for image in found) for axis in (0, 1))
    stack = np.zeros((len(images), rows, columns), np.uint32)
    for layer, image in zip(stack, images, strict=True):
        if image is not None:
            layer[: image.shape[0], : image.shape[1]] = image
    return stack
