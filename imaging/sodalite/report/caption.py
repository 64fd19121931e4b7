"""Scale bar, legend and caption strip of an overlay."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from sodalite.report.numbers import format_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sodalite.result import Result

LEAST_WIDTH_PX = 960
"""Narrower micrographs stand centred over a strip of this width, so that its words fit."""
_STRIP_RGB = (22, 24, 29)
_TEXT_RGB = (240, 242, 245)
_QUIET_RGB = (165, 172, 184)
_HEADLINES = ("thickness_gross_mean", "grain_count", "ecd_mean_last", "void_capacity_ratio", "growth_rate")
_BAR_SHARE = 0.2
_BAR_FIRST_DIGITS = (5, 2, 1)
_SWATCH = 1.1
"""Width of a swatch of the legend over the height of a line."""
_SCALE_PER_PX = 1 / 30
"""Font scale of OpenCV for one pixel of line height."""


class LegendEntry(NamedTuple):
    """One key of the legend: its words, its colour (RGB) and how it is drawn."""

    text: str
    rgb: tuple[int, int, int]
    shape: Literal["area", "line", "mark"]


def round_length_um(longest_um: float) -> float:
    """Return the longest of 1, 2 and 5 times a power of ten that is not above `longest_um`."""
    power = 10.0 ** math.floor(math.log10(longest_um))
    return next(digit * power for digit in _BAR_FIRST_DIGITS if digit * power <= longest_um * (1 + 1e-9))


def scale_bar_text(length_um: float) -> str:
    """Return the words at a scale bar, in um, without needless digits."""
    return f"{length_um:.6g} {_micron()}"


def tilt_sentence(provenance: Mapping[str, Any]) -> str:
    """Return the sentence on the tilt decision that `provenance` holds, or that it holds none."""
    tilt = provenance.get("tilt")
    if not tilt:
        return "Tilt: no decision recorded."
    if isinstance(tilt, str):
        return tilt
    read = tilt.get if hasattr(tilt, "get") else lambda name, default=None: getattr(tilt, name, default)
    reason, factor = str(read("reason") or read("sentence") or ""), read("factor")
    lead = f"Heights x {float(factor):.4g}" if factor is not None else "Tilt"
    return f"{lead}: {reason}" if reason else f"{lead}."


def draw_scale_bar(canvas: np.ndarray, px_per_um: float, bottom: int, *, line: int | None = None) -> None:
    """Draw a bar of a round length in um on `canvas` (RGB), right above row `bottom`, its words `line` px high."""
    import cv2

    width = canvas.shape[1]
    length_um = round_length_um(_BAR_SHARE * width / px_per_um)
    length = max(1, round(length_um * px_per_um))
    line = line or _line_height(width)
    pad, thick = max(4, line // 3), max(3, line // 5)
    text = scale_bar_text(length_um)
    text_width = _text_width(text, line)
    box_width, box_height = max(length, text_width) + 2 * pad, line + thick + 2 * pad
    left, top = max(0, width - box_width - 2 * pad), max(0, bottom - box_height - 2 * pad)
    box = canvas[top : top + box_height, left : left + box_width]
    np.copyto(box, (box * np.float32(0.3)).astype(np.uint8))
    centre = left + box_width // 2
    _put(canvas, text, centre - text_width // 2, top + pad // 2, line, (255, 255, 255))
    bar_left, bar_top = centre - length // 2, top + box_height - pad - thick
    cv2.rectangle(canvas, (bar_left, bar_top), (bar_left + length - 1, bar_top + thick - 1), (255, 255, 255), -1)


def caption_strip(
    result: Result, legend: Sequence[LegendEntry], width: int, *, sentence: str = "", scale: str = ""
) -> np.ndarray:
    """Return the strip below an overlay ``(y, x, 3)``, RGB: name, headline, legend, scale and a sentence.

    Left empty, `scale` is the pixel size and `sentence` the tilt decision.
    """
    width = max(width, LEAST_WIDTH_PX)
    line = _line_height(width)
    margin, room = line // 2, width - line
    sentences = _wrapped(sentence or tilt_sentence(result.provenance), line, room, 2)
    strip = np.full((margin + round(1.35 * line * (2 + len(sentences))) + margin // 2, width, 3), _STRIP_RGB, np.uint8)
    rows = [margin + round(1.35 * line * i) for i in range(2 + len(sentences))]
    headline, pixel = _headline(result), scale or _pixel_text(result.spacing_um)
    taken = _put_right(strip, headline, width - margin, rows[0], line, _TEXT_RGB)
    _put(strip, _shortened(result.name, line, room - taken - line), margin, rows[0], line, _TEXT_RGB)
    taken = _put_right(strip, pixel, width - margin, rows[1], line, _QUIET_RGB)
    _put_legend(strip, legend, margin, rows[1], line, room - taken - line)
    for sentence, row in zip(sentences, rows[2:], strict=True):
        _put(strip, sentence, margin, row, line, _QUIET_RGB)
    return strip


def _headline(result: Result) -> str:
    held = {q.quantity: q for q in result}
    name = next((name for name in _HEADLINES if name in held), None)
    if name is None:
        return ""
    q = held[name]
    label = {"thickness_gross_mean": "Gross thickness", "ecd_mean_last": "Mean grain diameter at the end"}.get(
        name, name.replace("_", " ").capitalize()
    )
    if math.isnan(q.value):
        return f"{label} withheld"
    return _printable(f"{label} {format_value(q.quantity, q.value, q.low, q.high, q.unit)}")


def _pixel_text(spacing_um: Sequence[float]) -> str:
    y_um, x_um = spacing_um[-2:]
    scale, unit = (1, _micron()) if min(y_um, x_um) >= 1 else (1000, "nm")
    if math.isclose(y_um, x_um, rel_tol=1e-6):
        return f"pixel {scale * x_um:.4g} {unit}"
    return f"pixel {scale * x_um:.4g} x {scale * y_um:.4g} {unit} (x, z)"


def _put_legend(strip: np.ndarray, legend: Sequence[LegendEntry], x: int, y: int, line: int, room: int) -> None:
    swatch = round(_SWATCH * line)
    end = x + room
    for entry in legend:
        width = swatch + line // 3 + _text_width(entry.text, line)
        if x + width > end:
            return
        _put_swatch(strip, entry, x, y + round(0.55 * line), line)
        _put(strip, entry.text, x + swatch + line // 3, y, line, _TEXT_RGB)
        x += width + line


def _put_swatch(strip: np.ndarray, entry: LegendEntry, x: int, middle: int, line: int) -> None:
    """Draw the colour of an entry as area, line or downward triangle, as it is in the picture."""
    import cv2

    swatch, half = round(_SWATCH * line), line // 10 if entry.shape == "line" else line // 3
    if entry.shape == "mark":
        corners = [
            (x + swatch // 4, middle - half),
            (x + swatch - swatch // 4, middle - half),
            (x + swatch // 2, middle + half),
        ]
        cv2.fillPoly(strip, [np.array(corners, np.int32)], entry.rgb, cv2.LINE_AA)
        return
    cv2.rectangle(strip, (x, middle - half), (x + swatch, middle + half), entry.rgb, -1)


def _line_height(width: int) -> int:
    return max(17, round(width / 80))


def _put(canvas: np.ndarray, text: str, x: int, y: int, line: int, rgb: tuple[int, int, int]) -> None:
    """Write `text` with the top left corner of its line at (x, y)."""
    import cv2

    baseline = y + round(0.8 * line)
    cv2.putText(canvas, text, (x, baseline), cv2.FONT_HERSHEY_SIMPLEX, line * _SCALE_PER_PX, rgb, 1, cv2.LINE_AA)


def _put_right(canvas: np.ndarray, text: str, right: int, y: int, line: int, rgb: tuple[int, int, int]) -> int:
    width = _text_width(text, line)
    _put(canvas, text, right - width, y, line, rgb)
    return width


def _text_width(text: str, line: int) -> int:
    import cv2

    return int(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, line * _SCALE_PER_PX, 1)[0][0])


def _shortened(text: str, line: int, room: int) -> str:
    """Return `text`, its beginning cut off where it is wider than `room`: the end of a path tells files apart."""
    if _text_width(text, line) <= room:
        return text
    keep = next((n for n in range(len(text), 0, -1) if _text_width(f"...{text[-n:]}", line) <= room), 1)
    return f"...{text[-keep:]}"


def _wrapped(text: str, line: int, room: int, most: int) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if _text_width(longer, line) <= room or not rows[-1]:
            rows[-1] = longer
        elif len(rows) < most:
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} ..."
            break
    return rows


def _micron() -> str:
    """Return how this OpenCV can write the unit: before version 5 its fonts know ASCII alone."""
    import cv2

    return "µm" if hasattr(cv2, "FontFace") else "um"


def _printable(text: str) -> str:
    """Return text as OpenCV can write it: it has no minus above the line, so that powers stand below a stroke."""
    return re.sub(r" (\w+)⁻([¹²])", lambda found: f"/{found[1]}{found[2].strip('¹')}", text).replace("µm", _micron())
