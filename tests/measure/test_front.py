"""Shape and advance of fronts, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sodalite.errors import MeasurementError
from sodalite.measure.front import find_protrusions, front_shape, growth_rate_um_min

X = (np.arange(600) + 0.5) * 0.5


def test_a_sine_has_its_rq_and_peak() -> None:
    """Rq = A / sqrt 2 about the straight line, and the largest protrusion is the amplitude; tilt does not matter."""
    front = 20 + 0.05 * X + 3 * np.sin(2 * np.pi * X / 10)
    shape = front_shape(front, 0.5, cutoff_um=1000.0)
    assert shape.rq_um == pytest.approx(3 / math.sqrt(2), rel=0.005)
    assert shape.largest_um == pytest.approx(3.0, rel=0.02)
    assert shape.low < shape.rq_um < shape.high


def test_a_front_that_is_not_seen_is_withheld() -> None:
    """Fewer than three columns give no roughness, but a reason."""
    front = np.full(50, np.nan)
    front[:2] = 1.0
    shape = front_shape(front, 0.5, cutoff_um=1000.0)
    assert math.isnan(shape.rq_um)
    assert "three columns" in shape.note


def test_fingers_are_found_with_their_height_and_width() -> None:
    """Triangles are found with half their base as width; one just below the limit is none, one just above is."""
    rng = np.random.default_rng(4)
    front = 30 + rng.normal(0, 0.1, X.size)
    for place, height in ((50.0, 20.0), (150.0, 2.1), (250.0, 1.2)):
        front += np.clip(1 - np.abs(X - place) / 6, 0, None) * height
    found = find_protrusions(front, 0.5, least_um=1.7)
    assert [each.x_um for each in found] == pytest.approx([50, 150], abs=1.0)
    assert found[0].height_um == pytest.approx(20, rel=0.05)
    assert found[0].width_um == pytest.approx(6.0, abs=1.0)
    assert found[0].aspect == pytest.approx(20 / 6, rel=0.2)


def test_a_smooth_front_has_no_protrusion() -> None:
    """Waves of a rough front do not stand out of it."""
    assert find_protrusions(30 + 3 * np.sin(X / 4), 0.5, least_um=1.5) == []
    assert find_protrusions(np.full(30, 5.0), 0.5, least_um=1.0) == []


def test_the_rate_is_the_slope_and_its_interval_covers() -> None:
    """A line with correlated noise along the front: the truth lies in the interval in most of 60 draws."""
    times = np.arange(12.0)
    kernel = np.ones(20) / 20
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        uneven = np.convolve(rng.normal(0, 1.0, 900), kernel, "same")
        thickness = times[:, None] * (2.0 + uneven) + rng.normal(0, 0.2, (12, 1))
        rate = growth_rate_um_min(thickness, times, scale_relative_sd=0.0)
        held += rate.low <= 2.0 <= rate.high
    assert held >= 54


def test_units_follow() -> None:
    """Twice the length doubles the rate, twice the time halves it; mirrored columns change nothing."""
    rng = np.random.default_rng(1)
    times = np.arange(8.0)
    thickness = times[:, None] * rng.uniform(1, 2, 200)
    base = growth_rate_um_min(thickness, times, scale_relative_sd=0.02)
    longer = growth_rate_um_min(2 * thickness, times, scale_relative_sd=0.02)
    slower = growth_rate_um_min(thickness, 2 * times, scale_relative_sd=0.02)
    mirrored = growth_rate_um_min(thickness[:, ::-1], times, scale_relative_sd=0.02)
    assert longer[:3] == pytest.approx([2 * value for value in base[:3]])
    assert slower[:3] == pytest.approx([value / 2 for value in base[:3]])
    assert mirrored[:3] == pytest.approx(base[:3])


def test_a_rate_is_withheld_with_a_reason() -> None:
    """Two frames, no column seen throughout, or no growth give no rate; other lengths are an error."""
    assert "too few" in growth_rate_um_min(np.ones((2, 9)), np.arange(2.0), scale_relative_sd=0.0).note
    blind = np.full((4, 9), np.nan)
    assert "no column" in growth_rate_um_min(blind, np.arange(4.0), scale_relative_sd=0.0).note
    still = growth_rate_um_min(np.tile(X / 7, (5, 1)), np.arange(5.0) / 3, scale_relative_sd=0.0)
    assert math.isnan(still.value)
    assert "no growth shows" in still.note
    with pytest.raises(MeasurementError, match="give one each"):
        growth_rate_um_min(np.ones((4, 9)), np.arange(3.0), scale_relative_sd=0.0)


def test_protrusions_stand_out_of_a_front_that_waves() -> None:
    """Four bumps on a deposit that is thicker in the middle are four; without them there is none."""
    x = np.arange(400) + 0.5
    waves = 3.0 * np.sin(x / 57) + np.random.default_rng(2).normal(0, 0.4, 400)
    bumps = sum(8 * np.sqrt(np.clip(1 - ((x - at) / 13) ** 2, 0, 1)) for at in (70, 150, 260, 340))
    assert not find_protrusions(waves, 1.0, least_um=3.0)
    found = find_protrusions(waves + bumps, 1.0, least_um=3.0)
    assert [each.x_um for each in found] == pytest.approx([70, 150, 260, 340], abs=6)


def test_a_protrusion_that_is_hidden_in_part_is_one() -> None:
    """Columns that are not seen do not cut it in two, and are none themselves."""
    front = 20 + np.where(np.abs(X - 100) < 8, 10.0, 0.0)
    front[(np.abs(X - 101) < 3) | (np.abs(X - 200) < 5)] = np.nan
    (found,) = find_protrusions(front, 0.5, least_um=1.5)
    assert found.height_um == pytest.approx(10.0, abs=0.1)
    assert find_protrusions(np.full(600, np.nan), 0.5, least_um=1.5) == []
