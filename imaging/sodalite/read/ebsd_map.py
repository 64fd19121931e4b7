"""EBSD maps from files of any vendor, recognised by their content, and what `sodalite info` says of them."""

from __future__ import annotations

import codecs
import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from sodalite.ebsd import EbsdMap, Phase, frame_alternatives, frame_axes
from sodalite.errors import ReadError
from sodalite.read.ebsd_points import Points, assemble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD_BYTES = 1 << 16
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\x00", b"BZh")
_EXPORTED = {
    ".osc": "export the map from OIM Analysis as .ang or .oh5",
    ".bcf": "export the map from ESPRIT as .ctf or .h5",
    **dict.fromkeys((".up1", ".up2", ".ebsp"), "it holds patterns, index them and export the map"),
}
_ANG_LINE = re.compile(rb"^#\s*(MaterialName|LatticeConstants|TEM_PIXperUM|x-star|XSTEP|GRID|COLUMN_HEADERS)\b", re.M)


def read_ebsd(
    path: str | Path,
    *,
    frame: str | None = None,
    columns: Mapping[str, str | int] | None = None,
    step_um: float | None = None,
    scan: str | int | None = None,
    phases: Sequence[Phase] | None = None,
) -> EbsdMap:
    """Return the EBSD map of a file.

    Reads .ang, .ctf, .cpr with .crc, .h5oina, EDAX .h5, .oh5 and .edaxh5, Bruker .h5, h5ebsd, .dream3d, HDF5 of orix,
    EMsoft, EMSphInx, pymicro and xTalView, and tables in text. The content decides what a file is, the coordinates
    decide the grid; where the header says otherwise, `EbsdMap.warnings` names both values.

    Parameters
    ----------
    frame
        Reference frame of the Euler angles, one of `sodalite.ebsd.FRAMES`; None takes the vendor's usual one.
    columns
        For tables in text: phi1, Phi, phi2, x, y, phase ... -> heading or position (from 0). The formats of the vendors
        say themselves which column is which.
    step_um
        For points that lie on no grid: step of the square grid that is filled with the nearest of them.
    scan
        For HDF5 files with several scans or sections: the name or number of one; None takes the first and notes it.
    phases
        Phases in the order of the file, where it describes them wrongly or not at all.

    Raises
    ------
    ReadError
        When the file is missing, broken, of no known kind, or its points lie on no grid and `step_um` is None.
    CalibrationError
        When the step is unknown or impossible.
    """
    path = Path(path)
    if frame is not None:
        frame_axes(frame)
    # damaged files hold signalling NaNs and numbers beyond float32; what they spoil is checked for by value
    with np.errstate(invalid="ignore", over="ignore"):
        points = _read_points(path, columns, frame, scan)
        if frame is not None:
            points.frame = frame
        ebsd = assemble(points, name=path.name, step_um=step_um)
    if phases is not None:
        ebsd = ebsd.with_phases(phases)
    return ebsd


def describe_ebsd(path: str | Path, *, scan: str | int | None = None) -> list[tuple[str, str]]:
    """Return what was read of an EBSD file, as rows of a name and a value in words.

    Raises
    ------
    ReadError, CalibrationError
        As `read_ebsd`.
    """
    ebsd = read_ebsd(path, scan=scan)
    placed = any(sentence.startswith("coordinates are missing") for sentence in ebsd.warnings)
    source = "header" if placed or ebsd.size == 1 else "coordinates"
    rows = [
        ("file", ebsd.name),
        ("grid", f"{ebsd.grid.kind}, {ebsd.shape[0]} rows x {ebsd.shape[1]} columns, {ebsd.size} points"),
        ("step", "x {:g} um, y {:g} um, from the ".format(*ebsd.step_um) + source),
    ]
    for number, (phase, count) in enumerate(zip(ebsd.phases, ebsd.phase_counts, strict=True), start=1):
        group = phase.point_group or "unknown"
        laue = phase.laue_group or "unknown"
        rows.append((f"phase {number}", f"{phase.name}, {count} points, Laue group {laue}, proper point group {group}"))
    share = float(ebsd.indexed.mean())
    rows.append(("indexed", f"{int(ebsd.indexed.sum())} of {ebsd.size} points ({share:.1%})"))
    rows.append(("frame", f"Euler angles refer to {ebsd.frame!r}: {_axes_in_words(ebsd.frame)}"))
    rows.append(("or frame", frame_alternatives(ebsd.frame)))
    rows.append(("quality", ", ".join(ebsd.quality) or "none"))
    rows.extend(("warning", sentence) for sentence in ebsd.warnings)
    return rows


def is_ebsd(path: str | Path) -> bool:
    """Return whether the content of a file looks like one of the EBSD formats (plain tables are not recognised)."""
    try:
        return _kind(Path(path), _head(Path(path))) in ("hdf5", "ang", "ctf", "cpr")
    except ReadError:
        return False


def _axes_in_words(frame: str) -> str:
    words = {
        (1, 0, 0): "right",
        (-1, 0, 0): "left",
        (0, 1, 0): "down",
        (0, -1, 0): "up",
        (0, 0, 1): "in",
        (0, 0, -1): "out",
    }
    axes = frame_axes(frame).T.astype(int).tolist()
    return ", ".join(f"{name} {words[x, y, z]}" for name, (x, y, z) in zip("xyz", axes, strict=True))


def _read_points(
    path: Path, columns: Mapping[str, str | int] | None, frame: str | None, scan: str | int | None
) -> Points:
    head = _head(path)
    kind = _kind(path, head)
    try:
        if kind == "hdf5":
            from sodalite.read.ebsd_hdf5 import read_hdf5

            return read_hdf5(path, scan)
        if kind == "cpr":
            from sodalite.read.ebsd_cpr import read_cpr

            return read_cpr(path)
        with _with_line_feeds(path, head) as text:
            return _read_text(kind, text, columns, frame)
    except OSError as error:
        raise ReadError(f"{path.name}: the file cannot be read ({error}); copy it again.") from error


def _read_text(kind: str, path: Path, columns: Mapping[str, str | int] | None, frame: str | None) -> Points:
    if kind == "ang":
        from sodalite.read.ebsd_ang import read_ang

        return read_ang(path)
    if kind == "ctf":
        from sodalite.read.ebsd_ctf import read_ctf

        return read_ctf(path)
    from sodalite.read.ebsd_columns import read_columns

    return read_columns(path, columns, frame)


def _ends_with_cr(head: bytes) -> bool:
    return b"\n" not in head and head.count(b"\r") > 1


@contextmanager
def _with_line_feeds(path: Path, head: bytes) -> Iterator[Path]:
    """Yield a text whose lines end with LF: the file itself, or a copy where they end with CR alone (old Macs)."""
    if not _ends_with_cr(head):
        yield path
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as stream, copy.open("wb") as out:
            while block := stream.read(1 << 20):
                out.write(block.replace(b"\r", b"\n"))
        yield copy


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise ReadError(f"{path.name}: the file cannot be opened ({error.strerror or error}).") from None
    if not head:
        raise ReadError(f"{path.name}: the file is empty; export the map again.")
    return head


def _kind(path: Path, head: bytes) -> str:
    if any(head[at : at + 8] == _HDF5 for at in (0, 512, 1024, 2048)):
        return "hdf5"
    if path.suffix.lower() == ".crc":
        return "cpr"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ReadError(f'{path.name}: the text is UTF-16 ("Unicode" in Windows); save or export it as UTF-8 or ASCII.')
    if head.startswith(_PACKED):
        raise ReadError(f"{path.name}: the file is packed (zip, gzip, 7z, xz, bzip2); unpack it first.")
    if b"\x00" in head[:1024]:
        how = _EXPORTED.get(path.suffix.lower(), "export the map as text or HDF5")
        raise ReadError(f"{path.name}: these bytes are none of the EBSD formats that are read here; {how}.")
    if _ends_with_cr(head):
        head = head.replace(b"\r", b"\n")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return "cpr"
    if text.startswith(b"Channel Text File") or (b"\nPhases" in text and b"Euler1" in text):
        return "ctf"
    if text.startswith(b"#") and _ANG_LINE.search(text):
        return "ang"
    if path.suffix.lower() == ".ang" and re.match(rb"[-+.\d]", text):
        return "ang"  # without a header the columns are still those of the format
    return "table"
