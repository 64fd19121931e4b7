"""Contact along planted lenses and gaps, with its invariances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.errors import MeasurementError
from sodalite.measure.contact import contact_quantities, face_arc
from sodalite.measure.region import layer_region, split_runs
from sodalite.phantoms.sections import SectionPhantom, make_section

if TYPE_CHECKING:
    from sodalite.quantity import Quantity

NAMES = ["contact_fraction_electrolyte", "contact_fraction_collector", "longest_void_run", "current_focusing"]


def _measure(labels: np.ndarray, upper: np.ndarray, lower: np.ndarray, **fields: object) -> dict[str, Quantity]:
    spacing = fields.get("spacing_um", (0.1, 0.1))
    distance = fields.get("contact_distance_um", 0.2)
    found = contact_quantities(labels, upper, lower, spacing, contact_distance_um=distance)  # type: ignore[arg-type]
    assert [each.quantity for each in found] == NAMES
    return {each.quantity: each for each in found}


def _of(phantom: SectionPhantom) -> dict[str, Quantity]:
    return _measure(
        phantom.labels,
        phantom.collector_row,
        phantom.electrolyte_row,
        spacing_um=phantom.spacing_um,
        contact_distance_um=2 * phantom.spacing_um[0],
    )


@pytest.fixture
def slab() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 100 columns of sodium between rows 5 and 15, with voids 10, 20 and 5 columns wide on the electrolyte."""
    labels = np.full((25, 100), 2, np.uint8)
    labels[:5], labels[15:] = 1, 5
    for start, width in ((10, 10), (40, 20), (80, 5)):
        labels[12:15, start : start + width] = 3
    return labels, np.full(100, 5.0), np.full(100, 15.0)


SCENES = {
    "lenses": {"electrolyte_lenses": 6, "collector_lenses": 3},
    "rough": {"electrolyte_lenses": 8, "electrolyte_rq_um": 0.5, "collector_rq_um": 0.3},
    "sloped": {"electrolyte_lenses": 6, "slope_deg": 8.0},
    "gaps": {"gap_um": 0.4, "gap_runs": 4},
    "bare": {"layers": ("collector", "electrolyte"), "sodium_um": 0.0, "gap_um": 0.5, "gap_runs": 3},
}


@pytest.mark.parametrize("spacing", [(0.05, 0.05), (0.04, 0.06)])
@pytest.mark.parametrize("scene", SCENES)
def test_planted_contact(scene: str, spacing: tuple[float, float]) -> None:
    """Contact fractions lie within one percentage point of the truth, for square and for oblong pixels."""
    phantom = make_section((int(24 / spacing[0]), int(48 / spacing[1])), spacing, seed=3, **SCENES[scene])
    found = _of(phantom)
    for name in NAMES[:2]:
        if name in phantom.truth:
            assert found[name].value == pytest.approx(phantom.truth[name], abs=0.01)
    assert found["longest_void_run"].value == pytest.approx(phantom.truth["longest_void_run"], abs=2.5 * max(spacing))


def test_runs_by_hand(slab: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """35 of 100 columns are voided in three runs, the longest of 20."""
    found = _measure(*slab)
    electrolyte = found["contact_fraction_electrolyte"]
    assert electrolyte.value == pytest.approx(0.65)
    assert electrolyte.n == 3
    assert electrolyte.low < 0.65 < electrolyte.high
    assert found["contact_fraction_collector"].value == 1
    assert found["longest_void_run"].value == pytest.approx(2.0)
    assert found["current_focusing"].value == pytest.approx(1 / 0.65)
    assert found["current_focusing"].low == pytest.approx(1 / electrolyte.high)


@pytest.mark.parametrize(("depth", "voided"), [(1, True), (2, False)])
def test_just_within_and_just_beyond_the_distance(depth: int, voided: bool) -> None:
    """A void below one pixel of sodium counts at a distance of two pixels, below two pixels it does not."""
    labels = np.full((25, 100), 2, np.uint8)
    labels[:5], labels[15:] = 1, 5
    labels[15 - depth - 3 : 15 - depth, 40:60] = 3
    found = _measure(labels, np.full(100, 5.0), np.full(100, 15.0), contact_distance_um=0.19)
    assert found["contact_fraction_electrolyte"].value == pytest.approx(0.8 if voided else 1.0)


def test_voids_are_not_widened(slab: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """A larger distance finds deeper voids but no wider ones."""
    near, far = (_measure(*slab, contact_distance_um=distance) for distance in (0.1, 0.6))
    assert near["contact_fraction_electrolyte"].value == far["contact_fraction_electrolyte"].value


def test_faces_without_voids_are_bounded() -> None:
    """Without a void contact is 1 with a lower bound, and the note says for which runs."""
    labels = np.full((20, 200), 2, np.uint8)
    labels[:5], labels[15:] = 1, 5
    found = _measure(labels, np.full(200, 5.0), np.full(200, 15.0))["contact_fraction_electrolyte"]
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(1 - 3.0 * 20 / 200, abs=1e-3)
    assert "2 um" in found.note


def test_bare_collector_is_no_contact(slab: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Columns without sodium are out of contact with it; in a section without any sodium they touch the electrolyte."""
    labels, upper, lower = slab
    lower = lower.copy()
    lower[60:80], labels[5:, 60:80] = 5.0, 5
    found = _measure(labels, upper, lower)["contact_fraction_electrolyte"]
    assert found.value < 0.46
    assert "no sodium" in found.note
    empty = np.where(np.arange(20)[:, None] < 10, 1, 5).repeat(50, axis=1).astype(np.uint8)
    assert _measure(empty, np.full(50, 10.0), np.full(50, 10.0))["contact_fraction_electrolyte"].value == 1


def test_no_contact_at_all() -> None:
    """A gap everywhere leaves no contact and no current to focus."""
    labels = np.full((20, 50), 3, np.uint8)
    labels[:5], labels[15:] = 1, 5
    found = _measure(labels, np.full(50, 5.0), np.full(50, 15.0))
    assert found["contact_fraction_electrolyte"].value == 0
    assert math.isnan(found["current_focusing"].value)
    assert found["longest_void_run"].value == pytest.approx(5.0)
    assert "border" in found["longest_void_run"].note


def test_columns_not_traced_are_not_looked_at(slab: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """A face that is missing in some columns leaves them out; missing everywhere it withholds all."""
    labels, upper, lower = slab
    lower[40:60] = np.nan
    assert _measure(labels, upper, lower)["contact_fraction_electrolyte"].value == pytest.approx(65 / 80)
    assert all(math.isnan(each.value) for each in _measure(labels, upper, np.full(100, np.nan)).values())


@given(factor=st.floats(0.01, 100), flipped=st.booleans())
@settings(max_examples=20, deadline=None)
def test_scaling_and_mirror(factor: float, flipped: bool) -> None:
    """Lengths follow the pixel size, shares do not, and a mirror changes neither."""
    phantom = make_section((160, 240), (0.1, 0.1), seed=5, electrolyte_lenses=4, sodium_um=4.0, collector_um=3.0)
    turn = slice(None, None, -1) if flipped else slice(None)
    once = _of(phantom)
    other = _measure(
        phantom.labels[:, turn],
        phantom.collector_row[turn],
        phantom.electrolyte_row[turn],
        spacing_um=(0.1 * factor, 0.1 * factor),
        contact_distance_um=0.2 * factor,
    )
    for name, unit in zip(NAMES, (1, 1, factor, 1), strict=True):
        assert other[name].value == pytest.approx(once[name].value * unit)
        assert other[name].low == pytest.approx(once[name].low * unit, nan_ok=True)


def test_arc_length_of_a_slope() -> None:
    """A face at 10 deg is longer by 1 / cos 10 deg, traced exactly or in whole pixels."""
    row = 30 + np.arange(400) * math.tan(math.radians(10)) * 0.05 / 0.04
    for trace in (row, np.rint(row)):
        arc_um = face_arc(trace, (0.04, 0.05), window_px=5)[1]
        assert arc_um.sum() == pytest.approx(20 / math.cos(math.radians(10)), rel=0.012)


def test_runs_end_where_nothing_is_known() -> None:
    """A stretch of unknown columns splits a run, and the longest run tells that it is cut."""
    flags = np.array([True, True, False, True, True, True])
    runs = split_runs(flags, np.array([1.0, 1.0, 1.0, 1.0, np.nan, 1.0]))
    assert list(runs.held_um) == [2, 1, 1]
    assert list(runs.other_um) == [1]
    assert runs.longest_cut
    whole = split_runs(np.array([False, True, False]), np.ones(3))
    assert not whole.longest_cut


def test_wrong_input_is_named() -> None:
    """Faces of another length and a distance of zero are refused."""
    labels = np.zeros((4, 5), np.uint8)
    with pytest.raises(MeasurementError, match="faces"):
        layer_region(labels.shape, np.zeros(4), np.zeros(5))
    with pytest.raises(MeasurementError, match="contact_distance_um"):
        contact_quantities(labels, np.zeros(5), np.ones(5), (1, 1), contact_distance_um=0)
