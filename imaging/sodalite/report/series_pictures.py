"""The pictures of a series of maps: film strips of orientations and tracks, distributions, growth, and a film."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sodalite.report.caption import caption_strip, draw_scale_bar, scale_bar_text
from sodalite.report.figures import save_figure
from sodalite.report.files import encode_jpeg, encode_png, replacing, write_bytes
from sodalite.report.map_keys import PANEL_PX, PANEL_RGB, beside, ipf_panel
from sodalite.report.overlay import PREVIEW_QUALITY, PREVIEW_SIDE_PX
from sodalite.report.series_figures import growth_figure, size_steps_figure
from sodalite.report.series_frames import Frame, Panel, draw_arrows, draw_panel, lined, make_frame, vanishing

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from sodalite.ebsd import Phase
    from sodalite.pipelines.map_series import MapSeries
    from sodalite.report.series_frames import Arrow
    from sodalite.result import Result

_STRIP_PX, _GAP_PX, _TITLE_PX = 2400, 12, 40
_WIDEST_PX = 720
_MOST_ARROWS = 12
_SHAPE = 1.9
"""Width over height that a strip of many panels comes near to."""
_FRAME_MS, _LAST_MS = 700, 1800
_TEXT_RGB, _QUIET_RGB = (240, 242, 245), (165, 172, 184)


def write_series_pictures(result: Result, series: MapSeries, folder: str | os.PathLike[str]) -> Path:
    """Write the pictures of a measured series into `folder` and return it.

    ``film_strip.png`` (orientations in orix's colours, grain boundaries, a red arrow at each grain that vanishes),
    ``overlay.png`` (its first and last step side by side), ``tracks.png`` (a colour a grain, the same in all steps),
    ``sizes.png``, ``growth.png``, the previews ``overlay.jpg`` and ``grains.jpg``, and ``film.gif`` where the recipe
    asks for it.

    Parameters
    ----------
    result
        Of the coarsening recipe.
    series
        What was measured; its maps are read again, one at a time.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    panels, frame, arrows, phases, direction = _panels(result, series)
    titles = _titles(result)
    marked = _strip(panels, frame, titles, arrows, "ipf")
    keyed = _with_key(marked, len(panels), frame, phases, f"IPF {direction}")
    sentence = (
        f"Colours: crystal direction along {direction}, TSL key of orix. Black lines are grain boundaries; red arrows "
        f"point at grains that vanish by the next step, the largest {_MOST_ARROWS} of each."
    )
    write_bytes(target / "film_strip.png", _composed(keyed, result, sentence))
    ends = _strip([panels[0], panels[-1]], frame, titles, arrows, "ipf")
    write_bytes(target / "overlay.png", _composed(ends, result, f"First and last step. {sentence}"))
    _write_preview(target / "overlay.jpg", marked)
    tracks = _strip(panels, frame, titles, arrows, "tracks")
    words = "Colours: one a grain, the same in all steps; black areas have no grain. Red arrows: grains that vanish."
    write_bytes(target / "tracks.png", _composed(tracks, result, words))
    _write_preview(target / "grains.jpg", tracks)
    save_figure(size_steps_figure(result), target / "sizes", ("png",))
    save_figure(growth_figure(result), target / "growth", ("png",))
    if result.provenance["recipe"].get("animate"):
        _write_film(panels, frame, titles, arrows, target / "film.gif")
    return target


def _with_key(strip: np.ndarray, count: int, frame: Frame, phases: tuple[Phase, ...], title: str) -> np.ndarray:
    """Return the strip with the colour key in its last place, where that is empty, or to its right."""
    columns = _columns(frame.width / frame.height, count)
    panel = ipf_panel(phases, frame.height, title)
    if count % columns == 0 or frame.width < PANEL_PX or len(panel) > frame.height:
        return beside(strip, ipf_panel(phases, len(strip), title))
    keyed = strip.copy()
    left = keyed.shape[1] - _GAP_PX - frame.width
    keyed[-_GAP_PX - frame.height : -_GAP_PX, left : left + PANEL_PX] = panel
    return keyed


def _panels(result: Result, series: MapSeries) -> tuple[list[Panel], Frame, list[Arrow], tuple[Phase, ...], str]:
    """Return the panels, their frame and marks, the phases and the direction that is coloured."""
    from sodalite.pipelines.coarsening_pictures import recipe_of, step_parts

    direction = recipe_of(result).grains.colour_direction
    frame: Frame | None = None
    panels, grids, moved = [], {}, {}
    phases: tuple[Phase, ...] = ()
    waiting = []
    for step in step_parts(result, series):
        if frame is None and step.ebsd is None:
            waiting.append(step)
            continue
        if frame is None and step.ebsd is not None:
            frame = make_frame(step.ebsd.grid, _panel_width(step.ebsd.grid.shape, len(series.steps)))
            phases = tuple(p for p, n in zip(step.ebsd.phases, step.ebsd.phase_counts, strict=True) if n)
            panels += [draw_panel(empty, frame, direction, 1) for empty in waiting]
        if frame is None:
            continue
        line_px = int(np.clip(frame.width / 360, 1, 2))
        panels.append(draw_panel(step, frame, direction, line_px))
        if step.ebsd is not None and step.labels is not None:
            grids[step.number], moved[step.number] = step.ebsd.grid, step.to_first
    if frame is None:
        raise ValueError("series: no step could be drawn.")
    arrows = vanishing(result.tables["tracks"], result.tables["events"], grids, moved, frame, _MOST_ARROWS)
    return panels, frame, arrows, phases, direction


def _panel_width(shape: tuple[int, int], count: int) -> int:
    columns = _columns(shape[1] / shape[0], count)
    return min(_WIDEST_PX, (_STRIP_PX - _GAP_PX * (columns + 1)) // columns)


def _columns(aspect: float, count: int) -> int:
    """Return how many panels stand side by side, so that the strip is about twice as wide as high."""

    def unfit(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(columns * aspect / rows / _SHAPE)) + 0.1 * (-count % columns)

    return min(range(1, count + 1), key=unfit)


def _titles(result: Result) -> dict[int, tuple[str, str]]:
    """Return number of a step -> its title and what is to be said of it."""
    titles = {}
    for row in result.tables["steps"].to_dict("records"):
        told = [f"step {row['step']}"]
        if math.isfinite(row["time_h"]):
            told.append(f"{row['time_h']:g} h")
        elif math.isfinite(row["charge_mah_cm2"]):
            told.append(f"{row['charge_mah_cm2']:g} mAh cm-2")
        if row["repolished"]:
            told.append("new section")
        size, count = (row.get(name, math.nan) for name in ("ecd_mean_um", "grain_count"))
        state = "" if row["tracked"] else "not tracked" if math.isfinite(count) else "not measured"
        mean = f"D {scale_bar_text(float(f'{size:.3g}'))}" if math.isfinite(size) else "no whole grain"
        titles[int(row["step"])] = (", ".join(told), state or mean)
    return titles


def _strip(
    panels: Sequence[Panel], frame: Frame, titles: dict[int, tuple[str, str]], arrows: Sequence[Arrow], which: str
) -> np.ndarray:
    """Return all panels side by side and one below the other, each under its title."""
    columns = _columns(frame.width / frame.height, len(panels))
    rows = math.ceil(len(panels) / columns)
    high, wide = frame.height + _TITLE_PX, frame.width + _GAP_PX
    canvas = np.full((rows * (high + _GAP_PX) + _GAP_PX, columns * wide + _GAP_PX, 3), PANEL_RGB, np.uint8)
    for place, panel in enumerate(panels):
        picture = _picture(panel, frame, arrows, which)
        top, left = _GAP_PX + (place // columns) * (high + _GAP_PX), _GAP_PX + (place % columns) * wide
        _write_title(canvas, titles[panel.number], left, top, frame.width)
        if place == 0:
            draw_scale_bar(picture, frame.px_per_um, len(picture))
        canvas[top + _TITLE_PX : top + high, left : left + frame.width] = picture
    return canvas


def _picture(panel: Panel, frame: Frame, arrows: Sequence[Arrow], which: str) -> np.ndarray:
    picture = lined(panel.ipf if which == "ipf" else panel.tracks, panel, frame)
    draw_arrows(picture, [arrow for arrow in arrows if arrow.number == panel.number])
    return picture


def _write_title(canvas: np.ndarray, words: tuple[str, str], left: int, top: int, width: int) -> None:
    import cv2

    scale = min(0.85, width / 420)
    room = cv2.getTextSize(words[1], cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]
    for text, x, rgb in ((words[0], left, _TEXT_RGB), (words[1], left + width - int(room), _QUIET_RGB)):
        cv2.putText(canvas, text, (x, top + _TITLE_PX - 12), cv2.FONT_HERSHEY_SIMPLEX, scale, rgb, 1, cv2.LINE_AA)


def _composed(picture: np.ndarray, result: Result, sentence: str) -> bytes:
    y_um, x_um = result.spacing_um[-2:]
    square = math.isclose(y_um, x_um, rel_tol=1e-3)
    scale = f"step {scale_bar_text(x_um)}" if square else f"step {x_um:.6g} x {scale_bar_text(y_um)} (x, y)"
    strip = caption_strip(result, (), picture.shape[1], sentence=sentence, scale=scale)
    spare = strip.shape[1] - picture.shape[1]
    if spare > 0:
        sides = [np.full((len(picture), part, 3), PANEL_RGB, np.uint8) for part in (spare // 2, spare - spare // 2)]
        picture = np.hstack([sides[0], picture, sides[1]])
    return encode_png(np.vstack([picture, strip]))


def _write_preview(path: Path, picture: np.ndarray) -> None:
    import cv2

    factor = min(1.0, PREVIEW_SIDE_PX / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)) if factor < 1 else picture
    write_bytes(path, encode_jpeg(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR)), PREVIEW_QUALITY))


def _write_film(
    panels: Sequence[Panel], frame: Frame, titles: dict[int, tuple[str, str]], arrows: Sequence[Arrow], path: Path
) -> None:
    """Write the steps as a film that runs for ever: orientations to the left, tracks to the right."""
    from PIL import Image

    stills = []
    for panel in panels:
        still = np.full((frame.height + _TITLE_PX + 2 * _GAP_PX, 2 * frame.width + 3 * _GAP_PX, 3), PANEL_RGB, np.uint8)
        for place, which in enumerate(("ipf", "tracks")):
            left = _GAP_PX + place * (frame.width + _GAP_PX)
            picture = _picture(panel, frame, arrows, which)
            if place == 0:
                draw_scale_bar(picture, frame.px_per_um, len(picture))
            still[_GAP_PX + _TITLE_PX : -_GAP_PX, left : left + frame.width] = picture
        _write_title(still, titles[panel.number], _GAP_PX, _GAP_PX // 2, 2 * frame.width + _GAP_PX)
        stills.append(Image.fromarray(still).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))
    with replacing(path) as temporary:
        stills[0].save(
            temporary, format="GIF", save_all=True, append_images=stills[1:], loop=0, optimize=False,
            duration=[_FRAME_MS] * (len(stills) - 1) + [_LAST_MS],
        )  # fmt: skip
