"""Search for voids in the sodium layer, on phantoms of known truth and on real sections with outlines by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sodalite.measure.contact import contact_quantities
from sodalite.phantoms.sections import SectionPhantom, make_section
from sodalite.phantoms.suite import make_named
from sodalite.segment.layers import trace_layers
from sodalite.segment.outside import find_outside_above
from sodalite.segment.void_evidence import void_evidence
from sodalite.segment.void_shape import half_way, reaching_face, without_streaks
from sodalite.segment.voids import Voids, find_voids

if TYPE_CHECKING:
    from pathlib import Path

VOIDED = ("bulk_voids", "lenses", "gaps", "sloped", "curtained", "charged", "capped", "realistic")
SOLID = ("void_free", "rough", "thin", "dead_sodium", "missing")


def _found(grey: np.ndarray, phantom: SectionPhantom) -> Voids:
    centre = np.arange(phantom.labels.shape[0])[:, None] + 0.5
    faces = (phantom.collector_row, phantom.electrolyte_row)
    layer = (centre >= faces[0]) & (centre < faces[1])
    return find_voids(grey, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60)


def _layer_px(phantom: SectionPhantom) -> float:
    return float((phantom.electrolyte_row - phantom.collector_row).sum())


@pytest.fixture(scope="module")
def bulk() -> SectionPhantom:
    """Return a small section with bulk voids, lenses, rims and curtains."""
    planted = {"void_fraction": 0.04, "void_diameter_um": 0.6, "electrolyte_lenses": 2}
    seen = {"snr": 5.0, "rim_grey": 15.0, "curtain": 0.02}
    return make_section((240, 360), (0.03, 0.03), sodium_um=3.0, collector_um=1.5, seed=5, **planted, **seen)


@pytest.mark.parametrize("contrast", ["se", "bse"])
@pytest.mark.parametrize("scene", VOIDED)
def test_void_fraction_of_phantoms_is_right_to_half_a_point_at_a_low_signal(scene: str, contrast: str) -> None:
    """Voids of ten pixels across or more, under noise as strong as a third of the contrast of the two faces."""
    phantom = make_named(f"{scene}_{contrast}_snr3")
    error = _found(phantom.image.data, phantom).mask.sum() - (phantom.labels == 3).sum()
    assert abs(error) < 0.005 * _layer_px(phantom)


@pytest.mark.parametrize("name", [f"{scene}_{kind}" for scene in SOLID for kind in ("se_snr3", "bse_snr8")])
def test_no_voids_are_found_in_solid_sodium(name: str) -> None:
    """Blurred faces, noise and grains make no void: the mask is empty, and the note says so."""
    phantom = make_named(name)
    voids = _found(phantom.image.data, phantom)
    assert voids.mask.sum() < 0.0005 * _layer_px(phantom)
    assert np.isnan(voids.separability)
    assert voids.note == "no void population found"


@pytest.mark.parametrize("name", ["lenses_se_snr3", "lenses_bse_snr8", "gaps_se_snr3", "gaps_bse_snr3"])
def test_contact_under_lenses_and_gaps_is_right_to_one_point(name: str) -> None:
    """Flat voids that taper along a face take away the contact that they were planted to take."""
    phantom = make_named(name)
    labels = np.where(_found(phantom.image.data, phantom).mask, 3, 2).astype(np.uint8)
    values = {
        quantity.quantity: quantity.value
        for quantity in contact_quantities(
            labels,
            phantom.collector_row,
            phantom.electrolyte_row,
            phantom.spacing_um,
            contact_distance_um=2 * phantom.spacing_um[0],
        )
    }
    for face in ("contact_fraction_electrolyte", "contact_fraction_collector"):
        assert values[face] == pytest.approx(phantom.truth[face], abs=0.01)


@given(scale=st.floats(0.25, 200.0), shift=st.floats(-1000.0, 1000.0))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_voids_do_not_depend_on_brightness_and_contrast(bulk: SectionPhantom, scale: float, shift: float) -> None:
    """Grey levels times any factor plus any offset give the same voids, but for rounding at single pixels."""
    plain = _found(bulk.image.data, bulk).mask
    scaled = _found(bulk.image.data * scale + shift, bulk).mask
    assert plain.sum() > 1000
    assert (plain != scaled).sum() <= 0.002 * plain.sum()


def test_a_mirror_image_has_mirrored_voids(bulk: SectionPhantom) -> None:
    """Left and right are treated alike, but for the half-pixel of the background's coarse grid."""
    plain = _found(bulk.image.data, bulk).mask
    faces = (bulk.collector_row[::-1], bulk.electrolyte_row[::-1])
    centre = np.arange(plain.shape[0])[:, None] + 0.5
    layer = (centre >= faces[0]) & (centre < faces[1])
    mirrored = find_voids(
        np.ascontiguousarray(bulk.image.data[:, ::-1]), layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60
    )
    assert (plain != mirrored.mask[:, ::-1]).sum() <= 0.005 * plain.sum()


def test_a_large_layer_holds_the_voids_of_its_repeated_scene(bulk: SectionPhantom) -> None:
    """Greys learnt from every second row and column of a wide layer find what those of all pixels find."""
    times = 16
    plain = _found(bulk.image.data, bulk).mask
    faces = (np.tile(bulk.collector_row, times), np.tile(bulk.electrolyte_row, times))
    centre = np.arange(plain.shape[0])[:, None] + 0.5
    layer = (centre >= faces[0]) & (centre < faces[1])
    wide = np.tile(bulk.image.data, (1, times))
    mask = find_voids(wide, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60).mask
    assert void_evidence(wide, layer, faces).sample[0].step == 2
    middle = slice(5 * plain.shape[1], 6 * plain.shape[1])
    inside = (slice(None), slice(60, -60))
    assert (mask[:, middle] != plain)[inside].sum() <= 0.01 * plain[inside].sum()


def test_the_arguments_are_left_alone(bulk: SectionPhantom) -> None:
    """Neither the image nor the faces are changed in place."""
    grey, faces = bulk.image.data.astype(np.float32), bulk.electrolyte_row.copy()
    before = grey.copy()
    _found(grey, bulk)
    assert np.array_equal(grey, before)
    assert np.array_equal(bulk.electrolyte_row, faces)


def test_a_void_cut_off_by_the_threshold_of_size_is_left_out(bulk: SectionPhantom) -> None:
    """A void just below `least_px` goes and one just above it stays."""
    voids = _found(bulk.image.data, bulk).mask
    sizes = np.sort(cv2.connectedComponentsWithStats(voids.astype(np.uint8), connectivity=4)[2][1:, cv2.CC_STAT_AREA])
    centre = np.arange(voids.shape[0])[:, None] + 0.5
    faces = (bulk.collector_row, bulk.electrolyte_row)
    layer = (centre >= faces[0]) & (centre < faces[1])
    middle = int(sizes[len(sizes) // 2])
    kept = find_voids(bulk.image.data, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=middle + 1).mask
    least = cv2.connectedComponentsWithStats(kept.astype(np.uint8), connectivity=4)[2][1:, cv2.CC_STAT_AREA].min()
    assert least > middle
    assert kept.sum() < voids.sum()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("height", [0, 1, 3, 40])
def test_even_grey_holds_no_voids(height: int, known: bool) -> None:
    """A layer without any contrast, of any height and with or without faces, is searched without complaint."""
    layer = np.zeros((60, 50), bool)
    layer[20 : 20 + height] = True
    faces = (np.full(50, 20.0), np.full(50, 20.0 + height)) if known else (np.full(50, np.nan), np.full(50, np.nan))
    voids = find_voids(np.full(layer.shape, 7, np.uint16), layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=1)
    assert not voids.mask.any()
    assert voids.note


def test_a_notch_of_the_free_surface_is_no_void() -> None:
    """Of two dark discs the one that opens to the outside is relief, the other a void."""
    rng = np.random.default_rng(4)
    grey = np.full((200, 300), 150.0)
    for x, y in ((80, 62), (200, 120)):
        cv2.circle(grey, (x, y), 15, 20.0, -1)
    layer = np.zeros(grey.shape, bool)
    layer[60:180] = True
    grey[:60], grey[180:] = 250.0, 70.0
    noisy = cv2.GaussianBlur(grey, (0, 0), 1.0) + rng.normal(0, 8, grey.shape)
    faces = (np.full(300, np.nan), np.full(300, 180.0))
    mask = find_voids(noisy, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60).mask
    assert not mask[:, :150].any()
    assert mask.sum() == pytest.approx(np.pi * 15**2, rel=0.06)


def test_voids_barely_darker_than_noise_are_doubted() -> None:
    """With cores of three deviations, voids of low contrast are found in part, and the note says so."""
    phantom = make_section((240, 360), (0.03, 0.03), sodium_um=3.0, collector_um=1.5, void_fraction=0.05,
                           void_diameter_um=0.6, snr=0.4, seed=2)  # fmt: skip
    centre = np.arange(240)[:, None] + 0.5
    faces = (phantom.collector_row, phantom.electrolyte_row)
    layer = (centre >= faces[0]) & (centre < faces[1])
    voids = find_voids(phantom.image.data, layer, faces, seed_sd=3.0, grow_sd=1.5, least_px=60)
    assert 0 < voids.mask.sum() < 0.9 * (phantom.labels == 3).sum()
    assert "sd darker than sodium" in voids.note


def test_a_film_between_sodium_and_electrolyte_is_no_void() -> None:
    """A smooth film, darker than sodium and brighter than the electrolyte, holds no void; a dark lens on it does."""
    rng = np.random.default_rng(3)
    scene = np.full((200, 400), 150.0)
    scene[120:132] = 95.0
    scene[132:] = 60.0
    face = np.full(400, 132.0)
    layer = np.arange(200)[:, None] < np.full(400, 132)
    lens = np.zeros(scene.shape, np.uint8)
    cv2.ellipse(lens, (200, 126), (40, 9), 0, 0, 360, 1, -1)
    lens &= layer
    for voided in (False, True):
        picture = cv2.GaussianBlur(np.where(lens & voided, 12.0, scene), (0, 0), 1.0) + rng.normal(0, 6, scene.shape)
        mask = find_voids(picture, layer, (np.full(400, np.nan), face), seed_sd=5.0, grow_sd=2.0, least_px=60).mask
        assert mask[lens == 0].sum() < 0.15 * lens.sum()
        assert mask[lens == 1].mean() == pytest.approx(float(voided), abs=0.05)


def test_beads_in_a_film_below_a_void_are_no_part_of_it() -> None:
    """The relief of a row of beads in a film at the face, right below a void, is the film's own."""
    rng = np.random.default_rng(5)
    scene = np.full((200, 400), 150.0)
    scene[116:132], scene[132:] = 120.0, 60.0
    void = np.zeros(scene.shape, np.uint8)
    cv2.ellipse(void, (200, 95), (110, 20), 0, 0, 360, 1, -1)
    scene[void == 1] = 12.0
    for x in range(120, 281, 8):
        cv2.circle(scene, (x, 122), 2, 150.0, -1)
    picture = cv2.GaussianBlur(scene, (0, 0), 1.0) + rng.normal(0, 6, scene.shape)
    layer = np.arange(200)[:, None] < np.full(400, 132)
    faces = (np.full(400, np.nan), np.full(400, 132.0))
    mask = find_voids(picture, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60).mask
    assert mask[void == 1].mean() > 0.98
    assert mask[117:].sum() < 0.005 * void.sum()


def test_the_outline_lies_half_way_between_void_and_surroundings() -> None:
    """A blurred disc keeps its area to two per cent, with and without a bright rim of its own width."""
    y, x = np.mgrid[:80, :80] - 39.5
    radius = np.hypot(x, y)
    for rim in (0.0, 6.0):
        sharp = np.where(radius < 20, -10.0, np.where(radius < 30, rim, 0.0)).astype(np.float32)
        contrast = cv2.GaussianBlur(sharp, (0, 0), 2.0)
        mask = half_way(contrast < -0.5, contrast, np.ones(sharp.shape, bool))
        assert mask.sum() == pytest.approx(np.pi * 20**2, rel=0.02)


def test_tall_narrow_streaks_are_curtains() -> None:
    """A streak of eight pixels' width goes, one of nine stays, and so does a short one."""
    mask = np.zeros((100, 60), bool)
    mask[10:60, 5:13] = mask[10:60, 20:29] = mask[10:50, 40:48] = True
    kept = without_streaks(mask)
    assert not kept[:, 5:13].any()
    assert kept[10:60, 20:29].all()
    assert kept[10:50, 40:48].all()


def test_a_void_ends_at_the_face_unless_sodium_lies_between() -> None:
    """Five rows of sodium part a void from the face, four do not; nor do fewer than five columns join it."""
    depth = np.repeat(np.arange(30.0)[:, None], 30, axis=1).astype(np.float32)
    mask = np.zeros(depth.shape, bool)
    mask[5:10] = True
    mask[4, 10:15] = mask[4, 20:24] = True
    reached = reaching_face(mask, depth, np.ones(mask.shape, bool), reach_px=15, least_sodium_px=4)
    assert reached[:4, 10:15].all()
    assert np.count_nonzero(reached[:4].any(axis=0)) == 5


def _scores(folder: Path, stem: str) -> tuple[float, float]:
    """IoU and area ratio of the voids of one image of the collection, as defined beside the data."""
    grey = cv2.imread(str(next(folder.glob(f"*/{stem}.png"))), cv2.IMREAD_GRAYSCALE)[:-78]
    truth = cv2.imread(str(folder / "masks" / f"{stem}_mask.png"), cv2.IMREAD_GRAYSCALE)[: grey.shape[0]]
    edge = trace_layers(grey, layer_count=2, stiffness_px=40.0, anchors=[None], reach_px=15.0)[0]
    layer = (np.arange(grey.shape[0])[:, None] < edge) & ~find_outside_above(grey, edge)
    faces = (np.full(grey.shape[1], np.nan), edge.astype(float))
    mask = find_voids(grey, layer, faces, seed_sd=5.0, grow_sd=2.0, least_px=60).mask
    void = np.isin(truth, (4, 5))
    mask &= (truth == 1) | void
    return float((mask & void).sum() / (mask | void).sum()), float(mask.sum() / void.sum())


def test_voids_of_real_sections_match_outlines_by_hand(shared_data: Path) -> None:
    """Three sections of two kinds with lit walls, charged rims and films: measured 0.85 mean IoU, area within 6 %."""
    stems = ("ALBSF_A20_AA_4H_10K_31", "ALBSF_A21_DI_4H_10K_31", "TOPCon_sp3224a_baseline1")
    scores = np.array([_scores(shared_data / "sem/ucf_pv_fibsem", stem) for stem in stems])
    assert scores[:, 0].mean() > 0.8
    assert np.all(np.abs(scores[:, 1] - 1) < 0.12)


@pytest.mark.parametrize(("contrast", "grain_grey"), [("se", 15.0), ("low", 6.0), ("low", 10.0), ("bse", 10.0)])
@pytest.mark.parametrize("share", [0.0, 0.03])
def test_grains_that_channel_the_beam_are_no_voids(contrast: str, grain_grey: float, share: float) -> None:
    """Grains of sodium many standard deviations apart neither pass for voids nor hide those that are there."""
    scene = {"sodium_um": 5.0, "collector_um": 1.5, "void_fraction": share, "void_diameter_um": 0.6}
    seen = {"contrast": contrast, "snr": 8.0, "grain_grey": grain_grey, "grain_um": 3.0}
    phantom = make_section((300, 480), (0.03, 0.03), seed=4, **scene, **seen)
    error = _found(phantom.image.data, phantom).mask.sum() - (phantom.labels == 3).sum()
    assert abs(error) < (0.005 if share else 0.0005) * _layer_px(phantom)
