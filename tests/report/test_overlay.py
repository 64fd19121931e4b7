"""The overlay shows true lengths, proportions and places."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sodalite.errors import MeasurementError
from sodalite.report import write_overlay, write_pictures, write_raw
from sodalite.report.caption import round_length_um, tilt_sentence
from sodalite.report.files import encode_png
from sodalite.report.overlay import FACE_RGB, LONG_SIDE_PX, fit_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sodalite.image import Image
    from sodalite.result import Result

    Section = Callable[..., tuple[Result, Image]]


def _read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]


@given(npst.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_png_holds_the_pixels(rgb: np.ndarray) -> None:
    """Another library reads back the same pixels."""
    assert np.array_equal(cv2.imdecode(np.frombuffer(encode_png(rgb), np.uint8), cv2.IMREAD_COLOR)[..., ::-1], rgb)


@given(st.floats(1e-4, 1e5))
def test_scale_bar_is_round(longest_um: float) -> None:
    """The bar is 1, 2 or 5 times a power of ten and the longest that fits."""
    length_um = round_length_um(longest_um)
    digit = length_um / 10 ** math.floor(math.log10(length_um) + 1e-9)
    assert min(abs(digit - d) for d in (1, 2, 5)) < 1e-6
    assert length_um <= longest_um * (1 + 1e-6) < 2.5 * length_um * (1 + 1e-5)


@pytest.mark.parametrize("spacing_um", [(0.02, 0.02), (0.0254, 0.02), (0.02, 0.037)])
def test_scale_bar_is_true(section: Section, tmp_path: Path, spacing_um: tuple[float, float]) -> None:
    """The white bar is as long as a round length is in the picture's own scale, on anisotropic pixels too."""
    result, image = section(spacing_um)
    write_overlay(result, image, tmp_path / "o.png")
    frame = fit_frame(image, spacing_um, LONG_SIDE_PX)
    white = (_read(tmp_path / "o.png")[: frame.height] == 255).all(axis=2)
    bar_px = white.sum(axis=1).max()
    field_um = image.data.shape[1] * spacing_um[1]
    assert bar_px / frame.width * field_um == pytest.approx(round_length_um(0.2 * field_um), rel=0.01)


def test_proportions_are_true(section: Section) -> None:
    """Height to width in the picture is height to width in um, whatever the pixels' shape."""
    _, image = section((0.0254, 0.02))
    frame = fit_frame(image, image.spacing_um, LONG_SIDE_PX)
    assert frame.height / frame.width == pytest.approx(300 * 0.0254 / (400 * 0.02), rel=2e-3)
    assert max(frame.height, frame.width) <= LONG_SIDE_PX


@pytest.mark.parametrize(("face", "row"), [("collector", 80.25), ("electrolyte", 200.5)])
def test_faces_are_drawn_where_they_are(section: Section, tmp_path: Path, face: str, row: float) -> None:
    """The centre of a drawn face lies within a quarter of an image pixel of the measured one."""
    result, image = section()
    write_overlay(result, image, tmp_path / "o.png")
    frame = fit_frame(image, image.spacing_um, LONG_SIDE_PX)
    column = _read(tmp_path / "o.png")[: frame.height, round(0.55 * frame.width)].astype(float)
    weight = np.clip(column @ (np.array(FACE_RGB[face]) - np.mean(FACE_RGB[face])), 0, None)
    rows = np.arange(frame.height)
    near = abs(rows - row / 300 * frame.height) < 12
    centre = (weight * (rows + 0.5))[near].sum() / weight[near].sum()
    assert centre / frame.height * 300 == pytest.approx(row, abs=0.25)


def test_gaps_of_a_face_stay_empty(section: Section, tmp_path: Path) -> None:
    """No line is drawn where a face is not in the image."""
    result, image = section()
    write_overlay(result, image, tmp_path / "o.png")
    frame = fit_frame(image, image.spacing_um, LONG_SIDE_PX)
    left = _read(tmp_path / "o.png")[
        round(0.2 * frame.height) : round(0.35 * frame.height), : round(0.24 * frame.width)
    ]
    assert (left == left[0, 0]).all()


def test_objects_are_tinted_and_sodium_is_not(section: Section, tmp_path: Path) -> None:
    """Voids and dead sodium take colour, everything else stays grey."""
    result, image = section()
    write_overlay(result, image, tmp_path / "o.png")
    frame = fit_frame(image, image.spacing_um, LONG_SIDE_PX)
    rgb = _read(tmp_path / "o.png").astype(int)

    def colourful(row: int, column: int) -> bool:
        y, x = round(row / 300 * frame.height), round(column / 400 * frame.width)
        return int(np.ptp(rgb[y, x])) > 20

    assert [colourful(140, 125), colourful(250, 320), colourful(140, 250), colourful(230, 50)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_every_grey_type_is_drawn(section: Section, tmp_path: Path, dtype: type) -> None:
    """The brightest grey becomes white and the darkest black, whatever the type."""
    result, image = section()
    ramp = np.broadcast_to(np.linspace(0, 200, 400), (300, 400)).astype(dtype)
    write_raw(result, image.replace(data=ramp), tmp_path / "raw.jpg")
    grey = _read(tmp_path / "raw.jpg")
    assert grey[:, :5].mean() < 5
    assert grey[:, -5:].mean() > 250


def test_pictures_are_whole_and_repeatable(section: Section, tmp_path: Path) -> None:
    """One call writes overlay and previews, the same bytes each time, and leaves nothing else."""
    result, image = section()
    for name in ("a", "b"):
        write_pictures(result, image, tmp_path / name)
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert sorted(files) == ["image.jpg", "overlay.jpg", "overlay.png"]
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}


def test_bare_results_are_drawn(section: Section, tmp_path: Path) -> None:
    """A result without tables, labels or a tilt decision still has a picture, narrow images too."""
    result, image = section()
    bare = type(result)((), {}, {}, result.spacing_um)
    write_overlay(bare, image.replace(data=image.data[:, :30]), tmp_path / "o.png")
    assert _read(tmp_path / "o.png").shape[1] >= 960


def test_stacks_are_refused(section: Section, tmp_path: Path) -> None:
    """A picture shows one section."""
    result, image = section()
    stack = image.replace(data=np.stack([image.data] * 2), spacing_um=(1.0, 0.02, 0.02))
    with pytest.raises(MeasurementError, match="one section"):
        write_overlay(result, stack, tmp_path / "o.png")


@pytest.mark.parametrize(
    ("tilt", "words"),
    [
        (None, "no decision recorded"),
        ("taken as flat", "taken as flat"),
        ({"factor": 1.269, "reason": "no correction"}, "Heights x 1.269: no correction"),
    ],
)
def test_tilt_decision_is_told(tilt: object, words: str) -> None:
    """The strip says by which factor heights were stretched and why."""
    assert words in tilt_sentence({"tilt": tilt})
