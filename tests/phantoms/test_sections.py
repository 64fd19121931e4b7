"""Truth of phantom sections against hand calculation, numerical integration and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.classes import SectionClass
from sodalite.phantoms.objects import draw_geometry
from sodalite.phantoms.scene import Scene
from sodalite.phantoms.sections import SectionPhantom, make_section
from sodalite.quantity import GLOSSARY

RICH = {
    "collector_um": 2.0,
    "sodium_um": 5.0,
    "collector_rq_um": 0.1,
    "electrolyte_rq_um": 0.15,
    "void_fraction": 0.04,
    "void_diameter_um": 0.7,
    "electrolyte_lenses": 2,
    "collector_lenses": 1,
    "spheres": 2,
    "filaments": 2,
    "blobs": 2,
    "active_filaments": 1,
    "pores": 4,
    "cracks": 1,
}


def rich(**fields: object) -> SectionPhantom:
    """Return a small section with every kind of object."""
    return make_section((300, 400), (0.05, 0.05), **{**RICH, "seed": 5, **fields})


def labelled_share(phantom: SectionPhantom, kind: SectionClass) -> float:
    """Return the area in um2 of the pixels labelled as `kind`."""
    return float(np.count_nonzero(phantom.labels == kind)) * phantom.spacing_um[0] * phantom.spacing_um[1]


def test_flat_layer_has_the_thickness_asked_for() -> None:
    """A void-free layer between flat faces is as thick gross, net and along the normal as was asked."""
    truth = make_section((200, 300), (0.1, 0.1), seed=1, sodium_um=6.0).truth
    for name in ("thickness_gross_mean", "thickness_net_mean", "thickness_normal_mean", "thickness_gross_max"):
        assert truth[name] == pytest.approx(6.0, abs=1e-9)
    assert truth["void_fraction"] == truth["void_count"] == truth["gap_mean"] == truth["longest_void_run"] == 0
    assert truth["contact_fraction_electrolyte"] == truth["coverage"] == truth["current_focusing"] == 1


def test_slope_shortens_the_normal_thickness_by_its_cosine() -> None:
    """At 10 deg the thickness along the normal is the vertical one times cos 10 deg."""
    truth = make_section((300, 300), (0.1, 0.1), seed=1, sodium_um=6.0, collector_um=8.0, slope_deg=10.0).truth
    assert truth["thickness_normal_mean"] == pytest.approx(6.0 * math.cos(math.radians(10.0)))


def test_sine_faces_have_the_textbook_roughness() -> None:
    """A sine of amplitude A has Rq = A / sqrt 2 and Ra = 2 A / pi; whole waves, long line, to 1 %."""
    truth = make_section((200, 1200), (0.05, 0.05), seed=1, sine_um=(0.5, 2.0)).truth
    assert truth["roughness_rq_collector"] == pytest.approx(0.5 / math.sqrt(2), rel=0.01)
    assert truth["roughness_ra_electrolyte"] == pytest.approx(1.0 / math.pi, rel=0.01)


def test_random_faces_have_the_rq_asked_for() -> None:
    """Random relief is scaled to its Rq over the field, to 1 %."""
    truth = rich().truth
    assert truth["roughness_rq_collector"] == pytest.approx(0.1, rel=0.01)
    assert truth["roughness_rq_electrolyte"] == pytest.approx(0.15, rel=0.01)


def test_random_faces_have_the_correlation_asked_for() -> None:
    """At the correlation length the autocorrelation of a long face has fallen to about 1/e."""
    scene = Scene(electrolyte_rq_um=0.2, correlation_um=1.0)
    geometry = draw_geometry(scene, width_um=400.0, height_um=30.0, nodes=8001, seed=2)
    z = geometry.faces["electrolyte"] - geometry.faces["electrolyte"].mean()
    assert np.mean(z[20:] * z[:-20]) / np.mean(z**2) == pytest.approx(math.exp(-1), abs=0.08)


def test_half_ellipse_lenses_have_their_closed_area_and_contact() -> None:
    """On a flat face lenses cover pi/4 of width times height each, and take their width from the contact."""
    phantom = make_section(
        (300, 600), (0.05, 0.05), seed=4, electrolyte_lenses=3, lens_width_um=2.0, lens_height_um=0.6
    )
    lenses = phantom.objects[phantom.objects["kind"] == "lens"]
    width = np.sqrt(lenses["area_um2"] * 4 / math.pi * 2.0 / 0.6)
    assert phantom.truth["contact_fraction_electrolyte"] == pytest.approx(1 - width.sum() / 30.0, rel=1e-3)
    assert phantom.truth["longest_void_run"] == pytest.approx(width.max(), rel=1e-3)
    assert phantom.truth["gap_mean"] == pytest.approx(lenses["area_um2"].sum() / 30.0)
    assert phantom.truth["gap_open_fraction"] == pytest.approx(width.sum() / 30.0, abs=0.006)


def test_gap_between_collector_and_electrolyte_without_sodium() -> None:
    """Where no sodium was plated, the opening between the faces is the gap and is all void."""
    phantom = make_section(
        (300, 400), (0.05, 0.05), seed=2, layers=("collector", "electrolyte"), gap_um=1.5, gap_share=0.5
    )
    opening = (phantom.electrolyte_row - phantom.collector_row) * 0.05
    assert phantom.truth["gap_mean"] == pytest.approx(opening.mean(), rel=1e-3)
    assert phantom.truth["gap_max"] == pytest.approx(1.5)
    assert phantom.truth["contact_fraction_electrolyte"] == pytest.approx(0.5, abs=1e-9)
    assert labelled_share(phantom, SectionClass.VOID) == pytest.approx(opening.sum() * 0.05, rel=0.02)
    assert labelled_share(phantom, SectionClass.SODIUM) == 0


def test_rough_unplated_section_shows_no_sodium() -> None:
    """Between rough faces without sodium every pixel of the opening is void, and the faces meet elsewhere."""
    rough = {"collector_rq_um": 0.1, "electrolyte_rq_um": 0.15, "collector_um": 3.0}
    phantom = make_section((200, 400), (0.05, 0.05), layers=("collector", "electrolyte"), seed=2, gap_um=1.0, **rough)
    assert not np.any(phantom.labels == SectionClass.SODIUM)
    assert phantom.truth["contact_fraction_electrolyte"] < 0.5


def test_missing_sodium_lowers_coverage_and_contact() -> None:
    """Two places of 3 um without sodium in 30 um leave a coverage of 0.8 and faces that meet there."""
    phantom = make_section((300, 600), (0.05, 0.05), seed=3, missing_runs=2, missing_um=3.0, sodium_um=2.0)
    assert phantom.truth["coverage"] == pytest.approx(0.8)
    assert phantom.truth["contact_fraction_electrolyte"] == pytest.approx(0.8)
    assert np.mean(phantom.electrolyte_row - phantom.collector_row < 1e-6) == pytest.approx(0.2, abs=0.01)


def test_truth_agrees_with_eightfold_supersampling() -> None:
    """Counting pixels of the same scene at an eighth of the pixel size gives the areas of the truth to 0.3 %."""
    coarse = make_section((150, 200), (0.1, 0.1), **RICH, seed=5)
    fine = make_section((1200, 1600), (0.1 / 8, 0.1 / 8), **RICH, seed=5, psf_px=0, snr=math.inf)
    void = labelled_share(fine, SectionClass.VOID)
    gross = float(np.sum(fine.electrolyte_row - fine.collector_row)) * (0.1 / 8) ** 2
    assert void / gross == pytest.approx(coarse.truth["void_fraction"], rel=0.003)
    assert gross / 20.0 == pytest.approx(coarse.truth["thickness_gross_mean"], rel=1e-4)
    assert gross / 20.0 - void / 20.0 == pytest.approx(coarse.truth["thickness_net_mean"], rel=1e-3)
    dead = labelled_share(fine, SectionClass.DEAD_SODIUM)
    assert dead / 20.0 == pytest.approx(coarse.truth["dead_sodium_equivalent_thickness"], rel=0.003)


def test_dead_sodium_is_counted_by_shape() -> None:
    """Counts, fraction and charge of dead sodium follow the planted objects; active filaments are not dead."""
    phantom = rich()
    dead = phantom.objects[phantom.objects["class_id"] == SectionClass.DEAD_SODIUM]
    assert phantom.truth["dead_sodium_count"] == len(dead) == 6
    assert phantom.truth["dead_sodium_filamentary_count"] == 2
    thickness = dead["area_um2"].sum() / 20.0
    assert phantom.truth["dead_sodium_charge"] == pytest.approx(thickness / 8.8614, rel=1e-4)
    assert SectionClass.SODIUM in set(phantom.objects.loc[phantom.objects["kind"] == "active filament", "class_id"])


def test_noiseless_greys_mix_by_area() -> None:
    """Without blur and noise the pixels of a face have the mixture of two greys that their rows give."""
    phantom = make_section(
        (160, 40), (0.1, 0.1), seed=1, collector_um=4.04, sodium_um=5.03, psf_px=0, snr=math.inf, bits=16
    )
    column = phantom.image.data[:, 7] / 257
    assert phantom.collector_row[7] == pytest.approx(40.4)
    assert column[40] == pytest.approx(0.4 * 205 + 0.6 * 152, abs=0.01)
    assert column[90] == pytest.approx(0.7 * 152 + 0.3 * 74, abs=0.01)


def test_noise_follows_the_snr() -> None:
    """The sd of sodium pixels is the grey step to the electrolyte over the SNR."""
    for snr in (8.0, 3.0):
        phantom = make_section((200, 400), (0.1, 0.1), seed=1, snr=snr)
        sodium = phantom.image.data[60:120]
        assert sodium.std() == pytest.approx((152 - 74) / snr, rel=0.03)


@pytest.mark.parametrize("tilt_deg", [52.0, 54.0])
def test_tilt_shortens_heights_and_leaves_the_truth(tilt_deg: float) -> None:
    """The same true scene seen at a tilt has rows times sin(tilt) and the same quantities in um."""
    sine = math.sin(math.radians(tilt_deg))
    flat = make_section((500, 400), (0.05 * sine, 0.05), **RICH, seed=5)
    tilted = make_section((500, 400), (0.05 * sine**2, 0.05), **RICH, seed=5, tilt_deg=tilt_deg)
    assert tilted.spacing_um == pytest.approx(flat.spacing_um)
    assert tilted.truth == pytest.approx(flat.truth)
    assert tilted.image.spacing_um[0] == pytest.approx(flat.spacing_um[0] * sine)
    assert tilted.image.meta.stage_tilt_deg == tilt_deg


def test_truth_does_not_depend_on_the_pixel() -> None:
    """The same field with pixels of 1 : 1.25 has the same quantities to 0.1 % and the same objects."""
    square, oblong = rich(), make_section((240, 400), (0.0625, 0.05), **RICH, seed=5)
    assert oblong.truth == pytest.approx(square.truth, rel=1e-3, abs=1e-3)
    np.testing.assert_allclose(oblong.objects[["x_um", "z_um"]], square.objects[["x_um", "z_um"]], atol=1e-3)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.5, 2.0, 3.0]))
def test_truth_scales_by_its_unit(seed: int, scale: float) -> None:
    """A scene and pixels `scale` times as large scale each quantity by the power of length in its unit."""
    lengths = {name: getattr(Scene(), name) for name in Scene.__slots__ if name.endswith("_um") and name != "sine_um"}
    base = {**lengths, "void_fraction": 0.02, "electrolyte_rq_um": 0.1, "electrolyte_lenses": 2, "spheres": 2}
    scaled = {name: value * (scale if name.endswith("_um") else 1) for name, value in base.items()}
    one = make_section((300, 300), (0.08, 0.08), seed=seed, **base).truth
    other = make_section((300, 300), (0.08 * scale, 0.08 * scale), seed=seed, **scaled).truth
    power = {"": 0, "um": 1, "mm-2": -2, "mAh cm-2": 1}
    expected = {name: value * scale ** power[GLOSSARY[name].unit] for name, value in one.items()}
    assert other == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_same_seed_same_bytes_and_other_seed_other_scene() -> None:
    """A phantom is made again byte for byte from its seed; noise does not move the scene."""
    first, again, other, noisier = rich(), rich(), rich(seed=6), rich(snr=3.0)
    assert first.image.data.tobytes() == again.image.data.tobytes()
    assert first.objects.equals(again.objects)
    assert not np.array_equal(first.labels, other.labels)
    np.testing.assert_array_equal(first.labels, noisier.labels)


def test_labels_follow_the_rows() -> None:
    """In every column the first pixel below the collector face is not collector, and the data bar is outside."""
    phantom = rich(databar_rows=40, filaments=0, blobs=0)
    assert np.all(phantom.labels[-40:] == SectionClass.OUTSIDE)
    assert phantom.image.meta.databar_rows == 40
    depth = np.arange(300)[:, None] + 0.5
    sodium_layer = (depth > phantom.collector_row) & (depth < phantom.electrolyte_row)
    agree = np.isin(phantom.labels, (SectionClass.SODIUM, SectionClass.VOID)) == sodium_layer
    assert agree[:260].mean() > 0.99


def test_faces_outside_the_image_have_no_row() -> None:
    """Without a collector, or below the frame, a face's row is NaN and its quantities are not stated."""
    alone = make_section((100, 100), (0.1, 0.1), seed=1, layers=("sodium", "electrolyte"), sodium_um=4.0)
    assert np.isnan(alone.collector_row).all()
    assert "thickness_gross_mean" not in alone.truth
    deep = make_section((100, 100), (0.1, 0.1), seed=1, sodium_um=20.0)
    assert np.isnan(deep.electrolyte_row).all()


def test_every_stated_quantity_is_in_the_glossary() -> None:
    """Truth speaks the language of the glossary, in its order, and leaves out only what needs a charge or a choice."""
    truth = rich().truth
    assert [name for name in GLOSSARY if name in truth] == list(truth)
    unstated = {"theoretical_thickness", "packing_density", "closure_residual", "sodium_void_separability"}
    unstated |= {"thickness_normal_mean", "thickness_local_mean", "gap_detection_limit"}
    assert set(GLOSSARY) - set(truth) >= unstated
    assert {"thickness_net_mean", "void_fraction", "contact_fraction_collector", "dead_sodium_charge"} <= set(truth)


def test_impossible_scenes_are_refused() -> None:
    """Unknown fields, layers in the wrong order and objects that do not fit are refused with their name."""
    with pytest.raises(TypeError, match="no field sodium_nm"):
        make_section((50, 50), (0.1, 0.1), seed=1, sodium_nm=3)
    with pytest.raises(ValueError, match="in this order"):
        make_section((50, 50), (0.1, 0.1), seed=1, layers=("sodium", "collector"))
    with pytest.raises(ValueError, match=r"void_fraction=0\.6"):
        make_section((200, 200), (0.1, 0.1), seed=1, void_fraction=0.6, sodium_um=8.0)
    with pytest.raises(ValueError, match="would overlap"):
        make_section((200, 200), (0.1, 0.1), seed=1, gap_um=0.5, electrolyte_lenses=2)
    with pytest.raises(ValueError, match="one face only"):
        make_section((200, 200), (0.1, 0.1), seed=1, layers=("collector", "electrolyte"), collector_lenses=2)
    with pytest.raises(ValueError, match="do not fit"):
        make_section((200, 200), (0.1, 0.1), seed=1, electrolyte_lenses=40)
