"""Small figures as inline SVG that takes its colours from the page: profiles and size distributions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup, escape

from sodalite.report.numbers import format_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 440, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 8, 40
_MOST_POINTS = 240
_MOST_BINS = 24
_TICK_STEPS = (1, 2, 2.5, 5, 10)


class Axis(NamedTuple):
    """A linear axis: its ends in data units and where they lie in the picture."""

    low: float
    high: float
    start: float
    end: float

    def place(self, values: np.ndarray) -> np.ndarray:
        """Return where `values` lie in the picture."""
        return self.start + (values - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int, least: float = 0.0) -> np.ndarray:
        """Return about `count` round values inside the axis, at least `least` apart."""
        step = max(least, _round_step((self.high - self.low) / count))
        return np.arange(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1) * step


def profile_svg(x_um: np.ndarray, lines: Mapping[str, np.ndarray], title: str) -> Markup:
    """Return thickness lines over position, both in um; lines break where a value is NaN.

    Long profiles are drawn as means over at most 240 stretches.
    """
    position, thinned = _binned(x_um, lines)
    top = max((float(np.nanmax(y)) for y in thinned.values() if np.isfinite(y).any()), default=0.0)
    if len(position) < 2 or top <= 0:
        return Markup("")
    across, up = _axes(float(position[0]), float(position[-1]), 1.1 * top)
    paths = [
        f'<path class="s{number}" d="{_path(across.place(position), up.place(y))}"/>'
        for number, y in enumerate(thinned.values(), 1)
    ]
    keys = _keys(list(thinned))
    return _figure(title, across, up, "position (µm)", "thickness (µm)", "".join(paths) + keys)


def histogram_svg(sizes_um: np.ndarray, title: str, x_label: str) -> Markup:
    """Return the number distribution of `sizes_um` as bars of equal width, with a tick below for each size."""
    sizes = sizes_um[np.isfinite(sizes_um)]
    if not len(sizes) or sizes.max() <= 0:
        return Markup("")
    step = _round_step(float(sizes.max()) / min(_MOST_BINS, max(5, math.ceil(2 * len(sizes) ** (1 / 3)))))
    edges = np.arange(math.ceil(sizes.max() / step + 1e-9) + 1) * step
    counts, _ = np.histogram(sizes, edges)
    across, up = _axes(0.0, float(edges[-1]), float(counts.max()))
    x, y, floor = across.place(edges), up.place(counts), up.start
    bars = "".join(
        f'<rect x="{x[i]:.1f}" y="{y[i]:.1f}" width="{max(0.5, x[i + 1] - x[i] - 1):.1f}" height="{floor - y[i]:.1f}"/>'
        for i in np.flatnonzero(counts)
    )
    return _figure(title, across, up, x_label, "number", f'<g class="bars">{bars}</g>', 1.0)


def _axes(low: float, high: float, top: float) -> tuple[Axis, Axis]:
    return Axis(low, high, _LEFT, _WIDTH - _RIGHT), Axis(0.0, 1.08 * top, _HEIGHT - _BOTTOM, _TOP)


def _figure(
    title: str, across: Axis, up: Axis, x_label: str, y_label: str, marks: str, least_step: float = 0.0
) -> Markup:
    x_ticks = "".join(
        f'<text x="{x:.1f}" y="{up.start + 15:.0f}" text-anchor="middle">{format_tick(tick)}</text>'
        for tick, x in zip(across.ticks(5), across.place(across.ticks(5)), strict=True)
    )
    values = up.ticks(4, least_step)
    y_ticks = "".join(
        f'<path class="grid" d="M{across.start:.0f} {y:.1f}H{across.end:.0f}"/>'
        f'<text x="{across.start - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{format_tick(tick)}</text>'
        for tick, y in zip(values, up.place(values), strict=True)
    )
    middle = (up.start + up.end) / 2
    centre = (across.start + across.end) / 2
    words = (
        f'<text x="{centre:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
        f'<text transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
    )
    frame = f'<path class="axis" d="M{across.start:.0f} {up.end:.0f}V{up.start:.0f}H{across.end:.0f}"/>'
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f"{y_ticks}{x_ticks}{words}{marks}{frame}</svg>"
    )


def format_tick(value: float) -> str:
    """Return a tick's value without needless digits."""
    return format_plain(value).rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def _keys(names: Sequence[str]) -> str:
    x, parts = _LEFT + 10, []
    for number, name in enumerate(names, 1):
        parts.append(
            f'<path class="s{number}" d="M{x} {_TOP + 8}h18"/><text x="{x + 24}" y="{_TOP + 12}">{escape(name)}</text>'
        )
        x += 44 + 7 * len(name)
    return "".join(parts)


def _path(x: np.ndarray, y: np.ndarray) -> str:
    parts, pen_up = [], True
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(down):
            pen_up = True
            continue
        parts.append(f"{'M' if pen_up else 'L'}{across:.1f} {down:.1f}")
        pen_up = False
    return "".join(parts)


def _binned(x_um: np.ndarray, lines: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return means over stretches of equal numbers of columns; a stretch without a value is NaN."""
    if len(x_um) <= _MOST_POINTS:
        return x_um, dict(lines)
    starts = np.linspace(0, len(x_um), _MOST_POINTS + 1).astype(int)[:-1]
    position = np.add.reduceat(x_um, starts) / np.diff([*starts, len(x_um)])
    thinned = {}
    for name, y in lines.items():
        seen = np.isfinite(y)
        count = np.add.reduceat(seen.astype(float), starts)
        total = np.add.reduceat(np.where(seen, y, 0.0), starts)
        thinned[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return position, thinned


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in _TICK_STEPS if step * power >= raw * (1 - 1e-9))
