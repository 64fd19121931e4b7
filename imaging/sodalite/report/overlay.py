"""The micrograph with what was found on it: both faces, voids and dead sodium, a scale bar and a caption strip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import CLASS_RGB, SectionClass
from sodalite.errors import MeasurementError
from sodalite.report.caption import LegendEntry, caption_strip, draw_scale_bar
from sodalite.report.files import encode_jpeg, encode_png, write_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from sodalite.image import Image
    from sodalite.result import Result

LONG_SIDE_PX = 2048
"""Longest side of an overlay: a journal's full page width (17 cm) at 300 dots per inch."""
PREVIEW_SIDE_PX = 1024
"""Longest side of a preview: half of the overlay's, so that shrinking averages whole pixels."""
PREVIEW_QUALITY = 85
_SHORT_LONG_SIDE_PX = 1024
"""Smaller images are enlarged to this, so that lines and letters have pixels to be drawn with."""

FACE_RGB = {"collector": (250, 230, 50), "electrolyte": (70, 200, 255)}
"""Colours of the two faces: light, and far from every class that is tinted, for readers of all colour visions."""
_TINTED = (SectionClass.PORE, SectionClass.CRACK, SectionClass.VOID, SectionClass.DEAD_SODIUM)
_TINT = 0.32
_HALO_RGB = (15, 15, 15)
_GREY_PERCENTILES = (0.1, 99.9)
_LINE_TOLERANCE_PX = 0.1
_SHIFT = 4
"""Drawing coordinates are handed over in 1/16 px."""


class Frame(NamedTuple):
    """Size of the drawn micrograph in pixels and how many of its pixels make one um along y and x."""

    height: int
    width: int
    y_px_per_um: float
    x_px_per_um: float


def write_pictures(result: Result, image: Image, folder: str | os.PathLike[str]) -> Path:
    """Write ``overlay.png`` and the small ``image.jpg`` and ``overlay.jpg`` into `folder`; return the folder.

    The two small ones are framed alike, without the caption strip; a report embeds them.

    Raises
    ------
    MeasurementError
        When the image is no single section.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    frame = fit_frame(image, result.spacing_um, LONG_SIDE_PX)
    grey = _grey(result, image, frame)
    field, legend = _draw_field(result, image, grey, frame)
    _write_preview(target / "image.jpg", grey)
    _write_preview(target / "overlay.jpg", field)
    del grey
    framed = _with_strip(field, result, legend)
    del field
    write_bytes(target / "overlay.png", encode_png(framed))
    return target


def write_overlay(result: Result, image: Image, path: str | os.PathLike[str]) -> None:
    """Write the micrograph with faces, voids, dead sodium, scale bar and caption strip as PNG.

    `image` is what `result` was measured on; it is shown in true proportions of ``result.spacing_um``.

    Raises
    ------
    MeasurementError
        When the image is no single section.
    """
    frame = fit_frame(image, result.spacing_um, LONG_SIDE_PX)
    field, legend = _draw_field(result, image, _grey(result, image, frame), frame)
    write_bytes(path, encode_png(_with_strip(field, result, legend)))


def write_raw(result: Result, image: Image, path: str | os.PathLike[str]) -> None:
    """Write the bare micrograph as a small JPEG, framed like the overlay.

    Raises
    ------
    MeasurementError
        When the image is no single section.
    """
    _write_preview(Path(path), _grey(result, image, fit_frame(image, result.spacing_um, LONG_SIDE_PX)))


def fit_frame(image: Image, spacing_um: Sequence[float], long_side_px: int) -> Frame:
    """Return the frame that shows `image` in true proportions, its long side at most `long_side_px`.

    Raises
    ------
    MeasurementError
        When the image is no single section.
    """
    if image.data.ndim != 2:
        raise MeasurementError(f"{image.name}: {image.data.ndim} axes; a picture shows one section, give (y, x).")
    rows, columns = image.data.shape
    height_um, width_um = rows * spacing_um[-2], columns * spacing_um[-1]
    long_um = max(height_um, width_um)
    px_per_um = 1 / min(spacing_um[-2:])
    px_per_um = min(max(px_per_um, _SHORT_LONG_SIDE_PX / long_um), long_side_px / long_um)
    height, width = max(1, round(height_um * px_per_um)), max(1, round(width_um * px_per_um))
    return Frame(height, width, height / height_um, width / width_um)


def _draw_field(result: Result, image: Image, grey: np.ndarray, frame: Frame) -> tuple[np.ndarray, list[LegendEntry]]:
    """Return `grey` as RGB ``(y, x, 3)``, uint8, with everything drawn on it, and the keys to what was drawn."""
    import cv2

    canvas = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    line_px = max(2, round(max(frame.height, frame.width) / 800))
    legend = _faces_legend(result) + _draw_classes(canvas, result, frame, max(1, line_px - 1))
    _draw_faces(canvas, result, frame, line_px)
    draw_scale_bar(canvas, frame.x_px_per_um, round(_field_share(result, image) * frame.height))
    return canvas, legend


def _with_strip(field: np.ndarray, result: Result, legend: Sequence[LegendEntry]) -> np.ndarray:
    strip = caption_strip(result, legend, field.shape[1])
    return np.vstack([_centred(field, strip.shape[1]), strip])


def _field_share(result: Result, image: Image) -> float:
    """Return the share of the image's height that is specimen and not the data bar, from the tags or the picture."""
    rows = image.data.shape[0]
    found = (result.provenance.get("segmentation") or {}).get("databar_rows") or 0
    return max(1, rows - max(image.meta.databar_rows, int(found))) / rows


def _grey(result: Result, image: Image, frame: Frame) -> np.ndarray:
    """Return the micrograph at the size of `frame`, uint8, stretched to its specimen's grey range."""
    import cv2

    data = image.data if image.data.dtype in (np.uint8, np.uint16, np.float32) else image.data.astype(np.float32)
    rows, columns = data.shape
    smaller = frame.height <= rows and frame.width <= columns
    if (frame.height, frame.width) != (rows, columns):
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        data = cv2.resize(np.ascontiguousarray(data), (frame.width, frame.height), interpolation=how)
    field = data[: max(1, round(_field_share(result, image) * len(data)))]
    step = max(1, field.size // 200_000)
    low, high = np.percentile(field.reshape(-1)[::step], _GREY_PERCENTILES)
    scale = 255 / max(float(high - low), 1e-12)
    if data.dtype == np.uint8:
        table = np.clip((np.arange(256) - low) * scale, 0, 255).astype(np.uint8)
        return cv2.LUT(data, table)
    return np.clip((data - np.float32(low)) * np.float32(scale), 0, 255).astype(np.uint8)


def _write_preview(path: Path, picture: np.ndarray) -> None:
    import cv2

    height, width = picture.shape[:2]
    factor = min(1.0, PREVIEW_SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture
    bgr = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    write_bytes(path, encode_jpeg(bgr, PREVIEW_QUALITY))


def _draw_classes(canvas: np.ndarray, result: Result, frame: Frame, line_px: int) -> list[LegendEntry]:
    """Tint and outline the objects on `canvas`; return a legend entry for each class that is there."""
    import cv2

    outlines = {kind: _outlines(mask, result.spacing_um, frame) for kind, mask in _masks(result).items()}
    outlines = {kind: lines for kind, lines in outlines.items() if lines}
    if outlines:
        heights = np.concatenate([points[:, 1] for lines in outlines.values() for points in lines]) >> _SHIFT
        top, bottom = max(0, int(heights.min())), int(heights.max()) + 1
        tinted = canvas[:bottom].copy()
        for kind, lines in outlines.items():
            cv2.fillPoly(tinted, lines, CLASS_RGB[kind], cv2.LINE_8, _SHIFT)
        band = canvas[top:bottom]
        cv2.addWeighted(tinted[top:], _TINT, band, 1 - _TINT, 0, dst=band)
    for kind, lines in outlines.items():
        cv2.polylines(canvas, lines, True, CLASS_RGB[kind], line_px, cv2.LINE_AA, _SHIFT)
    return [LegendEntry(kind.name.lower().replace("_", " "), CLASS_RGB[kind], "area") for kind in reversed(outlines)]


def _masks(result: Result) -> dict[SectionClass, np.ndarray]:
    """Return class -> mask (uint8) of the objects to tint, from the class image, else from the object images."""
    import cv2

    if "labels" in result.labels:
        classes = np.ascontiguousarray(result.labels["labels"], np.uint8)
        pixels = cv2.calcHist([classes], [0], None, [256], [0, 256]).ravel()
        return {kind: cv2.inRange(classes, int(kind), int(kind)) for kind in _TINTED if pixels[kind]}
    named = {SectionClass.VOID: "voids", SectionClass.DEAD_SODIUM: "dead_sodium"}
    return {kind: (result.labels[name] > 0).view(np.uint8) for kind, name in named.items() if name in result.labels}


def _outlines(mask: np.ndarray, spacing_um: Sequence[float], frame: Frame) -> list[np.ndarray]:
    """Return the closed outlines of `mask` in drawing coordinates, holes included."""
    import cv2

    found, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    per_pixel = np.array([frame.x_px_per_um * spacing_um[-1], frame.y_px_per_um * spacing_um[-2]])
    return [_fixed_point((points.reshape(-1, 2) + 0.5) * per_pixel) for points in found]


def _faces_legend(result: Result) -> list[LegendEntry]:
    profile = result.tables.get("profile")
    if profile is None:
        return []
    seen = [face for face in FACE_RGB if np.isfinite(profile[f"{face}_z_um"].to_numpy(float)).any()]
    return [LegendEntry(f"{face} face", FACE_RGB[face], "line") for face in seen]


def _draw_faces(canvas: np.ndarray, result: Result, frame: Frame, line_px: int) -> None:
    import cv2

    profile = result.tables.get("profile")
    if profile is None:
        return
    x_px = profile["x_um"].to_numpy(float) * frame.x_px_per_um
    faces = {face: _runs(x_px, profile[f"{face}_z_um"].to_numpy(float) * frame.y_px_per_um) for face in FACE_RGB}
    for runs in faces.values():
        cv2.polylines(canvas, runs, False, _HALO_RGB, line_px + 2, cv2.LINE_AA, _SHIFT)
    for face, runs in faces.items():
        cv2.polylines(canvas, runs, False, FACE_RGB[face], line_px, cv2.LINE_AA, _SHIFT)


def _runs(x_px: np.ndarray, y_px: np.ndarray) -> list[np.ndarray]:
    """Return the pieces of a line between gaps (NaN) in drawing coordinates."""
    seen = np.isfinite(y_px)
    breaks = np.flatnonzero(np.diff(seen.astype(np.int8))) + 1
    pieces = np.split(np.arange(len(seen)), breaks)
    return [_fixed_point(_thinned(np.column_stack([x_px[i], y_px[i]]))) for i in pieces if len(i) and seen[i[0]]]


def _thinned(points: np.ndarray) -> np.ndarray:
    """Return the line without the points that lie on it to `_LINE_TOLERANCE_PX`: drawing takes a third of the time."""
    import cv2

    return cv2.approxPolyDP(points.astype(np.float32)[:, None], _LINE_TOLERANCE_PX, False)[:, 0]


def _fixed_point(edge_px: np.ndarray) -> np.ndarray:
    """Return edge coordinates ``(n, 2)``, x first, as drawing coordinates, where whole numbers are pixel centres."""
    return np.rint((edge_px - 0.5) * 2**_SHIFT).astype(np.int32)


def _centred(canvas: np.ndarray, width: int) -> np.ndarray:
    spare = width - canvas.shape[1]
    if spare <= 0:
        return canvas
    return np.pad(canvas, ((0, 0), (spare // 2, spare - spare // 2), (0, 0)))
