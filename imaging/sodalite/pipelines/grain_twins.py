"""The twin that a recipe names: a coincidence lattice of cubic crystals, or an angle about a lattice direction."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from sodalite.ebsd.phase import HEXAGONAL
from sodalite.errors import MeasurementError
from sodalite.measure.misorientation import CSL, brandon_deg

if TYPE_CHECKING:
    from sodalite.ebsd import Phase

_TOLERANCE_DEG = 5.0
_SIGMA = re.compile(r"sigma\s*(\d{1,2})", re.IGNORECASE)
_NUMBER = r"\d{1,3}(?:\.\d{0,6})?"
_TURN = re.compile(rf"({_NUMBER})\s*[<\[]([-\d\s,]{{3,20}})[>\]]\s*(?:within\s*({_NUMBER}))?")
_INDEX = re.compile(r"-?\d")


class Twin(NamedTuple):
    """A misorientation: the angle about a direction by its indices, three cubic or four hexagonal, and how far off."""

    indices: tuple[int, ...]
    angle_deg: float
    tolerance_deg: float

    def axis(self, phase: Phase) -> tuple[float, float, float] | None:
        """Return the direction in the Cartesian axes of a phase, None where the lattice has no such indices.

        Raises
        ------
        MeasurementError
            When the direction leans and the lattice constants that tell how much are missing.
        """
        if len(self.indices) == 3:
            u, v, w = map(float, self.indices)
            return (u, v, w) if phase.is_cubic else None
        if phase.laue_group not in HEXAGONAL:
            return None
        u, v, t, w = self.indices
        if w and (u or v) and phase.lattice is None:
            raise MeasurementError(f"twin: {phase.name} has no lattice constants; name a direction in its basal plane.")
        ratio = 1.0 if phase.lattice is None else phase.lattice[2] / phase.lattice[0]
        first = -math.pi / 6 if phase.x_axis == "a*" else 0.0
        turns = [first + k * 2 * math.pi / 3 for k in range(3)]
        x, y = (sum(n * each(turn) for n, turn in zip((u, v, t), turns, strict=True)) for each in (math.cos, math.sin))
        return x, y, w * ratio


def parse_twin(text: str) -> Twin:
    """Return the twin of ``sigma3``, ``60<111>``, ``86.3<11-20> within 3``.

    Raises
    ------
    ValueError
        When the text is none of these, or the four indices of a direction do not fit together.
    """
    sigma, turn = _SIGMA.fullmatch(text.strip()), _TURN.fullmatch(text.strip())
    if sigma is not None and int(sigma.group(1)) in CSL:
        axis, angle_deg = CSL[int(sigma.group(1))]
        return Twin(tuple(map(int, axis)), angle_deg, brandon_deg(int(sigma.group(1))))
    indices = () if turn is None else tuple(map(int, _INDEX.findall(turn.group(2))))
    if turn is None or len(indices) not in (3, 4) or not any(indices):
        names = ", ".join(f"sigma{number}" for number in CSL)
        raise ValueError(f"it names no twin; write {names}, or an angle and a direction as in 60<111>, 86.3<11-20>")
    if len(indices) == 4 and indices[0] + indices[1] + indices[2] != 0:
        raise ValueError("the first three of four indices must add up to 0, as in 86.3<11-20>")
    return Twin(indices, float(turn.group(1)), float(turn.group(3) or _TOLERANCE_DEG))
