"""Growth constant and exponent of maps of square grains whose size is planted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from disc_series import STEP_UM, map_of
from sodalite.pipelines.coarsening import Coarsening
from sodalite.pipelines.map_series import MapSeries

if TYPE_CHECKING:
    import sodalite


def of_squares(sizes_px: np.ndarray, times_h: np.ndarray) -> sodalite.Result:
    """Return what is measured on maps of square grains of given sizes."""
    y, x = np.indices((240, 300))
    labels = [1 + (y // size).astype(int) * 19 + (x // size).astype(int) for size in sizes_px]
    maps = [map_of(each % 199 + 1, f"s{k}.ang") for k, each in enumerate(labels)]
    return Coarsening(transform="none").run(MapSeries.from_maps(maps, times_h=times_h, charges_mah_cm2=times_h / 4))


def test_growth_law_of_the_mean_is_found() -> None:
    """A structure that only grows in scale, D^2 = D0^2 + K t: K to 5 %, n in its interval, per h and per mAh."""
    times = np.linspace(0, 12, 7)
    found = of_squares(16 * np.sqrt(1 + 0.5 * times), times)
    constant = 4 / math.pi * (16 * STEP_UM) ** 2 * 0.5
    assert found["growth_constant"].value == pytest.approx(constant, rel=0.05)
    assert found["growth_constant"].low < constant < found["growth_constant"].high
    assert found["growth_constant_charge"].value == pytest.approx(4 * found["growth_constant"].value, rel=1e-6)
    kinetics = found.tables["kinetics"]
    row = kinetics[(kinetics["mean"] == "number") & (kinetics["against"] == "time")].iloc[0]
    assert row["growth_exponent_low"] <= 2 <= row["growth_exponent_high"]


def test_a_map_that_keeps_to_no_law_is_named() -> None:
    """With one map of grains twice as large, constant and exponent say which, and that no law fits."""
    times = np.linspace(0, 12, 7)
    sizes = 16 * np.sqrt(1 + 0.2 * times)
    sizes[3] *= 2
    found = of_squares(sizes, times)
    for name in ("growth_constant", "growth_constant_charge", "growth_exponent"):
        assert "times their errors about any law" in found[name].note
        assert found[name].note.endswith("without step 3 they do not")


def test_growth_that_comes_to_rest_is_told_from_a_law() -> None:
    """Sizes that near a limit have an exponent above that of any law, and its note says so."""
    times = np.linspace(0, 12, 9)
    found = of_squares(24 - 16 * np.exp(-times / 2), times)["growth_exponent"]
    assert found.low > 4
    assert "comes to rest" in found.note
