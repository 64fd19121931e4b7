"""The sodium inventory: what the charge passed should have plated against what the section shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sodalite.measure.capacity import theoretical_thickness_um
from sodalite.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence


def inventory_quantities(
    gross: Quantity,
    net: Quantity,
    dead: Quantity,
    *,
    charge_mah_cm2: float | None,
    plating_efficiency: float,
    density_g_cm3: float,
) -> list[Quantity]:
    """Return theoretical_thickness, packing_density and closure_residual; nothing when no charge was given.

    The theoretical thickness follows Faraday's law and is taken as exact; the charge, the efficiency and the density
    stand in its note. Packing density is theoretical over gross thickness. The residual is theoretical thickness less
    net thickness and dead sodium: sodium that is bound elsewhere (interphase, edges, pores of the collector) if
    positive, more sodium than the charge can give if negative. Intervals of the residual add in quadrature, each side
    for itself (first-order propagation, JCGM 100:2008, 5.1.2, uncorrelated inputs).

    Parameters
    ----------
    gross, net
        thickness_gross_mean and thickness_net_mean, um.
    dead
        dead_sodium_equivalent_thickness, um.
    charge_mah_cm2
        Charge passed per interface area; None gives an empty list.
    plating_efficiency
        Share of the charge that plates sodium, above 0 and up to 1.
    density_g_cm3
        Density of sodium, g/cm3.

    Raises
    ------
    MeasurementError
        When the charge is negative, the efficiency is outside 0 to 1 or the density is not positive.
    """
    if charge_mah_cm2 is None:
        return []
    theory_um = theoretical_thickness_um(
        charge_mah_cm2, plating_efficiency=plating_efficiency, density_g_cm3=density_g_cm3
    )
    terms = f"{charge_mah_cm2:g} mAh cm-2, plating efficiency {plating_efficiency:g}, {density_g_cm3:g} g cm-3"
    theory = Quantity("theoretical_thickness", theory_um, n=1, note=f"taken as exact: {terms}")
    return [theory, _packing_density(theory_um, gross), _closure_residual(theory_um, net, dead)]


def _packing_density(theory_um: float, gross: Quantity) -> Quantity:
    if math.isnan(gross.value):
        return Quantity.withheld("packing_density", f"no gross thickness ({gross.note})")
    if gross.value <= 0:
        return Quantity.withheld("packing_density", "the gross thickness is zero")
    high = theory_um / gross.low if gross.low > 0 else math.inf if gross.low <= 0 else math.nan
    note = "no interval, because the gross thickness has none" if math.isnan(gross.low) else ""
    return Quantity("packing_density", theory_um / gross.value, theory_um / gross.high, high, gross.n, note)


def _closure_residual(theory_um: float, net: Quantity, dead: Quantity) -> Quantity:
    for part in (net, dead):
        if math.isnan(part.value):
            return Quantity.withheld("closure_residual", f"{part.quantity} is withheld ({part.note})")
    value = theory_um - net.value - dead.value
    below = _quadrature([part.high - part.value for part in (net, dead)])
    above = _quadrature([part.value - part.low for part in (net, dead)])
    bare = [part.quantity for part in (net, dead) if math.isnan(part.low) or math.isnan(part.high)]
    note = f"no interval, because {' and '.join(bare)} has none" if bare else ""
    return Quantity("closure_residual", value, value - below, value + above, net.n, note)


def _quadrature(parts: Sequence[float]) -> float:
    return math.sqrt(sum(part * part for part in parts))
