"""The pictures of an EBSD map: orientations, grains, KAM and GOS, pole figures, sizes and boundary directions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.errors import MeasurementError
from sodalite.report.caption import caption_strip, draw_scale_bar, scale_bar_text
from sodalite.report.figures import save_figure
from sodalite.report.files import encode_jpeg, encode_png, write_bytes
from sodalite.report.map_colours import (
    UNINDEXED_RGB,
    grain_colours,
    ipf_colours,
    scalar_colours,
)
from sodalite.report.map_figures import counted_labels, pole_figure, rose_figure, size_figure
from sodalite.report.map_frame import MapFrame, boundary_mask, frame_map
from sodalite.report.map_keys import PANEL_RGB, beside, ipf_panel, scale_panel
from sodalite.report.overlay import PREVIEW_QUALITY, PREVIEW_SIDE_PX

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from sodalite.ebsd import EbsdMap, Phase
    from sodalite.result import Result

_BOUNDARY_RGB = (8, 8, 8)
_LEAST_TOP_DEG = 0.5
_SCALE_PERCENTILE = 98.0
_NICE = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])
_AXIS_WORDS = {"x": "x (right)", "y": "y (down)", "z": "z (map normal)"}


class Canvas(NamedTuple):
    """What all pictures of a map share: the frame, grain ids and boundaries in its pixels, step as text, result."""

    frame: MapFrame
    ids: np.ndarray
    boundary: np.ndarray
    scale: str
    result: Result


def write_map_pictures(
    result: Result,
    ebsd: EbsdMap,
    folder: str | os.PathLike[str],
    *,
    kam_deg: np.ndarray | None = None,
    direction: str | Sequence[float] = "z",
    svg: bool = False,
) -> Path:
    """Write the pictures of a measured map into `folder` and return it.

    ``ipf.png`` (orix's colours of `direction` with grain boundaries; also ``overlay.png``), ``grains.png``,
    ``kam.png`` where `kam_deg` is given, ``gos.png``, ``pole_figures.png``, ``size_histogram.png``,
    ``boundary_rose.png``, and the previews ``image.jpg`` (without boundaries), ``overlay.jpg`` (with boundaries and
    the key) and ``grains.jpg``.

    Parameters
    ----------
    result
        With the grain of each node as ``labels["labels"]``, ``(rows, columns)``, and the table ``grains`` (label,
        area_um2, ecd_um, gos_deg).
    ebsd
        The map that was measured.
    kam_deg
        ``(rows, columns)`` kernel average misorientation of each node in degrees, NaN where it has none.
    direction
        On the map, coloured and shown in the inverse pole figure: ``x``, ``y``, ``z`` or a vector.
    svg
        Whether the figures are also written as SVG.

    Raises
    ------
    MeasurementError
        When the result has no grain ids or they do not fit the map.
    """
    if "labels" not in result.labels or "grains" not in result.tables:
        raise MeasurementError(f"{result.name}: no grain ids and table of grains to draw; measure the map first.")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    canvas = _canvas(result, ebsd)
    _write_ipf(canvas, ebsd, target, direction)
    _write_grains(canvas, target)
    if kam_deg is not None:
        _write_scalar(canvas, canvas.frame.sample(kam_deg), target / "kam.png", "KAM (deg)")
    if "gos_deg" in result.tables["grains"]:
        _write_scalar(canvas, _gos_deg(canvas), target / "gos.png", "GOS (deg)")
    _write_figures(result, ebsd, target, direction, svg)
    return target


def _canvas(result: Result, ebsd: EbsdMap) -> Canvas:
    frame = frame_map(ebsd.grid)
    ids = frame.sample(np.asarray(result.labels["labels"]))
    line_px = int(np.clip(frame.point_px / 2, 1, 2))
    return Canvas(frame, ids, boundary_mask(ids, line_px), _step_text(ebsd), result)


def _step_text(ebsd: EbsdMap) -> str:
    x_um, y_um = ebsd.step_um
    if ebsd.grid.lattice == "hex":
        return f"hexagonal grid, step {scale_bar_text(x_um)}"
    if np.isclose(x_um, y_um, rtol=1e-3):
        return f"step {scale_bar_text(x_um)}"
    return f"step {x_um:.6g} x {scale_bar_text(y_um)} (x, y)"


def _write_ipf(canvas: Canvas, ebsd: EbsdMap, target: Path, direction: str | Sequence[float]) -> None:
    colours = ebsd.on_grid(ipf_colours(ebsd, direction), fill=0)
    colours[~ebsd.on_grid(np.ones(ebsd.size, dtype=bool), fill=False)] = UNINDEXED_RGB
    field = canvas.frame.sample(colours)
    _write_preview(target / "image.jpg", field)
    lined = _with_boundaries(field, canvas)
    words = direction if isinstance(direction, str) else "({:.3g}, {:.3g}, {:.3g})".format(*direction)
    panel = ipf_panel(_by_points(ebsd), field.shape[0], f"IPF {words}")
    shown = lined.copy()
    draw_scale_bar(shown, canvas.frame.x_px_per_um, len(shown))
    _write_preview(target / "overlay.jpg", beside(shown, panel))
    sentence = f"Colours: crystal direction along {_AXIS_WORDS.get(words, words)}, TSL key of orix."
    data = _compose(lined, panel, canvas, sentence)
    write_bytes(target / "ipf.png", data)
    write_bytes(target / "overlay.png", data)


def _by_points(ebsd: EbsdMap) -> list[Phase]:
    """Return the phases that have points, those with the most first."""
    order = sorted(range(len(ebsd.phases)), key=lambda k: -ebsd.phase_counts[k])
    return [ebsd.phases[k] for k in order if ebsd.phase_counts[k]]


def _write_grains(canvas: Canvas, target: Path) -> None:
    colours = grain_colours(int(canvas.ids.max(initial=0)))
    field = _with_boundaries(np.take(colours, canvas.ids, axis=0), canvas)
    _write_preview(target / "grains.jpg", field)
    write_bytes(target / "grains.png", _compose(field, None, canvas, "Colours: one a grain, at random."))


def _write_scalar(canvas: Canvas, values: np.ndarray, path: Path, title: str) -> None:
    values = np.where(canvas.ids > 0, values, np.nan)
    top = _round_top(values)
    field = scalar_colours(values, top)
    field[canvas.ids == 0] = UNINDEXED_RGB
    field = _with_boundaries(field, canvas)
    grey = "" if np.isfinite(values[canvas.ids > 0]).all() else " Grey points have no value."
    sentence = f"Colours: {title} from 0 to {top:.3g}, higher values in the last colour.{grey}"
    write_bytes(path, _compose(field, scale_panel(field.shape[0], title, top), canvas, sentence))


def _gos_deg(canvas: Canvas) -> np.ndarray:
    table = canvas.result.tables["grains"]
    of_grain = np.full(max(int(canvas.ids.max(initial=0)), int(table["label"].max() if len(table) else 0)) + 1, np.nan)
    of_grain[table["label"].to_numpy(np.int64)] = table["gos_deg"].to_numpy(float)
    return np.take(of_grain, canvas.ids)


def _write_figures(result: Result, ebsd: EbsdMap, target: Path, direction: str | Sequence[float], svg: bool) -> None:
    kinds = ("png", "svg") if svg else ("png",)
    if any(count and phase.laue_group for count, phase in zip(ebsd.phase_counts, ebsd.phases, strict=True)):
        save_figure(pole_figure(ebsd, direction), target / "pole_figures", kinds)
    save_figure(size_figure(result), target / "size_histogram", kinds)
    save_figure(rose_figure(counted_labels(result), ebsd), target / "boundary_rose", kinds)


def _round_top(values: np.ndarray) -> float:
    """Return a round number above most of the values."""
    known = values[np.isfinite(values)]
    sample = known[:: max(1, known.size // 200_000)]
    top = max(_LEAST_TOP_DEG, float(np.percentile(sample, _SCALE_PERCENTILE))) if known.size else 1.0
    power = 10.0 ** np.floor(np.log10(top))
    return float(power * _NICE[np.searchsorted(_NICE, top / power * (1 - 1e-9))])


def _with_boundaries(field: np.ndarray, canvas: Canvas) -> np.ndarray:
    import cv2

    lined = field.copy()
    line = np.empty_like(field)
    line[:] = _BOUNDARY_RGB
    cv2.copyTo(line, canvas.boundary, lined)
    return lined


def _compose(field: np.ndarray, panel: np.ndarray | None, canvas: Canvas, sentence: str) -> bytes:
    """Return the PNG of a picture with its scale bar, its key to the right and the strip of words below."""
    picture = field.copy()
    draw_scale_bar(picture, canvas.frame.x_px_per_um, len(picture))
    if panel is not None:
        picture = beside(picture, panel)
    words = f"{sentence} Black lines are grain boundaries, black areas not indexed."
    strip = caption_strip(canvas.result, (), picture.shape[1], sentence=words, scale=canvas.scale)
    spare = strip.shape[1] - picture.shape[1]
    if spare > 0:
        sides = [np.full((len(picture), part, 3), PANEL_RGB, np.uint8) for part in (spare // 2, spare - spare // 2)]
        picture = np.hstack([sides[0], picture, sides[1]])
    return encode_png(np.vstack([picture, strip]))


def _write_preview(path: Path, picture: np.ndarray) -> None:
    import cv2

    height, width = picture.shape[:2]
    factor = min(1.0, PREVIEW_SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)) if factor < 1 else picture
    write_bytes(path, encode_jpeg(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR)), PREVIEW_QUALITY))
