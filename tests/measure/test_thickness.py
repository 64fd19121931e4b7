"""Thickness of planted layers: closed forms, a charge balance, coverage of the intervals and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.classes import SectionClass
from sodalite.errors import MeasurementError
from sodalite.measure import thickness
from sodalite.quantity import GLOSSARY

SPACING = (0.02, 0.01)


def _correlated(rng: np.random.Generator, columns: int, sigma_px: float) -> np.ndarray:
    lag = np.arange(-4 * int(sigma_px), 4 * int(sigma_px) + 1)
    kernel = np.exp(-(lag**2) / (2 * sigma_px**2))
    return np.convolve(rng.normal(size=columns + lag.size - 1), kernel / np.sqrt((kernel**2).sum()), "valid")


def _section(seed: int = 0, columns: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels with random voids between two sub-pixel faces, and the faces."""
    rng = np.random.default_rng(seed)
    collector = 20.3 + 2 * _correlated(rng, columns, 8.0)
    electrolyte = 120.6 + 3 * _correlated(rng, columns, 12.0)
    middle = np.arange(160)[:, None] + 0.5
    labels = np.where(middle < collector, SectionClass.COLLECTOR, SectionClass.SODIUM).astype(np.uint8)
    labels[middle > electrolyte] = SectionClass.ELECTROLYTE
    labels[(rng.random(labels.shape) < 0.1) & (middle > collector) & (middle < electrolyte)] = SectionClass.VOID
    return labels, collector, electrolyte


def test_gross_is_the_vertical_distance() -> None:
    """Rows 10.25 to 60.75 of 0.02 um are 1.01 um thick; a column without a face is NaN."""
    gross = thickness.gross_thickness_um(np.array([10.25, np.nan]), np.array([60.75, 60.75]), SPACING)
    assert gross[0] == pytest.approx(1.01)
    assert math.isnan(gross[1])


def test_net_closes_with_the_void_fraction() -> None:
    """Mean net = mean gross times one less the void fraction, with voids cut by sub-pixel faces counted in part."""
    labels, collector, electrolyte = _section()
    gross = thickness.gross_thickness_um(collector, electrolyte, SPACING)
    net = thickness.net_thickness_um(labels, collector, electrolyte, SPACING)
    rows = np.arange(labels.shape[0])[:, None]
    inside = np.clip(np.minimum(rows + 1, electrolyte) - np.maximum(rows, collector), 0, 1)
    void_fraction = inside[labels == SectionClass.VOID].sum() / inside.sum()
    assert 0.09 < void_fraction < 0.11
    assert net.mean() == pytest.approx(gross.mean() * (1 - void_fraction), rel=1e-12)


def test_net_by_hand() -> None:
    """A void of four rows under a face that cuts its first pixel in half takes 3.5 rows; cracks and pores count too."""
    labels = np.full((10, 3), SectionClass.SODIUM, dtype=np.uint8)
    labels[2:6, 0] = SectionClass.VOID
    labels[4, 1] = SectionClass.CRACK
    labels[9, 2] = SectionClass.PORE
    net = thickness.net_thickness_um(labels, np.full(3, 2.5), np.full(3, 9.0), (1.0, 1.0))
    np.testing.assert_allclose(net, [3.0, 5.5, 6.5])


def test_net_is_the_sodium_alone() -> None:
    """Fragments of other layers are none, nor is a column of void, nor what has no label two pixels off a face."""
    labels = np.full((20, 3), SectionClass.SODIUM, dtype=np.uint8)
    labels[:4], labels[16:] = SectionClass.COLLECTOR, SectionClass.ELECTROLYTE
    labels[8:11, 0] = SectionClass.ELECTROLYTE
    labels[12:16, 2] = SectionClass.OUTSIDE
    labels[4:16, 1] = SectionClass.VOID
    net = thickness.net_thickness_um(labels, np.full(3, 3.7), np.full(3, 16.4), (1.0, 1.0))
    np.testing.assert_allclose(net, [9.7, 0.0, 10.7])


@pytest.mark.parametrize("tilt_deg", [0.0, 3.0, 10.0, 20.0])
@pytest.mark.parametrize("spacing", [(0.01, 0.01), (0.0127, 0.01)])
def test_normal_of_a_tilted_layer(tilt_deg: float, spacing: tuple[float, float]) -> None:
    """A layer with parallel faces tilted by a: the normal thickness is the vertical one times cos a."""
    slope = math.tan(math.radians(tilt_deg)) * spacing[1] / spacing[0]
    collector = 50 + slope * np.arange(1500)
    normal = thickness.normal_thickness_um(collector, collector + 200, spacing, cutoff_um=3.0)
    seen = normal[np.isfinite(normal)]
    assert seen.size > 1200
    np.testing.assert_allclose(seen, 200 * spacing[0] * math.cos(math.radians(tilt_deg)), rtol=1e-9)


def test_normal_on_an_arc() -> None:
    """Two concentric arcs are their difference in radius apart along the normal, the vertical chords being longer."""
    x = np.arange(-600, 600) + 0.5
    outer, inner = 2000.0, 1800.0
    collector, electrolyte = 2100 - np.sqrt(outer**2 - x**2), 2100 - np.sqrt(inner**2 - x**2)
    normal = thickness.normal_thickness_um(collector, electrolyte, (1.0, 1.0), cutoff_um=100.0)
    np.testing.assert_allclose(normal[150:-150], 200.0, rtol=1e-3)
    assert (electrolyte - collector)[150] > 205


def test_missing_faces_are_said() -> None:
    """Columns without a face are left out with a note; without any column every quantity is withheld with the edge."""
    labels, collector, electrolyte = _section()
    collector[:100] = np.nan
    some = thickness.thickness_quantities(labels, collector, electrolyte, SPACING, cutoff_um=1.0)
    assert all("cut by the image's upper edge in 25 % of the columns" in q.note for q in some)
    assert next(q for q in some if q.quantity == "thickness_gross_mean").n == 300
    none = thickness.thickness_quantities(labels, collector, electrolyte * np.nan, SPACING, cutoff_um=1.0)
    assert all(math.isnan(q.value) for q in none)
    assert all("lower edge in 75 % of the columns; neither face" in q.note for q in none)


def test_every_thickness_of_the_glossary_is_there() -> None:
    """Each thickness of the glossary is emitted once, with its value near the planted 2 um or its spread."""
    labels, collector, electrolyte = _section()
    found = thickness.thickness_quantities(labels, collector, electrolyte, SPACING, cutoff_um=1.0)
    names = [q.quantity for q in found]
    assert sorted(names) == sorted(name for name in GLOSSARY if name.startswith("thickness_"))
    values = {q.quantity: q.value for q in found}
    assert values["thickness_gross_mean"] == pytest.approx(2.006, abs=0.03)
    assert values["thickness_net_mean"] == pytest.approx(0.9 * 2.006, abs=0.03)
    assert values["thickness_gross_p5"] < values["thickness_gross_median"] < values["thickness_gross_p95"]
    assert values["thickness_cv"] == pytest.approx(values["thickness_gross_sd"] / values["thickness_gross_mean"])


def test_flat_layer_is_exact() -> None:
    """A flat layer: every thickness equal to its height, every spread zero, the interval closed."""
    labels = np.full((40, 200), SectionClass.SODIUM, dtype=np.uint8)
    found = thickness.thickness_quantities(labels, np.full(200, 5.0), np.full(200, 35.0), (1.0, 1.0), cutoff_um=50.0)
    values = {q.quantity: q for q in found}
    assert values.pop("thickness_gross_sd").value == 0.0
    assert values.pop("thickness_cv").value == 0.0
    assert all(q.value == pytest.approx(30.0, rel=1e-9) for q in values.values())
    assert values["thickness_gross_mean"].low == values["thickness_gross_mean"].high == 30.0


def test_intervals_cover_the_truth() -> None:
    """Gaussian-correlated layers with 40 independent lengths: the intervals hold the planted numbers often enough."""
    truth = {"thickness_gross_mean": 100.0, "thickness_gross_median": 100.0, "thickness_gross_sd": 5.0}
    truth |= {"thickness_cv": 0.05}
    rng, labels = np.random.default_rng(11), np.full((1, 1500), SectionClass.SODIUM, dtype=np.uint8)
    hits = dict.fromkeys(truth, 0)
    for _ in range(100):
        faces = np.zeros(1500), 100 + 5 * _correlated(rng, 1500, 1500 / 40 / math.sqrt(4 * math.pi))
        found = thickness.thickness_quantities(labels, *faces, (1.0, 1.0), cutoff_um=100.0)
        for quantity in found:
            if quantity.quantity in truth:
                hits[quantity.quantity] += quantity.low <= truth[quantity.quantity] <= quantity.high
    assert hits["thickness_gross_mean"] >= 90
    assert hits["thickness_gross_median"] >= 88
    assert hits["thickness_gross_sd"] >= 85
    assert hits["thickness_cv"] >= 85


def test_profile_table() -> None:
    """One row a column, positions at column centres, z from the image's top."""
    labels, collector, electrolyte = _section()
    table = thickness.profile_table(labels, collector, electrolyte, SPACING)
    assert list(table.columns) == ["x_um", "gross_um", "net_um", "collector_z_um", "electrolyte_z_um"]
    assert table["x_um"].iloc[[0, -1]].tolist() == pytest.approx([0.005, 3.995])
    np.testing.assert_allclose(table["electrolyte_z_um"] - table["collector_z_um"], table["gross_um"])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_mirror_units_and_rows_above(seed: int) -> None:
    """Mirrored, moved down by 30 rows or with pixels twice as large, a layer keeps or doubles its thicknesses."""
    labels, collector, electrolyte = _section(seed, 200)
    base = thickness.thickness_quantities(labels, collector, electrolyte, SPACING, cutoff_um=1.0)
    moved = np.vstack([np.full((30, 200), SectionClass.COLLECTOR, dtype=np.uint8), labels])
    twice = (2 * SPACING[0], 2 * SPACING[1])
    others = {
        "mirror": (labels[:, ::-1], collector[::-1], electrolyte[::-1], SPACING, 1.0, 1.0),
        "moved": (moved, collector + 30, electrolyte + 30, SPACING, 1.0, 1.0),
        "doubled": (labels, collector, electrolyte, twice, 2.0, 2.0),
    }
    for kind, (image, top, bottom, spacing, cutoff, factor) in others.items():
        found = thickness.thickness_quantities(image, top, bottom, spacing, cutoff_um=cutoff)
        for one, other in zip(base, found, strict=True):
            scale = 1.0 if one.quantity == "thickness_cv" else factor
            # Mirroring shifts the coarse grid of the local thickness by up to a stride.
            tolerance = 5e-3 if one.quantity == "thickness_local_mean" else 1e-9
            assert other.value == pytest.approx(scale * one.value, rel=tolerance), (kind, one.quantity)


def test_faces_that_cross_are_refused() -> None:
    """A layer turned upside down is an error that says what to do."""
    with pytest.raises(MeasurementError, match="turn the image so that the collector is above"):
        thickness.gross_thickness_um(np.array([5.0]), np.array([4.0]), SPACING)
    with pytest.raises(MeasurementError, match="one row a column"):
        thickness.gross_thickness_um(np.zeros(3), np.zeros(4), SPACING)
    with pytest.raises(MeasurementError, match="labels"):
        thickness.net_thickness_um(np.zeros((4, 4), np.uint8), np.zeros(3), np.ones(3), SPACING)
