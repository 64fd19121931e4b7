"""Texture along the growth direction of a cubic film: shares of <100>, <110> and <111> against chance."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sodalite.ebsd.phase import CUBIC
from sodalite.errors import MeasurementError
from sodalite.measure.grain_statistics import LEAST_GRAINS, few_grains, share_interval
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[int, int, int]] = MappingProxyType({"100": (0, 0, 1), "110": (0, 1, 1), "111": (1, 1, 1)})
"""Name of a family of cubic directions -> the absolute values of its indices, rising."""

_MULTIPLICITY = {"100": 6, "110": 12, "111": 8}
_DRAWS_AT_ONCE = 2_000_000


class FibreShare(NamedTuple):
    """Share of the grains with one family of directions near the growth direction.

    Attributes
    ----------
    family
        ``100``, ``110`` or ``111``.
    area_fraction, low, high
        Share of the area and its 95 % interval.
    grain_fraction
        Share of the number of grains.
    random_fraction
        Share expected of random orientations.
    p_value
        Chance that random orientations of grains of these areas give at least this share of the area.
    grains
        Number of grains.
    """

    family: str
    area_fraction: float
    low: float
    high: float
    grain_fraction: float
    random_fraction: float
    p_value: float
    grains: int


def angles_to_family_deg(quaternions: np.ndarray, direction: tuple[float, float, float], family: str) -> np.ndarray:
    """Return the angle between a specimen direction and the nearest crystal direction of a cubic family, ``(n,)`` deg.

    Parameters
    ----------
    quaternions
        ``(n, 4)`` unit quaternions from specimen to crystal, scalar first.
    direction
        In the specimen frame of the quaternions (x, y, z); of any length.
    family
        ``100``, ``110`` or ``111``.

    Raises
    ------
    MeasurementError
        When the direction has no length, the family is unknown or the shape is wrong.
    """
    if family not in FAMILIES:
        raise MeasurementError(f"family: found {family!r}; use one of {', '.join(FAMILIES)}.")
    if quaternions.ndim != 2 or quaternions.shape[1] != 4:
        raise MeasurementError(f"quaternions: found shape {quaternions.shape}; give (n, 4).")
    length = math.sqrt(sum(part * part for part in direction))
    if not (math.isfinite(length) and length > 0):
        raise MeasurementError(f"direction: found {direction}; give (x, y, z) with a length.")
    along = np.asarray(direction, dtype=float) / length
    scalar, vector = quaternions[:, :1], quaternions[:, 1:]
    twice = 2 * np.cross(vector, along)
    in_crystal = along + scalar * twice + np.cross(vector, twice)
    # the nearest member of a family has its indices in the order of the direction's own components
    ordered = np.sort(np.abs(in_crystal), axis=1)
    indices = np.array(FAMILIES[family], dtype=float)
    across = np.linalg.norm(np.cross(ordered, indices), axis=1)
    return np.degrees(np.arctan2(across, ordered @ indices))


def random_fraction(family: str, within_deg: float) -> float:
    """Return the share of random orientations within an angle of a family: m (1 - cos) / 2 of m directions.

    Exact as long as the caps about the directions of the family do not overlap: up to 30 deg for <110>.
    """
    return _MULTIPLICITY[family] * (1 - math.cos(math.radians(within_deg))) / 2


def fibre_shares(
    quaternions: np.ndarray,
    area_um2: np.ndarray,
    *,
    direction: tuple[float, float, float],
    within_deg: float,
    draws: int,
    seed: int,
) -> list[FibreShare]:
    """Return the share of grains near each family of directions with interval, random expectation and null test.

    The interval is that of `grain_statistics.share_interval`, over grains. The null test draws for each
    grain whether it lies within the angle, with the exact chance of a random orientation, and adds the areas of those
    that do: that has the distribution of the share of randomly oriented grains with the same areas.

    Parameters
    ----------
    quaternions
        ``(n, 4)``, mean orientation of each grain, from specimen to crystal, scalar first.
    area_um2
        ``(n,)``, above 0.
    direction
        Growth direction in the specimen frame of the quaternions (x, y, z).
    within_deg
        Angle up to which a direction counts, up to 30 degrees.
    draws
        Number of draws of the null test.
    seed
        Of the null test.

    Raises
    ------
    MeasurementError
        When arrays, angle or direction make no sense.
    """
    if not 0 < within_deg <= 30:
        raise MeasurementError(f"within_deg: found {within_deg}; give an angle up to 30 degrees, such as 15.")
    if area_um2.shape != quaternions.shape[:1] or area_um2.size == 0 or not (area_um2 > 0).all():
        raise MeasurementError(
            f"area_um2: found shape {area_um2.shape} for {len(quaternions)} grains; give one area above 0 for each."
        )
    found = []
    for family in FAMILIES:
        near = angles_to_family_deg(quaternions, direction, family) <= within_deg
        chance = random_fraction(family, within_deg)
        share = float(area_um2[near].sum() / area_um2.sum())
        interval = share_interval(near, area_um2)
        p_value = _p_value(share, area_um2, chance, draws, np.random.default_rng(seed))
        found.append(
            FibreShare(family, share, interval.low, interval.high, float(near.mean()), chance, p_value, near.size)
        )
    return found


def texture_quantities(
    quaternions: np.ndarray,
    area_um2: np.ndarray,
    *,
    direction: tuple[float, float, float] | None,
    laue: str,
    within_deg: float,
    draws: int,
    seed: int,
) -> list[Quantity]:
    """Return texture_100_fraction, texture_110_fraction and texture_111_fraction with the null test in their notes.

    Withheld without a growth direction, without grains and for a phase that is not cubic.

    Parameters
    ----------
    quaternions, area_um2, within_deg, draws, seed
        As in `fibre_shares`, of one phase.
    direction
        Growth direction in the specimen frame of the quaternions; None when unknown.
    laue
        Laue group of the phase, such as ``m-3m``.

    Raises
    ------
    MeasurementError
        As `fibre_shares`.
    """
    names = [f"texture_{family}_fraction" for family in FAMILIES]
    why = ""
    if laue not in CUBIC:
        why = f"the families <100>, <110> and <111> are those of cubic crystals, the phase has Laue group {laue}"
    elif direction is None:
        why = "no growth direction was given"
    elif area_um2.size == 0:
        why = "no grain is large enough"
    if why or direction is None:
        return [Quantity.withheld(name, why) for name in names]
    shares = fibre_shares(quaternions, area_um2, direction=direction, within_deg=within_deg, draws=draws, seed=seed)
    return [_quantity(name, share) for name, share in zip(names, shares, strict=True)]


def _quantity(name: str, share: FibreShare) -> Quantity:
    note = (
        f"{100 * share.grain_fraction:.3g} % of the grains; random {100 * share.random_fraction:.4g} %, "
        f"at least this much by chance p = {share.p_value:.2g}"
    )
    if share.grains < LEAST_GRAINS:
        return Quantity(name, share.area_fraction, n=share.grains, note=f"{few_grains(share.grains)}; {note}")
    return Quantity(name, share.area_fraction, share.low, share.high, share.grains, note)


def _p_value(share: float, area_um2: np.ndarray, chance: float, draws: int, rng: np.random.Generator) -> float:
    part = (area_um2 / area_um2.sum()).astype(np.float32)
    at_least, done = 0, 0
    block = max(1, _DRAWS_AT_ONCE // part.size)
    while done < draws:
        count = min(block, draws - done)
        shares = (rng.random((count, part.size), dtype=np.float32) < chance) @ part
        at_least += int((shares >= share - 1e-6).sum())
        done += count
    return (at_least + 1) / (draws + 1)
