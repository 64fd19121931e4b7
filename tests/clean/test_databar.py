"""Data bars are found where they are drawn, exactly, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sodalite.clean.databar import find_databar_rows
from sodalite.phantoms.databar import draw_databar
from sodalite.read.micrograph import load

if TYPE_CHECKING:
    from pathlib import Path


def noisy(rows: int = 300, columns: int = 400, mean: float = 120.0, sd: float = 12.0) -> np.ndarray:
    """Return a grey field with noise."""
    return np.clip(np.random.default_rng(3).normal(mean, sd, (rows, columns)), 0, 255).astype(np.uint8)


def barred(image: np.ndarray, rows: int, inverted: bool = False) -> np.ndarray:
    """Return the image with a drawn bar under it."""
    bar = draw_databar((rows, image.shape[1]), pixel_um=0.01).astype(np.uint8)
    return np.vstack([image, 255 - bar if inverted else bar])


@pytest.mark.parametrize("rows", [30, 60, 78])
@pytest.mark.parametrize("inverted", [False, True])
def test_drawn_bar_is_found_exactly(rows: int, inverted: bool) -> None:
    """White or black, the bar's height is exact, mirrored too."""
    image = barred(noisy(), rows, inverted)
    assert find_databar_rows(image) == rows
    assert find_databar_rows(image[:, ::-1]) == rows


@settings(max_examples=20, deadline=None)
@given(scale=st.sampled_from([250, 3, 1]), offset=st.integers(0, 200), left=st.integers(0, 60))
def test_grey_scale_and_crop_do_not_matter(scale: int, offset: int, left: int) -> None:
    """16 bits, an offset, floats or a crop of columns find the same bar."""
    image = barred(noisy(), 60).astype(np.uint16) * scale + offset
    assert find_databar_rows(image[:, left:]) == 60
    assert find_databar_rows(image[:, left:].astype(np.float32)) == 60


@pytest.mark.parametrize("background", [255, 90, 40])
@pytest.mark.parametrize("quality", [95, 85, 75])
def test_grey_bars_that_went_through_jpeg(background: int, quality: int) -> None:
    """The traces around letters on grey are as rare as noise is; at most the block at the edge is in doubt."""
    ink = draw_databar((64, 1024), pixel_um=0.01)
    bar = np.where(ink < 128, 255 if background < 128 else 0, background).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", np.vstack([noisy(700, 1024), bar]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert abs(find_databar_rows(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)) - 64) <= 3


def test_bar_with_a_fading_background_and_a_picture_in_it() -> None:
    """A background that fades down or along the rows and an emblem of full height leave the bar as high as it is."""
    ink = draw_databar((64, 1024), pixel_um=0.01) < 128
    fading = np.where(ink, 255, np.linspace(90, 20, 64)[:, None]).astype(np.uint8)
    along = np.where(ink[1:-1], 255, np.linspace(20, 160, 1024)).astype(np.uint8)
    assert find_databar_rows(np.vstack([noisy(700, 1024), along])) == 62
    emblem = np.where(ink, 255, 20).astype(np.uint8)
    emblem[:, -120:] = noisy(64, 120, 100, 40)
    for bar in (fading, emblem):
        assert find_databar_rows(np.vstack([noisy(700, 1024), bar])) == 64


@pytest.mark.parametrize(("field", "background"), [(0, 255), (0, 97), (255, 32)])
def test_bar_below_a_clipped_field(field: int, background: int) -> None:
    """A trench that is black throughout, or a charged foot that is white throughout, is no part of the bar."""
    ink = draw_databar((64, 1024), pixel_um=0.01)[1:-1] < 128
    bar = np.where(ink, 255 if background < 128 else 0, background).astype(np.uint8)
    image = np.vstack([noisy(500, 1024), np.full((250, 1024), field, np.uint8), bar])
    assert find_databar_rows(image) == 62


def test_tall_letters_of_large_pictures() -> None:
    """Lines of letters grow with the picture and do not end its bar: 3072 columns with rows of bold letters."""
    bar = np.full((240, 3072), 97, np.uint8)
    for top in (20, 95, 170):
        for left in range(40, 3000, 60):
            cv2.rectangle(bar, (left, top), (left + 32, top + 48), 255, 8)
    assert find_databar_rows(np.vstack([noisy(2000, 3072), bar])) == 240


def test_very_tall_pictures_of_few_greys() -> None:
    """65,736 rows in two greys, as a damaged header makes them, took a quarter of a minute."""
    assert find_databar_rows(np.zeros((65_736, 256), np.uint8)) == 0
    stripes = np.repeat(np.random.default_rng(0).integers(0, 2, 6000), 11)[:, None] * np.full((1, 256), 200)
    assert find_databar_rows(stripes.astype(np.uint8)) == 0


def test_image_rows_below_the_bar_belong_to_it() -> None:
    """Zeiss leaves one or two rows of the scan under the bar."""
    image = np.vstack([barred(noisy(), 60), noisy(2)])
    assert find_databar_rows(image) == 62


@pytest.mark.parametrize("inverted", [False, True])
def test_traces_of_jpeg_and_a_dark_field_above(inverted: bool) -> None:
    """A bar that went through JPEG is found, and so is one under a dark field whose noise is a grey level or two."""
    _, packed = cv2.imencode(".jpg", barred(noisy(), 60, inverted), [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert find_databar_rows(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)) == 60
    dark = np.vstack([noisy(150), noisy(150, mean=3, sd=1)])
    assert find_databar_rows(barred(dark, 60, inverted)) == 60
    assert find_databar_rows(dark) == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), level=st.sampled_from([0, 255]), rows=st.integers(20, 70), count=st.integers(5, 90))
@example(seed=52, level=0, rows=20, count=45)
@example(seed=257, level=0, rows=21, count=6)
def test_pores_are_no_letters(seed: int, level: int, rows: int, count: int) -> None:
    """A black or saturated layer with pores at the foot of a picture is specimen, however straight its edge."""
    rng = np.random.default_rng(seed)
    layer = np.full((rows, 400), level, np.uint8)
    for _ in range(count):
        centre, axes = (
            (int(rng.integers(400)), int(rng.integers(rows))),
            (int(rng.integers(2, 9)), int(rng.integers(2, 7))),
        )
        cv2.ellipse(layer, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255 - level, -1)
    assert find_databar_rows(np.vstack([noisy(300 - rows), layer])) == 0


def test_pictures_without_a_bar() -> None:
    """Noise, black and saturated fields, flat layers and label pictures have no bar."""
    black = np.vstack([noisy(240), np.zeros((60, 400), np.uint8)])
    speckled = black.copy()
    speckled[np.random.default_rng(0).random(black.shape) < 0.02] = 200
    saturated = np.clip(np.vstack([noisy(240), noisy(60, mean=250)]), 0, 255)
    layers = np.repeat(np.array([90, 160, 60], np.uint8), 100)[:, None] * np.ones((1, 400), np.uint8)
    objects = layers.copy()
    objects[270:280, 50:350:20] = 160
    for image in (noisy(), black, saturated, layers, objects, np.zeros((300, 400), np.uint8), noisy(4, 4)):
        assert find_databar_rows(image) == 0
    assert find_databar_rows(barred(noisy(60), 60)) == 0


def test_every_bar_of_a_crossbeam(shared_data: Path) -> None:
    """The bars of the porous silver layers are the bottom 78 rows, at 2, 4 and 10 kX; without them there is none."""
    files = sorted(shared_data.glob("sem/ucf_pv_fibsem/[AT]*/*.png"))
    assert len(files) >= 18
    for file in files:
        image, _ = load(file, 0)
        assert find_databar_rows(image) == 78, file.name
        assert find_databar_rows(image[:-78]) == 0, file.name


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("vendor_zeiss/test_tiff_Zeiss_SEM_1k.tif", 77),
        ("vendor_zeiss/test_tiff_Zeiss_SEM_512pix.tif", 34),
        ("vendor_zeiss/bam_1908326.tif", 56),
        ("vendor_zeiss/ZEISS_SEM_multipage.tif", 0),
        ("vendor_fei/skan_rbc1.tif", 70),
        ("vendor_fei/fibsem_detection_test_image_2.tif", 0),
        ("vendor_jeol/jeol_example_sem.tif", 0),
        ("vendor_hitachi/x7-1_B_m01.tif", 0),
        ("samba/4_phase.tif", 0),
        ("samba/0.tif", 0),
        ("fibsem_curtains/FIBdeSEMAna_cropped_8bits_resize.tif", 0),
        ("yamamoto_ceramic/sample_001_sem.bmp", 0),
        ("yamamoto_ceramic/sample_002_sem.bmp", 0),
    ],
)
def test_other_instruments(shared_data: Path, name: str, rows: int) -> None:
    """Bars of other instruments are exact, and images without one give 0."""
    assert find_databar_rows(load(shared_data / "sem" / name, 0)[0]) == rows


def test_coatings_without_a_bar(shared_data: Path) -> None:
    """Multilayer coatings with a near-uniform substrate at the foot have no bar."""
    for file in sorted(shared_data.glob("sem/nasa_micronet/EBC1/val/*.tif")):
        assert find_databar_rows(load(file, 0)[0]) == 0, file.name
