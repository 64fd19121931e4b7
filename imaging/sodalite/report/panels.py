"""Panels of a series side by side under their titles, in true proportions, with one scale bar and a caption."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.report.caption import LegendEntry, caption_strip, draw_scale_bar
from sodalite.report.files import encode_jpeg, encode_png, write_bytes
from sodalite.report.overlay import PREVIEW_QUALITY, PREVIEW_SIDE_PX

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sodalite.result import Result

GAP_PX = 14
_WIDE_PX = 2400
_WIDEST_PX, _LEAST_PX = 1100, 360
_SHAPE = 1.7
"""Width over height that a sheet of many panels comes near to."""
_TITLE_PX = (24, 40)
_TITLE_SHARE = 1 / 17
"""Height of a title, least and most, and over the width of its panel in between."""
_BAR_SHARE = 0.75
"""Height of the scale bar's words over that of a title."""
GROUND_RGB = (22, 24, 29)
_TEXT_RGB, _QUIET_RGB = (240, 242, 245), (165, 172, 184)
MOST_PANELS = 12
"""Longer series show as many steps at even distances, the first and the last among them."""


class PanelFrame(NamedTuple):
    """Size of every panel in pixels, and how many of its pixels make one um along y and x."""

    height: int
    width: int
    y_px_per_um: float
    x_px_per_um: float


class Panel(NamedTuple):
    """A picture ``(y, x, 3)`` uint8 with its title and what is said at the title's right."""

    picture: np.ndarray
    title: str
    remark: str


def shown_steps(count: int) -> list[int]:
    """Return which of so many steps are shown."""
    if count <= MOST_PANELS:
        return list(range(count))
    return [round(place * (count - 1) / (MOST_PANELS - 1)) for place in range(MOST_PANELS)]


def panel_frame(shape: tuple[int, int], spacing_um: tuple[float, ...], count: int) -> PanelFrame:
    """Return the size of the panels that show so many images ``(y, x)`` of a pixel size on one sheet."""
    height_um, width_um = shape[0] * spacing_um[-2], shape[1] * spacing_um[-1]
    columns = sheet_columns(width_um / height_um, count)
    width = int(np.clip((_WIDE_PX - GAP_PX * (columns + 1)) // columns, _LEAST_PX, _WIDEST_PX))
    height = max(1, round(width * height_um / width_um))
    return PanelFrame(height, width, height / height_um, width / width_um)


def sheet_columns(aspect: float, count: int) -> int:
    """Return how many of so many panels, `aspect` times as wide as high, stand side by side on their sheet."""

    def unfit(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(columns * aspect / rows / _SHAPE)) + 0.1 * (-count % columns)

    return min(range(1, count + 1), key=unfit)


def grey_panel(data: np.ndarray, frame: PanelFrame, levels: tuple[float, float]) -> np.ndarray:
    """Return grey levels ``(y, x)`` at the size of the panels, RGB uint8, stretched between two levels."""
    import cv2

    smaller = frame.height < data.shape[0] or frame.width < data.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    sized = cv2.resize(np.asarray(data, np.float32), (frame.width, frame.height), interpolation=how)
    scaled = (sized - levels[0]) * (255 / max(levels[1] - levels[0], 1e-9))
    return np.asarray(cv2.cvtColor(np.clip(scaled, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB))


def printable(words: str, plain: str) -> str:
    """Return words as they are, or plain ones where this OpenCV's fonts know ASCII alone (before version 5)."""
    import cv2

    return words if hasattr(cv2, "FontFace") else plain


def sheet(panels: Sequence[Panel], px_per_um: float) -> np.ndarray:
    """Return panels of one size side by side and one below the other under their titles, a scale bar on the first."""
    height, width = panels[0].picture.shape[:2]
    columns = sheet_columns(width / height, len(panels))
    title_px = int(np.clip(round(width * _TITLE_SHARE), *_TITLE_PX))
    high, wide = height + title_px, width + GAP_PX
    rows = math.ceil(len(panels) / columns)
    canvas = np.full((rows * (high + GAP_PX) + GAP_PX, columns * wide + GAP_PX, 3), GROUND_RGB, np.uint8)
    for place, panel in enumerate(panels):
        top, left = GAP_PX + (place // columns) * (high + GAP_PX), GAP_PX + (place % columns) * wide
        _write_title(canvas, panel, (left, top), width, title_px)
        picture = panel.picture
        if place == 0:
            picture = picture.copy()
            draw_scale_bar(picture, px_per_um, height, line=round(_BAR_SHARE * title_px))
        canvas[top + title_px : top + high, left : left + width] = picture
    return canvas


def _write_title(canvas: np.ndarray, panel: Panel, corner: tuple[int, int], width: int, title_px: int) -> None:
    """Write title and remark above a panel, the remark as far from the next panel's title as from its own."""
    import cv2

    scale = title_px / 38
    inset = title_px // 3
    left, baseline = corner[0], corner[1] + round(0.68 * title_px)
    room = [cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0] for text in (panel.title, panel.remark)]
    fit = min(1.0, (width - 2 * inset) / max(sum(room), 1))
    right = left + width - inset - round(room[1] * fit)
    for text, x, rgb in ((panel.title, left, _TEXT_RGB), (panel.remark, right, _QUIET_RGB)):
        cv2.putText(canvas, text, (x, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale * fit, rgb, 1, cv2.LINE_AA)


def write_sheet(
    picture: np.ndarray,
    result: Result,
    path: Path,
    *,
    sentence: str,
    legend: Sequence[LegendEntry] = (),
    scale: str = "",
) -> None:
    """Write a sheet over its caption as PNG; see `sodalite.report.caption.caption_strip`."""
    strip = caption_strip(result, legend, picture.shape[1], sentence=sentence, scale=scale)
    spare = strip.shape[1] - picture.shape[1]
    sides = [np.full((len(picture), part, 3), GROUND_RGB, np.uint8) for part in (spare // 2, spare - spare // 2)]
    write_bytes(path, encode_png(np.vstack([np.hstack([sides[0], picture, sides[1]]), strip])))


def write_preview(picture: np.ndarray, path: Path) -> None:
    """Write a sheet as a small JPEG for the report."""
    import cv2

    factor = min(1.0, PREVIEW_SIDE_PX / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture
    write_bytes(path, encode_jpeg(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR)), PREVIEW_QUALITY))
