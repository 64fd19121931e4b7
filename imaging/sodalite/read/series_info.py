"""What `sodalite info` shows of a folder that holds a series: one row a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sodalite.errors import SodaliteError
from sodalite.read.series import read_series

if TYPE_CHECKING:
    import os

    from sodalite.series import SeriesStep


def describe_series(folder: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Return what is known of a series as rows of (name, value): its steps, and what is wrong with it.

    Maps are opened, one after the other; one that cannot be read has the reason in its row.

    Raises
    ------
    ReadError
        When the folder holds no series.
    """
    series = read_series(folder)
    known = {"times": series.times_h, "charges": series.charges_mah_cm2}
    told = " and ".join(word for word, values in known.items() if values is not None) or "no times or charges"
    rows = [("series", series.name), ("steps", f"{len(series.steps)}, {told} told")]
    rows += [(f"step {step.number}", _step(step)) for step in series.steps]
    return rows + [("warning", sentence) for sentence in series.warnings]


def _step(step: SeriesStep) -> str:
    parts = [step.name]
    if step.time_h is not None:
        parts.append(f"{step.time_h:g} h")
    if step.charge_mah_cm2 is not None:
        parts.append(f"{step.charge_mah_cm2:g} mAh cm-2")
    if step.repolished:
        parts.append("new section")
    parts.append(_content(step))
    if step.image_path is not None:
        parts.append(f"with {step.image_path.name}")
    return ", ".join(part for part in (*parts, step.note) if part)


def _content(step: SeriesStep) -> str:
    if step.kind != "map":
        return step.kind
    from sodalite.read.ebsd_map import read_ebsd

    if not step.path.is_file():
        return "not there"
    try:
        ebsd = read_ebsd(step.path)
    except SodaliteError as error:
        text = str(error).replace(str(step.path), step.path.name)
        return f"not readable: {text.removeprefix(f'{step.path.name}: ').rstrip('.')}"
    x_um, y_um = ebsd.step_um
    pace = f"{x_um:g} um" if abs(x_um - y_um) < 1e-9 else f"{x_um:g} x {y_um:g} um"
    phases = ", ".join(p.name for p, count in zip(ebsd.phases, ebsd.phase_counts, strict=True) if count)
    return f"{ebsd.shape[0]} rows x {ebsd.shape[1]} columns, step {pace}, {phases or 'nothing indexed'}"
