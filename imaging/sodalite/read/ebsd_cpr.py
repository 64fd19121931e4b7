"""Points of Channel 5 projects: the text file .cpr describes the records of the binary file .crc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import Phase, laue_from_space_group
from sodalite.ebsd.phase import LAUE_ORDER
from sodalite.errors import ReadError
from sodalite.read.ebsd_points import FROM_MTEX, Header, Points, turned_scan, turned_surface
from sodalite.read.ebsd_table import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIELDS: Mapping[int, tuple[str, str]] = {
    1: ("x", "<f4"),
    2: ("y", "<f4"),
    3: ("phi1", "<f4"),
    4: ("Phi", "<f4"),
    5: ("phi2", "<f4"),
    6: ("mad", "<f4"),
    7: ("bc", "u1"),
    8: ("bs", "u1"),
    9: ("field9", "u1"),
    10: ("bands", "u1"),
    11: ("error", "u1"),
    12: ("reliability", "<f4"),
}
Sections = dict[str, dict[str, str]]


def read_cpr(path: Path) -> Points:
    """Return the points of a pair of .cpr and .crc files, either of which may be named.

    Raises
    ------
    ReadError
        When one of the pair is missing, or the size of the records contradicts the size of the file.
    """
    project, binary = _sibling(path, ".cpr"), _sibling(path, ".crc")
    sections = _sections(project)
    job = sections.get("job", {})
    record = _record(project, sections)
    size = binary.stat().st_size
    if size == 0 or size % record.itemsize:
        raise ReadError(f"{binary.name}: {size} bytes are no whole number of records of {record.itemsize} bytes.")
    data = np.fromfile(binary, dtype=record)
    columns, rows = _whole(job.get("xcells", "")), _whole(job.get("ycells", ""))
    step = (_real(job.get("griddistx", job.get("griddist", ""))), _real(job.get("griddisty", job.get("griddist", ""))))
    names = record.names or ()
    euler = np.stack([data[name].astype(np.float64) for name in ("phi1", "Phi", "phi2")])
    if {"x", "y"} <= set(names):
        x, y = data["x"].astype(np.float64), data["y"].astype(np.float64)
    else:
        if columns * rows != data.size or min(step) <= 0:
            raise ReadError(
                f"{project.name}: {columns} x {rows} cells of {step[0]:g} x {step[1]:g} um do not describe "
                f"the {data.size} records of {binary.name}."
            )
        x, y = np.tile(np.arange(columns) * step[0], rows), np.repeat(np.arange(rows) * step[1], columns)
    known = {"phase", "x", "y", "phi1", "Phi", "phi2"}
    quality = {name: np.ascontiguousarray(data[name]) for name in names if name not in known}
    header = Header(step if min(step) > 0 else None, (columns, rows) if columns and rows else None)
    points = Points(euler, x, y, data["phase"].astype(np.int16), _phases(sections), quality, "channel5", header)
    _doubt_surface(points, sections)
    return points


def _sibling(path: Path, suffix: str) -> Path:
    """Return the file of the pair with `suffix`, whatever the case it is written in."""
    if path.suffix.lower() == suffix:
        return path
    wanted = path.stem.lower() + suffix
    for candidate in sorted(path.parent.iterdir()):
        if candidate.name.lower() == wanted:
            return candidate
    raise ReadError(f"{path.name}: the file {path.stem}{suffix} beside it is missing; copy both into one folder.")


def _sections(project: Path) -> Sections:
    sections: Sections = {}
    current: dict[str, str] = {}
    if project.stat().st_size > 1 << 24:
        raise ReadError(f"{project.name}: {project.stat().st_size} bytes are too many for a project file.")
    for line in plain_text(project.read_bytes()).splitlines():
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            current = sections.setdefault(text[1:-1].replace(" ", "").lower(), {})
        elif "=" in text:
            key, value = text.split("=", 1)
            current[key.replace(" ", "").lower()] = value.strip()
    if "fields" not in sections:
        raise ReadError(f"{project.name}: the section [Fields] is missing; this is no Channel 5 project.")
    return sections


def _record(project: Path, sections: Sections) -> np.dtype:
    """Return the type of one record: the phase in one byte, then the fields in the order of the project."""
    fields = sections["fields"]
    parts = [("phase", "u1")]
    for position in range(1, min(_whole(fields.get("count", "")), 200) + 1):
        number = _whole(fields.get(f"field{position}", ""))
        parts.append(_FIELDS.get(number, (f"field{number}_{position}", "<f4")))
    names = [name for name, _ in parts]
    if len(set(names)) < len(names) or not {"phi1", "Phi", "phi2"} <= set(names):
        raise ReadError(f"{project.name}: [Fields] must name the three Euler angles (3, 4, 5) and each field once.")
    return np.dtype(parts)


def _phases(sections: Sections) -> dict[int, Phase]:
    phases = {}
    for number in range(1, min(_whole(sections.get("phases", {}).get("count", "")), 255) + 1):
        section = sections.get(f"phase{number}")
        if section is None:
            continue
        a, b, c, alpha, beta, gamma = (_real(section.get(key, "")) for key in ("a", "b", "c", "alpha", "beta", "gamma"))
        lattice = (a, b, c, alpha, beta, gamma)
        laue, group = _whole(section.get("lauegroup", "")), _whole(section.get("spacegroup", ""))
        symmetry = LAUE_ORDER[laue - 1] if 1 <= laue <= 11 else laue_from_space_group(group)
        name = section.get("structurename") or f"phase {number}"
        phases[number] = Phase(
            name, symmetry, lattice if min(lattice) > 0 else None, group if 1 <= group <= 230 else None, "a*"
        )
    return phases


def _doubt_surface(points: Points, sections: Sections) -> None:
    surface = sections.get("acquisitionsurface", {})
    points.warnings.extend(turned_surface([_real(surface.get(f"euler{i}", "")) for i in (1, 2, 3)]))
    general = sections.get("general", {})
    points.warnings.extend(turned_scan(_real(general.get("scanningrotationangle", ""))))
    if "mtex" in general.get("description", "").lower():
        points.warnings.append(FROM_MTEX)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _real(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return 0.0
    return value if np.isfinite(value) else 0.0
