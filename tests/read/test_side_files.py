"""TESCAN, JEOL, Hitachi and fibsemOS headers in all the layouts that were seen, and the real file of each."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from read.headers import pixels, tagged
from sodalite.errors import AmbiguousTilt, CalibrationError
from sodalite.phantoms.tags import write_tiff
from sodalite.read import correct_tilt, read_image

if TYPE_CHECKING:
    from pathlib import Path

HDR = "[MAIN]\r\nDevice=LYRA3\r\nImageStripSize=8\r\nPixelSizeX=2.5e-8\r\nPixelSizeY=2.5e-8\r\n[SEM]\r\nStageTilt=0\r\n"
JEOL = (
    "$CM_FORMAT JEOL-SEM\r\n$CM_INSTRUMENT 7600F\r\n$CM_MAG 1000\r\n$CM_FULL_SIZE 64 40\r\n"
    "$CM_STAGE_POS 5.483 0.831 8.5 250.0 0.0 0.000\r\n$$SM_WD 9.07\r\n"
)
HITACHI = (
    "[SemImageFile]\r\nInstructName=S-4800\r\nDataSize=64x40\r\nPixelSize=24.80469\r\n"
    "AcceleratingVoltage=15000 Volt\r\nWorkingDistance=8100 um\r\nStagePositionT=0\r\n"
)


def plain(folder: Path, data: np.ndarray | None = None) -> Path:
    """Write a TIFF that knows nothing but the resolution of a screen; its lowest 8 rows are a bar."""
    content = barred() if data is None else data
    tifffile.imwrite(folder / "a.tif", content, metadata=None, resolution=(96, 96), resolutionunit="INCH")
    return folder / "a.tif"


def barred() -> np.ndarray:
    """Return noise whose lowest 8 rows are a bar with a few letters."""
    data = pixels()
    data[-8:] = 24
    data[-6:-2, 10:20:3] = 255
    return data


@pytest.mark.parametrize("name", ["a-tif.hdr", "a.hdr", "A-TIF.HDR", "a_tif.hdr"])
def test_tescan_side_file(tmp_path: Path, name: str) -> None:
    """A side file is found in any case and gives pixel size, strip and instrument."""
    (tmp_path / name).write_text(HDR, newline="")
    image = read_image(plain(tmp_path))
    assert image.spacing_um == pytest.approx((0.025, 0.025))
    assert (image.meta.databar_rows, image.meta.dual_beam) == (8, True)
    assert name in image.meta.pixel_size_source


def test_tescan_strip_is_looked_at(tmp_path: Path) -> None:
    """Rows that are specimen, because the strip was cut off, stay; a copy of half the size is refused."""
    (tmp_path / "a-tif.hdr").write_text(HDR, newline="")
    cut = read_image(plain(tmp_path, barred()[:-8]))
    assert (cut.meta.databar_rows, cut.meta.databar_source) == (0, "none")
    assert cut.spacing_um == pytest.approx((0.025, 0.025))
    with pytest.raises(CalibrationError, match="lowest 8 rows are a bar, but only a part"):
        read_image(plain(tmp_path, barred()[::2, ::2]))


def test_tescan_detectors_side_by_side(tmp_path: Path) -> None:
    """One picture with the signals of two detectors shows the specimen twice: refused, the size of its pixels told."""
    (tmp_path / "a-tif.hdr").write_text(HDR + "ViewFieldsCountX=2\r\nViewFieldsCountY=1\r\n", newline="")
    with pytest.raises(CalibrationError, match=r"signals of 2 detectors stand side by side.* 0\.025 um"):
        read_image(plain(tmp_path))
    (tmp_path / "a-tif.hdr").write_text(HDR + "ViewFieldsCountX=1\r\nViewFieldsCountY=1\r\n", newline="")
    assert read_image(plain(tmp_path)).spacing_um == pytest.approx((0.025, 0.025))


def test_tescan_side_file_of_a_png(tmp_path: Path) -> None:
    """A PNG beside ``a-png.hdr`` is calibrated, too."""
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), pixels())
    (tmp_path / "a-png.hdr").write_text(HDR.replace("[SEM]", "[FIB]"), newline="")
    image = read_image(tmp_path / "a.png")
    assert image.spacing_um == pytest.approx((0.025, 0.025))
    with pytest.raises(AmbiguousTilt, match="ion"):
        correct_tilt(image)


def test_tescan_tag_without_a_pixel_size(tmp_path: Path) -> None:
    """A tag that lost its text is told, not replaced by the screen's resolution."""
    with pytest.raises(CalibrationError, match="PixelSizeX"):
        read_image(tagged(tmp_path / "a.tif", 50431, b"\x01\x02JUNK\0", kind=7))


def tescan_tag(kind: int, gun: str = "") -> bytes:
    """Return tag 50431 as the instrument writes it: blocks behind their length and kind, the last one empty."""
    texts = {2: "AccFrames=1\r\nDevice=AMBER X\r\nPixelSizeX=2.5e-8\r\n", kind: f"{gun}HV=15000.0\r\nStageTilt=0.0\r\n"}
    blocks = [(1, b"\0\0\0\x0cjP  \r\n"), *((code, text.encode()) for code, text in texts.items()), (0, b"")]
    return b"".join(struct.pack("<IH", len(content) + 2, code) + content for code, content in blocks)


def test_tescan_beams(tmp_path: Path) -> None:
    """A block of the ion column instead of the electron column's makes an ion image; an emission gun does not."""
    for kind, gun, beam in (
        (3, "Gun=Schottky field emission\r\n", "electron"),
        (5, "", "ion"),
        (3, "Gun=Ga ion\r\n", "ion"),
    ):
        image = read_image(tagged(tmp_path / "a.tif", 50431, tescan_tag(kind, gun), kind=7))
        assert (image.spacing_um[1], image.meta.beam, image.meta.voltage_kv) == (pytest.approx(0.025), beam, 15.0)


def test_tescan_real_file(shared_data: Path) -> None:
    """The text behind the thumbnail gives 2.5012 um and a strip of 120 rows; 16 bits stay."""
    image = read_image(shared_data / "sem/vendor_tescan/tescan_example_sem1.tif")
    assert image.spacing_um == pytest.approx((2.5012, 2.5012))
    assert (image.meta.databar_rows, image.data.dtype, image.meta.voltage_kv) == (120, np.uint16, 10.0)


@pytest.mark.parametrize(
    ("lines", "size_um"),
    [
        ("$$SM_MICRON_BAR 32\r\n$$SM_MICRON_MARKER 10um\r\n", 0.3125),
        ("$SM_MICRON_BAR 32\r\n$SM_MICRON_MARKER 500 nm\r\n", 0.015625),
        ("$CM_FIELD_OF_VIEW 12.800µm 8.000µm\r\n", 0.2),
        ("$CM_FIELD_OF_VIEW 12.8 8.0\r\n", 0.2),
        ("$CM_PIXEL_SIZE 200.0nm\r\n", 0.2),
        ("$CM_FIELD_OF_VIEW 12.8um 8.0um\r\n$$SM_MICRON_BAR 25\r\n$$SM_MICRON_MARKER 5um\r\n", 0.2),
        ("$SM_STANDARD_FIELD_SIZE 120 90\r\n", 1.875),
        ("", 2.0),
        ("$CM_FIELD_OF_VIEW 12,8µm 8,0µm\r\n", 0.2),
    ],
)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-16"])
def test_jeol_layouts(tmp_path: Path, lines: str, size_um: float, encoding: str) -> None:
    """Field of view, pixel size, bar and magnification are read in this order, in each encoding."""
    (tmp_path / "A.TXT").write_bytes((JEOL + lines).encode(encoding))
    image = read_image(plain(tmp_path))
    assert image.spacing_um == pytest.approx((size_um, size_um))
    assert image.meta.databar_rows == 8
    assert correct_tilt(image).spacing_um == image.spacing_um


def test_jeol_size_in_one_word(tmp_path: Path) -> None:
    """An old layout gives the size of the scan as ``64x40``."""
    (tmp_path / "a.txt").write_text(JEOL.replace("$CM_FULL_SIZE 64 40", "$CM_IMAGE_RES 64x40"), newline="")
    assert read_image(plain(tmp_path)).meta.databar_rows == 8


def test_jeol_micro_sign_of_code_page_932(tmp_path: Path) -> None:
    """A Japanese system writes the micro sign in code page 932."""
    (tmp_path / "a.txt").write_bytes((JEOL + "$CM_FIELD_OF_VIEW 12.8").encode() + b"\x83\xcam 8.0\x83\xcam\r\n")
    assert read_image(plain(tmp_path)).spacing_um == pytest.approx((0.2, 0.2))


@pytest.mark.parametrize("line", ["$CM_FIELD_OF_VIEW 12.8um 8.0um", "$CM_MAG 1000"])
def test_jeol_without_the_size_of_the_scan(tmp_path: Path, line: str) -> None:
    """A width in um or a magnification is no pixel size while nobody knows whether the picture is a crop."""
    (tmp_path / "a.txt").write_text(f"$CM_FORMAT JEOL-SEM\r\n{line}\r\n", newline="")
    with pytest.raises(CalibrationError, match=r"side file a\.txt"):
        read_image(plain(tmp_path))


def test_jeol_bar_within_the_scan(tmp_path: Path) -> None:
    """A picture as high as its scan has no bar only where the height of the bar is 0: it may have been drawn inside."""
    for height, source in ((0, "tag $CM_FULL_SIZE"), (8, "none")):
        text = JEOL.replace("64 40", "64 48") + f"$SM_PNU_HEIGHT {height}\r\n"
        (tmp_path / "a.txt").write_text(text, newline="")
        assert read_image(plain(tmp_path)).meta.databar_source == source


def test_jeol_contradictions(tmp_path: Path) -> None:
    """A bar that disagrees with the field of view, a rescaled copy and a file without any length are refused."""
    cases = {
        "gives": JEOL + "$CM_FIELD_OF_VIEW 12.8um 8.0um\r\n$$SM_MICRON_BAR 25\r\n$$SM_MICRON_MARKER 10um\r\n",
        "rescaled": JEOL.replace("64 40", "128 96"),
        "neither": JEOL.replace("$CM_MAG 1000", "$CM_MAG "),
    }
    for word, text in cases.items():
        (tmp_path / "a.txt").write_text(text, newline="")
        with pytest.raises(CalibrationError, match=word):
            read_image(plain(tmp_path))


@pytest.mark.parametrize(
    ("stage", "known"),
    [("0.0 0.0 0.000", True), ("250.0 0.0 0.0", True), ("45.0 0.0 0.0", False), ("0.0 38.0 0.0", False)],
)
def test_jeol_stage_order_is_not_guessed(tmp_path: Path, stage: str, known: bool) -> None:
    """A number that could be a tilt keeps the heights open; one beyond the range of a tilt does not."""
    (tmp_path / "a.txt").write_text(JEOL.replace("250.0 0.0 0.000", stage), newline="")
    image = read_image(plain(tmp_path))
    if known:
        assert correct_tilt(image).spacing_um == image.spacing_um
    else:
        with pytest.raises(AmbiguousTilt, match="CM_STAGE_POS"):
            correct_tilt(image)


def test_jeol_tilt_correction_without_an_angle(tmp_path: Path) -> None:
    """A tilt correction that is on keeps the heights open even on a flat stage."""
    (tmp_path / "a.txt").write_text(JEOL + "$SM_TILT_MAG_CORRECTION 1\r\n", newline="")
    with pytest.raises(AmbiguousTilt, match="SM_TILT_MAG_CORRECTION 1"):
        correct_tilt(read_image(plain(tmp_path)))


def test_jeol_real_file(shared_data: Path) -> None:
    """An LZW palette TIFF at 50 x is 2 um a pixel: 128 mm / 50 / 1280."""
    image = read_image(shared_data / "sem/vendor_jeol/jeol_example_sem.tif")
    assert image.spacing_um == pytest.approx((2.0, 2.0))
    assert correct_tilt(image).spacing_um == image.spacing_um


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-16-le", "utf-8-sig"])
def test_hitachi_side_file(tmp_path: Path, encoding: str) -> None:
    """The side file gives nm a pixel in ASCII and in UTF-16 with and without its mark."""
    (tmp_path / "a.TXT").write_bytes(HITACHI.encode(encoding))
    image = read_image(plain(tmp_path))
    assert image.spacing_um == pytest.approx((0.02480469, 0.02480469))
    assert (image.meta.databar_rows, image.meta.voltage_kv, image.meta.working_distance_mm) == (8, 15.0, 8.1)
    assert correct_tilt(image).spacing_um == image.spacing_um


def test_hitachi_capitals_and_kilovolts(tmp_path: Path) -> None:
    """Names are found in any case, and a voltage in kV is one."""
    text = (
        HITACHI.replace("SemImageFile", "SEMImageFile").replace("PixelSize", "PIXELSIZE").replace("15000 Volt", "15kV")
    )
    (tmp_path / "a.txt").write_text(text, newline="")
    image = read_image(plain(tmp_path))
    assert (image.spacing_um[0], image.meta.voltage_kv) == (pytest.approx(0.02480469), 15.0)


def test_hitachi_open_tilt_and_empty_size(tmp_path: Path) -> None:
    """A stage tilt in an unknown unit is asked for, and an empty pixel size refused."""
    (tmp_path / "a.txt").write_text(HITACHI.replace("PositionT=0", "PositionT=520"), newline="")
    with pytest.raises(AmbiguousTilt, match="StagePositionT 520"):
        correct_tilt(read_image(plain(tmp_path)))
    (tmp_path / "a.txt").write_text(HITACHI.replace("24.80469", ""), newline="")
    with pytest.raises(CalibrationError, match="PixelSize is empty"):
        read_image(plain(tmp_path))


@pytest.mark.parametrize(("text", "size_um"), [("24.8 µm", 24.8), ("24.8 ?m", None), ("24,804", None)])
def test_hitachi_size_with_a_unit(tmp_path: Path, text: str, size_um: float | None) -> None:
    """A unit that stands there counts; one that got lost on the way is not taken for nm."""
    (tmp_path / "a.txt").write_text(HITACHI.replace("24.80469", text), encoding="utf-8", newline="")
    if size_um:
        assert read_image(plain(tmp_path)).spacing_um == pytest.approx((size_um, size_um))
    else:
        with pytest.raises(CalibrationError, match="PixelSize is 24"):
            read_image(plain(tmp_path))


def test_hitachi_magnification_alone(tmp_path: Path) -> None:
    """Without PixelSize the picture is 127 mm wide: the 24.80469 nm of 1280 px at 4000 x come out of it."""
    text = "[SemImageFile]\nInstructName=S-4700\nDataSize=1280x960\nMagnification=4000\n"
    (tmp_path / "a.txt").write_text(text)
    tifffile.imwrite(tmp_path / "a.tif", pixels(960, 1280))
    assert read_image(tmp_path / "a.tif").spacing_um[1] == pytest.approx(0.02480469, rel=1e-6)


def test_hitachi_real_file_without_its_side_file(shared_data: Path) -> None:
    """Its 256 dpi are the screen's: refused, unless the pixel size is told."""
    path = shared_data / "sem/vendor_hitachi/x7-1_B_m01.tif"
    with pytest.raises(CalibrationError, match="--pixel-size-um"):
        read_image(path)
    assert read_image(path, pixel_size_um=0.05).spacing_um == (0.05, 0.05)


def test_fibsem_os_real_file(shared_data: Path) -> None:
    """150 um over 1536 px; the shuttle's pre-tilt of 35 deg keeps the heights open."""
    image = read_image(shared_data / "sem/fibsem_os/fibsemos_example_sem.tif")
    assert image.spacing_um == pytest.approx((150 / 1536, 150 / 1536))
    with pytest.raises(AmbiguousTilt, match="shuttle_pre_tilt 35 deg"):
        correct_tilt(image)


def test_fibsem_os_without_pixel_size(tmp_path: Path) -> None:
    """Older files have the field width alone; a contradiction is refused."""
    path = write_tiff(tmp_path / "a.tif", pixels(), (0.1, 0.1), vendor="fibsem_os")
    with tifffile.TiffFile(path) as file:
        tree = json.loads(file.pages[0].description)  # type: ignore[union-attr]
    size = tree.pop("pixel_size")
    for resolution in ([64, 48], "64x48"):
        tree["image"]["resolution"] = resolution
        tifffile.imwrite(path, pixels(), description=json.dumps(tree), metadata=None)
        assert read_image(path).spacing_um == pytest.approx((0.1, 0.1))
    tree["microscope_state"] = {"electron_beam": "on", "electron_detector": []}
    tifffile.imwrite(path, pixels(), description=json.dumps(tree), metadata=None)
    assert read_image(path).meta.voltage_kv is None
    tree |= {"pixel_size": {axis: value * 2 for axis, value in size.items()}}
    tifffile.imwrite(path, pixels(), description=json.dumps(tree), metadata=None)
    with pytest.raises(CalibrationError, match="hfw"):
        read_image(path)
