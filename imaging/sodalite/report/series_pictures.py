"""The pictures of a series of maps: film strips of orientations and tracks, distributions, growth, and a film."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sodalite.report.caption import scale_bar_text
from sodalite.report.figures import save_figure
from sodalite.report.files import replacing
from sodalite.report.map_keys import PANEL_PX, beside, ipf_panel
from sodalite.report.panels import (
    GAP_PX,
    Panel,
    panel_frame,
    printable,
    sheet,
    sheet_columns,
    write_preview,
    write_sheet,
)
from sodalite.report.series_figures import growth_figure, size_steps_figure
from sodalite.report.series_frames import Frame, StepPanel, draw_arrows, draw_panel, lined, make_frame, vanishing

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from sodalite.ebsd import Phase
    from sodalite.pipelines.map_series import MapSeries
    from sodalite.report.series_frames import Arrow
    from sodalite.result import Result

_MOST_ARROWS = 12
_FRAME_MS, _LAST_MS = 700, 1800


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
    steps, frame, arrows, phases, direction = _panels(result, series)
    titles, scale = _titles(result), _step_text(result)
    orientations, tracks = (_labelled(steps, frame, titles, arrows, which) for which in ("ipf", "tracks"))
    strip, grains = (sheet(panels, frame.px_per_um) for panels in (orientations, tracks))
    keyed = _with_key(strip, len(steps), frame, phases, f"IPF {direction}")
    sentence = (
        f"Colours: crystal direction along {direction}, TSL key of orix. Black lines are grain boundaries; red arrows "
        f"point at grains that vanish by the next step, at most {_MOST_ARROWS} a step, the largest."
    )
    write_sheet(keyed, result, target / "film_strip.png", sentence=sentence, scale=scale)
    ends = sheet([orientations[0], orientations[-1]], frame.px_per_um)
    write_sheet(ends, result, target / "overlay.png", sentence=f"First and last step. {sentence}", scale=scale)
    words = "Colours: one a grain, the same in all steps; black areas have no grain. Red arrows: grains that vanish."
    write_sheet(grains, result, target / "tracks.png", sentence=words, scale=scale)
    write_preview(strip, target / "overlay.jpg")
    write_preview(grains, target / "grains.jpg")
    save_figure(size_steps_figure(result), target / "sizes", ("png",))
    save_figure(growth_figure(result), target / "growth", ("png",))
    if result.provenance["recipe"].get("animate"):
        _write_film(list(zip(orientations, tracks, strict=True)), frame, target / "film.gif")
    return target


def _with_key(strip: np.ndarray, count: int, frame: Frame, phases: tuple[Phase, ...], title: str) -> np.ndarray:
    """Return the strip with the colour key in its last place, where that is empty, or to its right."""
    columns = sheet_columns(frame.width / frame.height, count)
    panel = ipf_panel(phases, frame.height, title)
    if count % columns == 0 or frame.width < PANEL_PX or len(panel) > frame.height:
        return beside(strip, ipf_panel(phases, len(strip), title))
    keyed = strip.copy()
    left = keyed.shape[1] - GAP_PX - frame.width
    keyed[-GAP_PX - frame.height : -GAP_PX, left : left + PANEL_PX] = panel
    return keyed


def _panels(result: Result, series: MapSeries) -> tuple[list[StepPanel], Frame, list[Arrow], tuple[Phase, ...], str]:
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
            grid = step.ebsd.grid
            frame = make_frame(grid, panel_frame(grid.shape, grid.spacing_um, len(series.steps)).width)
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


def _titles(result: Result) -> dict[int, tuple[str, str]]:
    """Return number of a step -> its title and what is to be said of it."""
    titles = {}
    for row in result.tables["steps"].to_dict("records"):
        told = [f"step {row['step']}"]
        if math.isfinite(row["time_h"]):
            told.append(f"{row['time_h']:g} h")
        elif math.isfinite(row["charge_mah_cm2"]):
            told.append(f"{row['charge_mah_cm2']:g} {printable('mAh/cm²', 'mAh/cm2')}")
        if row["repolished"]:
            told.append("new section")
        size, count = (row.get(name, math.nan) for name in ("ecd_mean_um", "grain_count"))
        state = "" if row["tracked"] else "not tracked" if math.isfinite(count) else "not measured"
        mean = f"D {scale_bar_text(float(f'{size:.3g}'))}" if math.isfinite(size) else "no whole grain"
        titles[int(row["step"])] = (", ".join(told), state or mean)
    return titles


def _labelled(
    steps: Sequence[StepPanel], frame: Frame, titles: dict[int, tuple[str, str]], arrows: Sequence[Arrow], which: str
) -> list[Panel]:
    """Return the panels of all steps with their titles, coloured by orientation or by track."""
    return [Panel(_picture(step, frame, arrows, which), *titles[step.number]) for step in steps]


def _picture(panel: StepPanel, frame: Frame, arrows: Sequence[Arrow], which: str) -> np.ndarray:
    picture = lined(panel.ipf if which == "ipf" else panel.tracks, panel, frame)
    draw_arrows(picture, [arrow for arrow in arrows if arrow.number == panel.number])
    return picture


def _step_text(result: Result) -> str:
    """Return how far the points of the maps are apart; a step is one of the series here."""
    y_um, x_um = result.spacing_um[-2:]
    square = math.isclose(y_um, x_um, rel_tol=1e-3)
    apart = scale_bar_text(x_um) if square else f"{x_um:.6g} x {scale_bar_text(y_um)} (x, y)"
    return f"points {apart} apart"


def _write_film(steps: Sequence[tuple[Panel, Panel]], frame: Frame, path: Path) -> None:
    """Write the steps as a film that runs for ever: orientations first, tracks beside or below them."""
    from PIL import Image

    stills = []
    for orientations, tracks in steps:
        still = sheet([orientations, tracks._replace(title="tracked grains", remark="")], frame.px_per_um)
        stills.append(Image.fromarray(still).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))
    with replacing(path) as temporary:
        stills[0].save(
            temporary, format="GIF", save_all=True, append_images=stills[1:], loop=0, optimize=False,
            duration=[_FRAME_MS] * (len(stills) - 1) + [_LAST_MS],
        )  # fmt: skip
