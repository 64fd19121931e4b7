"""EBSD scans in HDF5 files: which layout a file has, and its values under guard."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sodalite.errors import ReadError, SodaliteError
from sodalite.read.ebsd_heaps import check_names, check_strings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sodalite.read.ebsd_points import Points

_GROUPS_AT_MOST = 3000
_DEPTH_AT_MOST = 8
_TECHNIQUES_AT_MOST = 8


class Scan(NamedTuple):
    """One scan of a file: its layout, the group that holds it, and what the user calls it by name and by number."""

    layout: str
    group: Any
    label: str
    number: int = 0


def read_hdf5(path: Path, scan: str | int | None) -> Points:
    """Return the points of one scan of an HDF5 file.

    Raises
    ------
    ReadError
        When the file is damaged, holds no scan of a known layout, or not the one asked for.
    """
    with opened(path) as file:
        scans = _numbered(list(_scans(file)))
        if not scans:
            what = f"no group of this HDF5 file has Euler angles and phases in a known layout{_unnamed(file)}"
            raise ReadError(f"{path.name}: {what}.")
        chosen = _chosen(path, scans, scan)
        points = _read_scan(path, chosen, scan if len(scans) == 1 else None)
        if len(scans) > 1 and scan is None:
            points.warnings.append(
                f"the file holds {len(scans)} scans ({_listed(scans)}); {chosen.label} was read, name another with its "
                "number (scan, on the command line --page)."
            )
        return points


def _read_scan(path: Path, chosen: Scan, scan: str | int | None) -> Points:
    """Return the points of a scan; `scan` is the section of a volume."""
    guard = Guard(path)
    if chosen.layout == "orix":
        from sodalite.read.ebsd_volume import read_orix

        return read_orix(chosen.group, guard)
    if chosen.layout == "dream3d":
        from sodalite.read.ebsd_volume import read_dream3d

        return read_dream3d(chosen.group, guard, scan)
    if chosen.layout == "apex":
        from sodalite.read.ebsd_apex import read_apex

        return read_apex(chosen.group, guard)
    if chosen.layout == "pymicro":
        from sodalite.read.ebsd_pymicro import read_pymicro

        return read_pymicro(chosen.group, guard)
    if chosen.layout == "xtalview":
        from sodalite.read.ebsd_xtalview import read_xtalview

        return read_xtalview(chosen.group, guard)
    from sodalite.read.ebsd_scan import read_scan

    return read_scan(chosen.layout, chosen.group, guard)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an HDF5 file; whatever h5py raises on damaged content becomes one `ReadError`."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            check_names(file)
            yield file
    except SodaliteError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, IndexError, AttributeError, MemoryError) as error:
        what = str(error).split("\n")[0][:120]
        raise ReadError(f"{path.name}: the HDF5 file is damaged or not of a known layout ({what}).") from error


def children(group: Any) -> list[str]:
    """Return the names in a group, external links left out: they may lead anywhere."""
    import h5py

    return [name for name in group if not isinstance(group.get(name, getlink=True), h5py.ExternalLink)]


def subgroup(group: Any, *names: str) -> Any | None:
    """Return the first child group with one of `names`, None without one.

    Raises
    ------
    ReadError
        When the names in that group cannot be read.
    """
    import h5py

    for name in names:
        child = group.get(name) if name in group else None
        if isinstance(child, h5py.Group):
            check_names(child)
            return child
    return None


class Guard:
    """Reads values, never more than ten times the size of the file together."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.left = 10 * path.stat().st_size + (1 << 20)

    def array(self, group: Any, name: str) -> np.ndarray | None:
        """Return a dataset of numbers with its singular axes dropped, None when it is absent."""
        import h5py

        dataset = group.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "buif":
            return None
        self._take(dataset)
        values = np.asarray(dataset[()])
        return values.astype(values.dtype.newbyteorder("="), copy=False)

    def records(self, group: Any, name: str) -> np.ndarray | None:
        """Return a dataset of records, ``(n,)`` with named fields, None when it is absent."""
        import h5py

        dataset = group.get(name)
        if not isinstance(dataset, h5py.Dataset) or not dataset.dtype.names:
            return None
        self._take(dataset)
        return np.asarray(dataset[()]).reshape(-1)

    def column(self, group: Any, name: str, count: int | None = None) -> np.ndarray | None:
        """Return a dataset as one column, None when it is absent or has another length than `count`."""
        values = self.array(group, name)
        if values is None or values.ndim == 0:
            return None
        flat = values.reshape(-1)
        return None if count is not None and flat.size != count else flat

    def text(self, group: Any, *names: str) -> str:
        """Return the first dataset of `names` as text, empty when there is none."""
        import h5py

        for name in names:
            dataset = group.get(name)
            if not isinstance(dataset, h5py.Dataset) or dataset.size != 1 or dataset.dtype.kind not in "SOUbuif":
                continue
            self._take(dataset)
            check_strings(dataset)
            value = np.asarray(dataset[()]).reshape(-1)[0]
            return value.decode("utf-8", errors="replace").strip("\x00 ") if isinstance(value, bytes) else str(value)
        return ""

    def attribute(self, group: Any, name: str, key: str) -> str:
        """Return an attribute of a dataset as text, empty when there is none."""
        import h5py

        dataset = group.get(name)
        value = dataset.attrs.get(key) if isinstance(dataset, h5py.Dataset) else None
        value = value.reshape(-1)[0] if isinstance(value, np.ndarray) and value.size == 1 else value
        return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value or "")

    def number(self, group: Any, *names: str) -> float:
        """Return the first dataset of `names` as a number, NaN when there is none."""
        text = self.text(group, *names)
        try:
            return float(text)
        except ValueError:
            return float("nan")

    def _take(self, dataset: Any) -> None:
        self.left -= int(dataset.nbytes)
        if self.left < 0:
            raise ReadError(f"{self.name}: its arrays would take more than ten times the file; it is damaged.")


def _scans(file: Any) -> Iterator[Scan]:
    """Yield every scan of a known layout, parents before children."""
    todo = [(file, "", 0)]
    seen = 0
    while todo:
        group, label, depth = todo.pop()
        seen += 1
        if seen > _GROUPS_AT_MOST:
            return
        layout = _layout(group, label)
        if layout:
            yield Scan(layout, group, _called(label))
            continue
        if depth < _DEPTH_AT_MOST:
            below = [(name, subgroup(group, name)) for name in children(group)[:_GROUPS_AT_MOST]]
            ordered = sorted((pair for pair in below if pair[1] is not None), key=lambda pair: _natural(pair[0]))
            todo.extend((child, f"{label}/{name}", depth + 1) for name, child in reversed(ordered))


def _unnamed(file: Any) -> str:
    """Return what a file of AZtec or an image geometry of DREAM.3D holds instead, in words; empty where neither is."""
    from sodalite.read.ebsd_volume import named_beside_geometry

    slices = [subgroup(file, name) for name in children(file)[:_GROUPS_AT_MOST] if name.isdecimal()]
    techniques = sorted({name for each in slices if each is not None for name in children(each)[:_TECHNIQUES_AT_MOST]})
    if techniques:
        return f"; it holds {', '.join(techniques)}: export the acquisition with its EBSD data"
    names = named_beside_geometry(file)
    if not names:
        return ""
    return f"; its image geometry has {', '.join(names)}: call one EulerAngles or Quats and one Phases"


def _called(label: str) -> str:
    """Return what the user calls a group: without the EBSD at its end, unless only a number is left."""
    short = re.sub("/EBSD(/ANG)?$", "", label).strip("/")
    return short if re.search("[A-Za-z]", short) else label.strip("/") or "scan"


def _layout(group: Any, label: str) -> str:
    """Return which layout a group has, empty when none."""
    data = subgroup(group, "Data", "data")
    if data is not None and subgroup(group, "Header", "header") is not None:
        names = set(children(data))
        if {"phase_id", "phi1", "Phi", "phi2"} <= names:
            return "orix"
        if {"Euler", "Phase"} <= names:
            return "oxford"
        if {"phi1", "PHI", "phi2"} <= names:
            return "bruker"
        if {"Euler1", "Euler2", "Euler3"} <= names:
            return "hkl"
        from sodalite.read.ebsd_scan import names_angles

        if names_angles(names):
            return "tsl"
    if "euler" in group:
        from sodalite.read.ebsd_pymicro import is_image

        if is_image(group):
            return "pymicro"
    if _may_hold_cells(group):
        from sodalite.read.ebsd_volume import cell_arrays

        if cell_arrays(group) is not None:
            return "dream3d"
    if "EBSD" in group and "Acquisition" in group:
        from sodalite.read.ebsd_xtalview import angles_of

        return "xtalview" if angles_of(group) is not None else ""
    records = subgroup(group, "DATA")
    if records is not None and "DATA" in records and subgroup(group, "HEADER") is not None:
        return "apex"
    return ""


def _may_hold_cells(group: Any) -> bool:
    """Return whether a name in a group speaks of orientations; only such groups are looked at closely."""
    return any(re.search("euler|bunge|quat", name, re.IGNORECASE) for name in children(group)[:1000])


def _numbered(scans: list[Scan]) -> list[Scan]:
    """Return the scans with their numbers: those that tell their names apart, else 0, 1, ... in this order.

    What AZtecCrystal made of a scan stands behind the scans themselves.
    """
    scans = sorted(scans, key=lambda found: found.layout == "oxford" and _is_processed(found.label))
    each = [re.findall(r"\d{1,9}", found.label) for found in scans]
    for column in zip(*each, strict=False):
        if len({int(number) for number in column}) == len(scans):
            return [found._replace(number=int(number)) for found, number in zip(scans, column, strict=True)]
    return [found._replace(number=number) for number, found in enumerate(scans)]


def _is_processed(label: str) -> bool:
    return label.endswith("Data Processing")


def _listed(scans: list[Scan]) -> str:
    """Return the names of scans, with their numbers where the names do not hold them."""
    told = all(str(found.number) in re.findall(r"\d+", found.label) for found in scans)
    return ", ".join(found.label if told else f"{found.number} = {found.label}" for found in scans)[:200]


def _chosen(path: Path, scans: list[Scan], scan: str | int | None) -> Scan:
    if scan is None or (len(scans) == 1 and scans[0].layout == "dream3d"):
        return scans[0]
    for found in scans:
        if str(scan) in (found.label, str(found.number)):
            return found
    named = [found for found in scans if isinstance(scan, str) and scan.casefold() in found.label.casefold()]
    if len(named) == 1:
        return named[0]
    raise ReadError(f"scan: {path.name} has no scan {scan!r}; it has {_listed(scans)}.")


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple(
        (int(part), "") if re.fullmatch("[0-9]{1,9}", part) else (0, part) for part in re.split(r"(\d+)", name)[:9]
    )
