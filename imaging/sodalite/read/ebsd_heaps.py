"""A guard against damaged HDF5 files in which the HDF5 library would walk in a circle for ever.

Groups of the first kind keep the names of their members in a local heap, whose free blocks form a list. The library
follows that list without counting: one damaged offset that leads back makes it hang, inside a call that nothing can
interrupt. The list is therefore walked here before the library does. Strings of any length are kept in global heaps,
whose objects the library follows by their sizes: a damaged size of zero makes it stand still. Where a damaged type lets
strings pass for sequences, it crashes. Layouts: HDF5 File Format Specification 3.0, III.D (local heaps), III.E (global
heaps), IV.A.1.a (object headers, version 1), IV.A.2.q (continuation) and IV.A.2.r (symbol table).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[int, int], bytes]

_CONTINUATION, _SYMBOL_TABLE = 0x10, 0x11
_LIST_ENDS = 1
_HEADER_BYTES_AT_MOST = 1 << 20
_STRINGS_AT_MOST = 10_000
_OTHERS, _ENDLESS = 0, -1
_FREE_BLOCKS_AT_MOST = 10_000
"""Neighbouring free blocks are merged when names are deleted: real heaps have a handful."""


def check_names(group: Any) -> None:
    """Refuse a group whose names the HDF5 library would never finish reading.

    Parameters
    ----------
    group
        An ``h5py.Group``, just opened.

    Raises
    ------
    ReadError
        When the free blocks of its local heap form a circle.
    """
    import h5py

    file = group.file
    widths = file.id.get_create_plist().get_sizes()
    low, high = h5py.h5g.get_objinfo(group.id, b".").objno
    path, base = Path(file.filename), int(file.userblock_size)
    with path.open("rb") as stream:

        def read(address: int, size: int) -> bytes:
            stream.seek(base + address)
            return stream.read(size)

        heap = _heap_address(read, low + (high << 32), *widths)
        if heap is not None and not _list_ends(read, heap, *widths):
            raise ReadError(
                f"{path.name}: the HDF5 file is damaged, the list of free places among the names of "
                f"{group.name} does not end; copy it again."
            )


def check_strings(dataset: Any) -> None:
    """Refuse a dataset of strings that the HDF5 library would never finish reading, or take the memory of a disk for.

    Parameters
    ----------
    dataset
        An ``h5py.Dataset``; other types than strings of any length, and compact or compressed storage, pass.

    Raises
    ------
    ReadError
        When an object of its global heap has no size, or one beyond the heap, or a string is longer than its object or
        the file: the library takes memory for the stated length before it looks for the string. When values of any
        length are no strings.
    """
    import h5py

    kind, place = h5py.check_string_dtype(dataset.dtype), dataset.id.get_offset()
    if kind is None and dataset.dtype.kind == "O":  # a damaged type makes strings pass for sequences of anything
        raise ReadError(f"{Path(dataset.file.filename).name}: {dataset.name} holds no text; the HDF5 file is damaged.")
    if kind is None or kind.length is not None or place is None:
        return
    file = dataset.file
    address_width, length_width = file.id.get_create_plist().get_sizes()
    path, base, width = Path(file.filename), int(file.userblock_size), 8 + address_width
    with path.open("rb") as stream:

        def read(address: int, size: int) -> bytes:
            stream.seek(base + address)
            return stream.read(size)

        stream.seek(place)
        table = stream.read(min(int(dataset.size), _STRINGS_AT_MOST) * width)
        strings = [
            (_number(table, at, 4), _number(table, at + 4, address_width), _number(table, at + width - 4, 4))
            for at in range(0, len(table) - width + 1, width)
        ]
        held = path.stat().st_size
        sizes = {heap: _object_sizes(read, heap, length_width) for _, heap, _ in strings if heap < held}
        if any(
            length > held or (length and heap in sizes and length > sizes[heap].get(number, sizes[heap][_OTHERS]))
            for length, heap, number in strings
        ) or any(found[_OTHERS] == _ENDLESS for found in sizes.values()):
            raise ReadError(
                f"{path.name}: the HDF5 file is damaged, the strings of {dataset.name} do not end; copy it again."
            )


def _object_sizes(read: Read, heap: int, length_width: int) -> dict[int, int]:
    """Return the size of each object of a global heap by its number, and of `_OTHERS`.

    Those have none, any where the library refuses the heap by itself, and `_ENDLESS` where objects lead nowhere.
    """
    prefix = read(heap, 8 + length_width)
    size = _number(prefix, 8, length_width)
    if len(prefix) < 8 + length_width or prefix[:4] != b"GCOL" or size > _HEADER_BYTES_AT_MOST:
        return {_OTHERS: 1 << 62}
    collection, head, at = read(heap, size), 8 + length_width, 8 + length_width
    sizes = {_OTHERS: 0}
    while at + head <= len(collection):
        number, own = _number(collection, at, 2), _number(collection, at + 8, length_width)
        step = head + (own + 7) // 8 * 8 if number else own
        if not 0 < step <= size:
            return {_OTHERS: _ENDLESS}
        if number:
            sizes[number] = own
        at += step
    return sizes


def _heap_address(read: Read, header: int, address_width: int, length_width: int) -> int | None:
    """Return where the local heap of a group begins; None for groups of later kinds, which have none."""
    prefix = read(header, 16)
    if len(prefix) < 16 or prefix[0] != 1:
        return None
    messages, size = struct.unpack_from("<H4xI", prefix, 2)
    parts = [(header + 16, size)]
    for start, size in parts:
        part, at = read(start, min(size, _HEADER_BYTES_AT_MOST)), 0
        while at + 8 <= len(part) and messages:
            kind, size = struct.unpack_from("<HH", part, at)
            if kind == _SYMBOL_TABLE:
                return _number(part, at + 8 + address_width, address_width)
            if kind == _CONTINUATION:
                following = _number(part, at + 8 + address_width, length_width)
                parts.append((_number(part, at + 8, address_width), following))
            at += 8 + size
            messages -= 1
    return None


def _list_ends(read: Read, heap: int, address_width: int, length_width: int) -> bool:
    """Return whether the free list of a local heap comes to an end, or to what the library refuses by itself."""
    prefix = read(heap, 8 + 2 * length_width + address_width)
    if len(prefix) < 8 + 2 * length_width + address_width or prefix[:4] != b"HEAP":
        return True
    size, free = _number(prefix, 8, length_width), _number(prefix, 8 + length_width, length_width)
    place = _number(prefix, 8 + 2 * length_width, address_width)
    for _ in range(_FREE_BLOCKS_AT_MOST):
        if free == _LIST_ENDS or free + 2 * length_width > size:
            return True
        free = _number(read(place + free, length_width), 0, length_width)
    return False


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "little")
