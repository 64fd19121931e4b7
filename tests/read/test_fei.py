"""FEI and Thermo Fisher headers: pixel size, bar, beam and tilt from INI and XML, and what they leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from read.headers import HYDRA, NANOLAB, fei, pixels, tagged
from sodalite.errors import AmbiguousTilt, CalibrationError, ReadError
from sodalite.read import correct_tilt, read_image

if TYPE_CHECKING:
    from pathlib import Path

XML = """<?xml version="1.0"?>
<Metadata xmlns:nil="http://schemas.fei.com/Metadata/v1/2013/07">
  <Instrument><InstrumentClass>Helios 5 Hydra CX</InstrumentClass></Instrument>
  <Acquisition><BeamType>Electron</BeamType></Acquisition>
  <Optics><AccelerationVoltage>2000</AccelerationVoltage><WorkingDistance>0.0038</WorkingDistance>
    <SampleTiltCorrectionOn>false</SampleTiltCorrectionOn><SamplePreTiltAngle>-0.6632</SamplePreTiltAngle></Optics>
  <StageSettings><StagePosition><Tilt><Alpha>0.907571</Alpha><Beta>0</Beta></Tilt></StagePosition></StageSettings>
  <Detectors><ScanningDetector><DetectorName>ETD</DetectorName></ScanningDetector></Detectors>
  <BinaryResult><ImageSize><X>64</X><Y>40</Y></ImageSize>
    <PixelSize><X unit="m" unitPrefixPower="1">2.69791666E-07</X><Y unit="m" unitPrefixPower="1">2.69791666E-07</Y>
    </PixelSize></BinaryResult>
</Metadata>
"""


def test_cross_section_mode_is_true_already(tmp_path: Path) -> None:
    """A Helios 5 Hydra at 52 deg corrected by -38 deg: factor 1.000, 10 nm although HFW / 3072 is 7.3 nm."""
    image = correct_tilt(read_image(fei(tmp_path / "a.tif", HYDRA)))
    assert image.meta.tilt is not None
    assert image.meta.tilt.factor == pytest.approx(1.0, abs=5e-4)
    assert image.spacing_um[1] == pytest.approx(0.01, rel=1e-12)


def test_switch_without_an_angle_is_refused(tmp_path: Path) -> None:
    """A Helios NanoLab at 52 deg with the correction on and angle 0 contradicts itself."""
    image = read_image(fei(tmp_path / "a.tif", NANOLAB))
    assert image.spacing_um == pytest.approx((0.0025, 0.0025), rel=1e-12)
    with pytest.raises(AmbiguousTilt, match=r"Stage/StageT 52\.00 deg.*TiltCorrectionIsOn yes.*TiltCorrectionAngle"):
        correct_tilt(image)
    told = read_image(fei(tmp_path / "a.tif", NANOLAB), tilt_factor=1.269)
    assert told.spacing_um == pytest.approx((0.0025 * 1.269, 0.0025), rel=1e-12)


def test_uncorrected_face(tmp_path: Path) -> None:
    """The same header with the switch off is a face at the column angle: 1.26902."""
    path = fei(tmp_path / "a.tif", NANOLAB.replace("IsOn=yes\nDynamic", "IsOn=no\nDynamic"))
    image = correct_tilt(read_image(path))
    assert image.spacing_um[0] / image.spacing_um[1] == pytest.approx(1.26902, abs=2e-5)


@pytest.mark.parametrize("value", ["", "0", "notafloat", "nan", "-1e-8"])
def test_unusable_pixel_width_falls_back_to_the_scan_section(tmp_path: Path, value: str) -> None:
    """An empty, zero or wrong width in [Scan] leaves that of [EScan]; none at all is refused."""
    first = HYDRA.replace("[Scan]\nPixelWidth=1e-08", f"[Scan]\nPixelWidth={value}")
    assert read_image(fei(tmp_path / "a.tif", first)).spacing_um[1] == pytest.approx(0.01)
    none = HYDRA.replace("PixelWidth=1e-08", f"PixelWidth={value}")
    with pytest.raises(CalibrationError, match="--pixel-size-um"):
        read_image(fei(tmp_path / "a.tif", none))
    assert read_image(fei(tmp_path / "a.tif", none), pixel_size_um=0.02).spacing_um == (0.02, 0.02)


def test_field_width_only_where_it_agrees_with_the_height(tmp_path: Path) -> None:
    """Without PixelWidth the field width gives the pixel size on a full frame, never on a reduced area."""
    full = NANOLAB.replace("PixelWidth=2.5e-009\n", "")
    path = fei(tmp_path / "a.tif", full, pixels(884, 1024))
    assert read_image(path).spacing_um == pytest.approx((0.0025, 0.0025))
    reduced = HYDRA.replace("PixelWidth=1e-08\n", "")
    with pytest.raises(CalibrationError):
        read_image(fei(tmp_path / "a.tif", reduced))


def test_numbers_beyond_all_measure(tmp_path: Path) -> None:
    """A field that holds infinitely many pixels tells nothing of the scan."""
    text = NANOLAB.replace("2.5e-009", "1e-300").replace("HorFieldsize=2.56e-006", "HorFieldsize=1e300")
    with pytest.raises(CalibrationError, match="Image/ResolutionX,Y says 1024 x 884"):
        read_image(tagged(tmp_path / "a.tif", 34682, text))


def test_oblong_pixels(tmp_path: Path) -> None:
    """Width and height of a pixel may differ."""
    path = fei(tmp_path / "a.tif", HYDRA.replace("PixelHeight=1e-08", "PixelHeight=1.269e-08"))
    assert read_image(path).spacing_um == pytest.approx((0.01269, 0.01))


def test_rescaled_and_cropped_copies(tmp_path: Path) -> None:
    """A half-size copy that kept its tag is refused; a crop keeps its pixel size and has no known bar."""
    half = tagged(tmp_path / "half.tif", 34682, NANOLAB, pixels(442 + 30, 512))
    with pytest.raises(CalibrationError, match="rescaled"):
        read_image(half)
    crop = read_image(tagged(tmp_path / "crop.tif", 34682, NANOLAB, pixels(200, 512)))
    assert crop.spacing_um[1] == pytest.approx(0.0025)
    assert crop.meta.databar_source == "none"


def test_older_tag_and_single_line_ends(tmp_path: Path) -> None:
    """Tag 34680 is read like 34682, also with lines that end in CR alone."""
    text = HYDRA.replace("3072", "64").replace("2048", "40").replace("\n", "\r").encode()
    image = read_image(tagged(tmp_path / "a.tif", 34680, text))
    assert image.spacing_um == pytest.approx((0.01, 0.01))
    assert image.meta.databar_rows == 8


def test_header_in_the_description(tmp_path: Path) -> None:
    """A converter that moved the text into the description left all of it readable."""
    tifffile.imwrite(tmp_path / "a.tif", pixels(1088, 2243), description=HYDRA, metadata=None)
    image = correct_tilt(read_image(tmp_path / "a.tif"))
    assert image.spacing_um == pytest.approx((0.01, 0.01), rel=1e-3)


def test_xml_alone(tmp_path: Path) -> None:
    """Tag 34683 alone gives pixel size, bar and tilt; with the correction on its angle is not written."""
    image = read_image(tagged(tmp_path / "a.tif", 34683, XML))
    assert image.spacing_um == pytest.approx((0.269791666, 0.269791666), rel=1e-9)
    assert (image.meta.databar_rows, image.meta.voltage_kv, image.meta.beam) == (8, 2.0, "electron")
    assert correct_tilt(image).spacing_um[0] == pytest.approx(0.269791666 * 1.26902, rel=1e-4)
    corrected = read_image(tagged(tmp_path / "a.tif", 34683, XML.replace("On>false", "On>true")))
    with pytest.raises(AmbiguousTilt):
        correct_tilt(corrected)


def test_xml_beside_an_empty_header(tmp_path: Path) -> None:
    """Tag 34682 may be there and empty: the XML tells of the tilt then, whatever its namespace."""
    text = XML.replace("xmlns:nil", "xmlns").replace("0.907571", "0.7")
    tags = [(34682, 2, 2, b" \0", True), (34683, 2, len(text) + 1, text.encode() + b"\0", True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels(), metadata=None, extratags=tags)
    image = read_image(tmp_path / "a.tif")
    assert image.meta.stage_tilt_deg == pytest.approx(40.107, abs=1e-3)
    with pytest.raises(AmbiguousTilt, match=r"Alpha 40\.11 deg"):
        correct_tilt(image)


def test_names_of_sections_and_fields_in_any_case(tmp_path: Path) -> None:
    """Older software writes ``[SYSTEM]``; another program may have written all names small."""
    for text in (HYDRA.replace("[System]", "[SYSTEM]"), HYDRA.lower().replace("hydra", "Hydra")):
        image = read_image(tagged(tmp_path / "a.tif", 34682, text, pixels(1088, 2243)))
        assert image.spacing_um == pytest.approx((0.01, 0.01))
        assert "Hydra" in (image.meta.instrument or "")


@pytest.mark.parametrize(("specimen", "decided"), [("0.90756", True), ("0", True), ("", True), ("0.61", False)])
def test_tilt_of_the_specimen(tmp_path: Path, specimen: str, decided: bool) -> None:
    """Some versions write the stage's own tilt into SpecTilt, which is no pre-tilt; any other tilt there adds to it."""
    text = NANOLAB.replace("IsOn=yes\nDynamic", "IsOn=no\nDynamic").replace("SpecTilt=0", f"SpecTilt={specimen}")
    image = read_image(fei(tmp_path / "a.tif", text))
    if decided:
        assert correct_tilt(image).spacing_um[0] / image.spacing_um[1] == pytest.approx(1.26902, abs=2e-5)
    else:
        with pytest.raises(AmbiguousTilt, match="pre-tilt of 35"):
            correct_tilt(image)


def test_rotated_scan(tmp_path: Path) -> None:
    """A scan turned by 90 deg is not foreshortened along the rows."""
    text = NANOLAB.replace("IsOn=yes\nDynamic", "IsOn=no\nScanRotation=1.5708\nDynamic")
    with pytest.raises(AmbiguousTilt, match=r"rotated by 90\.0 deg"):
        correct_tilt(read_image(fei(tmp_path / "a.tif", text)))


PHENOM = """<?xml version="1.0"?><FeiImage><time>2023-05-12T10:11:12</time><databarHeight>8</databarHeight>
<pixelWidth unit="um">0.0227604</pixelWidth><pixelHeight unit="um">0.0227604</pixelHeight>
<workingDistance unit="mm">6.12</workingDistance><instrument><type>PW-100-018</type></instrument>
<acquisition><scan><detector>All</detector><highVoltage unit="V">-15000</highVoltage></scan></acquisition>
<multiStage><axis id="X">0.001</axis></multiStage></FeiImage>"""


def test_phenom(tmp_path: Path) -> None:
    """A desktop instrument's XML gives pixel size, bar and voltage; its stage is flat unless it has an axis of tilt."""
    image = read_image(tagged(tmp_path / "a.tif", 34683, PHENOM))
    assert correct_tilt(image).spacing_um == pytest.approx((0.0227604, 0.0227604))
    meta = image.meta
    assert (meta.databar_rows, meta.voltage_kv, meta.working_distance_mm) == (8, 15.0, pytest.approx(6.12))
    tilted = PHENOM.replace("</multiStage>", '<axis id="T">0.5</axis></multiStage>')
    with pytest.raises(AmbiguousTilt, match="axis T"):
        correct_tilt(read_image(tagged(tmp_path / "a.tif", 34683, tilted)))


@pytest.mark.parametrize(
    ("name", "size_um", "bar", "beam"),
    [
        ("FEI-Helios-Ebeam-8bits.tif", 3.3724, 29, "electron"),
        ("skan_rbc1.tif", 0.00107917, 70, "electron"),
        ("fibsem_detection_test_image_2.tif", 0.0976562, 0, "ion"),
    ],
)
def test_real_files(shared_data: Path, name: str, size_um: float, bar: int, beam: str) -> None:
    """Real files give the stated pixel size, the rows below ResolutionY and the beam."""
    image = read_image(shared_data / "sem/vendor_fei" / name)
    assert image.spacing_um == pytest.approx((size_um, size_um), rel=1e-6)
    assert (image.meta.databar_rows, image.meta.beam) == (bar, beam)


def test_real_files_that_are_refused(shared_data: Path) -> None:
    """An ion image has open heights; a broken directory, an empty navigation image are no images."""
    folder = shared_data / "sem/vendor_fei"
    with pytest.raises(AmbiguousTilt, match="ion"):
        correct_tilt(read_image(folder / "fibsem_detection_test_image_2.tif"))
    with pytest.raises(ReadError, match="directory is damaged"):
        read_image(folder / "nexus_quad1image_broken.tif")
    with pytest.raises(ReadError, match="grey level 0"):
        read_image(folder / "FEI-Helios-navcam-with-no-IRBeam-bad-floats.tif")
    assert np.ptp(read_image(folder / "skan_rbc1.tif").data) > 0


def test_reduced_area(tmp_path: Path) -> None:
    """On a reduced area the scanned field tells the rows, and so the bar; the resolution is the whole frame's."""
    text = HYDRA.replace("2.243E-05", "6.4E-07").replace("1.088E-05", "4.0E-07")
    image = read_image(tagged(tmp_path / "a.tif", 34682, text))
    assert image.spacing_um == pytest.approx((0.01, 0.01))
    assert image.meta.databar_rows == 8
