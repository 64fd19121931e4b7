"""Shapes, counts and charge of dead sodium against planted objects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.dead_sodium import (
    dead_sodium_quantities,
    shape_class,
    skeleton_columns,
    withheld_dead_sodium,
)
from sodalite.measure.objects import object_table
from sodalite.phantoms.sections import SectionPhantom, make_section
from sodalite.segment.dead_sodium import classify_dead_sodium

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.quantity import Quantity

LIMITS = {"round_circularity": 0.8, "round_aspect_ratio": 1.5, "long_aspect_ratio": 3.0, "open_solidity": 0.8}


def _table(phantom: SectionPhantom) -> pd.DataFrame:
    found = classify_dead_sodium(phantom.labels == 4, phantom.labels, connectivity=8)
    faces = {"collector_row": phantom.collector_row, "electrolyte_row": phantom.electrolyte_row}
    table = object_table(found.objects, phantom.spacing_um, **faces, contact_um=0.1)
    table = skeleton_columns(found.objects, table, phantom.spacing_um).merge(found.table, on="label")
    return table.assign(shape=shape_class(table, resolved_ecd_um=6 * phantom.spacing_um[1], **LIMITS))


def _measure(phantom: SectionPhantom, table: pd.DataFrame, factor: float = 1.0) -> dict[str, Quantity]:
    spacing = (phantom.spacing_um[0] * factor, phantom.spacing_um[1] * factor)
    found = dead_sodium_quantities(
        phantom.labels, table, phantom.electrolyte_row, spacing, density_g_cm3=0.968, count_range=(3, 4)
    )
    return {each.quantity: each for each in found}


@pytest.fixture(scope="module")
def planted() -> SectionPhantom:
    """Return a section with 17 dead-sodium objects and two active filaments."""
    return make_section((500, 800), (0.05, 0.05), seed=6, spheres=6, filaments=5, blobs=6, active_filaments=2)


@pytest.mark.parametrize("spacing", [(0.05, 0.05), (0.04, 0.06)])
def test_planted_shapes_and_amounts(spacing: tuple[float, float]) -> None:
    """Every shape class, the fraction, the equivalent thickness and the charge are those planted."""
    shape = (int(25 / spacing[0]), int(40 / spacing[1]))
    phantom = make_section(shape, spacing, seed=6, spheres=6, filaments=5, blobs=6, dead_um=1.2)
    found = _measure(phantom, _table(phantom))
    assert len(found) == 8
    for name, each in found.items():
        assert each.value == pytest.approx(phantom.truth[name], rel=0.03)
        assert each.low < each.value < each.high
        assert "upper bound" in each.note
    assert "3 at 8- and 4 at 4-connectivity" in found["dead_sodium_count"].note


def test_active_objects_are_left_out(planted: SectionPhantom) -> None:
    """Objects with a path to the collector do not count."""
    table = _table(planted)
    table["path_to_collector"] = table.index < 5
    assert _measure(planted, table)["dead_sodium_count"].value == len(table) - 5


def test_charge_follows_faraday(planted: SectionPhantom) -> None:
    """One micrometre of dead sodium holds 0.11285 mAh/cm2."""
    found = _measure(planted, _table(planted))
    thickness, charge = found["dead_sodium_equivalent_thickness"], found["dead_sodium_charge"]
    assert charge.value / thickness.value == pytest.approx(0.11285, abs=5e-6)
    assert charge.high / thickness.high == pytest.approx(0.11285, abs=5e-6)


def test_scaling(planted: SectionPhantom) -> None:
    """Twice the pixel size doubles the equivalent thickness and the charge, and quarters the density."""
    table = _table(planted)
    once, twice = _measure(planted, table), _measure(planted, table, factor=2)
    units = {"dead_sodium_density_mm2": 0.25, "dead_sodium_equivalent_thickness": 2, "dead_sodium_charge": 2}
    for name, each in once.items():
        assert twice[name].value == pytest.approx(each.value * units.get(name, 1))
        assert twice[name].high == pytest.approx(each.high * units.get(name, 1))


def test_nothing_dead_is_bounded() -> None:
    """Without an object every value is zero with an upper bound."""
    clean = make_section((300, 400), (0.05, 0.05), seed=1)
    found = _measure(clean, _table(clean))
    assert all(each.value == 0 and each.high > 0 for each in found.values())
    assert "none found" in found["dead_sodium_fraction"].note


def _features(**changed: float) -> pd.DataFrame:
    import pandas as pd

    row = {"ecd_um": 1.0, "circularity": 0.5, "aspect_ratio": 2.0, "solidity": 0.9, "branch_count": 0}
    return pd.DataFrame([row | changed])


@pytest.mark.parametrize(
    ("changed", "shape"),
    [
        ({"circularity": 0.80, "aspect_ratio": 1.5}, "spherical"),
        ({"circularity": 0.79, "aspect_ratio": 1.5}, "irregular"),
        ({"circularity": 0.80, "aspect_ratio": 1.51}, "irregular"),
        ({"aspect_ratio": 3.0}, "filamentary"),
        ({"aspect_ratio": 2.99}, "irregular"),
        ({"solidity": 0.79, "branch_count": 1}, "filamentary"),
        ({"solidity": 0.80, "branch_count": 1}, "irregular"),
        ({"solidity": 0.79, "branch_count": 0}, "irregular"),
        ({"ecd_um": 0.29, "aspect_ratio": 5.0}, "unresolved"),
        ({"ecd_um": 0.30, "aspect_ratio": 5.0}, "filamentary"),
    ],
)
def test_each_limit_of_the_shape_classes(changed: dict[str, float], shape: str) -> None:
    """An object just above and one just below each limit get different classes."""
    assert shape_class(_features(**changed), resolved_ecd_um=0.3, **LIMITS).item() == shape


def test_without_electrolyte_all_is_withheld(planted: SectionPhantom) -> None:
    """Where no electrolyte is traced, and where the search was not possible, nothing is told, and why."""
    rows = np.full(planted.labels.shape[1], np.nan)
    found = dead_sodium_quantities(planted.labels, _table(planted), rows, (1, 1), density_g_cm3=0.968, count_range=None)
    assert all(math.isnan(each.value) for each in found)
    assert [each.quantity for each in withheld_dead_sodium("same grey")] == [each.quantity for each in found]
    with pytest.raises(MeasurementError, match="electrolyte_row"):
        dead_sodium_quantities(
            planted.labels, _table(planted), rows[:-1], (1, 1), density_g_cm3=0.968, count_range=None
        )
