"""Camera drift found on the part of the specimen that does not change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as moved

from sodalite.track.drift import Drift, find_drift, moved_back, shown_by_all

SHAPE = (160, 220)


@pytest.fixture(scope="module")
def texture() -> np.ndarray:
    """Return a random texture of grey levels, three pixels coarse."""
    return 100 + 60 * gaussian_filter(np.random.default_rng(3).normal(size=SHAPE), 2.0)


@pytest.mark.parametrize("true", [(0.0, 0.0), (7.25, -11.6), (-14.0, 3.4)])
def test_a_shift_is_recovered_between_pixels(texture: np.ndarray, true: tuple[float, float]) -> None:
    """A shift by another library's spline is found to a twentieth of a pixel."""
    region = np.zeros(SHAPE, bool)
    region[90:] = True
    found = find_drift(texture, moved(texture, true, order=3, mode="reflect"), region, reach_px=30)
    assert (found.y_px, found.x_px) == pytest.approx(true, abs=0.05)
    assert found.significance > 10


def test_what_happens_elsewhere_does_not_pull(texture: np.ndarray) -> None:
    """Dark holes and a moving layer above the region leave the drift where it was."""
    region = np.zeros(SHAPE, bool)
    region[90:] = True
    other = moved(texture, (4.0, 6.0), order=3, mode="reflect")
    other[:70] = 250
    other[70:88, 30:90] = 0
    found = find_drift(texture, other, region, reach_px=30)
    assert (found.y_px, found.x_px) == pytest.approx((4.0, 6.0), abs=0.08)


def test_a_growing_edge_beside_the_region_does_not_pull() -> None:
    """The front of a deposit as dark as the substrate moves away; the faint substrate itself stays."""
    rng = np.random.default_rng(6)
    texture = 8 * gaussian_filter(rng.normal(size=SHAPE), 2.0) * 7
    rows = np.arange(SHAPE[0])[:, None]
    pictures = [gaussian_filter(np.where(rows < edge, 80.0 + texture, 150.0), 1.0) for edge in (40, 60)]
    noisy = [each + rng.normal(0, 5, SHAPE) for each in pictures]
    found = find_drift(noisy[0], noisy[1], np.broadcast_to(rows < 36, SHAPE), reach_px=30)
    assert (found.y_px, found.x_px) == pytest.approx((0.0, 0.0), abs=0.2)


def test_brightness_and_contrast_do_not_matter(texture: np.ndarray) -> None:
    """An image half as bright has the same drift."""
    region = np.ones(SHAPE, bool)
    other = 20 + 0.5 * moved(texture, (-3.0, 2.5), order=3, mode="reflect")
    found = find_drift(texture, other, region, reach_px=20)
    assert (found.y_px, found.x_px) == pytest.approx((-3.0, 2.5), abs=0.05)


def test_noise_has_no_significant_drift() -> None:
    """Two unrelated images give a peak that chance explains."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(100, 10, (2, *SHAPE))
    assert find_drift(first, second, np.ones(SHAPE, bool), reach_px=30).significance < 6
    assert find_drift(first, second, np.zeros(SHAPE, bool), reach_px=30).significance == 0


def test_a_strip_of_unrelated_images_has_no_drift() -> None:
    """Shifts that lead it out of the frame do not count as its surroundings: with them its chance peak reached 10."""
    rng = np.random.default_rng(5)
    first, second = (gaussian_filter(rng.normal(100, 10, (240, 480)), 1.0) for _ in range(2))
    strip = np.broadcast_to(np.arange(240)[:, None] >= 200, first.shape)
    assert find_drift(first, second, strip, reach_px=150).significance < 9


def test_moving_back_undoes_a_shift(texture: np.ndarray) -> None:
    """Content that has moved down and right comes back, away from the border."""
    back = moved_back(moved(texture, (2.5, 4.25), order=3, mode="reflect"), 2.5, 4.25)
    assert np.abs(back - texture)[20:-20, 20:-20].max() < 3


def test_the_common_window_holds_no_border() -> None:
    """What every image shows ends where the content of one has moved out."""
    drifts = [Drift(0.0, 0.0, 9.0), Drift(2.3, -4.0, 9.0), Drift(-1.2, 0.5, 9.0)]
    assert shown_by_all((100, 200), drifts) == (slice(2, 97), slice(4, 199))


@pytest.mark.parametrize("seed", range(4))
def test_stripes_of_the_camera_do_not_hold_a_drifting_specimen(seed: int) -> None:
    """Stripes that stay where they are, twice as strong as the specimen's texture, leave the drift as it is."""
    rng = np.random.default_rng(seed)
    wide, stripes = gaussian_filter(rng.normal(size=(220, 300)), 3.0), gaussian_filter(rng.normal(size=220), 3.0)
    stripes = 9 * stripes / stripes.std()
    true = (5.0, -9.0)
    views = [moved(4 * wide / wide.std(), shift, order=3)[30:190, 40:260] for shift in ((0.0, 0.0), true)]
    images = [150 + view + stripes + rng.normal(0, 6, SHAPE) for view in views]
    region = np.zeros(SHAPE, bool)
    region[60:] = True
    found = find_drift(images[0], images[1], region, reach_px=30)
    assert (found.y_px, found.x_px) == pytest.approx(true, abs=0.3)
    assert not found.by_stripes


def test_a_drift_that_stripes_alone_tell_is_marked() -> None:
    """Where all texture is vertical stripes the drift across them is found, and that it says nothing of y."""
    rng = np.random.default_rng(2)
    stripes = gaussian_filter(rng.normal(size=300), 2.0)
    stripes *= 10 / stripes.std()
    images = [100 + stripes[start : start + 220] + rng.normal(0, 3, SHAPE) for start in (40, 46)]
    found = find_drift(images[0], images[1], np.ones(SHAPE, bool), reach_px=20)
    assert found.x_px == pytest.approx(-6.0, abs=0.3)
    assert found.by_stripes


def test_a_contrast_turned_round_tells_the_drift() -> None:
    """Charging may show bright grains dark: their places tell the drift all the same."""
    scene = gaussian_filter(np.random.default_rng(3).normal(size=(220, 320)), 2) * 60 + 120
    still, moved = scene[20:200, 20:300], 240 - scene[26:206, 13:293]
    found = find_drift(still, moved, np.ones(still.shape, bool), reach_px=40)
    assert (found.y_px, found.x_px) == pytest.approx((-6, 7), abs=0.1)
