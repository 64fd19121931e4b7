"""The tilt factor is decided where headers leave no doubt, refused elsewhere, and applied once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sodalite.errors import AmbiguousTilt, CalibrationError
from sodalite.image import Acquisition, Image
from sodalite.read.tilt import correct_tilt, decide_tilt

PIXELS = np.arange(12, dtype=np.uint8).reshape(3, 4)


def acquisition(**changes: object) -> Acquisition:
    """Return a dual-beam header with the stage at its column angle and the correction off."""
    fields: dict[str, object] = {
        "stage_tilt_deg": 52.0,
        "pretilt_deg": 0.0,
        "tilt_correction": False,
        "tilt_correction_angle_deg": 0.0,
        "dual_beam": True,
        "column_angle_deg": 52.0,
        "beam": "electron",
        "tilt_record": {"Stage/StageT": "52.00 deg"},
    }
    return Acquisition(**(fields | changes))  # type: ignore[arg-type]


def test_uncorrected_face_at_the_column_angle() -> None:
    """1 / sin(52 deg) = 1.26902, with 1.36 % a degree: closed forms."""
    tilt = decide_tilt(acquisition(), "a.tif")
    assert tilt.factor == pytest.approx(1.2690182, rel=1e-7)
    assert tilt.relative_uncertainty == pytest.approx(math.radians(1) / math.tan(math.radians(52)), rel=1e-9)


@pytest.mark.parametrize(("angle", "factor"), [(-38.0, 1.0), (38.0, 1.0), (52.0, 0.7812856), (-37.0, 1.0134830)])
def test_instrument_correction_with_its_angle(angle: float, factor: float) -> None:
    """Cross-section mode gives 1, surface mode cot(theta) = 0.781, others cos(alpha) / sin(theta)."""
    tilt = decide_tilt(acquisition(tilt_correction=True, tilt_correction_angle_deg=angle), "a.tif")
    assert tilt.factor == pytest.approx(factor, rel=1e-6)


@pytest.mark.parametrize("stage", [-4.9, 0.0, 4.9])
def test_flat_stage_needs_no_factor(stage: float) -> None:
    """Below 5 deg the factor is 1 without uncertainty, whatever the switch says about no angle."""
    for switch in (True, False, None):
        tilt = decide_tilt(acquisition(stage_tilt_deg=stage, tilt_correction=switch), "a.tif")
        assert (tilt.factor, tilt.relative_uncertainty) == (1.0, 0.0)


@pytest.mark.parametrize("turned", [None, 0.0, 0.4, 180.0, -179.9])
def test_an_upright_scan_changes_nothing(turned: float | None) -> None:
    """A scan turned upside down is foreshortened along the same axis."""
    assert decide_tilt(acquisition(scan_rotation_deg=turned), "a.tif").factor == pytest.approx(1.2690182, rel=1e-7)


@pytest.mark.parametrize(
    "changes",
    [
        {"tilt_correction": True},
        {"tilt_correction": True, "tilt_correction_angle_deg": None},
        {"tilt_correction": None},
        {"stage_tilt_deg": 45.0},
        {"stage_tilt_deg": 53.5},
        {"stage_tilt_deg": None},
        {"pretilt_deg": 38.0},
        {"stage_tilt_deg": 0.0, "pretilt_deg": 35.0},
        {"stage_tilt_deg": 0.0, "tilt_correction": True, "tilt_correction_angle_deg": 38.0},
        {"dual_beam": False},
        {"dual_beam": False, "tilt_correction": True, "tilt_correction_angle_deg": 52.0},
        {"column_angle_deg": None},
        {"beam": "ion"},
        {"beam": "ion", "stage_tilt_deg": 0.0},
        {"beam": "ion", "stage_tilt_deg": None, "tilt_record": {}},
        {"scan_rotation_deg": 90.0},
        {"scan_rotation_deg": -10.0},
        {"scan_rotation_deg": 90.0, "tilt_correction": True, "tilt_correction_angle_deg": -38.0},
    ],
)
def test_doubt_is_refused(changes: dict[str, object]) -> None:
    """Whatever the header leaves open is asked for in one sentence that names the field and the remedy."""
    with pytest.raises(AmbiguousTilt) as caught:
        decide_tilt(acquisition(**changes), "a.tif")
    message = str(caught.value)
    assert message.startswith("a.tif: ")
    assert "--tilt-factor" in message
    assert "tilt_factor" in message
    if "tilt_record" not in changes:
        assert "Stage/StageT 52.00 deg" in message


def test_no_record_means_heights_as_they_stand() -> None:
    """A PNG has no tilt record: factor 1, and the reason says so."""
    tilt = decide_tilt(Acquisition(), "a.png")
    assert tilt.factor == 1.0
    assert "no tilt is recorded" in tilt.reason


def test_correction_changes_heights_only_and_once() -> None:
    """The pixel size along y takes the factor, x keeps its own, and a second call changes nothing."""
    image = Image(PIXELS, (0.01, 0.02), "a.tif", acquisition())
    once = correct_tilt(image)
    assert once.spacing_um == pytest.approx((0.012690182, 0.02), rel=1e-7)
    assert correct_tilt(once) is once
    assert image.spacing_um == (0.01, 0.02)


@given(st.floats(0.2, 5.0), st.floats(0.2, 5.0))
def test_a_told_factor_refers_to_the_file(first: float, second: float) -> None:
    """Telling a factor twice leaves the last one, whatever was applied before."""
    image = Image(PIXELS, (0.01, 0.02), "a.tif", acquisition())
    told = correct_tilt(correct_tilt(image, first), second)
    assert told.spacing_um == pytest.approx((0.01 * second, 0.02), rel=1e-12)
    assert told.meta.tilt is not None
    assert told.meta.tilt.relative_uncertainty == 0.0


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_impossible_factor(factor: float) -> None:
    """A factor that is no positive number is refused."""
    with pytest.raises(CalibrationError, match="above 0"):
        correct_tilt(Image(PIXELS, (1.0, 1.0), "a.tif"), factor)


def test_stack_keeps_its_depth() -> None:
    """In a stack the factor enters the y axis, the last but one."""
    image = Image(np.zeros((2, 3, 4), np.uint8), (0.5, 0.01, 0.02), "a", acquisition())
    assert correct_tilt(image, 2.0).spacing_um == (0.5, 0.02, 0.02)
