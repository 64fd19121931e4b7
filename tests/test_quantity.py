"""Quantities: what a number says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.quantity import CHECK_OVERLAY, Quantity, counted


def test_a_quantity_says_value_unit_interval_and_note() -> None:
    """Printed, a number reads as in a sentence; a withheld one gives its reason."""
    thick = Quantity("thickness_gross_mean", np.float64(8.69609), 8.25201, 9.14017, 800, "n_eff = 12.8")
    assert str(thick) == "thickness_gross_mean = 8.696 um (8.252 to 9.14), n_eff = 12.8"
    assert str(Quantity("coverage", 1.0)) == "coverage = 1"
    assert str(Quantity.withheld("columnarity", "no growth direction")) == "columnarity = withheld, no growth direction"


def test_a_doubt_is_what_asks_for_a_look() -> None:
    """Of a note with several parts, the doubt is the one that sends the reader to the picture."""
    faint = f"the greys hardly differ at sodium/electrolyte (d' = 0.2): {CHECK_OVERLAY}"
    assert Quantity("coverage", 1.0, note=f"n_eff = 9; {faint}; site chosen").doubt == faint
    assert not Quantity("coverage", 1.0, note="n_eff = 9").doubt


def test_numbers_are_plain_floats() -> None:
    """Scalars of numpy become floats, so that they look and pickle as such."""
    found = Quantity("coverage", np.float32(0.5), np.float64(0.25), np.int64(1))
    assert all(type(number) is float for number in (found.value, found.low, found.high))
    assert "np." not in repr(found)


def test_what_is_withheld_or_undefined_needs_words() -> None:
    """A number without a definition, or withheld without a reason, is not made."""
    with pytest.raises(KeyError, match="no such quantity"):
        Quantity("luck", 1.0)
    with pytest.raises(ValueError, match="needs a note"):
        Quantity("coverage", math.nan)


def test_a_count_agrees_with_its_noun() -> None:
    """One of a thing is in the singular, none and several in the plural."""
    assert [counted(number, "step") for number in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
