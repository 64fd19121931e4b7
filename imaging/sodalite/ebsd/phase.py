"""Crystal phases: names, lattices, Laue groups and the proper rotations that leave a crystal unchanged."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from sodalite.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROPER_GROUP: Mapping[str, str] = MappingProxyType(
    {
        "-1": "1",
        "2/m": "2",
        "mmm": "222",
        "4/m": "4",
        "4/mmm": "422",
        "-3": "3",
        "-3m": "32",
        "6/m": "6",
        "6/mmm": "622",
        "m-3": "23",
        "m-3m": "432",
    }
)
"""Laue group -> its subgroup of rotations (International Tables A, table 10.1.2)."""

LAUE_ORDER: tuple[str, ...] = tuple(PROPER_GROUP)
"""Laue groups in the order of their numbers 1 to 11 in Channel 5, AZtec and h5oina files."""

CUBIC = ("m-3", "m-3m")
"""Laue groups of cubic crystals."""

HEXAGONAL = ("-3", "-3m", "6/m", "6/mmm")
"""Laue groups of crystals with four indices."""

_LAST_SPACE_GROUP = (2, 15, 74, 88, 142, 148, 167, 176, 194, 206, 230)
_AXES: tuple[Literal["a", "b", "c"], ...] = ("a", "b", "c")
_RIGHT_ANGLE_DEG = 0.01
_TWOFOLD_AXES_BETWEEN_A = frozenset({149, 151, 153, 157, 159, 162, 163})
_SYMBOL = MappingProxyType(
    {name: laue for laue, proper in PROPER_GROUP.items() for name in (laue, proper)}
    | dict.fromkeys(("211", "2/m11", "12/m1", "112/m", "m11", "1m1", "11m"), "2/m")
    | {"20": "2/m", "21": "2/m", "121": "2/m", "112": "2/m", "m": "2/m", "22": "mmm", "mm2": "mmm", "-4": "4/m"}
    | {"42": "4/mmm", "4mm": "4/mmm", "-42m": "4/mmm", "-4m2": "4/mmm", "321": "-3m", "312": "-3m", "3m": "-3m"}
    | {"3m1": "-3m", "31m": "-3m", "-3m1": "-3m", "-31m": "-3m", "62": "6/mmm", "6mm": "6/mmm", "-6m2": "6/mmm"}
    | {"-62m": "6/mmm", "-6": "6/m", "m3": "m-3", "43": "m-3m", "m3m": "m-3m", "-43m": "m-3m"}
)


@dataclass(frozen=True, slots=True)
class Phase:
    """A crystal phase of a map.

    Attributes
    ----------
    name
        As the file words it.
    laue_group
        One of `LAUE_ORDER`; None when the file is silent, and then nothing that needs symmetry can be measured.
    lattice
        a, b, c in angstrom and alpha, beta, gamma in degrees, or None.
    space_group
        Number in the International Tables, or None.
    x_axis
        Which crystal axis Cartesian x lies along: ``a`` (TSL, EMsoft) or ``a*`` (Channel 5, AZtec, Bruker).
        It turns the twofold axes of a trigonal crystal by 30 degrees.
    """

    name: str
    laue_group: str | None = None
    lattice: tuple[float, float, float, float, float, float] | None = None
    space_group: int | None = None
    x_axis: Literal["a", "a*"] = "a"

    def __post_init__(self) -> None:
        if self.laue_group is not None and self.laue_group not in PROPER_GROUP:
            raise ReadError(f"{self.name}: {self.laue_group!r} is no Laue group; use one of {', '.join(LAUE_ORDER)}.")

    @property
    def point_group(self) -> str:
        """Proper point group; empty when the Laue group is unknown."""
        return "" if self.laue_group is None else PROPER_GROUP[self.laue_group]

    @property
    def is_cubic(self) -> bool:
        """Whether the crystal is cubic."""
        return self.laue_group in CUBIC

    @property
    def operators(self) -> np.ndarray:
        """Rotations of the proper point group, ``(order, 4)`` float64 unit quaternions, scalar first.

        ``s * q`` describes the same crystal as ``q`` for every operator ``s``.

        Raises
        ------
        ReadError
            When the Laue group is unknown.
        """
        if self.laue_group is None:
            raise ReadError(f"{self.name}: the file gives no symmetry for this phase; name its phases when reading.")
        between = self.space_group in _TWOFOLD_AXES_BETWEEN_A
        if self.laue_group == "2/m":
            return proper_operators("2", unique_axis=self.unique_axis)
        return proper_operators(self.point_group, twofold_along_y=between != (self.x_axis == "a*"))

    @property
    def unique_axis(self) -> Literal["a", "b", "c"]:
        """The axis of a monoclinic crystal that is twofold: the one whose lattice angle alone is not 90 degrees."""
        angles = () if self.lattice is None else self.lattice[3:]
        oblique = [axis for axis, angle in zip(_AXES, angles, strict=False) if abs(angle - 90) > _RIGHT_ANGLE_DEG]
        return oblique[0] if len(oblique) == 1 else "b"


def laue_from_space_group(number: int) -> str | None:
    """Return the Laue group of a space group number, None outside 1 to 230."""
    if not 1 <= number <= 230:
        return None
    return next(laue for laue, last in zip(LAUE_ORDER, _LAST_SPACE_GROUP, strict=True) if number <= last)


def laue_from_symbol(symbol: str) -> str | None:
    """Return the Laue group that a point-group symbol or TSL symmetry code belongs to, None when it is neither.

    A symbol in square brackets wins, as in ``Cubic (Oh) [m3m]``.
    """
    bracketed = re.search(r"\[([^\]]+)\]", symbol)
    text = (bracketed.group(1) if bracketed else symbol).replace(" ", "").strip().lower()
    return _SYMBOL.get(text)


@lru_cache(maxsize=32)
def proper_operators(
    point_group: str, *, twofold_along_y: bool = False, unique_axis: Literal["a", "b", "c"] = "b"
) -> np.ndarray:
    """Return the rotations of a proper point group.

    Parameters
    ----------
    point_group
        One of 1, 2, 222, 4, 422, 3, 32, 6, 622, 23, 432.
    twofold_along_y
        For group 32: whether a twofold axis lies along y instead of x.
    unique_axis
        For group 2: the crystal axis of the setting that is along x (a), y (b) or z (c).

    Returns
    -------
    ndarray
        ``(order, 4)`` float64 unit quaternions, scalar first, identity first, read-only.
    """
    x, y, z, diagonal = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)
    side = y if twofold_along_y else x
    generators = {
        "1": [],
        "2": [((x, y, z)[_AXES.index(unique_axis)], 2)],
        "222": [(z, 2), (x, 2)],
        "4": [(z, 4)],
        "422": [(z, 4), (x, 2)],
        "3": [(z, 3)],
        "32": [(z, 3), (side, 2)],
        "6": [(z, 6)],
        "622": [(z, 6), (x, 2)],
        "23": [(z, 2), (diagonal, 3)],
        "432": [(z, 4), (diagonal, 3)],
    }[point_group]
    group = _closure([_turn(axis, order) for axis, order in generators])
    group.setflags(write=False)
    return group


def products(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the products ``p * q`` of quaternions, ``(..., 4)`` float64, scalar first, broadcast over each other."""
    scalar = p[..., :1] * q[..., :1] - np.sum(p[..., 1:] * q[..., 1:], axis=-1, keepdims=True)
    vector = p[..., :1] * q[..., 1:] + q[..., :1] * p[..., 1:] + np.cross(p[..., 1:], q[..., 1:])
    return np.concatenate((scalar, vector), axis=-1)


def _turn(axis: tuple[float, float, float], order: int) -> np.ndarray:
    half = math.pi / order
    unit = np.array(axis) / math.sqrt(sum(part * part for part in axis))
    return np.concatenate(([math.cos(half)], math.sin(half) * unit))


def _closure(generators: list[np.ndarray]) -> np.ndarray:
    group = [np.array([1.0, 0.0, 0.0, 0.0])]
    todo = list(group)
    while todo:
        left = todo.pop()
        for right in generators:
            product = products(left, right)
            if not any(abs(float(product @ known)) > 1 - 1e-9 for known in group):
                group.append(product)
                todo.append(product)
    return np.array(group)
