"""Where the points of each step of a series lie on the pixels of the first map, and corrections taken back to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sodalite.ebsd import Grid
    from sodalite.pipelines.coarsening_pictures import StepParts
    from sodalite.report.series_frames import Frame
    from sodalite.track.transform import Transform

_MOST_PX = 1536


class Seat(NamedTuple):
    """Where the points of a step lie: its grid, and what carries that onto the first step's."""

    grid: Grid
    to_first: Transform


class SeriesRaster(NamedTuple):
    """The pixels on which all steps are shown.

    Attributes
    ----------
    frame
        The pixels.
    place
        Layer attributes that put them where the file of the first step has its points.
    seats
        Number of a step -> where its points lie; steps without a map have none.
    """

    frame: Frame
    place: dict[str, Any]
    seats: dict[int, Seat]

    @classmethod
    def of(cls, grid: Grid) -> SeriesRaster:
        """Return the pixels of a first map; no step is seated yet."""
        from sodalite.report.series_frames import make_frame

        enlarged = max(1, _MOST_PX // max(grid.shape))
        frame = make_frame(grid, min(grid.shape[1] * enlarged, _MOST_PX))
        size_um = 1 / frame.px_per_um
        top_um, left_um = (edge + size_um / 2 for edge in (frame.top_um, frame.left_um))
        place = series_place((size_um, size_um), (top_um + grid.origin_um[0], left_um + grid.origin_um[1]))
        return cls(frame, place, {})

    def lay(self, step: StepParts, direction: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the colours and the tracks of a step as pixels; None where there is no map."""
        from sodalite.report.map_colours import ipf_colours
        from sodalite.track.raster import nodes_at

        if step.ebsd is None:
            return None
        x_um, y_um = self.frame.places_um()
        back = step.to_first.inverse().matrix
        at = [row[0] * x_um + row[1] * y_um + row[2] for row in back[:2]]
        row, column, inside = nodes_at(step.ebsd.grid, at[0], at[1])
        colours = step.ebsd.on_grid(ipf_colours(step.ebsd, direction), fill=0)[row, column]
        labels = np.zeros(step.ebsd.shape, np.uint32) if step.labels is None else step.labels
        tracks = np.where(inside, labels[row, column], 0).astype(np.uint32)
        return np.where(inside[..., None], colours, np.uint8(0)), tracks

    def take_back(self, number: int, shown: np.ndarray, before: np.ndarray, tracks: np.ndarray) -> np.ndarray:
        """Return the tracks ``(rows, columns)`` of a step after its pixels `before` were edited to `shown`.

        A point takes what its pixel became. A grain that became another as a whole does so outside the pixels, too.
        """
        changed = shown != before
        if not changed.any():
            return tracks
        row, column, inside = self._pixels_of(number)
        old, new = before[row, column], shown[row, column]
        edited = np.where(inside & (old != new) & (tracks == old), new, tracks)
        for grain in np.unique(before[changed]):
            became = np.unique(shown[before == grain])
            if grain and became.size == 1:
                edited[tracks == grain] = became[0]
        return edited.astype(tracks.dtype)

    def _pixels_of(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return row and column of the pixel that each point of a step lies in, and whether it lies in one."""
        from sodalite.track.raster import points_um

        grid, to_first = self.seats[number]
        at = to_first.apply(np.stack(points_um(grid), axis=-1).reshape(-1, 2)).reshape(*grid.shape, 2)
        frame = self.frame
        column = np.floor((at[..., 0] - frame.left_um) * frame.px_per_um).astype(np.int64)
        row = np.floor((at[..., 1] - frame.top_um) * frame.px_per_um).astype(np.int64)
        inside = (row >= 0) & (row < frame.height) & (column >= 0) & (column < frame.width)
        return np.where(inside, row, 0), np.where(inside, column, 0), inside


def series_place(spacing_um: tuple[float, ...], origin_um: tuple[float, float]) -> dict[str, Any]:
    """Return the layer attributes of steps whose pixels have this size and begin at this place (y, x)."""
    return {
        "scale": (1.0, *map(float, spacing_um)),
        "units": ("pixel", "um", "um"),
        "axis_labels": ("step", "y", "x"),
        "translate": (0.0, *origin_um),
    }
