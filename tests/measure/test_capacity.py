"""Faraday's law against published conversions."""

from __future__ import annotations

import pytest

from sodalite.errors import MeasurementError
from sodalite.measure import capacity

UM_PER_MAH_CM2 = {0.968: 8.8614, 0.971: 8.8340}
THICKNESS_UM = {2.0: 17.72, 4.0: 35.45, 12.5: 110.77}
LITHIUM_MOLAR_MASS, LITHIUM_DENSITY = 6.94, 0.534
LITHIUM_UM, LITHIUM_MAH_G = 4.8491, 3861.9
SODIUM_MAH_G, SODIUM_MAH_CM3 = 1165.80, 1128.49


@pytest.mark.parametrize("density", UM_PER_MAH_CM2)
def test_sodium_per_charge(density: float) -> None:
    """A mAh/cm2 of sodium is 8.861 um thick at 0.968 g/cm3."""
    assert capacity.thickness_per_charge_um(density_g_cm3=density) == pytest.approx(UM_PER_MAH_CM2[density], abs=5e-5)


@pytest.mark.parametrize("charge", THICKNESS_UM)
def test_thickness_of_a_charge(charge: float) -> None:
    """12.5 mAh/cm2 give 110.77 um of dense sodium, and half of it at half the efficiency."""
    full = capacity.theoretical_thickness_um(charge, plating_efficiency=1.0, density_g_cm3=0.968)
    half = capacity.theoretical_thickness_um(charge, plating_efficiency=0.5, density_g_cm3=0.968)
    assert full == pytest.approx(THICKNESS_UM[charge], abs=6e-3)
    assert half == pytest.approx(full / 2)


def test_charge_of_a_thickness_is_the_inverse() -> None:
    """A layer of 50 um holds 5.642 mAh/cm2, and the way there and back changes nothing."""
    charge = capacity.sodium_charge_mah_cm2(50.0, density_g_cm3=0.968)
    assert charge == pytest.approx(5.642, abs=5e-4)
    back = capacity.theoretical_thickness_um(float(charge), plating_efficiency=1.0, density_g_cm3=0.968)
    assert back == pytest.approx(50.0)


def test_lithium_and_specific_capacities() -> None:
    """The same formula gives the handbook's specific capacities of lithium and sodium."""
    lithium = capacity.thickness_per_charge_um(density_g_cm3=LITHIUM_DENSITY, molar_mass_g_mol=LITHIUM_MOLAR_MASS)
    assert lithium == pytest.approx(LITHIUM_UM, rel=1e-3)
    assert capacity.specific_capacity_mah_g(molar_mass_g_mol=LITHIUM_MOLAR_MASS) == pytest.approx(
        LITHIUM_MAH_G, rel=1e-3
    )
    assert capacity.specific_capacity_mah_g() == pytest.approx(SODIUM_MAH_G, abs=0.05)
    assert capacity.specific_capacity_mah_g() * 0.968 == pytest.approx(SODIUM_MAH_CM3, abs=0.05)


def test_density_from_the_lattice() -> None:
    """Two atoms in a cube of 4.2906 angstrom weigh 0.9666 g/cm3, which is 0.14 % below the density in use."""
    density = 2 * capacity.SODIUM_MOLAR_MASS_G_MOL / (6.02214076e23 * (4.2906e-8) ** 3)
    assert density == pytest.approx(0.96663, abs=2e-5)


@pytest.mark.parametrize(
    ("field", "value"), [("charge_mah_cm2", -1.0), ("plating_efficiency", 1.5), ("density_g_cm3", 0.0)]
)
def test_impossible_inputs_are_named(field: str, value: float) -> None:
    """The message names the field and what was found."""
    given = {"charge_mah_cm2": 1.0, "plating_efficiency": 1.0, "density_g_cm3": 0.968} | {field: value}
    charge = given.pop("charge_mah_cm2")
    with pytest.raises(MeasurementError, match=f"{field}: found {value}"):
        capacity.theoretical_thickness_um(charge, **given)
