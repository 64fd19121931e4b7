"""The grid that the points of a map lie on, found from their coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sodalite.errors import CalibrationError, ReadError

if TYPE_CHECKING:
    from sodalite.ebsd.lattice import Axis

NODES_PER_POINT = 10
"""A grid with more nodes than this per point is taken for free coordinates: no array of its shape is ever made."""
_TOUCHING_AT_LEAST = 0.05
"""Pairs of touching points a point: 2 on a full grid, 0.2 with a tenth of it at random, 0 where rows are turned."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A square or hexagonal grid in rows.

    Attributes
    ----------
    lattice
        ``square`` (also rectangular) or ``hex`` (every second row shifted by half a step).
    shape
        Rows and columns; on a hexagonal grid the columns of the longer rows.
    spacing_um
        Distance between rows and between the points of a row, (y, x).
    origin_um
        Position of the node in row 0 and column 0 before any shift, (y, x).
    shifted_parity
        Rows whose number leaves this remainder by 2 are shifted by half a step towards +x; -1 on a square grid.
    node
        ``(n,)`` int64, ``row * columns + column`` of each point, rising; None when the points fill the shape.
    residual_fraction
        Largest distance of a point from its node along an axis, in node distances.
    """

    lattice: str
    shape: tuple[int, int]
    spacing_um: tuple[float, float]
    origin_um: tuple[float, float]
    shifted_parity: int = -1
    node: np.ndarray | None = None
    residual_fraction: float = 0.0

    @property
    def row(self) -> np.ndarray:
        """Row of each point, ``(n,)`` int64."""
        return self._nodes() // self.shape[1]

    @property
    def col(self) -> np.ndarray:
        """Column of each point within its row, ``(n,)`` int64."""
        return self._nodes() % self.shape[1]

    @property
    def missing(self) -> int:
        """Number of nodes without a point; the ends of the shorter hexagonal rows do not count."""
        if self.node is None:
            return 0
        rows, columns = self.shape
        empty = rows * columns - self.node.size
        if self.shifted_parity < 0:
            return empty
        last = self.col == columns - 1
        parities = self.row[last] % 2
        ends = sum((rows + 1 - p) // 2 for p in (0, 1) if not (parities == p).any())
        return empty - ends

    @property
    def kind(self) -> str:
        """``square``, ``hex``, ``sparse-square`` or ``sparse-hex``."""
        return f"sparse-{self.lattice}" if self.missing else self.lattice

    @property
    def point_area_um2(self) -> float:
        """Area that one point stands for, in um2."""
        return self.spacing_um[0] * self.spacing_um[1]

    def _nodes(self) -> np.ndarray:
        return np.arange(self.shape[0] * self.shape[1]) if self.node is None else self.node


def fit_grid(
    x_um: np.ndarray, y_um: np.ndarray, *, step_um: tuple[float, float] | None
) -> tuple[Grid, np.ndarray | None] | None:
    """Return the grid that the points lie on and how to sort them, None when they lie on no grid.

    Parameters
    ----------
    x_um, y_um
        ``(n,)`` float64, finite, in any order.
    step_um
        Steps (x, y) for an axis along which all points have the same coordinate; None when unknown.

    Returns
    -------
    grid, order
        `order` is ``(n,)`` int64 and sorts the points by row, then column; None when they are sorted.

    Raises
    ------
    ReadError
        When two points lie on one node.
    CalibrationError
        When the points give no step and `step_um` is None.
    """
    from sodalite.ebsd import lattice

    along_x, along_y, plain = _axes(x_um, y_um)
    if along_x is None or along_y is None:
        return None
    along_x, along_y = _complete(along_x, along_y, step_um)
    where = (along_x.origin, along_x.step, along_y.origin, along_y.step)
    stagger, parity = _stagger(x_um, y_um, along_x, along_y)
    shape = (along_y.count, (along_x.count + 1) // 2 if stagger else along_x.count)
    size = shape[0] * shape[1]
    if size > NODES_PER_POINT * x_um.size + 100:
        return None
    node, order = None, None
    if not (plain or (size == x_um.size and not stagger and lattice.is_raster(x_um, y_um, *where, shape[1]))):
        nodes = np.empty(x_um.size, dtype=np.int64)
        lattice.number_nodes(x_um, y_um, *where, shape[1], stagger, nodes)
        node, order = _sorted(nodes, size)
    if node is not None and not stagger and not _touches(node, shape[1]):
        return None
    spacing = (along_y.step, along_x.step * (2 if stagger else 1))
    residual = max(along_x.residual, along_y.residual)
    origin = (along_y.origin, along_x.origin)
    return Grid("hex" if stagger else "square", shape, spacing, origin, parity, node, residual), order


def _axes(x_um: np.ndarray, y_um: np.ndarray) -> tuple[Axis | None, Axis | None, bool]:
    """Return the axes that the points lie on, and whether they are seen at once to be a full grid, row after row.

    Where rows repeat, as in most maps, the first row and the first column tell all: 8 ns a point less.
    """
    from sodalite.ebsd import lattice

    columns = lattice.repeated_row(x_um, y_um)
    if columns == x_um.size:
        return lattice.fit_axis(x_um), lattice.fit_axis(y_um), False
    row, column = x_um[:columns], np.ascontiguousarray(y_um[::columns])
    along_x, along_y = lattice.fit_axis(row), lattice.fit_axis(column)
    plain = all(
        axis is not None and np.array_equal(np.rint((values - axis.origin) / axis.step), np.arange(axis.count))
        for axis, values in ((along_x, row), (along_y, column))
    )
    return along_x, along_y, plain


def _complete(along_x: Axis, along_y: Axis, step_um: tuple[float, float] | None) -> tuple[Axis, Axis]:
    """Give an axis without extent the step that the header states, else that of the other axis."""
    steps = [along_x.step, along_y.step]
    for i in (0, 1):
        if np.isnan(steps[i]):
            stated = step_um[i] if step_um is not None else float("nan")
            steps[i] = stated if stated > 0 else (along_x.step, along_y.step)[1 - i]
    if np.isnan(steps[0]):
        raise CalibrationError(
            "x, y: all points lie on one spot and no step is stated; tell it "
            "(step_um, on the command line --pixel-size-um)."
        )
    if np.isnan(steps[1]):
        steps[1] = steps[0]
    return replace(along_x, step=steps[0]), replace(along_y, step=steps[1])


def _stagger(x_um: np.ndarray, y_um: np.ndarray, along_x: Axis, along_y: Axis) -> tuple[bool, int]:
    """Return whether every second row is shifted by half a step, and the parity of those rows."""
    from sodalite.ebsd import lattice

    if min(along_x.count, along_y.count) < 2 or x_um.size < 3:
        return False, -1
    even, odd = lattice.survey(x_um, y_um, along_x.origin, along_x.step, along_y.origin, along_y.step)
    # 2 h / a is sqrt(3) on a regular hexagonal grid; 1 is a square grid on its corner, 1 / sqrt(3) hexagons in columns
    if even == odd or not 1.3 < along_y.step / along_x.step < 2.3:
        return False, -1
    return True, 1 if even else 0


def _touches(node: np.ndarray, columns: int) -> bool:
    """Return whether points lie beside or below each other: on rows that are turned or sheared hardly any does."""
    beside = (np.diff(node) == 1) & (node[1:] % columns > 0)
    below = np.searchsorted(node, node + columns)
    found = node[np.minimum(below, node.size - 1)] == node + columns
    return int(beside.sum()) + int(found.sum()) > _TOUCHING_AT_LEAST * node.size


def _sorted(nodes: np.ndarray, size: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the rising nodes, None if they fill the grid, and the order that makes them rise, None if they do."""
    order = None
    steps = np.diff(nodes)
    if not (steps > 0).all():
        order = np.argsort(nodes, kind="stable")
        nodes = nodes[order]
        steps = np.diff(nodes)
    if not (steps > 0).all():
        raise ReadError(f"x, y: {int((steps == 0).sum())} points lie on a place already taken; give one section only.")
    return (None if nodes.size == size else nodes), order
