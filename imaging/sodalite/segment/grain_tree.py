"""Union-find over the points of a grid, fused with the disorientation test: one pass over the map, strip by strip.

The array of labels is its own forest while it grows: 0 = no grain, a negative value v = linked to the node ``~v``,
which comes earlier (a root is linked to itself), a positive value = label. The root of a grain is its first point, so
that numbering the roots in order numbers the grains by their first points, whatever the strips were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from sodalite.ebsd.symmetry import cosine_half
from sodalite.segment.grain_links import APART, TOGETHER, UNSURE, compare_rows, split_row

if TYPE_CHECKING:
    from sodalite.ebsd.symmetry import SymmetryTable


_ALL_TOGETHER = np.uint64(TOGETHER * 0x0101010101010101)


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


@njit(cache=True, nogil=True)
def grow_strip(scan: Scan, first_row: int, stop_row: int, tree: np.ndarray) -> None:
    """Link the points of some rows to their neighbours within these rows; `tree` is ``(nodes,)`` int32, written."""
    columns = scan.columns
    planes = np.zeros((2, 4, columns), dtype=np.float32)
    phases = np.full((2, columns), scan.only, dtype=np.int16)
    # links, with an empty column at either side: to the left (this row, the one above), up and left, up
    left = np.zeros((2, columns + 2), dtype=np.uint8)
    up = np.zeros((2, columns + 2), dtype=np.uint8)
    quiet = np.zeros(columns // 8 * 8 + 8, dtype=np.uint8)
    for row in range(first_row, stop_row):
        new, old = row & 1, (row + 1) & 1
        _row(scan, row, planes[new], phases[new])
        _link(scan, planes[new], phases[new], row, -1, planes[new], phases[new], row, left[new])
        if row > first_row:
            _link_up(scan, row, planes, phases, up)
        shift = _shift(scan.parity, row)
        _find_quiet(left[new], left[old], up, shift, quiet)
        _grow_row(tree, row * columns, phases[new], left[new], up, quiet, shift)


@njit(cache=True, nogil=True)
def close_seam(scan: Scan, row: int, tree: np.ndarray) -> None:
    """Link the points of `row` to those of the row above, both already linked within their strips."""
    columns = scan.columns
    planes = np.zeros((2, 4, columns), dtype=np.float32)
    phases = np.full((2, columns), scan.only, dtype=np.int16)
    up = np.zeros((2, columns + 2), dtype=np.uint8)
    for each in (row - 1, row):
        _row(scan, each, planes[each & 1], phases[each & 1])
    _link_up(scan, row, planes, phases, up)
    first = (row - 1) * columns + _shift(scan.parity, row)
    for c in range(columns):
        if up[0, c + 1]:
            _unite(tree, row * columns + c, first + c - 1)
        if up[1, c + 1]:
            _unite(tree, row * columns + c, first + c)


@njit(cache=True, nogil=True)
def number_grains(tree: np.ndarray) -> int:
    """Replace links by labels 1, 2, ... in the order of first points; return the number of grains."""
    count = 0
    for i in range(tree.size):
        link = tree[i]
        if link < 0:
            if ~link == i:
                count += 1
                tree[i] = count
            else:
                tree[i] = tree[~link]
    return count


@njit(cache=True, nogil=True)
def count_roots(tree: np.ndarray, first: int, stop: int) -> int:
    """Return how many grains have their first point in ``first .. stop - 1``."""
    count = 0
    for i in range(first, stop):
        count += tree[i] == ~i
    return count


@njit(cache=True, nogil=True)
def number_roots(tree: np.ndarray, first: int, stop: int, label: int) -> None:
    """Give the first points in ``first .. stop - 1`` the labels from `label` + 1 on."""
    for i in range(first, stop):
        if tree[i] == ~i:
            label += 1
            tree[i] = label


@njit(cache=True, nogil=True)
def label_strip(tree: np.ndarray, first: int, stop: int) -> None:
    """Replace the links in ``first .. stop - 1`` by labels; the first points have theirs."""
    for i in range(first, stop):
        value = tree[i]
        while value < 0:
            value = tree[~value]
        tree[i] = value


@njit(cache=True, nogil=True, forceinline=True)
def _shift(parity: int, row: int) -> int:
    return 0 if parity < 0 else int(row % 2 == parity)


@njit(cache=True, nogil=True, forceinline=True)
def _row(scan: Scan, row: int, planes: np.ndarray, phases: np.ndarray) -> None:
    """Write the quaternions of one row and its phases, 0 where there is no point."""
    first, stop = row * scan.columns, (row + 1) * scan.columns
    if scan.node.size == 0 and not scan.only:
        phases[:] = scan.phase_id[first:stop]
    elif scan.node.size:
        first, stop = int(np.searchsorted(scan.node, first)), int(np.searchsorted(scan.node, stop))
        phases[:] = 0
        for i in range(first, stop):
            phases[scan.node[i] - row * scan.columns] = scan.phase_id[i]
    split_row(scan.quaternions, first, stop, scan.node, planes)


@njit(cache=True, nogil=True, forceinline=True)
def _link_up(scan: Scan, row: int, planes: np.ndarray, phases: np.ndarray, up: np.ndarray) -> None:
    """Write the links of `row` to the row above: of column c to c + shift - 1 (hexagonal) and to c + shift."""
    new, old = row & 1, (row + 1) & 1
    shift = _shift(scan.parity, row)
    if scan.parity >= 0:
        _link(scan, planes[old], phases[old], row - 1, shift - 1, planes[new], phases[new], row, up[0])
    _link(scan, planes[old], phases[old], row - 1, shift, planes[new], phases[new], row, up[1])


@njit(cache=True, nogil=True, forceinline=True)
def _link(
    scan: Scan,
    one: np.ndarray,
    one_phases: np.ndarray,
    one_row: int,
    offset: int,
    two: np.ndarray,
    two_phases: np.ndarray,
    two_row: int,
    links: np.ndarray,
) -> None:
    """Write whether column ``c + offset`` of one row and column c of another are together, beyond doubt."""
    columns = scan.columns
    inner = links[1 : columns + 1]
    if not compare_rows(one, one_phases, offset, two, two_phases, scan.bounds, scan.table, scan.only, inner):
        return
    for c in range(columns):
        if inner[c] == UNSURE:
            p, q = _point(scan, one_row * columns + c + offset), _point(scan, two_row * columns + c)
            phase = scan.phase_id[q]
            count = scan.table.counts[phase]
            cosine = cosine_half(scan.quaternions[p], scan.quaternions[q], scan.table.forms[phase], count)
            inner[c] = TOGETHER if cosine > scan.bounds[2] else APART


@njit(cache=True, nogil=True)
def _point(scan: Scan, node: int) -> int:
    return node if scan.node.size == 0 else int(np.searchsorted(scan.node, node))


@njit(cache=True, nogil=True, forceinline=True)
def _find_quiet(left: np.ndarray, left_above: np.ndarray, up: np.ndarray, shift: int, quiet: np.ndarray) -> None:
    """Write which points just follow their left neighbours: their links upwards, if any, are implied by other links.

    A link to the point above is implied where that point, its left neighbour and the left neighbour of this one are
    linked in a ring; the other link of a hexagonal grid where the left neighbour is linked to the same point.
    """
    columns = up.shape[1] - 2
    own, behind, here = left[1 : columns + 1], up[1][:columns], up[1][1 : columns + 1]
    beyond, other = left_above[1 + shift : columns + 1 + shift], up[0][1 : columns + 1]
    both = np.uint8(TOGETHER)
    for c in range(columns):
        quiet[c] = own[c] & ((here[c] ^ both) | (behind[c] & beyond[c])) & ((other[c] ^ both) | behind[c])


@njit(cache=True, nogil=True, forceinline=True)
def _grow_row(
    tree: np.ndarray,
    base: int,
    phases: np.ndarray,
    left: np.ndarray,
    up: np.ndarray,
    quiet: np.ndarray,
    shift: int,
) -> None:
    """Enter one row into the forest; where points just follow their left neighbours, eight at a time."""
    columns = phases.size
    above = base - columns + shift
    row = tree[base : base + columns]
    blocks = quiet.view(np.uint64)
    current = np.int32(0)
    for block in range(blocks.size):
        start = 8 * block
        if blocks[block] == _ALL_TOGETHER:
            row[start : start + 8] = current
            continue
        for c in range(start, min(start + 8, columns)):
            if quiet[c]:
                row[c] = current
                continue
            if phases[c] == 0:
                row[c] = 0
                continue
            if left[c + 1] == APART:
                # an ancestor of a linked neighbour above will do; only meetings of two trees need their roots
                current = np.int32(~(base + c))
                if up[0, c + 1]:
                    current = tree[above + c - 1]
                elif up[1, c + 1]:
                    current = tree[above + c]
            row[c] = current
            if up[0, c + 1] and tree[above + c - 1] != current:
                current = np.int32(~_unite(tree, base + c, above + c - 1))
            if up[1, c + 1] and tree[above + c] != current:
                current = np.int32(~_unite(tree, base + c, above + c))


@njit(cache=True, nogil=True)
def _unite(tree: np.ndarray, i: int, j: int) -> int:
    """Join the trees of two nodes below the earlier root and return that root."""
    p, q = _root(tree, i), _root(tree, j)
    root = min(p, q)
    tree[max(p, q)] = ~root
    return root


@njit(cache=True, nogil=True)
def _root(tree: np.ndarray, i: int) -> int:
    """Return the root of a node, halving the path to it."""
    parent = ~tree[i]
    while parent != i:
        grandparent = ~tree[parent]
        tree[i] = ~grandparent
        i, parent = grandparent, ~tree[grandparent]
    return i
