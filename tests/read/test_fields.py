"""Numbers and lengths are taken as they are written or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.read.fields import decode_text, flag, kilovolts, length_um, number, positive, sections


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5.0), (" -37.0 °", -37.0), ("1e-08", 1e-8), ("2.5e-009", 2.5e-9), (".5", 0.5), ("5.483, Y=0.8", 5.483)],
)
def test_numbers(text: str, value: float) -> None:
    """Plain and exponential numbers at the start of a text are read."""
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("12,33 nm", 12.33), ("0,123", 0.123), ("1,234e-8", 1.234e-8), ("1234,567", 1234.567), ("-37,0 °", -37.0)],
)
def test_decimal_commas(text: str, value: float) -> None:
    """A comma that cannot part thousands is a decimal sign."""
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "notafloat", "nan", "inf", "1e999", "1,024 nm", "1,234,567", "1.024,5", None])
def test_no_numbers(text: str | None) -> None:
    """Empty fields, words, infinities and a comma before three digits, whose meaning depends, are none."""
    assert number(text) is None
    assert positive(text) is None


def test_positive_numbers() -> None:
    """Zero and negative numbers are no sizes."""
    assert [positive(text) for text in ("0", "-1", "1")] == [None, None, 1.0]


@given(
    st.floats(1e-3, 1e6), st.sampled_from([("pm", 1e-6), ("nm", 1e-3), ("um", 1), ("µm", 1), ("mm", 1e3), ("m", 1e6)])
)
def test_lengths_scale_by_their_unit(value: float, unit: tuple[str, float]) -> None:
    """A length in any unit comes out in um, with or without a space."""
    for space in ("", " "):
        assert length_um(f"{value!r}{space}{unit[0]}") == pytest.approx(value * unit[1], rel=1e-12)


@pytest.mark.parametrize(
    "unit", ["µm", "μm", "Âµm", "Î¼m", "Ã‚Âµm", "ƒÊm", "\\u00B5m", "um", "Micrometers", "[um]", "um/px"]
)
def test_ways_to_write_um(unit: str) -> None:
    """Both signs for micro, what wrong encodings make of them, escapes and words."""
    assert length_um(f"2.5 {unit}") == 2.5


@pytest.mark.parametrize(
    ("text", "size_um"), [("55.8 Å", 5.58e-3), ("2 nanometres", 2e-3), ("3 angstroms", 3e-4), ("7", 7e-3)]
)
def test_other_units_and_the_default(text: str, size_um: float) -> None:
    """The default unit is for numbers alone."""
    assert length_um(text, "nm") == pytest.approx(size_um)
    assert length_um("7 ?m", "nm") is None


@pytest.mark.parametrize("text", ["12.33", "12 parsec", "-1 nm", "0 nm", "nm", "1,500 nm", None])
def test_no_lengths(text: str | None) -> None:
    """A length needs a positive number and a known unit."""
    assert length_um(text) is None


def test_flags_sections_and_encodings() -> None:
    """Switches have three states; sections keep keys apart; text is decoded by its bytes."""
    assert [flag(word) for word in ("Yes", "on", "no", "OFF", "", None, "perhaps")] == [True, True, False, False] + [
        None
    ] * 3
    assert sections("a=1\r[B]\r\na=2=3\n\n[C]") == {"": {"a": "1"}, "b": {"a": "2=3"}, "c": {}}
    assert sections("[SYSTEM]\nSystemType=x")["System"]["systemtype"] == "x"
    assert [kilovolts(text) for text in ("15000 Volt", "800.0 V", "15 kV", "5.00kV", "")] == [
        15.0,
        0.8,
        15.0,
        5.0,
        None,
    ]
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "cp1252"):
        assert decode_text("[SemImageFile] 5 µm".encode(encoding)) == "[SemImageFile] 5 µm"
