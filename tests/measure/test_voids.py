"""Voids of planted sections: fraction, count, size and density with their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cc3d
import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.objects import object_table
from sodalite.measure.voids import void_quantities
from sodalite.phantoms.sections import SectionPhantom, make_section

if TYPE_CHECKING:
    import pandas as pd

    from sodalite.quantity import Quantity


def _table(phantom: SectionPhantom) -> pd.DataFrame:
    objects = cc3d.connected_components(phantom.labels == 3, connectivity=8).astype(np.int32)
    faces = {"collector_row": phantom.collector_row, "electrolyte_row": phantom.electrolyte_row}
    return object_table(objects, phantom.spacing_um, **faces, contact_um=0.1)


def _measure(phantom: SectionPhantom, table: pd.DataFrame | None = None, factor: float = 1.0) -> dict[str, Quantity]:
    table = _table(phantom) if table is None else table
    spacing = (phantom.spacing_um[0] * factor, phantom.spacing_um[1] * factor)
    rows = (phantom.collector_row, phantom.electrolyte_row)
    found = void_quantities(phantom.labels, table, *rows, spacing, resolved_ecd_px=6, site_selected=True)
    return {each.quantity: each for each in found}


@pytest.fixture(scope="module")
def porous() -> SectionPhantom:
    """Return a section with some 5 % of voids."""
    return make_section((400, 800), (0.05, 0.05), seed=2, void_fraction=0.05, void_spread=0.4)


def test_planted_voids(porous: SectionPhantom) -> None:
    """Fraction, count, mean diameter and density are those planted, and lie inside their intervals."""
    found = _measure(porous)
    assert found["void_count"].value == porous.truth["void_count"]
    assert found["void_fraction"].value == pytest.approx(porous.truth["void_fraction"], rel=0.02)
    assert found["void_ecd_mean"].value == pytest.approx(porous.truth["void_ecd_mean"], rel=0.02)
    assert found["void_density_mm2"].value == pytest.approx(porous.truth["void_density_mm2"], rel=0.01)
    for each in found.values():
        assert each.low < each.value < each.high
    assert "site chosen" in found["void_fraction"].note


def test_oblong_pixels(porous: SectionPhantom) -> None:
    """The same scene in oblong pixels gives the same um."""
    oblong = make_section((500, 667), (0.04, 0.06), seed=2, scene=porous.scene)
    for name, each in _measure(oblong).items():
        assert each.value == pytest.approx(oblong.truth[name], rel=0.02)


def test_no_voids_are_bounded() -> None:
    """A dense layer has a fraction of zero with an upper bound; only the mean size of no void is withheld."""
    dense = make_section((300, 500), (0.05, 0.05), seed=1)
    found = _measure(dense)
    fraction, density = found["void_fraction"], found["void_density_mm2"]
    assert (fraction.value, fraction.low) == (0, 0)
    layer_um2 = 25.0 * 8.0
    assert fraction.high == pytest.approx(3.689 * math.pi / 4 * 1.25**2 / layer_um2, rel=0.01)
    assert "no void found" in fraction.note
    assert (found["void_count"].value, density.value) == (0, 0)
    assert density.high == pytest.approx(3.689 / layer_um2 * 1e6, rel=0.01)
    assert math.isnan(found["void_ecd_mean"].value)


def test_cut_voids_have_no_say_in_the_size(porous: SectionPhantom) -> None:
    """Voids cut by the border are counted but left out of the mean size; all cut withholds it."""
    table = _table(porous)
    table["on_border"] = table.index < 3
    found = _measure(porous, table)
    assert found["void_count"].value == len(table)
    assert "3 cut" in found["void_count"].note
    assert found["void_ecd_mean"].value == pytest.approx(table["ecd_um"][3:].mean())
    assert math.isnan(_measure(porous, table.assign(on_border=True))["void_ecd_mean"].value)


def test_small_voids_are_told(porous: SectionPhantom) -> None:
    """The note says how many voids are smaller than what is resolved."""
    table = _table(porous)
    table.loc[: len(table) // 2 - 1, "ecd_um"] = 0.29
    share = round(100 * (len(table) // 2) / len(table))
    assert f"{share} % of the voids" in _measure(porous, table)["void_ecd_mean"].note


def test_scaling(porous: SectionPhantom) -> None:
    """Twice the pixel size leaves the fraction, doubles the mean size and quarters the density."""
    table = _table(porous)
    once = _measure(porous, table)
    twice = _measure(porous, table.assign(ecd_um=2 * table["ecd_um"], x_um=2 * table["x_um"]), factor=2)
    for name, unit in (("void_fraction", 1), ("void_count", 1), ("void_ecd_mean", 2), ("void_density_mm2", 0.25)):
        assert twice[name].value == pytest.approx(once[name].value * unit)
        assert twice[name].high == pytest.approx(once[name].high * unit)


def test_without_a_layer_all_is_withheld(porous: SectionPhantom) -> None:
    """Without both faces nothing is told; all void is no fraction with an interval."""
    rows = np.full(porous.labels.shape[1], np.nan)
    found = void_quantities(porous.labels, _table(porous), rows, rows, (1, 1), resolved_ecd_px=6, site_selected=False)
    assert all(math.isnan(each.value) and each.note for each in found)
    with pytest.raises(MeasurementError, match="resolved_ecd_px"):
        void_quantities(porous.labels, _table(porous), rows, rows, (1, 1), resolved_ecd_px=0, site_selected=False)
