"""The front recipe from frames to result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from sodalite.classes import SectionClass
from sodalite.errors import CalibrationError, MeasurementError
from sodalite.glossary import GLOSSARY_OF
from sodalite.image import Image
from sodalite.image_series import ImageSeries, StepImage
from sodalite.phantoms.front import FrontPhantom, make_front
from sodalite.pipelines.front import Front

if TYPE_CHECKING:
    from pathlib import Path

    from sodalite.result import Result

SHAPE = (160, 220)


def drawn(seed: int, **fields: Any) -> tuple[FrontPhantom, Result]:
    """Return a phantom of a growing front and what is measured on it."""
    phantom = make_front(SHAPE, seed=seed, **({"frames": 10, "rate_um_min": 4.0, "substrate_um": 50.0} | fields))
    recipe = Front.from_fields({"grows_from": phantom.growth.grows_from, "current_ma_cm2": 10.0})
    return phantom, recipe.run(phantom.series)


@pytest.fixture(scope="module")
def plain() -> tuple[FrontPhantom, Result]:
    """Return the plain phantom and its result."""
    return drawn(5)


@pytest.mark.parametrize("fields", [
    {"drift_px": 4.0},
    {"fingers": 3, "rate_um_min": 3.0},
    {"glares": 4, "glints": 3},
    {"noise_grey": 12.0, "flicker": 0.15},
    {"greys": (60.0, 200.0, 120.0), "grows_from": "right"},
    {"greys": (60.0, 62.0, 170.0), "grows_from": "left", "drift_px": 3.0},
], ids=str)  # fmt: skip
def test_the_front_is_right_to_a_pixel_and_its_rate_to_three_percent(fields: dict[str, Any]) -> None:
    """From any side, in any contrast, under drift, flicker, glare and glints."""
    phantom, result = drawn(6, **fields)
    steps, truth = result.tables["steps"], phantom.truth
    assert np.abs(steps["thickness_um"] - truth["thickness_um"]).max() < 0.5
    found = result.tables["fronts"]["thickness_um"].to_numpy().reshape(phantom.front_um.shape)
    difference = found - phantom.front_um
    assert np.sqrt(np.nanmean(difference**2, axis=1)).max() < 1.0
    slope = np.polyfit(truth["time_min"], truth["thickness_um"], 1)[0]
    assert result["growth_rate"].value == pytest.approx(slope, rel=0.03)
    assert result["growth_rate"].low < slope < result["growth_rate"].high


def test_the_rate_follows_current_and_faraday(plain: tuple[FrontPhantom, Result]) -> None:
    """Per mA cm-2, and over the 8.861 um of dense sodium a mAh cm-2."""
    _, result = plain
    rate = result["growth_rate"].value
    assert result["growth_rate_per_current"].value == pytest.approx(rate / 10)
    assert result["growth_over_theory"].value == pytest.approx(rate / (8.8614 * 10 / 60), rel=1e-4)


def test_fingers_are_counted_and_flagged() -> None:
    """Each finger is a protrusion, dendrite-like once it is higher than wide; the onset is bracketed."""
    phantom, result = drawn(6, fingers=3, rate_um_min=4.0)
    assert result["protrusion_count_last"].value == 3
    assert result["dendrite_count_last"].value == 3
    assert "dendrite-like" in result["dendrite_count_last"].note
    assert 0 < result["dendrite_onset_time"].value < 9
    largest = phantom.truth["largest_protrusion_um"].iloc[-1]
    assert result["largest_protrusion_last"].value == pytest.approx(largest, rel=0.05)


def test_a_smooth_front_is_not_flagged(plain: tuple[FrontPhantom, Result]) -> None:
    """No dendrite-like growth is a bound on its onset."""
    _, result = plain
    assert result["dendrite_count_last"].value == 0
    assert np.isnan(result["dendrite_onset_time"].value)
    assert result["dendrite_onset_time"].low == 9.0


def test_every_quantity_of_the_glossary_is_emitted(plain: tuple[FrontPhantom, Result]) -> None:
    """Nothing else, and each number has an interval or a note."""
    _, result = plain
    assert {item.quantity for item in result} == set(GLOSSARY_OF["front"])
    for item in result:
        assert np.isfinite([item.low, item.high]).any() or item.note, item.quantity
    steps = result.tables["steps"]
    assert steps["front_rq_low_um"].isna().any()
    assert steps["note"].str.contains("Rq: interval withheld, n_eff")[steps["front_rq_low_um"].isna()].all()
    assert result.labels["labels"].shape == (10, *SHAPE)
    assert set(np.unique(result.labels["labels"][-1])) == {1, 2, 5}


def test_pixels_twice_as_large_scale_every_number(plain: tuple[FrontPhantom, Result]) -> None:
    """Lengths and rates double, counts, shares and times stay."""
    phantom, result = plain
    steps = tuple(
        replace(step, image=step.image.replace(spacing_um=(2.0, 2.0))) for step in phantom.series.steps if step.image
    )
    large = Front(grows_from="bottom", current_ma_cm2=10.0).run(ImageSeries("doubled", steps))
    for before, after in zip(result, large, strict=True):
        power = 1 if "um" in before.unit or before.quantity == "growth_over_theory" else 0
        for one, two in ((before.value, after.value), (before.low, after.low), (before.high, after.high)):
            assert two == pytest.approx(one * 2**power, rel=1e-6, nan_ok=True), before.quantity


def test_mirrored_frames_give_the_same_numbers(plain: tuple[FrontPhantom, Result]) -> None:
    """Left and right exchanged along the substrate change next to nothing."""
    phantom, result = plain
    steps = tuple(
        replace(step, image=step.image.replace(data=np.ascontiguousarray(step.image.data[:, ::-1])))
        for step in phantom.series.steps
        if step.image
    )
    other = Front(grows_from="bottom").run(ImageSeries("mirrored", steps))
    assert other["front_thickness_last"].value == pytest.approx(result["front_thickness_last"].value, abs=0.05)
    assert other["growth_rate"].value == pytest.approx(result["growth_rate"].value, rel=0.003)


def test_its_own_labels_give_the_same_thickness(plain: tuple[FrontPhantom, Result]) -> None:
    """Labels lie on whole pixels: the mean thickness agrees to a quarter of one."""
    phantom, result = plain
    again = Front(grows_from="bottom").run(phantom.series, labels=result.labels["labels"])
    assert again["front_thickness_last"].value == pytest.approx(result["front_thickness_last"].value, abs=0.25)
    with pytest.raises(MeasurementError, match="labels of shape"):
        Front(grows_from="bottom").run(phantom.series, labels=result.labels["labels"][:2])


def test_labels_keep_their_needles() -> None:
    """Labels show the same protrusions to a pixel, their onset to a frame; a blob that hangs on nothing is none."""
    phantom = make_front(seed=2, frames=10, fingers=2)
    recipe = Front(grows_from="bottom")
    found = recipe.run(phantom.series)
    labels = found.labels["labels"].copy()
    labels[-1, 20:30, 120:130] = SectionClass.SODIUM
    again = recipe.run(phantom.series, labels=labels)
    for name in ("protrusion_count_last", "dendrite_count_last"):
        assert again[name].value == found[name].value == 2
    for name in ("front_thickness_last", "front_rq_last", "largest_protrusion_last", "dendrite_onset_time"):
        assert again[name].value == pytest.approx(found[name].value, abs=1.0)
    np.testing.assert_array_equal(again.labels["labels"], labels)


def test_what_is_not_told_is_not_guessed(plain: tuple[FrontPhantom, Result]) -> None:
    """The side must be told; without times there is no rate, without current none per current."""
    phantom, _ = plain
    with pytest.raises(MeasurementError, match="grows_from"):
        Front().run(phantom.series)
    timeless = ImageSeries("timeless", tuple(replace(step, time_h=None) for step in phantom.series.steps))
    result = Front(grows_from="bottom").run(timeless)
    for name in ("growth_rate", "growth_rate_per_current", "dendrite_onset_time"):
        assert np.isnan(result[name].value)
        assert "no times" in result[name].note
    assert np.isnan(Front(grows_from="bottom").run(phantom.series)["growth_over_theory"].value)


def test_broken_frames_cost_themselves_alone(plain: tuple[FrontPhantom, Result]) -> None:
    """A frame that cannot be read and one of another size are named; the rest gives the same rate."""
    phantom, whole = plain
    steps = list(phantom.series.steps)
    steps[4] = replace(steps[4], image=None, error="front#4: cannot be decoded; export the film again.")
    image = steps[6].image
    assert image is not None
    steps[6] = replace(steps[6], image=image.replace(data=image.data[:100]))
    result = Front(grows_from="bottom").run(ImageSeries("broken", tuple(steps)))
    assert result["measured_step_count"].value == 8
    assert "cannot be decoded" in result["measured_step_count"].note
    assert "same camera area" in result["measured_step_count"].note
    assert result["growth_rate"].value == pytest.approx(whole["growth_rate"].value, rel=0.01)
    with pytest.raises(MeasurementError, match="fewer than two frames"):
        Front(grows_from="bottom").run(ImageSeries("one", phantom.series.steps[:1]))


@pytest.mark.parametrize(("substrate_um", "texture_grey", "searched_px"), [(8.0, 8.0, 30.0), (36.0, 1.0, 100.0)])
def test_a_strip_of_substrate_is_doubted_not_guessed_from(
    substrate_um: float, texture_grey: float, searched_px: float
) -> None:
    """Of 4 px of substrate drifts were found up to 34 px off, and 30 um of 42 um were measured in silence."""
    fields = {"frames": 8, "interval_min": 2.0, "substrate_um": substrate_um, "texture_grey": texture_grey}
    phantom = make_front(seed=11, **fields)
    result = Front(grows_from="bottom", max_drift_px=searched_px).run(phantom.series)
    steps, truth = result.tables["steps"], phantom.truth
    assert np.abs(steps["thickness_um"] - truth["thickness_um"]).max() < 1.0
    assert "no drift could be found in front#" in result["growth_rate"].note


def test_light_that_falls_from_an_overexposed_frame_is_refused(plain: tuple[FrontPhantom, Result]) -> None:
    """How much it fell is lost; light that falls from a frame well exposed is made good."""
    phantom, result = plain

    def lit(gains: np.ndarray) -> ImageSeries:
        steps = []
        for step, gain in zip(phantom.series.steps, gains, strict=True):
            assert step.image is not None
            data = np.clip(step.image.data * gain, 0, 255).astype(np.uint8)
            steps.append(replace(step, image=step.image.replace(data=data)))
        return ImageSeries("lit", tuple(steps))

    recipe = Front.from_fields({"grows_from": phantom.growth.grows_from, "current_ma_cm2": 10.0})
    brightest = 255 / float(np.median(phantom.series.steps[0].image.data)) if phantom.series.steps[0].image else 1.0
    with pytest.raises(MeasurementError, match="begin with a frame that is not overexposed"):
        recipe.run(lit(brightest * np.linspace(1.5, 0.5, 10)))
    faded = recipe.run(lit(np.linspace(1.0, 0.4, 10)))
    assert faded["growth_rate"].value == pytest.approx(result["growth_rate"].value, rel=0.02)


@pytest.mark.parametrize(("deposit", "seed"), [(100.0, 3), (100.0, 5), (240.0, 3)])
def test_a_deposit_before_a_white_electrolyte_is_told_or_refused(deposit: float, seed: int) -> None:
    """One that is clearly darker is measured and the numbers say what they rest on; one nearly as white is refused."""
    phantom = make_front(SHAPE, seed=seed, frames=8, substrate_um=50.0, greys=(60.0, deposit, 320.0))
    recipe = Front.from_fields({"grows_from": phantom.growth.grows_from})
    if deposit > 200:
        with pytest.raises(MeasurementError, match="expose so that the electrolyte is not white"):
            recipe.run(phantom.series)
        return
    result = recipe.run(phantom.series)
    assert "the electrolyte is saturated" in result["growth_rate"].note
    error_um = result.tables["steps"]["thickness_um"].to_numpy() - phantom.truth["thickness_um"].to_numpy()
    assert np.abs(error_um).max() < 3.0


def test_a_deposit_as_grey_as_the_electrolyte_is_told() -> None:
    """One that its texture alone shows is seen in patches; one that is a little darker throughout is none."""
    doubts = []
    for deposit in (175.0, 155.0):
        phantom = make_front(SHAPE, seed=3, frames=8, substrate_um=50.0, greys=(60.0, deposit, 175.0))
        recipe = Front.from_fields({"grows_from": phantom.growth.grows_from})
        doubts.append("shows in patches only" in recipe.run(phantom.series)["growth_rate"].note)
    assert doubts == [True, False]


def test_a_deposit_that_fills_the_picture_is_measured_until_it_does() -> None:
    """Frames whose front has left the picture are told and do not count in the rate; their thickness is a bound."""
    phantom, result = drawn(6, rate_um_min=14.0, drift_px=2.0)
    slope = np.polyfit(phantom.truth["time_min"], phantom.truth["thickness_um"], 1)[0]
    rate, last = result["growth_rate"], result["front_thickness_last"]
    assert rate.value == pytest.approx(slope, rel=0.03)
    assert "left the picture" in rate.note
    assert np.isnan(last.value)
    assert 0 < last.low < phantom.truth["thickness_um"].iloc[-1]
    steps = result.tables["steps"]
    within = steps["beyond_fraction"] <= 0.1
    assert within.sum() >= 6
    assert np.abs(steps["thickness_um"] - phantom.truth["thickness_um"])[within].max() < 1.0
    assert steps.loc[~within, "note"].str.contains("left the picture").all()


def test_a_rim_of_the_deposit_is_told() -> None:
    """Greys that have changed by a fifth of the step over 4 px beyond the front say so; a blurred front does not."""
    told = "a rim of the deposit"
    assert told not in drawn(6, rate_um_min=5.0, psf_px=2.0)[1]["growth_rate"].note
    phantom, result = drawn(6, rate_um_min=5.0)
    assert told not in result["growth_rate"].note
    steps = []
    for step, labels in zip(phantom.series.steps, result.labels["labels"], strict=True):
        assert step.image is not None
        covered = np.isin(labels, (SectionClass.COLLECTOR, SectionClass.SODIUM)).astype(np.uint8)
        rim = (cv2.dilate(covered, np.ones((9, 1), np.uint8)) > covered) & (labels == SectionClass.ELECTROLYTE)
        data = step.image.data + 0.2 * result.provenance["deposit_grey_step"] * rim
        steps.append(replace(step, image=step.image.replace(data=np.rint(data).astype(np.uint8))))
    rimmed = Front(grows_from="bottom").run(ImageSeries("rim", (phantom.series.steps[0], *steps[1:])))
    assert told in rimmed["growth_rate"].note


def test_a_deposit_as_bright_as_the_electrolyte_is_told_by_its_colour(tmp_path: Path) -> None:
    """Where luminance steps by nothing the colour is measured, to a pixel and 3 %, and the result says so."""
    phantom = make_front(SHAPE, seed=7, frames=10, rate_um_min=4.0, greys=(55.0, 150.0, 150.0), flicker=0.1)
    for number, colours in enumerate(phantom.colours):
        cv2.imwrite(str(tmp_path / f"f{number:02d}.png"), np.ascontiguousarray(colours[..., ::-1]))
    recipe = Front(grows_from="bottom", frame_interval_s=60)
    result = recipe.run(recipe.read(tmp_path, pixel_size_um=1.0))
    assert np.abs(result.tables["steps"]["thickness_um"] - phantom.truth["thickness_um"]).max() < 1.0
    assert "its colour was measured" in result["front_thickness_last"].note


def test_a_colour_film_and_stack_are_read(tmp_path: Path) -> None:
    """AVI frames in colour give the rate of the grey frames; a pixel size and an interval must be told."""
    import cv2
    import tifffile

    phantom = make_front(SHAPE, seed=5, frames=8, rate_um_min=4.0, substrate_um=50.0)
    film = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, SHAPE[::-1])
    for frame in phantom.colours:
        film.write(np.ascontiguousarray(frame[..., ::-1]))
    film.release()
    stack = np.stack([step.image.data for step in phantom.series.steps if step.image])
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    recipe = Front(grows_from="bottom", frame_interval_s=60.0)
    with pytest.raises(CalibrationError, match="pixel-size"):
        recipe.run(recipe.read(tmp_path / "film.avi"))
    for name in ("film.avi", "stack.tif"):
        result = recipe.run(recipe.read(tmp_path / name, pixel_size_um=1.0))
        assert result["growth_rate"].value == pytest.approx(4.0, rel=0.03)
        assert result["measured_step_count"].value == 8
    half = Front(grows_from="bottom", frame_interval_s=60.0, every=2)
    assert half.run(half.read(tmp_path / "stack.tif", pixel_size_um=1.0))["measured_step_count"].value == 4


def needled(
    width_px: float, slant: float, blur_px: float = 1.0, *, steady: bool = True
) -> tuple[ImageSeries, np.ndarray]:
    """Return frames with two needles drawn in sixths of pixels, and the outermost deposit ``(frame, x)`` in each.

    Needles that are not `steady` stand on the front and are carried along by it.
    """
    from scipy.ndimage import gaussian_filter

    height, width = SHAPE
    y, x = ((np.indices((height * 6, width * 6)) + 0.5) / 6).astype(np.float32)
    base = 40.0 + np.sin(x[0] / 30)
    grain = gaussian_filter(np.random.default_rng(8).normal(size=SHAPE), 2.5)
    steps, truth = [], []
    for number in range(8):
        front = base + 4.0 * number
        deposit = y < front
        for place in (60.3, 160.6):
            along = y - 40.0 - (0.0 if steady else 4.0 * number)
            end = max((8.5 if steady else 4.5) * number - width_px / 2, 0.0)
            off = np.hypot(x - place - slant * np.clip(along, 0, end), np.maximum(along - end, 0))
            deposit |= (along > 0) & (off < width_px / 2) & (number > 0)
        last = (len(y) - deposit[::-1].argmax(axis=0)) / 6
        truth.append((last - base).reshape(width, 6).mean(axis=1))
        share, solid = (part.reshape(height, 6, width, 6).mean(axis=(1, 3)) for part in (deposit, y < base))
        scene = 60.0 * solid + (90.0 + 30 * grain) * (share - solid) + 170.0 * (1 - share)
        rough = gaussian_filter(scene, blur_px) + np.random.default_rng(number).normal(0, 3, SHAPE)
        data = np.clip(np.rint(rough), 0, 255).astype(np.uint8)
        steps.append(StepImage(f"f{number}", Image(data, (1.0, 1.0), f"f{number}"), time_h=number / 60))
    return ImageSeries("needled", tuple(steps)), np.stack(truth)


@pytest.mark.parametrize(("width_px", "slant", "steady"), [
    (4.0, 0.0, True), (4.0, 0.3, True), (4.0, 0.25, False), (6.0, 0.5, True), (9.0, 0.2, False),
])  # fmt: skip
def test_needles_are_followed_to_a_pixel(width_px: float, slant: float, steady: bool) -> None:
    """Root mean square over the columns in every frame; what leans over is told; the rate is right to three percent."""
    series, truth = needled(width_px, slant, steady=steady)
    result = Front(grows_from="top").run(series)
    found = result.tables["fronts"]["thickness_um"].to_numpy().reshape(truth.shape)
    assert np.sqrt(np.mean((found - truth) ** 2, axis=1)).max() < 1.0
    slope = np.polyfit(np.arange(len(truth)), truth.mean(axis=1), 1)[0]
    assert result["growth_rate"].value == pytest.approx(slope, rel=0.03)
    assert result["protrusion_count_last"].value == 2
    assert ("electrolyte lies under" in result["front_thickness_last"].note) is (slant > 0)
    assert not result.tables["protrusions"]["thinner_than_blur"].any()


@pytest.mark.parametrize(("width_px", "thin"), [(1.8, True), (5.0, False)])
def test_needles_thinner_than_the_blur_are_told(width_px: float, thin: bool) -> None:
    """They are found, and the numbers that rest on them say what the picture does not tell."""
    result = Front(grows_from="top").run(needled(width_px, 0.1, 1.3)[0])
    assert result["protrusion_count_last"].value == 2
    for name in ("largest_protrusion_last", "protrusion_count_last", "dendrite_count_last"):
        assert ("thinner than the picture's blur" in result[name].note) is thin
    last = result.tables["protrusions"].query("step == 7")
    assert (last["thinner_than_blur"] == thin).all()


def test_what_glaring_light_hides_is_told() -> None:
    """A needle that runs through a spot is as high as it is, and the numbers say how much may be hidden."""
    series, truth = needled(6.0, 0.0)
    steps = []
    for step in series.steps:
        assert step.image is not None
        data = step.image.data.copy()
        data[78:86, 50:76] = 255
        steps.append(replace(step, image=step.image.replace(data=data)))
    result, clear = (Front(grows_from="top").run(each) for each in (ImageSeries("glaring", tuple(steps)), series))
    found, whole = (
        each.tables["fronts"]["thickness_um"].to_numpy().reshape(truth.shape)[-1] for each in (result, clear)
    )
    assert np.nanmax(found[50:76]) == pytest.approx(whole[50:76].max(), abs=0.5)
    hidden = np.isnan(found)
    assert 20 <= hidden.sum() <= 30
    told = f"may hide the front in {100 * hidden.mean():.2g} % of the columns"
    assert told in result.tables["steps"]["note"].iloc[-1]
    for name in ("front_thickness_last", "largest_protrusion_last", "dendrite_count_last"):
        assert told in result[name].note
    assert "may hide the front" in result["growth_rate"].note
    assert "may hide" not in clear["growth_rate"].note
