"""Steps of a series in one frame: the place that the first step shows, each step laid over it, in true proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.pipelines.coarsening_tables import LEAST_CONFIDENCE
from sodalite.report.map_colours import UNINDEXED_RGB, grain_colours, ipf_colours
from sodalite.report.map_frame import boundary_mask
from sodalite.track.raster import nodes_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sodalite.ebsd import Grid
    from sodalite.pipelines.coarsening_pictures import StepParts
    from sodalite.track.transform import Transform

OUTSIDE_RGB = (44, 48, 56)
ARROW_RGB = (232, 32, 40)
_BOUNDARY_RGB = (8, 8, 8)
_HALO_RGB = (255, 255, 255)
_TURNS_DEG = (0, 30, -30, 60, -60, 90, -90, 120, -120, 150, -150, 180)
_SHAFT_POINTS = 8
_APART = 0.45
"""Distance of two arrows at which they are apart, over their length."""


class Frame(NamedTuple):
    """Pixels of a panel.

    Attributes
    ----------
    height, width
        In pixels.
    px_per_um
        Scale, the same along both axes.
    left_um, top_um
        Corner of the first pixel, from the point in row 0 and column 0 of the first step.
    """

    height: int
    width: int
    px_per_um: float
    left_um: float
    top_um: float

    def places_um(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y of the pixels' centres, um."""
        x = self.left_um + (np.arange(self.width) + 0.5) / self.px_per_um
        y = self.top_um + (np.arange(self.height) + 0.5) / self.px_per_um
        across, down = np.meshgrid(x, y)
        return across, down

    def pixel(self, x_um: float, y_um: float) -> tuple[int, int]:
        """Return the column and row of a place."""
        return round((x_um - self.left_um) * self.px_per_um - 0.5), round((y_um - self.top_um) * self.px_per_um - 0.5)


class StepPanel(NamedTuple):
    """One step in the frame of the series.

    Attributes
    ----------
    number, name
        Of the step.
    ipf, tracks
        ``(y, x, 3)`` uint8: colours of the orientation, and of the track; None where the step is not measured.
    boundary
        ``(y, x)`` uint8, 1 where grains meet.
    """

    number: int
    name: str
    ipf: np.ndarray | None
    tracks: np.ndarray | None
    boundary: np.ndarray


class Arrow(NamedTuple):
    """A mark: the step whose panel it is drawn in, and the column and row that it points at."""

    number: int
    column: int
    row: int


def map_size_um(grid: Grid) -> tuple[float, float]:
    """Return height and width of a map, um, points counted whole."""
    shift = 0.5 if grid.lattice == "hex" else 0.0
    return grid.shape[0] * grid.spacing_um[0], (grid.shape[1] + shift) * grid.spacing_um[1]


def make_frame(grid: Grid, width_px: int) -> Frame:
    """Return the frame of a panel that shows a map `width_px` wide."""
    height_um, width_um = map_size_um(grid)
    per_um = width_px / width_um
    return Frame(
        max(1, round(height_um * per_um)), width_px, per_um, -0.5 * grid.spacing_um[1], -0.5 * grid.spacing_um[0]
    )


def draw_panel(step: StepParts, frame: Frame, direction: str, line_px: int) -> StepPanel:
    """Return a step in the frame; what it does not show stays grey."""
    empty = np.zeros((frame.height, frame.width), np.uint8)
    if step.ebsd is None:
        return StepPanel(step.number, step.name, None, None, empty)
    row, column, inside = _nodes(step.ebsd.grid, frame, step.to_first)
    colours = step.ebsd.on_grid(ipf_colours(step.ebsd, direction), fill=0)[row, column]
    colours[~inside] = OUTSIDE_RGB
    if step.labels is None:
        return StepPanel(step.number, step.name, colours, None, empty)
    ids = np.where(inside, step.labels[row, column], 0).astype(np.int64)
    tracks = grain_colours(int(ids.max(initial=0)))[ids]
    tracks[~inside] = OUTSIDE_RGB
    return StepPanel(step.number, step.name, colours, tracks, boundary_mask(ids, line_px))


def lined(picture: np.ndarray | None, panel: StepPanel, frame: Frame) -> np.ndarray:
    """Return a picture of the panel with its boundaries; a dark field where there is none."""
    if picture is None:
        return np.full((frame.height, frame.width, 3), UNINDEXED_RGB, np.uint8)
    drawn = picture.copy()
    drawn[panel.boundary > 0] = _BOUNDARY_RGB
    return drawn


def vanishing(tracks: pd.DataFrame, events: pd.DataFrame, grids: dict[int, Grid], moved: dict[int, Transform],
              frame: Frame, most: int) -> list[Arrow]:  # fmt: skip
    """Return the marks of grains that vanish, each in the last panel that shows the grain; of a panel's the largest.

    Marked are those that count: not in doubt, and not at a new section.

    Parameters
    ----------
    tracks, events
        Tables of the result.
    grids, moved
        Number of a step -> its grid, and its transform to the first step.
    frame
        Of the panels.
    most
        Marks in one panel.
    """
    counts = (events["confidence"] >= LEAST_CONFIDENCE) & ~events["other_plane"].astype(bool)
    gone = events.loc[(events["kind"] == "vanish") & counts, "track"]
    last = tracks[tracks["track"].isin(gone)].sort_values("step", kind="stable").groupby("track").tail(1)
    last = last.sort_values(["area_um2", "track"], ascending=[False, True], kind="stable")
    marks = []
    for number, grains in last.groupby("step"):
        step = int(str(number))
        if step not in grids:
            continue
        own = grains.head(most)
        places = own[["x_um", "y_um"]].to_numpy(float) - np.array(grids[step].origin_um[::-1])
        marks += [Arrow(step, *frame.pixel(*place)) for place in moved[step].apply(places).tolist()]
    return marks


def draw_arrows(picture: np.ndarray, arrows: Sequence[Arrow]) -> None:
    """Draw red arrows with a white rim that stay inside the picture and clear of one another where there is room."""
    import cv2

    height, width = picture.shape[:2]
    length = max(14.0, 0.055 * max(height, width))
    thick = max(2, round(length / 9))
    drawn: list[np.ndarray] = []
    for arrow in arrows:
        shaft = _clearest_shaft(arrow, (height, width), length, drawn)
        drawn.append(shaft)
        ends = [tuple(map(int, np.rint(point))) for point in (shaft[0], shaft[-1])]
        for rgb, extra in ((_HALO_RGB, 3), (ARROW_RGB, 0)):
            cv2.arrowedLine(picture, ends[0], ends[1], rgb, thick + extra, cv2.LINE_AA, 0, 0.42)


def _clearest_shaft(arrow: Arrow, shape: tuple[int, int], length: float, drawn: Sequence[np.ndarray]) -> np.ndarray:
    """Return points ``(n, 2)`` from the tail to the tip of an arrow, which comes from the middle of the picture.

    Where it would cross another one it is turned by the least angle that keeps it apart, or that it comes nearest to
    being apart.
    """
    height, width = shape
    place = np.array([arrow.column, arrow.row], float)
    from_middle = np.arctan2(height / 2 - place[1], width / 2 - place[0])
    best, widest = None, -np.inf
    for turn in _TURNS_DEG:
        angle = from_middle + np.deg2rad(turn)
        towards = np.array([np.cos(angle), np.sin(angle)])
        shaft = place + np.linspace(1.25, 0.2, _SHAFT_POINTS)[:, None] * length * towards
        inside = ((shaft >= 0) & (shaft < (width, height))).all()
        apart = min((float(np.hypot(*(shaft[:, None] - other).T).min()) for other in drawn), default=np.inf)
        room = min(apart, _APART * length) if inside else -1.0
        if room > widest:
            best, widest = shaft, room
    assert best is not None
    return best


def _nodes(grid: Grid, frame: Frame, to_first: Transform) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = frame.places_um()
    back = to_first.inverse().matrix
    return nodes_at(
        grid,
        back[0, 0] * x + back[0, 1] * y + back[0, 2],
        back[1, 0] * x + back[1, 1] * y + back[1, 2],
    )
