"""SmartSEM headers: the image's pixel size and never the monitor's, units from pm to mm, tilt and contradictions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from read.headers import pixels, tagged
from sodalite.errors import AmbiguousTilt, CalibrationError, ReadError
from sodalite.read import correct_tilt, read_image

if TYPE_CHECKING:
    from pathlib import Path


def smartsem(**fields: str) -> str:
    """Return the text of tag 34118 with these fields, without the line of full digits."""
    lines = [f"{name}\n{name[3:].title()} = {value}" for name, value in fields.items()]
    return "0\n0\n0\n0\n" + f"{len(lines)}\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "size_um"),
    [("850.5 pm", 8.505e-4), ("12.33 nm", 0.01233), ("2.615 µm", 2.615), ("0.0021 mm", 2.1), ("  5 nm", 0.005)],
)
def test_units(tmp_path: Path, text: str, size_um: float) -> None:
    """Every unit that SmartSEM uses is converted."""
    image = read_image(tagged(tmp_path / "a.tif", 34118, smartsem(AP_IMAGE_PIXEL_SIZE=text)))
    assert image.spacing_um == pytest.approx((size_um, size_um))


def test_the_monitor_is_scaled_to_the_image(tmp_path: Path) -> None:
    """Without the image's own field, the monitor's is for 1024 px: 16 times as large on 64 px."""
    image = read_image(tagged(tmp_path / "a.tif", 34118, smartsem(AP_PIXEL_SIZE="10 nm")))
    assert image.spacing_um[1] == pytest.approx(0.16)
    assert "1024" in image.meta.pixel_size_source


def test_a_crop_needs_the_size_of_the_image(tmp_path: Path) -> None:
    """The monitor's pixel size and the width of the field say nothing of a picture that may be a crop."""
    for fields in ({"AP_PIXEL_SIZE": "10 nm"}, {"AP_WIDTH": "10.24 µm"}):
        with pytest.raises(CalibrationError, match="no pixel size of a crop"):
            read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**fields), pixels(48, 50)))


def test_contradictions_are_refused(tmp_path: Path) -> None:
    """A pixel size that disagrees with the width of the field, or a rescaled copy, is not taken."""
    path = tagged(tmp_path / "a.tif", 34118, smartsem(AP_IMAGE_PIXEL_SIZE="10 nm", AP_WIDTH="1.28 µm"))
    with pytest.raises(CalibrationError, match=r"0.01 um but AP_WIDTH 1.28 µm"):
        read_image(path)
    path = tagged(tmp_path / "b.tif", 34118, smartsem(AP_IMAGE_PIXEL_SIZE="10 nm", DP_IMAGE_STORE="128 * 96"))
    with pytest.raises(CalibrationError, match="rescaled"):
        read_image(path)
    path = tagged(tmp_path / "c.tif", 34118, smartsem(AP_MAG="1 K X"))
    with pytest.raises(
        CalibrationError, match="AP_IMAGE_PIXEL_SIZE, AP_PIXEL_SIZE and AP_WIDTH of tag 34118 are missing"
    ):
        read_image(path)


def test_crop_keeps_its_pixel_size(tmp_path: Path) -> None:
    """A crop has other proportions than the image store, and the width of the whole field is no contradiction."""
    fields = {"AP_IMAGE_PIXEL_SIZE": "10 nm", "AP_WIDTH": "10.24 µm", "DP_IMAGE_STORE": "1024 * 768"}
    path = tagged(tmp_path / "a.tif", 34118, smartsem(**fields), pixels(100, 400))
    assert read_image(path).spacing_um == pytest.approx((0.01, 0.01))


def test_ion_image_has_open_heights(tmp_path: Path) -> None:
    """An image taken with the ion column is refused."""
    fields = {"AP_IMAGE_PIXEL_SIZE": "10 nm", "DP_FIB_IMAGING": "FIB", "AP_STAGE_AT_T": "54.0 °"}
    with pytest.raises(AmbiguousTilt, match="AP_STAGE_AT_T 54"):
        correct_tilt(read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**fields))))


FACE = {
    "AP_IMAGE_PIXEL_SIZE": "10 nm",
    "DP_FIB_PRESENT": "Yes",
    "DP_TILT_CORRECTION": "Off",
    "AP_STAGE_AT_T": "54.0 °",
    "AP_SCANROTATION": "145.6 °",
    "DP_SCAN_ROT": "Off",
}


def test_rotation_counts_where_it_is_switched_on(tmp_path: Path) -> None:
    """The angle of the last rotation stays in the header: real files have 145.6 deg there with the switch off."""
    image = correct_tilt(read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**FACE))))
    assert image.spacing_um[0] == pytest.approx(0.01 * 1.236068, rel=1e-6)
    with pytest.raises(AmbiguousTilt, match=r"rotated by 145\.6"):
        correct_tilt(read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**FACE | {"DP_SCAN_ROT": "On"}))))


def test_angle_between_the_columns_as_the_header_tells_it(tmp_path: Path) -> None:
    """An instrument whose columns enclose another angle tells it; 0 is no angle."""
    for angle, decided in (("52.0 °", False), ("54.0 °", True), ("0.0 °", True)):
        path = tagged(tmp_path / "a.tif", 34118, smartsem(**FACE | {"AP_FIB_SEM_ANGLE": angle}))
        if decided:
            assert correct_tilt(read_image(path)).spacing_um[0] == pytest.approx(0.01236, rel=1e-3)
        else:
            with pytest.raises(AmbiguousTilt, match="columns of 52"):
                correct_tilt(read_image(path))


def test_ion_image_that_has_the_electrons_pixel_size(tmp_path: Path) -> None:
    """The two columns have their own magnifications: a pixel size that is none of the ion column's is not taken."""
    ion = {"AP_IMAGE_PIXEL_SIZE": "10 nm", "DP_FIB_IMAGING": "FIB"}
    read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**ion, AP_FIB_PIXEL_SIZE="10 nm")))
    with pytest.raises(CalibrationError, match=r"AP_FIB_PIXEL_SIZE 70\.9 nm"):
        read_image(tagged(tmp_path / "a.tif", 34118, smartsem(**ion, AP_FIB_PIXEL_SIZE="70.9 nm")))


def atlas(scan: str, stage: str = "") -> str:
    """Return the XML of tag 51023."""
    return (
        '<?xml version="1.0"?><Fibics version="1.2"><Application><Version>ZEISS Atlas 5</Version></Application>'
        f"<Image><Width>64</Width><Height>48</Height></Image><Scan>{scan}</Scan><Stage>{stage}</Stage></Fibics>"
    )


@pytest.mark.parametrize(
    "scan",
    [
        "<Ux>0.005</Ux><Uy>0</Uy><Vx>0</Vx><Vy>-0.0062</Vy>",
        "<Ux>0.003</Ux><Uy>0.004</Uy><Vx>0.0062</Vx><Vy>0</Vy>",
        '<FOV_X units="um">0.32</FOV_X><FOV_Y units="um">0.2976</FOV_Y>',
    ],
)
def test_atlas(tmp_path: Path, scan: str) -> None:
    """The lengths of the scan's steps, rotated or not, or the field of view give both pixel sizes."""
    image = read_image(tagged(tmp_path / "a.tif", 51023, atlas(scan)))
    assert image.spacing_um == pytest.approx((0.0062, 0.005))


def test_atlas_refusals(tmp_path: Path) -> None:
    """A tilted stage of unknown correction is asked for; zero steps and a contradiction are no pixel size."""
    steps = "<Ux>0.005</Ux><Uy>0</Uy><Vx>0</Vx><Vy>-0.005</Vy>"
    tilted = tagged(tmp_path / "a.tif", 51023, atlas(steps, '<T units="deg">54.0</T>'))
    with pytest.raises(AmbiguousTilt, match=r"Stage/T 54\.0"):
        correct_tilt(read_image(tilted))
    for scan in ("<Ux>0</Ux><Vy>0</Vy>", steps + '<FOV_X units="um">0.64</FOV_X>'):
        with pytest.raises(CalibrationError, match="51023"):
            read_image(tagged(tmp_path / "a.tif", 51023, atlas(scan)))


@pytest.mark.parametrize(
    ("name", "size_um"),
    [
        ("ZEISS_SEM_multipage.tif", 0.01233),
        ("test_tiff_Zeiss_SEM_1k.tif", 2.614514),
        ("test_tiff_Zeiss_SEM_512pix.tif", 0.011649976),
        ("bam_1908326.tif", 0.007344),
    ],
)
def test_real_files_and_rosettasciio(shared_data: Path, name: str, size_um: float) -> None:
    """Real files give the stated pixel size, and all the digits of an independent reader."""
    tiff = pytest.importorskip("rsciio.tiff")
    logging.getLogger("rsciio").setLevel(logging.ERROR)
    path = shared_data / "sem/vendor_zeiss" / name
    image = read_image(path)
    assert image.spacing_um[1] == pytest.approx(size_um, rel=4e-4)
    assert image.spacing_um[1] == pytest.approx(tiff.file_reader(str(path))[0]["axes"][-1]["scale"] * 1e6, rel=1e-6)


def test_trench_of_an_auriga(shared_data: Path) -> None:
    """Tilt 52.6 deg corrected by -37 deg gives 1.005, on both pages; a third page is not there."""
    path = shared_data / "sem/vendor_zeiss/ZEISS_SEM_multipage.tif"
    pages = [correct_tilt(read_image(path, page=page)) for page in (0, 1)]
    for image in pages:
        assert image.meta.tilt is not None
        assert image.meta.tilt.factor == pytest.approx(1.005, abs=5e-4)
    assert pages[0].meta.date != pages[1].meta.date
    assert (pages[0].data != pages[1].data).any()
    with pytest.raises(ReadError, match="choose 0 to 1"):
        read_image(path, page=2)


def test_palettes_are_kept_as_indices(shared_data: Path) -> None:
    """A palette whose entries 9, 18, 27 are overlay colours is read as its raw indices."""
    tifffile = pytest.importorskip("tifffile")
    path = shared_data / "sem/vendor_zeiss/bam_1908326.tif"
    image = read_image(path)
    assert image.data.ndim == 2
    assert (image.data == tifffile.imread(path)).all()
