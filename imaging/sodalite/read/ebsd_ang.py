"""Points of .ang files: EDAX TSL of any age, EMsoft, EMSphInx, NanoMegas ASTAR, orix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import Phase, laue_from_symbol
from sodalite.errors import ReadError
from sodalite.read.ebsd_emsphinx import counts_from_zero, left_out, phases_from_one
from sodalite.read.ebsd_points import Header, Points
from sodalite.read.ebsd_table import Layout, plain_text, read_table

if TYPE_CHECKING:
    from pathlib import Path

_HEADER_LIMIT = 1 << 24
_SAMPLE_BYTES = 1 << 13
_ENTRY = re.compile(r"^[^\S\n]*#[^\S\n]*(Column names|\w+)\b(.*)$", re.MULTILINE)
_NO_RELIABILITY = -0.999
"""ASTAR's reliability is a share; -1 stands in the place, and has the meaning, of EDAX's confidence index -1."""
_TSL = ("phi1", "Phi", "phi2", "x", "y", "iq", "ci", "phase", "sem_signal", "fit")
_VENDOR_COLUMNS = {
    "tsl": _TSL,
    "orix": _TSL,
    "emsphinx": _TSL,
    "emsoft": ("phi1", "Phi", "phi2", "x", "y", "iq", "dot_product", "phase"),
    "astar": ("phi1", "Phi", "phi2", "x", "y", "index", "reliability", "phase", "reliability_x100"),
}
_HEADINGS = {
    "phi": "Phi",
    "phaseindex": "phase",
    "phase": "phase",
    "sem": "sem_signal",
    "detector_signal": "sem_signal",
}


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the numbers, as text and as (key, value) of each line, and how the numbers begin.

    `start` is the byte of the first line of numbers, `sample` some kilobytes from there on.
    """

    text: str
    entries: list[tuple[str, str]]
    start: int
    sample: bytes


def read_ang(path: Path) -> Points:
    """Return the points of an .ang file.

    Raises
    ------
    ReadError
        When no line of numbers follows the header, or a value is no number.
    """
    head = _read_head(path)
    first = head.sample.split(b"\n", 1)[0]
    vendor = _vendor(head)
    phases = _phases(head.entries)
    named = {phase.name.lower(): number for number, phase in phases.items()}
    layout = _columns(path, head, vendor, len(first.split()))
    comma = b"," in first and b"." not in first
    table = read_table(path, Layout(head.start, layout, decimal_comma=comma, phase_names=named))
    wide = table.wide
    points = Points(
        wide[:3], wide[3], wide[4], table.phase, phases, table.narrow, "tsl", _grid(head.entries), zero_is_phase=True
    )
    if "phase" not in layout:
        points.phase = np.full(points.phase.size, min(phases, default=0), dtype=np.int16)
        points.warnings.append("lines name no phase for each point: all belong to the first.")
    if vendor == "astar":
        wide[3:] /= 1000.0  # ASTAR writes nm
        points.unindexed = table.narrow.get("reliability", np.zeros(table.phase.size)) <= _NO_RELIABILITY
    if vendor == "emsphinx" and counts_from_zero(points.phase, len(phases)):
        points.phase, points.unindexed = phases_from_one(points.phase), left_out(wide[:3], table.narrow)
    if table.dropped:
        points.warnings.append("the last line breaks off and was left out.")
    if not phases:
        points.warnings.append("the header describes no phase: symmetry is unknown.")
    return points


def _read_head(path: Path) -> _Head:
    lines: list[bytes] = []
    start = 0
    with path.open("rb") as stream:
        while line := stream.readline(_HEADER_LIMIT):
            if not line.startswith(b"#") and (words := line.strip()) and not words.startswith(b"#"):
                stream.seek(start)
                text = plain_text(b"".join(lines))
                entries = [(key, value.lstrip(": \t").rstrip()) for key, value in _ENTRY.findall(text)]
                return _Head(text, entries, start, stream.read(max(_SAMPLE_BYTES, len(line))))
            start += len(line)
            if not line.startswith(b"# hklFamilies"):  # up to a hundred a phase, of which nothing is read
                lines.append(line)
            if start > _HEADER_LIMIT:
                break
    raise ReadError(f"{path.name}: there is no line of measurements below the header; export the map again.")


def _vendor(head: _Head) -> str:
    for name, mark in (("orix", "Column names: phi1, Phi, phi2"), ("emsoft", "EMsoft"), ("astar", "ACOM")):
        if mark in head.text:
            return name
    return "emsphinx" if _names_nothing(head.entries) else "tsl"


def _names_nothing(entries: list[tuple[str, str]]) -> bool:
    """Return whether a header describes phases without any name, reflector or version, as that of EMSphInx does."""
    naming = ("MaterialName", "Formula", "hklFamilies", "VERSION")
    return ("MaterialName", "") in entries and not any(value for key, value in entries if key in naming)


def _columns(path: Path, head: _Head, vendor: str, count: int) -> dict[str, int]:
    names = _headings(head.entries) or _VENDOR_COLUMNS[vendor]
    if count < 5:
        raise ReadError(f"{path.name}: lines have {count} values where an .ang file has at least 5; export it again.")
    layout = {name: position for position, name in enumerate(names[:count])}
    if count < 8 and names is _TSL:  # versions 1 and 2 of the format know no phase
        return layout
    if not {"phi1", "Phi", "phi2", "x", "y", "phase"} <= layout.keys():
        layout = {name: position for position, name in enumerate(_TSL[:count])}
    if names is _TSL:
        moved = _phase_column(head.sample, count)
        if moved != layout["phase"]:
            layout = {name: position for name, position in layout.items() if position < 7} | {"phase": moved}
            layout |= {"fit": 7} if moved > 7 else {}
    return layout


def _headings(entries: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the columns that a line of the header names (OIM 8 and orix), empty without one."""
    for key, words in entries:
        if key in ("COLUMN_HEADERS", "Column names", "COLUMNS") and words:
            raw = [part.strip() for part in words.split("," if "," in words else None) if part.strip()]
            names = ["Phi" if i == 1 else re.sub(r"\W+", "_", part.lower()) for i, part in enumerate(raw)]
            return tuple(_HEADINGS.get(name.replace("_", ""), _HEADINGS.get(name, name)) for name in names)
    return ()


def _phase_column(sample: bytes, count: int) -> int:
    """Return the position of the phase: 7, or later where old files put the fit first (whole numbers tell)."""
    rows = [line.split()[:count] for line in sample.split(b"\n")[:-1]]
    rows = [row for row in rows if len(row) == count]
    for position in range(7, min(count, 11)):
        tokens = {row[position] for row in rows}
        if tokens and not any(re.fullmatch(rb"[-+]?\d*[.,]\d*[1-9]\d*", token) for token in tokens):
            return position
    return 7


def _phases(entries: list[tuple[str, str]]) -> dict[int, Phase]:
    """Return number -> phase; old headers without ``# Phase`` lines number by order.

    A phase 0 beside others is MTEX's, whose points that are not indexed have phase -1; alone it is no number.
    """
    found: dict[int, Phase] = {}
    block: dict[str, str] = {}
    stated = {value for key, value in entries if key == "Phase" and re.fullmatch(r"\d{1,4}", value)}
    from_zero = "0" in stated and len(stated) > 1
    for key, value in [*entries, ("Phase", "0")]:
        if key not in ("Phase", "MaterialName", "Formula", "Symmetry", "LatticeConstants"):
            continue
        if "MaterialName" in block and key in ("Phase", "MaterialName"):
            number = int(block.get("Phase", 0))
            if number == 0 and not (from_zero and "Phase" in block):
                number = max(found, default=0) + 1
            found[number] = _phase(block, number)
            block = {}
        elif key == "Phase":
            block = {}
        if key != "Phase" or re.fullmatch(r"\d{1,4}", value):
            block[key] = value
    return found


def _phase(block: dict[str, str], number: int) -> Phase:
    constants = [
        float(part) for part in re.findall(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", block.get("LatticeConstants", ""))
    ]
    lattice = tuple(constants[:6]) if len(constants) >= 6 else None
    name = block["MaterialName"] or block.get("Formula", "") or f"phase {number}"
    return Phase(name, laue_from_symbol(block.get("Symmetry", "")), lattice)  # type: ignore[arg-type]


def _grid(entries: list[tuple[str, str]]) -> Header:
    names = ("GRID", "XSTEP", "YSTEP", "NCOLS_ODD", "NCOLS_EVEN", "NROWS")
    found = {key: value.split()[0] for key, value in entries if key in names and value}
    lattice = {"sqrgrid": "square", "hexgrid": "hex"}.get(found.get("GRID", "").lower())
    steps = [_positive(found.get(key, "")) for key in ("XSTEP", "YSTEP")]
    counts = [_positive(found.get(key, "")) for key in ("NCOLS_ODD", "NCOLS_EVEN", "NROWS")]
    cells = None
    if counts[2] and (counts[0] or counts[1]):
        cells = (int(max(counts[0], counts[1])), int(counts[2]))
    return Header((steps[0], steps[1]) if all(steps) else None, cells, lattice)


def _positive(text: str) -> float:
    """Return a number of a header, 0 where there is none that makes sense."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return 0.0
    return value if np.isfinite(value) and 0 < value < 1e9 else 0.0
