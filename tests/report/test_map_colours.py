"""Colours of map points and the keys beside them are those of orix, and say what they mean."""

from __future__ import annotations

import numpy as np
import pytest
from orix.plot import IPFColorKeyTSL
from orix.vector import Vector3d

from sodalite.ebsd import EbsdMap, Phase
from sodalite.ebsd.orix_door import orix_orientations
from sodalite.ebsd.phase import PROPER_GROUP
from sodalite.errors import MeasurementError
from sodalite.report.map_colours import (
    UNINDEXED_RGB,
    UNKNOWN_RGB,
    grain_colours,
    ipf_colours,
    map_direction,
    scalar_colours,
    scale_colours,
)
from sodalite.report.map_keys import (
    PANEL_PX,
    PANEL_RGB,
    beside,
    ipf_panel,
    named_directions,
    scale_panel,
    scale_ticks,
    sector_picture,
)

CUBIC = Phase("Sodium", "m-3m")


def map_of(quaternions: np.ndarray, *phases: Phase, phase_id: np.ndarray | None = None) -> EbsdMap:
    """Return a map of one row whose quaternions refer to the map's own axes."""
    count = len(quaternions)
    ids = np.ones(count, np.int16) if phase_id is None else phase_id.astype(np.int16)
    x = np.arange(count, dtype=float)
    return EbsdMap.from_quaternions(
        quaternions, ids, phases, x, np.zeros(count), frame="map", name="row", step_um=(1, 1)
    )


def random_quaternions(count: int) -> np.ndarray:
    """Return uniform random rotations."""
    q = np.random.default_rng(0).normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def along_z(direction: tuple[float, float, float]) -> np.ndarray:
    """Return the rotation from the map to a crystal with `direction` along the map's z, ``(1, 4)``."""
    unit = np.array(direction) / np.linalg.norm(direction)
    half = np.array([1 + unit[2], -unit[1], unit[0], 0.0])
    return (half / np.linalg.norm(half))[None]


@pytest.mark.parametrize(
    ("direction", "rgb"), [((0, 0, 1), (255, 0, 0)), ((1, 0, 1), (0, 255, 0)), ((1, 1, 1), (0, 0, 255))]
)
def test_corners_of_the_cubic_triangle_are_red_green_and_blue(
    direction: tuple[float, float, float], rgb: tuple[int, int, int]
) -> None:
    """<001> along the map's normal is red, <101> green, <111> blue, as in every atlas."""
    colour = ipf_colours(map_of(along_z(direction), CUBIC), "z")[0]
    assert np.abs(colour.astype(int) - rgb).max() <= 8


@pytest.mark.parametrize("laue_group", sorted(PROPER_GROUP))
@pytest.mark.parametrize("direction", ["x", "z"])
def test_colours_are_those_of_orix(laue_group: str, direction: str) -> None:
    """For every Laue group: the same colour to 4 of 255 but beside edges where the key itself jumps."""
    quaternions = random_quaternions(2000)
    phase = Phase("p", laue_group)
    ours = ipf_colours(map_of(quaternions, phase), direction).astype(float)
    orientation = orix_orientations(quaternions, phase)
    key = IPFColorKeyTSL(orientation.symmetry, Vector3d(map_direction(direction)))
    apart = np.abs(ours - 255 * key.orientation2color(orientation)).max(axis=1)
    assert np.median(apart) < 2
    assert np.mean(apart > 4) < 0.02


@pytest.mark.parametrize(
    "phase",
    [
        CUBIC,
        Phase("b", "2/m", (5.0, 6.0, 7.0, 90.0, 104.0, 90.0)),
        Phase("c", "2/m", (5.0, 6.0, 7.0, 90.0, 90.0, 104.0)),
        Phase("a", "2/m", (5.0, 6.0, 7.0, 104.0, 90.0, 90.0)),
        Phase("between", "-3m", None, 163),
        Phase("Channel 5", "-3m", None, 167, "a*"),
    ],
    ids=lambda phase: phase.name,
)
def test_equivalent_orientations_have_one_colour(phase: Phase) -> None:
    """Turning the crystal by any of its symmetries leaves its colour, whatever axes its setting has."""
    for one in random_quaternions(8):
        turned = np.array([_product(operator) @ one for operator in phase.operators])
        assert np.ptp(ipf_colours(map_of(turned, phase), "y").astype(int), axis=0).max() <= 2


def test_the_key_of_a_monoclinic_crystal_names_its_own_axes() -> None:
    """A crystal direction has the colour that the key shows at its name; the ends of the straight rim are one."""
    for axis, angles in (("a", (104.0, 90.0, 90.0)), ("b", (90.0, 104.0, 90.0)), ("c", (90.0, 90.0, 104.0))):
        phase = Phase("m", "2/m", (5.0, 6.0, 7.0, *angles))
        picture, corners = sector_picture("2/m", axis)
        height, width = picture.shape[:2]
        inner = [(text, x, y) for text, x, y in corners if abs(x - width / 2) < width / 4]
        assert len(inner) == 2
        for text, x, y in inner:
            colour = ipf_colours(map_of(np.array([[1.0, 0, 0, 0]]), phase), text)[0]
            shown = picture[round(min(max(y, 4), height - 5)), round(x)].astype(int)
            assert np.abs(shown - colour).max() < 60, (axis, text)


def _product(q: np.ndarray) -> np.ndarray:
    """Return the matrix that multiplies by `q` from the left."""
    w, x, y, z = q
    return np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])


def test_points_without_orientation_or_symmetry_stand_out() -> None:
    """Not indexed is nearly black, a phase of unknown symmetry grey, and no crystal looks like either."""
    ids = np.array([0, 1, 2])
    rgb = ipf_colours(map_of(random_quaternions(3), CUBIC, Phase("?", None), phase_id=ids), "z")
    assert tuple(rgb[0]) == UNINDEXED_RGB
    assert tuple(rgb[2]) == UNKNOWN_RGB
    assert ipf_colours(map_of(random_quaternions(5000), CUBIC), "z").max(axis=1).min() > 200


def test_a_direction_must_be_one() -> None:
    """Words other than x, y, z and vectors without length are refused by name."""
    for direction in ("up", (0.0, 0.0, 0.0), (1.0, 2.0)):
        with pytest.raises(MeasurementError, match="direction"):
            map_direction(direction)


def test_grain_colours_are_bright_lasting_and_tell_neighbours_apart() -> None:
    """A grain's colour does not depend on how many there are; the first hundred differ from the next ten."""
    few, many = grain_colours(100).astype(int), grain_colours(1000)
    assert np.abs(few - many[:101]).max() <= 1
    assert tuple(few[0]) == UNINDEXED_RGB
    assert few[1:].max(axis=1).min() >= 140
    near = [np.abs(few[1:-k] - few[1 + k :]).max(axis=1).min() for k in range(1, 11)]
    assert min(near) >= 20


def test_scalars_run_from_the_first_to_the_last_colour() -> None:
    """0 and the top of the scale have its ends, more than the top the last colour, NaN is grey."""
    rgb = scalar_colours(np.array([[0.0, 2.0, 9.0, np.nan]]), 2.0)[0]
    ramp = scale_colours()
    assert np.array_equal(rgb[:3], ramp[[0, 255, 255]])
    assert tuple(rgb[3]) == UNKNOWN_RGB
    lightness = ramp @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) >= -0.5).all()


def test_keys_name_the_corners_in_their_colours() -> None:
    """The drawn triangle is red at 001, green at 101 and blue at 111."""
    picture, corners = sector_picture("m-3m")
    wanted = {"001": (255, 0, 0), "101": (0, 255, 0), "111": (0, 0, 255)}
    assert {text for text, _, _ in corners} == set(wanted)
    centre = np.mean([(x, y) for _, x, y in corners], axis=0)
    for text, x, y in corners:
        inwards = np.array([x, y]) + 0.05 * (centre - (x, y))
        column, row = np.rint(inwards).astype(int)
        assert np.abs(picture[row, column].astype(int) - wanted[text]).max() < 90, text
        assert picture[row, column].argmax() == np.argmax(wanted[text])


@pytest.mark.parametrize("laue_group", ["6/mmm", "-3m", "4/mmm", "mmm", "m-3"])
def test_named_directions_lie_in_the_sector_of_the_key(laue_group: str) -> None:
    """At least three corners have indices, unit vectors with z not below the plane."""
    named = named_directions(laue_group)
    assert len(named) >= 3
    for _, unit in named:
        assert np.linalg.norm(unit) == pytest.approx(1)
        assert unit[2] >= 0


def test_long_names_end_in_dots_and_oblique_keys_name_cartesian_axes() -> None:
    """No name runs out of the panel without a sign, and the key of 2/m says where the axes of the crystal are."""
    panels = [ipf_panel((Phase(name, "m-3m"),), 90, "IPF z") for name in ("Na3" + "Zr2Si2PO12" * k for k in (1, 4, 5))]
    assert (panels[0] != panels[1]).any()
    assert np.array_equal(panels[1], panels[2])
    assert [text for text, _ in named_directions("2/m")] == ["z", "x", "-x", "y"]


def test_panels_keep_their_keys_beside_low_pictures() -> None:
    """Each Laue group has its key once, whatever the height of the picture, which goes on below in plain colour."""
    phases = (CUBIC, Phase("NZSP", "-3m"), Phase("Aluminium", "m-3m"))
    high, low = ipf_panel(phases, 1200, "IPF z"), ipf_panel(phases, 90, "IPF z")
    assert high.shape == (1200, PANEL_PX, 3)
    assert np.array_equal(high[: len(low)], low)
    assert 2 * 260 < len(low) < 900
    alone = ipf_panel(phases[:2], 90, "IPF z")
    line = len(low) - len(alone)  # the name of the second cubic phase
    assert 0 < line < 50
    assert np.array_equal(alone[200:], low[200 + line :])
    for height in (1, 130, 260, 900):
        panel = scale_panel(height, "KAM (deg)", 2.0)
        assert panel.shape == (max(height, 254), PANEL_PX, 3)
        assert len(np.unique(panel.reshape(-1, 3), axis=0)) > 100
    picture = beside(np.full((90, 50, 3), 7, np.uint8), low)
    assert (picture[90:, :50] == PANEL_RGB).all()


@pytest.mark.parametrize("top", [0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15])
def test_ticks_of_a_scale_have_one_digit(top: float) -> None:
    """Three to five even steps end at the top; each is a round number."""
    ticks = scale_ticks(top)
    assert ticks[-1] == pytest.approx(top)
    assert 4 <= len(ticks) <= 6
    step = ticks[1]
    assert float(f"{step:.0e}") == pytest.approx(step)
