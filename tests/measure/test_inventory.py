"""The closure of the sodium inventory against hand calculation and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.measure.inventory import inventory_quantities
from sodalite.quantity import Quantity

SETTINGS = {"plating_efficiency": 1.0, "density_g_cm3": 0.968}
THEORY_UM = 110.77


def _inputs(net_um: float = 100.0, dead_um: float = 2.0) -> tuple[Quantity, Quantity, Quantity]:
    gross = Quantity("thickness_gross_mean", 115.0, 112.0, 118.0, 2048)
    net = Quantity("thickness_net_mean", net_um, net_um - 3.0, net_um + 3.0, 2048)
    dead = Quantity("dead_sodium_equivalent_thickness", dead_um, dead_um - 1.0, dead_um + 4.0, 12)
    return gross, net, dead


def test_nothing_without_a_charge() -> None:
    """An image without electrochemistry has no inventory."""
    assert inventory_quantities(*_inputs(), charge_mah_cm2=None, **SETTINGS) == []


def test_closure_by_hand() -> None:
    """12.5 mAh/cm2 against 115 um gross, 100 um net and 2 um dead: each number and bound by hand."""
    theory, packing, residual = inventory_quantities(*_inputs(), charge_mah_cm2=12.5, **SETTINGS)
    assert theory.value == pytest.approx(THEORY_UM, abs=0.01)
    assert packing.value == pytest.approx(THEORY_UM / 115, abs=1e-4)
    assert (packing.low, packing.high) == pytest.approx((THEORY_UM / 118, THEORY_UM / 112), abs=1e-4)
    assert residual.value == pytest.approx(THEORY_UM - 102, abs=0.01)
    assert residual.value - residual.low == pytest.approx(math.hypot(3, 4))
    assert residual.high - residual.value == pytest.approx(math.hypot(3, 1))


def test_interval_covers_the_truth() -> None:
    """Net and dead sodium drawn with the spread of their intervals: the residual's interval covers 95 % of the time."""
    draws = np.random.default_rng(3).normal(size=(2000, 2))
    hits = 0
    for first, second in draws:
        net, dead = 100 + 2 * first, 10 + 1 * second
        parts = (
            Quantity("thickness_gross_mean", 115.0, 112.0, 118.0, 9),
            Quantity("thickness_net_mean", net, net - 1.96 * 2, net + 1.96 * 2, 9),
            Quantity("dead_sodium_equivalent_thickness", dead, dead - 1.96, dead + 1.96, 9),
        )
        residual = inventory_quantities(*parts, charge_mah_cm2=12.5, **SETTINGS)[2]
        hits += residual.low <= THEORY_UM - 110 <= residual.high
    assert hits / 2000 == pytest.approx(0.95, abs=0.02)


def test_withheld_parts_withhold_the_sum() -> None:
    """Without a net thickness there is no residual, and an input without interval gives a value without one."""
    gross, net, dead = _inputs()
    blind = Quantity.withheld("thickness_net_mean", "cut by the image's lower edge")
    residual = inventory_quantities(gross, blind, dead, charge_mah_cm2=12.5, **SETTINGS)[2]
    assert math.isnan(residual.value)
    assert "cut by the image's lower edge" in residual.note
    bare = Quantity("dead_sodium_equivalent_thickness", 2.0)
    residual = inventory_quantities(gross, net, bare, charge_mah_cm2=12.5, **SETTINGS)[2]
    assert residual.value == pytest.approx(THEORY_UM - 102, abs=0.01)
    assert math.isnan(residual.low)
    assert "dead_sodium_equivalent_thickness" in residual.note
