"""Numbers are rounded by their interval and say so when they are bounds or withheld."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.report.numbers import format_plain, format_value, quantity_label

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("thickness_gross_mean", 12.3412, 12.1, 12.58, "um"), "12.34 µm (12.10 to 12.58)"),
        (("thickness_gross_mean", 12.3412, NAN, NAN, "um"), "12.34 µm"),
        (("thickness_gross_mean", 123.4, 91.0, 155.8, "um"), "123 µm (91 to 156)"),
        (("gap_open_fraction", 0.0, -INF, 0.003), "at most 0.30 %"),
        (("contact_fraction_electrolyte", 1.0, 0.97, INF), "100.0 % (at least 97.0 %)"),
        (("void_fraction", 0.0512, 0.031, 0.079), "5.1 % (3.1 to 7.9)"),
        (("void_count", 37.0, NAN, NAN), "37"),
        (("void_count", 0.0, 0.0, 3.7), "0 (0 to 4)"),
        (("void_density_mm2", 123456.0, 90000.0, 160000.0, "mm-2"), "123000 mm⁻² (90000 to 160000)"),
        (("void_density_mm2", 395658.0, 157050.0, 816351.0, "mm-2"), "400000 mm⁻² (160000 to 820000)"),
        (("dead_sodium_charge", 0.0, 0.0, 0.000128, "mAh cm-2"), "0 mAh cm⁻² (0 to 0.000128)"),
        (("closure_residual", NAN, NAN, NAN, "um", "no charge was given"), "withheld: no charge was given"),
        (("closure_residual", -0.0001, -0.5, 0.5, "um"), "0.00 µm (-0.50 to 0.50)"),
    ],
)
def test_value_and_interval(arguments: tuple, text: str) -> None:
    """A value and its interval read as in a paper."""
    assert format_value(*arguments) == text


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 0.5))
def test_rounding_stays_inside_the_interval(value: float, relative: float) -> None:
    """Rounding moves a number by at most a twentieth of half its interval."""
    low, high = value * (1 - relative), value * (1 + relative)
    shown = format_value("thickness_gross_mean", value, low, high, "um").split()[0]
    assert abs(float(shown) - value) <= max(0.05 * value * relative, 0.5 if value * relative >= 5 else 0) + 1e-9


@given(st.floats(1e-4, 1e6))
def test_plain_numbers_keep_four_digits(value: float) -> None:
    """A number without an interval keeps four significant digits."""
    assert float(format_plain(value)) == pytest.approx(value, rel=5.1e-4)


def test_names_in_words() -> None:
    """Abbreviations are written as in a paper, and a unit in a name is left to the number."""
    names = ("void_ecd_mean", "thickness_cv", "roughness_rq_collector", "void_density_mm2")
    assert [quantity_label(name) for name in names] == [
        "void ECD mean",
        "thickness CV",
        "roughness Rq collector",
        "void density",
    ]
