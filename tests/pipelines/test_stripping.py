"""The stripping recipe from images to result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sodalite.errors import MeasurementError, RecipeError
from sodalite.glossary import GLOSSARY_OF
from sodalite.image_series import ImageSeries
from sodalite.phantoms.stripping import StrippingPhantom, make_stripping
from sodalite.pipelines.stripping import Stripping

if TYPE_CHECKING:
    from sodalite.result import Result

SHAPE, CHARGES = (300, 480), (0.0, 0.1, 0.3, 0.5)


def drawn(seed: int, **fields: Any) -> tuple[StrippingPhantom, Result]:
    """Return a phantom and what the default recipe measures on it."""
    phantom = make_stripping(SHAPE, seed=seed, **({"charges_mah_cm2": CHARGES} | fields))
    return phantom, Stripping().run(phantom.series)


@pytest.fixture(scope="module")
def plain() -> tuple[StrippingPhantom, Result]:
    """Return the plain phantom and its result."""
    return drawn(2)


@pytest.mark.parametrize("fields", [
    {},
    {"snr": 4.0},
    {"contrast": "bse"},
    {"contrast": "low"},
    {"kappa": 0.04},
    {"grain_grey": 8.0, "curtain": 0.02},
], ids=str)  # fmt: skip
def test_void_area_and_kappa_are_right_to_five_percent(fields: dict[str, Any]) -> None:
    """Voids of ten pixels and more, at any contrast: area and kappa within 5 %, contact within 2 points."""
    phantom, result = drawn(3, charges_mah_cm2=(0.0, 0.2, 0.5), **fields)
    steps, truth = result.tables["steps"], phantom.truth
    assert steps["void_area_um2"][0] == 0
    assert steps["contact_fraction"][0] == 1
    np.testing.assert_allclose(steps["void_area_um2"][1:], truth["void_area_um2"][1:], rtol=0.05)
    np.testing.assert_allclose(steps["void_capacity_ratio"][1:], truth["void_capacity_ratio"][1:], rtol=0.05)
    np.testing.assert_allclose(steps["contact_fraction"], truth["contact_fraction"], atol=0.02)
    np.testing.assert_allclose(steps["void_zone_depth_um"][1:], truth["void_zone_depth_um"][1:], rtol=0.08)
    assert steps["void_count"].tolist() == truth["void_count"].tolist()


def test_the_drift_is_taken_out(plain: tuple[StrippingPhantom, Result]) -> None:
    """The camera's drift is found to a quarter of a pixel, and the brightness to 2 %."""
    phantom, result = plain
    steps = result.tables["steps"]
    for axis in ("drift_y_px", "drift_x_px"):
        np.testing.assert_allclose(steps[axis], phantom.truth[axis], atol=0.25)


def test_voids_are_tracked(plain: tuple[StrippingPhantom, Result]) -> None:
    """Each void keeps its number from opening to the end; the label stack carries it."""
    _, result = plain
    tracks = result.tables["tracks"]
    assert sorted(tracks["track"].unique()) == [1, 2, 3, 4, 5]
    assert (tracks.groupby("track")["area_um2"].apply(lambda area: area.is_monotonic_increasing)).all()
    assert result.tables["events"]["kind"].tolist() == ["open"] * 5
    stack = result.labels["voids"]
    assert stack.shape == result.labels["labels"].shape
    assert set(np.unique(stack[-1])) == {0, 1, 2, 3, 4, 5}
    assert stack[0].max() == 0


def test_every_quantity_of_the_glossary_is_emitted(plain: tuple[StrippingPhantom, Result]) -> None:
    """Nothing else, and each number has an interval or a note."""
    _, result = plain
    assert {item.quantity for item in result} == set(GLOSSARY_OF["stripping"])
    for item in result:
        assert np.isfinite([item.low, item.high]).any() or item.note, item.quantity
    assert result["void_capacity_ratio"].low <= 0.12 <= result["void_capacity_ratio"].high
    assert result["void_onset_charge"].low == 0
    assert result["void_onset_charge"].high == pytest.approx(0.1)


def test_its_own_labels_give_the_same_numbers(plain: tuple[StrippingPhantom, Result]) -> None:
    """Measuring the labels that a run found gives the areas that it found."""
    phantom, result = plain
    again = Stripping().run(phantom.series, labels=result.labels["labels"])
    assert again["void_area_last"].value == result["void_area_last"].value
    assert again["void_capacity_ratio"].value == pytest.approx(result["void_capacity_ratio"].value)
    with pytest.raises(MeasurementError, match="labels of shape"):
        Stripping().run(phantom.series, labels=result.labels["labels"][:2])


def test_pixels_twice_as_large_scale_every_number(plain: tuple[StrippingPhantom, Result]) -> None:
    """Lengths double, areas quadruple, counts and shares stay; kappa grows with the length for the same charge."""
    phantom, result = plain
    doubled = tuple(
        replace(step, image=step.image.replace(spacing_um=(0.1, 0.1))) for step in phantom.series.steps if step.image
    )
    large = Stripping().run(ImageSeries("doubled", doubled))
    powers = {"": 0, "um": 1, "um2": 2, "mAh cm-2": 0}
    for before, after in zip(result, large, strict=True):
        power = 1 if before.quantity == "void_capacity_ratio" else powers[before.unit]
        assert after.value == pytest.approx(before.value * 2**power, rel=1e-6, nan_ok=True), before.quantity


def test_upside_down_images_give_the_same_numbers(plain: tuple[StrippingPhantom, Result]) -> None:
    """The series turned over, and the layers named in that order, measure alike."""
    phantom, result = plain
    turned = tuple(
        replace(step, image=step.image.replace(data=np.ascontiguousarray(step.image.data[::-1])))
        for step in phantom.series.steps
        if step.image
    )
    other = Stripping(layers="electrolyte,sodium,collector").run(ImageSeries("turned", turned))
    assert other["void_area_last"].value == pytest.approx(result["void_area_last"].value, rel=0.01)
    assert other["contact_fraction_last"].value == pytest.approx(result["contact_fraction_last"].value, abs=0.01)


@pytest.mark.parametrize(
    "seed",
    [
        2,
        3,
        4,
        pytest.param(9, id="9: its trace climbs over the void"),
    ],
)
def test_a_void_of_the_first_image_is_measured(seed: int) -> None:
    """The area of a void that stood there before stripping is right to 5 %."""
    phantom, result = drawn(seed, standing_um=0.6)
    assert result["void_area_first"].value == pytest.approx(phantom.truth["void_area_um2"][0], rel=0.05)


def test_a_void_that_was_there_does_not_open() -> None:
    """A void of the first image is measured in every step, and does not count for kappa."""
    phantom, result = drawn(2, standing_um=0.6)
    assert result["void_capacity_ratio"].value == pytest.approx(phantom.truth["void_capacity_ratio"].iloc[-1], rel=0.05)
    assert result["void_opened_count"].value == 5
    assert "already" in result["void_onset_charge"].note


def test_redeposition_and_new_curtains_are_flagged() -> None:
    """A void that is filled again shrinks, and a step with other curtains says so."""
    _, result = drawn(2, closing_step=2, curtain_step=3)
    assert result["void_shrunk_count"].value == 1
    assert "redeposition" in result["void_shrunk_count"].note
    notes = result.tables["steps"]["note"].tolist()
    assert "curtains changed" in notes[3]
    assert "curtains" not in notes[2]


def test_a_broken_step_costs_itself_alone(plain: tuple[StrippingPhantom, Result]) -> None:
    """A missing, an unrelated and a differently magnified image are named; the rest is measured."""
    phantom, whole = plain
    steps = list(phantom.series.steps)
    noise = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    image = steps[1].image
    assert image is not None
    steps[1] = replace(steps[1], image=None, error="step1.tif: the file is empty; copy it again.")
    unrelated = replace(steps[2], name="noise.tif", image=image.replace(data=noise))
    other_scale = replace(steps[2], name="zoom.tif", image=image.replace(spacing_um=(0.02, 0.02)))
    result = Stripping().run(ImageSeries("broken", (*steps[:3], unrelated, other_scale, steps[3])))
    assert result["measured_step_count"].value == 3
    assert "the file is empty" in result["measured_step_count"].note
    failed = result.provenance["failed_steps"]
    assert "cannot be laid on the first image" in failed["noise.tif"]["message"]
    assert "another magnification" in failed["zoom.tif"]["message"]
    assert result["void_area_last"].value == pytest.approx(whole["void_area_last"].value, rel=0.02)
    assert result.tables["steps"]["void_area_um2"].notna().tolist() == [True, False, True, False, False, True]


def test_a_strip_of_electrolyte_is_refused_not_guessed_from() -> None:
    """Of 5 px of electrolyte the drift was found up to 91 px off at 50 standard deviations: a sentence instead."""
    phantom = make_stripping((206, 480), seed=9, charges_mah_cm2=CHARGES)
    with pytest.raises(MeasurementError, match="shows 5 px of electrolyte clear of its face where 30 are needed"):
        Stripping().run(phantom.series)


def test_a_series_without_charges_withholds_kappa(plain: tuple[StrippingPhantom, Result]) -> None:
    """Times and a current give the charge; without either, areas are measured and kappa says why it is not."""
    phantom, result = plain
    bare = tuple(replace(step, charge_mah_cm2=None) for step in phantom.series.steps)
    withheld = Stripping().run(ImageSeries("bare", bare))
    assert np.isnan(withheld["void_capacity_ratio"].value)
    assert "no charges" in withheld["void_capacity_ratio"].note
    timed = tuple(
        replace(step, charge_mah_cm2=None, time_h=charge / 0.25)
        for step, charge in zip(phantom.series.steps, CHARGES, strict=True)
    )
    found = Stripping(current_ma_cm2=0.25).run(ImageSeries("timed", timed))
    assert found["void_capacity_ratio"].value == pytest.approx(result["void_capacity_ratio"].value)


def test_a_repolished_step_breaks_tracks(plain: tuple[StrippingPhantom, Result]) -> None:
    """Voids of a new plane are not those of the old one; areas are measured all the same."""
    phantom, result = plain
    steps = list(phantom.series.steps)
    steps[3] = replace(steps[3], repolished=True)
    other = Stripping().run(ImageSeries("repolished", tuple(steps)))
    tracks = other.tables["tracks"]
    assert not set(tracks["track"][tracks["step"] == 3]) & set(tracks["track"][tracks["step"] == 2])
    assert other["void_area_last"].value == pytest.approx(result["void_area_last"].value, rel=0.05)
    assert "different planes" in other["void_capacity_ratio"].note


def test_what_is_no_series_is_refused(plain: tuple[StrippingPhantom, Result]) -> None:
    """One image is none; layers need the sodium."""
    phantom, _ = plain
    with pytest.raises(MeasurementError, match="give two or more"):
        Stripping().run(ImageSeries("one", phantom.series.steps[:1]))
    with pytest.raises(RecipeError, match="name the sodium"):
        Stripping.from_fields({"layers": "collector,electrolyte"})
    with pytest.raises(RecipeError, match="no layer"):
        Stripping.from_fields({"layers": "collector,lithium,electrolyte"})


def test_sodium_that_is_not_told_from_the_electrolyte_costs_its_step() -> None:
    """A first image whose two greys are one is told; the series begins with the next that shows a layer."""
    phantom, _ = drawn(2)
    steps = list(phantom.series.steps)
    image = steps[0].image
    assert image is not None
    collector = np.arange(image.data.shape[0])[:, None] < 60
    flat = np.where(collector, 220.0, 100.0) + np.random.default_rng(0).normal(0, 4, image.data.shape)
    steps[0] = replace(steps[0], image=image.replace(data=flat.astype(np.uint8)))
    result = Stripping().run(ImageSeries("stripping", tuple(steps)))
    assert "no sodium is told" in result["measured_step_count"].note
    assert "the first image that could be measured" in result["void_capacity_ratio"].note
