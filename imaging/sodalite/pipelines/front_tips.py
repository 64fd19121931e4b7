"""Where in the pictures of a growth the protrusions end that were counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.classes import SectionClass
from sodalite.pipelines.front_frames import upright

if TYPE_CHECKING:
    from sodalite.result import Result

_OUTWARD = {"top": (1, 0), "bottom": (-1, 0), "left": (0, 1), "right": (0, -1)}
"""Side of the substrate -> direction ``(y, x)`` in which the deposit grows."""


class Tip(NamedTuple):
    """The end of a protrusion in a picture as the camera saw it.

    Attributes
    ----------
    y_px, x_px
        Edge coordinates: the middle of the first pixel is at 0.5.
    outward
        Direction ``(y, x)`` in which it grows.
    height_um, width_um, aspect_ratio, dendrite_like, thinner_than_blur
        As in ``protrusions.csv``.
    largest
        Whether it is the highest of its frame.
    """

    y_px: float
    x_px: float
    outward: tuple[int, int]
    height_um: float
    width_um: float
    aspect_ratio: float
    dendrite_like: bool
    thinner_than_blur: bool
    largest: bool


def front_tips(result: Result, place: int) -> list[Tip]:
    """Return the tips of the protrusions in one frame of a front result, in order along the substrate.

    Parameters
    ----------
    result
        Of the front recipe.
    place
        Of the frame among the measured ones, from 0.
    """
    side = str(result.provenance["recipe"]["grows_from"])
    number = result.provenance["steps"][place]["step"]
    table = result.tables["protrusions"]
    rows = table[table["step"] == number]
    covered = np.isin(upright(result.labels["labels"][place], side), (SectionClass.COLLECTOR, SectionClass.SODIUM))
    across_um = result.spacing_um[-1] if side in ("top", "bottom") else result.spacing_um[-2]
    highest = rows["height_um"].max()
    tips = []
    for row in rows.itertuples():
        along = float(row.x_um) / across_um
        column = covered[:, min(int(along), covered.shape[1] - 1)]
        end = len(column) - int(column[::-1].argmax()) if column.any() else 0
        away = float(len(column) - end if side in ("bottom", "right") else end)
        y_px, x_px = (away, along) if side in ("top", "bottom") else (along, away)
        tips.append(
            Tip(
                y_px, x_px, _OUTWARD[side], row.height_um, row.width_um, row.aspect_ratio, bool(row.dendrite_like),
                bool(row.thinner_than_blur), row.height_um == highest,
            )
        )  # fmt: skip
    return tips
