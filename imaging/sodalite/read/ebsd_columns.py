"""Points of plain tables (.txt, .csv) whose first line names the columns, and of OIM's, whose header lists them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import Phase, laue_from_symbol
from sodalite.errors import ReadError
from sodalite.read.ebsd_points import Points
from sodalite.read.ebsd_scan import in_angstrom
from sodalite.read.ebsd_table import WIDE, Layout, plain_text, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAMES: dict[str, str] = {
    **dict.fromkeys(("phi1", "euler1", "eulerphi1", "e1"), "phi1"),
    **dict.fromkeys(("phi", "euler2", "eulerphi", "e2"), "Phi"),
    **dict.fromkeys(("phi2", "euler3", "eulerphi2", "e3"), "phi2"),
    **dict.fromkeys(("x", "xposition", "xpos", "xcoordinate"), "x"),
    **dict.fromkeys(("y", "yposition", "ypos", "ycoordinate"), "y"),
    **dict.fromkeys(("phase", "phaseid", "phaseindex", "phasenumber", "phasename", "crystalid"), "phase"),
    **dict.fromkeys(("ci", "confidenceindex"), "ci"),
    **dict.fromkeys(("iq", "imagequality"), "iq"),
}
_UM_PER_UNIT: Mapping[str, float] = MappingProxyType(
    {"um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0, "mm": 1e3, "nm": 1e-3}
)
_UNIT = re.compile(f"(.+?)(deg|degrees?|rad|radians?|{'|'.join(_UM_PER_UNIT)})")
_NUMBER = re.compile(rb"[-+]?\d*[.,]?\d+[.,]?(?:[eE][-+]?\d+)?")
_HEAD_BYTES = 1 << 14
_MOST_COLUMNS = 127
_FIRST_ANGLE = re.compile(rb"phi[ _]?1|euler[ _]?1|\be1\b", re.IGNORECASE)
_KEY = re.compile("(Phase|Name|Spacegroup|A|B|C|Alpha|Beta|Gamma) *: *(.*)")
_LISTED = re.compile(r"Column (\d{1,3})(?:-(\d{1,3}))?: *([^(]*)(.*)")
_AZTEC = "Phase,ID"
_INL_KEY = re.compile(r"(Phase|Symmetry)_([1-9]\d{0,3}): *(.*)")
_NOT_INDEXED = ("not indexed", "notindexed", "not_indexed", "unindexed", "zero solution", "zero solutions", "none", "")


def names_angles(path: Path) -> bool:
    """Return whether the first lines of a text name an Euler angle, as those of the table of a map do."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).replace(b"\0", b"")  # so that UTF-16 is refused and not passed over
    except OSError:
        return False
    return bool(_FIRST_ANGLE.search(head))


def read_columns(path: Path, columns: Mapping[str, str | int] | None, frame: str | None) -> Points:
    """Return the points of a table.

    Parameters
    ----------
    columns
        phi1, Phi, phi2, x, y, phase or any further name -> heading or position (from 0) in the file; headings that
        speak for themselves need none.
    frame
        Name of the frame that the Euler angles refer to; None is ``bruker`` for tables of ESPRIT, ``tsl`` for those
        of OIM and ``channel5`` for those of AZtec. Others cannot say, so that it is taken as ``map`` and noted.

    Raises
    ------
    ReadError
        When a column cannot be found.
    """
    above, headings, separator, start, first = _first_lines(path)
    layout = position_columns(path, headings, columns)
    comma = b"," in first and separator != b","
    described = _described(above)
    named = {phase.name.lower(): number for number, phase in described.items()} | dict.fromkeys(_NOT_INDEXED, 0)
    last = not separator and layout.get("phase", -1) == len(headings) - 1
    table = read_table(
        path, Layout(start, layout, separator, comma, phase_names=named, collects_names=not described, phase_last=last)
    )
    wide = table.wide
    wide[3] *= _um_per_unit(headings, layout["x"])
    wide[4] *= _um_per_unit(headings, layout["y"])
    warnings = []
    if not described or any(phase.laue_group is None for phase in described.values()):
        what = "the table names its phases alone" if described else "a plain table describes no phase"
        warnings.append(f"{what}: symmetry is unknown, give it.")
    if frame is None and any(line.startswith("Spacegroup") for line in above):
        frame = "bruker"
    if frame is None and _listed(above):
        frame = "tsl"
    if frame is None and _AZTEC in above:
        frame = "channel5"
    if frame is None:
        warnings.append("a plain table names no reference frame: the axes of the map were assumed.")
    if _in_degrees(headings, layout, wide[:3]):
        wide[:3] *= np.pi / 180
        warnings.append("Euler angles were read as degrees.")
    else:
        warnings.append("Euler angles were read as radians.")
    phase = table.phase if "phase" in layout else np.ones(wide.shape[1], dtype=np.int16)
    phases = described or {number: Phase(name) for name, number in table.phase_names.items()}
    if not phases:
        phases = {number: Phase(f"phase {number}") for number in np.unique(phase[phase > 0]).tolist()}
    return Points(
        wide[:3], wide[3], wide[4], phase, phases, table.narrow, frame or "map", warnings=warnings,
        zero_is_phase=not (table.phase_names or described),
    )  # fmt: skip


def position_columns(path: Path, headings: list[str], columns: Mapping[str, str | int] | None) -> dict[str, int]:
    """Return name -> position from headings and the user's mapping.

    Raises
    ------
    ReadError
        When a mapped heading is absent or a required column is not found.
    """
    layout: dict[str, int] = {}
    for position, heading in enumerate(headings):
        plain, _ = _split(heading)
        if plain:
            layout.setdefault(_NAMES.get(plain, plain), position)
    for name, wanted in (columns or {}).items():
        if isinstance(wanted, str) and wanted not in headings:
            raise ReadError(f"columns: {path.name} has no column {wanted!r}; it has {', '.join(headings)[:200]}.")
        position = headings.index(wanted) if isinstance(wanted, str) else int(wanted)
        if not 0 <= position < _MOST_COLUMNS:
            raise ReadError(f"columns: {name} cannot be in column {position}; count from 0.")
        layout = {key: value for key, value in layout.items() if value != position} | {name: position}
    layout = {name: position for name, position in layout.items() if position < _MOST_COLUMNS}
    missing = [name for name in WIDE if name not in layout]
    if missing:
        found = ", ".join(headings)[:200] or "no headings"
        raise ReadError(
            f"{path.name}: no column for {', '.join(missing)} among {found}; say which they are with columns, as in "
            "phi1=A,Phi=B,phi2=C,x=3,y=4 (headings, or positions from 0)."
        )
    return layout


def _first_lines(path: Path) -> tuple[list[str], list[str], bytes, int, bytes]:
    """Return all lines above the numbers, headings, separator, the byte where numbers begin, their first line."""
    above: list[str] = []
    headings: list[str] = []
    separator = b""
    position = 0
    with path.open("rb") as stream:
        while position < 1 << 16 and (line := stream.readline(1 << 16)):
            words = re.split(rb"[\s;]+|,(?!\d*[\s;])", line.strip())
            if _NUMBER.fullmatch(words[0]) or sum(map(bool, map(_NUMBER.fullmatch, words))) >= len(WIDE):
                headings = _listed(above) or headings
                return above, headings, _separator(line, separator, len(headings)), position, line
            position += len(line)
            text = plain_text(line).lstrip("\ufeff").strip("\r\n# ")
            if text.strip():
                above.append(text)
                separator = next((mark for mark in (b"\t", b";", b",") if mark in line), b"")
                parts = text.split(separator.decode()) if separator else text.split()
                headings = [part.strip().strip('"') for part in parts]
    raise ReadError(f"{path.name}: this is neither an EBSD file nor a table of numbers.")


def _listed(above: list[str]) -> list[str]:
    """Return the headings of a list of columns as OIM exports write it, empty where there is none.

    ``Column 1-3: phi1, PHI, phi2 (orientation of point in radians)``, ``Column 6: IQ (image quality)``, from 1 on.
    """
    headings: list[str] = []
    for first, _, names, remark in (match.groups() for line in above if (match := _LISTED.match(line))):
        if int(first) != len(headings) + 1:
            return []
        together = names.split(",")
        units = (f" ({word})" for word in ("radians", "degrees", "microns") if word in remark and together[1:])
        unit = next(units, "")
        headings += [name.strip() + unit for name in together]
    return headings


def _described(above: list[str]) -> dict[int, Phase]:
    """Return the phases that lines above the headings describe.

    AZtec writes ``Phase,ID`` and a line ``name,number`` for each, ESPRIT ``Phase: ..`` and ``key: value`` for each,
    DREAM.3D ``Phase_1: ..``.
    """
    blocks: list[dict[str, str]] = []
    for key, value in (match.groups() for line in above if (match := _KEY.fullmatch(line))):
        if key == "Phase":
            blocks.append({})
        elif blocks:
            blocks[-1][key] = value.strip()
    if blocks:
        return {number: _phase(block, number) for number, block in enumerate(blocks, start=1)}
    if _AZTEC not in above:
        return _of_inl(above)
    listed = (re.fullmatch(r"(.+),([1-9]\d{0,3})", line) for line in above)
    return {int(match.group(2)): Phase(match.group(1).strip(), x_axis="a*") for match in listed if match}


def _of_inl(above: list[str]) -> dict[int, Phase]:
    """Return the phases of DREAM.3D's INL files (Idaho National Laboratory), ``Phase_1: Na`` and ``Symmetry_1: 43``."""
    told = {match.group(1, 2): match.group(3).strip() for line in above if (match := _INL_KEY.fullmatch(line))}
    return {
        int(number): Phase(name or f"phase {number}", laue_from_symbol(told.get(("Symmetry", number), "")))
        for (key, number), name in told.items()
        if key == "Phase"
    }


def _phase(block: dict[str, str], number: int) -> Phase:
    """Return a phase of ESPRIT, whose space groups read ``F m#ovl3m`` (bars) and ``P 6#sub3/mmc`` (screws)."""
    symbol = re.sub(r"#sub\d|[\s()*]", "", block.get("Spacegroup", "").replace("#ovl", "-"))
    laue = laue_from_symbol(re.sub("[abcdne]", "m", symbol[1:]))
    try:
        values = [float(block[key].replace(",", ".")) for key in ("A", "B", "C", "Alpha", "Beta", "Gamma")]
    except (KeyError, ValueError):
        values = []
    return Phase(block.get("Name") or f"phase {number}", laue, in_angstrom(values), None, "a*")


def _separator(line: bytes, of_headings: bytes, count: int) -> bytes:
    """Return the byte between numbers; blanks win where they make as many columns as there are headings."""
    if len(line.split()) == (count or 5):
        return b""
    if of_headings and of_headings in line:
        return of_headings
    return next((mark for mark in (b";", b",") if line.count(mark) >= 4), b"")


def _in_degrees(headings: list[str], layout: Mapping[str, int], euler: np.ndarray) -> bool:
    """Return whether angles are degrees: the heading says so, or one is larger than any radian would be."""
    position = layout["phi1"]
    heading = headings[position].lower() if position < len(headings) else ""
    if "rad" in heading or "deg" in heading or "°" in heading:
        return "rad" not in heading
    return bool(np.nanmax(np.abs(euler)) > 4 * np.pi + 0.01)


def _split(heading: str) -> tuple[str, str]:
    """Return the letters and digits of a heading without its unit, and the unit."""
    plain = re.sub("[^a-z0-9]", "", heading.lower().replace("µ", "u").replace("μ", "u"))
    found = _UNIT.fullmatch(plain)
    return (found.group(1), found.group(2)) if found and found.group(1) in _NAMES else (plain, "")


def _um_per_unit(headings: list[str], position: int) -> float:
    """Return the length of one unit of a column in um; headings that name no unit mean um."""
    unit = re.search(r"[(\[_ ](mm|nm)\b", headings[position].lower()) if position < len(headings) else None
    return _UM_PER_UNIT[unit.group(1)] if unit else 1.0
