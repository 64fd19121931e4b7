"""Points of .ang files: EDAX TSL of any age, EMsoft, EMSphInx, NanoMegas ASTAR, orix."""

from __future__ import annotations

import re
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


def read_ang(path: Path) -> Points:
    """Return the points of an .ang file.

    Raises
    ------
    ReadError
        When no line of numbers follows the header, or a value is no number.
    """
    lines, start, first = _header(path)
    vendor = _vendor(lines)
    phases = _phases(lines)
    named = {phase.name.lower(): number for number, phase in phases.items()}
    layout = _columns(path, lines, vendor, start, len(first.split()))
    comma = b"," in first and b"." not in first
    table = read_table(path, Layout(start, layout, decimal_comma=comma, phase_names=named))
    wide = table.wide
    points = Points(
        wide[:3], wide[3], wide[4], table.phase, phases, table.narrow, "tsl", _grid(lines), zero_is_phase=True
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


def _header(path: Path) -> tuple[list[str], int, bytes]:
    """Return the header lines, the byte where the numbers begin, and the first line of numbers."""
    lines: list[str] = []
    position = 0
    with path.open("rb") as stream:
        while line := stream.readline(_HEADER_LIMIT):
            text = line.strip()
            if text and not text.startswith(b"#"):
                return lines, position, text
            position += len(line)
            if text and not text.startswith(b"# hklFamilies"):  # up to a hundred a phase, of which nothing is read
                lines.append(plain_text(text))
            if position > _HEADER_LIMIT:
                break
    raise ReadError(f"{path.name}: there is no line of measurements below the header; export the map again.")


def _vendor(lines: list[str]) -> str:
    text = "\n".join(lines)
    for name, mark in (("orix", "Column names: phi1, Phi, phi2"), ("emsoft", "EMsoft"), ("astar", "ACOM")):
        if mark in text:
            return name
    return "emsphinx" if _names_nothing(lines) else "tsl"


def _names_nothing(lines: list[str]) -> bool:
    """Return whether a header describes phases without any name, reflector or version, as that of EMSphInx does."""
    told = [re.sub(r"[#:\s]+", " ", line).strip() for line in lines]
    naming = re.compile("(MaterialName|Formula|hklFamilies|VERSION) .")
    return "MaterialName" in told and not any(map(naming.match, told))


def _columns(path: Path, lines: list[str], vendor: str, start: int, count: int) -> dict[str, int]:
    names = _headings(lines) or _VENDOR_COLUMNS[vendor]
    if count < 5:
        raise ReadError(f"{path.name}: lines have {count} values where an .ang file has at least 5; export it again.")
    layout = {name: position for position, name in enumerate(names[:count])}
    if count < 8 and names is _TSL:  # versions 1 and 2 of the format know no phase
        return layout
    if not {"phi1", "Phi", "phi2", "x", "y", "phase"} <= layout.keys():
        layout = {name: position for position, name in enumerate(_TSL[:count])}
    if names is _TSL:
        moved = _phase_column(path, start, count)
        if moved != layout["phase"]:
            layout = {name: position for name, position in layout.items() if position < 7} | {"phase": moved}
            layout |= {"fit": 7} if moved > 7 else {}
    return layout


def _headings(lines: list[str]) -> tuple[str, ...]:
    """Return the columns that a line of the header names (OIM 8 and orix), empty without one."""
    for line in lines:
        match = re.match(r"#\s*(?:COLUMN_HEADERS|Column names|COLUMNS)\s*:\s*(.+)", line)
        if match:
            words = match.group(1)
            raw = [part.strip() for part in words.split("," if "," in words else None) if part.strip()]
            names = ["Phi" if i == 1 else re.sub(r"\W+", "_", part.lower()) for i, part in enumerate(raw)]
            return tuple(_HEADINGS.get(name.replace("_", ""), _HEADINGS.get(name, name)) for name in names)
    return ()


def _phase_column(path: Path, start: int, count: int) -> int:
    """Return the position of the phase: 7, or later where old files put the fit first (whole numbers tell)."""
    with path.open("rb") as stream:
        stream.seek(start)
        rows = [line.split()[:count] for line in stream.read(1 << 13).split(b"\n")[:-1]]
    rows = [row for row in rows if len(row) == count]
    for position in range(7, min(count, 11)):
        tokens = {row[position] for row in rows}
        if tokens and not any(re.fullmatch(rb"[-+]?\d*[.,]\d*[1-9]\d*", token) for token in tokens):
            return position
    return 7


def _phases(lines: list[str]) -> dict[int, Phase]:
    """Return number -> phase; old headers without ``# Phase`` lines number by order.

    A phase 0 beside others is MTEX's, whose points that are not indexed have phase -1; alone it is no number.
    """
    found: dict[int, Phase] = {}
    block: dict[str, str] = {}
    stated = {match.group(1) for line in lines if (match := re.match(r"#\s*Phase\b[:\s]*(\d{1,4})$", line))}
    from_zero = "0" in stated and len(stated) > 1
    for line in [*lines, "# Phase 0"]:
        match = re.match(r"#\s*(Phase|MaterialName|Formula|Symmetry|LatticeConstants)\b[:\s]*(.*)", line)
        if not match:
            continue
        key, value = match.group(1), match.group(2).strip()
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


def _grid(lines: list[str]) -> Header:
    found: dict[str, str] = {}
    for line in lines:
        match = re.match(r"#\s*(GRID|XSTEP|YSTEP|NCOLS_ODD|NCOLS_EVEN|NROWS)\s*:?\s*(\S+)", line)
        if match:
            found[match.group(1)] = match.group(2)
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
