"""Points of .ctf files (Channel Text File): Oxford, Bruker, EMsoft, ASTAR, MTEX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import Phase, laue_from_space_group
from sodalite.ebsd.phase import LAUE_ORDER
from sodalite.errors import ReadError
from sodalite.read.ebsd_points import FROM_MTEX, Header, Points, turned_surface
from sodalite.read.ebsd_table import Layout, plain_text, read_table

if TYPE_CHECKING:
    from pathlib import Path

_HEADER_LIMIT = 1 << 20
_NAMES = {"phase": "phase", "x": "x", "y": "y", "euler1": "phi1", "euler2": "Phi", "euler3": "phi2"}
_NUMBER = r"[-+]?\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?"
_LATTICE = re.compile(rf"\s*{_NUMBER}(?:\s*;\s*{_NUMBER}){{2}}\s+{_NUMBER}(?:\s*;\s*{_NUMBER}){{2}}\s*")
_DEGREE = np.pi / 180
_COUNTS = frozenset({"bands", "error", "bc", "bs"})


def read_ctf(path: Path) -> Points:
    """Return the points of a .ctf file.

    Columns are taken by their headings, blanks or tabs, decimal point or comma, in any order of rows.

    Raises
    ------
    ReadError
        When the headings of the columns, or lines of numbers, are missing.
    """
    lines, headings, start, first = _header(path)
    layout = _layout(path, headings, len(first.split()))
    table = read_table(path, Layout(start, layout, decimal_comma=b"," in first, small=_COUNTS))
    wide = table.wide
    warnings = _doubts(lines, wide[:3])
    wide[:3] *= _DEGREE
    if table.dropped:
        warnings.append("the last line breaks off and was left out.")
    return Points(
        wide[:3], wide[3], wide[4], table.phase, _phases(path, lines), table.narrow, "channel5", _grid(lines), warnings
    )


def _header(path: Path) -> tuple[list[str], list[str], int, bytes]:
    """Return header lines, headings, the byte where the numbers begin, and the first line of numbers."""
    lines: list[str] = []
    position = 0
    with path.open("rb") as stream:
        while position < _HEADER_LIMIT and (line := stream.readline(_HEADER_LIMIT)):
            position += len(line)
            text = plain_text(line).strip("\r\n")
            words = text.lower().replace("euler ", "euler").split()
            if {"phase", "x", "y", "euler1"} <= set(words):
                first = next((line for line in stream if line.strip()), b"")
                return lines, words, position, first
            lines.append(text)
    raise ReadError(f"{path.name}: the line of headings (Phase X Y ... Euler1 Euler2 Euler3) is missing.")


def _layout(path: Path, headings: list[str], count: int) -> dict[str, int]:
    layout = {_NAMES.get(word, word): position for position, word in enumerate(headings) if position < count}
    missing = {"phase", "x", "y", "phi1", "Phi", "phi2"} - layout.keys()
    if count == 0:
        raise ReadError(f"{path.name}: there is no line of measurements below the header; export the map again.")
    if missing:
        raise ReadError(f"{path.name}: lines of {count} values have no column for {', '.join(sorted(missing))}.")
    return {name: position for name, position in layout.items() if not name.startswith("grainrandomcolour")}


def _phases(path: Path, lines: list[str]) -> dict[int, Phase]:
    position = next((i for i, line in enumerate(lines) if re.match(r"Phases\s+[0-9]{1,6}\b", line)), None)
    if position is None:
        return {}
    count = int(re.findall("[0-9]{1,6}", lines[position])[0])
    described = [line for line in lines[position + 1 :] if _LATTICE.match(line)][:count]
    return {number: _phase(path, line, number) for number, line in enumerate(described, start=1)}


def _phase(path: Path, line: str, number: int) -> Phase:
    match = _LATTICE.match(line)
    end = match.end() if match else 0
    constants = tuple(float(part.replace(",", ".")) for part in re.findall(_NUMBER, line[:end]))
    lattice = constants if min(constants, default=0.0) > 0 else None
    rest = line[end:]
    if "\t" in rest:
        name, *codes = (part.strip() for part in rest.split("\t"))
    else:
        words = re.match(r"(.*?)\s+(\d+)(?:\s+(\d+))?(?:\s|$)", rest)
        name, codes = (words.group(1), [words.group(2), words.group(3) or ""]) if words else (rest.strip(), [])
    laue, group = (int(code) if re.fullmatch("[0-9]{1,6}", code) else 0 for code in [*codes[:2], "", ""][:2])
    space_group = group if 1 <= group <= 230 else None
    symmetry = LAUE_ORDER[laue - 1] if 1 <= laue <= 11 else laue_from_space_group(group)
    return Phase(name or f"phase {number}", symmetry, lattice, space_group, "a*")  # type: ignore[arg-type]


def _grid(lines: list[str]) -> Header:
    found: dict[str, float] = {}
    for line in lines:
        match = re.match(rf"(XCells|YCells|XStep|YStep)\s+({_NUMBER})\s*$", line)
        if match:
            found[match.group(1)] = float(match.group(2).replace(",", "."))
    step = (found.get("XStep", 0.0), found.get("YStep", 0.0))
    cells = (found.get("XCells", 0.0), found.get("YCells", 0.0))
    whole = (int(cells[0]), int(cells[1])) if min(cells) > 0 and max(cells) < 1e30 else None
    return Header(step if min(step) > 0 else None, whole)


def _doubts(lines: list[str], euler_deg: np.ndarray) -> list[str]:
    from sodalite.read.ebsd_marks import exceeds

    doubts = []
    if not exceeds(euler_deg, 2 * np.pi) and exceeds(euler_deg, 0.0):
        doubts.append("no Euler angle exceeds 6.28: a .ctf holds degrees, these may be radians.")
    surface = [re.match(rf"AcqE[123]\s+({_NUMBER})", line) for line in lines]
    doubts += turned_surface([float(match.group(1).replace(",", ".")) for match in surface if match])
    if any("Created from mtex" in line for line in lines):
        doubts.append(FROM_MTEX)
    return doubts
