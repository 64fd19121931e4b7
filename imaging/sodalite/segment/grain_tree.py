"""Union-find over the runs of a grid, fused with the disorientation test: one pass over the map, strip by strip.

A run is a stretch of a row whose points are together one by one. Runs are numbered as they come and make a forest: the
parent of a run comes before it, a root is its own parent, and the root of a grain is the run of its first point, so
that numbering the roots in order numbers the grains by their first points, whatever the strips were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import cosine_half
from sodalite.segment.grain_links import (
    APART,
    EACH_BYTE,
    TOGETHER,
    UNSURE,
    compare,
    first_byte,
    first_from,
    split,
)

if TYPE_CHECKING:
    from sodalite.ebsd.symmetry import SymmetryTable
    from sodalite.segment.grain_links import Planes

NO_GRAIN = np.int32(-1)
"""Parent of a run that is not indexed."""

_BLOCK = 16384
"""Points that are worked on at a time, at least a row: calls are spread over many, 0.5 MB stays in the second cache.

Reading from memory runs best in long stretches: with 2048 at a time, finding grains takes 15 % longer."""

_POINTS_A_RUN = 16
"""Room for runs is made for so many points a run and doubled where they are shorter."""

_STRIDE = 16
"""Labels that are written at a time."""


class Scan(NamedTuple):
    """A map as the compiled functions take it.

    Attributes
    ----------
    quaternions, phase_id
        ``(n, 4)`` floats and ``(n,)`` int16; 0 = not indexed.
    node
        ``(n,)`` int64, rising nodes of the points; empty when the points fill the grid.
    columns
        Columns of the grid.
    parity
        Parity of the rows that are shifted towards +x on a hexagonal grid, -1 on a square one.
    bounds
        Cosine of half the threshold: less a guard, plus a guard, itself.
    table
        Symmetries of the phases.
    only
        The phase of all nodes, 0 when they differ.
    """

    quaternions: np.ndarray
    phase_id: np.ndarray
    node: np.ndarray
    columns: int
    parity: int
    bounds: tuple[float, float, float]
    table: SymmetryTable
    only: int


class Block(NamedTuple):
    """Some rows of a map at work, below the last row of the block before.

    Attributes
    ----------
    planes, phases
        Four ``(columns,)`` float32 and ``(columns,)`` int16 of the points, row after row.
    left, up, quiet
        uint8, one a point: links to the left; ``(2, ...)``, up and left (on a hexagonal grid alone) and up; whether a
        point just follows its left neighbour.
    cosines
        Room for a float32 a point.
    """

    planes: Planes
    phases: np.ndarray
    left: np.ndarray
    up: np.ndarray
    quiet: np.ndarray
    cosines: np.ndarray


def grow_strip(scan: Scan, first_row: int, stop_row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the runs of some rows, linked within these rows: first nodes and parents, ``(runs,)`` int32 each."""
    height = max(1, min(_BLOCK // scan.columns, stop_row - first_row))
    return _grow_strip(scan, first_row, stop_row, height, _make_block(scan.columns, height, scan.only))


def close_seam(scan: Scan, row: int, starts: np.ndarray, parents: np.ndarray) -> None:
    """Link the runs of `row` to those of the row above, both already linked within their strips."""
    _close_seam(scan, row, _make_block(scan.columns, 1, scan.only), starts, parents)


def _make_block(columns: int, height: int, only: int) -> Block:
    """Return room for so many rows and the one above; all links are `APART`."""
    points = (height + 1) * columns
    whole = (points + 7) // 8 * 8
    w, x, y, z = (np.zeros(points, dtype=np.float32) for _ in range(4))
    return Block(
        (w, x, y, z),
        np.full(points, only, dtype=np.int16),
        np.zeros(whole, dtype=np.uint8),
        np.zeros((2, whole), dtype=np.uint8),
        np.ones(whole, dtype=np.uint8),
        np.empty(points, dtype=np.float32),
    )


@njit(cache=True, nogil=True)
def _grow_strip(scan: Scan, first_row: int, stop_row: int, height: int, block: Block) -> tuple[np.ndarray, np.ndarray]:
    columns = scan.columns
    starts = np.empty(height * columns + (stop_row - first_row) * columns // _POINTS_A_RUN, dtype=np.int32)
    parents = np.empty_like(starts)
    count = above = int(np.int64(0))  # plain ones would be a type of their own, and what grows runs compiled twice
    for row in range(first_row, stop_row, height):
        rows = min(height, stop_row - row)
        if count + rows * columns > starts.size:
            starts, parents = _longer(starts, rows * columns), _longer(parents, rows * columns)
        if row > first_row:
            _keep_last_row(block, columns, height)
        _load(scan, row, row + rows, block, columns)
        _link_rows(scan, row, rows, int(row == first_row), block)
        _find_quiet(scan, row, rows, block)
        count, above = _grow(scan, row, rows, block, starts, parents, count, above)
    return starts[:count], parents[:count]


@njit(cache=True, nogil=True)
def _close_seam(scan: Scan, row: int, block: Block, starts: np.ndarray, parents: np.ndarray) -> None:
    columns = scan.columns
    _load(scan, row - 1, row + 1, block, 0)
    _link_rows(scan, row, 1, int(row == 0), block)
    base = (row - 1) * columns
    shift = _shift(scan.parity, row)
    run = np.empty(2 * columns, dtype=np.int64)
    last = first_from(starts, base)
    for i in range(2 * columns):
        last += last + 1 < starts.size and starts[last + 1] == base + i
        run[i] = last
    for i in range(columns, 2 * columns):
        for k in range(2):
            if block.up[k, i] and block.phases[i] != 0:
                _unite(parents, run[i], run[i - columns + shift + k - 1])


@njit(cache=True, nogil=True)
def number_grains(parents: np.ndarray) -> int:
    """Replace parents by labels 1, 2, ... in the order of first points, 0 = none; return the number of grains."""
    count = 0
    for run in range(parents.size):
        parent = parents[run]
        if parent == NO_GRAIN:
            parents[run] = 0
        elif parent == run:
            count += 1
            parents[run] = count
        else:
            parents[run] = parents[parent]
    return count


@njit(cache=True, nogil=True)
def paint(starts: np.ndarray, grains: np.ndarray, first: int, stop: int, labels: np.ndarray) -> None:
    """Write the grain of each run of nodes ``first .. stop - 1`` into `labels`, ``(nodes,)`` uint32."""
    for run in range(first_from(starts, first), first_from(starts, stop)):
        grain = np.uint32(grains[run])
        i, end = starts[run], starts[run + 1] if run + 1 < starts.size else stop
        while i < end and i + _STRIDE <= stop:
            # past the end of a run too, where the next is painted after: whole strides are one instruction or two
            for k in range(_STRIDE):
                labels[i + k] = grain
            i += _STRIDE
        while i < end:
            labels[i] = grain
            i += 1


@njit(cache=True, nogil=True, forceinline=True)
def _shift(parity: int, row: int) -> int:
    return 0 if parity < 0 else int(row % 2 == parity)


@njit(cache=True, nogil=True)
def _keep_last_row(block: Block, columns: int, height: int) -> None:
    """Move the last row up to where the row above stands."""
    gone = height * columns
    for plane in block.planes:
        _copy(plane[gone : gone + columns], plane[:columns])
    _copy(block.phases[gone : gone + columns], block.phases[:columns])
    _copy(block.left[gone : gone + columns], block.left[:columns])


@njit(cache=True, nogil=True)
def _longer(runs: np.ndarray, more: int) -> np.ndarray:
    """Return an array twice as long, and by at least so many, that begins alike."""
    longer = np.empty(2 * runs.size + more, dtype=runs.dtype)
    _copy(runs, longer[: runs.size])
    return longer


@njit(cache=True, nogil=True)
def _copy(source: np.ndarray, target: np.ndarray) -> None:
    for i in range(target.size):
        target[i] = source[i]


@njit(cache=True, nogil=True)
def _load(scan: Scan, first_row: int, stop_row: int, block: Block, start: int) -> None:
    """Write some rows from place `start` of a block on: quaternions and phases, 0 where there is no point."""
    first, stop = first_row * scan.columns, stop_row * scan.columns
    end = start + stop - first
    if scan.node.size == 0:
        split(scan.quaternions, first, block.planes, start, end)
        if not scan.only:
            _copy(scan.phase_id[first:stop], block.phases[start:end])
        return
    for place in range(start, end):
        block.phases[place] = 0
    for i in range(first_from(scan.node, first), first_from(scan.node, stop)):
        place = start + scan.node[i] - first
        block.phases[place] = scan.phase_id[i]
        for k in range(4):
            block.planes[k][place] = scan.quaternions[i, k]


@njit(cache=True, nogil=True)
def _link_rows(scan: Scan, row: int, rows: int, skipped: int, block: Block) -> None:
    """Write the links of some rows to the left and, but of the first `skipped`, to the rows above.

    The first point of a row has none to the left. Column c is linked to c + shift - 1 (on a hexagonal grid alone) and
    to c + shift of the row above.
    """
    columns = scan.columns
    back = int(np.int64(1))  # a plain 1 would be a type of its own, and all that compares points compiled twice
    _link(scan, row - 1, block, back, columns, (rows + 1) * columns, block.left)
    for each in range(1, rows + 1):
        block.left[each * columns] = APART
    if scan.parity < 0:
        _link(scan, row - 1, block, columns, (1 + skipped) * columns, (rows + 1) * columns, block.up[1])
        return
    for each in range(skipped, rows):
        shift = _shift(scan.parity, row + each)
        start, stop = (each + 1) * columns, (each + 2) * columns
        block.up[0, start] = APART
        block.up[1, stop - 1] = APART
        _link(scan, row - 1, block, columns + 1 - shift, start + 1 - shift, stop, block.up[0])
        _link(scan, row - 1, block, columns - shift, start, stop - shift, block.up[1])


@njit(cache=True, nogil=True)
def _link(scan: Scan, first_row: int, block: Block, back: int, start: int, stop: int, links: np.ndarray) -> None:
    """Write whether points ``start .. stop - 1`` and those `back` places before are together, beyond doubt."""
    planes, phases, cosines = block.planes, block.phases, block.cosines
    if not compare(planes, phases, back, start, stop, scan.bounds, scan.table, scan.only, cosines, links):
        return
    base = first_row * scan.columns
    for i in range(start, stop):
        if links[i] == UNSURE:
            p, q = _point(scan, base + i - back), _point(scan, base + i)
            phase = scan.phase_id[q]
            count = scan.table.counts[phase]
            cosine = cosine_half(scan.quaternions[p], scan.quaternions[q], scan.table.forms[phase], count)
            links[i] = TOGETHER if cosine > scan.bounds[2] else APART


@njit(cache=True, nogil=True)
def _point(scan: Scan, node: int) -> int:
    return node if scan.node.size == 0 else first_from(scan.node, node)


@njit(cache=True, nogil=True)
def _find_quiet(scan: Scan, row: int, rows: int, block: Block) -> None:
    """Write which points just follow their left neighbours: their links upwards, if any, are implied by other links.

    A link to the point above is implied where that point, its left neighbour and the left neighbour of this one are
    linked in a ring; the other link of a hexagonal grid where the left neighbour is linked to the same point.
    """
    columns = scan.columns
    step = rows if scan.parity < 0 else 1
    for each in range(0, rows, step):
        start, stop = (each + 1) * columns, (each + 1 + step) * columns
        above = _shift(scan.parity, row + each) - columns
        own, behind, here = block.left[start:stop], block.up[1][start - 1 : stop - 1], block.up[1][start:stop]
        beyond, other = block.left[start + above : stop + above], block.up[0][start:stop]
        _write_quiet(own, behind, here, beyond, other, block.quiet[start:stop])


@njit(cache=True, nogil=True)
def _write_quiet(
    own: np.ndarray, behind: np.ndarray, here: np.ndarray, beyond: np.ndarray, other: np.ndarray, quiet: np.ndarray
) -> None:
    one = np.uint8(TOGETHER)
    for c in range(quiet.size):
        quiet[c] = own[c] & ((here[c] ^ one) | (behind[c] & beyond[c])) & ((other[c] ^ one) | behind[c])


@njit(cache=True, nogil=True)
def _grow(
    scan: Scan,
    row: int,
    rows: int,
    block: Block,
    starts: np.ndarray,
    parents: np.ndarray,
    count: int,
    above: int,
) -> tuple[int, int]:
    """Append the runs of some rows and link them; return how many there are now and the last that had one below.

    Only points that do not just follow are looked at.
    """
    columns = scan.columns
    base = (row - 1) * columns
    phases, left, up = block.phases, block.left, block.up
    words = block.quiet.view(np.uint64)
    run = count - 1
    for number in range(columns // 8, ((rows + 1) * columns + 7) // 8):
        word = words[number] ^ EACH_BYTE
        while word != 0:
            i = 8 * number + first_byte(word)
            word &= word - np.uint64(1)
            if not columns <= i < (rows + 1) * columns:
                continue
            if left[i] == APART:
                run += 1
                starts[run] = base + i
                parents[run] = run if phases[i] else NO_GRAIN
            shift = 0 if scan.parity < 0 else _shift(scan.parity, row - 1 + i // columns)
            for k in range(2):
                if up[k, i] == APART or parents[run] == NO_GRAIN:
                    continue
                while starts[above + 1] <= base + i - columns + shift + k - 1:
                    above += 1
                # an ancestor of the run above will do; only meetings of two trees need their roots
                own, other = parents[run], parents[above]
                if own == run:
                    parents[run] = other
                elif own != other:
                    parents[run] = parents[above] = _unite(parents, own, other)
    return run + 1, above


@njit(cache=True, nogil=True)
def _unite(parents: np.ndarray, i: int, j: int) -> int:
    """Join the trees of two runs below the earlier root and return that root."""
    p, q = _root(parents, i), _root(parents, j)
    root = min(p, q)
    parents[max(p, q)] = root
    return root


@njit(cache=True, nogil=True)
def _root(parents: np.ndarray, i: int) -> int:
    """Return the root of a run, halving the path to it."""
    parent = parents[i]
    while parent != i:
        grandparent = parents[parent]
        parents[i] = grandparent
        i, parent = grandparent, parents[grandparent]
    return i
