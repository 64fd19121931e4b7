"""Random fields whose expected values are known, to test whether 95 % intervals cover them.

A single phantom has its own exact truth; an interval from one image speaks of the material behind it. These fields have
a known *expected* void fraction and contact fraction over all draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


def boolean_disc_fraction(density_um2: float, radius_um: float) -> float:
    """Return the expected area fraction of overlapping discs, ``A_A = 1 - exp(-density pi radius**2)``.

    Chiu, Stoyan, Kendall and Mecke, "Stochastic Geometry and its Applications", 2013, section 3.1.
    """
    return 1 - math.exp(-density_um2 * math.pi * radius_um**2)


def boolean_disc_density_um2(fraction: float, radius_um: float) -> float:
    """Return how many disc centres per um2 give an expected area `fraction`."""
    return -math.log(1 - fraction) / (math.pi * radius_um**2)


def boolean_disc_covariance(distance_um: np.ndarray, *, density_um2: float, radius_um: float) -> np.ndarray:
    """Return the covariance of the field at two points `distance_um` apart, an array of the same shape.

    ``C(h) = (1 - p)**2 (exp(density K(h)) - 1)``, K the overlap of two discs at distance h (same book, section 3.1.4).
    """
    half = np.clip(np.asarray(distance_um, float) / (2 * radius_um), 0, 1)
    overlap = 2 * radius_um**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    empty = 1 - boolean_disc_fraction(density_um2, radius_um)
    return empty**2 * np.expm1(density_um2 * overlap)


def boolean_disc_field(
    shape: tuple[int, int], spacing_um: tuple[float, float], *, density_um2: float, radius_um: float, seed: int
) -> np.ndarray:
    """Return a mask ``(y, x)`` bool of a Boolean model: Poisson centres, discs of one radius, overlaps allowed.

    Centres also fall outside the frame, so that the expected fraction is the same everywhere. A pixel is in the mask
    when its centre lies in a disc.
    """
    rng = np.random.default_rng([seed, *b"boolean discs"])
    high, wide = shape[0] * spacing_um[0], shape[1] * spacing_um[1]
    count = rng.poisson(density_um2 * (high + 2 * radius_um) * (wide + 2 * radius_um))
    centres = rng.uniform(size=(count, 2)) * [high + 2 * radius_um, wide + 2 * radius_um] - radius_um
    mask = np.zeros(shape, bool)
    for z, x in centres:
        rows, row_um = _near(z, radius_um, shape[0], spacing_um[0])
        columns, column_um = _near(x, radius_um, shape[1], spacing_um[1])
        mask[rows, columns] |= row_um[:, None] ** 2 + column_um[None, :] ** 2 <= radius_um**2
    return mask


def _near(centre_um: float, reach_um: float, count: int, step_um: float) -> tuple[slice, np.ndarray]:
    """Return the pixels within reach of a place and the distance of their centres from it."""
    first = min(max(0, math.floor((centre_um - reach_um) / step_um)), count)
    last = max(first, min(count, math.ceil((centre_um + reach_um) / step_um)))
    return slice(first, last), (np.arange(first, last) + 0.5) * step_um - centre_um


@dataclass(frozen=True, slots=True)
class RenewalInterface:
    """An interface that alternates between contact and void.

    Attributes
    ----------
    voided
        ``(x,)`` bool: the column's centre lies in a voided run.
    contact_fraction
        Expected over all draws, ``m_g / (m_g + m_v)`` with the mean lengths of contact and voided runs.
    """

    voided: np.ndarray
    contact_fraction: float


def renewal_interface(
    columns: int, pixel_um: float, *, mean_void_um: float, mean_contact_um: float, seed: int, least_um: float = 0.0
) -> RenewalInterface:
    """Return an alternating renewal process along x, in equilibrium at the left edge.

    Voided and contact runs have independent lengths: `least_um` and an exponential rest with the stated means.
    The process begins far left of the picture, where its start is forgotten.

    Raises
    ------
    ValueError
        When a mean length is not above `least_um`.
    """
    if min(mean_void_um, mean_contact_um) <= least_um:
        raise ValueError(
            f"mean runs of {mean_void_um} and {mean_contact_um} um must be longer than least_um={least_um}."
        )
    rng = np.random.default_rng([seed, *b"renewal"])
    length_um = columns * pixel_um
    period = mean_void_um + mean_contact_um
    pairs = math.ceil((length_um + 60 * period) / period * 1.5) + 50
    void = least_um + rng.exponential(mean_void_um - least_um, pairs)
    contact = least_um + rng.exponential(mean_contact_um - least_um, pairs)
    edges = np.cumsum(np.stack([contact, void], axis=1).ravel())
    start = rng.uniform(30 * period, 31 * period)
    place = start + (np.arange(columns) + 0.5) * pixel_um
    return RenewalInterface(np.searchsorted(edges, place) % 2 == 1, mean_contact_um / period)
