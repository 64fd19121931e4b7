"""The sheet of a series of images laid upon each other, and outlines drawn on it: what its kinds have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.pipelines.image_series_pictures import laid_pictures
from sodalite.report.figures import save_figure
from sodalite.report.panels import Panel, grey_panel, panel_frame, sheet, shown_steps, write_preview, write_sheet

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from sodalite.image_series import ImageSeries
    from sodalite.pipelines.image_series_pictures import LaidPicture
    from sodalite.report.caption import LegendEntry
    from sodalite.report.panels import PanelFrame
    from sodalite.result import Result

_GREY_PERCENTILES = (0.2, 99.8)
_SHIFT = 4
"""Bits behind the point of the coordinates that OpenCV draws at."""
_LINE_PX, _LINE_SHARE = 2, 1 / 400
"""Width of a line, least and over the width of its panel."""
CASING_RGB = (12, 12, 14)
"""Lines lie in a dark casing: without it light ones are lost on a light electrolyte."""


class SheetStyle(NamedTuple):
    """How a kind of series is shown.

    Attributes
    ----------
    name
        File of the sheet.
    draw
        Draws on a panel what was measured on a step.
    words
        From a row of the table of steps, the title of its panel and what is said at the title's right.
    legend, sentence
        Of the caption.
    rows
        Rows of the images that are shown.
    """

    name: str
    draw: Callable[[np.ndarray, LaidPicture, PanelFrame], None]
    words: Callable[[Mapping[Any, Any]], tuple[str, str]]
    legend: Sequence[LegendEntry]
    sentence: str
    rows: slice = slice(None)


def write_laid_pictures(
    result: Result,
    sample: ImageSeries,
    folder: str | os.PathLike[str],
    style: SheetStyle,
    figures: Mapping[str, Figure],
) -> Path:
    """Write the sheet (also as ``overlay.png``), its preview and the figures; return the folder.

    Raises
    ------
    MeasurementError
        When the result is not of these images.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    picture = _sheet(result, sample, style)
    for name in (style.name, "overlay.png"):
        write_sheet(picture, result, target / name, sentence=style.sentence, legend=style.legend)
    write_preview(picture, target / "overlay.jpg")
    for stem, figure in figures.items():
        save_figure(figure, target / stem, ("png",))
    return target


def _sheet(result: Result, sample: ImageSeries, style: SheetStyle) -> np.ndarray:
    places = shown_steps(len(result.provenance["steps"]))
    frame = panel_frame(result.labels["labels"][0, style.rows].shape, result.spacing_um, len(places))
    steps = {row["step"]: row for row in result.tables["steps"].to_dict("records")}
    planes = [record.get("plane", 0) for record in result.provenance["steps"]]
    levels: dict[int, tuple[float, float]] = {}  # brightness is matched within a polished plane
    panels = []
    for laid in laid_pictures(result, sample, places):
        data = laid.data[style.rows]
        if (plane := planes[laid.place]) not in levels:
            low, high = np.percentile(data, _GREY_PERCENTILES)
            levels[plane] = float(low), float(high)
        canvas = grey_panel(data, frame, levels[plane])
        style.draw(canvas, laid, frame)
        panels.append(Panel(canvas, *style.words(steps[laid.number])))
    return sheet(panels, frame.x_px_per_um)


def outlines(mask: np.ndarray, frame: PanelFrame, *, beyond_px: int = 0) -> list[np.ndarray]:
    """Return the outlines of a mask ``(y, x)`` and of its holes in a panel, for `draw_lines` and `tint`.

    Along the border of the image they run so many pixels beyond it, where they are not seen.
    """
    import cv2

    scale = np.array([frame.width / mask.shape[1], frame.height / mask.shape[0]])
    padded = np.pad(mask.astype(np.uint8), beyond_px, mode="edge")
    found, _ = cv2.findContours(np.pad(padded, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [_fixed((each.reshape(-1, 2) - beyond_px - 0.5) * scale - 0.5) for each in found]


def draw_lines(canvas: np.ndarray, lines: Sequence[np.ndarray], rgb: tuple[int, int, int], *, closed: bool) -> None:
    """Draw outlines or open lines in a colour with a dark casing."""
    import cv2

    width = max(_LINE_PX, round(canvas.shape[1] * _LINE_SHARE))
    for colour, extra in ((CASING_RGB, 2), (rgb, 0)):
        cv2.polylines(canvas, lines, closed, colour, width + extra, cv2.LINE_AA, _SHIFT)


def tint(canvas: np.ndarray, lines: Sequence[np.ndarray], rgb: tuple[int, int, int], share: float) -> None:
    """Mix a colour into what outlines enclose."""
    import cv2

    tinted = canvas.copy()
    cv2.fillPoly(tinted, lines, rgb, cv2.LINE_8, _SHIFT)
    cv2.addWeighted(tinted, share, canvas, 1 - share, 0, dst=canvas)


def profile_line(rows: np.ndarray, shape: tuple[int, int], frame: PanelFrame) -> np.ndarray:
    """Return the line of edge rows ``(x,)`` of images of a shape ``(y, x)`` in a panel, for `draw_lines`."""
    x = (np.arange(rows.size) + 0.5) * frame.width / shape[1] - 0.5
    return _fixed(np.column_stack([x, rows * frame.height / shape[0] - 0.5]))


def _fixed(places: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(places * 2**_SHIFT), np.int32)
