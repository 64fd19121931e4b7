"""Dead sodium in numbers: shape classes, counts, area fraction, equivalent thickness and the charge it holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sodalite.classes import SectionClass, any_of
from sodalite.errors import MeasurementError
from sodalite.measure.capacity import thickness_per_charge_um
from sodalite.measure.confidence import Interval, area_fraction_interval, poisson_interval
from sodalite.measure.shape import skeleton
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

SHAPES = ("spherical", "filamentary", "irregular", "unresolved")
RESOLVED_ECD_PX = 6.0
"""Equivalent diameter below which an object gets no shape class: its area is off by 10 to 20 %."""

UM2_PER_MM2 = 1e6
_CAVEAT = "2D section: an upper bound, a connection out of the plane is not seen"
_LOOKED_AT = (
    SectionClass.ELECTROLYTE,
    SectionClass.DEAD_SODIUM,
    SectionClass.SODIUM,
    SectionClass.CRACK,
    SectionClass.PORE,
)
_NAMES = (
    "dead_sodium_count",
    "dead_sodium_spherical_count",
    "dead_sodium_filamentary_count",
    "dead_sodium_irregular_count",
    "dead_sodium_fraction",
    "dead_sodium_density_mm2",
    "dead_sodium_equivalent_thickness",
    "dead_sodium_charge",
)


def withheld_dead_sodium(why: str) -> list[Quantity]:
    """Return every dead-sodium quantity without a value, with the reason why nothing was searched."""
    return [Quantity.withheld(name, why) for name in _NAMES]


def skeleton_columns(
    objects: npt.NDArray[np.integer], table: pd.DataFrame, spacing_um: tuple[float, float]
) -> pd.DataFrame:
    """Return a copy of `table` with skeleton_length_um and branch_count of each of its labels.

    Parameters
    ----------
    objects
        ``(y, x)`` labels, 0 = none.
    table
        One row an object, with its label.
    spacing_um
        Pixel size (y, x) in um.
    """
    from scipy.ndimage import find_objects

    boxes = find_objects(np.asarray(objects, np.int32)) if len(table) else []
    found = [skeleton(objects[boxes[label - 1]] == label, spacing_um) for label in table["label"]]
    lengths = np.array([each.skeleton_length_um for each in found], dtype=float)
    branches = np.array([each.branch_count for each in found], dtype=np.int64)
    return table.assign(skeleton_length_um=lengths, branch_count=branches)


def shape_class(
    table: pd.DataFrame,
    *,
    resolved_ecd_um: float,
    round_circularity: float,
    round_aspect_ratio: float,
    long_aspect_ratio: float,
    open_solidity: float,
) -> pd.Series:
    """Return the shape of each object: spherical, filamentary, irregular, or unresolved where it is too small to tell.

    Spherical is round and compact: circularity and aspect ratio within their limits. Filamentary is long, or open and
    branched. The rest is irregular.

    Parameters
    ----------
    table
        One row an object: ecd_um, circularity, aspect_ratio, solidity, branch_count.
    resolved_ecd_um
        Equivalent diameter in um below which nothing is told.
    round_circularity, round_aspect_ratio
        Least circularity and largest aspect ratio of a spherical object, such as 0.80 and 1.5.
    long_aspect_ratio
        Least aspect ratio of a filament, such as 3.
    open_solidity
        Solidity below which a branched object is filamentary, such as 0.80.
    """
    import pandas as pd

    spherical = (table["circularity"] >= round_circularity) & (table["aspect_ratio"] <= round_aspect_ratio)
    branched = (table["solidity"] < open_solidity) & (table["branch_count"] >= 1)
    filamentary = (table["aspect_ratio"] >= long_aspect_ratio) | branched
    unresolved = table["ecd_um"] < resolved_ecd_um
    chosen = np.select([unresolved, spherical, filamentary], [SHAPES[3], SHAPES[0], SHAPES[1]], SHAPES[2])
    return pd.Series(chosen, index=table.index, name="shape", dtype="str")


def dead_sodium_quantities(
    labels: npt.NDArray[np.integer],
    table: pd.DataFrame,
    electrolyte_row: npt.NDArray[np.float64],
    spacing_um: tuple[float, float],
    *,
    density_g_cm3: float,
    count_range: tuple[int, int] | None,
) -> list[Quantity]:
    """Return counts, area fraction, density, equivalent thickness and charge of the dead sodium.

    The electrolyte looked at is what lies below its face, objects, cracks and pores included, and any dead sodium above
    it. The interval of the area fraction comes from the covariance of the objects in this one image and carries over to
    equivalent thickness and charge; counts and density have exact Poisson intervals.

    Parameters
    ----------
    labels
        ``(y, x)`` ids of `SectionClass`; dead sodium is DEAD_SODIUM.
    table
        One row an object: label, shape; objects with ``path_to_collector`` are active and left out.
    electrolyte_row
        ``(x,)`` edge row of the electrolyte's face in pixels; NaN where it is not in the image.
    spacing_um
        Pixel size (y, x) in um.
    density_g_cm3
        Density of sodium, for the charge.
    count_range
        Number of objects at 8- and at 4-connectivity, for the note; None when not known.

    Returns
    -------
    list of Quantity
        Every note repeats that a 2D section gives an upper bound; withheld where no electrolyte is in the image.

    Raises
    ------
    MeasurementError
        When the face does not have one row a column.
    """
    if labels.shape[1:] != electrolyte_row.shape:
        raise MeasurementError(
            f"electrolyte_row: {electrolyte_row.shape} rows for {labels.shape[1]} columns; give one a column."
        )
    first = np.ceil(np.where(np.isfinite(electrolyte_row), electrolyte_row, labels.shape[0]) - 0.5).astype(np.int32)
    region = any_of(labels, _LOOKED_AT) & (np.arange(labels.shape[0], dtype=np.int32)[:, None] >= first)
    if not region.any():
        return withheld_dead_sodium("no electrolyte below a traced face")
    dead = labels == SectionClass.DEAD_SODIUM
    region |= dead
    rows = table[~table["path_to_collector"].to_numpy(bool)]
    area_um2 = np.count_nonzero(region) * spacing_um[0] * spacing_um[1]
    width_um = float(region.any(axis=0).sum()) * spacing_um[1]
    counts = _counts(rows, count_range)
    density = _scaled("dead_sodium_density_mm2", counts[0], UM2_PER_MM2 / area_um2)
    fraction = _fraction(dead, region, spacing_um, len(rows))
    thickness = _scaled("dead_sodium_equivalent_thickness", fraction, area_um2 / width_um)
    per_um = 1 / thickness_per_charge_um(density_g_cm3=density_g_cm3)
    charge = _scaled("dead_sodium_charge", thickness, per_um).with_note(f"sodium of {density_g_cm3:.4g} g cm-3")
    return [*counts, fraction, density, thickness, charge]


def _counts(rows: pd.DataFrame, count_range: tuple[int, int] | None) -> list[Quantity]:
    shapes = rows["shape"].to_list() if len(rows) else []
    spherical, filamentary, irregular, unresolved = (shapes.count(shape) for shape in SHAPES)
    range_note = f"; {count_range[0]} at 8- and {count_range[1]} at 4-connectivity" if count_range else ""
    small_note = f"; {unresolved} of them too small to tell" if unresolved else ""
    return [
        _count("dead_sodium_count", len(rows), _CAVEAT + range_note),
        _count("dead_sodium_spherical_count", spherical, _CAVEAT),
        _count("dead_sodium_filamentary_count", filamentary, _CAVEAT),
        _count("dead_sodium_irregular_count", irregular + unresolved, _CAVEAT + small_note),
    ]


def _count(name: str, count: int, note: str) -> Quantity:
    low, high = poisson_interval(count)
    return Quantity(name, float(count), low, high, count, note)


def _fraction(
    dead: npt.NDArray[np.bool_], region: npt.NDArray[np.bool_], spacing_um: tuple[float, float], count: int
) -> Quantity:
    value = np.count_nonzero(dead) / np.count_nonzero(region)
    if value > 0:
        interval = area_fraction_interval(dead, region, spacing_um)
        return Quantity("dead_sodium_fraction", value, interval.low, interval.high, count, _CAVEAT)
    resolved_px = math.pi / 4 * RESOLVED_ECD_PX**2
    bound = Interval(0.0, min(1.0, poisson_interval(0)[1] * resolved_px / np.count_nonzero(region)), 0.0)
    assumed_um = RESOLVED_ECD_PX * math.sqrt(spacing_um[0] * spacing_um[1])
    note = f"none found; bound for objects of {assumed_um:.3g} um, it grows with the square of their diameter"
    return Quantity("dead_sodium_fraction", 0.0, bound.low, bound.high, 0, f"{note}; {_CAVEAT}")


def _scaled(name: str, base: Quantity, factor: float) -> Quantity:
    return Quantity(name, base.value * factor, base.low * factor, base.high * factor, base.n, base.note)
