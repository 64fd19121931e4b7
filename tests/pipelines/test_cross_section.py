"""The cross-section recipe from image to result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import sodalite
from sodalite.classes import SectionClass as Is
from sodalite.phantoms.databar import draw_databar
from sodalite.phantoms.sections import SectionPhantom, make_section

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def phantom() -> SectionPhantom:
    """Return a section with bulk voids and dead sodium."""
    return make_section(
        (400, 540),
        (0.03, 0.03),
        collector_um=2.5,
        sodium_um=3.6,
        void_fraction=0.04,
        void_diameter_um=0.6,
        spheres=3,
        filaments=1,
        dead_um=0.8,
        snr=8.0,
        seed=7,
    )


@pytest.fixture(scope="module")
def result(phantom: SectionPhantom) -> sodalite.Result:
    """Return what the default recipe measures on it."""
    return sodalite.CrossSection().run(phantom.true_image)


@pytest.mark.parametrize(("quantity", "tolerance"), [
    ("thickness_gross_mean", 0.015),
    ("thickness_net_mean", 0.03),
    ("void_fraction", 0.005),
    ("coverage", 0.0),
    ("dead_sodium_count", 0.0),
    ("dead_sodium_spherical_count", 0.0),
])  # fmt: skip
def test_planted_truth_is_measured(
    phantom: SectionPhantom, result: sodalite.Result, quantity: str, tolerance: float
) -> None:
    """Half a pixel of thickness, half a point of void fraction, every object."""
    assert result[quantity].value == pytest.approx(phantom.truth[quantity], abs=tolerance)


def test_a_bar_at_the_top_is_refused(phantom: SectionPhantom) -> None:
    """It would pass for a layer; a bar at the foot changes nothing."""
    image = phantom.true_image
    bar = draw_databar((40, image.data.shape[1]), pixel_um=0.03).astype(image.data.dtype)
    with pytest.raises(sodalite.SegmentationError, match="upper 40 rows are a data bar"):
        sodalite.CrossSection().run(image.replace(data=np.vstack([bar, image.data])))
    below = sodalite.CrossSection().run(image.replace(data=np.vstack([image.data, bar])))
    assert below.provenance["segmentation"]["databar_rows"] == 40


def test_truth_lies_in_the_interval(phantom: SectionPhantom, result: sodalite.Result) -> None:
    """The 95 % intervals of the headline numbers hold the truth of this one draw."""
    for quantity in ("thickness_gross_mean", "thickness_net_mean", "void_fraction", "dead_sodium_fraction"):
        found = result[quantity]
        assert found.low <= phantom.truth[quantity] <= found.high, quantity


def test_its_own_labels_give_the_same_numbers(phantom: SectionPhantom, result: sodalite.Result) -> None:
    """Measuring the labels that a run found changes no number that does not rest on how they were found."""
    again = sodalite.CrossSection().run(phantom.true_image, labels=result.labels["labels"])
    for before, after in zip(result, again, strict=True):
        if before.quantity != "sodium_void_separability":
            assert (after.value == before.value) or np.isnan(before.value), before.quantity


def test_an_upside_down_image_gives_the_same_numbers(phantom: SectionPhantom, result: sodalite.Result) -> None:
    """`reversed`, or the layers named from the electrolyte, measure the turned image alike."""
    turned = phantom.true_image.replace(data=np.ascontiguousarray(phantom.true_image.data[::-1]))
    for recipe in (sodalite.CrossSection(reversed=True), sodalite.CrossSection(layers="electrolyte,sodium,collector")):
        other = recipe.run(turned)
        for quantity in ("thickness_gross_mean", "void_fraction", "dead_sodium_count"):
            assert other[quantity].value == pytest.approx(result[quantity].value, rel=1e-9)
        np.testing.assert_array_equal(other.labels["labels"][::-1], result.labels["labels"])
        height_um = turned.data.shape[0] * turned.spacing_um[0]
        turned_back = height_um - other.tables["profile"]["electrolyte_z_um"].to_numpy()
        assert turned_back == pytest.approx(result.tables["profile"]["electrolyte_z_um"].to_numpy())


def test_the_charge_closes_the_inventory(phantom: SectionPhantom) -> None:
    """With a charge the theoretical thickness follows Faraday and the packing density follows both."""
    result = sodalite.CrossSection(charge_mah_cm2=2.0).run(phantom.true_image)
    assert result["theoretical_thickness"].value == pytest.approx(17.72, abs=0.005)
    expected = result["theoretical_thickness"].value / result["thickness_gross_mean"].value
    assert result["packing_density"].value == pytest.approx(expected)


def test_a_layer_cut_by_the_frame_withholds_its_thickness(phantom: SectionPhantom) -> None:
    """An image without the collector says why there is no thickness, and still measures voids and contact."""
    image = phantom.true_image
    cut = image.replace(data=image.data[int(np.nanmax(phantom.collector_row)) + 8 :])
    result = sodalite.CrossSection(layers="sodium,electrolyte").run(cut)
    assert np.isnan(result["thickness_gross_mean"].value)
    assert "cut by the image's upper edge" in result["thickness_gross_mean"].note
    assert 0 < result["void_fraction"].value < 0.1
    assert result["contact_fraction_electrolyte"].value > 0.5


def test_anchors_reach_the_tracer(phantom: SectionPhantom) -> None:
    """Anchors far from the true face move it there."""
    recipe = sodalite.CrossSection(anchor_reach_px=2.0)
    moved = phantom.electrolyte_row.mean() + 30
    points = np.array([[20.0, moved], [500.0, moved]])
    labels = recipe.segment(phantom.true_image, anchors={"sodium/electrolyte": points})
    first = (labels == Is.ELECTROLYTE).argmax(axis=0)
    assert abs(np.median(first) - moved) <= 6


@pytest.mark.parametrize(("layers", "word"), [
    ("collector,sodium", "electrolyte"),
    ("electrolyte", "at least one layer"),
    ("sodium,collector,electrolyte", "no order"),
    ("collector,lithium,electrolyte", "no layer"),
    ("sodium,sodium,electrolyte", "twice"),
])  # fmt: skip
def test_impossible_layers_are_refused(layers: str, word: str) -> None:
    """A recipe says what is wrong with its layers."""
    with pytest.raises(sodalite.RecipeError, match=word):
        sodalite.CrossSection.from_fields({"layers": layers})


def test_wrong_labels_and_anchors_are_refused(phantom: SectionPhantom) -> None:
    """Labels of another shape, ids that are no class, and unknown interfaces each give a sentence."""
    recipe, image = sodalite.CrossSection(), phantom.true_image
    with pytest.raises(sodalite.MeasurementError, match="label this very image"):
        recipe.run(image, labels=np.zeros((5, 5), np.uint8))
    with pytest.raises(sodalite.MeasurementError, match="is no class"):
        recipe.run(image, labels=np.full(image.data.shape, 77, np.uint8))
    with pytest.raises(sodalite.SegmentationError, match="no interface"):
        recipe.segment(image, anchors={"cap/sodium": [(1, 2)]})
    with pytest.raises(sodalite.SegmentationError, match="px are needed"):
        recipe.run(image.replace(data=image.data[:20]))


def test_a_yaml_recipe_round_trips(tmp_path: Path) -> None:
    """The commented YAML of a recipe loads as the same recipe."""
    recipe = sodalite.CrossSection(layers="cap,collector,sodium,electrolyte", charge_mah_cm2=1.5)
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    assert sodalite.load_recipe(path) == recipe


def test_an_image_without_layers_carries_the_doubt() -> None:
    """Every number from between lines through noise says that the greys hardly differ there, and no other."""
    noise = np.random.default_rng(5).normal(120, 20, (200, 300)).astype(np.float32)
    result = sodalite.CrossSection(charge_mah_cm2=1).run(sodalite.Image(noise, (0.1, 0.1), "noise"))
    doubt = result["thickness_gross_mean"].doubt
    assert "hardly differ" in doubt
    assert result.provenance["warnings"] == [f"{doubt}."]
    certain = {value.quantity for value in result.values if value.doubt != doubt}
    assert certain == {"sodium_void_separability", "theoretical_thickness"}


def test_a_pixel_size_told_against_the_file_is_a_warning(phantom: SectionPhantom, result: sodalite.Result) -> None:
    """The file's own size stands in the provenance, for whoever opens the result later."""
    image = phantom.true_image
    told = image.replace(meta=replace(image.meta, overruled_um=(0.06, 0.05)))
    measured = sodalite.CrossSection().run(told, labels=result.labels["labels"])
    (warning,) = measured.provenance["warnings"]
    assert "0.05 um along x and 0.06 um along y" in warning


def test_a_thin_film_beside_a_saturated_layer_is_doubted() -> None:
    """Collector and sodium both white: what is found is the blur of their edge to the electrolyte, and says so."""
    rows = np.arange(300)[:, None] + np.zeros((1, 400))
    grey = cv2.GaussianBlur(np.where(rows < 200, 400.0, 170.0), (0, 0), 1.0)
    noisy = grey + np.random.default_rng(6).normal(0, 6, grey.shape)
    result = sodalite.CrossSection().run(sodalite.Image(np.clip(noisy, 0, 255).astype(np.uint8), (0.1, 0.1), "white"))
    assert "most of the collector has the largest grey level" in result["thickness_gross_mean"].doubt


def test_a_gap_thinner_than_a_void_s_core_is_lost_contact() -> None:
    """Two rows of dark over half of the electrolyte's face, blurred, and no other void."""
    grey = np.full((300, 480), 180.0)
    grey[:80], grey[200:] = 230, 110
    grey[200:202, 120:360] = 20
    noisy = cv2.GaussianBlur(grey, (0, 0), 1.0) + np.random.default_rng(8).normal(0, 6, grey.shape)
    result = sodalite.CrossSection().run(sodalite.Image(np.clip(noisy, 0, 255).astype(np.uint8), (0.03, 0.03), "gap"))
    contact = result["contact_fraction_electrolyte"]
    assert contact.value == pytest.approx(0.5, abs=0.02)
    assert contact.high > 0.95
    assert "0.5 of the face are dark lines" in contact.note
    assert result["thickness_gross_mean"].value == pytest.approx(3.6, abs=0.05)
