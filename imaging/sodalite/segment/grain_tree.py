"""Union-find over the runs of a grid, fused with the disorientation test: one pass over the map, strip by strip.

A run is a stretch of a row whose points are together one by one, see `sodalite.segment.grain_forest`. Labels do not
depend on where strips begin, for trees are rooted at the first points of grains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import cosine_half
from sodalite.segment.grain_bits import before, count_to, lowest, packed
from sodalite.segment.grain_forest import NO_GRAIN, first_from, join, unite
from sodalite.segment.grain_links import APART, TOGETHER, UNSURE, compare, split

if TYPE_CHECKING:
    from sodalite.ebsd.symmetry import SymmetryTable
    from sodalite.segment.grain_links import Planes

_BLOCK = 16384
"""Points that are worked on at a time, at least a row: calls are spread over many, 0.5 MB stays in the second cache.

Reading from memory runs best in long stretches: with 2048 at a time, finding grains takes 15 % longer."""

_POINTS_A_RUN = 16
"""Room for runs is made for so many points a run and doubled where they are shorter."""


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
    left, up, joins
        uint8, one a point: links to the left; ``(2, ...)``, up and left (on a hexagonal grid alone) and up; those of
        the latter that other links do not imply.
    starts, before
        ``(words,)`` uint64 and int32: bits of the points that begin a run, and the number of runs before each word.
    cosines
        Room for a float32 a point.
    """

    planes: Planes
    phases: np.ndarray
    left: np.ndarray
    up: np.ndarray
    joins: np.ndarray
    starts: np.ndarray
    before: np.ndarray
    cosines: np.ndarray


def grow_strip(scan: Scan, first_row: int, stop_row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the runs of some rows, linked within these rows: first nodes and parents, ``(runs,)`` int32 each."""
    height = max(1, min(_BLOCK // scan.columns, stop_row - first_row))
    return _grow_strip(scan, first_row, stop_row, height, _make_block(scan.columns, height, scan.only))


def close_seam(scan: Scan, row: int, starts: np.ndarray, parents: np.ndarray) -> None:
    """Link the runs of `row` to those of the row above, both already linked within their strips."""
    _close_seam(scan, row, _make_block(scan.columns, 1, scan.only), starts, parents)


def _make_block(columns: int, height: int, only: int) -> Block:
    """Return room for so many rows and the one above, which has no runs yet: all its points follow."""
    points = (height + 1) * columns
    words = (points + 63) // 64
    whole = 64 * words
    w, x, y, z = (np.zeros(points, dtype=np.float32) for _ in range(4))
    return Block(
        (w, x, y, z),
        np.full(points, only, dtype=np.int16),
        np.ones(whole, dtype=np.uint8),
        np.zeros((2, whole), dtype=np.uint8),
        np.zeros((2, whole), dtype=np.uint8),
        np.empty(words, dtype=np.uint64),
        np.empty(words, dtype=np.int32),
        np.empty(max(points, 4), dtype=np.float32),
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
        _find_joins(scan, row, rows, block)
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
                unite(parents, run[i], run[i - columns + shift + k - 1])


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
        split(scan.quaternions, first, block.planes, start, end, block.cosines)
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
def _find_joins(scan: Scan, row: int, rows: int, block: Block) -> None:
    """Write which links upwards are not implied by other links.

    A link to the point above is implied where that point, its left neighbour and the left neighbour of this one are
    linked in a ring; the other link of a hexagonal grid where the left neighbour is linked to the same point.
    """
    columns = scan.columns
    step = rows if scan.parity < 0 else 1
    for each in range(0, rows, step):
        start, stop = (each + 1) * columns, (each + 1 + step) * columns
        above = _shift(scan.parity, row + each) - columns
        own, behind = block.left[start:stop], block.up[1][start - 1 : stop - 1]
        beyond = block.left[start + above : stop + above]
        _write_joins(own, behind, beyond, block.up[1][start:stop], block.joins[1][start:stop])
        if scan.parity >= 0:
            _write_joins(own, behind, own, block.up[0][start:stop], block.joins[0][start:stop])


@njit(cache=True, nogil=True)
def _write_joins(own: np.ndarray, behind: np.ndarray, beyond: np.ndarray, up: np.ndarray, joins: np.ndarray) -> None:
    one = np.uint8(TOGETHER)
    for c in range(joins.size):
        joins[c] = up[c] & ((own[c] & behind[c] & beyond[c]) ^ one)


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
    """Append the runs of some rows and link them; return how many there are now and the first of the last row.

    All runs are numbered before any is linked: two plain loops take two thirds of the time of one that branches.
    """
    columns = scan.columns
    stop = (rows + 1) * columns
    end = _number_runs(block, stop, (row - 1) * columns, starts, above)
    for run in range(count, end):
        place = starts[run] - (row - 1) * columns
        parents[run] = run if block.phases[place] else NO_GRAIN
    for k in range(int(scan.parity < 0), 2):
        octets = block.joins[k].view(np.uint64)
        for number in range(columns // 64, (stop + 63) // 64):
            word = packed(octets, number, stop)
            while word != 0:
                i = 64 * number + lowest(word)
                word &= word - np.uint64(1)
                shift = 0 if scan.parity < 0 else _shift(scan.parity, row - 1 + i // columns)
                join(parents, _run_of(block, i), _run_of(block, i - columns + shift + k - 1))
    return end, _run_of(block, rows * columns)


@njit(cache=True, nogil=True)
def _number_runs(block: Block, stop: int, base: int, starts: np.ndarray, run: int) -> int:
    """Write where the runs begin, from number `run` on, and the bits that tell the run of a point; return the next."""
    octets = block.left.view(np.uint64)
    for number in range((stop + 63) // 64):
        word = ~packed(octets, number, stop) & before(number, stop)
        block.starts[number] = word
        block.before[number] = run
        while word != 0:
            starts[run] = base + 64 * number + lowest(word)
            run += 1
            word &= word - np.uint64(1)
    return run


@njit(cache=True, nogil=True, forceinline=True)
def _run_of(block: Block, place: int) -> int:
    return block.before[place // 64] + count_to(block.starts[place // 64], place % 64) - 1
