"""Twins by their names: coincidence lattices, and angles about directions of cubic and hexagonal crystals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sodalite
from sodalite.ebsd import Phase
from sodalite.errors import MeasurementError, RecipeError
from sodalite.pipelines.grain_twins import parse_twin
from sodalite.pipelines.grains import Grains

if TYPE_CHECKING:
    from pathlib import Path

MAGNESIUM = Phase("Mg", "6/mmm", (3.2, 3.2, 5.2, 90, 90, 120))


@pytest.mark.parametrize(
    ("text", "indices", "angle_deg", "tolerance_deg"),
    [
        ("sigma3", (1, 1, 1), 60.0, 8.660),
        ("Sigma 9", (1, 1, 0), 38.942, 5.0),
        ("60<111>", (1, 1, 1), 60.0, 5.0),
        ("86.3<11-20>", (1, 1, -2, 0), 86.3, 5.0),
        ("86.3 <1, -2, 1, 0> within 3.5", (1, -2, 1, 0), 86.3, 3.5),
        ("180[-1011]", (-1, 0, 1, 1), 180.0, 5.0),
    ],
)
def test_names_are_understood(text: str, indices: tuple[int, ...], angle_deg: float, tolerance_deg: float) -> None:
    """Lattices within Brandon's angle, turns within 5 degrees unless told."""
    assert parse_twin(text) == (indices, pytest.approx(angle_deg, abs=1e-3), pytest.approx(tolerance_deg, abs=1e-3))


@pytest.mark.parametrize("text", ["sigma4", "", "60", "60<1111>", "60<11>", "60<000>", "86.3<11-10>", "x<111>"])
def test_other_words_are_refused_with_what_to_write(text: str) -> None:
    """A recipe says so before anything is read."""
    with pytest.raises(RecipeError, match=r"86.3<11-20>"):
        Grains(twin=text)


@pytest.mark.parametrize(
    ("text", "x_axis", "axis"),
    [
        ("86.3<2-1-10>", "a", (3, 0, 0)),
        ("86.3<2-1-10>", "a*", (3 * np.sqrt(3) / 2, -1.5, 0)),
        ("86.3<10-10>", "a*", (np.sqrt(3), 0, 0)),
        ("30<0001>", "a", (0, 0, 1.625)),
        ("30<01-11>", "a", (0, np.sqrt(3), 1.625)),
    ],
)
def test_four_indices_follow_the_axes_of_the_crystal(text: str, x_axis: str, axis: tuple[float, ...]) -> None:
    """The first index counts along a, which Cartesian x follows or is 30 degrees off; the last along c."""
    phase = Phase("Mg", "6/mmm", MAGNESIUM.lattice, None, "a" if x_axis == "a" else "a*")
    assert parse_twin(text).axis(phase) == pytest.approx(axis, abs=1e-12)


def test_directions_of_another_lattice_are_none() -> None:
    """Three indices are cubic, four hexagonal or trigonal; a leaning one needs the constants of the lattice."""
    assert parse_twin("sigma3").axis(MAGNESIUM) is None
    assert parse_twin("60<111>").axis(Phase("Na", "m-3m")) == (1, 1, 1)
    assert parse_twin("86.3<11-20>").axis(Phase("Na", "m-3m")) is None
    with pytest.raises(MeasurementError, match="lattice constants"):
        parse_twin("30<01-11>").axis(Phase("Mg", "6/mmm"))


def test_twins_of_magnesium_are_joined_by_the_recipe(shared_data: Path) -> None:
    """MTEX's example: 91 filled grains without those of two points, 28 when 86.3 <11-20> joins; Sigma 3 joins none."""
    ebsd = sodalite.read_ebsd(shared_data / "ebsd/mtex/twins.ctf")
    labels = Grains(fill=True).segment(ebsd).ravel()
    sizes = np.bincount(labels[ebsd.indexed], minlength=int(labels.max()) + 1)
    ebsd = replace(ebsd, phase_id=np.where(sizes[labels] > 2, ebsd.phase_id, 0).astype(np.int16))
    found = [Grains(fill=True, merge_twins=True, twin=twin).segment(ebsd).max() for twin in ("sigma3", "86.3<11-20>")]
    assert found == [91, 28]
