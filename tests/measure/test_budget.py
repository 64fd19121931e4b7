"""The uncertainty budget against hand calculation and its limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.errors import MeasurementError
from sodalite.glossary import GLOSSARY
from sodalite.measure.budget import SENSITIVITIES, Components, budget_record, combine
from sodalite.quantity import Quantity

NOTHING = Components(scale_relative_sd=0, tilt_relative_sd=0, face_um=0)
LENGTH_POWER = {"um": 1, "um2": 2, "um-1": -1, "mm-2": -2, "mAh cm-2": 1, "": 0, "deg": 0, "um/h": 1, "um2/h": 2}
LENGTH_POWER |= {"um2/(mAh cm-2)": 2}
FROM_OTHERS = ("theoretical_thickness", "closure_residual")


def test_every_unit_has_its_power_of_the_scale() -> None:
    """The power of the pixel size is that of the unit, for all but what is computed from combined quantities."""
    for name, follows in SENSITIVITIES.items():
        if name not in FROM_OTHERS:
            assert follows.scale == LENGTH_POWER[GLOSSARY[name].unit], name


def test_thickness_by_hand() -> None:
    """A 50 px layer at 0.1 um: 1 px a face is 4 %, scale 2 % and tilt 1.3 % add in quadrature with sampling."""
    thickness = Quantity("thickness_gross_mean", 5.0, 4.9, 5.2, n=100)
    components = Components(scale_relative_sd=0.02 / 1.96, tilt_relative_sd=0.013 / 1.96, face_um=0.1)
    (combined,) = combine([thickness], components)
    others = 0.2**2 + 0.1**2 + 0.065**2
    assert 5 - combined.low == pytest.approx(math.sqrt(0.1**2 + others), rel=1e-4)
    assert combined.high - 5 == pytest.approx(math.sqrt(0.2**2 + others), rel=1e-4)
    record = budget_record([thickness], components)["thickness_gross_mean"]
    assert record["faces"] == pytest.approx([0.2, 0.2])
    assert record["scale"] == pytest.approx([0.1, 0.1], rel=1e-4)
    assert record["tilt"] == pytest.approx([0.065, 0.065], rel=1e-4)
    assert record["sampling"] == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("name", "scale", "tilt"),
    [
        ("longest_void_run", 0.1, 0.0),
        ("void_ecd_mean", 0.1, 0.05),
        ("void_density_mm2", 0.2, 0.1),
        ("dead_sodium_charge", 0.1, 0.1),
        ("void_fraction", 0.0, 0.0),
    ],
)
def test_powers(name: str, scale: float, tilt: float) -> None:
    """Each component acts with the power of the definition."""
    value = 0.5
    components = Components(scale_relative_sd=0.1 / 1.959964, tilt_relative_sd=0.1 / 1.959964, face_um=0)
    record = budget_record([Quantity(name, value)], components)[name]
    assert record.get("scale", [0, 0])[1] == pytest.approx(scale * value, rel=1e-5)
    assert record.get("tilt", [0, 0])[1] == pytest.approx(tilt * value, rel=1e-5)


def test_a_percent_of_the_step_moves_grain_size_numbers_by_its_logarithm() -> None:
    """G falls by 2 where lengths double: 1 % of them is 2 / ln 2 / 100, whatever G is, and adds to the sampling."""
    components = Components(scale_relative_sd=0.01 / 1.959964, tilt_relative_sd=0, face_um=0)
    for name, value in (("astm_g_planimetric", 0.0), ("astm_g_e2627", 12.0), ("astm_g_intercept", -3.0)):
        (combined,) = combine([Quantity(name, value, value - 0.03, value + 0.04, n=9)], components)
        moved = math.log2(1.01**2)
        assert value - combined.low == pytest.approx(math.hypot(0.03, moved), rel=0.005)
        assert combined.high - value == pytest.approx(math.hypot(0.04, moved), rel=0.005)


def test_growth_constants_take_the_scale_twice_and_stay_signed() -> None:
    """K is an area per time: 3 % of the scale are 6 % of it; a constant that may be negative is not cut off at 0."""
    components = Components(scale_relative_sd=0.03 / 1.959964, tilt_relative_sd=0, face_um=0)
    (combined,) = combine([Quantity("growth_constant", 2.0, -1.0, 5.0, n=7)], components)
    assert combined.low == pytest.approx(2 - math.hypot(3, 0.12), rel=1e-5)
    assert combined.high == pytest.approx(2 + math.hypot(3, 0.12), rel=1e-5)
    exponent = Quantity("growth_exponent", 2.0, 1.5, math.inf, n=7)
    assert combine([exponent], components) == [exponent]


@given(
    value=st.floats(0.001, 0.999),
    below=st.floats(0.01, 1),
    above=st.floats(0, 1),
    sweep=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_shares_stay_between_zero_and_one(value: float, below: float, above: float, sweep: tuple[float, float]) -> None:
    """A combined share holds its value, is no narrower than any component and stays within 0 and 1."""
    low, high = value * (1 - below), value + (1 - value) * above
    share = Quantity("void_fraction", value, low, high, n=5)
    components = Components(scale_relative_sd=0, tilt_relative_sd=0, face_um=0, sweep={"void_fraction": sweep})
    (combined,) = combine([share], components)
    slack = 1e-9
    assert -slack <= combined.low <= min(low, *sweep) + slack
    assert max(high, *sweep) - slack <= combined.high <= 1 + slack


def test_a_bound_stays_a_bound() -> None:
    """No void with an upper bound, and one-sided ends, keep their side; a length does not fall below zero."""
    components = Components(scale_relative_sd=0.5, tilt_relative_sd=0, face_um=0, sweep={"void_fraction": (0.0, 0.02)})
    none, focusing, gap = combine(
        [
            Quantity("void_fraction", 0.0, 0.0, 0.01),
            Quantity("current_focusing", 1.2, 1.0, math.inf),
            Quantity("gap_mean", 1.0, 0.5, 1.5),
        ],
        components,
    )
    assert (none.low, none.high) == (0, pytest.approx(math.hypot(0.01, 0.02)))
    assert focusing.high == math.inf
    assert gap.low == 0


def test_the_open_end_of_a_share_is_its_limit() -> None:
    """A one-sided bound of a share ends at 0 or 1, where nothing but sampling acts on it too."""
    bounds = [Quantity("coverage", 1.0, 0.76, math.inf), Quantity("coverage", 0.0, -math.inf, 0.2)]
    full, none = combine(bounds, NOTHING)
    assert (full.low, full.high) == (0.76, 1.0)
    assert (none.low, none.high) == (0.0, 0.2)


def test_without_sampling_there_is_no_interval() -> None:
    """Scale and faces alone are no interval of an extreme value; a withheld value stays withheld."""
    components = Components(scale_relative_sd=0.01, tilt_relative_sd=0, face_um=0.1)
    largest, withheld = combine(
        [Quantity("thickness_gross_max", 4.0), Quantity.withheld("gap_max", "no face")], components
    )
    assert math.isnan(largest.low)
    assert math.isnan(largest.high)
    assert withheld == Quantity.withheld("gap_max", "no face") or math.isnan(withheld.value)
    assert "gap_max" not in budget_record([withheld], components)


def test_nothing_acts() -> None:
    """Without components the sampling interval is returned as it is."""
    share = Quantity("coverage", 0.9, 0.8, 0.95, 7, "note")
    (combined,) = combine([share], NOTHING)
    assert (combined.low, combined.high) == pytest.approx((0.8, 0.95))
    assert combined.note == "note"
    bare = Quantity("thickness_cv", 0.1)
    assert combine([bare], NOTHING) == [bare]


def test_wrong_components_and_unknown_quantities() -> None:
    """A negative or missing uncertainty is refused, and so is a quantity that the budget does not know."""
    with pytest.raises(MeasurementError, match="tilt_relative_sd"):
        Components(scale_relative_sd=0, tilt_relative_sd=-0.1, face_um=0)
    stranger = Quantity("coverage", 0.5)
    object.__setattr__(stranger, "quantity", "stranger")
    with pytest.raises(MeasurementError, match="stranger"):
        combine([stranger], NOTHING)
