"""Any file gives an image, or one sentence that says what is wrong and what to do; nothing is printed."""

from __future__ import annotations

import math
import struct
import zipfile
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tifffile

from read.headers import HYDRA, fei, pixels
from sodalite.errors import CalibrationError, ReadError, SodaliteError
from sodalite.read import correct_tilt, describe, read_image, read_labels
from sodalite.result import write_labels

if TYPE_CHECKING:
    from pathlib import Path


def refused(path: Path, **options: object) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(SodaliteError) as caught:
        read_image(path, **({"pixel_size_um": 1.0} | options))  # type: ignore[arg-type]
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    return message


def test_told_pixel_size_wins(tmp_path: Path) -> None:
    """One number makes square pixels and leaves the tilt to the header; two make heights true."""
    path = fei(tmp_path / "a.tif", HYDRA)
    one = read_image(path, pixel_size_um=0.5)
    assert one.spacing_um == (0.5, 0.5)
    assert one.meta.pixel_size_source == "told by the user"
    assert one.meta.tilt is None
    both = read_image(path, pixel_size_um=(0.5, 0.7))
    assert both.spacing_um == (0.7, 0.5)
    assert correct_tilt(both) is both
    assert both.meta.tilt is not None
    assert "told by the user" in both.meta.tilt.reason


def test_a_told_pixel_size_that_contradicts_the_file_is_remembered(tmp_path: Path) -> None:
    """The file's own size is kept beside it, unless what was told is that size rounded."""
    path = fei(tmp_path / "a.tif", HYDRA)
    own = read_image(path).spacing_um
    assert read_image(path, pixel_size_um=2 * own[0]).meta.overruled_um == own
    assert read_image(path, pixel_size_um=own[0] * 1.002).meta.overruled_um is None
    assert ("not used", f"the file's own pixel size, x {own[1]:.7g} um, y {own[0]:.7g} um") in describe(
        path, pixel_size_um=2 * own[0]
    )


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf, (1.0, 0.0)])
def test_impossible_pixel_size(tmp_path: Path, size: object) -> None:
    """A pixel size that is no positive number is refused."""
    assert "above 0" in refused(fei(tmp_path / "a.tif", HYDRA), pixel_size_um=size)


def test_screen_resolution_is_no_calibration(tmp_path: Path) -> None:
    """A TIFF with 96 dpi and a PNG have no pixel size, and the sentence says how to tell it."""
    tifffile.imwrite(tmp_path / "a.tif", pixels(), resolution=(96, 96), resolutionunit="INCH")
    cv2.imwrite(str(tmp_path / "a.png"), pixels())
    for name in ("a.tif", "a.png"):
        with pytest.raises(CalibrationError, match="--pixel-size-um"):
            read_image(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in ("a.png", "a.bmp", "a.tif", "renamed.txt")
        for kind in ("grey", "rgb", "rgba")
        if (name, kind) != ("a.bmp", "rgba")
    ],
)
def test_grey_in_any_number_of_channels(tmp_path: Path, name: str, kind: str) -> None:
    """Equal channels are one and opacity is dropped, whatever the file is called."""
    grey = pixels()
    alpha = np.full_like(grey, 200)
    picture = {"grey": grey, "rgb": np.dstack([grey] * 3), "rgba": np.dstack([grey] * 3 + [alpha])}[kind]
    written = tmp_path / (name if name != "renamed.txt" else "a.png")
    if name == "a.tif":
        tifffile.imwrite(written, picture, photometric="rgb" if kind != "grey" else "minisblack")
    else:
        cv2.imwrite(str(written), picture)
    if name == "renamed.txt":
        written = written.rename(tmp_path / name)
    image = read_image(written, pixel_size_um=1.0)
    np.testing.assert_array_equal(image.data, grey)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_colour_is_refused(tmp_path: Path, name: str) -> None:
    """An overlay is no measured signal."""
    picture = np.dstack([pixels()] * 3)
    picture[:5, :5] = (255, 0, 0)
    if name == "a.tif":
        tifffile.imwrite(tmp_path / name, picture, photometric="rgb")
    else:
        cv2.imwrite(str(tmp_path / name), picture)
    assert "colour picture (0.8%" in refused(tmp_path / name)


def test_palettes(tmp_path: Path) -> None:
    """Indices are kept under a ramp and under false colours; greys in no order are looked up."""
    ramp = np.arange(256, dtype=np.uint16) * 257
    shuffled = np.random.default_rng(2).permutation(ramp)
    palettes = {"ramp": np.stack([ramp] * 3), "colours": np.stack([ramp, ramp[::-1], shuffled])}
    for palette in palettes.values():
        tifffile.imwrite(tmp_path / "a.tif", pixels(), photometric="palette", colormap=palette)
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif", pixel_size_um=1.0).data, pixels())
    tifffile.imwrite(tmp_path / "a.tif", pixels(), photometric="palette", colormap=np.stack([shuffled] * 3))
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", pixel_size_um=1.0).data, shuffled[pixels()] >> 8)


def test_planar_white_is_zero_big_endian_and_tiles(tmp_path: Path) -> None:
    """Channels in planes, inverted greys, other byte orders, tiles and 16-bit LZW give the same picture."""
    wide = pixels().astype(np.uint16) * 250
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([pixels()] * 3), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_image(path, pixel_size_um=1.0).data, pixels())
    tifffile.imwrite(path, 255 - pixels(), photometric="miniswhite")
    np.testing.assert_array_equal(read_image(path, pixel_size_um=1.0).data, pixels())
    for options in (
        {"byteorder": ">"},
        {"tile": (16, 16)},
        {"compression": "lzw", "predictor": True},
        {"bigtiff": True},
    ):
        tifffile.imwrite(path, wide, **options)
        image = read_image(path, pixel_size_um=1.0)
        np.testing.assert_array_equal(image.data, wide)
        assert image.data.dtype.isnative


def test_labels_of_sodalite_keep_their_oblong_pixels(tmp_path: Path) -> None:
    """What sodalite writes it reads with both pixel sizes; a single class everywhere is a valid label image."""
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_labels(tmp_path / "labels.tif", labels, (0.0123456789, 0.0097))
    image = read_image(tmp_path / "labels.tif")
    assert image.spacing_um == (0.0123456789, 0.0097)
    write_labels(tmp_path / "labels.tif", np.zeros((3, 4), np.uint32), (0.2, 0.1))
    assert read_labels(tmp_path / "labels.tif").spacing_um == (0.2, 0.1)
    assert "grey level 0" in refused(tmp_path / "labels.tif")


@pytest.mark.parametrize(
    ("unit", "scale"),
    [("um", 1.0), ("micron", 1.0), ("micrometer", 1.0), ("\\u00B5m", 1.0), ("nm", 1e-3), ("mm", 1e3)],
)
def test_imagej_scale(tmp_path: Path, unit: str, scale: float) -> None:
    """A scale set in ImageJ is read with both directions."""
    tifffile.imwrite(tmp_path / "a.tif", pixels(), imagej=True, resolution=(4.0, 2.0), metadata={"unit": unit})
    assert read_image(tmp_path / "a.tif").spacing_um == pytest.approx((0.5 * scale, 0.25 * scale))


def test_imagej_stack_and_a_unit_of_its_own_along_y(tmp_path: Path) -> None:
    """The scale stands on the first page and holds for all; y may have another unit."""
    stack = np.stack([pixels()] * 3)
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, resolution=(4.0, 2.0), metadata={"unit": "um"})
    assert read_image(tmp_path / "a.tif", page=2).spacing_um == pytest.approx((0.5, 0.25))
    tifffile.imwrite(
        tmp_path / "a.tif", stack, imagej=True, resolution=(4.0, 2.0), metadata={"unit": "um", "yunit": "nm"}
    )
    assert read_image(tmp_path / "a.tif").spacing_um == pytest.approx((5e-4, 0.25))


@pytest.mark.parametrize("unit", ["inch", "cm", "pixel", ""])
def test_imagej_units_of_printers(tmp_path: Path, unit: str) -> None:
    """An inch in ImageJ comes from a screen's resolution and is no scale."""
    metadata = {"unit": unit} if unit else {}
    tifffile.imwrite(tmp_path / "a.tif", pixels(), imagej=True, resolution=(96.0, 96.0), metadata=metadata)
    with pytest.raises(CalibrationError, match="ImageJ"):
        read_image(tmp_path / "a.tif")


def test_ome_scale(tmp_path: Path) -> None:
    """OME-XML gives both pixel sizes with their units."""
    metadata = {"axes": "YX", "PhysicalSizeX": 25.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.05}
    tifffile.imwrite(tmp_path / "a.tif", pixels(), ome=True, metadata=metadata)
    assert read_image(tmp_path / "a.tif").spacing_um == pytest.approx((0.05, 0.025))


def test_ome_images_of_one_file(tmp_path: Path) -> None:
    """Each page has the pixel size of its own image; a rescaled copy with the text of the original is refused."""
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=True) as file:
        for shape, size in (((48, 64), 25.0), ((30, 50), 400.0)):
            axes = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeXUnit": "nm"}
            file.write(pixels(*shape), metadata=axes)
    assert [read_image(tmp_path / "a.tif", page=page).spacing_um[1] for page in (0, 1)] == pytest.approx([0.025, 0.4])
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        text = file.pages[0].description  # type: ignore[union-attr]
    tifffile.imwrite(tmp_path / "a.tif", pixels(24, 32), description=text.encode(), metadata=None)
    with pytest.raises(CalibrationError, match="64 x 48 px but the file has 32 x 24"):
        read_image(tmp_path / "a.tif")


def test_pixels_that_no_micrograph_has(tmp_path: Path) -> None:
    """A size in a wrong unit, of centimetres or of less than an atom, is refused."""
    for unit in ("m", "fm"):
        axes = {"axes": "YX", "PhysicalSizeX": 1.0, "PhysicalSizeXUnit": unit}
        tifffile.imwrite(tmp_path / "a.tif", pixels(), ome=True, metadata=axes)
        with pytest.raises(CalibrationError, match="no micrograph has pixels of"):
            read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("blank", [" ", "\n"])
def test_headers_of_a_million_blanks(tmp_path: Path, blank: str) -> None:
    """Blanks behind a value are passed over at once; looking for their end from each of them took a minute."""
    blanks = blank * 1_000_000
    text = f"ImageJ=1.5\nunit=um{blanks}\nloop=false\n"
    tifffile.imwrite(tmp_path / "a.tif", pixels(), description=text, metadata=None, resolution=(4.0, 4.0))
    assert read_image(tmp_path / "a.tif").spacing_um == (0.25, 0.25)
    tifffile.imwrite(tmp_path / "b.tif", pixels())
    (tmp_path / "b.txt").write_text(f"$CM_MAG 1000{blanks}\n$CM_FULL_SIZE 64 48\n")
    assert read_image(tmp_path / "b.tif").spacing_um == pytest.approx((2.0, 2.0))


def test_descriptions_nested_without_end(tmp_path: Path) -> None:
    """JSON and XML a hundred thousand levels deep are no header."""
    for text in ('{"image":' * 100_000, "<OME>" * 100_000):
        tifffile.imwrite(tmp_path / "a.tif", pixels(), description=text, metadata=None)
        with pytest.raises(CalibrationError, match="no pixel size"):
            read_image(tmp_path / "a.tif")


def test_pictures_with_nothing_to_see(tmp_path: Path) -> None:
    """Black, one pixel, one line, NaN and empty are refused."""
    cases = {
        "every pixel": np.zeros((8, 8), np.uint8),
        "no micrograph": np.zeros((1, 1), np.uint8),
        "1 x 9 pixels": np.arange(9, dtype=np.uint8)[:, None],
        "NaN": np.where(np.eye(8) > 0, np.nan, 1.0).astype(np.float32),
    }
    for word, data in cases.items():
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
        assert word in refused(tmp_path / "a.tif")


def test_files_that_are_no_images(tmp_path: Path) -> None:
    """Missing, folder, empty, text, PDF, zip, JPEG: each by its content, in a sentence."""
    assert "no such file" in refused(tmp_path / "missing.tif")
    (tmp_path / "folder.tif").mkdir()
    assert "folder" in refused(tmp_path / "folder.tif")
    contents = {
        "empty": b"",
        "no image": b"just some words\n" * 9,
        "PDF": b"%PDF-1.7\n",
        "JPEG": b"\xff\xd8\xff\xe0" + b"0" * 99,
        "no sound TIFF (its directory ends too early)": b"II*\0",
        "no sound PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08" + b"0" * 99,
        "BMP": b"BM" + b"\xff" * 99,
    }
    for word, content in contents.items():
        (tmp_path / "a.tif").write_bytes(content)
        assert word in refused(tmp_path / "a.tif")
    with zipfile.ZipFile(tmp_path / "a.tif", "w") as archive:
        archive.writestr("a", "b")
    assert "zip" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_truncated_files(tmp_path: Path, compression: str | None, share: float, capfd: pytest.CaptureFixture) -> None:
    """A file cut anywhere is refused, with nothing on the terminal."""
    fei(tmp_path / "a.tif", HYDRA)
    tifffile.imwrite(tmp_path / "b.tif", pixels(), compression=compression)
    cv2.imwrite(str(tmp_path / "c.png"), pixels())
    cv2.imwrite(str(tmp_path / "d.bmp"), pixels())
    for name in ("a.tif", "b.tif", "c.png", "d.bmp"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ReadError):
            read_image(tmp_path / name, pixel_size_um=1.0)
    assert capfd.readouterr() == ("", "")


def test_huge_dimensions_take_no_memory(tmp_path: Path) -> None:
    """Dimensions that the file cannot hold are refused before anything is allocated."""
    for codes, options in (((256, 257), {}), ((322, 323), {"tile": (16, 16)})):
        tifffile.imwrite(tmp_path / "a.tif", pixels(), compression="zlib", **options)
        raw = bytearray((tmp_path / "a.tif").read_bytes())
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            for code in codes:
                tag = file.pages[0].tags[code]  # type: ignore[union-attr]
                form = "<H" if tag.dtype == 3 else "<I"
                struct.pack_into(form, raw, tag.valueoffset, 65_008)
        (tmp_path / "a.tif").write_bytes(raw)
        assert "cannot be" in refused(tmp_path / "a.tif")
    cv2.imwrite(str(tmp_path / "b.png"), pixels())
    raw = bytearray((tmp_path / "b.png").read_bytes())
    struct.pack_into(">II", raw, 16, 2**31 - 1, 2**31 - 1)
    (tmp_path / "b.png").write_bytes(raw)
    assert "cannot be" in refused(tmp_path / "b.png")


def test_description_of_calibrated_and_uncalibrated_files(tmp_path: Path) -> None:
    """The rows tell what is known and what is missing, and raise only for what is no image."""
    rows = dict(describe(fei(tmp_path / "a.tif", HYDRA)))
    assert rows["size"] == "64 x 48 px"
    assert rows["pixel size x"] == "0.01 um"
    assert rows["data bar"] == "0 rows (tag Image/ResolutionX,Y)"
    assert rows["tilt"].startswith("factor 1.0000")
    assert rows["instrument"] == "Helios 5 Hydra CX"
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((8, 8), np.uint8))
    rows = dict(describe(tmp_path / "b.tif"))
    assert rows["pixel size"].startswith("missing: ")
    assert "grey level 0" in rows["content"]
    with pytest.raises(ReadError):
        describe(tmp_path / "none.tif")


def test_every_real_file_is_described_or_refused(shared_data: Path, capfd: pytest.CaptureFixture) -> None:
    """No real file raises anything but a ReadError, and none prints."""
    refusals = []
    for path in sorted((shared_data / "sem").rglob("*")):
        try:
            assert len(describe(path)) >= 5
        except ReadError as error:
            refusals.append((path.name, str(error)))
    assert all(name in message for name, message in refusals)
    assert capfd.readouterr() == ("", "")
