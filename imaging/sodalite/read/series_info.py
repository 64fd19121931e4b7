"""What `sodalite info` shows of a folder that holds a series: one row a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sodalite.errors import ReadError, SodaliteError
from sodalite.read.ebsd_columns import names_angles
from sodalite.read.ebsd_map import is_ebsd, read_ebsd
from sodalite.read.series import MAPS, TABLES, read_series
from sodalite.read.series_table import TABLE

if TYPE_CHECKING:
    import os

    from sodalite.series import SeriesStep


def describe_series(folder: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Return what is known of a folder or film as rows of (name, value): its steps, and what is wrong with it.

    The frames of one file are counted.

    Maps, also text tables with columns of a map, that are no steps are told too, and alone where there is no series.
    Maps are opened, one after the other; one that cannot be read has the reason in its row.

    Raises
    ------
    ReadError
        When the folder holds neither a series nor a map.
    """
    folder = Path(folder)
    try:
        series = read_series(folder)
    except ReadError as error:
        maps = [] if (folder / TABLE).is_file() else _maps_in(folder, set())
        if not maps:
            raise
        reason = str(error).removeprefix(f"{folder.name}: ")
        return [("folder", folder.name), ("series", f"none: {reason}"), *(("map", _map(path)) for path in maps)]
    known = {"times": series.times_h, "charges": series.charges_mah_cm2}
    told = " and ".join(word for word, values in known.items() if values is not None) or "no times or charges"
    rows = [("series", series.name), ("steps", f"{len(series.steps)}, {told} told")]
    if len({step.path for step in series.steps}) > 1:
        rows += [(f"step {step.number}", _step(step)) for step in series.steps]
    beside = _maps_in(folder, {step.path for step in series.steps}) if folder.is_dir() else []
    rows += [("no step", f"{_map(path)}; {TABLE} can name it one") for path in beside]
    return rows + [("warning", sentence) for sentence in series.warnings]


def _maps_in(folder: Path, steps: set[Path]) -> list[Path]:
    """Return the maps of a folder but for steps, by their names."""
    if not folder.is_dir():
        return []
    stems = {path.stem for path in steps}
    return sorted(
        path
        for path in folder.iterdir()
        if path not in steps
        and not path.name.startswith(".")
        and ((path.suffix.lower() in MAPS and path.stem not in stems) or _is_table(path))
    )


def _is_table(path: Path) -> bool:
    if path.suffix.lower() not in TABLES or not path.is_file():
        return False
    measured = (path.parent / "provenance.json").is_file()  # tables of grains name angles too
    return not measured and (names_angles(path) or is_ebsd(path))


def _map(path: Path) -> str:
    return f"{path.name}, {_content(path)}"


def _step(step: SeriesStep) -> str:
    parts = [step.name]
    if step.time_h is not None:
        parts.append(f"{step.time_h:g} h")
    if step.charge_mah_cm2 is not None:
        parts.append(f"{step.charge_mah_cm2:g} mAh cm-2")
    if step.repolished:
        parts.append("new section")
    parts.append(_content(step.path) if step.kind == "map" else step.kind)
    if step.image_path is not None:
        parts.append(f"with {step.image_path.name}")
    return ", ".join(part for part in (*parts, step.note) if part)


def _content(path: Path) -> str:
    """Return the grid and the phases of a map in words, or why it cannot be read."""
    if not path.is_file():
        return "not there"
    try:
        ebsd = read_ebsd(path)
    except SodaliteError as error:
        text = str(error).replace(str(path), path.name)
        return f"not readable: {text.removeprefix(f'{path.name}: ').rstrip('.')}"
    x_um, y_um = ebsd.step_um
    pace = f"{x_um:g} um" if abs(x_um - y_um) < 1e-9 else f"{x_um:g} x {y_um:g} um"
    phases = ", ".join(p.name for p, count in zip(ebsd.phases, ebsd.phase_counts, strict=True) if count)
    return f"{ebsd.shape[0]} rows x {ebsd.shape[1]} columns, step {pace}, {phases or 'nothing indexed'}"
