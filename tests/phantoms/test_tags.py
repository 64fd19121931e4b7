"""What is written with vendor tags is read back, by sodalite and by rosettasciio."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sodalite.errors import AmbiguousTilt, CalibrationError
from sodalite.phantoms.tags import VENDORS, write_tiff
from sodalite.read import correct_tilt, read_image

PIXELS = np.random.default_rng(1).integers(0, 256, (60, 80)).astype(np.uint8)
ANISOTROPIC = ("fei", "tescan", "fibsem_os", "imagej")
WITH_CORRECTION = ("zeiss", "fei", "tescan")
COLUMN_ANGLE_DEG = {"zeiss": 54.0, "fei": 52.0, "tescan": 55.0}


@settings(max_examples=60, deadline=None)
@given(
    vendor=st.sampled_from(VENDORS),
    size=st.floats(1e-5, 400.0),
    ratio=st.floats(0.5, 2.0),
    stage=st.floats(-10.0, 70.0),
    bar=st.integers(0, 15),
)
def test_round_trip(vendor: str, size: float, ratio: float, stage: float, bar: int) -> None:
    """Pixel size, tilt, bar and pixels survive the file within 1e-6."""
    spacing = (size * ratio if vendor in ANISOTROPIC else size, size)
    pixels = PIXELS.copy()
    pixels[len(pixels) - bar :] = 128
    with TemporaryDirectory() as folder:
        path = write_tiff(
            Path(folder) / "a.tif", pixels, spacing, vendor=vendor, stage_tilt_deg=stage, databar_rows=bar
        )
        image = read_image(path)
    assert image.spacing_um == pytest.approx(spacing, rel=1e-6)
    np.testing.assert_array_equal(image.data, pixels)
    if vendor not in ("hitachi", "imagej"):
        assert image.meta.stage_tilt_deg == pytest.approx(stage, rel=1e-6, abs=1e-6)
    if vendor in ("fei", "tescan", "jeol"):
        assert image.meta.databar_rows == bar
        assert image.meta.databar_source.startswith("tag")


@settings(max_examples=40, deadline=None)
@given(
    vendor=st.sampled_from(WITH_CORRECTION),
    stage=st.floats(30.0, 70.0),
    angle=st.floats(-60.0, 60.0).filter(lambda value: abs(value) > 1.5),
)
def test_tilt_correction_round_trip(vendor: str, stage: float, angle: float) -> None:
    """The factor of a corrected image is cos(alpha) / sin(theta) of the angles that were written."""
    with TemporaryDirectory() as folder:
        path = write_tiff(
            Path(folder) / "a.tif",
            PIXELS,
            (0.01, 0.01),
            vendor=vendor,
            stage_tilt_deg=stage,
            tilt_correction=True,
            tilt_correction_angle_deg=angle,
        )
        image = correct_tilt(read_image(path))
    expected = np.cos(np.radians(angle)) / np.sin(np.radians(stage))
    assert image.spacing_um[0] / image.spacing_um[1] == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize("vendor", WITH_CORRECTION)
def test_each_vendor_at_its_column_angle(vendor: str, tmp_path: Path) -> None:
    """With the correction off the factor is 1 / sin of the vendor's angle, and a single beam is refused there."""
    angle = COLUMN_ANGLE_DEG[vendor]
    for dual in (True, False):
        path = write_tiff(tmp_path / "a.tif", PIXELS, (0.01, 0.01), vendor=vendor, stage_tilt_deg=angle, dual_beam=dual)
        image = read_image(path)
        if dual:
            assert correct_tilt(image).spacing_um[0] == pytest.approx(0.01 / np.sin(np.radians(angle)), rel=1e-6)
        else:
            with pytest.raises(AmbiguousTilt):
                correct_tilt(image)


@pytest.mark.parametrize("vendor", ["zeiss", "fei"])
@pytest.mark.parametrize("size", [0.0123456, 2.5, 0.00107917])
def test_rosettasciio_reads_the_same(vendor: str, size: float, tmp_path: Path) -> None:
    """An independent reader finds the pixel size that was written."""
    tiff = pytest.importorskip("rsciio.tiff")
    logging.getLogger("rsciio").setLevel(logging.ERROR)
    path = write_tiff(tmp_path / "a.tif", PIXELS, (size, size), vendor=vendor)
    axes = tiff.file_reader(str(path))[0]["axes"]
    for axis in axes:
        assert axis["units"] == "m"
        assert axis["scale"] * 1e6 == pytest.approx(size, rel=1e-6)


def test_unknown_vendor_and_oblong_pixels(tmp_path: Path) -> None:
    """What a header cannot express is refused."""
    with pytest.raises(CalibrationError, match="choose one of"):
        write_tiff(tmp_path / "a.tif", PIXELS, (1.0, 1.0), vendor="philips")
    with pytest.raises(CalibrationError, match="square"):
        write_tiff(tmp_path / "a.tif", PIXELS, (1.0, 2.0), vendor="zeiss")
