"""Charge and thickness of a metal layer turned into each other by Faraday's law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sodalite.errors import MeasurementError

if TYPE_CHECKING:
    import numpy as np

FARADAY_C_MOL = 96485.33212
"""Faraday constant, CODATA 2018 (exact since the SI of 2019)."""
SODIUM_MOLAR_MASS_G_MOL = 22.98976928
"""Standard atomic weight of sodium, IUPAC 2021."""
_C_PER_MAH = 3.6
_UM_PER_CM = 1e4


def specific_capacity_mah_g(*, molar_mass_g_mol: float = SODIUM_MOLAR_MASS_G_MOL, valence: int = 1) -> float:
    """Return the charge in a gram of metal, z F / (3.6 M), in mAh/g.

    Raises
    ------
    MeasurementError
        When the molar mass or the valence is not positive.
    """
    _check_positive("molar_mass_g_mol", molar_mass_g_mol)
    _check_positive("valence", valence)
    return valence * FARADAY_C_MOL / (_C_PER_MAH * molar_mass_g_mol)


def thickness_per_charge_um(
    *, density_g_cm3: float, molar_mass_g_mol: float = SODIUM_MOLAR_MASS_G_MOL, valence: int = 1
) -> float:
    """Return the thickness of dense metal in a mAh/cm2, 3.6 M / (z F rho), in um cm2/mAh; sodium unless told.

    Sodium of 0.968 g/cm3 gives 8.8614, lithium of 0.534 g/cm3 4.849.

    Raises
    ------
    MeasurementError
        When the density, the molar mass or the valence is not positive.
    """
    _check_positive("density_g_cm3", density_g_cm3)
    per_gram = specific_capacity_mah_g(molar_mass_g_mol=molar_mass_g_mol, valence=valence)
    return _UM_PER_CM / (per_gram * density_g_cm3)


def theoretical_thickness_um(charge_mah_cm2: float, *, plating_efficiency: float, density_g_cm3: float) -> float:
    """Return the thickness of dense sodium, in um, that a charge per area gives at a plating efficiency (0 to 1).

    Raises
    ------
    MeasurementError
        When the charge is negative, or the efficiency is outside 0 to 1, or the density is not positive.
    """
    if not charge_mah_cm2 >= 0:
        raise MeasurementError(f"charge_mah_cm2: found {charge_mah_cm2}; give the charge passed, zero or above.")
    if not 0 < plating_efficiency <= 1:
        raise MeasurementError(f"plating_efficiency: found {plating_efficiency}; give a fraction above 0 and up to 1.")
    return charge_mah_cm2 * plating_efficiency * thickness_per_charge_um(density_g_cm3=density_g_cm3)


def sodium_charge_mah_cm2(thickness_um: float | np.ndarray, *, density_g_cm3: float) -> float | np.ndarray:
    """Return the charge per area, in mAh/cm2, that dense sodium of a thickness holds (0.11285 a um at 0.968 g/cm3).

    Raises
    ------
    MeasurementError
        When the density is not positive.
    """
    return thickness_um / thickness_per_charge_um(density_g_cm3=density_g_cm3)


def _check_positive(field: str, value: float) -> None:
    if not value > 0:
        raise MeasurementError(f"{field}: found {value}; give a number above zero.")
